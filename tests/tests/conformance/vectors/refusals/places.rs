//! Bytes that are no entry, bundle, fork proof or tile.

use super::{Case, case, long_case};
use crate::item::Item;
use crate::vectors::texts::signed_checkpoint;
use crate::vectors::{forks, places};

pub(super) fn make() -> Vec<Case> {
    [batches(), entries(), bundles(), forks(), omissions(), tiles()].concat()
}

fn batches() -> Vec<Case> {
    let cut = vec![0x01, 0x82, 0x01];
    vec![
        case("batch", "batch-empty/no-byte", "A batch of no byte.", vec![]),
        long_case(
            "batch",
            "batch-too-many/one-beyond",
            "One statement more than a batch may hold.",
            vec![(vec![0x01], 4_097)],
        ),
        case("batch", "cbor-truncated/batch", "The second statement of the batch is cut short.", cut),
    ]
}

fn entries() -> Vec<Case> {
    let entry = Item::decode(&places::log()[0].2);
    let with = |name: &'static str, description: &str, place: &str, value: Item| {
        case("entry", name, description, entry.with(&[place], value).encode())
    };
    let Item::List(items) = &entry else { unreachable!() };
    vec![
        long_case(
            "entry",
            "entry-too-large/one-beyond",
            "One byte more than an entry may have.",
            vec![(vec![0x00], 65_536)],
        ),
        with("not-an-entry/version", "The entry is of version 2.", "0", Item::Int(2)),
        with("not-an-entry/index", "The index is negative.", "1", Item::Int(-1)),
        with("not-an-entry/time", "The time is a text.", "2", Item::text("5")),
        with("not-an-entry/prev", "The link has 31 bytes.", "3", Item::Bytes(vec![1; 31])),
        with("not-an-entry/statement", "The statement is a text.", "4", Item::text("x")),
        case(
            "entry",
            "not-an-entry/four-items",
            "The statement is missing.",
            Item::List(items[..4].to_vec()).encode(),
        ),
        case(
            "entry",
            "cbor-trailing-bytes/entry",
            "A byte follows the entry.",
            [entry.encode(), vec![0]].concat(),
        ),
    ]
}

fn bundles() -> Vec<Case> {
    let root = places::tree().1;
    let parts = |magic: &str, entries: Vec<Item>| {
        let subject = Item::Bytes(vec![1; 32]);
        let checkpoint = Item::text(&signed_checkpoint(3, &root));
        vec![Item::text(magic), subject, checkpoint, Item::List(entries), Item::List(vec![])]
    };
    let whole = places::sealed(parts("writ/bundle/1", vec![]));
    let mut changed = whole.clone();
    *changed.last_mut().unwrap() ^= 1;
    let entry = Item::List(vec![Item::Bytes(vec![]), Item::List(vec![])]);
    let many = places::sealed(parts("writ/bundle/1", vec![entry; 4_097]));
    vec![
        long_case(
            "bundle",
            "bundle-too-large/one-beyond",
            "One byte more than a bundle may have.",
            vec![(vec![0x00], 64 * 1024 * 1024 + 1)],
        ),
        case("bundle", "bundle-digest/flipped", "One bit of the digest is flipped.", changed),
        case(
            "bundle",
            "not-a-bundle/magic",
            "The first item is `writ/bundle/2`.",
            places::sealed(parts("writ/bundle/2", vec![])),
        ),
        case("bundle", "bundle-too-many-entries/one-beyond", "4,097 entries.", many),
        case("bundle", "invalid-field/number", "A number.", vec![0x05]),
        case("bundle", "cbor-truncated/cut", "The last byte is missing.", whole[..whole.len() - 1].to_vec()),
        case(
            "bundle",
            "cbor-trailing-bytes/bundle",
            "A byte follows the bundle.",
            [whole.as_slice(), &[0]].concat(),
        ),
    ]
}

fn forks() -> Vec<Case> {
    let whole = forks::file("writ/fork/1", &forks::sample());
    let mut changed = whole.clone();
    *changed.last_mut().unwrap() ^= 1;
    vec![
        long_case(
            "fork",
            "fork-too-large/one-beyond",
            "One byte more than a fork proof may have.",
            vec![(vec![0x00], 600 * 1024 + 1)],
        ),
        case("fork", "fork-digest/flipped", "One bit of the digest is flipped.", changed),
        case(
            "fork",
            "not-a-fork/magic",
            "The first item is `writ/fork/2`.",
            forks::file("writ/fork/2", &forks::sample()),
        ),
        case("fork", "cbor-truncated/fork", "The last byte is missing.", whole[..whole.len() - 1].to_vec()),
        case(
            "fork",
            "cbor-trailing-bytes/fork",
            "A byte follows the proof.",
            [whole.as_slice(), &[0]].concat(),
        ),
    ]
}

fn omissions() -> Vec<Case> {
    let with = |at: usize, item: Item| {
        let mut parts = places::omission_parts();
        parts[at] = item;
        places::sealed(parts)
    };
    let whole = places::sealed(places::omission_parts());
    let mut changed = whole.clone();
    *changed.last_mut().unwrap() ^= 1;
    let entry = Item::List(vec![Item::Bytes(vec![]), Item::List(vec![])]);
    vec![
        long_case(
            "omission",
            "omission-too-large/one-beyond",
            "One byte more than an omission may have.",
            vec![(vec![0x00], 8 * 1024 * 1024 + 1)],
        ),
        case("omission", "omission-digest/flipped", "One bit of the digest is flipped.", changed),
        case(
            "omission",
            "not-an-omission/magic",
            "The first item is `writ/omission/2`.",
            with(0, Item::text("writ/omission/2")),
        ),
        case(
            "omission",
            "omission-too-many-entries/one-beyond",
            "65 entries.",
            with(5, Item::List(vec![entry; 65])),
        ),
        case("omission", "invalid-field/term", "The term has 15 bytes.", with(1, Item::Bytes(vec![1; 15]))),
        case(
            "omission",
            "cbor-truncated/omission",
            "The last byte is missing.",
            whole[..whole.len() - 1].to_vec(),
        ),
        case(
            "omission",
            "cbor-trailing-bytes/omission",
            "A byte follows the omission.",
            [whole.as_slice(), &[0]].concat(),
        ),
    ]
}

fn tiles() -> Vec<Case> {
    vec![
        case("tile", "tile-length/empty", "No hash.", vec![]),
        case("tile", "tile-length/part", "A hash and a half.", vec![7; 48]),
        long_case("tile", "tile-length/257", "257 hashes.", vec![(vec![7; 32], 257)]),
        case("tile-path", "tile-path/level", "Level 64 is beyond the highest.", b"tile/64/000".to_vec()),
        case(
            "tile-path",
            "tile-path/number",
            "The number has four digits in one group.",
            b"tile/0/1234".to_vec(),
        ),
        case(
            "tile-path",
            "tile-path/long-number",
            "The number has a group of zeros in front.",
            b"tile/0/x000/001".to_vec(),
        ),
        case("tile-path", "tile-path/width", "A partial tile of 256.", b"tile/0/000.p/256".to_vec()),
        case("entry-bundle", "entry-bundle-count/empty", "No entry.", vec![]),
        long_case(
            "entry-bundle",
            "entry-bundle-count/257",
            "257 entries of one byte.",
            vec![(vec![0, 1, 7], 257)],
        ),
        case("entry-bundle", "entry-bundle-truncated/length", "The length of the entry is cut.", vec![0]),
        case(
            "entry-bundle",
            "entry-bundle-truncated/entry",
            "The entry is shorter than its length.",
            vec![0, 2, 7],
        ),
    ]
}
