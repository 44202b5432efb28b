//! The witness's key at work (C2SP tlog-cosignature, Ed25519).

use std::fmt;

use schemas::ids::{PublicKey, Signature};
use schemas::note::{KeyName, Note, NoteError, NoteSignature, SignatureType, VerifierKey, cosigned_message};

/// Signs bytes with the witness's key.
type Sign = Box<dyn Fn(&[u8]) -> Signature + Send + Sync>;

/// Cosigns checkpoints under one name with one key.
pub struct Cosigner {
    key: VerifierKey,
    sign: Sign,
}

impl Cosigner {
    /// A cosigner of this name; `sign` signs with the secret half of `public`.
    pub fn new(
        name: KeyName,
        public: PublicKey,
        sign: impl Fn(&[u8]) -> Signature + Send + Sync + 'static,
    ) -> Self {
        Self { key: VerifierKey::new(name, SignatureType::Cosignature, public), sign: Box::new(sign) }
    }

    /// The public half with its name, as verifiers pin it.
    pub fn key(&self) -> &VerifierKey {
        &self.key
    }

    /// The note with a cosignature of this time under it, in seconds since the epoch, and that signature's line.
    pub(crate) fn cosign(&self, note: &Note, time: u64) -> Result<(Note, NoteSignature), NoteError> {
        let mut signature = time.to_be_bytes().to_vec();
        signature.extend_from_slice((self.sign)(&cosigned_message(time, note.text())).as_bytes());
        let line = NoteSignature { name: self.key.name().clone(), key_id: self.key.id(), signature };
        Ok((note.with_signatures(vec![line.clone()])?, line))
    }
}

impl fmt::Debug for Cosigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cosigner({})", self.key)
    }
}
