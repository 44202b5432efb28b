//! Tables of the keys that are seen most, shared by the whole process and bounded for it.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, OnceLock, PoisonError};

use crate::{Base, Table};

/// Most tables of [`table_of`], of [`crate::TABLE_BYTES`] each: 60 MiB.
pub const TABLES_MAX: usize = 128;

/// How often a key is seen before it has a table; a power of two. A table takes as long as forty verifications, and saves most of each from
/// then on.
pub const SIGHTINGS: u32 = 64;

/// Most keys whose sightings are counted: 64 bytes each.
pub const KEYS_MAX: usize = 4_096;

/// After so many sightings all counts are halved, so that what was seen long ago makes room for what is seen now.
const SIGHTINGS_AGED: u64 = 65_536;

/// The table of this key, if it is among those seen most. Counts as a sighting.
pub fn table_of(key: &[u8; 32]) -> Option<Arc<Table>> {
    static SHARED: LazyLock<Tables> = LazyLock::new(|| Tables::new(TABLES_MAX));
    SHARED.of(key)
}

/// Tables of at most so many keys.
#[derive(Debug)]
pub struct Tables {
    most: usize,
    base: OnceLock<Arc<Base>>,
    counts: Mutex<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    keys: HashMap<[u8; 32], Seen>,
    sightings: u64,
    /// Keys that have a table or get one.
    tables: usize,
}

#[derive(Debug, Default)]
struct Seen {
    times: u32,
    table: Held,
}

#[derive(Debug, Default)]
enum Held {
    #[default]
    None,
    /// Some thread computes it. Until it is there, others do without.
    Coming,
    Table(Arc<Table>),
}

/// What to do about a key that was seen.
enum Next {
    Use(Arc<Table>),
    Make,
    DoWithout,
}

impl Tables {
    /// None yet.
    pub fn new(most: usize) -> Self {
        Self { most, base: OnceLock::new(), counts: Mutex::default() }
    }

