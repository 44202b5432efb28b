//! Puts the keys of maps in canonical order: serializers write fields in the order in which types declare them.

use alloc::vec::Vec;

use super::head::{Major, read_head};
use super::items::Items;
use super::scan::{ScanError, scan_prefix};
use crate::limits::CBOR_DEPTH_MAX;

/// Copies the one item of `input` with the keys of every map in bytewise order. Everything else about it is left as it is,
/// for the scanner to judge.
pub(super) fn sort_keys(input: &[u8]) -> Result<Vec<u8>, ScanError> {
    let mut sorter = Sorter { input, pairs: Vec::with_capacity(64), out: Vec::with_capacity(input.len()) };
    sorter.item(0, 0)?;
    Ok(sorter.out)
}

/// Where a pair of a map lies in the input.
#[derive(Clone, Copy)]
struct Pair {
    key: usize,
    value: usize,
    end: usize,
}

struct Sorter<'a> {
    input: &'a [u8],
    /// Pairs of the maps that are being written, innermost last: one allocation for all of them.
    pairs: Vec<Pair>,
    out: Vec<u8>,
}

impl Sorter<'_> {
    /// Writes the item at `offset`; says where it ends.
    fn item(&mut self, offset: usize, depth: usize) -> Result<usize, ScanError> {
        let head = read_head(self.input, offset)?;
        let after_head = offset.saturating_add(head.len);
        let items = match head.major {
            Major::Array => head.argument,
            Major::Tag => 1,
            Major::Map => 0,
            _ => {
                let end = end_of(self.input, offset)?;
                self.copy(offset, end);
                return Ok(end);
            }
        };
        if depth >= CBOR_DEPTH_MAX {
            return Err(ScanError::Depth { offset, max: CBOR_DEPTH_MAX });
        }
        self.copy(offset, after_head);
        if head.major == Major::Map {
            return self.map(after_head, head.argument, depth);
        }
        let mut end = after_head;
        for _ in 0..items {
            end = self.item(end, depth.saturating_add(1))?;
        }
        Ok(end)
    }

    fn map(&mut self, start: usize, count: u64, depth: usize) -> Result<usize, ScanError> {
        let outer = self.pairs.len();
        let mut end = start;
        for _ in 0..count {
            let value = end_of(self.input, end)?;
            let pair = Pair { key: end, value, end: end_of(self.input, value)? };
            self.pairs.push(pair);
            end = pair.end;
        }
        let input = self.input;
        if let Some(pairs) = self.pairs.get_mut(outer..) {
            pairs.sort_unstable_by_key(|pair| input.get(pair.key..pair.value));
        }
        let mut at = outer;
        while let Some(Pair { key, value, .. }) = self.pairs.get(at).copied() {
            self.item(key, depth.saturating_add(1))?;
            self.item(value, depth.saturating_add(1))?;
            at = at.saturating_add(1);
        }
        self.pairs.truncate(outer);
        Ok(end)
    }

    fn copy(&mut self, from: usize, to: usize) {
        self.out.extend_from_slice(self.input.get(from..to).unwrap_or_default());
    }
}

/// Where the item at `offset` ends.
fn end_of(input: &[u8], offset: usize) -> Result<usize, ScanError> {
    // Where it does not end, the scanner says why.
    let named = || scan_prefix(input, offset).err().unwrap_or(ScanError::Truncated { offset });
    Items::end_of(input, offset).ok_or_else(named)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::canonical::scan;

    #[test]
    fn keys_are_sorted_at_every_level_and_values_go_with_them() {
        // {"bb": {2: 0, 1: [{"b": 1, "a": 2}]}, "a": true}
        let input = [
            0xa2, 0x62, b'b', b'b', 0xa2, 0x02, 0x00, 0x01, 0x81, 0xa2, 0x61, b'b', 0x01, 0x61, b'a', 0x02,
            0x61, b'a', 0xf5,
        ];
        let sorted = [
            0xa2, 0x61, b'a', 0xf5, 0x62, b'b', b'b', 0xa2, 0x01, 0x81, 0xa2, 0x61, b'a', 0x02, 0x61, b'b',
            0x01, 0x02, 0x00,
        ];
        assert_eq!(sort_keys(&input).as_deref(), Ok(&sorted[..]));
        assert_eq!(scan(&sorted), Ok(()));
    }

    #[test]
    fn what_is_sorted_stays_as_it_is() {
        for input in
            [&[0x00][..], &[0x82, 0x01, 0x61, b'x'], &[0xa2, 0x01, 0x80, 0x02, 0xa0], &[0x42, 0xff, 0xff]]
        {
            assert_eq!(sort_keys(input).as_deref(), Ok(input));
        }
    }

    #[test]
    fn what_ends_early_or_nests_too_deep_is_refused() {
        for input in [
            &[][..],
            &[0x82, 0x00],
            &[0xa1, 0x00],
            &[0x62, b'a'],
            &[0x5b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
        ] {
            assert!(sort_keys(input).is_err(), "{input:02x?}");
        }
        let mut deep = alloc::vec![0x81; CBOR_DEPTH_MAX + 1];
        deep.push(0x00);
        assert_eq!(sort_keys(&deep).map_err(|e| e.code()), Err("cbor-depth"));
    }
}
