//! Ed25519 verification for keys that are seen often: several times as fast, and it accepts nothing that
//! `ed25519_dalek::VerifyingKey::verify_strict` refuses.
//!
//! In scope: a [`Table`] of multiples of one public key, [`accepted`], which says of signatures whether they certainly stand, and, with the
//! feature `std`, the tables of the keys that the process sees most ([`table_of`]; without it no key has one).
//! Out of scope: the verdict. **`true` is a verdict, `false` is none**: whoever asks then asks `verify_strict`, so that every refusal
//! is its refusal. Nothing here is secret, so nothing needs constant time.
//!
//! # Why it is faster
//! A verification computes s·B − k·A (RFC 8032 §5.1.7). Without tables that takes 253 doublings; with the multiples of A and of
//! the base point B by every digit at hand it takes 64 additions. The result has to be divided by its Z to be compared with R: many
//! signatures share one inversion. A processor with AVX-512 IFMA takes eight sums at a time, and eight SHA-512 (`lanes`).
//!
//! # Why accepting implies that `verify_strict` accepts
//! `verify_strict` (ed25519-dalek 3.0) accepts if and only if s is below the order L of the base point; R decodes to a point; neither
//! R nor A is of small order; and the one encoding of s·B − k·A, where k is SHA-512(R ‖ A ‖ M) modulo L as an integer in 0..L, equals
//! R's bytes. [`accepted`] says `true` only where
//!
//! 1. s is below L (the same function decides: `Scalar::from_canonical_bytes`);
//! 2. s·B − k·A was computed of the same integers s and k, over the same bytes R, A and M: k comes from the same reduction, of a digest by the
//!    same library or by the same steps in lanes (see `lanes::sha512`); A is
//!    decoded as dalek decodes it; multiples are those of the exact point A, so that a component of small order in it counts exactly as
//!    often as in dalek's sum (no cofactor is cleared on either side); and the addition formulas are complete, so that there is no pair of
//!    points for which they fail (see `point`); in lanes they are the same formulas over integers whose bounds are shown (see
//!    `lanes::field`);
//! 3. the one encoding of the sum equals R's bytes. R is then the encoding of a point of the curve, so it decodes;
//! 4. R is none of the eight encodings of a point of small order, and a table is never made of an A of small order.
//!
//! Each of these is held against dalek by the tests: every entry of the tables, and the decision on random, mutated, crafted and
//! published signatures (`tests/`), in lanes and one after the other; digests in lanes against the library, at every length around the
//! ends of blocks.
//!
//! # Unsafe code
//! Two calls: into the code for AVX-512 IFMA, after the processor was asked whether it has it; its tests call into it likewise. That code itself
//! is safe, and everything else in the workspace forbids unsafe code, this crate without `std` included.

#![no_std]
#![deny(unsafe_code)]
#![cfg_attr(not(feature = "std"), forbid(unsafe_code))]

extern crate alloc;

#[cfg(feature = "std")]
extern crate std;

mod field;
#[cfg(all(feature = "std", target_arch = "x86_64"))]
mod lanes;
mod multiples;
mod point;
#[cfg(feature = "std")]
mod tables;

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use curve25519_dalek::Scalar;
use curve25519_dalek::constants::{ED25519_BASEPOINT_COMPRESSED, EIGHT_TORSION};
use sha2::{Digest as _, Sha512};

#[cfg(feature = "std")]
pub use tables::{KEYS_MAX, SIGHTINGS, TABLES_MAX, Tables, table_of};

use field::{Element, invert_all};
use lanes::{DIGEST, LANES, Messages};
use multiples::{Digits, Multiples, Picked, STEPS, Summands};
use point::{Addend, Curve, Point};

/// Memory of a [`Table`], in bytes, beside a few dozen of its own. Measured with 16 keys in turn on two busy cores: a third of it, by digits of
/// six bits, takes a tenth longer, and four times as much for the base point saves a twentieth.
pub const TABLE_BYTES: usize = multiples::BYTES;

/// Most signatures that share an inversion: it is then 2 % of the work.
const TOGETHER: usize = 64;

/// Least signatures whose sums are taken at a time: eight in lanes take as long as two or three one after the other.
const LANES_WORTH: usize = 3;

/// Multiples of the base point of Ed25519. One is enough for any number of tables.
pub struct Base {
    curve: Curve,
    multiples: Multiples,
    small: [[u8; 32]; 8],
}

/// Multiples of the opposite of one public key.
pub struct Table {
    base: Arc<Base>,
    key: [u8; 32],
    multiples: Multiples,
}

/// A signature in question.
#[derive(Clone, Copy, Debug)]
pub struct Signed<'a> {
    /// The table of the key.
    pub table: &'a Table,
    /// The message, in parts that follow each other.
    pub message: &'a [&'a [u8]],
    /// R and s.
    pub signature: &'a [u8; 64],
}

impl Base {
    /// Computes the multiples: about as long as forty verifications.
    pub fn new() -> Self {
        let curve = Curve::new();
        let point = curve.decode(ED25519_BASEPOINT_COMPRESSED.as_bytes()).unwrap_or(Point::NEUTRAL);
        let small = EIGHT_TORSION.map(|point| point.compress().to_bytes());
        Self { multiples: Multiples::new(&curve, &point), curve, small }
    }
}

impl fmt::Debug for Base {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Base").finish_non_exhaustive()
    }
}

impl fmt::Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Table").field("key", &self.key).finish_non_exhaustive()
    }
}

impl Default for Base {
    fn default() -> Self {
        Self::new()
    }
}

