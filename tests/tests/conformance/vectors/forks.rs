//! Proofs of a fork: what proves one, and what does not.

use schemas::fork::Fork;
use schemas::tree::TreeHash;
use serde_json::{Value, json};

use super::places::{log, node_hash, tree};
use super::texts::{ORIGIN, checkpoint_text, log_key, signed_by, signed_checkpoint, vkey, witness_key};
use super::{Vectors, all, bytes, hex, text};
use crate::grammar::Grammar;
use crate::item::Item;
use crate::oracle;

/// The parts of a proof, before they are put into a file.
#[derive(Clone)]
struct Parts {
    key: String,
    first: String,
    second: String,
    root: [u8; 32],
    path: Vec<[u8; 32]>,
}

pub(crate) fn make() -> Vectors {
    let accepted = accepted();
    let [_, grown, ..] = &accepted;
    let mut made = Vectors::new();
    for (name, description, parts) in &accepted {
        made.insert(format!("forks/accept-{name}.json"), vector(description, parts, None));
    }
    for (code, name, description, parts) in refused(&grown.2) {
        made.insert(format!("forks/reject-{code}-{name}.json"), vector(description, &parts, Some(code)));
    }
    made
}

/// The log of three entries and one more, with a head that says something else at a smaller size.
fn accepted() -> [(&'static str, &'static str, Parts); 4] {
    let [a, b, c] = leaves();
    let d = [0xdd; 32];
    let ([_, _, path_of_c], three) = tree();
    let ab = path_of_c[0];
    let four = node_hash(&ab, &node_hash(&c, &d));
    let other = [0x0f; 32];
    let parts = |first: u64, second: (u64, [u8; 32]), root, path: &[[u8; 32]]| Parts {
        key: vkey(ORIGIN, 1, &log_key()),
        first: signed_checkpoint(first, &other),
        second: signed_checkpoint(second.0, &second.1),
        root,
        path: path.to_vec(),
    };
    [
        ("same-size", "Two roots at one size.", parts(3, (3, three), three, &[])),
        (
            "power-of-two",
            "A head of size 2 that the tree of size 3 does not begin with.",
            parts(2, (3, three), ab, &[c]),
        ),
        (
            "one-entry",
            "A head of size 1 that the tree of size 3 does not begin with.",
            parts(1, (3, three), a, &[b, c]),
        ),
        (
            "grown",
            "A head of size 3 that the tree of size 4 does not begin with.",
            parts(3, (4, four), three, &[c, d, ab]),
        ),
    ]
}

/// What is left of the proof that `2` and `3` contradict each other when one part of it is another.
fn refused(whole: &Parts) -> Vec<(&'static str, &'static str, &'static str, Parts)> {
    let stranger = |text: &str| signed_by(&witness_key(), ORIGIN, text);
    let three = tree().1;
    vec![
        (
            "fork-heads-consistent",
            "honest",
            "The smaller head says what the larger tree begins with.",
            Parts { first: signed_checkpoint(2, &whole.root), ..whole.clone() },
        ),
        (
            "proof-root-mismatch",
            "other-root",
            "The root at the smaller size is not that of the larger tree.",
            Parts { root: [0x0e; 32], ..whole.clone() },
        ),
        ("proof-length", "no-path", "The path is missing.", Parts { path: vec![], ..whole.clone() }),
        (
            "proof-first-beyond-second",
            "order",
            "The larger tree's head stands first.",
            Parts { first: whole.second.clone(), second: whole.first.clone(), ..whole.clone() },
        ),
        (
            "note-not-by-trusted-key",
            "other-signer",
            "Another key has signed the smaller head.",
            Parts { first: stranger(&checkpoint_text(2, &[0x0f; 32])), ..whole.clone() },
        ),
        (
            "note-signature-invalid",
            "changed",
            "The larger head's size was changed after it was signed.",
            Parts { second: signed_checkpoint(3, &three).replacen("\n3\n", "\n2\n", 1), ..whole.clone() },
        ),
        (
            "fork-key-not-the-logs",
            "witness",
            "The key is a witness's: its type is another.",
            Parts { key: vkey(ORIGIN, 4, &log_key()), ..whole.clone() },
        ),
        (
            "fork-key-not-the-logs",
            "other-name",
            "The key signs for another log.",
            Parts { key: vkey("ledger.corp/other", 1, &log_key()), ..whole.clone() },
        ),
        ("verifier-key-form", "word", "The key is a word.", Parts { key: "key".into(), ..whole.clone() }),
        ("note-unsigned", "text-alone", "The smaller head is not signed.", {
            let first = checkpoint_text(2, &[0x0f; 32]) + "\n";
            Parts { first, ..whole.clone() }
        }),
        (
            "proof-empty-tree",
            "empty",
            "The smaller tree is empty, which every tree begins with.",
            Parts {
                first: signed_checkpoint(0, TreeHash::EMPTY_ROOT.as_bytes()),
                root: *TreeHash::EMPTY_ROOT.as_bytes(),
                ..whole.clone()
            },
        ),
    ]
}

