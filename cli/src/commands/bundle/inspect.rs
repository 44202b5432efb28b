use std::fmt::Write as _;
use std::path::PathBuf;

use schemas::bundle::Bundle;
use schemas::entry::Entry;
use schemas::envelope::Statement;
use schemas::ids::StatementId;
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
    entries: Vec<Row>,
    assertions: usize,
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
    for line in document.checkpoint.lines().skip(1).filter(|line| !line.is_empty()) {
        let _ = writeln!(text, "           {}", printable(line));
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
            checkpoint: log.head(1).to_string(),
            entries: vec![row(&log.entries[0]), row(b"no entry")],
            assertions: 0,
        };
        assert!(text(&document, "a.bundle").starts_with("UNVERIFIED"));
        assert_described(&document);
    }
}
