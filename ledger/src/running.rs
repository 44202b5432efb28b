//! Taking a log into service, and out of it again.

use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;

use schemas::kinds::Use;
use schemas::note::KeyName;
use thiserror::Error;
use verifier::registry::Registry;

use crate::anchor::Anchor;
use crate::clock::Clock;
use crate::desk;
use crate::in_force::InForce;
use crate::index;
use crate::log::{Log, LogKeys, Signers, checkpoint_keys, keep_note};
use crate::publish::begin::begin;
use crate::publish::gate::Gate;
use crate::publish::rounds::Publisher;
use crate::publish::shown::Shown;
use crate::publish::{Pending, Publication, PublicationError, WitnessRefusal, kept};
use crate::queue::QueueLimits;
use crate::recover::{self, Loaded, OpenError};
use crate::restored::{self, Resting};
use crate::scitt::ReceiptSigner;
use crate::sequencer::{self, Sequencer};
use crate::signer::{CheckpointSigner, SignError, StatementSigner};
use crate::store::rows::Rows;
use crate::store::{Store, StoreError};

/// A log with its sequencer's thread.
pub struct Running {
    log: Arc<Log>,
    desk: Vec<JoinHandle<()>>,
    sequencer: JoinHandle<()>,
    reindexer: JoinHandle<()>,
    publisher: Option<Publisher>,
}

