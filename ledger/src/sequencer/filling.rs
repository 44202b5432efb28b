//! Gives a group's rows to the index on a thread of its own, while the sequencer waits for the anchor.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use crate::apply::WriteSet;
use crate::log::Log;
use crate::store::StoreError;

/// The thread, which has one group at a time.
pub(super) struct Filling {
    groups: Option<SyncSender<Arc<WriteSet>>>,
    filled: Receiver<Result<(), StoreError>>,
    thread: Option<JoinHandle<()>>,
}

impl Filling {
    pub(super) fn start(log: &Arc<Log>) -> std::io::Result<Self> {
        let (groups, take) = sync_channel::<Arc<WriteSet>>(1);
        let (give, filled) = sync_channel(1);
        let log = Arc::clone(log);
        let fill = move || {
            // Where nobody waits for it any more, the sequencer has stopped.
            while let Ok(writes) = take.recv() {
                let _ = give.send(log.store().fill(&writes.index_rows()));
            }
        };
        let thread = std::thread::Builder::new().name("filling".into()).spawn(fill)?;
        Ok(Self { groups: Some(groups), filled, thread: Some(thread) })
    }

    /// Begins with a group that is durable.
    pub(super) fn begin(&self, writes: &Arc<WriteSet>) {
        if let Some(groups) = &self.groups {
            // Where the thread has panicked, waiting for it says so.
            let _ = groups.send(Arc::clone(writes));
        }
    }

    /// Returns once the index has its rows.
    pub(super) fn wait(&self) -> Result<(), StoreError> {
        let panicked = |_| StoreError::Io {
            action: "give rows to the index",
            detail: "the thread that does so panicked".into(),
        };
        self.filled.recv().map_err(panicked)?
    }
}

impl Drop for Filling {
    fn drop(&mut self) {
        self.groups.take();
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the thread that gives rows to the index had panicked");
        }
    }
}
