//! Sums in lanes against sums one after the other.

use std::vec::Vec;

use curve25519_dalek::Scalar;
use curve25519_dalek::constants::{ED25519_BASEPOINT_POINT as B, EIGHT_TORSION};
use sha2::{Digest as _, Sha512};

use super::*;
use crate::multiples::{Digits, Multiples};
use crate::point::Curve;

/// Of every order there is: with and without a component of small order, of small order alone, and the neutral point.
fn multiples() -> Vec<Multiples> {
    let curve = Curve::new();
    let part = B * Scalar::from(0x1234_5678_9abc_u64).invert();
    let points = [B, part + EIGHT_TORSION[1], part + EIGHT_TORSION[4], EIGHT_TORSION[3], EIGHT_TORSION[0]];
    let new = |point: &[u8; 32]| Multiples::new(&curve, &curve.decode(point).expect("a point"));
    points.iter().map(|point| new(point.compress().as_bytes())).collect()
}

/// Scalars with every digit in every place but the last, at the bounds, and many that look random.
fn scalars() -> Vec<[u8; 32]> {
    let same = (0..=u8::MAX).flat_map(|byte| {
        // A carry into each digit, and none.
        [[byte; 32], core::array::from_fn(|at| if at % 2 == 0 { byte } else { 0xff })].map(|mut bytes| {
            bytes[31] &= 0x0f;
            bytes
        })
    });
    let ends = [Scalar::ZERO, Scalar::ONE, -Scalar::ONE].map(|scalar| scalar.to_bytes());
    let random = (0..1_000_u32).map(|number| {
        let wide = Sha512::digest(number.to_le_bytes()).into();
        Scalar::from_bytes_mod_order_wide(&wide).to_bytes()
    });
    same.chain(ends).chain(random).collect()
}

#[test]
fn lanes_sum_what_is_summed_one_after_the_other() {
    if !is_there() {
        std::eprintln!("skipped: this processor has no AVX-512 IFMA");
        return;
    }
    let (multiples, scalars) = (multiples(), scalars());
    // Every lane another pair of points and of scalars, each scalar with every point on either side; here and there nothing.
    let all: Vec<Option<Summands<'_>>> = (0..5)
        .flat_map(|turn| scalars.iter().zip(scalars.iter().rev()).enumerate().map(move |pair| (turn, pair)))
        .map(|(turn, (at, (one, other)))| {
            let [first, second] = [at + turn, at / 5 + 2 * turn].map(|at| &multiples[at % multiples.len()]);
            let of = [(first, Digits::new(one)), (second, Digits::new(other))];
            (at % 23 != 22).then_some(Summands { of })
        })
        .collect();
    let mut sums_of = 0;
    for (round, eight) in all.chunks(LANES).enumerate() {
        // All of them, and fewer.
        let some = &eight[..eight.len() - round % 3];
        for (summands, sum) in some.iter().zip(sums(some).expect("lanes")) {
            let Some(summands) = summands else { continue };
            let expected = summands.sum(&mut Vec::new());
            assert_eq!(sum.encode(&sum.z.inverse()), expected.encode(&expected.z.inverse()));
            // The same extended point: x · y = T / Z, so that it could be added to.
            assert_eq!((&sum.x * &sum.y).to_bytes(), (&sum.z * &sum.t).to_bytes());
            sums_of += 1;
        }
    }
    assert!(sums_of > 6_000, "{sums_of}");
    assert!(sums(&[None, None]).is_none(), "nothing to sum");
}

#[test]
fn lanes_hash_as_one_message_after_the_other_is_hashed() {
    if !is_there() {
        std::eprintln!("skipped: this processor has no AVX-512 IFMA");
        return;
    }
    let bytes: Vec<u8> = (0..5_000_u32).flat_map(|number| number.to_le_bytes()).collect();
    // Every length around the ends of blocks, each beside others that end before and behind it; in one part and in several.
    let lengths: Vec<usize> = (0..520).flat_map(|length| [length, length * 7 % 1_531, length * 31]).collect();
    for together in [1, 2, 7, 8, 9, 64] {
        for lengths in lengths.chunks(together) {
            let each = || lengths.iter().enumerate().map(|(at, length)| &bytes[at..at + length]);
            let mut messages = Messages::default();
            for message in each() {
                let (one, rest) = message.split_at(message.len() / 3);
                messages.add([one, &[], rest]);
            }
            let expected: Vec<[u8; DIGEST]> = each().map(|message| Sha512::digest(message).into()).collect();
            assert_eq!(digests(&messages).expect("lanes"), expected);
        }
    }
    assert!(digests(&Messages::default()).expect("lanes").is_empty());
}
