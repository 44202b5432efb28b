//! The log under test: the real store in a folder, its anchor beside it, taken into service and out of it in every way.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use std::{fs, io};

use ledger::anchor::Slots;
use ledger::backup::Listener;
use ledger::birth::HEARTBEAT;
use ledger::folder::Folder;
use ledger::log::{Running, StartError};
use ledger::queue::QueueLimits;
use ledger::store::rocks::RocksStore;
use ledger::submit::{Answer, Unavailable, submit};
use schemas::trust::TrustPolicy;
use tempfile::TempDir;

use crate::drafts::Drafts;
use crate::harness::{Born, HandClock, START, born, log_keys};
use crate::machine::cast::Cast;
use crate::machine::dying::{Dying, Written};

/// Memory for the store's cache, in bytes.
const CACHE_BYTES: usize = 4 * 1024 * 1024;

/// Bytes of an anchor's slot that say something (`USED_BYTES` in the anchor), and the distance between the two.
const SLOT_USED: usize = 160;
const SLOT_BYTES: usize = 4_096;

pub(crate) struct Subject {
    root: TempDir,
    /// Folders are numbered: what comes after a kill or from a backup is a new one.
    number: u32,
    service: Option<Service>,
    pub(crate) trust: TrustPolicy,
    pub(crate) clock: HandClock,
    runtime: tokio::runtime::Runtime,
}

/// A log in service.
struct Service {
    running: Running,
    store: Arc<Dying>,
    rocks: Arc<RocksStore>,
    _listener: Listener,
}

impl Subject {
    /// A new log in service, who may speak in it, and its genesis.
    pub(crate) fn new() -> (Self, Cast, Vec<u8>) {
        let root = tempfile::tempdir().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let clock = HandClock(Arc::new(AtomicU64::new(START)));
        let folder = root.path().join("log-0");
        fs::create_dir(&folder).unwrap();
        let store = RocksStore::create(&Folder::new(&folder).store()).unwrap();
        let anchor = Folder::new(&folder).default_anchor();
        let Born { log, trust, registrar, genesis } = born(&store, &anchor, HEARTBEAT);
        drop(store);
        let mut subject = Self { root, number: 0, service: None, trust, clock, runtime };
        subject.start().unwrap();
        (subject, Cast::new(registrar, Drafts(log)), genesis)
    }

    pub(crate) fn folder(&self) -> Folder {
        Folder::new(&self.path(&format!("log-{}", self.number)))
    }

    pub(crate) fn anchor(&self) -> PathBuf {
        self.folder().default_anchor()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    pub(crate) fn running(&self) -> &Running {
        &self.service.as_ref().expect("a log in service").running
    }

    pub(crate) fn rocks(&self) -> &RocksStore {
        &self.service.as_ref().expect("a log in service").rocks
    }

    pub(crate) fn now(&self) -> u64 {
        self.clock.0.load(Ordering::SeqCst)
    }

    /// The store while the log is stopped.
    pub(crate) fn stopped(&self) -> RocksStore {
        RocksStore::open(&self.folder().store(), CACHE_BYTES).unwrap()
    }

    pub(crate) fn start(&mut self) -> Result<(), StartError> {
        let folder = self.folder();
        let rocks = Arc::new(RocksStore::open(&folder.store(), CACHE_BYTES)?);
        let store = Arc::new(Dying::new(Arc::clone(&rocks), folder.store()));
        let clock = Box::new(self.clock.clone());
        let limits = QueueLimits::default();
        let running = Running::start(Arc::clone(&store) as _, &self.anchor(), log_keys(), clock, limits)?;
        let listener = Listener::start(&folder, &rocks, running.log()).unwrap();
        self.service = Some(Service { running, store, rocks, _listener: listener });
        Ok(())
    }

    pub(crate) fn stop(&mut self) {
        let Service { running, store, rocks, _listener } = self.service.take().unwrap();
        drop(_listener);
        running.stop();
        drop(store);
        // The thread that answers backups may hold it for a moment.
        let mut rocks = Some(rocks);
        while let Some(held) = rocks.take() {
            rocks = Arc::try_unwrap(held).err();
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    pub(crate) fn submit(&self, statements: Vec<Vec<u8>>) -> Result<Answer, Unavailable> {
        let log = Arc::clone(self.running().log());
        self.runtime.block_on(submit(log, statements))
    }

    /// Ends the log as a kill would, with what its files held at that moment, and takes that into service.
    pub(crate) fn kill(&mut self) {
        self.leave_behind();
        self.start().unwrap();
    }

    /// Kills the log while it writes this group: so many thousandths of that are in the file. Whether all of it is.
    pub(crate) fn kill_at(&mut self, group: Vec<Vec<u8>>, thousandths: u64, torn: bool) -> Option<bool> {
        self.service.as_ref().unwrap().store.die_at_the_next_group();
        let answer = self.submit(group);
        let written: Option<Written> = self.service.as_ref().unwrap().store.written();
        assert_eq!(answer.is_err(), written.is_some(), "{answer:?}");
        self.leave_behind();
        if torn {
            self.tear_anchor();
        }
        let whole = written.map(|written| written.cut(&self.folder().store(), thousandths));
        self.start().unwrap();
        whole
    }

    /// Goes on in a copy of folder and anchor as they are now. The log in service ends in the folder that is left.
    fn leave_behind(&mut self) {
        let (folder, anchor) = (self.folder(), self.anchor());
        self.number += 1;
        // The store's own threads may still be taking away files that it does not need.
        loop {
            let before = files(folder.root());
            let copied = copy_folder(folder.root(), self.folder().root());
            if copied.is_ok() && files(folder.root()) == before {
                break;
            }
            fs::remove_dir_all(self.folder().root()).unwrap();
        }
        fs::copy(&anchor, self.anchor()).unwrap();
        self.stop();
        fs::remove_dir_all(folder.root()).unwrap();
    }

    /// The slot that is written next is half of what was there and half of something else.
    fn tear_anchor(&self) {
        let anchor = self.anchor();
        let slots = Slots::read(&anchor).unwrap();
        let latest = slots.latest();
        let older = slots.0.iter().position(|slot| *slot != latest).unwrap();
        let mut bytes = fs::read(&anchor).unwrap();
        bytes[older * SLOT_BYTES + SLOT_USED / 2..older * SLOT_BYTES + SLOT_USED].fill(0x5a);
        fs::write(&anchor, bytes).unwrap();
    }

    /// Goes on in a folder that is not there yet; for whoever makes it.
    pub(crate) fn move_on(&mut self) -> (Folder, PathBuf) {
        let left = (self.folder(), self.anchor());
        self.number += 1;
        left
    }

    /// Back to the folder before.
    pub(crate) fn move_back(&mut self) {
        self.number -= 1;
    }
}

/// Every file with its length, as far as they can be told.
fn files(folder: &Path) -> Vec<(PathBuf, u64)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        match entry.metadata() {
            Ok(data) if data.is_dir() => found.extend(files(&entry.path())),
            Ok(data) => found.push((entry.path(), data.len())),
            Err(_) => {}
        }
    }
    found.sort();
    found
}

/// Copies a folder as a kill leaves it: whatever was written, synced or not. Sockets are not kept.
pub(crate) fn copy_folder(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (kind, to) = (entry.file_type()?, to.join(entry.file_name()));
        if kind.is_dir() {
            copy_folder(&entry.path(), &to)?;
        } else if kind.is_file() {
            fs::copy(entry.path(), to)?;
        }
    }
    Ok(())
}
