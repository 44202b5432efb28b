//! What a proof must not get past.

use proptest::prelude::*;

use super::*;

/// Every tree up to this size is tried in full.
const SIZES: u64 = 70;

fn at(number: u64) -> usize {
    usize::try_from(number).unwrap()
}

fn inclusion(tree: &[TreeHash], index: u64, size: u64) -> (InclusionProof, InclusionClaim) {
    let tree = &tree[..at(size)];
    let proof = InclusionProof { index, size, path: path(at(index), tree) };
    (proof, InclusionClaim { leaf: tree[at(index)], root: mth(tree) })
}

fn consistency(tree: &[TreeHash], first: u64, second: u64) -> (ConsistencyProof, ConsistencyClaim) {
    let path = subproof(at(first), &tree[..at(second)], true);
    let roots =
        ConsistencyClaim { first_root: mth(&tree[..at(first)]), second_root: mth(&tree[..at(second)]) };
    (ConsistencyProof { first, second, path }, roots)
}

/// The path with one hash changed, left out, added or exchanged, in every place.
fn mangled(path: &[TreeHash]) -> Vec<Vec<TreeHash>> {
    let other = TreeHash::new([0x5a; 32]);
    let mut all = Vec::new();
    for place in 0..=path.len() {
        for extra in [Some(other), path.first().copied(), path.last().copied()].into_iter().flatten() {
            let mut longer = path.to_vec();
            longer.insert(place, extra);
            all.push(longer);
        }
        if place < path.len() {
            let mut changed = path.to_vec();
            changed[place] = other;
            all.push(changed);
            let mut shorter = path.to_vec();
            shorter.remove(place);
            all.push(shorter);
        }
        if place + 1 < path.len() {
            let mut swapped = path.to_vec();
            swapped.swap(place, place + 1);
            all.push(swapped);
        }
    }
    all
}

#[test]
fn every_leaf_of_every_small_tree_is_proved_and_nothing_mangled_is() {
    let tree = leaves(SIZES);
    for size in 1..=SIZES {
        for index in 0..size {
            let (proof, claim) = inclusion(&tree, index, size);
            let verified = verify_inclusion(&proof, claim).unwrap();
            assert_eq!((verified.index(), verified.size()), (index, size));
            assert_eq!((verified.leaf(), verified.root()), (claim.leaf, claim.root));
            assert!(rfc9162_inclusion(&proof, claim));
            for path in mangled(&proof.path) {
                assert!(
                    verify_inclusion(&InclusionProof { path, ..proof }, claim).is_err(),
                    "{index} of {size}"
                );
            }
            let swapped = InclusionClaim { leaf: claim.root, root: claim.leaf };
            assert_eq!(verify_inclusion(&proof, swapped).is_ok(), size == 1);
        }
    }
}

#[test]
fn an_inclusion_proof_holds_for_no_other_leaf_and_no_other_root() {
    let tree = leaves(SIZES);
    for size in 1..=SIZES {
        for index in 0..size {
            let (proof, claim) = inclusion(&tree, index, size);
            for (number, leaf) in (0..).zip(&tree) {
                let holds = verify_inclusion(&proof, InclusionClaim { leaf: *leaf, ..claim }).is_ok();
                assert_eq!(holds, number == index);
            }
            let root = mth(&tree[..at(size) - 1]);
            assert!(verify_inclusion(&proof, InclusionClaim { root, ..claim }).is_err());
        }
    }
}

#[test]
fn an_index_or_size_other_than_the_proofs_is_judged_as_by_rfc_9162() {
    let tree = leaves(24);
    for size in 1..=24 {
        for index in 0..size {
            let (proof, claim) = inclusion(&tree, index, size);
            for other_size in 0..30 {
                for other_index in 0..30 {
                    let other =
                        InclusionProof { index: other_index, size: other_size, path: proof.path.clone() };
                    assert_eq!(verify_inclusion(&other, claim).is_ok(), rfc9162_inclusion(&other, claim));
                }
            }
        }
    }
}

#[test]
fn the_earlier_of_any_two_small_trees_is_proved_to_begin_the_later() {
    let tree = leaves(SIZES);
    for second in 1..=SIZES {
        for first in 1..=second {
            let (proof, claim) = consistency(&tree, first, second);
            let verified = verify_consistency(&proof, claim).unwrap();
            assert_eq!((verified.first(), verified.second()), (first, second));
            assert_eq!(
                (verified.first_root(), verified.second_root()),
                (claim.first_root, claim.second_root)
            );
            assert_eq!(rfc9162_consistency(&proof, claim), first != second);
            for path in mangled(&proof.path) {
                let proof = ConsistencyProof { path, ..proof };
                assert!(verify_consistency(&proof, claim).is_err(), "{first} to {second}");
            }
            let forged = TreeHash::new([9; 32]);
            assert!(verify_consistency(&proof, ConsistencyClaim { first_root: forged, ..claim }).is_err());
            assert!(verify_consistency(&proof, ConsistencyClaim { second_root: forged, ..claim }).is_err());
        }
    }
}

#[test]
fn sizes_other_than_the_proofs_are_judged_as_by_rfc_9162() {
    let tree = leaves(24);
    for second in 2..=24 {
        for first in 1..second {
            let (proof, claim) = consistency(&tree, first, second);
            for other_second in 0..30 {
                for other_first in (0..30).filter(|other_first| *other_first != other_second) {
                    let other = ConsistencyProof {
                        first: other_first,
                        second: other_second,
                        path: proof.path.clone(),
                    };
                    assert_eq!(verify_consistency(&other, claim).is_ok(), rfc9162_consistency(&other, claim));
                }
            }
        }
    }
}

