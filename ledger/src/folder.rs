//! Where things are in a data folder.

use std::path::{Path, PathBuf};
use std::{fs, io};

use schemas::ids::KeyId;
use schemas::kinds::Use;

/// Digits of a key's thumbprint in the name of its file: enough that no two keys of a log share them.
const KID_DIGITS: usize = 16;

/// The paths of one log's data folder.
#[derive(Clone, Debug)]
pub struct Folder {
    root: PathBuf,
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

    /// Whether nothing is in it, so that a log can be made there.
    pub fn is_free(&self) -> io::Result<bool> {
        match fs::read_dir(&self.root) {
            Ok(mut entries) => Ok(entries.next().is_none()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
            Err(error) => Err(error),
        }
    }

    /// The rows.
    pub fn store(&self) -> PathBuf {
        self.root.join("store")
    }

    /// The log's private keys, each with its public half beside it.
    pub fn keys(&self) -> PathBuf {
        self.root.join("keys")
    }

    /// The log's private key of one use.
    pub fn key(&self, usage: Use) -> PathBuf {
        self.keys().join(format!("{usage}.pem"))
    }

    /// A private key that replaced an earlier one of this use.
    pub fn later_key(&self, usage: Use, kid: &KeyId) -> PathBuf {
        let kid: String = kid.to_hex().chars().take(KID_DIGITS).collect();
        self.keys().join(format!("{usage}.{kid}.pem"))
    }

    /// The registrar's private key, where it was made beside the log's.
    pub fn registrar(&self) -> PathBuf {
        self.keys().join("registrar.pem")
    }

    /// What to hand to verifiers.
    pub fn trust(&self) -> PathBuf {
        self.root.join("trust.policy")
    }

    /// Where the log in service is asked to hold its rows still for a backup.
    pub fn socket(&self) -> PathBuf {
        self.root.join("backup.sock")
    }

    /// How far the scrub has come.
    pub fn scrub(&self) -> PathBuf {
        self.root.join("scrub")
    }

    /// The rows that stand still while a backup is read from them: on the store's own file system.
    pub fn held(&self) -> PathBuf {
        self.root.join("backup-held")
    }

    /// The anchor, where no other place is given: beside the folder, so that a copy of the folder leaves it behind.
    pub fn default_anchor(&self) -> PathBuf {
        let absolute = std::path::absolute(&self.root).unwrap_or_else(|_| self.root.clone());
        let mut name = absolute.components().as_path().as_os_str().to_owned();
        name.push(".anchor");
        name.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_anchor_is_beside_the_folder_however_the_folder_is_written() {
        for written in ["/var/lib/writ", "/var/lib/writ/", "/var/lib/./writ"] {
            let anchor = Folder::new(Path::new(written)).default_anchor();
            assert_eq!(anchor, Path::new("/var/lib/writ.anchor"), "{written}");
        }
    }
}
