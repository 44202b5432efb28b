//! Ids and terms as the rest of the ledger sees them: one row an id, one row a term and entry, in whatever form and wherever they are.
//!
//! Rows move from memory to files, never back. So memory is asked before an iterator over the files is made: what has left memory by
//! then is in the files that the iterator sees. What is in both is shown once.

use std::ops::{Bound, ControlFlow};

use rocksdb::{DBRawIteratorWithThreadMode, ReadOptions};
use schemas::ids::{StatementId, TermId};
use schemas::time::Index;

use super::MARK_KEY;
use super::postings::decode;
use crate::store::rocks::{DB, Files, RocksStore, fault};
use crate::store::rows::{index_bytes, parse_term_key, term_key};
use crate::store::{Column, StoreError, Visit, VisitKey, VisitTerm};

/// Rows of ids that are taken from memory at a time, for which all are looked at.
const IDS_TOGETHER: usize = 4_096;

/// How rows of files are read from end to end.
#[derive(Clone, Copy, Debug)]
pub(in crate::store::rocks) enum Reading<'t> {
    /// All of them.
    InOrder,
    /// Those before a key, an empty one being the end, that are found when they are looked up.
    LookedUp { to: &'t [u8] },
}

pub(super) type Iter<'d> = DBRawIteratorWithThreadMode<'d, DB>;

impl RocksStore {
    /// An id's row.
    pub(in crate::store::rocks) fn id_row(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let unfiled = StatementId::from_slice(key).and_then(|id| self.filing.unfiled().index_of(&id));
        match unfiled {
            Some(index) => Ok(Some(index_bytes(Index(index)).to_vec())),
            None => self.files.get(Column::Ids, key),
        }
    }

    /// The row of a term and an entry, which holds nothing.
    pub(in crate::store::rocks) fn term_row(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let mut found = None;
        let Some((term, _)) = parse_term_key(key) else { return Ok(None) };
        self.scan_term(&term, key, &mut |at, _| {
            found = (at == key).then(Vec::new);
            ControlFlow::Break(())
        })?;
        Ok(found)
    }

