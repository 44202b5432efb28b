//! The receipt is in the answer.

use schemas::entry::Entry;
use schemas::ids::{EntryHash, StatementId};
use schemas::proof::InclusionProof;
use verifier::merkle::leaf_hash;

use crate::harness::{Answer, Draft, Http, Person, Place, entries, hashes, head};

/// Holds an answer against itself and the log: every result that names an entry is proved under the head in the answer.
pub(crate) fn check(place: &Place, http: &Http, statements: &[Vec<u8>], answer: &Answer) -> Vec<u64> {
    let answer = answer.json();
    let head = head(place, answer["head"].as_str().unwrap());
    let entries = entries(http);
    let results = answer["results"].as_array().unwrap();
    assert_eq!(results.len(), statements.len());
    let mut indexes = Vec::new();
    for (result, statement) in results.iter().zip(statements) {
        assert_eq!(result["id"], StatementId::of(statement).to_hex(), "{result}");
        let index = result["index"].as_u64().unwrap();
        let bytes = &entries[usize::try_from(index).unwrap()];
        let entry = Entry::decode(bytes).unwrap();
        assert_eq!((entry.index.0, &entry.statement), (index, statement));
        let proof = InclusionProof { index, size: head.size(), path: hashes(&result["proof"]) };
        head.verify_inclusion(&proof, leaf_hash(bytes)).unwrap();
        indexes.push(index);
    }
    indexes
}

#[test]
fn every_receipt_holds_under_the_head_that_comes_with_it() {
    let place = Place::init();
    let server = place.serve();
    let log = place.log();
    let alice = Person::new(1, "user:alice@corp");
    place.register(&server, &[(&alice, &["principal"])]);

    let one = alice.sign(&Draft::delegation(&log, "user:alice@corp", "agent:a", &[]));
    let answer = server.http.append(&one);
    assert_eq!((answer.status, answer.json()["results"][0]["status"].as_str()), (201, Some("appended")));
    assert_eq!(answer.header("location"), Some(format!("/v1/statements/{}", StatementId::of(&one)).as_str()));
    assert_eq!(check(&place, &server.http, std::slice::from_ref(&one), &answer), [2]);

    let many: Vec<Vec<u8>> = (0..300).map(|n| alice.sign(&Draft::note(&log, &format!("note {n}")))).collect();
    let answer = server.http.append_many(&many);
    assert_eq!(answer.status, 200);
    assert_eq!(check(&place, &server.http, &many, &answer), (3..303).collect::<Vec<u64>>());

    // The first again, now in a tree of another size.
    let again = server.http.append(&one);
    assert_eq!((again.status, again.json()["results"][0]["status"].as_str()), (200, Some("duplicate")));
    assert_eq!(check(&place, &server.http, std::slice::from_ref(&one), &again), [2]);
    let mixed = [many[7].clone(), alice.sign(&Draft::note(&log, "new")), one];
    let answer = server.http.append_many(&mixed);
    assert_eq!(check(&place, &server.http, &mixed, &answer), [10, 303, 2]);
    server.stop();
}

#[test]
fn the_same_bytes_twice_in_one_batch_are_one_entry() {
    let place = Place::init();
    let server = place.serve();
    let alice = Person::new(1, "user:alice@corp");
    place.register(&server, &[(&alice, &["principal"])]);
    let note = alice.sign(&Draft::note(&place.log(), "once"));
    let batch = [note.clone(), note.clone()];
    let answer = server.http.append_many(&batch);
    assert_eq!(check(&place, &server.http, &batch, &answer), [2, 2]);
    assert_eq!(answer.json()["results"][1]["status"], "duplicate");
    assert_eq!(server.http.size(), 3);
}

#[test]
fn entries_link_to_each_other_and_their_times_never_decrease() {
    let place = Place::init();
    let server = place.serve();
    let alice = Person::new(1, "user:alice@corp");
    place.register(&server, &[(&alice, &["principal"])]);
    let notes: Vec<Vec<u8>> =
        (0..20).map(|n| alice.sign(&Draft::note(&place.log(), &n.to_string()))).collect();
    for note in &notes {
        server.append(note);
    }
    let mut prev = EntryHash::of_origin("ledger.test/log");
    let mut time = 0;
    for (index, bytes) in entries(&server.http).iter().enumerate() {
        let entry = Entry::decode(bytes).unwrap();
        assert_eq!((entry.index.0, entry.prev), (index as u64, prev));
        assert!(entry.time.0 >= time);
        (prev, time) = (EntryHash::of(bytes), entry.time.0);
    }
}
