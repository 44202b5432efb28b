//! Where words go: data to standard output, messages to standard error, each with as much colour as its stream bears.

use std::fmt::Write as _;
use std::io::{self, ErrorKind, IsTerminal, Write};

use anstyle::{AnsiColor, Style};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
pub(crate) use questions::mark::Mark;
pub(crate) use questions::printable;
use serde::Serialize;

use crate::failure::Failure;

/// How to speak.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Output {
    /// One JSON document instead of text.
    pub(crate) json: bool,
    /// Whether characters beyond ASCII arrive.
    pub(crate) unicode: bool,
}

impl Output {
    /// Speaks as the terminal and the environment ask for.
    pub(crate) fn new(json: bool) -> Self {
        let set = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let locale = set("LC_ALL").or_else(|| set("LC_CTYPE")).or_else(|| set("LANG")).unwrap_or_default();
        Self { json, unicode: is_utf8(&locale) }
    }

    /// Prints text to standard output.
    pub(crate) fn text(&self, text: &str) -> Result<(), Failure> {
        let text = if self.unicode { text.to_string() } else { ascii(text) };
        finish(anstream::stdout().lock().write_all(text.as_bytes()))
    }

    /// Prints text to standard output, unless a document is all that may stand there.
    pub(crate) fn text_unless_json(&self, text: &str) -> Result<(), Failure> {
        if self.json { Ok(()) } else { self.text(text) }
    }

    /// Prints one JSON document on a line to standard output.
    pub(crate) fn document(&self, document: &impl Serialize) -> Result<(), Failure> {
        let json = serde_json::to_string(document).map_err(|e| Failure::new("json-encode", e.to_string()))?;
        finish(writeln!(anstream::stdout().lock(), "{json}"))
    }

    /// Prints bytes to standard output as they are.
    pub(crate) fn bytes(&self, bytes: &[u8]) -> Result<(), Failure> {
        finish(io::stdout().lock().write_all(bytes))
    }

    /// Prints a message to standard error.
    pub(crate) fn message(&self, message: &str) {
        let message = if self.unicode { message.to_string() } else { ascii(message) };
        // Nobody is left to be told where standard error is gone.
        drop(writeln!(anstream::stderr().lock(), "{message}"));
    }

    /// Prints a warning to standard error.
    pub(crate) fn warn(&self, code: &str, what: &str) {
        let style = Style::new().fg_color(Some(AnsiColor::Yellow.into())).bold();
        self.message(&format!("{style}warning[{code}]{style:#}: {}", printable(what)));
    }

    /// Prints what went wrong: text to standard error, and in JSON mode a document to standard output.
    pub(crate) fn failure(&self, failure: &Failure) {
        self.failure_text(failure);
        if self.json {
            drop(self.document(&failure.document()));
        }
    }

    /// Prints what went wrong to standard error.
    pub(crate) fn failure_text(&self, failure: &Failure) {
        let style = Style::new().fg_color(Some(AnsiColor::Red.into())).bold();
        let mut text =
            format!("{style}error[{}]{style:#}: {}", printable(&failure.code), printable(&failure.what));
        for line in failure.more.marked.iter().flat_map(|marked| marked.lines()) {
            let _ = write!(text, "\n    {}", printable(line));
        }
        for near in &failure.more.near {
            let place = near.index.map(|index| format!(" (#{index})")).unwrap_or_default();
            let _ = write!(text, "\n  near      {}{place}", printable(&near.name).replace('\n', "\\n"));
        }
        let (expected, got) = (failure.expected.as_deref(), failure.got.as_deref());
        let evidence = failure.more.evidence.as_deref();
        let next = Some(&*failure.next);
        for (label, value) in [("expected", expected), ("got", got), ("evidence", evidence), ("try", next)] {
            if let Some(value) = value {
                let _ = write!(text, "\n  {label:<9} {}", printable(value));
            }
        }
        self.message(&text);
    }

    /// A bar for work of so many steps; nothing is drawn where nobody looks.
    pub(crate) fn progress(&self, steps: u64) -> ProgressBar {
        let progress = ProgressBar::new(steps);
        if !self.draws_progress() {
            progress.set_draw_target(ProgressDrawTarget::hidden());
        }
        let template = "  {wide_bar} {human_pos}/{human_len}  {per_sec:.0}  ETA {eta}";
        if let Ok(style) = ProgressStyle::with_template(template) {
            progress.set_style(style);
        }
        progress
    }

    /// Whether progress may be drawn.
    pub(crate) fn draws_progress(&self) -> bool {
        io::stderr().is_terminal() && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
    }
}

/// Our own signs in ASCII; whatever else is beyond ASCII is written out.
fn ascii(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut plain, c| {
        match c {
            '✓' => plain.push_str("[ok]"),
            '✗' => plain.push_str("[X]"),
            '–' | '—' => plain.push('-'),
            '·' => plain.push('-'),
            '→' => plain.push_str("->"),
            '…' => plain.push_str("..."),
            '├' => plain.push('|'),
            '└' => plain.push('`'),
            '│' => plain.push('|'),
            '─' => plain.push('-'),
            '≤' => plain.push_str("<="),
            _ if c.is_ascii() => plain.push(c),
            _ => plain.push_str(&format!("\\u{{{:x}}}", u32::from(c))),
        }
        plain
    })
}

fn is_utf8(locale: &str) -> bool {
    let locale = locale.to_ascii_lowercase();
    locale.contains("utf-8") || locale.contains("utf8")
}

/// A reader that went away has what it wanted.
fn finish(written: io::Result<()>) -> Result<(), Failure> {
    match written {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(Failure::new("output", error.to_string())),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_text_cannot_steer_the_terminal() {
        assert_eq!(printable("a\u{1b}[31mb\u{202e}c\r\u{7f}"), "a\\u{1b}[31mb\\u{202e}c\\u{d}\\u{7f}");
        assert_eq!(printable("Zürich ≤ 5"), "Zürich ≤ 5");
    }

    #[test]
    fn every_sign_has_an_ascii_form() {
        let text = "✓ ✗ ? ! – · → … ├── └── │ ≤ é";
        let plain = ascii(text);
        assert!(plain.is_ascii(), "{plain}");
        assert_eq!(plain, "[ok] [X] ? ! - - -> ... |-- `-- | <= \\u{e9}");
    }

    #[test]
    fn only_a_utf8_locale_gets_signs() {
        assert!(is_utf8("en_US.UTF-8") && is_utf8("C.utf8"));
        assert!(!is_utf8("C") && !is_utf8("") && !is_utf8("de_DE.ISO-8859-1"));
    }
}
