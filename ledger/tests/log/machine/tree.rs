//! The Merkle tree as RFC 9162 defines it, word for word: nothing incremental, nothing kept in tiles.

use std::cell::RefCell;
use std::collections::HashMap;
use std::ops::Range;

use sha2::{Digest, Sha256};

pub(crate) type Hash = [u8; 32];

#[derive(Clone, Debug, Default)]
pub(crate) struct Tree {
    leaves: Vec<Hash>,
    /// Subtrees that were hashed already: leaves are only ever added behind.
    known: RefCell<HashMap<Range<usize>, Hash>>,
}

impl Tree {
    /// §2.1.1: the hash of a leaf is that of 0x00 and its bytes.
    pub(crate) fn push(&mut self, entry: &[u8]) {
        self.leaves.push(Sha256::new().chain_update([0]).chain_update(entry).finalize().into());
    }

    pub(crate) fn len(&self) -> usize {
        self.leaves.len()
    }

    /// MTH(D[n]) for the first n leaves.
    pub(crate) fn root(&self, size: usize) -> Hash {
        self.hash(0..size)
    }

    /// MTH of a run of leaves (§2.1.1).
    pub(crate) fn hash(&self, leaves: Range<usize>) -> Hash {
        match leaves.len() {
            0 => Sha256::digest([]).into(),
            1 => self.leaves[leaves.start],
            _ => {
                if let Some(known) = self.known.borrow().get(&leaves) {
                    return *known;
                }
                let middle = split(&leaves);
                let (left, right) = (self.hash(leaves.start..middle), self.hash(middle..leaves.end));
                let hash: Hash =
                    Sha256::new().chain_update([1]).chain_update(left).chain_update(right).finalize().into();
                self.known.borrow_mut().insert(leaves, hash);
                hash
            }
        }
    }

    /// PATH(m, D[n]) (§2.1.3.1).
    pub(crate) fn path(&self, leaf: usize, size: usize) -> Vec<Hash> {
        self.path_in(leaf, 0..size)
    }

    fn path_in(&self, leaf: usize, leaves: Range<usize>) -> Vec<Hash> {
        if leaves.len() == 1 {
            return Vec::new();
        }
        let middle = split(&leaves);
        let (left, right) = (leaves.start..middle, middle..leaves.end);
        let (within, beside) = if leaf < middle { (left, right) } else { (right, left) };
        let mut path = self.path_in(leaf, within);
        path.push(self.hash(beside));
        path
    }

    /// PROOF(m, D[n]) (§2.1.4.1).
    pub(crate) fn proof(&self, first: usize, second: usize) -> Vec<Hash> {
        if first == second { Vec::new() } else { self.subproof(first, 0..second, true) }
    }

    /// SUBPROOF: `first` counts from the beginning of the run.
    fn subproof(&self, first: usize, leaves: Range<usize>, known: bool) -> Vec<Hash> {
        if first == leaves.len() {
            return if known { Vec::new() } else { vec![self.hash(leaves)] };
        }
        let middle = split(&leaves);
        let (left, right, width) = (leaves.start..middle, middle..leaves.end, middle - leaves.start);
        let (mut proof, beside) = if first <= width {
            (self.subproof(first, left, known), right)
        } else {
            (self.subproof(first - width, right, false), left)
        };
        proof.push(self.hash(beside));
        proof
    }
}

/// Behind the largest power of two that is smaller than the number of leaves.
fn split(leaves: &Range<usize>) -> usize {
    leaves.start + (1 << (leaves.len() - 1).ilog2())
}
