//! The log as it would be with one statement more.

use std::cell::RefCell;
use std::collections::BTreeMap;

use schemas::entry::Entry;
use schemas::envelope::Statement;
use schemas::ids::{EntryHash, StatementId, TermId};
use schemas::term::terms;
use schemas::time::{Index, Time};
use verifier::evidence::{Absence, Evidence, EvidenceHead, Pinning};
use verifier::gather::{Source, Wants, gather};

use super::EvaluateError;
use crate::read::{ReadError, Reader};

/// A log, and a statement that would stand at its end.
struct Supposed<'r, 'l> {
    reader: &'r Reader<'l>,
    statement: &'r Statement,
    terms: Vec<TermId>,
    /// The entries that were asked for, so that each is read once.
    entries: RefCell<BTreeMap<Index, Vec<u8>>>,
}

impl Source for Supposed<'_, '_> {
    type Error = ReadError;

    fn size(&self) -> u64 {
        self.reader.size().saturating_add(1)
    }

    fn statement(&self, index: Index) -> Result<Option<Statement>, ReadError> {
        if index.0 == self.reader.size() {
            return Ok(Some(self.statement.clone()));
        }
        let bytes = self.reader.entry_bytes(index)?;
        let found = self.reader.decoded(index, &bytes)?;
        self.entries.borrow_mut().insert(index, bytes);
        Ok(Some(found.statement))
    }

    fn index_of(&self, id: &StatementId) -> Result<Option<Index>, ReadError> {
        if *id == self.statement.id() {
            return Ok(Some(Index(self.reader.size())));
        }
        self.reader.index_of(id)
    }

    fn find(&self, terms: &[TermId], most: usize) -> Result<Vec<Vec<Index>>, ReadError> {
        let mut found = Source::find(self.reader, terms, most)?;
        for (term, indexes) in terms.iter().zip(&mut found) {
            if indexes.len() < most && self.terms.binary_search(term).is_ok() {
                indexes.push(Index(self.reader.size()));
            }
        }
        Ok(found)
    }
}

/// Everything needed to judge a statement as if it were the log's next entry, taken at `now`.
///
/// The entries are the log's own and were checked when it was opened: no proof is asked of them, and its index is its word on
/// what else there is, as in the bundles that it signs.
pub(super) fn evidence_with(
    reader: &Reader<'_>,
    statement: &Statement,
    wants: Wants,
    now: Time,
) -> Result<Evidence, EvaluateError> {
    let supposed = Supposed { reader, statement, terms: terms(statement), entries: RefCell::default() };
    let gathered = gather(statement.id(), wants, &supposed)?;
    let head = reader.published().head;
    let last = reader.entry_bytes(Index(reader.size().saturating_sub(1)))?;
    let next = Entry {
        index: Index(reader.size()),
        time: now.max(head.time),
        prev: EntryHash::of(&last),
        statement: statement.envelope.bytes().to_vec(),
    };
    let mut read = supposed.entries.into_inner();
    let mut entries: Vec<(Index, Vec<u8>)> = Vec::with_capacity(gathered.entries.len());
    for index in gathered.entries {
        let bytes = match read.remove(&index) {
            Some(bytes) => bytes,
            None if index == next.index => next.encode(),
            None => reader.entry_bytes(index)?,
        };
        entries.push((index, bytes));
    }
    let origin = reader.log().origin().to_string();
    let head = EvidenceHead { origin, size: reader.size().saturating_add(1), root: head.root };
    let log = reader.log().id();
    let pinning = Pinning { log_key: true, genesis: true, key: String::new() };
    let entries = entries.iter().map(|(index, bytes)| (*index, bytes.as_slice()));
    Ok(Evidence::new(head, Some(log), pinning, entries, Absence::Asserted(gathered.rows))?)
}
