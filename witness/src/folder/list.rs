//! The list of logs that a witness follows. It changes while the witness is in service: whoever changes it holds a lock of its
//! own, and replaces the file whole, so that it is read without one.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use schemas::limits::TRUST_BYTES_MAX;
use schemas::note::VerifierKey;
use schemas::trust::TrustPolicy;
use verifier::signature::CheckedKey;

use super::{Folder, FolderError, write_whole};

/// How the list of logs begins. A C2SP policy without witnesses, so that any reader of those reads it.
pub(super) const LOGS_BEGIN: &str =
    "# The logs that this witness follows, one line each: log <vkey>\nquorum none\n";

/// What tells one edition of the list from the next: every change of it puts another file in its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Edition {
    file: u64,
    length: u64,
    changed: (i64, i64),
}

impl Folder {
    /// The logs that are followed, with keys that are fit to verify with.
    pub fn read_logs(&self) -> Result<TrustPolicy, FolderError> {
        parse_logs(&self.logs(), &self.logs_text()?)
    }

    /// Which edition of the list there is; another one once it was changed.
    pub(crate) fn list_edition(&self) -> Result<Edition, FolderError> {
        let path = self.logs();
        let about = fs::metadata(&path).map_err(|error| FolderError::io(&path, "looked at", error))?;
        Ok(Edition { file: about.ino(), length: about.len(), changed: (about.ctime(), about.ctime_nsec()) })
    }

    /// Follows a log, or one more key of it; whether the log was new. Also while the witness is in service, which takes it up.
    ///
    /// The state is made first: a log that is followed and has none is one whose state was lost. A witness in service does not
    /// touch the state of a log that it does not follow.
    pub fn follow(&self, key: &VerifierKey, url: Option<&str>) -> Result<bool, FolderError> {
        let _held = self.lock_list()?;
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

    /// Waits until nobody else changes the list.
    fn lock_list(&self) -> Result<File, FolderError> {
        let path = self.root.join("logs.lock");
        if !self.root.is_dir() {
            return Err(FolderError::Absent { path: self.root.clone() });
        }
        let file = OpenOptions::new().write(true).create(true).truncate(false).open(&path);
        let file = file.map_err(|error| FolderError::io(&path, "opened", error))?;
        file.lock().map_err(|error| FolderError::io(&path, "locked", error))?;
        Ok(file)
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
