//! Getting rid of derived columns whose files RocksDB cannot open, so that they can be made again.

use std::path::Path;

use rocksdb::{Cache, ColumnFamilyDescriptor, Options};

use super::families::DEFAULT_FAMILY;
use super::{DB, convert, database_options, families, family_options, fault};
use crate::store::{Column, StoreError};

/// Memory for cached blocks, in bytes: nothing is read but what opening reads.
const CACHE_BYTES: usize = 8 * 1024 * 1024;

/// Drops the derived columns at which opening failed. Where it is not they, the store stays as it is, and `error` stands.
pub(super) fn drop_damaged(folder: &Path, names: &[String], error: StoreError) -> Result<(), StoreError> {
    let core = [DEFAULT_FAMILY, Column::Meta.name(), Column::Entries.name()];
    // With all checks, and with the log files that hold what was acknowledged last.
    if !opens(folder, &core) {
        return Err(error);
    }
    let is_there = |column: &Column| names.iter().any(|name| name == column.name());
    let fails = |column: &Column| !opens(folder, &[core.as_slice(), &[column.name()]].concat());
    let damaged: Vec<Column> = Column::DERIVED.into_iter().filter(is_there).filter(fails).collect();
    if damaged.is_empty() {
        return Err(error);
    }
    let mut options = database_options();
    // Only to get at the columns to be dropped: all others have just been opened with these checks.
    options.set_paranoid_checks(false);
    let cache = Cache::new_lru_cache(CACHE_BYTES);
    let db = DB::open_cf_descriptors(&options, folder, idle(names, &cache))
        .map_err(|error| convert("open", folder, &error))?;
    for column in damaged {
        tracing::warn!(%column, %error, "the files of this index are damaged; it is made again");
        db.drop_cf(column.name()).map_err(|error| fault("drop a column", Some(column), &error))?;
    }
    Ok(())
}

fn opens(folder: &Path, names: &[&str]) -> bool {
    let cache = Cache::new_lru_cache(CACHE_BYTES);
    let families = families(names, &cache);
    DB::open_cf_descriptors_read_only(&database_options(), folder, families, false).is_ok()
}

/// The columns with nothing done in the background, which would meet the damage.
fn idle(names: &[String], cache: &Cache) -> Vec<ColumnFamilyDescriptor> {
    let with_options = |name: &String| {
        let column = Column::ALL.into_iter().find(|column| column.name() == name);
        let mut options = column.map_or_else(Options::default, |column| family_options(column, cache));
        options.set_disable_auto_compactions(true);
        ColumnFamilyDescriptor::new(name, options)
    };
    names.iter().map(with_options).collect()
}
