//! The keys themselves.

use std::path::{Path, PathBuf};

use ed25519_dalek::pkcs8::spki::der::pem::LineEnding;
use ed25519_dalek::pkcs8::{DecodePublicKey, EncodePublicKey, KeypairBytes};
use ed25519_dalek::{Signer as _, SigningKey, VerifyingKey};
use pkcs8::der::pem::PemLabel;
use pkcs8::{DecodePrivateKey, EncodePrivateKey, EncryptedPrivateKeyInfoRef, SecretDocument};
use schemas::ids::{KeyId, PublicKey, Signature};
use zeroize::Zeroizing;

use crate::file::{self, PUBLIC_MODE, SECRET_MODE, write_new};
use crate::{KeyFileError, Passphrase, Passphrases};

/// An Ed25519 key that can sign. Wiped from memory when dropped; never shown.
#[derive(Clone)]
pub struct SecretKey(SigningKey);

impl SecretKey {
    /// A new key from the system's randomness.
    pub fn generate() -> Result<Self, KeyFileError> {
        let mut seed = Zeroizing::new([0; 32]);
        getrandom::fill(seed.as_mut()).map_err(|e| KeyFileError::Randomness { detail: e.to_string() })?;
        Ok(Self(SigningKey::from_bytes(&seed)))
    }

    /// Reads a secret key file, which may be encrypted. The public half follows from the secret one, never from the file.
    pub fn read(path: &Path, passphrases: &Passphrases) -> Result<Self, KeyFileError> {
        let pem = file::read_secret(path)?;
        let refused = |detail: String| KeyFileError::NotASecretKey { path: path.into(), detail };
        let (label, document) = SecretDocument::from_pem(&pem).map_err(|e| refused(e.to_string()))?;
        if EncryptedPrivateKeyInfoRef::validate_pem_label(label).is_err() {
            return SigningKey::from_pkcs8_pem(&pem).map(Self).map_err(|e| refused(e.to_string()));
        }
        let encrypted = EncryptedPrivateKeyInfoRef::try_from(document.as_bytes());
        let encrypted = encrypted.map_err(|e| refused(e.to_string()))?;
        // A wrong passphrase shows as padding or as a form that does not fit: no way to tell it from damage.
        passphrases.open(path, |passphrase| {
            let opened = encrypted.decrypt(passphrase.as_bytes()).ok()?;
            SigningKey::from_pkcs8_der(opened.as_bytes()).ok().map(Self)
        })
    }

    /// Writes the key to `path`, under a passphrase if one is given (PBES2 with scrypt and AES-256, RFC 8018), and its public
    /// half to `path` with `.pub` appended. Neither may exist, and the folder must be one that the key can be read from.
    pub fn write_new(&self, path: &Path, passphrase: Option<&Passphrase>) -> Result<(), KeyFileError> {
        let encode = |e: &dyn std::fmt::Display| KeyFileError::Encode { detail: e.to_string() };
        let public_path = public_path(path);
        if public_path.exists() {
            return Err(KeyFileError::Exists { path: public_path });
        }
        file::check_folder(path)?;
        // Without the public half inside: every PKCS#8 reader knows version 1, few know version 2.
        let pair = KeypairBytes { secret_key: self.0.to_bytes(), public_key: None };
        let pem = match passphrase {
            None => pair.to_pkcs8_pem(LineEnding::LF),
            Some(passphrase) => pair.to_pkcs8_encrypted_pem(passphrase.as_bytes(), LineEnding::LF),
        };
        let pem = pem.map_err(|e| encode(&e))?;
        write_new(path, SECRET_MODE, pem.as_bytes())?;
        let public = self.0.verifying_key().to_public_key_pem(LineEnding::LF).map_err(|e| encode(&e))?;
        write_new(&public_path, PUBLIC_MODE, public.as_bytes())
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

impl From<SigningKey> for SecretKey {
    fn from(key: SigningKey) -> Self {
        Self(key)
    }
}

impl std::fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SecretKey({})", self.kid())
    }
}

/// Reads a public key file.
pub fn read_public(path: &Path) -> Result<PublicKey, KeyFileError> {
    let pem = file::read_public(path)?;
    let refused = |detail: String| KeyFileError::NotAPublicKey { path: path.into(), detail };
    let key = VerifyingKey::from_public_key_pem(&pem).map_err(|e| refused(e.to_string()))?;
    if key.is_weak() {
        return Err(refused("the key has small order".into()));
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