    /// The table of this key, if it has one. Counts as a sighting; the one that makes it a key seen often computes the table.
    pub fn of(&self, key: &[u8; 32]) -> Option<Arc<Table>> {
        let next = self.counts().see(key, self.most);
        match next {
            Next::Use(table) => Some(table),
            Next::DoWithout => None,
            Next::Make => {
                let base = self.base.get_or_init(|| Arc::new(Base::new()));
                let table = Table::new(base, key).map(Arc::new);
                self.counts().keep(key, table.clone());
                table
            }
        }
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Counts {
    fn see(&mut self, key: &[u8; 32], most: usize) -> Next {
        self.sightings = self.sightings.wrapping_add(1);
        let is_new = !self.keys.contains_key(key);
        if self.sightings.is_multiple_of(SIGHTINGS_AGED) || (is_new && self.keys.len() >= KEYS_MAX) {
            self.age();
        }
        if is_new && self.keys.len() >= KEYS_MAX {
            return Next::DoWithout;
        }
        let seen = self.keys.entry(*key).or_default();
        seen.times = seen.times.saturating_add(1);
        match &seen.table {
            Held::Table(table) => return Next::Use(Arc::clone(table)),
            Held::Coming => return Next::DoWithout,
            Held::None => {}
        }
        // Looking for room takes a while, so not at every sighting.
        let times = seen.times;
        if times < SIGHTINGS || !times.is_power_of_two() || !self.make_room(times, most) {
            return Next::DoWithout;
        }
        let Some(seen) = self.keys.get_mut(key) else { return Next::DoWithout };
        seen.table = Held::Coming;
        self.tables = self.tables.saturating_add(1);
        Next::Make
    }

    /// Room for the table of a key that was seen `times`: the table seen least goes if it was seen less than half as often. Keys that
    /// are seen alike do not drive each other out, however many they are.
    fn make_room(&mut self, times: u32, most: usize) -> bool {
        if self.tables < most {
            return true;
        }
        let held = self.keys.values_mut().filter(|seen| matches!(seen.table, Held::Table(_)));
        let Some(least) = held.min_by_key(|seen| seen.times).filter(|least| least.times < times / 2) else {
            return false;
        };
        least.table = Held::None;
        self.tables = self.tables.saturating_sub(1);
        true
    }

    /// Takes in a table that was computed; there is none of a key that cannot sign.
    fn keep(&mut self, key: &[u8; 32], table: Option<Arc<Table>>) {
        if table.is_none() {
            self.tables = self.tables.saturating_sub(1);
        }
        if let Some(seen) = self.keys.get_mut(key) {
            seen.table = table.map_or(Held::None, Held::Table);
        }
    }

    /// Halves all counts and forgets keys that come to nothing and have no table.
    fn age(&mut self) {
        self.keys.retain(|_, seen| {
            seen.times /= 2;
            seen.times > 0 || !matches!(seen.table, Held::None)
        });
    }
}

#[cfg(test)]
mod tests {
    use std::thread;
    use std::vec::Vec;

    use curve25519_dalek::{EdwardsPoint, Scalar};

    use super::*;

    fn key(number: u64) -> [u8; 32] {
        EdwardsPoint::mul_base(&Scalar::from(number + 2)).compress().to_bytes()
    }

    fn see(tables: &Tables, number: u64, times: u32) -> bool {
        (0..times).filter(|_| tables.of(&key(number)).is_some()).count() > 0
    }

    #[test]
    fn a_key_has_a_table_once_it_is_seen_often_and_only_then() {
        let tables = Tables::new(1);
        assert!(!see(&tables, 0, SIGHTINGS - 1));
        let table = tables.of(&key(0)).expect("a table");
        assert_eq!(*table.key(), key(0));
        assert!(Arc::ptr_eq(&table, &tables.of(&key(0)).expect("a table")), "computed once");
    }

    #[test]
    fn there_are_never_more_tables_than_allowed_and_equals_do_not_drive_each_other_out() {
        let tables = Tables::new(2);
        for _ in 0..4 * SIGHTINGS {
            (0..3).for_each(|number| drop(tables.of(&key(number))));
        }
        let held: Vec<bool> = (0..3).map(|number| see(&tables, number, 1)).collect();
        assert_eq!(held, [true, true, false]);
        assert!(see(&tables, 2, 16 * SIGHTINGS), "seen much more than the others");
        let held = (0..3).filter(|number| see(&tables, *number, 1)).count();
        assert_eq!((held, tables.counts().tables), (2, 2));
    }

    #[test]
    fn what_was_seen_long_ago_makes_room() {
        let tables = Tables::new(1);
        assert!(see(&tables, 0, 1_000));
        for _ in 0..12 {
            tables.counts().age();
        }
        assert!(see(&tables, 0, 1), "kept while nobody needs the room");
        assert!(see(&tables, 1, SIGHTINGS));
        assert!(!see(&tables, 0, 1));
    }

    #[test]
    fn counts_are_bounded_whatever_keys_are_seen() {
        let tables = Tables::new(1);
        assert!(see(&tables, 0, SIGHTINGS));
        for number in 0..3 * KEYS_MAX as u64 {
            let mut other = [0; 32];
            other[..8].copy_from_slice(&number.to_le_bytes());
            // Often enough that ageing once does not forget it.
            assert!((0..3).all(|_| tables.of(&other).is_none()));
            assert!(tables.counts().keys.len() <= KEYS_MAX);
        }
        assert!(see(&tables, 0, 1), "its table stays");
    }

    #[test]
    fn a_key_that_cannot_sign_never_has_a_table_and_takes_no_room() {
        let tables = Tables::new(1);
        let weak = [0; 32];
        assert!((0..8 * SIGHTINGS).all(|_| tables.of(&weak).is_none()));
        assert!(see(&tables, 0, SIGHTINGS));
    }

    #[test]
    fn one_thread_makes_a_table_and_nobody_waits_for_it() {
        let tables = Tables::new(4);
        let made: Vec<Arc<Table>> = thread::scope(|scope| {
            let work = || (0..400).filter_map(|_| tables.of(&key(0))).collect::<Vec<_>>();
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(work)).collect();
            threads.into_iter().flat_map(|thread| thread.join().expect("an end")).collect()
        });
        let first = made.first().expect("a table");
        assert!(made.iter().all(|table| Arc::ptr_eq(table, first)));
    }
}
