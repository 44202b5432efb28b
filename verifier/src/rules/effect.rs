//! What came of an action, who saw it, and when it was written down.

use alloc::format;
use alloc::string::{String, ToString};

use schemas::kinds::{Action, Enforcement, Outcome, Phase, Ruling};
use schemas::payload::{Body, Kind, Payload, Vantage};
use schemas::term::Term;
use schemas::time::{Index, Time};

use crate::evidence::Record;
use crate::judge::{Case, Cited, Resolution, Ruled, Uses, described, resolve};
use crate::verdict::{Effect, Finding};

/// A permit that was never used, once it cannot be used any more.
pub(super) fn action_unpaired(case: &Case<'_>) -> Option<Finding> {
    let Ruled::By(record, decision) = &case.decision else { return None };
    if case.request.kind != Kind::Decision || decision.ruling != Ruling::Permit {
        return None;
    }
    let fresh = decision.evaluated_at.later(case.profile.freshness);
    let until = decision.valid_until.map_or(fresh, |stated| stated.min(fresh));
    let uses = Uses::of_decision(case.ground, record);
    let unused = uses.covered && uses.records.is_empty() && is_past(case, until);
    unused.then(|| {
        let finding = Finding::new("action-unpaired", Effect::None, "no action is recorded under the permit");
        finding.of(record).values("an action", format!("none by {until}"))
    })
}

/// An attempt of which nobody said what came of it, once that is late.
pub(super) fn outcome_missing(case: &Case<'_>) -> Option<Finding> {
    let action = action_of(case.request.record)?;
    if action.phase != Phase::Attempt {
        return None;
    }
    let until = case.moment.claimed.later(case.profile.lateness?);
    let outcomes =
        Cited::of(case.ground, case.request.record, Kind::Action, &[], |payload| match &payload.body {
            Body::Action(outcome) => outcome.attempt.as_ref(),
            _ => None,
        });
    let missing = outcomes.covered && outcomes.records.is_empty() && is_past(case, until);
    missing.then(|| {
        let detail = "nobody said what came of the attempt";
        let finding = Finding::new("outcome-missing", Effect::None, detail).of(case.request.record);
        finding.values(format!("an outcome by {until}"), "none")
    })
}

/// What undoes something names what it undoes, and that is an action on the same things.
pub(super) fn compensation_unlinked(case: &Case<'_>) -> Option<Finding> {
    let action = action_of(case.request.record)?;
    let found = |detail: String, expected: String, got: String| {
        let finding = Finding::new("compensation-unlinked", Effect::None, detail).of(case.request.record);
        Some(finding.values(expected, got))
    };
    let Some(reference) = &action.compensates else {
        let undoes = action
            .effects
            .iter()
            .find(|effect| matches!(effect.kind.as_str(), "compensation" | "reversal"))?;
        let detail =
            format!("it says that it undoes something ({} of {}), and not what", undoes.kind, undoes.target);
        return found(detail, "the action that it undoes".into(), "none named".into());
    };
    let undone = resolve(case.ground, case.request.tenant, Kind::Action, reference);
    let original = match undone.resolution {
        Resolution::One(record) => action_of(record),
        Resolution::Missing | Resolution::Ambiguous(_) => None,
    };
    let Some(original) = original else {
        return found(
            format!("the action that it undoes, {}, is not in the evidence", undone.name),
            undone.name.clone(),
            String::from("nothing"),
        );
    };
    let touches = |line| original.resources.contains(line);
    if action.resources.iter().any(touches) {
        return None;
    }
    let detail = format!("it touches nothing that {}, which it undoes, touched", undone.name);
    found(detail, lines(original), lines(action))
}

/// Where a hop is enforced at a gateway, a gateway saw the action.
pub(super) fn vantage_gap(case: &Case<'_>) -> Option<Finding> {
    let act = case.request.act.as_ref().filter(|act| act.executed)?;
    let by_gateway = |node: &crate::judge::Node<'_>| node.hop.enforcement == Some(Enforcement::Gateway);
    let hop = case.graph.parents_first().find(|node| by_gateway(node))?;
    let seen = |record: &Record| {
        record.standing.is_ok()
            && record.payload.as_ref().is_some_and(|payload| payload.vantage == Vantage::Boundary)
    };
    let named = case.relied_on();
    let mut relied = named.iter().filter_map(|index| case.evidence.at(*index));
    let of_request = || {
        let request = act.request?;
        let found = case.evidence.find(&Term::Request(case.request.tenant, request)).records;
        found.into_iter().find(|record| case.ground.effort.spend(1) && seen(record))
    };
    (!relied.any(seen) && of_request().is_none()).then(|| {
        let detail = "the chain is enforced at a gateway, and no gateway saw this action";
        let finding = Finding::new("vantage-gap", Effect::None, detail).of(case.request.record);
        finding.values(format!("a statement at boundary, as the hop at {} says", hop.record.index), "none")
    })
}

