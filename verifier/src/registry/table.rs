//! The one table of kinds, roles, vantages and principals (design §4, "Keys and roles").

use alloc::vec::Vec;

use schemas::kinds::{Role, RoleGrant, TaskOp};
use schemas::payload::{Body, Payload, Vantage};
use schemas::text::{PrincipalId, Tenant};

use super::entitlement::Assurance;

/// Whom a role must cover for a statement to stand.
pub(super) enum About<'a> {
    /// The signer itself must be this principal.
    Own(&'a PrincipalId),
    /// The role must name this principal, or name nobody where `open`.
    Named { principal: &'a PrincipalId, open: bool },
    /// Nobody in particular.
    Anyone,
}

/// One way in which a role entitles to a statement.
pub(super) struct Way<'a> {
    pub(super) role: Role,
    pub(super) vantages: &'static [Vantage],
    about: About<'a>,
    /// Who else the signer itself must be: whoever the statement says decided.
    as_self: Option<&'a PrincipalId>,
    pub(super) assurance: Assurance,
}

/// Every way in which some role entitles to such a statement by `issuer`.
pub(super) fn ways<'a>(payload: &'a Payload, issuer: &'a PrincipalId) -> Vec<Way<'a>> {
    use Assurance::{Imported, Signed, Vouched};
    use Role as R;
    const AUTHORITY: &[Vantage] = &[Vantage::Authority];
    const SELF: &[Vantage] = &[Vantage::Self_];
    const SELF_OR_AUTHORITY: &[Vantage] = &[Vantage::Authority, Vantage::Self_];
    const BOUNDARY: &[Vantage] = &[Vantage::Boundary];
    const IMPORTED: &[Vantage] = &[Vantage::Imported];
    match &payload.body {
        Body::Key(_) | Body::Principal(_) | Body::Link(_) => [anyone(R::Registrar, Signed)].into(),
        Body::Task(task) => match (&task.op, &task.owner) {
            (TaskOp::Open, Some(owner)) => [authority(owner)].into(),
            // Whose task it is stands in its opening.
            _ => [anyone(R::Authority, Vouched)].into(),
        },
        Body::Delegation(hop) => [
            own(R::Principal, SELF_OR_AUTHORITY, &hop.delegator),
            authority(&hop.delegator),
            any_named(R::Gateway, IMPORTED, &hop.delegator, Imported),
        ]
        .into(),
        Body::Credential(credential) => {
            [authority(&credential.holder), any_named(R::Gateway, IMPORTED, &credential.holder, Imported)]
                .into()
        }
        Body::Decision(decision) => [
            // A decision point rules in its own name; a gateway tells of another's ruling.
            Way {
                as_self: decision.decider.as_ref(),
                ..any_named(R::Pdp, AUTHORITY, &decision.actor, Signed)
            },
            any_named(R::Gateway, BOUNDARY, &decision.actor, Vouched),
            any_named(R::Gateway, IMPORTED, &decision.actor, Imported),
        ]
        .into(),
        Body::Approval(approval) => [
            own(R::Principal, SELF_OR_AUTHORITY, &approval.approver),
            own(R::Approver, SELF_OR_AUTHORITY, &approval.approver),
            Way { role: R::Approver, ..authority(&approval.approver) },
        ]
        .into(),
        Body::Action(action) => [
            own(R::Principal, SELF, &action.actor),
            any_named(R::Gateway, BOUNDARY, &action.actor, Vouched),
            any_named(R::Gateway, IMPORTED, &action.actor, Imported),
        ]
        .into(),
        // Whether the revoker may withdraw this target is judged, not refused: see the rule revoker-not-entitled.
        Body::Revocation(revocation) => {
            match revocation.revoker.as_ref().filter(|revoker| *revoker != issuer) {
                Some(revoker) => [authority(revoker), anyone(R::Registrar, Vouched)].into(),
                None => [
                    own(R::Principal, SELF_OR_AUTHORITY, issuer),
                    anyone(R::Authority, Vouched),
                    anyone(R::Registrar, Vouched),
                ]
                .into(),
            }
        }
        Body::Policy(_) => [anyone(R::Pdp, Signed), anyone(R::Authority, Vouched)].into(),
        Body::Genesis(_)
        | Body::Assertion(_)
        | Body::IndexRoot(_)
        | Body::Stream(_)
        | Body::Correction(_) => Vec::new(),
    }
}

/// The signer speaks for itself.
fn own<'a>(role: Role, vantages: &'static [Vantage], principal: &'a PrincipalId) -> Way<'a> {
    Way { role, vantages, about: About::Own(principal), as_self: None, assurance: Assurance::Signed }
}

/// An authority speaks for a principal that its role names.
fn authority(principal: &PrincipalId) -> Way<'_> {
    let about = About::Named { principal, open: false };
    Way {
        role: Role::Authority,
        vantages: &[Vantage::Authority],
        about,
        as_self: None,
        assurance: Assurance::Vouched,
    }
}

/// A role that speaks for everybody, unless it names principals.
fn any_named<'a>(
    role: Role,
    vantages: &'static [Vantage],
    principal: &'a PrincipalId,
    assurance: Assurance,
) -> Way<'a> {
    Way { role, vantages, about: About::Named { principal, open: true }, as_self: None, assurance }
}

/// A role that speaks of nobody in particular.
fn anyone<'a>(role: Role, assurance: Assurance) -> Way<'a> {
    Way { role, vantages: &[Vantage::Authority], about: About::Anyone, as_self: None, assurance }
}

pub(super) fn covers_tenant(grant: &RoleGrant, tenant: &Tenant) -> bool {
    grant.tenants.is_empty() || grant.tenants.contains(tenant)
}

impl Way<'_> {
    /// Whether the grant, whose role is this way's, covers the statement; otherwise how far it came.
    pub(super) fn covers(
        &self,
        grant: &RoleGrant,
        payload: &Payload,
        signer: &PrincipalId,
    ) -> Result<(), Reached> {
        if !self.vantages.contains(&payload.vantage) {
            Err(Reached::Kind)
        } else if !covers_tenant(grant, &payload.tenant) {
            Err(Reached::Vantage)
        } else if !self.about.covered(signer, grant) || self.as_self.is_some_and(|named| named != signer) {
            Err(Reached::Tenant)
        } else {
            Ok(())
        }
    }

    /// Whom the signer may not speak for, where it comes to that.
    pub(super) fn spoken_for(&self, signer: &PrincipalId) -> Option<&PrincipalId> {
        let named = match self.about {
            About::Own(principal) | About::Named { principal, .. } => Some(principal),
            About::Anyone => None,
        };
        self.as_self.filter(|named| *named != signer).or(named)
    }
}

impl About<'_> {
    fn covered(&self, signer: &PrincipalId, grant: &RoleGrant) -> bool {
        match self {
            Self::Own(principal) => *principal == signer,
            Self::Named { principal, open } => {
                (*open && grant.about.is_empty())
                    || grant.about.iter().any(|pattern| pattern.matches(principal.as_str()))
            }
            Self::Anyone => true,
        }
    }
}

/// How far the nearest role came: each step includes those before it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Reached {
    Nothing,
    Kind,
    Vantage,
    Tenant,
}
