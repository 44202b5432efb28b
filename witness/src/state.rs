//! What a witness must never forget: for each log, the latest checkpoint that it cosigned, in a file of its own.
//!
//! A file is `writ witness state 1 <SHA-256 of all that follows>`, the origin, an empty line, and then the cosigned note, or
//! nothing where none was cosigned yet. Its name is the SHA-256 of the origin. It is replaced whole: written beside, synced,
//! renamed, and the folder synced. The witness's own signature in it must verify, so no other file is taken for it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;
use schemas::checkpoint::Origin;
use schemas::note::{Note, VerifierKey};
use sha2::{Digest, Sha256};
use thiserror::Error;
use verifier::note::verify_note;

use crate::decide::Latest;
use crate::request::checkpoint;

/// How a state file begins.
const MAGIC: &str = "writ witness state 1 ";

/// The folder of the state files.
#[derive(Clone, Debug)]
pub struct States {
    folder: PathBuf,
}

impl States {
    /// The states in this folder.
    pub fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    /// Begins to remember a log; whether it was new. A state that is there stays as it is.
    pub fn begin(&self, origin: &Origin) -> Result<bool, StateError> {
        let path = self.path(origin);
        if path.try_exists().map_err(|error| StateError::io(&path, "looked at", error))? {
            return Ok(false);
        }
        self.replace(&path, &encode(origin, None))?;
        Ok(true)
    }

    /// The latest checkpoint cosigned with `key`; nothing where the log is remembered as never cosigned.
    pub fn read(&self, origin: &Origin, key: &VerifierKey) -> Result<Option<Latest>, StateError> {
        let path = self.path(origin);
        let bytes = fs::read(&path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => StateError::Absent { origin: origin.to_string(), path: path.clone() },
            _ => StateError::io(&path, "read", error),
        })?;
        decode(&bytes, origin, key).map_err(|what| StateError::Damaged { path, what })
    }

    /// Makes `latest` the state. Once this returns it survives a power cut.
    pub fn write(&self, origin: &Origin, latest: &Latest) -> Result<(), StateError> {
        self.replace(&self.path(origin), &encode(origin, Some(&latest.note)))
    }

    fn path(&self, origin: &Origin) -> PathBuf {
        self.folder.join(origin_hash(origin))
    }

    fn replace(&self, path: &Path, bytes: &[u8]) -> Result<(), StateError> {
        let beside = path.with_extension("new");
        let failed = |action| move |error| StateError::io(path, action, error);
        let mut options = OpenOptions::new();
        let opened = options.write(true).create(true).truncate(true).mode(0o600).open(&beside);
        let mut file = opened.map_err(failed("made"))?;
        file.write_all(bytes).map_err(failed("written"))?;
        file.sync_all().map_err(failed("synced"))?;
        fs::rename(&beside, path).map_err(failed("replaced"))?;
        // Without this the old state could be back after a power cut.
        File::open(&self.folder).and_then(|folder| folder.sync_all()).map_err(failed("synced in its folder"))
    }
}

/// What a log is called in file names and in the monitoring address: SHA-256 of its origin, in hex.
pub fn origin_hash(origin: &Origin) -> String {
    HEXLOWER.encode(&Sha256::digest(origin.as_str()))
}

fn encode(origin: &Origin, note: Option<&Note>) -> Vec<u8> {
    let rest = format!("{origin}\n\n{}", note.map(Note::to_string).unwrap_or_default());
    format!("{MAGIC}{}\n{rest}", HEXLOWER.encode(&Sha256::digest(&rest))).into_bytes()
}

/// The state in these bytes, or what is wrong with them.
fn decode(bytes: &[u8], origin: &Origin, key: &VerifierKey) -> Result<Option<Latest>, String> {
    let text = std::str::from_utf8(bytes).map_err(|_| "it is not UTF-8")?;
    let (first, rest) = text.split_once('\n').ok_or("it has no first line")?;
    let digest = first.strip_prefix(MAGIC).ok_or("it does not begin as a state of version 1")?;
    if digest != HEXLOWER.encode(&Sha256::digest(rest)) {
        return Err("its checksum does not hold".to_owned());
    }
    let (got, note) = rest.split_once("\n\n").ok_or("it names no log")?;
    if got != origin.as_str() {
        return Err(format!("it is that of the log {got}"));
    }
    if note.is_empty() {
        return Ok(None);
    }
    let note = Note::parse(note.as_bytes()).map_err(|error| error.to_string())?;
    let (signed, size, root) = checkpoint(note.text()).map_err(|error| error.to_string())?;
    if signed != *origin {
        return Err(format!("its checkpoint is one of the log {signed}"));
    }
    let verified =
        verify_note(&note, [key]).map_err(|error| format!("this witness has not signed it: {error}"))?;
    let time = verified.first().and_then(|signature| signature.time()).ok_or("it has no time")?;
    Ok(Some(Latest { size, root, time, note }))
}

/// Why a state cannot be relied on.
#[derive(Debug, Error)]
pub enum StateError {
    /// A log that is followed has no state.
    #[error("the state of {origin} is missing: {}", path.display())]
    Absent {
        /// Which log.
        origin: String,
        /// Where it should be.
        path: PathBuf,
    },
    /// The file is not what the witness wrote.
    #[error("the state {} is damaged: {what}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// The file system said no.
    #[error("the state {} cannot be {action}: {error}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What was being done.
        action: &'static str,
        /// The system's words.
        error: io::Error,
    },
}

impl StateError {
    fn io(path: &Path, action: &'static str, error: io::Error) -> Self {
        Self::Io { path: path.to_owned(), action, error }
    }

    /// Stable name of the error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Absent { .. } => "witness-state-absent",
            Self::Damaged { .. } => "witness-state-damaged",
            Self::Io { .. } => "witness-state-io",
        }
    }
}
