//! The witness in service: decides, remembers, and only then answers.

use std::collections::BTreeMap;
use std::sync::{Mutex, OnceLock};

use schemas::checkpoint::Origin;
use schemas::note::{NoteSignature, VerifierKey};
use thiserror::Error;

use crate::cosigner::Cosigner;
use crate::decide::{Authentic, Latest, Refusal, authenticate, decide};
use crate::folder::{Folder, FolderError, Lock};
use crate::request::Request;
use crate::state::{States, origin_hash};

/// Largest time a cosignature may carry, in seconds since the epoch (C2SP tlog-cosignature, Format).
const TIME_MAX: u64 = (1 << 63) - 1;

/// A witness that holds its folder.
pub struct Witness {
    cosigner: Cosigner,
    /// By the hash of their origin.
    logs: BTreeMap<String, Log>,
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
    keys: Vec<VerifierKey>,
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
        let policy = folder.read_logs()?;
        let states = folder.states();
        let mut logs: BTreeMap<String, Log> = BTreeMap::new();
        for key in policy.logs().iter().map(|log| &log.key) {
            let origin = Origin::new(key.name().as_str())
                .map_err(|error| FolderError::Key { path: folder.logs(), error: error.into() })?;
            let hash = origin_hash(&origin);
            if let Some(log) = logs.get_mut(&hash) {
                log.keys.push(key.clone());
                continue;
            }
            let latest = states.read(&origin, cosigner.key()).map_err(FolderError::from)?;
            note_size(&origin, latest.as_ref());
            logs.insert(hash, Log { origin, keys: vec![key.clone()], latest: Mutex::new(latest) });
        }
        Ok(Self { cosigner, logs, states, now, latch: OnceLock::new(), _held: held })
    }

    /// The witness's public key with its name.
    pub fn key(&self) -> &VerifierKey {
        self.cosigner.key()
    }

    /// How many logs are followed.
    pub fn follows(&self) -> usize {
        self.logs.len()
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
        let latest = self.logs.get(hash)?.latest.lock().ok()?;
        latest.as_ref().map(|latest| latest.note.to_string())
    }

    fn submit(&self, request: &Request) -> Answer {
        let unknown = || Refusal::UnknownOrigin { origin: request.origin.to_string() };
        let Some(log) = self.logs.get(&origin_hash(&request.origin)) else {
            return Answer::Refused(unknown());
        };
        let authentic = match authenticate(request, &log.keys) {
            Ok(authentic) => authentic,
            Err(refusal) => return Answer::Refused(refusal),
        };
        let answer = self.update(log, &authentic);
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
        write!(f, "Witness({} logs, {})", self.logs.len(), self.cosigner.key())
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
