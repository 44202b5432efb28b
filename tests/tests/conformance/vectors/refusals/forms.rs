//! Canonical bytes that are no statement, entry, bundle or tile.

use super::cbor::{assembled, payload, signed};
use super::{Case, case, long_case};
use crate::instances;
use crate::item::Item;
use crate::vectors::places;
use crate::vectors::statements;
use crate::vectors::texts::signed_checkpoint;

pub(super) fn make() -> Vec<Case> {
    [envelopes(), payloads(), rules(), entries(), bundles(), tiles()].concat()
}

fn envelopes() -> Vec<Case> {
    let signer = statements::signer("delegation");
    let payload = payload(&|_| {});
    let good = || signer.header(-19, "agent:planner/7");
    let with = |label: i64, value: Item| {
        let Item::Map(mut fields) = good() else { unreachable!() };
        fields.retain(|(key, _)| *key != Item::Int(label));
        fields.push((Item::Int(label), value));
        Item::Map(fields)
    };
    let without = |label: i64| {
        let Item::Map(mut fields) = good() else { unreachable!() };
        fields.retain(|(key, _)| *key != Item::Int(label));
        Item::Map(fields)
    };
    let header = |code, name: &str, description: &str, header: Item| {
        case(
            "statement",
            code,
            name,
            description,
            assembled(&signer, &header, Item::Map(vec![]), &payload, None),
        )
    };
    let claims = |claims: &[(i64, &str)]| {
        Item::Map(claims.iter().map(|(label, text)| (Item::Int(*label), Item::text(text))).collect())
    };
    let whole = signed(&payload);
    let signature = |code, name: &str, description: &str, bytes: Vec<u8>| {
        case(
            "statement",
            code,
            name,
            description,
            assembled(&signer, &good(), Item::Map(vec![]), &payload, Some(bytes)),
        )
    };
    vec![
        long_case(
            "statement",
            "statement-too-large",
            "one-beyond",
            "One byte more than a statement may have.",
            vec![(vec![0x00], 65_001)],
        ),
        case(
            "statement",
            "not-cose-sign1",
            "untagged",
            "The array of a COSE_Sign1 without tag 18.",
            whole[1..].to_vec(),
        ),
        case("statement", "not-cose-sign1", "three-parts", "The signature's place is missing.", {
            let Item::Tag(_, parts) = Item::decode(&whole) else { unreachable!() };
            let Item::List(parts) = *parts else { unreachable!() };
            Item::Tag(18, Box::new(Item::List(parts[..3].to_vec()))).encode()
        }),
        case("statement", "not-cose-sign1", "number", "A number.", vec![0x05]),
        case("statement", "unprotected-header", "kid", "The kid stands in the unprotected header, too.", {
            let unprotected = Item::Map(vec![(Item::Int(4), Item::Bytes(vec![1]))]);
            assembled(&signer, &good(), unprotected, &payload, None)
        }),
        header("algorithm", "es256", "The header names ES256 (-7).", with(1, Item::Int(-7))),
        header("algorithm", "ed448", "The header names Ed448 (-53).", with(1, Item::Int(-53))),
        header("algorithm", "absent", "The header names no algorithm.", without(1)),
        header(
            "critical-header",
            "alg",
            "The header marks label 1 as critical.",
            with(2, Item::List(vec![Item::Int(1)])),
        ),
        header(
            "protected-header",
            "content-type",
            "The content type is another.",
            with(3, Item::text("application/cbor")),
        ),
        header("protected-header", "no-content-type", "There is no content type.", without(3)),
        header("protected-header", "kid-length", "The kid has 31 bytes.", with(4, Item::Bytes(vec![1; 31]))),
        header("protected-header", "no-kid", "There is no kid.", without(4)),
        header(
            "protected-header",
            "further-label",
            "There is a label more (16, typ).",
            with(16, Item::text("x")),
        ),
        header(
            "protected-header",
            "iv",
            "There is an initialisation vector (5).",
            with(5, Item::Bytes(vec![1])),
        ),
        header("protected-header", "no-claims", "There are no claims.", without(15)),
        header(
            "protected-header",
            "no-sub",
            "The claims lack sub.",
            with(15, claims(&[(1, "user:alice@corp")])),
        ),
        header("protected-header", "further-claim", "The claims have one more (3, aud).", {
            with(15, claims(&[(1, "user:alice@corp"), (2, "agent:planner/7"), (3, "x")]))
        }),
        header(
            "issuer",
            "no-uri",
            "The issuer is not a URI.",
            with(15, claims(&[(1, "alice"), (2, "agent:planner/7")])),
        ),
        signature("unsigned", "no-byte", "The signature has no byte.", vec![]),
        signature("signature-length", "short", "The signature has 63 bytes.", vec![9; 63]),
        header("subject-mismatch", "other", "The header's subject is not what the payload is about.", {
            signer.header(-19, "agent:other")
        }),
    ]
}

