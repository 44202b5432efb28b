//! `writd fsck`: recomputes everything.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::PathBuf;

use clap::Args;

use super::{Failure, shell};
use crate::exit::Exit;
use crate::folder::Folder;
use crate::fsck::{Finding, Report, check_folder};

/// Findings that people are shown; `--json` lists them all.
const SHOWN_MAX: usize = 20;

/// Check a log: every row, signature, link and hash. Writes nothing; the log may be in service.
#[derive(Debug, Args)]
pub struct Fsck {
    /// Folder of the log.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// Where the anchor is. Default: DIR.anchor beside the folder.
    #[arg(long, value_name = "FILE")]
    anchor: Option<PathBuf>,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub fn run(args: &Fsck) -> Result<Exit, Failure> {
    let folder = Folder::new(&args.data);
    let anchor = args.anchor.clone().unwrap_or_else(|| folder.default_anchor());
    if !folder.store().is_dir() && !anchor.exists() {
        let what = format!("there is no log in {}", args.data.display());
        let next = "give --data the folder that writd init made";
        let failure = Failure::new(Exit::Error, what, next).code("no-log");
        if args.json {
            print(&(failure.document() + "\n"))?;
            return Ok(failure.exit);
        }
        return Err(failure);
    }
    let report = check_folder(&folder.store(), &anchor);
    let text = if args.json {
        serde_json::to_string(&report).map(|json| json + "\n")
    } else {
        Ok(human(&report, &folder))
    };
    print(&text.map_err(|error| Failure::new(Exit::Error, error, ""))?)?;
    Ok(report.exit())
}

fn print(text: &str) -> Result<(), Failure> {
    let written = anstream::stdout().write_all(text.as_bytes());
    written.map_err(|error| Failure::new(Exit::Error, format!("this cannot be printed: {error}"), ""))
}

fn human(report: &Report, folder: &Folder) -> String {
    let Report { size, root, findings, .. } = report;
    let entries = counted(*size, "entry", "entries");
    if report.ok {
        return format!("INTACT: {entries}, every row recomputed\nroot {root}\n");
    }
    let (word, next) = verdict(report, folder);
    let count = counted(findings.len() as u64, "finding", "findings");
    let mut text = match size {
        0 => format!("{word}: {count}; no entry could be read\n"),
        _ => format!("{word}: {count} in {entries}\n"),
    };
    if let Some(index) = report.first_bad {
        let _ = writeln!(text, "first bad entry: #{index}");
    }
    for finding in findings.iter().take(SHOWN_MAX) {
        let _ = writeln!(text, "  {}{}: {}", finding.code, place(finding), finding.detail);
    }
    if let Some(more) = findings.len().checked_sub(SHOWN_MAX).filter(|more| *more > 0) {
        let _ = writeln!(text, "  … and {more} more: --json lists them");
    }
    for words in &report.words {
        let _ = writeln!(text, "  in {}: {words}", folder.store().display());
    }
    let _ = writeln!(text, "next (exit {}): {next}", report.exit().code());
    text
}

/// What it is in a word, and what to do.
fn verdict(report: &Report, folder: &Folder) -> (&'static str, String) {
    let no_anchor = |finding: &Finding| finding.code == "anchor-absent";
    match report.exit() {
        Exit::Rollback if report.restored.is_some() => (
            "NOT RECONCILED",
            format!(
                "every row holds; restored from a backup of {}, and its anchor does not vouch for it. It is read and signs \
                 nothing: put a newer backup or the anchor back; if there is none: writd reconcile --data {} --accept-loss",
                counted(report.restored.unwrap_or_default(), "entry", "entries"),
                shell(folder.root())
            ),
        ),
        Exit::Rollback if report.findings.iter().all(no_anchor) => (
            "NO ANCHOR",
            "give --anchor FILE, or put the anchor back; without it nobody can tell whether entries are gone"
                .into(),
        ),
        Exit::Rollback => (
            "ROLLED BACK",
            "serve nothing from this folder: it is older than its anchor, or of another history; put back the newest copy"
                .into(),
        ),
        _ if report.is_index_alone() => (
            "INDEX DAMAGED",
            format!(
                "the entries hold, and the index follows from them: writd reindex --data {}, or start writd, which does so",
                shell(folder.root())
            ),
        ),
        _ => (
            "TAMPERED",
            "serve nothing from this folder: it is not what was written; put back a copy that holds, with all entries that the anchor knows"
                .into(),
        ),
    }
}

fn place(finding: &Finding) -> String {
    let column = finding.column.map(str::to_owned);
    let index = finding.index.map(|index| format!("#{index}"));
    [column, index, finding.key.clone()].into_iter().flatten().map(|part| format!(" {part}")).collect()
}

fn counted(count: u64, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}
