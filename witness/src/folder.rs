//! Where things are in a witness's folder, and the logs that it follows.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use schemas::limits::TRUST_BYTES_MAX;
use schemas::note::{KeyName, SignatureType, VerifierKey, VerifierKeyError};
use schemas::trust::{TrustError, TrustPolicy, TrustProblem};
use thiserror::Error;
use verifier::signature::{CheckedKey, SignatureError};

use crate::state::{StateError, States};

/// How the list of logs begins. A C2SP policy without witnesses, so that any reader of those reads it.
const LOGS_BEGIN: &str = "# The logs that this witness follows, one line each: log <vkey>\nquorum none\n";

/// Longest line of a verifier key with its name, in bytes.
const VKEY_BYTES_MAX: u64 = 1024;

/// The paths of one witness.
#[derive(Clone, Debug)]
pub struct Folder {
    root: PathBuf,
}

/// Held by the one process that changes the folder; let go when dropped, or when the process ends in whatever way.
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

    /// The logs that are followed, with keys that are fit to verify with.
    pub fn read_logs(&self) -> Result<TrustPolicy, FolderError> {
        parse_logs(&self.logs(), &self.logs_text()?)
    }

    /// Follows a log, or one more key of it; whether the log was new.
    ///
    /// The state is made first: a log that is followed and has none is one whose state was lost.
    pub fn follow(&self, key: &VerifierKey, url: Option<&str>, _held: &Lock) -> Result<bool, FolderError> {
        let path = self.logs();
        let mut text = self.logs_text()?;
        let origin = schemas::checkpoint::Origin::new(key.name().as_str())
            .map_err(|error| FolderError::Key { path: path.clone(), error: error.into() })?;
        let known = parse_logs(&path, &text)?.keys_of(&origin).next().is_some();
        if !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
        text.push_str(&format!("log {key}{}\n", url.map(|url| format!(" {url}")).unwrap_or_default()));
        parse_logs(&path, &text)?;
        if known {
            // Its state must be there: it is not begun a second time.
            self.states().read(&origin, &self.read_key()?)?;
        } else {
            self.states().begin(&origin)?;
        }
        write_whole(&path, text.as_bytes())?;
        Ok(!known)
    }

    fn logs_text(&self) -> Result<String, FolderError> {
        let path = self.logs();
        let mut text = String::new();
        let most = TRUST_BYTES_MAX as u64 + 1;
        let read = File::open(&path).and_then(|file| file.take(most).read_to_string(&mut text));
        match read {
            Ok(_) => Ok(text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Err(FolderError::Absent { path: self.root.clone() })
            }
            Err(error) => Err(FolderError::io(&path, "read", error)),
        }
    }
}

fn parse_logs(path: &Path, text: &str) -> Result<TrustPolicy, FolderError> {
    let policy = TrustPolicy::parse(text.as_bytes())
        .map_err(|error| FolderError::Logs { path: path.to_owned(), error })?;
    for log in policy.logs() {
        CheckedKey::new(*log.key.public_key())
            .map_err(|error| FolderError::Unusable { name: log.key.name().to_string(), error })?;
    }
    Ok(policy)
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

/// Why a witness's folder cannot be used.
#[derive(Debug, Error)]
pub enum FolderError {
    /// There is no witness.
    #[error("there is no witness in {}", path.display())]
    Absent {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// Something is there already.
    #[error("{} is not empty", path.display())]
    Taken {
        /// The folder.
        path: PathBuf,
    },
    /// Another process has it.
    #[error("another process uses the witness in {}", path.display())]
    Held {
        /// The folder.
        path: PathBuf,
    },
    /// The witness's own key cannot be read.
    #[error("{}: {error}", path.display())]
    Key {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        error: VerifierKeyError,
    },
    /// The list of logs cannot be read.
    #[error("{}, line {}: {}", path.display(), error.line, error.problem)]
    Logs {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        error: TrustError,
    },
    /// Anything could be made to verify under this key.
    #[error("the key of {name} cannot be used: {error}")]
    Unusable {
        /// The log.
        name: String,
        /// What is wrong with the key.
        error: SignatureError,
    },
    /// A state is not there or not whole.
    #[error(transparent)]
    State(#[from] StateError),
    /// The file system said no.
    #[error("{} cannot be {action}: {error}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What was being done.
        action: &'static str,
        /// The system's words.
        error: io::Error,
    },
}

impl FolderError {
    fn io(path: &Path, action: &'static str, error: io::Error) -> Self {
        Self::Io { path: path.to_owned(), action, error }
    }

    /// Stable name of the error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Absent { .. } => "witness-absent",
            Self::Taken { .. } => "witness-folder-taken",
            Self::Held { .. } => "witness-held",
            Self::Key { error, .. } => error.code(),
            Self::Logs { error, .. } => match error.problem {
                TrustProblem::DuplicateKey { .. } => "witness-log-known",
                _ => "witness-logs",
            },
            Self::Unusable { .. } => "witness-log-key",
            Self::State(error) => error.code(),
            Self::Io { .. } => "witness-io",
        }
    }
}
