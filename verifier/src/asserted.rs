//! What the log asserts to be all there is, held against the entries themselves.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use schemas::envelope::Statement;
use schemas::ids::TermId;
use schemas::term::terms;
use schemas::time::Index;

/// Asserted rows, ready to be held against one entry after the other.
#[derive(Clone, Debug, Default)]
pub struct Asserted {
    terms: BTreeSet<TermId>,
    /// For each entry that a row lists, the terms of those rows, ascending.
    listed: BTreeMap<Index, Vec<TermId>>,
}

/// How an answer is wrong about an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The entry gives rise to the term, and the answer does not list it.
    LeftOut,
    /// The answer lists the entry, which does not give rise to the term.
    WronglyListed,
}

impl Fault {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::LeftOut => "left-out",
            Self::WronglyListed => "wrongly-listed",
        }
    }
}

impl Asserted {
    /// Takes rows, terms in ascending order; of what they list, only entries that will be looked at.
    pub fn new<'r>(
        rows: impl IntoIterator<Item = (&'r TermId, &'r [Index])>,
        looked_at: impl Fn(&Index) -> bool,
    ) -> Self {
        let mut asserted = Self::default();
        for (term, indexes) in rows {
            asserted.terms.insert(*term);
            for index in indexes.iter().filter(|index| looked_at(index)) {
                asserted.listed.entry(*index).or_default().push(*term);
            }
        }
        asserted
    }

    /// How many terms were answered.
    pub fn terms(&self) -> usize {
        self.terms.len()
    }

    /// What the answers say wrongly of the entry at an index, which holds this statement.
    pub fn faults(&self, index: Index, statement: &Statement) -> Vec<(TermId, Fault)> {
        let listed = self.listed.get(&index).map(Vec::as_slice).unwrap_or_default();
        let mut raised = terms(statement);
        raised.retain(|term| self.terms.contains(term));
        let left_out =
            raised.iter().filter(|term| !listed.contains(term)).map(|term| (*term, Fault::LeftOut));
        let wrongly = listed.iter().filter(|term| !raised.contains(term));
        left_out.chain(wrongly.map(|term| (*term, Fault::WronglyListed))).collect()
    }
}
