//! Lines that people read.

use alloc::format;
use alloc::string::{String, ToString};
use core::fmt::Write as _;

use schemas::ids::StatementId;
use schemas::time::Time;
use verifier::verdict::{AsOf, Effect, Finding, VerdictProfile, VerdictTrust};

use crate::kept;

/// Digits of an id that are enough to find it again.
const ID_DIGITS: usize = 12;

/// Foreign text made safe to show: control characters and those that reorder text are written out.
pub fn printable(text: &str) -> String {
    let hidden = |c: char| {
        (c.is_control() && c != '\n')
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
    };
    text.chars().fold(String::with_capacity(text.len()), |mut shown, c| {
        if hidden(c) {
            let _ = write!(shown, "\\u{{{:x}}}", u32::from(c));
        } else {
            shown.push(c);
        }
        shown
    })
}

/// The beginning of an id.
pub fn short(id: &StatementId) -> String {
    id.to_hex().chars().take(ID_DIGITS).collect()
}

/// A line of a name and what it is.
pub(crate) fn row(text: &mut String, name: &str, value: &str) {
    // A line break in foreign text would look like a line of ours.
    let _ = writeln!(text, "{name:<8} {}", printable(value).replace('\n', "\\n"));
}

/// Which state of which log an answer is of.
pub(crate) fn state(as_of: &kept::AsOf) -> String {
    let root: String = as_of.root.to_hex().chars().take(ID_DIGITS).collect();
    format!("{} size {} root {root}… of {}", as_of.origin, as_of.size, as_of.time)
}

/// Text as one word of a shell.
pub(crate) fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@+=".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text.into();
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// Foreign text as part of one line.
pub(crate) fn line(text: &str) -> String {
    printable(text).replace('\n', "\\n")
}

/// So many of something.
pub fn plural(count: u64, word: &str) -> String {
    if count == 1 { format!("1 {word}") } else { format!("{count} {word}s") }
}

/// A moment as people read it, in UTC: `2026-11-22 08:51:07Z`, with milliseconds where there are any.
pub fn shown_moment(time: Time) -> String {
    time.to_string().replacen('T', " ", 1)
}

/// A finding as a line: the sign of what it means, its slug, its sentence.
pub(crate) fn finding(finding: &Finding) -> String {
    let sign = match finding.effect {
        Effect::NotAuthorized => '✗',
        Effect::Indeterminate => '?',
        Effect::None => '!',
    };
    let place = finding.index.map(|index| format!(" ({index})")).unwrap_or_default();
    let detail = printable(&finding.detail).replace('\n', "\\n");
    format!("{sign} {}: {detail}{place}\n", finding.code)
}

/// Which state of which log an answer is of, on whose word, and by which rules it was judged.
pub(crate) fn ground(as_of: &AsOf, trust: &VerdictTrust, profile: &VerdictProfile, absence: &str) -> String {
    let mut text = String::new();
    let root: String = as_of.root.to_hex().chars().take(ID_DIGITS).collect();
    let time = as_of.time.map(|time| format!(" of {time}")).unwrap_or_default();
    row(&mut text, "As of", &format!("{} size {} root {root}…{time}", as_of.origin, as_of.size));
    // Of a C2SP verifier key, name and id are for people; what follows is the key itself, which may hold a `+` too.
    let mut key = trust.key.splitn(3, '+');
    let trust = match (key.next().filter(|name| !name.is_empty()), key.next()) {
        (Some(name), Some(id)) => {
            let pinned = if trust.pinned { "pinned" } else { "NOT PINNED" };
            format!("key {name}+{id} {pinned}; that nothing else exists is {absence}")
        }
        _ => String::from("the server's word: nothing of it was checked by whoever asked"),
    };
    row(&mut text, "Trust", &trust);
    row(&mut text, "Profile", &format!("{} version {}", profile.name, profile.version));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_cannot_begin_a_line_of_ours() {
        let mut text = String::new();
        row(&mut text, "Reason", "fine\nTrust    key pinned");
        assert_eq!(text, "Reason   fine\\nTrust    key pinned\n");
    }
}
