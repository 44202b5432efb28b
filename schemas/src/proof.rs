//! Merkle proofs, and the text file that carries one of them together with the checkpoint it leads to (C2SP tlog-proof v1).
//!
//! Whether a proof proves anything is decided in `verifier`.

use alloc::vec::Vec;
use core::fmt;

use data_encoding::BASE64;
use thiserror::Error;

use crate::checkpoint::{Checkpoint, CheckpointError};
use crate::limits::{INTEGER_MAX, NOTE_BYTES_MAX, PROOF_EXTRA_BYTES_MAX, PROOF_HASHES_MAX};
use crate::note::{Note, NoteError};
use crate::tree::{TreeHash, strict_base64, strict_decimal};

/// First line of every tlog-proof.
const FIRST_LINE: &str = "c2sp.org/tlog-proof@v1";

/// Says that a leaf stands at `index` in the tree of `size` leaves (RFC 9162 §2.1.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InclusionProof {
    /// Place of the leaf, from 0.
    pub index: u64,
    /// Leaves in the tree.
    pub size: u64,
    /// Sibling hashes, the leaf's own sibling first.
    pub path: Vec<TreeHash>,
}

/// Says that the tree of `first` leaves is the beginning of the tree of `second` leaves (RFC 9162 §2.1.4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsistencyProof {
    /// Leaves in the earlier tree.
    pub first: u64,
    /// Leaves in the later tree.
    pub second: u64,
    /// The hashes, in the order of RFC 9162.
    pub path: Vec<TreeHash>,
}

/// An inclusion proof with the signed checkpoint it leads to: all that is needed offline besides the leaf and the keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlogProof {
    /// Data for the application, which nobody vouches for.
    pub extra: Option<Vec<u8>>,
    /// The proof; its size is the checkpoint's.
    pub inclusion: InclusionProof,
    /// The checkpoint with its signatures, word for word.
    pub checkpoint: Note,
}

impl TlogProof {
    /// Reads a whole proof file. The size of the inclusion proof is taken from the checkpoint.
    pub fn parse(bytes: &[u8]) -> Result<Self, TlogProofError> {
        check_size(bytes.len())?;
        let text = core::str::from_utf8(bytes)
            .map_err(|error| TlogProofError::NotUtf8 { at: error.valid_up_to() })?;
        let (head, note) = text.split_once("\n\n").ok_or(TlogProofError::NoCheckpoint)?;
        let checkpoint = Note::parse(note.as_bytes())?;
        let size = Checkpoint::from_note(&checkpoint)?.size;
        let mut lines = (1..).zip(head.split('\n')).peekable();
        if lines.next().is_none_or(|(_, line)| line != FIRST_LINE) {
            return Err(TlogProofError::FirstLine);
        }
        let extra = match lines.next_if(|(_, line)| line.starts_with("extra ")) {
            Some((_, line)) => Some(parse_extra(line)?),
            None => None,
        };
        let index = lines.next().and_then(|(_, line)| line.strip_prefix("index ")).and_then(strict_decimal);
        let index = index.filter(|index| *index <= INTEGER_MAX).ok_or(TlogProofError::Index)?;
        let mut path = Vec::new();
        for (line, hash) in lines {
            if path.len() >= PROOF_HASHES_MAX {
                return Err(TlogProofError::TooManyHashes { max: PROOF_HASHES_MAX });
            }
            path.push(TreeHash::from_base64(hash).ok_or(TlogProofError::Hash { line })?);
        }
        Ok(Self { extra, inclusion: InclusionProof { index, size, path }, checkpoint })
    }
}

impl fmt::Display for TlogProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{FIRST_LINE}")?;
        if let Some(extra) = &self.extra {
            writeln!(f, "extra {}", BASE64.encode_display(extra))?;
        }
        writeln!(f, "index {}", self.inclusion.index)?;
        self.inclusion.path.iter().try_for_each(|hash| writeln!(f, "{}", hash.to_base64()))?;
        write!(f, "\n{}", self.checkpoint)
    }
}

fn check_size(got: usize) -> Result<(), TlogProofError> {
    // Base64 writes 3 bytes as 4 characters; a hash is 44 of them; the other lines are short.
    const MAX: usize = NOTE_BYTES_MAX + PROOF_EXTRA_BYTES_MAX / 3 * 4 + PROOF_HASHES_MAX * 45 + 256;
    if got > MAX { Err(TlogProofError::TooLarge { got, max: MAX }) } else { Ok(()) }
}

