//! What became of statements that were sent.

use std::fmt::Write as _;

use gateway::client::AppendStatus;
use serde::Serialize;

use super::short;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::printable;
use crate::schema;
use crate::submitted::{HeadDocument, SubmitResult, Submitted};

/// The log's warning that too few registrars are left (docs/format.md, Warnings).
const TOO_FEW_REGISTRARS: &str = "too-few-registrars";

/// `writ append --json`.
#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    /// `verified` under the pinned key, or `unchecked`.
    receipts: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    head: Option<HeadDocument>,
    results: &'a [SubmitResult],
    /// Signed statements that are kept to be sent again.
    kept: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a Failure>,
}

/// Says what became of each statement, and ends accordingly.
pub(crate) fn finish(context: &Context, submitted: &Submitted) -> Result<Exit, Failure> {
    finish_saying(context, submitted, None)
}

/// [`finish`], with what the statement comes to in words.
pub(crate) fn finish_saying(
    context: &Context,
    submitted: &Submitted,
    meaning: Option<&str>,
) -> Result<Exit, Failure> {
    let failure = submitted.failure();
    if context.output.json {
        let (receipts, head) = (submitted.receipts(), submitted.as_of());
        let results = &submitted.results;
        let (kept, error) = (submitted.kept, failure.as_ref());
        let document = Document { schema: schema::APPEND, receipts, head, results, kept, error };
        context.output.document(&document)?;
    } else {
        let meaning = meaning.filter(|_| failure.is_none());
        context.output.text(&text(submitted, meaning))?;
    }
    warn(context, submitted);
    match failure {
        None => Ok(Exit::Ok),
        Some(failure) => {
            context.output.failure_text(&failure);
            Ok(failure.exit)
        }
    }
}

/// Says so where nothing proves that what was sent is logged, and where nobody can make a registrar any more.
pub(crate) fn warn(context: &Context, submitted: &Submitted) {
    let too_few = |result: &SubmitResult| result.warnings.iter().any(|warning| warning == TOO_FEW_REGISTRARS);
    if submitted.results.iter().any(too_few) {
        context.output.warn(
            TOO_FEW_REGISTRARS,
            "fewer registrars are left than a change of registrars takes: nobody can make one again, nor withdraw a key of the log",
        );
    }
    let logged = submitted.results.iter().any(|result| result.status != AppendStatus::Refused);
    if submitted.head.is_none() && logged {
        context.output.warn(
            "receipts-unchecked",
            "no trust file: nothing proves that the server kept these statements",
        );
    }
}

/// What became of each statement, in words.
pub(crate) fn text(submitted: &Submitted, meaning: Option<&str>) -> String {
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
        let _ = write!(
            text,
            " · receipts verified under {} size {} root {}…",
            head.origin(),
            head.size(),
            &root[..12]
        );
    }
    text.push('\n');
    if let Some(meaning) = meaning {
        let _ = writeln!(text, "{}", printable(meaning));
    }
    if let [only] = submitted.results.as_slice()
        && only.status != AppendStatus::Refused
    {
        let _ = writeln!(text, "Next: writ show {}", short(&only.id));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::tests::assert_described;

    fn result(status: AppendStatus) -> SubmitResult {
        let refused = status == AppendStatus::Refused;
        SubmitResult {
            line: Some(1),
            kind: schemas::payload::Kind::Action,
            id: schemas::ids::StatementId::new([1; 32]),
            index: (!refused).then_some(4),
            status,
            code: refused.then(|| "role-kind".into()),
            detail: refused.then(|| "no such role".into()),
            warnings: vec!["seq-conflict".into()],
        }
    }

    #[test]
    fn the_document_is_described_by_its_schema() {
        let submitted = Submitted {
            results: vec![result(AppendStatus::Appended), result(AppendStatus::Refused)],
            head: Some(crate::testlog::TestLog::new().verified(1)),
            broke_off: None,
            kept: 0,
        };
        let failure = submitted.failure().unwrap();
        assert_eq!(failure.code, "role-kind");
        let (receipts, head, results) = (submitted.receipts(), submitted.as_of(), &submitted.results);
        let schema = schema::APPEND;
        assert_described(&Document { schema, receipts, head, results, kept: 0, error: Some(&failure) });
        let text = text(&submitted, Some("in effect since"));
        assert!(text.contains("in effect since"), "{text}");
        assert!(text.contains("REFUSED") && text.contains("1 logged, 1 refused"), "{text}");
        assert!(text.contains("receipts verified"), "{text}");
    }
}
