//! Multiples of one point, from which any multiple of it is 32 additions and no doubling.
//!
//! The tables of Bernstein, Duif, Lange, Schwabe and Yang, "High-speed high-security signatures", 2011, §4, with a row for every
//! digit: a scalar is written in digits from −127 to 128, and row i holds 1, 2, …, 128 times 256^i times the point. A digit that is
//! negative takes the opposite.

use alloc::vec::Vec;

use crate::field::{Element, invert_all};
use crate::point::{Addend, Curve, Point};

/// Digits of a scalar: one a byte. A scalar is below 2^253, for the order of the base point is 2^252 and something (RFC 8032 §5.1), so
/// that the last digit is far too small to carry.
const ROWS: usize = 32;

/// Addends in a row: the amounts that a digit can have, but for 0.
const ROW: usize = 128;

/// Additions of a verification: a digit of each of two scalars in turn.
pub(crate) const STEPS: usize = 2 * ROWS;

/// Memory of the multiples of a point, in bytes.
pub(crate) const BYTES: usize = ROWS * ROW * size_of::<Addend>();

/// Multiples of a point.
pub(crate) struct Multiples {
    addends: Vec<Addend>,
    /// What the digit 0 takes.
    neutral: Addend,
}

/// The digits of a scalar from the least significant on, each from −127 to 128.
#[derive(Clone, Copy)]
pub(crate) struct Digits([i16; ROWS]);

/// What makes a sum of multiples of two points.
#[derive(Clone, Copy)]
pub(crate) struct Summands<'a> {
    pub(crate) of: [(&'a Multiples, Digits); 2],
}

/// An addend, or its opposite.
#[derive(Clone, Copy)]
pub(crate) struct Picked<A> {
    pub(crate) addend: A,
    pub(crate) opposite: bool,
}

impl Multiples {
    pub(crate) fn new(curve: &Curve, point: &Point) -> Self {
        let mut addends = Vec::with_capacity(ROWS.saturating_mul(ROW));
        let mut first = *point;
        for _ in 0..ROWS {
            let mut last = first;
            let mut row = Vec::with_capacity(ROW);
            row.push(first);
            for _ in 1..ROW {
                last = curve.add(&last, &first);
                row.push(last);
            }
            first = curve.add(&last, &last);
            let mut inverses: Vec<_> = row.iter().map(|point| point.z).collect();
            invert_all(&mut inverses.iter_mut().collect::<Vec<_>>());
            addends.extend(row.iter().zip(&inverses).map(|(point, inverse)| curve.addend(point, inverse)));
        }
        Self { addends, neutral: curve.addend(&Point::NEUTRAL, &Element::ONE) }
    }

    /// What the digit of this row takes.
    #[inline(always)]
    fn picked(&self, row: usize, digit: i16) -> Picked<&Addend> {
        let amount = usize::from(digit.unsigned_abs());
        let at = amount.checked_sub(1).and_then(|at| row.checked_mul(ROW)?.checked_add(at));
        let addend = at.and_then(|at| self.addends.get(at)).unwrap_or(&self.neutral);
        Picked { addend, opposite: digit < 0 }
    }
}

impl Digits {
    /// Of a scalar below 2^253, least significant byte first.
    pub(crate) fn new(scalar: &[u8; 32]) -> Self {
        let mut carry = 0_i16;
        Self(scalar.map(|byte| {
            let digit = i16::from(byte).wrapping_add(carry);
            carry = i16::from(digit > 128);
            digit.wrapping_sub(carry << 8)
        }))
    }
}

impl Summands<'_> {
    /// What is added in this step, the neutral addend beyond the last.
    #[inline(always)]
    pub(crate) fn picked(&self, step: usize) -> Picked<&Addend> {
        let [even, odd] = &self.of;
        let (multiples, Digits(digits)) = if step.is_multiple_of(2) { even } else { odd };
        let row = step / 2;
        multiples.picked(row, digits.get(row).copied().unwrap_or_default())
    }

    /// The sum.
    ///
    /// First all are picked and then all added: the reads, nearly every one of which misses the cache, then wait for memory together.
    pub(crate) fn sum(&self, picked: &mut Vec<Picked<Addend>>) -> Point {
        picked.clear();
        picked.extend((0..STEPS).map(|step| {
            let Picked { addend, opposite } = self.picked(step);
            Picked { addend: *addend, opposite }
        }));
        picked.iter().fold(Point::NEUTRAL, |sum, Picked { addend, opposite }| sum.plus(addend, *opposite))
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use curve25519_dalek::Scalar;
    use curve25519_dalek::constants::{ED25519_BASEPOINT_POINT as B, EIGHT_TORSION};
    use curve25519_dalek::edwards::EdwardsPoint;

    use super::*;

    /// A point with a component of order 8, here and at dalek.
    fn odd(curve: &Curve) -> (Point, EdwardsPoint) {
        let point = B * Scalar::from(0x1234_5678_9abc_u64).invert() + EIGHT_TORSION[1];
        (curve.decode(point.compress().as_bytes()).expect("a point"), point)
    }

    #[test]
    fn every_entry_is_the_multiple_that_dalek_computes() {
        let curve = Curve::new();
        let (point, theirs) = odd(&curve);
        let multiples = Multiples::new(&curve, &point);
        assert_eq!(multiples.addends.len(), ROWS * ROW);
        let mut first = theirs;
        for row in multiples.addends.chunks(ROW) {
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
            first = (0..8).fold(first, |point, _| point + point);
        }
    }

    #[test]
    fn sums_are_those_of_dalek_at_every_digit_and_at_the_bounds() {
        let curve = Curve::new();
        let (point, theirs) = odd(&curve);
        let multiples = Multiples::new(&curve, &point);
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
            let none = Digits::new(Scalar::ZERO.as_bytes());
            let of = [(&multiples, Digits::new(scalar.as_bytes())), (&multiples, none)];
            let sum = Summands { of }.sum(&mut Vec::new());
            assert_eq!(sum.encode(&sum.z.inverse()), expected.compress().to_bytes(), "{scalar:?}");
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
