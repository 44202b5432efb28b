//! What a key's roles let it say: the one table of kinds, roles, vantages and principals (design §4, "Keys and roles").

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use schemas::envelope::Statement;
use schemas::kinds::{Role, RoleGrant, TaskOp, Use};
use schemas::payload::{Body, Kind, Vantage};
use schemas::text::{PrincipalId, Tenant};
use schemas::time::Index;
use thiserror::Error;

use super::RegisteredKey;

/// How well a statement is vouched for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Assurance {
    /// Read from another system's log by a gateway.
    Imported,
    /// Said about the principal by somebody who holds authority about it, or who saw it at the boundary.
    Vouched,
    /// Signed by the principal whose fact it is.
    Signed,
}

impl Assurance {
    /// The word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Imported => "imported",
            Self::Vouched => "vouched",
            Self::Signed => "signed",
        }
    }
}

/// Why no role of the key covers the statement. The variant names what the nearest role fails on.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum NotEntitled {
    /// No role covers the kind.
    #[error("a {kind} statement needs the role {needed}; the key of {signer} has {held}")]
    Kind {
        /// Kind of the statement.
        kind: Kind,
        /// The roles that cover it.
        needed: String,
        /// The roles that the key has.
        held: String,
        /// The key's principal.
        signer: PrincipalId,
    },
    /// A role covers the kind, but not from this vantage.
    #[error(
        "a {kind} statement from vantage {vantage} is not covered by {held} of {signer}; vantages that are: {needed}"
    )]
    Vantage {
        /// Kind of the statement.
        kind: Kind,
        /// Its vantage.
        vantage: Vantage,
        /// The vantages that the key's roles cover.
        needed: String,
        /// The roles that the key has.
        held: String,
        /// The key's principal.
        signer: PrincipalId,
    },
    /// A role covers kind and vantage, but not in this tenant.
    #[error("the role {held} of {signer} does not cover tenant {tenant}")]
    Tenant {
        /// The statement's tenant.
        tenant: Tenant,
        /// The roles that the key has.
        held: String,
        /// The key's principal.
        signer: PrincipalId,
    },
    /// A role covers kind, vantage and tenant, but not the principal spoken for.
    #[error("the key of {signer} may not speak for {about} with the role {held}")]
    Principal {
        /// The principal spoken for.
        about: String,
        /// The roles that the key has.
        held: String,
        /// The key's principal.
        signer: PrincipalId,
    },
}

impl NotEntitled {
    /// Stable name of this refusal.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Kind { .. } => "role-kind",
            Self::Vantage { .. } => "role-vantage",
            Self::Tenant { .. } => "role-tenant",
            Self::Principal { .. } => "role-principal",
        }
    }
}

/// Whom a role must cover for a statement to stand.
enum About<'a> {
    /// The signer itself must be this principal.
    Own(&'a PrincipalId),
    /// The role must name this principal, or name nobody where `open`.
    Named { principal: &'a PrincipalId, open: bool },
    /// Nobody in particular.
    Anyone,
}

/// One way in which a role entitles to a statement.
struct Way<'a> {
    role: Role,
    vantages: &'static [Vantage],
    about: About<'a>,
    assurance: Assurance,
}

/// Whether the key's roles at `index` let it make the statement, and how well that vouches for it.
pub fn entitle(key: &RegisteredKey, statement: &Statement, index: Index) -> Result<Assurance, NotEntitled> {
    let payload = &statement.payload;
    let grants = key.roles_at(index);
    if let Some(verdict) = entitle_without_role(key, statement, grants) {
        return verdict;
    }
    let ways = ways(statement);
    let mut reached = Reached::Nothing;
    for way in &ways {
        for grant in grants.iter().filter(|grant| grant.role == way.role) {
            let step = if !way.vantages.contains(&payload.vantage) {
                Reached::Kind
            } else if !(grant.tenants.is_empty() || grant.tenants.contains(&payload.tenant)) {
                Reached::Vantage
            } else if !way.about.covered(&key.principal, grant) {
                Reached::Tenant
            } else {
                return Ok(way.assurance);
            };
            reached = reached.max(step);
        }
    }
    Err(reached.refusal(key, statement, grants, &ways))
}

/// Statements that do not rest on a role: those of the log itself, and what every registered key may say of itself.
fn entitle_without_role(
    key: &RegisteredKey,
    statement: &Statement,
    grants: &[RoleGrant],
) -> Option<Result<Assurance, NotEntitled>> {
    let log_only = || NotEntitled::Kind {
        kind: statement.payload.kind,
        needed: "of the log itself".into(),
        held: held(grants),
        signer: key.principal.clone(),
    };
    let of_log = key.usage == Some(Use::Statement);
    match &statement.payload.body {
        Body::Genesis(_) | Body::Assertion(_) | Body::IndexRoot(_) => {
            Some(if of_log { Ok(Assurance::Signed) } else { Err(log_only()) })
        }
        Body::Key(change) if change.usage.is_some() => {
            Some(if of_log { Ok(Assurance::Signed) } else { Err(log_only()) })
        }
        Body::Stream(_) | Body::Correction(_) if !grants.is_empty() => Some(Ok(Assurance::Signed)),
        _ => None,
    }
}

