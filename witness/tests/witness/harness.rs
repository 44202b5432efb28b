//! Logs, forked and not, and a witness in a folder of its own.

use std::path::Path;

use ed25519_dalek::{Signer, SigningKey};
use schemas::checkpoint::{Checkpoint, Origin};
use schemas::ids::{PublicKey, Signature};
use schemas::note::{KeyName, Note, NoteSignature, SignatureType, VerifierKey};
use schemas::tree::TreeHash;
use verifier::merkle::{NodeSource, leaf_hash, node_hash, prove_consistency, root_at};
use witness::folder::Folder;
use witness::request::Request;
use witness::{Answer, Cosigner, Witness};

pub(crate) const ORIGIN: &str = "log.test/a";
pub(crate) const NAME: &str = "witness.test/w";

/// The witness's clock, in seconds since the epoch.
pub(crate) fn clock() -> u64 {
    1_700_000_000
}

/// A log of one history: its first `common` leaves are those of every other log, the others are its own.
pub(crate) struct Log {
    pub(crate) secret: SigningKey,
    pub(crate) key: VerifierKey,
    leaves: Vec<TreeHash>,
}

impl NodeSource for Log {
    type Error = String;
    fn node(&self, level: u8, index: u64) -> Result<TreeHash, String> {
        if level == 0 {
            return Ok(self.leaves[index as usize]);
        }
        let half = |index| self.node(level - 1, index);
        Ok(node_hash(&half(index * 2)?, &half(index * 2 + 1)?))
    }
}

impl Log {
    pub(crate) fn new(origin: &str, seed: u8, history: u64, common: u64) -> Self {
        let secret = SigningKey::from_bytes(&[seed; 32]);
        let public = PublicKey::new(secret.verifying_key().to_bytes());
        let key = VerifierKey::new(KeyName::new(origin).unwrap(), SignatureType::Ed25519, public);
        let leaf =
            |n: u64| leaf_hash(&[n, if n < common { 0 } else { history }].map(u64::to_be_bytes).concat());
        Self { secret, key, leaves: (0..64).map(leaf).collect() }
    }

    /// The log that most tests are about.
    pub(crate) fn main() -> Self {
        Self::new(ORIGIN, 1, 0, 64)
    }

    /// The same log telling another story from entry 5 on.
    pub(crate) fn forked() -> Self {
        Self::new(ORIGIN, 1, 1, 5)
    }

    pub(crate) fn root(&self, size: u64) -> TreeHash {
        root_at(self, size).unwrap()
    }

    pub(crate) fn proof(&self, old: u64, size: u64) -> Vec<TreeHash> {
        if old == 0 || old >= size { Vec::new() } else { prove_consistency(self, old, size).unwrap().path }
    }

    /// A text as this log's key signs it.
    pub(crate) fn line(&self, text: &str) -> NoteSignature {
        NoteSignature {
            name: self.key.name().clone(),
            key_id: self.key.id(),
            signature: self.secret.sign(text.as_bytes()).to_bytes().to_vec(),
        }
    }

    pub(crate) fn note_of(&self, size: u64, root: TreeHash) -> Note {
        let text = Checkpoint { origin: Origin::new(self.key.name().as_str()).unwrap(), size, root }.text();
        Note::new(text.clone(), vec![self.line(&text)]).unwrap()
    }

    pub(crate) fn note(&self, size: u64) -> Note {
        self.note_of(size, self.root(size))
    }

    /// The honest request from one size to another.
    pub(crate) fn request(&self, old: u64, size: u64) -> Request {
        self.request_with(old, self.proof(old, size), size, self.root(size))
    }

    pub(crate) fn request_with(&self, old: u64, proof: Vec<TreeHash>, size: u64, root: TreeHash) -> Request {
        let origin = Origin::new(self.key.name().as_str()).unwrap();
        Request { old, proof, note: self.note_of(size, root), origin, size, root }
    }

    pub(crate) fn body(&self, old: u64, size: u64) -> Vec<u8> {
        self.request(old, size).to_string().into_bytes()
    }
}

pub(crate) fn secret() -> SigningKey {
    SigningKey::from_bytes(&[77; 32])
}

pub(crate) fn cosigner() -> Cosigner {
    let secret = secret();
    let public = PublicKey::new(secret.verifying_key().to_bytes());
    Cosigner::new(KeyName::new(NAME).unwrap(), public, move |message| {
        Signature::new(secret.sign(message).to_bytes())
    })
}

/// A witness's folder that follows these logs.
pub(crate) fn make(path: &Path, logs: &[&Log]) -> Folder {
    let folder = Folder::new(path);
    let _held = folder.make().unwrap();
    let cosigner = cosigner();
    folder.name(cosigner.key().name().clone(), *cosigner.key().public_key()).unwrap();
    for log in logs {
        assert!(folder.follow(&log.key, None).unwrap());
    }
    folder
}

pub(crate) fn open(folder: &Folder) -> Witness {
    Witness::open(folder, cosigner(), clock).unwrap()
}

/// How an answer is known from outside.
pub(crate) fn status(answer: &Answer) -> u16 {
    match answer {
        Answer::Cosigned(_) => 200,
        Answer::Refused(refusal) => refusal.status(),
        Answer::Latched => 503,
    }
}

pub(crate) fn code(answer: &Answer) -> &'static str {
    match answer {
        Answer::Cosigned(_) => "",
        Answer::Refused(refusal) => refusal.code(),
        Answer::Latched => "witness-latched",
    }
}
