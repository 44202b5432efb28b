//! The witness in service: decides, remembers, and only then answers.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};

use schemas::checkpoint::Origin;
use schemas::note::{NoteSignature, VerifierKey};
use thiserror::Error;

use crate::cosigner::Cosigner;
use crate::decide::{Authentic, Latest, Refusal, authenticate, decide};
use crate::folder::{Edition, Folder, FolderError, Lock};
use crate::request::Request;
use crate::state::{States, origin_hash};

/// Largest time a cosignature may carry, in seconds since the epoch (C2SP tlog-cosignature, Format).
const TIME_MAX: u64 = (1 << 63) - 1;

/// A witness that holds its folder.
pub struct Witness {
    cosigner: Cosigner,
    folder: Folder,
    /// By the hash of their origin. What was once followed stays here, with its state, as long as the program runs: one state
    /// is never held twice.
    logs: RwLock<BTreeMap<String, Arc<Log>>>,
    /// The edition of the list of logs that was looked at last.
    edition: Mutex<Edition>,
    states: States,
    /// Seconds since the epoch.
    now: fn() -> u64,
    /// Unset until the first failure to remember; then why.
    latch: OnceLock<String>,
    _held: Lock,
}

/// A log that is followed. Each has a lock of its own: logs do not wait for each other.
struct Log {
    origin: Origin,
    /// None where it is followed no more.
    keys: RwLock<Vec<VerifierKey>>,
    latest: Mutex<Option<Latest>>,
}

/// What became of a submitted checkpoint.
#[derive(Debug)]
pub enum Answer {
    /// It was remembered and cosigned: this line is the cosignature.
    Cosigned(NoteSignature),
    /// It is not cosigned.
    Refused(Refusal),
    /// The witness could not remember something and signs nothing until it was started again.
    Latched,
}

impl Witness {
    /// Takes the witness in `folder` into service, with its key and a clock that gives seconds since the epoch.
    ///
    /// Every log that is followed must have its state: none is begun anew here.
    pub fn open(folder: &Folder, cosigner: Cosigner, now: fn() -> u64) -> Result<Self, OpenError> {
        let held = folder.lock()?;
        let expected = folder.read_key()?;
        if *cosigner.key() != expected {
            return Err(OpenError::OtherKey {
                got: cosigner.key().to_string(),
                expected: expected.to_string(),
            });
        }
        let witness = Self {
            cosigner,
            logs: RwLock::default(),
            edition: Mutex::new(folder.list_edition()?),
            states: folder.states(),
            folder: folder.clone(),
            now,
            latch: OnceLock::new(),
            _held: held,
        };
        witness.take_up_list()?;
        Ok(witness)
    }

    /// Takes up the list of logs as it is now, where it was changed since it was looked at last; whether it was. A list that
    /// cannot be taken up changes nothing.
    pub fn reread(&self) -> Result<bool, FolderError> {
        // Looked at before it is read: what changes in between is another edition.
        let edition = self.folder.list_edition()?;
        let mut seen = self.edition.lock().unwrap_or_else(PoisonError::into_inner);
        if *seen == edition {
            return Ok(false);
        }
        self.take_up_list()?;
        *seen = edition;
        Ok(true)
    }

    /// Follows the logs of the list, with the keys that it has for each, and no others. Every log must have its state.
    fn take_up_list(&self) -> Result<(), FolderError> {
        let policy = self.folder.read_logs()?;
        let mut listed: BTreeMap<String, (Origin, Vec<VerifierKey>)> = BTreeMap::new();
        for key in policy.logs().iter().map(|log| &log.key) {
            let origin = Origin::new(key.name().as_str())
                .map_err(|error| FolderError::Key { path: self.folder.logs(), error: error.into() })?;
            let of_log = listed.entry(origin_hash(&origin)).or_insert_with(|| (origin, Vec::new()));
            of_log.1.push(key.clone());
        }
        let mut logs = self.logs.write().unwrap_or_else(PoisonError::into_inner);
        // First whatever may fail.
        let mut new = BTreeMap::new();
        for (hash, (origin, _)) in listed.iter().filter(|(hash, _)| !logs.contains_key(*hash)) {
            let latest = Mutex::new(self.states.read(origin, self.cosigner.key())?);
            let (origin, keys) = (origin.clone(), RwLock::default());
            new.insert(hash.clone(), Arc::new(Log { origin, keys, latest }));
        }
        for log in new.values() {
            note_size(&log.origin, log.latest.lock().ok().as_deref().and_then(Option::as_ref));
        }
        logs.append(&mut new);
        for (hash, log) in logs.iter() {
            let keys = listed.remove(hash).map(|(_, keys)| keys).unwrap_or_default();
            *log.keys.write().unwrap_or_else(PoisonError::into_inner) = keys;
        }
        drop(logs);
        metrics::gauge!("writ_witness_logs").set(self.follows() as f64);
        Ok(())
    }

    /// The witness's public key with its name.
    pub fn key(&self) -> &VerifierKey {
        self.cosigner.key()
    }

    /// How many logs are followed.
    pub fn follows(&self) -> usize {
        self.logs
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .values()
            .filter(|log| log.is_followed())
            .count()
    }

