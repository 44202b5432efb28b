//! What the log itself signs: heads, and times under them, with its checkpoint key, statements with its statement key. Never one with the other.

use keyfile::SecretKey;
use schemas::checkpoint::{Checkpoint, Origin};
use schemas::envelope::{Statement, StatementError, Unsigned};
use schemas::ids::KeyId;
use schemas::kinds::Use;
use schemas::note::{
    KeyName, KeyNameError, Note, NoteError, NoteSignature, SignatureType, VerifierKey, cosigned_message,
};
use schemas::payload::{Payload, PayloadError};
use schemas::text::{PrincipalId, TextError};
use schemas::tree::TreeHash;
use thiserror::Error;
use verifier::registry::Registry;

/// Why the log could not sign.
#[derive(Debug, Error)]
pub enum SignError {
    /// Every checkpoint key at hand was withdrawn.
    #[error(
        "every checkpoint key at hand was withdrawn from the log; writd keys list names the one in force and its file: put \
         it there and start writd again"
    )]
    NoKey,
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
    /// Keys that the one above replaces and that were not withdrawn yet, oldest first.
    earlier: Vec<NoteKey>,
    /// Whether the newest key itself was withdrawn.
    withdrawn: bool,
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
        let key = NoteKey::new(KeyName::new(origin)?, key);
        Ok(Self { key, origin: Origin::new(origin)?, earlier: Vec::new(), withdrawn: false })
    }

    /// The same signer with keys that its own replaces: their lines stand before its own.
    pub fn with_earlier(mut self, earlier: Vec<SecretKey>) -> Self {
        let name = self.key.heads.name();
        self.earlier = earlier.into_iter().map(|key| NoteKey::new(name.clone(), key)).collect();
        self
    }

    /// Drops the keys that may no longer sign for the log at `size`.
    pub fn drop_withdrawn(&mut self, registry: &Registry, size: u64) {
        let stands =
            |key: &NoteKey| registry.check_log_key(&key.secret.public(), Use::Checkpoint, size).is_ok();
        self.earlier.retain(stands);
        self.withdrawn = !stands(&self.key);
    }

    /// The key as a `vkey`.
    pub fn verifier(&self) -> &VerifierKey {
        &self.key.heads
    }

    /// The signed note of a head. To be called only for a head that is durable and anchored.
    pub fn sign(&self, size: u64, root: TreeHash) -> Result<Note, SignError> {
        let text = Checkpoint { origin: self.origin.clone(), size, root }.text();
        let lines: Vec<NoteSignature> = self.keys().map(|key| key.head_line(&text)).collect();
        if lines.is_empty() {
            return Err(SignError::NoKey);
        }
        Ok(Note::new(text, lines)?)
    }

    /// The same note, saying below that its head was the latest at this time, in seconds since the epoch.
    pub fn renew(&self, head: &Note, time: u64) -> Result<Note, SignError> {
        let lines: Vec<NoteSignature> = self.keys().map(|key| key.time_line(time, head.text())).collect();
        if lines.is_empty() {
            return Err(SignError::NoKey);
        }
        Ok(head.with_signatures(lines)?)
    }

    /// The keys that may sign, oldest first.
    fn keys(&self) -> impl Iterator<Item = &NoteKey> {
        self.earlier.iter().chain((!self.withdrawn).then_some(&self.key))
    }
}

impl NoteKey {
    fn new(name: KeyName, secret: SecretKey) -> Self {
        let heads = VerifierKey::new(name, SignatureType::Ed25519, secret.public());
        Self { secret, times: heads.for_times(), heads }
    }

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
