//! `genesis`: the entry at index 0, which names the log and the keys that speak for it.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::shared::{BodyError, require, require_list};
use crate::ids::{ByteString, LogId, PublicKey};
use crate::limits::{NONCE_BYTES_MAX, NONCE_BYTES_MIN};
use crate::text::Origin;
use crate::time::Millis;
use crate::tree::TreeHash;
use crate::words::words;

/// The log's birth certificate. Its statement id names the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Genesis {
    /// Name of the log in checkpoints.
    pub origin: Origin,
    /// Random bytes, 16 to 32: two logs never share an id.
    pub nonce: ByteString,
    /// The log that this one continues.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub predecessor: Option<Predecessor>,
    /// The log's own keys: exactly one of each use, all distinct.
    pub keys: Vec<LogKey>,
    /// Keys trusted to register other keys and principals; at least one.
    pub registrars: Vec<PublicKey>,
    /// How many distinct registrars a change of registrars needs.
    pub threshold: u64,
    /// The log's bounds.
    pub parameters: Parameters,
}

/// A log, named up to a size.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Predecessor {
    /// The earlier log.
    pub log: LogId,
    /// How many entries it had.
    pub size: u64,
    /// Its root at that size.
    pub root: TreeHash,
}

/// A key of the log itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogKey {
    /// What it signs.
    #[serde(rename = "use")]
    pub usage: Use,
    /// The key.
    pub public: PublicKey,
}

words!(
    /// What a key of the log signs. Checkpoint keys sign C2SP notes and nothing else.
    Use {
        /// C2SP notes.
        Checkpoint = "checkpoint",
        /// The log's own statements.
        Statement = "statement",
        /// COSE receipts.
        Receipt = "receipt",
    }
);

/// Bounds that the log keeps and verifiers hold it to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameters {
    /// Longest time between two renewals of the checkpoint.
    pub heartbeat: Millis,
    /// How far the clock may run ahead of the head beyond the time that really passed.
    pub clock_ahead: Millis,
    /// Present and true where the registrar's key was made beside the log's: fit for development only.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub dev: bool,
}

impl Genesis {
    /// The log's key of this use.
    pub fn key(&self, usage: Use) -> Option<&PublicKey> {
        self.keys.iter().find(|key| key.usage == usage).map(|key| &key.public)
    }

    pub(crate) fn check(&self) -> Result<(), BodyError> {
        let nonce = self.nonce.0.len();
        require(
            (NONCE_BYTES_MIN..=NONCE_BYTES_MAX).contains(&nonce),
            "body.nonce",
            "has 16 to 32 bytes",
            &nonce,
        )?;
        let each_once =
            self.keys.len() == Use::ALL.len() && Use::ALL.iter().all(|usage| self.key(*usage).is_some());
        require(
            each_once,
            "body.keys",
            "has exactly one checkpoint, statement and receipt key",
            &self.keys.len(),
        )?;
        require_list(&self.registrars, "body.registrars")?;
        let distinct: BTreeSet<&PublicKey> =
            self.keys.iter().map(|key| &key.public).chain(&self.registrars).collect();
        let count = self.keys.len().saturating_add(self.registrars.len());
        require(
            distinct.len() == count,
            "body.keys",
            "and body.registrars name distinct keys",
            &distinct.len(),
        )?;
        let registrars = self.registrars.len() as u64;
        require(
            (1..=registrars).contains(&self.threshold),
            "body.threshold",
            "is 1 to the number of registrars",
            &self.threshold,
        )
    }
}
