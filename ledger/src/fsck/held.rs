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
use crate::store::{Column, Store};

/// Names that are looked up together on all cores, and by one of them: the bound for memory.
const NAMES: usize = 8_192;
const NAMES_PER_READER: usize = 512;

/// Whether the ids are these.
pub(super) fn ids(store: &dyn Store, summing: &Summing, expected: Sum) -> bool {
    let looked_up = |rows: &[(StatementId, Index)]| {
        rows.iter().try_fold(Sum::default(), |sum, (id, index)| {
            let row = store.get(Column::Ids, id.as_bytes()).ok()??;
            (row == index_bytes(*index)).then(|| sum.plus(summing.id(id, *index)))
        })
    };
    let parse = |key: &[u8], value: &[u8]| StatementId::from_slice(key).zip(parse_index(value));
    let mut found = Found { looked_up: &looked_up, names: Vec::new(), sum: Some(Sum::default()) };
    let scanned = store.scan(Column::Ids, &[], &[], &mut |key, value| match parse(key, value) {
        Some(row) => found.push(row),
        None => found.wrong(),
    });
    scanned.is_ok() && found.end() == Some(expected)
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
    let mut found = Found { looked_up: &looked_up, names: Vec::new(), sum: Some(Sum::default()) };
    let (mut rows, mut last) = (0_u64, None);
    let scanned = store.scan(Column::Terms, &[], &[], &mut |key, value| {
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
    scanned.is_ok() && rows == expected.rows() && found.end() == Some(expected)
}

/// Names in order, and the sum of the rows that looking them up has given; nothing once a row was wrong.
struct Found<'l, N, L> {
    looked_up: &'l L,
    names: Vec<N>,
    sum: Option<Sum>,
}

impl<N: Sync, L: Fn(&[N]) -> Option<Sum> + Sync> Found<'_, N, L> {
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
        let sums = self.names.par_chunks(NAMES_PER_READER).map(self.looked_up);
        let sum = sums.try_reduce(Sum::default, |one, other| Some(one.plus(other)));
        self.sum = self.sum.zip(sum).map(|(before, sum)| before.plus(sum));
        self.names.clear();
    }

    fn end(mut self) -> Option<Sum> {
        self.take();
        self.sum
    }
}
