//! Names that are computed: index terms, key thumbprints, and what a new key signs.

use schemas::ids::{KeyId, LogId, PublicKey, StatementId, StreamId};
use schemas::kinds::{Digest, Ruling, pop_bytes};
use schemas::payload::Kind;
use schemas::reference::ForeignRef;
use schemas::term::Term;
use schemas::text::{Line, Name, Tenant};
use serde_json::json;

use super::signer::{Signer, thumbprint, verifies};
use super::{Vectors, all, bytes, hex, text};
use crate::grammar::Grammar;
use crate::item::Item;

/// RFC 8032 §7.1, TEST 1.
const PUBLIC: [u8; 32] = [
    0xd7, 0x5a, 0x98, 0x01, 0x82, 0xb1, 0x0a, 0xb7, 0xd5, 0x4b, 0xfe, 0xd3, 0xc9, 0x64, 0x07, 0x3a, 0x0e,
    0xe1, 0x72, 0xf3, 0xda, 0xa6, 0x23, 0x25, 0xaf, 0x02, 0x1a, 0x68, 0xf7, 0x07, 0x51, 0x1a,
];

pub(crate) fn make() -> Vectors {
    let mut made = Vectors::new();
    for (name, parts) in &parts_of_terms() {
        let term = [vec![Item::text("writ/term/1"), Item::text(name)], parts.clone()].concat();
        let term = Item::List(term);
        let id = blake3::hash(&term.encode());
        let vector = json!({
            "description": format!("The index term `{name}`."),
            "json": term.to_json(),
            "term": hex(term.encode()),
            "id": hex(&id.as_bytes()[..16]),
        });
        made.insert(format!("names/term-{name}.json"), vector);
    }
    made.insert(
        "names/thumbprint.json".into(),
        json!({
            "description": "The key id of the public key of RFC 8032 section 7.1, TEST 1.",
            "public": hex(PUBLIC),
            "kid": hex(thumbprint(&PUBLIC)),
        }),
    );
    let signer = Signer::new(7, "agent:planner/7");
    let pop = pop_item(&[0x10; 32], &signer).encode();
    made.insert(
        "names/pop.json".into(),
        json!({
            "description": "What a new key signs before it is registered for a principal of a log.",
            "log": hex([0x10; 32]),
            "principal": signer.iss,
            "seed": hex(signer.seed),
            "public": hex(signer.public()),
            "kid": hex(signer.kid()),
            "signed": hex(&pop),
            "pop": hex(signer.sign(&pop)),
        }),
    );
    made
}

fn pop_item(log: &[u8], signer: &Signer) -> Item {
    let names = [Item::Bytes(log.to_vec()), Item::Bytes(signer.kid().to_vec()), Item::text(&signer.iss)];
    Item::List([vec![Item::text("writ/pop/1")], names.to_vec()].concat())
}

#[test]
fn every_term_has_the_bytes_and_the_name_of_its_vector() {
    let grammar = Grammar::load();
    let (kid, id, stream) = (KeyId::new([1; 32]), StatementId::new([2; 32]), StreamId::new([3; 16]));
    let principal = "agent:planner/7".parse().unwrap();
    let (line, tenant): (Line, Tenant) = ("order/7".parse().unwrap(), "default".parse().unwrap());
    let name = |text: &str| -> Name { text.parse().unwrap() };
    let foreign =
        ForeignRef { kind: name("jti"), namespace: "https://idp.corp".parse().unwrap(), value: line.clone() };
    let digest =
        Digest { alg: name("sha-256"), canon: name("jcs"), value: schemas::ids::ByteString(vec![4; 32]) };
    let (format, part) = (name("cloudtrail"), name("action"));
    let terms = [
        ("kind", Term::Kind(Kind::Action)),
        ("key", Term::Key(&kid)),
        ("signer", Term::Signer(&kid)),
        ("registration", Term::Registration(&principal)),
        ("principal", Term::Principal(&principal)),
        ("action", Term::Action(&line)),
        ("resource", Term::Resource(&line)),
        ("ruling", Term::Ruling(Ruling::Deny)),
        ("task", Term::Task(&tenant, &line)),
        ("task-state", Term::TaskState(&tenant, &line)),
        ("named", Term::Named(Kind::Delegation, &tenant, &foreign)),
        ("foreign", Term::Foreign(&line)),
        ("citing", Term::Citing(Kind::Action, &id)),
        ("citing-foreign", Term::CitingForeign(Kind::Action, &tenant, &foreign)),
        ("request", Term::Request(&tenant, &digest)),
        ("withdrawn", Term::Withdrawn(&id)),
        ("withdrawn-foreign", Term::WithdrawnForeign(&tenant, &foreign)),
        ("withdrawn-key", Term::WithdrawnKey(&kid)),
        ("withdrawn-task", Term::WithdrawnTask(&tenant, &line)),
        ("withdrawn-principal", Term::WithdrawnPrincipal(&principal)),
        ("slot", Term::Slot(&kid, &tenant, &stream, 300)),
        ("source", Term::Source(&tenant, &format, &line, &part)),
    ];
    for (name, term) in &terms {
        let vector = super::read(&format!("names/term-{name}.json"));
        assert_eq!(hex(term.to_bytes()), text(&vector, "term"), "{name}");
        assert_eq!(term.id().to_hex(), text(&vector, "id"), "{name}");
        assert!(grammar.accepts("term", &bytes(&vector, "term")), "{name}");
    }
    let vectors = all("names").into_iter().filter(|(path, _)| path.starts_with("names/term-")).count();
    assert_eq!(vectors, terms.len());
}

