//! A log in service: what the sequencer, the checks before it and the readers share.

use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::thread::JoinHandle;

use keyfile::SecretKey;
use schemas::ids::LogId;
use schemas::kinds::{Genesis, Use};
use schemas::note::{Note, SignatureType, VerifierKey};
use schemas::text::Origin;
use schemas::time::Time;
use thiserror::Error;
use verifier::merkle::TileEdge;
use verifier::registry::Registry;

use crate::anchor::Anchor;
use crate::apply::View;
use crate::clock::Clock;
use crate::index::{self, Index};
use crate::latch::Latch;
use crate::nodes::NodeCache;
use crate::publish::begin::begin;
use crate::publish::gate::Gate;
use crate::publish::rounds::Publisher;
use crate::publish::shown::Shown;
use crate::publish::{
    NotSigning, Pending, Publication, PublicationError, PublishedCheckpoint, WitnessRefusal, kept, seconds,
};
use crate::queue::{Queue, QueueLimits};
use crate::read::Reader;
use crate::recover::{self, OpenError};
use crate::scitt::ReceiptSigner;
use crate::sequencer::{self, Sequencer};
use crate::signer::{CheckpointSigner, SignError, StatementSigner};
use crate::store::rows::{Head, NOTE_KEY};
use crate::store::{Batch, Column, Store, StoreError};

/// A head that is durable, anchored and signed. Nothing newer is ever shown.
#[derive(Clone, Debug)]
pub struct Published {
    /// The head.
    pub head: Head,
    /// Its signed note.
    pub note: Arc<str>,
    /// The right edge of its tree.
    pub edge: Arc<TileEdge>,
}

/// The private keys of a log. Wiped from memory when dropped.
#[derive(Clone, Debug)]
pub struct LogKeys {
    /// Signs heads: the newest of those in force.
    pub checkpoint: SecretKey,
    /// Signs the log's own statements.
    pub statement: SecretKey,
    /// Signs COSE receipts.
    pub receipt: SecretKey,
    /// Earlier checkpoint keys that no entry has withdrawn yet: they sign heads, too.
    pub earlier: Vec<SecretKey>,
}

/// A log in service. Dropping the last handle does not stop it; [`Running::stop`] does.
pub struct Log {
    id: LogId,
    origin: Origin,
    genesis: Genesis,
    store: Arc<dyn Store>,
    registry: RwLock<Registry>,
    shown: Shown,
    latch: Latch,
    index: Index,
    queue: Queue,
    statements: StatementSigner,
    receipts: ReceiptSigner,
    nodes: NodeCache,
    pending: Pending,
}

/// A log with its sequencer's thread.
pub struct Running {
    log: Arc<Log>,
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
        let mut anchor = Anchor::open(anchor, loaded.log).map_err(OpenError::from)?;
        let loaded = recover::reconcile_whole(&*store, loaded, &mut anchor)?;
        let signer =
            CheckpointSigner::new(keys.checkpoint, loaded.origin.as_str())?.with_earlier(keys.earlier);
        let own = checkpoint_keys(&loaded.registry, signer.verifier());
        let publication = Arc::new(publication);
        let begun = begin(&store, &loaded.view, &signer, &own, &publication)?;
        let renewed = kept::time(&*store, &own)?;
        let genesis = loaded.registry.genesis().clone();
        let (queue, inbox) = Queue::new(limits);
        let (index, woken) = Index::new();
        let log = Arc::new(Log {
            id: loaded.log,
            statements: StatementSigner::new(keys.statement, loaded.origin.as_str())?,
            receipts: ReceiptSigner::new(keys.receipt, loaded.origin.as_str())?,
            origin: loaded.origin,
            store,
            registry: RwLock::new(loaded.registry),
            shown: Shown::new(begun.published, begun.checkpoint, publication.needs_quorum()),
            latch: Latch::default(),
            index,
            queue,
            genesis,
            nodes: NodeCache::default(),
            pending: Pending::new(begun.gate.as_ref().map(Gate::reason)),
        });
        metrics::gauge!("writ_latched").set(0.0);
        metrics::gauge!("writ_index_whole").set(1.0);
        let reindexer = index::start(Arc::clone(&log), woken).map_err(StartError::Thread)?;
        metrics::gauge!("writ_tree_size").set(loaded.view.head.size as f64);
        let mut sequencer = Sequencer::new(Arc::clone(&log), loaded.view, anchor, signer, clock, renewed);
        if begun.gate.is_none() {
            sequencer.open()?;
        }
        let sequencer = sequencer::start(sequencer, begun.gate, inbox).map_err(StartError::Thread)?;
        let publisher = Publisher::start(&log, &publication).map_err(StartError::Thread)?;
        Ok(Self { log, sequencer, reindexer, publisher })
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
        self.log.queue.close();
        if self.sequencer.join().is_err() {
            tracing::error!("the sequencer's thread had panicked");
        }
        self.log.index.close();
        if self.reindexer.join().is_err() {
            tracing::error!("the thread that makes the index again had panicked");
        }
        if self.log.may_sign().is_ok()
            && let Err(error) = keep_note(&*self.log.store, &self.log.note_to_keep())
        {
            tracing::warn!(%error, "the last note could not be kept; the next start signs it again");
        }
    }
}

