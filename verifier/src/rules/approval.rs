//! The approval: whether a human who may consented to this very action, and how far the consent reached.

use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use schemas::kinds::{Approval, ApprovalScope, Autonomy, PrincipalType};
use schemas::text::{Line, PrincipalId};

use super::decision::hex;
use super::limit::Over;
use super::withdrawal::withdrawn_at;
use crate::judge::{Case, Consent, Edge, Node, Uses, linked, may_be_one, suspensions, type_of};
use crate::verdict::{Effect, Finding};

/// Consent is to one action on its resources, of who asked for it; where it binds the exact request, to that alone
/// (AuthZEN Access Request and Approval profile: exact match by default).
pub(super) fn approval_mismatch(case: &Case<'_>) -> Option<Finding> {
    let consent = Consent::of(case)?;
    let (field, expected, got) = difference(case, &consent)?;
    let detail = format!("the approval is for another {field}: {expected}; the request: {got}");
    let finding = Finding::new("approval-mismatch", Effect::NotAuthorized, detail).of(consent.record);
    Some(finding.values(expected, got))
}

fn difference(case: &Case<'_>, consent: &Consent<'_>) -> Option<(&'static str, String, String)> {
    let Approval { requester, action, resources, scope, request, approved_at, .. } = consent.approval;
    let act = case.request.act.as_ref()?;
    let differs = |field, expected: &dyn ToString, got: &dyn ToString| {
        Some((field, expected.to_string(), got.to_string()))
    };
    if consent.payload.tenant != *case.request.tenant {
        return differs("tenant", &consent.payload.tenant, case.request.tenant);
    }
    if !asks_for(case, requester) {
        return differs("requester", requester, case.request.actor);
    }
    if action.name != act.action.name {
        return differs("action", &action.name, &act.action.name);
    }
    let approved: BTreeSet<&Line> = resources.iter().collect();
    if let Some(beyond) = act.resources.iter().find(|resource| !approved.contains(resource)) {
        let approved: Vec<&str> = approved.iter().map(|line| line.as_str()).collect();
        return differs("resource", &approved.join(", "), beyond);
    }
    let exact = *scope == ApprovalScope::Exact;
    if !exact && !case.profile.template_approvals {
        return differs("reach", &"one exact request", &"whatever fits, which this profile does not take");
    }
    match (request, act.request) {
        (Some(approved), Some(done)) if approved != done => differs("request", &hex(approved), &hex(done)),
        (Some(approved), None) if exact => differs("request", &hex(approved), &"not stated"),
        _ if *approved_at > case.moment.claimed.later(case.profile.skew) => {
            differs("time", &format!("from {approved_at}"), &case.moment.claimed)
        }
        _ => None,
    }
}

/// Whether somebody asks on behalf of the request: its actor, or anybody whom its authority came through.
fn asks_for(case: &Case<'_>, requester: &PrincipalId) -> bool {
    let is_one = |principal: &PrincipalId| {
        case.ground.effort.spend(1) && linked(case.ground, &case.moment, requester, principal)
    };
    let through = |node: &Node<'_>| is_one(&node.hop.delegator) || is_one(&node.hop.delegatee);
    is_one(case.request.actor) || case.graph.parents_first().any(through)
}

/// A human decision constrains the next action, and opens no session: one action unless it says more, and until it says.
pub(super) fn approval_exhausted(case: &Case<'_>) -> Option<Finding> {
    const SLUG: &str = "approval-exhausted";
    let consent = Consent::of(case).filter(|_| case.request.act.is_some())?;
    let moment = case.moment.claimed;
    if let Some(until) = consent.approval.approved_until.filter(|until| *until < moment) {
        let detail = format!("used {} after it ended", moment.since(until));
        let finding = Finding::new(SLUG, Effect::NotAuthorized, detail).of(consent.record);
        return Some(finding.values(format!("a moment up to {until}"), moment.to_string()));
    }
    let limit = consent.approval.use_limit.unwrap_or(1);
    let over = Over::of(case, &Uses::of_approval(case.ground, consent.record), limit)?;
    let finding = Finding::new(SLUG, over.effect(), over.words("an approval", limit)).of(consent.record);
    Some(finding.values(format!("at most {limit}"), over.got()))
}

/// An approver is what the profile says, a human by default, and in good standing when it consented.
pub(super) fn approver_not_eligible(case: &Case<'_>) -> Option<Finding> {
    const SLUG: &str = "approver-not-eligible";
    let consent = Consent::of(case)?;
    let approver = consent.approver();
    let at = consent.approval.approved_at;
    let eligible: Vec<&str> = case.profile.approvers.iter().map(|fit| fit.as_str()).collect();
    let finding = |effect, detail: String, got: String| {
        let finding = Finding::new(SLUG, effect, detail).of(consent.record);
        Some(finding.values(eligible.join(" or "), got))
    };
    let away = suspensions(case.ground, approver)
        .into_iter()
        .find(|away| away.from <= at && away.until.is_none_or(|until| at < until));
    if let Some(away) = away {
        return finding(
            Effect::NotAuthorized,
            format!("{approver} was {} when it approved", away.status),
            away.status.to_string(),
        );
    }
    match type_of(case.ground, approver, at) {
        Some(found) if case.profile.approvers.contains(&found) => None,
        Some(found) => {
            finding(Effect::NotAuthorized, format!("the approver {approver} is a {found}"), found.to_string())
        }
        None => finding(
            Effect::Indeterminate,
            format!("nobody said what the approver {approver} is"),
            String::from("not known"),
        ),
    }
}

