//! Requests that wait at the same time are worked on together, and nothing of one shows in the answer of another.

use std::sync::Arc;
use std::time::Duration;

use ledger::outcome::Outcome;
use ledger::queue::QueueLimits;
use ledger::submit::{Answer, Unavailable, submit};
use schemas::time::Index;
use serde_json::json;
use tokio::task::JoinHandle;

use crate::harness::{Lab, Person};
use crate::memory::Fault;

type Told = JoinHandle<Result<Answer, Unavailable>>;

/// Posts, and lets it be seen whether there is an answer.
fn post(lab: &Lab, statements: Vec<Vec<u8>>) -> Told {
    let log = Arc::clone(lab.running().log());
    let before = log.queue().depth();
    let (room, posted) = (statements.len(), Arc::clone(&log));
    let told = lab.spawn(submit(log, statements));
    while posted.queue().depth() < before + room && !told.is_finished() {
        std::thread::sleep(Duration::from_millis(1));
    }
    told
}

/// Has the sequencer wait for the disk: what is posted from now on waits together.
fn busy(lab: &Lab, statement: Vec<u8>) -> Told {
    lab.store.hold(true);
    let told = post(lab, vec![statement]);
    lab.store.wait_for_write();
    told
}

fn told(lab: &Lab, told: Told) -> Result<Answer, Unavailable> {
    let soon = async { tokio::time::timeout(Duration::from_secs(30), told).await };
    lab.block_on(soon).expect("an answer").unwrap()
}

fn outcomes(lab: &Lab, answer: Told) -> Vec<Outcome> {
    told(lab, answer).unwrap().results
}

fn code(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Appended { .. } => "appended",
        Outcome::Duplicate { .. } => "duplicate",
        Outcome::AlreadyImported { .. } => "already-imported",
        Outcome::Refused(refused) => refused.code,
    }
}

#[test]
fn requests_that_wait_together_are_answered_each_with_its_own_result() {
    let mut lab = Lab::new();
    let pdp = lab.register(1, "service:pdp", "pdp");
    let said: Vec<_> = (0..6).map(|number| pdp.says(&lab.decision(number))).collect();
    lab.submit(vec![said[0].clone()]);
    let mut forged = said[1].clone();
    *forged.last_mut().unwrap() ^= 1;
    let first = busy(&lab, said[1].clone());
    let waiting = [
        vec![said[2].clone()],
        vec![b"malformed".to_vec()],
        vec![said[0].clone()],
        vec![said[3].clone(), forged, said[4].clone()],
        vec![said[2].clone()],
        vec![said[5].clone()],
    ];
    let waiting: Vec<_> = waiting.into_iter().map(|statements| post(&lab, statements)).collect();
    assert!(waiting.iter().all(|told| !told.is_finished()), "the sequencer is busy");
    lab.store.hold(false);
    assert_eq!(code(&outcomes(&lab, first)[0]), "appended");
    let answers: Vec<Vec<Outcome>> = waiting.into_iter().map(|answer| outcomes(&lab, answer)).collect();
    let codes: Vec<Vec<_>> = answers.iter().map(|results| results.iter().map(code).collect()).collect();
    assert_eq!(codes[0], ["appended"]);
    assert_eq!(codes[1], ["cbor-truncated"]);
    assert_eq!(codes[2], ["duplicate"]);
    assert_eq!(codes[3], ["appended", "signature-invalid", "appended"]);
    assert_eq!(codes[4], ["duplicate"]);
    assert_eq!(codes[5], ["appended"]);
    // Each result names its own statement, and each proof is that of its entry: the harness holds it against the head.
    for statement in &said {
        assert_eq!(code(&lab.submit(vec![statement.clone()])[0]), "duplicate");
    }
    lab.check();
}

#[test]
fn a_key_statement_vouches_within_its_own_request_alone() {
    let mut lab = Lab::new();
    let pdp = lab.register(1, "service:pdp", "pdp");
    let (one, other) = (Person::new(2, "service:one"), Person::new(3, "service:other"));
    let registers = |lab: &Lab, person: &Person| lab.registration(person, &[json!({"role": "pdp"})]);
    let first = busy(&lab, pdp.says(&lab.decision(1)));
    let registration = post(&lab, vec![registers(&lab, &one)]);
    let stranger = post(&lab, vec![one.says(&lab.decision(2))]);
    let both = post(&lab, vec![registers(&lab, &other), other.says(&lab.decision(3))]);
    lab.store.hold(false);
    outcomes(&lab, first);
    assert_eq!(code(&outcomes(&lab, registration)[0]), "appended");
    assert_eq!(code(&outcomes(&lab, stranger)[0]), "unknown-key", "not yet registered when it was checked");
    assert!(outcomes(&lab, both).iter().all(|outcome| code(outcome) == "appended"));
    lab.check();
}

