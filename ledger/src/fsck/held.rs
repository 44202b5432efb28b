//! Whether a derived column has exactly the rows that the entries give: read once in order, and looked up once as questions do.
//!
//! Looking up row by row what each entry must have costs several times as much: names of ids and terms are hashes, so that
//! every look-up would be in another block.

use std::ops::ControlFlow;

use rayon::prelude::*;
use schemas::ids::StatementId;

use super::sums::{Sum, Summing};
use crate::store::rows::{parse_index, parse_term_key};
use crate::store::sequence::{Highest, SequenceId};
use crate::store::{Column, Store, StoreError, Visit};

/// Parts of a column that are read at the same time, each a range of first bytes: names are hashes, so they are of one length. Many more
/// than cores, so that all have work to the end.
const PARTS: u16 = 64;

/// Whether the ids are these.
pub(super) fn ids(store: &dyn Store, summing: &Summing, expected: Sum) -> bool {
    are(store, Column::Ids, expected, |key, value| {
        let (id, index) = StatementId::from_slice(key).zip(parse_index(value))?;
        Some(summing.id(&id, index))
    })
}

/// Whether the terms are these.
pub(super) fn terms(store: &dyn Store, summing: &Summing, expected: Sum) -> bool {
    are(store, Column::Terms, expected, |key, value| {
        let (term, index) = parse_term_key(key).filter(|_| value.is_empty())?;
        Some(summing.term(&term, index))
    })
}

/// Whether the sequences are these.
pub(super) fn sequences(store: &dyn Store, summing: &Summing, expected: Sum) -> bool {
    are(store, Column::Sequences, expected, |key, value| {
        let (sequence, highest) = SequenceId::from_slice(key).zip(Highest::decode(value))?;
        Some(summing.sequence(&sequence, &highest))
    })
}

/// Whether the sum over all rows is this one, each of them read in order and looked up.
fn are(
    store: &dyn Store,
    column: Column,
    expected: Sum,
    row: impl Fn(&[u8], &[u8]) -> Option<Sum> + Sync,
) -> bool {
    let part = |part: Part| {
        let mut sum = Some(Sum::default());
        let scanned = part.scan(store, column, &mut |key, value| {
            sum = sum.zip(row(key, value)).map(|(before, row)| before.plus(row));
            if sum.is_some() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        });
        scanned.ok().and(sum)
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

    fn scan(&self, store: &dyn Store, column: Column, visit: &mut Visit<'_>) -> Result<(), StoreError> {
        // An empty key stands before every other.
        let from = Self::begins(self.0).filter(|_| self.0 > 0);
        let to = Self::begins(self.0 + 1);
        store.scan_looked_up(column, from.as_slice(), to.as_slice(), visit)
    }
}
