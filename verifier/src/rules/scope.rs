//! Scope: what each hop hands on, against its parent and against the action.

use alloc::format;
use alloc::string::{String, ToString};

use schemas::kinds::Ruling;
use schemas::payload::Vantage;
use schemas::scope::{External, Grant, Scope};

use crate::judge::{Act, Case, Edge, Node, Ruled};
use crate::verdict::{Effect, Finding};

pub(super) fn scope_missing(_: &Case<'_>, node: &Node<'_>) -> Option<Finding> {
    let empty = match &node.hop.scope {
        None => true,
        Some(Scope::Grants(grants)) => grants.is_empty(),
        Some(Scope::External(_)) => false,
    };
    empty.then(|| {
        let detail = "the hop states no scope: it hands on nothing";
        Finding::new("scope-missing", Effect::NotAuthorized, detail)
            .of(node.record)
            .values("at least one grant", "none")
    })
}

pub(super) fn scope_escalated(case: &Case<'_>, edge: &Edge<'_>) -> Option<Finding> {
    let child = edge.child?;
    let (ours, theirs) = (child.hop.scope.as_ref()?, edge.parent.hop.scope.as_ref()?);
    let [(our_actions, our_resources), (their_actions, their_resources)] = [ours, theirs].map(pattern_counts);
    let actions = our_actions.saturating_mul(their_actions);
    if !case.ground.effort.spend(actions.saturating_add(our_resources.saturating_mul(their_resources))) {
        return None;
    }
    let wider = ours.within(theirs).err()?;
    let detail = format!("`{wider}` is within no grant of the hop at {}", edge.parent.record.index);
    let finding = Finding::new("scope-escalated", Effect::NotAuthorized, detail).of(child.record);
    Some(finding.values(theirs.to_string(), wider.to_string()))
}

/// How many patterns over actions and over resources a scope has.
pub(super) fn pattern_counts(scope: &Scope) -> (usize, usize) {
    let Scope::Grants(grants) = scope else { return (0, 0) };
    let count = |of: fn(&Grant) -> usize| grants.iter().map(of).fold(0_usize, usize::saturating_add);
    (
        count(|grant| grant.actions.len().saturating_add(1)),
        count(|grant| grant.resources.len().saturating_add(1)),
    )
}

pub(super) fn scope_exceeded(case: &Case<'_>, node: &Node<'_>) -> Option<Finding> {
    let act = case.request.act.as_ref()?;
    let scope = node.hop.scope.as_ref()?;
    let (actions, resources) = pattern_counts(scope);
    let steps = actions.saturating_add(resources).saturating_mul(act.resources.len().max(1));
    if !case.ground.effort.spend(steps) {
        return None;
    }
    match scope {
        Scope::Grants(grants) => outside_grants(act, node, grants),
        Scope::External(external) => without_permit(case, node, external),
    }
}

fn outside_grants(act: &Act<'_>, node: &Node<'_>, grants: &[Grant]) -> Option<Finding> {
    let exceeded = |detail: String, got: String| {
        let expected = node.hop.scope.as_ref().map(ToString::to_string).unwrap_or_default();
        let finding = Finding::new("scope-exceeded", Effect::NotAuthorized, detail).of(node.record);
        Some(finding.values(expected, got))
    };
    let name = act.action.name.as_str();
    if act.resources.is_empty() {
        let detail = format!("`{name}` names no resource, so none is shown to be in scope");
        return exceeded(detail, "no resource".into());
    }
    for resource in act.resources {
        if !grants.iter().any(|grant| grant.covers(name, core::slice::from_ref(resource))) {
            let detail = format!("`{name}` on `{resource}` is outside the hop's scope");
            return exceeded(detail, format!("{name} on {resource}"));
        }
    }
    None
}

/// Authority that was not seen passes only with a permit from where it is held.
fn without_permit(case: &Case<'_>, node: &Node<'_>, external: &External) -> Option<Finding> {
    let got = match &case.decision {
        Ruled::By(record, decision) => {
            let vantage = record.payload.as_ref().map(|payload| payload.vantage);
            let decider = decision.decider.as_ref().unwrap_or(&record.envelope.iss);
            let from_there = decider.as_str() == external.system.as_str();
            let seen_there = vantage == Some(Vantage::Authority)
                || (vantage == Some(Vantage::Imported) && case.profile.imported_permits);
            // A denial from there is found by its own rule.
            let is_ruled = case.decision.is_permit() || decision.ruling == Ruling::Deny;
            if from_there && seen_there && record.standing.is_ok() && is_ruled {
                return None;
            }
            format!(
                "{} by {decider}, vantage {}",
                decision.ruling,
                vantage.map_or("unknown", Vantage::as_str)
            )
        }
        _ => String::from("no decision"),
    };
    let detail =
        format!("the hop's authority is held in {} and was not seen there for this request", external.system);
    let finding = Finding::new("scope-exceeded", Effect::Indeterminate, detail).of(node.record);
    Some(finding.values(format!("a fresh permit by {}", external.system), got))
}