    /// Rows of ids from a key on, ascending.
    pub(in crate::store::rocks) fn scan_ids(
        &self,
        from: &[u8],
        reading: Reading<'_>,
        visit: &mut Visit<'_>,
    ) -> Result<(), StoreError> {
        let mut from = from.to_vec();
        loop {
            let unfiled = self.filing.unfiled().ids_from(at_least(&from), IDS_TOGETHER);
            let last = unfiled.get(IDS_TOGETHER - 1).map(|(id, _)| *id.as_bytes());
            let mut unfiled =
                unfiled.iter().map(|(id, index)| (*id.as_bytes(), index_bytes(Index(*index)))).peekable();
            let mut stopped = false;
            // What memory may have behind its last row here is asked for with a new iterator.
            let is_past = |key: &[u8]| last.is_some_and(|last| key > last.as_slice());
            self.read(Column::Ids, &from, reading, &mut |key, value| {
                if is_past(key) {
                    return ControlFlow::Break(());
                }
                while let Some((id, index)) = unfiled.next_if(|(id, _)| id.as_slice() < key) {
                    stopped = visit(&id, &index).is_break();
                    if stopped {
                        return ControlFlow::Break(());
                    }
                }
                let both = unfiled.next_if(|(id, _)| id.as_slice() == key);
                if key == MARK_KEY {
                    return ControlFlow::Continue(());
                }
                stopped = match both {
                    Some((id, index)) => visit(&id, &index),
                    None => visit(key, value),
                }
                .is_break();
                if stopped { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            })?;
            for (id, index) in unfiled {
                if stopped || visit(&id, &index).is_break() {
                    return Ok(());
                }
            }
            match last {
                // The shortest key behind it.
                Some(last) if !stopped => from = [last.as_slice(), &[0]].concat(),
                _ => return Ok(()),
            }
        }
    }

    /// Rows of a term from a key on, ascending.
    pub(in crate::store::rocks) fn scan_term(
        &self,
        term: &TermId,
        from: &[u8],
        visit: &mut Visit<'_>,
    ) -> Result<(), StoreError> {
        let from = parse_term_key(from).map_or(0, |(_, index)| index.0);
        let unfiled = self.filing.unfiled().places(&[*term], from, u64::MAX).pop().unwrap_or_default();
        let mut rows = self.files.term_rows()?;
        let mut places = Vec::new();
        show_term(&mut rows, term, from, &unfiled, &mut places, &mut |key| visit(key, &[]))
    }

    /// All rows of each term in turn, ascending.
    pub(in crate::store::rocks) fn scan_many_terms(
        &self,
        terms: &[TermId],
        visit: &mut VisitTerm<'_>,
    ) -> Result<(), StoreError> {
        let unfiled = self.filing.unfiled().places(terms, 0, u64::MAX);
        // Opening an iterator costs more than placing it.
        let mut rows = self.files.term_rows()?;
        let mut places = Vec::new();
        for (at, (term, unfiled)) in terms.iter().zip(&unfiled).enumerate() {
            show_term(&mut rows, term, 0, unfiled, &mut places, &mut |key| visit(at, key))?;
        }
        Ok(())
    }

    /// Rows of a term from a key back, descending.
    pub(in crate::store::rocks) fn scan_one_term_back(
        &self,
        term: &TermId,
        from: &[u8],
        visit: &mut VisitKey<'_>,
    ) -> Result<(), StoreError> {
        let Some((_, Index(from))) = parse_term_key(from) else { return Ok(()) };
        let unfiled = self.filing.unfiled().places(&[*term], 0, from).pop().unwrap_or_default();
        for place in unfiled.iter().rev() {
            if visit(&term_key(term, Index(*place))).is_break() {
                return Ok(());
            }
        }
        let below = unfiled.first().copied();
        let mut options = ReadOptions::default();
        // Going back is not defined for an iterator that is bound to a prefix; the bound ends it instead.
        options.set_total_order_seek(true);
        options.set_iterate_lower_bound(term.as_bytes().to_vec());
        let mut rows = self.files.db.raw_iterator_cf_opt(&self.files.family(Column::Terms)?, options);
        let key = term_key(term, Index(from));
        // The row that `from` may stand in is behind it.
        rows.seek(key);
        if rows.key().is_none_or(|key| !key.starts_with(term.as_bytes())) {
            rows.status().map_err(|error| fault("scan", Some(Column::Terms), &error))?;
            rows.seek_for_prev(key);
        }
        let mut places = Vec::new();
        while let Some((key, value)) = rows.item().filter(|(key, _)| key.starts_with(term.as_bytes())) {
            read_row(key, value, &mut places)?;
            let before =
                places.iter().filter(|place| **place <= from && below.is_none_or(|below| **place < below));
            for place in before {
                if visit(&term_key(term, Index(*place))).is_break() {
                    return Ok(());
                }
            }
            rows.prev();
        }
        rows.status().map_err(|error| fault("scan", Some(Column::Terms), &error))
    }

    /// Rows of all terms from a key on, ascending. Takes all that is not in files into memory a second time.
    pub(in crate::store::rocks) fn scan_all_terms(
        &self,
        from: &[u8],
        reading: Reading<'_>,
        visit: &mut Visit<'_>,
    ) -> Result<(), StoreError> {
        let unfiled = self.filing.unfiled().terms();
        let keys = unfiled.iter().map(|(term, place)| term_key(term, Index(*place)));
        let mut unfiled = keys.filter(|key| key.as_slice() >= from).peekable();
        let (mut places, mut wrong, mut stopped) = (Vec::new(), None, false);
        self.read(Column::Terms, from, reading, &mut |key, value| {
            if key == MARK_KEY {
                return ControlFlow::Continue(());
            }
            let Some((term, _)) = parse_term_key(key) else {
                // Whoever reads all rows says what is wrong with this one.
                stopped = visit(key, value).is_break();
                return if stopped { ControlFlow::Break(()) } else { ControlFlow::Continue(()) };
            };
            if let Err(error) = read_row(key, value, &mut places) {
                wrong = Some(error);
                return ControlFlow::Break(());
            }
            for place in places.iter().rev() {
                let key = term_key(&term, Index(*place));
                while let Some(before) = unfiled.next_if(|unfiled| *unfiled < key) {
                    stopped = stopped || visit(&before, &[]).is_break();
                }
                let _both = unfiled.next_if(|unfiled| *unfiled == key);
                stopped = stopped || (key.as_slice() >= from && visit(&key, &[]).is_break());
                if stopped {
                    return ControlFlow::Break(());
                }
            }
            ControlFlow::Continue(())
        })?;
        if let Some(wrong) = wrong {
            return Err(wrong);
        }
        let _ended =
            unfiled.try_for_each(|key| if stopped { ControlFlow::Break(()) } else { visit(&key, &[]) });
        Ok(())
    }

    /// Rows of files from a key on.
    fn read(
        &self,
        column: Column,
        from: &[u8],
        reading: Reading<'_>,
        visit: &mut Visit<'_>,
    ) -> Result<(), StoreError> {
        match reading {
            Reading::InOrder => self.files.scan(column, &[], from, visit),
            Reading::LookedUp { to } => self.files.scan_looked_up(column, from, to, visit),
        }
    }
}

impl Files {
    /// For reading the rows of single terms.
    pub(super) fn term_rows(&self) -> Result<Iter<'_>, StoreError> {
        let mut options = ReadOptions::default();
        // Lets the filter of each file answer for the whole term.
        options.set_prefix_same_as_start(true);
        Ok(self.db.raw_iterator_cf_opt(&self.family(Column::Terms)?, options))
    }
}

