//! The chain as a tree: each hop one step further in, what the request relies on beside it, findings under what they are about.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;
use core::fmt::Write as _;

use schemas::kinds::Ruling;
use schemas::time::{Index, Time};
use verifier::evidence::Record;
use verifier::verdict::{Effect, Finding, VerdictHop, VerdictReliance};

use super::{Shown, facts, outcome};
use crate::mark::Mark;
use crate::text::printable;

/// Column at which the standing begins at the latest: a longer text pushes its own standing further.
const STANDING_COLUMN_MAX: usize = 100;

/// A line of the tree: what it says and, where it is something that stands or falls, how it stands.
enum Line {
    Row(Row),
    Note(String),
}

struct Row {
    left: String,
    standing: Option<(Mark, &'static str)>,
    index: Option<Index>,
    assurance: &'static str,
    at: Option<Time>,
}

/// The lines, root first.
pub(super) fn lines(shown: Shown<'_>) -> Vec<String> {
    let mut lines = vec![root(shown)];
    for (depth, hop) in shown.verdict.hops.iter().enumerate() {
        lines.push(hop_row(shown, depth, hop));
        lines.extend(
            hop.findings.iter().map(|finding| Line::Note(note(shown, depth, true, finding, Some(hop.index)))),
        );
    }
    let depth = shown.verdict.hops.len();
    for relied in &shown.verdict.relies_on {
        let findings = findings_of(shown, relied);
        lines.push(relied_row(shown, depth, relied));
        lines.extend(
            findings.iter().map(|finding| Line::Note(note(shown, depth, false, finding, relied.index))),
        );
    }
    lines.extend(end(shown, depth));
    aligned(shown, &lines)
}

/// The root principal: where it is not known, the beginning is missing.
fn root(shown: Shown<'_>) -> Line {
    let verdict = shown.verdict;
    let missing = Some((Mark::Missing, "MISSING"));
    let (left, standing) = match (verdict.principal.as_str(), missing_hop(shown), verdict.hops.first()) {
        ("", Some(name), _) => (format!("delegation {name}"), missing),
        ("", None, None) => ("(nobody)".into(), missing),
        ("", None, Some(hop)) => (hop.delegator.clone(), Some((Mark::Missing, "UNKNOWN as a root"))),
        (principal, ..) => (principal.into(), None),
    };
    Line::Row(Row { left: printable(&left), standing, index: None, assurance: "", at: None })
}

/// The hop that the chain should begin with, or go on from, and that is not there.
pub fn missing_hop(shown: Shown<'_>) -> Option<&str> {
    let verdict = shown.verdict;
    let from = verdict.hops.first().map_or(verdict.subject.index, |hop| hop.index);
    let found =
        verdict.findings.iter().find(|finding| finding.code == "hop-missing" && finding.index == Some(from));
    found.map(|finding| finding.expected.as_str()).filter(|name| !name.is_empty())
}

fn hop_row(shown: Shown<'_>, depth: usize, hop: &VerdictHop) -> Line {
    let mut text = format!("delegates to {}", hop.delegatee);
    if depth == 0 && shown.verdict.principal.is_empty() && missing_hop(shown).is_some() {
        text = format!("{} {text}", hop.delegator);
    }
    if !hop.scope.is_empty() {
        let _ = write!(text, "  scope {}", hop.scope);
    }
    if let Some(expires) = hop.expires {
        let _ = write!(text, "  until {expires}");
    }
    if hop.via != "statement" {
        let _ = write!(text, "  (by {})", hop.via);
    }
    Line::Row(Row {
        left: branch(depth, true, &text),
        standing: Some(hop_standing(shown, hop)),
        index: Some(hop.index),
        assurance: hop.assurance,
        at: Some(hop.at),
    })
}

fn relied_row(shown: Shown<'_>, depth: usize, relied: &VerdictReliance) -> Line {
    let record = relied.id.as_ref().and_then(|id| (shown.record)(id));
    let said = record.and_then(|record| facts::relied(relied.kind, record));
    let (text, at) = match said {
        Some((text, at)) => (text, Some(at)),
        None => (format!("{} {}", relied.kind, relied.name), None),
    };
    let text = match relied.named_by {
        Some(by) => format!("{text}  (named by the {by})"),
        None => text,
    };
    Line::Row(Row {
        left: branch(depth, false, &text),
        standing: Some(relied_standing(shown, relied)),
        index: relied.index,
        assurance: record.map_or("", assurance),
        at,
    })
}

/// How a hop stands.
pub fn hop_standing(shown: Shown<'_>, hop: &VerdictHop) -> (Mark, &'static str) {
    standing(shown, &hop.findings.iter().collect::<Vec<_>>())
}

/// How a statement stands that the subject relies on beside its hops.
pub fn relied_standing(shown: Shown<'_>, relied: &VerdictReliance) -> (Mark, &'static str) {
    let Some(record) = relied.id.as_ref().and_then(|id| (shown.record)(id)) else { return not_one(shown) };
    match facts::decision_of(record).map(|decision| decision.ruling) {
        Some(Ruling::Deny) => (Mark::Bad, "DENIED"),
        Some(Ruling::Indeterminate) => (Mark::Missing, "UNDECIDED"),
        Some(Ruling::Permit) | None => standing(shown, &findings_of(shown, relied)),
    }
}

/// What is named and is not one statement of the evidence.
fn not_one(shown: Shown<'_>) -> (Mark, &'static str) {
    let several = shown.verdict.findings.iter().any(|finding| finding.code == "ambiguous");
    (Mark::Missing, if several { "UNKNOWN" } else { "MISSING" })
}

/// The subject, with every finding that was not shown above it.
fn end(shown: Shown<'_>, depth: usize) -> Vec<Line> {
    let verdict = shown.verdict;
    let record = (shown.record)(&verdict.subject.id);
    let payload = record.and_then(|record| record.payload.as_ref());
    let mut lines = vec![Line::Row(Row {
        left: branch(depth, true, &facts::end(payload, &verdict.subject.kind.to_string())),
        standing: Some(outcome(verdict)),
        index: Some(verdict.subject.index),
        assurance: record.map_or("", assurance),
        at: Some(verdict.moment.at),
    })];
    let others = other_findings(shown).into_iter();
    lines.extend(
        others.map(|finding| Line::Note(note(shown, depth, true, finding, Some(verdict.subject.index)))),
    );
    lines
}

/// Every finding that is about no hop and nothing that the subject relies on.
pub fn other_findings(shown: Shown<'_>) -> Vec<&Finding> {
    let verdict = shown.verdict;
    let of_hops = verdict.hops.iter().flat_map(|hop| &hop.findings);
    let of_relied = verdict.relies_on.iter().flat_map(|relied| findings_of(shown, relied));
    let above: Vec<&Finding> = of_hops.chain(of_relied).collect();
    verdict.findings.iter().filter(|finding| !above.contains(finding)).collect()
}

/// Findings about a statement that the subject relies on.
pub fn findings_of<'a>(shown: Shown<'a>, relied: &VerdictReliance) -> Vec<&'a Finding> {
    let about = |finding: &&Finding| relied.id.is_some() && finding.statement == relied.id;
    shown.verdict.findings.iter().filter(about).collect()
}

