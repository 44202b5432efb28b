//! The checkpoint beside the head: never behind a receipt, renewed while nothing is appended, and no more once the log stopped.

use std::sync::atomic::Ordering;
use std::thread::sleep;
use std::time::{Duration, Instant};

use schemas::note::Note;
use schemas::time::{Millis, Time};
use verifier::checkpoint::{VerifiedHead, verify_checkpoint};

use crate::harness::{Lab, START};

const HEARTBEAT: Millis = Millis(600);

fn checkpoint(lab: &Lab) -> VerifiedHead {
    let note = lab.running().log().checkpoint().unwrap().at.note.to_string();
    verify_checkpoint(&Note::parse(note.as_bytes()).unwrap(), &lab.trust).unwrap().head().clone()
}

/// Waits until the checkpoint says this time.
fn wait_for(lab: &Lab, time: u64) {
    let begun = Instant::now();
    while checkpoint(lab).log_time() != Some(time) {
        assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", checkpoint(lab).log_time());
        sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_receipt_is_never_ahead_of_the_checkpoint_and_its_head_says_no_time() {
    let mut lab = Lab::new();
    let bert = lab.register(1, "agent:planner/1", "pdp");
    for number in 0..5 {
        lab.clock.0.fetch_add(1_000, Ordering::SeqCst);
        let answer = lab.try_submit(vec![bert.says(&lab.decision(number))]).unwrap();
        let shown = checkpoint(&lab);
        assert_eq!(shown.checkpoint().size, answer.published.head.size);
        assert_eq!(shown.root(), answer.published.head.root);
        assert_eq!(shown.log_time(), Some(START / 1_000 + number + 1));
        assert_eq!(Note::parse(answer.published.note.as_bytes()).unwrap().signatures().len(), 1);
    }
    lab.check();
}

#[test]
fn an_idle_log_renews_its_checkpoint_so_that_only_a_withheld_one_grows_old() {
    let lab = Lab::with_heartbeat(HEARTBEAT);
    let withheld = checkpoint(&lab);
    lab.clock.0.fetch_add(9_000, Ordering::SeqCst);
    wait_for(&lab, START / 1_000 + 9);
    let now = Time(lab.clock.0.load(Ordering::SeqCst));
    assert_eq!(checkpoint(&lab).fresh_at(now, Millis(1_000)), Ok(Millis(0)));
    assert_eq!(withheld.fresh_at(now, Millis(8_999)).unwrap_err().code(), "checkpoint-too-old");
    assert_eq!(checkpoint(&lab).size(), withheld.size());
}

#[test]
fn no_time_is_signed_that_is_before_one_signed_earlier_not_even_by_the_next_start() {
    let mut lab = Lab::with_heartbeat(HEARTBEAT);
    lab.clock.0.fetch_add(9_000, Ordering::SeqCst);
    wait_for(&lab, START / 1_000 + 9);
    // Within the second by which a clock may be behind what was signed.
    lab.clock.0.fetch_sub(900, Ordering::SeqCst);
    lab.restart();
    assert_eq!(checkpoint(&lab).log_time(), Some(START / 1_000 + 9));
    let bert = lab.register(1, "agent:planner/1", "pdp");
    lab.submit(vec![bert.says(&lab.decision(1))]);
    assert_eq!(checkpoint(&lab).log_time(), Some(START / 1_000 + 9));
    let published = lab.running().log().published();
    assert!(published.head.time >= Time(START + 9_000), "entries are not before a signed time either");
}

#[test]
fn once_the_log_has_stopped_its_checkpoint_is_renewed_no_more() {
    let lab = Lab::with_heartbeat(HEARTBEAT);
    let last = checkpoint(&lab);
    // More than a second behind what was signed.
    lab.clock.0.fetch_sub(1_001, Ordering::SeqCst);
    let begun = Instant::now();
    while lab.running().log().latch().reason().is_none() {
        assert!(begun.elapsed() < Duration::from_secs(10));
        sleep(Duration::from_millis(10));
    }
    lab.clock.0.fetch_add(9_000, Ordering::SeqCst);
    sleep(Duration::from_millis(2 * HEARTBEAT.0));
    assert_eq!(checkpoint(&lab), last);
}
