//! Rows of ids and terms: the same whether they are in memory, in files or half here and half there.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use ledger::fsck::check_store;
use ledger::store::rocks::RocksStore;
use ledger::store::rows::{Rows, index_bytes, term_key};
use ledger::store::{Batch, Column, Store, StoreError};
use proptest::prelude::*;
use schemas::ids::{StatementId, TermId};
use schemas::time::Index;

use crate::harness::Lab;

const CACHE_BYTES: usize = 1024 * 1024;

/// What rows there must be.
#[derive(Default)]
struct Model {
    ids: BTreeMap<[u8; 32], u64>,
    terms: BTreeSet<([u8; 16], u64)>,
    next: u64,
}

#[derive(Clone, Debug)]
enum Step {
    /// So many entries, each with these of few terms.
    Fill(u8, Vec<u8>),
    /// Everything to files.
    Settle,
    /// The same, and the store opened anew.
    Reopen,
    Compact,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (1_u8..40, proptest::collection::vec(0_u8..6, 1..4)).prop_map(|(many, terms)| Step::Fill(many, terms)),
        2 => Just(Step::Settle),
        1 => Just(Step::Reopen),
        1 => Just(Step::Compact),
    ]
}

fn term(number: u8) -> TermId {
    TermId::new([number.wrapping_mul(51); 16])
}

fn id(index: u64) -> StatementId {
    StatementId::new(*blake3::hash(&index.to_be_bytes()).as_bytes())
}

impl Model {
    /// Rows of the next entries, in the model and as a batch.
    fn fill(&mut self, many: u8, terms: &[u8]) -> Batch {
        let mut batch = Batch::default();
        for _ in 0..many {
            let index = self.next;
            self.ids.insert(*id(index).as_bytes(), index);
            batch.put(Column::Ids, id(index).as_bytes(), &index_bytes(Index(index)));
            // Not every entry has every term.
            for term in terms
                .iter()
                .filter(|term| !(index + u64::from(**term)).is_multiple_of(3))
                .map(|number| term(*number))
            {
                if self.terms.insert((*term.as_bytes(), index)) {
                    batch.put(Column::Terms, &term_key(&term, Index(index)), &[]);
                }
            }
            let own = TermId::new(*id(index).as_bytes().first_chunk().unwrap());
            self.terms.insert((*own.as_bytes(), index));
            batch.put(Column::Terms, &term_key(&own, Index(index)), &[]);
            self.next += 1;
        }
        batch
    }

    fn of_term(&self, term: &TermId) -> Vec<Index> {
        let all = (*term.as_bytes(), 0)..=(*term.as_bytes(), u64::MAX);
        self.terms.range(all).map(|(_, index)| Index(*index)).collect()
    }

