//! Checking a log's head against the keys pinned in the trust file, and proofs against a checked head.
//!
//! The only place where a [`VerifiedHead`] or a [`VerifiedCheckpoint`] is made.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use schemas::checkpoint::{Checkpoint, CheckpointError, Origin};
use schemas::note::{Note, SignatureType, VerifierKey};
use schemas::proof::{ConsistencyProof, InclusionProof};
use schemas::tree::TreeHash;
use schemas::trust::TrustPolicy;
use thiserror::Error;

use crate::merkle::{
    ConsistencyClaim, InclusionClaim, MerkleError, VerifiedConsistency, VerifiedInclusion,
    verify_consistency, verify_inclusion,
};
use crate::note::{NoteVerifyError, VerifiedSignature, verify_note};

mod freshness;

pub use freshness::{FreshnessError, TIME_AHEAD_MAX};

/// A size and root that a key pinned for its origin has signed, with the trusted cosignatures under it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedHead {
    checkpoint: Checkpoint,
    key: VerifierKey,
    /// Further pinned keys of the log that signed.
    others: Vec<VerifierKey>,
    log_time: Option<u64>,
    cosignatures: Vec<Cosignature>,
}

/// A head that as many witnesses have cosigned as the trust file asks for, be it none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedCheckpoint {
    head: VerifiedHead,
    quorum: String,
}

/// A trusted witness's good signature under a head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cosignature {
    /// What the trust file calls the witness.
    pub witness: String,
    /// When the witness says it cosigned, in seconds since the epoch.
    pub time: u64,
}

/// Checks that a key pinned for the origin has signed the note, and that no trusted key's signature under it is bad.
///
/// Asks for no witness: this is the check for a receipt, whose head nobody can have cosigned yet. A line with a time by
/// one of the log's keys ([`VerifierKey::for_times`]) is checked like any other, and is no witness's.
pub fn verify_head(note: &Note, policy: &TrustPolicy) -> Result<VerifiedHead, CheckpointVerifyError> {
    let checkpoint = Checkpoint::from_note(note)?;
    let log_keys: Vec<&VerifierKey> = policy.keys_of(&checkpoint.origin).collect();
    if log_keys.is_empty() {
        return Err(CheckpointVerifyError::UnknownOrigin { origin: checkpoint.origin.to_string() });
    }
    let time_keys: Vec<VerifierKey> = log_keys.iter().map(|key| key.for_times()).collect();
    let witness_keys = policy.witnesses().iter().map(|witness| &witness.key);
    let verified = verify_note(note, log_keys.into_iter().chain(&time_keys).chain(witness_keys))?;
    let by_log =
        verified.iter().map(VerifiedSignature::key).filter(|key| key.kind() == SignatureType::Ed25519);
    let mut by_log = by_log.cloned();
    let Some(key) = by_log.next() else {
        return Err(CheckpointVerifyError::NotSignedByLog { origin: checkpoint.origin.to_string() });
    };
    let others = by_log.collect();
    let by_log = verified.iter().filter(|signature| time_keys.contains(signature.key()));
    let log_time = by_log.filter_map(VerifiedSignature::time).max();
    let cosignatures = policy.witnesses().iter().filter_map(|witness| {
        let signature = verified.iter().find(|signature| *signature.key() == witness.key)?;
        Some(Cosignature { witness: witness.name.clone(), time: signature.time()? })
    });
    let cosignatures = cosignatures.collect();
    Ok(VerifiedHead { checkpoint, key, others, log_time, cosignatures })
}

/// Checks a head and that the trust file's quorum of witnesses has cosigned it.
pub fn verify_checkpoint(
    note: &Note,
    policy: &TrustPolicy,
) -> Result<VerifiedCheckpoint, CheckpointVerifyError> {
    let head = verify_head(note, policy)?;
    let cosigned = |name: &str| head.cosignatures.iter().any(|cosignature| cosignature.witness == name);
    if !policy.quorum_met(|witness| cosigned(&witness.name)) {
        return Err(CheckpointVerifyError::QuorumNotMet {
            quorum: policy.quorum_name().to_string(),
            cosigned: head.cosignatures.into_iter().map(|cosignature| cosignature.witness).collect(),
        });
    }
    Ok(VerifiedCheckpoint { head, quorum: policy.quorum_name().to_string() })
}

impl VerifiedHead {
    /// Which log.
    pub fn origin(&self) -> &Origin {
        &self.checkpoint.origin
    }

    /// Number of leaves.
    pub fn size(&self) -> u64 {
        self.checkpoint.size
    }

