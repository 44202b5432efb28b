//! Entries in their chain, and bundles.

use schemas::bundle::{Bundle, ProvedEntry};
use schemas::entry::Entry;
use schemas::ids::{EntryHash, StatementId};
use schemas::omission::Omission;
use schemas::time::{Index, Time};
use schemas::tree::TreeHash;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::statements::statement;
use super::texts::{ORIGIN, signed_checkpoint};
use super::{Vectors, all, bytes, hex, text};
use crate::grammar::Grammar;
use crate::instances;
use crate::item::Item;
use crate::oracle;

const TIME: u64 = 1_700_000_000_000;

pub(crate) fn make() -> Vectors {
    let entries = log();
    let mut made = Vectors::new();
    let mut prev = *blake3::hash(ORIGIN.as_bytes()).as_bytes();
    for (index, (kind, statement, entry)) in entries.iter().enumerate() {
        made.insert(format!("entries/accept-{index}-{kind}.json"), json!({
            "description": format!("Entry {index} of a log of three. Its prev is the hash of what is before it."),
            "index": index,
            "time": TIME + 5 * index as u64,
            "prev": hex(prev),
            "statement": hex(statement),
            "entry": hex(entry),
            "hash": hex(blake3::hash(entry).as_bytes()),
            "leaf_hash": hex(leaf_hash(entry)),
        }));
        prev = *blake3::hash(entry).as_bytes();
    }
    made.insert("bundles/accept-one-hop.json".into(), bundle());
    made.insert("omissions/accept-left-out.json".into(), omission());
    made
}

/// A log of three entries: kind, statement and entry of each.
pub(crate) fn log() -> Vec<(&'static str, Vec<u8>, Vec<u8>)> {
    let wanted = [("genesis", "minimal"), ("key", "add"), ("delegation", "minimal")];
    let mut prev = *blake3::hash(ORIGIN.as_bytes()).as_bytes();
    let mut entries = Vec::new();
    for (index, (kind, name)) in wanted.into_iter().enumerate() {
        let instance = instances::all().into_iter().find(|i| i.kind == kind && i.name == name).unwrap();
        let statement = statement(&instance, -19);
        let time = (TIME + 5 * index as u64) as i64;
        let places = [Item::Int(1), Item::Int(index as i64), Item::Int(time)];
        let bytes = [prev.to_vec(), statement.clone()].map(Item::Bytes);
        let entry = Item::List([places.as_slice(), &bytes].concat()).encode();
        prev = *blake3::hash(&entry).as_bytes();
        entries.push((kind, statement, entry));
    }
    entries
}

/// The tree over the three entries: each one's path, and the root.
pub(crate) fn tree() -> ([Vec<[u8; 32]>; 3], [u8; 32]) {
    let [a, b, c]: [[u8; 32]; 3] =
        log().iter().map(|(_, _, entry)| leaf_hash(entry)).collect::<Vec<_>>().try_into().unwrap();
    let ab = node_hash(&a, &b);
    ([vec![b, c], vec![a, c], vec![ab]], node_hash(&ab, &c))
}

fn leaf_hash(entry: &[u8]) -> [u8; 32] {
    Sha256::digest([&[0], entry].concat()).into()
}

pub(super) fn node_hash(left: &[u8; 32], right: &[u8; 32]) -> [u8; 32] {
    Sha256::digest([[1].as_slice(), left, right].concat()).into()
}

fn bundle() -> Value {
    let (paths, root) = tree();
    let entries = log();
    let subject = *blake3::hash(&entries[2].1).as_bytes();
    let checkpoint = signed_checkpoint(3, &root);
    let proved = entries.iter().zip(&paths).map(|((_, _, entry), path)| {
        let path = path.iter().map(|hash| Item::Bytes(hash.to_vec())).collect();
        Item::List(vec![Item::Bytes(entry.clone()), Item::List(path)])
    });
    let assertion = instances::all().into_iter().find(|i| i.kind == "assertion" && i.name == "full").unwrap();
    let parts = [
        Item::text("writ/bundle/1"),
        Item::Bytes(subject.to_vec()),
        Item::text(&checkpoint),
        Item::List(proved.collect()),
        Item::List(vec![Item::Bytes(statement(&assertion, -19))]),
    ];
    let mut bytes = Item::List([parts.as_slice(), &[Item::Bytes(vec![0; 32])]].concat()).encode();
    bytes.truncate(bytes.len() - 32);
    let digest = blake3::hash(&bytes);
    bytes.extend_from_slice(digest.as_bytes());
    let shown = |(at, (_, _, entry)): (usize, &(_, _, Vec<u8>))| json!({"entry": hex(entry), "path": paths[at].iter().map(hex).collect::<Vec<_>>()});
    json!({
        "description": "All three entries of a log, each with its path to the root of the signed checkpoint.",
        "subject": hex(subject),
        "checkpoint": checkpoint,
        "root": hex(root),
        "entries": entries.iter().enumerate().map(shown).collect::<Vec<_>>(),
        "assertions": [hex(statement(&assertion, -19))],
        "bundle": hex(&bytes),
    })
}