impl Table {
    /// Computes the multiples: about as long as forty verifications. None of bytes that are no point of the curve, or one of small
    /// order.
    pub fn new(base: &Arc<Base>, key: &[u8; 32]) -> Option<Self> {
        let point = base.curve.decode(key)?;
        if base.small.contains(&point.encode(&Element::ONE)) {
            return None;
        }
        let multiples = Multiples::new(&base.curve, &point.negated());
        Some(Self { base: Arc::clone(base), key: *key, multiples })
    }

    /// The public key.
    pub fn key(&self) -> &[u8; 32] {
        &self.key
    }
}

impl Signed<'_> {
    /// Whether `verify_strict` certainly accepts it; otherwise it must be asked.
    pub fn is_accepted(&self) -> bool {
        let summands = self.summands(&self.digest());
        let sum = summands.map(|summands| summands.sum(&mut Vec::with_capacity(STEPS)));
        sum.is_some_and(|sum| self.is_by(&sum, &sum.z.inverse()))
    }

    /// R ‖ A ‖ M, in parts.
    fn parts(&self) -> impl Iterator<Item = &[u8]> {
        let (r, _) = self.signature.split_at(32);
        [r, &self.table.key].into_iter().chain(self.message.iter().copied())
    }

    /// SHA-512 of them.
    fn digest(&self) -> [u8; DIGEST] {
        let mut hash = Sha512::new();
        self.parts().for_each(|part| hash.update(part));
        hash.finalize().into()
    }

    /// What makes s·B − k·A, k being this digest modulo the order of the base point; nothing where s is not below it.
    fn summands(&self, digest: &[u8; DIGEST]) -> Option<Summands<'_>> {
        let Self { table, signature, .. } = self;
        let (_, s) = signature.split_first_chunk::<32>()?;
        let s = Option::<Scalar>::from(Scalar::from_canonical_bytes(*s.first_chunk()?))?;
        let k = Scalar::from_bytes_mod_order_wide(digest);
        let of_key = (&table.multiples, Digits::new(k.as_bytes()));
        let of_base = (&table.base.multiples, Digits::new(s.as_bytes()));
        Some(Summands { of: [of_key, of_base] })
    }

    /// Whether R is the one encoding of the sum, and the sum not of small order.
    fn is_by(&self, sum: &Point, inverse: &Element) -> bool {
        let encoded = sum.encode(inverse);
        self.signature.starts_with(&encoded) && !self.table.base.small.contains(&encoded)
    }
}

/// Without the feature `std` no key has a table.
#[cfg(not(feature = "std"))]
pub fn table_of(_key: &[u8; 32]) -> Option<Arc<Table>> {
    None
}

/// Where the processor is another or cannot be asked, every sum is taken by itself.
#[cfg(not(all(feature = "std", target_arch = "x86_64")))]
mod lanes {
    use alloc::vec::Vec;

    pub(crate) const LANES: usize = 8;
    pub(crate) const DIGEST: usize = 64;

    #[derive(Default)]
    pub(crate) struct Messages;

    impl Messages {
        pub(crate) fn add<'p>(&mut self, _parts: impl IntoIterator<Item = &'p [u8]>) {}
    }

    pub(crate) fn digests(_messages: &Messages) -> Option<Vec<[u8; DIGEST]>> {
        None
    }

    pub(crate) fn sums(_summands: &[Option<crate::Summands<'_>>]) -> Option<[crate::Point; LANES]> {
        None
    }
}

/// Of each signature whether `verify_strict` certainly accepts it; of what is not certain it must be asked.
pub fn accepted(signed: &[Signed<'_>]) -> Vec<bool> {
    let mut picked = Vec::with_capacity(STEPS);
    let mut accepted = Vec::with_capacity(signed.len());
    for signed in signed.chunks(TOGETHER) {
        let summands: Vec<Option<Summands<'_>>> =
            signed.iter().zip(digests(signed)).map(|(signed, digest)| signed.summands(&digest)).collect();
        let sums: Vec<Option<Point>> =
            summands.chunks(LANES).flat_map(|summands| sums(summands, &mut picked)).collect();
        let mut inverses: Vec<Element> =
            sums.iter().map(|sum| sum.map_or(Element::ONE, |sum| sum.z)).collect();
        invert_all(&mut inverses.iter_mut().collect::<Vec<_>>());
        let each = signed.iter().zip(sums).zip(&inverses);
        accepted
            .extend(each.map(|((signed, sum), inverse)| sum.is_some_and(|sum| signed.is_by(&sum, inverse))));
    }
    accepted
}

/// What each has signed, with R and A before it, hashed: several at a time where the processor can and it is worth it.
fn digests(signed: &[Signed<'_>]) -> Vec<[u8; DIGEST]> {
    if signed.len() >= LANES_WORTH {
        let mut messages = Messages::default();
        signed.iter().for_each(|signed| messages.add(signed.parts()));
        if let Some(digests) = lanes::digests(&messages) {
            return digests;
        }
    }
    signed.iter().map(Signed::digest).collect()
}

/// The sums of at most [`LANES`] signatures: at a time where the processor can and it is worth it, else one after the other.
fn sums(summands: &[Option<Summands<'_>>], picked: &mut Vec<Picked<Addend>>) -> Vec<Option<Point>> {
    if summands.iter().flatten().count() >= LANES_WORTH
        && let Some(points) = lanes::sums(summands)
    {
        return summands.iter().zip(points).map(|(summands, sum)| summands.map(|_| sum)).collect();
    }
    summands.iter().map(|summands| summands.map(|summands| summands.sum(picked))).collect()
}
