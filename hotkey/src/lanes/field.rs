//! Eight integers modulo p = 2^255 − 19, one in each lane of 64 bits, in five limbs of 51 bits.
//!
//! The processor multiplies the low 52 bits of two factors and adds either half of the product to 64 bits (AVX-512 IFMA: Intel, "Intel 64 and
//! IA-32 Architectures Software Developer's Manual", volume 2, VPMADD52LUQ and VPMADD52HUQ). Its arithmetic wraps silently, so types say
//! what may be multiplied and what added, by the bounds below; the tests compare with fiat-crypto at these bounds.
//!
//! # Bounds
//! - The limbs of a [`Factor`] are at most 2^51 + 2^14, so below 2^52: the multiplication loses no bit of them. A limb of an element of
//!   `crate::field` is at most 2^51 (fiat-crypto's "tight" bound).
//! - A product of two limbs is below 2^102 + 2^67. Its low 52 bits are below 2^52. What is above them is below 2^50 + 2^15 + 1; it belongs to
//!   the next column, one bit higher, so it counts twice: below 2^51 + 2^17. 19 times the column five above is added to each of the
//!   lowest five, because 2^255 is 19 modulo p. So the limbs of a [`Wide`] come, in units of 2^52, from the lowest on, to at most
//!   1 + 19 · (4 + 5/2) = 124½, (2 + ½) + 19 · (3 + 4/2) = 97½, (3 + 2/2) + 19 · (2 + 3/2) = 70½, (4 + 3/2) + 19 · (1 + 2/2) = 43½ and
//!   (5 + 4/2) + 19 · ½ = 16½, and what the 2^17 come to, less than 100 of them. All are below 2^59 − 19 · 2^8, the least limb of 2^8 · p.
//! - A difference is taken from above by 2^8 · p, which is 0 modulo p, so no limb becomes negative. Sums and differences are below 2^60.
//!   Carrying keeps 51 bits of each limb and adds what is above them, below 2^9, to the next limb, and 19 times what is above the last to the
//!   first: at most 2^51 + 19 · 2^9, which is below 2^51 + 2^14.

use core::arch::x86_64::{
    __m256i, __m512i, __mmask8, _mm256_extract_epi64, _mm512_add_epi64, _mm512_and_si512,
    _mm512_extracti64x4_epi64, _mm512_madd52hi_epu64, _mm512_madd52lo_epu64, _mm512_mask_blend_epi64,
    _mm512_set1_epi64, _mm512_setr_epi64, _mm512_setzero_si512, _mm512_slli_epi64, _mm512_srli_epi64,
    _mm512_sub_epi64,
};

use crate::field::LIMBS;

use super::LANES;

/// Limbs of the same place, one a lane.
pub(super) type Row = [u64; LANES];

/// What may be multiplied.
#[derive(Clone, Copy)]
pub(super) struct Factor([__m512i; LIMBS]);

/// A product: not carried, and may be added to another or taken from one, once.
#[derive(Clone, Copy)]
pub(super) struct Wide([__m512i; LIMBS]);

const LIMB_BITS: u32 = 51;
const LIMB: i64 = (1 << LIMB_BITS) - 1;

/// 2^8 · p in limbs.
const ABOVE_LOWEST: i64 = (LIMB - 18) << 8;
const ABOVE: i64 = LIMB << 8;

impl Factor {
    /// Of limbs of at most 2^51 + 2^14.
    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(super) fn new(rows: &[Row; LIMBS]) -> Self {
        let [a, b, c, d, e] = rows;
        Self([row(a), row(b), row(c), row(d), row(e)])
    }

    /// The same number in every lane.
    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(super) fn everywhere(limbs: [u64; LIMBS]) -> Self {
        let [a, b, c, d, e] = limbs.map(u64::cast_signed);
        Self([
            _mm512_set1_epi64(a),
            _mm512_set1_epi64(b),
            _mm512_set1_epi64(c),
            _mm512_set1_epi64(d),
            _mm512_set1_epi64(e),
        ])
    }

    /// The limbs of each place.
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(super) fn rows(&self) -> [Row; LIMBS] {
        let [a, b, c, d, e] = self.0;
        [lanes(a), lanes(b), lanes(c), lanes(d), lanes(e)]
    }

