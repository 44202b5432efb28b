//! Multiples of one point, from which any multiple of it is a few dozen additions and no doubling.
//!
//! The tables of Bernstein, Duif, Lange, Schwabe and Yang, "High-speed high-security signatures", 2011, §4, with a row for every
//! digit: row i holds 1, 2, …, 2^(BITS − 1) times 2^(BITS·i) times the point. A digit that is negative takes the opposite.

use alloc::vec::Vec;

use crate::field::invert_all;
use crate::point::{Addend, Curve, Point};

/// A scalar is below 2^253: the order of the base point is 2^252 and something (RFC 8032 §5.1).
const SCALAR_BITS: usize = 253;

/// Multiples of a point for scalars in signed digits of `BITS` bits: 2 to 15, and such that the last digit, which has the remainder of
/// [`SCALAR_BITS`], is never so large that it would carry.
pub(crate) struct Multiples<const BITS: usize> {
    addends: Vec<Addend>,
}

impl<const BITS: usize> Multiples<BITS> {
    /// Digits of a scalar. The last one has room for what the one before carries.
    const ROWS: usize = SCALAR_BITS / BITS + 1;

    /// Addends in a row.
    const ROW: usize = 1 << (BITS - 1);

    /// Memory of the addends, in bytes.
    pub(crate) const BYTES: usize = Self::ROWS * Self::ROW * size_of::<Addend>();

    pub(crate) fn new(curve: &Curve, point: &Point) -> Self {
        let mut addends = Vec::with_capacity(Self::ROWS.saturating_mul(Self::ROW));
        let mut first = *point;
        for _ in 0..Self::ROWS {
            let mut last = first;
            let mut row = Vec::with_capacity(Self::ROW);
            row.push(first);
            for _ in 1..Self::ROW {
                last = curve.add(&last, &first);
                row.push(last);
            }
            first = curve.add(&last, &last);
            let mut inverses: Vec<_> = row.iter().map(|point| point.z).collect();
            invert_all(&mut inverses.iter_mut().collect::<Vec<_>>());
            addends.extend(row.iter().zip(&inverses).map(|(point, inverse)| curve.addend(point, inverse)));
        }
        Self { addends }
    }

    /// `sum` and `scalar` times the point. The scalar, least significant byte first, is below 2^253.
    pub(crate) fn add_to(&self, sum: Point, scalar: &[u8; 32]) -> Point {
        let mut sum = sum;
        for (row, digit) in self.addends.chunks_exact(Self::ROW).zip(Digits::<BITS>::new(scalar)) {
            // Nothing for the digit 0, else the addend of its amount.
            let addend = usize::from(digit.unsigned_abs()).checked_sub(1).and_then(|at| row.get(at));
            if let Some(addend) = addend {
                sum = sum.plus(addend, digit < 0);
            }
        }
        sum
    }
}

/// The digits of a scalar from the least significant on, each from −2^(BITS − 1) + 1 to 2^(BITS − 1); endless zeros behind the last.
struct Digits<const BITS: usize> {
    rest: [u64; 4],
    carry: u64,
}

impl<const BITS: usize> Digits<BITS> {
    fn new(scalar: &[u8; 32]) -> Self {
        let mut rest = [0; 4];
        let (words, _) = scalar.as_chunks::<8>();
        for (to, word) in rest.iter_mut().zip(words) {
            *to = u64::from_le_bytes(*word);
        }
        Self { rest, carry: 0 }
    }
}

impl<const BITS: usize> Iterator for Digits<BITS> {
    type Item = i16;