/// Whoever acts on somebody's behalf has somebody who answers for it.
pub(super) fn owner_missing(case: &Case<'_>) -> Option<Finding> {
    let actor = case.request.actor;
    let stated = described(case.ground, actor, case.moment.claimed)?;
    (stated.owner.is_none() && !stated.principal_type.may_be_root()).then(|| {
        let detail = format!("{actor} is registered, and nobody is named who answers for it");
        let finding = Finding::new("owner-missing", Effect::None, detail).of(case.request.record);
        finding.values("an owner", "none")
    })
}

/// A statement that was logged later than the profile lets one be logged.
pub(super) fn late_recorded(case: &Case<'_>, record: &Record) -> Option<Finding> {
    let most = case.profile.lateness?;
    let claimed = claimed_moment(record)?;
    let late = record.time.since(claimed);
    (late > most).then(|| {
        let detail = format!("logged {late} after the time that it claims for itself");
        Finding::new("late-recorded", Effect::None, detail)
            .of(record)
            .values(format!("within {most}"), late.to_string())
    })
}

/// What an action rests on was there to be seen before it. Whatever was imported came later by its nature.
pub(super) fn recorded_after_effect(case: &Case<'_>, record: &Record) -> Option<Finding> {
    let payload = record.payload.as_ref()?;
    let act = case.request.act.as_ref().filter(|act| act.executed)?;
    let is_own = record.index == case.request.record.index || payload.vantage == Vantage::Imported;
    let is_told_after = matches!(&payload.body, Body::Action(_));
    if is_own || is_told_after || record.time <= case.moment.claimed.later(case.profile.skew) {
        return None;
    }
    let (kind, late) = (payload.kind, record.time.since(case.moment.claimed));
    let detail = format!("the {kind} was logged {late} after `{}`, which rests on it", act.action.name);
    let finding = Finding::new("recorded-after-effect", Effect::None, detail).of(record);
    Some(finding.values(format!("an entry by {}", case.moment.claimed), record.time.to_string()))
}

/// A statement that claims a time before that of a head which its emitter says it had seen.
pub(super) fn backdated(case: &Case<'_>, record: &Record) -> Option<Finding> {
    let claimed = claimed_moment(record)?;
    let seen = record.payload.as_ref()?.seen?.size.checked_sub(1)?;
    let seen_time = case.evidence.at(Index(seen))?.time;
    (seen_time > claimed.later(case.profile.skew)).then(|| {
        let early = seen_time.since(claimed);
        let detail = format!(
            "claims a time {early} before that of the entry {}, which its emitter had seen",
            Index(seen)
        );
        let finding = Finding::new("backdated", Effect::None, detail).of(record);
        finding.values(format!("a time from {seen_time}"), claimed.to_string())
    })
}

/// The moment that a statement claims for its fact (docs/format.md, of each kind).
fn claimed_moment(record: &Record) -> Option<Time> {
    let Payload { at, body, .. } = record.payload.as_ref()?;
    Some(match body {
        Body::Action(Action {
            outcome: Some(Outcome::Completed | Outcome::Failed),
            completed_at: Some(end),
            ..
        }) => *end,
        Body::Action(action) => action.attempted_at,
        Body::Decision(decision) => decision.evaluated_at,
        Body::Approval(approval) => approval.approved_at,
        _ => *at,
    })
}

/// Whether the log has gone on beyond a time.
fn is_past(case: &Case<'_>, time: Time) -> bool {
    case.evidence.head_time().is_some_and(|now| now > time)
}

/// The action that a statement tells of.
pub(super) fn action_of(record: &Record) -> Option<&Action> {
    match &record.payload.as_ref()?.body {
        Body::Action(action) => Some(action),
        _ => None,
    }
}

fn lines(action: &Action) -> String {
    let names: alloc::vec::Vec<&str> = action.resources.iter().map(|line| line.as_str()).collect();
    names.join(", ")
}
