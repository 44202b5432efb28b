//! A store in memory that fails when told to, with or without having written, and whose rows can be tampered with.

use std::collections::BTreeMap;
use std::ops::{ControlFlow, RangeInclusive};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex};
use std::time::Duration;

use ledger::store::rows::FORMAT_KEY;
use ledger::store::{Batch, Column, FORMAT_VERSION, Store, StoreError, Visit, VisitKey};
use schemas::ids::TermId;

pub(crate) type Rows = BTreeMap<(Column, Vec<u8>), Vec<u8>>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The next write fails and nothing of it is there.
    Lost,
    /// The next write fails although all of it is there.
    Written,
    /// The next read of an entry fails.
    Read,
    /// The next read of an entry panics.
    Panic,
    /// The next write panics.
    WritePanic,
}

#[derive(Default)]
pub(crate) struct Memory {
    rows: Mutex<Rows>,
    fault: Mutex<Option<Fault>>,
    unreadable: Mutex<Vec<(Column, RangeInclusive<Vec<u8>>)>>,
    hidden: Mutex<Vec<(Column, Vec<u8>)>>,
    /// Up to which entry ids and terms have come.
    indexed: Mutex<BTreeMap<Column, u64>>,
    held: Mutex<bool>,
    released: Condvar,
    stuck: AtomicBool,
}

impl Memory {
    pub(crate) fn new() -> Self {
        let store = Self::default();
        store
            .rows
            .lock()
            .unwrap()
            .insert((Column::Meta, FORMAT_KEY.to_vec()), FORMAT_VERSION.to_be_bytes().to_vec());
        store
    }

    pub(crate) fn rows(&self) -> Rows {
        self.rows.lock().unwrap().clone()
    }

    /// Puts rows in place of all. Those of ids and terms are taken to be of all entries.
    pub(crate) fn set_rows(&self, rows: Rows) {
        let entries = rows.keys().filter(|(column, _)| *column == Column::Entries);
        let last =
            entries.filter_map(|(_, key)| Some(u64::from_be_bytes(key.as_slice().try_into().ok()?))).max();
        let to = last.map_or(0, |last| last + 1);
        *self.indexed.lock().unwrap() = BTreeMap::from([(Column::Ids, to), (Column::Terms, to)]);
        *self.rows.lock().unwrap() = rows;
    }

    pub(crate) fn fail_next(&self, fault: Fault) {
        *self.fault.lock().unwrap() = Some(fault);
    }

    /// Makes rows unreadable, as one damaged block of a file does.
    pub(crate) fn damage(&self, column: Column, keys: RangeInclusive<Vec<u8>>) {
        self.unreadable.lock().unwrap().push((column, keys));
    }

    /// Makes a row one that no look-up leads to, as a wrong filter does; whoever reads from end to end meets it.
    pub(crate) fn hide(&self, column: Column, key: Vec<u8>) {
        self.hidden.lock().unwrap().push((column, key));
    }

    fn is_hidden(&self, column: Column, key: &[u8]) -> bool {
        self.hidden.lock().unwrap().contains(&(column, key.to_vec()))
    }

    fn check_readable(&self, action: &'static str, column: Column, key: &[u8]) -> Result<(), StoreError> {
        let unreadable = self.unreadable.lock().unwrap();
        if unreadable.iter().any(|(other, keys)| *other == column && keys.contains(&key.to_vec())) {
            return Err(StoreError::Damaged { action, column: Some(column), detail: "in 000012.sst".into() });
        }
        Ok(())
    }

    /// Lets writes wait from now on, or lets them go on.
    pub(crate) fn hold(&self, held: bool) {
        *self.held.lock().unwrap() = held;
        self.released.notify_all();
    }

