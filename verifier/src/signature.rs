//! Ed25519 verdicts. One type decides, everywhere: strict verification, keys that are weak or spelt in another way refused.

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
    /// The public key is another spelling of a point: its y is not reduced modulo 2^255 − 19 (RFC 8032 §5.1.3).
    #[error("public key {key} is not written in the canonical way: its y is beyond the field")]
    KeyNotCanonical {
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
            Self::KeyNotCanonical { .. } => "key-not-canonical",
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
    /// Refuses keys that are no point of the curve, have small order, or are not the one encoding of their point.
    pub fn new(public: PublicKey) -> Result<Self, SignatureError> {
        let point = VerifyingKey::from_bytes(public.as_bytes())
            .map_err(|_| SignatureError::KeyInvalid { key: public })?;
        if point.is_weak() {
            return Err(SignatureError::KeyWeak { key: public });
        }
        if !is_reduced(public.as_bytes()) {
            return Err(SignatureError::KeyNotCanonical { key: public });
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

/// Whether the y that these bytes hold, least significant first, the sign of x aside, is below 2^255 − 19. Of a point that has not
/// small order there is no other second spelling: its x is not 0, so that the sign is fixed.
fn is_reduced(bytes: &[u8; 32]) -> bool {
    let [low, middle @ .., high] = bytes;
    *low < 0xed || middle.iter().any(|byte| *byte != 0xff) || high & 0x7f != 0x7f
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The encodings whose y is 2^255 − 19 and `more`.
    fn beyond(more: u8, sign: u8) -> [u8; 32] {
        let mut bytes = [0xff; 32];
        bytes[0] = 0xed + more;
        bytes[31] = 0x7f | sign;
        bytes
    }

    #[test]
    fn a_key_is_accepted_in_one_spelling_only() {
        let mut others = 0;
        for (more, sign) in (0..19).flat_map(|more| [(more, 0), (more, 0x80)]) {
            let bytes = beyond(more, sign);
            let code = CheckedKey::new(PublicKey::new(bytes)).unwrap_err().code();
            let Ok(key) = VerifyingKey::from_bytes(&bytes) else {
                assert_eq!(code, "key-invalid");
                continue;
            };
            assert_ne!(key.to_edwards().compress().to_bytes(), bytes, "another spelling");
            assert_eq!(code, if key.is_weak() { "key-weak" } else { "key-not-canonical" }, "{more}");
            others += u8::from(code == "key-not-canonical");
            let mut reduced = [0; 32];
            reduced[0] = more;
            reduced[31] = sign;
            assert_eq!(CheckedKey::new(PublicKey::new(reduced)).is_ok(), !key.is_weak());
        }
        assert_eq!(others, 20, "ten of these y belong to points of large order, under either sign");
        let mut largest = beyond(0, 0);
        for low in (0..0xed).rev() {
            largest[0] = low;
            let Ok(key) = VerifyingKey::from_bytes(&largest) else { continue };
            assert_eq!(CheckedKey::new(PublicKey::new(largest)).is_ok(), !key.is_weak(), "{low}");
        }
    }
}
