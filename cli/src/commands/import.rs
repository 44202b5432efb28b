use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

use clap::Subcommand;
use gateway::client::{AppendStatus, Client};
use gateway::cloudtrail::{self, Report, Why};
use gateway::forward::{self, ReceiptError};
use gateway::keyfile::SecretKey;
use gateway::signer::Signer;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use schemas::envelope::Statement;
use schemas::limits::{BATCH_BYTES_MAX, BATCH_STATEMENTS_MAX};
use schemas::note::Note;
use schemas::payload::Payload;
use schemas::text::Tenant;
use serde::Serialize;
use verifier::checkpoint::VerifiedHead;

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::printable;
use crate::receipts;
use crate::registration;
use crate::schema;
use crate::submitted::{HeadDocument, plural};
use crate::trust::Trust;

/// Failures that the text names one by one; the JSON document names more.
const FAILURES_SHOWN: usize = 20;

/// Bring another system's log into this one
#[derive(Subcommand, Debug)]
pub(crate) enum Command {
    Cloudtrail(Args),
}

/// Import AWS CloudTrail log files: plain or gzip, files or folders
///
/// In folders only *.json and *.json.gz are read. What was imported before is left as it is, so that a repeat after any
/// failure completes it. A file or event that cannot be read is named, the rest is imported, and the end is 1.
#[derive(clap::Args, Debug)]
#[command(after_help = "Example:\n  writ import cloudtrail AWSLogs/ --key collector.pem")]
pub(crate) struct Args {
    /// Log files and folders of them
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<PathBuf>,
    /// Secret key of a gateway
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// Tenant to import into
    #[arg(long, value_name = "NAME", default_value = "default")]
    tenant: Tenant,
}

/// `writ import cloudtrail --json`.
#[derive(Serialize)]
struct Document<'a> {
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
struct Counts {
    imported: u64,
    already_imported: u64,
    refused: u64,
    refused_by_code: BTreeMap<String, u64>,
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

impl Command {
    pub(crate) fn run(&self, context: &Context) -> Result<Exit, Failure> {
        let Self::Cloudtrail(args) = self;
        cloudtrail(args, context)
    }
}

fn cloudtrail(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let key = SecretKey::read(&args.key)?;
    let client = context.patient_client()?;
    let trust = context.trust()?;
    let prepared = context.log(&client, trust.as_ref()).and_then(|log| {
        let (signer, _) = registration::signer(&client, &log, key)?;
        Ok((signer, cloudtrail::Context { log, tenant: args.tenant.clone() }))
    });
    let mut importer = Importer::new(context, &client, trust.as_ref());
    let (report, failure) = match prepared {
        Err(failure) => (Report::default(), Some(failure)),
        Ok((signer, into)) => {
            let (report, read) =
                cloudtrail::read(&args.paths, &into, |payload| importer.take(&signer, &payload));
            let sent = read.and_then(|()| importer.flush());
            (report, sent.err())
        }
    };
    importer.finish(&report, failure)
}

/// Signs and posts what the adapter hands over, a batch at a time.
struct Importer<'a> {
    context: &'a Context,
    client: &'a Client,
    trust: Option<&'a Trust>,
    waiting: Vec<Statement>,
    waiting_bytes: usize,
    counts: Counts,
    proved: Option<(Note, VerifiedHead)>,
    progress: ProgressBar,
}

impl<'a> Importer<'a> {
    fn new(context: &'a Context, client: &'a Client, trust: Option<&'a Trust>) -> Self {
        let progress = ProgressBar::new_spinner();
        if !context.output.draws_progress() {
            progress.set_draw_target(ProgressDrawTarget::hidden());
        }
        if let Ok(style) = ProgressStyle::with_template("{spinner} {pos} statements  {per_sec:.0}  {elapsed}")
        {
            progress.set_style(style);
        }
        let (waiting, counts) = (Vec::new(), Counts::default());
        Self { context, client, trust, waiting, waiting_bytes: 0, counts, proved: None, progress }
    }

    fn take(&mut self, signer: &Signer, payload: &Payload) -> Result<(), Failure> {
        let statement = signer.sign(payload)?;
        let bytes = statement.envelope.bytes().len();
        if self.waiting.len() >= BATCH_STATEMENTS_MAX || self.waiting_bytes + bytes > BATCH_BYTES_MAX {
            self.flush()?;
        }
        self.waiting_bytes += bytes;
        self.waiting.push(statement);
        Ok(())
    }

    fn flush(&mut self) -> Result<(), Failure> {
        let statements = std::mem::take(&mut self.waiting);
        self.waiting_bytes = 0;
        if statements.is_empty() {
            return Ok(());
        }
        let (trust, client, proved) = (self.trust, self.client, &mut self.proved);
        let mut check = |statements: &[&Statement], appended: &_| -> Result<(), ReceiptError> {
            if let Some(trust) = trust {
                *proved = Some(receipts::check(trust, client, statements, appended)?);
            }
            Ok(())
        };
        for outcome in forward::post(self.client, &statements, &mut check)? {
            match outcome.placed.status {
                AppendStatus::Appended => self.counts.imported += 1,
                AppendStatus::Duplicate | AppendStatus::AlreadyImported => self.counts.already_imported += 1,
                AppendStatus::Refused => {
                    self.counts.refused += 1;
                    let code = outcome.placed.code.unwrap_or_else(|| "refused".into());
                    *self.counts.refused_by_code.entry(code).or_default() += 1;
                }
            }
            self.progress.inc(1);
        }
        Ok(())
    }

    fn finish(self, report: &Report, failure: Option<Failure>) -> Result<Exit, Failure> {
        self.progress.finish_and_clear();
        let failure = failure.or_else(|| incomplete(&self.counts, report));
        let head = self.proved.as_ref().map(|(_, head)| HeadDocument::of(head));
        if let (Some(trust), Some((note, head))) = (self.trust, &self.proved) {
            self.context.heads()?.advance(trust, self.client, note, head)?;
        }
        let checked = head.is_some();
        if self.context.output.json {
            self.context.output.document(&document(&self.counts, report, head, failure.as_ref()))?;
        } else {
            self.context.output.text(&text(&self.counts, report, head.as_ref()))?;
        }
        if !checked && self.counts.imported > 0 {
            self.context.output.warn(
                "receipts-unchecked",
                "no trust file: nothing proves that the server kept these statements",
            );
        }
        match failure {
            None => Ok(Exit::Ok),
            Some(failure) => {
                self.context.output.failure_text(&failure);
                Ok(failure.exit)
            }
        }
    }
}

/// The failure to end with where something was left out, or nothing was there.
fn incomplete(counts: &Counts, report: &Report) -> Option<Failure> {
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

fn document<'a>(
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

fn text(counts: &Counts, report: &Report, head: Option<&HeadDocument>) -> String {
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