impl Log {
    /// The log's id.
    pub fn id(&self) -> LogId {
        self.id
    }

    /// The log's name.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The log's genesis.
    pub fn genesis(&self) -> &Genesis {
        &self.genesis
    }

    /// Whether anything may be signed at this moment.
    pub fn may_sign(&self) -> Result<(), NotSigning> {
        match self.latch.reason() {
            Some(reason) => Err(NotSigning::Latched(reason.to_owned())),
            None => self.pending.check(),
        }
    }

    /// What still has to come from the witnesses before the log signs.
    pub fn pending(&self) -> &Pending {
        &self.pending
    }

    /// The latest published head.
    pub fn published(&self) -> Arc<Published> {
        self.shown.head()
    }

    /// The latest checkpoint; nothing where none has met the policy.
    pub fn checkpoint(&self) -> Option<Arc<PublishedCheckpoint>> {
        self.shown.checkpoint()
    }

    /// The tree's nodes that were used lately.
    pub(crate) fn nodes(&self) -> &NodeCache {
        &self.nodes
    }

    /// A view of the log that stays at the latest published head.
    pub fn reader(&self) -> Reader<'_> {
        Reader::new(self, self.published())
    }

    /// A view of the log that stays at the latest checkpoint: for what outsiders check under it.
    pub fn checkpoint_reader(&self) -> Option<Reader<'_>> {
        let checkpoint = self.checkpoint()?;
        Some(Reader::new(self, Arc::clone(&checkpoint.at)))
    }

    /// The latch.
    pub fn latch(&self) -> &Latch {
        &self.latch
    }

    /// Whether the index can be believed.
    pub fn index(&self) -> &Index {
        &self.index
    }

    /// The queue before the sequencer.
    pub fn queue(&self) -> &Queue {
        &self.queue
    }

    /// The keys, as of the group that is being appended.
    pub fn registry(&self) -> RwLockReadGuard<'_, Registry> {
        self.registry.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// For the sequencer alone: to take in a change of keys.
    pub(crate) fn registry_mut(&self) -> RwLockWriteGuard<'_, Registry> {
        self.registry.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// For those who sign and publish alone: what is shown.
    pub(crate) fn shown(&self) -> &Shown {
        &self.shown
    }

    /// The latest note that was signed.
    pub(crate) fn note_to_keep(&self) -> Arc<str> {
        let renewed = self.shown.renewed();
        renewed.map_or_else(|| Arc::clone(&self.published().note), |renewed| Arc::clone(&renewed.at.note))
    }

    /// The rows.
    pub(crate) fn store(&self) -> &dyn Store {
        &*self.store
    }

    /// Signs the log's own statements.
    pub(crate) fn statements(&self) -> &StatementSigner {
        &self.statements
    }

    /// Signs receipts.
    pub(crate) fn receipts(&self) -> &ReceiptSigner {
        &self.receipts
    }
}

/// Signs a head. To be called only once it is durable and anchored.
pub(crate) fn publish(signer: &CheckpointSigner, view: &View) -> Result<Published, SignError> {
    let head = view.head;
    let note = signer.sign(head.size, head.root)?;
    Ok(Published { head, note: note.to_string().into(), edge: Arc::clone(&view.edge) })
}

/// Signs the time at which a published head was the latest.
pub(crate) fn renew(
    signer: &CheckpointSigner,
    published: &Published,
    time: Time,
) -> Result<PublishedCheckpoint, SignError> {
    let time = seconds(time);
    let note = signer.renew(&Note::parse(published.note.as_bytes())?, time)?.to_string().into();
    let at = Arc::new(Published { note, ..published.clone() });
    Ok(PublishedCheckpoint { at, time, cosigned: Vec::new() })
}

/// Keeps the latest note, so that the next start knows what was signed and `writd fsck` has a signature to check.
pub(crate) fn keep_note(store: &dyn Store, note: &str) -> Result<(), StoreError> {
    let mut batch = Batch::default();
    batch.put(Column::Meta, NOTE_KEY, note.as_bytes());
    store.commit(&batch)
}

/// Every checkpoint key that the log ever had, under the name of the newest.
fn checkpoint_keys(registry: &Registry, newest: &VerifierKey) -> Vec<VerifierKey> {
    let keys = registry.keys().filter(|(_, key)| key.usage == Some(Use::Checkpoint));
    let vkey = |public| VerifierKey::new(newest.name().clone(), SignatureType::Ed25519, public);
    keys.map(|(_, key)| vkey(*key.key.public())).collect()
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
