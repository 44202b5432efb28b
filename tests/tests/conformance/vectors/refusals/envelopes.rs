//! Envelopes of another form around a payload that is right.

use super::cbor::{assembled, payload, signed};
use super::{Case, case, long_case};
use crate::item::Item;
use crate::vectors::statements;

/// What the payload is about.
const SUBJECT: &str = "agent:planner/7";

pub(super) fn make() -> Vec<Case> {
    [parts(), headers()].concat()
}

/// The parts of the COSE_Sign1.
fn parts() -> Vec<Case> {
    let signer = statements::signer("delegation");
    let (header, payload) = (signer.header(-19, SUBJECT), payload(&|_| {}));
    let whole = signed(&payload);
    let signature = |name: &'static str, description: &str, bytes: Vec<u8>| {
        let bytes = assembled(&signer, &header, Item::Map(vec![]), &payload, Some(bytes));
        case("statement", name, description, bytes)
    };
    vec![
        long_case(
            "statement",
            "statement-too-large/one-beyond",
            "One byte more than a statement may have.",
            vec![(vec![0x00], 65_001)],
        ),
        case(
            "statement",
            "not-cose-sign1/untagged",
            "The array of a COSE_Sign1 without tag 18.",
            whole[1..].to_vec(),
        ),
        case("statement", "not-cose-sign1/three-parts", "The signature's place is missing.", {
            let Item::Tag(_, parts) = Item::decode(&whole) else { unreachable!() };
            let Item::List(parts) = *parts else { unreachable!() };
            Item::Tag(18, Box::new(Item::List(parts[..3].to_vec()))).encode()
        }),
        case("statement", "not-cose-sign1/number", "A number.", vec![0x05]),
        case("statement", "unprotected-header/kid", "The kid stands in the unprotected header, too.", {
            let unprotected = Item::Map(vec![(Item::Int(4), Item::Bytes(vec![1]))]);
            assembled(&signer, &header, unprotected, &payload, None)
        }),
        signature("unsigned/no-byte", "The signature has no byte.", vec![]),
        signature("signature-length/short", "The signature has 63 bytes.", vec![9; 63]),
    ]
}

/// The protected header.
fn headers() -> Vec<Case> {
    let claims = |claims: &[(i64, &str)]| {
        Item::Map(claims.iter().map(|(label, text)| (Item::Int(*label), Item::text(text))).collect())
    };
    vec![
        header("algorithm/es256", "The header names ES256 (-7).", with(1, Item::Int(-7))),
        header("algorithm/ed448", "The header names Ed448 (-53).", with(1, Item::Int(-53))),
        header("algorithm/absent", "The header names no algorithm.", without(1)),
        header(
            "critical-header/alg",
            "The header marks label 1 as critical.",
            with(2, Item::List(vec![Item::Int(1)])),
        ),
        header(
            "protected-header/content-type",
            "The content type is another.",
            with(3, Item::text("application/cbor")),
        ),
        header("protected-header/no-content-type", "There is no content type.", without(3)),
        header("protected-header/kid-length", "The kid has 31 bytes.", with(4, Item::Bytes(vec![1; 31]))),
        header("protected-header/no-kid", "There is no kid.", without(4)),
        header(
            "protected-header/further-label",
            "There is a label more (16, typ).",
            with(16, Item::text("x")),
        ),
        header(
            "protected-header/iv",
            "There is an initialisation vector (5).",
            with(5, Item::Bytes(vec![1])),
        ),
        header("protected-header/no-claims", "There are no claims.", without(15)),
        header(
            "protected-header/no-sub",
            "The claims lack sub.",
            with(15, claims(&[(1, "user:alice@corp")])),
        ),
        header("protected-header/further-claim", "The claims have one more (3, aud).", {
            with(15, claims(&[(1, "user:alice@corp"), (2, SUBJECT), (3, "x")]))
        }),
        header("issuer/no-uri", "The issuer is not a URI.", with(15, claims(&[(1, "alice"), (2, SUBJECT)]))),
        header("subject-mismatch/other", "The header's subject is not what the payload is about.", {
            statements::signer("delegation").header(-19, "agent:other")
        }),
    ]
}

/// A statement under another header, rightly signed.
fn header(name: &'static str, description: &str, header: Item) -> Case {
    let signer = statements::signer("delegation");
    let bytes = assembled(&signer, &header, Item::Map(vec![]), &payload(&|_| {}), None);
    case("statement", name, description, bytes)
}

/// The right header without one of its labels.
fn without(label: i64) -> Item {
    let Item::Map(mut fields) = statements::signer("delegation").header(-19, SUBJECT) else { unreachable!() };
    fields.retain(|(key, _)| *key != Item::Int(label));
    Item::Map(fields)
}

/// The right header with another value under one label.
fn with(label: i64, value: Item) -> Item {
    let Item::Map(mut fields) = without(label) else { unreachable!() };
    fields.push((Item::Int(label), value));
    Item::Map(fields)
}
