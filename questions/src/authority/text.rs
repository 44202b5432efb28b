//! The answer for people: how much is held first, then each delegation with what it carries, or why it carries nothing.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use schemas::time::Time;
use verifier::verdict::Effect;

use super::{Authority, Held, Part, Way};
use crate::standing::{Carries, Found, way};
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
    let Held { carries, id, index, delegator, .. } = held;
    let what = format!("{} {} ({index}) from {delegator}", carries.as_str(), short(id));
    let mut text = format!("{sign} {} {}\n", mark(*carries), one_line(&what));
    let mut line = |name: &str, value: &str| {
        text.push_str(&format!("{stem}  {name:<6} {}\n", one_line(value)));
    };
    let is_one = held.ways.is_empty() || held.ways.len() == 1 && held.ways_complete;
    if *carries != Carries::NotHeld {
        let parts = if is_one { [one_may(held)].into() } else { several_may(held) };
        parts.iter().enumerate().for_each(|(at, part)| line(if at == 0 { "may" } else { "" }, part));
        if let ([way], true) = (held.ways.as_slice(), is_one) {
            line("until", &until(way, at));
        }
        let mut conditions = conditions(held);
        conditions.extend(held.ways.first().filter(|_| is_one).and_then(further_hops));
        if !conditions.is_empty() {
            line("only", &conditions.join("; "));
        }
    }
    let found = |findings: &[Found]| -> Vec<String> { told(findings).map(Found::line).collect() };
    if is_one {
        line("way", &held.ways.first().map_or_else(|| way(&[]), |one| way(&one.hops)));
        found(&held.findings).iter().for_each(|found| text.push_str(&format!("{stem}  {found}\n")));
        return text;
    }
    found(&held.findings).iter().for_each(|found| text.push_str(&format!("{stem}  {found} on every way\n")));
    for (number, one) in (1_usize..).zip(&held.ways) {
        let what = one_line(&on_way(one, at));
        text.push_str(&format!(
            "{stem}  way {number:<2} {} {}: {what}\n",
            mark(one.carries),
            one.carries.as_str()
        ));
        found(&one.findings).iter().for_each(|found| text.push_str(&format!("{stem}           {found}\n")));
    }
    if !held.ways_complete {
        let cut = "MORE WAYS LEAD HERE than are told apart: what they carry is not among this; `writ chain` lays out the hops";
        text.push_str(&format!("{stem}  CUT    {cut}\n"));
    }
    text
}

fn mark(carries: Carries) -> char {
    match carries {
        Carries::Held => '✓',
        Carries::Uncertain => '?',
        Carries::NotHeld => '✗',
    }
}

/// What changes nothing is shown where nothing worse is.
fn told(findings: &[Found]) -> impl Iterator<Item = &Found> {
    let worst = findings.iter().map(|found| found.effect).min().unwrap_or(Effect::None);
    findings
        .iter()
        .filter(move |found| found.effect <= worst.max(Effect::Indeterminate) || worst == Effect::None)
}

/// What a delegation carries by its only way.
fn one_may(held: &Held) -> String {
    if held.ways.iter().any(|way| way.untold) || held.ways.is_empty() {
        return String::from("not told: too much to compare; `writ who` judges an act");
    }
    let parts: Vec<String> = held.may.iter().map(part).collect();
    if parts.is_empty() { String::from("nothing") } else { parts.join("; ") }
}

/// What it carries by several, each part with the ways that carry it.
fn several_may(held: &Held) -> Vec<String> {
    let by = |ways: &[usize]| {
        let numbers: Vec<String> = ways.iter().map(ToString::to_string).collect();
        format!("by way {}", numbers.join(", "))
    };
    let mut parts: Vec<String> = Vec::new();
    for one in &held.may {
        let perhaps = if one.carries == held.carries { "" } else { "PERHAPS " };
        parts.push(format!("{perhaps}{}: {}", by(&one.ways), part(one)));
    }
    let untold = |(_, way): &(usize, &Way)| way.untold && way.carries != Carries::NotHeld;
    let untold: Vec<usize> = (1_usize..).zip(&held.ways).filter(untold).map(|(number, _)| number).collect();
    if !untold.is_empty() {
        parts.push(format!("{}: NOT TOLD, too much to compare; `writ who` judges an act", by(&untold)));
    }
    if parts.is_empty() {
        parts.push(String::from("nothing"));
    }
    parts
}

fn part(part: &Part) -> String {
    let elsewhere: Vec<String> = part
        .elsewhere
        .iter()
        .map(|external| {
            format!(
                "as {} in {}, by a fresh permit from there for each act",
                external.reference, external.system
            )
        })
        .collect();
    match (&part.grant, elsewhere.as_slice()) {
        (None, elsewhere) => elsewhere.join(" and "),
        (Some(grant), []) => grant.to_string(),
        (Some(grant), elsewhere) => format!("{grant}, and only {}", elsewhere.join(" and ")),
    }
}

/// One of several ways: its hops, and what bounds it.
fn on_way(one: &Way, at: Time) -> String {
    let mut words = alloc::vec![way(&one.hops)];
    if one.carries != Carries::NotHeld {
        words.push(match one.until {
            None => until(one, at),
            Some(_) => format!("until {}", until(one, at)),
        });
        words.extend(further_hops(one));
    }
    words.join("; ")
}

fn until(way: &Way, at: Time) -> String {
    match way.until {
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
    conditions
}

fn further_hops(way: &Way) -> Option<String> {
    way.further_hops.map(|hops| match hops {
        0 => String::from("not to be handed on"),
        1 => String::from("to be handed on over 1 hop"),
        hops => format!("to be handed on over {hops} hops"),
    })
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
