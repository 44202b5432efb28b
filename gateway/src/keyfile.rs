//! Keys in files: PKCS#8 PEM for the secret half, SPKI PEM for the public one (RFC 8410).
//!
//! Secret files are made with mode 0600 and never overwritten. Reading refuses a file that others could read or that is
//! reached through a symbolic link.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use ed25519_dalek::pkcs8::spki::der::pem::LineEnding;
use ed25519_dalek::pkcs8::{
    DecodePrivateKey, DecodePublicKey, EncodePrivateKey, EncodePublicKey, KeypairBytes,
};
use ed25519_dalek::{Signer as _, SigningKey, VerifyingKey};
use schemas::ids::{KeyId, PublicKey, Signature};
use thiserror::Error;
use zeroize::Zeroizing;

/// Largest key file, in bytes. An Ed25519 key in PEM has fewer than 200.
pub const KEY_FILE_BYTES_MAX: u64 = 8 * 1024;

/// How a public key file begins (RFC 7468).
const PUBLIC_BEGINS: &str = "-----BEGIN PUBLIC KEY-----";

/// An Ed25519 key that can sign. Wiped from memory when dropped; never shown.
pub struct SecretKey(SigningKey);

impl SecretKey {
    /// A new key from the system's randomness.
    pub fn generate() -> Result<Self, KeyFileError> {
        let mut seed = Zeroizing::new([0; 32]);
        getrandom::fill(seed.as_mut()).map_err(|e| KeyFileError::Randomness { detail: e.to_string() })?;
        Ok(Self(SigningKey::from_bytes(&seed)))
    }

    /// Reads a secret key file.
    pub fn read(path: &Path) -> Result<Self, KeyFileError> {
        let mut file = open_secret(path)?;
        let pem = read_text(path, &mut file)?;
        SigningKey::from_pkcs8_pem(&pem)
            .map(Self)
            .map_err(|e| KeyFileError::NotASecretKey { path: path.into(), detail: e.to_string() })
    }

    /// Writes the key to `path` and its public half to `path` with `.pub` appended. Neither may exist.
    pub fn write_new(&self, path: &Path) -> Result<(), KeyFileError> {
        let public_path = public_path(path);
        if public_path.exists() {
            return Err(KeyFileError::Exists { path: public_path });
        }
        // Without the public half inside: every PKCS#8 reader knows version 1, few know version 2.
        let pair = KeypairBytes { secret_key: self.0.to_bytes(), public_key: None };
        let pem =
            pair.to_pkcs8_pem(LineEnding::LF).map_err(|e| KeyFileError::Encode { detail: e.to_string() })?;
        write_new(path, 0o600, pem.as_bytes())?;
        let public = self.0.verifying_key().to_public_key_pem(LineEnding::LF);
        let public = public.map_err(|e| KeyFileError::Encode { detail: e.to_string() })?;
        write_new(&public_path, 0o644, public.as_bytes())
    }

    /// The public half.
    pub fn public(&self) -> PublicKey {
        PublicKey::new(self.0.verifying_key().to_bytes())
    }

    /// The key's thumbprint.
    pub fn kid(&self) -> KeyId {
        KeyId::of(&self.public())
    }

    /// Signs exactly these bytes.
    pub fn sign(&self, message: &[u8]) -> Signature {
        Signature::new(self.0.sign(message).to_bytes())
    }
}

impl std::fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SecretKey({})", self.kid())
    }
}

/// Reads a public key file.
pub fn read_public(path: &Path) -> Result<PublicKey, KeyFileError> {
    let mut file = File::open(path).map_err(|source| KeyFileError::Io { path: path.into(), source })?;
    let pem = read_text(path, &mut file)?;
    let key = VerifyingKey::from_public_key_pem(&pem)
        .map_err(|e| KeyFileError::NotAPublicKey { path: path.into(), detail: e.to_string() })?;
    if key.is_weak() {
        return Err(KeyFileError::NotAPublicKey {
            path: path.into(),
            detail: "the key has small order".into(),
        });
    }
    Ok(PublicKey::new(key.to_bytes()))
}

/// Where the public half of the secret key at `path` lies: beside it, with `.pub` appended.
pub fn public_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".pub");
    PathBuf::from(name)
}

/// Where the secret half of the public key at `path` would lie, if the file is named that way.
pub fn secret_path(path: &Path) -> Option<PathBuf> {
    (path.extension()? == "pub").then(|| path.with_extension(""))
}

fn open_secret(path: &Path) -> Result<File, KeyFileError> {
    let io = |source| KeyFileError::Io { path: path.into(), source };
    let link = std::fs::symlink_metadata(path).map_err(io)?;
    if link.file_type().is_symlink() {
        return Err(KeyFileError::SymbolicLink { path: path.into() });
    }
    let mut file = File::open(path).map_err(io)?;
    let opened = file.metadata().map_err(io)?;
    // Between the two looks the name may have come to mean another file.
    if (opened.dev(), opened.ino()) != (link.dev(), link.ino()) {
        return Err(KeyFileError::SymbolicLink { path: path.into() });
    }
    let mode = opened.mode() & 0o777;
    if mode & 0o077 != 0 {
        // A public key may be open to all; closing it would not make it secret.
        let is_public = read_text(path, &mut file).is_ok_and(|text| text.contains(PUBLIC_BEGINS));
        if is_public {
            return Err(KeyFileError::NotASecretKey {
                path: path.into(),
                detail: "it is a public key".into(),
            });
        }
        return Err(KeyFileError::OpenToOthers { path: path.into(), mode });
    }
    Ok(file)
}

