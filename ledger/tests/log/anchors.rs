//! An older or another store under a newer anchor is refused; a store that is ahead is verified and taken up.

use ledger::anchor::Anchor;
use ledger::fsck::check_store;
use ledger::log::StartError;
use ledger::recover::OpenError;
use ledger::store::Column;

use crate::harness::Lab;

fn open_code(lab: &mut Lab) -> &'static str {
    match lab.start() {
        Err(StartError::Open(error)) => error.code(),
        Err(other) => panic!("{other}"),
        Ok(()) => "started",
    }
}

#[test]
fn an_older_copy_of_the_store_is_refused_and_both_sizes_are_named() {
    let mut lab = Lab::new();
    let pdp = lab.register(1, "service:pdp", "pdp");
    let older = lab.store.rows();
    let statement = pdp.says(&lab.decision(1));
    lab.submit(vec![statement]);
    lab.stop();
    lab.store.set_rows(older);
    match lab.start() {
        Err(StartError::Open(error @ OpenError::Rollback { .. })) => {
            let words = error.to_string();
            assert!(words.contains("size 2") && words.contains("size 3"), "{words}");
        }
        other => panic!("{:?}", other.err()),
    }
    let report = check_store(&*lab.store, &lab.anchor());
    assert_eq!(report.exit().code(), 15, "{report:#?}");
}

#[test]
fn another_history_of_the_same_length_is_refused() {
    let (mut lab, mut twin) = (Lab::new(), Lab::new());
    for (lab, number) in [(&mut lab, 1), (&mut twin, 2)] {
        let pdp = lab.register(1, "service:pdp", "pdp");
        let statement = pdp.says(&lab.decision(number));
        lab.submit(vec![statement]);
        lab.stop();
    }
    lab.store.set_rows(twin.store.rows());
    assert_eq!(open_code(&mut lab), "rollback");
    assert_eq!(check_store(&*lab.store, &lab.anchor()).exit().code(), 15);
}

#[test]
fn a_store_ahead_of_its_anchor_is_taken_up() {
    let mut lab = Lab::new();
    let pdp = lab.register(1, "service:pdp", "pdp");
    let before = std::fs::read(lab.anchor()).unwrap();
    let statement = pdp.says(&lab.decision(1));
    lab.submit(vec![statement]);
    lab.stop();
    std::fs::write(lab.anchor(), before).unwrap();
    assert_eq!(open_code(&mut lab), "started");
    assert_eq!(Anchor::open(&lab.anchor(), lab.log).unwrap().mark().size, 3);
    lab.check();
}

#[test]
fn a_tail_behind_the_anchors_back_that_does_not_verify_is_refused() {
    let mut lab = Lab::new();
    let pdp = lab.register(1, "service:pdp", "pdp");
    let before = std::fs::read(lab.anchor()).unwrap();
    let statement = pdp.says(&lab.decision(1));
    lab.submit(vec![statement]);
    lab.stop();
    std::fs::write(lab.anchor(), before).unwrap();
    let whole = lab.store.rows();
    let mut rows = whole.clone();
    *rows.get_mut(&(Column::Entries, 2_u64.to_be_bytes().to_vec())).unwrap().last_mut().unwrap() ^= 1;
    lab.store.set_rows(rows);
    assert_eq!(open_code(&mut lab), "store-contradiction");
    // What follows from the entries is made again.
    let mut rows = whole.clone();
    let is_term =
        |column: &Column, key: &[u8]| *column == Column::Terms && key.ends_with(&2_u64.to_be_bytes());
    rows.retain(|(column, key), _| !is_term(column, key));
    lab.store.set_rows(rows);
    assert_eq!(open_code(&mut lab), "started");
    lab.check();
}

#[test]
fn a_torn_slot_is_repaired_by_the_next_start() {
    let mut lab = Lab::new();
    lab.register(1, "service:pdp", "pdp");
    lab.stop();
    let mut bytes = std::fs::read(lab.anchor()).unwrap();
    bytes[40] ^= 1;
    std::fs::write(lab.anchor(), bytes).unwrap();
    assert_eq!(check_store(&*lab.store, &lab.anchor()).exit().code(), 10);
    lab.start().unwrap();
    lab.check();
}

#[test]
fn a_missing_foreign_or_ruined_anchor_stops_the_start() {
    let mut lab = Lab::new();
    lab.stop();
    let whole = std::fs::read(lab.anchor()).unwrap();
    std::fs::remove_file(lab.anchor()).unwrap();
    assert_eq!(open_code(&mut lab), "anchor-absent");
    std::fs::write(lab.anchor(), vec![0; whole.len()]).unwrap();
    assert_eq!(open_code(&mut lab), "anchor-damaged");
    let other = Anchor::create(
        &lab.folder.path().join("other"),
        ledger::anchor::Mark {
            log: schemas::ids::LogId::new([1; 32]),
            size: 1,
            root: schemas::tree::TreeHash::new([1; 32]),
            chain: schemas::ids::EntryHash::new([1; 32]),
        },
    );
    std::fs::copy(other.unwrap().path(), lab.anchor()).unwrap();
    assert_eq!(open_code(&mut lab), "anchor-other-log");
}
