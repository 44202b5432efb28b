//! Backups: a copy of a log's rows at one moment, with what it takes to check them, and its way back into a data folder.
//!
//! A backup is a folder: `store/` with the store's files, `head.note` with the latest signed note, `trust.policy`, and
//! `manifest.json`. It holds no private key. The anchor's mark is in the manifest only, where no start takes it for an anchor:
//! a log that brought its anchor along would not notice that it is older than what it has already said.
//!
//! What is restored is marked as such in the store ([`crate::restored`]), and signs nothing until that is resolved.

mod copy;
mod held;
mod manifest;
mod restore;

use std::path::{Path, PathBuf};
use std::{fs, io};

use schemas::ids::LogId;
use schemas::time::Time;
use thiserror::Error;
use verifier::registry::Registry;

pub use held::Listener;
pub use manifest::{FileSum, Manifest, Place};
pub use restore::{RestoredLog, restore};

use crate::anchor::{AnchorError, Mark, Slots};
use crate::folder::Folder;
use crate::recover::{OpenError, genesis};
use crate::store::StoreError;
use crate::store::rocks::RocksStore;
use crate::store::rows::Rows;
use held::Held;

/// The folder of the store's files in a backup.
const STORE: &str = "store";

/// The file of the latest signed note.
const NOTE: &str = "head.note";

/// The log's trust file.
const TRUST: &str = "trust.policy";

/// Why there is no backup, or why one cannot be restored.
#[derive(Debug, Error)]
pub enum BackupError {
    /// Something is there where the result would be.
    #[error("{} is there already", path.display())]
    Exists {
        /// What is there.
        path: PathBuf,
    },
    /// The file system said no.
    #[error("{} cannot be {action}: {error}", path.display())]
    Io {
        /// What was being done.
        action: &'static str,
        /// To what.
        path: PathBuf,
        /// The system's words.
        error: io::Error,
    },
    /// The log in service could not hold its rows still.
    #[error("the writd that serves this log could not hold its rows still: {why}")]
    Server {
        /// Its words.
        why: String,
    },
    /// The store says no.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The anchor says no.
    #[error(transparent)]
    Anchor(#[from] AnchorError),
    /// The log cannot be read.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The log is older than its anchor.
    #[error("the store has {size} entries, its anchor knows of {anchored}: this folder was rolled back")]
    Behind {
        /// Entries in the store.
        size: u64,
        /// Entries that the anchor knows of.
        anchored: u64,
    },
    /// There is no manifest, or none that can be read.
    #[error("this is no whole backup: {path}: {detail}")]
    Manifest {
        /// The file.
        path: String,
        /// What is wrong with it.
        detail: String,
    },
    /// A file of the backup is not what was written.
    #[error("the backup is damaged: {file}: {detail}")]
    File {
        /// The file, within the backup.
        file: String,
        /// What was expected and what was met.
        detail: String,
    },
    /// The files are those of the manifest, and do not make the log that it names.
    #[error("the backup does not hold: {detail}")]
    Tampered {
        /// What was found first.
        detail: String,
    },
    /// The anchor at hand is of another log.
    #[error("the anchor {} is of log {anchor}, the backup of log {backup}", path.display())]
    OtherLog {
        /// The anchor's file.
        path: PathBuf,
        /// Its log.
        anchor: String,
        /// That of the backup.
        backup: String,
    },
}

impl BackupError {
    fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self + use<> {
        let path = path.to_owned();
        move |error| Self::Io { action, path, error }
    }
}

/// A backup that was just made.
#[derive(Clone, Debug)]
pub struct Made {
    /// What it holds.
    pub manifest: Manifest,
    /// Whether the log was in service meanwhile.
    pub hot: bool,
}

/// Makes a backup of the log in `folder` at `dest`, which must not be there yet. Durable when this returns.
pub fn backup(folder: &Folder, anchor: &Path, dest: &Path, made: Time) -> Result<Made, BackupError> {
    if dest.symlink_metadata().is_ok() {
        return Err(BackupError::Exists { path: dest.to_owned() });
    }
    // Before the rows: a log in service moves both, the store first.
    let mark = Slots::read(anchor)?.latest().map(|(_, mark)| mark);
    let mark = mark.ok_or_else(|| AnchorError::Damaged { path: anchor.display().to_string() })?;
    let partial = beside(dest, "partial");
    let failed = BackupError::io("cleared", &partial);
    match fs::remove_dir_all(&partial) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
        _ => {}
    }
    let written = Held::make(folder).and_then(|held| {
        let manifest = fill(folder, &held, (anchor, &mark), &partial, made)?;
        fs::rename(&partial, dest).map_err(BackupError::io("put in its place", dest))?;
        copy::sync_folder(dest.parent().unwrap_or(Path::new(".")))?;
        Ok(Made { manifest, hot: held.hot })
    });
    if written.is_err() {
        // What is left of it would only take up room.
        let _ = fs::remove_dir_all(&partial);
    }
    written
}

/// Copies everything; the manifest last.
fn fill(
    folder: &Folder,
    held: &Held,
    (anchor, mark): (&Path, &Mark),
    to: &Path,
    made: Time,
) -> Result<Manifest, BackupError> {
    copy::make_folder(to)?;
    let store = to.join(STORE);
    copy::make_folder(&store)?;
    let mut files = Vec::new();
    for name in copy::names(&held.folder)? {
        files.push(copy::copy(&held.folder.join(&name), &store.join(&name), &format!("{STORE}/{name}"))?);
    }
    copy::sync_folder(&store)?;
    if let Some(note) = &held.note {
        files.push(copy::write(&to.join(NOTE), note.as_bytes(), NOTE)?);
    }
    if folder.trust().is_file() {
        files.push(copy::copy(&folder.trust(), &to.join(TRUST), TRUST)?);
    }
    let (head, origin) = {
        let (store, _) = RocksStore::open_read_only(&held.folder)?;
        let rows = Rows(&store);
        let genesis = genesis(&rows)?;
        let log = LogId::from(genesis.id());
        if log != mark.log {
            let (path, got) = (anchor.display().to_string(), mark.log);
            return Err(AnchorError::OtherLog { path, got, expected: log }.into());
        }
        let registry = Registry::from_genesis(&genesis)?;
        (rows.head()?, registry.genesis().origin.to_string())
    };
    if head.size < mark.size {
        return Err(BackupError::Behind { size: head.size, anchored: mark.size });
    }
    files.sort_by(|one, other| one.path.cmp(&other.path));
    let manifest = Manifest::new(mark.log, origin, &head, mark, made, files);
    let text = serde_json::to_string_pretty(&manifest)
        .map_err(|error| BackupError::Manifest { path: manifest::FILE.into(), detail: error.to_string() })?;
    copy::write(&to.join(manifest::FILE), (text + "\n").as_bytes(), manifest::FILE)?;
    copy::sync_folder(to)?;
    Ok(manifest)
}

/// Whether this folder is a backup.
pub fn is_there(folder: &Path) -> bool {
    folder.join(manifest::FILE).is_file() && folder.join(STORE).is_dir()
}

/// A name beside a path, on the same file system.
fn beside(path: &Path, suffix: &str) -> PathBuf {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let mut name = absolute.components().as_path().as_os_str().to_owned();
    name.push(".");
    name.push(suffix);
    name.into()
}
