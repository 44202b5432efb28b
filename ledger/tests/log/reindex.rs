//! The index follows from the entries: damaged, it is made again, at the start or in service, and never stops the log.

use std::time::{Duration, Instant};

use ledger::fsck::check_store;
use ledger::log::StartError;
use ledger::outcome::Outcome;
use ledger::reindex::rebuild;
use ledger::store::rows::Rows;
use ledger::store::{Column, Store};
use ledger::submit::Unavailable;

use crate::harness::{Lab, Person};
use crate::memory::Rows as AllRows;

/// A log of more than a tile.
fn lab() -> (Lab, Person) {
    let mut lab = Lab::new();
    let pdp = lab.register(1, "service:pdp", "pdp");
    lab.submit((2..300).map(|number| pdp.says(&lab.decision(number))).collect());
    (lab, pdp)
}

/// The rows without the word on whether the index is finished.
fn content(lab: &Lab) -> AllRows {
    let mut rows = lab.store.rows();
    rows.retain(|(column, _), _| *column != Column::Meta);
    rows
}

/// Makes every row of a column unreadable.
fn damage(lab: &Lab, column: Column) {
    lab.store.damage(column, vec![0]..=vec![0xff; 40]);
}

#[test]
fn every_derived_row_is_made_again_as_it_was() {
    let (mut lab, _) = lab();
    lab.stop();
    let whole = content(&lab);
    let mut rows = lab.store.rows();
    rows.retain(|(column, _), _| !column.is_derived());
    lab.store.set_rows(rows);
    let rebuilt = rebuild(&*lab.store, &Column::DERIVED).unwrap();
    assert_eq!(rebuilt.entries, 300);
    assert!(content(&lab) == whole, "the same rows");
    assert!(check_store(&*lab.store, &lab.anchor()).ok);
}

#[test]
fn a_start_makes_again_whatever_part_of_the_index_is_damaged_missing_or_wrong() {
    for column in Column::DERIVED {
        let (mut lab, _) = lab();
        lab.stop();
        let whole = content(&lab);
        if ![Column::Ids, Column::Sequences].contains(&column) {
            // Nothing at the start reads ids and sequences; those that cannot be opened at all are made again by the store.
            damage(&lab, column);
            lab.start().unwrap();
            lab.check();
            lab.stop();
            assert!(content(&lab) == whole, "{column}");
        }
        let mut rows = lab.store.rows();
        rows.retain(|(other, _), _| *other != column);
        lab.store.set_rows(rows);
        Rows(&*lab.store).set_unfinished(&[column]).unwrap();
        lab.start().unwrap();
        lab.check();
        assert!(content(&lab) == whole, "{column}");
    }
    let (mut lab, _) = lab();
    lab.stop();
    let mut rows = lab.store.rows();
    let edge = rows.iter_mut().filter(|((column, _), _)| *column == Column::Tiles).last().unwrap();
    edge.1[0] ^= 1;
    lab.store.set_rows(rows);
    lab.start().unwrap();
    lab.check();
}

#[test]
fn damage_in_entries_or_head_is_refused_and_nothing_is_taken_out() {
    let (mut lab, _) = lab();
    lab.stop();
    let whole = lab.store.rows();
    let keys = [
        (Column::Entries, 150_u64.to_be_bytes().to_vec()),
        (Column::Entries, 299_u64.to_be_bytes().to_vec()),
        (Column::Meta, b"head".to_vec()),
    ];
    for key in keys {
        let mut rows = whole.clone();
        *rows.get_mut(&key).unwrap().last_mut().unwrap() ^= 1;
        // The index is damaged too, so that it is tried.
        let edge = rows.iter_mut().filter(|((column, _), _)| *column == Column::Tiles).last().unwrap();
        edge.1[0] ^= 1;
        lab.store.set_rows(rows.clone());
        match lab.start() {
            Err(StartError::Open(error)) => assert_eq!(error.code(), "store-contradiction", "{error}"),
            other => panic!("{other:?}"),
        }
        assert!(lab.store.rows() == rows, "nothing was taken out");
    }
}

