//! What the log itself signs: heads, and times under them, with its checkpoint key, statements with its statement key. Never one with the other.

use keyfile::SecretKey;
use schemas::checkpoint::{Checkpoint, Origin};
use schemas::envelope::{Statement, StatementError, Unsigned};
use schemas::ids::KeyId;
use schemas::note::{
    KeyName, KeyNameError, Note, NoteError, NoteSignature, SignatureType, VerifierKey, cosigned_message,
};
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
    key: NoteKey,
    origin: Origin,
}

/// A key that signs the log's notes.
struct NoteKey {
    secret: SecretKey,
    /// For heads.
    heads: VerifierKey,
    /// For the times at which a head was the latest.
    times: VerifierKey,
}

impl CheckpointSigner {
    /// A signer for this log.
    pub fn new(key: SecretKey, origin: &str) -> Result<Self, SignError> {
        let heads = VerifierKey::new(KeyName::new(origin)?, SignatureType::Ed25519, key.public());
        let times = heads.for_times();
        Ok(Self { key: NoteKey { secret: key, heads, times }, origin: Origin::new(origin)? })
    }

    /// The key as a `vkey`.
    pub fn verifier(&self) -> &VerifierKey {
        &self.key.heads
    }

    /// The signed note of a head. To be called only for a head that is durable and anchored.
    pub fn sign(&self, size: u64, root: TreeHash) -> Result<Note, SignError> {
        let text = Checkpoint { origin: self.origin.clone(), size, root }.text();
        let line = self.key.head_line(&text);
        Ok(Note::new(text, vec![line])?)
    }

    /// The same note, saying below that its head was the latest at this time, in seconds since the epoch.
    pub fn renew(&self, head: &Note, time: u64) -> Result<Note, SignError> {
        Ok(head.with_signatures(vec![self.key.time_line(time, head.text())])?)
    }
}

impl NoteKey {
    fn head_line(&self, text: &str) -> NoteSignature {
        line(&self.heads, self.secret.sign(text.as_bytes()).as_bytes().to_vec())
    }

    fn time_line(&self, time: u64, text: &str) -> NoteSignature {
        let signature = self.secret.sign(&cosigned_message(time, text));
        line(&self.times, [&time.to_be_bytes()[..], signature.as_bytes()].concat())
    }
}

fn line(key: &VerifierKey, signature: Vec<u8>) -> NoteSignature {
    NoteSignature { name: key.name().clone(), key_id: key.id(), signature }
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
