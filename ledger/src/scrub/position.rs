//! How far a pass has come, kept in a file of the data folder: a restart goes on where the last program was.

use std::fs;
use std::path::Path;

use schemas::tree::TreeHash;

/// What a pass goes through, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Entries, and the tiles that they make full.
    Entries,
    /// Rows of ids.
    Ids,
    /// Rows of terms.
    Terms,
}

/// Sums over rows, in whatever order they come: equal where the rows are the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Sum(u128);

impl Sum {
    pub(super) fn add(&mut self, key: &[u8], value: &[u8]) {
        let mut hasher = blake3::Hasher::new();
        hasher.update(key).update(value);
        let mut bytes = [0; 16];
        hasher.finalize_xof().fill(&mut bytes);
        self.0 = self.0.wrapping_add(u128::from_be_bytes(bytes));
    }
}

/// How far a pass has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Position {
    pub(super) phase: Phase,
    /// The head that the pass is held against.
    pub(super) size: u64,
    pub(super) root: TreeHash,
    /// Of the entries below this index ids and terms have rows in files.
    pub(super) indexed: u64,
    /// The next entry.
    pub(super) next: u64,
    /// The next row of ids or terms.
    pub(super) key: Vec<u8>,
    /// What the entries say that ids and terms are, and what they are.
    pub(super) ids: (Sum, Sum),
    pub(super) terms: (Sum, Sum),
    /// Passes that came to their end, and when the last one did, in milliseconds since the epoch.
    pub(super) passes: u64,
    pub(super) finished: u64,
}

impl Position {
    /// The beginning of a pass over this head.
    pub(super) fn begin(size: u64, root: TreeHash, passes: u64, finished: u64) -> Self {
        let (phase, key) = (Phase::Entries, Vec::new());
        Self {
            phase,
            size,
            root,
            indexed: 0,
            next: 0,
            key,
            ids: Default::default(),
            terms: Default::default(),
            passes,
            finished,
        }
    }

    /// Reads the file; nothing where it is not there or not what was written: then a pass begins anew.
    pub(super) fn read(path: &Path) -> Option<Self> {
        let bytes = fs::read(path).ok()?;
        let (hash, bytes) = bytes.split_first_chunk::<{ blake3::OUT_LEN }>()?;
        (blake3::hash(bytes) == *hash).then_some(())?;
        let (phase, bytes) = bytes.split_first()?;
        let (root, bytes) = bytes.split_first_chunk()?;
        let mut numbers = [0; 5];
        let mut rest = bytes;
        for number in &mut numbers {
            let (first, after) = rest.split_first_chunk()?;
            *number = u64::from_be_bytes(*first);
            rest = after;
        }
        let mut sums = [Sum(0); 4];
        for sum in &mut sums {
            let (first, after) = rest.split_first_chunk()?;
            *sum = Sum(u128::from_be_bytes(*first));
            rest = after;
        }
        let phase =
            [Phase::Entries, Phase::Ids, Phase::Terms].into_iter().find(|known| *known as u8 == *phase)?;
        let ([size, indexed, next, passes, finished], [a, b, c, d]) = (numbers, sums);
        let (ids, terms, key) = ((a, b), (c, d), rest.to_vec());
        Some(Self {
            phase,
            size,
            root: TreeHash::new(*root),
            indexed,
            next,
            key,
            ids,
            terms,
            passes,
            finished,
        })
    }

    /// Writes the file. Not synced: what is lost with a power cut is read once more.
    pub(super) fn write(&self, path: &Path) -> std::io::Result<()> {
        let mut bytes = vec![self.phase as u8];
        bytes.extend_from_slice(self.root.as_bytes());
        for number in [self.size, self.indexed, self.next, self.passes, self.finished] {
            bytes.extend_from_slice(&number.to_be_bytes());
        }
        for sum in [self.ids.0, self.ids.1, self.terms.0, self.terms.1] {
            bytes.extend_from_slice(&sum.0.to_be_bytes());
        }
        bytes.extend_from_slice(&self.key);
        let new = path.with_extension("new");
        fs::write(&new, [blake3::hash(&bytes).as_bytes(), bytes.as_slice()].concat())?;
        fs::rename(new, path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_read_as_it_was_written_and_a_damaged_one_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("scrub");
        let mut position = Position::begin(300, TreeHash::new([7; 32]), 4, 5);
        position.phase = Phase::Terms;
        (position.indexed, position.next, position.key) = (200, 300, vec![1, 2, 3]);
        position.ids.0.add(b"key", b"value");
        position.terms.1.add(b"other", b"");
        position.write(&path).unwrap();
        assert_eq!(Position::read(&path), Some(position));
        let whole = fs::read(&path).unwrap();
        for at in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes[at] ^= 1;
            fs::write(&path, &bytes).unwrap();
            assert_eq!(Position::read(&path), None, "byte {at}");
        }
    }

    #[test]
    fn sums_of_the_same_rows_are_equal_in_any_order_and_of_no_others() {
        let sum = |rows: &[(&str, &str)]| {
            let mut sum = Sum::default();
            rows.iter().for_each(|(key, value)| sum.add(key.as_bytes(), value.as_bytes()));
            sum
        };
        assert_eq!(sum(&[("a", "1"), ("b", "2")]), sum(&[("b", "2"), ("a", "1")]));
        assert_ne!(sum(&[("a", "1"), ("b", "2")]), sum(&[("a", "2"), ("b", "1")]));
        assert_ne!(sum(&[("a", "1"), ("a", "1")]), sum(&[("a", "1")]));
    }
}