fn assurance(record: &Record) -> &'static str {
    record.standing.as_ref().map_or("none", |assurance| assurance.as_str())
}

fn branch(depth: usize, last: bool, text: &str) -> String {
    format!("{}{}─ {}", "   ".repeat(depth), if last { '└' } else { '├' }, printable(text))
}

/// A finding, with the place of the statement that it is about where that is not the row's own.
fn note(shown: Shown<'_>, depth: usize, last: bool, finding: &Finding, own: Option<Index>) -> String {
    let mark = match finding.effect {
        Effect::NotAuthorized => Mark::Bad,
        Effect::Indeterminate => Mark::Missing,
        Effect::None => Mark::Warning,
    };
    let indent = format!("{}{}  ", "   ".repeat(depth), if last { "   " } else { "│  " });
    let elsewhere = finding.index.filter(|index| Some(*index) != own);
    let place = elsewhere.map(|index| format!(" ({index})")).unwrap_or_default();
    let mut text =
        format!("{indent}{}{place}: {}", (shown.word)(mark, finding.code), printable(&finding.detail));
    if !(finding.expected.is_empty() && finding.got.is_empty()) {
        let (expected, got) = (printable(&finding.expected), printable(&finding.got));
        let _ = write!(text, "\n{indent}    expected {expected}\n{indent}    got      {got}");
    }
    text
}

/// How a statement stands. Under a key that nobody pinned it is consistent at most.
fn standing(shown: Shown<'_>, findings: &[&Finding]) -> (Mark, &'static str) {
    match findings.iter().map(|finding| finding.effect).min() {
        Some(Effect::NotAuthorized) => (Mark::Bad, "BROKEN"),
        Some(Effect::Indeterminate) => (Mark::Missing, "UNKNOWN"),
        _ if !shown.verdict.trust.pinned => (Mark::Warning, "CONSISTENT"),
        Some(Effect::None) => (Mark::Warning, "VALID, with a warning"),
        None => (Mark::Good, "VALID"),
    }
}

/// The lines with each column as wide as its widest text.
fn aligned(shown: Shown<'_>, lines: &[Line]) -> Vec<String> {
    let width = |of: fn(&Row) -> usize, most: usize| {
        let rows = lines.iter().filter_map(|line| match line {
            Line::Row(row) => Some(of(row)),
            Line::Note(_) => None,
        });
        rows.filter(|width| *width <= most).max().unwrap_or_default()
    };
    let left = width(|row| row.left.chars().count(), STANDING_COLUMN_MAX);
    let standing = width(|row| row.standing.map_or(0, |(_, word)| word.chars().count()), usize::MAX);
    let index = width(|row| row.index.map_or(0, |index| index.to_string().len()), usize::MAX);
    let assurance = width(|row| row.assurance.len(), usize::MAX);
    let text = |row: &Row| {
        let word = row.standing.map_or_else(|| "  ".into(), |(mark, word)| (shown.word)(mark, word));
        let pad = |shown: usize, width: usize| " ".repeat(width.saturating_sub(shown));
        let place = row.index.map(|index| index.to_string()).unwrap_or_default();
        let at = row.at.map(|at| at.to_string()).unwrap_or_default();
        let line = format!(
            "{}{}  {word}{}  {place:<index$}  {:<assurance$}  {at}",
            row.left,
            pad(row.left.chars().count(), left),
            pad(row.standing.map_or(0, |(_, word)| word.chars().count()), standing),
            row.assurance,
        );
        line.trim_end().to_string()
    };
    let written = lines.iter().map(|line| match line {
        Line::Row(row) => text(row),
        Line::Note(note) => note.clone(),
    });
    written.collect()
}