/// The seven items of an omission, less the digest.
pub(crate) fn omission_parts() -> Vec<Item> {
    let (paths, root) = tree();
    let entries = log();
    let proved = [0, 2].map(|at| {
        let path = paths[at].iter().map(|hash| Item::Bytes(hash.to_vec())).collect();
        Item::List(vec![Item::Bytes(entries[at].2.clone()), Item::List(path)])
    });
    let assertion = instances::all().into_iter().find(|i| i.kind == "assertion" && i.name == "full").unwrap();
    vec![
        Item::text("writ/omission/1"),
        Item::Bytes(vec![1; 16]),
        Item::Int(2),
        Item::text(&signed_checkpoint(3, &root)),
        Item::Bytes(statement(&assertion, -19)),
        Item::List(proved.to_vec()),
    ]
}

/// The bytes of a list whose last item is the hash of all before it.
pub(crate) fn sealed(mut parts: Vec<Item>) -> Vec<u8> {
    parts.push(Item::Bytes(vec![0; 32]));
    let mut bytes = Item::List(parts).encode();
    bytes.truncate(bytes.len() - 32);
    let digest = blake3::hash(&bytes);
    [bytes, digest.as_bytes().to_vec()].concat()
}

fn omission() -> Value {
    let (paths, root) = tree();
    let entries = log();
    let assertion = instances::all().into_iter().find(|i| i.kind == "assertion" && i.name == "full").unwrap();
    let shown = [0, 2].map(
        |at| json!({"entry": hex(&entries[at].2), "path": paths[at].iter().map(hex).collect::<Vec<_>>()}),
    );
    json!({
        "description": "An answer about a term, and the genesis and the entry that it is said to be wrong about.",
        "term": hex([1; 16]),
        "index": 2,
        "checkpoint": signed_checkpoint(3, &root),
        "assertion": hex(statement(&assertion, -19)),
        "entries": shown,
        "omission": hex(sealed(omission_parts())),
    })
}

#[test]
fn every_omission_is_what_its_vector_says() {
    for (path, vector) in all("omissions") {
        let omission_bytes = bytes(&vector, "omission");
        let omission = Omission::decode(&omission_bytes).unwrap_or_else(|e| panic!("{path}: {e}"));
        let shown = omission.entries.iter().map(|proved| {
            json!({"entry": hex(&proved.entry), "path": proved.path.iter().map(TreeHash::to_hex).collect::<Vec<_>>()})
        });
        assert_eq!(omission.term.to_hex(), text(&vector, "term"), "{path}");
        assert_eq!(omission.index.0, vector["index"].as_u64().unwrap(), "{path}");
        assert_eq!(omission.checkpoint, text(&vector, "checkpoint"), "{path}");
        assert_eq!(hex(&omission.assertion.0), text(&vector, "assertion"), "{path}");
        assert_eq!(json!(shown.collect::<Vec<_>>()), vector["entries"], "{path}");
        assert_eq!(omission.encode().unwrap(), omission_bytes, "{path}");
        assert!(Omission::is_named(&omission_bytes), "{path}");
        assert!(
            Grammar::load().accepts("omission", &omission_bytes) && oracle::accepts(&omission_bytes),
            "{path}"
        );
    }
}

#[test]
fn every_entry_is_what_its_vector_says_and_links_to_the_one_before() {
    let grammar = Grammar::load();
    let mut prev = EntryHash::of_origin(ORIGIN);
    for (path, vector) in all("entries") {
        let entry_bytes = bytes(&vector, "entry");
        let entry = Entry::decode(&entry_bytes).unwrap_or_else(|e| panic!("{path}: {e}"));
        let expected = Entry {
            index: Index(vector["index"].as_u64().unwrap()),
            time: Time(vector["time"].as_u64().unwrap()),
            prev: EntryHash::from_hex(text(&vector, "prev")).unwrap(),
            statement: bytes(&vector, "statement"),
        };
        assert_eq!(entry, expected, "{path}");
        assert_eq!(entry.encode(), entry_bytes, "{path}");
        assert_eq!(entry.prev, prev, "{path}");
        prev = EntryHash::of(&entry_bytes);
        assert_eq!(prev.to_hex(), text(&vector, "hash"), "{path}");
        assert_eq!(hex(leaf_hash(&entry_bytes)), text(&vector, "leaf_hash"), "{path}");
        assert!(grammar.accepts("entry", &entry_bytes) && oracle::accepts(&entry_bytes), "{path}");
    }
}

#[test]
fn every_bundle_is_what_its_vector_says() {
    for (path, vector) in all("bundles") {
        let bundle_bytes = bytes(&vector, "bundle");
        let bundle = Bundle::decode(&bundle_bytes).unwrap_or_else(|e| panic!("{path}: {e}"));
        let entry = |proved: &Value| ProvedEntry {
            entry: bytes(proved, "entry"),
            path: proved["path"]
                .as_array()
                .unwrap()
                .iter()
                .map(|h| TreeHash::from_hex(h.as_str().unwrap()).unwrap())
                .collect(),
        };
        assert_eq!(bundle.subject, StatementId::from_hex(text(&vector, "subject")).unwrap(), "{path}");
        assert_eq!(bundle.checkpoint, text(&vector, "checkpoint"), "{path}");
        assert_eq!(
            bundle.entries,
            vector["entries"].as_array().unwrap().iter().map(entry).collect::<Vec<_>>(),
            "{path}"
        );
        let assertions: Vec<String> = bundle.assertions.iter().map(|bytes| hex(&bytes.0)).collect();
        assert_eq!(json!(assertions), vector["assertions"], "{path}");
        assert_eq!(bundle.encode().unwrap(), bundle_bytes, "{path}");
        assert!(Grammar::load().accepts("bundle", &bundle_bytes) && oracle::accepts(&bundle_bytes), "{path}");
    }
}
