//! Making derived columns again from the entries alone, with the same pure [`apply`] that wrote them.
//!
//! First the entries must add up to the head row: root, chain and all. Only then is anything taken out; so damage in entries
//! or head never costs what is left to examine them by. From then on the store says which columns are unfinished, until all
//! their rows are durable: whoever opens it meanwhile begins again from the start.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::{Duration, Instant};

use rayon::prelude::*;
use schemas::envelope::Statement;
use schemas::ids::{EntryHash, StatementId, TermId};
use schemas::tile::TileCoord;
use schemas::time::{Index, Time};
use thiserror::Error;
use verifier::merkle::{TileEdge, leaf_hash};
use verifier::registry::Registry;

use crate::apply::{Accepted, Group, View, WriteSet, apply};
use crate::recover::{OpenError, genesis};
use crate::sequences::Sequences;
use crate::store::rows::{Head, Rows, decode_entry, index_bytes, parse_index, term_key, tile_key, tile_row};
use crate::store::sequence::Slot;
use crate::store::{Batch, Column, Store, StoreError};

/// Entries that are taken together: enough for all cores, and a bound for memory with the bytes below.
const CHUNK_ENTRIES: usize = 4_096;

/// Most bytes of entries that are taken together, about.
const CHUNK_BYTES: usize = 8 * 1024 * 1024;

/// Chunks of rows that may wait to be written.
const CHUNKS_WAITING: usize = 2;

/// How often is said how far it has come.
const PROGRESS_EVERY: Duration = Duration::from_secs(5);

/// Why columns could not be made again.
#[derive(Debug, Error)]
pub enum ReindexError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The entries do not add up to the head: what is damaged is not the index, or not the index alone.
    #[error("the index cannot be made again: {detail}")]
    Entries {
        /// What was expected and met.
        detail: String,
    },
}

/// What was made again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rebuilt {
    /// Entries that were read.
    pub entries: u64,
    /// Rows that were written.
    pub rows: u64,
}

/// Makes columns again. Safe to be ended at any moment. Nobody may append meanwhile.
pub fn rebuild(store: &dyn Store, columns: &[Column]) -> Result<Rebuilt, ReindexError> {
    let rows = Rows(store);
    let head = rows.head()?;
    let names: Vec<&str> = columns.iter().map(|column| column.name()).collect();
    tracing::warn!(
        columns = names.join(" "),
        entries = head.size,
        "the index is made again from the entries"
    );
    let begun = Instant::now();
    add_up(store, &head)?;
    rows.set_unfinished(columns)?;
    columns.iter().try_for_each(|column| store.clear(*column))?;
    let written = fill(store, &head, columns)?;
    store.settle()?;
    rows.set_unfinished(&[])?;
    let seconds = begun.elapsed().as_secs_f64();
    tracing::warn!(columns = names.join(" "), rows = written, seconds, "the index is whole again");
    Ok(Rebuilt { entries: head.size, rows: written })
}

/// Holds every entry against the head: their tree has its root, the last one is its chain head.
fn add_up(store: &dyn Store, head: &Head) -> Result<(), ReindexError> {
    let mut edge = TileEdge::new();
    let mut chain = None;
    let mut progress = Progress::new("checking the entries", head.size);
    each_chunk(store, 0, head.size, |chunk| {
        let leaves: Vec<_> = chunk.par_iter().map(|(_, bytes)| leaf_hash(bytes)).collect();
        let update = edge.append(&leaves).map_err(|error| contradicts(error.to_string()))?;
        edge = update.into_edge();
        chain = chunk.last().map(|(_, bytes)| EntryHash::of(bytes)).or(chain);
        progress.at(edge.size());
        Ok(())
    })?;
    if (edge.size(), edge.root(), chain) != (head.size, head.root, Some(head.chain)) {
        return Err(contradicts(format!(
            "{} entries have root {}, the head row says {} with root {}",
            edge.size(),
            edge.root(),
            head.size,
            head.root
        )));
    }
    Ok(())
}

/// Applies all entries from the first on and writes the rows of some columns.
fn fill(store: &dyn Store, head: &Head, columns: &[Column]) -> Result<u64, ReindexError> {
    let registry = Registry::from_genesis(&genesis(&Rows(store)).map_err(|error| opening(&error))?);
    let registry = registry.map_err(|error| contradicts(error.to_string()))?;
    let mut view = View::empty(&registry.genesis().origin);
    let mut progress = Progress::new("making the index", head.size);
    let written = std::thread::scope(|scope| {
        let (give, take) = sync_channel::<Derived>(CHUNKS_WAITING);
        let writer = scope.spawn(move || write_all(store, columns, &take));
        let read = each_chunk(store, 0, head.size, |chunk| {
            let decoded: Vec<(Time, Accepted)> = chunk
                .into_par_iter()
                .map(|(index, bytes)| accepted(index, &bytes))
                .collect::<Result<_, _>>()?;
            let mut made = Derived::default();
            for (time, statements) in by_time(decoded) {
                let group = Group { base: view.head.size, base_root: view.head.root, time, statements };
                let writes = apply(&view, group).map_err(|error| contradicts(error.to_string()))?;
                made.take(&writes);
                view = writes.view();
            }
            progress.at(view.head.size);
            // Where nobody takes it any more, the writer has an error to tell.
            let _ = give.send(made);
            Ok(())
        });
        drop(give);
        let written = writer.join().map_err(|_| contradicts("the writing thread panicked".into()))?;
        read.and(written)
    })?;
    // The head commits to every byte that was applied.
    if view.head != *head {
        return Err(contradicts(format!("applied again, the entries give root {}", view.head.root)));
    }
    Ok(written)
}

