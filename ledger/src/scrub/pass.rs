//! One stretch of a pass: rows read from the files, and what they must be.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::thread::yield_now;

use schemas::envelope::Statement;
use schemas::ids::EntryHash;
use schemas::term::terms;
use schemas::tile::TILE_WIDTH;
use schemas::time::Index;
use schemas::tree::TreeHash;
use verifier::merkle::{NodeSource as _, TileEdge, TiledTree, leaf_hash};

use super::position::{Phase, Position};
use crate::store::rows::{
    Rows, decode_entry, index_bytes, parse_index, parse_term_key, term_key, tile_key, tile_row,
};
use crate::store::sequence::{Highest, SequenceId, Slot};
use crate::store::{Column, Store, StoreError};

/// Entries that are held against their tiles together: bounds what is in memory.
const CHUNK_ENTRIES: usize = 1_024;

/// Bytes of small rows after which is asked whether to go on.
const PACE_BYTES: u64 = 256 * 1024;

/// Small rows after which who waits for the core gets it. It is offered after each entry too: who is answering somebody would otherwise
/// wait for a whole chunk, ten milliseconds and more. Where nobody waits that takes half a microsecond.
const YIELD_ROWS: u64 = 64;

/// What is not as it must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// An entry is not what was written.
    Entry { index: u64, detail: String },
    /// A derived column is not what the entries give.
    Index { column: Column, detail: String },
    /// It could not be told: reading failed.
    Unread(String),
}

/// What a stretch may read, and whether to go on; called with the bytes that were read.
pub(super) type Pace<'p> = dyn FnMut(u64) -> ControlFlow<()> + 'p;

/// Goes on from a position until its pass has ended, `pace` breaks, or something is wrong. Whether the pass has ended.
pub(super) fn stretch(store: &dyn Store, at: &mut Position, pace: &mut Pace<'_>) -> Result<bool, Fault> {
    loop {
        let ended = match at.phase {
            Phase::Entries => entries(store, at, pace)?,
            Phase::Ids => derived(store, Column::Ids, at, pace)?,
            Phase::Terms => derived(store, Column::Terms, at, pace)?,
        };
        if !ended {
            return Ok(false);
        }
        at.key.clear();
        at.phase = match at.phase {
            Phase::Entries => Phase::Ids,
            Phase::Ids => Phase::Terms,
            Phase::Terms => return Ok(true),
        };
    }
}

/// The fault that a failing store shows, at this entry where it is one.
fn unreadable(error: &StoreError, index: u64) -> Fault {
    let detail = error.to_string();
    match error.damaged_index() {
        Some(column) => Fault::Index { column, detail },
        None if error.is_damage() => Fault::Entry { index, detail },
        None => Fault::Unread(detail),
    }
}

/// What is carried from entry to entry.
struct Walk<'s> {
    rows: Rows<'s>,
    edge: TileEdge,
    /// Hash of the entry before.
    chain: EntryHash,
}

