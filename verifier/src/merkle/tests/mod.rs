//! The tree against a second writing of it: the recursive definitions of RFC 6962 and the loops of RFC 9162.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::cell::RefCell;
use core::convert::Infallible;

use schemas::proof::{ConsistencyProof, InclusionProof};
use schemas::tile::TileCoord;
use schemas::tree::TreeHash;

use super::*;

mod append;
mod check;
mod prove;
mod together;
mod vectors;

/// `count` leaf hashes that differ from each other.
fn leaves(count: u64) -> Vec<TreeHash> {
    (0..count).map(|number| leaf_hash(&number.to_be_bytes())).collect()
}

/// MTH(D[n]) as RFC 6962 §2.1 defines it.
fn mth(leaves: &[TreeHash]) -> TreeHash {
    match leaves {
        [] => TreeHash::EMPTY_ROOT,
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(split(leaves.len()));
            node_hash(&mth(left), &mth(right))
        }
    }
}

/// PATH(m, D[n]) as RFC 6962 §2.1.1 defines it.
fn path(m: usize, leaves: &[TreeHash]) -> Vec<TreeHash> {
    if leaves.len() == 1 {
        return Vec::new();
    }
    let k = split(leaves.len());
    let (left, right) = leaves.split_at(k);
    let (mut path, sibling) =
        if m < k { (path(m, left), mth(right)) } else { (path(m - k, right), mth(left)) };
    path.push(sibling);
    path
}

/// SUBPROOF(m, D[n], b) as RFC 6962 §2.1.2 defines it.
fn subproof(m: usize, leaves: &[TreeHash], known: bool) -> Vec<TreeHash> {
    if m == leaves.len() {
        return if known { Vec::new() } else { Vec::from([mth(leaves)]) };
    }
    let k = split(leaves.len());
    let (left, right) = leaves.split_at(k);
    let (mut proof, sibling) = if m <= k {
        (subproof(m, left, known), mth(right))
    } else {
        (subproof(m - k, right, false), mth(left))
    };
    proof.push(sibling);
    proof
}

/// The largest power of two smaller than `n`.
fn split(n: usize) -> usize {
    let mut k = 1;
    while k * 2 < n {
        k *= 2;
    }
    k
}

/// RFC 9162 §2.1.3.2, step by step.
fn rfc9162_inclusion(proof: &InclusionProof, claim: InclusionClaim) -> bool {
    if proof.index >= proof.size {
        return false;
    }
    let (mut fn_, mut sn, mut r) = (proof.index, proof.size - 1, claim.leaf);
    for p in &proof.path {
        if sn == 0 {
            return false;
        }
        if fn_ & 1 == 1 || fn_ == sn {
            r = node_hash(p, &r);
            while fn_ & 1 == 0 && fn_ != 0 {
                (fn_, sn) = (fn_ >> 1, sn >> 1);
            }
        } else {
            r = node_hash(&r, p);
        }
        (fn_, sn) = (fn_ >> 1, sn >> 1);
    }
    sn == 0 && r == claim.root
}

/// RFC 9162 §2.1.4.2, step by step.
fn rfc9162_consistency(proof: &ConsistencyProof, claim: ConsistencyClaim) -> bool {
    let mut path = proof.path.clone();
    if proof.first == 0 || proof.first >= proof.second || path.is_empty() {
        return false;
    }
    if proof.first.is_power_of_two() {
        path.insert(0, claim.first_root);
    }
    let (mut fn_, mut sn) = (proof.first - 1, proof.second - 1);
    while fn_ & 1 == 1 {
        (fn_, sn) = (fn_ >> 1, sn >> 1);
    }
    let (mut fr, mut sr) = (path[0], path[0]);
    for c in &path[1..] {
        if sn == 0 {
            return false;
        }
        if fn_ & 1 == 1 || fn_ == sn {
            (fr, sr) = (node_hash(c, &fr), node_hash(c, &sr));
            while fn_ & 1 == 0 && fn_ != 0 {
                (fn_, sn) = (fn_ >> 1, sn >> 1);
            }
        } else {
            sr = node_hash(&sr, c);
        }
        (fn_, sn) = (fn_ >> 1, sn >> 1);
    }
    fr == claim.first_root && sr == claim.second_root && sn == 0
}

/// A tree in memory that counts what is asked of it.
struct Memory {
    leaves: Vec<TreeHash>,
    asked: RefCell<Vec<(u8, u64)>>,
}

impl Memory {
    fn new(leaves: Vec<TreeHash>) -> Self {
        Self { leaves, asked: RefCell::default() }
    }
}

impl NodeSource for Memory {
    type Error = Infallible;

    fn node(&self, level: u8, index: u64) -> Result<TreeHash, Infallible> {
        self.asked.borrow_mut().push((level, index));
        let begin = usize::try_from(index << level).unwrap();
        Ok(mth(&self.leaves[begin..begin + (1 << level)]))
    }
}

/// Tiles in memory that count how often they are read.
#[derive(Default)]
struct Tiles {
    stored: BTreeMap<TileCoord, Vec<TreeHash>>,
    reads: RefCell<Vec<TileCoord>>,
}

impl Tiles {
    fn store(&mut self, update: &EdgeUpdate) {
        self.stored.extend(update.tiles().map(|(tile, nodes)| (tile, nodes.hashes().to_vec())));
    }
}

impl TileSource for &Tiles {
    type Error = Infallible;

    fn tile(&self, tile: TileCoord) -> Result<Vec<TreeHash>, Infallible> {
        self.reads.borrow_mut().push(tile);
        Ok(self.stored.get(&tile).cloned().unwrap_or_default())
    }
}