/// Shows a term's rows from an entry on: those in files, then those in memory, which are of later entries.
fn show_term(
    rows: &mut Iter<'_>,
    term: &TermId,
    from: u64,
    unfiled: &[u64],
    places: &mut Vec<u64>,
    visit: &mut VisitKey<'_>,
) -> Result<(), StoreError> {
    rows.seek(term_key(term, Index(from)));
    while let Some((key, value)) = rows.item().filter(|(key, _)| key.starts_with(term.as_bytes())) {
        read_row(key, value, places)?;
        let filed = |place: &u64| *place >= from && unfiled.first().is_none_or(|first| place < first);
        for place in places.iter().rev().filter(|place| filed(place)) {
            if visit(&term_key(term, Index(*place))).is_break() {
                return Ok(());
            }
        }
        rows.next();
    }
    rows.status().map_err(|error| fault("scan", Some(Column::Terms), &error))?;
    let _ended = unfiled.iter().try_for_each(|place| visit(&term_key(term, Index(*place))));
    Ok(())
}

/// The entries of a row of a file, descending.
fn read_row(key: &[u8], value: &[u8], places: &mut Vec<u64>) -> Result<(), StoreError> {
    let bad = || StoreError::row(Column::Terms, key, "is not a term with the entries that it leads to");
    let (_, last) = parse_term_key(key).ok_or_else(bad)?;
    decode(last, value, places).ok_or_else(bad)
}

/// Where the ids begin that are not before a key.
fn at_least(key: &[u8]) -> Bound<StatementId> {
    let mut bytes = [0; StatementId::LEN];
    bytes.iter_mut().zip(key).for_each(|(byte, of_key)| *byte = *of_key);
    let id = StatementId::new(bytes);
    if key.len() > StatementId::LEN { Bound::Excluded(id) } else { Bound::Included(id) }
}
