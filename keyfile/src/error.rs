//! Why a key file is not used.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use crate::file::KEY_FILE_BYTES_MAX;
use crate::passphrase::PASSPHRASE_BYTES_MAX;

/// Why a key file cannot be read or written. Never carries what is in the file.
#[derive(Debug, Error)]
pub enum KeyFileError {
    /// The system gave no randomness.
    #[error("no randomness for a new key: {detail}")]
    Randomness {
        /// What the system said.
        detail: String,
    },
    /// The file exists and is not overwritten.
    #[error("{} exists and is not overwritten", path.display())]
    Exists {
        /// Which file.
        path: PathBuf,
    },
    /// Others than the owner could read the secret.
    #[error("{} has mode {mode:03o}; a secret file has mode 600. Run: chmod 600 {}", path.display(), path.display())]
    OpenToOthers {
        /// Which file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// Somebody else owns the file or its folder.
    #[error("{} belongs to user {owner}; expected user {user}, who runs this, or root", path.display())]
    Owner {
        /// Which file or folder.
        path: PathBuf,
        /// Its owner's number.
        owner: u32,
        /// The number of the user who runs this.
        user: u32,
    },
    /// Others could put another file in the secret's place.
    #[error("the folder {} has mode {mode:03o}: others may replace a secret in it. Run: chmod go-w {}", path.display(), path.display())]
    OpenFolder {
        /// Which folder.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The path ends in a symbolic link, which whoever owns the folder could turn elsewhere.
    #[error("{} is a symbolic link; name the secret file itself", path.display())]
    SymbolicLink {
        /// Which file.
        path: PathBuf,
    },
    /// A folder, a pipe or a device.
    #[error("{} is no regular file", path.display())]
    NotAFile {
        /// What is there.
        path: PathBuf,
    },
    /// Larger than [`KEY_FILE_BYTES_MAX`].
    #[error("{} is larger than {KEY_FILE_BYTES_MAX} bytes; no key is", path.display())]
    TooLarge {
        /// Which file.
        path: PathBuf,
    },
    /// Not a PKCS#8 PEM file with an Ed25519 key.
    #[error("{} is not an Ed25519 secret key in PKCS#8 PEM: {detail}", path.display())]
    NotASecretKey {
        /// Which file.
        path: PathBuf,
        /// What the reader said.
        detail: String,
    },
    /// Not an SPKI PEM file with a usable Ed25519 key.
    #[error("{} is not an Ed25519 public key in SPKI PEM: {detail}", path.display())]
    NotAPublicKey {
        /// Which file.
        path: PathBuf,
        /// What the reader said.
        detail: String,
    },
    /// The key is encrypted and nobody can be asked.
    #[error("{} needs a passphrase, and there is no terminal to ask for it at ({source}); name a file that holds it: --passphrase-file FILE", path.display())]
    NoPassphrase {
        /// Which key file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The passphrase does not open the key.
    #[error("the passphrase does not open {}", path.display())]
    WrongPassphrase {
        /// Which key file.
        path: PathBuf,
    },
    /// The two passphrases given for a new key are not the same.
    #[error("the two passphrases for {} differ; nothing was written", path.display())]
    PassphrasesDiffer {
        /// Which key file.
        path: PathBuf,
    },
    /// Empty or too long.
    #[error("{}: a passphrase has 1 to {PASSPHRASE_BYTES_MAX} bytes", path.display())]
    PassphraseLength {
        /// The passphrase file, or the key file that it was to open.
        path: PathBuf,
    },
    /// The key has no PEM form.
    #[error("the key could not be encoded: {detail}")]
    Encode {
        /// What the writer said.
        detail: String,
    },
    /// The file system refused.
    #[error("{}: {source}", path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl KeyFileError {
    /// Stable name of the error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Randomness { .. } => "no-randomness",
            Self::Exists { .. } => "file-exists",
            Self::OpenToOthers { .. } => "key-file-mode",
            Self::Owner { .. } => "key-file-owner",
            Self::OpenFolder { .. } => "key-folder-mode",
            Self::SymbolicLink { .. } => "key-file-link",
            Self::NotAFile { .. } => "key-file-kind",
            Self::TooLarge { .. } => "key-file-too-large",
            Self::NotASecretKey { .. } => "not-a-secret-key",
            Self::NotAPublicKey { .. } => "not-a-public-key",
            Self::NoPassphrase { .. } => "passphrase-missing",
            Self::WrongPassphrase { .. } => "passphrase-wrong",
            Self::PassphrasesDiffer { .. } => "passphrases-differ",
            Self::PassphraseLength { .. } => "passphrase-length",
            Self::Encode { .. } => "key-encode",
            Self::Io { .. } => "key-file-io",
        }
    }
}
