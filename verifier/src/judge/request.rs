//! What is asked of the chain: who acted, what for, on what, when, and what the actor relied on.

use alloc::vec::Vec;

use schemas::kinds::{Action, ActionName, Decision, Digest, Outcome, Phase};
use schemas::payload::{Body, Kind, Payload};
use schemas::reference::{ForeignRef, Reference};
use schemas::scope::Quantities;
use schemas::text::{Line, PrincipalId, Tenant};
use schemas::time::{Index, Time};

use super::ground::Ground;
use super::resolve::{Link, resolve, resolve_credential};
use crate::evidence::Record;

/// One subject, seen as a request for authority.
#[derive(Clone, Debug)]
pub struct Request<'e> {
    /// The subject.
    pub record: &'e Record,
    /// Its kind.
    pub kind: Kind,
    /// Its tenant.
    pub tenant: &'e Tenant,
    /// Who acted, asked or received.
    pub actor: &'e PrincipalId,
    /// What was done or asked; nothing where the subject is a hop or credential itself.
    pub act: Option<Act<'e>>,
    /// The credential that was presented.
    pub credential: Option<&'e ForeignRef>,
    /// Its task.
    pub task: Option<&'e Line>,
    /// The attempt that it is the outcome of.
    pub attempt: Option<Link<'e>>,
    /// The approval that it relied on.
    pub approval: Option<Link<'e>>,
    /// The decision that it relied on; nothing where it names none.
    pub decision: Option<Link<'e>>,
    /// Whether only that decision names the approval, and the subject does not.
    pub approved_by_decision: bool,
    /// The hops that the actor's authority comes from; none: the actor is the root.
    pub links: Vec<Link<'e>>,
    /// When, as claimed.
    pub claimed: Time,
    /// Where it began in the order of the log: what stands before was used before it.
    pub begun: Index,
    /// Whether it uses up what is for a number of actions.
    pub uses: bool,
}

/// What was done or asked.
#[derive(Clone, Copy, Debug)]
pub struct Act<'e> {
    /// The action.
    pub action: &'e ActionName,
    /// On what.
    pub resources: &'e [Line],
    /// How much.
    pub quantities: &'e Quantities,
    /// Exactly which request.
    pub request: Option<&'e Digest>,
    /// Whether it was carried out.
    pub executed: bool,
}

impl<'e> Request<'e> {
    /// The subject as a request; nothing where its kind needs no authority.
    pub fn of(record: &'e Record, payload: &'e Payload, ground: Ground<'e>) -> Option<Self> {
        let tenant = &payload.tenant;
        let base = |actor, claimed| Self {
            record,
            kind: payload.kind,
            tenant,
            actor,
            act: None,
            credential: None,
            task: payload.task.as_ref(),
            attempt: None,
            approval: None,
            decision: None,
            approved_by_decision: false,
            links: Vec::new(),
            claimed,
            begun: record.index,
            uses: false,
        };
        match &payload.body {
            Body::Action(action) => Some(of_action(base(&action.actor, action.attempted_at), action, ground)),
            Body::Decision(decision) => {
                Some(of_decision(base(&decision.actor, decision.evaluated_at), decision, ground))
            }
            Body::Delegation(hop) => {
                let own = resolve(ground, tenant, Kind::Delegation, &Reference::Id(record.id()));
                Some(Self { links: [own].into(), ..base(&hop.delegatee, payload.at) })
            }
            Body::Credential(credential) => {
                let stated = credential.delegation.as_ref();
                let links = links(ground, tenant, stated, Some(&credential.credential));
                let own = Some(&credential.credential);
                Some(Self { links, credential: own, ..base(&credential.holder, payload.at) })
            }
            _ => None,
        }
    }
}

fn of_action<'e>(base: Request<'e>, action: &'e Action, ground: Ground<'e>) -> Request<'e> {
    let tenant = base.tenant;
    // An outcome relies on what its attempt relied on, unless it says so itself.
    let attempt = action.attempt.as_ref().map(|attempt| resolve(ground, tenant, Kind::Action, attempt));
    let attempted = attempt.as_ref().and_then(|link| link.resolution.one());
    let attempted = match attempted.and_then(|record| record.payload.as_ref()).map(|payload| &payload.body) {
        Some(Body::Action(attempted)) => Some(attempted),
        _ => None,
    };
    let from_attempt = |pick: fn(&'e Action) -> &'e Option<Reference>| {
        pick(action).as_ref().or_else(|| attempted.and_then(|attempted| pick(attempted).as_ref()))
    };
    let delegation = from_attempt(|action| &action.delegation);
    let decision = from_attempt(|action| &action.decision);
    let decision = decision.map(|reference| resolve(ground, tenant, Kind::Decision, reference));
    let own = from_attempt(|action| &action.approval);
    let approval = own.or_else(|| approval_of(decision.as_ref()?));
    let credential =
        action.credential.as_ref().or_else(|| attempted.and_then(|attempted| attempted.credential.as_ref()));
    let executed = action.phase != Phase::Attempt
        && !matches!(action.outcome, Some(Outcome::Denied | Outcome::Suppressed));
    Request {
        // An outcome is no use beside its attempt.
        begun: attempt.as_ref().and_then(|link| link.resolution.one()).unwrap_or(base.record).index,
        uses: true,
        act: Some(Act {
            action: &action.action,
            resources: &action.resources,
            quantities: &action.quantities,
            request: action.request.as_ref(),
            executed,
        }),
        credential,
        approval: approval.map(|reference| resolve(ground, tenant, Kind::Approval, reference)),
        attempt,
        decision,
        approved_by_decision: own.is_none() && approval.is_some(),
        links: links(ground, tenant, delegation, credential),
        ..base
    }
}

/// The approval that a decision relied on.
fn approval_of<'e>(decision: &Link<'e>) -> Option<&'e Reference> {
    match &decision.resolution.one()?.payload.as_ref()?.body {
        Body::Decision(decision) => decision.approval.as_ref(),
        _ => None,
    }
}

fn of_decision<'e>(base: Request<'e>, decision: &'e Decision, ground: Ground<'e>) -> Request<'e> {
    let tenant = base.tenant;
    let approval = decision.approval.as_ref();
    Request {
        uses: true,
        act: Some(Act {
            action: &decision.action,
            resources: &decision.resources,
            quantities: &decision.quantities,
            request: decision.request.as_ref(),
            executed: false,
        }),
        credential: decision.credential.as_ref(),
        approval: approval.map(|reference| resolve(ground, tenant, Kind::Approval, reference)),
        links: links(ground, tenant, decision.delegation.as_ref(), decision.credential.as_ref()),
        ..base
    }
}

/// The hops behind a request: the delegation that it states, or else whatever its credential is known to carry.
fn links<'e>(
    ground: Ground<'e>,
    tenant: &Tenant,
    stated: Option<&Reference>,
    credential: Option<&ForeignRef>,
) -> Vec<Link<'e>> {
    match (stated, credential) {
        (Some(reference), _) => [resolve(ground, tenant, Kind::Delegation, reference)].into(),
        (None, Some(credential)) => resolve_credential(ground, tenant, credential).into_iter().collect(),
        (None, None) => Vec::new(),
    }
}
