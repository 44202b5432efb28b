//! A log that came from a backup signs nothing until it is known, or accepted, that nothing later is lost.

use ledger::anchor::Anchor;
use ledger::fsck::check_store;
use ledger::outcome::Outcome;
use ledger::recover::load;
use ledger::restored::{Restored, Standing, accept_loss, standing};
use ledger::store::rows::Rows;
use ledger::submit::Unavailable;
use schemas::time::Time;

use crate::harness::{Lab, Person, START, statement_key};
use crate::memory::Rows as AllRows;

/// A log whose rows are those of a backup, with what it had when the backup was made and when it was lost.
fn restored() -> (Lab, Person, u64, u64) {
    let mut lab = Lab::new();
    let pdp = lab.register(1, "service:pdp", "pdp");
    lab.submit(vec![pdp.says(&lab.decision(1))]);
    lab.restart();
    let (before, kept) = (lab.size(), lab.store.rows());
    lab.submit(vec![pdp.says(&lab.decision(2)), pdp.says(&lab.decision(3))]);
    let after = lab.size();
    lab.stop();
    put_back(&mut lab, kept);
    (lab, pdp, before, after)
}

fn put_back(lab: &mut Lab, rows: AllRows) {
    lab.store.set_rows(rows);
    let head = Rows(&*lab.store).head().unwrap();
    Rows(&*lab.store).set_restored(Some(&Restored { head, at: Time(START) })).unwrap();
    lab.acknowledged.retain(|index, _| *index < head.size);
}

#[test]
fn a_restored_log_behind_its_anchor_is_read_and_writes_nothing_at_all() {
    let (mut lab, pdp, before, _) = restored();
    let (rows, anchor) = (lab.store.rows(), std::fs::read(lab.anchor()).unwrap());
    lab.start().unwrap();
    assert_eq!(lab.size(), before);
    let new = pdp.says(&lab.decision(9));
    assert_eq!(lab.try_submit(vec![new]).unwrap_err(), Unavailable::NotReconciled);
    assert_eq!(lab.running().log().latch().reason(), None);
    lab.stop();
    assert!(lab.store.rows() == rows && std::fs::read(lab.anchor()).unwrap() == anchor);
}

#[test]
fn a_restored_log_that_its_anchor_vouches_for_goes_on_and_is_restored_no_more() {
    let mut lab = Lab::new();
    let pdp = lab.register(1, "service:pdp", "pdp");
    let earlier = std::fs::read(lab.anchor()).unwrap();
    lab.submit(vec![pdp.says(&lab.decision(1))]);
    lab.stop();
    let latest = std::fs::read(lab.anchor()).unwrap();
    for (number, anchor) in [(2, latest), (3, earlier)] {
        std::fs::write(lab.anchor(), anchor).unwrap();
        let rows = lab.store.rows();
        put_back(&mut lab, rows);
        lab.start().unwrap();
        assert_eq!(Rows(&*lab.store).restored().unwrap(), None);
        lab.submit(vec![pdp.says(&lab.decision(number))]);
        lab.check();
        lab.stop();
    }
}

#[test]
fn an_accepted_loss_is_one_entry_however_often_it_is_interrupted() {
    let (mut lab, pdp, before, after) = restored();
    let said = |lab: &Lab| Rows(&*lab.store).restored().unwrap().unwrap();
    let accept = |lab: &Lab| {
        let loaded = load(&*lab.store).unwrap();
        let standing = standing(&*lab.store, &loaded, &lab.anchor()).unwrap();
        if let Standing::Lost { mark, .. } = &standing {
            assert_eq!(mark.size, after);
        }
        let restored = said(lab);
        accept_loss(&*lab.store, loaded, &restored, &standing, &lab.anchor(), &statement_key(), &lab.clock)
    };
    let restored = said(&lab);
    let old = std::fs::read(lab.anchor()).unwrap();
    let done = accept(&lab).unwrap();
    assert_eq!(done.index.0, before);
    let rows = lab.store.rows();
    // Ended before the anchor was replaced; then before the mark was lifted.
    for anchor in [old, std::fs::read(lab.anchor()).unwrap()] {
        std::fs::write(lab.anchor(), anchor).unwrap();
        Rows(&*lab.store).set_restored(Some(&restored)).unwrap();
        let again = accept(&lab).unwrap();
        assert_eq!((again.index, again.id), (done.index, done.id));
        assert!(lab.store.rows() == rows, "no second entry");
        assert_eq!(Anchor::open(&lab.anchor(), lab.log).unwrap().mark().size, before + 1);
    }
    // Ended there, the next start lifts the mark by itself.
    Rows(&*lab.store).set_restored(Some(&restored)).unwrap();
    lab.start().unwrap();
    assert_eq!(Rows(&*lab.store).restored().unwrap(), None);
    assert!(check_store(&*lab.store, &lab.anchor()).ok);
    assert!(matches!(lab.submit(vec![pdp.says(&lab.decision(2))])[0], Outcome::Appended { .. }));
}