fn write_all(store: &dyn Store, columns: &[Column], made: &Receiver<Derived>) -> Result<u64, ReindexError> {
    let sequences = Sequences::default();
    let mut rows = 0;
    while let Ok(derived) = made.recv() {
        let mut batch = derived.batch(columns);
        if columns.contains(&Column::Sequences) {
            sequences.raise(Rows(store), derived.slots, &mut batch)?;
            sequences.make_room();
        }
        store.fill(&batch)?;
        rows += batch.rows().count() as u64;
    }
    Ok(rows)
}

/// Statements that became entries at one time, in order: apply stamps a whole group.
fn by_time(decoded: Vec<(Time, Accepted)>) -> Vec<(Time, Vec<Accepted>)> {
    let mut groups: Vec<(Time, Vec<Accepted>)> = Vec::new();
    for (time, accepted) in decoded {
        match groups.last_mut() {
            Some((same, statements)) if *same == time => statements.push(accepted),
            _ => groups.push((time, vec![accepted])),
        }
    }
    groups
}

/// What an entry is found by, as when it was accepted.
pub(crate) fn accepted(index: Index, bytes: &[u8]) -> Result<(Time, Accepted), ReindexError> {
    let entry = decode_entry(index, bytes)?;
    let statement = Statement::decode(&entry.statement);
    let statement = statement.map_err(|error| contradicts(format!("entry {index}: {error}")))?;
    Ok((entry.time, Accepted::new(statement)))
}

/// The derived rows of one chunk. Of a tile that grew several times the last state counts.
#[derive(Default)]
struct Derived {
    ids: Vec<(StatementId, Index)>,
    terms: Vec<(TermId, Index)>,
    slots: Vec<(Slot, Index)>,
    tiles: BTreeMap<TileCoord, Vec<u8>>,
}

impl Derived {
    fn take(&mut self, writes: &WriteSet) {
        for entry in &writes.entries {
            self.ids.push((entry.id, entry.index));
            self.terms.extend(entry.terms.iter().map(|term| (*term, entry.index)));
        }
        self.slots.extend(writes.slots());
        self.tiles.extend(writes.tree.tiles().map(|(tile, nodes)| (tile, tile_row(nodes))));
    }

    fn batch(&self, columns: &[Column]) -> Batch {
        let mut batch = Batch::default();
        if columns.contains(&Column::Ids) {
            self.ids
                .iter()
                .for_each(|(id, index)| batch.put(Column::Ids, id.as_bytes(), &index_bytes(*index)));
        }
        if columns.contains(&Column::Terms) {
            self.terms
                .iter()
                .for_each(|(term, index)| batch.put(Column::Terms, &term_key(term, *index), &[]));
        }
        if columns.contains(&Column::Tiles) {
            self.tiles.iter().for_each(|(tile, row)| batch.put(Column::Tiles, &tile_key(*tile), row));
        }
        batch
    }
}

/// Shows the entries from `from` on and below `size` in order, a bounded number at a time.
pub(crate) fn each_chunk(
    store: &dyn Store,
    from: u64,
    size: u64,
    mut visit: impl FnMut(Vec<(Index, Vec<u8>)>) -> Result<(), ReindexError>,
) -> Result<(), ReindexError> {
    let (mut chunk, mut bytes, mut next) = (Vec::with_capacity(CHUNK_ENTRIES), 0, from);
    let mut failed = None;
    store.scan(Column::Entries, &[], &index_bytes(Index(from)), &mut |key, value| {
        if next >= size {
            return ControlFlow::Break(());
        }
        if parse_index(key) != Some(Index(next)) {
            failed = Some(contradicts(format!("entry {next} is missing")));
            return ControlFlow::Break(());
        }
        chunk.push((Index(next), value.to_vec()));
        bytes += value.len();
        next += 1;
        if chunk.len() < CHUNK_ENTRIES && bytes < CHUNK_BYTES {
            return ControlFlow::Continue(());
        }
        bytes = 0;
        match visit(std::mem::take(&mut chunk)) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                failed = Some(error);
                ControlFlow::Break(())
            }
        }
    })?;
    match failed {
        Some(error) => Err(error),
        None if chunk.is_empty() => Ok(()),
        None => visit(chunk),
    }
}

fn contradicts(detail: String) -> ReindexError {
    ReindexError::Entries { detail }
}

fn opening(error: &OpenError) -> ReindexError {
    contradicts(error.to_string())
}

/// Says now and then how far it has come.
struct Progress {
    what: &'static str,
    of: u64,
    begun: Instant,
    said: Instant,
}

impl Progress {
    fn new(what: &'static str, of: u64) -> Self {
        let begun = Instant::now();
        Self { what, of, begun, said: begun }
    }

    fn at(&mut self, done: u64) {
        if self.said.elapsed() < PROGRESS_EVERY {
            return;
        }
        self.said = Instant::now();
        let elapsed = self.begun.elapsed().as_secs_f64();
        let left = elapsed * (self.of.saturating_sub(done)) as f64 / done.max(1) as f64;
        tracing::info!(done, of = self.of, seconds_left = left.round(), "{}", self.what);
    }
}
