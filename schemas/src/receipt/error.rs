//! Why bytes are no receipt.

use alloc::string::String;

use thiserror::Error;

use crate::canonical::ScanError;
use crate::limits::{PROOF_HASHES_MAX, RECEIPT_BYTES_MAX};
use crate::text::TextError;
use crate::time::Index;

/// Why bytes are not a receipt of this format, or no statement that carries one.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ReceiptError {
    /// Longer than [`RECEIPT_BYTES_MAX`].
    #[error("{got} bytes; a receipt has at most {RECEIPT_BYTES_MAX}")]
    TooLarge {
        /// Length met, in bytes.
        got: usize,
    },
    /// A part is not canonical CBOR.
    #[error("{part}: {error}")]
    Scan {
        /// Which part.
        part: &'static str,
        /// Why not.
        error: ScanError,
    },
    /// Not `18([protected, {396: …}, nil, signature])`.
    #[error("not a receipt: {detail}")]
    NotReceipt {
        /// What was expected.
        detail: &'static str,
    },
    /// Signing algorithm other than Ed25519 (−19).
    #[error("the receipt's algorithm is not -19 (Ed25519)")]
    Algorithm,
    /// A verifiable data structure other than RFC9162_SHA256 (1).
    #[error("the receipt is of verifiable data structure {got}; expected 1 (RFC9162_SHA256)")]
    DataStructure {
        /// The number met.
        got: u64,
    },
    /// The protected header has another form.
    #[error("the receipt's protected header: expected {expected}")]
    Header {
        /// What was expected.
        expected: &'static str,
    },
    /// `iss` is not a principal URI.
    #[error("issuer: {0}")]
    Issuer(TextError),
    /// Something other than one proof of inclusion.
    #[error("the receipt's proofs: expected {{396: {{-1: [one proof of inclusion]}}}} and nothing else")]
    Proofs,
    /// The proof has another form, or its index is not below its size.
    #[error(
        "the receipt's proof of inclusion: expected [tree size, leaf index below it, [hash of 32 bytes…]]"
    )]
    Proof,
    /// More than [`PROOF_HASHES_MAX`] hashes.
    #[error("the receipt's path has {got} hashes, at most {PROOF_HASHES_MAX} are allowed")]
    TooManyHashes {
        /// Hashes there are.
        got: u64,
    },
    /// The proof, which nobody signed, says another index than the signed place.
    #[error("the receipt's proof is for leaf {got}; its signed place is {signed}")]
    Index {
        /// The index that is signed.
        signed: Index,
        /// The index in the proof.
        got: u64,
    },
    /// No signature, or not one of 64 bytes.
    #[error("the signature has {got} bytes; Ed25519 has 64")]
    SignatureLength {
        /// Length met, in bytes.
        got: usize,
    },
    /// Not a statement whose unprotected header is `{394: [one receipt]}`.
    #[error("not a statement with one receipt in it: {detail}")]
    NotTransparent {
        /// What was met.
        detail: String,
    },
}

impl ReceiptError {
    /// Stable name of this refusal.
    pub fn code(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "receipt-too-large",
            Self::Scan { error, .. } => error.code(),
            Self::NotReceipt { .. } => "not-a-receipt",
            Self::Algorithm => "algorithm",
            Self::DataStructure { .. } => "receipt-data-structure",
            Self::Header { .. } => "receipt-header",
            Self::Issuer(_) => "issuer",
            Self::Proofs => "receipt-proofs",
            Self::Proof => "receipt-proof",
            Self::TooManyHashes { .. } => "receipt-too-many-hashes",
            Self::Index { .. } => "receipt-index",
            Self::SignatureLength { got: 0 } => "unsigned",
            Self::SignatureLength { .. } => "signature-length",
            Self::NotTransparent { .. } => "not-transparent",
        }
    }
}
