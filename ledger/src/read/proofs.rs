//! Proofs of what a reader reads, each held against its head before it is handed out.

use std::fmt::Display;

use schemas::bundle::ProvedEntry;
use schemas::proof::{ConsistencyProof, InclusionProof};
use schemas::tile::{TILE_WIDTH, TileCoord};
use schemas::time::Index;
use schemas::tree::TreeHash;
use verifier::merkle::{
    ConsistencyClaim, InclusionClaim, ProveError, TileReadError, leaf_hash, prove_consistency,
    prove_inclusion, root_at, verify_consistency, verify_inclusion,
};

use super::{ReadError, Reader};
use crate::store::rows::tile_key;
use crate::store::{Column, StoreError};
use crate::tiles;

impl Reader<'_> {
    /// An entry's bytes with their path, checked against the head's root.
    pub fn proved_entry(&self, index: Index) -> Result<ProvedEntry, ReadError> {
        self.proved(index, self.entry_bytes(index)?)
    }

    /// Bytes that were read as an entry's, with their path.
    pub(crate) fn proved(&self, index: Index, entry: Vec<u8>) -> Result<ProvedEntry, ReadError> {
        let leaf = leaf_hash(&entry);
        if let Ok(path) = self.together.borrow_mut().prove(&self.nodes, index.0, leaf) {
            return Ok(ProvedEntry { entry, path });
        }
        // By itself, which tells what is wrong.
        let proof = self.path(index, self.size())?;
        self.hold(&proof, leaf, self.published.head.root)?;
        Ok(ProvedEntry { entry, path: proof.path })
    }

    /// The inclusion proof of an entry in the tree of some size, with that tree's root, both held against the entry and the
    /// head. The caller has checked `index < size <= self.size()`.
    pub fn inclusion(&self, index: Index, size: u64) -> Result<(InclusionProof, TreeHash), ReadError> {
        let root = self.root_at(size)?;
        let proof = self.path(index, size)?;
        self.hold(&proof, leaf_hash(&self.entry_bytes(index)?), root)?;
        Ok((proof, root))
    }

    /// The consistency proof between two sizes, held against the head. The caller has checked
    /// `1 <= first <= second <= self.size()`.
    pub fn consistency(&self, first: u64, second: u64) -> Result<ConsistencyProof, ReadError> {
        let (first_root, second_root) = (self.root_at(first)?, self.root_at(second)?);
        self.joined(first, second, ConsistencyClaim { first_root, second_root })
    }

    /// The root at a size of at least 1, held against the head.
    pub fn root_at(&self, size: u64) -> Result<TreeHash, ReadError> {
        let head = self.published.head;
        if size == head.size {
            return Ok(head.root);
        }
        let root = root_at(&self.nodes, size);
        let first_root = self.index(Column::Tiles, root.map_err(|error| of_tree(size, error)))?;
        self.joined(size, head.size, ConsistencyClaim { first_root, second_root: head.root })?;
        Ok(first_root)
    }

    /// The nodes from one root to another.
    fn joined(
        &self,
        first: u64,
        second: u64,
        claim: ConsistencyClaim,
    ) -> Result<ConsistencyProof, ReadError> {
        let proof = prove_consistency(&self.nodes, first, second);
        let proof = self.index(Column::Tiles, proof.map_err(|error| of_tree(first, error)))?;
        match verify_consistency(&proof, claim) {
            Ok(_) => Ok(proof),
            Err(error) => self.index(Column::Tiles, Err(wrong_node(first, &error))),
        }
    }

    fn path(&self, index: Index, size: u64) -> Result<InclusionProof, ReadError> {
        let proof = prove_inclusion(&self.nodes, index.0, size);
        self.index(Column::Tiles, proof.map_err(|error| of_tree(index.0, error)))
    }

    /// Holds a path against a leaf and a root. Where they do not fit, the leaf that the head commits to tells whether it is the
    /// entry that is wrong, or a node.
    fn hold(&self, proof: &InclusionProof, leaf: TreeHash, root: TreeHash) -> Result<(), ReadError> {
        let Err(error) = verify_inclusion(proof, InclusionClaim { leaf, root }) else { return Ok(()) };
        let index = Index(proof.index);
        if tiles::leaf(self, index)? == leaf {
            return self.index(Column::Tiles, Err(wrong_node(index.0, &error)));
        }
        self.watch(Err(ReadError::Tree { index, detail: error.to_string() }))
    }
}

/// A node that could not be had: the store said why, or the tiles lack what a tree of this size has.
fn of_tree(index: u64, error: ProveError<TileReadError<StoreError>>) -> ReadError {
    match error {
        ProveError::Source(TileReadError::Source(error)) => error.into(),
        other => wrong_node(index, &other),
    }
}

/// The tiles over an entry do not fit the head.
fn wrong_node(index: u64, error: &dyn Display) -> ReadError {
    let tile = TileCoord { level: 0, index: index / u64::from(TILE_WIDTH) };
    StoreError::row(Column::Tiles, &tile_key(tile), format!("or one above it: {error}")).into()
}
