//! Reading a store past every cache, to see what is on the disk.

use std::path::Path;

use rocksdb::{Cache, Options};

use super::{DB, Files, RocksStore, convert, database_options, families, family_names};
use crate::store::StoreError;

/// Memory for cached blocks, in bytes: each row is read once.
const CACHE_BYTES: usize = 8 * 1024 * 1024;

impl RocksStore {
    /// Opens a store to look at what its files hold, past the caches of the system and of whoever writes it. Where the file
    /// system cannot read like that, past the latter alone. Writes nothing; a writer may be at work.
    pub fn open_past_caches(folder: &Path) -> Result<Self, StoreError> {
        let names = family_names(folder)?;
        let open = |options: &Options| {
            let cache = Cache::new_lru_cache(CACHE_BYTES);
            let families = families(&names, &cache);
            let opened = DB::open_cf_descriptors_read_only(options, folder, families, false);
            opened.map(|db| Files { db, cache, folder: folder.to_owned() })
        };
        let mut direct = database_options();
        direct.set_use_direct_reads(true);
        let files = open(&direct).or_else(|_| open(&database_options()));
        Ok(Self::reading(files.map_err(|error| convert("open", folder, &error))?))
    }
}
