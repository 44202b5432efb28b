//! Why entries do not make evidence.

use alloc::string::String;

use schemas::entry::EntryError;
use schemas::envelope::StatementError;
use schemas::ids::{EntryHash, LogId, StatementId};
use schemas::time::{Index, Time};
use schemas::tree::TreeHash;
use thiserror::Error;

use crate::registry::GenesisError;

/// Why entries do not make evidence.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum EvidenceError {
    /// An entry does not decode.
    #[error("entry {index}: {error}")]
    Entry {
        /// Where it was said to stand.
        index: Index,
        /// Why not.
        error: EntryError,
    },
    /// A statement is of no form, be it a later one, that an honest log holds.
    #[error("statement at {index}: {error}")]
    Statement {
        /// Where it stands.
        index: Index,
        /// Why not.
        error: StatementError,
    },
    /// Entries are not in ascending order of index.
    #[error("entry {index} comes behind {previous}")]
    Order {
        /// The entry.
        index: Index,
        /// The one before it.
        previous: Index,
    },
    /// One statement stands at two places, which no honest log lets happen.
    #[error("statement {id} stands at {first} and again at {index}")]
    Repeated {
        /// The statement.
        id: StatementId,
        /// Its first place.
        first: Index,
        /// Its second.
        index: Index,
    },
    /// The entries are said to be all of the log's, and do not add up to its head.
    #[error("{got} entries with root {root}; the head covers {expected} with another root or number")]
    NotAll {
        /// How many entries the head covers.
        expected: u64,
        /// How many there are.
        got: u64,
        /// Their root.
        root: TreeHash,
    },
    /// Genesis is missing or no genesis.
    #[error("genesis: {0}")]
    Genesis(#[from] GenesisError),
    /// The first entry is not index 0.
    #[error("the evidence has no entry 0: without genesis nobody's keys are known")]
    NoGenesis,
    /// Genesis does not link to the head's origin.
    #[error("genesis names origin `{genesis}`; the head is of `{head}`")]
    Origin {
        /// Origin in genesis.
        genesis: String,
        /// Origin in the head.
        head: String,
    },
    /// Genesis is not the pinned one.
    #[error("the log is {got}; the trust file pins genesis {expected}")]
    WrongGenesis {
        /// Genesis in the trust file.
        expected: LogId,
        /// Genesis in the evidence.
        got: LogId,
    },
    /// Two consecutive entries are there and the second does not link to the first.
    #[error("entry {index} links to {got}; the entry before it hashes to {expected}")]
    Link {
        /// The second entry.
        index: Index,
        /// Hash of the first.
        expected: EntryHash,
        /// What the second says.
        got: EntryHash,
    },
    /// An entry's time lies before that of an earlier one.
    #[error("entry {index} is of {got}, an earlier one of {previous}: log time runs backwards")]
    Time {
        /// The later entry.
        index: Index,
        /// Time of the earlier.
        previous: Time,
        /// Its time.
        got: Time,
    },
}

impl EvidenceError {
    /// Stable name of this refusal.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Entry { error, .. } => error.code(),
            Self::Statement { error, .. } => error.code(),
            Self::Order { .. } => "entry-order",
            Self::Repeated { .. } => "statement-repeated",
            Self::NotAll { .. } => "entries-incomplete",
            Self::Genesis(_) => "genesis-invalid",
            Self::NoGenesis => "genesis-missing",
            Self::Origin { .. } => "wrong-origin",
            Self::WrongGenesis { .. } => "wrong-genesis",
            Self::Link { .. } => "link-broken",
            Self::Time { .. } => "time-backwards",
        }
    }
}
