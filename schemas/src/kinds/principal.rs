//! `principal` and `link`: who somebody is, and under which other names.

use serde::{Deserialize, Serialize};

use super::shared::{BodyError, Digest, require, require_order};
use crate::text::{Line, Name, PrincipalId, Uri};
use crate::time::Time;
use crate::words::words;

/// A registrar registers a principal or changes its standing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Principal {
    /// The principal's URI.
    pub id: PrincipalId,
    /// What it is.
    #[serde(rename = "type")]
    pub principal_type: PrincipalType,
    /// Identity format: `spiffe`, `oidc`, `did`, `arn`, `k8s-sa`, `gcp-sa`, `email`, …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<Name>,
    /// Who issued the identity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iss: Option<Uri>,
    /// Which running instance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<Line>,
    /// Which version, of a model or program.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<Line>,
    /// Finer type, such as `batch` or `ai-agent`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sub_profile: Option<Name>,
    /// Who answers for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<PrincipalId>,
    /// Whether several actors share it.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub shared: bool,
    /// Its standing from `since` on.
    pub status: Status,
    /// From when the standing holds; absent: from this entry on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Time>,
}

impl Principal {
    /// A principal in good standing of which nothing more is said.
    pub fn active(id: PrincipalId, principal_type: PrincipalType) -> Self {
        Self {
            id,
            principal_type,
            format: None,
            iss: None,
            instance: None,
            version: None,
            sub_profile: None,
            owner: None,
            shared: false,
            status: Status::Active,
            since: None,
        }
    }
}

words!(
    /// What a principal is. Only humans, services and workloads that answer to nobody else stand at a root.
    PrincipalType {
        /// A person.
        Human = "human",
        /// A service of an organisation.
        Service = "service",
        /// A program that acts on somebody's behalf.
        Agent = "agent",
        /// A workflow, triggered by somebody.
        Workflow = "workflow",
        /// A tool that an agent calls.
        Tool = "tool",
        /// A gateway at a boundary.
        Gateway = "gateway",
    }
);

words!(
    /// A principal's standing.
    Status {
        /// In good standing.
        Active = "active",
        /// For now without authority.
        Suspended = "suspended",
        /// Gone for good.
        Offboarded = "offboarded",
    }
);

impl PrincipalType {
    /// Whether a chain may begin here: an agent, workflow or tool always acts for somebody.
    pub fn may_be_root(self) -> bool {
        matches!(self, Self::Human | Self::Service | Self::Gateway)
    }

    /// What a URI says of its principal's type by its scheme alone (`agent:`, `tool:`, `workflow:`).
    pub fn of_scheme(id: &PrincipalId) -> Option<Self> {
        match id.as_str().split(':').next() {
            Some("agent") => Some(Self::Agent),
            Some("tool") => Some(Self::Tool),
            Some("workflow") => Some(Self::Workflow),
            Some("gateway") => Some(Self::Gateway),
            Some("service") => Some(Self::Service),
            Some("user") => Some(Self::Human),
            _ => None,
        }
    }
}

/// A registrar links one principal's names under two identity formats.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Link {
    /// The one name.
    pub from: PrincipalId,
    /// The other.
    pub to: PrincipalId,
    /// What shows that both are one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Digest>,
    /// From when the link holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<Time>,
    /// Until when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Time>,
}

impl Link {
    pub(crate) fn check(&self) -> Result<(), BodyError> {
        require(self.from != self.to, "body.to", "is another name than body.from", &self.to)?;
        if let Some(evidence) = &self.evidence {
            evidence.check("body.evidence")?;
        }
        require_order(self.not_before.map(|t| t.0), self.expires.map(|t| t.0), "body.expires")
    }
}
