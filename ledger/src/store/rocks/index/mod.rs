//! Rows of ids and terms on their way to files.
//!
//! They follow from the entries, which are durable before any of them is added here. So they need neither RocksDB's log nor its
//! memory: they are gathered in a segment in memory ([`segment`]), and once it is large enough a thread writes it out as one sorted
//! file for each column, which RocksDB takes in as a whole. With its rows a file brings the mark of its column: the entries up to
//! where the column has come. What was in memory alone when the program ended is given again by whoever opens the store.
//!
//! A term has one row for each file with the entries that it leads to there ([`postings`]), not one for each entry.

mod files;
mod postings;
pub(super) mod reading;
mod segment;
mod unfiled;
mod warm;

use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::thread::JoinHandle;

pub(super) use files::{MARK_KEY, mark};
pub(super) use reading::Reading;
use segment::Segment;
use unfiled::Unfiled;
use warm::{LOOK_EVERY, Warming};

use super::Files;
use crate::store::rows::{parse_index, parse_term_key};
use crate::store::{Batch, Column, StoreError};

/// Rows that are added while readers wait: some tens of microseconds.
const ROWS_TOGETHER: usize = 256;

/// The rows that are not in files yet, and the thread that writes them there.
pub(super) struct Filing {
    shared: Arc<Shared>,
    /// Why it is not known how far a column has come.
    unknown: Vec<(Column, StoreError)>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    files: Arc<Files>,
    rows: RwLock<Unfiled>,
    work: Mutex<Work>,
    changed: Condvar,
}

/// What the thread has to do.
#[derive(Default)]
struct Work {
    to_write: Option<(Arc<Segment>, Marks)>,
    failed: Option<StoreError>,
    closed: bool,
}

/// How far the columns have come with a segment.
#[derive(Clone, Copy, Debug)]
struct Marks {
    ids: u64,
    terms: u64,
}

/// What a batch has of ids and terms.
#[derive(Clone, Copy, Debug)]
struct Step {
    /// How far the columns have come with it.
    marks: Marks,
    first_of_terms: Option<u64>,
}

impl Filing {
    /// Goes on from where the files end.
    pub(super) fn new(files: &Arc<Files>) -> Self {
        let mut unknown = Vec::new();
        let mut to = |column| {
            mark(files, column).unwrap_or_else(|error| {
                unknown.push((column, error));
                0
            })
        };
        let rows = RwLock::new(Unfiled {
            ids_to: to(Column::Ids),
            terms_to: to(Column::Terms),
            ..Unfiled::default()
        });
        let shared = Arc::new(Shared {
            files: Arc::clone(files),
            rows,
            work: Mutex::default(),
            changed: Condvar::new(),
        });
        Self { shared, unknown, thread: None }
    }

    /// The same with a thread that writes.
    pub(super) fn writing(files: &Arc<Files>) -> Result<Self, StoreError> {
        let mut filing = Self::new(files);
        files.remove_incoming()?;
        let shared = Arc::clone(&filing.shared);
        let thread = std::thread::Builder::new().name("index".into()).spawn(move || shared.write_out());
        let failed =
            |error: std::io::Error| StoreError::Io { action: "start a thread", detail: error.to_string() };
        filing.thread = Some(thread.map_err(failed)?);
        Ok(filing)
    }

    /// Columns of which files cannot tell how far they have come: they have to be made again.
    pub(super) fn take_unknown(&mut self) -> Vec<(Column, StoreError)> {
        std::mem::take(&mut self.unknown)
    }

    /// Up to which entry a column's rows are here or in files.
    pub(super) fn indexed(&self, column: Column) -> Result<u64, StoreError> {
        if let Some((_, error)) = self.unknown.iter().find(|(other, _)| *other == column) {
            return Err(error.clone());
        }
        let rows = self.shared.rows();
        Ok(if column == Column::Ids { rows.ids_to } else { rows.terms_to })
    }

    /// Whether rows can still be written out: an error once they could not.
    pub(super) fn check(&self) -> Result<(), StoreError> {
        self.shared.work().failed.clone().map_or(Ok(()), Err)
    }

    /// Adds a batch's rows of ids and terms: those of the entries that come next, and of all of them.
    pub(super) fn add(&self, batch: &Batch) -> Result<(), StoreError> {
        let derived = |column: &Column| matches!(column, Column::Ids | Column::Terms);
        let mut rows = batch.rows().filter(|(column, ..)| derived(column)).peekable();
        let Some(Step { marks, first_of_terms }) = self.shared.follow(batch)? else { return Ok(()) };
        if let Some(first) = first_of_terms {
            self.shared.rows_mut().open.begin_terms(first);
        }
        while rows.peek().is_some() {
            let mut unfiled = self.shared.rows_mut();
            for (column, key, value) in rows.by_ref().take(ROWS_TOGETHER) {
                unfiled.add(column, key, value)?;
            }
        }
        let is_full = {
            let mut unfiled = self.shared.rows_mut();
            (unfiled.ids_to, unfiled.terms_to) = (marks.ids, marks.terms);
            unfiled.open.is_full()
        };
        if is_full { self.hand_over() } else { Ok(()) }
    }

    /// Returns once every row is in a file.
    pub(super) fn settle(&self) -> Result<(), StoreError> {
        self.hand_over()?;
        self.idle().map(drop)
    }