fn payloads() -> Vec<Case> {
    let root: &[&str] = &[];
    vec![
        changed(
            "unknown-field",
            "payload",
            "The payload has a field `color`.",
            root,
            added("color", Item::Int(1)),
        ),
        changed(
            "unknown-field",
            "body",
            "The body has a field `color`.",
            &["body"],
            added("color", Item::Int(1)),
        ),
        changed(
            "unknown-field",
            "grant",
            "A grant has a field `color`.",
            &["body", "scope", "0"],
            added("color", Item::Int(1)),
        ),
        changed("missing-field", "at", "The payload has no `at`.", root, dropped("at")),
        changed("missing-field", "v", "The payload has no `v`.", root, dropped("v")),
        changed(
            "missing-field",
            "delegator",
            "The body has no `delegator`.",
            &["body"],
            dropped("delegator"),
        ),
        changed("unknown-version", "two", "The payload is of version 2.", &["v"], |_| Item::Int(2)),
        changed("unknown-kind", "delegate", "There is no kind `delegate`.", &["kind"], |_| {
            Item::text("delegate")
        }),
        changed("unknown-value", "vantage", "There is no vantage `afar`.", &["vantage"], |_| {
            Item::text("afar")
        }),
        changed("unknown-value", "autonomy", "There is no autonomy `free`.", &["body", "autonomy"], |_| {
            Item::text("free")
        }),
        changed("invalid-field", "principal", "The delegator is not a URI.", &["body", "delegator"], |_| {
            Item::text("alice")
        }),
        changed("invalid-field", "tenant", "The tenant has a space.", &["tenant"], |_| Item::text("a b")),
        changed("invalid-field", "type", "`at` is a text.", &["at"], |_| Item::text("5")),
        changed("invalid-field", "log-length", "The log id has 31 bytes.", &["log"], |_| {
            Item::Bytes(vec![1; 31])
        }),
        changed(
            "invalid-field",
            "digest-length",
            "A digest has 15 bytes.",
            &["body", "evidence", "0", "digest", "value"],
            |_| Item::Bytes(vec![1; 15]),
        ),
        changed(
            "invalid-field",
            "pattern",
            "A pattern has `*` within a segment.",
            &["body", "scope", "0", "actions", "0"],
            |_| Item::text("payments:re*"),
        ),
        changed(
            "invalid-field",
            "reference",
            "A parent is neither an id nor a reference.",
            &["body", "parents", "0"],
            |_| Item::List(vec![Item::text("jti")]),
        ),
        changed(
            "other-form",
            "empty-list",
            "`parents` is empty and should be absent.",
            &["body", "parents"],
            |_| Item::List(vec![]),
        ),
        changed(
            "other-form",
            "false",
            "`inherited` is false and should be absent.",
            &["body", "inherited"],
            |_| Item::Bool(false),
        ),
        changed(
            "other-form",
            "list-for-map",
            "A grant is a list of its values.",
            &["body", "scope", "1"],
            |_| Item::List(vec![Item::List(vec![]), Item::List(vec![])]),
        ),
        changed(
            "other-form",
            "bytes-for-name",
            "The name of the field `v` is a byte string.",
            root,
            |payload| {
                let Item::Map(mut fields) = payload else { unreachable!() };
                fields
                    .iter_mut()
                    .filter(|(key, _)| *key == Item::text("v"))
                    .for_each(|field| field.0 = Item::Bytes(b"v".to_vec()));
                Item::Map(fields)
            },
        ),
    ]
}

