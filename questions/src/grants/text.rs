//! The answer for people: how many need a look, then each with why.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use super::{Grant, Grants, Reason};
use crate::standing::{Carries, LostBy};
use crate::text::{printable, row, short, state};

impl fmt::Display for Grants {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&headline(self))?;
        for (at, grant) in self.grants.iter().enumerate() {
            let is_last = at.saturating_add(1) == self.grants.len() && !self.truncated;
            f.write_str(&branch(grant, is_last))?;
        }
        if self.truncated {
            f.write_str("└─ …and there may be more\n")?;
        }
        let mut foot = String::new();
        row(&mut foot, "As of", &state(&self.as_of));
        let next = match (&self.next, self.grants.first()) {
            (Some(next), _) => format!("the same with --page {}", printable(next)),
            (None, Some(first)) => format!("writ uses {}", short(&first.id)),
            (None, None) => String::from("writ coverage"),
        };
        writeln!(f, "{foot}Next: {next}")
    }
}

fn headline(grants: &Grants) -> String {
    let Grants { examined, ended, lost, lost_by, unknown, count, stale_days, .. } = grants;
    let sign = if *count > 0 { '!' } else { '✓' };
    let only = grants.only.map(|only| format!(" ({})", only.as_str())).unwrap_or_default();
    let mut text = format!("{sign} {count} of {examined} grants need a look{only}");
    if *ended > 0 {
        text += &format!("; ended: {ended}");
    }
    if *lost > 0 {
        text += &format!("; carry nothing: {lost} ({})", LostBy::said(lost_by));
    }
    text.push('\n');
    if *unknown > 0 {
        row(
            &mut text,
            "Unknown",
            &format!("of {unknown} it is NOT KNOWN whether they ended: too much is involved"),
        );
    }
    row(&mut text, "Stale", &format!("after {stale_days} days without use"));
    text
}

fn branch(grant: &Grant, is_last: bool) -> String {
    let (sign, rest) = if is_last { ("└─", "   ") } else { ("├─", "│  ") };
    let from = grant.delegator.as_ref().map(|giver| format!(" from {giver}")).unwrap_or_default();
    let until = grant.expires.map_or_else(|| String::from("FOR GOOD"), |end| format!("until {end}"));
    let Grant { index, id, kind, holder, .. } = grant;
    let mut lines: Vec<String> = Vec::new();
    lines.push(format!("{:<7} {}  {kind} of {holder}{from}, {until}", format!("{index}"), short(id)));
    let uncertain = (grant.carries == Carries::Uncertain).then_some("UNCERTAIN whether it carries anything");
    let reasons = grant.reasons.iter().map(|reason| said(*reason));
    lines.push(reasons.chain(uncertain).collect::<Vec<&str>>().join(" · "));
    lines.push(used(grant));
    if let Some(scope) = &grant.scope {
        lines.push(format!("granted {scope}"));
    }
    if !grant.unused.is_empty() {
        lines.push(format!("of it NEVER USED: {}", grant.unused.join(", ")));
    }
    if let (Some(task), Some(ended)) = (&grant.task, grant.task_ended) {
        lines.push(format!("task {task} ENDED at {ended}"));
    }
    let line = |(at, line): (usize, &String)| {
        let begin = if at == 0 { format!("{sign} ") } else { format!("{rest}          ") };
        format!("{begin}{}\n", printable(line).replace('\n', "\\n"))
    };
    lines.iter().enumerate().map(line).collect()
}

fn used(grant: &Grant) -> String {
    let least = if grant.uses_complete { "" } else { "AT LEAST " };
    let uses = match grant.uses {
        1 => String::from("1 use"),
        uses => format!("{uses} uses"),
    };
    let last = grant.last_use.map(|last| format!(", the last at {last}")).unwrap_or_default();
    let names = match grant.used.as_slice() {
        [] => String::new(),
        names => format!(": {}", names.join(", ")),
    };
    let handed_on = match grant.handed_on {
        0 => String::new(),
        count => format!("; handed on by {count} more"),
    };
    format!("given {}, {least}{uses}{last}{names}{handed_on}", grant.at)
}

fn said(reason: Reason) -> &'static str {
    match reason {
        Reason::NeverUsed => "NEVER USED",
        Reason::Stale => "STALE",
        Reason::OverBroad => "OVER-BROAD",
        Reason::OutlivesTask => "OUTLIVES ITS TASK",
        Reason::NoExpiry => "no expiry",
        Reason::LongStanding => "long-standing",
    }
}
