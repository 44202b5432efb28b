//! A bundle: everything needed to judge one action offline.
//!
//! `["writ/bundle/1", subject, checkpoint, entries, assertions, digest]`, canonical CBOR: the subject's statement id; the
//! signed note as text, with any cosignatures; entries in ascending order as `[entry bytes, [path hash…]]`; the log's
//! signed `assertion` statements (several where one would not hold all terms); BLAKE3-256 of all bytes before it.
//!
//! Nothing in a bundle is trusted for being in it: the verifier checks each part against the pinned log key.

use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::canonical::{self, DecodeError};
use crate::digest;
use crate::ids::{ByteString, StatementId};
use crate::limits::{BUNDLE_BYTES_MAX, BUNDLE_STATEMENTS_MAX};
use crate::tree::TreeHash;

/// First item of every bundle.
pub const BUNDLE_MAGIC: &str = "writ/bundle/1";

/// Evidence for one subject, taken apart and not yet believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bundle {
    /// The statement to be judged.
    pub subject: StatementId,
    /// The checkpoint that every entry is proved under: a C2SP signed note.
    pub checkpoint: String,
    /// Entries with their inclusion paths, by ascending index.
    pub entries: Vec<ProvedEntry>,
    /// The log's signed assertions of what else there is: statements of kind `assertion`, in the order of their terms.
    pub assertions: Vec<ByteString>,
}

/// An entry's bytes and its inclusion path, leaf's sibling first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "(ByteString, Vec<TreeHash>)", into = "(ByteString, Vec<TreeHash>)")]
pub struct ProvedEntry {
    /// The entry's bytes.
    pub entry: Vec<u8>,
    /// The path.
    pub path: Vec<TreeHash>,
}

impl From<(ByteString, Vec<TreeHash>)> for ProvedEntry {
    fn from((entry, path): (ByteString, Vec<TreeHash>)) -> Self {
        Self { entry: entry.0, path }
    }
}

impl From<ProvedEntry> for (ByteString, Vec<TreeHash>) {
    fn from(proved: ProvedEntry) -> Self {
        (ByteString(proved.entry), proved.path)
    }
}

/// Why bytes are not a bundle.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum BundleError {
    /// Longer than [`BUNDLE_BYTES_MAX`].
    #[error("{got} bytes; a bundle has at most {BUNDLE_BYTES_MAX}")]
    TooLarge {
        /// Length met, in bytes.
        got: usize,
    },
    /// The bytes do not hash to the digest at their end: the bundle was changed or cut short.
    #[error("the bundle's bytes hash to {got}, its last 32 bytes say {expected}")]
    Digest {
        /// The last 32 bytes, in hex.
        expected: String,
        /// BLAKE3-256 of all before, in hex.
        got: String,
    },
    /// Not canonical CBOR, or not a bundle's fields.
    #[error("bundle: {0}")]
    Decode(#[from] DecodeError),
    /// The first item is not [`BUNDLE_MAGIC`].
    #[error("the first item is `{got}`; expected `{BUNDLE_MAGIC}`")]
    Magic {
        /// What was met.
        got: String,
    },
    /// More entries than [`BUNDLE_STATEMENTS_MAX`].
    #[error("{got} entries; a bundle has at most {BUNDLE_STATEMENTS_MAX}")]
    TooManyEntries {
        /// Number met.
        got: usize,
    },
    /// A part has no canonical form.
    #[error("bundle: {0}")]
    Encode(#[from] canonical::EncodeError),
}

impl BundleError {
    /// Stable name of this refusal.
    pub fn code(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "bundle-too-large",
            Self::Digest { .. } => "bundle-digest",
            Self::Decode(decode) => decode.code(),
            Self::Magic { .. } => "not-a-bundle",
            Self::TooManyEntries { .. } => "bundle-too-many-entries",
            Self::Encode(_) => "bundle-encode",
        }
    }
}

type Parts = (String, StatementId, String, Vec<ProvedEntry>, Vec<ByteString>, ByteString);

impl Bundle {
    /// The bundle's bytes.
    pub fn encode(&self) -> Result<Vec<u8>, BundleError> {
        let Self { subject, checkpoint, entries, assertions } = self.clone();
        let parts: Parts =
            (BUNDLE_MAGIC.into(), subject, checkpoint, entries, assertions, digest::placeholder());
        let bytes = digest::close(canonical::to_vec(&parts)?);
        if bytes.len() > BUNDLE_BYTES_MAX {
            return Err(BundleError::TooLarge { got: bytes.len() });
        }
        Ok(bytes)
    }

    /// Takes a bundle apart: accepts exactly what [`Bundle::encode`] writes.
    pub fn decode(bytes: &[u8]) -> Result<Self, BundleError> {
        if bytes.len() > BUNDLE_BYTES_MAX {
            return Err(BundleError::TooLarge { got: bytes.len() });
        }
        canonical::scan(bytes).map_err(DecodeError::from)?;
        let parts: Parts = canonical::from_scanned(bytes)?;
        let (magic, subject, checkpoint, entries, assertions, digest) = parts;
        if magic != BUNDLE_MAGIC {
            return Err(BundleError::Magic { got: magic });
        }
        digest::check(bytes, &digest)
            .map_err(|other| BundleError::Digest { expected: other.expected, got: other.got })?;
        if entries.len() > BUNDLE_STATEMENTS_MAX {
            return Err(BundleError::TooManyEntries { got: entries.len() });
        }
        Ok(Self { subject, checkpoint, entries, assertions })
    }
}
