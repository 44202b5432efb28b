//! A batch: statements one after the other (RFC 8742, a CBOR sequence), as they are posted.

use alloc::vec::Vec;

use thiserror::Error;

use crate::canonical::{ScanError, scan_prefix};
use crate::limits::BATCH_STATEMENTS_MAX;

/// Why bytes are no batch. Nothing of it is appended then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum BatchError {
    /// There is no statement in it.
    #[error("the batch holds no statement")]
    Empty,
    /// More statements than one batch may hold.
    #[error("more than {BATCH_STATEMENTS_MAX} statements in one batch")]
    TooMany,
    /// What follows is no canonical item, so that the batch cannot be cut there.
    #[error("statement {number} of the batch, from byte {at}: {error}")]
    Item {
        /// Which statement, from 0.
        number: usize,
        /// Where it begins, in bytes.
        at: usize,
        /// Why not.
        error: ScanError,
    },
}

impl BatchError {
    /// Stable name of this refusal.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Empty => "batch-empty",
            Self::TooMany => "batch-too-many",
            Self::Item { error, .. } => error.code(),
        }
    }
}

/// Cuts a batch into its items. That each is a statement is for its own reader to say.
pub fn split(bytes: &[u8]) -> Result<Vec<&[u8]>, BatchError> {
    let mut items = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        if items.len() >= BATCH_STATEMENTS_MAX {
            return Err(BatchError::TooMany);
        }
        let number = items.len();
        let end = scan_prefix(bytes, at).map_err(|error| BatchError::Item { number, at, error })?;
        items.push(bytes.get(at..end).unwrap_or_default());
        at = end;
    }
    if items.is_empty() { Err(BatchError::Empty) } else { Ok(items) }
}
