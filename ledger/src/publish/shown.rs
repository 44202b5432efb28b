//! What the log shows of itself at this moment: its head, the head with a time below, and the checkpoint.

use std::sync::{Arc, PoisonError, RwLock};

use schemas::time::{Millis, Time};
use tokio::sync::watch;

use super::moment;
use crate::log::Published;

/// A head that says at what time it was the latest.
#[derive(Clone, Debug)]
pub struct PublishedCheckpoint {
    /// The head. Its note carries the log's time line, and the cosignatures where there are any.
    pub at: Arc<Published>,
    /// When it was the latest, in seconds since the epoch.
    pub time: u64,
    /// The witnesses that cosigned, by the names that the trust file gives them.
    pub cosigned: Vec<String>,
}

impl PublishedCheckpoint {
    /// How long ago it was renewed.
    pub fn age(&self, now: Time) -> Millis {
        now.since(moment(self.time))
    }
}

/// The three, which change together.
#[derive(Debug)]
pub(crate) struct Shown {
    state: RwLock<State>,
    /// Size of the latest head, for those who wait for the next.
    sizes: watch::Sender<u64>,
    /// Whether a head is the checkpoint only once witnesses have cosigned it.
    needs_quorum: bool,
}

#[derive(Clone, Debug)]
struct State {
    head: Arc<Published>,
    renewed: Option<Arc<PublishedCheckpoint>>,
    checkpoint: Option<Arc<PublishedCheckpoint>>,
}

impl Shown {
    /// Shows a head, and the checkpoint that was kept.
    pub(crate) fn new(
        head: Arc<Published>,
        checkpoint: Option<Arc<PublishedCheckpoint>>,
        needs_quorum: bool,
    ) -> Self {
        let sizes = watch::Sender::new(head.head.size);
        Self { sizes, state: RwLock::new(State { head, renewed: None, checkpoint }), needs_quorum }
    }

    /// The latest head.
    pub(crate) fn head(&self) -> Arc<Published> {
        self.read(|state| Arc::clone(&state.head))
    }

    /// The latest head with its time; nothing before the first was signed.
    pub(crate) fn renewed(&self) -> Option<Arc<PublishedCheckpoint>> {
        self.read(|state| state.renewed.clone())
    }

    /// The latest checkpoint; nothing where none has met the policy.
    pub(crate) fn checkpoint(&self) -> Option<Arc<PublishedCheckpoint>> {
        self.read(|state| state.checkpoint.clone())
    }

    /// Sizes of the heads from now on.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.sizes.subscribe()
    }

    /// Shows a head that has no time yet.
    pub(crate) fn set_head(&self, head: Arc<Published>) {
        let size = head.head.size;
        self.write(|state| state.head = head);
        self.sizes.send_replace(size);
    }

    /// Shows a checkpoint that met the policy, unless a later one is shown already.
    pub(crate) fn publish(&self, checkpoint: Arc<PublishedCheckpoint>) {
        let place = |checkpoint: &PublishedCheckpoint| (checkpoint.at.head.size, checkpoint.time);
        self.write(|state| {
            let shown = state.checkpoint.as_deref().map(place);
            if shown.is_none_or(|shown| shown <= place(&checkpoint)) {
                state.checkpoint = Some(checkpoint);
            }
        });
    }

    /// Shows a head and its time, or the same head's later time. Where no witness is asked for, it is the checkpoint too.
    pub(crate) fn renew(&self, head: Arc<Published>, renewed: Arc<PublishedCheckpoint>) {
        let size = head.head.size;
        self.write(|state| {
            state.head = head;
            if !self.needs_quorum {
                state.checkpoint = Some(Arc::clone(&renewed));
            }
            state.renewed = Some(renewed);
        });
        self.sizes.send_if_modified(|shown| std::mem::replace(shown, size) != size);
    }

    fn write(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state.write().unwrap_or_else(PoisonError::into_inner));
    }

    fn read<T>(&self, part: impl FnOnce(&State) -> T) -> T {
        part(&self.state.read().unwrap_or_else(PoisonError::into_inner))
    }
}
