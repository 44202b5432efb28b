//! What was appended lately without a number in a sequence: spares the sequencer a look into the store for every such statement that is
//! new. Of those with one [`crate::sequences`] knows.

use std::collections::{HashMap, VecDeque};

use schemas::ids::{StatementId, TermId};
use schemas::time::Index;

/// Entries remembered. More than are on their way to the sequencer in most loads, so the store is hardly ever asked; more would leave the
/// processor's cache.
const RECENT_ENTRIES_MAX: usize = 16_384;

/// Ids and unique terms of the entries without a number from [`Recent::floor`] on.
#[derive(Debug)]
pub(super) struct Recent {
    floor: u64,
    entries: VecDeque<(Index, StatementId, Option<TermId>)>,
    ids: HashMap<StatementId, Index>,
    /// The first entry of each term; another one under a term is found in the store.
    terms: HashMap<TermId, Index>,
}

impl Recent {
    /// Nothing yet, in a log of `size` entries.
    pub(super) fn new(size: u64) -> Self {
        Self { floor: size, entries: VecDeque::new(), ids: HashMap::new(), terms: HashMap::new() }
    }

    /// Whether it knows every entry without a number from `size` on.
    pub(super) fn covers(&self, size: u64) -> bool {
        size >= self.floor
    }

    /// Where a statement stands.
    pub(super) fn index_of(&self, id: &StatementId) -> Option<Index> {
        self.ids.get(id).copied()
    }

    /// The first entry of a term.
    pub(super) fn first(&self, term: &TermId) -> Option<Index> {
        self.terms.get(term).copied()
    }

    /// Takes in the next entry without a number.
    pub(super) fn push(&mut self, id: StatementId, index: Index, term: Option<TermId>) {
        self.ids.insert(id, index);
        if let Some(term) = term {
            self.terms.entry(term).or_insert(index);
        }
        self.entries.push_back((index, id, term));
        if self.entries.len() > RECENT_ENTRIES_MAX
            && let Some((index, id, term)) = self.entries.pop_front()
        {
            self.ids.remove(&id);
            if let Some(term) = term
                && self.terms.get(&term) == Some(&index)
            {
                self.terms.remove(&term);
            }
            self.floor = index.0.saturating_add(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_forgets_the_oldest_and_knows_from_where_it_knows_all() {
        let id = |n: u64| StatementId::of(&n.to_be_bytes());
        let term = TermId::new([1; 16]);
        let mut recent = Recent::new(7);
        let last = 7 + RECENT_ENTRIES_MAX as u64;
        for n in 7..=last {
            recent.push(id(n), Index(n), (n == 7).then_some(term));
        }
        assert!(!recent.covers(7));
        assert!(recent.covers(8));
        assert_eq!(recent.index_of(&id(7)), None);
        assert_eq!(recent.first(&term), None);
        assert_eq!(recent.index_of(&id(8)), Some(Index(8)));
        assert_eq!(recent.index_of(&id(last)), Some(Index(last)));
    }
}
