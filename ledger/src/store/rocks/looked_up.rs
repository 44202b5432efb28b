//! Reading a column in order and looking up each row by its key, as questions do: what a file's filter or index does not lead to shows.

use rocksdb::ReadOptions;

use super::{Files, fault, full_reading};
use crate::store::{Column, StoreError, Visit};

/// Rows that are looked up together: few enough that what was read with them is still in the cache.
const TOGETHER: usize = 512;

impl Files {
    /// Shows each row from a key on and before another, an empty one being the end, that is found when it is looked up.
    pub(super) fn scan_looked_up(
        &self,
        column: Column,
        from: &[u8],
        to: &[u8],
        visit: &mut Visit<'_>,
    ) -> Result<(), StoreError> {
        let family = self.family(column)?;
        let mut options = full_reading();
        if !to.is_empty() {
            options.set_iterate_upper_bound(to);
        }
        let mut rows = self.db.raw_iterator_cf_opt(&family, options);
        let failed = |action| move |error: &rocksdb::Error| fault(action, Some(column), error);
        let mut read = vec![(Vec::new(), Vec::new()); TOGETHER];
        rows.seek(from);
        loop {
            let mut count = 0;
            for (key, value) in &mut read {
                let Some((read_key, read_value)) = rows.item() else { break };
                refill(key, read_key);
                refill(value, read_value);
                count += 1;
                rows.next();
            }
            rows.status().map_err(|error| failed("scan")(&error))?;
            let Some(read) = read.get(..count).filter(|read| !read.is_empty()) else { return Ok(()) };
            let keys = read.iter().map(|(key, _)| key);
            // In order: what several need of a filter or an index is read once.
            let found = self.db.batched_multi_get_cf_opt(&family, keys, true, &ReadOptions::default());
            for ((key, value), found) in read.iter().zip(found) {
                let found = found.map_err(|error| failed("read")(&error))?;
                if found.is_some_and(|found| *found == **value) && visit(key, value).is_break() {
                    return Ok(());
                }
            }
        }
    }
}

fn refill(bytes: &mut Vec<u8>, with: &[u8]) {
    bytes.clear();
    bytes.extend_from_slice(with);
}
