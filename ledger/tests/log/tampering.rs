//! Every row that is changed, taken away or added is found by `fsck`, and named.

use ledger::fsck::{Report, check_store};
use ledger::store::Column;
use schemas::time::Index;

use crate::harness::Lab;
use crate::memory::Memory;

/// A log with a few of each row, stopped.
fn lab() -> Lab {
    let mut lab = Lab::new();
    let pdp = lab.register(1, "service:pdp", "pdp");
    let gateway = lab.register(2, "service:collector", "gateway");
    let statements = vec![
        pdp.says(&lab.decision(1)),
        pdp.says(&lab.numbered(2, 0)),
        gateway.says(&lab.imported("e", "a/1")),
    ];
    lab.submit(statements);
    lab.stop();
    lab
}

fn check(lab: &Lab, rows: crate::memory::Rows) -> Report {
    let store = Memory::new();
    store.set_rows(rows);
    check_store(&store, &lab.anchor())
}

fn named(report: &Report, column: Column, key: &[u8]) -> bool {
    let key = data_encoding::HEXLOWER.encode(key);
    report.findings.iter().any(|finding| {
        let this_row = finding.column == Some(column.name()) && finding.key.as_deref() == Some(&key);
        this_row || (column == Column::Meta && finding.code.starts_with("store-"))
    })
}

#[test]
fn a_whole_log_has_no_findings() {
    let lab = lab();
    let report = check(&lab, lab.store.rows());
    assert!(report.ok, "{report:#?}");
    assert_eq!(report.exit().code(), 0);
    assert_eq!(report.size, 6);
}

#[test]
fn every_flipped_byte_of_every_value_is_found_and_its_row_named() {
    let lab = lab();
    let whole = lab.store.rows();
    for ((column, key), value) in &whole {
        // Entries are long; every seventh byte reaches each of their parts.
        let step = if *column == Column::Entries { 7 } else { 1 };
        for at in (0..value.len()).step_by(step) {
            let mut rows = whole.clone();
            rows.get_mut(&(*column, key.clone())).unwrap()[at] ^= 1 << (at % 8);
            let report = check(&lab, rows);
            assert!(!report.ok, "{column} {key:02x?} byte {at}");
            let anywhere = *column == Column::Entries && !report.findings.is_empty();
            assert!(anywhere || named(&report, *column, key), "{column} {key:02x?} byte {at}: {report:#?}");
            assert_eq!(report.exit().code(), 10);
        }
    }
}

#[test]
fn a_flip_or_a_cut_among_the_nodes_that_a_full_tile_keeps_halfway_up_is_found() {
    let mut lab = Lab::new();
    let pdp = lab.register(1, "service:pdp", "pdp");
    lab.submit((2..260).map(|number| pdp.says(&lab.decision(number))).collect());
    lab.stop();
    let whole = lab.store.rows();
    let full = (Column::Tiles, [vec![0], 0_u64.to_be_bytes().to_vec()].concat());
    assert!(check(&lab, whole.clone()).ok);
    assert_eq!(whole[&full].len(), (256 + 16) * 32);
    let is_named = |row: Vec<u8>| {
        let mut rows = whole.clone();
        rows.insert(full.clone(), row);
        let report = check(&lab, rows);
        assert_eq!(report.findings.iter().map(|finding| finding.code).collect::<Vec<_>>(), ["tile-wrong"]);
        assert!(named(&report, full.0, &full.1), "{report:#?}");
    };
    for at in (256 * 32..(256 + 16) * 32).step_by(31) {
        let mut row = whole[&full].clone();
        row[at] ^= 1 << (at % 8);
        is_named(row);
    }
    is_named(whole[&full][..256 * 32].to_vec());
    is_named(whole[&full][..257 * 32].to_vec());
    is_named([whole[&full].as_slice(), &[7; 32]].concat());
}

#[test]
fn every_flipped_byte_of_every_key_is_found() {
    let lab = lab();
    let whole = lab.store.rows();
    for (column, key) in whole.keys() {
        for at in 0..key.len() {
            let mut rows = whole.clone();
            let value = rows.remove(&(*column, key.clone())).unwrap();
            let mut changed = key.clone();
            changed[at] ^= 1 << (at % 8);
            rows.insert((*column, changed), value);
            let report = check(&lab, rows);
            assert!(!report.ok, "{column} {key:02x?} byte {at}");
        }
    }
}

#[test]
fn every_row_taken_away_is_found_and_named() {
    let lab = lab();
    let whole = lab.store.rows();
    for (column, key) in whole.keys() {
        let mut rows = whole.clone();
        rows.remove(&(*column, key.clone()));
        let report = check(&lab, rows);
        assert!(!report.ok, "{column} {key:02x?}");
        assert!(
            *column == Column::Entries || named(&report, *column, key),
            "{column} {key:02x?}: {report:#?}"
        );
    }
}

