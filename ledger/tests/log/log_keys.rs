//! A key of the log that is withdrawn while the log is in service signs nothing from that entry on.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use ledger::log::Log;
use ledger::outcome::Outcome;
use ledger::scitt::{ReceiptFailure, receipt};
use schemas::bundle::Bundle;
use schemas::envelope::Statement;
use schemas::ids::{KeyId, StatementId};
use schemas::kinds::Use;
use schemas::note::Note;
use schemas::time::Index;
use serde_json::json;

use crate::client::{Reply, get, serve};
use crate::harness::{Lab, ORIGIN, Person, STATEMENT_SEED};

/// Seed of the key that replaces another in these tests.
const NEW_SEED: u8 = 210;

fn of_log(seed: u8) -> Person {
    Person::new(seed, &format!("log:{ORIGIN}"))
}

/// The log's own statement that puts a new key in the place of the one that genesis names.
fn rotation(lab: &Lab, usage: Use) -> Vec<u8> {
    let old = lab.running().log().genesis().key(usage).copied().unwrap();
    let mut body = lab.new_key("rotate", &of_log(NEW_SEED));
    body["use"] = json!(usage.as_str());
    body["replaces"] = json!(KeyId::of(&old).to_hex());
    of_log(STATEMENT_SEED).says(&lab.payload("key", "authority", body))
}

/// A registrar's statement that withdraws a key.
fn withdrawal(lab: &Lab, op: &str, kid: &KeyId) -> Vec<u8> {
    let body = json!({"op": op, "kid": kid.to_hex()});
    lab.registrar.says(&lab.payload("key", "authority", body))
}

fn first(lab: &Lab, usage: Use) -> KeyId {
    KeyId::of(lab.running().log().genesis().key(usage).unwrap())
}

/// A log with one statement and a second key of a use: in service with the first, or again with both.
fn rotated(usage: Use, with_new: bool) -> (Lab, StatementId) {
    let mut lab = Lab::new();
    let pdp = lab.register(1, "service:pdp", "pdp");
    let said = pdp.says(&lab.decision(1));
    let rotation = rotation(&lab, usage);
    let outcomes = lab.submit(vec![said.clone(), rotation]);
    assert!(outcomes.iter().all(|outcome| matches!(outcome, Outcome::Appended { .. })), "{outcomes:?}");
    if with_new {
        let new = of_log(NEW_SEED).key.into();
        let newest = match usage {
            Use::Checkpoint => &mut lab.keys.checkpoint,
            Use::Statement => &mut lab.keys.statement,
            Use::Receipt => &mut lab.keys.receipt,
        };
        let old = std::mem::replace(newest, new);
        lab.keys.earlier.push((usage, old));
        lab.restart();
    }
    (lab, StatementId::of(&said))
}

fn receipt_by(log: &Arc<Log>, index: u64) -> Result<KeyId, ReceiptFailure> {
    Ok(receipt(&log.reader(), Index(index))?.kid)
}

/// By which key the log asserts what a bundle is about.
fn assertion_by(address: SocketAddr, subject: &StatementId) -> Result<KeyId, Reply> {
    let reply = get(address, &format!("/v1/bundles?subject={}", subject.to_hex()));
    if reply.status != 200 {
        return Err(reply);
    }
    let bundle = Bundle::decode(&reply.body).unwrap();
    Ok(Statement::decode(&bundle.assertions[0].0).unwrap().envelope.kid)
}

#[test]
fn a_receipt_key_withdrawn_in_service_signs_no_receipt_and_everything_else_goes_on() {
    let (mut lab, said) = rotated(Use::Receipt, false);
    let address = serve(&lab);
    let log = Arc::clone(lab.running().log());
    let old = first(&lab, Use::Receipt);
    assert_eq!(receipt_by(&log, 2).unwrap(), old, "the later key is not at hand");
    let retired = withdrawal(&lab, "retire", &old);
    lab.submit(vec![retired]);
    assert!(matches!(receipt_by(&log, 2), Err(ReceiptFailure::NoKey(none)) if none.usage == Use::Receipt));

    let reply = get(address, &format!("/entries/{}", said.to_hex()));
    assert!(reply.status == 503 && reply.header("retry-after").is_some());
    let words = String::from_utf8_lossy(&reply.body).into_owned();
    assert!(words.contains("no-log-key") && words.contains("no receipt key at hand"), "{words}");
    assert!(words.contains("writd keys list"), "{words}");
    let health = get(address, "/readyz");
    let told = health.json();
    assert_eq!((health.status, &told["status"]), (200, &json!("no-log-key")), "{told}");
    assert_eq!(told["without_key"], json!(["receipt"]));

    let pdp = Person::new(1, "service:pdp");
    let more = pdp.says(&lab.decision(2));
    assert!(matches!(lab.submit(vec![more])[0], Outcome::Appended { .. }));
    assert_eq!(assertion_by(address, &said).map_err(|reply| reply.status), Ok(first(&lab, Use::Statement)));
    lab.check();

    lab.keys.receipt = of_log(NEW_SEED).key.into();
    lab.restart();
    assert_eq!(receipt_by(lab.running().log(), 2).unwrap(), of_log(NEW_SEED).kid());
}

