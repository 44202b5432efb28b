//! SCITT's reference interface, as a client that knows nothing of writ would use it.

use std::fs;

use coset::{CborSerializable as _, CoseKey, CoseKeySet, CoseSign1, TaggedCborSerializable as _};
use data_encoding::BASE64URL_NOPAD;
use ed25519_dalek::{Signature, VerifyingKey};
use schemas::entry::Entry;
use schemas::ids::{LogId, StatementId};
use schemas::receipt::Receipt;
use serde_json::Value;
use verifier::merkle::{leaf_hash, root_of_path};

use crate::harness::{Answer, Draft, Http, Person, Place, Server, Story, entries, hex};
use crate::log_keys::change;

const COSE: &str = "application/cose";
const CONCISE: &str = "application/concise-problem-details+cbor";

fn serve() -> (Place, Server, Person) {
    let place = Place::init();
    let server = place.serve();
    let alice = Person::new(1, "user:alice@corp");
    place.register(&server, &[(&alice, &["principal"])]);
    (place, server, alice)
}

fn register(http: &Http, statement: &[u8]) -> Answer {
    http.request("POST", "/entries", &[("content-type", COSE)], statement).unwrap()
}

/// Title and detail of an error, which must have the one form that errors have here.
fn problem(answer: &Answer) -> (String, String) {
    assert_eq!(answer.header("content-type"), Some(CONCISE), "{} {}", answer.status, answer.text());
    let value: ciborium::Value = ciborium::from_reader(answer.body.as_slice()).unwrap();
    let entries = value.into_map().unwrap();
    let keys: Vec<i128> = entries.iter().map(|(key, _)| key.as_integer().unwrap().into()).collect();
    assert_eq!(keys, [-1, -2]);
    let texts: Vec<String> = entries.into_iter().map(|(_, text)| text.into_text().unwrap()).collect();
    (texts[0].clone(), texts[1].clone())
}

/// Checks a receipt with coset and the served key alone, given the entry's bytes; says the entry's index.
fn check(http: &Http, receipt: &[u8], statement: &[u8]) -> u64 {
    let sign1 = CoseSign1::from_tagged_slice(receipt).unwrap();
    let kid = BASE64URL_NOPAD.encode(&sign1.protected.header.key_id);
    let key = http.get(&format!("/.well-known/scitt-keys/{kid}"));
    assert_eq!((key.status, key.header("content-type")), (200, Some("application/cbor")), "{}", key.text());
    let key = CoseKey::from_slice(&key.body).unwrap();
    let x = key.params.iter().find(|(label, _)| *label == coset::Label::Int(-2)).unwrap();
    let public = VerifyingKey::from_bytes(x.1.as_bytes().unwrap().as_slice().try_into().unwrap()).unwrap();
    let read = Receipt::decode(receipt).unwrap();
    let entry = read.entry(statement).encode();
    let index = read.place.index.0;
    assert_eq!(entry, entries(http)[usize::try_from(index).unwrap()], "statement and receipt make the entry");
    let root = root_of_path(&read.inclusion, leaf_hash(&entry)).unwrap();
    let verify = |signature: &[u8], signed: &[u8]| {
        public.verify_strict(signed, &Signature::from_slice(signature).unwrap())
    };
    sign1.verify_detached_signature(root.as_bytes(), b"", verify).unwrap();
    index
}

