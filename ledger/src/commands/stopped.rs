//! The store of a stopped log, for a command that writes its files anew.

use std::path::Path;

use super::{EARLIER_FORMAT, Failure, shell};
use crate::backup;
use crate::exit::Exit;
use crate::folder::Folder;
use crate::store::StoreError;
use crate::store::rocks::RocksStore;

/// A log's folder, of which it is not known yet whether the log is stopped.
pub(super) struct Stopped<'p> {
    data: &'p Path,
    /// What to do where it is served.
    if_served: &'static str,
    /// What a restore does for who meant a backup.
    by_restore: &'static str,
}

impl<'p> Stopped<'p> {
    pub(super) fn new(data: &'p Path, if_served: &'static str, by_restore: &'static str) -> Self {
        Self { data, if_served, by_restore }
    }

    /// Opens the store with so many bytes of memory for cached blocks. A backup is none.
    pub(super) fn open(&self, cache_bytes: usize) -> Result<RocksStore, Failure> {
        let folder = Folder::new(self.data);
        if backup::is_there(folder.root()) {
            let data = shell(self.data);
            let what = format!("{data} is a backup, and what is in a backup never changes");
            let next = format!("writd restore {data} --data DIR     {}", self.by_restore);
            return Err(Failure::new(Exit::Usage, what, next));
        }
        RocksStore::open(&folder.store(), cache_bytes).map_err(|error| self.failed(&error))
    }

    /// What a fault of the store means for who called the command.
    pub(super) fn failed(&self, error: &StoreError) -> Failure {
        let next = match error {
            StoreError::Absent { .. } => "give --data the folder that writd init made",
            StoreError::Held { .. } => self.if_served,
            error if error.is_of_earlier_format() => EARLIER_FORMAT,
            error if !error.is_damage() => "check the disk",
            error => return self.tampered(error),
        };
        Failure::new(Exit::Error, error, next)
    }

    /// What is in the store is not what was written.
    pub(super) fn tampered(&self, what: impl std::fmt::Display) -> Failure {
        Failure::new(Exit::Tampered, what, format!("writd fsck --data {}", shell(self.data)))
    }
}
