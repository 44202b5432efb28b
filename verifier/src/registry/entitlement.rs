//! What a key's roles let it say, and in whose name. The table itself is in `table`.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use schemas::envelope::Statement;
use schemas::kinds::{KeyOp, Role, RoleGrant, Use};
use schemas::payload::{Body, Kind, Payload, Vantage};
use schemas::text::{PrincipalId, Tenant, Uri};
use schemas::time::Index;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::RegisteredKey;
use super::table::{Reached, Way, covers_tenant, ways};

/// How well a statement is vouched for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
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

/// Whether the key's roles at `index` let it make the statement, and how well that vouches for it.
pub fn entitle(key: &RegisteredKey, statement: &Statement, index: Index) -> Result<Assurance, NotEntitled> {
    let payload = &statement.payload;
    let grants = key.roles_at(index);
    if let Some(verdict) = entitle_without_role(key, statement, grants) {
        return verdict;
    }
    let ways = ways(payload, &statement.envelope.iss);
    let mut reached = Reached::Nothing;
    for way in &ways {
        for grant in grants.iter().filter(|grant| grant.role == way.role) {
            match way.covers(grant, payload, &key.principal) {
                Ok(()) => return Ok(way.assurance),
                Err(step) => reached = reached.max(step),
            }
        }
    }
    Err(reached.refusal(key, statement, grants, &ways))
}

/// Whether the key, in a statement that it may make, may name things of a namespace: a reference by foreign id resolves to no
/// other statements, so that nobody can put in a claim to what another system named.
///
/// A principal names what is its own; an authority what its `about` covers; so do a decision point and a gateway, except
/// that those without `about` may name anything.
pub fn entitle_namespace(
    key: &RegisteredKey,
    payload: &Payload,
    issuer: &PrincipalId,
    index: Index,
    namespace: &Uri,
) -> bool {
    let names = |role: Role, grant: &RoleGrant| match role {
        Role::Principal | Role::Registrar => false,
        Role::Pdp | Role::Gateway if grant.about.is_empty() => true,
        Role::Authority | Role::Pdp | Role::Gateway | Role::Approver => {
            grant.about.iter().any(|pattern| pattern.matches(namespace.as_str()))
        }
    };
    let grants = key.roles_at(index);
    namespace.as_str() == key.principal.as_str()
        || ways(payload, issuer).iter().any(|way| {
            let mut fitting = grants.iter().filter(|grant| grant.role == way.role);
            fitting.any(|grant| names(way.role, grant) && way.covers(grant, payload, &key.principal).is_ok())
        })
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
        // Of its own keys alone, which registration checks.
        Body::Key(change) if of_log && change.op == KeyOp::Retire => Some(Ok(Assurance::Signed)),
        // What the log has to say about itself, such as that it goes on from a backup.
        Body::Correction(_) if of_log => Some(Ok(Assurance::Signed)),
        Body::Stream(_) | Body::Correction(_) if !grants.is_empty() => {
            let (tenant, signer) = (&statement.payload.tenant, &key.principal);
            let refused =
                || NotEntitled::Tenant { tenant: tenant.clone(), held: held(grants), signer: signer.clone() };
            let covered = grants.iter().any(|grant| covers_tenant(grant, tenant));
            Some(if covered { Ok(Assurance::Signed) } else { Err(refused()) })
        }
        _ => None,
    }
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
                let ours = ways.iter().filter(|way| grants.iter().any(|grant| grant.role == way.role));
                let about = ours
                    .filter(|way| way.vantages.contains(&payload.vantage))
                    .find_map(|way| way.spoken_for(&signer));
                NotEntitled::Principal {
                    about: about.map(ToString::to_string).unwrap_or_default(),
                    held,
                    signer,
                }
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
