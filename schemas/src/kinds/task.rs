//! `task`: the unit of intent, and where it stands. The envelope's `task` names it.

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::shared::{BodyError, Digest, require, require_list};
use crate::scope::Pattern;
use crate::text::{Line, Name, PrincipalId};
use crate::time::Time;
use crate::words::words;

/// One step of a task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Task {
    /// What happens.
    pub op: TaskOp,
    /// Who answers for the task; with `open`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<PrincipalId>,
    /// Digest of the intent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub intent: Option<Digest>,
    /// What the task may need; with `open`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<Plan>,
    /// The stage entered; with `stage`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage: Option<Name>,
    /// When it happened; absent: at the statement's `at`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effective_at: Option<Time>,
    /// Why, in a word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<Line>,
}

words!(
    /// Steps of a task's life.
    TaskOp {
        /// It begins.
        Open = "open",
        /// It enters a stage, or resumes.
        Stage = "stage",
        /// It rests.
        Suspend = "suspend",
        /// It is done.
        Complete = "complete",
        /// It is called off.
        Cancel = "cancel",
        /// It failed.
        Fail = "fail",
    }
);

/// What a task may need.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// Patterns over action names.
    pub actions: Vec<Pattern>,
    /// Patterns over resources.
    pub resources: Vec<Pattern>,
    /// Stages, in order.
    #[serde(default, skip_serializing_if = "super::shared::is_empty")]
    pub stages: Vec<Name>,
}

impl Task {
    pub(crate) fn check(&self) -> Result<(), BodyError> {
        let opens = self.op == TaskOp::Open;
        require(self.owner.is_some() == opens, "body.owner", "goes with open alone", &self.op)?;
        require(self.plan.is_none() || opens, "body.plan", "goes with open alone", &self.op)?;
        require(
            self.stage.is_some() == (self.op == TaskOp::Stage),
            "body.stage",
            "goes with stage alone",
            &self.op,
        )?;
        if let Some(intent) = &self.intent {
            intent.check("body.intent")?;
        }
        if let Some(plan) = &self.plan {
            require_list(&plan.actions, "body.plan.actions")?;
            require_list(&plan.resources, "body.plan.resources")?;
            require_list(&plan.stages, "body.plan.stages")?;
        }
        Ok(())
    }
}