    /// Waits until a write waits.
    pub(crate) fn wait_for_write(&self) {
        while !self.stuck.load(Ordering::SeqCst) {
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    fn take(&self, wanted: &[Fault]) -> Option<Fault> {
        let mut fault = self.fault.lock().unwrap();
        if fault.is_some_and(|fault| wanted.contains(&fault)) { fault.take() } else { None }
    }
}

fn broken(action: &'static str) -> StoreError {
    StoreError::Io { action, detail: "told to fail".into() }
}

impl Store for Memory {
    fn get(&self, column: Column, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        if column == Column::Entries && self.take(&[Fault::Read]).is_some() {
            return Err(broken("read"));
        }
        if column == Column::Entries && self.take(&[Fault::Panic]).is_some() {
            panic!("told to");
        }
        self.check_readable("read", column, key)?;
        if self.is_hidden(column, key) {
            return Ok(None);
        }
        Ok(self.rows.lock().unwrap().get(&(column, key.to_vec())).cloned())
    }

    fn scan(
        &self,
        column: Column,
        prefix: &[u8],
        from: &[u8],
        visit: &mut Visit<'_>,
    ) -> Result<(), StoreError> {
        let start = (column, if from.is_empty() { prefix } else { from }.to_vec());
        let rows: Vec<_> = self
            .rows
            .lock()
            .unwrap()
            .range(start..)
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect();
        for ((_, key), value) in
            rows.iter().take_while(|((other, key), _)| *other == column && key.starts_with(prefix))
        {
            self.check_readable("scan", column, key)?;
            if !prefix.is_empty() && self.is_hidden(column, key) {
                continue;
            }
            if visit(key, value) == ControlFlow::Break(()) {
                break;
            }
        }
        Ok(())
    }

    fn scan_term_back(&self, term: &TermId, from: &[u8], visit: &mut VisitKey<'_>) -> Result<(), StoreError> {
        let (first, last) = ((Column::Terms, term.as_bytes().to_vec()), (Column::Terms, from.to_vec()));
        let keys: Vec<_> =
            self.rows.lock().unwrap().range(first..=last).map(|((_, key), _)| key.clone()).collect();
        for key in keys.iter().rev() {
            self.check_readable("scan", Column::Terms, key)?;
            if visit(key) == ControlFlow::Break(()) {
                break;
            }
        }
        Ok(())
    }

    fn commit(&self, batch: &Batch) -> Result<(), StoreError> {
        let mut held = self.held.lock().unwrap();
        while *held {
            self.stuck.store(true, Ordering::SeqCst);
            held = self.released.wait(held).unwrap();
        }
        self.stuck.store(false, Ordering::SeqCst);
        drop(held);
        assert!(self.take(&[Fault::WritePanic]).is_none(), "told to");
        let fault = self.take(&[Fault::Lost, Fault::Written]);
        if fault != Some(Fault::Lost) {
            let mut rows = self.rows.lock().unwrap();
            for (column, key, value) in batch.rows() {
                rows.insert((column, key.to_vec()), value.to_vec());
            }
        }
        if fault.is_some() { Err(broken("write")) } else { Ok(()) }
    }

    fn clear(&self, column: Column) -> Result<(), StoreError> {
        assert!(column.is_derived(), "{column}");
        self.rows.lock().unwrap().retain(|(other, _), _| *other != column);
        self.indexed.lock().unwrap().remove(&column);
        // Its files are new ones.
        self.unreadable.lock().unwrap().retain(|(other, _)| *other != column);
        Ok(())
    }

    fn indexed(&self, column: Column) -> Result<u64, StoreError> {
        Ok(self.indexed.lock().unwrap().get(&column).copied().unwrap_or(0))
    }

    fn fill(&self, batch: &Batch) -> Result<(), StoreError> {
        for (column, key, value) in batch.rows() {
            let index = match column {
                Column::Ids => value,
                Column::Terms => &key[TermId::LEN..],
                _ => continue,
            };
            let behind = u64::from_be_bytes(index.try_into().unwrap()) + 1;
            let mut indexed = self.indexed.lock().unwrap();
            let to = indexed.entry(column).or_default();
            *to = behind.max(*to);
        }
        let rows = batch.rows().map(|(column, key, value)| ((column, key.to_vec()), value.to_vec()));
        self.rows.lock().unwrap().extend(rows);
        Ok(())
    }

    fn settle(&self) -> Result<(), StoreError> {
        Ok(())
    }
}
