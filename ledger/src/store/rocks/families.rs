//! Column families: which a folder has, and which it must have.

use std::path::Path;

use rocksdb::{DB, Options};

use super::error::convert;
use crate::store::{Column, StoreError, framing};

/// The column family that RocksDB insists on. Nothing is ever in it.
pub(super) const DEFAULT_FAMILY: &str = "default";

pub(super) fn family_names(folder: &Path) -> Result<Vec<String>, StoreError> {
    // RocksDB would make the folder.
    if !folder.join("CURRENT").is_file() {
        return Err(StoreError::Absent { path: folder.display().to_string() });
    }
    framing::check(folder)?;
    DB::list_cf(&Options::default(), folder).map_err(|error| convert("list columns", folder, &error))
}

pub(super) fn check_families(names: &[String]) -> Result<(), StoreError> {
    let kept = Column::ALL.iter().filter(|column| !column.is_derived());
    let complete = kept.into_iter().all(|column| names.iter().any(|name| name == column.name()));
    if complete && names.iter().all(|name| is_ours(name)) {
        return Ok(());
    }
    Err(StoreError::Columns { got: names.join(", "), expected: expected_families() })
}

pub(super) fn is_ours(name: &str) -> bool {
    name == DEFAULT_FAMILY || Column::ALL.iter().any(|column| column.name() == name)
}

pub(super) fn expected_families() -> String {
    [DEFAULT_FAMILY]
        .into_iter()
        .chain(Column::ALL.iter().map(|column| column.name()))
        .collect::<Vec<_>>()
        .join(", ")
}
