//! What came of an import, in words and as a document.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use gateway::cloudtrail::{self, Report, Why};
use serde::Serialize;

use crate::failure::Failure;
use crate::output::printable;
use crate::schema;
use crate::submitted::{HeadDocument, plural};

/// Failures that the text names one by one; the JSON document names more.
const FAILURES_SHOWN: usize = 20;

/// `writ import cloudtrail --json`.
#[derive(Serialize)]
pub(super) struct Document<'a> {
    schema: &'static str,
    source: &'static str,
    #[serde(flatten)]
    counts: &'a Counts,
    files: Files,
    events: Events,
    skipped_by_code: &'a BTreeMap<&'static str, u64>,
    failures: Vec<FailureRow>,
    #[serde(skip_serializing_if = "Option::is_none")]
    head: Option<HeadDocument>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a Failure>,
}

#[derive(Debug, Default, Serialize)]
pub(super) struct Counts {
    pub(super) imported: u64,
    pub(super) already_imported: u64,
    pub(super) refused: u64,
    pub(super) refused_by_code: BTreeMap<String, u64>,
}

#[derive(Serialize)]
struct Files {
    read: u64,
    ignored: u64,
    /// Also those that are cut short.
    failed: u64,
    /// Of which the events before the break were imported.
    cut_short: u64,
}

#[derive(Serialize)]
struct Events {
    imported: u64,
    ignored: u64,
    failed: u64,
}

#[derive(Serialize)]
struct FailureRow {
    file: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    event: Option<String>,
    code: &'static str,
    detail: String,
}

/// The failure to end with where something was left out, or nothing was there.
pub(super) fn incomplete(counts: &Counts, report: &Report) -> Option<Failure> {
    if counts.refused > 0 {
        let codes: Vec<String> =
            counts.refused_by_code.iter().map(|(code, count)| format!("{code} ×{count}")).collect();
        let what = format!("the log refuses {}: {}", plural(counts.refused, "statement"), codes.join(", "));
        let by_role = counts.refused_by_code.keys().any(|code| code.starts_with("role-"));
        let failure = Failure::new("import-refused", what);
        return Some(match counts.refused_by_code.keys().next() {
            _ if by_role => failure
                .next("writ keys register --registrar FILE --key FILE.pub --principal URI --role gateway"),
            Some(code) => failure.next(Failure::new(code.as_str(), "").next),
            None => failure,
        });
    }
    if !report.is_whole() {
        return Some(left_out(report));
    }
    (report.files_read == 0).then(|| {
        let ignored = plural(report.files_ignored, "other file");
        Failure::new("import-nothing", format!("there is no CloudTrail log file, only {ignored}"))
            .next("a folder with *.json or *.json.gz, or the log files by name")
    })
}

fn left_out(report: &Report) -> Failure {
    let unread = report.files_failed.saturating_sub(report.files_cut_short);
    let parts = [
        (unread, "file", "could not be read"),
        (report.files_cut_short, "file", "cut short"),
        (report.events_failed, "event", "could not be read"),
    ];
    let parts: Vec<String> = parts
        .into_iter()
        .filter(|(count, ..)| *count > 0)
        .map(|(count, one, how)| format!("{} {how}", plural(count, one)))
        .collect();
    Failure::new("import-incomplete", format!("{}; the rest is imported", parts.join(", ")))
        .next("the same again once they are mended: what is there stays")
}

pub(super) fn document<'a>(
    counts: &'a Counts,
    report: &'a Report,
    head: Option<HeadDocument>,
    error: Option<&'a Failure>,
) -> Document<'a> {
    Document {
        schema: schema::IMPORT,
        source: cloudtrail::FORMAT,
        counts,
        files: Files {
            read: report.files_read,
            ignored: report.files_ignored,
            failed: report.files_failed,
            cut_short: report.files_cut_short,
        },
        events: Events {
            imported: report.events_imported,
            ignored: report.events_ignored,
            failed: report.events_failed,
        },
        skipped_by_code: &report.failed_by_code,
        failures: report.failures.iter().map(failure_row).collect(),
        head,
        error,
    }
}

