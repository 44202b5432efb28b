//! Checking that a log has signed two histories: two heads by one of its keys that cannot both be true.
//!
//! Nobody but the log can bring such a pair about: each head is under its key, and from the larger one's root a consistency path
//! leads to what the larger tree was at the smaller size (RFC 9162 §2.1.4). Under SHA-256 there is one such root, and the log has
//! signed another.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use schemas::checkpoint::{Checkpoint, CheckpointError, Origin};
use schemas::fork::Fork;
use schemas::note::{Note, NoteError, SignatureType, VerifierKey, VerifierKeyError};
use schemas::proof::ConsistencyProof;
use schemas::tree::TreeHash;
use schemas::trust::TrustPolicy;
use thiserror::Error;

use crate::checkpoint::VerifiedHead;
use crate::merkle::{ConsistencyClaim, MerkleError, NodeSource, ProveError};
use crate::merkle::{prove_consistency, root_at, verify_consistency};
use crate::note::{NoteVerifyError, verify_note};

/// Two heads by one key that cannot both be true. Made by [`check`] alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProvedFork {
    key: VerifierKey,
    first: Checkpoint,
    second: Checkpoint,
    root: TreeHash,
}

/// Checks that one key has signed both heads, and that they contradict each other. Whose key it is, only a reader can say who
/// pinned it: [`ProvedFork::is_pinned`].
pub fn check(fork: &Fork) -> Result<ProvedFork, ForkRefusal> {
    let key = VerifierKey::parse(&fork.key)?;
    let first = signed_head(&fork.first, &key)?;
    let second = signed_head(&fork.second, &key)?;
    let proof = ConsistencyProof { first: first.size, second: second.size, path: fork.path.clone() };
    verify_consistency(&proof, ConsistencyClaim { first_root: fork.root, second_root: second.root })?;
    if first.root == fork.root {
        return Err(ForkRefusal::Consistent { first: first.size, second: second.size, root: fork.root });
    }
    Ok(ProvedFork { key, first, second, root: fork.root })
}

/// Makes the proof from two signed notes, the smaller tree's first, and the nodes of the larger one's tree.
///
/// What is made proves nothing where the heads are consistent or the nodes are not that tree's: [`check`] tells.
pub fn prove<S: NodeSource>(
    key: &VerifierKey,
    [first, second]: [&Note; 2],
    later: &S,
) -> Result<Fork, ForkProveError<S::Error>> {
    let (earlier, head) = (Checkpoint::from_note(first)?, Checkpoint::from_note(second)?);
    // Two roots at one size need no tree between them.
    let (root, path) = if earlier.size == head.size {
        (head.root, Vec::new())
    } else {
        (root_at(later, earlier.size)?, prove_consistency(later, earlier.size, head.size)?.path)
    };
    Ok(Fork { key: key.to_string(), first: first.to_string(), second: second.to_string(), root, path })
}

/// A head under the key, whose name is the head's origin.
fn signed_head(note: &str, key: &VerifierKey) -> Result<Checkpoint, ForkRefusal> {
    let note = Note::parse(note.as_bytes())?;
    let head = Checkpoint::from_note(&note)?;
    if key.kind() != SignatureType::Ed25519 || key.name() != head.origin.key_name() {
        return Err(ForkRefusal::NotTheLogsKey { key: key.to_string(), origin: head.origin.to_string() });
    }
    verify_note(&note, [key])?;
    Ok(head)
}

impl ProvedFork {
    /// Which log.
    pub fn origin(&self) -> &Origin {
        &self.first.origin
    }

    /// The key that signed both.
    pub fn key(&self) -> &VerifierKey {
        &self.key
    }

    /// The head of the smaller tree.
    pub fn first(&self) -> &Checkpoint {
        &self.first
    }

    /// The head of the larger tree.
    pub fn second(&self) -> &Checkpoint {
        &self.second
    }

    /// Root of the larger tree at the smaller one's size, which is not what the smaller head says.
    pub fn root(&self) -> TreeHash {
        self.root
    }

    /// Refuses a head that the key has signed: of two histories it may be in either, and so may all that stands under it.
    pub fn check_head(&self, head: &VerifiedHead) -> Result<(), SplitView> {
        if head.origin() != self.origin() || !head.keys().any(|key| *key == self.key) {
            return Ok(());
        }
        let (key, size) = (self.key.to_string(), self.first.size);
        Err(SplitView { key, size, first: self.first.root, second: self.root })
    }

    /// Whether the trust file pins the key for this log.
    pub fn is_pinned(&self, policy: &TrustPolicy) -> bool {
        policy.keys_of(self.origin()).any(|key| *key == self.key)
    }
}

/// A head is by a key that is proved to have signed two histories.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{key} has signed two histories: at size {size} with root {first} and with root {second}")]
pub struct SplitView {
    /// The key.
    pub key: String,
    /// The size at which they differ.
    pub size: u64,
    /// The root of the one.
    pub first: TreeHash,
    /// The root of the other.
    pub second: TreeHash,
}

impl SplitView {
    /// Stable name of this refusal.
    pub fn code(&self) -> &'static str {
        "split-view"
    }
}

/// Why a file proves no fork.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ForkRefusal {
    /// The key is not written as one.
    #[error(transparent)]
    Key(#[from] VerifierKeyError),
    /// A head is no signed note.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// A note's text is no checkpoint.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The key is another log's, or a witness's.
    #[error("the key {key} is not one that signs for the log {origin}")]
    NotTheLogsKey {
        /// The verifier key.
        key: String,
        /// The log that the head is of.
        origin: String,
    },
    /// The key did not sign a head.
    #[error(transparent)]
    Signature(#[from] NoteVerifyError),
    /// The path does not lead to the larger tree's root.
    #[error(transparent)]
    Path(#[from] MerkleError),
    /// The larger tree begins with the smaller one.
    #[error(
        "the heads of size {first} and {second} are consistent: both trees have the root {root} at size {first}"
    )]
    Consistent {
        /// Size of the smaller tree.
        first: u64,
        /// Size of the larger tree.
        second: u64,
        /// Root of both at the smaller size.
        root: TreeHash,
    },
}

impl ForkRefusal {
    /// Stable name of the error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Key(error) => error.code(),
            Self::Note(error) => error.code(),
            Self::Checkpoint(error) => error.code(),
            Self::NotTheLogsKey { .. } => "fork-key-not-the-logs",
            Self::Signature(error) => error.code(),
            Self::Path(error) => error.code(),
            Self::Consistent { .. } => "fork-heads-consistent",
        }
    }
}

/// Why no proof could be made.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ForkProveError<E: core::fmt::Display> {
    /// A note's text is no checkpoint.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The path could not be made.
    #[error(transparent)]
    Path(#[from] ProveError<E>),
}

#[cfg(test)]
mod tests;