fn leaves() -> [[u8; 32]; 3] {
    let ([of_a, of_b, _], _) = tree();
    assert_eq!(log().len(), 3);
    [of_b[0], of_a[0], of_a[1]]
}

/// The proof's bytes, put together item by item.
pub(crate) fn file(magic: &str, parts: &[Item]) -> Vec<u8> {
    let items = [&[Item::text(magic)], parts, &[Item::Bytes(vec![0; 32])]].concat();
    let mut bytes = Item::List(items).encode();
    bytes.truncate(bytes.len() - 32);
    let digest = blake3::hash(&bytes);
    [bytes, digest.as_bytes().to_vec()].concat()
}

/// Items of a proof that can be taken apart.
pub(crate) fn sample() -> Vec<Item> {
    items(&accepted()[1].2)
}

fn items(parts: &Parts) -> Vec<Item> {
    let hash = |hash: &[u8; 32]| Item::Bytes(hash.to_vec());
    let texts = [&parts.key, &parts.first, &parts.second].map(|text| Item::text(text));
    let path = Item::List(parts.path.iter().map(hash).collect());
    [texts.as_slice(), &[hash(&parts.root), path]].concat()
}

fn vector(description: &str, parts: &Parts, code: Option<&str>) -> Value {
    let mut vector = json!({
        "description": description,
        "key": parts.key,
        "first": parts.first,
        "second": parts.second,
        "root": hex(parts.root),
        "path": parts.path.iter().map(hex).collect::<Vec<_>>(),
        "fork": hex(file("writ/fork/1", &items(parts))),
    });
    if let Some(code) = code {
        vector["code"] = code.into();
    }
    vector
}

#[test]
fn every_fork_is_what_its_vector_says_and_proves_what_its_name_says() {
    for (path, vector) in all("forks") {
        let file = bytes(&vector, "fork");
        let fork = Fork::decode(&file).unwrap_or_else(|e| panic!("{path}: {e}"));
        let hash = |value: &Value| TreeHash::from_hex(value.as_str().unwrap()).unwrap();
        let expected = Fork {
            key: text(&vector, "key").to_owned(),
            first: text(&vector, "first").to_owned(),
            second: text(&vector, "second").to_owned(),
            root: hash(&vector["root"]),
            path: vector["path"].as_array().unwrap().iter().map(hash).collect(),
        };
        assert_eq!(fork, expected, "{path}");
        assert_eq!(fork.encode().unwrap(), file, "{path}");
        assert!(Grammar::load().accepts("fork", &file) && oracle::accepts(&file), "{path}");
        let code = verifier::fork::check(&fork).err().map(|error| error.code());
        assert_eq!(code, vector["code"].as_str(), "{path}");
        assert_eq!(code.is_none(), path.starts_with("forks/accept-"), "{path}");
    }
}