    #[inline(always)]
    fn next(&mut self) -> Option<i16> {
        let [a, b, c, d] = self.rest;
        let shifted = |low: u64, high: u64| (low >> BITS) | (high << (64 - BITS));
        self.rest = [shifted(a, b), shifted(b, c), shifted(c, d), d >> BITS];
        let digit = (a & ((1 << BITS) - 1)).wrapping_add(self.carry);
        self.carry = u64::from(digit > 1 << (BITS - 1));
        // At most 2^15 in amount, so that nothing is lost.
        Some(digit.wrapping_sub(self.carry << BITS) as i16)
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use curve25519_dalek::Scalar;
    use curve25519_dalek::constants::{ED25519_BASEPOINT_POINT as B, EIGHT_TORSION};
    use curve25519_dalek::edwards::EdwardsPoint;

    use super::*;
    use crate::field::Element;

    /// A point with a component of order 8, here and at dalek.
    fn odd(curve: &Curve) -> (Point, EdwardsPoint) {
        let point = B * Scalar::from(0x1234_5678_9abc_u64).invert() + EIGHT_TORSION[1];
        (curve.decode(point.compress().as_bytes()).expect("a point"), point)
    }

    fn every_entry<const BITS: usize>() {
        assert!(SCALAR_BITS % BITS + 1 < BITS, "the last digit carries");
        let curve = Curve::new();
        let (point, theirs) = odd(&curve);
        let multiples = Multiples::<BITS>::new(&curve, &point);
        assert_eq!(multiples.addends.len(), Multiples::<BITS>::ROWS * Multiples::<BITS>::ROW);
        let mut first = theirs;
        for row in multiples.addends.chunks(Multiples::<BITS>::ROW) {
            let mut expected = first;
            for addend in row {
                for (opposite, expected) in [(false, expected), (true, -expected)] {
                    let sum = Point::NEUTRAL.plus(addend, opposite);
                    assert_eq!(sum.encode(&sum.z.inverse()), expected.compress().to_bytes());
                    // To a sum that has a T, so that the product of the addend counts.
                    let sum = curve.add(&point, &point).plus(addend, opposite);
                    let expected = theirs + theirs + expected;
                    assert_eq!(sum.encode(&sum.z.inverse()), expected.compress().to_bytes());
                }
                expected += first;
            }
            first = (0..BITS).fold(first, |point, _| point + point);
        }
    }

    #[test]
    fn every_entry_is_the_multiple_that_dalek_computes() {
        every_entry::<6>();
        every_entry::<8>();
    }

    #[test]
    fn sums_are_those_of_dalek_at_every_digit_and_at_the_bounds() {
        let curve = Curve::new();
        let (point, theirs) = odd(&curve);
        let (six, eight) = (Multiples::<6>::new(&curve, &point), Multiples::<8>::new(&curve, &point));
        let bounds = [Scalar::ZERO, Scalar::ONE, -Scalar::ONE, -Scalar::from(2_u8)];
        let bits = (0..252).map(|bit| (0..bit).fold(Scalar::ONE, |power, _| power + power));
        let around = bits.flat_map(|power| [power - Scalar::ONE, power, power + Scalar::ONE]);
        for scalar in bounds.into_iter().chain(around) {
            // Bit by bit, since dalek takes k · A of the integer k only where it does not know the order of A.
            let mut expected = EIGHT_TORSION[0];
            for bit in (0..256).rev() {
                expected += expected;
                if scalar.as_bytes()[bit / 8] >> (bit % 8) & 1 == 1 {
                    expected += theirs;
                }
            }
            for sum in [
                six.add_to(Point::NEUTRAL, scalar.as_bytes()),
                eight.add_to(Point::NEUTRAL, scalar.as_bytes()),
            ] {
                assert_eq!(sum.encode(&sum.z.inverse()), expected.compress().to_bytes(), "{scalar:?}");
            }
        }
    }

    #[test]
    fn inverses_are_inverses_together_and_alone() {
        let mut elements: Vec<Element> = (1..70).map(|n| Element::small(n * 0x0123_4567)).collect();
        let before = elements.clone();
        invert_all(&mut elements.iter_mut().collect::<Vec<_>>());
        for (inverse, element) in elements.iter().zip(&before) {
            assert_eq!((inverse * element).to_bytes(), Element::ONE.to_bytes());
            assert_eq!(inverse.to_bytes(), element.inverse().to_bytes());
        }
    }
}
