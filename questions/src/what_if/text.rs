//! The answer for people: how much stops first, then what stops by holder, what goes on and how, and the permits.

use alloc::format;
use alloc::string::String;
use core::fmt;

use super::{Fate, Outlook, Permit, WhatIf};
use crate::standing::{Carries, way};
use crate::text::{printable, row, short, state};

impl fmt::Display for WhatIf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&headline(self))?;
        f.write_str(&delegations(self))?;
        f.write_str(&permits(self))?;
        f.write_str(&foot(self))
    }
}

fn counted(count: u64, one: &str, many: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {many}") }
}

fn headline(answer: &WhatIf) -> String {
    let WhatIf { withdrawn, at, stop, holders, survive, uncertain, .. } = answer;
    let least = if answer.complete { "" } else { "AT LEAST " };
    let what = match (&withdrawn.id, withdrawn.index) {
        (Some(id), Some(index)) if withdrawn.name == id.to_hex() => {
            format!("{} {} ({index})", withdrawn.kind, short(id))
        }
        _ => format!("{} {}", withdrawn.kind, withdrawn.name),
    };
    let stops = match stop {
        0 => String::from("no delegation stops"),
        _ => format!(
            "{} of {} STOP",
            counted(*stop, "delegation", "delegations"),
            counted(*holders, "holder", "holders")
        ),
    };
    let uncertain = if *uncertain > 0 { format!(", {uncertain} UNCERTAIN") } else { String::new() };
    let line = format!("Were {what} withdrawn at {at}: {least}{stops}, {survive} below it go on{uncertain}");
    let mut text = one_line(&line);
    text.push('\n');
    if answer.not_held > 0 {
        row(&mut text, "Already", &format!("{} below it carry nothing as it is", answer.not_held));
    }
    if !answer.complete {
        row(&mut text, "CUT", "more is involved than one answer looks at: what is not listed may stop too");
    }
    text
}

fn delegations(answer: &WhatIf) -> String {
    let mut text = String::new();
    let mut heading: Option<(Outlook, &str)> = None;
    for (at, fate) in answer.delegations.iter().enumerate() {
        let holder = if fate.outlook == Outlook::Stops { fate.holder.as_str() } else { "" };
        let group = (fate.outlook, holder);
        if heading != Some(group) {
            text += &match fate.outlook {
                Outlook::Stops => format!("✗ {} loses\n", one_line(holder)),
                Outlook::Uncertain => String::from("? it cannot be told of\n"),
                Outlook::Survives => String::from("✓ goes on\n"),
            };
            heading = Some(group);
        }
        let after = answer.delegations.get(at.saturating_add(1));
        let same = |next: &Fate| {
            next.outlook == fate.outlook && (fate.outlook != Outlook::Stops || next.holder == fate.holder)
        };
        text += &branch(fate, !after.is_some_and(same));
    }
    if answer.truncated {
        text += "…and more\n";
    }
    text
}

fn branch(fate: &Fate, last: bool) -> String {
    let (sign, stem) = if last { ("└─", "   ") } else { ("├─", "│  ") };
    let task = fate.task.as_ref().map(|task| format!("  task {task}")).unwrap_or_default();
    let to = if fate.outlook == Outlook::Stops { String::new() } else { format!(" to {}", fate.holder) };
    let now = if fate.now == Carries::Uncertain { "  (UNCERTAIN as it is)" } else { "" };
    let what = format!("{} ({}) from {}{to}{task}{now}", short(&fate.id), fate.index, fate.delegator);
    let mut text = format!("{sign} {}\n", one_line(&what));
    if fate.other_way.is_empty() {
        text += &format!("{stem}  way   {}\n", way(&fate.way));
    } else {
        text += &format!("{stem}  now   {}\n{stem}  then  {}\n", way(&fate.way), way(&fate.other_way));
    }
    if fate.outlook != Outlook::Survives
        && let Some(found) = fate.findings.first()
    {
        text += &format!("{stem}  {}\n", found.line());
    }
    text
}

fn permits(answer: &WhatIf) -> String {
    if answer.permits_stop == 0 {
        return String::new();
    }
    let count = counted(answer.permits_stop, "permit that could", "permits that could");
    let mut text = format!("✗ {count} still be used would no longer stand\n");
    for (at, permit) in answer.permits.iter().enumerate() {
        let last = at.saturating_add(1) == answer.permits.len();
        text += &format!("{} {}\n", if last { "└─" } else { "├─" }, one_line(&line(permit)));
    }
    text
}

fn line(permit: &Permit) -> String {
    let Permit { id, index, actor, action, resources, usable_until } = permit;
    let first = resources.first().map_or("-", String::as_str);
    let more = match resources.len() {
        0 | 1 => String::new(),
        count => format!(" +{}", count.saturating_sub(1)),
    };
    format!("{} ({index}) {actor} {action} {first}{more}  until {usable_until}", short(id))
}

fn one_line(text: &str) -> String {
    printable(text).replace('\n', "\\n")
}

fn foot(answer: &WhatIf) -> String {
    let mut text = String::new();
    row(&mut text, "As of", &state(&answer.as_of));
    let next = match &answer.next {
        Some(next) => format!("writ what-if {} --page {next}", answer.withdrawn.name),
        None => answer.revoke_by.clone(),
    };
    text += &format!("Next: {}\n", one_line(&next));
    text
}
