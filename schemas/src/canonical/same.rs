//! Whether an encoding says the same as canonical bytes: it may differ in the order of map keys and in nothing else.
//!
//! Serializers write fields in the order in which types declare them. Comparing so costs less than sorting first.

use alloc::vec::Vec;

use super::head::{Head, Major, read_head};
use super::items::Items;

/// Whether `canonical`, which the scanner has passed, is `encoded` with the keys of every map in canonical order.
pub(super) fn is_same_in_order(encoded: &[u8], canonical: &[u8]) -> bool {
    let mut walk = Walk { encoded: Items::new(encoded), canonical, pairs: Vec::with_capacity(64) };
    walk.item(0) == Some(canonical.len()) && walk.encoded.is_at_end()
}

/// Where a pair of a map lies in the canonical bytes.
#[derive(Clone, Copy)]
struct Pair {
    key: usize,
    value: usize,
    /// The key's first bytes ([`lead()`]): nearly every two keys of a map differ in them.
    lead: u64,
    /// Whether the encoding had this key already.
    met: bool,
}

struct Walk<'a> {
    /// What is left of the encoding.
    encoded: Items<'a>,
    canonical: &'a [u8],
    /// Pairs of the maps that are being compared, innermost last: one allocation for all of them.
    pairs: Vec<Pair>,
}

impl Walk<'_> {
    /// Compares the next item of the encoding with the one at `at` of the canonical bytes; says where that one ends. Goes no
    /// deeper than the canonical bytes do, whose depth the scanner has bounded.
    fn item(&mut self, at: usize) -> Option<usize> {
        let Head { major, argument, len } = read_head(self.canonical, at).ok()?;
        let after_head = at.checked_add(len)?;
        if self.encoded.head(major)? != argument {
            return None;
        }
        match major {
            Major::Unsigned | Major::Negative | Major::Simple => Some(after_head),
            Major::Bytes | Major::Text => {
                let end = after_head.checked_add(usize::try_from(argument).ok()?)?;
                (self.canonical.get(after_head..end)? == self.encoded.take(argument)?).then_some(end)
            }
            Major::Array => (0..argument).try_fold(after_head, |at, _| self.item(at)),
            Major::Tag => self.item(after_head),
            Major::Map => self.map(after_head, argument),
        }
    }

    fn map(&mut self, start: usize, count: u64) -> Option<usize> {
        let outer = self.pairs.len();
        let mut end = start;
        for _ in 0..count {
            let value = Items::end_of(self.canonical, end)?;
            let lead = lead(self.canonical.get(end..value)?);
            self.pairs.push(Pair { key: end, value, lead, met: false });
            end = Items::end_of(self.canonical, value)?;
        }
        for _ in 0..count {
            let key = self.encoded.item()?;
            let value = self.meet(outer, key)?;
            self.item(value)?;
        }
        self.pairs.truncate(outer);
        Some(end)
    }

    /// Where the canonical bytes have the value of a key of the innermost map, which is met for the first time.
    fn meet(&mut self, outer: usize, key: &[u8]) -> Option<usize> {
        let (canonical, wanted) = (self.canonical, lead(key));
        let pairs = self.pairs.get_mut(outer..)?;
        let order = |pair: &Pair| {
            let rest = || canonical.get(pair.key..pair.value).unwrap_or_default().cmp(key);
            pair.lead.cmp(&wanted).then_with(rest)
        };
        let found = pairs.binary_search_by(order).ok()?;
        let pair = pairs.get_mut(found).filter(|pair| !pair.met)?;
        pair.met = true;
        Some(pair.value)
    }
}

/// The first eight bytes as a number, zeros behind what is shorter: in the order of the bytes.
fn lead(key: &[u8]) -> u64 {
    match key.first_chunk::<8>() {
        Some(first) => u64::from_be_bytes(*first),
        None => (0..8).fold(0, |lead, at| (lead << 8) | u64::from(key.get(at).copied().unwrap_or_default())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::canonical::sort::sort_keys;

    /// {"bb": {2: 0, 1: [{"b": 1, "a": 2}]}, "a": true, "c": h'0102'}
    const ENCODED: [u8; 25] = [
        0xa3, 0x62, b'b', b'b', 0xa2, 0x02, 0x00, 0x01, 0x81, 0xa2, 0x61, b'b', 0x01, 0x61, b'a', 0x02, 0x61,
        b'a', 0xf5, 0x61, b'c', 0x42, 0x01, 0x02, 0x00,
    ];

    fn encoded() -> &'static [u8] {
        &ENCODED[..ENCODED.len() - 1]
    }

    #[test]
    fn what_sorting_would_make_equal_is_the_same() {
        let canonical = sort_keys(encoded()).unwrap();
        assert!(is_same_in_order(encoded(), &canonical));
        assert!(is_same_in_order(&canonical, &canonical));
    }

    #[test]
    fn a_change_of_any_byte_is_seen() {
        let canonical = sort_keys(encoded()).unwrap();
        for at in 0..encoded().len() {
            for bit in 0..8 {
                let mut changed = encoded().to_vec();
                changed[at] ^= 1 << bit;
                let same = sort_keys(&changed).is_ok_and(|sorted| sorted == canonical);
                assert_eq!(is_same_in_order(&changed, &canonical), same, "byte {at}, bit {bit}");
            }
        }
    }

    #[test]
    fn what_is_longer_shorter_or_says_a_key_twice_is_not_the_same() {
        let canonical = sort_keys(encoded()).unwrap();
        assert!(!is_same_in_order(&ENCODED, &canonical));
        assert!(!is_same_in_order(&encoded()[..encoded().len() - 1], &canonical));
        // {1: 0, 1: 0} beside {1: 0, 2: 0}
        assert!(!is_same_in_order(&[0xa2, 0x01, 0x00, 0x01, 0x00], &[0xa2, 0x01, 0x00, 0x02, 0x00]));
    }
}
