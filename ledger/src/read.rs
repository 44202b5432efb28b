//! Reading a log at one published head. Nothing newer is seen, and nothing is handed out that is not under that head.

use std::cell::RefCell;
use std::sync::Arc;

use rayon::prelude::*;
use schemas::entry::Entry;
use schemas::envelope::Statement;
use schemas::ids::{StatementId, TermId};
use schemas::time::Index;
use schemas::tree::TreeHash;
use thiserror::Error;
use verifier::gather::Source;
use verifier::merkle::{ProvedTogether, leaf_hash};

use crate::index::Epoch;
use crate::log::{Log, Published};
use crate::nodes::Nodes;
use crate::store::rows::{Rows, decode_entry, term_key};
use crate::store::sequence::Slot;
use crate::store::{Column, StoreError};
use crate::tiles;

mod proofs;

/// What a reader met that must not be: the log is latched for it, or its index made again.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ReadError {
    /// The store failed, or holds a row that cannot be right.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The tree's tiles and the entries do not fit the head.
    #[error("entry {index}: {detail}")]
    Tree {
        /// The entry concerned.
        index: Index,
        /// What is wrong.
        detail: String,
    },
    /// The index is damaged and is made again: what is asked for cannot be told until then. The log is not latched.
    #[error("the index is made again")]
    Reindexing,
}

/// An entry of the log with its statement.
#[derive(Clone, Debug)]
pub struct Found {
    /// The entry.
    pub entry: Entry,
    /// Its statement.
    pub statement: Statement,
}

/// Entries read together where many are looked at: bounds what is in memory at a time.
const READ_TOGETHER: usize = 1_024;

/// Terms looked up by one thread where there are many.
const TERMS_TOGETHER: usize = 512;

/// An entry that was read, not yet held against anything.
struct Read {
    leaf: TreeHash,
    /// Boxed: it is handed on, and it is large.
    found: Result<Box<Found>, ReadError>,
}

impl Read {
    fn of(index: Index, bytes: &[u8]) -> Self {
        Self { leaf: leaf_hash(bytes), found: decode(index, bytes).map(Box::new) }
    }
}

/// What was there at an index.
type Fetched = (Index, Result<Option<Read>, StoreError>);

/// A log as of one published head.
pub struct Reader<'l> {
    log: &'l Log,
    published: Arc<Published>,
    nodes: Nodes<'l>,
    /// Entries proved under the head: a request asks for neighbours.
    together: RefCell<ProvedTogether>,
    /// What is read from the index is good if it was the same moment before and after.
    epoch: Epoch,
}

impl<'l> Reader<'l> {
    pub(crate) fn new(log: &'l Log, published: Arc<Published>) -> Self {
        let epoch = log.index().epoch();
        let nodes = Nodes::new(Arc::clone(&published.edge), log.nodes(), Rows(log.store()));
        let together = RefCell::new(ProvedTogether::new(published.head.size, published.head.root));
        Self { log, published, nodes, together, epoch }
    }

    /// The head that everything is under.
    pub fn published(&self) -> &Arc<Published> {
        &self.published
    }

    /// Number of entries.
    pub fn size(&self) -> u64 {
        self.published.head.size
    }

