//! What the scanner refuses, met inside a signed statement.

use super::{Case, case, long_case};
use crate::instances;
use crate::item::Item;
use crate::vectors::signer::{Signer, envelope};
use crate::vectors::statements;

pub(super) fn make() -> Vec<Case> {
    [containers(), keys(), values(), ends()].concat()
}

/// Arrays, maps and tags.
fn containers() -> Vec<Case> {
    let deep = |levels: usize| [vec![0x81; levels], vec![0x00]].concat();
    // The payload and its map of extensions are two levels; the value begins the third.
    let ext = |value: Vec<u8>| {
        let map = [vec![0xa1, 0x65], b"urn:x".to_vec(), value].concat();
        payload(&|fields| insert(fields, "ext", &map))
    };
    let whole = signed(&payload(&|_| {}));
    let seventeen = [vec![0xd2], vec![0x81; 17]].concat();
    vec![
        within(
            "cbor-depth/ext",
            "An extension value so deep that the payload nests 17 levels.",
            &ext(deep(15)),
        ),
        long_case(
            "statement",
            "cbor-depth/bomb",
            "Nothing but nested arrays.",
            vec![(vec![0x81], 60_000), (vec![0x80], 1)],
        ),
        case("statement", "cbor-depth/tagged", "A tag and 17 arrays.", [seventeen, vec![0x00]].concat()),
        within("cbor-tag/epoch", "`at` is tagged as a time (tag 1).", &at(&[0xc1, 0x05])),
        within(
            "cbor-tag/inner-18",
            "`at` carries tag 18, which stands only at the start.",
            &at(&[0xd2, 0x05]),
        ),
        case(
            "statement",
            "cbor-tag/other",
            "The statement carries tag 98 (COSE_Sign) in place of 18.",
            [&[0xd8, 0x62], &whole[1..]].concat(),
        ),
        within("cbor-indefinite/text", "`tenant` is a text in chunks.", &tenant(&[0x7f, 0x61, b'a', 0xff])),
        case(
            "statement",
            "cbor-indefinite/array",
            "The array of the COSE_Sign1 has no definite length.",
            [&[0xd2, 0x9f], &whole[2..], &[0xff]].concat(),
        ),
        long_case(
            "bundle",
            "cbor-items/array",
            "An array of four million numbers.",
            vec![(vec![0x9a, 0x00, 0x3d, 0x09, 0x00], 1), (vec![0x00], 4_000_000)],
        ),
    ]
}

/// Keys of maps.
fn keys() -> Vec<Case> {
    vec![
        within(
            "cbor-duplicate-key/payload",
            "The payload has the field `at` twice.",
            &payload(&|fields| {
                let at = fields.iter().find(|(key, _)| *key == Item::text("at").encode()).unwrap().clone();
                fields.push(at);
                fields.sort();
            }),
        ),
        within(
            "cbor-unsorted-key/payload",
            "The first two fields of the payload are exchanged.",
            &payload(&|fields| {
                fields.swap(0, 1);
            }),
        ),
        within(
            "cbor-unsorted-key/alphabetical",
            "Fields are in the alphabetical order of their names.",
            &payload(&|fields| {
                fields.sort_by_key(|(key, _)| key[1..].to_vec());
            }),
        ),
        case(
            "statement",
            "cbor-unsorted-key/header",
            "The labels of the protected header are not in order.",
            {
                let signer = statements::signer("delegation");
                let Item::Map(fields) = signer.header(-19, "agent:planner/7") else { unreachable!() };
                let raw: Vec<_> =
                    fields.iter().rev().map(|(key, value)| (key.encode(), value.encode())).collect();
                signer.statement(&raw_map(&raw), &payload(&|_| {}))
            },
        ),
    ]
}

