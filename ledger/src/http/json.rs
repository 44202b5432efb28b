//! The JSON that answers are made of.

use schemas::kinds::Use;
use schemas::payload::Payload;
use schemas::time::Time;
use schemas::tree::TreeHash;
use serde::Serialize;
use utoipa::ToSchema;

use crate::log::Log;
use crate::read::{Found, ReadError, Reader};

/// Which head an answer is about.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AsOf {
    /// Name of the log.
    origin: String,
    /// Number of entries.
    size: u64,
    /// Root at that size, in hex.
    root: String,
    /// Time of the last entry, in ms since the epoch.
    time: u64,
}

/// A statement with its place.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct StatementJson {
    /// Statement id.
    pub(super) id: String,
    /// Place in the log.
    pub(super) index: u64,
    /// When the log placed it, in ms since the epoch.
    time: u64,
    /// Key that signed it.
    kid: String,
    /// Principal that signed it.
    iss: String,
    /// What it is about.
    sub: String,
    /// The signature, in hex.
    signature: String,
    /// The payload's JSON form (docs/format.md).
    #[schema(value_type = Object)]
    payload: Payload,
}

/// One page of a search.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SearchJson {
    /// The head that the search is pinned to.
    pub(super) as_of: AsOf,
    /// The earliest `at` that was looked for, in ms since the epoch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) since: Option<u64>,
    /// The latest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) until: Option<u64>,
    /// Statements on this page.
    pub(super) count: usize,
    /// Entries that were looked at for this page.
    pub(super) examined: usize,
    /// Whether there may be more.
    pub(super) truncated: bool,
    /// Where the next page begins: `cursor` of the next request, all other parameters unchanged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) next: Option<String>,
    /// The statements, in the order asked for.
    pub(super) results: Vec<StatementJson>,
}

/// The statements that a name can mean.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ResolveJson {
    /// The head that was looked at.
    pub(super) as_of: AsOf,
    /// `id`, `foreign` or `prefix`.
    pub(super) matched: &'static str,
    /// Number of candidates listed.
    pub(super) count: usize,
    /// Whether there are more.
    pub(super) truncated: bool,
    /// The candidates, oldest first.
    pub(super) candidates: Vec<CandidateJson>,
}

/// A statement that a name can mean.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CandidateJson {
    /// Statement id.
    id: String,
    /// Place in the log.
    index: u64,
    /// Kind.
    kind: &'static str,
    /// What it is about.
    sub: String,
    /// Its own time, in ms since the epoch.
    at: u64,
}

/// The log.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct LogJson {
    /// Name of the log.
    pub(super) origin: String,
    /// Id of the log, which is that of its genesis statement.
    pub(super) log: String,
    /// Id of the genesis statement.
    pub(super) genesis: String,
    /// Whether the registrar's key was made beside the log's.
    pub(super) dev: bool,
    /// The latest head.
    pub(super) as_of: AsOf,
    /// The latest head that met the publication policy, which `/checkpoint` shows; absent where none has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) checkpoint: Option<CheckpointJson>,
    /// Why a log that was restored from a backup signs and appends nothing yet; absent otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) not_reconciled: Option<String>,
    /// The log's own keys that are in force, by use, the newest of each last.
    pub(super) keys: Vec<LogKeyJson>,
    /// Keys trusted at genesis to register others, in hex.
    pub(super) registrars: Vec<String>,
    /// How many registrars a change of registrars needs.
    pub(super) threshold: u64,
}

/// The checkpoint.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CheckpointJson {
    /// Number of entries.
    size: u64,
    /// Root at that size, in hex.
    root: String,
    /// When it was last renewed, in seconds since the epoch.
    time: u64,
    /// Whether that is longer ago than the log's heartbeat.
    overdue: bool,
    /// The witnesses that cosigned it, by the names that the log knows them by.
    cosigned: Vec<String>,
}

/// A key of the log itself.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct LogKeyJson {
    /// `checkpoint`, `statement` or `receipt`.
    #[serde(rename = "use")]
    #[schema(value_type = String)]
    pub(super) usage: Use,
    /// Key id.
    pub(super) kid: String,
    /// The public key, in hex.
    pub(super) public: String,
    /// Of a checkpoint key: the key as a C2SP `vkey`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) vkey: Option<String>,
}

