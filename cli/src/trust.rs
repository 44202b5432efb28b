//! The trust file as read from disk.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use schemas::checkpoint::Checkpoint;
use schemas::ids::PublicKey;
use schemas::kinds::Use;
use schemas::limits::TRUST_BYTES_MAX;
use schemas::note::{KeyName, Note, SignatureType, VerifierKey};
use schemas::payload::Body;
use schemas::trust::TrustPolicy;
use verifier::checkpoint::{CheckpointVerifyError, VerifiedHead, verify_head};

use crate::exit::Exit;
use crate::failure::Failure;
use crate::recompute::read_all;
use crate::registration::decode;
use crate::source::LogSource;

/// What somebody pinned, and in which file.
#[derive(Debug)]
pub(crate) struct Trust {
    path: PathBuf,
    policy: TrustPolicy,
}

impl Trust {
    /// What would be pinned by the file at this path.
    pub(crate) fn new(path: &Path, policy: TrustPolicy) -> Self {
        Self { path: path.into(), policy }
    }

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
        let policy = TrustPolicy::parse(&bytes)
            .map_err(|e| Failure::new(e.code(), format!("{}: {e}", path.display())).exit(Exit::Untrusted))?;
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
        // One name for one mishap: the server, or the file, is of another log.
        let code = match error.code() {
            "checkpoint-unknown-origin" => "wrong-log",
            code => code,
        };
        let failure = Failure::new(code, error.to_string());
        let tampered =
            matches!(error, CheckpointVerifyError::Checkpoint(_)) || error.code() == "note-signature-invalid";
        if tampered {
            return failure.exit(Exit::Tampered);
        }
        let pinned: Vec<String> = self.policy.logs().iter().map(|log| key_name(&log.key)).collect();
        let signed: Vec<String> =
            note.signatures().iter().map(|line| format!("{}+{}", line.name, line.key_id)).collect();
        failure
            .exit(Exit::Untrusted)
            .values(
                format!("a head signed by {} (pinned in {})", list(&pinned), self.path.display()),
                list(&signed),
            )
            .next("another --server, or the trust file of this log")
    }
}

fn key_name(key: &VerifierKey) -> String {
    format!("{}+{}", key.name(), key.id())
}

fn list(names: &[String]) -> String {
    if names.is_empty() { "nobody".into() } else { names.join(", ") }
}

/// Checks a head against the keys that the log itself names: it is consistent, whoever's it is.
///
/// Where the key of genesis has not signed it, the log is read for later ones. Which of them may sign at the head's size is
/// seen where the entries are verified.
pub(crate) fn unpinned_head(note: &Note, log: &dyn LogSource) -> Result<VerifiedHead, Failure> {
    let genesis = log.entries(0, 1)?;
    let genesis = genesis.first().map_or(&[][..], Vec::as_slice);
    let refused = match head_by_own_keys(note, genesis, &[]) {
        Err(failure) if failure.code == "note-not-by-trusted-key" => failure,
        settled => return settled,
    };
    let size = Checkpoint::from_note(note).map_err(|e| Failure::new(e.code(), e.to_string()))?.size;
    let mut later: Vec<PublicKey> = Vec::new();
    read_all(log, 0..size, |mut portions| {
        portions.try_for_each(|portion| {
            let statements = portion?.into_iter().filter_map(|entry| decode(&entry).ok());
            later.extend(statements.filter_map(|(_, statement)| match statement.payload.body {
                Body::Key(change) if change.usage == Some(Use::Checkpoint) => change.public,
                _ => None,
            }));
            Ok::<(), Failure>(())
        })
    })?;
    if later.is_empty() { Err(refused) } else { head_by_own_keys(note, genesis, &later) }
}

fn head_by_own_keys(note: &Note, genesis: &[u8], later: &[PublicKey]) -> Result<VerifiedHead, Failure> {
    let (_, statement) = decode(genesis)?;
    let broken = |what: String| Failure::new("genesis-invalid", what).exit(Exit::Tampered);
    let id = statement.id();
    let Body::Genesis(genesis) = statement.payload.body else {
        return Err(broken("the first entry is no genesis".into()));
    };
    let public =
        genesis.key(Use::Checkpoint).ok_or_else(|| broken("genesis names no checkpoint key".into()))?;
    let name = KeyName::new(genesis.origin.as_str()).map_err(|e| broken(e.to_string()))?;
    let keys = [public].into_iter().chain(later);
    let keys = keys.map(|public| VerifierKey::new(name.clone(), SignatureType::Ed25519, *public));
    let policy = TrustPolicy::for_keys(keys, id.into()).map_err(|e| broken(e.to_string()))?;
    verify_head(note, &policy).map_err(|e| Failure::new(e.code(), e.to_string()).exit(Exit::Tampered))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testlog::TestLog;

    #[test]
    fn a_head_of_the_pinned_key_is_believed() {
        let log = TestLog::new();
        assert_eq!(log.trust().verify_head(&log.head(1)).unwrap().size(), 1);
    }

    #[test]
    fn another_logs_key_is_untrusted_and_both_keys_are_named() {
        let (log, other) = (TestLog::new(), TestLog::new());
        let failure = other.trust().verify_head(&log.head(1)).unwrap_err();
        assert_eq!(failure.exit, Exit::Untrusted);
        let (expected, got) = (failure.expected.unwrap(), failure.got.unwrap());
        assert!(expected.contains(&key_name(&other.trust().policy().logs()[0].key)), "{expected}");
        assert!(got.contains(&key_name(&log.trust().policy().logs()[0].key)), "{got}");
    }

    #[test]
    fn a_changed_head_is_tampered() {
        let log = TestLog::new();
        let note = log.head(1);
        let changed =
            Note::new(note.text().replacen("\n1\n", "\n2\n", 1), note.signatures().to_vec()).unwrap();
        assert_eq!(log.trust().verify_head(&changed).unwrap_err().exit, Exit::Tampered);
    }

    #[test]
    fn without_a_pin_a_head_is_held_against_its_own_genesis() {
        let (log, other) = (TestLog::new(), TestLog::new());
        let held = |note: &Note, log: &TestLog| head_by_own_keys(note, &log.entries[0], &[]);
        assert!(held(&log.head(1), &log).is_ok());
        assert_eq!(held(&log.head(1), &other).unwrap_err().exit, Exit::Tampered);
    }

    #[test]
    fn a_trust_file_that_is_missing_or_broken_is_untrusted() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("trust.policy");
        assert_eq!(Trust::read(&path).unwrap_err().exit, Exit::Untrusted);
        std::fs::write(&path, "nonsense\n").unwrap();
        assert_eq!(Trust::read(&path).unwrap_err().exit, Exit::Untrusted);
        std::fs::write(&path, TestLog::new().trust().policy().to_string()).unwrap();
        assert!(Trust::read(&path).is_ok());
    }
}
