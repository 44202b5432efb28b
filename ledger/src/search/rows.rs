//! The index rows of one condition: of any of its terms, and of statements found by their ids.

use schemas::ids::TermId;

use super::{Order, Range};
use crate::read::{ReadError, Reader};

/// Index rows read at a time.
const CHUNK_ROWS: usize = 512;

/// Rows in the order of the search, read in chunks and only forward.
pub(super) struct Rows {
    terms: Vec<TermRows>,
    range: Range,
}

/// Rows of one term, or a list of which all is known.
struct TermRows {
    term: Option<TermId>,
    /// Steps, ascending.
    chunk: Vec<u64>,
    /// Whether the chunk reaches the last row.
    complete: bool,
    /// How many of the chunk are behind.
    at: usize,
    read: usize,
}

impl Rows {
    pub(super) fn new(terms: &[TermId], range: Range) -> Self {
        let of = |term: &TermId| TermRows {
            term: Some(*term),
            chunk: Vec::new(),
            complete: false,
            at: 0,
            read: 0,
        };
        Self { terms: terms.iter().map(of).collect(), range }
    }

    /// Adds a list, ascending.
    pub(super) fn add(&mut self, chunk: Vec<u64>) {
        self.terms.push(TermRows { term: None, chunk, complete: true, at: 0, read: 0 });
    }

    /// The first row from `target` on.
    pub(super) fn seek(&mut self, reader: &Reader<'_>, target: u64) -> Result<Option<u64>, ReadError> {
        let mut first = None;
        for rows in &mut self.terms {
            let found = rows.seek(reader, target, self.range)?;
            first = [first, found].into_iter().flatten().min();
        }
        Ok(first)
    }

    /// How many rows are left, where that is known without reading more.
    pub(super) fn left(&self) -> Option<usize> {
        let known = self.terms.iter().all(|rows| rows.complete);
        known.then(|| self.terms.iter().map(|rows| rows.chunk.len().saturating_sub(rows.at)).sum())
    }

    /// How many rows were read.
    pub(super) fn read(&self) -> usize {
        self.terms.iter().map(|rows| rows.read).sum()
    }

    /// A term whose row leads to the latest step although the statement there has these terms and not that one.
    pub(super) fn stray(&self, has: &[TermId]) -> Option<TermId> {
        let here = self
            .terms
            .iter()
            .filter_map(|rows| Some((rows.here()?, rows.term)))
            .min_by_key(|(step, _)| *step)?
            .0;
        let mut led = self.terms.iter().filter(|rows| rows.here() == Some(here)).filter_map(|rows| rows.term);
        led.find(|term| has.binary_search(term).is_err())
    }
}

impl TermRows {
    fn here(&self) -> Option<u64> {
        self.chunk.get(self.at).copied()
    }

    fn seek(&mut self, reader: &Reader<'_>, target: u64, range: Range) -> Result<Option<u64>, ReadError> {
        loop {
            let rest = self.chunk.get(self.at..).unwrap_or_default();
            self.at += rest.partition_point(|step| *step < target);
            if let Some(step) = self.here() {
                return Ok(Some(step));
            }
            let Some(term) = self.term.filter(|_| !self.complete && target < range.size) else {
                return Ok(None);
            };
            let from = range.order.index(target, range.size);
            let found = match range.order {
                Order::OldestFirst => reader.term(&term, from, CHUNK_ROWS)?,
                Order::NewestFirst => reader.term_back(&term, from, CHUNK_ROWS)?,
            };
            self.read += found.len();
            let within = found.into_iter().filter(|index| index.0 < range.size);
            self.chunk = within.map(|index| range.order.step(index, range.size)).collect();
            // Also where what follows is beyond the size: a page must not change as the log grows.
            self.complete = self.chunk.len() < CHUNK_ROWS;
            self.at = 0;
        }
    }
}
