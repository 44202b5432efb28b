//! `kill -9` during a load of appends: nothing acknowledged is lost, and the log comes up again by itself.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use schemas::ids::StatementId;
use schemas::proof::InclusionProof;
use verifier::checkpoint::VerifiedHead;
use verifier::merkle::leaf_hash;

use crate::harness::{Draft, Http, Person, Place, entries, hashes, head, next_random};

/// Rounds of load and kill; `WRIT_KILL_ROUNDS` runs more.
const ROUNDS: u64 = 8;
/// Emitters at once.
const EMITTERS: u8 = 6;

/// What an emitter was told.
struct Receipt {
    statement: Vec<u8>,
    index: u64,
    proof: Vec<schemas::tree::TreeHash>,
    note: String,
}

/// Appends until the server is gone: single statements and batches, some of them repeats.
fn emit(http: &Http, person: &Person, place: &Place, round: u64, killed: &AtomicBool) -> Vec<Receipt> {
    let mut receipts = Vec::new();
    let log = place.log();
    for number in 0.. {
        if killed.load(Ordering::Relaxed) {
            break;
        }
        let many = if number % 3 == 0 { 1 } else { 1 + number % 20 };
        let statements: Vec<Vec<u8>> =
            (0..many).map(|at| person.sign(&Draft::note(&log, &format!("{round}/{number}/{at}")))).collect();
        let answer = match statements.as_slice() {
            [one] => http.try_append(one),
            several => http.try_append_many(several),
        };
        let Ok(answer) = answer else { break };
        assert!([200, 201].contains(&answer.status), "{}", answer.text());
        let answer = answer.json();
        for (statement, result) in statements.into_iter().zip(answer["results"].as_array().unwrap()) {
            assert_eq!(result["id"], StatementId::of(&statement).to_hex());
            let index = result["index"].as_u64().unwrap();
            let note = answer["head"].as_str().unwrap().to_owned();
            receipts.push(Receipt { statement, index, proof: hashes(&result["proof"]), note });
        }
    }
    receipts
}

/// One round: load, kill at some moment, and all that was acknowledged.
fn load_and_kill(place: &Place, people: &[Person], round: u64, after: Duration) -> Vec<Receipt> {
    let server = place.serve();
    let (http, killed) = (server.http.clone(), AtomicBool::new(false));
    thread::scope(|scope| {
        let emitters: Vec<_> = people
            .iter()
            .map(|person| {
                let (http, killed) = (&http, &killed);
                scope.spawn(move || emit(http, person, place, round, killed))
            })
            .collect();
        thread::sleep(after);
        server.kill();
        killed.store(true, Ordering::Relaxed);
        emitters.into_iter().flat_map(|emitter| emitter.join().unwrap()).collect()
    })
}

/// Every receipt holds in the log as it is now, and its head is a beginning of the log's head.
fn check_receipts(place: &Place, http: &Http, receipts: &[Receipt], entries: &[Vec<u8>]) {
    let now = head(place, &http.get("/checkpoint").text());
    let mut last: Option<(String, VerifiedHead)> = None;
    for receipt in receipts {
        let bytes =
            entries.get(usize::try_from(receipt.index).unwrap()).expect("an acknowledged entry is gone");
        let entry = schemas::entry::Entry::decode(bytes).unwrap();
        assert_eq!((entry.index.0, &entry.statement), (receipt.index, &receipt.statement), "an entry moved");
        let old = match last.take() {
            Some((note, head)) if note == receipt.note => head,
            _ => {
                let old = head(place, &receipt.note);
                let path = format!("/v1/proofs/consistency?first={}&second={}", old.size(), now.size());
                let path = hashes(&http.json(&path)["path"]);
                let proof = schemas::proof::ConsistencyProof { first: old.size(), second: now.size(), path };
                old.verify_consistency(&proof, &now).unwrap();
                old
            }
        };
        let proof = InclusionProof { index: receipt.index, size: old.size(), path: receipt.proof.clone() };
        old.verify_inclusion(&proof, leaf_hash(bytes)).unwrap();
        last = Some((receipt.note.clone(), old));
    }
}

#[test]
fn a_killed_server_loses_nothing_that_it_acknowledged() {
    let place = Place::init();
    let people: Vec<Person> =
        (1..=EMITTERS).map(|seed| Person::new(seed, &format!("agent:emitter/{seed}"))).collect();
    let server = place.serve();
    let roles: &[&str] = &["principal"];
    place.register(&server, &people.iter().map(|person| (person, roles)).collect::<Vec<_>>());
    server.stop();

    let rounds = std::env::var("WRIT_KILL_ROUNDS").ok().map_or(ROUNDS, |rounds| rounds.parse().unwrap());
    let mut seed = crate::harness::now();
    println!("seed {seed}");
    let mut receipts = Vec::new();
    for round in 0..rounds {
        let after = Duration::from_millis(30 + next_random(&mut seed) % 700);
        let acknowledged = load_and_kill(&place, &people, round, after);
        let killed_with = acknowledged.len();
        receipts.extend(acknowledged);

        let fsck = place.fsck();
        assert_eq!(fsck.code, 0, "before the restart: {fsck}");
        let begun = Instant::now();
        let server = place.serve();
        println!(
            "round {round}: killed after {after:?}, {killed_with} acknowledged, up again after {:?}",
            begun.elapsed()
        );
        let all = entries(&server.http);
        check_receipts(&place, &server.http, &receipts, &all);
        for (index, bytes) in all.iter().enumerate() {
            assert_eq!(schemas::entry::Entry::decode(bytes).unwrap().index.0, index as u64);
        }
        if round % 2 == 0 {
            server.stop();
        } else {
            server.kill();
        }
        let fsck = place.fsck();
        assert_eq!((fsck.code, fsck.json()["size"].as_u64()), (0, Some(all.len() as u64)), "{fsck}");
    }
    assert!(receipts.len() as u64 > rounds, "hardly anything was acknowledged: {}", receipts.len());
    println!("{} acknowledged over {rounds} kills, none lost", receipts.len());
}

#[test]
fn what_was_not_acknowledged_is_there_once_or_not_at_all_and_can_be_sent_again() {
    let place = Place::init();
    let alice = Person::new(1, "user:alice@corp");
    let server = place.serve();
    place.register(&server, &[(&alice, &["principal"])]);
    let batch: Vec<Vec<u8>> =
        (0..2_000).map(|n| alice.sign(&Draft::note(&place.log(), &n.to_string()))).collect();
    let http = server.http.clone();
    let answer = thread::scope(|scope| {
        let sent = scope.spawn(|| http.try_append_many(&batch));
        thread::sleep(Duration::from_millis(25));
        server.kill();
        sent.join().unwrap()
    });
    println!("acknowledged before the kill: {}", answer.is_ok());

    let server = place.serve();
    let before = server.http.size();
    assert!(before == 2 || before == 2_002, "a batch is written whole or not at all: {before}");
    let answer = server.http.append_many(&batch);
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(
        crate::receipts::check(&place, &server.http, &batch, &answer),
        (2..2_002).collect::<Vec<u64>>()
    );
    server.stop();
    assert_eq!(place.fsck().code, 0);
}