/// An inclusion proof (RFC 9162 §2.1.3).
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct InclusionJson {
    /// Place of the entry.
    pub(super) index: u64,
    /// Size of the tree.
    pub(super) size: u64,
    /// Root at that size, in hex.
    pub(super) root: String,
    /// Leaf's sibling first, in hex.
    pub(super) path: Vec<String>,
    /// The latest signed head.
    pub(super) head: String,
}

/// A consistency proof (RFC 9162 §2.1.4).
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ConsistencyJson {
    /// Size of the earlier tree.
    pub(super) first: u64,
    /// Size of the later tree.
    pub(super) second: u64,
    /// Root of the earlier tree, in hex.
    pub(super) first_root: String,
    /// Root of the later tree, in hex.
    pub(super) second_root: String,
    /// The hashes in RFC order, in hex.
    pub(super) path: Vec<String>,
    /// The latest signed head.
    pub(super) head: String,
}

/// Whether the server is ready.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct HealthJson {
    /// `ok`; `no-log-key` where something cannot be signed; `checkpoint-overdue` where the checkpoint is older than the
    /// heartbeat, or there is none.
    pub(super) status: &'static str,
    /// With `no-log-key`: what no key at hand may sign: `statement` (the assertions in bundles), `receipt` (COSE receipts).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) without_key: Vec<&'static str>,
    /// Number of entries.
    pub(super) size: u64,
    /// The checkpoint.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) checkpoint: Option<CheckpointJson>,
    /// Statements being checked or waiting.
    pub(super) queue: usize,
}

/// What is running.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct VersionJson {
    /// `writd`.
    pub(super) name: &'static str,
    /// Version of the program.
    pub(super) version: &'static str,
    /// Version of the store's layout.
    pub(super) store_format: u32,
}

/// Hashes in hex.
pub(super) fn hex(path: &[TreeHash]) -> Vec<String> {
    path.iter().map(TreeHash::to_hex).collect()
}

impl CheckpointJson {
    /// The log's checkpoint, and whether it is overdue at `now`.
    pub(super) fn of(log: &Log, now: Time) -> Option<Self> {
        let checkpoint = log.checkpoint()?;
        let head = checkpoint.at.head;
        Some(Self {
            size: head.size,
            root: head.root.to_hex(),
            time: checkpoint.time,
            overdue: checkpoint.age(now) > log.genesis().parameters.heartbeat,
            cosigned: checkpoint.cosigned.clone(),
        })
    }

    /// Whether it is older than the heartbeat.
    pub(super) fn is_overdue(&self) -> bool {
        self.overdue
    }
}

impl AsOf {
    /// The reader's head.
    pub(super) fn head(reader: &Reader<'_>) -> Self {
        let head = reader.published().head;
        let origin = reader.log().origin().to_string();
        Self { origin, size: head.size, root: head.root.to_hex(), time: head.time.0 }
    }

    /// An earlier size, `1 <= size <= reader.size()`.
    pub(super) fn at(reader: &Reader<'_>, size: u64) -> Result<Self, ReadError> {
        if size == reader.size() {
            return Ok(Self::head(reader));
        }
        let last = reader.found_proved(schemas::time::Index(size.saturating_sub(1)))?;
        let root = reader.root_at(size)?.to_hex();
        Ok(Self { origin: reader.log().origin().to_string(), size, root, time: last.entry.time.0 })
    }
}

impl From<Found> for StatementJson {
    fn from(found: Found) -> Self {
        let envelope = &found.statement.envelope;
        Self {
            id: envelope.id.to_hex(),
            index: found.entry.index.0,
            time: found.entry.time.0,
            kid: envelope.kid.to_hex(),
            iss: envelope.iss.to_string(),
            sub: envelope.sub.clone(),
            signature: envelope.signature.to_hex(),
            payload: found.statement.payload,
        }
    }
}

impl From<&Found> for CandidateJson {
    fn from(found: &Found) -> Self {
        let statement = &found.statement;
        Self {
            id: statement.id().to_hex(),
            index: found.entry.index.0,
            kind: statement.payload.kind.as_str(),
            sub: statement.envelope.sub.clone(),
            at: statement.payload.at.0,
        }
    }
}
