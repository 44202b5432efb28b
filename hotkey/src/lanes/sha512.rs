//! SHA-512 of eight messages at a time, one in each lane of 64 bits (NIST FIPS 180-4, "Secure Hash Standard", sections 5.1.2 and 6.4).
//!
//! A hash is a chain: each step needs the one before. Eight chains side by side keep the processor busy that one alone leaves waiting.

use alloc::vec::Vec;
use core::arch::x86_64::{
    __m512i, __mmask8, _mm512_add_epi64, _mm512_mask_blend_epi64, _mm512_ror_epi64, _mm512_set1_epi64,
    _mm512_setzero_si512, _mm512_srli_epi64, _mm512_ternarylogic_epi64,
};
use core::array;
use core::ops::Range;

use super::LANES;
use super::field::{lanes, row};

/// Length of a digest, in bytes.
pub(crate) const DIGEST: usize = 64;

/// Bytes that are taken in together, as 16 words.
const BLOCK: usize = 128;
const WORDS: usize = 16;

/// Bytes at the end of the padding that hold the message's length, in bits.
const LENGTH: usize = 16;

/// What begins the padding.
const PADDING: u8 = 0x80;

/// The first 64 bits behind the point of the square roots of the first eight primes (section 5.3.5).
const INITIAL: [u64; 8] = [
    0x6a09_e667_f3bc_c908,
    0xbb67_ae85_84ca_a73b,
    0x3c6e_f372_fe94_f82b,
    0xa54f_f53a_5f1d_36f1,
    0x510e_527f_ade6_82d1,
    0x9b05_688c_2b3e_6c1f,
    0x1f83_d9ab_fb41_bd6b,
    0x5be0_cd19_137e_2179,
];

/// The same of the cube roots of the first eighty primes (section 4.2.3).
const CONSTANTS: [u64; 80] = [
    0x428a_2f98_d728_ae22,
    0x7137_4491_23ef_65cd,
    0xb5c0_fbcf_ec4d_3b2f,
    0xe9b5_dba5_8189_dbbc,
    0x3956_c25b_f348_b538,
    0x59f1_11f1_b605_d019,
    0x923f_82a4_af19_4f9b,
    0xab1c_5ed5_da6d_8118,
    0xd807_aa98_a303_0242,
    0x1283_5b01_4570_6fbe,
    0x2431_85be_4ee4_b28c,
    0x550c_7dc3_d5ff_b4e2,
    0x72be_5d74_f27b_896f,
    0x80de_b1fe_3b16_96b1,
    0x9bdc_06a7_25c7_1235,
    0xc19b_f174_cf69_2694,
    0xe49b_69c1_9ef1_4ad2,
    0xefbe_4786_384f_25e3,
    0x0fc1_9dc6_8b8c_d5b5,
    0x240c_a1cc_77ac_9c65,
    0x2de9_2c6f_592b_0275,
    0x4a74_84aa_6ea6_e483,
    0x5cb0_a9dc_bd41_fbd4,
    0x76f9_88da_8311_53b5,
    0x983e_5152_ee66_dfab,
    0xa831_c66d_2db4_3210,
    0xb003_27c8_98fb_213f,
    0xbf59_7fc7_beef_0ee4,
    0xc6e0_0bf3_3da8_8fc2,
    0xd5a7_9147_930a_a725,
    0x06ca_6351_e003_826f,
    0x1429_2967_0a0e_6e70,
    0x27b7_0a85_46d2_2ffc,
    0x2e1b_2138_5c26_c926,
    0x4d2c_6dfc_5ac4_2aed,
    0x5338_0d13_9d95_b3df,
    0x650a_7354_8baf_63de,
    0x766a_0abb_3c77_b2a8,
    0x81c2_c92e_47ed_aee6,
    0x9272_2c85_1482_353b,
    0xa2bf_e8a1_4cf1_0364,
    0xa81a_664b_bc42_3001,
    0xc24b_8b70_d0f8_9791,
    0xc76c_51a3_0654_be30,
    0xd192_e819_d6ef_5218,
    0xd699_0624_5565_a910,
    0xf40e_3585_5771_202a,
    0x106a_a070_32bb_d1b8,
    0x19a4_c116_b8d2_d0c8,
    0x1e37_6c08_5141_ab53,
    0x2748_774c_df8e_eb99,
    0x34b0_bcb5_e19b_48a8,
    0x391c_0cb3_c5c9_5a63,
    0x4ed8_aa4a_e341_8acb,
    0x5b9c_ca4f_7763_e373,
    0x682e_6ff3_d6b2_b8a3,
    0x748f_82ee_5def_b2fc,
    0x78a5_636f_4317_2f60,
    0x84c8_7814_a1f0_ab72,
    0x8cc7_0208_1a64_39ec,
    0x90be_fffa_2363_1e28,
    0xa450_6ceb_de82_bde9,
    0xbef9_a3f7_b2c6_7915,
    0xc671_78f2_e372_532b,
    0xca27_3ece_ea26_619c,
    0xd186_b8c7_21c0_c207,
    0xeada_7dd6_cde0_eb1e,
    0xf57d_4f7f_ee6e_d178,
    0x06f0_67aa_7217_6fba,
    0x0a63_7dc5_a2c8_98a6,
    0x113f_9804_bef9_0dae,
    0x1b71_0b35_131c_471b,
    0x28db_77f5_2304_7d84,
    0x32ca_ab7b_40c7_2493,
    0x3c9e_be0a_15c9_bebc,
    0x431d_67c4_9c10_0d4c,
    0x4cc5_d4be_cb3e_42b6,
    0x597f_299c_fc65_7e2a,
    0x5fcb_6fab_3ad6_faec,
    0x6c44_198c_4a47_5817,
];

