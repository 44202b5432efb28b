//! Log files that RocksDB is done with are taken away bit by bit.
//!
//! Some file systems tell the disk of every block that becomes free before they go on (`discard`), and the disk does nothing else
//! meanwhile: 46 MB removed at once kept the log's next sync waiting for 11 ms. So RocksDB is told to put its log files aside (its
//! archive, made for followers that read them later), and a thread cuts them off piece by piece before it removes them.

use std::fs::{self, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::store::StoreError;

/// For how long RocksDB itself leaves a log file in its archive, in seconds: those that could not be taken away here.
pub(super) const KEPT_SECONDS: u64 = 24 * 60 * 60;

/// How often the archive is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// What is cut off at a time, in bytes: a quarter of a millisecond of the disk that the whole file took 11 ms of.
const CUT_BYTES: u64 = 1024 * 1024;

/// How long the disk is left alone after each piece. Two hundred pieces a second are several times what is ever written.
const REST: Duration = Duration::from_millis(5);

/// The thread that does so, until this is dropped; what is left by then is removed at once.
pub(super) struct Spent {
    stop: Arc<Stop>,
    thread: Option<JoinHandle<()>>,
}

impl Spent {
    /// Of a store's folder.
    pub(super) fn watch(store: &Path) -> Result<Self, StoreError> {
        let stop = Arc::new(Stop::default());
        let (watched, store) = (Arc::clone(&stop), store.to_owned());
        let thread = std::thread::Builder::new().name("spent".into()).spawn(move || {
            while !watched.comes_within(LOOK_EVERY) {
                take_away(&store, || watched.comes_within(REST));
            }
            take_away(&store, || true);
            // RocksDB makes it again. Where something is left in it, it stays.
            let _ = fs::remove_dir(store.join("archive"));
        });
        let failed =
            |error: io::Error| StoreError::Io { action: "start a thread", detail: error.to_string() };
        Ok(Self { stop, thread: Some(thread.map_err(failed)?) })
    }
}

impl Drop for Spent {
    fn drop(&mut self) {
        self.stop.now();
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the thread that takes away old log files had panicked");
        }
    }
}

/// Whether it is time to stop.
#[derive(Default)]
struct Stop {
    is_now: Mutex<bool>,
    changed: Condvar,
}

impl Stop {
    fn now(&self) {
        *self.is_now.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.changed.notify_all();
    }

    /// Waits for so long, or less where it is time to stop: then true.
    fn comes_within(&self, time: Duration) -> bool {
        let is_now = self.is_now.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.changed.wait_timeout_while(is_now, time, |is_now| !*is_now);
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }
}

/// Takes away what is in the archive, and what is left of a file from last time. What cannot be taken away is left to RocksDB.
fn take_away(store: &Path, mut hurries: impl FnMut() -> bool) {
    let outgoing = store.join("log.outgoing");
    let mut take = |aside: Option<PathBuf>| -> io::Result<()> {
        if let Some(aside) = aside {
            // Under a name that RocksDB passes over.
            fs::rename(aside, &outgoing)?;
        }
        cut_off(&outgoing, &mut hurries)
    };
    let names = fs::read_dir(store.join("archive"));
    let logs = names.into_iter().flatten().flatten().map(|entry| entry.path());
    let logs = logs.filter(|path| path.extension().is_some_and(|extension| extension == "log"));
    for aside in std::iter::once(None).chain(logs.map(Some)) {
        match take(aside) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                tracing::debug!(%error, "an old log file is not taken away");
            }
            _ => {}
        }
    }
}

/// Removes a file from its end on.
fn cut_off(path: &Path, hurries: &mut impl FnMut() -> bool) -> io::Result<()> {
    let file = OpenOptions::new().write(true).open(path)?;
    let mut length = file.metadata()?.len();
    while length > CUT_BYTES && !hurries() {
        length -= CUT_BYTES;
        file.set_len(length)?;
    }
    fs::remove_file(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(logs: &[(&str, u64)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("archive")).unwrap();
        for (name, length) in logs {
            fs::File::create(folder.path().join(name)).unwrap().set_len(*length).unwrap();
        }
        folder
    }

    fn left(folder: &Path) -> Vec<String> {
        let names = |folder: &Path| fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
        let both = names(folder).chain(names(&folder.join("archive")));
        let mut left: Vec<String> = both.map(|name| name.into_string().unwrap()).collect();
        left.sort();
        left
    }

    #[test]
    fn logs_put_aside_are_cut_off_piece_by_piece_and_nothing_else_is_touched() {
        let other = [("000007.log", 3), ("archive/notes.txt", 3)];
        let aside = [("archive/000005.log", 0), ("archive/000006.log", 3 * CUT_BYTES), ("log.outgoing", 9)];
        let folder = folder(&[&other[..], &aside].concat());
        let mut lengths = Vec::new();
        let outgoing = folder.path().join("log.outgoing");
        take_away(folder.path(), || {
            lengths.push(fs::metadata(&outgoing).unwrap().len());
            false
        });
        assert_eq!(lengths, [3 * CUT_BYTES, 2 * CUT_BYTES]);
        assert_eq!(left(folder.path()), ["000007.log", "archive", "notes.txt"]);
    }

    #[test]
    fn whoever_hurries_removes_them_at_once() {
        let folder = folder(&[("archive/000006.log", 3 * CUT_BYTES)]);
        drop(Spent::watch(folder.path()).unwrap());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