/// Rules across fields.
fn rules() -> Vec<Case> {
    let root: &[&str] = &[];
    vec![
        changed("invalid-field", "no-log", "The payload names no log.", root, dropped("log")),
        changed("invalid-field", "stream-alone", "`stream` stands without `seq`.", root, dropped("seq")),
        changed(
            "invalid-field",
            "imported-without-source",
            "An imported statement names no source.",
            &["vantage"],
            |_| Item::text("imported"),
        ),
        changed("invalid-field", "to-itself", "The delegatee is the delegator.", root, |payload| {
            let Item::Map(fields) = &payload else { unreachable!() };
            let body = fields.iter().find(|(key, _)| *key == Item::text("body")).unwrap().1.clone();
            let body = dropped("credential")(body).with(&["delegatee"], Item::text("agent:planner/7"));
            payload.with(&["body"], body)
        }),
        changed(
            "invalid-field",
            "ends-before",
            "The delegation expires before it begins.",
            &["body", "expires"],
            |_| Item::Int(4),
        ),
        changed(
            "invalid-field",
            "empty-limit",
            "A limit bounds nothing.",
            &["body", "scope", "0", "limits", "count"],
            |_| Item::Map(vec![]),
        ),
        changed(
            "invalid-field",
            "word-as-bound",
            "A limit's max is a word.",
            &["body", "scope", "0", "limits", "eur", "max"],
            |_| Item::text("1.50"),
        ),
    ]
}

/// A rightly signed statement whose payload is the fullest delegation with one place changed.
fn changed(
    code: &'static str,
    name: &str,
    description: &str,
    path: &[&str],
    change: impl FnOnce(Item) -> Item,
) -> Case {
    let instance = instances::all().into_iter().find(|i| i.kind == "delegation" && i.name == "full").unwrap();
    let whole = Item::decode(&instance.payload().to_bytes().unwrap());
    let place = path.iter().fold(whole.clone(), |item, part| match item {
        Item::List(items) => items[part.parse::<usize>().unwrap()].clone(),
        Item::Map(fields) => fields.into_iter().find(|(key, _)| *key == Item::text(part)).unwrap().1,
        other => panic!("{other:?}"),
    });
    let signer = statements::signer("delegation");
    let payload = whole.with(path, change(place)).encode();
    case(
        "statement",
        code,
        name,
        description,
        signer.statement(&signer.header(-19, "refund-4711").encode(), &payload),
    )
}

fn added(name: &'static str, value: Item) -> impl Fn(Item) -> Item {
    move |item| {
        let Item::Map(mut fields) = item else { unreachable!() };
        fields.push((Item::text(name), value.clone()));
        Item::Map(fields)
    }
}

fn dropped(name: &'static str) -> impl Fn(Item) -> Item {
    move |item| {
        let Item::Map(mut fields) = item else { unreachable!() };
        fields.retain(|(key, _)| *key != Item::text(name));
        Item::Map(fields)
    }
}

