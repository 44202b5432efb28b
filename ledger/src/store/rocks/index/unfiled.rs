//! Rows of ids and terms that are in memory alone: what is being gathered, and what is being written out.

use std::convert::Infallible;
use std::ops::Bound;
use std::sync::Arc;

use schemas::ids::{StatementId, TermId};
use schemas::time::Index;

use super::segment::Segment;
use crate::store::rows::{parse_index, parse_term_key};
use crate::store::{Column, StoreError};

/// What is not in files.
#[derive(Default)]
pub(super) struct Unfiled {
    /// Is being added to.
    pub(super) open: Segment,
    /// Is being written out: rows of earlier entries than those in `open`.
    pub(super) full: Option<Arc<Segment>>,
    /// Empty, with room for the next rows: making room costs more than filling it.
    pub(super) spare: Segment,
    /// Rows of ids and of terms are here or in files of all entries below these.
    pub(super) ids_to: u64,
    pub(super) terms_to: u64,
}

impl Unfiled {
    /// Adds a row of ids or terms.
    pub(super) fn add(&mut self, column: Column, key: &[u8], value: &[u8]) -> Result<(), StoreError> {
        let wrong = || StoreError::row(column, key, "is no row of this column");
        match column {
            Column::Ids => {
                let (id, index) = StatementId::from_slice(key).zip(parse_index(value)).ok_or_else(wrong)?;
                self.open.add_id(id, index);
            }
            _ => {
                let (term, index): (TermId, Index) = parse_term_key(key).ok_or_else(wrong)?;
                if !self.open.add_term(term, index) {
                    return Err(StoreError::row(column, key, "stands before a row that is there"));
                }
            }
        }
        Ok(())
    }

    /// The entry that an id leads to.
    pub(super) fn index_of(&self, id: &StatementId) -> Option<u64> {
        self.segments().rev().find_map(|segment| segment.index_of(id))
    }

    /// Rows of ids from `from` on, ascending, at most so many.
    pub(super) fn ids_from(&self, from: Bound<StatementId>, most: usize) -> Vec<(StatementId, u64)> {
        let mut found: Vec<_> = self.segments().flat_map(|segment| segment.ids_from(from, most)).collect();
        found.sort_unstable();
        found.truncate(most);
        found
    }

    /// Entries from `from` to `to` that these terms lead to, ascending, one list a term.
    pub(super) fn places(&self, terms: &[TermId], from: u64, to: u64) -> Vec<Vec<u64>> {
        let of = |term: &TermId| {
            let mut places = Vec::new();
            self.segments().for_each(|segment| segment.places(term, from, to, &mut places));
            places
        };
        terms.iter().map(of).collect()
    }

    /// Every term with entries that it leads to, in the order of the terms.
    pub(super) fn terms(&self) -> Vec<(TermId, u64)> {
        let mut found = Vec::new();
        for segment in self.segments() {
            let Ok(()) = segment.each_term(|term, places| {
                found.extend(places.iter().map(|place| (*term, *place)));
                Ok::<_, Infallible>(())
            });
        }
        found.sort_unstable();
        found
    }

    /// In the order of their entries.
    fn segments(&self) -> impl DoubleEndedIterator<Item = &Segment> {
        self.full.as_deref().into_iter().chain([&self.open])
    }
}