#[test]
fn a_statement_is_registered_and_its_receipt_can_be_had_again() {
    let (place, server, alice) = serve();
    let http = &server.http;
    let statement = alice.sign(&Draft::note(&place.log(), "one"));
    let location = format!("/entries/{}", StatementId::of(&statement).to_hex());
    let first = register(http, &statement);
    assert_eq!((first.status, first.header("content-type")), (201, Some(COSE)), "{}", first.text());
    assert_eq!(first.header("location"), Some(location.as_str()));
    assert_eq!(check(http, &first.body, &statement), 2);

    let again = register(http, &statement);
    assert_eq!((again.status, again.header("location")), (201, Some(location.as_str())));
    assert_eq!(again.body, first.body, "the same head, the same receipt");
    assert_eq!(http.append(&statement).json()["results"][0]["status"], "duplicate", "one log");

    server.append(&alice.sign(&Draft::note(&place.log(), "two")));
    let later = http.get(&location);
    assert_eq!((later.status, later.header("content-type")), (200, Some(COSE)));
    assert_eq!(later.header("location"), Some(location.as_str()));
    assert_eq!(check(http, &later.body, &statement), 2);
    let sizes = [&first, &later].map(|answer| Receipt::decode(&answer.body).unwrap().inclusion.size);
    assert_eq!(sizes, [3, 4], "each under the head of its time");
    for (index, entry) in entries(http).iter().enumerate() {
        let statement = Entry::decode(entry).unwrap().statement;
        let answer = http.get(&format!("/entries/{}", StatementId::of(&statement)));
        assert_eq!(check(http, &answer.body, &statement), index as u64);
    }
}

#[test]
fn the_receipt_keys_are_served_as_a_key_set_and_one_by_one() {
    let (_place, server, _) = serve();
    let set = server.http.get("/.well-known/scitt-keys");
    assert_eq!((set.status, set.header("content-type")), (200, Some("application/cbor")));
    let keys = CoseKeySet::from_slice(&set.body).unwrap().0;
    assert_eq!(keys.len(), 1);
    let log = server.http.json("/v1/log");
    let listed = log["keys"].as_array().unwrap().iter().find(|key| key["use"] == "receipt").unwrap();
    assert_eq!(Value::from(hex(&keys[0].key_id)), listed["kid"]);
    for kid in [hex(&keys[0].key_id), BASE64URL_NOPAD.encode(&keys[0].key_id)] {
        let key = server.http.get(&format!("/.well-known/scitt-keys/{kid}"));
        assert_eq!(CoseKey::from_slice(&key.body).unwrap(), keys[0]);
    }
    let statement_key = log["keys"].as_array().unwrap().iter().find(|key| key["use"] == "statement").unwrap();
    for kid in [statement_key["kid"].as_str().unwrap(), "none", &"0".repeat(64)] {
        let missing = server.http.get(&format!("/.well-known/scitt-keys/{kid}"));
        assert_eq!((missing.status, problem(&missing).0.as_str()), (404, "No such key"), "{kid}");
    }
}

#[test]
fn every_refusal_has_the_title_that_the_interface_fixes() {
    let (place, server, alice) = serve();
    let statement = alice.sign(&Draft::note(&place.log(), "one"));
    let parts = CoseSign1::from_tagged_slice(&statement).unwrap();
    let write = |parts: CoseSign1| parts.to_tagged_vec().unwrap();
    let mut other_algorithm = parts.clone();
    other_algorithm.protected.original_data = None;
    other_algorithm.protected.header.alg =
        Some(coset::RegisteredLabelWithPrivate::Assigned(coset::iana::Algorithm::ES256));
    let unknown = Person::new(9, "user:nobody@corp").sign(&Draft::note(&place.log(), "x"));
    let cases = [
        ("Payload Missing", write(CoseSign1 { payload: None, ..parts.clone() })),
        ("Confirmation Missing", write(CoseSign1 { signature: vec![], ..parts.clone() })),
        ("Bad Signature Algorithm", write(other_algorithm)),
        ("Malformed request", b"no statement".to_vec()),
        ("Malformed request", vec![]),
        ("Rejected", write(CoseSign1 { signature: vec![1; 64], ..parts })),
        ("Rejected", unknown),
        ("Rejected", alice.sign(&Draft::note(&LogId::new([0; 32]), "of another log"))),
    ];
    for (title, bytes) in cases {
        let answer = register(&server.http, &bytes);
        assert_eq!((answer.status, problem(&answer).0.as_str()), (400, title), "{:?}", problem(&answer));
    }
    assert_eq!(server.http.size(), 2, "nothing of it was registered");
    let long = register(&server.http, &vec![0; 65_001]);
    assert_eq!((long.status, problem(&long).1.starts_with("statement-too-large: ")), (413, true));
}