fn entries() -> Vec<Case> {
    let entry = Item::decode(&places::log()[0].2);
    let with = |name: &str, description: &str, place: &str, value: Item| {
        case("entry", "not-an-entry", name, description, entry.with(&[place], value).encode())
    };
    let Item::List(items) = &entry else { unreachable!() };
    vec![
        long_case(
            "entry",
            "entry-too-large",
            "one-beyond",
            "One byte more than an entry may have.",
            vec![(vec![0x00], 65_536)],
        ),
        with("version", "The entry is of version 2.", "0", Item::Int(2)),
        with("index", "The index is negative.", "1", Item::Int(-1)),
        with("time", "The time is a text.", "2", Item::text("5")),
        with("prev", "The link has 31 bytes.", "3", Item::Bytes(vec![1; 31])),
        with("statement", "The statement is a text.", "4", Item::text("x")),
        case(
            "entry",
            "not-an-entry",
            "four-items",
            "The statement is missing.",
            Item::List(items[..4].to_vec()).encode(),
        ),
        case(
            "entry",
            "cbor-trailing-bytes",
            "entry",
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
    let closed = |mut parts: Vec<Item>| {
        parts.push(Item::Bytes(vec![0; 32]));
        let mut bytes = Item::List(parts).encode();
        bytes.truncate(bytes.len() - 32);
        let digest = blake3::hash(&bytes);
        [bytes, digest.as_bytes().to_vec()].concat()
    };
    let whole = closed(parts("writ/bundle/1", vec![]));
    let mut changed = whole.clone();
    *changed.last_mut().unwrap() ^= 1;
    let entry = Item::List(vec![Item::Bytes(vec![]), Item::List(vec![])]);
    let many = closed(parts("writ/bundle/1", vec![entry; 4_097]));
    vec![
        long_case(
            "bundle",
            "bundle-too-large",
            "one-beyond",
            "One byte more than a bundle may have.",
            vec![(vec![0x00], 64 * 1024 * 1024 + 1)],
        ),
        case("bundle", "bundle-digest", "flipped", "One bit of the digest is flipped.", changed),
        case(
            "bundle",
            "not-a-bundle",
            "magic",
            "The first item is `writ/bundle/2`.",
            closed(parts("writ/bundle/2", vec![])),
        ),
        case("bundle", "bundle-too-many-entries", "one-beyond", "4,097 entries.", many),
        case("bundle", "invalid-field", "number", "A number.", vec![0x05]),
        case(
            "bundle",
            "cbor-truncated",
            "cut",
            "The last byte is missing.",
            whole[..whole.len() - 1].to_vec(),
        ),
        case(
            "bundle",
            "cbor-trailing-bytes",
            "bundle",
            "A byte follows the bundle.",
            [whole.as_slice(), &[0]].concat(),
        ),
    ]
}

fn tiles() -> Vec<Case> {
    vec![
        case("tile", "tile-length", "empty", "No hash.", vec![]),
        case("tile", "tile-length", "part", "A hash and a half.", vec![7; 48]),
        long_case("tile", "tile-length", "257", "257 hashes.", vec![(vec![7; 32], 257)]),
        case("tile-path", "tile-path", "level", "Level 64 is beyond the highest.", b"tile/64/000".to_vec()),
        case(
            "tile-path",
            "tile-path",
            "number",
            "The number has four digits in one group.",
            b"tile/0/1234".to_vec(),
        ),
        case(
            "tile-path",
            "tile-path",
            "long-number",
            "The number has a group of zeros in front.",
            b"tile/0/x000/001".to_vec(),
        ),
        case("tile-path", "tile-path", "width", "A partial tile of 256.", b"tile/0/000.p/256".to_vec()),
        case("entry-bundle", "entry-bundle-count", "empty", "No entry.", vec![]),
        long_case(
            "entry-bundle",
            "entry-bundle-count",
            "257",
            "257 entries of one byte.",
            vec![(vec![0, 1, 7], 257)],
        ),
        case("entry-bundle", "entry-bundle-truncated", "length", "The length of the entry is cut.", vec![0]),
        case(
            "entry-bundle",
            "entry-bundle-truncated",
            "entry",
            "The entry is shorter than its length.",
            vec![0, 2, 7],
        ),
    ]
}
