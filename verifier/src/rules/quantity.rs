//! Limits: how much an action may be of what a hop hands on, and how many actions a hop may carry.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use schemas::scope::{Grant, Scope};

use super::limit::Over;
use super::scope::pattern_counts;
use crate::judge::{Act, Case, Edge, HandedOn, Link, Node, Uses};
use crate::verdict::{Effect, Finding};

const SLUG: &str = "limit-exceeded";

/// The quantities that the action states, against the limits of the grants that cover it.
pub(super) fn quantity_exceeded(case: &Case<'_>, node: &Node<'_>) -> Option<Finding> {
    let act = case.request.act.as_ref()?;
    let scope = node.hop.scope.as_ref()?;
    let Scope::Grants(grants) = scope else { return None };
    let (actions, resources) = pattern_counts(scope);
    let steps = actions.saturating_add(resources).saturating_mul(act.resources.len().max(1));
    if !case.ground.effort.spend(steps) {
        return None;
    }
    let name = act.action.name.as_str();
    for resource in act.resources {
        let covers = |grant: &&Grant| grant.covers(name, core::slice::from_ref(resource));
        let kept: Vec<Option<bool>> =
            grants.iter().filter(covers).map(|grant| limits_hold(act, grant)).collect();
        // What no grant covers is outside the scope: another rule's.
        if kept.is_empty() || kept.contains(&Some(true)) {
            continue;
        }
        // Every covering grant has a limit that the action breaks, or that it says nothing about.
        let (effect, word) = if kept.contains(&None) {
            (Effect::Indeterminate, "does not state every quantity that the scope limits")
        } else {
            (Effect::NotAuthorized, "breaks the scope's limits")
        };
        let finding = Finding::new(SLUG, effect, format!("`{name}` on `{resource}` {word}")).of(node.record);
        return Some(finding.values(scope.to_string(), quantities(act)));
    }
    None
}

/// Whether the action keeps every limit of the grant; nothing where it does not say.
pub(super) fn limits_hold(act: &Act<'_>, grant: &Grant) -> Option<bool> {
    let mut stated = true;
    for (name, limit) in grant.limits.iter() {
        match act.quantities.get(name) {
            Some(value) if !limit.holds(value) => return Some(false),
            Some(_) => {}
            None => stated = false,
        }
    }
    stated.then_some(true)
}

fn quantities(act: &Act<'_>) -> String {
    let stated: Vec<String> = act.quantities.iter().map(|(name, value)| format!("{name} {value}")).collect();
    if stated.is_empty() { String::from("no quantities") } else { stated.join(", ") }
}

/// A hop carries so many actions as its `use_limit` says, of its delegatee's that name it, by the order of the log; what the
/// delegatee handed on before counts as used. A permit for one action more is none either. An action by a hop below is held against what that one was given.
pub(super) fn uses_exceeded(case: &Case<'_>, node: &Node<'_>) -> Option<Finding> {
    let limit = node.hop.use_limit?;
    let at = node.record.index;
    let names_it = |link: &Link<'_>| link.resolution.one().is_some_and(|record| record.index == at);
    if !case.request.uses || !case.request.links.iter().any(names_it) {
        return None;
    }
    let handed_on = HandedOn::before(case.ground, node, case.request.begun);
    let left = limit.saturating_sub(handed_on.limit);
    let over = Over::of(case, &Uses::of_hop(case.ground, node), left);
    let over = over.or((!handed_on.is_known).then_some(Over::Unknown))?;
    let what = match handed_on.limit {
        0 => String::from("a hop"),
        handed_on => format!("a hop of which {handed_on} were handed on"),
    };
    let finding = Finding::new(SLUG, over.effect(), over.words(&what, limit)).of(node.record);
    Some(finding.values(format!("at most {left}"), over.got()))
}

/// What is for so many actions is not handed on for more than are left of them, nor without a number: nobody could count them.
pub(super) fn uses_handed_on(case: &Case<'_>, edge: &Edge<'_>) -> Option<Finding> {
    let child = edge.child?;
    let limit = edge.parent.hop.use_limit?;
    let (above, at) = (edge.parent.record.index, child.record.index);
    let found = |effect, detail: String, left: u64, got: String| {
        let finding = Finding::new(SLUG, effect, detail).of(child.record);
        Some(finding.values(format!("at most {left}"), got))
    };
    let Some(own) = child.hop.use_limit else {
        let detail =
            format!("the hop at {above} is for {limit} actions; this one hands it on for uncounted ones");
        return found(Effect::Indeterminate, detail, limit, "no limit".into());
    };
    let uses = Uses::of_hop(case.ground, edge.parent);
    let handed_on = HandedOn::before(case.ground, edge.parent, at);
    let gone = uses.before(at).saturating_add(handed_on.limit);
    let left = limit.saturating_sub(gone);
    if own > left {
        let detail = format!(
            "the hop at {above} is for {limit} actions, of which {left} were left; this one hands it on for {own}"
        );
        return found(Effect::NotAuthorized, detail, left, own.to_string());
    }
    if uses.covered && handed_on.is_known {
        return None;
    }
    let detail =
        format!("how many of the {limit} actions of the hop at {above} were left is not in the evidence");
    found(Effect::Indeterminate, detail, left, own.to_string())
}
