//! Where the passphrase of an encrypted key comes from: a person at a terminal, or a file. Never from the command line or the
//! environment, which other processes can read.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use zeroize::Zeroizing;

use crate::{KeyFileError, file};

/// Longest passphrase, in bytes.
pub const PASSPHRASE_BYTES_MAX: usize = 1024;

/// A passphrase. Wiped from memory when dropped; never shown.
#[derive(Clone)]
pub struct Passphrase(Zeroizing<String>);

impl Passphrase {
    /// A passphrase, unless it is empty or longer than [`PASSPHRASE_BYTES_MAX`].
    pub fn new(text: Zeroizing<String>) -> Option<Self> {
        (1..=PASSPHRASE_BYTES_MAX).contains(&text.len()).then_some(Self(text))
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl std::fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Passphrase(…)")
    }
}

/// Where to get passphrases from.
#[derive(Debug, Default)]
pub struct Passphrases {
    file: Option<PathBuf>,
    /// The one that opened a key last: a log's three keys mostly have one.
    last: Mutex<Option<Passphrase>>,
}

impl Passphrases {
    /// From the first line of a file, which must be as closed to others as a key file; without one a person is asked.
    pub fn new(file: Option<PathBuf>) -> Self {
        Self { file, last: Mutex::default() }
    }

    /// Whether a file holds the passphrase.
    pub fn has_file(&self) -> bool {
        self.file.is_some()
    }

    /// A passphrase for the new key at `path`; a person is asked for it twice.
    pub fn choose(&self, path: &Path) -> Result<Passphrase, KeyFileError> {
        if let Some(file) = &self.file {
            return read(file);
        }
        if let Some(last) = self.last() {
            return Ok(last);
        }
        let first = ask(path, &format!("New passphrase for {}: ", path.display()))?;
        let again = ask(path, "The same again: ")?;
        if first.as_bytes() != again.as_bytes() {
            return Err(KeyFileError::PassphrasesDiffer { path: path.into() });
        }
        self.remember(&first);
        Ok(first)
    }

    /// Opens what is encrypted at `path` by `decrypt`, which gives nothing for a wrong passphrase.
    pub(crate) fn open<T>(
        &self,
        path: &Path,
        decrypt: impl Fn(&Passphrase) -> Option<T>,
    ) -> Result<T, KeyFileError> {
        let wrong = || KeyFileError::WrongPassphrase { path: path.into() };
        if let Some(file) = &self.file {
            return decrypt(&read(file)?).ok_or_else(wrong);
        }
        if let Some(opened) = self.last().and_then(|last| decrypt(&last)) {
            return Ok(opened);
        }
        let passphrase = ask(path, &format!("Passphrase for {}: ", path.display()))?;
        let opened = decrypt(&passphrase).ok_or_else(wrong)?;
        self.remember(&passphrase);
        Ok(opened)
    }

    fn last(&self) -> Option<Passphrase> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn remember(&self, passphrase: &Passphrase) {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(passphrase.clone());
    }
}

fn read(path: &Path) -> Result<Passphrase, KeyFileError> {
    let text = file::read_secret(path)?;
    let line = text.lines().next().unwrap_or_default();
    Passphrase::new(Zeroizing::new(line.into()))
        .ok_or_else(|| KeyFileError::PassphraseLength { path: path.into() })
}

/// Asks a person at the terminal, without echo.
fn ask(path: &Path, prompt: &str) -> Result<Passphrase, KeyFileError> {
    let answer = rpassword::prompt_password(prompt);
    let text = answer.map_err(|source| KeyFileError::NoPassphrase { path: path.into(), source })?;
    Passphrase::new(Zeroizing::new(text)).ok_or_else(|| KeyFileError::PassphraseLength { path: path.into() })
}
