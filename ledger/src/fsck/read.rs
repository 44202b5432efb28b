//! What the entries show, and how much of them could be read.

use std::collections::BTreeMap;
use std::ops::Range;

use schemas::ids::EntryHash;
use schemas::tree::TreeHash;
use verifier::registry::Registry;

use super::Findings;
use super::sums::Derived;
use crate::store::rows::Head;
use crate::store::{Column, Store};

/// Up to which entries the columns have rows: those of later ones are not in files yet.
#[derive(Clone, Copy, Debug)]
pub(super) struct Indexed {
    pub(super) ids: u64,
    pub(super) terms: u64,
}

/// What the entries show.
pub(super) struct Read {
    /// The head that follows from them.
    pub(super) head: Head,
    /// Whether the last entry was there: without it the head's time and chain are not known.
    pub(super) last_known: bool,
    /// The registry, where there is a genesis.
    pub(super) registry: Option<Registry>,
    /// Which of them ids and terms have rows of.
    pub(super) indexed: Indexed,
    /// Those rows.
    pub(super) derived: Derived,
    /// Entries that were passed over.
    pub(super) holes: Vec<Range<u64>>,
    /// From where on nothing was checked.
    pub(super) stopped: Option<u64>,
    /// Roots at the sizes asked for.
    pub(super) roots: BTreeMap<u64, TreeHash>,
    /// Hashes of the last entries at the sizes asked for.
    pub(super) chains: BTreeMap<u64, EntryHash>,
}

impl Indexed {
    /// What the columns say. One that cannot say is as good as empty; that is a finding.
    pub(super) fn of(store: &dyn Store, findings: &mut Findings) -> Self {
        let mut of = |column| {
            store.indexed(column).unwrap_or_else(|error| {
                findings.store(Some(column), None, &error);
                0
            })
        };
        Self { ids: of(Column::Ids), terms: of(Column::Terms) }
    }
}

impl Read {
    /// Whether every entry was there to be read.
    pub(super) fn is_whole(&self) -> bool {
        self.holes.is_empty() && self.reaches_the_end()
    }

    /// Whether the tree has all entries, also those that were passed over.
    pub(super) fn reaches_the_end(&self) -> bool {
        self.stopped.is_none()
    }

    /// Whether nothing can be said of what belongs to this entry.
    pub(super) fn is_unknown(&self, index: u64) -> bool {
        self.stopped.is_some_and(|stopped| index >= stopped)
            || self.holes.iter().any(|hole| hole.contains(&index))
    }

    /// The root at one of the sizes asked for, and the hash of the last entry at it, where they are known.
    pub(super) fn at(&self, size: u64) -> (Option<TreeHash>, Option<EntryHash>) {
        (self.roots.get(&size).copied(), self.chains.get(&size).copied())
    }
}
