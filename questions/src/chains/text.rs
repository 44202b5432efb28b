//! The answer for people: what the actions came to first, then one tree from the principals down, then its ground.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use verifier::verdict::{Effect, Outcome};

use super::{Act, Chains, SharedHop};
use crate::chain::arranged::{Item, Step, arranged};
use crate::chain::text::{draw_hop, draw_link, elsewhere, found, line};
use crate::mark::Mark;
use crate::text::{line as text_line, plural, row, short, state};

/// Most roots that are named in the head.
const ROOTS_SHOWN_MAX: usize = 8;

impl fmt::Display for Chains {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&headline(self))?;
        if self.count > 0 {
            writeln!(f, "\n{}", tree(self))?;
        }
        let mut text = String::new();
        row(&mut text, "As of", &state(&self.as_of));
        f.write_str(&text)?;
        writeln!(f, "Next: {}", next(self))
    }
}

fn headline(chains: &Chains) -> String {
    let (of, verdicts) = (&chains.of, &chains.verdicts);
    let tenant = of.tenant.as_ref().map(|tenant| format!(" (tenant {tenant})")).unwrap_or_default();
    let least = if chains.truncated { "THE FIRST OF MORE: " } else { "" };
    let counts = [
        (verdicts.authorized, Mark::Good, "AUTHORIZED"),
        (verdicts.not_authorized, Mark::Bad, "NOT AUTHORIZED"),
        (verdicts.indeterminate, Mark::Missing, "INDETERMINATE"),
        (verdicts.unjudged, Mark::Missing, "NOT JUDGED"),
    ];
    let counts = counts.iter().filter(|(count, ..)| *count > 0);
    let counts: Vec<String> =
        counts.map(|(count, mark, word)| mark.plain(&format!("{count} {word}"))).collect();
    let counts = if counts.is_empty() { "nothing was done".into() } else { counts.join(", ") };
    let name = text_line(&of.name);
    let name = if name.starts_with(of.sort) { name } else { format!("{} {name}", of.sort) };
    let mut text = format!("{least}{} of {name}{tenant}: {counts}\n", plural(chains.count as u64, "action"));
    row(&mut text, "Roots", &roots(chains));
    let cut = if chains.hops_truncated { ", AND MORE that are not shown" } else { "" };
    let cited = chains.hops.iter().filter(|hop| hop.carries > 0).count();
    let hops = match chains.hops.len() {
        0 => String::from("none: whoever acted is a root"),
        count => {
            format!(
                "{}{cut}, each drawn once; {cited} on a way that carries an action or comes nearest, marked *",
                plural(count as u64, "hop")
            )
        }
    };
    if chains.count > 0 {
        row(&mut text, "Hops", &hops);
    }
    for left in &chains.unjudged {
        row(
            &mut text,
            "Left out",
            &format!("{} {}: {}: {}", left.index, short(&left.id), left.code, left.what),
        );
    }
    text
}

/// On whose behalf: each root with how many actions lead to it, in the order of the log.
fn roots(chains: &Chains) -> String {
    let mut roots: Vec<(&str, u64)> = Vec::new();
    for act in &chains.actions {
        let root = if act.root.is_empty() { "nobody that is known" } else { &act.root };
        match roots.iter_mut().find(|(known, _)| *known == root) {
            Some((_, count)) => *count = count.saturating_add(1),
            None => roots.push((root, 1)),
        }
    }
    let shown = roots.iter().take(ROOTS_SHOWN_MAX);
    let mut shown: Vec<String> = shown.map(|(root, count)| format!("{root} ({count})")).collect();
    if roots.len() > ROOTS_SHOWN_MAX {
        shown.push(format!("and {} more", roots.len().saturating_sub(ROOTS_SHOWN_MAX)));
    }
    if shown.is_empty() { "none".into() } else { shown.join(", ") }
}

