//! `action`: what was attempted, and what came of it.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::decision::ActionName;
use super::shared::{BodyError, Digest, require, require_list, require_order};
use crate::reference::{ForeignRef, Reference};
use crate::scope::Quantities;
use crate::text::{Line, Name, PrincipalId};
use crate::time::Time;
use crate::words::words;

/// One action, or one side of it. Its moment is `attempted_at`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Action {
    /// Which side this tells of.
    pub phase: Phase,
    /// With `outcome`: the attempt that it came of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempt: Option<Reference>,
    /// Who acted.
    pub actor: PrincipalId,
    /// What was done.
    pub action: ActionName,
    /// On what: every resource that was touched.
    pub resources: Vec<Line>,
    /// How much, how many.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub quantities: Quantities,
    /// Digest of the exact request or its parameters, as executed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<Digest>,
    /// The delegation that it relied on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delegation: Option<Reference>,
    /// The decision that allowed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<Reference>,
    /// The approval that it relied on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval: Option<Reference>,
    /// The credential that was presented.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential: Option<ForeignRef>,
    /// The tool that was called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool: Option<PrincipalId>,
    /// When it was attempted.
    pub attempted_at: Time,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completed_at: Option<Time>,
    /// What came of it; with `outcome` and `both`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    /// The error that it ended in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Line>,
    /// What it changed.
    #[serde(default, skip_serializing_if = "super::shared::is_empty")]
    pub effects: Vec<Effect>,
    /// The action that this one undoes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compensates: Option<Reference>,
    /// The action that is tried again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_of: Option<Reference>,
    /// Which try this is, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub try_number: Option<u64>,
}

words!(
    /// Which side of an action a statement tells of.
    Phase {
        /// Before it: what is about to be done.
        Attempt = "attempt",
        /// After it: what came of an attempt.
        Outcome = "outcome",
        /// Both at once, afterwards.
        Both = "both",
    }
);

words!(
    /// What came of an action.
    Outcome {
        /// It was done.
        Completed = "completed",
        /// It was tried and failed.
        Failed = "failed",
        /// It was never carried out.
        Suppressed = "suppressed",
        /// It was refused.
        Denied = "denied",
    }
);

/// Something that an action changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Effect {
    /// What sort of change.
    pub kind: Name,
    /// What was changed.
    pub target: Line,
    /// Whether it lies outside the organisation.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub external: bool,
    /// Whether it can be undone; absent: not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reversible: Option<bool>,
}

impl Action {
    pub(crate) fn check(&self) -> Result<(), BodyError> {
        require(
            self.attempt.is_some() == (self.phase == Phase::Outcome),
            "body.attempt",
            "goes with outcome alone",
            &self.phase,
        )?;
        require(
            self.outcome.is_some() == (self.phase != Phase::Attempt),
            "body.outcome",
            "goes with outcome and both",
            &self.phase,
        )?;
        require_list(&self.resources, "body.resources")?;
        require_list(&self.effects, "body.effects")?;
        require_order(Some(self.attempted_at.0), self.completed_at.map(|t| t.0), "body.completed_at")?;
        match &self.request {
            Some(request) => request.check("body.request"),
            None => Ok(()),
        }
    }
}
