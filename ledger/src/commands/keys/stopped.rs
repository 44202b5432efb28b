//! A log that is not in service: its keys, and an entry by its statement key.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use keyfile::Passphrases;
use schemas::ids::KeyId;
use schemas::kinds::{Key, Use};
use schemas::note::{KeyName, SignatureType, VerifierKey};
use schemas::payload::{Body, Payload};
use schemas::time::Index;

use super::{Failure, Place};
use crate::clock::{Clock, SystemClock};
use crate::commands::serve::start_failure;
use crate::exit::Exit;
use crate::folder::Folder;
use crate::keyring::{self, KeyringError};
use crate::log::{LogKeys, Running};
use crate::outcome::Outcome;
use crate::queue::QueueLimits;
use crate::recover::{self, Loaded};
use crate::signer::StatementSigner;
use crate::store::rocks::RocksStore;
use crate::submit::submit;

/// Bytes of memory for the store's cache: one statement is appended.
const CACHE_BYTES: usize = 16 * 1024 * 1024;

/// A log that is not in service.
pub(super) struct Stopped {
    pub(super) folder: Folder,
    anchor: PathBuf,
    pub(super) data: String,
    pub(super) passphrases: Passphrases,
    store: RocksStore,
    pub(super) loaded: Loaded,
}

impl Stopped {
    pub(super) fn open(place: &Place) -> Result<Self, Failure> {
        let folder = Folder::new(&place.data);
        let anchor = place.anchor.clone().unwrap_or_else(|| folder.default_anchor());
        let store = RocksStore::open(&folder.store(), CACHE_BYTES)
            .map_err(|error| start_failure(&error.into(), &place.data, &anchor))?;
        let loaded = recover::load_whole(&store)
            .map_err(|error| start_failure(&error.into(), &place.data, &anchor))?;
        let passphrases = Passphrases::new(place.passphrase_file.clone());
        Ok(Self { folder, anchor, data: place.data.display().to_string(), passphrases, store, loaded })
    }

    pub(super) fn size(&self) -> u64 {
        self.loaded.view.head.size
    }

    pub(super) fn keys(&self) -> Result<LogKeys, Failure> {
        let keys = keyring::read(&self.folder, &self.loaded.registry, self.size(), &self.passphrases);
        keys.map_err(|error| self.no_key(&error))
    }

    pub(super) fn newest_keys(&self) -> Result<LogKeys, Failure> {
        let keys = keyring::read_newest(&self.folder, &self.loaded.registry, self.size(), &self.passphrases);
        keys.map_err(|error| self.no_key(&error))
    }

    /// The keys; nothing where one is lost that is to be retired.
    pub(super) fn keys_unless_lost(&self, retired: &[KeyId]) -> Result<Option<LogKeys>, Failure> {
        match keyring::read(&self.folder, &self.loaded.registry, self.size(), &self.passphrases) {
            Ok(keys) => Ok(Some(keys)),
            Err(KeyringError::Missing { kid, .. }) if retired.contains(&kid) => Ok(None),
            Err(error) => Err(self.no_key(&error)),
        }
    }

    pub(super) fn no_key(&self, error: &KeyringError) -> Failure {
        Failure::new(Exit::Error, error, error.next(&self.data)).code(error.code())
    }

    pub(super) fn none_to_retire(&self, usage: Use) -> Failure {
        let what = format!("no {usage} key in force that a newer one replaces; the newest stays");
        Failure::new(Exit::Usage, what, format!("writd keys list --data {}", self.data))
            .code("no-key-to-retire")
    }

    pub(super) fn vkey(&self, public: schemas::ids::PublicKey) -> Result<VerifierKey, Failure> {
        let name = KeyName::new(self.loaded.origin.as_str());
        let name = name.map_err(|error| Failure::new(Exit::Error, error, ""))?;
        Ok(VerifierKey::new(name, SignatureType::Ed25519, public))
    }

    /// Takes the log into service for these statements by its statement key; the index of the last.
    pub(super) fn append(self, keys: LogKeys, bodies: Vec<Key>) -> Result<Index, Failure> {
        let failed = |error: &dyn std::fmt::Display| Failure::new(Exit::Error, error, "");
        let origin = self.loaded.origin.as_str();
        let signer = StatementSigner::new(keys.statement.clone(), origin).map_err(|error| failed(&error))?;
        let clock = SystemClock::new();
        let sign = |body| {
            let payload = Payload::of_log(Some(self.loaded.log), clock.now(), Body::Key(body));
            signer.sign(&payload).map(|statement| statement.envelope.bytes().to_vec())
        };
        let statements: Vec<Vec<u8>> =
            bodies.into_iter().map(sign).collect::<Result<_, _>>().map_err(|error| failed(&error))?;
        let limits = QueueLimits::default();
        let store = Arc::new(self.store);
        let running = Running::start(store, &self.anchor, keys, Box::new(SystemClock::new()), limits)
            .map_err(|error| start_failure(&error, Path::new(&self.data), &self.anchor))?;
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        let runtime = runtime.map_err(|error| failed(&error))?;
        let answer = runtime.block_on(submit(Arc::clone(running.log()), statements));
        running.stop();
        let answer = answer.map_err(|error| failed(&error))?;
        let mut last = None;
        for result in answer.results {
            match result {
                Outcome::Appended { index, .. } | Outcome::Duplicate { index, .. } => last = Some(index),
                Outcome::AlreadyImported { index, .. } => last = Some(index),
                Outcome::Refused(refused) => {
                    return Err(failed(&format!("{}: {}", refused.code, refused.detail)).code(refused.code));
                }
            }
        }
        last.ok_or_else(|| failed(&"the log did not answer"))
    }
}
