//! Reading a log at one published head. Nothing newer is seen, and nothing is handed out that is not under that head.

use std::sync::Arc;

use schemas::bundle::ProvedEntry;
use schemas::entry::Entry;
use schemas::envelope::Statement;
use schemas::ids::{StatementId, TermId};
use schemas::proof::{ConsistencyProof, InclusionProof};
use schemas::time::Index;
use schemas::tree::TreeHash;
use thiserror::Error;
use verifier::gather::Source;
use verifier::merkle::{
    InclusionClaim, leaf_hash, prove_consistency, prove_inclusion, root_at, verify_inclusion,
};

use crate::log::{Log, Published};
use crate::nodes::Nodes;
use crate::store::rows::{Rows, decode_entry};
use crate::store::{Column, StoreError};

/// What a reader met that must not be: the log is latched for it.
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
}

/// An entry of the log with its statement.
#[derive(Clone, Debug)]
pub struct Found {
    /// The entry.
    pub entry: Entry,
    /// Its statement.
    pub statement: Statement,
}

/// A log as of one published head.
pub struct Reader<'l> {
    log: &'l Log,
    published: Arc<Published>,
    nodes: Nodes<'l>,
}

impl<'l> Reader<'l> {
    pub(crate) fn new(log: &'l Log, published: Arc<Published>) -> Self {
        let nodes = Nodes::new(Arc::clone(&published.edge), log.nodes(), Rows(log.store()));
        Self { log, published, nodes }
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
        let index = self.watch(self.rows().index_of(id).map_err(ReadError::from))?;
        Ok(index.filter(|index| index.0 < self.size()))
    }

    /// Ids that begin with these bytes, at most `limit` of them.
    pub fn ids_between(
        &self,
        first: &[u8; 32],
        last: &[u8; 32],
        limit: usize,
    ) -> Result<Vec<StatementId>, ReadError> {
        let ids = self.watch(self.rows().ids_from(first, last, limit).map_err(ReadError::from))?;
        Ok(ids.into_iter().filter(|(_, index)| index.0 < self.size()).map(|(id, _)| id).collect())
    }

    /// Entries of a term from an index on, ascending, at most `limit` of them.
    pub fn term(&self, term: &TermId, from: Index, limit: usize) -> Result<Vec<Index>, ReadError> {
        self.watch(self.rows().term(term, from, self.size(), limit).map_err(ReadError::from))
    }

    /// The first entry of each term.
    pub fn firsts(&self, terms: &[TermId]) -> Result<Vec<Option<Index>>, ReadError> {
        let found = self.find(terms, 1)?;
        Ok(found.iter().map(|indexes| indexes.first().copied()).collect())
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

    /// An entry's bytes with their path, checked against the head's root.
    pub fn proved_entry(&self, index: Index) -> Result<ProvedEntry, ReadError> {
        self.proved(index, self.entry_bytes(index)?)
    }

    /// Bytes that were read as an entry's, with their path.
    pub(crate) fn proved(&self, index: Index, entry: Vec<u8>) -> Result<ProvedEntry, ReadError> {
        let proof = self.inclusion(index, self.size())?;
        let claim = InclusionClaim { leaf: leaf_hash(&entry), root: self.published.head.root };
        let verdict = verify_inclusion(&proof, claim);
        self.watch(verdict.map_err(|error| ReadError::Tree { index, detail: error.to_string() }))?;
        Ok(ProvedEntry { entry, path: proof.path })
    }

    /// The inclusion proof of an entry in the tree of some size. The caller has checked `index < size <= self.size()`.
    pub fn inclusion(&self, index: Index, size: u64) -> Result<InclusionProof, ReadError> {
        let proof = prove_inclusion(&self.nodes, index.0, size);
        self.watch(proof.map_err(|error| ReadError::Tree { index, detail: error.to_string() }))
    }

    /// The consistency proof between two sizes. The caller has checked `1 <= first <= second <= self.size()`.
    pub fn consistency(&self, first: u64, second: u64) -> Result<ConsistencyProof, ReadError> {
        let proof = prove_consistency(&self.nodes, first, second);
        self.watch(proof.map_err(|error| ReadError::Tree { index: Index(first), detail: error.to_string() }))
    }

    /// The root at an earlier size.
    pub fn root_at(&self, size: u64) -> Result<TreeHash, ReadError> {
        let root = root_at(&self.nodes, size);
        self.watch(root.map_err(|error| ReadError::Tree { index: Index(size), detail: error.to_string() }))
    }

    fn rows(&self) -> Rows<'l> {
        Rows(self.log.store())
    }

    /// Latches the log where reading failed: what is on disk is no longer what was acknowledged.
    pub(crate) fn watch<T>(&self, result: Result<T, ReadError>) -> Result<T, ReadError> {
        if let Err(error) = &result {
            self.log.latch().set(format!("reading: {error}"));
        }
        result
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
        self.watch(self.rows().terms(terms, self.size(), most).map_err(ReadError::from))
    }
}

fn decode(index: Index, bytes: &[u8]) -> Result<Found, ReadError> {
    let entry = decode_entry(index, bytes)?;
    let statement = Statement::decode(&entry.statement);
    let statement = statement.map_err(|error| ReadError::Tree { index, detail: error.to_string() })?;
    Ok(Found { entry, statement })
}
