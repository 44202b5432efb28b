//! One entry by itself: its form, its signature, and the rows that must be there because of it.

use schemas::entry::Entry;
use schemas::envelope::Statement;
use schemas::ids::EntryHash;
use schemas::term::terms;
use schemas::time::Index;
use schemas::tree::TreeHash;
use verifier::merkle::leaf_hash;
use verifier::signature::{CheckedKey, verify_all};

use super::kept::Kept;
use super::read::Indexed;
use super::sums::{Derived, Sum, Summing};
use crate::store::rows::{Rows, parse_index, term_key};
use crate::store::sequence::{Highest, Slot};
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
    /// The rows that must be there because of it.
    pub(super) derived: Derived,
    /// Why its signature does not hold.
    pub(super) signature: Option<String>,
    /// Its number, and what the row of its sequence says instead of knowing it.
    pub(super) unknown_to: Option<(Slot, Result<Option<Highest>, StoreError>)>,
}

/// An entry with the key to check its signature with; without one where nobody can say whose it is.
pub(super) type Keyed<'e> = (Index, &'e Statement, Option<CheckedKey>);

/// The entries' signatures, the sums of the rows that must be there because of them, and what the rows of their sequences say.
pub(super) fn verify(
    sequences: &Kept<'_>,
    summing: &Summing,
    indexed: Indexed,
    entries: &[Keyed<'_>],
) -> Vec<Verdict> {
    let claims: Vec<_> =
        entries.iter().filter_map(|(_, statement, key)| Some((key.as_ref()?, &statement.envelope))).collect();
    let mut signatures = verify_all(&claims).into_iter();
    let verdict = |(index, statement, key): &Keyed<'_>| {
        let signature = key.as_ref().and_then(|_| signatures.next()?.err());
        let ids = if index.0 < indexed.ids { summing.id(&statement.id(), *index) } else { Sum::default() };
        let mut derived = Derived { ids, ..Derived::default() };
        if index.0 < indexed.terms {
            let sums = terms(statement).into_iter().map(|term| summing.term(&term, *index));
            derived.terms = sums.fold(Sum::default(), Sum::plus);
        }
        let unknown_to = Slot::of(statement).and_then(|slot| match sequences.highest(&slot.sequence) {
            Ok(Some(row)) if row.covers(slot.number, *index) => {
                if row == (Highest { number: slot.number, index: *index }) {
                    derived.sequences = summing.sequence(&slot.sequence, &row);
                }
                None
            }
            row => Some((slot, row)),
        });
        let signature = signature.map(|error| error.to_string());
        Verdict { index: *index, derived, signature, unknown_to }
    };
    entries.iter().map(verdict).collect()
}

/// What was found about one row that must be there because of an entry.
pub(super) enum RowVerdict {
    /// Code, key, detail.
    Finding(&'static str, Vec<u8>, String),
    Failed(StoreError),
}

/// Looks up the row of an entry's id.
pub(super) fn id_row(store: &dyn Store, index: Index, statement: &Statement) -> Vec<RowVerdict> {
    let id = statement.id();
    let row = match store.get(Column::Ids, id.as_bytes()) {
        Ok(row) => row,
        Err(error) => return vec![RowVerdict::Failed(error)],
    };
    let (code, detail) = match row.as_deref().map(parse_index) {
        Some(Some(at)) if at == index => return Vec::new(),
        Some(Some(at)) => ("id-wrong", format!("leads to entry {at}, expected {index}")),
        Some(None) => ("id-wrong", "does not hold an index of 8 bytes".to_owned()),
        None => ("id-missing", format!("missing for entry {index}")),
    };
    vec![RowVerdict::Finding(code, id.as_bytes().to_vec(), detail)]
}

/// Looks up the rows of an entry's terms.
pub(super) fn term_rows(store: &dyn Store, index: Index, statement: &Statement) -> Vec<RowVerdict> {
    let mut verdicts = Vec::new();
    for term in terms(statement) {
        let key = term_key(&term, index);
        match store.get(Column::Terms, &key) {
            Ok(Some(_)) => {}
            Ok(None) => {
                let detail = format!("missing for entry {index}");
                verdicts.push(RowVerdict::Finding("term-missing", key.to_vec(), detail));
            }
            Err(error) => verdicts.push(RowVerdict::Failed(error)),
        }
    }
    verdicts
}

/// The statement of an entry, where it can be read.
pub(super) fn statement_at(store: &dyn Store, index: u64) -> Option<Statement> {
    let entry = Rows(store).entry(Index(index)).ok()??;
    Statement::decode(&entry.statement).ok()
}
