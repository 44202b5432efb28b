//! What need not be done by the sequencer itself, on a thread of its own: the index gets a group's rows while the anchor is synced, and
//! what became of a group is said while the next one is begun.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use crate::apply::WriteSet;
use crate::log::Log;
use crate::outcome::Decided;
use crate::queue::Answering;
use crate::store::StoreError;

/// Pieces of work that may wait: the answers of one group, and the rows of the next.
const WAITING: usize = 2;

/// What became of submissions, for those who wait for it.
pub(super) type Answers = Vec<(Answering, Decided)>;

/// One piece of work.
enum Work {
    Fill(Arc<WriteSet>),
    Answer(Answers),
}

/// The thread.
pub(super) struct Helper {
    work: Option<SyncSender<Work>>,
    filled: Receiver<Result<(), StoreError>>,
    thread: Option<JoinHandle<()>>,
}

impl Helper {
    pub(super) fn start(log: &Arc<Log>) -> std::io::Result<Self> {
        let (work, take) = sync_channel(WAITING);
        let (give, filled) = sync_channel(1);
        let log = Arc::clone(log);
        let help = move || {
            while let Ok(work) = take.recv() {
                match work {
                    // Where nobody waits for it any more, the sequencer has stopped.
                    Work::Fill(writes) => drop(give.send(log.store().fill(&writes.index_rows()))),
                    Work::Answer(answers) => {
                        answers.into_iter().for_each(|(answer, decided)| answer(decided))
                    }
                }
            }
        };
        let thread = std::thread::Builder::new().name("helper".into()).spawn(help)?;
        Ok(Self { work: Some(work), filled, thread: Some(thread) })
    }

    /// Begins to give the index the rows of a group that is durable.
    pub(super) fn fill(&self, writes: &Arc<WriteSet>) {
        self.give(Work::Fill(Arc::clone(writes)));
    }

    /// Returns once the index has them.
    pub(super) fn filled(&self) -> Result<(), StoreError> {
        let panicked = |_| StoreError::Io {
            action: "give rows to the index",
            detail: "the thread that does so panicked".into(),
        };
        self.filled.recv().map_err(panicked)?
    }

    /// Says what became of a group.
    pub(super) fn answer(&self, answers: Answers) {
        self.give(Work::Answer(answers));
    }

    fn give(&self, work: Work) {
        if let Some(thread) = &self.work {
            // Where it has panicked, whoever waits for an answer learns so from the answer's end, and the sequencer with the next rows.
            let _ = thread.send(work);
        }
    }
}

impl Drop for Helper {
    fn drop(&mut self) {
        self.work.take();
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the sequencer's helper had panicked");
        }
    }
}
