//! Whether to cosign: two pure functions, one of the log's keys and the request, one of the latest state and the request.

use schemas::note::{Note, NoteSignature, VerifierKey};
use schemas::proof::ConsistencyProof;
use schemas::tree::TreeHash;
use thiserror::Error;
use verifier::merkle::{ConsistencyClaim, MerkleError, verify_consistency};
use verifier::note::{NoteVerifyError, VerifiedSignature, verify_note};

use crate::request::{Request, RequestError};

/// The latest checkpoint that was cosigned for a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Latest {
    /// Number of leaves.
    pub size: u64,
    /// Root of the tree of that size.
    pub root: TreeHash,
    /// When it was cosigned, in seconds since the epoch.
    pub time: u64,
    /// The checkpoint under the log's own signatures and this witness's.
    pub note: Note,
}

/// A request under which a key of its log has signed. Made by [`authenticate`] alone.
#[derive(Clone, Debug)]
pub struct Authentic<'r> {
    request: &'r Request,
    note: Note,
}

impl Authentic<'_> {
    /// What was asked.
    pub fn request(&self) -> &Request {
        self.request
    }

    /// The checkpoint with the signatures of known keys alone: those of others mean nothing here.
    pub fn note(&self) -> &Note {
        &self.note
    }
}

/// Checks that a key of the log has signed, and no key of the log wrongly. `keys` are those trusted for the request's origin.
pub fn authenticate<'r>(request: &'r Request, keys: &[VerifierKey]) -> Result<Authentic<'r>, Refusal> {
    if keys.is_empty() {
        return Err(Refusal::UnknownOrigin { origin: request.origin.to_string() });
    }
    let verified = verify_note(&request.note, keys)?;
    // One line a key: more would say nothing more, and could leave no room for the cosignature.
    let line_of = |key: &VerifierKey| {
        let is_by = |line: &&NoteSignature| line.name == *key.name() && line.key_id == key.id();
        request.note.signatures().iter().find(is_by).cloned()
    };
    let lines = verified.iter().map(VerifiedSignature::key).filter_map(line_of).collect();
    let note =
        Note::new(request.note.text().to_owned(), lines).map_err(|error| Refusal::Form(error.into()))?;
    Ok(Authentic { request, note })
}

/// Whether the checkpoint may be cosigned after `latest`, which is nothing where none was cosigned before.
///
/// The checks are in the order of the specification, so that a submitter who is behind learns the size first.
pub fn decide(latest: Option<&Latest>, authentic: &Authentic<'_>) -> Result<(), Refusal> {
    let Request { old, proof, size, root, .. } = authentic.request;
    let (old, size) = (*old, *size);
    if old > size {
        return Err(Refusal::OldBeyondSize { old, size });
    }
    let (known, known_root) = latest.map_or((0, TreeHash::EMPTY_ROOT), |latest| (latest.size, latest.root));
    if old != known {
        return Err(Refusal::OtherSize { got: old, latest: known });
    }
    if size == 0 && *root != TreeHash::EMPTY_ROOT {
        return Err(Refusal::EmptyRoot { got: *root });
    }
    if old == 0 || old == size {
        if !proof.is_empty() {
            return Err(Refusal::ProofNotEmpty { got: proof.len() });
        }
        if old == size && *root != known_root {
            return Err(Refusal::OtherRoot { size, got: *root, expected: known_root });
        }
        return Ok(());
    }
    let proof = ConsistencyProof { first: old, second: size, path: proof.clone() };
    let claim = ConsistencyClaim { first_root: known_root, second_root: *root };
    verify_consistency(&proof, claim).map(drop).map_err(Refusal::Inconsistent)
}

/// Why a checkpoint is not cosigned.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Refusal {
    /// The request cannot be read.
    #[error(transparent)]
    Form(#[from] RequestError),
    /// No log of this name is followed.
    #[error("this witness does not follow the log {origin}")]
    UnknownOrigin {
        /// Which log.
        origin: String,
    },
    /// No trusted key has signed, or one that is trusted has signed wrongly.
    #[error(transparent)]
    NotSigned(#[from] NoteVerifyError),
    /// The old size is larger than the checkpoint's.
    #[error("the old size {old} is beyond the checkpoint's size {size}")]
    OldBeyondSize {
        /// The old size.
        old: u64,
        /// The checkpoint's size.
        size: u64,
    },
    /// The old size is not that of the latest cosigned checkpoint.
    #[error("the old size is {got}, the latest cosigned checkpoint has size {latest}")]
    OtherSize {
        /// The old size in the request.
        got: u64,
        /// Size of the latest cosigned checkpoint.
        latest: u64,
    },
    /// The tree is said to be empty and its root is not that of the empty tree.
    #[error("the checkpoint of an empty tree has the root {got}")]
    EmptyRoot {
        /// The root.
        got: TreeHash,
    },
    /// There is nothing to prove.
    #[error("the proof has {got} hashes; from size 0, or to the same size, it is empty")]
    ProofNotEmpty {
        /// Hashes in the proof.
        got: usize,
    },
    /// Another tree of the same size: the log has two histories.
    #[error("the latest cosigned checkpoint of size {size} has the root {expected}, this one {got}")]
    OtherRoot {
        /// Size of both.
        size: u64,
        /// The root in the request.
        got: TreeHash,
        /// The root that was cosigned.
        expected: TreeHash,
    },
    /// The tree does not begin with the one that was cosigned, or the proof does not show it.
    #[error("the checkpoint is not shown to continue the latest cosigned one: {0}")]
    Inconsistent(MerkleError),
}

impl Refusal {
    /// Stable name of the refusal.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Form(error) => error.code(),
            Self::UnknownOrigin { .. } => "unknown-origin",
            Self::NotSigned(_) => "not-signed-by-log",
            Self::OldBeyondSize { .. } => "old-beyond-size",
            Self::OtherSize { .. } => "other-size",
            Self::EmptyRoot { .. } => "empty-root",
            Self::ProofNotEmpty { .. } => "proof-not-empty",
            Self::OtherRoot { .. } => "other-root",
            Self::Inconsistent(_) => "inconsistent",
        }
    }

    /// The HTTP status (C2SP tlog-witness).
    pub fn status(&self) -> u16 {
        match self {
            Self::Form(RequestError::TooLarge { .. }) => 413,
            Self::Form(_) | Self::OldBeyondSize { .. } => 400,
            Self::NotSigned(_) => 403,
            Self::UnknownOrigin { .. } => 404,
            Self::OtherSize { .. } => 409,
            Self::EmptyRoot { .. }
            | Self::ProofNotEmpty { .. }
            | Self::OtherRoot { .. }
            | Self::Inconsistent(_) => 422,
        }
    }

    /// Whether a key of the log has signed what does not fit: worth keeping, as it may show that the log misbehaves.
    pub fn is_suspect(&self) -> bool {
        matches!(self, Self::EmptyRoot { .. } | Self::OtherRoot { .. } | Self::Inconsistent(_))
    }
}
