//! The answer for people: what came of it and where it broke first, then every hop as a tree from the roots, then its ground.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use verifier::verdict::{Effect, Finding, Outcome};

use super::arranged::{Item, Step, arranged};
use super::{Chain, Hop, Link, RootStayed};
use crate::mark::Mark;
use crate::text::{finding, ground, line as text_line, row, short};

impl fmt::Display for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&headline(self))?;
        f.write_str("\n")?;
        f.write_str(&Tree::of(self).draw())?;
        f.write_str("\n")?;
        f.write_str(&ground(&self.as_of, &self.trust, &self.profile, self.absence))?;
        let id = short(&self.subject.id);
        writeln!(f, "Next: writ who {id}     writ export {id} --format dot")
    }
}

fn headline(chain: &Chain) -> String {
    let (mark, word) = match chain.outcome {
        Outcome::Authorized => (Mark::Good, "AUTHORIZED"),
        Outcome::NotAuthorized => (Mark::Bad, "NOT AUTHORIZED"),
        Outcome::Indeterminate => (Mark::Missing, "INDETERMINATE"),
    };
    let summary = text_line(&chain.summary);
    let mut text =
        format!("{}  {} {}  {summary}\n", mark.plain(word), chain.subject.kind, chain.subject.index);
    let root = if chain.root.is_empty() { "nobody that is known" } else { &chain.root };
    let stayed = match chain.root_stayed {
        RootStayed::Same => "the same all along",
        RootStayed::Changed => "CHANGED on the way",
        RootStayed::Unknown => "not known to have stayed the same",
    };
    row(&mut text, "Root", &format!("{root}, {stayed}"));
    let broken = match &chain.broken_first {
        None => String::from("no link is broken"),
        Some(broken) => {
            format!("first at the {} {}: {}: {}", broken.what, broken.index, broken.code, broken.detail)
        }
    };
    row(&mut text, "Broken", &broken);
    let way = chain.hops.iter().filter(|hop| hop.on_way).count();
    let cut = if chain.truncated { ", AND MORE that are not shown" } else { "" };
    let says = if chain.outcome == Outcome::Authorized { "carries it" } else { "comes nearest" };
    let hops = match chain.count {
        0 => String::from("none: whoever acted is the root"),
        1 => format!("1 hop{cut}; {way} on the way that {says}, marked *"),
        count => format!("{count} hops{cut}; {way} on the way that {says}, marked *"),
    };
    let hops =
        if chain.count == 0 && !chain.relies_on.is_empty() { "none that is there".into() } else { hops };
    row(&mut text, "Hops", &hops);
    text
}

/// The hops by what they rely on.
struct Tree<'c> {
    chain: &'c Chain,
    items: Vec<Item<'c>>,
}

impl<'c> Tree<'c> {
    fn of(chain: &'c Chain) -> Self {
        let hop =
            |hop: &'c Hop| Item { at: hop.index, is_hop: true, on_way: hop.on_way, links: &hop.relies_on };
        let subject = Item { at: chain.subject.index, is_hop: false, on_way: true, links: &chain.relies_on };
        Self { chain, items: chain.hops.iter().map(hop).chain([subject]).collect() }
    }

    fn draw(&self) -> String {
        let mut text = String::new();
        if self.chain.relies_on.is_empty() && !self.chain.root.is_empty() {
            line(&mut text, true, 0, &self.chain.root);
        }
        for Step { item, depth, whole } in arranged(&self.items) {
            match (self.chain.hops.get(item), whole) {
                (hop, false) => self.name(&mut text, hop, depth),
                (None, true) => self.subject(&mut text, depth),
                (Some(hop), true) => self.hop(&mut text, hop, depth),
            }
        }
        text
    }

    fn hop(&self, text: &mut String, hop: &Hop, depth: usize) {
        let every = hop.findings.iter().chain(hop.relies_on.iter().flat_map(|link| &link.findings));
        draw_hop(text, hop, &self.standing(every), depth);
    }

    fn subject(&self, text: &mut String, depth: usize) {
        let chain = self.chain;
        let head = format!("└─ {} {}  {}", chain.subject.kind, chain.subject.index, chain.summary);
        line(text, true, depth, &head);
        let more = depth.saturating_add(1);
        let in_tree = |link: &&Link| link.to.is_some() && !link.closes_circle;
        for link in &chain.relies_on {
            if in_tree(&link) {
                found(text, true, more, &link.findings);
            } else {
                draw_link(text, link, true, more);
            }
        }
        for beside in &chain.beside {
            let relied = &beside.relied;
            let what = match (&beside.says, relied.index) {
                (Some(says), Some(index)) => format!("{says}, {index}"),
                _ => format!("{} {}: MISSING", relied.kind, relied.name),
            };
            let by = relied.named_by.map(|by| format!(", named by the {by}")).unwrap_or_default();
            line(text, true, more, &format!("relies on {what}{by}"));
        }
        found(text, true, more, &chain.findings);
    }