    /// Root of the tree of that size.
    pub fn root(&self) -> TreeHash {
        self.checkpoint.root
    }

    /// The three together, as they were signed.
    pub fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// The log's key that signed; of several the first in the trust file.
    pub fn key(&self) -> &VerifierKey {
        &self.key
    }

    /// Every pinned key of the log that signed, in the order of the trust file. Two at least while one replaces the other.
    pub fn keys(&self) -> impl Iterator<Item = &VerifierKey> {
        core::iter::once(&self.key).chain(&self.others)
    }

    /// The trusted witnesses that cosigned, in the order of the trust file.
    pub fn cosignatures(&self) -> &[Cosignature] {
        &self.cosignatures
    }

    /// Checks that the leaf, hashed from the entry itself, is in this head's tree. The proof must be for its very size.
    pub fn verify_inclusion(
        &self,
        proof: &InclusionProof,
        leaf: TreeHash,
    ) -> Result<VerifiedInclusion, HeadProofError> {
        check_size(proof.size, self.size())?;
        Ok(verify_inclusion(proof, InclusionClaim { leaf, root: self.root() })?)
    }

    /// Checks that this head's tree begins the later one's. Both heads must be of one log.
    pub fn verify_consistency(
        &self,
        proof: &ConsistencyProof,
        later: &Self,
    ) -> Result<VerifiedConsistency, HeadProofError> {
        if self.origin() != later.origin() {
            let [got, expected] = [later, self].map(|head| head.origin().to_string());
            return Err(HeadProofError::OtherLog { got, expected });
        }
        check_size(proof.first, self.size())?;
        check_size(proof.second, later.size())?;
        Ok(verify_consistency(
            proof,
            ConsistencyClaim { first_root: self.root(), second_root: later.root() },
        )?)
    }
}

impl VerifiedCheckpoint {
    /// The head that was cosigned.
    pub fn head(&self) -> &VerifiedHead {
        &self.head
    }

    /// What the trust file calls the quorum that was met; `none` where it asks for no witness.
    pub fn quorum(&self) -> &str {
        &self.quorum
    }
}

fn check_size(got: u64, expected: u64) -> Result<(), HeadProofError> {
    if got == expected { Ok(()) } else { Err(HeadProofError::OtherSize { got, expected }) }
}

/// Why a note is no head or checkpoint to stand on.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum CheckpointVerifyError {
    /// The note's text is no checkpoint.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The trust file has no key for this log.
    #[error("the trust file has no key for the log {origin}")]
    UnknownOrigin {
        /// Which log.
        origin: String,
    },
    /// A trusted key's signature is bad, or there is none.
    #[error(transparent)]
    Note(#[from] NoteVerifyError),
    /// Only witnesses have signed.
    #[error("no key of the log {origin} has signed its checkpoint")]
    NotSignedByLog {
        /// Which log.
        origin: String,
    },
    /// Too few witnesses have cosigned, or the wrong ones.
    #[error("the checkpoint is cosigned by {} of the trusted witnesses, which is not the quorum {quorum}", cosigned.len())]
    QuorumNotMet {
        /// What the trust file calls the quorum.
        quorum: String,
        /// The trusted witnesses that have cosigned.
        cosigned: Vec<String>,
    },
}

impl CheckpointVerifyError {
    /// Stable name of the error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Checkpoint(error) => error.code(),
            Self::UnknownOrigin { .. } => "checkpoint-unknown-origin",
            Self::Note(error) => error.code(),
            Self::NotSignedByLog { .. } => "checkpoint-not-signed-by-log",
            Self::QuorumNotMet { .. } => "checkpoint-quorum-not-met",
        }
    }
}

/// Why a proof does not hold under a head.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum HeadProofError {
    /// The proof is about a tree of another size.
    #[error("the proof is for a tree of {got} leaves, expected {expected}")]
    OtherSize {
        /// Size in the proof.
        got: u64,
        /// Size of the head.
        expected: u64,
    },
    /// The two heads are of different logs.
    #[error("the later head is of the log {got}, expected {expected}")]
    OtherLog {
        /// Origin of the later head.
        got: String,
        /// Origin of the earlier head.
        expected: String,
    },
    /// The proof itself does not hold.
    #[error(transparent)]
    Merkle(#[from] MerkleError),
}

impl HeadProofError {
    /// Stable name of the error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::OtherSize { .. } => "proof-other-size",
            Self::OtherLog { .. } => "proof-other-log",
            Self::Merkle(error) => error.code(),
        }
    }
}

#[cfg(test)]
mod tests;
