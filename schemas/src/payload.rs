//! What is signed: the payload's common fields around a body.

use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::canonical::{self, DecodeError};
use crate::ids::{ByteString, LogId, StreamId};
use crate::kinds::{
    Action, Approval, Assertion, BodyError, Correction, Credential, Decision, Delegation, Genesis, IndexRoot,
    Key, Link, Policy, Principal, Revocation, Stream, Task,
};
use crate::reference::ForeignRef;
use crate::text::{Line, Name, Tenant, Uri};
use crate::time::Time;
use crate::tree::TreeHash;
use crate::words::words;

mod check;
mod read;

/// The only version of the payload.
pub const PAYLOAD_VERSION: u64 = 1;

/// What a statement says. `B` is the body's type; [`Body`] where any kind may stand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Payload<B = Body> {
    /// Version: [`PAYLOAD_VERSION`].
    pub v: u64,
    /// Kind of the body.
    pub kind: Kind,
    /// The log that the statement is meant for; absent in genesis alone.
    #[serde(default = "none", skip_serializing_if = "Option::is_none")]
    pub log: Option<LogId>,
    /// Label inside the log.
    pub tenant: Tenant,
    /// The emitter's sequence. Never with `imported`.
    #[serde(default = "none", skip_serializing_if = "Option::is_none")]
    pub stream: Option<StreamId>,
    /// Number within key, tenant and stream, from 0. Goes with `stream`.
    #[serde(default = "none", skip_serializing_if = "Option::is_none")]
    pub seq: Option<u64>,
    /// When, as the emitter claims; of an imported statement the source event's time.
    pub at: Time,
    /// The last head that the emitter verified: it bounds the statement's time from below.
    #[serde(default = "none", skip_serializing_if = "Option::is_none")]
    pub seen: Option<Seen>,
    /// From where the fact was seen.
    pub vantage: Vantage,
    /// The task that it belongs to.
    #[serde(default = "none", skip_serializing_if = "Option::is_none")]
    pub task: Option<Line>,
    /// Where it belongs in a distributed trace.
    #[serde(default = "none", skip_serializing_if = "Option::is_none")]
    pub trace: Option<Trace>,
    /// Foreign ids to be found by.
    #[serde(default = "Vec::new", skip_serializing_if = "Vec::is_empty")]
    pub refs: Vec<ForeignRef>,
    /// Where an imported statement was read from.
    #[serde(default = "none", skip_serializing_if = "Option::is_none")]
    pub source: Option<Source>,
    /// Inputs kept outside the leaf.
    #[serde(default = "Vec::new", skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<Attachment>,
    /// Extensions by URI: carried, never judged.
    #[serde(default = "BTreeMap::new", skip_serializing_if = "BTreeMap::is_empty")]
    pub ext: BTreeMap<Uri, ExtValue>,
    /// The fact itself.
    pub body: B,
}

fn none<T>() -> Option<T> {
    None
}

words!(
    /// Kinds of statement.
    Kind {
        /// [`Genesis`].
        Genesis = "genesis",
        /// [`Key`].
        Key = "key",
        /// [`Principal`].
        Principal = "principal",
        /// [`Link`].
        Link = "link",
        /// [`Task`].
        Task = "task",
        /// [`Delegation`].
        Delegation = "delegation",
        /// [`Credential`].
        Credential = "credential",
        /// [`Decision`].
        Decision = "decision",
        /// [`Approval`].
        Approval = "approval",
        /// [`Action`].
        Action = "action",
        /// [`Revocation`].
        Revocation = "revocation",
        /// [`Policy`].
        Policy = "policy",
        /// [`Stream`].
        Stream = "stream",
        /// [`Assertion`].
        Assertion = "assertion",
        /// [`IndexRoot`].
        IndexRoot = "index-root",
        /// [`Correction`].
        Correction = "correction",
    }
);

words!(
    /// From where a fact was seen.
    Vantage {
        /// By the one who decides.
        Authority = "authority",
        /// By a gateway that it passed.
        Boundary = "boundary",
        /// By the actor, about itself.
        Self_ = "self",
        /// In another system's log.
        Imported = "imported",
    }
);

/// A head: a size and the root at that size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "(u64, TreeHash)", into = "(u64, TreeHash)")]
pub struct Seen {
    /// Number of entries.
    pub size: u64,
    /// The tree's root.
    pub root: TreeHash,
}

impl From<(u64, TreeHash)> for Seen {
    fn from((size, root): (u64, TreeHash)) -> Self {
        Self { size, root }
    }
}

impl From<Seen> for (u64, TreeHash) {
    fn from(seen: Seen) -> Self {
        (seen.size, seen.root)
    }
}

/// W3C trace context.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trace {
    /// Trace id, 16 bytes.
    pub trace_id: ByteString,
    /// Span id, 8 bytes.
    pub span_id: ByteString,
}

/// Where an imported statement was read from. Tenant, format, id and part make it unique.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// Format of the source: `cloudtrail`, …
    pub format: Name,
    /// The source event's own id.
    pub id: Line,
    /// Which of the statements made from that event.
    pub part: Name,
    /// SHA-256 of that event's own bytes.
    pub digest: ByteString,
    /// The adapter and its version.
    pub adapter: Line,
}

