//! Takes a receipt apart, strictly: exactly the bytes that [`super::UnsignedReceipt::sign`] makes are accepted.
//!
//! A receipt has the one `nil` of all formats: COSE's mark of a detached payload. It stands in a frame of fixed bytes, which is
//! read here by hand; what is between goes through the scanner like everything else, which knows no `nil`.

use alloc::string::String;
use alloc::vec::Vec;
use core::ops::Range;

use super::{PLACE_LABEL, RFC9162_SHA256, Receipt, ReceiptError, VDP, VDS};
use crate::canonical::{self, Items, Major, ScanError};
use crate::entry::Place;
use crate::ids::{EntryHash, KeyId, Signature};
use crate::limits::{PROOF_HASHES_MAX, RECEIPT_BYTES_MAX};
use crate::proof::InclusionProof;
use crate::text::PrincipalId;
use crate::time::{Index, Time};
use crate::tree::TreeHash;

/// Tag 18 and the head of an array of four.
pub(super) const FRAME: [u8; 2] = [0xd2, 0x84];

/// `nil` (RFC 8949 §3.3): the payload is elsewhere.
pub(super) const NIL: u8 = 0xf6;

impl Receipt {
    /// Reads a receipt.
    pub fn decode(bytes: &[u8]) -> Result<Self, ReceiptError> {
        if bytes.len() > RECEIPT_BYTES_MAX {
            return Err(ReceiptError::TooLarge { got: bytes.len() });
        }
        let Parts { protected, proofs, signature } = parts(bytes)?;
        let Header { kid, iss, sub, place } = header(bytes.get(protected.clone()).unwrap_or_default())?;
        let inclusion = inclusion(proofs)?;
        if inclusion.index != place.index.0 {
            return Err(ReceiptError::Index { signed: place.index, got: inclusion.index });
        }
        let got = signature.len();
        let signature = Signature::from_slice(signature).ok_or(ReceiptError::SignatureLength { got })?;
        Ok(Self { kid, iss, sub, place, inclusion, signature, protected, bytes: bytes.to_vec() })
    }
}

/// What stands in the frame.
struct Parts<'a> {
    /// Where the protected header lies.
    protected: Range<usize>,
    /// The unprotected header, as it is.
    proofs: &'a [u8],
    signature: &'a [u8],
}

fn parts(bytes: &[u8]) -> Result<Parts<'_>, ReceiptError> {
    let not = |detail| ReceiptError::NotReceipt { detail };
    if !bytes.starts_with(&FRAME) {
        return Err(not("expected tag 18 and an array of four items"));
    }
    let item = |start| {
        let end = canonical::scan_prefix(bytes, start)
            .map_err(|error| ReceiptError::Scan { part: "receipt", error })?;
        Ok((bytes.get(start..end).unwrap_or_default(), end))
    };
    let (protected, proofs_start) = item(FRAME.len())?;
    let (proofs, nil) = item(proofs_start)?;
    if bytes.get(nil) != Some(&NIL) {
        return Err(not("expected nil for a payload: the root is what the path leads to"));
    }
    let (signature, end) = item(nil.saturating_add(1))?;
    if let Some(count) = bytes.len().checked_sub(end).filter(|count| *count > 0) {
        let error = ScanError::TrailingBytes { offset: end, count };
        return Err(ReceiptError::Scan { part: "receipt", error });
    }
    let header_len = byte_string(protected).ok_or(not("expected a protected header in a byte string"))?.len();
    let signature = byte_string(signature).ok_or(not("expected a signature in a byte string"))?;
    let protected = proofs_start.saturating_sub(header_len)..proofs_start;
    Ok(Parts { protected, proofs, signature })
}

fn byte_string(item: &[u8]) -> Option<&[u8]> {
    Items::new(item).byte_string()
}

/// What the protected header says.
struct Header {
    kid: KeyId,
    iss: PrincipalId,
    sub: String,
    place: Place,
}