#[test]
fn a_row_that_is_there_and_that_no_look_up_leads_to_is_found_and_named() {
    let lab = lab();
    let whole = lab.store.rows();
    let looked_up = [Column::Ids, Column::Terms, Column::Sequences];
    assert!(looked_up.iter().all(|column| whole.keys().any(|(other, _)| other == column)));
    for (column, key) in whole.keys().filter(|(column, _)| looked_up.contains(column)) {
        let store = Memory::new();
        store.set_rows(whole.clone());
        store.hide(*column, key.clone());
        let report = check_store(&store, &lab.anchor());
        assert!(named(&report, *column, key), "{column} {key:02x?}: {report:#?}");
    }
}

#[test]
fn a_row_in_the_place_of_another_is_found_and_both_are_named() {
    let lab = lab();
    let whole = lab.store.rows();
    for (column, key) in whole.keys() {
        let Column::Terms = column else { continue };
        let mut rows = whole.clone();
        let value = rows.remove(&(*column, key.clone())).unwrap();
        let other = [&key[..16], &99_u64.to_be_bytes()].concat();
        rows.insert((*column, other.clone()), value);
        let report = check(&lab, rows);
        assert!(named(&report, *column, key) && named(&report, *column, &other), "{key:02x?}: {report:#?}");
    }
}

#[test]
fn every_kind_of_added_row_is_found_and_named() {
    let lab = lab();
    let whole = lab.store.rows();
    let added = [
        (Column::Meta, b"more".to_vec(), vec![1]),
        (Column::Ids, vec![7; 32], 1_u64.to_be_bytes().to_vec()),
        (Column::Terms, [vec![7; 16], 1_u64.to_be_bytes().to_vec()].concat(), vec![]),
        (Column::Terms, [vec![7; 16], 99_u64.to_be_bytes().to_vec()].concat(), vec![]),
        (Column::Tiles, [vec![1], 0_u64.to_be_bytes().to_vec()].concat(), vec![7; 32]),
        (Column::Tiles, [vec![0], 1_u64.to_be_bytes().to_vec()].concat(), vec![7; 32]),
        (Column::Tiles, vec![0], vec![7; 32]),
        (Column::Sequences, vec![7; 16], [0_u64.to_be_bytes(), 4_u64.to_be_bytes()].concat()),
        (Column::Sequences, vec![7; 16], [0_u64.to_be_bytes(), 99_u64.to_be_bytes()].concat()),
        (Column::Sequences, vec![7; 15], vec![0; 16]),
        (Column::Sequences, vec![7; 16], vec![0; 15]),
        (Column::Entries, 7_u64.to_be_bytes().to_vec(), vec![1]),
        (Column::Entries, vec![0], vec![1]),
    ];
    for (column, key, value) in added {
        let mut rows = whole.clone();
        rows.insert((column, key.clone()), value);
        let report = check(&lab, rows);
        assert!(named(&report, column, &key), "{column} {key:02x?}: {report:#?}");
    }
}

#[test]
fn the_first_bad_entry_is_named() {
    let lab = lab();
    for index in 0..6_u64 {
        let mut rows = lab.store.rows();
        let entry = rows.get_mut(&(Column::Entries, index.to_be_bytes().to_vec())).unwrap();
        *entry.last_mut().unwrap() ^= 1;
        let report = check(&lab, rows);
        assert_eq!(report.first_bad, Some(index), "{report:#?}");
    }
}

#[test]
fn the_first_bad_entry_is_named_where_tiles_stand_for_many() {
    let mut lab = Lab::new();
    let pdp = lab.register(1, "service:pdp", "pdp");
    lab.submit((2..600).map(|number| pdp.says(&lab.decision(number))).collect());
    lab.stop();
    for index in [255_u64, 400, 599] {
        let mut rows = lab.store.rows();
        *rows.get_mut(&(Column::Entries, index.to_be_bytes().to_vec())).unwrap().last_mut().unwrap() ^= 1;
        let report = check(&lab, rows);
        assert_eq!(report.first_bad, Some(index), "{report:#?}");
    }
}

#[test]
fn a_report_is_the_same_for_the_same_bytes() {
    let lab = lab();
    let mut rows = lab.store.rows();
    for value in rows.values_mut().filter(|value| !value.is_empty()) {
        value[0] ^= 1;
    }
    let json = |rows| serde_json::to_string(&check(&lab, rows)).unwrap();
    assert_eq!(json(rows.clone()), json(rows));
}

#[test]
fn an_index_row_is_checked_against_its_own_entry() {
    let lab = lab();
    let mut rows = lab.store.rows();
    let (id, index) = rows
        .iter()
        .find(|((column, _), _)| *column == Column::Ids)
        .map(|(key, value)| (key.clone(), value.clone()))
        .unwrap();
    let other = if index == 1_u64.to_be_bytes() { Index(2) } else { Index(1) };
    rows.insert(id.clone(), other.0.to_be_bytes().to_vec());
    assert!(named(&check(&lab, rows), Column::Ids, &id.1));
}