#[test]
fn every_error_at_these_paths_has_one_form_whoever_makes_it() {
    let (_place, server, _) = serve();
    let id = "0".repeat(64);
    let ask = |method: &str, path: &str, kind: &str| {
        let answer = server.http.request(method, path, &[("content-type", kind)], b"x").unwrap();
        (answer.status, problem(&answer).0)
    };
    let said = |status, title: &str| (status, title.to_owned());
    assert_eq!(ask("GET", &format!("/entries/{id}"), COSE), said(404, "Not Found"));
    assert_eq!(ask("GET", "/entries/123", COSE), said(400, "Invalid locator"));
    assert_eq!(ask("GET", "/entries", COSE), said(405, "Method Not Allowed"));
    assert_eq!(ask("DELETE", &format!("/entries/{id}"), COSE), said(405, "Method Not Allowed"));
    assert_eq!(ask("POST", "/.well-known/scitt-keys", COSE), said(405, "Method Not Allowed"));
    assert_eq!(ask("GET", "/entries/a/b", COSE), said(404, "Not Found"));
    assert_eq!(ask("GET", "/.well-known/scitt-keys/a/b", COSE), said(404, "Not Found"));
    assert_eq!(ask("POST", "/entries", "application/json"), said(415, "Unsupported Media Type"));
    assert_eq!(ask("POST", "/entries?x=1", COSE), said(400, "Malformed request"));
    assert_eq!(ask("GET", &format!("/entries/{}", "a".repeat(9_000)), COSE), said(414, "URI Too Long"));
    assert_eq!(server.http.get("/entriesx").code(), "no-such-route", "elsewhere errors are as ever");
    let allow = server.http.request("GET", "/entries", &[], &[]).unwrap();
    assert_eq!(allow.header("allow"), Some("POST"));
}

#[test]
fn nothing_of_the_request_but_its_body_decides() {
    let (place, server, alice) = serve();
    let statement = alice.sign(&Draft::note(&place.log(), "one"));
    let plain = register(&server.http, &statement);
    let dressed = server.http.request(
        "POST",
        "/entries",
        &[
            ("content-type", "application/cose; cose-type=\"cose-sign1\""),
            ("authorization", "Bearer x"),
            ("x-forwarded-for", "192.0.2.1"),
            ("if-none-match", "*"),
            ("prefer", "respond-async"),
        ],
        &statement,
    );
    let dressed = dressed.unwrap();
    assert_eq!((dressed.status, &dressed.body), (201, &plain.body));
    assert_eq!(dressed.header("location"), plain.header("location"));
}

#[test]
fn a_receipt_in_a_file_is_checked_with_no_server_and_any_change_of_it_is_seen() {
    let story = Story::begin();
    let action = story.refund(&story.delegate().1, "r").action;
    let path = |name: &str| story.place.path().join(name).to_str().unwrap().to_owned();
    let [receipt, statement, key, both] = ["r.cbor", "r.cose", "r.key", "r.both"].map(path);
    let write = ["receipt", &action, "-o", &receipt, "--statement", &statement, "--log-key", &key];
    let made = story.cli.ok(&[write.as_slice(), &["--json"]].concat()).json();
    assert_eq!(made["subject"].as_str(), Some(action.as_str()));
    assert_eq!(story.cli.run(&write).code, 1, "never overwrites");
    story.cli.ok(&["receipt", &action, "-o", &both, "--transparent"]);
    let checkpoint = path("checkpoint");
    fs::write(&checkpoint, story.server.http.get("/checkpoint").body).unwrap();
    let trust = story.place.path().join("handed-over.policy");
    fs::copy(story.place.trust(), &trust).unwrap();
    story.server.stop();

    let alone = story.cli.with_trust(Some(&trust)).with_server("http://127.0.0.1:1");
    let check = ["verify", "receipt", &receipt, "--statement", &statement, "--log-key", &key];
    let said = alone.run(&check);
    assert_eq!(said.code, 0, "{said}");
    assert!(said.stdout.contains("PROVED") && said.stdout.contains("nobody's word"), "{said}");
    let sure = alone.run(&[check.as_slice(), &["--checkpoint", &checkpoint, "--json"]].concat());
    assert_eq!((sure.code, &sure.json()["size_confirmed"]), (0, &Value::Bool(true)), "{sure}");
    let transparent = ["verify", "receipt", &both, "--log-key", &key];
    assert_eq!(alone.run(&transparent).code, 0);
    assert_eq!(alone.with_trust(None).run(&check).code, 13);
    assert_eq!(alone.run(&check[..5]).code, 13, "nothing says whose key it is");
    assert_eq!(alone.run(&check[..3]).code, 2, "the statement is missing");

    for file in [&receipt, &statement, &both] {
        let whole = fs::read(file).unwrap();
        for round in 0..20 {
            let mut changed = whole.clone();
            changed[round * whole.len() / 20] ^= 1 << (round % 8);
            fs::write(file, changed).unwrap();
            let sized = ["--checkpoint", &checkpoint];
            let ran = match file == &both {
                true => alone.run(&[transparent.as_slice(), &sized].concat()),
                false => alone.run(&[check.as_slice(), &sized].concat()),
            };
            assert!([2, 10, 13].contains(&ran.code), "{file}, round {round}: {ran}");
        }
        fs::write(file, whole).unwrap();
    }
}

