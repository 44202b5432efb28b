//! Hashes of leaves, of nodes, and of a tree whose leaves pass by one after the other.

use alloc::vec::Vec;

use schemas::tree::TreeHash;
use sha2::{Digest, Sha256};

/// What is hashed before a leaf, so that no node can be taken for a leaf (RFC 9162 §2.1.1).
const LEAF_PREFIX: [u8; 1] = [0x00];

/// What is hashed before a node's two halves.
const NODE_PREFIX: [u8; 1] = [0x01];

/// The hash of an entry as a leaf: SHA-256(0x00 || entry).
pub fn leaf_hash(entry: &[u8]) -> TreeHash {
    TreeHash::new(Sha256::new().chain_update(LEAF_PREFIX).chain_update(entry).finalize().into())
}

/// The hash of the node over two others: SHA-256(0x01 || left || right).
pub fn node_hash(left: &TreeHash, right: &TreeHash) -> TreeHash {
    let hash = Sha256::new().chain_update(NODE_PREFIX);
    TreeHash::new(hash.chain_update(left.as_bytes()).chain_update(right.as_bytes()).finalize().into())
}

/// Computes a tree's root from all its leaf hashes, keeping one hash for each bit of its size (RFC 9162 §2.1.2).
#[derive(Clone, Debug, Default)]
pub struct TreeHasher {
    size: u64,
    /// Roots of the complete subtrees that make up the tree, largest first.
    subtrees: Vec<TreeHash>,
}

impl TreeHasher {
    /// The tree without leaves.
    pub fn new() -> Self {
        Self::default()
    }

    /// Goes on from a tree of which only the complete subtrees' roots are known, largest first; nothing where their number is not the
    /// one that follows from its size.
    pub fn resume(size: u64, subtrees: Vec<TreeHash>) -> Option<Self> {
        let expected = usize::try_from(size.count_ones()).ok()?;
        (subtrees.len() == expected).then_some(Self { size, subtrees })
    }

    /// The roots of the complete subtrees, largest first: all that is needed to go on.
    pub fn subtrees(&self) -> &[TreeHash] {
        &self.subtrees
    }

    /// Adds the next leaf.
    pub fn push(&mut self, leaf: TreeHash) {
        let merged = (0..self.size.trailing_ones()).fold(leaf, |right, _| match self.subtrees.pop() {
            Some(left) => node_hash(&left, &right),
            None => right,
        });
        self.subtrees.push(merged);
        self.size = self.size.saturating_add(1);
    }

    /// Leaves so far.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The root of the tree of the leaves so far.
    pub fn root(&self) -> TreeHash {
        let subtrees = self.subtrees.iter().rev().copied();
        subtrees.reduce(|right, left| node_hash(&left, &right)).unwrap_or(TreeHash::EMPTY_ROOT)
    }
}