    /// Forgets the rows of a column that is to be emptied. Nothing may be added meanwhile.
    pub(super) fn clear(&self, column: Column) -> Result<(), StoreError> {
        let _idle = self.idle()?;
        let mut unfiled = self.shared.rows_mut();
        if column == Column::Ids {
            unfiled.open.clear_ids();
            unfiled.ids_to = 0;
        } else {
            unfiled.open.clear_terms();
            unfiled.terms_to = 0;
        }
        Ok(())
    }

    /// Gives the thread what was gathered.
    fn hand_over(&self) -> Result<(), StoreError> {
        let mut work = self.idle()?;
        let mut unfiled = self.shared.rows_mut();
        if unfiled.open.is_empty() {
            return Ok(());
        }
        let spare = std::mem::take(&mut unfiled.spare);
        let segment = Arc::new(std::mem::replace(&mut unfiled.open, spare));
        unfiled.full = Some(Arc::clone(&segment));
        let marks = Marks { ids: unfiled.ids_to, terms: unfiled.terms_to };
        work.to_write = Some((segment, marks));
        self.shared.changed.notify_all();
        Ok(())
    }

    /// Waits until the thread has nothing to do.
    fn idle(&self) -> Result<MutexGuard<'_, Work>, StoreError> {
        let is_busy = |work: &mut Work| work.to_write.is_some() && work.failed.is_none();
        let work = self.shared.changed.wait_while(self.shared.work(), is_busy);
        let work = work.unwrap_or_else(PoisonError::into_inner);
        work.failed.clone().map_or(Ok(work), Err)
    }

    /// What is not in files at this moment. Whoever adds rows waits meanwhile.
    fn unfiled(&self) -> RwLockReadGuard<'_, Unfiled> {
        self.shared.rows()
    }
}

impl Drop for Filing {
    fn drop(&mut self) {
        self.shared.work().closed = true;
        self.shared.changed.notify_all();
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the thread that writes the index had panicked");
        }
    }
}

impl Shared {
    fn rows(&self) -> RwLockReadGuard<'_, Unfiled> {
        self.rows.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn rows_mut(&self) -> RwLockWriteGuard<'_, Unfiled> {
        self.rows.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn work(&self) -> MutexGuard<'_, Work> {
        self.work.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where the columns stand with a batch's rows; nothing where it has none of them. An error where rows before them are missing.
    fn follow(&self, batch: &Batch) -> Result<Option<Step>, StoreError> {
        let rows = self.rows();
        let mut marks = Marks { ids: rows.ids_to, terms: rows.terms_to };
        let (mut first_of_ids, mut first_of_terms) = (None::<u64>, None::<u64>);
        for (column, key, value) in batch.rows() {
            let (index, mark, first) = match column {
                Column::Ids => (parse_index(value), &mut marks.ids, &mut first_of_ids),
                Column::Terms => {
                    (parse_term_key(key).map(|(_, index)| index), &mut marks.terms, &mut first_of_terms)
                }
                _ => continue,
            };
            let index = index.ok_or_else(|| StoreError::row(column, key, "names no entry"))?.0;
            *first = Some(first.map_or(index, |first| first.min(index)));
            *mark = (*mark).max(index.saturating_add(1));
        }
        let firsts =
            [(Column::Ids, first_of_ids, rows.ids_to), (Column::Terms, first_of_terms, rows.terms_to)];
        for (column, first, to) in firsts {
            if let Some(first) = first.filter(|first| *first > to) {
                let detail =
                    format!("a row of entry {first} was to be added, and there are none of entry {to}");
                return Err(StoreError::Row { column, key: String::new(), detail });
            }
        }
        Ok(first_of_ids.or(first_of_terms).map(|_| Step { marks, first_of_terms }))
    }

    /// Writes out what is handed over, until the store is closed or writing has failed.
    fn write_out(&self) {
        let mut warming = Warming::new();
        let mut run = || while self.write_next(&mut warming).is_continue() {};
        if catch_unwind(AssertUnwindSafe(&mut run)).is_err() {
            // Whoever waits for it learns so.
            let detail = String::from("the thread that does so panicked");
            self.work().failed = Some(StoreError::Io { action: "write a file of the index", detail });
            self.changed.notify_all();
        }
    }

    /// Writes out what is handed over next. What there is to do while nothing is must not fail the store: whoever asks is told.
    fn write_next(&self, warming: &mut Warming) -> ControlFlow<()> {
        let waits = |work: &mut Work| work.to_write.is_none() && !work.closed;
        let waited = self.changed.wait_timeout_while(self.work(), LOOK_EVERY, waits);
        let (next, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
        if timeout.timed_out() {
            drop(next);
            let added = self.rows().terms_to;
            let looked = warming.look(&self.files, added, || !waits(&mut self.work()));
            if let Err(error) = looked {
                tracing::debug!(%error, "filters are not read ahead");
            }
            return ControlFlow::Continue(());
        }
        let Some((segment, marks)) = next.to_write.clone() else { return ControlFlow::Break(()) };
        drop(next);
        let written = self.files.take_in(&segment, marks);
        if written.is_ok() {
            self.rows_mut().full = None;
        }
        let mut work = self.work();
        match written {
            Ok(()) => {
                work.to_write = None;
                if let Ok(mut spare) = Arc::try_unwrap(segment) {
                    spare.clear();
                    self.rows_mut().spare = spare;
                }
            }
            Err(error) => work.failed = Some(error),
        }
        let failed = work.failed.is_some();
        self.changed.notify_all();
        if failed { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}