#[test]
fn a_statement_key_withdrawn_in_service_asserts_nothing_and_everything_else_goes_on() {
    let (mut lab, said) = rotated(Use::Statement, false);
    let address = serve(&lab);
    let old = first(&lab, Use::Statement);
    assert_eq!(assertion_by(address, &said).map_err(|reply| reply.status), Ok(old));
    let retired = withdrawal(&lab, "retire", &old);
    lab.submit(vec![retired]);
    let reply = assertion_by(address, &said).unwrap_err();
    assert_eq!((reply.status, reply.code().as_str()), (503, "no-log-key"));
    assert!(reply.json()["detail"].as_str().unwrap().contains("no statement key at hand"));
    assert!(reply.json()["next"].as_str().unwrap().contains("writd keys list"));
    assert_eq!(get(address, "/readyz").json()["without_key"], json!(["statement"]));
    assert!(receipt_by(lab.running().log(), 2).is_ok());
    let pdp = Person::new(1, "service:pdp");
    let more = pdp.says(&lab.decision(2));
    assert!(matches!(lab.submit(vec![more])[0], Outcome::Appended { .. }));
    lab.check();
}

#[test]
fn the_newest_key_signs_and_where_it_is_withdrawn_an_earlier_one_that_is_at_hand() {
    for op in ["retire", "compromise"] {
        let (mut lab, said) = rotated(Use::Statement, true);
        let address = serve(&lab);
        let (old, new) = (first(&lab, Use::Statement), of_log(NEW_SEED).kid());
        assert_eq!(assertion_by(address, &said).map_err(|reply| reply.status), Ok(new));
        let withdrawn = withdrawal(&lab, op, &new);
        lab.submit(vec![withdrawn]);
        assert_eq!(assertion_by(address, &said).map_err(|reply| reply.status), Ok(old));
        assert_eq!(get(address, "/readyz").json()["status"], "ok");

        let (mut lab, _) = rotated(Use::Receipt, true);
        let log = Arc::clone(lab.running().log());
        assert_eq!(receipt_by(&log, 2).unwrap(), new);
        let withdrawn = withdrawal(&lab, op, &new);
        lab.submit(vec![withdrawn]);
        assert_eq!(receipt_by(&log, 2).unwrap(), first(&lab, Use::Receipt));
    }
}

#[test]
fn no_receipt_for_a_size_that_covers_the_withdrawal_is_by_the_withdrawn_key_however_many_ask_meanwhile() {
    let (mut lab, _) = rotated(Use::Receipt, true);
    let (log, new) = (Arc::clone(lab.running().log()), of_log(NEW_SEED).kid());
    let done = Arc::new(AtomicBool::new(false));
    let asking: Vec<_> = (0..3)
        .map(|_| {
            let (log, done) = (Arc::clone(&log), Arc::clone(&done));
            thread::spawn(move || {
                let mut seen = Vec::new();
                while !done.load(Ordering::SeqCst) {
                    let reader = log.reader();
                    seen.push((reader.size(), receipt(&reader, Index(2)).unwrap().kid));
                }
                seen
            })
        })
        .collect();
    let pdp = Person::new(1, "service:pdp");
    for number in 10..20 {
        let said = pdp.says(&lab.decision(number));
        lab.submit(vec![said]);
    }
    let size = lab.size();
    let withdrawn = withdrawal(&lab, "compromise", &new);
    lab.submit(vec![withdrawn]);
    for number in 20..30 {
        let said = pdp.says(&lab.decision(number));
        lab.submit(vec![said]);
    }
    done.store(true, Ordering::SeqCst);
    let seen: Vec<_> = asking.into_iter().flat_map(|thread| thread.join().unwrap()).collect();
    assert!(seen.iter().any(|(_, kid)| *kid == new) && seen.iter().any(|(_, kid)| *kid != new));
    assert!(seen.iter().all(|(covered, kid)| *covered <= size || *kid != new));
}

#[test]
fn without_a_checkpoint_key_no_head_is_signed_and_the_log_says_which_key_it_misses() {
    let (mut lab, _) = rotated(Use::Checkpoint, false);
    let old = first(&lab, Use::Checkpoint);
    let retired = withdrawal(&lab, "retire", &old);
    lab.try_submit(vec![retired]).unwrap_err();
    let reason = lab.running().log().latch().reason().unwrap().to_owned();
    assert!(reason.contains("checkpoint key") && reason.contains("writd keys list"), "{reason}");
    let shown = lab.running().log().published();
    assert_eq!(shown.head.size, 4, "the head before the withdrawal");
    let health = get(serve(&lab), "/readyz");
    assert_eq!((health.status, health.code().as_str()), (503, "log-latched"));
    assert!(health.json()["detail"].as_str().unwrap().contains("writd keys list"));

    lab.keys.checkpoint = of_log(NEW_SEED).key.into();
    lab.restart();
    let note = Note::parse(lab.running().log().published().note.as_bytes()).unwrap();
    assert_eq!(note.signatures().len(), 1);
    assert_eq!(lab.size(), 5);
}