fn read_text(path: &Path, file: &mut File) -> Result<Zeroizing<String>, KeyFileError> {
    let mut text = Zeroizing::new(String::with_capacity(512));
    let read = file.take(KEY_FILE_BYTES_MAX + 1).read_to_string(&mut text);
    let got = read.map_err(|source| KeyFileError::Io { path: path.into(), source })?;
    if got as u64 > KEY_FILE_BYTES_MAX {
        return Err(KeyFileError::TooLarge { path: path.into() });
    }
    Ok(text)
}

fn write_new(path: &Path, mode: u32, bytes: &[u8]) -> Result<(), KeyFileError> {
    let file = OpenOptions::new().write(true).create_new(true).mode(mode).open(path);
    let mut file = file.map_err(|source| match source.kind() {
        io::ErrorKind::AlreadyExists => KeyFileError::Exists { path: path.into() },
        _ => KeyFileError::Io { path: path.into(), source },
    })?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all());
    written.map_err(|source| KeyFileError::Io { path: path.into(), source })
}

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
    #[error("{} has mode {mode:03o}; a secret key has mode 600", path.display())]
    OpenToOthers {
        /// Which file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The path ends in a symbolic link, which whoever owns the folder could turn elsewhere.
    #[error("{} is a symbolic link; name the secret key's file itself", path.display())]
    SymbolicLink {
        /// Which file.
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
            Self::SymbolicLink { .. } => "key-file-link",
            Self::TooLarge { .. } => "key-file-too-large",
            Self::NotASecretKey { .. } => "not-a-secret-key",
            Self::NotAPublicKey { .. } => "not-a-public-key",
            Self::Encode { .. } => "key-encode",
            Self::Io { .. } => "key-file-io",
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn folder() -> tempfile::TempDir {
        tempfile::tempdir().unwrap()
    }

    #[test]
    fn a_key_written_is_the_key_read() {
        let folder = folder();
        let path = folder.path().join("a.pem");
        let key = SecretKey::generate().unwrap();
        key.write_new(&path).unwrap();
        assert_eq!(SecretKey::read(&path).unwrap().public(), key.public());
        assert_eq!(read_public(&public_path(&path)).unwrap(), key.public());
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(secret_path(&public_path(&path)), Some(path));
    }

    #[test]
    fn a_key_is_never_overwritten() {
        let folder = folder();
        let path = folder.path().join("a.pem");
        SecretKey::generate().unwrap().write_new(&path).unwrap();
        let before = fs::read(&path).unwrap();
        let error = SecretKey::generate().unwrap().write_new(&path).unwrap_err();
        assert_eq!(error.code(), "file-exists");
        fs::remove_file(&path).unwrap();
        let error = SecretKey::generate().unwrap().write_new(&path).unwrap_err();
        assert_eq!(error.code(), "file-exists", "an old public half does not get a new secret beside it");
        assert!(!path.exists());
        fs::write(&path, &before).unwrap();
    }

    #[test]
    fn a_secret_that_others_can_read_is_refused() {
        let folder = folder();
        let path = folder.path().join("a.pem");
        SecretKey::generate().unwrap().write_new(&path).unwrap();
        for (mode, code) in [(0o640, "key-file-mode"), (0o604, "key-file-mode"), (0o400, ""), (0o600, "")] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            let got = SecretKey::read(&path).map_or_else(|e| e.code(), |_| "");
            assert_eq!(got, code, "{mode:o}");
        }
    }

    #[test]
    fn a_public_key_is_not_taken_for_an_open_secret() {
        let folder = folder();
        let path = folder.path().join("a.pem");
        SecretKey::generate().unwrap().write_new(&path).unwrap();
        assert_eq!(SecretKey::read(&public_path(&path)).unwrap_err().code(), "not-a-secret-key");
    }

    #[test]
    fn a_secret_behind_a_symbolic_link_is_refused() {
        let folder = folder();
        let (path, link) = (folder.path().join("a.pem"), folder.path().join("b.pem"));
        SecretKey::generate().unwrap().write_new(&path).unwrap();
        std::os::unix::fs::symlink(&path, &link).unwrap();
        assert_eq!(SecretKey::read(&link).unwrap_err().code(), "key-file-link");
    }

    #[test]
    fn files_that_are_no_keys_are_refused_without_being_quoted() {
        let folder = folder();
        let path = folder.path().join("a.pem");
        write_new(&path, 0o600, b"hunter2").unwrap();
        let error = SecretKey::read(&path).unwrap_err();
        assert_eq!(error.code(), "not-a-secret-key");
        assert!(!format!("{error} {error:?}").contains("hunter2"));
        assert_eq!(read_public(&path).unwrap_err().code(), "not-a-public-key");
        let large = folder.path().join("large.pem");
        write_new(&large, 0o600, &vec![b'a'; KEY_FILE_BYTES_MAX as usize + 1]).unwrap();
        assert_eq!(SecretKey::read(&large).unwrap_err().code(), "key-file-too-large");
    }

    #[test]
    fn showing_a_key_shows_its_thumbprint_only() {
        let key = SecretKey::generate().unwrap();
        assert_eq!(format!("{key:?}"), format!("SecretKey({})", key.kid()));
    }
}
