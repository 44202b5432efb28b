//! What the log itself signs: heads with its checkpoint key, statements with its statement key. Never one with the other.

use keyfile::SecretKey;
use schemas::checkpoint::{Checkpoint, Origin};
use schemas::envelope::{Statement, StatementError, Unsigned};
use schemas::ids::KeyId;
use schemas::note::{KeyName, KeyNameError, Note, NoteError, NoteSignature, SignatureType, VerifierKey};
use schemas::payload::{Payload, PayloadError};
use schemas::text::{PrincipalId, TextError};
use schemas::tree::TreeHash;
use thiserror::Error;

/// Why the log could not sign.
#[derive(Debug, Error)]
pub enum SignError {
    /// The payload has no canonical form.
    #[error(transparent)]
    Payload(#[from] PayloadError),
    /// The signed bytes are no statement.
    #[error(transparent)]
    Statement(#[from] StatementError),
    /// The origin is no key name.
    #[error(transparent)]
    Name(#[from] KeyNameError),
    /// The origin makes no principal.
    #[error(transparent)]
    Principal(#[from] TextError),
    /// The head makes no note.
    #[error(transparent)]
    Note(#[from] NoteError),
}

/// Signs heads as C2SP notes.
pub struct CheckpointSigner {
    key: SecretKey,
    verifier: VerifierKey,
    origin: Origin,
}

impl CheckpointSigner {
    /// A signer for this log.
    pub fn new(key: SecretKey, origin: &str) -> Result<Self, SignError> {
        let verifier = VerifierKey::new(KeyName::new(origin)?, SignatureType::Ed25519, key.public());
        Ok(Self { key, verifier, origin: Origin::new(origin)? })
    }

    /// The key as a `vkey`.
    pub fn verifier(&self) -> &VerifierKey {
        &self.verifier
    }

    /// The signed note of a head. To be called only for a head that is durable and anchored.
    pub fn sign(&self, size: u64, root: TreeHash) -> Result<Note, SignError> {
        let text = Checkpoint { origin: self.origin.clone(), size, root }.text();
        let signature = self.key.sign(text.as_bytes()).as_bytes().to_vec();
        let line =
            NoteSignature { name: self.verifier.name().clone(), key_id: self.verifier.id(), signature };
        Ok(Note::new(text, vec![line])?)
    }
}

/// Signs the log's own statements.
pub struct StatementSigner {
    key: SecretKey,
    kid: KeyId,
    principal: PrincipalId,
}

impl StatementSigner {
    /// A signer for this log.
    pub fn new(key: SecretKey, origin: &str) -> Result<Self, SignError> {
        let kid = key.kid();
        Ok(Self { key, kid, principal: PrincipalId::new(format!("log:{origin}"))? })
    }

    /// The statement that says this.
    pub fn sign(&self, payload: &Payload) -> Result<Statement, SignError> {
        let unsigned = Unsigned::new(payload, &self.kid, &self.principal)?;
        let signature = self.key.sign(&unsigned.to_be_signed());
        Ok(unsigned.sign(&signature)?)
    }
}
