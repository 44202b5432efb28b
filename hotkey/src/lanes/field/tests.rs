//! Lanes against fiat-crypto, at the bounds of their limbs.

use std::vec::Vec;

use sha2::{Digest as _, Sha512};

use super::*;
use crate::field::Element;
use crate::lanes::is_there;

type Limbs = [u64; LIMBS];

/// Largest limb of a factor.
const FACTOR_MOST: u64 = (1 << 51) + (1 << 14);

/// Largest limb of a product.
const WIDE_MOST: u64 = ABOVE_LOWEST.cast_unsigned();

const ROUNDS: u64 = 4_000;

/// Limbs that look random or stand at an end, no larger than `most`; the same in every run. The first are all as large as may be.
fn some(most: u64, seed: u64) -> [Limbs; LANES] {
    let ends = [0, 1, (1 << 51) - 19, (1 << 51) - 1, 1 << 51, most - 1, most, most];
    let mut number = 0_u64;
    let mut limb = || {
        number += 1;
        let hash: [u8; 64] = Sha512::digest([seed.to_le_bytes(), number.to_le_bytes()].concat()).into();
        let (high, low) = (u64::from_le_bytes(*hash.first_chunk().unwrap()), usize::from(hash[63]));
        if seed == 0 { most } else { ends.get(low / 16).copied().unwrap_or(high % (most + 1)) }
    };
    core::array::from_fn(|_| core::array::from_fn(|_| limb()))
}

fn rows(lanes: &[Limbs; LANES]) -> [Row; LIMBS] {
    core::array::from_fn(|place| lanes.map(|limbs| limbs[place]))
}

fn limbs(rows: &[Row; LIMBS]) -> [Limbs; LANES] {
    core::array::from_fn(|lane| rows.map(|row| row[lane]))
}

/// The element of limbs of any size.
fn element(limbs: Limbs) -> Element {
    let [a, b, c, d, e] = limbs.map(|limb| limb >> 51);
    let low = Element::from_limbs(limbs.map(|limb| limb & ((1 << 51) - 1)));
    let high = Element::from_limbs([19 * e, a, b, c, d]);
    (&low + &high).carried()
}

fn in_lanes(check: unsafe fn()) {
    if !is_there() {
        std::eprintln!("skipped: this processor has no AVX-512 IFMA");
        return;
    }
    // SAFETY: every `check` below needs the two features that `is_there` has found, and no more.
    #[expect(unsafe_code, reason = "a test function cannot have features of the processor")]
    unsafe {
        check();
    }
}

fn assert_all(found: &Factor, most: u64, expected: impl Fn(usize) -> Element, what: &str) {
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn read(found: &Factor) -> [Row; LIMBS] {
        found.rows()
    }
    // SAFETY: reached through `in_lanes` only.
    #[expect(unsafe_code, reason = "a closure's caller cannot have features of the processor")]
    let rows = unsafe { read(found) };
    for (lane, limbs) in limbs(&rows).into_iter().enumerate() {
        assert!(limbs.iter().all(|limb| *limb <= most), "{what}, lane {lane}: {limbs:x?}");
        assert_eq!(element(limbs).to_bytes(), expected(lane).to_bytes(), "{what}, lane {lane}");
    }
}

#[test]
fn products_are_those_of_fiat_and_stay_within_their_bounds() {
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn check() {
        for seed in 0..ROUNDS {
            let [a, b] = [some(FACTOR_MOST, seed), some(FACTOR_MOST, seed << 32)];
            let product = Factor::new(&rows(&a)).times(&Factor::new(&rows(&b)));
            let expected = |lane| &element(a[lane]) * &element(b[lane]);
            assert_all(&Factor(product.0), WIDE_MOST, expected, "product");
            assert_all(&product.carried(), FACTOR_MOST, expected, "carried");
        }
    }
    in_lanes(check);
}

#[test]
fn sums_and_differences_are_those_of_fiat_and_stay_within_their_bounds() {
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn check() {
        for seed in 0..ROUNDS {
            // Both at their largest, then the one and the other.
            let [a, b] = match seed {
                1 => [[[0; LIMBS]; LANES], some(WIDE_MOST, 0)],
                2 => [some(WIDE_MOST, 0), [[0; LIMBS]; LANES]],
                _ => [some(WIDE_MOST, seed), some(WIDE_MOST, seed << 32)],
            };
            let [wide_a, wide_b] = [Wide(Factor::new(&rows(&a)).0), Wide(Factor::new(&rows(&b)).0)];
            let sum = |lane: usize| (&element(a[lane]) + &element(b[lane])).carried();
            assert_all(&wide_a.plus(&wide_b), FACTOR_MOST, sum, "sum");
            let difference = |lane: usize| (&element(a[lane]) - &element(b[lane])).carried();
            assert_all(&wide_a.minus(&wide_b), FACTOR_MOST, difference, "difference");
        }
    }
    in_lanes(check);
}

#[test]
fn each_lane_takes_its_own() {
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn check() {
        let [a, b] = [some(FACTOR_MOST, 1), some(FACTOR_MOST, 2)];
        let [of_a, of_b] = [Factor::new(&rows(&a)), Factor::new(&rows(&b))];
        for which in 0..=u8::MAX {
            let expected: Vec<Limbs> =
                (0..LANES).map(|lane| if which >> lane & 1 == 1 { b[lane] } else { a[lane] }).collect();
            assert_eq!(limbs(&of_a.or(which, &of_b).rows())[..], expected[..]);
        }
        assert_eq!(limbs(&Factor::everywhere(a[0]).rows()), [a[0]; LANES]);
    }
    in_lanes(check);
}
