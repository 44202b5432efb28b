//! A term's row in a file: many of the entries that it leads to, in few bytes.
//!
//! Key: the term, and the last of the entries, 8 bytes big-endian. Value: from each entry to the one before it, as LEB128, from the last
//! one back. So whoever looks for a term's entries from some index on finds the row that has the first of them by one seek.

use schemas::ids::TermId;
use schemas::time::Index;

use crate::store::rows::term_key;

/// Most entries in one row: bounds what is read for the sake of one.
pub(super) const POSTINGS_MAX: usize = 256;

/// Bits of a number in one byte of LEB128; the highest one says that more follow.
const SEVEN_BITS: u32 = 7;

/// Writes a row of these ascending entries, one at least, into `value`. Gives the key.
pub(super) fn encode(term: &TermId, places: &[u64], value: &mut Vec<u8>) -> Option<[u8; TermId::LEN + 8]> {
    value.clear();
    let mut after = *places.last()?;
    let key = term_key(term, Index(after));
    for place in places.iter().rev().skip(1) {
        push(after.saturating_sub(*place), value);
        after = *place;
    }
    Some(key)
}

/// The entries of a row, in place of what was in `places`: descending. Nothing where the value is none that [`encode`] writes.
pub(super) fn decode(last: Index, mut value: &[u8], places: &mut Vec<u64>) -> Option<()> {
    places.clear();
    let mut place = last.0;
    places.push(place);
    while !value.is_empty() {
        let step = pull(&mut value)?;
        place = place.checked_sub(step).filter(|_| step > 0 && places.len() < POSTINGS_MAX)?;
        places.push(place);
    }
    Some(())
}

fn push(mut number: u64, bytes: &mut Vec<u8>) {
    while let rest @ 1.. = number >> SEVEN_BITS {
        bytes.push(number as u8 | 0x80);
        number = rest;
    }
    bytes.push(number as u8);
}

/// Takes a number off the front, in its shortest form only.
fn pull(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0_u64;
    for shift in (0..u64::BITS).step_by(SEVEN_BITS as usize) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        let bits = u64::from(byte & 0x7f);
        number |= bits.checked_shl(shift).filter(|shifted| shifted >> shift == bits)?;
        if byte & 0x80 == 0 {
            return (bits > 0 || shift == 0).then_some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::rows::parse_term_key;

    const TERM: TermId = TermId::new([7; 16]);

    fn row(places: &[u64]) -> ([u8; 24], Vec<u8>) {
        let mut value = vec![9];
        (encode(&TERM, places, &mut value).unwrap(), value)
    }

    fn read(last: u64, value: &[u8]) -> Option<Vec<u64>> {
        let mut places = vec![5];
        decode(Index(last), value, &mut places)?;
        places.reverse();
        Some(places)
    }

    #[test]
    fn a_row_is_read_as_it_was_written_and_is_found_by_its_last_entry() {
        let long: Vec<u64> = (0..POSTINGS_MAX as u64).map(|place| place * place * 1_000).collect();
        for places in [&[0][..], &[u64::MAX], &[0, u64::MAX], &[1, 2, 3, 200, 70_000], &long] {
            let (key, value) = row(places);
            let (term, last) = parse_term_key(&key).unwrap();
            assert_eq!((term, last.0), (TERM, *places.last().unwrap()));
            assert_eq!(read(last.0, &value).as_deref(), Some(places));
        }
        assert_eq!(row(&[41]).1, [0_u8; 0], "one entry alone needs no value");
        assert_eq!(row(&[40, 41]).1, [1]);
        assert_eq!(encode(&TERM, &[], &mut Vec::new()), None);
    }

    #[test]
    fn nothing_else_is_read() {
        assert_eq!(read(300, &[0x80, 0x02]), Some(vec![44, 300]));
        let wrong: [(u64, &[u8]); 7] = [
            (300, &[0]),          // twice the same entry
            (300, &[0x81, 0x00]), // not the shortest form
            (300, &[0xad, 0x02]), // before the first entry
            (300, &[0x80]),       // cut off
            (300, &[1, 0x80]),
            (u64::MAX, &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02]), // more than 64 bits
            (u64::MAX, &[0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01]),
        ];
        for (last, value) in wrong {
            assert_eq!(read(last, value), None, "{value:?}");
        }
        assert!(read(1_000, &[1; POSTINGS_MAX - 1]).is_some());
        assert_eq!(read(1_000, &[1; POSTINGS_MAX]), None, "more than a row has");
    }
}