fn failure_row(failure: &cloudtrail::Failure) -> FailureRow {
    let event = failure.event.as_ref().map(|event| match &event.id {
        Some(id) => id.to_string(),
        None => format!("number {}", event.number),
    });
    FailureRow {
        file: failure.file.display().to_string(),
        event,
        code: failure.why.code(),
        detail: failure.why.to_string(),
    }
}

pub(super) fn text(counts: &Counts, report: &Report, head: Option<&HeadDocument>) -> String {
    let mut text = String::new();
    for failure in report.failures.iter().take(FAILURES_SHOWN) {
        let how = match &failure.why {
            Why::File(error) if error.is_cut_short() => "partly ",
            _ => "skipped",
        };
        let _ = writeln!(text, "{how}  {} [{}]", printable(&failure.to_string()), failure.why.code());
    }
    let failed = report.files_failed + report.events_failed;
    if failed > FAILURES_SHOWN as u64 {
        let _ = writeln!(text, "skipped  …and {} more; --json names them", failed - FAILURES_SHOWN as u64);
    }
    let Counts { imported, already_imported, refused, .. } = counts;
    let statements = plural(*imported, "statement");
    let _ = writeln!(text, "{statements} imported, {already_imported} already there, {refused} refused");
    let (read, ignored) = (plural(report.events_imported, "event"), report.events_ignored);
    let _ = writeln!(text, "{read} read, {ignored} without a call, {} skipped", report.events_failed);
    let (read, ignored, cut) =
        (plural(report.files_read, "file"), report.files_ignored, report.files_cut_short);
    let skipped = report.files_failed.saturating_sub(cut);
    let cut = if cut > 0 { format!(", {cut} cut short") } else { String::new() };
    let _ = writeln!(text, "{read} read, {ignored} ignored{cut}, {skipped} skipped");
    if let Some(head) = head {
        let _ = writeln!(text, "receipts verified under {} size {}", printable(&head.origin), head.size);
    }
    if imported + already_imported > 0 {
        text.push_str("Next: writ search --decision deny     writ who EVENT-ID\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exit::Exit;
    use crate::schema::tests::assert_described;

    #[test]
    fn the_document_is_described_by_its_schema_whole_or_broken_off() {
        let mut counts = Counts { imported: 3, ..Counts::default() };
        assert_described(&document(&counts, &Report::default(), None, None));
        counts.refused = 2;
        counts.refused_by_code.insert("role-kind".into(), 2);
        let failure = incomplete(&counts, &Report::default()).unwrap();
        assert!(failure.what.contains("role-kind"), "{}", failure.what);
        let head = HeadDocument { origin: "o".into(), size: 4, root: "ab".repeat(32) };
        assert_described(&document(&counts, &Report::default(), Some(head), Some(&failure)));
    }

    #[test]
    fn what_could_not_be_read_ends_the_import_with_an_error() {
        let report = Report { events_failed: 1, ..Report::default() };
        let failure = incomplete(&Counts::default(), &report).unwrap();
        assert_eq!((failure.exit, failure.code.as_str()), (Exit::Error, "import-incomplete"));
        let whole = Report { files_read: 1, ..Report::default() };
        assert!(incomplete(&Counts::default(), &whole).is_none());
    }

    #[test]
    fn a_folder_without_a_log_ends_the_import_with_an_error() {
        let report = Report { files_ignored: 3, ..Report::default() };
        let failure = incomplete(&Counts::default(), &report).unwrap();
        assert_eq!((failure.exit, failure.code.as_str()), (Exit::Error, "import-nothing"));
        assert!(failure.what.contains("3 other files"), "{}", failure.what);
    }

    #[test]
    fn the_advice_after_a_refusal_fits_its_code() {
        let next = |code: &str| {
            let mut counts = Counts { refused: 1, ..Counts::default() };
            counts.refused_by_code.insert(code.into(), 1);
            incomplete(&counts, &Report::default()).unwrap().next
        };
        assert!(next("role-kind").contains("--role gateway"));
        assert!(
            next("key-retired").contains("keys generate") && !next("key-retired").contains("--role gateway")
        );
    }

    #[test]
    fn a_file_that_is_cut_short_is_not_called_unread() {
        let report = Report { files_failed: 2, files_cut_short: 1, ..Report::default() };
        let failure = left_out(&report);
        assert_eq!(failure.what, "1 file could not be read, 1 file cut short; the rest is imported");
    }
}
