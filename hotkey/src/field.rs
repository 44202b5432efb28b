//! Integers modulo 2^255 − 19, in five limbs of 51 bits.
//!
//! All arithmetic is fiat-crypto's, which is generated together with a proof of it (Erbsen et al., "Simple High-Level Code For
//! Cryptographic Arithmetic", 2019). What is left here are names and the type rule that its proof asks for: a sum is not carried,
//! and may be multiplied but not added to again.

use core::ops::{Add, Mul, Sub};

use fiat_crypto::curve25519_64 as fiat;

type Tight = fiat::fiat_25519_tight_field_element;
type Loose = fiat::fiat_25519_loose_field_element;

/// Limbs of an element.
pub(crate) const LIMBS: usize = 5;

/// An integer modulo 2^255 − 19 whose limbs are carried.
#[derive(Clone, Copy)]
pub(crate) struct Element(Tight);

/// A sum or difference of two elements, not carried.
#[derive(Clone, Copy)]
pub(crate) struct Uncarried(Loose);

/// What may be multiplied.
pub(crate) trait Factor {
    fn loose(&self) -> Loose;
}

impl Factor for Element {
    #[inline(always)]
    fn loose(&self) -> Loose {
        fiat::fiat_25519_loose_field_element(self.0.0)
    }
}

impl Factor for Uncarried {
    #[inline(always)]
    fn loose(&self) -> Loose {
        self.0
    }
}

impl Element {
    pub(crate) const ZERO: Self = Self::small(0);
    pub(crate) const ONE: Self = Self::small(1);

    /// A number of at most 32 bits.
    pub(crate) const fn small(number: u32) -> Self {
        Self(fiat::fiat_25519_tight_field_element([number as u64, 0, 0, 0, 0]))
    }

    /// The integer in these bytes, least significant first; the highest bit is left out, and the integer need not be reduced
    /// (RFC 8032 §5.1.3 would refuse it; dalek does not).
    pub(crate) fn from_bytes(bytes: &[u8; 32]) -> Self {
        let mut reduced = *bytes;
        let [.., high] = &mut reduced;
        *high &= 0x7f;
        let mut limbs = Self::ZERO;
        fiat::fiat_25519_from_bytes(&mut limbs.0, &reduced);
        limbs
    }

    /// The one reduced form, least significant byte first.
    pub(crate) fn to_bytes(self) -> [u8; 32] {
        let mut bytes = [0; 32];
        fiat::fiat_25519_to_bytes(&mut bytes, &self.0);
        bytes
    }

    /// Whether the reduced form is odd: the sign of a coordinate (RFC 8032 §5.1.2).
    pub(crate) fn is_odd(self) -> bool {
        let [low, ..] = self.to_bytes();
        low & 1 == 1
    }

    #[inline(always)]
    pub(crate) fn square(&self) -> Self {
        let mut product = Self::ZERO;
        fiat::fiat_25519_carry_square(&mut product.0, &self.loose());
        product
    }

    /// Squared `times` times.
    fn squared(&self, times: u32) -> Self {
        (0..times).fold(*self, |power, _| power.square())
    }

    pub(crate) fn negated(&self) -> Self {
        (&Self::ZERO - self).carried()
    }

    /// The inverse, by Fermat: this to the power of 2^255 − 21. Of 0 it is 0.
    pub(crate) fn inverse(&self) -> Self {
        let (high, eleven) = self.high_power();
        &high.squared(5) * &eleven
    }

    /// This to the power of 2^252 − 3, which is (p − 5) / 8: what a square root needs (RFC 8032 §5.1.3).
    pub(crate) fn power_of_root(&self) -> Self {
        let (high, _) = self.high_power();
        &high.squared(2) * self
    }

    /// This to the power of 2^253 − 5, which is (p − 1) / 4.
    pub(crate) fn power_of_quarter(&self) -> Self {
        let (high, _) = self.high_power();
        let cube = &self.square() * self;
        &high.squared(3) * &cube
    }

    /// This to the powers of 2^250 − 1 and of 11 (the chain of Bernstein, "Curve25519: new Diffie-Hellman speed records", 2006).
    fn high_power(&self) -> (Self, Self) {
        let two = self.square();
        let nine = &two.squared(2) * self;
        let eleven = &nine * &two;
        let ones_5 = &eleven.square() * &nine;
        let ones_10 = &ones_5.squared(5) * &ones_5;
        let ones_20 = &ones_10.squared(10) * &ones_10;
        let ones_40 = &ones_20.squared(20) * &ones_20;
        let ones_50 = &ones_40.squared(10) * &ones_10;
        let ones_100 = &ones_50.squared(50) * &ones_50;
        let ones_200 = &ones_100.squared(100) * &ones_100;
        (&ones_200.squared(50) * &ones_50, eleven)
    }
}

/// The way into lanes and out of them.
#[cfg(all(feature = "std", target_arch = "x86_64"))]
impl Element {
    /// The limbs, the lowest first, each at most 2^51.
    pub(crate) fn limbs(&self) -> [u64; LIMBS] {
        self.0.0
    }

    /// Of limbs of at most 3 · 2^51, the lowest first.
    pub(crate) fn from_limbs(limbs: [u64; LIMBS]) -> Self {
        Uncarried(fiat::fiat_25519_loose_field_element(limbs)).carried()
    }
}

impl Uncarried {
    pub(crate) fn carried(&self) -> Element {
        let mut carried = Element::ZERO;
        fiat::fiat_25519_carry(&mut carried.0, &self.0);
        carried
    }
}

const NOTHING: Loose = fiat::fiat_25519_loose_field_element([0; LIMBS]);

impl Add for &Element {
    type Output = Uncarried;

    #[inline(always)]
    fn add(self, other: Self) -> Uncarried {
        let mut sum = Uncarried(NOTHING);
        fiat::fiat_25519_add(&mut sum.0, &self.0, &other.0);
        sum
    }
}

impl Sub for &Element {
    type Output = Uncarried;

    #[inline(always)]
    fn sub(self, other: Self) -> Uncarried {
        let mut difference = Uncarried(NOTHING);
        fiat::fiat_25519_sub(&mut difference.0, &self.0, &other.0);
        difference
    }
}

impl<F: Factor> Mul<&F> for &Element {
    type Output = Element;

    #[inline(always)]
    fn mul(self, other: &F) -> Element {
        product(self, other)
    }
}

impl<F: Factor> Mul<&F> for &Uncarried {
    type Output = Element;

    #[inline(always)]
    fn mul(self, other: &F) -> Element {
        product(self, other)
    }
}

#[inline(always)]
fn product(a: &impl Factor, b: &impl Factor) -> Element {
    let mut product = Element::ZERO;
    fiat::fiat_25519_carry_mul(&mut product.0, &a.loose(), &b.loose());
    product
}

/// Replaces each element by its inverse; none may be 0. One inversion and three multiplications an element (Montgomery, "Speeding
/// the Pollard and elliptic curve methods of factorization", 1987, §10.3.1).
pub(crate) fn invert_all(elements: &mut [&mut Element]) {
    let mut before = alloc::vec::Vec::with_capacity(elements.len());
    let mut all = Element::ONE;
    for element in &*elements {
        before.push(all);
        all = &all * &**element;
    }
    let mut inverse = all.inverse();
    for (element, before) in elements.iter_mut().zip(before).rev() {
        let next = &inverse * &**element;
        **element = &inverse * &before;
        inverse = next;
    }
}