    fn agrees(&self, store: &RocksStore) {
        let rows = Rows(store);
        assert_eq!(store.indexed(Column::Ids), Ok(self.next));
        assert_eq!(store.indexed(Column::Terms), Ok(self.next));
        for index in (0..self.next).step_by(7) {
            assert_eq!(rows.index_of(&id(index)), Ok(Some(Index(index))));
        }
        assert_eq!(rows.index_of(&id(self.next)), Ok(None));
        let all = rows.ids_from(&[0; 32], &[0xff; 32], usize::MAX).unwrap();
        assert!(all.iter().map(|(id, index)| (id.as_bytes(), &index.0)).eq(self.ids.iter()));
        let terms: Vec<TermId> = (0..7).map(term).collect();
        let expected: Vec<Vec<Index>> = terms.iter().map(|term| self.of_term(term)).collect();
        assert_eq!(rows.terms(&terms, u64::MAX, usize::MAX).unwrap(), expected);
        for (term, expected) in terms.iter().zip(&expected) {
            for from in [0, self.next / 3, self.next / 2, self.next.saturating_sub(1), self.next, u64::MAX] {
                let on: Vec<Index> = expected.iter().copied().filter(|index| index.0 >= from).collect();
                assert_eq!(rows.term(term, Index(from), u64::MAX, usize::MAX).unwrap(), on, "from {from}");
                let back: Vec<Index> =
                    expected.iter().rev().copied().filter(|index| index.0 <= from).collect();
                assert_eq!(rows.term_back(term, Index(from), usize::MAX).unwrap(), back, "back from {from}");
            }
        }
        let mut found = BTreeSet::new();
        let mut last = Vec::new();
        let shown = store.scan(Column::Terms, &[], &[], &mut |key, value| {
            assert!(value.is_empty() && key > last.as_slice());
            last = key.to_vec();
            let (term, index) = key.split_first_chunk().unwrap();
            found.insert((*term, u64::from_be_bytes(index.try_into().unwrap())));
            ControlFlow::Continue(())
        });
        assert_eq!(shown, Ok(()));
        assert!(found == self.terms, "{} rows, expected {}", found.len(), self.terms.len());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn rows_are_the_same_from_memory_from_files_and_from_both(steps in proptest::collection::vec(step(), 1..14)) {
        let folder = tempfile::tempdir().unwrap();
        let mut store = RocksStore::create(folder.path()).unwrap();
        let mut model = Model::default();
        for step in steps {
            match step {
                Step::Fill(many, terms) => store.fill(&model.fill(many, &terms)).unwrap(),
                Step::Settle => store.settle().unwrap(),
                Step::Compact => store.compact().unwrap(),
                Step::Reopen => {
                    store.settle().unwrap();
                    drop(store);
                    store = RocksStore::open(folder.path(), CACHE_BYTES).unwrap();
                }
            }
            model.agrees(&store);
        }
    }
}

#[test]
fn a_reader_beside_the_thread_that_writes_rows_out_misses_none_and_sees_none_twice() {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(RocksStore::create(folder.path()).unwrap());
    let (written, done) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
    let reader = {
        let (store, written, done) = (Arc::clone(&store), Arc::clone(&written), Arc::clone(&done));
        std::thread::spawn(move || {
            let mut looked = 0;
            while !done.load(Ordering::SeqCst) || looked == 0 {
                let size = written.load(Ordering::SeqCst);
                let expected: Vec<Index> = (0..size).map(Index).collect();
                let mut back = expected.clone();
                back.reverse();
                let rows = Rows(&*store);
                assert_eq!(rows.term(&term(1), Index(0), size, usize::MAX).unwrap(), expected);
                if let Some(last) = size.checked_sub(1) {
                    assert_eq!(rows.term_back(&term(1), Index(last), usize::MAX).unwrap(), back);
                    assert_eq!(rows.index_of(&id(last)).unwrap(), Some(Index(last)));
                }
                let ids = rows.ids_from(&[0; 32], &[0xff; 32], usize::MAX).unwrap();
                assert!(ids.len() as u64 >= size && ids.is_sorted_by(|one, next| one < next));
                looked += 1;
            }
        })
    };
    for index in 0..400 {
        let mut batch = Batch::default();
        batch.put(Column::Ids, id(index).as_bytes(), &index_bytes(Index(index)));
        batch.put(Column::Terms, &term_key(&term(1), Index(index)), &[]);
        store.fill(&batch).unwrap();
        written.store(index + 1, Ordering::SeqCst);
        if index % 5 == 0 {
            store.settle().unwrap();
        }
    }
    done.store(true, Ordering::SeqCst);
    reader.join().unwrap();
}

#[test]
fn rows_that_leave_out_an_entry_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let store = RocksStore::create(folder.path()).unwrap();
    let mut model = Model::default();
    store.fill(&model.fill(3, &[1])).unwrap();
    model.next += 1;
    match store.fill(&model.fill(1, &[1])) {
        Err(StoreError::Row { column: Column::Ids, detail, .. }) => {
            assert!(detail.contains("entry 4"), "{detail}")
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_column_that_has_come_further_than_the_head_is_made_again() {
    for column in [Column::Ids, Column::Terms] {
        let mut lab = Lab::new();
        let pdp = lab.register(1, "service:pdp", "pdp");
        lab.submit((2..40).map(|number| pdp.says(&lab.decision(number))).collect());
        lab.stop();
        let mut batch = Batch::default();
        match column {
            Column::Ids => batch.put(column, id(9).as_bytes(), &index_bytes(Index(45))),
            _ => batch.put(column, &term_key(&term(1), Index(45)), &[]),
        }
        lab.store.fill(&batch).unwrap();
        assert!(!check_store(&*lab.store, &lab.anchor()).ok, "{column}");
        lab.start().unwrap();
        lab.check();
        lab.stop();
        assert!(check_store(&*lab.store, &lab.anchor()).ok, "{column}");
    }
}
