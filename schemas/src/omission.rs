//! An omission: proof that the log's signed answer leaves out, or wrongly lists, an entry that is in the log.
//!
//! `["writ/omission/1", term, index, checkpoint, assertion, entries, digest]`, canonical CBOR: the term that was answered
//! wrongly; the entry that it was answered wrongly about; the signed note that the entries are proved under; the log's
//! signed `assertion` statement, of the same size and root; entries in ascending order as `[entry bytes, [path hash…]]`,
//! genesis first, the log's own keys, and the entry in question; BLAKE3-256 of all bytes before it.
//!
//! Nothing in it is trusted for being in it: the verifier checks each part.

use alloc::string::String;
use alloc::vec::Vec;

use thiserror::Error;

use crate::bundle::ProvedEntry;
use crate::canonical::{self, DecodeError};
use crate::digest;
use crate::ids::{ByteString, TermId};
use crate::limits::{OMISSION_BYTES_MAX, OMISSION_ENTRIES_MAX};
use crate::time::Index;

/// First item of every omission.
pub const OMISSION_MAGIC: &str = "writ/omission/1";

/// What a log answered and what it should have, taken apart and not yet believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Omission {
    /// The term that was answered wrongly.
    pub term: TermId,
    /// The entry that it was answered wrongly about.
    pub index: Index,
    /// The checkpoint that every entry is proved under: a C2SP signed note.
    pub checkpoint: String,
    /// The log's signed answer: a statement of kind `assertion`.
    pub assertion: ByteString,
    /// Genesis, the log's own keys and the entry in question with their inclusion paths, by ascending index.
    pub entries: Vec<ProvedEntry>,
}

/// Why bytes are not an omission.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum OmissionError {
    /// Longer than [`OMISSION_BYTES_MAX`].
    #[error("{got} bytes; an omission has at most {OMISSION_BYTES_MAX}")]
    TooLarge {
        /// Length met, in bytes.
        got: usize,
    },
    /// The bytes do not hash to the digest at their end: the file was changed or cut short.
    #[error("the omission's bytes hash to {got}, its last 32 bytes say {expected}")]
    Digest {
        /// The last 32 bytes, in hex.
        expected: String,
        /// BLAKE3-256 of all before, in hex.
        got: String,
    },
    /// Not canonical CBOR, or not an omission's fields.
    #[error("omission: {0}")]
    Decode(#[from] DecodeError),
    /// The first item is not [`OMISSION_MAGIC`].
    #[error("the first item is `{got}`; expected `{OMISSION_MAGIC}`")]
    Magic {
        /// What was met.
        got: String,
    },
    /// More entries than [`OMISSION_ENTRIES_MAX`].
    #[error("{got} entries; an omission has at most {OMISSION_ENTRIES_MAX}")]
    TooManyEntries {
        /// Number met.
        got: usize,
    },
    /// A part has no canonical form.
    #[error("omission: {0}")]
    Encode(#[from] canonical::EncodeError),
}

impl OmissionError {
    /// Stable name of this refusal.
    pub fn code(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "omission-too-large",
            Self::Digest { .. } => "omission-digest",
            Self::Decode(decode) => decode.code(),
            Self::Magic { .. } => "not-an-omission",
            Self::TooManyEntries { .. } => "omission-too-many-entries",
            Self::Encode(_) => "omission-encode",
        }
    }
}

type Parts = (String, TermId, Index, String, ByteString, Vec<ProvedEntry>, ByteString);

impl Omission {
    /// The omission's bytes.
    pub fn encode(&self) -> Result<Vec<u8>, OmissionError> {
        let Self { term, index, checkpoint, assertion, entries } = self.clone();
        let parts: Parts =
            (OMISSION_MAGIC.into(), term, index, checkpoint, assertion, entries, digest::placeholder());
        let bytes = digest::close(canonical::to_vec(&parts)?);
        if bytes.len() > OMISSION_BYTES_MAX {
            return Err(OmissionError::TooLarge { got: bytes.len() });
        }
        Ok(bytes)
    }

    /// Takes an omission apart: accepts exactly what [`Omission::encode`] writes.
    pub fn decode(bytes: &[u8]) -> Result<Self, OmissionError> {
        if bytes.len() > OMISSION_BYTES_MAX {
            return Err(OmissionError::TooLarge { got: bytes.len() });
        }
        canonical::scan(bytes).map_err(DecodeError::from)?;
        let parts: Parts = canonical::from_scanned(bytes)?;
        let (magic, term, index, checkpoint, assertion, entries, digest) = parts;
        if magic != OMISSION_MAGIC {
            return Err(OmissionError::Magic { got: magic });
        }
        digest::check(bytes, &digest)
            .map_err(|other| OmissionError::Digest { expected: other.expected, got: other.got })?;
        if entries.len() > OMISSION_ENTRIES_MAX {
            return Err(OmissionError::TooManyEntries { got: entries.len() });
        }
        Ok(Self { term, index, checkpoint, assertion, entries })
    }

    /// Whether bytes call themselves an omission: what their first item says, before anything is checked.
    pub fn is_named(bytes: &[u8]) -> bool {
        // An array of seven, and a text of that length.
        bytes.strip_prefix(&[0x87, 0x6f]).is_some_and(|rest| rest.starts_with(OMISSION_MAGIC.as_bytes()))
    }
}
