//! What a backup holds, in its file `manifest.json`: written last, so that a backup without it is not whole.

use std::path::Path;

use schemas::ids::{EntryHash, LogId};
use schemas::time::Time;
use schemas::tree::TreeHash;
use serde::{Deserialize, Serialize};

use super::BackupError;
use crate::anchor::Mark;
use crate::store::rows::Head;

/// Name of the form.
const SCHEMA: &str = "writ.backup/1";

/// Name of the file.
pub(super) const FILE: &str = "manifest.json";

/// Most bytes of a manifest: some hundred for each file of a store that has tens of thousands.
const BYTES_MAX: u64 = 64 * 1024 * 1024;

/// What a backup holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// `writ.backup/1`.
    pub schema: String,
    /// The log's id, which is the hash of its genesis, in hex.
    pub log: String,
    /// Its name.
    pub origin: String,
    /// Where it stands in the backup.
    pub head: Place,
    /// Where the anchor said that it stood, read before the rows were.
    pub anchor: Place,
    /// When the backup was made, in milliseconds since the epoch.
    pub made: u64,
    /// The program that made it.
    pub writd: String,
    /// Every other file of the backup, by name.
    pub files: Vec<FileSum>,
}

/// A place in a log's history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// Number of entries.
    pub size: u64,
    /// Root of the tree over them, in hex.
    pub root: String,
    /// Hash of the last entry, in hex.
    pub chain: String,
}

/// One file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileSum {
    /// Its path within the backup, with `/`.
    pub path: String,
    /// Its length in bytes.
    pub bytes: u64,
    /// BLAKE3 of its bytes, in hex.
    pub blake3: String,
}

impl Manifest {
    /// What a backup of this log holds.
    pub(super) fn new(
        log: LogId,
        origin: String,
        head: &Head,
        anchor: &Mark,
        made: Time,
        files: Vec<FileSum>,
    ) -> Self {
        Self {
            schema: SCHEMA.into(),
            log: log.to_hex(),
            origin,
            head: Place { size: head.size, root: head.root.to_hex(), chain: head.chain.to_hex() },
            anchor: Place { size: anchor.size, root: anchor.root.to_hex(), chain: anchor.chain.to_hex() },
            made: made.0,
            writd: env!("CARGO_PKG_VERSION").into(),
            files,
        }
    }

    /// Reads the manifest of a backup.
    pub(super) fn read(backup: &Path) -> Result<Self, BackupError> {
        let path = backup.join(FILE);
        let wrong = |detail: String| BackupError::Manifest { path: path.display().to_string(), detail };
        let length = std::fs::metadata(&path).map_err(|error| wrong(error.to_string()))?.len();
        if length > BYTES_MAX {
            return Err(wrong(format!("it has {length} bytes, at most {BYTES_MAX} are read")));
        }
        let bytes = std::fs::read(&path).map_err(|error| wrong(error.to_string()))?;
        let manifest: Self = serde_json::from_slice(&bytes).map_err(|error| wrong(error.to_string()))?;
        if manifest.schema != SCHEMA {
            return Err(wrong(format!("it is of the form {}, this program reads {SCHEMA}", manifest.schema)));
        }
        Ok(manifest)
    }

    /// The log that it is of.
    pub fn log(&self) -> Option<LogId> {
        LogId::from_hex(&self.log)
    }

    /// What the anchor said when the backup was made.
    pub(crate) fn mark(&self) -> Option<Mark> {
        Some(Mark {
            log: self.log()?,
            size: self.anchor.size,
            root: TreeHash::from_hex(&self.anchor.root)?,
            chain: EntryHash::from_hex(&self.anchor.chain)?,
        })
    }

    /// Bytes of all files.
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).fold(0, u64::saturating_add)
    }
}
