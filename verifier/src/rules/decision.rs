//! The decision: whether there is one, what it says, and whether it is about this very action.

use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::{String, ToString};

use schemas::kinds::{Decision, Digest};
use schemas::payload::Kind;
use schemas::text::{Line, PrincipalId};
use schemas::time::Time;

use super::rulings::usable_until;
use crate::evidence::Record;
use crate::judge::{Act, Case, Link, Resolution, Ruled, is_obligation, linked, may_be_one, resolve};
use crate::verdict::{Effect, Finding};

pub(super) fn decision_missing(case: &Case<'_>) -> Option<Finding> {
    let (detail, got) = match &case.decision {
        Ruled::By(..) | Ruled::NotNeeded => return None,
        Ruled::Missing => (String::from("the action names no decision"), String::from("none")),
        Ruled::Unresolved(link) => match &link.resolution {
            Resolution::Missing => {
                (format!("decision {} is not in the evidence", link.name), String::from("nothing"))
            }
            // Several, or one that cannot be read, are found by their own rules.
            Resolution::Ambiguous(_) | Resolution::One(_) => return None,
        },
    };
    let finding = Finding::new("decision-missing", Effect::Indeterminate, detail).of(case.request.record);
    Some(finding.values("one decision on this action", got))
}

pub(super) fn decision_stale(case: &Case<'_>) -> Option<Finding> {
    decision_expired_at(case, case.moment.claimed)
}

/// Whether the decision was ruled after a moment, or too long before it.
pub(super) fn decision_expired_at(case: &Case<'_>, moment: Time) -> Option<Finding> {
    let Ruled::By(record, decision) = &case.decision else { return None };
    // A decision judged by itself is as fresh as its moment.
    if case.request.kind == Kind::Decision {
        return None;
    }
    let stale = |detail: String, expected: String| {
        let finding = Finding::new("decision-stale", Effect::NotAuthorized, detail).of(record);
        Some(finding.values(expected, moment.to_string()))
    };
    let from = decision.evaluated_at;
    let until = usable_until(case, decision);
    if from > moment.later(case.profile.skew) {
        let late = from.since(moment);
        return stale(format!("ruled {late} after the action"), format!("a moment from {from}"));
    }
    if moment > until {
        let late = moment.since(until);
        return stale(format!("used {late} after it stopped being fresh"), format!("a moment up to {until}"));
    }
    None
}

pub(super) fn decision_mismatch(case: &Case<'_>) -> Option<Finding> {
    let Ruled::By(record, decision) = &case.decision else { return None };
    let act = case.request.act.as_ref().filter(|_| case.request.kind != Kind::Decision)?;
    let (field, expected, got) =
        different_ground(case, record, decision).or_else(|| difference(case, act, decision))?;
    let detail = format!("the decision is about another {field}: {expected}; the action: {got}");
    let finding = Finding::new("decision-mismatch", Effect::NotAuthorized, detail).of(record);
    Some(finding.values(expected, got))
}

/// The first field in which decision and action differ, with both values. What the decision obliges to is another action, on
/// none but the same resources.
fn difference(case: &Case<'_>, act: &Act<'_>, decision: &Decision) -> Option<(&'static str, String, String)> {
    if !linked(case.ground, &case.moment, &decision.actor, case.request.actor) {
        return Some(("actor", decision.actor.to_string(), case.request.actor.to_string()));
    }
    let obliged = is_obligation(decision, &act.action.name);
    if decision.action.name != act.action.name && !obliged {
        return Some(("action", decision.action.name.to_string(), act.action.name.to_string()));
    }
    let ruled: BTreeSet<&Line> = decision.resources.iter().collect();
    let touched: BTreeSet<&Line> = act.resources.iter().collect();
    // A permit for several resources covers fewer; never one that it does not name.
    if let Some(beyond) = touched.difference(&ruled).next() {
        return Some(("resource", names(&ruled), beyond.to_string()));
    }
    if obliged {
        return None;
    }
    match (&decision.request, act.request) {
        (Some(ruled), Some(done)) if ruled != done => {
            return Some(("request", hex(ruled), hex(done)));
        }
        (Some(ruled), None) => {
            return Some(("request", hex(ruled), String::from("not stated")));
        }
        _ => {}
    }
    for (name, ruled) in &decision.quantities {
        let done = act.quantities.get(name);
        if done != Some(ruled) {
            let got = done.map_or_else(|| String::from("not stated"), ToString::to_string);
            return Some(("quantity", format!("{name} {ruled}"), format!("{name} {got}")));
        }
    }
    None
}

/// Whether the decision was ruled in another tenant, on another delegation or for another credential.
fn different_ground(
    case: &Case<'_>,
    record: &Record,
    decision: &Decision,
) -> Option<(&'static str, String, String)> {
    let tenant = record.payload.as_ref().map(|payload| &payload.tenant)?;
    if tenant != case.request.tenant {
        return Some(("tenant", tenant.to_string(), case.request.tenant.to_string()));
    }
    if let (Some(ruled), Some(used)) = (&decision.credential, case.request.credential)
        && ruled != used
    {
        return Some(("credential", ruled.to_string(), used.to_string()));
    }
    let ruled = resolve(case.ground, tenant, Kind::Delegation, decision.delegation.as_ref()?);
    let used = case.request.links.first();
    let place = |link: &Link<'_>| link.resolution.one().map(|record| record.index);
    let same = used.is_some_and(|used| match (place(used), place(&ruled)) {
        (None, None) => used.name == ruled.name,
        (used, ruled) => used == ruled,
    });
    (!same).then(|| {
        let got = used.map_or_else(|| String::from("none"), |used| used.name.clone());
        ("delegation", ruled.name, got)
    })
}

pub(super) fn hex(digest: &Digest) -> String {
    digest.value.0.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn names(lines: &BTreeSet<&Line>) -> String {
    let names: alloc::vec::Vec<&str> = lines.iter().map(|line| line.as_str()).collect();
    names.join(", ")
}

pub(super) fn self_decided(case: &Case<'_>) -> Option<Finding> {
    let actor = case.request.actor;
    let own = |record: &Record, detail: String, got: &PrincipalId| {
        let finding = Finding::new("self-decided", Effect::NotAuthorized, detail).of(record);
        Some(finding.values("another principal", got.to_string()))
    };
    if let Ruled::By(record, decision) = &case.decision {
        let decider = decision.decider.as_ref().unwrap_or(&record.envelope.iss);
        for principal in [decider, &record.envelope.iss] {
            if may_be_one(case.ground, actor, principal) {
                return own(record, format!("{actor} decided on its own request"), principal);
            }
        }
    }
    None
}
