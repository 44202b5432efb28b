//! The pure step from one head to the next: which rows a group of statements becomes.
//!
//! No I/O and no clock: the sequencer, reindexing and every replica run this on the same group and get the same bytes.

use std::sync::Arc;

use schemas::entry::Entry;
use schemas::envelope::Statement;
use schemas::ids::{EntryHash, StatementId, TermId};
use schemas::term::terms;
use schemas::text::Origin;
use schemas::time::{Index, Time};
use schemas::tree::TreeHash;
use thiserror::Error;
use verifier::merkle::{EdgeUpdate, TileEdge, TreeTooLarge, leaf_hash};

use crate::store::rows::{HEAD_KEY, Head, index_bytes, term_key, tile_key, tile_row};
use crate::store::sequence::Slot;
use crate::store::{Batch, Column};

/// A statement that was accepted, with the terms it is found by. Terms are computed before the sequencer's thread.
#[derive(Clone, Debug)]
pub struct Accepted {
    /// The statement. Boxed: it is handed from thread to thread, and it is large.
    pub statement: Box<Statement>,
    /// Its index terms, in ascending order.
    pub terms: Vec<TermId>,
    /// Its number in its emitter's sequence.
    pub slot: Option<Slot>,
}

/// Accepted statements that become entries together.
#[derive(Clone, Debug)]
pub struct Group {
    /// Size of the log that they are appended to.
    pub base: u64,
    /// Root at that size.
    pub base_root: TreeHash,
    /// Time of every entry in the group.
    pub time: Time,
    /// The statements, in order.
    pub statements: Vec<Accepted>,
}

/// What a group is applied to: where the log stands, and the right edge of its tree.
#[derive(Clone, Debug)]
pub struct View {
    /// The head.
    pub head: Head,
    /// The edge of the tree of that head's size.
    pub edge: Arc<TileEdge>,
}

/// Everything that applying a group writes.
#[derive(Clone, Debug)]
pub struct WriteSet {
    /// Index, id, entry bytes and terms of each new entry, in order.
    pub entries: Vec<NewEntry>,
    /// The tree afterwards, with the tiles that changed and the nodes for the new entries' proofs.
    pub tree: Arc<EdgeUpdate>,
    /// The head afterwards.
    pub head: Head,
}

/// One new entry.
#[derive(Clone, Debug)]
pub struct NewEntry {
    /// Its place.
    pub index: Index,
    /// Id of its statement.
    pub id: StatementId,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// What it is found by.
    pub terms: Vec<TermId>,
    /// Its number in its emitter's sequence.
    pub slot: Option<Slot>,
}

/// Why a group cannot be applied. Any of these means that two parts of the system disagree: it has to stop.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ApplyError {
    /// The group builds on another head.
    #[error(
        "the group builds on size {group} with root {group_root}, the log has size {log} with root {log_root}"
    )]
    OtherBase {
        /// Size that the group builds on.
        group: u64,
        /// Its root.
        group_root: TreeHash,
        /// Size of the log.
        log: u64,
        /// Its root.
        log_root: TreeHash,
    },
    /// The group is dated before the head.
    #[error("the group is of time {group:?}, the head of {head:?}; time never decreases along a log")]
    TimeBackwards {
        /// Time of the group.
        group: Time,
        /// Time of the head.
        head: Time,
    },
    /// The log is full.
    #[error(transparent)]
    Full(#[from] TreeTooLarge),
}

impl Accepted {
    /// Takes a statement with its terms.
    pub fn new(statement: Statement) -> Self {
        let terms = terms(&statement);
        let slot = Slot::of(&statement);
        Self { statement: Box::new(statement), terms, slot }
    }
}

impl View {
    /// The log before its first entry.
    pub fn empty(origin: &Origin) -> Self {
        let chain = EntryHash::of_origin(origin.as_str());
        let head = Head { size: 0, time: Time(0), root: TreeHash::EMPTY_ROOT, chain };
        Self { head, edge: Arc::default() }
    }
}

/// Applies a group.
pub fn apply(view: &View, group: Group) -> Result<WriteSet, ApplyError> {
    let Head { size, time, root, mut chain } = view.head;
    if (group.base, group.base_root) != (size, root) {
        let (group, group_root) = (group.base, group.base_root);
        return Err(ApplyError::OtherBase { group, group_root, log: size, log_root: root });
    }
    if group.time < time {
        return Err(ApplyError::TimeBackwards { group: group.time, head: time });
    }
    let mut leaves = Vec::with_capacity(group.statements.len());
    let mut entries = Vec::with_capacity(group.statements.len());
    for (index, accepted) in (size..).zip(group.statements) {
        let index = Index(index);
        let statement = accepted.statement.envelope.bytes();
        let bytes = Entry { index, time: group.time, prev: chain, statement: statement.to_vec() }.encode();
        chain = EntryHash::of(&bytes);
        leaves.push(leaf_hash(&bytes));
        let Accepted { statement, terms, slot } = accepted;
        entries.push(NewEntry { index, id: statement.id(), bytes, terms, slot });
    }
    let tree = view.edge.append(&leaves)?;
    let head = Head { size: tree.size(), time: group.time, root: tree.root(), chain };
    Ok(WriteSet { entries, tree: Arc::new(tree), head })
}

impl WriteSet {
    /// The rows that make the entries part of the log, to be written in one step.
    pub fn rows(&self) -> Batch {
        let bytes = self.entries.iter().map(|entry| entry.bytes.len() + 8).sum::<usize>();
        let mut batch = Batch::with_capacity(self.entries.len() + 16, bytes + 64 * 1024);
        for entry in &self.entries {
            batch.put(Column::Entries, &index_bytes(entry.index), &entry.bytes);
        }
        for (tile, nodes) in self.tree.tiles() {
            batch.put(Column::Tiles, &tile_key(tile), &tile_row(nodes));
        }
        batch.put(Column::Meta, HEAD_KEY, &self.head.encode());
        batch
    }

    /// The rows that they are found by, which follow from them.
    pub fn index_rows(&self) -> Batch {
        let rows = self.entries.iter().map(|entry| entry.terms.len() + 1).sum::<usize>();
        let mut batch = Batch::with_capacity(rows, rows * 32);
        for entry in &self.entries {
            batch.put(Column::Ids, entry.id.as_bytes(), &index_bytes(entry.index));
            entry.terms.iter().for_each(|term| batch.put(Column::Terms, &term_key(term, entry.index), &[]));
        }
        batch
    }

    /// The new entries that have a number in a sequence.
    pub fn slots(&self) -> impl Iterator<Item = (Slot, Index)> {
        self.entries.iter().filter_map(|entry| Some((entry.slot?, entry.index)))
    }

    /// What the next group is applied to.
    pub fn view(&self) -> View {
        View { head: self.head, edge: Arc::new(self.tree.edge().clone()) }
    }
}