#[test]
fn who_hangs_up_while_waiting_finds_the_statement_in_the_log() {
    let mut lab = Lab::new();
    let pdp = lab.register(1, "service:pdp", "pdp");
    let first = busy(&lab, pdp.says(&lab.decision(1)));
    let (gone, stays) = (pdp.says(&lab.decision(2)), pdp.says(&lab.decision(3)));
    let hung_up = post(&lab, vec![gone.clone()]);
    hung_up.abort();
    let stays = post(&lab, vec![stays]);
    lab.store.hold(false);
    outcomes(&lab, first);
    assert_eq!(code(&outcomes(&lab, stays)[0]), "appended");
    assert!(matches!(lab.submit(vec![gone])[0], Outcome::Duplicate { index: Index(3), .. }));
    lab.check();
}

#[test]
fn a_latch_answers_everybody_who_waits_also_where_the_sequencer_is_gone() {
    for fault in [Fault::Lost, Fault::WritePanic] {
        let mut lab = Lab::new();
        let pdp = lab.register(1, "service:pdp", "pdp");
        let first = busy(&lab, pdp.says(&lab.decision(1)));
        let waiting: Vec<_> =
            (2..5).map(|number| post(&lab, vec![pdp.says(&lab.decision(number))])).collect();
        lab.store.fail_next(fault);
        lab.store.hold(false);
        for answer in std::iter::once(first).chain(waiting) {
            assert!(matches!(told(&lab, answer), Err(Unavailable::Latched { .. })), "{fault:?}");
        }
        assert_eq!(lab.running().log().queue().depth(), 0);
        lab.restart();
        lab.check();
    }
}

#[test]
fn a_panic_while_checking_latches_and_leaves_nobody_waiting() {
    let mut lab = Lab::new();
    let pdp = lab.register(1, "service:pdp", "pdp");
    let known = pdp.says(&lab.decision(1));
    lab.submit(vec![known.clone()]);
    let first = busy(&lab, pdp.says(&lab.decision(2)));
    let panics = post(&lab, vec![known]);
    let beside = post(&lab, vec![pdp.says(&lab.decision(3))]);
    lab.store.fail_next(Fault::Panic);
    lab.store.hold(false);
    outcomes(&lab, first);
    for answer in [panics, beside] {
        assert!(matches!(told(&lab, answer), Err(Unavailable::Latched { .. })));
    }
    lab.restart();
    lab.check();
}

#[test]
fn what_waits_takes_room_until_it_is_answered() {
    let mut lab = Lab::with_limits(QueueLimits { statements: 3, ..QueueLimits::default() });
    let pdp = lab.register(1, "service:pdp", "pdp");
    let first = busy(&lab, pdp.says(&lab.decision(1)));
    let waiting: Vec<_> = (2..4).map(|number| post(&lab, vec![pdp.says(&lab.decision(number))])).collect();
    let full = post(&lab, vec![pdp.says(&lab.decision(4))]);
    assert_eq!(told(&lab, full).unwrap_err(), Unavailable::Full { waiting: 3 });
    lab.store.hold(false);
    for answer in std::iter::once(first).chain(waiting) {
        assert_eq!(code(&outcomes(&lab, answer)[0]), "appended");
    }
    assert_eq!(lab.running().log().queue().depth(), 0);
    lab.submit((5..8).map(|number| pdp.says(&lab.decision(number))).collect());
    lab.check();
}

#[test]
fn whoever_still_waits_when_the_log_stops_is_told_so() {
    let mut lab = Lab::new();
    let pdp = lab.register(1, "service:pdp", "pdp");
    let first = busy(&lab, pdp.says(&lab.decision(1)));
    let waiting = post(&lab, vec![pdp.says(&lab.decision(2))]);
    let (log, store) = (Arc::clone(lab.running().log()), Arc::clone(&lab.store));
    let release = std::thread::spawn(move || {
        while log.queue().is_open() {
            std::thread::sleep(Duration::from_millis(1));
        }
        store.hold(false);
    });
    lab.stop();
    release.join().unwrap();
    assert_eq!(code(&outcomes(&lab, first)[0]), "appended");
    assert_eq!(told(&lab, waiting).unwrap_err(), Unavailable::Stopping);
    lab.start().unwrap();
    lab.check();
}