fn tree(chains: &Chains) -> String {
    let hop = |shared| {
        let SharedHop { hop, carries, .. }: &SharedHop = shared;
        Item { at: hop.index, is_hop: true, on_way: *carries > 0, links: &hop.relies_on }
    };
    let act = |act| {
        let Act { index, relies_on, .. }: &Act = act;
        Item { at: *index, is_hop: false, on_way: true, links: relies_on }
    };
    let items: Vec<Item<'_>> = chains.hops.iter().map(hop).chain(chains.actions.iter().map(act)).collect();
    let mut text = String::new();
    for Step { item, depth, whole } in arranged(&items) {
        let at_act = item.checked_sub(chains.hops.len());
        match (chains.hops.get(item), at_act.and_then(|at| chains.actions.get(at))) {
            (Some(shared), _) if whole => draw_hop(&mut text, &shared.hop, &stands(shared), depth),
            (Some(shared), _) => line(&mut text, false, depth, &elsewhere(&shared.hop.index.to_string())),
            (None, Some(act)) if whole => draw_act(&mut text, act, depth),
            (None, Some(act)) => line(&mut text, false, depth, &elsewhere(&format!("action {}", act.index))),
            (None, None) => {}
        }
    }
    text
}

/// What hangs on a hop, and for how much of that it is at fault.
fn stands(shared: &SharedHop) -> String {
    let SharedHop { carries, at_fault, .. } = shared;
    match (*carries, *at_fault) {
        (0, _) => Mark::Skipped.plain("carries none of them"),
        (carries, 0) => Mark::Good.plain(&format!("carries {}", plural(carries, "action"))),
        (carries, fault) => {
            Mark::Bad.plain(&format!("AT FAULT for {fault} of {}", plural(carries, "action")))
        }
    }
}

fn draw_act(text: &mut String, act: &Act, depth: usize) {
    let (mark, word) = match act.outcome {
        Outcome::Authorized => (Mark::Good, "AUTHORIZED"),
        Outcome::NotAuthorized => (Mark::Bad, "NOT AUTHORIZED"),
        Outcome::Indeterminate => (Mark::Missing, "INDETERMINATE"),
    };
    if depth == 0 && act.relies_on.is_empty() && !act.root.is_empty() {
        line(text, true, depth, &act.root);
    }
    let head = format!("└─ {}  action {}  {}  {}", mark.plain(word), act.index, act.at, act.summary);
    line(text, true, depth, &head);
    let more = depth.saturating_add(1);
    // What leads to a hop that is drawn says nothing more than where the action hangs.
    for link in act.relies_on.iter().filter(|link| link.to.is_none() || link.closes_circle) {
        draw_link(text, &crate::chain::Link { findings: Vec::new(), ..link.clone() }, true, more);
    }
    if let Some(broken) = &act.broken_first {
        line(text, true, more, &format!("broken first at the {} {}", broken.what, broken.index));
    }
    let counts = |finding: &&verifier::verdict::Finding| finding.effect != Effect::None;
    let wrong: Vec<_> = act.findings.iter().filter(counts).cloned().collect();
    found(text, true, more, &wrong);
    let mut codes: Vec<&str> =
        act.findings.iter().filter(|finding| !counts(finding)).map(|finding| finding.code).collect();
    codes.dedup();
    if !codes.is_empty() {
        let said = format!("! {}: {}", plural(codes.len() as u64, "warning"), codes.join(", "));
        line(text, true, more, &said);
    }
}

fn next(chains: &Chains) -> String {
    let worst = chains.actions.iter().find(|act| act.outcome == Outcome::NotAuthorized);
    let worst = worst.or_else(|| chains.actions.iter().find(|act| act.outcome != Outcome::Authorized));
    match (&chains.next, worst.or(chains.actions.first())) {
        (Some(next), _) => format!("the same with --page {}", text_line(next)),
        (None, Some(act)) => format!("writ who {}", short(&act.id)),
        (None, None) => String::from("writ lookup, with the same name, for what else belongs to it"),
    }
}
