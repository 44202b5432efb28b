//! What RocksDB says went wrong, as the ledger tells it.

use std::path::Path;

use rocksdb::{Error, ErrorKind};

use crate::store::{Column, StoreError};

/// An error of opening: tells a held lock apart.
pub(super) fn convert(action: &'static str, folder: &Path, error: &Error) -> StoreError {
    let detail: &str = error.as_ref();
    if error.kind() == ErrorKind::IOError && detail.contains("LOCK") {
        return StoreError::Held { path: folder.display().to_string() };
    }
    fault(action, None, error)
}

pub(super) fn fault(action: &'static str, column: Option<Column>, error: &Error) -> StoreError {
    let detail = error.as_ref().to_owned();
    match error.kind() {
        // RocksDB says "invalid argument" of columns and options files that do not fit together.
        ErrorKind::Corruption | ErrorKind::NotFound | ErrorKind::InvalidArgument => {
            StoreError::Damaged { action, column, detail }
        }
        _ => StoreError::Io { action, detail },
    }
}
