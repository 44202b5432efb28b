//! Whether a statement rests on the subject, and through which hop.

use schemas::kinds::{Action, Decision, Delegation};
use schemas::payload::{Body, Payload};
use schemas::reference::{ForeignRef, Reference};
use schemas::text::{PrincipalId, Tenant};

use super::{Node, Subject, Walk};
use crate::kept::{Placed, Put};

/// How a statement rests on the subject.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Linked {
    pub(super) node: Node,
    /// It is a delegation to the subject.
    pub(super) held: bool,
}

impl<P: Placed> Walk<'_, P> {
    /// How a statement rests on the subject; nothing where it does not.
    pub(super) fn linked(&self, put: &Put) -> Option<Linked> {
        self.by_subject(put).or_else(|| Some(Linked { node: self.by_reference(put)?, held: false }))
    }

    /// The subject itself has a part in it.
    fn by_subject(&self, put: &Put) -> Option<Linked> {
        let (envelope, payload) = (&put.statement.envelope, &put.statement.payload);
        let is_ours = match self.subject {
            Subject::Principal(principal) => return takes_part(principal, &envelope.iss, &payload.body),
            Subject::Key(key) => envelope.kid == *key,
            Subject::Statement { index, .. } => *index == put.index,
            Subject::Foreign { tenant, foreign, .. } => {
                payload.tenant == *tenant && carries(payload, foreign)
            }
            Subject::Task { tenant, task } => {
                payload.tenant == *tenant && payload.task.as_ref() == Some(task)
            }
            Subject::Revision { tenant, engine, id, revision } => match &payload.body {
                Body::Decision(Decision { policy: Some(policy), .. }) => {
                    payload.tenant == *tenant
                        && policy.engine == *engine
                        && policy.id.as_ref() == Some(id)
                        && policy.revision.as_ref() == Some(revision)
                }
                _ => false,
            },
        };
        is_ours.then(Linked::default)
    }

    /// It relies on something that does.
    fn by_reference(&self, put: &Put) -> Option<Node> {
        let payload = &put.statement.payload;
        let tenant = &payload.tenant;
        match &payload.body {
            Body::Delegation(hop) => {
                let cited = hop.parents.iter().chain(&hop.decision).chain(&hop.approval);
                self.any(tenant, cited).or_else(|| self.presented(tenant, hop.presented_credential.as_ref()))
            }
            Body::Credential(credential) => self
                .any(tenant, &credential.delegation)
                .or_else(|| self.presented(tenant, credential.exchanged.as_ref())),
            Body::Decision(decision) => self
                .any(tenant, decision.delegation.iter().chain(&decision.approval))
                .or_else(|| self.presented(tenant, decision.credential.as_ref())),
            Body::Action(action) => self.by_action(tenant, action),
            _ => None,
        }
    }

    fn by_action(&self, tenant: &Tenant, action: &Action) -> Option<Node> {
        if let Some(Reference::Id(attempt)) = &action.attempt
            && self.attempts.contains_key(attempt)
        {
            return Some(Node::default());
        }
        let cited = action.delegation.iter().chain(&action.decision).chain(&action.approval);
        self.any(tenant, cited).or_else(|| self.presented(tenant, action.credential.as_ref()))
    }

    /// The nearest of the things cited that rest on the subject.
    fn any<'r>(&self, tenant: &Tenant, cited: impl IntoIterator<Item = &'r Reference>) -> Option<Node> {
        let nodes = cited.into_iter().filter_map(|reference| match reference {
            Reference::Id(id) | Reference::InLog(_, id) => self.ids.get(id).copied(),
            Reference::Foreign(foreign) => self.presented(tenant, Some(foreign)),
        });
        nodes.min_by_key(|node| node.above)
    }

    fn presented(&self, tenant: &Tenant, foreign: Option<&ForeignRef>) -> Option<Node> {
        let known = self.names.get(foreign?)?;
        known.iter().find(|(within, _)| within == tenant).map(|(_, node)| *node)
    }
}

/// What a principal did, gave, consented to, ruled or vouched for; an action that it merely reports is not its own.
fn takes_part(principal: &PrincipalId, signer: &PrincipalId, body: &Body) -> Option<Linked> {
    let is = |named: &PrincipalId| named == principal;
    let any = |named: &Option<PrincipalId>| named.as_ref().is_some_and(is);
    let part = match body {
        Body::Delegation(Delegation { delegator, delegatee, on_behalf_of, .. }) => {
            let held = is(delegatee) && !is(delegator);
            let gave = is(delegator) || any(on_behalf_of) || is(signer);
            return (held || gave).then(|| Linked { held, ..Linked::default() });
        }
        Body::Credential(credential) => is(&credential.holder) || any(&credential.issuer) || is(signer),
        Body::Approval(approval) => is(&approval.approver) || is(signer),
        Body::Decision(decision) => is(&decision.actor) || any(&decision.decider) || is(signer),
        Body::Action(action) => is(&action.actor) || any(&action.tool),
        _ => false,
    };
    part.then(Linked::default)
}

/// Whether a statement goes by a foreign id.
pub(super) fn carries(payload: &Payload, foreign: &ForeignRef) -> bool {
    let credential = match &payload.body {
        Body::Delegation(hop) => hop.credential.as_ref(),
        Body::Credential(credential) => Some(&credential.credential),
        _ => None,
    };
    payload.refs.iter().chain(credential).any(|own| own == foreign)
}
