use std::fmt::Write as _;
use std::path::PathBuf;

use schemas::bundle::Bundle;
use schemas::entry::Entry;
use schemas::envelope::Statement;
use schemas::ids::StatementId;
use schemas::note::{Note, NoteSignature};
use schemas::time::Time;
use serde::Serialize;

use super::read;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::moment;
use crate::output::printable;
use crate::render::{short, statement};
use crate::schema;

/// Bytes of an Ed25519 signature.
const SIGNATURE_LEN: usize = 64;

const UNVERIFIED: &str = "UNVERIFIED: nothing here was checked\n";

/// Show what a bundle says, checking nothing
#[derive(clap::Args, Debug)]
#[command(after_help = "Example:\n  writ bundle inspect incident.bundle")]
pub(crate) struct Args {
    /// The bundle; `-` is standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

/// `writ bundle inspect --json`.
#[derive(Serialize)]
struct Document {
    schema: &'static str,
    verified: bool,
    subject: StatementId,
    checkpoint: String,
    /// Under the checkpoint: none was checked.
    signatures: Vec<Signed>,
    entries: Vec<Row>,
    assertions: usize,
}

/// A signature line, as it says itself.
#[derive(Serialize)]
struct Signed {
    name: String,
    key_id: String,
    /// When, in ms since the epoch, where it is a cosignature.
    #[serde(skip_serializing_if = "Option::is_none")]
    time: Option<u64>,
}

#[derive(Serialize)]
struct Row {
    #[serde(skip_serializing_if = "Option::is_none")]
    index: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    time: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<StatementId>,
    kind: String,
    iss: String,
    summary: String,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let bytes = read(&args.file)?;
    let bundle = Bundle::decode(&bytes).or_else(|e| {
        // Whatever is shown of a bundle begins with that nothing was checked, also where that is all.
        if !context.output.json {
            context.output.text(UNVERIFIED)?;
        }
        Err(Failure::new(e.code(), format!("{}: {e}", args.file.display()))
            .exit(Exit::Tampered)
            .next("ask for a fresh copy: this one was changed, cut short, or is no bundle"))
    })?;
    let document = Document {
        schema: schema::BUNDLE_INSPECT,
        verified: false,
        subject: bundle.subject,
        signatures: signatures(&bundle.checkpoint),
        checkpoint: bundle.checkpoint,
        entries: bundle.entries.iter().map(|proved| row(&proved.entry)).collect(),
        assertions: bundle.assertions.len(),
    };
    if context.output.json {
        context.output.document(&document)?;
    } else {
        context.output.text(&text(&document, &args.file.display().to_string()))?;
    }
    Ok(Exit::Ok)
}

/// Whose lines stand under a checkpoint. One with a time in front of the signature is a cosignature (C2SP tlog-cosignature).
fn signatures(checkpoint: &str) -> Vec<Signed> {
    let note = Note::parse(checkpoint.as_bytes());
    let signed = |line: &NoteSignature| {
        let time = match line.signature.split_first_chunk() {
            Some((seconds, rest)) if rest.len() == SIGNATURE_LEN => Some(u64::from_be_bytes(*seconds)),
            _ => None,
        };
        let time = time.map(|seconds| seconds.saturating_mul(1_000));
        Signed { name: line.name.to_string(), key_id: line.key_id.to_string(), time }
    };
    note.map(|note| note.signatures().iter().map(signed).collect()).unwrap_or_default()
}

fn row(entry: &[u8]) -> Row {
    let entry = Entry::decode(entry).ok();
    let statement = entry.as_ref().and_then(|entry| Statement::decode(&entry.statement).ok());
    let unknown = || "unknown".to_string();
    Row {
        index: entry.as_ref().map(|entry| entry.index.0),
        time: entry.as_ref().map(|entry| entry.time.0),
        id: entry.as_ref().map(|entry| StatementId::of(&entry.statement)),
        kind: statement.as_ref().map_or_else(unknown, |statement| statement.payload.kind.to_string()),
        iss: statement.as_ref().map_or_else(unknown, |statement| statement.envelope.iss.to_string()),
        summary: statement
            .as_ref()
            .map_or_else(unknown, |s| statement::summary(&s.payload, s.envelope.iss.as_str())),
    }
}

fn text(document: &Document, file: &str) -> String {
    let mut text = String::from(UNVERIFIED);
    let _ = writeln!(text, "subject    {}", document.subject);
    let _ =
        writeln!(text, "checkpoint {}", printable(document.checkpoint.lines().next().unwrap_or_default()));
    for line in document.checkpoint.lines().skip(1).take_while(|line| !line.is_empty()) {
        let _ = writeln!(text, "           {}", printable(line));
    }
    for Signed { name, key_id, time } in &document.signatures {
        let how = time.map_or_else(|| "signed".into(), |time| format!("at {}", moment::show(Time(time))));
        let _ = writeln!(text, "  by       {}+{key_id}  {how}", printable(name));
    }
    let _ = writeln!(text, "entries    {}, assertions {}", document.entries.len(), document.assertions);
    for row in &document.entries {
        let place = row.index.map_or_else(|| "#?".into(), |index| format!("#{index}"));
        let time = row.time.map_or_else(String::new, |time| moment::show(Time(time)));
        let id = row.id.as_ref().map_or_else(String::new, short);
        let _ = writeln!(text, "  {place:<9} {time:<25} {:<11} {id}  {}", row.kind, row.summary);
    }
    let _ = writeln!(text, "Next: writ bundle verify {} --trust FILE", printable(file));
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::tests::assert_described;

    #[test]
    fn the_first_line_says_that_nothing_was_checked_and_the_document_too() {
        let log = crate::testlog::TestLog::new();
        let document = Document {
            schema: schema::BUNDLE_INSPECT,
            verified: false,
            subject: log.log.into(),
            signatures: signatures(&log.head(1).to_string()),
            checkpoint: log.head(1).to_string(),
            entries: vec![row(&log.entries[0]), row(b"no entry")],
            assertions: 0,
        };
        assert!(text(&document, "a.bundle").starts_with("UNVERIFIED"));
        assert_described(&document);
    }

    #[test]
    fn who_signed_and_when_a_witness_did_is_shown() {
        let log = crate::testlog::TestLog::new();
        let head = log.head(1);
        let (mut lines, seconds) = (head.signatures().to_vec(), 1_700_000_000_u64);
        let mut cosigned = lines[0].clone();
        cosigned.signature.splice(0..0, seconds.to_be_bytes());
        lines.push(cosigned);
        let shown = signatures(&Note::new(head.text().into(), lines).unwrap().to_string());
        let times: Vec<Option<u64>> = shown.iter().map(|signed| signed.time).collect();
        assert_eq!(times, [None, Some(1_700_000_000_000)]);
    }
}
