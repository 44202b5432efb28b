//! The log's own keys: which of them may sign for the log at a size.
//!
//! Genesis names one of each use. A later one is a `rotate` entry that the log's statement key signs and that replaces an
//! earlier key of the same use; from the next size on both may sign, until an entry withdraws the earlier one. Only sizes
//! count: a head that covers the withdrawal of a key is not signed by it, whenever it says that it was signed.

use alloc::vec::Vec;

use schemas::ids::{KeyId, PublicKey};
use schemas::kinds::Use;
use schemas::time::{Index, Time};
use thiserror::Error;

use super::{Compromise, RegisteredKey, Registry};
use crate::checkpoint::VerifiedHead;

/// Why a key does not sign for the log at a size.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum LogKeyError {
    /// No entry below the size makes it a key of the log for this use.
    #[error("key {kid} is no {usage} key of the log at size {size}")]
    Unknown {
        /// The key.
        kid: KeyId,
        /// What it was to sign.
        usage: Use,
        /// The log's size.
        size: u64,
    },
    /// An entry below the size withdrew it.
    #[error(
        "the log's {usage} key {kid} was withdrawn by entry {withdrawn}; it does not sign for size {size}"
    )]
    Withdrawn {
        /// The key.
        kid: KeyId,
        /// What it signed.
        usage: Use,
        /// The entry that withdrew it.
        withdrawn: Index,
        /// The log's size.
        size: u64,
    },
    /// The statement key that named it was in other hands when it did.
    #[error(
        "the log's {usage} key {kid} was named by key {}, which was reported compromised at {} since {}",
        by.kid, by.reported, by.since
    )]
    Compromised {
        /// The key.
        kid: KeyId,
        /// What it signs.
        usage: Use,
        /// The key behind it.
        by: Compromise,
    },
}

impl LogKeyError {
    /// Stable name of this refusal.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unknown { usage: Use::Checkpoint, .. } => "checkpoint-key-unknown",
            Self::Unknown { .. } => "log-key-unknown",
            Self::Withdrawn { usage: Use::Checkpoint, .. } => "checkpoint-key-withdrawn",
            Self::Withdrawn { .. } => "log-key-withdrawn",
            Self::Compromised { usage: Use::Checkpoint, .. } => "checkpoint-key-compromised",
            Self::Compromised { .. } => "log-key-compromised",
        }
    }
}

impl Registry {
    /// The log's keys of one use that may sign at `size`, in the order in which the log named them: the last is the newest.
    pub fn log_keys(&self, usage: Use, size: u64) -> Vec<&RegisteredKey> {
        let of_use = |key: &&RegisteredKey| self.check_log_key(key.key.public(), usage, size).is_ok();
        let mut keys: Vec<&RegisteredKey> = self.keys.values().filter(of_use).collect();
        keys.sort_by_key(|key| key.registered());
        keys
    }

    /// The log's key, if it may sign for the log at `size`.
    pub fn check_log_key(
        &self,
        public: &PublicKey,
        usage: Use,
        size: u64,
    ) -> Result<&RegisteredKey, LogKeyError> {
        let kid = KeyId::of(public);
        let key = self.keys.get(&kid).filter(|key| key.usage == Some(usage) && key.registered().0 < size);
        let key = key.ok_or(LogKeyError::Unknown { kid, usage, size })?;
        if let Some(withdrawn) = key.withdrawn.filter(|withdrawn| withdrawn.0 < size) {
            return Err(LogKeyError::Withdrawn { kid, usage, withdrawn, size });
        }
        // The key itself was not withdrawn: only those who named it are asked about.
        match self.compromised_behind(&kid, Index(size), Time(0)) {
            Some(by) => Err(LogKeyError::Compromised { kid, usage, by }),
            None => Ok(key),
        }
    }

    /// Whether one of the pinned keys that signed a head may sign for the log at its size.
    pub fn check_head(&self, head: &VerifiedHead) -> Result<(), LogKeyError> {
        let mut refusal = None;
        for key in head.keys() {
            match self.check_log_key(key.public_key(), Use::Checkpoint, head.size()) {
                Ok(_) => return Ok(()),
                Err(error) => refusal = refusal.or(Some(error)),
            }
        }
        refusal.map_or(Ok(()), Err)
    }

    /// Whether the log would be left without a key of this use if `kid` were withdrawn at `size`.
    pub(super) fn is_last_of_use(&self, kid: &KeyId, usage: Use, size: u64) -> bool {
        let keys = self.log_keys(usage, size);
        keys.iter().all(|key| KeyId::of(key.key.public()) == *kid) && !keys.is_empty()
    }
}
