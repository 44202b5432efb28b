//! Time: whether hops were valid at the moment, and what the moment rests on. Boundaries are inclusive.

use alloc::format;
use alloc::string::{String, ToString};

use schemas::payload::Vantage;
use schemas::time::{Index, Time};

use super::decision::{decision_expired_at, decision_stale};
use super::withdrawal::{counts, hop_withdrawn_at, request_withdrawn_at};
use crate::judge::{Case, Node};
use crate::verdict::{Effect, Finding};

pub(super) fn hop_expired(case: &Case<'_>, node: &Node<'_>) -> Option<Finding> {
    expired_at(node, case.moment.claimed)
}

pub(super) fn hop_not_yet_valid(case: &Case<'_>, node: &Node<'_>) -> Option<Finding> {
    not_yet_valid_at(node, case.moment.claimed)
}

fn expired_at(node: &Node<'_>, moment: Time) -> Option<Finding> {
    let expires = node.hop.expires.filter(|expires| *expires < moment)?;
    let detail = format!("the hop expired {} ms before the moment", moment.since(expires).0);
    let finding = Finding::new("hop-expired", Effect::NotAuthorized, detail).of(node.record);
    Some(finding.values(format!("a moment up to {}", expires.0), moment.0.to_string()))
}

fn not_yet_valid_at(node: &Node<'_>, moment: Time) -> Option<Finding> {
    let not_before = node.hop.not_before.filter(|not_before| moment < *not_before)?;
    let detail = format!("the hop became valid {} ms after the moment", not_before.since(moment).0);
    let finding = Finding::new("hop-not-yet-valid", Effect::NotAuthorized, detail).of(node.record);
    Some(finding.values(format!("a moment from {}", not_before.0), moment.0.to_string()))
}

pub(super) fn hop_moment_unproved<'e>(case: &Case<'e>, node: &Node<'e>) -> Option<Finding> {
    let fails = |moment| {
        expired_at(node, moment)
            .or_else(|| not_yet_valid_at(node, moment))
            .or_else(|| hop_withdrawn_at(case, node, moment))
    };
    // What fails at the claimed moment already is found by its own rule.
    if fails(case.moment.claimed).is_some() {
        return None;
    }
    let failing = case.moment.ends().find_map(fails)?;
    let detail = format!("the moment is not proved, and over the time that it may be in: {}", failing.detail);
    Some(unproved(detail, failing.expected, failing.got).of(node.record))
}

pub(super) fn request_moment_unproved(case: &Case<'_>) -> Option<Finding> {
    let record = case.request.record;
    let fails = |moment| request_withdrawn_at(case, moment).or_else(|| decision_expired_at(case, moment));
    if request_withdrawn_at(case, case.moment.claimed).is_none()
        && decision_stale(case).is_none()
        && let Some(failing) = case.moment.ends().find_map(fails)
    {
        let detail =
            format!("the moment is not proved, and over the time that it may be in: {}", failing.detail);
        return Some(unproved(detail, failing.expected, failing.got).of(record));
    }
    let withdrawn = logged_withdrawal_claimed_later(case)?;
    let detail = format!(
        "a withdrawal was logged at {} before the subject, whose claim to be earlier rests on its own signer alone",
        withdrawn.0
    );
    let expected = "a second entitled key at authority or boundary";
    Some(unproved(detail, expected, record.envelope.kid.to_string()).of(record))
}

/// A withdrawal that was logged before the subject, effective only after the moment that the subject claims, where nobody but
/// the subject's own signer says so.
fn logged_withdrawal_claimed_later(case: &Case<'_>) -> Option<Index> {
    if seen_by_second_key(case) {
        return None;
    }
    let of_hops = case.graph.parents_first().flat_map(|node| {
        let withdrawals = case.withdrawals_of_hop(node);
        withdrawals.into_iter().filter(|withdrawal| counts(case, withdrawal, Some(node)))
    });
    let of_request =
        case.withdrawals_of_request().into_iter().filter(|withdrawal| counts(case, withdrawal, None));
    let backdated = of_hops.chain(of_request).find(|withdrawal| {
        withdrawal.record.index < case.request.record.index && withdrawal.effective > case.moment.to
    });
    backdated.map(|withdrawal| withdrawal.record.index)
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
