//! Why a trust file is refused, and in which line.

use alloc::string::String;

use thiserror::Error;

use crate::note::{NoteKeyId, SignatureType, VerifierKeyError};

/// What is wrong with a trust file, and where.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("line {line} of the trust file: {problem}")]
pub struct TrustError {
    /// Number of the line, from 1; the last line where something is missing, 0 where the file is too large to read.
    pub line: usize,
    /// What is wrong with it.
    pub problem: TrustProblem,
}

impl TrustError {
    /// Stable name of the error.
    pub fn code(&self) -> &'static str {
        self.problem.code()
    }
}

/// What can be wrong with a line of a trust file, or with a policy as a whole.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum TrustProblem {
    /// More than [`crate::limits::TRUST_BYTES_MAX`] bytes.
    #[error("the file has {got} bytes, at most {max} are allowed")]
    TooLarge {
        /// Bytes there are.
        got: usize,
        /// Bytes allowed.
        max: usize,
    },
    /// The line is not UTF-8.
    #[error("not UTF-8")]
    NotUtf8,
    /// A control character other than tab and newline, or the character U+007F.
    #[error("control character at byte {at}")]
    ControlCharacter {
        /// Offset within the line, in bytes.
        at: usize,
    },
    /// The line begins with a word that no policy knows.
    #[error("unknown keyword `{keyword}`")]
    Keyword {
        /// The word.
        keyword: String,
    },
    /// Too few or too many words.
    #[error("expected `{expected}`")]
    Form {
        /// The form that the line should have.
        expected: &'static str,
    },
    /// The key cannot be read.
    #[error("{0}")]
    Key(#[from] VerifierKeyError),
    /// A log with a witness's kind of key, or the other way round.
    #[error("a key of type {:#04x}, expected {:#04x}", got.byte(), expected.byte())]
    KeyKind {
        /// The key's type.
        got: SignatureType,
        /// The type that belongs here.
        expected: SignatureType,
    },
    /// The public key stands in an earlier line already, under this or another name.
    #[error("the public key of `{name}` is in the file already")]
    DuplicateKey {
        /// Name of the key in this line.
        name: String,
    },
    /// Another key of the same name has the same short id, so signature lines could not tell them apart.
    #[error("another key `{name}` has the id {id} too")]
    DuplicateKeyId {
        /// Name of both keys.
        name: String,
        /// Id of both keys.
        id: NoteKeyId,
    },
    /// A witness or group is called like an earlier one.
    #[error("the name `{name}` is taken")]
    DuplicateName {
        /// The name.
        name: String,
    },
    /// A witness or group is called `none`.
    #[error("the name `none` is reserved")]
    ReservedName,
    /// No earlier line defines the name.
    #[error("no earlier line defines `{name}`")]
    UnknownName {
        /// The name.
        name: String,
    },
    /// The witness or group is a member already, of this group or of another.
    #[error("`{name}` is a member of a group already")]
    SecondMembership {
        /// The name.
        name: String,
    },
    /// The threshold is neither `all`, `any` nor a number from 1 to the number of members.
    #[error("the threshold `{got}` is not `all`, `any` or a number from 1 to {members}")]
    Threshold {
        /// What stands there.
        got: String,
        /// Members of the group.
        members: usize,
    },
    /// A second `quorum` line.
    #[error("the file has a second quorum line")]
    SecondQuorum,
    /// No `quorum` line.
    #[error("the file has no quorum line; `quorum none` asks for no witness")]
    NoQuorum,
    /// The genesis id is not 64 lower-case hex digits.
    #[error("the genesis id is not 64 lower-case hex digits")]
    Genesis,
    /// A second `genesis` line.
    #[error("the file has a second genesis line")]
    SecondGenesis,
    /// More than [`crate::limits::TRUST_ITEMS_MAX`] logs, witnesses or groups.
    #[error("more than {max} lines begin with `{keyword}`")]
    TooMany {
        /// What there are too many of.
        keyword: &'static str,
        /// Lines allowed.
        max: usize,
    },
}

impl TrustProblem {
    /// Stable name of the problem.
    pub fn code(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "trust-too-large",
            Self::NotUtf8 => "trust-not-utf8",
            Self::ControlCharacter { .. } => "trust-control-character",
            Self::Keyword { .. } => "trust-keyword",
            Self::Form { .. } => "trust-form",
            Self::Key(error) => error.code(),
            Self::KeyKind { .. } => "trust-key-kind",
            Self::DuplicateKey { .. } => "trust-duplicate-key",
            Self::DuplicateKeyId { .. } => "trust-duplicate-key-id",
            Self::DuplicateName { .. } => "trust-duplicate-name",
            Self::ReservedName => "trust-reserved-name",
            Self::UnknownName { .. } => "trust-unknown-name",
            Self::SecondMembership { .. } => "trust-second-membership",
            Self::Threshold { .. } => "trust-threshold",
            Self::SecondQuorum => "trust-second-quorum",
            Self::NoQuorum => "trust-no-quorum",
            Self::Genesis => "trust-genesis",
            Self::SecondGenesis => "trust-second-genesis",
            Self::TooMany { .. } => "trust-too-many",
        }
    }
}