/// Every way in which some role entitles to this statement.
fn ways(statement: &Statement) -> Vec<Way<'_>> {
    use Assurance::{Imported, Signed, Vouched};
    use Vantage as V;
    const SELF_OR_AUTHORITY: &[Vantage] = &[V::Authority, V::Self_];
    const AUTHORITY: &[Vantage] = &[V::Authority];
    const SELF: &[Vantage] = &[V::Self_];
    const BOUNDARY: &[Vantage] = &[V::Boundary];
    const IMPORTED: &[Vantage] = &[V::Imported];
    let own = |principal, vantages| Way {
        role: Role::Principal,
        vantages,
        about: About::Own(principal),
        assurance: Signed,
    };
    let authority = |principal| {
        let about = About::Named { principal, open: false };
        Way { role: Role::Authority, vantages: AUTHORITY, about, assurance: Vouched }
    };
    let named = |role, vantages, principal, assurance| Way {
        role,
        vantages,
        about: About::Named { principal, open: true },
        assurance,
    };
    let anyone = |role, assurance| Way { role, vantages: AUTHORITY, about: About::Anyone, assurance };
    match &statement.payload.body {
        Body::Key(_) | Body::Principal(_) | Body::Link(_) => [anyone(Role::Registrar, Signed)].into(),
        Body::Task(task) => match (&task.op, &task.owner) {
            (TaskOp::Open, Some(owner)) => [authority(owner)].into(),
            _ => [anyone(Role::Authority, Vouched)].into(),
        },
        Body::Delegation(hop) => [
            own(&hop.delegator, SELF_OR_AUTHORITY),
            authority(&hop.delegator),
            named(Role::Gateway, IMPORTED, &hop.delegator, Imported),
        ]
        .into(),
        Body::Credential(credential) => {
            [authority(&credential.holder), named(Role::Gateway, IMPORTED, &credential.holder, Imported)]
                .into()
        }
        Body::Decision(decision) => [
            named(Role::Pdp, AUTHORITY, &decision.actor, Signed),
            named(Role::Gateway, BOUNDARY, &decision.actor, Vouched),
            named(Role::Gateway, IMPORTED, &decision.actor, Imported),
        ]
        .into(),
        Body::Approval(approval) => [
            own(&approval.approver, SELF_OR_AUTHORITY),
            Way {
                role: Role::Approver,
                vantages: SELF_OR_AUTHORITY,
                about: About::Own(&approval.approver),
                assurance: Signed,
            },
            Way {
                role: Role::Approver,
                vantages: AUTHORITY,
                about: About::Named { principal: &approval.approver, open: false },
                assurance: Vouched,
            },
        ]
        .into(),
        Body::Action(action) => [
            own(&action.actor, SELF),
            named(Role::Gateway, BOUNDARY, &action.actor, Vouched),
            named(Role::Gateway, IMPORTED, &action.actor, Imported),
        ]
        .into(),
        Body::Revocation(revocation) => {
            let revoker = revocation.revoker.as_ref().unwrap_or(&statement.envelope.iss);
            // Whether the revoker may withdraw this target is judged, not refused: see the rule revoker-not-entitled.
            [
                own(revoker, SELF_OR_AUTHORITY),
                anyone(Role::Authority, Vouched),
                anyone(Role::Registrar, Vouched),
            ]
            .into()
        }
        Body::Policy(_) => [anyone(Role::Pdp, Signed), anyone(Role::Authority, Vouched)].into(),
        Body::Genesis(_)
        | Body::Assertion(_)
        | Body::IndexRoot(_)
        | Body::Stream(_)
        | Body::Correction(_) => Vec::new(),
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
enum Reached {
    Nothing,
    Kind,
    Vantage,
    Tenant,
}

impl Reached {
    fn refusal(
        self,
        key: &RegisteredKey,
        statement: &Statement,
        grants: &[RoleGrant],
        ways: &[Way<'_>],
    ) -> NotEntitled {
        let payload = &statement.payload;
        let (kind, held, signer) = (payload.kind, held(grants), key.principal.clone());
        match self {
            Self::Nothing => {
                let needed = words(ways.iter().map(|way| way.role.as_str()));
                NotEntitled::Kind { kind, needed, held, signer }
            }
            Self::Kind => {
                let ours = ways.iter().filter(|way| grants.iter().any(|grant| grant.role == way.role));
                let needed = words(ours.flat_map(|way| way.vantages).map(|vantage| vantage.as_str()));
                NotEntitled::Vantage { kind, vantage: payload.vantage, needed, held, signer }
            }
            Self::Vantage => NotEntitled::Tenant { tenant: payload.tenant.clone(), held, signer },
            Self::Tenant => {
                let spoken_for = ways.iter().find_map(|way| match way.about {
                    About::Own(principal) | About::Named { principal, .. } => Some(principal.to_string()),
                    About::Anyone => None,
                });
                NotEntitled::Principal { about: spoken_for.unwrap_or_default(), held, signer }
            }
        }
    }
}

fn held(grants: &[RoleGrant]) -> String {
    let roles = grants.iter().map(|grant| match grant.about.as_slice() {
        [] => grant.role.to_string(),
        about => format!("{}={}", grant.role, words(about.iter().map(|pattern| pattern.as_str()))),
    });
    let roles: Vec<String> = roles.collect();
    if roles.is_empty() { "no role".into() } else { roles.join(", ") }
}

/// Each word once, in order of first use.
fn words<'a>(words: impl Iterator<Item = &'a str>) -> String {
    let mut seen: Vec<&str> = Vec::new();
    for word in words {
        if !seen.contains(&word) {
            seen.push(word);
        }
    }
    seen.join(", ")
}
