//! Whether the index can be believed, while a log is in service.
//!
//! An entry that is missing from the index looks like one that was never there. So as soon as a derived column is known to be
//! damaged, nobody is answered from it any more: appending needs it to know repeats, the log's assertions need it to know that
//! there is nothing else. Until it is made again, which begins at once and in the background, such questions and all appending
//! are refused with 503; entries, the checkpoint and whatever rests on entries alone are served as before. The log itself is
//! not latched: nothing that was acknowledged is in doubt. If the entries turn out not to add up to the head, it is.
//!
//! A question that began before and read afterwards must not believe what it read: it asks again for the epoch.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use crate::log::Log;
use crate::recover;
use crate::reindex::rebuild;
use crate::store::Column;
use crate::store::rows::Rows;

/// Bits of an epoch that name columns; the rest counts.
const MASK: u64 = 0b1111;

/// The state of a log's derived columns.
#[derive(Debug)]
pub struct Index {
    /// Counts changes; its lowest bits are the columns that are being made again.
    epoch: AtomicU64,
    /// Held while a group is appended, and while columns are made again: never both.
    writing: Mutex<()>,
    /// Wakes the thread that makes columns again. Taken away when the log stops.
    wake: Mutex<Option<Sender<()>>>,
}

/// A moment in the life of the index: what was read is good if the moment is still the same afterwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Epoch(u64);

impl Epoch {
    /// Whether a column can be believed.
    pub(crate) fn has(self, column: Column) -> bool {
        self.0 & bit(column) == 0
    }
}

impl Index {
    /// A whole index, and what wakes the thread that makes it again.
    pub(crate) fn new() -> (Self, Receiver<()>) {
        let (wake, woken) = channel();
        let index = Self { epoch: AtomicU64::new(0), writing: Mutex::new(()), wake: Mutex::new(Some(wake)) };
        (index, woken)
    }

    /// The moment.
    pub(crate) fn epoch(&self) -> Epoch {
        Epoch(self.epoch.load(Ordering::SeqCst))
    }

    /// Whether every column can be believed.
    pub fn is_whole(&self) -> bool {
        self.epoch().0 & MASK == 0
    }

    /// Holds off whoever else would write.
    pub(crate) fn writing(&self) -> MutexGuard<'_, ()> {
        self.writing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Nobody believes this column any more, from now on and until it was made again.
    pub(crate) fn damaged(&self, column: Column, why: &str) {
        let before = self.epoch.fetch_or(bit(column), Ordering::SeqCst);
        if before & bit(column) != 0 {
            return;
        }
        tracing::error!(%column, why, "this index is damaged; appending waits until it is made again");
        metrics::gauge!("writ_index_whole").set(0.0);
        if let Some(wake) = &*self.wake.lock().unwrap_or_else(PoisonError::into_inner) {
            // Nobody listens once the log is stopping: the next start begins with it.
            let _ = wake.send(());
        }
    }

    /// The columns that cannot be believed.
    fn columns(&self) -> Vec<Column> {
        let epoch = self.epoch();
        Column::DERIVED.into_iter().filter(|column| !epoch.has(*column)).collect()
    }

    /// These columns can be believed again.
    fn healed(&self, columns: &[Column]) {
        let healed = columns.iter().fold(0, |bits, column| bits | bit(*column));
        let next = |epoch: u64| Some((epoch | MASK).saturating_add(1) | (epoch & MASK & !healed));
        // Never fails: there always is a next moment.
        let _ = self.epoch.fetch_update(Ordering::SeqCst, Ordering::SeqCst, next);
        metrics::gauge!("writ_index_whole").set(f64::from(u8::from(self.is_whole())));
    }

    /// Ends the thread that makes columns again, once it has nothing to do.
    pub(crate) fn close(&self) {
        self.wake.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

fn bit(column: Column) -> u64 {
    match column {
        Column::Ids => 0b0001,
        Column::Terms => 0b0010,
        Column::Tiles => 0b0100,
        Column::Sequences => 0b1000,
        Column::Meta | Column::Entries => 0,
    }
}

/// Starts the thread that makes damaged columns again.
pub(crate) fn start(log: Arc<Log>, woken: Receiver<()>) -> std::io::Result<JoinHandle<()>> {
    std::thread::Builder::new().name("reindex".into()).spawn(move || {
        while woken.recv().is_ok() {
            if let Err(error) = heal(&log) {
                log.latch().set(format!("reindex: {error}"));
            }
        }
    })
}

/// Makes the damaged columns again and lets the log go on where it was.
fn heal(log: &Log) -> Result<(), recover::OpenError> {
    // A group that was being appended ends first; from here on none begins.
    let _writing = log.index().writing();
    let columns = log.index().columns();
    if columns.is_empty() || log.latch().reason().is_some() {
        return Ok(());
    }
    Rows(log.store()).set_unfinished(&columns)?;
    rebuild(log.store(), &columns)?;
    let loaded = recover::load(log.store())?;
    // A group that was given up half-way had its changes of keys taken in already.
    *log.registry_mut() = loaded.registry;
    log.nodes().clear();
    log.sequences().clear();
    log.index().healed(&columns);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_read_across_a_rebuilding_is_never_of_the_same_moment() {
        let (index, woken) = Index::new();
        let before = index.epoch();
        assert!(before.has(Column::Ids) && index.is_whole());
        index.damaged(Column::Ids, "test");
        assert!(woken.try_recv().is_ok());
        let during = index.epoch();
        assert!(!during.has(Column::Ids) && during.has(Column::Terms) && during != before);
        index.damaged(Column::Ids, "test");
        assert!(woken.try_recv().is_err(), "once is enough");
        index.damaged(Column::Tiles, "test");
        assert_eq!(index.columns(), [Column::Ids, Column::Tiles]);
        index.healed(&[Column::Ids]);
        assert_eq!(index.columns(), [Column::Tiles], "found meanwhile");
        index.healed(&[Column::Tiles]);
        let after = index.epoch();
        assert!(index.is_whole() && after != before && after != during);
    }
}
