//! Which numbers of emitters' sequences no entry has: nearly all that come. Whoever knows that need not look for them in the index.
//!
//! Kept of a sequence are the number up to which any may be taken, and those above it that are. As in the anti-replay window of RFC 4303
//! section 3.4.3, numbers may come out of order within bounds. What was known is forgotten with the program; then the store's row says
//! which number is the highest, and of lower ones the index has to be asked.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use schemas::time::Index;

use crate::store::rows::Rows;
use crate::store::sequence::{Highest, SequenceId, Slot};
use crate::store::{Batch, Column, StoreError};

/// Sequences that are known at a time, besides those of the group that is being appended: some 10 MB of memory.
const SEQUENCES_MAX: usize = 65_536;

/// Most numbers that are known of one sequence above the one up to which any may be taken: more than are on their way at a time.
const ABOVE_MAX: usize = 4_096;

/// Most of them of all sequences together, about: some 20 MB of memory.
const ABOVE_ALL_MAX: usize = 1024 * 1024;

/// What is known of sequences. It may say of a free number that it is not known to be, never the other way round.
#[derive(Debug, Default)]
pub(crate) struct Sequences(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    sequences: HashMap<SequenceId, Sequence>,
    /// Numbers in all sequences' `above`.
    above: usize,
}

#[derive(Debug)]
struct Sequence {
    /// As in the store, or about to be.
    highest: Option<Highest>,
    /// Any number up to this one may be taken.
    floor: Option<u64>,
    /// The numbers above it that are.
    above: BTreeSet<u64>,
}

impl Sequences {
    /// Which of these numbers no entry has of those that the latest published head covers when this is called.
    pub(crate) fn are_free(&self, rows: Rows<'_>, slots: &[Option<Slot>]) -> Result<Vec<bool>, StoreError> {
        let mut known = self.known();
        let is_free = |slot: &Option<Slot>| {
            let Some(slot) = slot else { return Ok(false) };
            match known.sequence(rows, slot.sequence, SEQUENCES_MAX)? {
                Some(sequence) => Ok(sequence.is_free(slot.number)),
                None => Ok(false),
            }
        };
        slots.iter().map(is_free).collect()
    }

    /// Takes a number for an entry that is about to be appended: whether no entry has it, and none of this group.
    pub(crate) fn take(&self, rows: Rows<'_>, slot: Slot) -> Result<bool, StoreError> {
        let mut known = self.known();
        let Some(sequence) = known.sequence(rows, slot.sequence, usize::MAX)? else { return Ok(false) };
        let before = sequence.above.len();
        let was_free = sequence.take(slot.number);
        let after = sequence.above.len();
        known.above = known.above.saturating_sub(before).saturating_add(after);
        Ok(was_free)
    }

    /// Adds to a group's batch the rows of sequences whose highest number it raises. Its entries in order.
    pub(crate) fn raise(
        &self,
        rows: Rows<'_>,
        entries: impl IntoIterator<Item = (Slot, Index)>,
        batch: &mut Batch,
    ) -> Result<(), StoreError> {
        let mut known = self.known();
        let mut raised = BTreeMap::new();
        for (slot, index) in entries {
            let Some(sequence) = known.sequence(rows, slot.sequence, usize::MAX)? else { continue };
            if let Some(highest) = Highest::raised(sequence.highest, slot.number, index) {
                sequence.highest = Some(highest);
                raised.insert(slot.sequence, highest);
            }
        }
        for (sequence, highest) in raised {
            batch.put(Column::Sequences, sequence.as_bytes(), &highest.encode());
        }
        Ok(())
    }

    /// Forgets everything where it has become much. To be called between groups: what a group took before it is in the store is known
    /// here alone.
    pub(crate) fn make_room(&self) {
        let mut known = self.known();
        if known.sequences.len() >= SEQUENCES_MAX || known.above >= ABOVE_ALL_MAX {
            *known = Known::default();
        }
    }

    /// Forgets everything: the rows were made again, and a group may have been given up that had taken numbers.
    pub(crate) fn clear(&self) {
        *self.known() = Known::default();
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    /// A sequence, read from its row the first time; nothing where there is no room for it.
    ///
    /// Under the lock: a row that was read before a group was appended must not take the place of what the group made known.
    fn sequence(
        &mut self,
        rows: Rows<'_>,
        id: SequenceId,
        most: usize,
    ) -> Result<Option<&mut Sequence>, StoreError> {
        let known = self.sequences.len();
        Ok(match self.sequences.entry(id) {
            Entry::Occupied(taken) => Some(taken.into_mut()),
            Entry::Vacant(_) if known >= most => None,
            Entry::Vacant(free) => {
                let highest = rows.highest(&id)?;
                let floor = highest.map(|highest| highest.number);
                Some(free.insert(Sequence { highest, floor, above: BTreeSet::new() }))
            }
        })
    }
}

impl Sequence {
    fn is_free(&self, number: u64) -> bool {
        self.floor.is_none_or(|floor| number > floor) && !self.above.contains(&number)
    }

    fn take(&mut self, number: u64) -> bool {
        if !self.is_free(number) {
            return false;
        }
        self.above.insert(number);
        if self.above.len() > ABOVE_MAX {
            self.floor = self.above.pop_first();
        }
        while let Some(lowest) = self.above.first()
            && *lowest == self.floor.map_or(0, |floor| floor.saturating_add(1))
        {
            self.floor = self.above.pop_first();
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn empty() -> Sequence {
        Sequence { highest: None, floor: None, above: BTreeSet::new() }
    }

    #[test]
    fn numbers_in_order_leave_nothing_but_the_highest() {
        let mut sequence = empty();
        assert!((0..10_000).all(|number| sequence.take(number)));
        assert_eq!((sequence.floor, sequence.above.len()), (Some(9_999), 0));
        assert!(!sequence.is_free(0) && !sequence.is_free(9_999) && sequence.is_free(10_000));
    }

    #[test]
    fn the_last_number_there_can_be_is_taken_once() {
        let mut sequence = Sequence { floor: Some(u64::MAX - 2), ..empty() };
        assert!(sequence.take(u64::MAX) && !sequence.take(u64::MAX));
        assert!(
            sequence.take(u64::MAX - 1) && !sequence.is_free(u64::MAX - 1) && !sequence.is_free(u64::MAX)
        );
    }

    #[test]
    fn a_gap_costs_bounded_memory_and_is_not_free_once_it_lies_too_far_back() {
        let mut sequence = empty();
        assert!((1..).take(ABOVE_MAX).all(|number| sequence.take(number)));
        assert!(sequence.is_free(0));
        assert!(sequence.take(ABOVE_MAX as u64 + 1));
        assert!(!sequence.is_free(0), "not known any more");
        assert!(sequence.above.is_empty(), "the rest followed each other");
    }

    proptest! {
        /// Whatever comes in whatever order, no number is free twice; and one that is far from none is free once.
        #[test]
        fn a_number_is_never_free_twice(
            begins in proptest::option::of(0..50_u64),
            numbers in proptest::collection::vec(0..200_u64, 0..400),
        ) {
            let mut sequence = Sequence { floor: begins, ..empty() };
            let mut taken: BTreeSet<u64> = begins.map(|last| (0..=last).collect()).unwrap_or_default();
            for number in numbers {
                prop_assert_eq!(sequence.is_free(number), !taken.contains(&number));
                prop_assert_eq!(sequence.take(number), taken.insert(number));
            }
        }
    }
}
