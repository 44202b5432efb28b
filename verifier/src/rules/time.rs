//! Time: whether hops were valid at the moment, and what the moment rests on. Boundaries are inclusive.

use alloc::format;
use alloc::string::{String, ToString};

use schemas::payload::Vantage;
use schemas::time::Time;

use super::decision::{decision_expired_at, decision_stale};
use super::withdrawal::{hop_withdrawn_at, request_withdrawn_at};
use crate::evidence::Record;
use crate::judge::{Case, Node, Ruled, Withdrawal, Withdrawn};
use crate::verdict::{Effect, Finding};

pub(super) fn hop_expired(case: &Case<'_>, node: &Node<'_>) -> Option<Finding> {
    expired_at(node, case.moment.claimed)
}

pub(super) fn hop_not_yet_valid(case: &Case<'_>, node: &Node<'_>) -> Option<Finding> {
    not_yet_valid_at(case, node, case.moment.claimed)
}

fn expired_at(node: &Node<'_>, moment: Time) -> Option<Finding> {
    let expires = node.hop.expires.filter(|expires| *expires < moment)?;
    let detail = format!("the hop expired {} before the moment", moment.since(expires));
    let finding = Finding::new("hop-expired", Effect::NotAuthorized, detail).of(node.record);
    Some(finding.values(format!("a moment up to {expires}"), moment.to_string()))
}

/// Nobody hands on authority for what is past: a hop counts from when it was made, and from `not_before` where that is later.
fn not_yet_valid_at(case: &Case<'_>, node: &Node<'_>, moment: Time) -> Option<Finding> {
    let too_early = |from: Time, how: &str| {
        let detail = format!("the hop {how} {} after the moment", from.since(moment));
        let finding = Finding::new("hop-not-yet-valid", Effect::NotAuthorized, detail).of(node.record);
        Some(finding.values(format!("a moment from {from}"), moment.to_string()))
    };
    match node.hop.not_before.filter(|not_before| moment < *not_before) {
        Some(not_before) => too_early(not_before, "became valid"),
        None if moment.later(case.profile.skew) < node.payload.at => too_early(node.payload.at, "was made"),
        None => None,
    }
}

pub(super) fn hop_moment_unproved(case: &Case<'_>, node: &Node<'_>) -> Option<Finding> {
    let fails = |moment| {
        expired_at(node, moment)
            .or_else(|| not_yet_valid_at(case, node, moment))
            .or_else(|| hop_withdrawn_at(case, node, moment))
    };
    // What fails at the claimed moment already is found by its own rule.
    if fails(case.moment.claimed).is_some() {
        return None;
    }
    if let Some(failing) = case.moment.ends().find_map(fails) {
        return Some(over_interval(failing).of(node.record));
    }
    if !case.moment.lets_stand(case.ground, node.record, node.payload.at) {
        return Some(logged_late(node.record, node.payload.at));
    }
    claimed_earlier_than(case, case.withdrawn_of(node)?)
}

pub(super) fn request_moment_unproved(case: &Case<'_>) -> Option<Finding> {
    let fails = |moment| request_withdrawn_at(case, moment).or_else(|| decision_expired_at(case, moment));
    if request_withdrawn_at(case, case.moment.claimed).is_none()
        && decision_stale(case).is_none()
        && let Some(failing) = case.moment.ends().find_map(fails)
    {
        return Some(over_interval(failing).of(case.request.record));
    }
    if let Ruled::By(record, decision) = &case.decision
        && !case.moment.lets_stand(case.ground, record, decision.evaluated_at)
    {
        return Some(logged_late(record, decision.evaluated_at));
    }
    claimed_earlier_than(case, &case.withdrawn)
}

fn over_interval(failing: Finding) -> Finding {
    let detail = format!("the moment is not proved, and over the time that it may be in: {}", failing.detail);
    unproved(detail, failing.expected, failing.got)
}

/// A statement that was logged after the moment and says that it is from before: too late for its word alone.
fn logged_late(record: &Record, claimed: Time) -> Finding {
    let late = record.time.since(claimed);
    let detail = format!("logged after the moment, {late} after the time that it claims for itself");
    unproved(detail, "logged before the moment, or soon after its own time", format!("{late} later"))
        .of(record)
}

/// A withdrawal that was logged before the subject, effective only after the moment that the subject claims, where nobody
/// but the subject's own signer says so.
fn claimed_earlier_than(case: &Case<'_>, withdrawn: &Withdrawn<'_>) -> Option<Finding> {
    let record = case.request.record;
    let after_moment = |withdrawal: &Withdrawal<'_>| {
        let (said, _) = withdrawal.by?;
        let is_after = said.index < record.index
            && withdrawal.effective > case.moment.to
            && withdrawal.holds_at(withdrawal.effective);
        is_after.then_some(said.index)
    };
    let found = withdrawn.counting.iter().find_map(after_moment)?;
    if seen_by_second_key(case) {
        return None;
    }
    let detail = format!(
        "a withdrawal was logged at {found} before the subject, whose claim to be earlier rests on its own signer alone"
    );
    let expected = "a second entitled key at authority or boundary";
    Some(unproved(detail, expected, record.envelope.kid.to_string()).of(record))
}

/// Whether a decision by another key, at authority or boundary, ties the request to its moment.
fn seen_by_second_key(case: &Case<'_>) -> bool {
    let imported = |vantage| vantage == Vantage::Imported && case.profile.imported_permits;
    case.decision.record().is_some_and(|decision| {
        let vantage = decision.payload.as_ref().map(|payload| payload.vantage);
        let at_post =
            vantage.is_some_and(|v| matches!(v, Vantage::Authority | Vantage::Boundary) || imported(v));
        let other_key = decision.envelope.kid != case.request.record.envelope.kid;
        decision.standing.is_ok() && at_post && (other_key || vantage.is_some_and(imported))
    })
}

fn unproved(detail: String, expected: impl Into<String>, got: impl Into<String>) -> Finding {
    Finding::new("moment-unproved", Effect::Indeterminate, detail).values(expected, got)
}