    /// The log.
    pub fn log(&self) -> &'l Log {
        self.log
    }

    /// Where a statement stands.
    pub fn index_of(&self, id: &StatementId) -> Result<Option<Index>, ReadError> {
        let index = self.index(Column::Ids, self.rows().index_of(id).map_err(ReadError::from))?;
        Ok(index.filter(|index| index.0 < self.size()))
    }

    /// Ids that begin with these bytes, at most `limit` of them.
    pub fn ids_between(
        &self,
        first: &[u8; 32],
        last: &[u8; 32],
        limit: usize,
    ) -> Result<Vec<StatementId>, ReadError> {
        let ids =
            self.index(Column::Ids, self.rows().ids_from(first, last, limit).map_err(ReadError::from))?;
        Ok(ids.into_iter().filter(|(_, index)| index.0 < self.size()).map(|(id, _)| id).collect())
    }

    /// Entries of a term from an index on, ascending, at most `limit` of them.
    pub fn term(&self, term: &TermId, from: Index, limit: usize) -> Result<Vec<Index>, ReadError> {
        let found = self.rows().term(term, from, self.size(), limit);
        self.index(Column::Terms, found.map_err(ReadError::from))
    }

    /// Entries of a term from an index below the size back, descending, at most `limit` of them.
    pub fn term_back(&self, term: &TermId, from: Index, limit: usize) -> Result<Vec<Index>, ReadError> {
        let found = self.rows().term_back(term, from, limit);
        self.index(Column::Terms, found.map_err(ReadError::from))
    }

    /// The first entry of each term.
    pub fn firsts(&self, terms: &[TermId]) -> Result<Vec<Option<Index>>, ReadError> {
        let found = self.find(terms, 1)?;
        Ok(found.iter().map(|indexes| indexes.first().copied()).collect())
    }

    /// Which of these numbers no entry has, as far as that is known without asking the index.
    pub(crate) fn are_free(&self, slots: &[Option<Slot>]) -> Result<Vec<bool>, ReadError> {
        let free = self.log.sequences().are_free(self.rows(), slots);
        self.index(Column::Sequences, free.map_err(ReadError::from))
    }

    /// An entry's bytes. The caller has checked that it is below the size; then it must be there.
    pub fn entry_bytes(&self, index: Index) -> Result<Vec<u8>, ReadError> {
        let bytes = self.rows().entry_bytes(index).map_err(ReadError::from);
        let missing =
            || StoreError::row(Column::Entries, &index.0.to_be_bytes(), "missing, but below the head's size");
        self.watch(bytes.and_then(|bytes| bytes.ok_or_else(|| missing().into())))
    }

    /// An entry and its statement, decoded.
    pub fn found(&self, index: Index) -> Result<Found, ReadError> {
        self.decoded(index, &self.entry_bytes(index)?)
    }

    /// An entry's bytes, decoded.
    pub(crate) fn decoded(&self, index: Index, bytes: &[u8]) -> Result<Found, ReadError> {
        self.watch(decode(index, bytes))
    }

    /// An entry and its statement, proved to be under the head before it is handed out.
    pub fn found_proved(&self, index: Index) -> Result<Found, ReadError> {
        let proved = self.proved_entry(index)?;
        self.decoded(index, &proved.entry)
    }

    /// Shows the entries at these ascending indexes, all below the size, each held against its leaf in the tree's tiles. Where
    /// many are looked at: the tiles are not held against the head anew.
    pub(crate) fn found_many(
        &self,
        indexes: &[Index],
        visit: &mut dyn FnMut(Box<Found>),
    ) -> Result<(), ReadError> {
        let (rows, mut leaves) = (self.rows(), tiles::Leaves::new(self));
        let mut ahead = indexes.chunks(READ_TOGETHER);
        let mut read = ahead.next().map(|indexes| read_together(rows, indexes)).unwrap_or_default();
        while !read.is_empty() {
            let mut next = Vec::new();
            // The next ones are read while these are looked at.
            rayon::in_place_scope(|reading| {
                let (next, ahead) = (&mut next, ahead.next());
                reading.spawn(move |_| {
                    *next = ahead.map(|indexes| read_together(rows, indexes)).unwrap_or_default();
                });
                read.into_iter().try_for_each(|read| {
                    visit(self.held_against_leaf(read, &mut leaves)?);
                    Ok::<_, ReadError>(())
                })
            })?;
            read = next;
        }
        Ok(())
    }

    fn held_against_leaf(
        &self,
        (index, read): Fetched,
        leaves: &mut tiles::Leaves<'_, 'l>,
    ) -> Result<Box<Found>, ReadError> {
        let Some(Read { leaf, found }) = self.watch(read.map_err(ReadError::from))? else {
            return Err(self.entry_bytes(index).err().unwrap_or(ReadError::Reindexing));
        };
        if leaves.at(index)? != Some(leaf) {
            // The proof tells whether it is the entry that is wrong, or a tile.
            self.proved_entry(index)?;
        }
        self.watch(found)
    }

    /// An id row leads to a statement of another id: which of the two is wrong?
    pub(crate) fn wrong_id_row(&self, id: &StatementId, index: Index) -> ReadError {
        self.wrong_row(index, StoreError::row(Column::Ids, id.as_bytes(), format!("leads to entry {index}")))
    }

    /// A term row leads to a statement without that term.
    pub(crate) fn wrong_term_row(&self, term: &TermId, index: Index) -> ReadError {
        let detail = format!("leads to entry {index}, which does not give rise to it");
        self.wrong_row(index, StoreError::row(Column::Terms, &term_key(term, index), detail))
    }

    /// The row is wrong if the entry is the one under the head.
    fn wrong_row(&self, index: Index, error: StoreError) -> ReadError {
        match self.proved_entry(index) {
            Ok(_) => self.watch::<()>(Err(error.into())).err().unwrap_or(ReadError::Reindexing),
            Err(error) => error,
        }
    }

    fn rows(&self) -> Rows<'l> {
        Rows(self.log.store())
    }

    /// What was read from a derived column, if it can be believed.
    pub(crate) fn index<T>(&self, column: Column, result: Result<T, ReadError>) -> Result<T, ReadError> {
        if self.log.index().epoch() != self.epoch || !self.epoch.has(column) {
            return Err(ReadError::Reindexing);
        }
        self.watch(result)
    }

    /// Latches the log where reading failed: what is on disk is no longer what was acknowledged. What follows from the entries
    /// is made again instead.
    pub(crate) fn watch<T>(&self, result: Result<T, ReadError>) -> Result<T, ReadError> {
        let Err(error) = result else { return result };
        let damaged = if let ReadError::Store(error) = &error { error.damaged_index() } else { None };
        match (&error, damaged) {
            (ReadError::Reindexing, _) => {}
            (_, Some(column)) => {
                self.log.index().damaged(column, &error.to_string());
                return Err(ReadError::Reindexing);
            }
            (_, None) => self.log.latch().set(format!("reading: {error}")),
        }
        Err(error)
    }
}

