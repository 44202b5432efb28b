//! `policy`: a revision of a policy comes into force.

use serde::{Deserialize, Serialize};

use super::shared::{BodyError, Digest};
use crate::reference::Reference;
use crate::text::{Line, Name};
use crate::time::Time;

/// One revision of a policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// The engine: `opa`, `cedar`, `aws-iam`, …
    pub engine: Name,
    /// The policy.
    pub id: Line,
    /// Its revision.
    pub revision: Line,
    /// Digest of its text.
    pub digest: Digest,
    /// From when it is in force.
    pub effective_from: Time,
    /// The revision that it replaces.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub supersedes: Option<Reference>,
}

impl Policy {
    pub(crate) fn check(&self) -> Result<(), BodyError> {
        self.digest.check("body.digest")
    }
}
