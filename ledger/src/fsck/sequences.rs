//! Rows of sequences: none says less than the entries do, and none says what no entry does.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use schemas::time::Index;

use super::Findings;
use super::entry::statement_at;
use super::read::Read;
use crate::store::sequence::{Highest, SequenceId, Slot};
use crate::store::{Column, Store};

/// Most sequences whose rows say too little that are listed.
const LOW_MAX: usize = 1_000;

/// Sequences whose rows do not know of all their entries: the highest number of each, and what its row says.
#[derive(Default)]
pub(super) struct Low(BTreeMap<SequenceId, (Highest, Option<Highest>)>);

impl Low {
    /// An entry with a number that its sequence's row does not know of.
    pub(super) fn take(&mut self, slot: Slot, index: Index, row: Option<Highest>) {
        let before = self.0.get(&slot.sequence).map(|(highest, _)| *highest);
        if before.is_none() && self.0.len() >= LOW_MAX {
            return;
        }
        if let Some(highest) = Highest::raised(before, slot.number, index) {
            self.0.insert(slot.sequence, (highest, row));
        }
    }

    pub(super) fn end(&mut self, findings: &mut Findings) {
        for (sequence, (Highest { number, index }, row)) in std::mem::take(&mut self.0) {
            let (code, says) = match row {
                Some(row) => ("sequence-wrong", says(row)),
                None => ("sequence-missing", "is missing".into()),
            };
            let detail = format!("{says}; the highest is {number}, of entry {index}");
            findings.row(code, Column::Sequences, sequence.as_bytes(), Some(index.0), detail);
        }
    }
}

/// Each row is of an entry that has this number of this sequence. Of rows of entries that could not be read nothing is said.
pub(super) fn each(store: &dyn Store, read: &Read, findings: &mut Findings) {
    let scanned = store.scan(Column::Sequences, &[], &[], &mut |key, value| {
        let Some((sequence, row)) = SequenceId::from_slice(key).zip(Highest::decode(value)) else {
            let detail = "is not a sequence with a number and an index";
            findings.row("sequence-wrong", Column::Sequences, key, None, detail);
            return ControlFlow::Continue(());
        };
        let Highest { number, index } = row;
        let slot = || Slot::of(&statement_at(store, index.0)?);
        if !read.is_unknown(index.0) && slot() != Some(Slot { sequence, number }) {
            let detail = format!("{}, which does not have it", says(row));
            findings.row("sequence-extra", Column::Sequences, key, Some(index.0), detail);
        }
        ControlFlow::Continue(())
    });
    if let Err(error) = scanned {
        findings.store(Some(Column::Sequences), None, &error);
    }
}

fn says(row: Highest) -> String {
    format!("says that number {} of entry {} is the highest", row.number, row.index)
}
