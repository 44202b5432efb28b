//! Proofs made from complete subtrees are those of the definition, and cost few of them.

use proptest::prelude::*;

use super::*;

#[test]
fn every_proof_of_every_small_tree_is_that_of_the_definition() {
    let tree = Memory::new(leaves(70));
    for size in 0..=70_u64 {
        let in_it = &tree.leaves[..usize::try_from(size).unwrap()];
        assert_eq!(root_at(&tree, size), Ok(mth(in_it)));
        for number in 0..size {
            let at = usize::try_from(number).unwrap();
            assert_eq!(prove_inclusion(&tree, number, size).unwrap().path, path(at, in_it));
            let first = number + 1;
            let consistency = prove_consistency(&tree, first, size).unwrap();
            assert_eq!(consistency.path, subproof(at + 1, in_it, true), "{first} to {size}");
        }
    }
}

#[test]
fn a_proof_that_cannot_exist_is_refused() {
    let tree = Memory::new(leaves(4));
    assert_eq!(prove_inclusion(&tree, 0, 0), Err(ProveError::IndexBeyondSize { index: 0, size: 0 }));
    assert_eq!(prove_inclusion(&tree, 4, 4), Err(ProveError::IndexBeyondSize { index: 4, size: 4 }));
    assert_eq!(prove_consistency(&tree, 0, 4), Err(ProveError::FirstOutOfRange { first: 0, second: 4 }));
    assert_eq!(prove_consistency(&tree, 4, 3), Err(ProveError::FirstOutOfRange { first: 4, second: 3 }));
    assert!(tree.asked.borrow().is_empty());
}

#[test]
fn a_failing_source_fails_the_proof_with_its_error() {
    let edge = TileEdge::new();
    let missing = NodeMissing { level: 1, index: 1 };
    assert_eq!(prove_inclusion(&edge, 0, 4), Err(ProveError::Source(missing)));
    assert_eq!(prove_inclusion(&edge, 0, 4).unwrap_err().code(), "tree-node-unavailable");
}

/// Makes up nodes, and remembers how many were asked for.
struct Vast(RefCell<u32>);

impl NodeSource for Vast {
    type Error = Infallible;

    fn node(&self, level: u8, index: u64) -> Result<TreeHash, Infallible> {
        *self.0.borrow_mut() += 1;
        Ok(leaf_hash(&[&[level][..], &index.to_be_bytes()].concat()))
    }
}

proptest! {
    #[test]
    fn a_proof_from_a_vast_tree_costs_two_nodes_a_level_at_most(number: u64, size: u64) {
        let (number, size) = (number.min(size), number.max(size));
        prop_assume!(number < size && number > 0);
        for proof in [true, false] {
            let vast = Vast(RefCell::default());
            if proof {
                prop_assert!(prove_inclusion(&vast, number, size).unwrap().path.len() <= 64);
            } else {
                prop_assert!(prove_consistency(&vast, number, size).unwrap().path.len() <= 65);
            }
            prop_assert!(*vast.0.borrow() <= 128);
        }
    }

    #[test]
    fn a_vast_trees_proof_has_the_length_that_the_verifier_asks_for(number: u64, size: u64, hash: [u8; 32]) {
        let (number, size) = (number.min(size), number.max(size));
        prop_assume!(number < size && number > 0);
        let hash = TreeHash::new(hash);
        let proof = prove_inclusion(&Vast(RefCell::default()), number, size).unwrap();
        let refused = verify_inclusion(&proof, InclusionClaim { leaf: hash, root: hash }).unwrap_err();
        prop_assert_eq!(refused.code(), "proof-root-mismatch");
        let proof = prove_consistency(&Vast(RefCell::default()), number, size).unwrap();
        let claim = ConsistencyClaim { first_root: hash, second_root: hash };
        let refused = verify_consistency(&proof, claim).unwrap_err();
        prop_assert!(matches!(refused, MerkleError::FirstRootMismatch { .. } | MerkleError::RootMismatch { .. }), "{}", refused);
    }
}
