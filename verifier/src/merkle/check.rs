//! Checking proofs (RFC 9162 §2.1.3.2, §2.1.4.2).
//!
//! A path has one right length, which follows from the sizes alone. It is checked first; after that every hash of the
//! path has its place, and nothing is left over.

use alloc::vec::Vec;
use core::iter;

use schemas::proof::{ConsistencyProof, InclusionProof};
use schemas::tree::TreeHash;
use thiserror::Error;

use super::hash::node_hash;

/// What an inclusion proof is held against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InclusionClaim {
    /// Hash of the leaf, computed from the entry itself.
    pub leaf: TreeHash,
    /// Root of the tree of the proof's size, from a head that a pinned key signed.
    pub root: TreeHash,
}

/// What a consistency proof is held against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConsistencyClaim {
    /// Root of the earlier tree.
    pub first_root: TreeHash,
    /// Root of the later tree.
    pub second_root: TreeHash,
}

/// A leaf that was proved to stand at its index under a root. Made by [`verify_inclusion`] alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VerifiedInclusion {
    index: u64,
    size: u64,
    claim: InclusionClaim,
}

/// Two trees of which one was proved to begin the other. Made by [`verify_consistency`] alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VerifiedConsistency {
    first: u64,
    second: u64,
    claim: ConsistencyClaim,
}

impl VerifiedInclusion {
    /// Place of the leaf, from 0.
    pub fn index(&self) -> u64 {
        self.index
    }

    /// Leaves in the tree.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Hash of the leaf.
    pub fn leaf(&self) -> TreeHash {
        self.claim.leaf
    }

    /// Root of the tree.
    pub fn root(&self) -> TreeHash {
        self.claim.root
    }
}

impl VerifiedConsistency {
    /// Leaves in the earlier tree.
    pub fn first(&self) -> u64 {
        self.first
    }

    /// Leaves in the later tree.
    pub fn second(&self) -> u64 {
        self.second
    }

    /// Root of the earlier tree.
    pub fn first_root(&self) -> TreeHash {
        self.claim.first_root
    }

    /// Root of the later tree.
    pub fn second_root(&self) -> TreeHash {
        self.claim.second_root
    }
}

/// Checks that the leaf stands at the proof's index in the tree of the proof's size with this root.
pub fn verify_inclusion(
    proof: &InclusionProof,
    claim: InclusionClaim,
) -> Result<VerifiedInclusion, MerkleError> {
    let root = root_of_path(proof, claim.leaf)?;
    if root != claim.root {
        return Err(MerkleError::RootMismatch { got: root, expected: claim.root });
    }
    Ok(VerifiedInclusion { index: proof.index, size: proof.size, claim })
}

/// The root that a path leads to from its leaf. It proves nothing before somebody vouches for that root.
///
/// Several sizes can lead to one root by one path: the root does not say how many leaves are under it.
pub fn root_of_path(proof: &InclusionProof, leaf: TreeHash) -> Result<TreeHash, MerkleError> {
    let (inner, border) = parts(proof)?;
    Ok(chain_border(chain_inner(leaf, inner, proof.index), border))
}

/// The nodes that a path leads over, from the leaf itself to the root. They prove nothing before somebody vouches for that root.
pub(super) fn nodes_of_path(proof: &InclusionProof, leaf: TreeHash) -> Result<Vec<TreeHash>, MerkleError> {
    let (inner, border) = parts(proof)?;
    let above = border.iter().map(|sibling| (sibling, true));
    let over = sides(inner, proof.index).chain(above).scan(leaf, |node, (sibling, is_right)| {
        *node = beside(*node, sibling, is_right);
        Some(*node)
    });
    Ok(iter::once(leaf).chain(over).collect())
}

/// A path's two parts, if it is as long as its leaf and its tree ask for.
fn parts(proof: &InclusionProof) -> Result<(&[TreeHash], &[TreeHash]), MerkleError> {
    let InclusionProof { index, size, path } = proof;
    let last = size.checked_sub(1).ok_or(MerkleError::EmptyTree)?;
    if *index > last {
        return Err(MerkleError::IndexBeyondSize { index: *index, size: *size });
    }
    Shape::of(*index, last).split(path, 0)
}

/// Checks that the tree with the first root is the beginning of the tree with the second one.
pub fn verify_consistency(
    proof: &ConsistencyProof,
    claim: ConsistencyClaim,
) -> Result<VerifiedConsistency, MerkleError> {
    let ConsistencyProof { first, second, path } = proof;
    let verified = VerifiedConsistency { first: *first, second: *second, claim };
    let (Some(first_last), Some(second_last)) = (first.checked_sub(1), second.checked_sub(1)) else {
        return Err(MerkleError::EmptyTree);
    };
    if first > second {
        return Err(MerkleError::FirstBeyondSecond { first: *first, second: *second });
    }
    if first == second {
        check_length(path.len(), 0)?;
        check_root(claim.second_root, claim.first_root)?;
        return Ok(verified);
    }
    // The proof starts at the largest complete subtree that ends the earlier tree: `shift` levels up.
    let shift = first.trailing_zeros();
    let start = first_last.checked_shr(shift).unwrap_or(0);
    let shape = Shape::of(start, second_last.checked_shr(shift).unwrap_or(0));
    // Where that subtree is the whole earlier tree, its root is known and not in the path.
    let (seed, path) = if first.is_power_of_two() {
        (claim.first_root, path.as_slice())
    } else {
        let expected = shape.length().saturating_add(1);
        path.split_first()
            .map(|(seed, path)| (*seed, path))
            .ok_or(MerkleError::PathLength { got: path.len(), expected })?
    };
    let given = proof.path.len().saturating_sub(path.len());
    let (inner, border) = shape.split(path, given)?;
    let first_root = chain_border(chain_inner_right(seed, inner, start), border);
    if first_root != claim.first_root {
        return Err(MerkleError::FirstRootMismatch { got: first_root, expected: claim.first_root });
    }
    check_root(chain_border(chain_inner(seed, inner, start), border), claim.second_root)?;
    Ok(verified)
}