    /// Of each lane that of `other` where `which` has a one, else this.
    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(super) fn or(&self, which: __mmask8, other: &Self) -> Self {
        let ([a0, a1, a2, a3, a4], [b0, b1, b2, b3, b4]) = (self.0, other.0);
        Self([
            _mm512_mask_blend_epi64(which, a0, b0),
            _mm512_mask_blend_epi64(which, a1, b1),
            _mm512_mask_blend_epi64(which, a2, b2),
            _mm512_mask_blend_epi64(which, a3, b3),
            _mm512_mask_blend_epi64(which, a4, b4),
        ])
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(super) fn times(&self, other: &Self) -> Wide {
        let ([a0, a1, a2, a3, a4], [b0, b1, b2, b3, b4]) = (self.0, other.0);
        let zero = _mm512_setzero_si512();
        // What is above 52 bits of the products one column below, twice; then the low halves on top.
        let c0 = low(zero, a0, b0);
        let c1 = twice(high(zero, a0, b0));
        let c1 = low(low(c1, a0, b1), a1, b0);
        let c2 = twice(high(high(zero, a0, b1), a1, b0));
        let c2 = low(low(low(c2, a0, b2), a1, b1), a2, b0);
        let c3 = twice(high(high(high(zero, a0, b2), a1, b1), a2, b0));
        let c3 = low(low(low(low(c3, a0, b3), a1, b2), a2, b1), a3, b0);
        let c4 = twice(high(high(high(high(zero, a0, b3), a1, b2), a2, b1), a3, b0));
        let c4 = low(low(low(low(low(c4, a0, b4), a1, b3), a2, b2), a3, b1), a4, b0);
        let c5 = twice(high(high(high(high(high(zero, a0, b4), a1, b3), a2, b2), a3, b1), a4, b0));
        let c5 = low(low(low(low(c5, a1, b4), a2, b3), a3, b2), a4, b1);
        let c6 = twice(high(high(high(high(zero, a1, b4), a2, b3), a3, b2), a4, b1));
        let c6 = low(low(low(c6, a2, b4), a3, b3), a4, b2);
        let c7 = twice(high(high(high(zero, a2, b4), a3, b3), a4, b2));
        let c7 = low(low(c7, a3, b4), a4, b3);
        let c8 = twice(high(high(zero, a3, b4), a4, b3));
        let c8 = low(c8, a4, b4);
        let c9 = twice(high(zero, a4, b4));
        Wide([folded(c0, c5), folded(c1, c6), folded(c2, c7), folded(c3, c8), folded(c4, c9)])
    }
}

impl Wide {
    /// This, as if it had been multiplied by 1.
    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(super) fn of(factor: &Factor) -> Self {
        Self(factor.0)
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(super) fn plus(&self, other: &Self) -> Factor {
        let ([a0, a1, a2, a3, a4], [b0, b1, b2, b3, b4]) = (self.0, other.0);
        carried([
            _mm512_add_epi64(a0, b0),
            _mm512_add_epi64(a1, b1),
            _mm512_add_epi64(a2, b2),
            _mm512_add_epi64(a3, b3),
            _mm512_add_epi64(a4, b4),
        ])
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(super) fn minus(&self, other: &Self) -> Factor {
        let ([a0, a1, a2, a3, a4], [b0, b1, b2, b3, b4]) = (self.0, other.0);
        let (lowest, above) = (_mm512_set1_epi64(ABOVE_LOWEST), _mm512_set1_epi64(ABOVE));
        carried([
            _mm512_add_epi64(a0, _mm512_sub_epi64(lowest, b0)),
            _mm512_add_epi64(a1, _mm512_sub_epi64(above, b1)),
            _mm512_add_epi64(a2, _mm512_sub_epi64(above, b2)),
            _mm512_add_epi64(a3, _mm512_sub_epi64(above, b3)),
            _mm512_add_epi64(a4, _mm512_sub_epi64(above, b4)),
        ])
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(super) fn carried(&self) -> Factor {
        carried(self.0)
    }
}

/// Of limbs below 2^60.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn carried(limbs: [__m512i; LIMBS]) -> Factor {
    let [a, b, c, d, e] = limbs;
    let limb = _mm512_set1_epi64(LIMB);
    Factor([
        low(_mm512_and_si512(a, limb), above(e), _mm512_set1_epi64(19)),
        _mm512_add_epi64(_mm512_and_si512(b, limb), above(a)),
        _mm512_add_epi64(_mm512_and_si512(c, limb), above(b)),
        _mm512_add_epi64(_mm512_and_si512(d, limb), above(c)),
        _mm512_add_epi64(_mm512_and_si512(e, limb), above(d)),
    ])
}

/// What is above the bits of a limb.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn above(limb: __m512i) -> __m512i {
    _mm512_srli_epi64::<LIMB_BITS>(limb)
}

/// A column and 19 times the one five above it.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn folded(column: __m512i, above: __m512i) -> __m512i {
    let three = _mm512_add_epi64(above, twice(above));
    _mm512_add_epi64(_mm512_add_epi64(column, three), _mm512_slli_epi64::<4>(above))
}

#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn twice(limb: __m512i) -> __m512i {
    _mm512_add_epi64(limb, limb)
}

/// `sum` and the low 52 bits of a product.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn low(sum: __m512i, a: __m512i, b: __m512i) -> __m512i {
    _mm512_madd52lo_epu64(sum, a, b)
}

/// `sum` and the high 52 bits of a product.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn high(sum: __m512i, a: __m512i, b: __m512i) -> __m512i {
    _mm512_madd52hi_epu64(sum, a, b)
}

#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
pub(super) fn row(row: &Row) -> __m512i {
    let [a, b, c, d, e, f, g, h] = row.map(u64::cast_signed);
    _mm512_setr_epi64(a, b, c, d, e, f, g, h)
}

#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
pub(super) fn lanes(row: __m512i) -> Row {
    let [[a, b, c, d], [e, f, g, h]] =
        [half(_mm512_extracti64x4_epi64::<0>(row)), half(_mm512_extracti64x4_epi64::<1>(row))];
    [a, b, c, d, e, f, g, h]
}

#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn half(row: __m256i) -> [u64; 4] {
    [
        _mm256_extract_epi64::<0>(row),
        _mm256_extract_epi64::<1>(row),
        _mm256_extract_epi64::<2>(row),
        _mm256_extract_epi64::<3>(row),
    ]
    .map(i64::cast_unsigned)
}

#[cfg(test)]
mod tests;
