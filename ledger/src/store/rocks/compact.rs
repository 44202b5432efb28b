//! Writing the store's files anew, as small as they get.

use rocksdb::properties::{BACKGROUND_ERRORS, LIVE_SST_FILES_SIZE};
use rocksdb::{BottommostLevelCompaction, CompactOptions};

use super::{RocksStore, fault};
use crate::store::{Column, StoreError};

impl RocksStore {
    /// Merges the files of every column into its last level. Changes no row.
    pub fn compact(&self) -> Result<(), StoreError> {
        let mut options = CompactOptions::default();
        // The last level is compressed more than the others; what is there already may have been written as another.
        options.set_bottommost_level_compaction(BottommostLevelCompaction::ForceOptimized);
        for column in Column::ALL {
            let family = self.files.family(column)?;
            self.files.db.compact_range_cf_opt(&family, None::<&[u8]>, None::<&[u8]>, &options);
            // The call itself has no result.
            if self.property(column, BACKGROUND_ERRORS)? > 0 {
                let detail = format!("{column}: see the file LOG of the store");
                return Err(StoreError::Io { action: "compact", detail });
            }
        }
        Ok(())
    }

    /// Bytes of the files that hold a column's rows.
    pub fn bytes(&self, column: Column) -> Result<u64, StoreError> {
        self.property(column, LIVE_SST_FILES_SIZE)
    }

    fn property(&self, column: Column, name: &rocksdb::properties::PropName) -> Result<u64, StoreError> {
        let value = self.files.db.property_int_value_cf(&self.files.family(column)?, name);
        Ok(value.map_err(|error| fault("look", Some(column), &error))?.unwrap_or_default())
    }
}
