//! The answers' JSON. Fields that are not known here are passed over: a newer server may say more.

use std::collections::BTreeMap;

use schemas::canonical::from_slice;
use schemas::ids::{KeyId, LogId, StatementId};
use schemas::payload::Kind;
use schemas::tree::TreeHash;
use serde::{Deserialize, Serialize};

/// What a posted batch is answered with.
#[derive(Clone, Debug, Deserialize)]
pub struct Appended {
    /// The log's signed head, under which the proofs lead.
    pub head: String,
    /// One for each statement, in the order in which they were posted.
    pub results: Vec<Placed>,
}

/// What became of one posted statement.
#[derive(Clone, Debug, Deserialize)]
pub struct Placed {
    /// The statement that is in the log: the one posted, or the one that was imported before it.
    #[serde(default)]
    pub id: Option<StatementId>,
    /// Its place; absent where it was refused.
    #[serde(default)]
    pub index: Option<u64>,
    /// What became of it.
    pub status: AppendStatus,
    /// Why it was refused.
    #[serde(default)]
    pub code: Option<String>,
    /// Why, in words.
    #[serde(default)]
    pub detail: Option<String>,
    /// What is remarkable about it: `seq-conflict`, …
    #[serde(default)]
    pub warnings: Vec<String>,
    /// Inclusion path under the answer's head.
    #[serde(default)]
    pub proof: Vec<TreeHash>,
}

/// What became of a posted statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AppendStatus {
    /// It is in the log now.
    Appended,
    /// The same bytes were in the log already.
    Duplicate,
    /// The same part of the same source event was in the log already, imported by other bytes.
    AlreadyImported,
    /// It is not in the log and these bytes never will be.
    Refused,
}

/// Which state of the log an answer is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AsOf {
    /// The log's name.
    pub origin: String,
    /// Number of entries.
    pub size: u64,
    /// Root at that size.
    pub root: TreeHash,
    /// Time of the last entry, in milliseconds.
    pub time: u64,
}

/// Which log a server serves.
#[derive(Clone, Debug, Deserialize)]
pub struct LogInfo {
    /// Id of the genesis statement.
    pub log: LogId,
    /// The log's name.
    pub origin: String,
    /// The latest head.
    pub as_of: AsOf,
}

/// A logged statement in its JSON form.
#[derive(Clone, Debug, Deserialize)]
pub struct Found {
    /// Its id.
    pub id: StatementId,
    /// Its place.
    pub index: u64,
    /// When the log placed it, in milliseconds.
    pub time: u64,
    /// The key that signed it.
    pub kid: KeyId,
    /// The principal that signed it.
    pub iss: String,
    /// What it says.
    pub payload: serde_json::Value,
}

/// A page of a search.
#[derive(Clone, Debug, Deserialize)]
pub struct FoundPage {
    /// What was searched.
    pub as_of: AsOf,
    /// The earliest and the latest moment that were understood, in milliseconds.
    #[serde(default)]
    pub since: Option<u64>,
    /// See `since`.
    #[serde(default)]
    pub until: Option<u64>,
    /// Whether there is more.
    pub truncated: bool,
    /// How to ask for more.
    #[serde(default)]
    pub next: Option<String>,
    /// The statements, in the order asked for.
    pub results: Vec<Found>,
}

/// Statements that an id may mean.
#[derive(Clone, Debug, Deserialize)]
pub struct Candidates {
    /// What was searched.
    pub as_of: AsOf,
    /// By what they were found.
    pub matched: Matched,
    /// The statements.
    pub candidates: Vec<Candidate>,
    /// Whether there are more.
    #[serde(default)]
    pub truncated: bool,
}

/// By what an id was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Matched {
    /// It is a statement's full id.
    Id,
    /// It is a foreign id that statements carry.
    Foreign,
    /// It begins statements' ids.
    Prefix,
    /// Something that this program does not know.
    #[serde(other)]
    Other,
}

/// A statement that an id may mean.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Candidate {
    /// Its id.
    pub id: StatementId,
    /// Its place.
    pub index: u64,
    /// Its kind.
    pub kind: Kind,
}

/// Where an entry stands in a tree.
#[derive(Clone, Debug, Deserialize)]
pub struct InclusionAnswer {
    /// The path, leaf's sibling first.
    pub path: Vec<TreeHash>,
}

/// How one head goes on from another.
#[derive(Clone, Debug, Deserialize)]
pub struct ConsistencyAnswer {
    /// The hashes.
    pub path: Vec<TreeHash>,
}

/// A name that looks like the one that was asked for, as the server says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NearName {
    /// The name.
    pub name: String,
    /// What it is of.
    pub sort: String,
    /// A statement that it stands in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub index: Option<u64>,
}

/// A statement that a name can mean, as the server says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Meant {
    /// Its id.
    pub id: StatementId,
    /// Its kind.
    pub kind: Kind,
    /// Its place.
    pub index: u64,
    /// When, as its signer says, in milliseconds.
    pub at: u64,
    /// Its tenant.
    pub tenant: String,
    /// What it says, in a line.
    pub summary: String,
}

/// What a server that finds nothing, or several things, names instead.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Instead {
    /// What is called nearly so, nearest first.
    pub near: Vec<NearName>,
    /// The statements that are called so.
    pub candidates: Vec<Meant>,
}

/// A problem (RFC 9457, or RFC 9290 where SCITT asks for that), as far as it is used.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Problem {
    pub(super) code: Option<String>,
    pub(super) title: Option<String>,
    pub(super) detail: Option<String>,
    #[serde(default)]
    pub(super) near: Vec<NearName>,
    #[serde(default)]
    pub(super) candidates: Vec<Meant>,
}

impl Problem {
    /// Of either form; empty where it is of neither.
    pub(super) fn read(body: &[u8]) -> Self {
        serde_json::from_slice(body).ok().or_else(|| Self::concise(body)).unwrap_or_default()
    }

    /// SCITT's form (RFC 9290): `{-1: title, -2: detail}`, where writd's detail begins with the code.
    fn concise(body: &[u8]) -> Option<Self> {
        let mut fields: BTreeMap<i64, String> = from_slice(body).ok()?;
        let (title, detail) = (fields.remove(&-1), fields.remove(&-2)?);
        let is_code =
            |word: &str| !word.is_empty() && word.chars().all(|c| c == '-' || c.is_ascii_lowercase());
        Some(match detail.split_once(": ").filter(|(word, _)| is_code(word)) {
            Some((code, detail)) => {
                Self { code: Some(code.into()), title, detail: Some(detail.into()), ..Self::default() }
            }
            None => Self { title, detail: Some(detail), ..Self::default() },
        })
    }
}
