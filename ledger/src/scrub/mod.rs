//! The scrub: reads everything that is stored again and again, slowly, and recomputes it, so that damage is found while there
//! still is a whole copy somewhere.
//!
//! It reads through an instance of the store of its own, past every cache: what is checked is what is on the disk. Entries are
//! held against their links and the tree, full tiles against the entries, the rows of ids and terms against the entries by sums,
//! the tree against a head that was published. What is wrong must be wrong twice, read anew, before anything follows from it: a
//! wrong entry latches the log, a wrong index is made again.

mod pass;
mod position;

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use schemas::time::Index;
use verifier::merkle::{TiledTree, root_at};

use crate::clock::{Clock as _, SystemClock};
use crate::folder::Folder;
use crate::log::Log;
use crate::store::StoreError;
use crate::store::rocks::RocksStore;
use crate::store::rows::Rows;
use pass::{Fault, stretch};
use position::Position;

/// Most bytes that are read before the store is opened anew: files that were replaced meanwhile take up room until then.
const STRETCH_BYTES: u64 = 256 * 1024 * 1024;

/// The scrub rests so many times as long as it works, whatever it may read: it takes a sixty-fourth part of one core at most, also where
/// opening the store is most of the work, and less where others want the core.
const REST: u32 = 63;

/// Shortest time between two passes, and how long to wait after reading failed. Bounds what a small log costs.
const PAUSE: Duration = Duration::from_secs(5);

/// Most entries that are named together as unreadable: more than a damaged block of the store has.
const BLOCK_ENTRIES_MAX: u64 = 1_024;

/// The thread that scrubs.
#[derive(Debug)]
pub struct Scrub {
    stop: Sender<()>,
    thread: JoinHandle<()>,
}

impl Scrub {
    /// Begins to read so many bytes a second, from where the last program was.
    pub fn start(folder: &Folder, log: &Arc<Log>, bytes_per_second: u64) -> std::io::Result<Self> {
        let (stop, stopped) = channel();
        let scrubber = Scrubber {
            store: folder.store(),
            file: folder.scrub(),
            log: Arc::clone(log),
            bytes_per_second,
            stopped,
        };
        let thread = std::thread::Builder::new().name("scrub".into()).spawn(move || scrubber.run())?;
        Ok(Self { stop, thread })
    }

    /// Ends the thread, and returns once it has.
    pub fn stop(self) {
        drop(self.stop);
        if self.thread.join().is_err() {
            tracing::error!("the thread that scrubs had panicked");
        }
    }
}

struct Scrubber {
    store: PathBuf,
    file: PathBuf,
    log: Arc<Log>,
    bytes_per_second: u64,
    stopped: Receiver<()>,
}

impl Scrubber {
    fn run(&self) {
        // Not of a history that this store does not have: it may have been put back from a copy meanwhile.
        let ours = |kept: &Position| {
            root_at(&TiledTree::new(Rows(self.log.store())), kept.size).ok() == Some(kept.root)
        };
        let mut at = Position::read(&self.file).filter(ours);
        loop {
            if self.log.latch().reason().is_some() {
                return;
            }
            let mut position = at.take().unwrap_or_else(|| self.begin(0, 0));
            let ended = self.stretch_confirmed(&mut position);
            if ended == Ok(true) {
                position = self.end(&position);
            }
            if let Err(error) = position.write(&self.file) {
                tracing::warn!(%error, "how far the scrub has come could not be kept");
            }
            metrics::gauge!("writ_scrub_position").set(position.next as f64);
            at = Some(position);
            let pause = if ended == Ok(false) { Duration::ZERO } else { PAUSE };
            if self.is_stopped(pause) {
                return;
            }
        }
    }

    /// A pass over the latest head.
    fn begin(&self, passes: u64, finished: u64) -> Position {
        let head = self.log.published().head;
        Position::begin(head.size, head.root, passes, finished)
    }

    fn end(&self, position: &Position) -> Position {
        let now = SystemClock::new().now().0;
        metrics::counter!("writ_scrub_passes_total").increment(1);
        metrics::gauge!("writ_scrub_last_pass_timestamp_seconds").set(now as f64 / 1_000.0);
        tracing::info!(entries = position.size, "everything stored was read again and holds");
        self.begin(position.passes + 1, now)
    }

