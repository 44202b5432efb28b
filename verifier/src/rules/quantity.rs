//! Limits: how much an action may be of what a hop hands on, and how many actions a hop may carry.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use schemas::payload::Kind;
use schemas::scope::{Grant, Scope};

use super::limit::Over;
use super::scope::pattern_counts;
use crate::judge::{Act, Case, Edge, Node, Uses};
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

/// A hop carries so many actions as its `use_limit` says, of its delegatee's that name it, by the order of the log.
pub(super) fn uses_exceeded(case: &Case<'_>, node: &Node<'_>) -> Option<Finding> {
    let limit = node.hop.use_limit?;
    if case.request.kind != Kind::Action {
        return None;
    }
    let over = Over::of(case, &Uses::of_hop(case.ground, node), limit)?;
    let finding = Finding::new(SLUG, over.effect(), over.words("a hop", limit)).of(node.record);
    Some(finding.values(format!("at most {limit}"), over.got()))
}

/// What is for so many actions is not handed on for more, nor without a number: nobody could count them.
pub(super) fn uses_handed_on(_: &Case<'_>, edge: &Edge<'_>) -> Option<Finding> {
    let child = edge.child?;
    let limit = edge.parent.hop.use_limit?;
    let above = edge.parent.record.index;
    let (effect, detail, got) = match child.hop.use_limit {
        Some(own) if own <= limit => return None,
        Some(own) => (
            Effect::NotAuthorized,
            format!("the hop at {above} is for {limit} actions; this one hands it on for {own}"),
            own.to_string(),
        ),
        None => (
            Effect::Indeterminate,
            format!("the hop at {above} is for {limit} actions; this one hands it on for uncounted ones"),
            String::from("no limit"),
        ),
    };
    Some(Finding::new(SLUG, effect, detail).of(child.record).values(format!("at most {limit}"), got))
}
