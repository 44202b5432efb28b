//! Withdrawal: whether what the action rests on had been taken back, by somebody who may.

use alloc::format;
use alloc::string::ToString;

use schemas::kinds::{Role, RoleGrant, TargetKind};
use schemas::payload::Body;
use schemas::term::Term;
use schemas::text::PrincipalId;
use schemas::time::Time;

use crate::judge::{Case, Node, Withdrawal};
use crate::verdict::{Effect, Finding};

pub(super) fn hop_revoked<'e>(case: &Case<'e>, node: &Node<'e>) -> Option<Finding> {
    hop_withdrawn_at(case, node, case.moment.claimed)
}

pub(super) fn request_revoked(case: &Case<'_>) -> Option<Finding> {
    request_withdrawn_at(case, case.moment.claimed)
}

pub(super) fn revoker_not_entitled<'e>(case: &Case<'e>, node: &Node<'e>) -> Option<Finding> {
    let withdrawals = case.withdrawals_of_hop(node);
    let idle = withdrawals.iter().find(|withdrawal| !counts(case, withdrawal, Some(node)))?;
    let detail = format!(
        "{} may not withdraw the hop at {}: neither upstream of it, nor its delegatee, nor an authority about them",
        idle.revoker(),
        node.record.index
    );
    let finding = Finding::new("revoker-not-entitled", Effect::None, detail).of(idle.record);
    Some(finding.values(format!("{} or somebody upstream", node.hop.delegator), idle.revoker().to_string()))
}

/// Whether the hop was withdrawn at a moment: a withdrawal effective at that very moment counts.
pub(super) fn hop_withdrawn_at<'e>(case: &Case<'e>, node: &Node<'e>, moment: Time) -> Option<Finding> {
    let withdrawals = case.withdrawals_of_hop(node);
    let found = withdrawals
        .iter()
        .find(|withdrawal| withdrawal.effective <= moment && counts(case, withdrawal, Some(node)))?;
    Some(revoked(found, moment, Some(node)))
}

/// Whether something that the request itself presents was withdrawn at a moment.
pub(super) fn request_withdrawn_at(case: &Case<'_>, moment: Time) -> Option<Finding> {
    let withdrawals = case.withdrawals_of_request();
    let found = withdrawals
        .iter()
        .find(|withdrawal| withdrawal.effective <= moment && counts(case, withdrawal, None))?;
    Some(revoked(found, moment, None))
}

/// Whether a withdrawal is sound and by somebody who may make it.
pub(super) fn counts<'e>(case: &Case<'e>, withdrawal: &Withdrawal<'e>, node: Option<&Node<'e>>) -> bool {
    withdrawal.record.standing.is_ok()
        && (is_registrar(case, withdrawal) || may_withdraw(case, withdrawal, node))
}

fn may_withdraw<'e>(case: &Case<'e>, withdrawal: &Withdrawal<'e>, node: Option<&Node<'e>>) -> bool {
    let revoker = withdrawal.revoker();
    let target = &withdrawal.revocation.target;
    match target.kind {
        TargetKind::Key => target.key.and_then(|kid| case.evidence.registry().key(&kid)).is_some_and(|key| {
            key.principal == *revoker || is_authority_about(case, withdrawal, &key.principal)
        }),
        TargetKind::Approval => {
            case.request.approvals.iter().filter_map(|link| link.resolution.one()).any(|record| match record
                .payload
                .as_ref()
                .map(|payload| &payload.body)
            {
                Some(Body::Approval(approval)) => {
                    approval.approver == *revoker || is_authority_about(case, withdrawal, &approval.approver)
                }
                _ => false,
            })
        }
        TargetKind::Principal => target
            .principal
            .as_ref()
            .is_some_and(|principal| principal == revoker || is_authority_about(case, withdrawal, principal)),
        TargetKind::Task if is_task_owner(case, withdrawal) => true,
        TargetKind::Delegation | TargetKind::Credential | TargetKind::Task => case
            .givers(node)
            .into_iter()
            .any(|giver| giver == revoker || is_authority_about(case, withdrawal, giver)),
    }
}

fn is_task_owner(case: &Case<'_>, withdrawal: &Withdrawal<'_>) -> bool {
    let (Some(task), Some(payload)) = (&withdrawal.revocation.target.task, &withdrawal.record.payload) else {
        return false;
    };
    let states = case.evidence.find(&Term::TaskState(&payload.tenant, task)).records;
    states.iter().filter(|record| record.standing.is_ok()).any(|record| {
        match record.payload.as_ref().map(|payload| &payload.body) {
            Some(Body::Task(opened)) => opened.owner.as_ref().is_some_and(|owner| {
                owner == withdrawal.revoker() || is_authority_about(case, withdrawal, owner)
            }),
            _ => false,
        }
    })
}

fn is_authority_about(case: &Case<'_>, withdrawal: &Withdrawal<'_>, principal: &PrincipalId) -> bool {
    holds_role(case, withdrawal, |grant| {
        grant.role == Role::Authority && grant.about.iter().any(|pattern| pattern.matches(principal.as_str()))
    })
}

fn is_registrar(case: &Case<'_>, withdrawal: &Withdrawal<'_>) -> bool {
    holds_role(case, withdrawal, |grant| grant.role == Role::Registrar)
}

fn holds_role(case: &Case<'_>, withdrawal: &Withdrawal<'_>, fits: impl Fn(&RoleGrant) -> bool) -> bool {
    let record = withdrawal.record;
    let key = case.evidence.registry().key(&record.envelope.kid);
    key.is_some_and(|key| key.roles_at(record.index).iter().any(fits))
}

fn revoked(withdrawal: &Withdrawal<'_>, moment: Time, node: Option<&Node<'_>>) -> Finding {
    let cause = withdrawal
        .revocation
        .cause
        .as_ref()
        .map_or_else(|| "no cause given".to_string(), ToString::to_string);
    let what = withdrawal.revocation.target.kind;
    let detail = format!(
        "{what} withdrawn by {} at {} ({cause}), {} ms before the moment",
        withdrawal.revoker(),
        withdrawal.record.index,
        moment.since(withdrawal.effective).0
    );
    let finding = Finding::new("revoked", Effect::NotAuthorized, detail);
    let finding = finding.of(node.map_or(withdrawal.record, |node| node.record));
    finding.values(format!("a moment before {}", withdrawal.effective.0), moment.0.to_string())
}
