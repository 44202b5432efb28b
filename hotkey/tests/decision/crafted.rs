//! Signatures over keys and by R that no honest signer makes: with components of small order, of small order altogether, and in other
//! spellings. Made as C2SP's CCTV makes its 914 (github.com/C2SP/CCTV, ed25519), for every pair of points.

use curve25519_dalek::constants::{ED25519_BASEPOINT_POINT as B, EIGHT_TORSION};
use curve25519_dalek::edwards::{CompressedEdwardsY, EdwardsPoint};
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::{Identity as _, IsIdentity as _};
use sha2::{Digest as _, Sha512};

use crate::{Chance, Key};

/// Messages for each pair: more than enough for k to take every value modulo 8.
const MESSAGES: usize = 48;

/// A point with one way to write it, and its part in the group of the base point.
struct Written {
    bytes: [u8; 32],
    part: Scalar,
    small: EdwardsPoint,
}

impl Written {
    fn new(part: Scalar, small: EdwardsPoint) -> Self {
        Self { bytes: (B * part + small).compress().to_bytes(), part, small }
    }

    fn point(&self) -> EdwardsPoint {
        B * self.part + self.small
    }
}

/// Every way to write a point of small order, the canonical ones and six others.
fn small_ones() -> Vec<Written> {
    let zero = |bytes| {
        let small = CompressedEdwardsY(bytes).decompress().expect("a point");
        assert!(small.is_small_order(), "{bytes:02x?}");
        Written { bytes, part: Scalar::ZERO, small }
    };
    let mut all: Vec<Written> = EIGHT_TORSION.iter().map(|small| zero(small.compress().to_bytes())).collect();
    let ends = |low: u8, middle: u8, high: u8| {
        let mut bytes = [middle; 32];
        bytes[0] = low;
        bytes[31] = high;
        bytes
    };
    // y = p and y = p + 1, and the neutral point and the one of order 2 with the sign of an x that is 0.
    let others = [
        ends(0xed, 0xff, 0x7f),
        ends(0xed, 0xff, 0xff),
        ends(0xee, 0xff, 0x7f),
        ends(0xee, 0xff, 0xff),
        ends(0x01, 0x00, 0x80),
        ends(0xec, 0xff, 0xff),
    ];
    all.extend(others.map(zero));
    all
}

/// Points outside the group of the base point and in it, and all of small order.
fn points(chance: &mut Chance) -> Vec<Written> {
    let mut all = small_ones();
    for small in EIGHT_TORSION {
        all.push(Written::new(Scalar::from_bytes_mod_order_wide(&chance.bytes()), small));
    }
    all
}

fn k(r: &[u8; 32], a: &[u8; 32], message: &[u8]) -> Scalar {
    let hash = Sha512::new().chain_update(r).chain_update(a).chain_update(message);
    Scalar::from_bytes_mod_order_wide(&hash.finalize().into())
}

/// k · small as a verifier does it: k as an integer below the order of the base point.
fn times(k: &Scalar, small: &EdwardsPoint) -> EdwardsPoint {
    let eighth = k.as_bytes()[0] & 7;
    (0..eighth).fold(EdwardsPoint::identity(), |sum, _| sum + small)
}

