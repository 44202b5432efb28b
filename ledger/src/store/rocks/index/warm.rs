//! Reads the filters of files before somebody asks: files that were merged, or that are open since a moment ago, have none in the cache, and
//! each question would read dozens of parts of them.

use std::time::{Duration, Instant};

use schemas::ids::{StatementId, TermId};
use schemas::time::Index;

use crate::store::rocks::{Files, fault};
use crate::store::rows::term_key;
use crate::store::{Column, StoreError};

/// How often it is looked whether files have changed.
pub(super) const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How long it is waited for a moment when nothing is added.
const PATIENCE: Duration = Duration::from_secs(60);

/// Names looked up in turn before it is seen whether there is something else to do: a few milliseconds.
const TOGETHER: u64 = 512;

/// Rows for each of which a name is looked up: a part of a filter has 4 KiB at ten bits a row, so that hardly one is left out.
const ROWS_APART: u64 = 2_048;

/// Most names looked up in one column: more parts than the cache of a server has room for.
const NAMES_MAX: u64 = 1 << 16;

/// What RocksDB counts up whenever a column's files change.
const VERSION: &str = "rocksdb.current-super-version-number";

/// About how many rows a column has.
const ROWS: &str = "rocksdb.estimate-num-keys";

/// How far it has come.
pub(super) struct Warming {
    /// The versions of the files that were gone through.
    done: [Option<u64>; 2],
    since: Instant,
    /// Up to which entry rows had been added when it was looked last.
    added: Option<u64>,
}

impl Warming {
    pub(super) fn new() -> Self {
        Self { done: [None; 2], since: Instant::now(), added: None }
    }

    /// Goes through the filters of files that have changed, when nothing was added since it was called last, or not for long. Stops where
    /// there is something else to do.
    pub(super) fn look(
        &mut self,
        files: &Files,
        added: u64,
        is_wanted: impl Fn() -> bool,
    ) -> Result<(), StoreError> {
        let is_quiet = self.added.replace(added).is_none_or(|before| before == added);
        if !is_quiet && self.since.elapsed() < PATIENCE {
            return Ok(());
        }
        for (column, done) in [Column::Ids, Column::Terms].into_iter().zip(&mut self.done) {
            let version = number(files, column, VERSION)?;
            if *done == Some(version) {
                continue;
            }
            let names = number(files, column, ROWS)?.div_ceil(ROWS_APART).min(NAMES_MAX);
            for first in (0..names).step_by(TOGETHER as usize) {
                if is_wanted() {
                    return Ok(());
                }
                let which = first..names.min(first.saturating_add(TOGETHER));
                // Not once more: whoever needs a file that cannot be read is told so.
                look_up(files, column, which, names).inspect_err(|_| *done = Some(version))?;
            }
            *done = Some(version);
        }
        self.since = Instant::now();
        Ok(())
    }
}

/// Looks up names that are evenly apart. Hardly one is there; the filters say so, and are in the cache then.
fn look_up(files: &Files, column: Column, which: std::ops::Range<u64>, of: u64) -> Result<(), StoreError> {
    let apart = u64::MAX.checked_div(of).unwrap_or_default();
    let begins = which.map(|number| number.saturating_mul(apart).to_be_bytes());
    if column == Column::Ids {
        let mut id = [0; StatementId::LEN];
        for begin in begins {
            id.iter_mut().zip(begin).for_each(|(byte, of)| *byte = of);
            files.get(column, &id)?;
        }
        return Ok(());
    }
    let mut rows = files.term_rows()?;
    let mut term = [0; TermId::LEN];
    for begin in begins {
        term.iter_mut().zip(begin).for_each(|(byte, of)| *byte = of);
        rows.seek(term_key(&TermId::new(term), Index(0)));
    }
    rows.status().map_err(|error| fault("scan", Some(column), &error))
}

fn number(files: &Files, column: Column, property: &str) -> Result<u64, StoreError> {
    let number = files.db.property_int_value_cf(&files.family(column)?, property);
    Ok(number.map_err(|error| fault("ask for a property", Some(column), &error))?.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::rocks::RocksStore;
    use crate::store::rows::index_bytes;
    use crate::store::{Batch, Store};

    const ENTRIES: u64 = 20_000;

    /// A store of which nothing was read yet, with ids and terms in files.
    fn store(folder: &std::path::Path) -> RocksStore {
        let store = RocksStore::create(folder).unwrap();
        let mut batch = Batch::default();
        for index in (0..ENTRIES).map(Index) {
            let hash = *blake3::hash(&index_bytes(index)).as_bytes();
            batch.put(Column::Ids, &hash, &index_bytes(index));
            let term = TermId::from_slice(&hash[..TermId::LEN]).unwrap();
            batch.put(Column::Terms, &term_key(&term, index), &[]);
        }
        store.fill(&batch).unwrap();
        store.settle().unwrap();
        drop(store);
        RocksStore::open_read_only(folder).unwrap().0
    }

    #[test]
    fn filters_are_read_once_when_there_is_nothing_else_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(&folder.path().join("store"));
        let cached = || number(&store.files, Column::Terms, "rocksdb.block-cache-usage").unwrap();
        let mut warming = Warming::new();
        let before = cached();
        warming.look(&store.files, 1, || true).unwrap();
        warming.look(&store.files, 2, || false).unwrap();
        assert_eq!(
            (warming.done, cached()),
            ([None; 2], before),
            "something else was to be done, and rows were added"
        );
        warming.look(&store.files, 2, || false).unwrap();
        // Ten bits for each id and each term, in parts.
        let read = cached() - before;
        assert!(warming.done.iter().all(Option::is_some) && read > ENTRIES * 2, "{read} bytes");
        let after = cached();
        warming.look(&store.files, 2, || false).unwrap();
        assert_eq!(cached(), after);
    }
}
