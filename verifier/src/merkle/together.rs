//! Proving several leaves of one tree: what two paths have in common is made once, and held against the root once.
//!
//! The paths of two leaves part at one node. Above it they are the same; below it each leaf is in a half of its own, of which the other's
//! path has the root. So where one path was held against the tree's root, the other has to lead to that half's root only.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::fmt;

use schemas::proof::InclusionProof;
use schemas::tree::TreeHash;
use thiserror::Error;

use super::check::{MerkleError, nodes_of_path};
use super::prove::{Leaves, NodeSource, ProveError};

/// Paths that are kept to go on from: some 150 KiB in a tree of a billion leaves. A bundle has a few dozen entries.
const KEPT_MAX: usize = 64;

/// Leaves of one tree that were proved, each under the tree's root.
#[derive(Debug)]
pub struct ProvedTogether {
    size: u64,
    root: TreeHash,
    proved: BTreeMap<u64, Proved>,
}

/// A leaf's way to the root.
#[derive(Debug)]
struct Proved {
    /// Its siblings, from the leaf up.
    path: Vec<TreeHash>,
    /// The nodes that it leads over, from the leaf itself to the root: one more than siblings.
    nodes: Vec<TreeHash>,
}

/// Where a leaf's path parts from one that is known.
struct Parting<'p> {
    /// The half that the leaf is in.
    half: Leaves,
    /// The root of that half.
    root: TreeHash,
    /// The root of the other one.
    sibling: TreeHash,
    /// The siblings above both.
    path: &'p [TreeHash],
    /// The nodes above both.
    nodes: &'p [TreeHash],
}

/// Why a leaf is not proved.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum TogetherError<E: fmt::Display> {
    /// No path could be made.
    #[error(transparent)]
    Prove(#[from] ProveError<E>),
    /// The path does not lead to the root.
    #[error(transparent)]
    Check(#[from] MerkleError),
}

impl ProvedTogether {
    /// Nothing yet, of the tree of so many leaves with this root. The root is vouched for by the caller.
    pub fn new(size: u64, root: TreeHash) -> Self {
        Self { size, root, proved: BTreeMap::new() }
    }

    /// The path of a leaf, made from the tree's nodes and held against its root.
    pub fn prove<S: NodeSource>(
        &mut self,
        source: &S,
        index: u64,
        leaf: TreeHash,
    ) -> Result<Vec<TreeHash>, TogetherError<S::Error>> {
        if index >= self.size {
            return Err(ProveError::IndexBeyondSize { index, size: self.size }.into());
        }
        let proved = match self.parting(index) {
            Some(parting) => parting.prove(source, index, leaf)?,
            None => prove(source, Leaves { begin: 0, end: self.size }, index, (leaf, self.root))?,
        };
        let path = proved.path.clone();
        if self.proved.len() >= KEPT_MAX {
            self.proved.clear();
        }
        self.proved.insert(index, proved);
        Ok(path)
    }

    /// Where the path of this leaf leaves those that are known: the lower, the less is to be proved. In order, the one that it leaves lowest
    /// is a neighbour.
    fn parting(&self, index: u64) -> Option<Parting<'_>> {
        let before = self.proved.range(..index).next_back();
        let behind = self.proved.range(index.saturating_add(1)..).next();
        let partings = before.into_iter().chain(behind);
        let partings = partings.filter_map(|(other, proved)| proved.parting(*other, index, self.size));
        partings.min_by_key(|parting| parting.half.count())
    }
}

impl Proved {
    /// Where the path of another leaf parts from this one.
    fn parting(&self, own: u64, index: u64, size: u64) -> Option<Parting<'_>> {
        let mut around = Leaves { begin: 0, end: size };
        // How many siblings are below the node that was reached.
        let mut below = self.path.len();
        loop {
            let (left, right) = around.halves()?;
            let half = if index < right.begin { left } else { right };
            let of_own = if own < right.begin { left } else { right };
            below = below.checked_sub(1)?;
            if half.begin != of_own.begin {
                let (path, nodes) = (self.path.get(below..)?, self.nodes.get(below..)?);
                let ((root, path), (sibling, nodes)) = (path.split_first()?, nodes.split_first()?);
                return Some(Parting { half, root: *root, sibling: *sibling, path, nodes });
            }
            around = half;
        }
    }
}

impl Parting<'_> {
    fn prove<S: NodeSource>(
        &self,
        source: &S,
        index: u64,
        leaf: TreeHash,
    ) -> Result<Proved, TogetherError<S::Error>> {
        let mut proved = prove(source, self.half, index, (leaf, self.root))?;
        proved.path.push(self.sibling);
        proved.path.extend_from_slice(self.path);
        proved.nodes.extend_from_slice(self.nodes);
        Ok(proved)
    }
}

/// A leaf's way to the root over neighbouring leaves that it is one of.
fn prove<S: NodeSource>(
    source: &S,
    leaves: Leaves,
    index: u64,
    (leaf, root): (TreeHash, TreeHash),
) -> Result<Proved, TogetherError<S::Error>> {
    let proof = leaves.prove(source, index)?;
    let nodes = nodes_of_path(&proof, leaf)?;
    let got = nodes.last().copied().unwrap_or(leaf);
    if got != root {
        return Err(MerkleError::RootMismatch { got, expected: root }.into());
    }
    let InclusionProof { path, .. } = proof;
    Ok(Proved { path, nodes })
}