fn parse_extra(line: &str) -> Result<Vec<u8>, TlogProofError> {
    let extra = line.strip_prefix("extra ").and_then(strict_base64).ok_or(TlogProofError::Extra)?;
    if extra.len() > PROOF_EXTRA_BYTES_MAX {
        return Err(TlogProofError::ExtraTooLarge { got: extra.len(), max: PROOF_EXTRA_BYTES_MAX });
    }
    Ok(extra)
}

/// Why bytes are no tlog-proof.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum TlogProofError {
    /// Longer than any proof can be.
    #[error("the proof has {got} bytes, at most {max} are allowed")]
    TooLarge {
        /// Bytes there are.
        got: usize,
        /// Bytes allowed.
        max: usize,
    },
    /// Not UTF-8.
    #[error("the proof is not UTF-8 from byte {at} on")]
    NotUtf8 {
        /// Offset of the first wrong byte.
        at: usize,
    },
    /// Another format, or another version of this one.
    #[error("the proof does not begin with the line {FIRST_LINE}")]
    FirstLine,
    /// The `extra` line is not base64.
    #[error("the proof's extra data is not base64")]
    Extra,
    /// More than [`PROOF_EXTRA_BYTES_MAX`] bytes of extra data.
    #[error("the proof has {got} bytes of extra data, at most {max} are allowed")]
    ExtraTooLarge {
        /// Bytes there are.
        got: usize,
        /// Bytes allowed.
        max: usize,
    },
    /// There is no `index` line where it belongs, or it holds no plain decimal up to [`INTEGER_MAX`].
    #[error("the proof has no index, or it is not a plain decimal")]
    Index,
    /// A line of the path is not 32 bytes in base64.
    #[error("line {line} of the proof is not a hash in base64")]
    Hash {
        /// Number of the line, from 1.
        line: usize,
    },
    /// More than [`PROOF_HASHES_MAX`] hashes.
    #[error("the proof has more than {max} hashes")]
    TooManyHashes {
        /// Hashes allowed.
        max: usize,
    },
    /// No blank line, hence nothing after it.
    #[error("the proof carries no checkpoint")]
    NoCheckpoint,
    /// What follows the blank line is no signed note.
    #[error("the proof's checkpoint is not a signed note")]
    Note(#[from] NoteError),
    /// The note is no checkpoint.
    #[error("the proof's signed note is not a checkpoint")]
    Checkpoint(#[from] CheckpointError),
}

impl TlogProofError {
    /// Stable name of the error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "tlog-proof-too-large",
            Self::NotUtf8 { .. } => "tlog-proof-not-utf8",
            Self::FirstLine => "tlog-proof-version",
            Self::Extra => "tlog-proof-extra",
            Self::ExtraTooLarge { .. } => "tlog-proof-extra-too-large",
            Self::Index => "tlog-proof-index",
            Self::Hash { .. } => "tlog-proof-hash",
            Self::TooManyHashes { .. } => "tlog-proof-too-many-hashes",
            Self::NoCheckpoint => "tlog-proof-no-checkpoint",
            Self::Note(error) => error.code(),
            Self::Checkpoint(error) => error.code(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;
    use alloc::string::{String, ToString};

    // The example of C2SP tlog-proof, its elided lines filled in.
    const HEAD: &str =
        "c2sp.org/tlog-proof@v1\nextra YWdlLXYxLjIuMS1kYXJ3aW4tYXJtNjQudGFyLmd6\nindex 73894\n";
    const PATH: &str =
        "gSKyXoYZUgZ6jduWYrkDOARinOMGJveXjgMkBTcdPlQ=\nB95lDa8R83lS8n0eG+o0buTxRKQTYFi//1U8anccXmA=\n";
    const NOTE: &str = "example.com/fancylog\n109482\nsFodV/vSp5O8n9a8QpW6PRY97tfOSW5bsc2Xl/EQi08=\n\n\
        — example.com/fancylog AAAAAAEC\n— witness1.example AAAAAAED\n";

    fn proof() -> String {
        format!("{HEAD}{PATH}\n{NOTE}")
    }

    fn code(text: &str) -> &'static str {
        TlogProof::parse(text.as_bytes()).unwrap_err().code()
    }

    #[test]
    fn the_specifications_proof_reads_and_writes_back() {
        let parsed = TlogProof::parse(proof().as_bytes()).unwrap();
        assert_eq!(parsed.extra.as_deref(), Some(&b"age-v1.2.1-darwin-arm64.tar.gz"[..]));
        assert_eq!((parsed.inclusion.index, parsed.inclusion.size), (73_894, 109_482));
        assert_eq!(parsed.inclusion.path.len(), 2);
        assert_eq!(parsed.checkpoint.to_string(), NOTE);
        assert_eq!(parsed.to_string(), proof());
    }

    #[test]
    fn a_proof_may_have_no_extra_data_and_no_path() {
        let text = format!("c2sp.org/tlog-proof@v1\nindex 0\n\n{NOTE}");
        let parsed = TlogProof::parse(text.as_bytes()).unwrap();
        assert_eq!((parsed.extra.as_ref(), parsed.inclusion.path.len()), (None, 0));
        assert_eq!(parsed.to_string(), text);
    }

    #[test]
    fn each_malformed_proof_is_refused_by_its_own_code() {
        let with = |from: &str, to: &str| code(&proof().replacen(from, to, 1));
        assert_eq!(with("@v1", "@v2"), "tlog-proof-version");
        assert_eq!(with("c2sp.org", " c2sp.org"), "tlog-proof-version");
        assert_eq!(with("extra YWdl", "extra *WdlL"), "tlog-proof-extra");
        assert_eq!(with("extra ", "Extra "), "tlog-proof-index");
        for index in
            ["index 073894", "index +73894", "index  73894", "index", "Index 1", "index 9007199254740992"]
        {
            assert_eq!(with("index 73894", index), "tlog-proof-index", "{index}");
        }
        assert_eq!(with("index 73894\n", ""), "tlog-proof-index");
        assert_eq!(with("gSKy", "gSK"), "tlog-proof-hash");
        assert_eq!(with("gSKy", "gSKy "), "tlog-proof-hash");
        assert_eq!(with("109482", "0109482"), "checkpoint-size");
        assert_eq!(with("— example", "- example"), "note-signature-line");
        assert_eq!(code(HEAD), "tlog-proof-no-checkpoint");
        assert_eq!(code(&proof().replace('\n', "\r\n")), "tlog-proof-no-checkpoint");
        assert_eq!(TlogProof::parse(b"\xff").unwrap_err().code(), "tlog-proof-not-utf8");
        assert_eq!(
            TlogProof::parse(proof().replacen("gSKy", "gSK", 1).as_bytes()),
            Err(TlogProofError::Hash { line: 4 })
        );
    }

    #[test]
    fn the_number_of_hashes_is_bounded() {
        let line = PATH.lines().next().unwrap();
        let text = |count: usize| format!("{HEAD}{}\n{NOTE}", format!("{line}\n").repeat(count));
        assert_eq!(
            TlogProof::parse(text(PROOF_HASHES_MAX).as_bytes()).unwrap().inclusion.path.len(),
            PROOF_HASHES_MAX
        );
        let error = TlogProofError::TooManyHashes { max: PROOF_HASHES_MAX };
        assert_eq!(TlogProof::parse(text(PROOF_HASHES_MAX + 1).as_bytes()), Err(error));
    }

    #[test]
    fn extra_data_is_bounded() {
        let mut proof = TlogProof::parse(proof().as_bytes()).unwrap();
        proof.extra = Some(alloc::vec![1; PROOF_EXTRA_BYTES_MAX]);
        assert_eq!(TlogProof::parse(proof.to_string().as_bytes()).as_ref(), Ok(&proof));
        proof.extra = Some(alloc::vec![1; PROOF_EXTRA_BYTES_MAX + 1]);
        assert_eq!(code(&proof.to_string()), "tlog-proof-extra-too-large");
        proof.extra = Some(alloc::vec![1; 2 * NOTE_BYTES_MAX]);
        assert_eq!(code(&proof.to_string()), "tlog-proof-too-large");
    }

    #[test]
    fn a_changed_byte_is_refused_or_written_back() {
        for at in 0..proof().len() {
            let mut bytes = proof().into_bytes();
            bytes[at] ^= 1;
            if let Ok(parsed) = TlogProof::parse(&bytes) {
                assert_eq!(parsed.to_string().into_bytes(), bytes, "byte {at}");
            }
        }
    }
}