#[test]
fn a_key_id_and_a_proof_of_possession_are_those_of_their_vectors() {
    let vector = super::read("names/thumbprint.json");
    let public = PublicKey::from_slice(&bytes(&vector, "public")).unwrap();
    assert_eq!(KeyId::of(&public).to_hex(), text(&vector, "kid"));
    let cose_key = [&[0xa3, 0x01, 0x01, 0x20, 0x06, 0x21, 0x58, 0x20], public.as_bytes().as_slice()].concat();
    assert!(Grammar::load().accepts("cose-key", &cose_key));

    let vector = super::read("names/pop.json");
    let log = LogId::from_hex(text(&vector, "log")).unwrap();
    let kid = KeyId::from_hex(text(&vector, "kid")).unwrap();
    let signed = pop_bytes(&log, &kid, &text(&vector, "principal").parse().unwrap());
    assert_eq!(hex(&signed), text(&vector, "signed"));
    assert!(verifies(&bytes(&vector, "public"), &signed, &bytes(&vector, "pop")));
    assert!(Grammar::load().accepts("pop", &signed));
}

/// Each term's name, and the parts that follow it.
fn parts_of_terms() -> Vec<(&'static str, Vec<Item>)> {
    let t = Item::text;
    let (kid, id, stream) = (Item::Bytes(vec![1; 32]), Item::Bytes(vec![2; 32]), Item::Bytes(vec![3; 16]));
    let (principal, line, tenant) = (t("agent:planner/7"), t("order/7"), t("default"));
    let foreign = [t("default"), t("jti"), t("https://idp.corp"), line.clone()];
    let of = |kind: &str| [vec![t(kind)], foreign.to_vec()].concat();
    vec![
        ("kind", vec![t("action")]),
        ("key", vec![kid.clone()]),
        ("signer", vec![kid.clone()]),
        ("registration", vec![principal.clone()]),
        ("principal", vec![principal.clone()]),
        ("action", vec![line.clone()]),
        ("resource", vec![line.clone()]),
        ("ruling", vec![t("deny")]),
        ("task", vec![tenant.clone(), line.clone()]),
        ("task-state", vec![tenant.clone(), line.clone()]),
        ("named", of("delegation")),
        ("foreign", vec![line.clone()]),
        ("citing", vec![t("action"), id.clone()]),
        ("citing-foreign", of("action")),
        ("request", vec![tenant.clone(), t("sha-256"), t("jcs"), Item::Bytes(vec![4; 32])]),
        ("withdrawn", vec![id]),
        ("withdrawn-foreign", foreign.to_vec()),
        ("withdrawn-key", vec![kid.clone()]),
        ("withdrawn-task", vec![tenant.clone(), line.clone()]),
        ("withdrawn-principal", vec![principal]),
        ("slot", vec![kid, tenant.clone(), stream, Item::Int(300)]),
        ("source", vec![tenant, t("cloudtrail"), line, t("action")]),
    ]
}