fn entries(store: &dyn Store, at: &mut Position, pace: &mut Pace<'_>) -> Result<bool, Fault> {
    let rows = Rows(store);
    if at.next == 0 {
        let indexed = |column| store.indexed(column).map_err(|error| unreadable(&error, 0));
        at.indexed = indexed(Column::Ids)?.min(indexed(Column::Terms)?).min(at.size);
    }
    let tiles = |detail: String| Fault::Index { column: Column::Tiles, detail };
    let edge = TileEdge::load(&rows, at.next).map_err(|error| tiles(error.to_string()))?;
    let mut walk = Walk { rows, edge, chain: chain_before(rows, at.next)? };
    let mut chunk: Vec<Vec<u8>> = Vec::with_capacity(CHUNK_ENTRIES);
    let (mut fault, mut go_on, mut expected) = (None, true, at.next);
    let size = at.size;
    let scanned = store.scan(Column::Entries, &[], &index_bytes(Index(at.next)), &mut |key, value| {
        if expected >= size {
            return ControlFlow::Break(());
        }
        if parse_index(key) != Some(Index(expected)) {
            return ControlFlow::Break(());
        }
        expected += 1;
        chunk.push(value.to_vec());
        yield_now();
        if chunk.len() < CHUNK_ENTRIES && expected < size {
            return ControlFlow::Continue(());
        }
        let bytes = chunk.iter().map(|entry| entry.len() as u64).sum();
        fault = walk.take(&std::mem::take(&mut chunk), at).err();
        go_on = fault.is_none() && pace(bytes).is_continue();
        if go_on { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    });
    scanned.map_err(|error| unreadable(&error, expected))?;
    if let Some(fault) = fault {
        return Err(fault);
    }
    if at.next < size {
        let missing = || Fault::Entry { index: expected, detail: "it is missing".into() };
        return if go_on { Err(missing()) } else { Ok(false) };
    }
    if walk.edge.root() == at.root {
        return Ok(true);
    }
    Err(tiles(format!("the entries give root {}, the head has {}", walk.edge.root(), at.root)))
}

/// Hash of the entry before one.
fn chain_before(rows: Rows<'_>, next: u64) -> Result<EntryHash, Fault> {
    let Some(before) = next.checked_sub(1) else {
        let genesis = crate::recover::genesis(&rows);
        let genesis = genesis.map_err(|error| Fault::Entry { index: 0, detail: error.to_string() })?;
        let registry = verifier::registry::Registry::from_genesis(&genesis);
        let registry = registry.map_err(|error| Fault::Entry { index: 0, detail: error.to_string() })?;
        return Ok(EntryHash::of_origin(registry.genesis().origin.as_str()));
    };
    let bytes = rows.entry_bytes(Index(before)).map_err(|error| unreadable(&error, before))?;
    let missing = || Fault::Entry { index: before, detail: "it is missing".into() };
    bytes.map(|bytes| EntryHash::of(&bytes)).ok_or_else(missing)
}

impl Walk<'_> {
    /// Entries in order from `at.next` on: their form and links, the tiles that they make full.
    fn take(&mut self, chunk: &[Vec<u8>], at: &mut Position) -> Result<(), Fault> {
        let (mut ids, mut found_terms) = (at.ids.0, at.terms.0);
        let mut leaves: Vec<TreeHash> = Vec::with_capacity(chunk.len());
        let mut numbers: BTreeMap<SequenceId, Highest> = BTreeMap::new();
        for (index, bytes) in (at.next..).zip(chunk) {
            let wrong = |detail: String| Fault::Entry { index, detail };
            let entry = decode_entry(Index(index), bytes).map_err(|error| wrong(error.to_string()))?;
            if entry.prev != self.chain {
                return Err(self.broken_link(index, &leaves));
            }
            let statement = Statement::decode(&entry.statement).map_err(|error| wrong(error.to_string()))?;
            if index < at.indexed {
                ids.add(statement.id().as_bytes(), &index_bytes(Index(index)));
                terms(&statement).iter().for_each(|term| found_terms.add(&term_key(term, Index(index)), &[]));
            }
            if let Some(Slot { sequence, number }) = Slot::of(&statement)
                && let Some(highest) = Highest::raised(numbers.get(&sequence).copied(), number, Index(index))
            {
                numbers.insert(sequence, highest);
            }
            self.chain = EntryHash::of(bytes);
            leaves.push(leaf_hash(bytes));
            yield_now();
        }
        self.hold_against_tiles(&leaves)?;
        self.hold_against_sequences(&numbers)?;
        (at.ids.0, at.terms.0) = (ids, found_terms);
        at.next += chunk.len() as u64;
        Ok(())
    }

    /// Either of two neighbours: the one whose leaf the tree does not have.
    fn broken_link(&self, index: u64, leaves: &[TreeHash]) -> Fault {
        let before = index.saturating_sub(1);
        let leaf = leaves.last().copied().or_else(|| {
            let bytes = self.rows.entry_bytes(Index(before)).ok()??;
            Some(leaf_hash(&bytes))
        });
        let kept = TiledTree::new(self.rows).node(0, before).ok();
        let wrong = if kept == leaf { index } else { before };
        Fault::Entry { index: wrong, detail: format!("entry {index} does not link to entry {before}") }
    }

    fn hold_against_tiles(&mut self, leaves: &[TreeHash]) -> Result<(), Fault> {
        let wrong = |detail: String| Fault::Index { column: Column::Tiles, detail };
        let update = self.edge.append(leaves).map_err(|error| wrong(error.to_string()))?;
        for (tile, nodes) in update.tiles() {
            if nodes.hashes().len() < usize::from(TILE_WIDTH) {
                continue;
            }
            let row =
                self.rows.0.get(Column::Tiles, &tile_key(tile)).map_err(|error| unreadable(&error, 0))?;
            if row != Some(tile_row(nodes)) {
                return Err(wrong(format!(
                    "tile {} of level {} is not that of the entries",
                    tile.index, tile.level
                )));
            }
        }
        self.edge = update.into_edge();
        Ok(())
    }

    /// A row that says too much costs look-ups; with one that says too little a repeat is not known for one.
    fn hold_against_sequences(&self, numbers: &BTreeMap<SequenceId, Highest>) -> Result<(), Fault> {
        for (sequence, Highest { number, index }) in numbers {
            let row = self.rows.highest(sequence).map_err(|error| unreadable(&error, index.0))?;
            if !row.is_some_and(|row| row.covers(*number, *index)) {
                let detail =
                    format!("the row of its sequence does not know of number {number} of entry {index}");
                return Err(Fault::Index { column: Column::Sequences, detail });
            }
        }
        Ok(())
    }
}

/// Every row of a column, and in the end whether they are those of the entries. Rows of later entries are passed over.
fn derived(store: &dyn Store, column: Column, at: &mut Position, pace: &mut Pace<'_>) -> Result<bool, Fault> {
    let wrong = |detail: &str| Fault::Index { column, detail: detail.into() };
    let from = std::mem::take(&mut at.key);
    let (mut bytes, mut rows, mut fault, mut stopped) = (0, 0_u64, None, None);
    let (indexed, sum) = (at.indexed, if column == Column::Ids { &mut at.ids.1 } else { &mut at.terms.1 });
    let scanned = store.scan(column, &[], &from, &mut |key, value| {
        if bytes >= PACE_BYTES && pace(std::mem::take(&mut bytes)).is_break() {
            stopped = Some(key.to_vec());
            return ControlFlow::Break(());
        }
        bytes += (key.len() + value.len()) as u64;
        rows += 1;
        if rows.is_multiple_of(YIELD_ROWS) {
            yield_now();
        }
        let index = match column {
            Column::Ids => parse_index(value),
            _ => parse_term_key(key).map(|(_, index)| index),
        };
        match index {
            Some(index) if index.0 < indexed => sum.add(key, value),
            Some(_) => {}
            None => {
                fault = Some(wrong("a row has no index"));
                return ControlFlow::Break(());
            }
        }
        ControlFlow::Continue(())
    });
    scanned.map_err(|error| unreadable(&error, 0))?;
    if let Some(fault) = fault {
        return Err(fault);
    }
    if let Some(key) = stopped {
        at.key = key;
        return Ok(false);
    }
    let (expected, found) = if column == Column::Ids { at.ids } else { at.terms };
    if expected != found {
        return Err(wrong("its rows are not those that the entries give"));
    }
    Ok(true)
}
