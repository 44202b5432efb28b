//! The answer for people: how many were authorized first, then what is missing behind them, then which rules, agents and
//! tenants that comes from.

use alloc::format;
use alloc::string::String;
use core::fmt;

use verifier::verdict::Effect;

use super::{Counts, Coverage, Covered, Row};
use crate::text::{printable, row, short, state};

/// Most agents, and most tenants, that the text lists.
const SHOWN_MAX: usize = 20;

impl fmt::Display for Coverage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&headline(self))?;
        if self.total.actions > 0 {
            f.write_str(&shares(self))?;
            f.write_str(&findings(self))?;
            f.write_str(&rows("Agents", &self.agents, self.agents_total))?;
            f.write_str(&rows("Tenants", &self.tenants, self.tenants_total))?;
        }
        f.write_str(&foot(self))
    }
}

fn headline(coverage: &Coverage) -> String {
    let Counts { actions, authorized, not_authorized, indeterminate, unjudged, .. } = coverage.total;
    let sign = match (not_authorized, authorized == actions) {
        (1.., _) => '✗',
        (0, true) if actions > 0 => '✓',
        _ => '?',
    };
    let mut text = format!("{sign} {authorized} of {} authorized", counted(actions));
    for (count, what) in
        [(not_authorized, "NOT AUTHORIZED"), (indeterminate, "indeterminate"), (unjudged, "NOT JUDGED")]
    {
        if count > 0 {
            text += &format!(", {count} {what}");
        }
    }
    text.push('\n');
    let Covered { from, to } = coverage.covered;
    if from.0 > 0 || to.0 < coverage.as_of.size {
        let last = to.0.saturating_sub(1);
        row(&mut text, "Covers", &format!("entries {from} to #{last} of {} alone", coverage.as_of.size));
    }
    if !coverage.complete {
        row(&mut text, "Cut", "these are NOT ALL that fit: the answer goes on with --page");
    }
    text
}

fn shares(coverage: &Coverage) -> String {
    let Counts { actions, resolved, broken, unattributed, undecided, ownerless, .. } = coverage.total;
    let share = |count: u64| format!("{count} ({})", percent(count, actions));
    let mut text = String::new();
    let mut chain = format!("{} lead to a registered root", share(resolved));
    for (count, what) in [(unattributed, "UNATTRIBUTED"), (broken, "BROKEN on the way")] {
        if count > 0 {
            chain += &format!(", {} {what}", share(count));
        }
    }
    row(&mut text, "Chain", &chain);
    let decision = match undecided {
        0 => String::from("all were decided"),
        _ => format!(
            "{} WITHOUT: {} with none at all, {} with a sign-in or a grant alone",
            share(undecided),
            coverage.decision_missing,
            coverage.login_only
        ),
    };
    row(&mut text, "Decision", &decision);
    let owner = match ownerless {
        0 => String::from("none is said to be without"),
        _ => format!("{} WITHOUT", share(ownerless)),
    };
    row(&mut text, "Owner", &owner);
    text
}

fn findings(coverage: &Coverage) -> String {
    if coverage.findings.is_empty() {
        return "Findings none\n".into();
    }
    let mut text = String::from("Findings of how many actions, and one of them\n");
    for found in &coverage.findings {
        let sign = match found.effect {
            Effect::NotAuthorized => '✗',
            Effect::Indeterminate => '?',
            Effect::None => '!',
        };
        let example = format!("{} ({})", short(&found.example.id), found.example.index);
        text += &format!("  {sign} {:<24} {:>6}  {example}\n", found.code, found.actions);
    }
    text
}

/// A table of agents or tenants.
fn rows(name: &str, rows: &[Row], total: u64) -> String {
    let head = ["actions", "✓", "✗", "?", "no root", "no dec.", "no own."];
    let mut text = String::from(" ");
    for word in head {
        text += &format!(" {word:>7}");
    }
    text += &format!("  {name}\n");
    for shown in rows.iter().take(SHOWN_MAX) {
        let Counts { actions, authorized, not_authorized, undecided, ownerless, .. } = shown.counts;
        let untold = shown.counts.indeterminate.saturating_add(shown.counts.unjudged);
        let loose = shown.counts.unattributed.saturating_add(shown.counts.broken);
        text.push(' ');
        for count in [actions, authorized, not_authorized, untold, loose, undecided, ownerless] {
            text += &format!(" {count:>7}");
        }
        text += &format!("  {}\n", printable(&shown.name).replace('\n', "\\n"));
    }
    let more = total.saturating_sub(rows.len().min(SHOWN_MAX) as u64);
    if more > 0 {
        text += &format!("  …and {more} more\n");
    }
    text
}

fn foot(coverage: &Coverage) -> String {
    let mut text = String::new();
    let profiles = coverage.profiles.iter();
    let profiles: String = profiles
        .map(|under| format!("{} version {} ({})", under.name, under.version, counted(under.actions)))
        .fold(String::new(), |all, one| if all.is_empty() { one } else { format!("{all}, {one}") });
    if !profiles.is_empty() {
        row(&mut text, "Profile", &profiles);
    }
    row(&mut text, "As of", &state(&coverage.as_of));
    let next = match (&coverage.next, coverage.findings.first()) {
        (Some(next), _) => format!("the same with --page {}", printable(next)),
        (None, Some(found)) => format!("writ who {}", short(&found.example.id)),
        (None, None) => String::from("writ search kind:action"),
    };
    text += &format!("Next: {next}\n");
    text
}

fn counted(actions: u64) -> String {
    match actions {
        1 => String::from("1 action"),
        actions => format!("{actions} actions"),
    }
}

/// A share of 100, to one decimal, rounded down: nothing is called all that is not.
fn percent(count: u64, of: u64) -> String {
    let tenths = count.saturating_mul(1_000).checked_div(of).unwrap_or_default();
    format!("{}.{}%", tenths / 10, tenths % 10)
}