impl Source for Reader<'_> {
    type Error = ReadError;

    fn size(&self) -> u64 {
        self.published.head.size
    }

    fn statement(&self, index: Index) -> Result<Option<Statement>, ReadError> {
        self.found(index).map(|found| Some(found.statement))
    }

    fn index_of(&self, id: &StatementId) -> Result<Option<Index>, ReadError> {
        Reader::index_of(self, id)
    }

    fn find(&self, terms: &[TermId], most: usize) -> Result<Vec<Vec<Index>>, ReadError> {
        let (rows, size) = (self.rows(), self.size());
        let found = if terms.len() <= TERMS_TOGETHER {
            rows.terms(terms, size, most)
        } else {
            let found = terms.par_chunks(TERMS_TOGETHER).map(|terms| rows.terms(terms, size, most));
            found.collect::<Result<Vec<_>, _>>().map(|found| found.into_iter().flatten().collect())
        };
        self.index(Column::Terms, found.map_err(ReadError::from))
    }
}

/// Reads, hashes and decodes entries on all cores: each is one by itself.
fn read_together(rows: Rows<'_>, indexes: &[Index]) -> Vec<Fetched> {
    let read = |index: &Index| {
        (*index, rows.entry_bytes(*index).map(|bytes| bytes.map(|bytes| Read::of(*index, &bytes))))
    };
    indexes.par_iter().map(read).collect()
}

fn decode(index: Index, bytes: &[u8]) -> Result<Found, ReadError> {
    let entry = decode_entry(index, bytes)?;
    // It was accepted before it was placed. Damage shows in the store's checksums and in the tree.
    let statement = Statement::decode_accepted(&entry.statement);
    let statement = statement.map_err(|error| ReadError::Tree { index, detail: error.to_string() })?;
    Ok(Found { entry, statement })
}