#[test]
fn a_receipt_by_a_later_key_is_checked_with_a_bundle_that_leads_to_it_and_with_nothing_less() {
    let story = Story::begin();
    let action = story.refund(&story.delegate().1, "r").action;
    let path = |name: &str| story.place.path().join(name).to_str().unwrap().to_owned();
    let [receipt, statement, key, other, genesis] =
        ["r.cbor", "r.cose", "r.key", "o.bundle", "g.cose"].map(path);
    let early = [path("e.cbor"), path("e.cose"), genesis.clone()];
    story.cli.ok(&["receipt", &action, "-o", &early[0], "--statement", &early[1], "--log-key", &early[2]]);
    story.cli.ok(&["bundle", "create", &action, "-o", &other]);
    let story = change(story, &["rotate", "--use", "receipt"]);
    story.cli.ok(&["receipt", &action, "-o", &receipt, "--statement", &statement, "--log-key", &key]);
    let bundle = fs::read(&key).unwrap();
    assert!(bundle != fs::read(&genesis).unwrap() && bundle[0] & 0xe0 == 0x80, "an array: a bundle");
    let stranger = Story::begin();
    let foreign = stranger.place.trust();
    let trust = story.place.path().join("handed-over.policy");
    fs::copy(story.place.trust(), &trust).unwrap();
    story.server.stop();

    let alone = story.cli.with_trust(Some(&trust)).with_server("http://127.0.0.1:1");
    let with = |key: &str| {
        ["verify", "receipt", &receipt, "--statement", &statement, "--log-key", key].map(str::to_owned)
    };
    let ran = alone.run(&with(&key));
    assert!(ran.code == 0 && ran.stdout.contains("PROVED"), "{ran}");
    let old = ["verify", "receipt", &early[0], "--statement", &early[1], "--log-key", &key];
    assert_eq!(alone.run(&old).code, 0, "the bundle has the genesis in it, and its key");

    for (what, key) in [("the genesis", &genesis), ("a bundle from before", &other)] {
        let ran = alone.run(&with(key));
        assert!([10, 13].contains(&ran.code) && !ran.stdout.contains("PROVED"), "{what}: {ran}");
    }
    assert_eq!(alone.with_trust(Some(&foreign)).run(&with(&key)).code, 13, "another log's trust file");
    assert_eq!(alone.with_trust(None).run(&with(&key)).code, 13, "nothing pinned");
    for round in 0..32 {
        let mut changed = bundle.clone();
        changed[round * bundle.len() / 32] ^= 1 << (round % 8);
        fs::write(&key, changed).unwrap();
        let ran = alone.run(&with(&key));
        assert!([10, 13].contains(&ran.code), "round {round}: {ran}");
    }
    fs::write(&key, &bundle[..bundle.len() - 1]).unwrap();
    assert_eq!(alone.run(&with(&key)).code, 10, "cut short");
}
