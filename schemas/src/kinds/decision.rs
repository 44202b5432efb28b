//! `decision`: a policy decision point's ruling on one request, at one moment.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::shared::{BodyError, Digest, require_list, require_order};
use crate::reference::{ForeignRef, Reference};
use crate::scope::Quantities;
use crate::text::{Line, Name, PrincipalId, Uri};
use crate::time::{Millis, Time};
use crate::words::words;

/// One ruling. Its moment is `evaluated_at`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Decision {
    /// The ruling.
    pub ruling: Ruling,
    /// Who asked to act.
    pub actor: PrincipalId,
    /// What for.
    pub action: ActionName,
    /// On what: every resource of the request.
    pub resources: Vec<Line>,
    /// The request's quantities.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub quantities: Quantities,
    /// Digest of the exact request or its parameters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<Digest>,
    /// The delegation that the request relied on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delegation: Option<Reference>,
    /// The credential that was presented.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential: Option<ForeignRef>,
    /// The approval that the ruling relied on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval: Option<Reference>,
    /// Who decided; absent: the signer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decider: Option<PrincipalId>,
    /// When it was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requested_at: Option<Time>,
    /// When it was ruled.
    pub evaluated_at: Time,
    /// Until when the ruling may be used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<Time>,
    /// How many actions it may carry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub use_limit: Option<u64>,
    /// Why, in a word: `not-evaluated`, a reason code, …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Line>,
    /// By which policy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<PolicyRef>,
    /// Digest of the context it was ruled in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<Digest>,
    /// Which inputs were there, and when each was observed.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub inputs: BTreeMap<Name, Time>,
    /// When revocations were last looked up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revocations_at: Option<Time>,
    /// The risk that was assumed, as the decider words it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub risk: Option<Line>,
    /// What must be done along with the action.
    #[serde(default, skip_serializing_if = "super::shared::is_empty")]
    pub obligations: Vec<Line>,
    /// How fine the ruling is: `login`, `tool`, `call`, `parameters`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub granularity: Option<Name>,
    /// What it rests on: `role`, `scope`, `task`, `policy`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub basis: Option<Name>,
    /// How old a cached ruling was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cached_age: Option<Millis>,
    /// The enforcement point.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pep: Option<PrincipalId>,
    /// What the enforcement point did when nobody could decide: `open` or `closed`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fail_mode: Option<Name>,
    /// The decision whose request is tried again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_of: Option<Reference>,
}

words!(
    /// A ruling.
    Ruling {
        /// Allowed.
        Permit = "permit",
        /// Refused.
        Deny = "deny",
        /// Could not be decided.
        Indeterminate = "indeterminate",
    }
);

/// What is done, and how it is classed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ActionName {
    /// Its name, such as `payments:refund`.
    pub name: Line,
    /// Its class: `read`, `write`, `external`, `export`, `irreversible`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<Name>,
    /// Who classed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class_source: Option<Uri>,
}

/// The policy that a decision applied.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyRef {
    /// The engine: `opa`, `cedar`, `aws-iam`, …
    pub engine: Name,
    /// The policy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<Line>,
    /// Its revision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<Line>,
    /// The rules that matched.
    #[serde(default, skip_serializing_if = "super::shared::is_empty")]
    pub rules: Vec<Line>,
}

impl Decision {
    pub(crate) fn check(&self) -> Result<(), BodyError> {
        require_list(&self.resources, "body.resources")?;
        require_list(&self.obligations, "body.obligations")?;
        require_order(self.requested_at.map(|t| t.0), Some(self.evaluated_at.0), "body.evaluated_at")?;
        require_order(Some(self.evaluated_at.0), self.valid_until.map(|t| t.0), "body.valid_until")?;
        if let Some(policy) = &self.policy {
            require_list(&policy.rules, "body.policy.rules")?;
        }
        if let Some(request) = &self.request {
            request.check("body.request")?;
        }
        match &self.context {
            Some(context) => context.check("body.context"),
            None => Ok(()),
        }
    }
}
