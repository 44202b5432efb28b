//! `approval`: a human's consent, bound to one exact request unless it says otherwise.

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::decision::ActionName;
use super::shared::{BodyError, Digest, require_list, require_order};
use crate::reference::{ForeignRef, Reference};
use crate::text::{Line, PrincipalId};
use crate::time::Time;
use crate::words::words;

/// One consent. Its moment is `approved_at`. It is withdrawn by a revocation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Approval {
    /// Who consents.
    pub approver: PrincipalId,
    /// Who asked.
    pub requester: PrincipalId,
    /// To what.
    pub action: ActionName,
    /// On what.
    pub resources: Vec<Line>,
    /// Whether it binds one exact request or whatever fits.
    pub scope: ApprovalScope,
    /// Digest of the exact request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<Digest>,
    /// The request, by the approval system's own name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_ref: Option<ForeignRef>,
    /// When consent was given.
    pub approved_at: Time,
    /// Until when it may be used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved_until: Option<Time>,
    /// How many actions it may carry; absent: one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub use_limit: Option<u64>,
    /// The approval that it replaces.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub supersedes: Option<Reference>,
    /// Whether it was an emergency.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub break_glass: bool,
    /// Until when an emergency must be reviewed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub review_by: Option<Time>,
}

words!(
    /// How far a consent reaches.
    ApprovalScope {
        /// One exact request.
        Exact = "exact",
        /// Every request of this action on these resources.
        Template = "template",
    }
);

impl Approval {
    pub(crate) fn check(&self) -> Result<(), BodyError> {
        require_list(&self.resources, "body.resources")?;
        require_order(Some(self.approved_at.0), self.approved_until.map(|t| t.0), "body.approved_until")?;
        match &self.request {
            Some(request) => request.check("body.request"),
            None => Ok(()),
        }
    }
}
