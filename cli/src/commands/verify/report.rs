//! What checking a whole log came to, as a document and as text.

use std::fmt::Write as _;

use schemas::time::Time;
use serde::Serialize;
use verifier::log::LogFinding;

use super::coverage::Gap;
use super::stopped::StoppedDocument;
use crate::checks::{self, Check};
use crate::moment;
use crate::output::{Mark, printable};

/// Most findings and gaps that the text names.
const SHOWN: usize = 20;

/// `writ verify log --json`.
#[derive(Serialize)]
pub(super) struct Document {
    pub(super) schema: &'static str,
    pub(super) ok: bool,
    pub(super) origin: String,
    pub(super) log: String,
    pub(super) size: u64,
    pub(super) root: String,
    pub(super) checks: Vec<Check>,
    pub(super) findings: Vec<LogFinding>,
    pub(super) findings_total: u64,
    pub(super) coverage: CoverageDocument,
    /// Where the run was asked to stop before the end: then nothing is said of gaps.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) stopped: Option<StoppedDocument>,
    pub(super) exit: u8,
}

#[derive(Serialize)]
pub(super) struct CoverageDocument {
    /// Entries that were asked for.
    pub(super) requested: u64,
    /// Entries that were verified, by this run or before.
    pub(super) entries: u64,
    /// Those of them that were verified before, as the state file says.
    pub(super) resumed: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) from: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) to: Option<u64>,
    pub(super) streams: usize,
    pub(super) conflicts: u64,
    pub(super) unknown: u64,
    pub(super) gaps: Vec<Gap>,
}

/// The human form.
pub(super) fn text(document: &Document) -> String {
    let mut text = String::new();
    let _ = writeln!(text, "{}  size {}  root {}", printable(&document.origin), document.size, document.root);
    text.push_str("Checks performed\n");
    text.push_str(&checks::lines(&document.checks));
    for finding in document.findings.iter().take(SHOWN) {
        let _ = writeln!(text, "  {}  {} {}", Mark::Bad.word("BROKEN "), finding.index, finding.code);
        let _ = writeln!(text, "      {}", printable(&finding.detail));
    }
    if document.findings_total > SHOWN as u64 {
        let _ = writeln!(text, "      …and {} more", document.findings_total - SHOWN as u64);
    }
    text.push_str(&coverage_text(&document.coverage, document.stopped.is_some()));
    let (mark, word) = match document.exit {
        0 => (Mark::Good, "INTACT and complete"),
        10 => (Mark::Bad, "TAMPERED: this is not what was logged"),
        130 => (Mark::Missing, "STOPPED as asked: nothing is wrong so far, the signed root was not reached"),
        15 => (Mark::Bad, "ROLLBACK: the log shows less than before"),
        13 => (Mark::Warning, "CONSISTENT in itself; the log is not the pinned one, or nothing is pinned"),
        _ if checks::is_broken(&document.checks, "freshness") => {
            (Mark::Missing, "STALE: the log is intact, as of a checkpoint that is not as young as asked for")
        }
        _ => (Mark::Missing, "INCOMPLETE: the log is intact; statements are missing or unknown"),
    };
    let _ = writeln!(text, "{}   exit {}", mark.word(word), document.exit);
    if let Some(StoppedDocument { goes_on_at, next }) = &document.stopped {
        let _ = writeln!(text, "Next: {}        (goes on at entry {goes_on_at})", printable(next));
    }
    text
}

fn coverage_text(coverage: &CoverageDocument, stopped: bool) -> String {
    let time = |time: Option<u64>| time.map_or_else(|| "-".into(), |time| moment::show(Time(time)));
    let before = match coverage.resumed {
        0 => String::new(),
        resumed => format!(", {resumed} of them before"),
    };
    let mut text = format!("Covered  {} of {} entries{before}\n", coverage.entries, coverage.requested);
    let gaps = if stopped { "not looked for".into() } else { coverage.gaps.len().to_string() };
    let (from, to, streams) = (time(coverage.from), time(coverage.to), coverage.streams);
    let _ = writeln!(text, "Coverage {from} → {to}   streams {streams}   sequence gaps {gaps}");
    for gap in coverage.gaps.iter().take(SHOWN) {
        let count = gap.last - gap.first + 1;
        let which =
            format!("{} numbers {} to {} of stream {}", printable(&gap.iss), gap.first, gap.last, gap.stream);
        let _ = writeln!(text, "  {}  {which}: {count} never arrived", Mark::Missing.word("gap"));
    }
    if coverage.conflicts > 0 {
        let _ = writeln!(
            text,
            "  {}  {} numbers are carried by two statements",
            Mark::Warning.word("conflict"),
            coverage.conflicts
        );
    }
    if coverage.unknown > 0 {
        let _ = writeln!(
            text,
            "  {}  {} entries are of a form that this program does not know",
            Mark::Missing.word("unknown"),
            coverage.unknown
        );
    }
    text
}
