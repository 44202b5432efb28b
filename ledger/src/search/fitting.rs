//! Everything that fits a query, looked up as it is asked for.

use std::vec::IntoIter;

use schemas::query::Query;
use schemas::time::Index;

use super::{Order, PAGE_MAX, Range, search};
use crate::read::{ReadError, Reader};

/// Most entries looked at for one answer about everything that fits: ten pages that little fits.
const EXAMINED_MAX: usize = 100_000;

/// The entries that fit, oldest first.
pub struct Fitting<'q, 'r, 'l> {
    reader: &'r Reader<'l>,
    query: &'q Query,
    size: u64,
    page: IntoIter<Index>,
    /// What is searched next; nothing at the end.
    from: Option<Index>,
    examined: usize,
    failed: Option<ReadError>,
}

impl<'q, 'r, 'l> Fitting<'q, 'r, 'l> {
    /// From `from` on, in a log of `1 <= size <= reader.size()` entries.
    pub fn new(reader: &'r Reader<'l>, query: &'q Query, from: Index, size: u64) -> Self {
        let (page, from) = (Vec::new().into_iter(), Some(from).filter(|from| from.0 < size));
        Self { reader, query, size, page, from, examined: 0, failed: None }
    }

    /// Where looking was given up because it had cost enough, once the entries have ended.
    pub fn cut_at(self) -> Result<Option<Index>, ReadError> {
        self.failed.map_or(Ok(self.from), Err)
    }

    fn turn(&mut self, from: Index) -> Result<(), ReadError> {
        let range = Range { from: Some(from), size: self.size, order: Order::OldestFirst };
        let page = search(self.reader, self.query, range, PAGE_MAX)?;
        self.examined = self.examined.saturating_add(page.examined);
        self.from = page.next;
        let indexes: Vec<Index> = page.found.iter().map(|found| found.entry.index).collect();
        self.page = indexes.into_iter();
        Ok(())
    }
}

impl Iterator for Fitting<'_, '_, '_> {
    type Item = Index;

    fn next(&mut self) -> Option<Index> {
        loop {
            if let Some(index) = self.page.next() {
                return Some(index);
            }
            let from = self.from.filter(|_| self.examined < EXAMINED_MAX)?;
            if let Err(error) = self.turn(from) {
                self.failed = Some(error);
                self.from = None;
                return None;
            }
        }
    }
}
