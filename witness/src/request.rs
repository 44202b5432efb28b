//! The body of `add-checkpoint`: `old <size>`, the lines of a consistency proof, an empty line, a signed checkpoint.

use std::fmt;

use schemas::checkpoint::Origin;
use schemas::limits::{NOTE_BYTES_MAX, PROOF_HASHES_MAX};
use schemas::note::{Note, NoteError};
use schemas::tree::TreeHash;
use thiserror::Error;

/// Largest body, in bytes: the note, 63 hashes of 44 characters each on a line, and the line with the old size.
pub const BODY_BYTES_MAX: usize = NOTE_BYTES_MAX + PROOF_HASHES_MAX * 45 + 32;

/// A checkpoint as it was submitted. Nothing about it has been checked but its form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Size of the checkpoint that the submitter believes the witness cosigned last.
    pub old: u64,
    /// Consistency path from there (RFC 6962 §2.1.2).
    pub proof: Vec<TreeHash>,
    /// The checkpoint with its signatures, word for word.
    pub note: Note,
    /// The checkpoint's first line.
    pub origin: Origin,
    /// Its second line.
    pub size: u64,
    /// Its third line.
    pub root: TreeHash,
}

impl Request {
    /// Reads a whole body.
    pub fn parse(body: &[u8]) -> Result<Self, RequestError> {
        if body.len() > BODY_BYTES_MAX {
            return Err(RequestError::TooLarge { got: body.len(), max: BODY_BYTES_MAX });
        }
        let body = std::str::from_utf8(body).map_err(|e| RequestError::NotUtf8 { at: e.valid_up_to() })?;
        let (head, note) = body.split_once("\n\n").ok_or(RequestError::NoEmptyLine)?;
        let mut lines = head.split('\n');
        let old = lines.next().and_then(|line| line.strip_prefix("old ")).and_then(decimal);
        let old = old.ok_or(RequestError::OldSize)?;
        let mut proof = Vec::new();
        for (line, hash) in (1..).zip(lines) {
            if proof.len() == PROOF_HASHES_MAX {
                return Err(RequestError::TooManyHashes { max: PROOF_HASHES_MAX });
            }
            proof.push(TreeHash::from_base64(hash).ok_or(RequestError::Hash { line })?);
        }
        let note = Note::parse(note.as_bytes())?;
        let (origin, size, root) = checkpoint(note.text())?;
        Ok(Self { old, proof, note, origin, size, root })
    }
}

/// Writes the body that reads back as this request.
impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "old {}", self.old)?;
        self.proof.iter().try_for_each(|hash| writeln!(f, "{}", hash.to_base64()))?;
        write!(f, "\n{}", self.note)
    }
}

/// The first three lines of a checkpoint. Unlike writ's own logs, others may add lines, which are cosigned and mean nothing.
pub(crate) fn checkpoint(text: &str) -> Result<(Origin, u64, TreeHash), RequestError> {
    let lines = text.strip_suffix('\n').unwrap_or(text);
    if let Some(line) = lines.split('\n').position(str::is_empty) {
        return Err(RequestError::Checkpoint { what: "an empty line", line: line + 1 });
    }
    let mut lines = lines.split('\n');
    let mut field = |what, line| lines.next().ok_or(RequestError::Checkpoint { what, line });
    let bad = |what, line| RequestError::Checkpoint { what, line };
    let origin = Origin::new(field("no origin", 1)?).map_err(|_| bad("no origin", 1))?;
    let size = decimal(field("no size", 2)?).ok_or(bad("no plain decimal", 2))?;
    let root = TreeHash::from_base64(field("no root", 3)?).ok_or(bad("no hash in base64", 3))?;
    Ok((origin, size, root))
}

/// A number in the one form that C2SP allows: digits without a sign or leading zeros.
fn decimal(text: &str) -> Option<u64> {
    text.parse::<u64>().ok().filter(|number| number.to_string() == text)
}

/// Why a body is no request.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RequestError {
    /// More than [`BODY_BYTES_MAX`] bytes.
    #[error("the body has {got} bytes, at most {max} are allowed")]
    TooLarge {
        /// Bytes there are.
        got: usize,
        /// Bytes allowed.
        max: usize,
    },
    /// Not UTF-8.
    #[error("the body is not UTF-8 from byte {at} on")]
    NotUtf8 {
        /// Offset of the first wrong byte.
        at: usize,
    },
    /// Nothing separates the proof from the checkpoint.
    #[error("the body has no empty line before the checkpoint")]
    NoEmptyLine,
    /// The first line is not `old` and a plain decimal.
    #[error("the first line is not `old`, one space and a plain decimal")]
    OldSize,
    /// A line of the proof is not one hash.
    #[error("line {line} of the proof is not 32 bytes in base64")]
    Hash {
        /// Number of the proof line, from 1.
        line: usize,
    },
    /// More than [`PROOF_HASHES_MAX`] lines.
    #[error("the proof has more than {max} lines")]
    TooManyHashes {
        /// Lines allowed.
        max: usize,
    },
    /// The checkpoint is no signed note.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// The note's text is no checkpoint.
    #[error("line {line} of the checkpoint: {what}")]
    Checkpoint {
        /// What is there instead.
        what: &'static str,
        /// Number of the line, from 1.
        line: usize,
    },
}

impl RequestError {
    /// Stable name of the error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "request-too-large",
            Self::NotUtf8 { .. } => "request-not-utf8",
            Self::NoEmptyLine => "request-no-empty-line",
            Self::OldSize => "request-old-size",
            Self::Hash { .. } => "request-proof-hash",
            Self::TooManyHashes { .. } => "request-proof-length",
            Self::Note(error) => error.code(),
            Self::Checkpoint { .. } => "checkpoint-form",
        }
    }
}
