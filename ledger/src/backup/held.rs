//! A copy of the rows that stands still while a backup is read from it: hard links beside the store.
//!
//! Of a log in service only its own program can make one. It is asked over a socket in the data folder, which only the
//! folder's owner can reach. There is nothing in the question: to connect is to ask, one line answers it, and the copy is
//! taken away when the connection ends, however that comes about.

use std::fs;
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};

use serde::{Deserialize, Serialize};

use super::BackupError;
use crate::folder::Folder;
use crate::log::Log;
use crate::store::StoreError;
use crate::store::rocks::RocksStore;
use crate::store::rows::Rows;

/// Most bytes of the answer: a signed note and some words.
const ANSWER_BYTES_MAX: u64 = 1024 * 1024;

/// Memory for the store's cache, in bytes: nothing is read but what opening reads.
const CACHE_BYTES: usize = 16 * 1024 * 1024;

/// The answer to whoever asked: the note of the head that the copy has, or why there is none.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Answer {
    Held { note: String },
    Failed { why: String },
}

/// Listens for backups as long as it lives.
#[derive(Debug)]
pub struct Listener {
    path: PathBuf,
    ended: Arc<AtomicBool>,
}

impl Listener {
    /// Begins to listen. The caller holds the store's lock: whatever socket or copy is there was left over.
    pub fn start(folder: &Folder, store: &Arc<RocksStore>, log: &Arc<Log>) -> io::Result<Self> {
        let (path, held) = (folder.socket(), folder.held());
        remove(&held)?;
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let socket = UnixListener::bind(&path)?;
        let listener = Self { path, ended: Arc::default() };
        fs::set_permissions(&listener.path, fs::Permissions::from_mode(0o600))?;
        // Weak: whoever waits here for the next question must not keep a stopped log open.
        let (store, log) = (Arc::downgrade(store), Arc::downgrade(log));
        let ended = Arc::clone(&listener.ended);
        std::thread::Builder::new().name("backup".into()).spawn(move || {
            for asked in socket.incoming() {
                if ended.load(Ordering::SeqCst) {
                    return;
                }
                let answered = asked.and_then(|stream| answer(stream, &held, &store, &log));
                if let Err(error) = answered {
                    tracing::warn!(%error, "a backup ended early");
                }
            }
        })?;
        Ok(listener)
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::SeqCst);
        // Wakes the thread, which waits for the next question.
        let _ = UnixStream::connect(&self.path);
        // Left over it does no harm: the next start takes it away.
        let _ = fs::remove_file(&self.path);
    }
}

/// Makes the copy, says so, and takes it away once whoever asked is gone.
fn answer(mut stream: UnixStream, held: &Path, store: &Weak<RocksStore>, log: &Weak<Log>) -> io::Result<()> {
    let made = match (store.upgrade(), log.upgrade()) {
        (Some(store), Some(log)) => remove(held)
            .map_err(|error| error.to_string())
            .and_then(|()| hold(&store, &log, held).map_err(|error| error.to_string())),
        _ => Err("the log is being stopped".to_owned()),
    };
    let said = match made {
        Ok(note) => Answer::Held { note },
        Err(why) => Answer::Failed { why },
    };
    let line = serde_json::to_string(&said)? + "\n";
    let told = stream.write_all(line.as_bytes()).and_then(|()| {
        // Nothing more is said: this waits for the end of the connection.
        stream.read(&mut [0]).map(|_| ())
    });
    remove(held)?;
    told
}

/// Nobody appends meanwhile: the rows, the head and the note are of one moment.
fn hold(store: &RocksStore, log: &Log, held: &Path) -> Result<String, StoreError> {
    let _writing = log.index().writing();
    let note = log.note_to_keep();
    store.checkpoint(held)?;
    Ok(note.to_string())
}

/// A copy that stands still, until this is dropped.
#[derive(Debug)]
pub(super) struct Held {
    /// Where its rows are.
    pub(super) folder: PathBuf,
    /// The latest note that was signed.
    pub(super) note: Option<String>,
    /// Whether the log is in service.
    pub(super) hot: bool,
    /// Its end tells the log in service that the copy may go.
    _asked: Option<UnixStream>,
}

impl Held {
    /// Makes one: by the log in service where there is one, otherwise with the store held so that none begins meanwhile.
    pub(super) fn make(folder: &Folder) -> Result<Self, BackupError> {
        match UnixStream::connect(folder.socket()) {
            Ok(stream) => Self::ask(folder, stream),
            Err(_) => Self::of_stopped(folder),
        }
    }

    fn ask(folder: &Folder, stream: UnixStream) -> Result<Self, BackupError> {
        let failed = |why: String| BackupError::Server { why };
        let mut line = String::new();
        let mut reader = BufReader::new(&stream).take(ANSWER_BYTES_MAX);
        reader.read_line(&mut line).map_err(|error| failed(error.to_string()))?;
        match serde_json::from_str(&line) {
            Ok(Answer::Held { note }) => {
                Ok(Self { folder: folder.held(), note: Some(note), hot: true, _asked: Some(stream) })
            }
            Ok(Answer::Failed { why }) => Err(failed(why)),
            Err(error) => Err(failed(format!("it answered {line:?}: {error}"))),
        }
    }

    fn of_stopped(folder: &Folder) -> Result<Self, BackupError> {
        let held = folder.held();
        let store = RocksStore::open(&folder.store(), CACHE_BYTES)?;
        remove(&held).map_err(BackupError::io("cleared", &held))?;
        let note = Rows(&store).note()?;
        store.checkpoint(&held)?;
        Ok(Self { folder: held, note, hot: false, _asked: None })
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        // Of a log in service that is the log's to do.
        if !self.hot
            && let Err(error) = remove(&self.folder)
        {
            tracing::warn!(%error, folder = %self.folder.display(), "this copy could not be taken away again");
        }
    }
}

fn remove(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
