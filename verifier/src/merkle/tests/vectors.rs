//! Values published by others: the reference tree of Certificate Transparency (transparency-dev/merkle, testonly).

use super::*;

const LEAVES: [&[u8]; 8] = [
    b"",
    b"\x00",
    b"\x10",
    b"\x20\x21",
    b"\x30\x31",
    b"\x40\x41\x42\x43",
    b"\x50\x51\x52\x53\x54\x55\x56\x57",
    b"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
];

const ROOTS: [&str; 9] = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];

fn hash(hex: &str) -> TreeHash {
    TreeHash::from_hex(hex).unwrap()
}

fn reference_tree() -> Memory {
    Memory::new(LEAVES.iter().map(|entry| leaf_hash(entry)).collect())
}

#[test]
fn leaves_and_nodes_hash_as_published() {
    assert_eq!(leaf_hash(b"").to_hex(), ROOTS[1]);
    let leaf = b"\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19\x1a\x1b\x1c\x1d\x1e\x1f";
    assert_eq!(leaf_hash(leaf).to_hex(), "3bfb960453ebaebf33727da7a1f4db38acc051d381b6da20d6d4e88f0eabfd7a");
    let left = hash("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f");
    let right = hash("202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f");
    let node = "1a378704c17da31e2d05b6d121c2bb2c7d76f6ee6fa8f983e596c2d034963c57";
    assert_eq!(node_hash(&left, &right).to_hex(), node);
}

#[test]
fn the_reference_tree_has_the_published_roots() {
    let tree = reference_tree();
    let mut hasher = TreeHasher::new();
    for (size, root) in (0..).zip(ROOTS) {
        assert_eq!(hasher.size(), size);
        assert_eq!(hasher.root().to_hex(), root);
        assert_eq!(root_at(&tree, size).unwrap().to_hex(), root);
        if let Some(leaf) = tree.leaves.get(usize::try_from(size).unwrap()) {
            hasher.push(*leaf);
        }
    }
}

#[test]
fn inclusion_in_the_reference_tree_is_proved_as_published() {
    let tree = reference_tree();
    for (index, size, path) in [
        (0, 1, &[][..]),
        (
            0,
            8,
            &[
                "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
            ],
        ),
        (
            5,
            8,
            &[
                "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
                "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            ],
        ),
        (2, 3, &["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"]),
        (
            1,
            5,
            &[
                "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            ],
        ),
    ] {
        let published = InclusionProof { index, size, path: path.iter().map(|hex| hash(hex)).collect() };
        assert_eq!(prove_inclusion(&tree, index, size).unwrap(), published);
        let leaf = tree.leaves[usize::try_from(index).unwrap()];
        let root = hash(ROOTS[usize::try_from(size).unwrap()]);
        assert!(verify_inclusion(&published, InclusionClaim { leaf, root }).is_ok());
    }
}

#[test]
fn consistency_of_the_reference_tree_is_proved_as_published() {
    let tree = reference_tree();
    for (first, second, path) in [
        (1, 1, &[][..]),
        (
            1,
            8,
            &[
                "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
            ],
        ),
        (
            6,
            8,
            &[
                "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
                "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            ],
        ),
        (
            2,
            5,
            &[
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            ],
        ),
    ] {
        let published = ConsistencyProof { first, second, path: path.iter().map(|hex| hash(hex)).collect() };
        assert_eq!(prove_consistency(&tree, first, second).unwrap(), published);
        let root = |size: u64| hash(ROOTS[usize::try_from(size).unwrap()]);
        let claim = ConsistencyClaim { first_root: root(first), second_root: root(second) };
        assert!(verify_consistency(&published, claim).is_ok());
    }
}
