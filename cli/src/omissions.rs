//! Looks for entries that the log's signed answers leave out or wrongly list, and keeps the proof of one.

use std::collections::BTreeMap;

use schemas::bundle::{Bundle, ProvedEntry};
use schemas::entry::Entry;
use schemas::envelope::Statement;
use schemas::ids::{ByteString, StatementId, TermId};
use schemas::limits::OMISSION_ENTRIES_MAX;
use schemas::omission::Omission;
use schemas::payload::Body;
use schemas::time::Index;
use schemas::tree::TreeHash;
use verifier::asserted::{Asserted, Fault};
use verifier::bundle::Claims;
use verifier::merkle::{TreeHasher, leaf_hash};

use crate::exit::Exit;
use crate::failure::Failure;
use crate::recompute::read_all;
use crate::source::LogSource;

/// Most wrong answers that are kept, first ones first; beyond it they are only counted.
const KEPT_MAX: usize = 100;

/// One answer that is wrong about one entry.
pub(crate) struct Wrong {
    /// Which of the bundle's assertions.
    pub(crate) number: usize,
    /// That assertion's id.
    pub(crate) assertion: StatementId,
    pub(crate) term: TermId,
    pub(crate) fault: Fault,
    pub(crate) index: Index,
    pub(crate) statement: Statement,
}

/// What reading every entry below the asserted size came to.
#[derive(Default)]
pub(crate) struct Search {
    /// The first wrong answers, by ascending entry.
    pub(crate) wrong: Vec<Wrong>,
    pub(crate) wrong_total: u64,
    /// Entries read.
    pub(crate) read: u64,
    /// Entries of a form that this program does not know: what they give rise to is not known either.
    pub(crate) unknown: u64,
    /// Genesis, changes of the log's own keys, and the first entry that an answer is wrong about.
    kept: BTreeMap<u64, Vec<u8>>,
    tree: TreeHasher,
}

impl Search {
    /// Reads every entry below the size that the log answered for, which must add up to the root that it answered for.
    pub(crate) fn run(claims: &Claims, log: &dyn LogSource, from: &str) -> Result<Self, Failure> {
        let asserted: Vec<(StatementId, Asserted)> = claims
            .answers
            .iter()
            .map(|(id, answer)| {
                let rows = answer.rows.iter().map(|row| (&row.term, row.indexes.as_slice()));
                (*id, Asserted::new(rows, |_| true))
            })
            .collect();
        let mut search = Self::default();
        read_all(log, 0..claims.head.size(), |mut portions| {
            portions.try_for_each(|portion| {
                portion?.into_iter().for_each(|entry| search.take(entry, &asserted));
                Ok::<(), Failure>(())
            })
        })?;
        let (expected, got) = (claims.head.root(), search.tree.root());
        if got != expected {
            let what = format!("the entries in {from} do not add up to the root that the log answered for");
            return Err(Failure::new("root-mismatch", what).values(expected, got).exit(Exit::Tampered));
        }
        Ok(search)
    }

    fn take(&mut self, bytes: Vec<u8>, asserted: &[(StatementId, Asserted)]) {
        let index = Index(self.read);
        self.read += 1;
        self.tree.push(leaf_hash(&bytes));
        let entry = Entry::decode(&bytes).ok();
        let Some(statement) = entry.and_then(|entry| Statement::decode(&entry.statement).ok()) else {
            self.unknown += 1;
            return;
        };
        let is_own = match &statement.payload.body {
            Body::Genesis(_) => true,
            Body::Key(key) => key.usage.is_some(),
            _ => false,
        };
        let first = self.wrong.is_empty();
        for (number, (id, asserted)) in asserted.iter().enumerate() {
            for (term, fault) in asserted.faults(index, &statement) {
                self.wrong_total += 1;
                if self.wrong.len() < KEPT_MAX {
                    let statement = statement.clone();
                    self.wrong.push(Wrong { number, assertion: *id, term, fault, index, statement });
                }
            }
        }
        if is_own || (first && !self.wrong.is_empty()) {
            self.kept.insert(index.0, bytes);
        }
    }

    /// The proof of the first wrong answer, with the path of each of its entries by `path`.
    pub(crate) fn omission(
        self,
        bundle: Bundle,
        path: impl Fn(u64) -> Result<Vec<TreeHash>, Failure>,
    ) -> Result<Option<Vec<u8>>, Failure> {
        let Some(Wrong { number, term, index, .. }) = self.wrong.into_iter().next() else { return Ok(None) };
        if self.kept.len() > OMISSION_ENTRIES_MAX {
            let what = format!("the log's own keys changed too often for one file: {}", self.kept.len());
            return Err(Failure::new("omission-too-many-entries", what));
        }
        let mut entries = Vec::with_capacity(self.kept.len());
        for (at, entry) in self.kept {
            entries.push(ProvedEntry { entry, path: path(at)? });
        }
        let assertion = bundle.assertions.into_iter().nth(number).unwrap_or(ByteString(Vec::new()));
        let omission = Omission { term, index, checkpoint: bundle.checkpoint, assertion, entries };
        omission.encode().map(Some).map_err(|e| Failure::new(e.code(), e.to_string()))
    }
}