    fn log(&self, hash: &str) -> Option<Arc<Log>> {
        self.logs.read().unwrap_or_else(PoisonError::into_inner).get(hash).cloned()
    }

    /// Why the witness signs nothing any more.
    pub fn latched(&self) -> Option<&str> {
        self.latch.get().map(String::as_str)
    }

    /// Answers one `add-checkpoint`. Waits for the disk, and for earlier requests about the same log.
    pub fn add_checkpoint(&self, body: &[u8]) -> Answer {
        if self.latched().is_some() {
            return Answer::Latched;
        }
        let submitted = Request::parse(body).map_err(Refusal::from);
        let answer = match &submitted {
            Ok(request) => self.submit(request),
            Err(refusal) => Answer::Refused(refusal.clone()),
        };
        match &answer {
            Answer::Cosigned(_) => metrics::counter!("writ_witness_cosigned_total").increment(1),
            Answer::Refused(refusal) => {
                metrics::counter!("writ_witness_refused_total", "code" => refusal.code()).increment(1);
            }
            Answer::Latched => {}
        }
        answer
    }

    /// The latest cosigned checkpoint of the log whose origin has this hash, under its signature and the witness's own.
    pub fn checkpoint(&self, hash: &str) -> Option<String> {
        let log = self.log(hash)?;
        let latest = log.latest.lock().ok()?;
        latest.as_ref().map(|latest| latest.note.to_string())
    }

    fn submit(&self, request: &Request) -> Answer {
        let unknown = || Refusal::UnknownOrigin { origin: request.origin.to_string() };
        let Some(log) = self.log(&origin_hash(&request.origin)).filter(|log| log.is_followed()) else {
            return Answer::Refused(unknown());
        };
        let authentic = match authenticate(request, &log.keys()) {
            Ok(authentic) => authentic,
            Err(refusal) => return Answer::Refused(refusal),
        };
        let answer = self.update(&log, &authentic);
        if let Answer::Refused(refusal) = &answer
            && refusal.is_suspect()
        {
            let note = authentic.note().to_string();
            tracing::warn!(origin = %log.origin, code = refusal.code(), %refusal, note, "the log has signed what does not fit");
        }
        answer
    }

    /// Checks against the latest checkpoint, makes the new one the latest, and lets go of the signature: in one piece, so that
    /// of two requests at once one finds the other's outcome.
    fn update(&self, log: &Log, authentic: &Authentic<'_>) -> Answer {
        let Ok(mut latest) = log.latest.lock() else {
            return self.fail("a request ended in a fault of the program".to_owned());
        };
        // Whoever failed meanwhile may have left behind another state than the one in memory.
        if self.latched().is_some() {
            return Answer::Latched;
        }
        if let Err(refusal) = decide(latest.as_ref(), authentic) {
            return Answer::Refused(refusal);
        }
        let request = authentic.request();
        // A clock that went back must not make the cosignature older than the one before.
        let time = (self.now)().max(latest.as_ref().map_or(0, |latest| latest.time)).min(TIME_MAX);
        let (note, line) = match self.cosigner.cosign(authentic.note(), time) {
            Ok(cosigned) => cosigned,
            Err(error) => return Answer::Refused(Refusal::Form(error.into())),
        };
        let next = Latest { size: request.size, root: request.root, time, note };
        // If this fails, the state on the disk may be the old one or the new one: nothing is signed on top of either.
        if let Err(error) = self.states.write(&log.origin, &next) {
            return self.fail(error.to_string());
        }
        note_size(&log.origin, Some(&next));
        *latest = Some(next);
        Answer::Cosigned(line)
    }

    fn fail(&self, reason: String) -> Answer {
        tracing::error!(reason, "the witness is latched: nothing is signed until it is started again");
        // Losing the race to another reason is fine: the witness is stopped either way.
        self.latch.get_or_init(|| reason);
        metrics::gauge!("writ_latched").set(1.0);
        Answer::Latched
    }
}

impl std::fmt::Debug for Witness {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Witness({} logs, {})", self.follows(), self.cosigner.key())
    }
}

impl Log {
    fn keys(&self) -> Vec<VerifierKey> {
        self.keys.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn is_followed(&self) -> bool {
        !self.keys().is_empty()
    }
}

/// Shows how far a log was cosigned. Beyond 2^53 the gauge is rounded.
fn note_size(origin: &Origin, latest: Option<&Latest>) {
    let size = latest.map_or(0, |latest| latest.size) as f64;
    metrics::gauge!("writ_witness_size", "origin" => origin.to_string()).set(size);
}

/// Why a witness does not start.
#[derive(Debug, Error)]
pub enum OpenError {
    /// The folder is not in order.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// The secret key is not the one that the witness was made with.
    #[error("the witness's secret key is that of {got}, expected {expected}")]
    OtherKey {
        /// The key at hand, with the witness's name.
        got: String,
        /// The key that the witness was made with.
        expected: String,
    },
}

impl OpenError {
    /// Stable name of the error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Folder(error) => error.code(),
            Self::OtherKey { .. } => "witness-other-key",
        }
    }
}
