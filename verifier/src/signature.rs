//! Ed25519 verdicts. One type decides, everywhere: strict verification, keys that are weak or spelt in another way refused.
//!
//! A key that is seen often has a table of multiples (`hotkey`), by which a right signature is known in a quarter of the time. Whatever
//! that does not accept, and every signature of other keys, `verify_strict` decides: a table changes no verdict.

use alloc::vec::Vec;

use ed25519_dalek::VerifyingKey;
use hotkey::{Signed, accepted, table_of};
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
        if self.accepts(&[message], signature) { Ok(()) } else { self.verify_strict(message, signature) }
    }

    /// Whether the envelope's signature is this key's. Where several are at hand, [`verify_all`] is faster.
    pub fn verify_envelope(&self, envelope: &Envelope) -> Result<(), SignatureError> {
        if self.accepts(&envelope.signed_parts(), &envelope.signature) {
            return Ok(());
        }
        self.verify_strict(&envelope.to_be_signed(), &envelope.signature)
    }

    /// Whether the signature certainly stands, by the key's table.
    fn accepts(&self, message: &[&[u8]], signature: &Signature) -> bool {
        let signature = signature.as_bytes();
        table_of(self.public.as_bytes())
            .is_some_and(|table| Signed { table: &table, message, signature }.is_accepted())
    }

    fn verify_strict(&self, message: &[u8], signature: &Signature) -> Result<(), SignatureError> {
        let signature = ed25519_dalek::Signature::from_bytes(signature.as_bytes());
        self.point
            .verify_strict(message, &signature)
            .map_err(|_| SignatureError::Mismatch { key: self.public })
    }
}

/// Of each envelope whether its signature is the key's: [`CheckedKey::verify_envelope`] for many, with work shared among them.
pub fn verify_all(claims: &[(&CheckedKey, &Envelope)]) -> Vec<Result<(), SignatureError>> {
    let tables: Vec<_> = claims.iter().map(|(key, _)| table_of(key.public.as_bytes())).collect();
    let messages: Vec<_> = claims.iter().map(|(_, envelope)| envelope.signed_parts()).collect();
    let signed: Vec<Signed<'_>> = claims
        .iter()
        .zip(&tables)
        .zip(&messages)
        .filter_map(|(((_, envelope), table), message)| {
            Some(Signed { table: table.as_deref()?, message, signature: envelope.signature.as_bytes() })
        })
        .collect();
    let mut by_table = accepted(&signed).into_iter();
    let decide = |((key, envelope), table): (&(&CheckedKey, &Envelope), &Option<_>)| {
        let stands = table.is_some() && by_table.next() == Some(true);
        if stands { Ok(()) } else { key.verify_strict(&envelope.to_be_signed(), &envelope.signature) }
    };
    claims.iter().zip(&tables).map(decide).collect()
}

/// Whether the y that these bytes hold, least significant first, the sign of x aside, is below 2^255 − 19. Of a point that has not
/// small order there is no other second spelling: its x is not 0, so that the sign is fixed.
fn is_reduced(bytes: &[u8; 32]) -> bool {
    let [low, middle @ .., high] = bytes;
    *low < 0xed || middle.iter().any(|byte| *byte != 0xff) || high & 0x7f != 0x7f
}

#[cfg(test)]
mod tests {
    extern crate std;

    use ed25519_dalek::{Signer, SigningKey};
    use schemas::envelope::Unsigned;
    use schemas::ids::KeyId;
    use schemas::payload::Payload;
    use schemas::text::PrincipalId;

    use super::*;

    /// Envelopes of one key; every third has a bit of its signature changed, each time another.
    fn envelopes(secret: &SigningKey, count: usize) -> Vec<Envelope> {
        let kid = KeyId::of(&PublicKey::new(secret.verifying_key().to_bytes()));
        let iss = PrincipalId::new("user:alice@corp").unwrap();
        let envelope = |number: usize| {
            let payload = Payload::from_json(&serde_json::json!({
                "v": 1, "kind": "delegation", "log": "00".repeat(32), "tenant": "default", "at": number, "vantage": "authority",
                "body": {"delegator": "user:alice@corp", "delegatee": "agent:planner", "parents": ["11".repeat(32)],
                    "scope": [{"actions": ["payments:*"], "resources": ["order/**"]}]},
            }));
            let unsigned = Unsigned::new(&payload.unwrap(), &kid, &iss).unwrap();
            let mut signature = secret.sign(&unsigned.to_be_signed()).to_bytes();
            if number % 3 == 2 {
                signature[number / 8 % 64] ^= 1 << (number % 8);
            }
            unsigned.sign(&Signature::new(signature)).unwrap().envelope
        };
        (0..count).map(envelope).collect()
    }

    #[test]
    fn a_key_seen_often_decides_as_before_alone_and_among_others() {
        let secrets = [1, 2].map(|seed| SigningKey::from_bytes(&[seed; 32]));
        let keys = secrets
            .each_ref()
            .map(|s| CheckedKey::new(PublicKey::new(s.verifying_key().to_bytes())).unwrap());
        let [first, second] = secrets.each_ref().map(|secret| envelopes(secret, 200));
        // Every fifth is put to the other key.
        let other = |at: usize| usize::from(at.is_multiple_of(5));
        let claims: Vec<(&CheckedKey, &Envelope)> = first
            .iter()
            .zip(&second)
            .enumerate()
            .flat_map(|(at, (one, two))| [(&keys[other(at)], one), (&keys[1 - other(at)], two)])
            .collect();
        let strict: Vec<_> = claims
            .iter()
            .map(|(key, envelope)| key.verify_strict(&envelope.to_be_signed(), &envelope.signature))
            .collect();
        assert_eq!(strict.iter().filter(|verdict| verdict.is_ok()).count(), 2 * 107, "of 400");
        for _ in 0..2 {
            assert_eq!(verify_all(&claims), strict);
            let alone: Vec<_> = claims.iter().map(|(key, envelope)| key.verify_envelope(envelope)).collect();
            assert_eq!(alone, strict);
        }
        for key in &keys {
            assert!(table_of(key.public.as_bytes()).is_some(), "seen often");
        }
    }

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
