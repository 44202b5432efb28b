//! Ids and terms of consecutive entries in memory: quick to add to and to ask, and in the end written to a file in order.

use std::collections::HashMap;
use std::ops::{Bound, RangeBounds};

use rocksdb::Error;
use schemas::ids::{StatementId, TermId};
use schemas::time::Index;

use super::postings::{POSTINGS_MAX, encode};
use crate::store::rows::index_bytes;

/// Rows of terms after which a segment is written out: those of some 65,000 statements, 16 to 24 MB in memory. The more, the fewer
/// terms stand in several files, and the longer it takes to make them again after a kill.
const TERM_ROWS: usize = 1 << 20;

/// Rows of ids after which a segment is written out, where there are no terms beside them.
const ID_ROWS: usize = 1 << 17;

/// Marks a number as the place of a list; without it, it is the only entry of its term.
const LIST: u32 = 1 << 31;

/// Ids and terms of consecutive entries.
#[derive(Debug, Default)]
pub(super) struct Segment {
    ids: HashMap<StatementId, u64>,
    /// By term: its only entry, or [`LIST`] and the place of all its entries in `lists`. Most terms have one.
    terms: HashMap<TermId, u32>,
    /// Ascending. Entries are counted from `base`.
    lists: Vec<Vec<u32>>,
    base: u64,
    term_rows: usize,
}

impl Segment {
    pub(super) fn is_empty(&self) -> bool {
        self.ids.is_empty() && self.terms.is_empty()
    }

    /// Whether it is large enough to be written out.
    pub(super) fn is_full(&self) -> bool {
        self.term_rows >= TERM_ROWS || self.ids.len() >= ID_ROWS
    }

    /// How many ids, different terms, and rows of terms there are.
    pub(super) fn rows(&self) -> (usize, usize, usize) {
        (self.ids.len(), self.terms.len(), self.term_rows)
    }

    pub(super) fn has_ids(&self) -> bool {
        !self.ids.is_empty()
    }

    pub(super) fn has_terms(&self) -> bool {
        !self.terms.is_empty()
    }

    /// Forgets all rows and keeps the room for as many.
    pub(super) fn clear(&mut self) {
        self.ids.clear();
        self.terms.clear();
        self.lists.clear();
        self.term_rows = 0;
    }

    pub(super) fn clear_ids(&mut self) {
        self.ids.clear();
    }

    pub(super) fn clear_terms(&mut self) {
        self.terms.clear();
        self.lists.clear();
        self.term_rows = 0;
    }

    /// Adds a row. An id that is there already leads to the later entry.
    pub(super) fn add_id(&mut self, id: StatementId, index: Index) {
        self.ids.insert(id, index.0);
    }

    /// The first entry that rows of terms follow of. To be said before the first of them.
    pub(super) fn begin_terms(&mut self, first: u64) {
        if self.terms.is_empty() {
            self.base = first;
        }
    }

    /// Adds a row, behind those that the term has already. False where it stands before them or too far from the first entry.
    #[must_use]
    pub(super) fn add_term(&mut self, term: TermId, index: Index) -> bool {
        let offset = index.0.checked_sub(self.base).and_then(|offset| u32::try_from(offset).ok());
        let Some(offset) = offset.filter(|offset| *offset < LIST) else { return false };
        match self.terms.entry(term) {
            std::collections::hash_map::Entry::Vacant(free) => {
                free.insert(offset);
            }
            std::collections::hash_map::Entry::Occupied(mut taken) => {
                let only = *taken.get();
                if only & LIST == 0 {
                    if offset <= only {
                        return offset == only;
                    }
                    let place = u32::try_from(self.lists.len()).ok().filter(|place| *place < LIST);
                    let Some(place) = place else { return false };
                    self.lists.push(vec![only, offset]);
                    taken.insert(LIST | place);
                } else if let Some(list) = self.lists.get_mut((only & !LIST) as usize) {
                    match list.last() {
                        Some(last) if offset <= *last => return offset == *last,
                        _ => list.push(offset),
                    }
                }
            }
        }
        self.term_rows += 1;
        true
    }

    /// The entry that an id leads to.
    pub(super) fn index_of(&self, id: &StatementId) -> Option<u64> {
        self.ids.get(id).copied()
    }

    /// Rows of ids from `from` on, ascending, at most so many. Looks at all of them: in memory they are in no order.
    pub(super) fn ids_from(&self, from: Bound<StatementId>, most: usize) -> Vec<(StatementId, u64)> {
        let within = self.ids.iter().filter(|(id, _)| (from, Bound::Unbounded).contains(*id));
        let mut found: Vec<_> = within.map(|(id, index)| (*id, *index)).collect();
        if most < found.len() {
            found.select_nth_unstable(most);
            found.truncate(most);
        }
        found.sort_unstable();
        found
    }

    /// Adds a term's entries from `from` to `to` to a list, ascending.
    pub(super) fn places(&self, term: &TermId, from: u64, to: u64, places: &mut Vec<u64>) {
        let Some(first) = self.terms.get(term) else { return };
        let within = |offset: &u32| {
            let place = self.base.saturating_add(u64::from(*offset));
            (from..=to).contains(&place).then_some(place)
        };
        let list = self.list(first);
        let begin = list.partition_point(|offset| self.base.saturating_add(u64::from(*offset)) < from);
        places.extend(list.iter().skip(begin).map_while(within));
    }

    fn list<'s>(&'s self, first: &'s u32) -> &'s [u32] {
        if first & LIST == 0 {
            return std::slice::from_ref(first);
        }
        self.lists.get((first & !LIST) as usize).map_or(&[], Vec::as_slice)
    }

    /// Every term with its entries, in the order of the terms.
    pub(super) fn each_term<E>(
        &self,
        mut show: impl FnMut(&TermId, &[u64]) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut terms: Vec<(&TermId, &u32)> = self.terms.iter().collect();
        terms.sort_unstable();
        let mut places = Vec::new();
        for (term, first) in terms {
            places.clear();
            places.extend(self.list(first).iter().map(|offset| self.base.saturating_add(u64::from(*offset))));
            show(term, &places)?;
        }
        Ok(())
    }

    /// The rows of a file of ids, ascending.
    pub(super) fn id_rows(
        &self,
        mut put: impl FnMut(&[u8], &[u8]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let ids = self.ids_from(Bound::Unbounded, usize::MAX);
        ids.iter().try_for_each(|(id, index)| put(id.as_bytes(), &index_bytes(Index(*index))))
    }

    /// The rows of a file of terms, ascending.
    pub(super) fn term_rows(
        &self,
        mut put: impl FnMut(&[u8], &[u8]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let mut value = Vec::new();
        self.each_term(|term, places| {
            places.chunks(POSTINGS_MAX).try_for_each(|places| match encode(term, places, &mut value) {
                Some(key) => put(&key, &value),
                None => Ok(()),
            })
        })
    }
}
