//! The index is damaged in every way; the log goes on and is what it was.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use ledger::fsck::check_folder;
use ledger::read::ReadError;
use ledger::reindex::rebuild;
use ledger::search::{Order, Range, search};
use ledger::store::rows::Rows;
use ledger::store::{Batch, Column, Store as _};
use ledger::submit::Unavailable;
use schemas::ids::StatementId;
use schemas::payload::Kind;
use schemas::query::{Query, What};
use schemas::term::Term;
use schemas::time::Index;

use crate::machine::Machine;
use crate::machine::step::Damage;

/// A byte within the first block of a table file.
const FLIPPED_AT: usize = 12;

impl Machine {
    pub(super) fn damage(&mut self, damage: Damage) {
        match damage {
            Damage::Cleared(column) => {
                self.subject.stop();
                let store = self.subject.stopped();
                store.clear(column).unwrap();
                assert_eq!(rebuild(&store, &Column::DERIVED).unwrap().entries, self.reference.size());
                drop(store);
                self.start();
            }
            Damage::Unfinished(column) => {
                self.subject.stop();
                let store = self.subject.stopped();
                Rows(&store).set_unfinished(&[column]).unwrap();
                store.clear(column).unwrap();
                drop(store);
                self.start();
            }
            Damage::File(column) => self.damage_file(column),
            Damage::WrongId => self.wrong_id(),
            Damage::WrongTerm => self.wrong_term(),
        }
    }

    /// Found at the start, or once the column is read.
    fn damage_file(&mut self, column: Column) {
        self.subject.stop();
        self.subject.stopped().settle().unwrap();
        match self.table_of(column) {
            Some(file) => {
                let mut bytes = fs::read(&file).unwrap();
                bytes[FLIPPED_AT] ^= 1;
                fs::write(&file, bytes).unwrap();
            }
            // No statement has had a number yet.
            None => assert_eq!(column, Column::Sequences, "it has no table file"),
        }
        self.subject.start().unwrap();
        self.until_whole();
        // A row under which a newer one lies is not read in service: the check of everything meets it.
        let report = check_folder(&self.subject.folder().store(), &self.subject.anchor());
        if !report.ok {
            assert!(report.is_index_alone(), "{:#?}", report.findings);
            self.subject.stop();
            rebuild(&self.subject.stopped(), &Column::DERIVED).unwrap();
            self.subject.start().unwrap();
        }
        self.recovered();
    }

    /// A table file of the column: its properties name it.
    fn table_of(&self, column: Column) -> Option<PathBuf> {
        let named = format!("name{column}");
        let files = fs::read_dir(self.subject.folder().store()).unwrap().map(|entry| entry.unwrap().path());
        let tables = files.filter(|path| path.extension().is_some_and(|extension| extension == "sst"));
        let mut of_column = tables.filter(|path| {
            let bytes = fs::read(path).unwrap();
            bytes.windows(named.len()).any(|window| window == named.as_bytes())
        });
        of_column.next()
    }

    fn wrong_id(&mut self) {
        let index = self.chance.below(self.reference.size());
        let statement = self.reference.statement(index);
        let wrong = (index + 1) % self.reference.size();
        let mut batch = Batch::default();
        batch.put(Column::Ids, statement.id().as_bytes(), &wrong.to_be_bytes());
        self.subject.rocks().fill(&batch).unwrap();
        // The sequencer may know better, but the reader before it does not.
        let said = self.subject.submit(vec![statement.envelope.bytes().to_vec()]);
        let refused =
            |said| matches!(said, Unavailable::Reindexing | Unavailable::Read(ReadError::Reindexing));
        assert!(said.is_err_and(refused));
        self.until_whole();
    }

    fn wrong_term(&mut self) {
        let term = Term::Kind(Kind::Genesis).id();
        // The last entry: rows in memory are taken in the order of their entries alone.
        let index = self.reference.size() - 1;
        let mut batch = Batch::default();
        batch.put(Column::Terms, &[term.as_bytes().as_slice(), &index.to_be_bytes()].concat(), &[]);
        self.subject.rocks().fill(&batch).unwrap();
        let reader = self.subject.running().log().reader();
        let query = Query::default().with(Some(What::kind(Kind::Genesis)));
        let range = Range { from: None, size: reader.size(), order: Order::OldestFirst };
        let found = search(&reader, &query, range, 10);
        assert_eq!(found.unwrap_err(), ReadError::Reindexing);
        self.until_whole();
    }

    /// Reads everything of the index until all of it is there. What is damaged is not answered from.
    fn until_whole(&self) {
        let begun = Instant::now();
        while !self.read_all() {
            assert!(begun.elapsed() < Duration::from_secs(20), "the index is not made again");
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    fn read_all(&self) -> bool {
        let log = self.subject.running().log();
        let reader = log.reader();
        let size = reader.size();
        let good = |read: Result<bool, ReadError>| match read {
            Ok(same) => {
                assert!(same, "the index answers, and wrongly");
                true
            }
            Err(ReadError::Reindexing) => false,
            Err(other) => panic!("{other}"),
        };
        let ids = self.reference.ids.iter().all(|(id, index)| {
            good(reader.index_of(&StatementId::new(*id)).map(|found| found == Some(Index(*index))))
        });
        let terms = self.reference.terms.iter().all(|(term, indexes)| {
            good(reader.term(term, Index(0), size as usize).map(|found| found.len() == indexes.len()))
        });
        let paths = (0..size).all(|index| good(reader.proved_entry(Index(index)).map(|_| true)));
        log.index().is_whole() && ids && terms && paths
    }
}
