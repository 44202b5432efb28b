//! Rows of sequences, each read once for the many entries that have a number in it.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::store::rows::Rows;
use crate::store::sequence::{Highest, SequenceId};
use crate::store::{Store, StoreError};

/// Sequences whose rows are kept while entries are read: some 5 MB.
const KEPT_MAX: usize = 65_536;

/// Rows of sequences.
pub(super) struct Kept<'s> {
    store: &'s dyn Store,
    rows: Mutex<HashMap<SequenceId, Result<Option<Highest>, StoreError>>>,
}

impl<'s> Kept<'s> {
    pub(super) fn new(store: &'s dyn Store) -> Self {
        Self { store, rows: Mutex::default() }
    }

    /// What the row of a sequence says.
    pub(super) fn highest(&self, sequence: &SequenceId) -> Result<Option<Highest>, StoreError> {
        let mut rows = self.rows.lock().unwrap_or_else(PoisonError::into_inner);
        if rows.len() >= KEPT_MAX {
            rows.clear();
        }
        rows.entry(*sequence).or_insert_with(|| Rows(self.store).highest(sequence)).clone()
    }
}
