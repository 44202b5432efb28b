//! Where things are in a witness's folder, and the logs that it follows.

mod error;
mod list;

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use schemas::note::{KeyName, SignatureType, VerifierKey, VerifierKeyError};

pub use error::FolderError;
pub(crate) use list::Edition;
use list::LOGS_BEGIN;

use crate::state::States;

/// Longest line of a verifier key with its name, in bytes.
const VKEY_BYTES_MAX: u64 = 1024;

/// The paths of one witness.
#[derive(Clone, Debug)]
pub struct Folder {
    root: PathBuf,
}

/// Held by the one process that cosigns with the folder; let go when dropped, or when the process ends in whatever way.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Folder {
    /// The folder at `root`.
    pub fn new(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    /// The folder itself.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The secret key.
    pub fn key(&self) -> PathBuf {
        self.root.join("witness.pem")
    }

    /// The public key with the witness's name, as verifiers pin it.
    pub fn vkey(&self) -> PathBuf {
        self.root.join("witness.vkey")
    }

    /// The logs that are followed.
    pub fn logs(&self) -> PathBuf {
        self.root.join("logs.policy")
    }

    /// What was cosigned.
    pub fn states(&self) -> States {
        States::new(&self.states_path())
    }

    fn states_path(&self) -> PathBuf {
        self.root.join("state")
    }

    /// Makes the folder, which must be free, and what is in it but for the key. The caller has the key made next and then
    /// calls [`Folder::name`].
    pub fn make(&self) -> Result<Lock, FolderError> {
        let root = &self.root;
        let is_free = match fs::read_dir(root) {
            Ok(mut items) => items.next().is_none(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => true,
            Err(error) => return Err(FolderError::io(root, "read", error)),
        };
        if !is_free {
            return Err(FolderError::Taken { path: root.clone() });
        }
        for path in [root, &self.states_path()] {
            let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(path);
            made.map_err(|error| FolderError::io(path, "made", error))?;
        }
        let lock = self.lock()?;
        write_whole(&self.logs(), LOGS_BEGIN.as_bytes())?;
        Ok(lock)
    }

    /// Gives the witness its name and public key.
    pub fn name(&self, name: KeyName, public: schemas::ids::PublicKey) -> Result<VerifierKey, FolderError> {
        let key = VerifierKey::new(name, SignatureType::Cosignature, public);
        write_whole(&self.vkey(), format!("{key}\n").as_bytes())?;
        Ok(key)
    }

    /// Takes the folder for this process alone.
    pub fn lock(&self) -> Result<Lock, FolderError> {
        let path = self.root.join("lock");
        if !self.root.is_dir() {
            return Err(FolderError::Absent { path: self.root.clone() });
        }
        let opened = OpenOptions::new().write(true).create(true).truncate(false).open(&path);
        let file = opened.map_err(|error| FolderError::io(&path, "opened", error))?;
        match file.try_lock() {
            Ok(()) => Ok(Lock { _file: file }),
            Err(fs::TryLockError::WouldBlock) => Err(FolderError::Held { path: self.root.clone() }),
            Err(fs::TryLockError::Error(error)) => Err(FolderError::io(&path, "locked", error)),
        }
    }

    /// The witness's name and public key.
    pub fn read_key(&self) -> Result<VerifierKey, FolderError> {
        let path = self.vkey();
        let mut text = String::new();
        let read = File::open(&path).and_then(|file| file.take(VKEY_BYTES_MAX).read_to_string(&mut text));
        read.map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => FolderError::Absent { path: self.root.clone() },
            _ => FolderError::io(&path, "read", error),
        })?;
        let key = VerifierKey::parse(text.trim_end_matches('\n'));
        let key = key.map_err(|error| FolderError::Key { path: path.clone(), error })?;
        if key.kind() != SignatureType::Cosignature {
            let error = VerifierKeyError::UnsupportedType { type_byte: key.kind().byte() };
            return Err(FolderError::Key { path, error });
        }
        Ok(key)
    }
}

/// Writes a file beside and puts it in place, durably.
fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), FolderError> {
    let beside = path.with_extension("new");
    let written = File::create(&beside)
        .and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()))
        .and_then(|()| fs::rename(&beside, path))
        .and_then(|()| File::open(path.parent().unwrap_or(Path::new("."))))
        .and_then(|folder| folder.sync_all());
    written.map_err(|error| FolderError::io(path, "written", error))
}