#[test]
fn an_index_that_was_being_made_again_is_begun_anew_by_the_next_start() {
    let (mut lab, _) = lab();
    lab.stop();
    let whole = content(&lab);
    Rows(&*lab.store).set_unfinished(&Column::DERIVED).unwrap();
    let mut rows = lab.store.rows();
    let half: Vec<_> = rows.keys().filter(|(column, _)| column.is_derived()).step_by(29).cloned().collect();
    half.iter().for_each(|key| drop(rows.remove(key)));
    lab.store.set_rows(rows);
    let report = check_store(&*lab.store, &lab.anchor());
    assert!(report.findings.iter().any(|finding| finding.code == "index-unfinished"), "{report:#?}");
    lab.start().unwrap();
    assert!(content(&lab) == whole);
    lab.check();
}

/// Submits until the answer is no longer that the index is being made again.
fn submit_when_whole(lab: &mut Lab, statement: &[u8]) -> Outcome {
    let begun = Instant::now();
    loop {
        match lab.try_submit(vec![statement.to_vec()]) {
            Ok(answer) => return answer.results[0].clone(),
            Err(Unavailable::Reindexing | Unavailable::Read(_))
                if begun.elapsed() < Duration::from_secs(20) =>
            {
                std::thread::sleep(Duration::from_millis(10));
            }
            Err(other) => panic!("{other:?}"),
        }
    }
}

#[test]
fn damage_met_in_service_costs_a_pause_and_never_a_second_entry() {
    for column in [Column::Ids, Column::Terms] {
        let (mut lab, pdp) = lab();
        lab.restart();
        let (old, new) = (pdp.says(&lab.decision(7)), pdp.says(&lab.numbered(900, 0)));
        lab.submit(vec![pdp.says(&lab.numbered(800, 0))]);
        damage(&lab, column);
        let first = lab.try_submit(vec![new.clone()]);
        assert!(first.is_err(), "{column}: {first:?}");
        assert_eq!(lab.running().log().latch().reason(), None, "{column}");
        assert!(matches!(submit_when_whole(&mut lab, &new), Outcome::Appended { .. }), "{column}");
        assert!(matches!(submit_when_whole(&mut lab, &old), Outcome::Duplicate { .. }), "{column}");
        assert_eq!(lab.size(), 302);
        lab.check();
        lab.restart();
        lab.check();
    }
}

#[test]
fn a_damaged_row_of_a_sequence_costs_a_pause_and_never_a_second_entry() {
    let (mut lab, pdp) = lab();
    let (old, new) = (pdp.says(&lab.numbered(800, 4)), pdp.says(&lab.numbered(900, 5)));
    let appended = lab.submit(vec![old.clone()]).remove(0);
    let Outcome::Appended { id, index, .. } = appended else { panic!("{appended:?}") };
    lab.restart();
    damage(&lab, Column::Sequences);
    let first = lab.try_submit(vec![old.clone()]);
    assert!(first.is_err(), "{first:?}");
    assert_eq!(lab.running().log().latch().reason(), None);
    assert_eq!(submit_when_whole(&mut lab, &old), Outcome::Duplicate { id, index });
    assert!(matches!(submit_when_whole(&mut lab, &new), Outcome::Appended { .. }));
    lab.check();
}

#[test]
fn a_row_that_contradicts_its_entry_is_the_index_where_the_entry_is_under_the_head() {
    let (mut lab, pdp) = lab();
    let old = pdp.says(&lab.decision(7));
    let id = schemas::ids::StatementId::of(&old);
    let mut rows = lab.store.rows();
    rows.insert((Column::Ids, id.as_bytes().to_vec()), 9_u64.to_be_bytes().to_vec());
    lab.store.set_rows(rows);
    assert!(lab.try_submit(vec![old.clone()]).is_err());
    assert_eq!(lab.running().log().latch().reason(), None);
    assert!(matches!(submit_when_whole(&mut lab, &old), Outcome::Duplicate { .. }));
    lab.check();
}

#[test]
fn where_the_entries_do_not_add_up_either_the_log_is_latched_after_all() {
    let (mut lab, pdp) = lab();
    let mut rows = lab.store.rows();
    *rows.get_mut(&(Column::Entries, 150_u64.to_be_bytes().to_vec())).unwrap().last_mut().unwrap() ^= 1;
    lab.store.set_rows(rows);
    damage(&lab, Column::Ids);
    assert!(lab.try_submit(vec![pdp.says(&lab.decision(7))]).is_err());
    let begun = Instant::now();
    while lab.running().log().latch().reason().is_none() {
        assert!(begun.elapsed() < Duration::from_secs(20));
        std::thread::sleep(Duration::from_millis(10));
    }
    assert!(lab.store.get(Column::Entries, &7_u64.to_be_bytes()).unwrap().is_some());
}
