//! Making proofs from the roots of complete subtrees (RFC 9162 §2.1.3.1, §2.1.4.1): O(log n) of them for any proof.

use alloc::vec::Vec;
use core::fmt;

use schemas::proof::{ConsistencyProof, InclusionProof};
use schemas::tree::TreeHash;
use thiserror::Error;

use super::hash::node_hash;

/// The roots of a tree's complete subtrees.
pub trait NodeSource {
    /// Why a node could not be had.
    type Error: fmt::Display;

    /// Node `index` at binary level `level`: the root over the leaves from `index << level` to `(index + 1) << level`.
    ///
    /// Asked only for nodes whose leaves are all in the tree.
    fn node(&self, level: u8, index: u64) -> Result<TreeHash, Self::Error>;
}

/// The root of the tree of the first `size` leaves.
pub fn root_at<S: NodeSource>(source: &S, size: u64) -> Result<TreeHash, ProveError<S::Error>> {
    if size == 0 {
        return Ok(TreeHash::EMPTY_ROOT);
    }
    Leaves { begin: 0, end: size }.root(source)
}

/// The proof that leaf `index` is in the tree of the first `size` leaves.
pub fn prove_inclusion<S: NodeSource>(
    source: &S,
    index: u64,
    size: u64,
) -> Result<InclusionProof, ProveError<S::Error>> {
    if index >= size {
        return Err(ProveError::IndexBeyondSize { index, size });
    }
    Leaves { begin: 0, end: size }.prove(source, index)
}

/// The proof that the tree of the first `first` leaves begins the tree of the first `second` ones.
pub fn prove_consistency<S: NodeSource>(
    source: &S,
    first: u64,
    second: u64,
) -> Result<ConsistencyProof, ProveError<S::Error>> {
    if first == 0 || first > second {
        return Err(ProveError::FirstOutOfRange { first, second });
    }
    let mut path = Vec::new();
    let mut around = Leaves { begin: 0, end: second };
    while around.end != first {
        let Some((left, right)) = around.halves() else { break };
        let (sibling, next) = if first <= right.begin { (right, left) } else { (left, right) };
        path.push(sibling.root(source)?);
        around = next;
    }
    // The subtree that ends the earlier tree; where it is all of that tree, the verifier has its root.
    if around.begin != 0 {
        path.push(around.root(source)?);
    }
    path.reverse();
    Ok(ConsistencyProof { first, second, path })
}

/// Neighbouring leaves that have a root within some tree: `begin` is a multiple of the power of two from their number up.
#[derive(Clone, Copy)]
pub(super) struct Leaves {
    pub(super) begin: u64,
    pub(super) end: u64,
}

impl Leaves {
    pub(super) fn count(self) -> u64 {
        self.end.saturating_sub(self.begin)
    }

    /// The proof that one of these leaves is among them, as of a tree of them alone.
    pub(super) fn prove<S: NodeSource>(
        self,
        source: &S,
        index: u64,
    ) -> Result<InclusionProof, ProveError<S::Error>> {
        let mut path = Vec::new();
        let mut around = self;
        while let Some((left, right)) = around.halves() {
            let (sibling, next) = if index < right.begin { (right, left) } else { (left, right) };
            path.push(sibling.root(source)?);
            around = next;
        }
        path.reverse();
        Ok(InclusionProof { index: index.saturating_sub(self.begin), size: self.count(), path })
    }

    /// Both sides of the node over these leaves, the left one complete; nothing for a single leaf.
    pub(super) fn halves(self) -> Option<(Self, Self)> {
        let left = self.count().checked_sub(1).and_then(u64::checked_ilog2)?;
        let middle = self.begin.checked_add(1_u64.checked_shl(left)?)?;
        Some((Self { end: middle, ..self }, Self { begin: middle, ..self }))
    }

    /// The root over these leaves, put together from complete subtrees.
    fn root<S: NodeSource>(self, source: &S) -> Result<TreeHash, ProveError<S::Error>> {
        let mut subtrees = Vec::new();
        let mut rest = self;
        while let Some(level) = rest.count().checked_ilog2() {
            let level = u8::try_from(level).unwrap_or(u8::MAX);
            let index = rest.begin.checked_shr(u32::from(level)).unwrap_or(0);
            subtrees.push(source.node(level, index).map_err(ProveError::Source)?);
            rest.begin = rest.begin.saturating_add(1_u64.checked_shl(u32::from(level)).unwrap_or(u64::MAX));
        }
        let root = subtrees.into_iter().rev().reduce(|right, left| node_hash(&left, &right));
        Ok(root.unwrap_or(TreeHash::EMPTY_ROOT))
    }
}

/// Why a proof could not be made.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ProveError<E: fmt::Display> {
    /// There is no such leaf in a tree of that size.
    #[error("leaf {index} is not in a tree of {size} leaves")]
    IndexBeyondSize {
        /// Place of the leaf, from 0.
        index: u64,
        /// Leaves in the tree.
        size: u64,
    },
    /// The earlier tree is empty, or larger than the later one.
    #[error("a tree of {first} leaves begins no tree of {second} leaves provably")]
    FirstOutOfRange {
        /// Leaves in the earlier tree.
        first: u64,
        /// Leaves in the later tree.
        second: u64,
    },
    /// A node could not be had.
    #[error("{0}")]
    Source(E),
}

impl<E: fmt::Display> ProveError<E> {
    /// Stable name of the error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::IndexBeyondSize { .. } => "proof-index-beyond-size",
            Self::FirstOutOfRange { .. } => "proof-first-out-of-range",
            Self::Source(_) => "tree-node-unavailable",
        }
    }
}