/// Nobody approves what it asked for or does itself, under whatever name.
pub(super) fn self_approved(case: &Case<'_>) -> Option<Finding> {
    let consent = Consent::of(case)?;
    let approver = consent.approver();
    let one = |principal: &PrincipalId| may_be_one(case.ground, principal, approver);
    let detail = if one(case.request.actor) {
        format!("{} approved its own request", case.request.actor)
    } else if one(&consent.approval.requester) {
        format!("{} approved what it asked for", consent.approval.requester)
    } else {
        return None;
    };
    let finding = Finding::new("self-approved", Effect::NotAuthorized, detail).of(consent.record);
    Some(finding.values("another principal", approver.to_string()))
}

/// A consent that was taken back, or that another one had replaced by then.
pub(super) fn approval_withdrawn(case: &Case<'_>) -> Option<Finding> {
    const SLUG: &str = "approval-withdrawn";
    let consent = Consent::of(case)?;
    let moment = case.moment.claimed;
    let taken_back =
        withdrawn_at(&case.withdrawn, case.request.record, moment, |found| found.what == "approval");
    if let Some(found) = taken_back {
        return Some(found.named(SLUG).of(consent.record));
    }
    let later = consent.later(case).find(|later| later.approval.approved_at <= moment)?;
    let (by, at) = (later.approver(), later.approval.approved_at);
    let detail = format!("replaced by {by} at {} ({at})", later.record.index);
    let finding = Finding::new(SLUG, Effect::NotAuthorized, detail).of(consent.record);
    Some(finding.values(format!("a moment before {at}"), moment.to_string()))
}

/// A consent given within one task says nothing of another.
pub(super) fn approval_replayed(case: &Case<'_>) -> Option<Finding> {
    let consent = Consent::of(case)?;
    let given_in = consent.payload.task.as_ref()?;
    let used_in = case.request.task;
    (used_in != Some(given_in)).then(|| {
        let got = used_in.map_or_else(|| String::from("no task"), ToString::to_string);
        let detail = format!("given within task {given_in}, used within {got}");
        let finding = Finding::new("approval-replayed", Effect::NotAuthorized, detail).of(consent.record);
        finding.values(given_in.to_string(), got)
    })
}

/// Where a chain says who steers, each hop says it, and what hands over to a machine alone rests on a human's consent or grant,
/// or on a decision.
pub(super) fn autonomy_begins(case: &Case<'_>, node: &Node<'_>) -> Option<Finding> {
    let begins = node.links.is_empty() && node.hop.autonomy == Some(Autonomy::Autonomous);
    (begins && !is_handed_over(case, node)).then(|| handed_over_by_nobody(node))
}

/// The same between two hops.
pub(super) fn autonomy_boundary(case: &Case<'_>, edge: &Edge<'_>) -> Option<Finding> {
    let child = edge.child?;
    let steered = edge.parent.hop.autonomy?;
    match child.hop.autonomy {
        None => {
            let detail = format!("the hop before is {steered}, and this one does not say who steers");
            let finding = Finding::new(BOUNDARY, Effect::None, detail).of(child.record);
            Some(finding.values("human, supervised or autonomous", "not stated"))
        }
        Some(Autonomy::Autonomous) if steered != Autonomy::Autonomous && !is_handed_over(case, child) => {
            Some(handed_over_by_nobody(child))
        }
        Some(_) => None,
    }
}

const BOUNDARY: &str = "autonomy-boundary-missing";

fn is_handed_over(case: &Case<'_>, node: &Node<'_>) -> bool {
    let by_human =
        || type_of(case.ground, &node.hop.delegator, case.moment.claimed) == Some(PrincipalType::Human);
    node.hop.approval.is_some() || node.hop.decision.is_some() || by_human()
}

fn handed_over_by_nobody(node: &Node<'_>) -> Finding {
    let detail = format!(
        "from here a machine acts alone, and no approval, decision or grant by a human hands over to it: {} does",
        node.hop.delegator
    );
    let finding = Finding::new(BOUNDARY, Effect::None, detail).of(node.record);
    finding.values("an approval, a decision or a human's own grant", "none")
}

/// An emergency is reviewed by another, in time. Looked at as of the head: a review comes after the act.
pub(super) fn break_glass_unreviewed(case: &Case<'_>) -> Option<Finding> {
    let consent = Consent::of(case).filter(|consent| consent.approval.break_glass)?;
    let finding = |detail: String, expected: String, got: String| {
        let finding = Finding::new("break-glass-unreviewed", Effect::None, detail).of(consent.record);
        Some(finding.values(expected, got))
    };
    let Some(by) = consent.approval.review_by else {
        return finding(
            "an emergency without a time by which it is reviewed".into(),
            "a time".into(),
            "none".into(),
        );
    };
    let by_another = |later: &Consent<'_>| {
        !may_be_one(case.ground, later.approver(), consent.approver())
            && !may_be_one(case.ground, later.approver(), &consent.approval.requester)
    };
    let review = consent.later(case).filter(by_another).map(|later| later.approval.approved_at).min();
    let now = case.evidence.head_time().unwrap_or(case.moment.to);
    match review {
        Some(at) if at <= by => None,
        Some(at) => finding(
            format!("an emergency that was reviewed {} late", at.since(by)),
            format!("a review by {by}"),
            at.to_string(),
        ),
        None if now <= by => None,
        None => finding(
            format!("an emergency that nobody else reviewed by {by}"),
            format!("a review by {by}"),
            String::from("none"),
        ),
    }
}