/// An input kept outside the leaf, so that erasing it leaves the chain whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attachment {
    /// Its name.
    pub name: Line,
    /// Its media type.
    pub media_type: Line,
    /// Its size in bytes.
    pub size: u64,
    /// SHA-256 of the bytes, of salt and bytes where salted.
    pub digest: ByteString,
    /// Whether 32 random bytes stand before the bytes in the digest.
    pub salted: bool,
}

/// A value of an extension.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum ExtValue {
    /// True or false.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// Text.
    Text(String),
    /// A list.
    List(Vec<ExtValue>),
    /// Values by name.
    Map(BTreeMap<String, ExtValue>),
}

/// The fact that a statement records.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
#[expect(missing_docs, reason = "each variant is the kind of its name, documented there")]
pub enum Body {
    Genesis(Genesis),
    Key(Key),
    Principal(Principal),
    Link(Link),
    Task(Task),
    Delegation(Delegation),
    Credential(Credential),
    Decision(Decision),
    Approval(Approval),
    Action(Action),
    Revocation(Revocation),
    Policy(Policy),
    Stream(Stream),
    Assertion(Assertion),
    IndexRoot(IndexRoot),
    Correction(Correction),
}

/// Why bytes or JSON are not a payload of this format.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PayloadError {
    /// The bytes do not decode.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// Another version than [`PAYLOAD_VERSION`].
    #[error("payload version {got}; this format is version {PAYLOAD_VERSION}")]
    UnknownVersion {
        /// Version met.
        got: u64,
    },
    /// A kind that this format does not have.
    #[error("{detail}")]
    UnknownKind {
        /// Which.
        detail: String,
    },
    /// A rule across fields is broken.
    #[error(transparent)]
    Body(#[from] BodyError),
}

impl PayloadError {
    /// Stable name of this refusal.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Decode(decode) => decode.code(),
            Self::UnknownVersion { .. } => "unknown-version",
            Self::UnknownKind { .. } => "unknown-kind",
            Self::Body(_) => "invalid-field",
        }
    }

    /// Whether the payload may be of a later format: it must then be kept opaque, not called wrong.
    pub fn is_unknown(&self) -> bool {
        match self {
            Self::UnknownVersion { .. } | Self::UnknownKind { .. } => true,
            Self::Decode(decode) => {
                matches!(decode, DecodeError::UnknownField { .. } | DecodeError::UnknownValue { .. })
            }
            Self::Body(_) => false,
        }
    }
}

impl Payload {
    /// What a log says about itself: everything but the body is fixed. Genesis alone is meant for no log.
    pub fn of_log(log: Option<LogId>, at: Time, body: Body) -> Self {
        Self {
            v: PAYLOAD_VERSION,
            kind: body.kind(),
            log,
            tenant: Tenant::default_label(),
            stream: None,
            seq: None,
            at,
            seen: None,
            vantage: Vantage::Authority,
            task: None,
            trace: None,
            refs: Vec::new(),
            source: None,
            attachments: Vec::new(),
            ext: BTreeMap::new(),
            body,
        }
    }

    /// The canonical bytes. Refused where a rule across fields is broken or a value has no canonical form.
    pub fn to_bytes(&self) -> Result<Vec<u8>, PayloadError> {
        self.check()?;
        Ok(canonical::to_vec(self).map_err(|e| DecodeError::InvalidField { detail: e.to_string() })?)
    }

    /// What the envelope's `sub` says: the task or, where there is none, the thing that the statement is about.
    pub fn subject(&self) -> String {
        match (&self.task, &self.body) {
            (Some(task), _) => task.to_string(),
            (None, Body::Genesis(genesis)) => genesis.origin.to_string(),
            (None, Body::Key(key)) => {
                key.principal.as_ref().map_or_else(|| key.kid.to_string(), ToString::to_string)
            }
            (None, Body::Principal(principal)) => principal.id.to_string(),
            (None, Body::Link(link)) => link.from.to_string(),
            (None, Body::Delegation(delegation)) => delegation.delegatee.to_string(),
            (None, Body::Credential(credential)) => credential.holder.to_string(),
            (None, Body::Decision(decision)) => decision.actor.to_string(),
            (None, Body::Approval(approval)) => approval.requester.to_string(),
            (None, Body::Action(action)) => action.actor.to_string(),
            (None, Body::Revocation(revocation)) => revocation.target.to_string(),
            (None, Body::Policy(policy)) => policy.id.to_string(),
            (None, Body::Correction(correction)) => correction.about.to_string(),
            // These speak of the log or the emitter itself; `check` lets no task-less `task` statement pass.
            (None, Body::Stream(_) | Body::Assertion(_) | Body::IndexRoot(_) | Body::Task(_)) => {
                self.kind.as_str().to_string()
            }
        }
    }
}

impl Body {
    /// The kind of this body.
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Genesis(_) => Kind::Genesis,
            Self::Key(_) => Kind::Key,
            Self::Principal(_) => Kind::Principal,
            Self::Link(_) => Kind::Link,
            Self::Task(_) => Kind::Task,
            Self::Delegation(_) => Kind::Delegation,
            Self::Credential(_) => Kind::Credential,
            Self::Decision(_) => Kind::Decision,
            Self::Approval(_) => Kind::Approval,
            Self::Action(_) => Kind::Action,
            Self::Revocation(_) => Kind::Revocation,
            Self::Policy(_) => Kind::Policy,
            Self::Stream(_) => Kind::Stream,
            Self::Assertion(_) => Kind::Assertion,
            Self::IndexRoot(_) => Kind::IndexRoot,
            Self::Correction(_) => Kind::Correction,
        }
    }
}
