//! Sums over rows: equal where the rows are the same, in whatever order they come.

use schemas::ids::{StatementId, TermId};
use schemas::time::Index;
use siphasher::sip128::SipHasher13;

use crate::store::rows::{index_bytes, term_key};
use crate::store::sequence::{Highest, SequenceId};

/// Bytes of an id row: its key and its value.
const ID_ROW_BYTES: usize = 40;

/// How many rows, and the sum of their hashes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Sum {
    rows: u64,
    hashes: u128,
}

impl Sum {
    /// The sum over the rows of both.
    pub(super) fn plus(self, other: Self) -> Self {
        Self { rows: self.rows.saturating_add(other.rows), hashes: self.hashes.wrapping_add(other.hashes) }
    }
}

/// Bytes of a sequence's row: its key and its value.
const SEQUENCE_ROW_BYTES: usize = SequenceId::LEN + Highest::LEN;

/// The rows of ids, terms and sequences that must be there because of some entries.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Derived {
    pub(super) ids: Sum,
    pub(super) terms: Sum,
    pub(super) sequences: Sum,
}

impl Derived {
    /// Those of both.
    pub(super) fn plus(self, other: Self) -> Self {
        Self {
            ids: self.ids.plus(other.ids),
            terms: self.terms.plus(other.terms),
            sequences: self.sequences.plus(other.sequences),
        }
    }
}

/// Bytes of a key of SipHash.
const KEY_BYTES: usize = 16;

/// How rows are hashed: with a key of this one check, or whoever may write rows could choose some whose sum is that of others. By SipHash-1-3 of
/// 128 bits (Aumasson, Bernstein: SipHash, a fast short-input PRF): rows are short and there are thirty an entry.
pub(super) struct Summing(SipHasher13);

impl Summing {
    /// With a key that nobody knows.
    pub(super) fn new() -> Result<Self, getrandom::Error> {
        let mut key = [0; KEY_BYTES];
        getrandom::fill(&mut key)?;
        Ok(Self(SipHasher13::new_with_key(&key)))
    }

    /// The row of an id.
    pub(super) fn id(&self, id: &StatementId, index: Index) -> Sum {
        let mut row = [0; ID_ROW_BYTES];
        let (key, value) = row.split_at_mut(StatementId::LEN);
        key.copy_from_slice(id.as_bytes());
        value.copy_from_slice(&index_bytes(index));
        self.row(&row)
    }

    /// The row of a term.
    pub(super) fn term(&self, term: &TermId, index: Index) -> Sum {
        self.row(&term_key(term, index))
    }

    /// The row of a sequence.
    pub(super) fn sequence(&self, sequence: &SequenceId, highest: &Highest) -> Sum {
        let mut row = [0; SEQUENCE_ROW_BYTES];
        let (key, value) = row.split_at_mut(SequenceId::LEN);
        key.copy_from_slice(sequence.as_bytes());
        value.copy_from_slice(&highest.encode());
        self.row(&row)
    }

    fn row(&self, bytes: &[u8]) -> Sum {
        Sum { rows: 1, hashes: self.0.hash(bytes).as_u128() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_of_the_same_rows_are_equal_in_any_order_and_of_no_others() {
        let summing = Summing::new().unwrap();
        let sum = |rows: &[(u8, u64)]| {
            rows.iter().fold(Sum::default(), |sum, (term, index)| {
                sum.plus(summing.term(&TermId::new([*term; 16]), Index(*index)))
            })
        };
        assert_eq!(sum(&[(1, 1), (2, 2)]), sum(&[(2, 2), (1, 1)]));
        assert_ne!(sum(&[(1, 1), (2, 2)]), sum(&[(2, 1), (1, 2)]));
        assert_ne!(sum(&[(1, 1), (1, 1)]), sum(&[(1, 1)]));
        assert_ne!(Sum::default(), sum(&[(1, 1)]));
    }

    #[test]
    fn two_checks_hash_the_same_row_differently() {
        let of = |summing: Summing| summing.id(&StatementId::new([7; 32]), Index(7));
        assert_ne!(of(Summing::new().unwrap()), of(Summing::new().unwrap()));
    }
}
