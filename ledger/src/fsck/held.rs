//! Whether a derived column has exactly the rows that the entries give: read once in order, and looked up once as questions do.
//!
//! Looking up row by row what each entry must have costs several times as much: names of ids and terms are hashes, so that
//! every look-up would be in another block.

use std::ops::ControlFlow;

use rayon::prelude::*;
use schemas::ids::{StatementId, TermId};
use schemas::time::Index;

use super::sums::{Sum, Summing};
use crate::store::rows::{index_bytes, parse_index, parse_term_key};
use crate::store::{Column, Store, Visit};

/// Names that are looked up together: the bound for memory, and few enough that what was read with them is still in the cache.
const NAMES: usize = 512;

/// Parts of a column that are read at the same time, each a range of first bytes: names are hashes, so they are of one length. Many more
/// than cores, so that all have work to the end.
const PARTS: u16 = 64;

/// Whether the ids are these.
pub(super) fn ids(store: &dyn Store, summing: &Summing, expected: Sum) -> bool {
    let looked_up = |rows: &[(StatementId, Index)]| {
        rows.iter().try_fold(Sum::default(), |sum, (id, index)| {
            let row = store.get(Column::Ids, id.as_bytes()).ok()??;
            (row == index_bytes(*index)).then(|| sum.plus(summing.id(id, *index)))
        })
    };
    let part = |part: Part| {
        let mut found = Found { looked_up: &looked_up, names: Vec::new(), sum: Some(Sum::default()) };
        let scanned = part.scan(store, Column::Ids, &mut |key, value| match StatementId::from_slice(key)
            .zip(parse_index(value))
        {
            Some(row) => found.push(row),
            None => found.wrong(),
        });
        scanned.then(|| found.end()).flatten()
    };
    Part::all().map(part).try_reduce(Sum::default, |one, other| Some(one.plus(other))) == Some(expected)
}

/// Whether the terms are these. The filters of the store's files must lead to every row of a term, and no row that is there
/// may be missed by them.
pub(super) fn terms(store: &dyn Store, summing: &Summing, expected: Sum) -> bool {
    let looked_up = |terms: &[TermId]| {
        let mut sum = Some(Sum::default());
        let scanned = store.scan_terms(terms, &mut |_, key| {
            sum = sum.zip(parse_term_key(key)).map(|(sum, (term, at))| sum.plus(summing.term(&term, at)));
            if sum.is_some() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        });
        scanned.ok().and(sum)
    };
    let part = |part: Part| {
        let mut found = Found { looked_up: &looked_up, names: Vec::new(), sum: Some(Sum::default()) };
        let (mut rows, mut last) = (0_u64, None);
        let scanned = part.scan(store, Column::Terms, &mut |key, value| {
            rows += 1;
            match parse_term_key(key).filter(|_| value.is_empty()) {
                None => found.wrong(),
                Some((term, _)) if last == Some(term) => ControlFlow::Continue(()),
                Some((term, _)) => {
                    last = Some(term);
                    found.push(term)
                }
            }
        });
        scanned.then(|| found.end().filter(|sum| sum.rows() == rows)).flatten()
    };
    Part::all().map(part).try_reduce(Sum::default, |one, other| Some(one.plus(other))) == Some(expected)
}

/// A part of a column: the keys whose first byte is in one of the ranges that [`PARTS`] divides all into.
struct Part(u16);

impl Part {
    fn all() -> impl ParallelIterator<Item = Self> {
        (0..PARTS).into_par_iter().map(Self)
    }

    /// First byte of the part of this number; past the last part none.
    fn begins(number: u16) -> Option<u8> {
        u8::try_from(number * (256 / PARTS)).ok()
    }

    /// Shows each of its rows. False where reading failed.
    fn scan(&self, store: &dyn Store, column: Column, visit: &mut Visit<'_>) -> bool {
        // An empty key stands before every other.
        let from = Self::begins(self.0).filter(|_| self.0 > 0);
        let next = Self::begins(self.0 + 1);
        let is_past = |key: &[u8]| key.first().zip(next).is_some_and(|(first, next)| *first >= next);
        let scanned = store.scan(column, &[], from.as_slice(), &mut |key, value| {
            if is_past(key) { ControlFlow::Break(()) } else { visit(key, value) }
        });
        scanned.is_ok()
    }
}

/// Names in order, and the sum of the rows that looking them up has given; nothing once a row was wrong.
struct Found<'l, N, L> {
    looked_up: &'l L,
    names: Vec<N>,
    sum: Option<Sum>,
}

impl<N, L: Fn(&[N]) -> Option<Sum>> Found<'_, N, L> {
    fn push(&mut self, name: N) -> ControlFlow<()> {
        self.names.push(name);
        if self.names.len() == NAMES {
            self.take();
        }
        if self.sum.is_some() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    }

    fn wrong(&mut self) -> ControlFlow<()> {
        self.sum = None;
        ControlFlow::Break(())
    }

    fn take(&mut self) {
        let sum = (self.looked_up)(&self.names);
        self.sum = self.sum.zip(sum).map(|(before, sum)| before.plus(sum));
        self.names.clear();
    }

    fn end(mut self) -> Option<Sum> {
        self.take();
        self.sum
    }
}
