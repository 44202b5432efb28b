//! The real store, which ends in the middle of writing a group when it is told to.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use ledger::store::rocks::RocksStore;
use ledger::store::{Batch, Column, Store, StoreError, Visit, VisitKey, VisitTerm};
use schemas::ids::TermId;

/// How long the store's write-ahead log was before a group, and with it.
#[derive(Clone, Debug)]
pub(crate) struct Written {
    wal: PathBuf,
    before: u64,
    after: u64,
}

pub(crate) struct Dying {
    rocks: Arc<RocksStore>,
    folder: PathBuf,
    dies: Mutex<bool>,
    written: Mutex<Option<Written>>,
}

impl Dying {
    pub(crate) fn new(rocks: Arc<RocksStore>, folder: PathBuf) -> Self {
        Self { rocks, folder, dies: Mutex::default(), written: Mutex::default() }
    }

    /// The next group is written, and nobody learns of it.
    pub(crate) fn die_at_the_next_group(&self) {
        *self.dies.lock().unwrap() = true;
    }

    pub(crate) fn written(&self) -> Option<Written> {
        self.written.lock().unwrap().take()
    }

    fn wal(&self) -> (PathBuf, u64) {
        let files = fs::read_dir(&self.folder).unwrap().map(|entry| entry.unwrap().path());
        let newest = files.filter(|path| path.extension().is_some_and(|name| name == "log")).max().unwrap();
        let length = newest.metadata().unwrap().len();
        (newest, length)
    }
}

impl Written {
    /// In a copy of the store: leaves so many thousandths of what the group wrote. Whether all of it is there.
    pub(crate) fn cut(&self, store: &Path, thousandths: u64) -> bool {
        let length = self.before + (self.after - self.before) * thousandths / 1_000;
        let wal = store.join(self.wal.file_name().unwrap());
        fs::File::options().write(true).open(wal).unwrap().set_len(length).unwrap();
        length == self.after
    }
}

impl Store for Dying {
    fn commit(&self, batch: &Batch) -> Result<(), StoreError> {
        let is_group = batch.rows().any(|(column, ..)| column == Column::Entries);
        if !is_group || !std::mem::take(&mut *self.dies.lock().unwrap()) {
            return self.rocks.commit(batch);
        }
        let (_, before) = self.wal();
        self.rocks.commit(batch)?;
        let (wal, after) = self.wal();
        *self.written.lock().unwrap() = Some(Written { wal, before, after });
        Err(StoreError::Io { action: "write", detail: "it was killed".into() })
    }

    fn get(&self, column: Column, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.rocks.get(column, key)
    }

    fn scan(
        &self,
        column: Column,
        prefix: &[u8],
        from: &[u8],
        visit: &mut Visit<'_>,
    ) -> Result<(), StoreError> {
        self.rocks.scan(column, prefix, from, visit)
    }

    fn scan_term_back(&self, term: &TermId, from: &[u8], visit: &mut VisitKey<'_>) -> Result<(), StoreError> {
        self.rocks.scan_term_back(term, from, visit)
    }

    fn scan_terms(&self, terms: &[TermId], visit: &mut VisitTerm<'_>) -> Result<(), StoreError> {
        self.rocks.scan_terms(terms, visit)
    }

    fn indexed(&self, column: Column) -> Result<u64, StoreError> {
        self.rocks.indexed(column)
    }

    fn clear(&self, column: Column) -> Result<(), StoreError> {
        self.rocks.clear(column)
    }

    fn fill(&self, batch: &Batch) -> Result<(), StoreError> {
        self.rocks.fill(batch)
    }

    fn settle(&self) -> Result<(), StoreError> {
        self.rocks.settle()
    }
}
