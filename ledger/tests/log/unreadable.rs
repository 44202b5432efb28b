//! Where a part of the store cannot be read, `fsck` says so once, makes nothing up, and still finds what is wrong elsewhere.

use ledger::fsck::{Report, check_store};
use ledger::store::Column;

use crate::harness::Lab;
use crate::memory::{Memory, Rows};

const SIZE: u64 = 702;

/// A stopped log of two full tiles and a part of a third.
fn lab() -> Lab {
    let mut lab = Lab::new();
    let pdp = lab.register(1, "service:pdp", "pdp");
    lab.submit((2..SIZE).map(|number| pdp.says(&lab.decision(number))).collect());
    lab.stop();
    lab
}

fn key(index: u64) -> Vec<u8> {
    index.to_be_bytes().to_vec()
}

fn check(lab: &Lab, rows: Rows, damaged: &[(Column, Vec<u8>, Vec<u8>)]) -> Report {
    let store = Memory::new();
    store.set_rows(rows);
    for (column, first, last) in damaged {
        store.damage(*column, first.clone()..=last.clone());
    }
    check_store(&store, &lab.anchor())
}

fn entries(first: u64, last: u64) -> (Column, Vec<u8>, Vec<u8>) {
    (Column::Entries, key(first), key(last))
}

fn codes(report: &Report) -> Vec<&str> {
    report.findings.iter().map(|finding| finding.code).collect()
}

#[test]
fn an_unreadable_block_of_entries_is_one_finding_at_its_first_entry() {
    let lab = lab();
    let whole = check(&lab, lab.store.rows(), &[]);
    assert!(whole.ok, "{whole:#?}");
    // Within a tile, over two tiles, the second entry that registers the signer, the first entry, the last ones.
    for (first, last) in [(300, 310), (500, 520), (1, 1), (0, 0), (SIZE - 9, SIZE - 1), (0, SIZE - 1)] {
        let report = check(&lab, lab.store.rows(), &[entries(first, last)]);
        assert_eq!(codes(&report), ["store-damaged"], "{first}..={last}: {report:#?}");
        assert_eq!(report.findings[0].column, Some("entries"));
        assert_eq!(report.first_bad, Some(first));
        assert!(report.findings[0].detail.contains("the rest is checked"), "{report:#?}");
        assert_eq!((report.size, &report.root), (SIZE, &whole.root), "{first}..={last}");
        assert_eq!(report.exit().code(), 10);
        assert_eq!(report.words.len(), 1, "{:?}", report.words);
    }
}

#[test]
fn two_unreadable_blocks_are_two_findings() {
    let lab = lab();
    let report = check(&lab, lab.store.rows(), &[entries(10, 12), entries(600, 601)]);
    assert_eq!(codes(&report), ["store-damaged", "store-damaged"], "{report:#?}");
    assert_eq!(
        report.findings.iter().map(|finding| finding.index).collect::<Vec<_>>(),
        [Some(10), Some(600)]
    );
}

#[test]
fn what_is_wrong_behind_an_unreadable_block_is_found() {
    let lab = lab();
    let block = [entries(300, 310)];
    let with = |change: &dyn Fn(&mut Rows)| {
        let mut rows = lab.store.rows();
        change(&mut rows);
        check(&lab, rows, &block)
    };
    let has = |report: &Report, code: &str, index: Option<u64>| {
        let found = report.findings.iter().any(|finding| finding.code == code && finding.index == index);
        assert!(found, "{code} {index:?}: {report:#?}");
        assert_eq!(report.first_bad, Some(300));
    };
    let changed = with(&|rows| *rows.get_mut(&(Column::Entries, key(400))).unwrap().last_mut().unwrap() ^= 1);
    has(&changed, "signature-invalid", Some(400));
    let gone = with(&|rows| drop(rows.remove(&(Column::Entries, key(400)))));
    has(&gone, "entry-missing", Some(400));
    let no_id = with(&|rows| rows.retain(|(column, _), at| *column != Column::Ids || *at != key(400)));
    has(&no_id, "id-missing", Some(400));
    let more = with(&|rows| drop(rows.insert((Column::Terms, [vec![7; 16], key(400)].concat()), vec![])));
    has(&more, "term-extra", Some(400));
    let cut = with(&|rows| drop(rows.remove(&(Column::Entries, key(SIZE - 1)))));
    has(&cut, "head-wrong", Some(SIZE - 1));
    has(&cut, "rollback", Some(SIZE - 1));
    // The leaves of what cannot be read come from the tiles: a wrong one is shown by the nodes over it, and by the head.
    let tile = [vec![0], key(1)].concat();
    let leaf = with(&|rows| rows.get_mut(&(Column::Tiles, tile.clone())).unwrap()[(305 - 256) * 32] ^= 1);
    has(&leaf, "tile-wrong", Some(304));
    has(&leaf, "head-wrong", Some(SIZE));
}

#[test]
fn where_the_tree_cannot_go_on_nothing_is_said_of_the_rest_but_that() {
    let lab = lab();
    let tile = [vec![0], key(1)].concat();
    let report = check(&lab, lab.store.rows(), &[entries(300, 310), (Column::Tiles, tile.clone(), tile)]);
    assert!(report.findings.iter().all(|finding| finding.code == "store-damaged"), "{report:#?}");
    assert_eq!((report.first_bad, report.size, report.exit().code()), (Some(256), 300, 10), "{report:#?}");
    let said =
        report.findings.iter().any(|finding| finding.detail.contains("nothing from entry 300 on is checked"));
    assert!(said, "{report:#?}");

    // A tampered tile ahead of that is found all the same.
    let mut rows = lab.store.rows();
    rows.get_mut(&(Column::Tiles, [vec![0], key(0)].concat())).unwrap()[0] ^= 1;
    let tile = [vec![0], key(1)].concat();
    let report = check(&lab, rows, &[entries(300, 310), (Column::Tiles, tile.clone(), tile)]);
    assert!(codes(&report).contains(&"tile-wrong"), "{report:#?}");
}

#[test]
fn an_unreadable_part_of_an_index_is_said_once() {
    let lab = lab();
    let all = vec![0; 16]..=vec![0xff; 32];
    for column in [Column::Ids, Column::Terms] {
        let report = check(&lab, lab.store.rows(), &[(column, all.start().clone(), all.end().clone())]);
        let found: Vec<_> =
            report.findings.iter().map(|finding| (finding.column, finding.detail.as_str())).collect();
        let name = Some(column.name());
        assert_eq!(found, [(name, "could not read"), (name, "could not scan")], "{report:#?}");
        assert_eq!(report.findings[0].index, Some(0));
        assert!(report.words.iter().any(|words| words.contains("000012.sst")), "{:?}", report.words);
    }
}
