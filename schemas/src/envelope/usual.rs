//! Takes the one form that nearly all statements have apart in place. Nothing is refused here: whatever is not of this form
//! goes the long way through coset, which names what is wrong with it.

use alloc::string::String;
use core::ops::Range;

use super::{CLAIM_ISS, CLAIM_SUB, CONTENT_TYPE, CWT_CLAIMS};
use crate::canonical::{self, Items, Major};
use crate::ids::{KeyId, Signature};

/// Ed25519 (RFC 9864: −19) and EdDSA (RFC 9053: −8), as arguments of major type 1.
const ALGORITHMS: [u64; 2] = [18, 7];

/// Where the parts of `18([protected, {}, payload, signature])` lie.
pub(super) struct Parts {
    pub(super) protected: Range<usize>,
    pub(super) payload: Range<usize>,
    pub(super) signature: Signature,
}

/// What `{1: -19, 3: "application/writ+cbor", 4: kid, 15: {1: iss, 2: sub}}` says.
pub(super) struct Claims {
    pub(super) kid: KeyId,
    pub(super) iss: String,
    pub(super) sub: String,
}

/// An envelope of the one form that [`super::Unsigned::sign`] makes. What is in its parts is still to be checked.
pub(super) fn read(statement: &[u8]) -> Option<(Parts, Claims)> {
    let parts = parts(statement)?;
    let protected = statement.get(parts.protected.clone())?;
    canonical::scan(protected).ok()?;
    let claims = claims(protected)?;
    Some((parts, claims))
}

/// The same of a statement that was accepted before: nothing is scanned.
pub(super) fn accepted(statement: &[u8]) -> Option<(Parts, Claims)> {
    let parts = parts(statement)?;
    let claims = claims(statement.get(parts.protected.clone())?)?;
    Some((parts, claims))
}

/// The parts of scanned bytes.
pub(super) fn parts(statement: &[u8]) -> Option<Parts> {
    let mut items = Items::new(statement);
    let is = |found: u64, wanted: u64| (found == wanted).then_some(());
    is(items.head(Major::Tag)?, 18)?;
    is(items.head(Major::Array)?, 4)?;
    let protected = items.byte_string_range()?;
    is(items.head(Major::Map)?, 0)?;
    let payload = items.byte_string_range()?;
    let signature = Signature::from_slice(items.byte_string()?)?;
    items.is_at_end().then_some(Parts { protected, payload, signature })
}

/// The claims of a protected header that was scanned.
fn claims(protected: &[u8]) -> Option<Claims> {
    let mut items = Items::new(protected);
    let is = |found: u64, wanted: u64| (found == wanted).then_some(());
    is(items.head(Major::Map)?, 4)?;
    is(items.head(Major::Unsigned)?, 1)?;
    ALGORITHMS.contains(&items.head(Major::Negative)?).then_some(())?;
    is(items.head(Major::Unsigned)?, 3)?;
    (items.text()? == CONTENT_TYPE).then_some(())?;
    is(items.head(Major::Unsigned)?, 4)?;
    let kid = KeyId::from_slice(items.byte_string()?)?;
    is(items.head(Major::Unsigned)?, CWT_CLAIMS.unsigned_abs())?;
    is(items.head(Major::Map)?, 2)?;
    is(items.head(Major::Unsigned)?, CLAIM_ISS.unsigned_abs())?;
    let iss = items.text()?;
    is(items.head(Major::Unsigned)?, CLAIM_SUB.unsigned_abs())?;
    let sub = items.text()?;
    items.is_at_end().then(|| Claims { kid, iss: iss.into(), sub: sub.into() })
}
