//! A receipt: proof for the holder of a statement that it is an entry of the log, in the form that SCITT tools read.
//!
//! COSE Receipts (RFC 9942) of inclusion over an RFC 9162 tree with SHA-256, and the Transparent Statement (RFC 9943), which
//! is a statement that carries one. In scope: their bytes. Whether a receipt proves anything is decided in `verifier`.

mod error;
mod read;
mod transparent;

use alloc::string::String;
use alloc::vec::Vec;
use core::ops::Range;

pub use error::ReceiptError;
pub use transparent::Transparent;

use crate::canonical::Writer;
use crate::entry::{Entry, Place};
use crate::envelope::to_be_signed;
use crate::ids::{KeyId, PublicKey, Signature};
use crate::proof::InclusionProof;
use crate::text::PrincipalId;
use crate::tree::TreeHash;

/// Protected header label of the place `[1, index, time, prev]`.
///
/// Labels below −65,536 are for private use (RFC 9052 §11.1, IANA "COSE Header Parameters"); a text label would have to be
/// registered. The label's four bytes spell `writ`, so that nobody else takes it by chance.
pub const PLACE_LABEL: i64 = -1 - 0x7772_6974;

/// COSE header labels (RFC 9942 §2): the verifiable data structure, and its proofs.
const VDS: u64 = 395;
const VDP: u64 = 396;

/// `395: 1`: RFC9162_SHA256 (RFC 9942 §4.2).
const RFC9162_SHA256: u64 = 1;

/// A receipt of inclusion. Its signature has not been checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The log's key that signed, by thumbprint.
    pub kid: KeyId,
    /// The log, as its own statements name it.
    pub iss: PrincipalId,
    /// What the statement says that it is about.
    pub sub: String,
    /// The statement's place, signed: with the statement it makes the entry.
    pub place: Place,
    /// The path to the signed root. Of the index and size in it, which nobody signed, the index is the place's.
    pub inclusion: InclusionProof,
    /// The signature over the root.
    pub signature: Signature,
    protected: Range<usize>,
    bytes: Vec<u8>,
}

impl Receipt {
    /// The bytes as received.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The Merkle leaf that the receipt is about, if it is about this statement.
    pub fn entry(&self, statement: &[u8]) -> Entry {
        let Place { index, time, prev } = self.place;
        Entry { index, time, prev, statement: statement.to_vec() }
    }

    /// What the signature is over: the Sig_structure (RFC 9052 §4.4) of the protected header and the detached root.
    pub fn to_be_signed(&self, root: &TreeHash) -> Vec<u8> {
        let protected = self.bytes.get(self.protected.clone()).unwrap_or_default();
        to_be_signed(protected, root.as_bytes())
    }
}

/// A receipt that lacks only its signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnsignedReceipt {
    protected: Vec<u8>,
    inclusion: InclusionProof,
}

impl UnsignedReceipt {
    /// Puts the header together for the holder of the log's receipt key: `iss` is the log, `sub` the statement's own.
    pub fn new(kid: &KeyId, iss: &PrincipalId, sub: &str, place: &Place, inclusion: InclusionProof) -> Self {
        let mut header = Writer::with_capacity(192);
        header.map(5).uint(1).raw(&[0x32]).uint(4).bytes(kid.as_bytes());
        header.uint(15).map(2).uint(1).text(iss.as_str()).uint(2).text(sub);
        header.uint(VDS).uint(RFC9162_SHA256).nint(PLACE_LABEL.unsigned_abs().saturating_sub(1));
        header.array(4).uint(1).uint(place.index.0).uint(place.time.0).bytes(place.prev.as_bytes());
        Self { protected: header.into_bytes(), inclusion }
    }

    /// What the key must sign: see [`Receipt::to_be_signed`].
    pub fn to_be_signed(&self, root: &TreeHash) -> Vec<u8> {
        to_be_signed(&self.protected, root.as_bytes())
    }

    /// The receipt under a signature over [`Self::to_be_signed`].
    pub fn sign(self, signature: &Signature) -> Result<Receipt, ReceiptError> {
        let InclusionProof { index, size, path } = &self.inclusion;
        let mut proof = Writer::with_capacity(path.len().saturating_mul(34).saturating_add(24));
        proof.array(3).uint(*size).uint(*index).array(path.len() as u64);
        for hash in path {
            proof.bytes(hash.as_bytes());
        }
        let mut bytes = Writer::with_capacity(512);
        bytes.raw(&read::FRAME).bytes(&self.protected);
        bytes.map(1).uint(VDP).map(1).nint(0).array(1).bytes(&proof.into_bytes());
        bytes.raw(&[read::NIL]).bytes(signature.as_bytes());
        Receipt::decode(&bytes.into_bytes())
    }
}

/// A public key as verifiers of receipts ask for it: a COSE_Key (RFC 9052 §7) with kid and algorithm.
pub fn cose_key(public: &PublicKey) -> Vec<u8> {
    let mut key = Writer::with_capacity(80);
    key.map(5).uint(1).uint(1).uint(2).bytes(KeyId::of(public).as_bytes()).uint(3).raw(&[0x32]);
    key.nint(0).uint(6).nint(1).bytes(public.as_bytes());
    key.into_bytes()
}

/// Keys as a COSE_KeySet (RFC 9052 §7).
pub fn cose_key_set(keys: &[PublicKey]) -> Vec<u8> {
    let mut set = Writer::with_capacity(keys.len().saturating_mul(80).saturating_add(9));
    set.array(keys.len() as u64);
    for key in keys {
        set.raw(&cose_key(key));
    }
    set.into_bytes()
}

#[cfg(test)]
mod tests;
