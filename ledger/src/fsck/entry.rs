//! One entry by itself: its form, its signature, and the rows that must be there because of it.

use schemas::entry::Entry;
use schemas::envelope::Statement;
use schemas::ids::EntryHash;
use schemas::term::terms;
use schemas::time::Index;
use schemas::tree::TreeHash;
use verifier::merkle::leaf_hash;
use verifier::signature::CheckedKey;

use crate::store::rows::{index_bytes, parse_index, term_key};
use crate::store::{Column, Store, StoreError};

/// An entry's row with what can be computed of it alone.
pub(super) struct Parsed {
    pub(super) index: Index,
    pub(super) leaf: TreeHash,
    pub(super) hash: EntryHash,
    pub(super) entry: Result<(Entry, Result<Statement, String>), String>,
}

/// Reads an entry's row.
pub(super) fn parse(index: Index, bytes: &[u8]) -> Parsed {
    let entry = Entry::decode(bytes).map_err(|error| error.to_string()).and_then(|entry| {
        if entry.index != index {
            return Err(format!("holds entry {}", entry.index));
        }
        let statement = Statement::decode(&entry.statement).map_err(|error| error.to_string());
        Ok((entry, statement))
    });
    let (leaf, hash) = (leaf_hash(bytes), EntryHash::of(bytes));
    Parsed { index, leaf, hash, entry }
}

/// What was found about one entry away from the main thread.
pub(super) struct Verdict {
    pub(super) index: Index,
    pub(super) term_rows: u64,
    /// Code, column, key, detail.
    pub(super) findings: Vec<(&'static str, Column, Vec<u8>, String)>,
    pub(super) errors: Vec<(Column, StoreError)>,
}

/// The entry's signature, and that its id and term rows are there.
pub(super) fn verify(
    store: &dyn Store,
    index: Index,
    statement: &Statement,
    key: Option<CheckedKey>,
) -> Verdict {
    let mut verdict = Verdict { index, term_rows: 0, findings: Vec::new(), errors: Vec::new() };
    if let Some(Err(error)) = key.map(|key| key.verify_envelope(&statement.envelope)) {
        let row = index_bytes(index).to_vec();
        verdict.findings.push(("signature-invalid", Column::Entries, row, error.to_string()));
    }
    verdict.id_row(store, statement);
    let terms = terms(statement);
    verdict.term_rows = terms.len() as u64;
    for term in &terms {
        let key = term_key(term, index);
        match store.get(Column::Terms, &key) {
            Ok(Some(_)) => {}
            Ok(None) => {
                let detail = format!("missing for entry {index}");
                verdict.findings.push(("term-missing", Column::Terms, key.to_vec(), detail));
            }
            Err(error) => verdict.errors.push((Column::Terms, error)),
        }
    }
    verdict
}

impl Verdict {
    fn id_row(&mut self, store: &dyn Store, statement: &Statement) {
        let (id, index) = (statement.id(), self.index);
        let row = match store.get(Column::Ids, id.as_bytes()) {
            Ok(row) => row,
            Err(error) => return self.errors.push((Column::Ids, error)),
        };
        let (code, detail) = match row.as_deref().map(parse_index) {
            Some(Some(at)) if at == index => return,
            Some(Some(at)) => ("id-wrong", format!("leads to entry {at}, expected {index}")),
            Some(None) => ("id-wrong", "does not hold an index of 8 bytes".to_owned()),
            None => ("id-missing", format!("missing for entry {index}")),
        };
        self.findings.push((code, Column::Ids, id.as_bytes().to_vec(), detail));
    }
}
