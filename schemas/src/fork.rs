//! Proof of a fork: two heads that one key of a log has signed and that cannot both be true.
//!
//! Canonical CBOR, an array of: the magic text; the log's key as a verifier key; the signed note of the smaller tree; that of the
//! larger one; the root that the larger tree has at the smaller one's size; the consistency path (RFC 9162 §2.1.4) from that root
//! to the larger tree's; BLAKE3-256 of all bytes before it.
//!
//! The smaller note says another root than the larger tree has at that size: that is the contradiction. Where both trees have one
//! size the path is empty and the root is the second note's own.
//!
//! Whether it proves anything is decided in `verifier`.

use alloc::string::String;
use alloc::vec::Vec;

use thiserror::Error;

use crate::canonical::{self, DecodeError};
use crate::digest;
use crate::ids::ByteString;
use crate::limits::FORK_BYTES_MAX;
use crate::tree::TreeHash;

/// First item of every fork proof.
pub const FORK_MAGIC: &str = "writ/fork/1";

/// Two heads of one log that contradict each other, taken apart and not yet believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fork {
    /// The log's key that is said to have signed both: a verifier key of C2SP signed-note.
    pub key: String,
    /// Signed note of the smaller tree, or of either where both have one size.
    pub first: String,
    /// Signed note of the larger tree.
    pub second: String,
    /// Root of the larger tree at the smaller one's size.
    pub root: TreeHash,
    /// Consistency path from that root to the larger tree's.
    pub path: Vec<TreeHash>,
}

/// Why bytes are not a fork proof.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ForkError {
    /// Longer than [`FORK_BYTES_MAX`].
    #[error("{got} bytes; a fork proof has at most {FORK_BYTES_MAX}")]
    TooLarge {
        /// Length met, in bytes.
        got: usize,
    },
    /// The bytes do not hash to the digest at their end: the proof was changed or cut short.
    #[error("the proof's bytes hash to {got}, its last 32 bytes say {expected}")]
    Digest {
        /// The last 32 bytes, in hex.
        expected: String,
        /// BLAKE3-256 of all before, in hex.
        got: String,
    },
    /// Not canonical CBOR, or not a fork proof's fields.
    #[error("fork proof: {0}")]
    Decode(#[from] DecodeError),
    /// The first item is not [`FORK_MAGIC`].
    #[error("the first item is `{got}`; expected `{FORK_MAGIC}`")]
    Magic {
        /// What was met.
        got: String,
    },
    /// A part has no canonical form.
    #[error("fork proof: {0}")]
    Encode(#[from] canonical::EncodeError),
}

impl ForkError {
    /// Stable name of this refusal.
    pub fn code(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "fork-too-large",
            Self::Digest { .. } => "fork-digest",
            Self::Decode(decode) => decode.code(),
            Self::Magic { .. } => "not-a-fork",
            Self::Encode(_) => "fork-encode",
        }
    }
}

type Parts = (String, String, String, String, TreeHash, Vec<TreeHash>, ByteString);

impl Fork {
    /// The proof's bytes.
    pub fn encode(&self) -> Result<Vec<u8>, ForkError> {
        let Self { key, first, second, root, path } = self.clone();
        let parts: Parts = (FORK_MAGIC.into(), key, first, second, root, path, digest::placeholder());
        let bytes = digest::close(canonical::to_vec(&parts)?);
        if bytes.len() > FORK_BYTES_MAX {
            return Err(ForkError::TooLarge { got: bytes.len() });
        }
        Ok(bytes)
    }

    /// Takes a fork proof apart: accepts exactly what [`Fork::encode`] writes.
    pub fn decode(bytes: &[u8]) -> Result<Self, ForkError> {
        if bytes.len() > FORK_BYTES_MAX {
            return Err(ForkError::TooLarge { got: bytes.len() });
        }
        canonical::scan(bytes).map_err(DecodeError::from)?;
        let (magic, key, first, second, root, path, digest): Parts = canonical::from_scanned(bytes)?;
        if magic != FORK_MAGIC {
            return Err(ForkError::Magic { got: magic });
        }
        digest::check(bytes, &digest)
            .map_err(|other| ForkError::Digest { expected: other.expected, got: other.got })?;
        Ok(Self { key, first, second, root, path })
    }
}
