//! A log in service: what the sequencer, the checks before it and the readers share.

use std::sync::mpsc::Receiver;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use keyfile::SecretKey;
use schemas::ids::LogId;
use schemas::kinds::{Genesis, Use};
use schemas::note::{KeyName, Note, SignatureType, VerifierKey};
use schemas::text::Origin;
use schemas::time::Time;
use verifier::merkle::TileEdge;
use verifier::registry::Registry;

use crate::apply::View;
use crate::desk::Desk;
use crate::in_force::InForce;
use crate::index::Index;
use crate::latch::Latch;
use crate::nodes::NodeCache;
use crate::publish::shown::Shown;
use crate::publish::{NotSigning, Pending, PublishedCheckpoint, seconds};
use crate::queue::{Queue, QueueLimits, Submission};
use crate::read::Reader;
use crate::recover::Loaded;
pub use crate::running::{Running, StartError};
use crate::scitt::ReceiptSigner;
use crate::sequences::Sequences;
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
    /// Earlier keys that no entry has withdrawn yet, oldest first. Those for heads sign heads, too; of the others one signs
    /// where a later one was withdrawn.
    pub earlier: Vec<(Use, SecretKey)>,
}

/// What signs besides the sequencer.
pub(crate) struct Signers {
    pub(crate) statements: InForce<StatementSigner>,
    pub(crate) receipts: InForce<ReceiptSigner>,
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
    desk: Desk,
    queue: Queue,
    statements: InForce<StatementSigner>,
    receipts: InForce<ReceiptSigner>,
    nodes: NodeCache,
    sequences: Sequences,
    pending: Pending,
}

impl Log {
    /// A log to be shown, with what its threads take their work from.
    pub(crate) fn new(
        store: Arc<dyn Store>,
        loaded: Loaded,
        shown: Shown,
        pending: Pending,
        signers: Signers,
        limits: QueueLimits,
    ) -> (Arc<Self>, Receiver<Submission>, Receiver<()>) {
        let (queue, inbox) = Queue::new(limits);
        let (index, woken) = Index::new();
        metrics::gauge!("writ_latched").set(0.0);
        metrics::gauge!("writ_index_whole").set(1.0);
        metrics::gauge!("writ_tree_size").set(loaded.view.head.size as f64);
        let log = Self {
            id: loaded.log,
            genesis: loaded.registry.genesis().clone(),
            origin: loaded.origin,
            store,
            registry: RwLock::new(loaded.registry),
            shown,
            latch: Latch::default(),
            index,
            desk: Desk::default(),
            queue,
            statements: signers.statements,
            receipts: signers.receipts,
            nodes: NodeCache::default(),
            sequences: Sequences::default(),
            pending,
        };
        (Arc::new(log), inbox, woken)
    }

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

    /// Which numbers of emitters' sequences are taken.
    pub(crate) fn sequences(&self) -> &Sequences {
        &self.sequences
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

    /// Where statements are checked before they are queued, and proved once they are decided about.
    pub(crate) fn desk(&self) -> &Desk {
        &self.desk
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
    pub(crate) fn statements(&self) -> &InForce<StatementSigner> {
        &self.statements
    }

    /// Signs receipts.
    pub(crate) fn receipts(&self) -> &InForce<ReceiptSigner> {
        &self.receipts
    }

    /// The uses of which no key at hand may sign any more. Heads are not among them: without a key for those the log is
    /// latched.
    pub fn uses_without_key(&self) -> Vec<Use> {
        let registry = self.registry();
        let at_hand = [
            (Use::Statement, self.statements.is_at_hand(&registry)),
            (Use::Receipt, self.receipts.is_at_hand(&registry)),
        ];
        at_hand.into_iter().filter_map(|(usage, at_hand)| (!at_hand).then_some(usage)).collect()
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

/// Every checkpoint key that the log ever had, under the log's name.
pub(crate) fn checkpoint_keys(registry: &Registry, name: &KeyName) -> Vec<VerifierKey> {
    let keys = registry.keys().filter(|(_, key)| key.usage == Some(Use::Checkpoint));
    let vkey = |public| VerifierKey::new(name.clone(), SignatureType::Ed25519, public);
    keys.map(|(_, key)| vkey(*key.key.public())).collect()
}
