//! Bytes that are no receipt, and no statement with a receipt in it.

use super::{Case, case, long_case};
use crate::item::Item;
use crate::vectors::places::log;
use crate::vectors::receipts::{PLACE, framed, parts, proofs, transparent};

pub(super) fn make() -> Vec<Case> {
    [frames(), headers(), proof_forms(), transparents()].concat()
}

fn frames() -> Vec<Case> {
    let (parts, whole) = (parts(1), parts(1).receipt());
    let Item::Tag(_, items) = Item::decode(&whole) else { unreachable!() };
    let Item::List(items) = *items else { unreachable!() };
    let [protected, unprotected, _, signature] = <[Item; 4]>::try_from(items).unwrap();
    let with = |name, description: &str, payload: Item, signature: Item| {
        let receipt = framed(protected.clone(), unprotected.clone(), payload, signature);
        case("receipt", name, description, receipt.encode())
    };
    let root = Item::Bytes(parts.root.to_vec());
    vec![
        long_case(
            "receipt",
            "receipt-too-large/one-beyond",
            "One byte more than a receipt may have.",
            vec![(vec![0xd2], 1), (vec![0x84], 8_192)],
        ),
        case("receipt", "not-a-receipt/untagged", "The tag is missing.", whole[1..].to_vec()),
        with("not-a-receipt/attached", "The root is attached as the payload.", root, signature.clone()),
        with(
            "cbor-simple/receipt-signature",
            "The signature is nil: the one nil of a receipt is its payload.",
            Item::Null,
            Item::Null,
        ),
        with(
            "signature-length/receipt-63",
            "The signature has 63 bytes.",
            Item::Null,
            Item::Bytes(vec![1; 63]),
        ),
        with("unsigned/receipt", "The signature has no byte.", Item::Null, Item::Bytes(vec![])),
        case(
            "receipt",
            "cbor-trailing-bytes/receipt",
            "A byte follows the receipt.",
            [whole.as_slice(), &[0]].concat(),
        ),
        case(
            "receipt",
            "cbor-truncated/receipt",
            "The last byte is missing.",
            whole[..whole.len() - 1].to_vec(),
        ),
    ]
}

fn headers() -> Vec<Case> {
    let changed = |name, description: &str, label: i64, value: Option<Item>| {
        let mut parts = parts(1);
        let Item::Map(fields) = &mut parts.header else { unreachable!() };
        fields.retain(|(key, _)| *key != Item::Int(label));
        fields.extend(value.map(|value| (Item::Int(label), value)));
        case("receipt", name, description, parts.receipt())
    };
    let claims = |iss: &str| {
        Item::Map(vec![(Item::Int(1), Item::text(iss)), (Item::Int(2), Item::text("agent:planner/7"))])
    };
    let place = |version, prev: usize| {
        Item::List([[version, 1, 5].map(Item::Int).as_slice(), &[Item::Bytes(vec![1; prev])]].concat())
    };
    vec![
        changed("algorithm/receipt-eddsa", "The receipt names EdDSA (-8).", 1, Some(Item::Int(-8))),
        changed("receipt-header/kid", "The kid has 31 bytes.", 4, Some(Item::Bytes(vec![1; 31]))),
        changed("receipt-header/no-claims", "The claims are missing.", 15, None),
        changed("receipt-header/no-place", "The place is missing.", PLACE, None),
        changed("receipt-header/place-version", "The place is of version 2.", PLACE, Some(place(2, 32))),
        changed("receipt-header/place-prev", "The place's link has 31 bytes.", PLACE, Some(place(1, 31))),
        changed(
            "receipt-header/critical",
            "The header lists critical labels.",
            2,
            Some(Item::List(vec![Item::Int(395)])),
        ),
        changed("receipt-data-structure/ccf", "The data structure is CCF's (2).", 395, Some(Item::Int(2))),
        changed("issuer/receipt", "The issuer is no URI.", 15, Some(claims("the log"))),
    ]
}

fn proof_forms() -> Vec<Case> {
    let whole = parts(1);
    let proof = |name, description: &str, place: &str, value: Item| {
        let proof = whole.proof.with(&[place], value);
        case("receipt", name, description, whole.with_proofs(proofs(vec![proof])))
    };
    let other = |name, description: &str, unprotected: Item| {
        case("receipt", name, description, whole.with_proofs(unprotected))
    };
    let keyed = |key: i64| {
        let proofs = Item::List(vec![Item::Bytes(whole.proof.encode())]);
        Item::Map(vec![(Item::Int(396), Item::Map(vec![(Item::Int(key), proofs)]))])
    };
    let hashes = |count| Item::List(vec![Item::Bytes(vec![1; 32]); count]);
    vec![
        other("receipt-proofs/none", "There is no proof.", proofs(vec![])),
        other(
            "receipt-proofs/two",
            "There are two proofs.",
            proofs(vec![whole.proof.clone(), whole.proof.clone()]),
        ),
        other("receipt-proofs/empty", "The unprotected header is empty.", Item::Map(vec![])),
        other("receipt-proofs/consistency", "It proves consistency (-2).", keyed(-2)),
        other("receipt-proofs/unknown", "It proves something unknown (-3).", keyed(-3)),
        proof("receipt-proof/size", "The size is a text.", "0", Item::text("3")),
        proof("receipt-proof/empty-tree", "The tree has no leaf.", "0", Item::Int(0)),
        proof("receipt-proof/beyond", "The leaf is not below the size.", "0", Item::Int(1)),
        proof(
            "receipt-proof/short-hash",
            "A hash has 31 bytes.",
            "2",
            Item::List(vec![Item::Bytes(vec![1; 31])]),
        ),
        proof("receipt-index/other", "The proof is for another leaf than the place.", "1", Item::Int(0)),
        proof("receipt-too-many-hashes/64", "64 hashes.", "2", hashes(64)),
    ]
}

fn transparents() -> Vec<Case> {
    let (statement, receipt) = (&log()[1].1, parts(1).receipt());
    let one = |name, description: &str, bytes| case("transparent", name, description, bytes);
    vec![
        one("not-transparent/none", "The list of receipts is empty.", transparent(statement, &[])),
        one(
            "not-transparent/two",
            "There are two receipts.",
            transparent(statement, &[receipt.clone(), receipt.clone()]),
        ),
        one("not-transparent/statement", "The statement carries no receipt.", statement.clone()),
        one("not-transparent/receipt", "It is a receipt.", {
            let Item::Tag(_, items) = Item::decode(&receipt) else { unreachable!() };
            let Item::List(mut items) = *items else { unreachable!() };
            items[2] = Item::Bytes(vec![1]);
            Item::Tag(18, Box::new(Item::List(items))).encode()
        }),
    ]
}
