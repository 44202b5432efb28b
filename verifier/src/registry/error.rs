//! Why a key cannot speak, and why a statement cannot begin a log.

use schemas::ids::KeyId;
use schemas::time::{Index, Time};
use thiserror::Error;

use crate::signature::SignatureError;

/// Why a key cannot speak at a position.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum KeyError {
    /// No entry before this one registers it.
    #[error("key {kid} is not registered before {index}")]
    Unknown {
        /// The key.
        kid: KeyId,
        /// The position.
        index: Index,
    },
    /// It was retired, and its time has run out.
    #[error(
        "key {kid} was retired at {retired}, entries accepted until {accept_until}; this entry is of {time}"
    )]
    Retired {
        /// The key.
        kid: KeyId,
        /// Where the time that counts was set.
        retired: Index,
        /// Until when entries are accepted.
        accept_until: Time,
        /// The entry's time.
        time: Time,
    },
    /// It may be in other hands.
    #[error("key {kid} was reported compromised at {reported}, since {since}; this entry is of {time}")]
    Compromised {
        /// The key.
        kid: KeyId,
        /// Where the time that counts was reported.
        reported: Index,
        /// From when it can no longer be believed.
        since: Time,
        /// The entry's time.
        time: Time,
    },
}

impl KeyError {
    /// Stable name of this refusal.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unknown { .. } => "unknown-key",
            Self::Retired { .. } => "key-retired",
            Self::Compromised { .. } => "key-compromised",
        }
    }
}

/// Why a statement cannot begin a log.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum GenesisError {
    /// It is of another kind.
    #[error("the statement is no genesis")]
    NotGenesis,
    /// A key in it is no usable key, or the genesis is not signed by its own statement key.
    #[error("genesis: {0}")]
    Key(#[from] SignatureError),
    /// The envelope names another key or issuer than the genesis's own statement key.
    #[error("genesis is signed as {got}; expected {expected}")]
    Signer {
        /// Key id of the statement key.
        expected: KeyId,
        /// Key id in the envelope.
        got: KeyId,
    },
    /// The log's or a registrar's name is no URI.
    #[error("genesis: {0}")]
    Name(#[from] schemas::text::TextError),
}
