//! A hop by itself: whether anybody permitted it, and what the token by which it was made said of its chain.

use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use schemas::kinds::{Decision, Ruling};
use schemas::payload::{Body, Kind, Payload};
use schemas::scope::Scope;
use schemas::text::PrincipalId;
use schemas::time::Index;

use crate::evidence::Record;
use crate::judge::{Case, Node, linked, may_be_one, resolve};
use crate::verdict::{Effect, Finding};

/// A hop that names a decision on itself rests on it, and each hop needs one where the profile says so (reference C12,
/// items 30 to 32).
pub(super) fn hop_unauthorized(case: &Case<'_>, node: &Node<'_>) -> Option<Finding> {
    let found = |effect, detail: String, got: String| {
        let finding = Finding::new("hop-unauthorized", effect, detail).of(node.record);
        Some(finding.values("a permit on the delegation", got))
    };
    let Some(reference) = &node.hop.decision else {
        let detail =
            format!("the hop names no decision on itself, and profile {} asks for one", case.profile.name);
        return if case.profile.hop_permits {
            found(Effect::Indeterminate, detail, "none".into())
        } else {
            None
        };
    };
    let link = resolve(case.ground, &node.payload.tenant, Kind::Decision, reference);
    let named = link.resolution.one().filter(|record| case.questions(record).open == 0);
    let Some((record, payload, decision)) = named.and_then(decision_of) else {
        let detail = format!("decision {} on the hop is not one that is wholly in the evidence", link.name);
        return found(Effect::Indeterminate, detail, "nothing".into());
    };
    let (ruling, at) = (decision.ruling, decision.evaluated_at);
    match ruling {
        Ruling::Deny => {
            found(Effect::NotAuthorized, format!("the hop was denied at {at}"), ruling.to_string())
        }
        Ruling::Indeterminate => {
            let detail = format!("whether the hop was allowed could not be decided at {at}");
            found(Effect::Indeterminate, detail, ruling.to_string())
        }
        Ruling::Permit => {
            let fault = unsound(case, record)
                .or_else(|| elsewhere(case, node, record, payload, decision))
                .or_else(|| untimely(case, node, record, decision))?;
            found(
                Effect::NotAuthorized,
                format!("the permit at {} is not one on this hop: {fault}", record.index),
                fault,
            )
        }
    }
}

fn decision_of(record: &Record) -> Option<(&Record, &Payload, &Decision)> {
    let payload = record.payload.as_ref()?;
    match &payload.body {
        Body::Decision(decision) => Some((record, payload, decision)),
        _ => None,
    }
}

/// Why a permit counts for nothing.
fn unsound(case: &Case<'_>, record: &Record) -> Option<String> {
    let registry = case.evidence.registry();
    match &record.standing {
        Err(error) => Some(error.to_string()),
        Ok(assurance) if *assurance < case.profile.assurance => {
            Some(format!("it is only {}", assurance.as_str()))
        }
        Ok(_) => registry
            .compromised_behind(&record.envelope.kid, record.index, record.time)
            .map(|found| format!("key {} behind it was reported compromised", found.kid)),
    }
}

/// Whether a permit is about another tenant, other people or other things than the hop: it is by somebody else than both
/// sides, on a request of one of them, and names the delegatee, or what is held elsewhere, or is of the very event that the
/// hop was read from.
fn elsewhere(
    case: &Case<'_>,
    node: &Node<'_>,
    record: &Record,
    payload: &Payload,
    decision: &Decision,
) -> Option<String> {
    let (ground, hop) = (case.ground, node.hop);
    let sides = [&hop.delegator, &hop.delegatee];
    if payload.tenant != node.payload.tenant {
        return Some(format!("it was ruled in tenant {}", payload.tenant));
    }
    if !sides.iter().any(|side| linked(ground, &case.moment, side, &decision.actor)) {
        return Some(format!("it was {} that asked", decision.actor));
    }
    let deciders = [decision.decider.as_ref().unwrap_or(&record.envelope.iss), &record.envelope.iss];
    if let Some(own) = deciders.into_iter().find(|own| sides.iter().any(|side| may_be_one(ground, side, own)))
    {
        return Some(format!("{own} decided for itself"));
    }
    let held = match &hop.scope {
        Some(Scope::External(external)) => Some(external.reference.as_str()),
        _ => None,
    };
    let is_named = decision
        .resources
        .iter()
        .any(|resource| resource.as_str() == hop.delegatee.as_str() || Some(resource.as_str()) == held);
    let event = |of: &Payload| of.source.as_ref().map(|source| (source.format.clone(), source.id.clone()));
    let same_event = event(payload).is_some_and(|own| event(node.payload) == Some(own));
    let spent = !ground.effort.spend(decision.resources.len());
    (spent || !(is_named || same_event)).then(|| format!("{} is not among its resources", hop.delegatee))
}

