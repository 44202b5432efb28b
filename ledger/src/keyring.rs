//! The log's private keys: in the files that hold those which the log itself says may sign for it.
//!
//! `keys/<use>.pem` is the key of genesis, `keys/<use>.<kid>.pem` a later one, named by the first digits of its thumbprint.

use std::path::PathBuf;

use keyfile::{KeyFileError, Passphrases, SecretKey};
use schemas::ids::KeyId;
use schemas::kinds::Use;
use thiserror::Error;
use verifier::registry::{RegisteredKey, Registry};

use crate::folder::Folder;
use crate::log::LogKeys;

/// Why the log's private keys are not at hand.
#[derive(Debug, Error)]
pub enum KeyringError {
    /// The file of a key that is in force is not there.
    #[error("the log's {usage} key {kid} is in force, and its file {} is not there", path.display())]
    Missing {
        /// What the key signs.
        usage: Use,
        /// The key.
        kid: KeyId,
        /// Where it should be.
        path: PathBuf,
        /// Whether a newer key of this use is in force, so that this one can be retired.
        newer: bool,
    },
    /// A file holds another key.
    #[error("{} holds key {got}; the log's {usage} key in force is {expected}", path.display())]
    Other {
        /// What the key signs.
        usage: Use,
        /// The key that belongs there.
        expected: KeyId,
        /// The one that is there.
        got: KeyId,
        /// The file.
        path: PathBuf,
    },
    /// No key of a use may sign. An honest log never comes to that.
    #[error("the log has no {usage} key in force")]
    None {
        /// What it would sign.
        usage: Use,
    },
    /// A file cannot be used.
    #[error(transparent)]
    File(#[from] KeyFileError),
}

impl KeyringError {
    /// Stable name.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Missing { .. } => "log-key-missing",
            Self::Other { .. } => "log-key-other",
            Self::None { .. } => "log-key-none",
            Self::File(error) => error.code(),
        }
    }

    /// What to do about it.
    pub fn next(&self, data: &str) -> String {
        match self {
            Self::Missing { path, usage, kid, newer: true } => format!(
                "put {} back; if it is lost: writd keys retire --data {data} --use {usage} --kid {kid}",
                path.display()
            ),
            Self::Missing { path, .. } => format!(
                "put {} back; without it this log cannot go on, and a new one names it as its predecessor",
                path.display()
            ),
            Self::Other { path, .. } => format!("put the right key back as {}", path.display()),
            Self::None { .. } => format!("writd fsck --data {data}"),
            Self::File(_) => "the key files of the log must be in DIR/keys, mode 0600".to_owned(),
        }
    }
}

/// Reads the private keys that may sign for the log at `size`: all of those for heads, of the others the newest and what else is
/// at hand.
pub fn read(
    folder: &Folder,
    registry: &Registry,
    size: u64,
    passphrases: &Passphrases,
) -> Result<LogKeys, KeyringError> {
    let mut keys = read_newest(folder, registry, size, passphrases)?;
    for usage in Use::ALL {
        let in_force = registry.log_keys(*usage, size);
        for key in in_force.iter().take(in_force.len().saturating_sub(1)) {
            match read_one(folder, registry, key, *usage, true, passphrases) {
                Ok(secret) => keys.earlier.push((*usage, secret)),
                Err(error) if *usage == Use::Checkpoint => return Err(error),
                // Every head needs every key in force; of the others one is enough.
                Err(error) => tracing::warn!(%error, "an earlier key is not at hand; the newest signs"),
            }
        }
    }
    Ok(keys)
}

/// Reads the newest private key of each use, without those that it replaces.
pub fn read_newest(
    folder: &Folder,
    registry: &Registry,
    size: u64,
    passphrases: &Passphrases,
) -> Result<LogKeys, KeyringError> {
    let newest = |usage| {
        let keys = registry.log_keys(usage, size);
        let key = keys.last().ok_or(KeyringError::None { usage })?;
        read_one(folder, registry, key, usage, false, passphrases)
    };
    Ok(LogKeys {
        checkpoint: newest(Use::Checkpoint)?,
        statement: newest(Use::Statement)?,
        receipt: newest(Use::Receipt)?,
        earlier: Vec::new(),
    })
}

/// Where the private half of a key of the log is.
pub fn path(folder: &Folder, registry: &Registry, usage: Use, kid: &KeyId) -> PathBuf {
    match registry.genesis().key(usage).map(KeyId::of) {
        Some(first) if first == *kid => folder.key(usage),
        _ => folder.later_key(usage, kid),
    }
}

fn read_one(
    folder: &Folder,
    registry: &Registry,
    key: &RegisteredKey,
    usage: Use,
    newer: bool,
    passphrases: &Passphrases,
) -> Result<SecretKey, KeyringError> {
    let kid = KeyId::of(key.key.public());
    let path = path(folder, registry, usage, &kid);
    // A link that leads nowhere is refused as a link.
    if path.symlink_metadata().is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound) {
        return Err(KeyringError::Missing { usage, kid, path, newer });
    }
    let secret = SecretKey::read(&path, passphrases)?;
    if secret.kid() != kid {
        return Err(KeyringError::Other { usage, expected: kid, got: secret.kid(), path });
    }
    Ok(secret)
}
