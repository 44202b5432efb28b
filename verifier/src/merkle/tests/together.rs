//! Paths that go on from one another are those that each leaf has alone, and none of them is taken without leading to the root.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

/// A tree whose node at one place is wrong.
struct Wrong<'t> {
    tree: &'t Memory,
    place: (u8, u64),
}

impl NodeSource for Wrong<'_> {
    type Error = <Memory as NodeSource>::Error;

    fn node(&self, level: u8, index: u64) -> Result<TreeHash, Self::Error> {
        let node = self.tree.node(level, index)?;
        Ok(if self.place == (level, index) { leaf_hash(node.as_bytes()) } else { node })
    }
}

/// The size of a tree and some of its leaves, more of them than are kept.
fn some() -> impl Strategy<Value = (u64, Vec<u64>)> {
    (1..300_u64).prop_flat_map(|size| (Just(size), vec(0..size, 1..100)))
}

proptest! {
    #[test]
    fn in_whatever_order_each_path_is_that_of_the_definition((size, numbers) in some()) {
        let tree = Memory::new(leaves(size));
        let mut together = ProvedTogether::new(size, mth(&tree.leaves));
        for number in numbers {
            let at = usize::try_from(number).unwrap();
            prop_assert_eq!(together.prove(&tree, number, tree.leaves[at]), Ok(path(at, &tree.leaves)));
        }
    }

    #[test]
    fn each_path_leads_to_the_root_however_the_tree_is_wrong(
        (size, numbers) in some(), level in 0..9_u8, place: u64,
    ) {
        let tree = Memory::new(leaves(size));
        let count = (size >> level).max(1);
        let wrong = Wrong { tree: &tree, place: (level, place % count) };
        let root = mth(&tree.leaves);
        let mut together = ProvedTogether::new(size, root);
        for index in numbers {
            let leaf = tree.leaves[usize::try_from(index).unwrap()];
            // What one path was held against may spare another the wrong node, never let it through.
            if let Ok(path) = together.prove(&wrong, index, leaf) {
                let proof = InclusionProof { index, size, path };
                let verified = verify_inclusion(&proof, InclusionClaim { leaf, root });
                prop_assert!(verified.is_ok());
            }
        }
    }

    #[test]
    fn another_leaf_is_refused_also_beside_one_that_was_proved((size, numbers) in some()) {
        let tree = Memory::new(leaves(size));
        let mut together = ProvedTogether::new(size, mth(&tree.leaves));
        for number in numbers {
            let other = leaf_hash(b"another");
            let refused = together.prove(&tree, number, other);
            let is_refused = matches!(refused, Err(TogetherError::Check(MerkleError::RootMismatch { .. })));
            prop_assert!(is_refused);
            let leaf = tree.leaves[usize::try_from(number).unwrap()];
            prop_assert!(together.prove(&tree, number, leaf).is_ok());
        }
    }
}

#[test]
fn beside_a_proved_leaf_only_the_nodes_below_the_parting_are_asked_for() {
    let tree = Memory::new(leaves(256));
    let mut together = ProvedTogether::new(256, mth(&tree.leaves));
    let mut asked = |number: u64| {
        tree.asked.borrow_mut().clear();
        together.prove(&tree, number, tree.leaves[usize::try_from(number).unwrap()]).unwrap();
        tree.asked.borrow().len()
    };
    // The whole path; the leaf beside it; one of the same sixteen, whose half of eight has three levels; one of the other half of all.
    assert_eq!([asked(100), asked(101), asked(111), asked(200)], [8, 0, 3, 7]);
}

#[test]
fn a_leaf_beyond_the_tree_is_refused() {
    let tree = Memory::new(leaves(4));
    let refused = ProvedTogether::new(4, mth(&tree.leaves)).prove(&tree, 4, tree.leaves[0]);
    let beyond = ProveError::IndexBeyondSize { index: 4, size: 4 };
    assert_eq!(refused, Err(TogetherError::Prove(beyond)));
}