/// How the path from a node to the root runs, in a tree whose last node on that level is `last`.
struct Shape {
    /// Levels on which the node has a sibling on either side: until its path meets that of the last node.
    inner: usize,
    /// Levels above on which it has a left sibling; without one it is carried up as it is.
    border: usize,
}

impl Shape {
    fn of(index: u64, last: u64) -> Self {
        let inner = u64::BITS.saturating_sub((index ^ last).leading_zeros());
        let border = index.checked_shr(inner).unwrap_or(0).count_ones();
        // Both are at most 64.
        Self { inner: inner as usize, border: border as usize }
    }

    fn length(&self) -> usize {
        self.inner.saturating_add(self.border)
    }

    /// The path's two parts. `given` hashes of the whole proof went before, for the error to count.
    fn split<'a>(
        &self,
        path: &'a [TreeHash],
        given: usize,
    ) -> Result<(&'a [TreeHash], &'a [TreeHash]), MerkleError> {
        check_length(path.len().saturating_add(given), self.length().saturating_add(given))?;
        Ok(path.split_at_checked(self.inner).unwrap_or((path, &[])))
    }
}

/// Up to where the paths meet: the bits of the index say on which side the sibling is.
fn chain_inner(seed: TreeHash, path: &[TreeHash], index: u64) -> TreeHash {
    sides(path, index).fold(seed, |hash, (sibling, is_right)| beside(hash, sibling, is_right))
}

/// The node over another and its sibling.
fn beside(node: TreeHash, sibling: &TreeHash, is_right: bool) -> TreeHash {
    if is_right { node_hash(sibling, &node) } else { node_hash(&node, sibling) }
}

/// The same within the earlier tree, which has nothing to the right.
fn chain_inner_right(seed: TreeHash, path: &[TreeHash], index: u64) -> TreeHash {
    let left_siblings = sides(path, index).filter(|(_, is_right)| *is_right);
    left_siblings.fold(seed, |hash, (sibling, _)| node_hash(sibling, &hash))
}

/// Above: all siblings are on the left.
fn chain_border(seed: TreeHash, path: &[TreeHash]) -> TreeHash {
    path.iter().fold(seed, |hash, sibling| node_hash(sibling, &hash))
}

/// Each sibling with whether the node beside it is the right one of the two.
fn sides(path: &[TreeHash], index: u64) -> impl Iterator<Item = (&TreeHash, bool)> {
    (0..).zip(path).map(move |(level, sibling)| (sibling, index.checked_shr(level).unwrap_or(0) & 1 == 1))
}

fn check_length(got: usize, expected: usize) -> Result<(), MerkleError> {
    if got == expected { Ok(()) } else { Err(MerkleError::PathLength { got, expected }) }
}

fn check_root(got: TreeHash, expected: TreeHash) -> Result<(), MerkleError> {
    if got == expected { Ok(()) } else { Err(MerkleError::RootMismatch { got, expected }) }
}

/// Why a proof proves nothing.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum MerkleError {
    /// A tree of size 0 contains nothing and begins nothing.
    #[error("the proof is about a tree without leaves")]
    EmptyTree,
    /// The leaf would stand beyond the end of the tree.
    #[error("the proof is for leaf {index} of a tree of {size} leaves")]
    IndexBeyondSize {
        /// Place of the leaf, from 0.
        index: u64,
        /// Leaves in the tree.
        size: u64,
    },
    /// The earlier tree is the larger one.
    #[error("the proof leads from a tree of {first} leaves to one of {second}")]
    FirstBeyondSecond {
        /// Leaves in the earlier tree.
        first: u64,
        /// Leaves in the later tree.
        second: u64,
    },
    /// Too few or too many hashes for these sizes.
    #[error("the proof has {got} hashes, expected {expected}")]
    PathLength {
        /// Hashes there are.
        got: usize,
        /// Hashes that the sizes ask for.
        expected: usize,
    },
    /// The proof leads to another earlier tree.
    #[error("the proof starts from the root {got}, expected {expected}")]
    FirstRootMismatch {
        /// Root that the proof leads to.
        got: TreeHash,
        /// Root that it should lead to.
        expected: TreeHash,
    },
    /// The proof leads to another tree.
    #[error("the proof leads to the root {got}, expected {expected}")]
    RootMismatch {
        /// Root that the proof leads to.
        got: TreeHash,
        /// Root that it should lead to.
        expected: TreeHash,
    },
}

impl MerkleError {
    /// Stable name of the error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::EmptyTree => "proof-empty-tree",
            Self::IndexBeyondSize { .. } => "proof-index-beyond-size",
            Self::FirstBeyondSecond { .. } => "proof-first-beyond-second",
            Self::PathLength { .. } => "proof-length",
            Self::FirstRootMismatch { .. } => "proof-first-root-mismatch",
            Self::RootMismatch { .. } => "proof-root-mismatch",
        }
    }
}
