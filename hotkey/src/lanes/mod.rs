//! Eight sums, and eight digests, at a time, one in each lane of registers of 512 bits: in a third of the time that they take one after the
//! other.
//!
//! For processors with AVX-512 IFMA, which multiplies eight pairs of integers of 52 bits at once; here on x86-64 with the feature `std`,
//! which can ask the processor. Each lane sums as `crate::multiples` does, the same digits and addends by the same complete formulas; only
//! the representation of integers differs (`field`, with its bounds). A lane has no branch and no lane depends on another.

mod field;
mod point;
mod sha512;

use alloc::vec::Vec;
use core::array;

use crate::multiples::{STEPS, Summands};
use crate::point::Point;

pub(crate) use sha512::{DIGEST, Messages};

use point::{Addends, Sums};

/// Sums that are taken at a time.
pub(crate) const LANES: usize = 8;

/// So many steps before it is added an addend is read, so that lanes seldom wait for memory. One step takes 4 % longer, all 64 first, as where
/// one sum is taken after the other, up to 6 %; between 2 and 16 there is no difference.
const AHEAD: usize = 4;

/// The sum of each of up to [`LANES`] signatures, in their order, with sums of no meaning where there is none; nothing on a processor
/// that cannot do this, or where there is nothing to sum.
pub(crate) fn sums(summands: &[Option<Summands<'_>>]) -> Option<[Point; LANES]> {
    let first = summands.iter().flatten().next()?;
    let lanes = array::from_fn(|lane| summands.get(lane).and_then(Option::as_ref).unwrap_or(first));
    if !is_there() {
        return None;
    }
    // SAFETY: `summed` needs nothing but the two features that `is_there` has just found.
    #[expect(unsafe_code, reason = "only a run can tell what the processor can do")]
    Some(unsafe { summed(lanes) })
}

/// SHA-512 of each message; nothing on a processor that cannot do this.
pub(crate) fn digests(messages: &Messages) -> Option<Vec<[u8; DIGEST]>> {
    if !is_there() {
        return None;
    }
    // SAFETY: as above.
    #[expect(unsafe_code, reason = "only a run can tell what the processor can do")]
    Some(unsafe { messages.digests() })
}

/// Whether processor and system can do this. The standard library remembers the answer.
fn is_there() -> bool {
    std::arch::is_x86_feature_detected!("avx512f") && std::arch::is_x86_feature_detected!("avx512ifma")
}

#[target_feature(enable = "avx512f,avx512ifma")]
fn summed(lanes: [&Summands<'_>; LANES]) -> [Point; LANES] {
    let mut sums = Sums::neutral();
    let mut ahead = [const { Addends::NONE }; AHEAD];
    for (step, addends) in ahead.iter_mut().enumerate() {
        addends.fill(lanes, step);
    }
    for done in (0..STEPS).step_by(AHEAD) {
        for (step, addends) in (done.saturating_add(AHEAD)..).zip(&mut ahead) {
            sums = sums.plus(addends);
            if step < STEPS {
                addends.fill(lanes, step);
            }
        }
    }
    sums.points()
}

#[cfg(test)]
mod tests;
