//! The trust file as read from disk.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use schemas::kinds::Use;
use schemas::limits::TRUST_BYTES_MAX;
use schemas::note::{KeyName, Note, SignatureType, VerifierKey};
use schemas::payload::Body;
use schemas::trust::TrustPolicy;
use verifier::checkpoint::{CheckpointVerifyError, VerifiedHead, verify_head};

use crate::exit::Exit;
use crate::failure::Failure;

/// What somebody pinned, and in which file.
#[derive(Debug)]
pub(crate) struct Trust {
    path: PathBuf,
    policy: TrustPolicy,
}

impl Trust {
    /// Reads a trust file.
    pub(crate) fn read(path: &Path) -> Result<Self, Failure> {
        let unreadable = |e: std::io::Error| {
            Failure::new("trust-unreadable", format!("{}: {e}", path.display()))
                .exit(Exit::Untrusted)
                .next("--trust FILE (WRIT_TRUST) with the trust.policy that `writd init` made")
        };
        let mut bytes = Vec::new();
        let file = File::open(path).map_err(unreadable)?;
        file.take(TRUST_BYTES_MAX as u64 + 1).read_to_end(&mut bytes).map_err(unreadable)?;
        let policy = TrustPolicy::parse(&bytes).map_err(|e| {
            Failure::new(e.code(), format!("{}: {e}", path.display())).exit(Exit::Untrusted)
        })?;
        Ok(Self { path: path.into(), policy })
    }

    /// What is pinned.
    pub(crate) fn policy(&self) -> &TrustPolicy {
        &self.policy
    }

    /// Which file pins it.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Checks a head's signature against the pinned keys.
    pub(crate) fn verify_head(&self, note: &Note) -> Result<VerifiedHead, Failure> {
        verify_head(note, &self.policy).map_err(|error| self.refuse_head(note, &error))
    }

    /// Says why a head is not believed: wrong log and wrong key by name, before any talk of signatures.
    pub(crate) fn refuse_head(&self, note: &Note, error: &CheckpointVerifyError) -> Failure {
        let failure = Failure::new(error.code(), error.to_string());
        let tampered = matches!(error, CheckpointVerifyError::Checkpoint(_))
            || error.code() == "note-signature-invalid";
        if tampered {
            return failure.exit(Exit::Tampered);
        }
        let pinned: Vec<String> = self.policy.logs().iter().map(|log| key_name(&log.key)).collect();
        let signed: Vec<String> = note.signatures().iter().map(|line| format!("{}+{}", line.name, line.key_id)).collect();
        failure
            .exit(Exit::Untrusted)
            .values(format!("a head signed by {} (pinned in {})", list(&pinned), self.path.display()), list(&signed))
            .next("another --server, or the trust file of this log")
    }
}

fn key_name(key: &VerifierKey) -> String {
    format!("{}+{}", key.name(), key.id())
}

fn list(names: &[String]) -> String {
    if names.is_empty() { "nobody".into() } else { names.join(", ") }
}

/// Checks a head against the key that the log's own genesis names: it is consistent, whoever's it is.
pub(crate) fn unpinned_head(note: &Note, genesis: &[u8]) -> Result<VerifiedHead, Failure> {
    let (_, statement) = crate::registration::decode(genesis)?;
    let broken = |what: String| Failure::new("genesis-invalid", what).exit(Exit::Tampered);
    let id = statement.id();
    let Body::Genesis(genesis) = statement.payload.body else {
        return Err(broken("the first entry is no genesis".into()));
    };
    let public = genesis.key(Use::Checkpoint).ok_or_else(|| broken("genesis names no checkpoint key".into()))?;
    let name = KeyName::new(genesis.origin.as_str()).map_err(|e| broken(e.to_string()))?;
    let key = VerifierKey::new(name, SignatureType::Ed25519, *public);
    let policy = TrustPolicy::for_log(key, id.into()).map_err(|e| broken(e.to_string()))?;
    verify_head(note, &policy).map_err(|e| Failure::new(e.code(), e.to_string()).exit(Exit::Tampered))
}