    /// What is drawn elsewhere.
    fn name(&self, text: &mut String, hop: Option<&Hop>, depth: usize) {
        let what = match hop {
            Some(hop) => format!("{}", hop.index),
            None => format!("{} {}", self.chain.subject.kind, self.chain.subject.index),
        };
        line(text, false, depth, &elsewhere(&what));
    }

    fn standing<'f>(&self, findings: impl Iterator<Item = &'f Finding>) -> String {
        let is_pinned = self.chain.trust.pinned || self.chain.is_servers;
        let (mark, word) = match findings.map(|finding| finding.effect).min() {
            Some(Effect::NotAuthorized) => (Mark::Bad, "BROKEN"),
            Some(Effect::Indeterminate) => (Mark::Missing, "UNKNOWN"),
            _ if !is_pinned => (Mark::Warning, "CONSISTENT"),
            Some(Effect::None) => (Mark::Warning, "VALID, with a warning"),
            None => (Mark::Good, "VALID"),
        };
        mark.plain(word)
    }
}

/// A hop as several lines, with how it stands.
pub(crate) fn draw_hop(text: &mut String, hop: &Hop, stands: &str, depth: usize) {
    let way = hop.on_way;
    if depth == 0 {
        let missing = hop.relies_on.iter().any(|link| link.to.is_none());
        let said = if missing { "  (what gave it authority is MISSING)" } else { "" };
        line(text, way, 0, &format!("{}{said}", hop.delegator));
    }
    let head = format!("└─ {} → {}  {stands}, {}", hop.index, hop.delegatee, hop.assurance);
    line(text, way, depth, &head);
    let more = depth.saturating_add(1);
    let until = hop.expires.map_or_else(|| "for good".into(), |expires| format!("until {expires}"));
    let from = hop.not_before.map(|from| format!("from {from} ")).unwrap_or_default();
    line(text, way, more, &format!("given {}, {from}{until}; scope {}", hop.at, hop.scope));
    for link in &hop.relies_on {
        draw_link(text, link, way, more);
    }
    let carried = [("credential", &hop.credential), ("decision", &hop.decision), ("approval", &hop.approval)];
    let carried: Vec<String> =
        carried.iter().filter_map(|(name, value)| Some(format!("{name} {}", value.as_ref()?))).collect();
    if !carried.is_empty() {
        line(text, way, more, &format!("by {}", carried.join(", ")));
    }
    if let Some(agent) = &hop.agent {
        let parts = [("instance", &agent.instance), ("version", &agent.version), ("owner", &agent.owner)];
        let parts: String =
            parts.iter().filter_map(|(name, value)| Some(format!(", {name} {}", value.as_ref()?))).collect();
        line(text, way, more, &format!("{} is of type {}{parts}", hop.delegatee, agent.principal_type));
    }
    found(text, way, more, &hop.findings);
}

/// What a hop relies on: where there are several, each by name; what it narrows; what is wrong with it.
pub(crate) fn draw_link(text: &mut String, link: &Link, way: bool, depth: usize) {
    let name = match (link.to, link.candidates) {
        (Some(to), _) if link.closes_circle => format!("{to}, which relies on it: A CIRCLE"),
        (Some(to), _) => format!("{to}"),
        (None, 0) => format!("{}: MISSING", link.name),
        (None, several) => format!("{}: one of {several}, AMBIGUOUS", link.name),
    };
    let via = if link.via == "statement" { String::new() } else { format!(" by {}", link.via) };
    let scope = link.scope.as_ref().map_or_else(String::new, |scope| {
        let parts = [("adds ", &scope.added), ("drops ", &scope.dropped), ("narrows ", &scope.narrowed)];
        let parts: Vec<String> = parts
            .iter()
            .filter(|(_, lines)| !lines.is_empty())
            .map(|(name, lines)| format!("{name}{}", lines.join("; ")))
            .collect();
        if scope.same { String::from("; the same scope") } else { format!("; {}", parts.join("; ")) }
    });
    line(text, way, depth, &format!("rests on {name}{via}{scope}"));
    found(text, way, depth, &link.findings);
}

/// A line in the place of what is drawn elsewhere.
pub(crate) fn elsewhere(what: &str) -> String {
    format!("└─ joins {what}, which is drawn elsewhere")
}

/// A line of the tree; `*` marks what is on the way that is cited.
pub(crate) fn line(text: &mut String, on_way: bool, depth: usize, what: &str) {
    let sign = if on_way { '*' } else { ' ' };
    text.push_str(&format!("{sign} {}{}\n", "   ".repeat(depth), text_line(what)));
}

pub(crate) fn found(text: &mut String, on_way: bool, depth: usize, findings: &[Finding]) {
    for one in findings {
        line(text, on_way, depth, finding(one).trim_end());
    }
}
