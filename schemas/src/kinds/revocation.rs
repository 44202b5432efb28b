//! `revocation`: authority is withdrawn, from a moment on.

use core::fmt;

use serde::{Deserialize, Serialize};

use super::shared::{BodyError, require};
use crate::ids::KeyId;
use crate::reference::Reference;
use crate::text::{Line, Name, PrincipalId};
use crate::time::Time;
use crate::words::words;

/// One withdrawal. Irreversible.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Revocation {
    /// What is withdrawn.
    pub target: Target,
    /// Who withdraws it; absent: the signer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoker: Option<PrincipalId>,
    /// From when; absent: from the statement's `at`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effective_at: Option<Time>,
    /// Why: `task-completed`, `context-changed`, `risk-increased`, `exposed`, …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<Name>,
    /// What led to it, in the revoker's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Line>,
}

/// What a revocation withdraws: exactly one of the names, fitting the kind.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// What sort of thing.
    pub kind: TargetKind,
    /// A delegation, credential or approval: its statement, or a credential's own name.
    #[serde(default, rename = "ref", skip_serializing_if = "Option::is_none")]
    pub reference: Option<Reference>,
    /// A key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<KeyId>,
    /// A task.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task: Option<Line>,
    /// A principal: all that it holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub principal: Option<PrincipalId>,
}

words!(
    /// What sort of thing is withdrawn.
    TargetKind {
        /// A delegation and everything below it.
        Delegation = "delegation",
        /// A credential and what it carries.
        Credential = "credential",
        /// A key's power to speak.
        Key = "key",
        /// A consent.
        Approval = "approval",
        /// A task and all authority given for it.
        Task = "task",
        /// Everything that a principal holds.
        Principal = "principal",
    }
);

impl fmt::Display for Target {
    /// The one name that is there.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.reference, &self.key, &self.task, &self.principal) {
            (Some(reference), ..) => reference.fmt(f),
            (_, Some(key), ..) => key.fmt(f),
            (_, _, Some(task), _) => task.fmt(f),
            (.., Some(principal)) => principal.fmt(f),
            _ => f.write_str("nothing"),
        }
    }
}

impl Revocation {
    pub(crate) fn check(&self) -> Result<(), BodyError> {
        let Target { kind, reference, key, task, principal } = &self.target;
        let named = match kind {
            TargetKind::Delegation | TargetKind::Credential | TargetKind::Approval => reference.is_some(),
            TargetKind::Key => key.is_some(),
            TargetKind::Task => task.is_some(),
            TargetKind::Principal => principal.is_some(),
        };
        let names = [reference.is_some(), key.is_some(), task.is_some(), principal.is_some()];
        let count = names.iter().filter(|present| **present).count();
        require(named && count == 1, "body.target", "has exactly the one name that fits its kind", kind)
    }
}