#[test]
fn a_proof_about_the_empty_tree_or_beyond_the_end_is_refused() {
    let hash = TreeHash::new([1; 32]);
    let claim = InclusionClaim { leaf: hash, root: hash };
    let check = |index, size| verify_inclusion(&InclusionProof { index, size, path: Vec::new() }, claim);
    assert_eq!(check(0, 0), Err(MerkleError::EmptyTree));
    assert_eq!(check(u64::MAX, 0), Err(MerkleError::EmptyTree));
    assert_eq!(check(1, 1), Err(MerkleError::IndexBeyondSize { index: 1, size: 1 }));
    assert_eq!(check(0, u64::MAX), Err(MerkleError::PathLength { got: 0, expected: 64 }));
    assert_eq!(check(u64::MAX - 1, u64::MAX), Err(MerkleError::PathLength { got: 0, expected: 63 }));
}

#[test]
fn a_proof_from_the_empty_tree_or_back_in_time_is_refused() {
    let empty = TreeHash::EMPTY_ROOT;
    let other = TreeHash::new([1; 32]);
    let check = |first, second, path: &[TreeHash], first_root, second_root| {
        let proof = ConsistencyProof { first, second, path: path.to_vec() };
        verify_consistency(&proof, ConsistencyClaim { first_root, second_root }).map(|_| ())
    };
    assert_eq!(check(0, 0, &[], empty, empty), Err(MerkleError::EmptyTree));
    assert_eq!(check(0, 1, &[], empty, other), Err(MerkleError::EmptyTree));
    assert_eq!(check(1, 0, &[], other, empty), Err(MerkleError::EmptyTree));
    assert_eq!(check(2, 1, &[], other, other), Err(MerkleError::FirstBeyondSecond { first: 2, second: 1 }));
    assert_eq!(check(1, 2, &[], other, other), Err(MerkleError::PathLength { got: 0, expected: 1 }));
    assert_eq!(check(3, 4, &[], other, other), Err(MerkleError::PathLength { got: 0, expected: 3 }));
    assert_eq!(check(3, 4, &[other], other, other), Err(MerkleError::PathLength { got: 1, expected: 3 }));
}

#[test]
fn trees_of_one_size_need_equal_roots_and_no_path() {
    let root = TreeHash::new([1; 32]);
    let check = |path: Vec<TreeHash>, second_root| {
        let proof = ConsistencyProof { first: 5, second: 5, path };
        verify_consistency(&proof, ConsistencyClaim { first_root: root, second_root }).map(|_| ())
    };
    assert_eq!(check(Vec::new(), root), Ok(()));
    let got = TreeHash::new([2; 32]);
    assert_eq!(check(Vec::new(), got), Err(MerkleError::RootMismatch { got, expected: root }));
    assert_eq!(check(Vec::from([root]), root), Err(MerkleError::PathLength { got: 1, expected: 0 }));
}

#[test]
fn a_node_cannot_be_passed_off_as_a_leaf() {
    let tree = leaves(4);
    let node = node_hash(&tree[0], &tree[1]);
    let half = InclusionProof { index: 0, size: 2, path: Vec::from([node_hash(&tree[2], &tree[3])]) };
    // The hash of a node is a root of size 2 over two "leaves"; only entries hashed as leaves keep it out.
    assert!(verify_inclusion(&half, InclusionClaim { leaf: node, root: mth(&tree) }).is_ok());
    let entry = [*tree[0].as_bytes(), *tree[1].as_bytes()].concat();
    assert_ne!(leaf_hash(&entry), node);
}

#[test]
fn doubling_the_last_leaf_makes_another_tree() {
    let three = leaves(3);
    let four = [&three[..], &three[2..]].concat();
    assert_ne!(mth(&three), mth(&four));
}

proptest! {
    #[test]
    fn any_proof_is_judged_as_by_rfc_9162(index: u64, size: u64, first: u64, second: u64, path in prop::collection::vec(any::<[u8; 32]>(), 0..70), hash: [u8; 32]) {
        let path: Vec<_> = path.into_iter().map(TreeHash::new).collect();
        let hash = TreeHash::new(hash);
        let proof = InclusionProof { index, size, path: path.clone() };
        let claim = InclusionClaim { leaf: hash, root: hash };
        prop_assert_eq!(verify_inclusion(&proof, claim).is_ok(), rfc9162_inclusion(&proof, claim));
        let proof = ConsistencyProof { first, second, path };
        let claim = ConsistencyClaim { first_root: hash, second_root: hash };
        prop_assert_eq!(verify_consistency(&proof, claim).is_ok(), rfc9162_consistency(&proof, claim));
    }

    #[test]
    fn a_path_of_the_right_length_leads_to_the_root_of_rfc_9162(index: u64, size: u64, hash: [u8; 32]) {
        let (index, size) = (index.min(size), size.max(index));
        prop_assume!(index < size);
        let claim = InclusionClaim { leaf: TreeHash::new(hash), root: TreeHash::EMPTY_ROOT };
        let path_of = |count: usize| (0..count).map(|number| leaf_hash(&number.to_be_bytes())).collect();
        let outcome = |count| verify_inclusion(&InclusionProof { index, size, path: path_of(count) }, claim);
        let refused = (0..=64).filter_map(|count| match outcome(count) {
            Err(MerkleError::RootMismatch { got, .. }) => Some((count, got)),
            _ => None,
        });
        let right: Vec<_> = refused.collect();
        prop_assert_eq!(right.len(), 1);
        let (count, root) = right[0];
        let proof = InclusionProof { index, size, path: path_of(count) };
        let holds = rfc9162_inclusion(&proof, InclusionClaim { root, ..claim });
        prop_assert!(holds);
    }
}