fn header(protected: &[u8]) -> Result<Header, ReceiptError> {
    canonical::scan(protected).map_err(|error| ReceiptError::Scan { part: "protected header", error })?;
    let refuse = |expected| ReceiptError::Header { expected };
    let mut items = Items::new(protected);
    let labels = "exactly the labels 1, 4, 15, 395 and that of the place";
    expect(items.head(Major::Map), 5).ok_or(refuse(labels))?;
    expect(items.head(Major::Unsigned), 1).ok_or(refuse(labels))?;
    // −19, as the argument of major type 1.
    expect(items.head(Major::Negative), 18).ok_or(ReceiptError::Algorithm)?;
    expect(items.head(Major::Unsigned), 4).ok_or(refuse(labels))?;
    let kid = items.byte_string().and_then(KeyId::from_slice).ok_or(refuse("a kid of 32 bytes"))?;
    expect(items.head(Major::Unsigned), 15).ok_or(refuse(labels))?;
    let (iss, sub) = claims(&mut items).ok_or(refuse("claims {1: iss, 2: sub}"))?;
    let iss = PrincipalId::new(iss).map_err(ReceiptError::Issuer)?;
    expect(items.head(Major::Unsigned), VDS).ok_or(refuse(labels))?;
    let structure = items.head(Major::Unsigned).ok_or(refuse("a number of a verifiable data structure"))?;
    if structure != RFC9162_SHA256 {
        return Err(ReceiptError::DataStructure { got: structure });
    }
    let label = PLACE_LABEL.unsigned_abs().saturating_sub(1);
    expect(items.head(Major::Negative), label).ok_or(refuse(labels))?;
    let place = place(&mut items).ok_or(refuse("a place [1, index, time, prev of 32 bytes]"))?;
    Ok(Header { kid, iss, sub: sub.into(), place })
}

fn expect(found: Option<u64>, wanted: u64) -> Option<()> {
    (found? == wanted).then_some(())
}

fn claims<'a>(items: &mut Items<'a>) -> Option<(&'a str, &'a str)> {
    expect(items.head(Major::Map), 2)?;
    expect(items.head(Major::Unsigned), 1)?;
    let iss = items.text()?;
    expect(items.head(Major::Unsigned), 2)?;
    Some((iss, items.text()?))
}

fn place(items: &mut Items<'_>) -> Option<Place> {
    expect(items.head(Major::Array), 4)?;
    expect(items.head(Major::Unsigned), 1)?;
    let index = Index(items.head(Major::Unsigned)?);
    let time = Time(items.head(Major::Unsigned)?);
    Some(Place { index, time, prev: items.byte_string().and_then(EntryHash::from_slice)? })
}

/// The one proof in `{396: {-1: [proof]}}`. A proof of consistency (−2) and every other key are refused (RFC 9942 §4.3).
fn inclusion(unprotected: &[u8]) -> Result<InclusionProof, ReceiptError> {
    let proof = only_proof(unprotected).ok_or(ReceiptError::Proofs)?;
    canonical::scan(proof).map_err(|error| ReceiptError::Scan { part: "proof", error })?;
    let mut items = Items::new(proof);
    expect(items.head(Major::Array), 3).ok_or(ReceiptError::Proof)?;
    let size = items.head(Major::Unsigned).ok_or(ReceiptError::Proof)?;
    let index = items.head(Major::Unsigned).filter(|index| *index < size).ok_or(ReceiptError::Proof)?;
    // RFC 9942 asks for one hash at least in its CDDL; the path of the one leaf of a tree is empty all the same.
    let hashes = items.head(Major::Array).ok_or(ReceiptError::Proof)?;
    if hashes > PROOF_HASHES_MAX as u64 {
        return Err(ReceiptError::TooManyHashes { got: hashes });
    }
    let mut path = Vec::new();
    for _ in 0..hashes {
        path.push(items.byte_string().and_then(TreeHash::from_slice).ok_or(ReceiptError::Proof)?);
    }
    Ok(InclusionProof { index, size, path })
}

fn only_proof(unprotected: &[u8]) -> Option<&[u8]> {
    let mut items = Items::new(unprotected);
    expect(items.head(Major::Map), 1)?;
    expect(items.head(Major::Unsigned), VDP)?;
    expect(items.head(Major::Map), 1)?;
    expect(items.head(Major::Negative), 0)?;
    expect(items.head(Major::Array), 1)?;
    items.byte_string()
}