/// Numbers, texts and simple values.
fn values() -> Vec<Case> {
    vec![
        within("cbor-simple/null", "`at` is null.", &at(&[0xf6])),
        within("cbor-simple/undefined", "`at` is undefined.", &at(&[0xf7])),
        within("cbor-simple/half", "`at` is the half-precision float 1.0.", &at(&[0xf9, 0x3c, 0x00])),
        within(
            "cbor-simple/double",
            "`at` is the double-precision float 1.5.",
            &at(&[0xfb, 0x3f, 0xf8, 0, 0, 0, 0, 0, 0]),
        ),
        within("cbor-simple/one-byte", "`at` is the simple value 32.", &at(&[0xf8, 0x20])),
        within("cbor-integer-range/large", "`at` is 2^53.", &at(&[0x1b, 0x00, 0x20, 0, 0, 0, 0, 0, 0])),
        within(
            "cbor-integer-range/small",
            "`at` is -(2^53).",
            &at(&[0x3b, 0x00, 0x1f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
        ),
        within("cbor-utf8/tenant", "`tenant` is a text that is not UTF-8.", &tenant(&[0x61, 0xff])),
        within(
            "cbor-utf8/surrogate",
            "`tenant` is the UTF-8 spelling of a surrogate.",
            &tenant(&[0x63, 0xed, 0xa0, 0x80]),
        ),
        within("cbor-not-shortest/integer", "`at` is 5 in two bytes.", &at(&[0x18, 0x05])),
        within(
            "cbor-not-shortest/length",
            "The length of `tenant` takes two bytes and needs one.",
            &tenant(&[0x78, 0x01, b'a']),
        ),
        within("cbor-reserved/info-28", "`at` begins with reserved additional information 28.", &at(&[0x1c])),
    ]
}

/// Input that ends too early or too late.
fn ends() -> Vec<Case> {
    let whole = signed(&payload(&|_| {}));
    vec![
        case(
            "statement",
            "cbor-trailing-bytes/statement",
            "A byte follows the statement.",
            [whole.as_slice(), &[0x00]].concat(),
        ),
        within(
            "cbor-trailing-bytes/payload",
            "A byte follows the payload, inside its byte string.",
            &[payload(&|_| {}).as_slice(), &[0x00]].concat(),
        ),
        case(
            "statement",
            "cbor-truncated/statement",
            "The last byte is missing.",
            whole[..whole.len() - 1].to_vec(),
        ),
        case("statement", "cbor-truncated/empty", "No byte.", vec![]),
        case(
            "statement",
            "cbor-truncated/length",
            "A byte string that claims more bytes than there could be.",
            vec![0x5b, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
        ),
    ]
}

/// The payload with another value of `at`.
fn at(value: &[u8]) -> Vec<u8> {
    payload(&|fields| set(fields, "at", value))
}

/// The payload with another value of `tenant`.
fn tenant(value: &[u8]) -> Vec<u8> {
    payload(&|fields| set(fields, "tenant", value))
}

type Fields = Vec<(Vec<u8>, Vec<u8>)>;

/// The payload of the least delegation, its encoded fields changed.
pub(super) fn payload(change: &dyn Fn(&mut Fields)) -> Vec<u8> {
    let instance =
        instances::all().into_iter().find(|i| i.kind == "delegation" && i.name == "minimal").unwrap();
    let Item::Map(fields) = Item::decode(&instance.payload().to_bytes().unwrap()) else { unreachable!() };
    let mut raw: Fields = fields.iter().map(|(key, value)| (key.encode(), value.encode())).collect();
    raw.sort();
    change(&mut raw);
    raw_map(&raw)
}

/// A map of encoded fields in the order given.
fn raw_map(fields: &[(Vec<u8>, Vec<u8>)]) -> Vec<u8> {
    let fields_bytes = fields.iter().flat_map(|(key, value)| [key.as_slice(), value].concat());
    [0xa0 | u8::try_from(fields.len()).unwrap()].into_iter().chain(fields_bytes).collect()
}

fn set(fields: &mut Fields, name: &str, value: &[u8]) {
    let field = fields.iter_mut().find(|(key, _)| *key == Item::text(name).encode()).unwrap();
    field.1 = value.to_vec();
}

fn insert(fields: &mut Fields, name: &str, value: &[u8]) {
    fields.push((Item::text(name).encode(), value.to_vec()));
    fields.sort();
}

/// A statement that is right but for its payload, and rightly signed.
pub(super) fn signed(payload: &[u8]) -> Vec<u8> {
    let signer = statements::signer("delegation");
    signer.statement(&signer.header(-19, "agent:planner/7").encode(), payload)
}

fn within(name: &'static str, description: &str, payload: &[u8]) -> Case {
    case("statement", name, description, signed(payload))
}

/// An envelope whose parts are given one by one, signed over what is signed.
pub(super) fn assembled(
    signer: &Signer,
    header: &Item,
    unprotected: Item,
    payload: &[u8],
    signature: Option<Vec<u8>>,
) -> Vec<u8> {
    let protected = header.encode();
    let signed = signer.sign(&crate::vectors::signer::sig_structure(&protected, payload)).to_vec();
    envelope(&protected, unprotected, payload, &signature.unwrap_or(signed))
}