/// Why a log cannot be taken into service.
#[derive(Debug, Error)]
pub enum StartError {
    /// It cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// A key file does not hold the log's key.
    #[error("the {usage} key at hand is {got}; the log's key in force is {expected}")]
    WrongKey {
        /// What the key signs.
        usage: Use,
        /// The public half at hand.
        got: String,
        /// The one that the log names.
        expected: String,
    },
    /// The head cannot be signed.
    #[error(transparent)]
    Sign(#[from] SignError),
    /// A thread cannot be started.
    #[error("a thread of the log cannot be started: {0}")]
    Thread(std::io::Error),
    /// The log cannot be published like this.
    #[error(transparent)]
    Publication(#[from] PublicationError),
    /// A witness knows of a later or another history.
    #[error(transparent)]
    Witness(#[from] WitnessRefusal),
}

impl From<StoreError> for StartError {
    fn from(error: StoreError) -> Self {
        Self::Open(error.into())
    }
}

impl Running {
    /// Opens the log in `store`, holds it against its anchor, and starts its sequencer. Every head is its checkpoint.
    pub fn start(
        store: Arc<dyn Store>,
        anchor: &Path,
        keys: LogKeys,
        clock: Box<dyn Clock>,
        limits: QueueLimits,
    ) -> Result<Self, StartError> {
        Self::start_published(store, anchor, keys, clock, limits, Publication::default())
    }

    /// The same for a log with a publication policy. Its witnesses are asked before anything is signed; where too few of
    /// them answer, the log is in service for readers, and signs once they have.
    pub fn start_published(
        store: Arc<dyn Store>,
        anchor: &Path,
        keys: LogKeys,
        clock: Box<dyn Clock>,
        limits: QueueLimits,
        publication: Publication,
    ) -> Result<Self, StartError> {
        let loaded = recover::load_whole(&*store)?;
        check_keys(&loaded.registry, loaded.view.head.size, &keys)?;
        publication.check(loaded.registry.genesis())?;
        let origin = loaded.origin.as_str();
        let earlier = keys.earlier.iter().filter(|(usage, _)| *usage == Use::Checkpoint);
        let earlier = earlier.map(|(_, key)| key.clone()).collect();
        let signer = CheckpointSigner::new(keys.checkpoint, origin)?.with_earlier(earlier);
        let own = checkpoint_keys(&loaded.registry, signer.verifier().name());
        let publication = Arc::new(publication);
        let restored = Rows(&*store).restored()?;
        let resting = match &restored {
            Some(restored) => restored::begin(&store, &loaded, restored, anchor, &own, &publication)?,
            None => None,
        };
        let signers = Signers {
            statements: InForce::new(Use::Statement, &keys.earlier, &keys.statement, |key| {
                StatementSigner::new(key, origin)
            })?,
            receipts: InForce::new(Use::Receipt, &keys.earlier, &keys.receipt, |key| {
                ReceiptSigner::new(key, origin)
            })?,
        };
        if let Some(resting) = resting {
            return Self::rest(store, loaded, resting, signers, limits);
        }
        let mut anchor = Anchor::open(anchor, loaded.log).map_err(OpenError::from)?;
        let loaded = recover::reconcile_whole(&*store, loaded, &mut anchor)?;
        if let Some(restored) = restored {
            Rows(&*store).set_restored(None)?;
            tracing::warn!(
                size = restored.head.size,
                "the restored log is reconciled: nothing later is known"
            );
        }
        let begun = begin(&store, &loaded.view, &signer, &own, &publication)?;
        let renewed = kept::time(&*store, &own)?;
        let shown = Shown::new(begun.published, begun.checkpoint, publication.needs_quorum());
        let pending = Pending::new(begun.gate.as_ref().map(Gate::reason));
        let view = loaded.view.clone();
        let (log, inbox, woken) = Log::new(store, loaded, shown, pending, signers, limits);
        let reindexer = index::start(Arc::clone(&log), woken).map_err(StartError::Thread)?;
        let desk = desk::start(&log).map_err(StartError::Thread)?;
        let mut sequencer = Sequencer::new(Arc::clone(&log), view, anchor, signer, clock, renewed);
        if begun.gate.is_none() {
            sequencer.open()?;
        }
        let sequencer = sequencer::start(sequencer, begun.gate, inbox).map_err(StartError::Thread)?;
        let publisher = Publisher::start(&log, &publication).map_err(StartError::Thread)?;
        Ok(Self { log, desk, sequencer, reindexer, publisher })
    }

    /// Takes a restored log into service for readers, without its private keys: whatever its anchor and its witnesses know,
    /// nothing is signed or appended before it was started with them. Nothing where the log was not restored.
    pub fn start_unsigned(
        store: Arc<dyn Store>,
        anchor: &Path,
        limits: QueueLimits,
        publication: &Publication,
    ) -> Result<Option<Self>, StartError> {
        let loaded = recover::load_whole(&*store)?;
        publication.check(loaded.registry.genesis())?;
        let Some(restored) = Rows(&*store).restored()? else { return Ok(None) };
        let name = KeyName::new(loaded.origin.as_str()).map_err(SignError::from)?;
        let own = checkpoint_keys(&loaded.registry, &name);
        let resting = restored::rest_unsigned(&*store, &loaded, &restored, anchor, &own, publication)?;
        let signers =
            Signers { statements: InForce::none(Use::Statement), receipts: InForce::none(Use::Receipt) };
        Self::rest(store, loaded, resting, signers, limits).map(Some)
    }

    /// Serves a restored log that is not reconciled: it is read, and nothing is signed or appended.
    fn rest(
        store: Arc<dyn Store>,
        loaded: Loaded,
        resting: Resting,
        signers: Signers,
        limits: QueueLimits,
    ) -> Result<Self, StartError> {
        tracing::warn!(reason = resting.reason, "the log is read, and nothing is signed or appended");
        let shown = Shown::new(resting.published, resting.checkpoint, true);
        let pending = Pending::not_reconciled(resting.reason);
        let (log, inbox, woken) = Log::new(store, loaded, shown, pending, signers, limits);
        let reindexer = index::start(Arc::clone(&log), woken).map_err(StartError::Thread)?;
        let desk = desk::start(&log).map_err(StartError::Thread)?;
        // Nothing is let in; what slipped in is dropped, and its sender told why.
        let idle = move || while inbox.recv().is_ok() {};
        let sequencer = std::thread::Builder::new().name("sequencer".into()).spawn(idle);
        let sequencer = sequencer.map_err(StartError::Thread)?;
        Ok(Self { log, desk, sequencer, reindexer, publisher: None })
    }

    /// The log.
    pub fn log(&self) -> &Arc<Log> {
        &self.log
    }

    /// Lets the sequencer finish what is waiting, and ends its thread. Nothing is accepted afterwards.
    pub fn stop(self) {
        if let Some(publisher) = self.publisher {
            publisher.stop();
        }
        self.log.queue().close();
        if self.sequencer.join().is_err() {
            tracing::error!("the sequencer's thread had panicked");
        }
        self.log.desk().close();
        if self.desk.into_iter().any(|hand| hand.join().is_err()) {
            tracing::error!("a thread that checks statements had panicked");
        }
        self.log.index().close();
        if self.reindexer.join().is_err() {
            tracing::error!("the thread that makes the index again had panicked");
        }
        if self.log.latch().reason().is_none()
            && let Err(error) = self.log.store().settle()
        {
            tracing::warn!(%error, "the latest part of the index could not be written; the next start makes it again");
        }
        if self.log.may_sign().is_ok()
            && let Err(error) = keep_note(self.log.store(), &self.log.note_to_keep())
        {
            tracing::warn!(%error, "the last note could not be kept; the next start signs it again");
        }
    }
}

/// The keys at hand are the newest that may sign for the log at `size`.
fn check_keys(registry: &Registry, size: u64, keys: &LogKeys) -> Result<(), StartError> {
    for (usage, key) in [
        (Use::Checkpoint, &keys.checkpoint),
        (Use::Statement, &keys.statement),
        (Use::Receipt, &keys.receipt),
    ] {
        let got = key.public();
        let in_force = registry.log_keys(usage, size);
        let expected = in_force.last().map(|key| *key.key.public());
        if expected != Some(got) {
            let expected = expected.map_or_else(|| "none".into(), |key| key.to_string());
            return Err(StartError::WrongKey { usage, got: got.to_string(), expected });
        }
    }
    Ok(())
}
