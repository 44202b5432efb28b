//! Ed25519 verdicts. One function decides, everywhere: strict verification, weak keys refused.

use ed25519_dalek::VerifyingKey;
use schemas::envelope::Envelope;
use schemas::ids::{PublicKey, Signature};
use thiserror::Error;

/// Why a signature does not stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum SignatureError {
    /// The public key is not a point of the curve.
    #[error("public key {key} is not a point of the curve")]
    KeyInvalid {
        /// The key.
        key: PublicKey,
    },
    /// The public key has small order: it would let one signature stand for many messages.
    #[error("public key {key} is weak (small order)")]
    KeyWeak {
        /// The key.
        key: PublicKey,
    },
    /// The signature is not the key's over these bytes.
    #[error("the signature is not that of public key {key} over these bytes")]
    Mismatch {
        /// The key.
        key: PublicKey,
    },
}

impl SignatureError {
    /// Stable name of this refusal.
    pub fn code(&self) -> &'static str {
        match self {
            Self::KeyInvalid { .. } => "key-invalid",
            Self::KeyWeak { .. } => "key-weak",
            Self::Mismatch { .. } => "signature-invalid",
        }
    }
}

/// A public key that was decompressed once and is fit to verify with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckedKey {
    public: PublicKey,
    point: VerifyingKey,
}

impl CheckedKey {
    /// Refuses keys that are no point of the curve or have small order.
    pub fn new(public: PublicKey) -> Result<Self, SignatureError> {
        let point = VerifyingKey::from_bytes(public.as_bytes())
            .map_err(|_| SignatureError::KeyInvalid { key: public })?;
        if point.is_weak() {
            return Err(SignatureError::KeyWeak { key: public });
        }
        Ok(Self { public, point })
    }

    /// The key's bytes.
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    /// Whether `signature` is this key's over `message` (RFC 8032 §5.1.7, with the strict checks of `verify_strict`).
    pub fn verify(&self, message: &[u8], signature: &Signature) -> Result<(), SignatureError> {
        let signature = ed25519_dalek::Signature::from_bytes(signature.as_bytes());
        self.point
            .verify_strict(message, &signature)
            .map_err(|_| SignatureError::Mismatch { key: self.public })
    }

    /// Whether the envelope's signature is this key's.
    pub fn verify_envelope(&self, envelope: &Envelope) -> Result<(), SignatureError> {
        self.verify(&envelope.to_be_signed(), &envelope.signature)
    }
}