/// Whether a permit was ruled after the hop was made, or too long before, or was logged too late to tell.
fn untimely(case: &Case<'_>, node: &Node<'_>, record: &Record, decision: &Decision) -> Option<String> {
    let made = node.payload.at;
    let from = decision.evaluated_at;
    let fresh_until = from.later(case.profile.freshness);
    let until = decision.valid_until.map_or(fresh_until, |stated| stated.min(fresh_until));
    if from > made.later(case.profile.skew) {
        return Some(format!("it was ruled {} after the hop was made", from.since(made)));
    }
    if !case.moment.lets_stand(case.ground, record, from) {
        return Some(format!("it was logged {} after the time that it claims", record.time.since(from)));
    }
    (made > until)
        .then(|| format!("it had stopped being fresh {} before the hop was made", made.since(until)))
}

/// What a token said of its chain, against the recorded hops. Only its outermost actor is for deciding on, the others are
/// informational (RFC 8693 §4.1), so this changes nothing by itself (reference C15).
pub(super) fn presented_chain_differs(case: &Case<'_>, node: &Node<'_>) -> Option<Finding> {
    let presented = node.hop.presented.as_ref()?;
    let root_first: Vec<&PrincipalId> = presented.chain.iter().collect();
    // Whoever recorded it may have kept the order of a token that lists the newest first.
    let kept = presented.source_order.as_str() == "newest-first";
    let as_listed: Vec<&PrincipalId> = root_first.iter().rev().copied().collect();
    let is_recorded = |chain: &[&PrincipalId]| is_recorded(case, node, chain, presented.truncated);
    if is_recorded(&root_first) || (kept && is_recorded(&as_listed)) || case.ground.effort.is_spent() {
        return None;
    }
    let detail = "the chain that the token presented is not that of the recorded hops";
    let got: Vec<&str> = root_first.iter().map(|principal| principal.as_str()).collect();
    let part =
        if presented.truncated { "the last part of a recorded way" } else { "a recorded way from its root" };
    let finding = Finding::new("presented-chain-differs", Effect::None, detail).of(node.record);
    Some(finding.values(format!("{part} to {}", node.hop.delegatee), got.join(" → ")))
}

/// Whether some recorded way to the hop reads as the chain does. The token is the one that the delegatee was given, or the one
/// that the delegator presented; of a truncated chain the beginning is missing.
fn is_recorded(case: &Case<'_>, node: &Node<'_>, chain: &[&PrincipalId], truncated: bool) -> bool {
    let Some((last, before)) = chain.split_last() else { return truncated };
    (are_same(case, &node.hop.delegatee, last) && reads_as(case, node, before, truncated))
        || reads_as(case, node, chain, truncated)
}

/// Whether the delegators of some way to the hop, root first, are these. By reachability: one set of hops for each name.
fn reads_as(case: &Case<'_>, node: &Node<'_>, delegators: &[&PrincipalId], truncated: bool) -> bool {
    let mut hops: BTreeSet<Index> = [node.record.index].into();
    let mut is_at_root = false;
    for name in delegators.iter().rev() {
        let mut at: Vec<&Node<'_>> = hops
            .iter()
            .filter_map(|index| case.graph.node(*index))
            .filter(|hop| are_same(case, &hop.hop.delegator, name))
            .collect();
        if at.is_empty() {
            return false;
        }
        is_at_root = false;
        hops = BTreeSet::new();
        // A session of one's own is a hop that no token lists.
        let mut seen: BTreeSet<Index> = BTreeSet::new();
        while let Some(hop) = at.pop() {
            if !case.ground.effort.spend(1) || !seen.insert(hop.record.index) {
                continue;
            }
            is_at_root |= hop.links.is_empty();
            for parent in hop.parents().filter_map(|index| case.graph.node(index)) {
                hops.insert(parent.record.index);
                if parent.hop.delegator == parent.hop.delegatee {
                    at.push(parent);
                }
            }
        }
    }
    truncated || is_at_root
}

fn are_same(case: &Case<'_>, recorded: &PrincipalId, presented: &PrincipalId) -> bool {
    case.ground.effort.spend(1) && linked(case.ground, &case.moment, recorded, presented)
}
