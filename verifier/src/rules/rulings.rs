//! What was ruled: on this request, by whoever ruled on it, and what was done all the same.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use schemas::kinds::{Decision, Ruling};
use schemas::payload::Body;
use schemas::term::Term;
use schemas::text::PrincipalId;
use schemas::time::Time;

use crate::evidence::Record;
use crate::judge::{Case, Ruled, may_be_one};
use crate::verdict::{Effect, Finding};

pub(super) fn decision_deny(case: &Case<'_>) -> Option<Finding> {
    const SLUG: &str = "decision-deny";
    let (record, decision) = case.decision.decided()?;
    let reason =
        decision.reason.as_ref().map_or_else(|| String::from("no reason given"), ToString::to_string);
    let ruled = |effect, record: &Record, decision: &Decision| {
        let decider = decider(record, decision);
        let detail = format!("{decider} ruled {} at {}: {reason}", decision.ruling, decision.evaluated_at);
        Some(Finding::new(SLUG, effect, detail).of(record).values("permit", decision.ruling.as_str()))
    };
    match decision.ruling {
        Ruling::Deny => ruled(Effect::NotAuthorized, record, decision),
        Ruling::Indeterminate => ruled(Effect::Indeterminate, record, decision),
        Ruling::Permit => {
            // A deny of this very request, ruled no earlier than the permit and no later than the moment.
            let in_time = |other: &Decision| {
                decision.evaluated_at <= other.evaluated_at && other.evaluated_at <= case.moment.to
            };
            let mut others = rulings(case).into_iter();
            let (record, later) = others.find(|(_, other)| other.ruling == Ruling::Deny && in_time(other))?;
            ruled(Effect::NotAuthorized, record, later)
        }
    }
}

/// Two deciders ruled differently on one request, and both rulings may be used at the moment (rule D14). Which of them holds,
/// the evidence does not say; where the deny is the newer one, it counts by itself.
pub(super) fn decisions_conflict(case: &Case<'_>) -> Option<Finding> {
    let (record, permit) = case.decision.decided()?;
    let moment = case.moment.claimed;
    let stands =
        |ruling: &Decision| ruling.evaluated_at <= case.moment.to && moment <= usable_until(case, ruling);
    let by = decider(record, permit);
    let conflict = rulings(case).into_iter().find(|(other, deny)| {
        deny.ruling == Ruling::Deny && stands(deny) && !may_be_one(case.ground, by, decider(other, deny))
    });
    let (other, deny) = conflict.filter(|_| permit.ruling == Ruling::Permit && stands(permit))?;
    let against = decider(other, deny);
    let detail = format!(
        "{by} permits the request at {} ({}), {against} denies it at {} ({}), and both stand",
        permit.evaluated_at, record.index, deny.evaluated_at, other.index
    );
    let finding = Finding::new("decisions-conflict", Effect::Indeterminate, detail).of(other);
    Some(finding.values(format!("one ruling; permit by {by}"), format!("deny by {against}")))
}

pub(super) fn denied_but_executed(case: &Case<'_>) -> Option<Finding> {
    let Ruled::By(record, decision) = &case.decision else { return None };
    let executed = case.request.act.as_ref().is_some_and(|act| act.executed);
    (executed && decision.ruling != Ruling::Permit).then(|| {
        let (ruling, at) = (decision.ruling, decision.evaluated_at);
        let detail = format!("ruled {ruling} at {at} ({}), and carried out all the same", record.index);
        let finding =
            Finding::new("denied-but-executed", Effect::NotAuthorized, detail).of(case.request.record);
        finding.values("permit", decision.ruling.as_str())
    })
}

/// Every sound decision on this very request by this actor.
pub(super) fn rulings<'e>(case: &Case<'e>) -> Vec<(&'e Record, &'e Decision)> {
    let ruled = case.decision.decided().and_then(|(_, decision)| decision.request.as_ref());
    let Some(request) = case.request.act.as_ref().and_then(|act| act.request.or(ruled)) else {
        return Vec::new();
    };
    let found = case.evidence.find(&Term::Request(case.request.tenant, request)).records;
    let sound = found.into_iter().filter(|record| case.ground.effort.spend(1) && record.standing.is_ok());
    let on_it = sound.filter_map(|record| {
        let payload = record.payload.as_ref().filter(|payload| payload.tenant == *case.request.tenant)?;
        match &payload.body {
            Body::Decision(ruling)
                if ruling.request.as_ref() == Some(request)
                    && may_be_one(case.ground, &ruling.actor, case.request.actor) =>
            {
                Some((record, ruling))
            }
            _ => None,
        }
    });
    on_it.collect()
}

/// Who decided.
pub(super) fn decider<'e>(record: &'e Record, decision: &'e Decision) -> &'e PrincipalId {
    decision.decider.as_ref().unwrap_or(&record.envelope.iss)
}

/// Until when a ruling may be used: as long as rulings are fresh, unless it says less.
pub(super) fn usable_until(case: &Case<'_>, decision: &Decision) -> Time {
    case.profile.usable_until(decision)
}
