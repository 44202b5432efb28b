//! `delegation`: a hop. The delegator gives the delegatee part of its authority.

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::shared::{Autonomy, BodyError, Digest, Enforcement, require, require_list, require_order};
use crate::reference::{ForeignRef, Reference};
use crate::scope::Scope;
use crate::text::{Line, Name, PrincipalId, Uri};
use crate::time::Time;

/// One hop. Its moment is the moment of the action that it is judged for, never its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Delegation {
    /// Who gives.
    pub delegator: PrincipalId,
    /// Who receives.
    pub delegatee: PrincipalId,
    /// The original principal; absent at a root hop, where it is the delegator.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_behalf_of: Option<PrincipalId>,
    /// The hops that the delegator's authority comes from; absent: the delegator is the root.
    #[serde(default, skip_serializing_if = "super::shared::is_empty")]
    pub parents: Vec<Reference>,
    /// The credential by which the delegator acted, where hops are joined by credentials.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub presented_credential: Option<ForeignRef>,
    /// What is handed on; absent: nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<Scope>,
    /// From when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<Time>,
    /// Until when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Time>,
    /// How many further hops may follow; absent: the parent's less one, 64 at a root.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_depth: Option<u64>,
    /// How many actions it may carry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub use_limit: Option<u64>,
    /// For which services it is meant.
    #[serde(default, skip_serializing_if = "super::shared::is_empty")]
    pub audience: Vec<Uri>,
    /// In which stage of the task.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage: Option<Name>,
    /// The credential that carries it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential: Option<ForeignRef>,
    /// The decision that allowed the delegation itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<Reference>,
    /// The approval behind it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval: Option<Reference>,
    /// Who steers the delegatee.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub autonomy: Option<Autonomy>,
    /// Where the hop is enforced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enforcement: Option<Enforcement>,
    /// What allows it to cross into another tenant or trust domain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bridge: Option<Reference>,
    /// Whether the delegatee simply holds what the delegator held.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub inherited: bool,
    /// The chain that a token presented, root first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub presented: Option<Presented>,
    /// What shows the hop.
    #[serde(default, skip_serializing_if = "super::shared::is_empty")]
    pub evidence: Vec<Evidence>,
}

/// The chain of actors that a token carried.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Presented {
    /// The actors, root first.
    pub chain: Vec<PrincipalId>,
    /// The order in which the token listed them: `root-first` or `newest-first`.
    pub source_order: Name,
    /// Whether the token left some out.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub truncated: bool,
}

/// Something outside the log that shows a hop.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// What it is.
    pub kind: Name,
    /// Its digest.
    pub digest: Digest,
    /// Where it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<Line>,
}

impl Delegation {
    pub(crate) fn check(&self) -> Result<(), BodyError> {
        // A principal may hold its own authority under a new credential: a session of its own.
        let hands_on = self.delegator != self.delegatee || self.credential.is_some();
        require(
            hands_on,
            "body.delegatee",
            "is another principal than the delegator, unless a credential is issued",
            &self.delegatee,
        )?;
        require_list(&self.parents, "body.parents")?;
        require_list(&self.audience, "body.audience")?;
        require_list(&self.evidence, "body.evidence")?;
        require_order(self.not_before.map(|t| t.0), self.expires.map(|t| t.0), "body.expires")?;
        if let Some(scope) = &self.scope {
            check_scope(scope)?;
        }
        if let Some(presented) = &self.presented {
            require_list(&presented.chain, "body.presented.chain")?;
        }
        self.evidence.iter().try_for_each(|evidence| evidence.digest.check("body.evidence.digest"))
    }
}

fn check_scope(scope: &Scope) -> Result<(), BodyError> {
    match scope {
        Scope::External(external) => match &external.digest {
            Some(digest) => digest.check("body.scope.external.digest"),
            None => Ok(()),
        },
        Scope::Grants(grants) => {
            require_list(grants, "body.scope")?;
            for grant in grants {
                require_list(&grant.actions, "body.scope.actions")?;
                require_list(&grant.resources, "body.scope.resources")?;
                for (name, limit) in grant.limits.iter() {
                    require(
                        limit.is_well_formed(),
                        "body.scope.limits",
                        "says max or min as a number, or in",
                        name,
                    )?;
                }
            }
            Ok(())
        }
    }
}
