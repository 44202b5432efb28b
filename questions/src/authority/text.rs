//! The answer for people: how much is held first, then each delegation with what it carries, or why it carries nothing.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use schemas::time::Time;
use verifier::verdict::Effect;

use super::{Authority, Held};
use crate::standing::{Carries, way};
use crate::text::{printable, row, short, state};
use crate::uses::Limit;

impl fmt::Display for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&headline(self))?;
        for (at, held) in self.delegations.iter().enumerate() {
            let last = at.saturating_add(1) == self.delegations.len() && !self.truncated;
            f.write_str(&branch(held, self.at, last))?;
        }
        if self.truncated {
            f.write_str("└─ …and more\n")?;
        }
        f.write_str(&foot(self))
    }
}

fn headline(authority: &Authority) -> String {
    let Authority { principal, at, held, uncertain, not_held, .. } = authority;
    let least = if authority.complete { "" } else { "AT LEAST " };
    let mut others = Vec::new();
    if *uncertain > 0 {
        others.push(format!("{uncertain} UNCERTAIN"));
    }
    if *not_held > 0 {
        others.push(format!("{not_held} not held"));
    }
    let others = if others.is_empty() { String::new() } else { format!("; {}", others.join(", ")) };
    let held = match held {
        0 => String::from("no delegation"),
        1 => String::from("1 delegation"),
        held => format!("{held} delegations"),
    };
    let what = format!("{principal} holds {least}{held} at {at}{others}");
    let mut text = printable(&what).replace('\n', "\\n");
    text.push('\n');
    if authority.root.stands {
        row(
            &mut text,
            "Root",
            "it is a registered root: chains begin with it, and nobody had to give it its own authority",
        );
    } else if authority.delegations.is_empty()
        && let Some(reason) = &authority.root.reason
    {
        row(&mut text, "Root", &format!("it is none either: {reason}"));
    }
    if !authority.also_known_as.is_empty() {
        row(&mut text, "Also", &authority.also_known_as.join(", "));
    }
    if let Some(tenant) = &authority.tenant {
        row(&mut text, "Tenant", &format!("{tenant} alone"));
    }
    if !authority.complete {
        row(
            &mut text,
            "CUT",
            "more is involved than one answer looks at: ask for one --tenant, or about a delegation by `writ who`",
        );
    }
    text
}

fn branch(held: &Held, at: Time, last: bool) -> String {
    let (sign, stem) = if last { ("└─", "   ") } else { ("├─", "│  ") };
    let mark = match held.carries {
        Carries::Held => "✓",
        Carries::Uncertain => "?",
        Carries::NotHeld => "✗",
    };
    let what =
        format!("{} {} ({}) from {}", held.carries.as_str(), short(&held.id), held.index, held.delegator);
    let mut text = format!("{sign} {mark} {}\n", one_line(&what));
    let mut line =
        |name: &str, value: &str| text.push_str(&format!("{stem}  {name:<6} {}\n", one_line(value)));
    if held.carries != Carries::NotHeld {
        line("may", &may(held));
        line("until", &until(held, at));
        let conditions = conditions(held);
        if !conditions.is_empty() {
            line("only", &conditions.join("; "));
        }
    }
    let more = if held.other_ways { "; another way may carry it too, and may carry more" } else { "" };
    line("way", &format!("{}{more}", way(&held.way)));
    // What changes nothing is shown where nothing worse is.
    let worst = held.findings.iter().map(|found| found.effect).min().unwrap_or(Effect::None);
    for found in held
        .findings
        .iter()
        .filter(|found| found.effect <= worst.max(Effect::Indeterminate) || worst == Effect::None)
    {
        text.push_str(&format!("{stem}  {}\n", found.line()));
    }
    text
}

fn may(held: &Held) -> String {
    let mut parts: Vec<String> = match &held.may {
        Some(grants) if grants.is_empty() => [String::from("nothing")].into(),
        Some(grants) => grants.iter().map(ToString::to_string).collect(),
        None if held.elsewhere.is_empty() => {
            [String::from("not told: too much to compare; `writ who` judges an act")].into()
        }
        None => Vec::new(),
    };
    let elsewhere = held.elsewhere.iter();
    parts.extend(elsewhere.map(|external| {
        format!("as {} in {}, by a fresh permit from there for each act", external.reference, external.system)
    }));
    parts.join("; ")
}

fn until(held: &Held, at: Time) -> String {
    match held.until {
        None => String::from("no end stated"),
        Some(until) => format!("{until}, {} later", until.since(at)),
    }
}

fn conditions(held: &Held) -> Vec<String> {
    let mut conditions = Vec::new();
    conditions.extend(held.uses.map(|Limit { allowed, left, .. }| match left {
        Some(left) => format!("{left} of {allowed} actions left"),
        None => format!("{allowed} actions; how many are left is not known"),
    }));
    conditions.extend(held.task.as_ref().map(|task| format!("task {task}")));
    conditions.extend(held.stage.as_ref().map(|stage| format!("stage {stage}")));
    if !held.audience.is_empty() {
        conditions.push(format!("to {}", held.audience.join(", ")));
    }
    conditions.extend(held.further_hops.map(|hops| match hops {
        0 => String::from("not to be handed on"),
        1 => String::from("to be handed on over 1 hop"),
        hops => format!("to be handed on over {hops} hops"),
    }));
    conditions
}

fn one_line(text: &str) -> String {
    printable(text).replace('\n', "\\n")
}

fn foot(authority: &Authority) -> String {
    let mut text = String::new();
    row(&mut text, "As of", &state(&authority.as_of));
    let next = match (&authority.next, authority.delegations.first()) {
        (Some(next), _) => format!("writ authority {} --page {next}", authority.principal),
        (None, Some(first)) if first.carries == Carries::NotHeld => format!("writ who {}", short(&first.id)),
        (None, Some(first)) => format!("writ uses {}", short(&first.id)),
        (None, None) => format!("writ search principal:{}", authority.principal),
    };
    text += &format!("Next: {}\n", one_line(&next));
    text
}
