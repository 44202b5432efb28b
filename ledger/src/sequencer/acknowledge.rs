//! The thread behind the sequencer: what is part of the log is indexed and anchored, its head signed and shown, and then whoever
//! waits is answered. One group after the other, in the order of their places.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender};
use std::time::Instant;

use schemas::time::Time;

use super::Stop;
use super::group::Counts;
use crate::anchor::{Anchor, Mark};
use crate::apply::{View, WriteSet};
use crate::log::{Log, keep_note, publish, renew};
use crate::outcome::{Decided, Outcome};
use crate::queue::Answering;
use crate::signer::{CheckpointSigner, SignError};

/// What the sequencer hands on.
pub(super) enum Work {
    /// A group that was decided about.
    Made(InFlight),
    /// The head's time is to be signed anew, and said when that is done.
    Renew(Time, SyncSender<()>),
}

/// A group that was decided about: all that its submitters are told, and what was written where anything was.
pub(super) struct Made {
    pub(super) answers: Vec<(Answering, Vec<Outcome>)>,
    pub(super) written: Option<(WriteSet, Counts)>,
    pub(super) begun: Instant,
}

/// A group on its way: whoever waits for stillness waits until it is dropped.
pub(super) struct InFlight {
    made: Option<Made>,
    log: Arc<Log>,
}

impl Made {
    pub(super) fn in_flight(self, log: &Arc<Log>) -> InFlight {
        InFlight { made: Some(self), log: Arc::clone(log) }
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.log.index().published();
    }
}

/// Owns what only one may change behind the sequencer: the anchor and the checkpoint key.
pub struct Acknowledger {
    log: Arc<Log>,
    anchor: Anchor,
    signer: CheckpointSigner,
}

impl Acknowledger {
    /// Advances this anchor and signs with this key.
    pub fn new(log: Arc<Log>, anchor: Anchor, signer: CheckpointSigner) -> Self {
        Self { log, anchor, signer }
    }

    /// Acknowledges what comes until nothing will.
    pub(super) fn run(&mut self, work: &Receiver<Work>) {
        for work in work {
            // Latched: nothing is signed or acknowledged any more.
            if self.log.latch().reason().is_some() {
                continue;
            }
            let done = match work {
                Work::Made(mut in_flight) => in_flight.made.take().map_or(Ok(()), |made| self.acknowledge(made)),
                Work::Renew(time, done) => self.renew(time).map(|()| {
                    // Whoever waits for it is there.
                    let _ = done.send(());
                }),
            };
            if let Err(stop) = done {
                self.log.latch().set(stop.to_string());
            }
        }
    }

    /// Shows a head that was durable and anchored before.
    pub(super) fn show(&self, view: &View) -> Result<(), SignError> {
        self.log.shown().set_head(Arc::new(publish(&self.signer, view)?));
        Ok(())
    }

    /// Signs that the head is still the latest one.
    pub(super) fn renew(&self, time: Time) -> Result<(), Stop> {
        let head = self.log.published();
        let renewed = renew(&self.signer, &head, time)?;
        // Before anybody sees it: after a crash no earlier time may be signed.
        keep_note(self.log.store(), &renewed.at.note)?;
        self.log.shown().renew(head, Arc::new(renewed));
        Ok(())
    }

    /// One group, which is durable in the store. Each step says what a crash there means.
    fn acknowledge(&mut self, made: Made) -> Result<(), Stop> {
        let Made { answers, written, begun } = made;
        let mut tree = None;
        if let Some((writes, counts)) = written {
            tree = Some(Arc::new(self.publish(writes)?));
            counts.record(begun);
        }
        let published = self.log.published();
        for (answer, outcomes) in answers {
            answer(Decided { outcomes, published: Arc::clone(&published), tree: tree.clone() });
        }
        Ok(())
    }

    fn publish(&mut self, writes: WriteSet) -> Result<verifier::merkle::EdgeUpdate, Stop> {
        // Crash here: the group is in the store, behind the anchor's back, and nobody was told; so may be the ones behind it. The
        // next start verifies them and advances the anchor; sent again, each statement is answered as a duplicate with its place.
        self.log.store().fill(&writes.index_rows())?;
        let head = writes.head;
        let mark = Mark { log: self.log.id(), size: head.size, root: head.root, chain: head.chain };
        self.anchor.advance(mark)?;
        // Crash here: as before, but the anchor knows. From here on an older copy of the store is refused.
        let view = View { head, edge: Arc::new(writes.tree.edge().clone()) };
        self.signer.drop_withdrawn(&self.log.registry(), head.size);
        let published = Arc::new(publish(&self.signer, &view)?);
        let renewed = renew(&self.signer, &published, head.time)?;
        // Crash here: a signature nobody saw. The next start makes the same one again, over the same head.
        self.log.shown().renew(published, Arc::new(renewed));
        metrics::gauge!("writ_tree_size").set(head.size as f64);
        // Crash here: readers may have seen the head, and it holds. Submitters were not told; see above.
        Ok(writes.tree)
    }
}
