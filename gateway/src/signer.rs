//! A key together with the principal that it speaks for.

use keyfile::SecretKey;
use schemas::envelope::{Statement, StatementError, Unsigned};
use schemas::ids::{KeyId, LogId, Signature};
use schemas::kinds::pop_bytes;
use schemas::payload::{Payload, PayloadError};
use schemas::text::PrincipalId;
use thiserror::Error;

/// Signs payloads as one principal.
#[derive(Debug)]
pub struct Signer {
    key: SecretKey,
    kid: KeyId,
    iss: PrincipalId,
}

/// Why a payload cannot become a statement.
#[derive(Debug, Error)]
pub enum SignError {
    /// The payload has no canonical form.
    #[error(transparent)]
    Payload(#[from] PayloadError),
    /// What was put together is no statement; mostly it is too large.
    #[error(transparent)]
    Statement(#[from] StatementError),
}

impl SignError {
    /// Stable name of the error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Payload(error) => error.code(),
            Self::Statement(error) => error.code(),
        }
    }
}

impl Signer {
    /// The holder of `key`, as the principal that it is registered to.
    pub fn new(key: SecretKey, iss: PrincipalId) -> Self {
        let kid = key.kid();
        Self { key, kid, iss }
    }

    /// The key's thumbprint.
    pub fn kid(&self) -> &KeyId {
        &self.kid
    }

    /// The principal that the key speaks for.
    pub fn iss(&self) -> &PrincipalId {
        &self.iss
    }

    /// Signs a payload.
    pub fn sign(&self, payload: &Payload) -> Result<Statement, SignError> {
        let unsigned = Unsigned::new(payload, &self.kid, &self.iss)?;
        let signature = self.key.sign(&unsigned.to_be_signed());
        Ok(unsigned.sign(&signature)?)
    }
}

/// Proof that whoever registers `key` for `principal` in `log` holds it.
pub fn proof_of_possession(key: &SecretKey, log: &LogId, principal: &PrincipalId) -> Signature {
    key.sign(&pop_bytes(log, &key.kid(), principal))
}

/// The principal that a genesis registrar's key speaks for where the log names no other.
pub fn registrar_principal(kid: &KeyId) -> PrincipalId {
    let id = PrincipalId::new(format!("registrar:{kid}"));
    id.unwrap_or_else(|_| unreachable!("a scheme and 64 hex digits are a URI"))
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::{Signature as DalekSignature, VerifyingKey};
    use schemas::payload::Kind;

    use super::*;

    #[test]
    fn what_is_signed_verifies_strictly_and_decodes_to_the_payload() {
        let key = SecretKey::generate().unwrap();
        let public = VerifyingKey::from_bytes(key.public().as_bytes()).unwrap();
        let signer = Signer::new(key, PrincipalId::new("user:alice@corp").unwrap());
        let json = serde_json::json!({
            "v": 1, "kind": "correction", "log": "ab".repeat(32), "tenant": "default", "at": 7, "vantage": "authority",
            "body": {"about": "cd".repeat(32), "note": "was wrong"}
        });
        let payload = Payload::from_json(&json).unwrap();
        let statement = signer.sign(&payload).unwrap();
        assert_eq!(statement.payload, payload);
        assert_eq!(statement.payload.kind, Kind::Correction);
        assert_eq!((&statement.envelope.kid, &statement.envelope.iss), (signer.kid(), signer.iss()));
        let signature = DalekSignature::from_bytes(statement.envelope.signature.as_bytes());
        public.verify_strict(&statement.envelope.to_be_signed(), &signature).unwrap();
    }

    #[test]
    fn a_proof_of_possession_is_bound_to_log_key_and_principal() {
        let key = SecretKey::generate().unwrap();
        let (alice, bob) = (PrincipalId::new("user:alice").unwrap(), PrincipalId::new("user:bob").unwrap());
        let log = LogId::new([1; 32]);
        let pop = proof_of_possession(&key, &log, &alice);
        assert_eq!(pop, key.sign(&pop_bytes(&log, &key.kid(), &alice)));
        assert_ne!(pop, proof_of_possession(&key, &log, &bob));
        assert_ne!(pop, proof_of_possession(&key, &LogId::new([2; 32]), &alice));
    }
}
