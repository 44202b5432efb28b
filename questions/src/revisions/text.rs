//! The answer for people: how many requests are ruled otherwise, what each revision did, then each change on a branch.

use alloc::format;
use alloc::string::{String, ToString};
use core::fmt;

use super::{Change, Revision, Revisions};
use crate::text::{printable, row, short, state};

impl fmt::Display for Revisions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&headline(self))?;
        for (at, change) in self.changes.iter().enumerate() {
            let last = at.saturating_add(1) == self.changes.len() && !self.truncated;
            writeln!(f, "{} {}", if last { "└─" } else { "├─" }, line(change))?;
        }
        if self.truncated {
            f.write_str("└─ …and more: --limit\n")?;
        }
        f.write_str(&foot(self))
    }
}

fn headline(answer: &Revisions) -> String {
    let least = if answer.complete { "" } else { "AT LEAST " };
    let mut text = match answer.different {
        0 => format!("= {least}no request is ruled otherwise"),
        1 => format!("✗ {least}1 request is ruled otherwise"),
        many => format!("✗ {least}{many} requests are ruled otherwise"),
    };
    let (policy, same) = (printable(&answer.policy), answer.same);
    text += &format!(" by {policy}; {same} alike\n");
    row(&mut text, "First", &made(&answer.first));
    row(&mut text, "Second", &made(&answer.second));
    text
}

fn made(of: &Revision) -> String {
    let span = match (of.from, of.until) {
        (Some(from), Some(until)) => format!(", {from} to {until}"),
        _ => String::new(),
    };
    let announced = match &of.announced {
        Some(id) => format!("announced by {}", short(id)),
        None => String::from("NOT ANNOUNCED"),
    };
    format!(
        "revision {} ({announced}): {} decisions, {} permits, {} denials; {} requests it alone ruled{span}",
        of.revision, of.decisions, of.permits, of.denials, of.alone
    )
}

fn line(change: &Change) -> String {
    let mut resources = change.resources.iter();
    let first = resources.next().map_or("-", String::as_str);
    let more = match resources.count() {
        0 => String::new(),
        more => format!(" +{more}"),
    };
    let text = format!(
        "{} {} {first}{more}  {} {} → {} {}",
        change.actor,
        change.action,
        change.first.ruling,
        short(&change.first.decision),
        change.second.ruling,
        short(&change.second.decision)
    );
    printable(&text).replace('\n', "\\n")
}

fn foot(answer: &Revisions) -> String {
    let mut text = String::new();
    row(&mut text, "As of", &state(&answer.as_of));
    let next = match answer.changes.first() {
        Some(change) => format!("writ why {}", short(&change.second.decision)),
        None => format!(
            "writ blast '{}@{}'",
            printable(&answer.policy),
            printable(&answer.second.revision.to_string())
        ),
    };
    text += &format!("Next: {next}\n");
    text
}