/// Messages with their padding, one behind the other.
#[derive(Default)]
pub(crate) struct Messages {
    bytes: Vec<u8>,
    each: Vec<Range<usize>>,
}

impl Messages {
    /// Adds a message in parts that follow each other.
    pub(crate) fn add<'p>(&mut self, parts: impl IntoIterator<Item = &'p [u8]>) {
        let start = self.bytes.len();
        parts.into_iter().for_each(|part| self.bytes.extend_from_slice(part));
        let length = self.bytes.len().saturating_sub(start);
        self.bytes.push(PADDING);
        let with_length = self.bytes.len().saturating_sub(start).saturating_add(LENGTH);
        let zeros = with_length.next_multiple_of(BLOCK).saturating_sub(with_length);
        self.bytes.resize(self.bytes.len().saturating_add(zeros), 0);
        let bits = (length as u128).saturating_mul(8);
        self.bytes.extend_from_slice(&bits.to_be_bytes());
        self.each.push(start..self.bytes.len());
    }

    /// The digest of each.
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(super) fn digests(&self) -> Vec<[u8; DIGEST]> {
        // Those of like length side by side: a lane that is at its end waits for the others.
        let mut order: Vec<usize> = (0..self.each.len()).collect();
        order.sort_unstable_by_key(|at| self.each.get(*at).map_or(0, Range::len));
        let mut digests = alloc::vec![[0; DIGEST]; order.len()];
        for together in order.chunks(LANES) {
            let message = |lane: usize| {
                let range = together.get(lane).and_then(|at| self.each.get(*at));
                range.and_then(|range| self.bytes.get(range.clone())).unwrap_or_default()
            };
            let found = hashed(array::from_fn(message));
            for (at, digest) in together.iter().zip(found) {
                if let Some(place) = digests.get_mut(*at) {
                    *place = digest;
                }
            }
        }
        digests
    }
}

/// The digests of eight messages with their padding; of no meaning where one is empty.
#[target_feature(enable = "avx512f,avx512ifma")]
fn hashed(messages: [&[u8]; LANES]) -> [[u8; DIGEST]; LANES] {
    let mut blocks = messages.map(|message| message.chunks_exact(BLOCK));
    let mut state = State(INITIAL.map(|word| _mm512_set1_epi64(word.cast_signed())));
    loop {
        let next = blocks.each_mut().map(|blocks| blocks.next().and_then(|block| block.first_chunk()));
        let goes_on =
            next.iter().rev().fold(0, |mask: __mmask8, block| (mask << 1) | u8::from(block.is_some()));
        if goes_on == 0 {
            return state.digests();
        }
        state.take_in(goes_on, &next.map(|block| block.unwrap_or(&[0; BLOCK])));
    }
}

/// The eight words of each lane's state.
struct State([__m512i; 8]);