#[test]
fn components_of_small_order_count_exactly_as_often_as_in_dalek() {
    let mut chance = Chance(2 << 32);
    let (keys, rs) = (points(&mut chance), points(&mut chance));
    let (mut stand, mut residue, mut reencoded) = (0, 0, 0);
    for a in &keys {
        let key = Key::new(a.bytes);
        for r in &rs {
            for number in 0..MESSAGES {
                let message = format!("message {number}");
                let k_as_is = k(&r.bytes, &a.bytes, message.as_bytes());
                let s = r.part + k_as_is * a.part;
                let signature = [r.bytes, s.to_bytes()].concat().try_into().expect("64 bytes");
                let cancels = (r.small + times(&k_as_is, &a.small)).is_identity();
                let may = cancels && !a.point().is_small_order() && !r.point().is_small_order();
                assert_eq!(key.decide(message.as_bytes(), &signature), may, "{message}");
                (stand, residue) = (stand + usize::from(may), residue + usize::from(!cancels));
                // As somebody would who hashes the canonical spellings.
                let canonical = (r.point().compress().to_bytes(), a.point().compress().to_bytes());
                if canonical != (r.bytes, a.bytes) {
                    let s = r.part + k(&canonical.0, &canonical.1, message.as_bytes()) * a.part;
                    let signature = [r.bytes, s.to_bytes()].concat().try_into().expect("64 bytes");
                    assert!(!key.decide(message.as_bytes(), &signature), "{message}");
                    reencoded += 1;
                }
            }
        }
    }
    assert!(stand > 300 && residue > 3_000 && reencoded > 3_000, "{stand}, {residue}, {reencoded}");
}

#[test]
fn a_key_in_another_spelling_is_decided_as_dalek_decides() {
    let mut usable = 0;
    for (more, sign) in (0..19).flat_map(|more| [(more, 0x7f), (more, 0xff)]) {
        let mut bytes = [0xff; 32];
        bytes[0] = 0xed + more;
        bytes[31] = sign;
        let key = Key::new(bytes);
        usable += usize::from(key.table.is_some());
        for s in [Scalar::ZERO, Scalar::ONE, -Scalar::ONE] {
            let signature =
                [(B * s).compress().to_bytes(), s.to_bytes()].concat().try_into().expect("64 bytes");
            assert!(!key.decide(b"", &signature));
        }
    }
    assert_eq!(usable, 20, "ten y beyond the field belong to points of large order, under either sign");
}

#[test]
fn an_r_in_another_spelling_or_outside_the_curve_never_stands() {
    let mut chance = Chance(3 << 32);
    for part in [Scalar::ONE, Scalar::from_bytes_mod_order_wide(&chance.bytes())] {
        let a = Written::new(part, EdwardsPoint::identity());
        let key = Key::new(a.bytes);
        for (more, sign) in (0..19).flat_map(|more| [(more, 0x7f), (more, 0xff)]) {
            let mut r = [0xff; 32];
            r[0] = 0xed + more;
            r[31] = sign;
            for s in [Scalar::ZERO, k(&r, &a.bytes, b"m") * part, Scalar::ONE] {
                let signature = [r, s.to_bytes()].concat().try_into().expect("64 bytes");
                assert!(!key.decide(b"m", &signature));
            }
        }
    }
}

#[test]
fn scalars_at_their_bounds_are_decided_as_dalek_decides() {
    let ends = [Scalar::ZERO, Scalar::ONE, -Scalar::ONE, Scalar::from(2_u8).invert()];
    let mut stand = 0;
    for part in ends.into_iter().filter(|part| *part != Scalar::ZERO) {
        let a = Written::new(part, EdwardsPoint::identity());
        let key = Key::new(a.bytes);
        for s in ends {
            // R for this s cannot be made by hand, since k depends on it: most of these are refused.
            for r in ends.into_iter().filter(|r| *r != Scalar::ZERO) {
                let r = (B * r).compress().to_bytes();
                let signature = [r, s.to_bytes()].concat().try_into().expect("64 bytes");
                key.decide(b"m", &signature);
                let right = [r, (discrete(&r, &ends) + k(&r, &a.bytes, b"m") * part).to_bytes()];
                stand += usize::from(key.decide(b"m", &right.concat().try_into().expect("64 bytes")));
            }
        }
    }
    assert_eq!(stand, 36);
}

/// Which of `of` leads to this point.
fn discrete(point: &[u8; 32], of: &[Scalar]) -> Scalar {
    let found = of.iter().find(|scalar| (B * *scalar).compress().as_bytes() == point);
    *found.expect("one of them")
}