    /// One stretch. What is wrong is read a second time, by a store opened anew, before it is believed. Whether the pass has
    /// ended; an error where it is to be tried again.
    fn stretch_confirmed(&self, position: &mut Position) -> Result<bool, ()> {
        let from = position.clone();
        let fault = match self.stretch_once(position)? {
            Ok(ended) => return Ok(ended),
            Err(fault) => fault,
        };
        *position = from.clone();
        tracing::warn!(?fault, "the scrub met something wrong and reads it a second time");
        match self.stretch_once(position)? {
            Ok(ended) => {
                metrics::counter!("writ_scrub_failures_total", "kind" => "transient").increment(1);
                tracing::warn!(?fault, "read a second time it holds; watch this disk");
                Ok(ended)
            }
            Err(fault) => {
                *position = from;
                self.follow(&fault, position);
                Err(())
            }
        }
    }

    /// What follows from a fault that was met twice.
    fn follow(&self, fault: &Fault, position: &mut Position) {
        let kind = match fault {
            Fault::Entry { index, detail } => {
                metrics::gauge!("writ_scrub_bad_entry").set(*index as f64);
                self.log.latch().set(match self.unreadable_from(*index) {
                    Some(last) => format!("scrub: entries {index} to {last} cannot be read: {detail}"),
                    None => format!("scrub: entry {index} is not what was written: {detail}"),
                });
                "entry"
            }
            Fault::Index { column, detail } => {
                self.log.index().damaged(*column, &format!("scrub: {detail}"));
                // Everything is new afterwards.
                *position = self.begin(position.passes, position.finished);
                "index"
            }
            Fault::Unread(error) => {
                tracing::warn!(error, "the scrub cannot read; it tries again");
                "read"
            }
        };
        metrics::counter!("writ_scrub_failures_total", "kind" => kind).increment(1);
    }

    /// Where an entry cannot be read, its whole block cannot: the last entry of those, or nothing where it can be read.
    fn unreadable_from(&self, index: u64) -> Option<u64> {
        let store = RocksStore::open_past_caches(&self.store).ok()?;
        let size = self.log.published().head.size;
        let unreadable = |index: &u64| Rows(&store).entry_bytes(Index(*index)).is_err();
        (index..size.min(index.saturating_add(BLOCK_ENTRIES_MAX))).take_while(unreadable).last()
    }

    /// One stretch by a store opened for it. An error where there is nothing to read at this moment.
    fn stretch_once(&self, position: &mut Position) -> Result<Result<bool, Fault>, ()> {
        let mut working = Instant::now();
        let store = match RocksStore::open_past_caches(&self.store) {
            Ok(store) => store,
            // A file may be replaced between its listing and its opening.
            Err(error) => return Ok(Err(unopened(&error))),
        };
        let rows = Rows(&store);
        if !self.log.index().is_whole() || rows.unfinished().map_or(true, |columns| !columns.is_empty()) {
            return Err(());
        }
        let mut left = STRETCH_BYTES;
        let mut owed = Instant::now();
        let scrubbed = stretch(&store, position, &mut |bytes| {
            metrics::counter!("writ_scrub_bytes_total").increment(bytes);
            left = left.saturating_sub(bytes);
            owed += Duration::from_secs_f64(bytes as f64 / self.bytes_per_second as f64);
            let now = Instant::now();
            let rest = now.saturating_duration_since(working).saturating_mul(REST);
            let stopped = self.is_stopped(owed.saturating_duration_since(now).max(rest));
            working = Instant::now();
            if stopped || left == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        Ok(scrubbed)
    }

    /// Waits; true once the log is being stopped.
    fn is_stopped(&self, wait: Duration) -> bool {
        self.stopped.recv_timeout(wait) != Err(RecvTimeoutError::Timeout)
    }
}

fn unopened(error: &StoreError) -> Fault {
    let detail = error.to_string();
    match error.damaged_index() {
        Some(column) => Fault::Index { column, detail },
        None => Fault::Unread(detail),
    }
}