impl State {
    /// Takes in a block of each lane that has a one in `goes_on` (section 6.4.2).
    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn take_in(&mut self, goes_on: __mmask8, block: &[&[u8; BLOCK]; LANES]) {
        let mut words = [_mm512_setzero_si512(); WORDS];
        for (at, word) in words.iter_mut().enumerate() {
            *word = row(&block.map(|block| word_of(block, at)));
        }
        let before = self.0;
        for (round, constant) in CONSTANTS.iter().enumerate() {
            let word = if round < WORDS { of(&words, round) } else { scheduled(&words, round) };
            if let Some(place) = words.get_mut(round % WORDS) {
                *place = word;
            }
            self.round(plus(word, _mm512_set1_epi64(constant.cast_signed())));
        }
        let ([a0, b0, c0, d0, e0, f0, g0, h0], [a, b, c, d, e, f, g, h]) = (before, self.0);
        self.0 = [
            _mm512_mask_blend_epi64(goes_on, a0, plus(a0, a)),
            _mm512_mask_blend_epi64(goes_on, b0, plus(b0, b)),
            _mm512_mask_blend_epi64(goes_on, c0, plus(c0, c)),
            _mm512_mask_blend_epi64(goes_on, d0, plus(d0, d)),
            _mm512_mask_blend_epi64(goes_on, e0, plus(e0, e)),
            _mm512_mask_blend_epi64(goes_on, f0, plus(f0, f)),
            _mm512_mask_blend_epi64(goes_on, g0, plus(g0, g)),
            _mm512_mask_blend_epi64(goes_on, h0, plus(h0, h)),
        ];
    }

    /// One of the eighty rounds, with its word and constant.
    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn round(&mut self, word: __m512i) {
        let [a, b, c, d, e, f, g, h] = self.0;
        let sum = xor(ror::<14>(e), ror::<18>(e), ror::<41>(e));
        let first = plus(plus(h, word), plus(sum, _mm512_ternarylogic_epi64::<CHOICE>(e, f, g)));
        let sum = xor(ror::<28>(a), ror::<34>(a), ror::<39>(a));
        let second = plus(sum, _mm512_ternarylogic_epi64::<MAJORITY>(a, b, c));
        self.0 = [plus(first, second), a, b, c, plus(d, first), e, f, g];
    }

    #[target_feature(enable = "avx512f,avx512ifma")]
    fn digests(self) -> [[u8; DIGEST]; LANES] {
        let [a, b, c, d, e, f, g, h] = self.0;
        let words = [lanes(a), lanes(b), lanes(c), lanes(d), lanes(e), lanes(f), lanes(g), lanes(h)];
        array::from_fn(|lane| {
            let mut digest = [0; DIGEST];
            for (bytes, word) in digest.chunks_exact_mut(8).zip(&words) {
                bytes.copy_from_slice(&word.get(lane).copied().unwrap_or_default().to_be_bytes());
            }
            digest
        })
    }
}

/// By the truth table of three bits, most significant first: of `e` the second where it is one, else the third; and what most of them are.
const CHOICE: i32 = 0b1100_1010;
const MAJORITY: i32 = 0b1110_1000;
const XOR: i32 = 0b1001_0110;

/// The word of a round behind the first sixteen, from those of the sixteen before it.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn scheduled(words: &[__m512i; WORDS], round: usize) -> __m512i {
    let (second, fifteenth) = (of(words, round.wrapping_add(1)), of(words, round.wrapping_add(14)));
    let near = xor(ror::<1>(second), ror::<8>(second), _mm512_srli_epi64::<7>(second));
    let far = xor(ror::<19>(fifteenth), ror::<61>(fifteenth), _mm512_srli_epi64::<6>(fifteenth));
    plus(plus(of(words, round), near), plus(of(words, round.wrapping_add(9)), far))
}

#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn of(words: &[__m512i; WORDS], at: usize) -> __m512i {
    words.get(at % WORDS).copied().unwrap_or_else(|| _mm512_setzero_si512())
}

#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn plus(one: __m512i, other: __m512i) -> __m512i {
    _mm512_add_epi64(one, other)
}

#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn ror<const BITS: i32>(word: __m512i) -> __m512i {
    _mm512_ror_epi64::<BITS>(word)
}

#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn xor(one: __m512i, other: __m512i, third: __m512i) -> __m512i {
    _mm512_ternarylogic_epi64::<XOR>(one, other, third)
}

fn word_of(block: &[u8; BLOCK], at: usize) -> u64 {
    let bytes = block.get(at.saturating_mul(8)..).and_then(|rest| rest.first_chunk());
    bytes.copied().map_or(0, u64::from_be_bytes)
}
