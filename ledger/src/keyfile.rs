//! Key files: PKCS#8 PEM that nobody but its owner can read, and the public half beside it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use ed25519_dalek::SigningKey;
use ed25519_dalek::pkcs8::spki::der::pem::LineEnding;
use ed25519_dalek::pkcs8::{DecodePrivateKey, DecodePublicKey, EncodePrivateKey, EncodePublicKey};
use schemas::ids::PublicKey;
use thiserror::Error;
use zeroize::Zeroizing;

/// Largest key file, in bytes: an Ed25519 key in PEM has about 120.
const KEY_FILE_BYTES_MAX: u64 = 4096;

/// Permission bits that a private key file may have.
const PRIVATE_MODE: u32 = 0o600;

/// `O_NOFOLLOW`: a link in place of a key file is refused.
const NO_FOLLOW: i32 = 0o400_000;

/// Why a key file cannot be used.
#[derive(Debug, Error)]
pub enum KeyFileError {
    /// The file system said no.
    #[error("{path} cannot be {action}: {error}")]
    Io {
        /// The file.
        path: String,
        /// What was being done.
        action: &'static str,
        /// The system's words.
        error: io::Error,
    },
    /// Others may read the private key.
    #[error("{path} has mode {got:04o}, expected {PRIVATE_MODE:04o}; run: chmod 600 {path}")]
    Mode {
        /// The file.
        path: String,
        /// Its permission bits.
        got: u32,
    },
    /// Not the key that was expected there.
    #[error("{path} does not hold {expected}: {detail}")]
    Content {
        /// The file.
        path: String,
        /// What belongs there.
        expected: &'static str,
        /// What is wrong with it.
        detail: String,
    },
}

/// A new key.
pub fn generate() -> Result<SigningKey, getrandom::Error> {
    let mut seed = Zeroizing::new([0; 32]);
    getrandom::fill(seed.as_mut_slice())?;
    Ok(SigningKey::from_bytes(&seed))
}

/// The public half.
pub fn public(key: &SigningKey) -> PublicKey {
    PublicKey::new(key.verifying_key().to_bytes())
}

/// The path of the public half's file.
pub fn public_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".pub");
    name.into()
}

/// Writes a key and its public half, each to a file that must not be there yet.
pub fn write(path: &Path, key: &SigningKey) -> Result<(), KeyFileError> {
    let wrong = |path: &Path, detail: String| KeyFileError::Content {
        path: path.display().to_string(),
        expected: "an Ed25519 key",
        detail,
    };
    let private = key.to_pkcs8_pem(LineEnding::LF).map_err(|error| wrong(path, error.to_string()))?;
    write_new(path, private.as_bytes(), PRIVATE_MODE)?;
    let public_path = public_path(path);
    let public = key.verifying_key().to_public_key_pem(LineEnding::LF);
    let public = public.map_err(|error| wrong(&public_path, error.to_string()))?;
    write_new(&public_path, public.as_bytes(), 0o644)
}

/// Reads a private key. Refuses a file that others may read.
pub fn read(path: &Path) -> Result<SigningKey, KeyFileError> {
    let failed = |action| move |error| KeyFileError::Io { path: path.display().to_string(), action, error };
    let file = OpenOptions::new().read(true).custom_flags(NO_FOLLOW).open(path).map_err(failed("opened"))?;
    let mode = file.metadata().map_err(failed("looked at"))?.mode() & 0o7777;
    if mode & !PRIVATE_MODE != 0 {
        return Err(KeyFileError::Mode { path: path.display().to_string(), got: mode });
    }
    let mut pem = Zeroizing::new(String::new());
    file.take(KEY_FILE_BYTES_MAX).read_to_string(&mut pem).map_err(failed("read"))?;
    SigningKey::from_pkcs8_pem(&pem).map_err(|error| KeyFileError::Content {
        path: path.display().to_string(),
        expected: "an Ed25519 private key in PKCS#8 PEM",
        detail: error.to_string(),
    })
}

/// Reads a public key.
pub fn read_public(path: &Path) -> Result<PublicKey, KeyFileError> {
    let failed = |action| move |error| KeyFileError::Io { path: path.display().to_string(), action, error };
    let mut pem = String::new();
    let file = File::open(path).map_err(failed("opened"))?;
    file.take(KEY_FILE_BYTES_MAX).read_to_string(&mut pem).map_err(failed("read"))?;
    let key =
        ed25519_dalek::VerifyingKey::from_public_key_pem(&pem).map_err(|error| KeyFileError::Content {
            path: path.display().to_string(),
            expected: "an Ed25519 public key in SPKI PEM",
            detail: error.to_string(),
        })?;
    Ok(PublicKey::new(key.to_bytes()))
}

/// Writes a file that must not be there yet, and syncs it and its folder.
pub fn write_new(path: &Path, bytes: &[u8], mode: u32) -> Result<(), KeyFileError> {
    let failed = |action| move |error| KeyFileError::Io { path: path.display().to_string(), action, error };
    let mut options = OpenOptions::new();
    let mut file = options.write(true).create_new(true).mode(mode).open(path).map_err(failed("made"))?;
    file.write_all(bytes).map_err(failed("written"))?;
    file.sync_all().map_err(failed("synced"))?;
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        fs::File::open(folder)
            .and_then(|folder| folder.sync_all())
            .map_err(failed("synced in its folder"))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_key_reads_back_and_its_public_half_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.pem");
        let key = generate().unwrap();
        write(&path, &key).unwrap();
        assert_eq!(read(&path).unwrap().to_bytes(), key.to_bytes());
        assert_eq!(read_public(&public_path(&path)).unwrap(), public(&key));
        assert!(write(&path, &key).is_err(), "nothing is ever overwritten");
    }

    #[test]
    fn a_key_that_others_can_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.pem");
        write(&path, &generate().unwrap()).unwrap();
        for mode in [0o640, 0o604, 0o660, 0o700] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            let error = read(&path).unwrap_err();
            assert!(matches!(error, KeyFileError::Mode { got, .. } if got == mode), "{error}");
        }
        fs::set_permissions(&path, fs::Permissions::from_mode(0o400)).unwrap();
        read(&path).unwrap();
    }

    #[test]
    fn a_link_to_a_key_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.pem");
        write(&path, &generate().unwrap()).unwrap();
        let link = folder.path().join("b.pem");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        assert!(matches!(read(&link).unwrap_err(), KeyFileError::Io { action: "opened", .. }));
    }
}
