//! What became of statements that were sent.

use std::fmt::Write as _;

use gateway::client::AppendStatus;
use serde::Serialize;

use super::short;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::printable;
use crate::submit::{HeadDocument, SubmitResult, Submitted};

/// `writ append --json`.
#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    /// `verified` under the pinned key, or `unchecked`.
    receipts: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    head: Option<HeadDocument>,
    results: &'a [SubmitResult],
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a Failure>,
}

/// Says what became of each statement, and ends accordingly.
pub(crate) fn finish(context: &Context, submitted: &Submitted) -> Result<Exit, Failure> {
    let failure = submitted.failure();
    if context.output.json {
        let (receipts, head) = (submitted.receipts(), submitted.as_of());
        let results = &submitted.results;
        let document = Document { schema: "writ.append/1", receipts, head, results, error: failure.as_ref() };
        context.output.document(&document)?;
    } else {
        context.output.text(&text(submitted))?;
    }
    if submitted.head.is_none() && !submitted.results.is_empty() {
        context.output.warn("receipts-unchecked", "no trust file: nothing proves that the server kept these statements");
    }
    match failure {
        None => Ok(Exit::Ok),
        Some(failure) => {
            context.output.failure_text(&failure);
            Ok(failure.exit)
        }
    }
}

fn text(submitted: &Submitted) -> String {
    let mut text = String::new();
    for result in &submitted.results {
        let place = result.index.map_or_else(|| "-".into(), |index| format!("#{index}"));
        let word = match result.status {
            AppendStatus::Appended => "appended",
            AppendStatus::Duplicate => "already logged",
            AppendStatus::AlreadyImported => "already imported",
            AppendStatus::Refused => "REFUSED",
        };
        let mut line = format!("{place:<8} {:<14} {word:<16} {}", result.kind.as_str(), result.id);
        if let Some(code) = &result.code {
            let _ = write!(line, "  {}", printable(code));
        }
        for warning in &result.warnings {
            let _ = write!(line, "  warning: {}", printable(warning));
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    let logged = submitted.results.iter().filter(|result| result.status != AppendStatus::Refused).count();
    let refused = submitted.results.len() - logged;
    let _ = write!(text, "{logged} logged");
    if refused > 0 {
        let _ = write!(text, ", {refused} refused");
    }
    if let Some(head) = &submitted.head {
        let root = head.root().to_hex();
        let _ = write!(text, " · receipts verified under {} size {} root {}…", head.origin(), head.size(), &root[..12]);
    }
    text.push('\n');
    if let [only] = submitted.results.as_slice()
        && only.status != AppendStatus::Refused
    {
        let _ = writeln!(text, "Next: writ show {}", short(&only.id));
    }
    text
}
