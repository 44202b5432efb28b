//! The first failure stops the log; nothing that was acknowledged is lost, and nothing is known twice.

use std::sync::atomic::Ordering;

use ledger::outcome::Outcome;
use ledger::submit::Unavailable;

use crate::harness::{Lab, START};
use crate::memory::Fault;

fn is_latched(lab: &mut Lab, statement: Vec<u8>) -> bool {
    matches!(lab.try_submit(vec![statement]), Err(Unavailable::Latched { .. }))
}

#[test]
fn a_failed_write_latches_whether_or_not_it_was_written() {
    for (fault, written) in [(Fault::Lost, false), (Fault::Written, true)] {
        let mut lab = Lab::new();
        let pdp = lab.register(1, "service:pdp", "pdp");
        let (first, second) = (pdp.says(&lab.decision(1)), pdp.says(&lab.decision(2)));
        lab.submit(vec![first.clone()]);
        let published = lab.running().log().published();
        lab.store.fail_next(fault);
        assert!(is_latched(&mut lab, second.clone()), "{fault:?}: no acknowledgement");
        assert!(is_latched(&mut lab, first.clone()), "{fault:?}: not even of what is known");
        assert_eq!(lab.running().log().published().head, published.head, "{fault:?}: no new head");
        lab.restart();
        lab.check();
        assert_eq!(lab.size(), published.head.size + u64::from(written), "{fault:?}");
        let again = lab.submit(vec![second]).remove(0);
        assert_eq!(matches!(again, Outcome::Duplicate { .. }), written, "{fault:?}: {again:?}");
        lab.check();
    }
}

#[test]
fn a_failed_read_latches() {
    let mut lab = Lab::new();
    let pdp = lab.register(1, "service:pdp", "pdp");
    let first = pdp.says(&lab.decision(1));
    lab.submit(vec![first.clone()]);
    lab.store.fail_next(Fault::Read);
    assert!(lab.try_submit(vec![first.clone()]).is_err());
    assert!(is_latched(&mut lab, first));
    lab.restart();
    lab.check();
}

#[test]
fn a_clock_far_behind_the_head_latches_before_anything_is_written() {
    let mut lab = Lab::new();
    let pdp = lab.register(1, "service:pdp", "pdp");
    let rows = lab.store.rows();
    lab.clock.0.store(START - 1_001, Ordering::SeqCst);
    let statement = pdp.says(&lab.decision(1));
    assert!(is_latched(&mut lab, statement.clone()));
    assert_eq!(lab.store.rows(), rows);
    lab.clock.0.store(START - 1_000, Ordering::SeqCst);
    lab.restart();
    lab.submit(vec![statement]);
    lab.check();
}

#[test]
fn a_lost_anchor_file_while_serving_does_not_lose_entries() {
    let mut lab = Lab::new();
    let pdp = lab.register(1, "service:pdp", "pdp");
    let statement = pdp.says(&lab.decision(1));
    lab.submit(vec![statement]);
    lab.stop();
    std::fs::remove_file(lab.anchor()).unwrap();
    assert!(lab.start().is_err(), "without the anchor a rollback could not be told");
}

#[test]
fn damage_in_a_row_that_is_read_is_never_served() {
    let mut lab = Lab::new();
    let pdp = lab.register(1, "service:pdp", "pdp");
    let statement = pdp.says(&lab.decision(1));
    lab.submit(vec![statement]);
    let mut rows = lab.store.rows();
    let key = (ledger::store::Column::Entries, 2_u64.to_be_bytes().to_vec());
    let entry = rows.get_mut(&key).unwrap();
    // Inside the payload: still a well-formed entry, but not the one in the tree.
    let at = entry.windows(6).position(|window| window == b"orders").unwrap();
    entry[at] ^= 1;
    lab.store.set_rows(rows);
    assert!(lab.running().log().reader().found_proved(schemas::time::Index(2)).is_err());
    assert!(lab.running().log().latch().reason().is_some());
}
