//! A report on a terminal: the answer, then what was found, then where to look.

use std::fmt::Write as _;

use super::frameworks::{ByControl, ByFramework};
use super::{Action, ByRule, Report};
use questions::plural;
use questions::printable;
use questions::short;

/// Most actions that a terminal is shown; the other forms list more.
const SHOWN_MAX: usize = 20;

/// Characters of a control's title that are shown.
const TITLE_CHARS_MAX: usize = 70;

pub(super) fn text(report: &Report) -> String {
    let mut text = answer(report);
    rules(&mut text, report);
    actions(&mut text, report);
    frameworks(&mut text, report);
    let _ = writeln!(text, "{}", trust(report));
    if let Some(first) = report.actions.first() {
        let _ = writeln!(text, "Next: writ who {}", short(&first.id));
    }
    text
}

/// How many actions came to what.
pub(super) fn sum(report: &Report) -> String {
    let verdicts = &report.verdicts;
    let mut sum = format!("{}: {} authorized", plural(verdicts.actions, "action"), verdicts.authorized);
    for (count, word) in [
        (verdicts.not_authorized, "NOT AUTHORIZED"),
        (verdicts.indeterminate, "INDETERMINATE"),
        (verdicts.unjudged, "NOT JUDGED"),
    ] {
        if count > 0 {
            let _ = write!(sum, ", {count} {word}");
        }
    }
    sum
}

/// Under which head, and on whose word.
pub(super) fn trust(report: &Report) -> String {
    let about = &report.about;
    let held = if about.pinned { "under a pinned key" } else { "NOT PINNED" };
    let word = match about.evidence {
        "mirror" => "every entry was read from the mirror",
        "own" => "the server's own judgement of its own log: `writ report` takes none of it on trust",
        _ => "each action was judged here by its own evidence; which actions there are is the server's word",
    };
    let (origin, root) = (printable(&about.as_of.origin), about.as_of.root.to_hex());
    let root: String = root.chars().take(12).collect();
    format!("As of    {origin} size {} root {root}…, {held}; {word}", about.as_of.size)
}

/// What was asked, in words.
pub(super) fn asked(report: &Report) -> String {
    let query = match report.about.query.trim() {
        "" => "every action",
        query => query,
    };
    let profile = report.about.profile.as_deref().unwrap_or("each action's own");
    format!("{query}; profile: {profile}; made {}", questions::shown_moment(report.about.made))
}

fn answer(report: &Report) -> String {
    let mut text = format!("{}\n", sum(report));
    let _ = writeln!(text, "Asked    {}", printable(&asked(report)));
    if !report.about.complete {
        let _ = writeln!(text, "CUT      not every action that fits was judged; ask for a shorter span");
    }
    for (name, covered) in covered(report) {
        let _ = writeln!(text, "{name:<18} {covered}");
    }
    for unjudged in &report.unjudged {
        let (id, what) = (short(&unjudged.id), printable(&unjudged.what));
        let _ = writeln!(text, "NOT JUDGED {} {id}  {}: {what}", unjudged.index, printable(&unjudged.code));
    }
    text
}

/// What is known of the judged actions: name, and how many of how many.
pub(super) fn covered(report: &Report) -> [(&'static str, String); 4] {
    let coverage = &report.coverage;
    let of = |number: u64| {
        let percent = number.saturating_mul(100).checked_div(coverage.judged);
        let percent = percent.map(|percent| format!(" ({percent} %)")).unwrap_or_default();
        format!("{number} of {}{percent}", coverage.judged)
    };
    [
        ("root known", of(coverage.attributed)),
        ("decided on", of(coverage.decided)),
        ("owner named", of(coverage.owned)),
        ("evidence complete", of(coverage.complete)),
    ]
}

fn rules(text: &mut String, report: &Report) {
    if report.rules.is_empty() {
        text.push_str("\nNo rule found anything.\n");
        return;
    }
    text.push_str("\nFindings by rule\n");
    for ByRule { rule, means, effect, actions, examples, .. } in &report.rules {
        let _ = writeln!(text, "  {actions:>6}  {rule:<30} {:<15} {means}", effect.as_str());
        let examples: Vec<String> = examples.iter().take(3).map(|example| short(&example.id)).collect();
        let _ = writeln!(text, "          e.g. {}", examples.join(" "));
    }
}

fn actions(text: &mut String, report: &Report) {
    if report.actions.is_empty() {
        return;
    }
    text.push_str("\nNot authorized, or not to be told\n");
    for action in report.actions.iter().take(SHOWN_MAX) {
        let Action { id, index, what, principal, outcome, findings, .. } = action;
        let principal = if principal.is_empty() { "nobody that is known" } else { principal };
        let _ = writeln!(text, "  {index} {}  {}: {}", short(id), outcome.as_str(), printable(what));
        let _ = writeln!(text, "      by {}, at {}", printable(principal), printable(&action.at()));
        if let Some(worst) = findings.first() {
            let _ = writeln!(text, "      {}: {}", worst.code, printable(&worst.detail));
        }
    }
    let shown = report.actions.len().min(SHOWN_MAX);
    let rest = (report.actions.len() as u64).saturating_sub(shown as u64).saturating_add(report.left_out);
    if rest > 0 {
        let _ = writeln!(text, "  and {rest} more: --format html lists the first {}", super::LISTED_MAX);
    }
}

fn frameworks(text: &mut String, report: &Report) {
    text.push_str("\nControls that findings bear on\n");
    for ByFramework { title, version, controls, .. } in &report.frameworks {
        let _ = writeln!(text, "  {title} {version}");
        if controls.is_empty() {
            text.push_str("    none\n");
        }
        for ByControl { control, errors, warnings, .. } in controls {
            let title = cut(&control.title);
            let _ =
                writeln!(text, "    {:<12} {errors:>5} errors {warnings:>5} warnings  {title}", control.id);
        }
    }
    text.push('\n');
}

/// What of a title fits a line.
fn cut(title: &str) -> String {
    match title.char_indices().nth(TITLE_CHARS_MAX) {
        Some((end, _)) => format!("{}…", title.get(..end).unwrap_or_default()),
        None => title.into(),
    }
}
