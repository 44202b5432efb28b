//! The one thread that gives entries their places. Everything it says is durable before it is said.

mod decide;
mod group;
mod helper;
mod recent;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use schemas::ids::TermId;
use schemas::time::Time;
use thiserror::Error;
use verifier::merkle::EdgeUpdate;

use decide::Decider;
pub(crate) use decide::read_statement;
use group::{Counts, fill};
use helper::Helper;
use recent::Recent;

use crate::anchor::{Anchor, AnchorError, Mark};
use crate::apply::{ApplyError, Group, View, apply};
use crate::clock::{Clock, ClockGuard};
use crate::log::{Log, Published, StartError, keep_note, publish, renew};
use crate::outcome::{Candidate, Decided};
use crate::publish::gate::{ASK_AGAIN, Gate};
use crate::publish::{PublishedCheckpoint, renew_every};
use crate::queue::Submission;
use crate::signer::{CheckpointSigner, SignError};
use crate::store::rows::{NOTE_KEY, Rows};
use crate::store::{Column, StoreError};

/// What ends the log's service until it is started again.
#[derive(Debug, Error)]
enum Stop {
    #[error("clock: {0}")]
    Clock(String),
    #[error("apply: {0}")]
    Apply(#[from] ApplyError),
    #[error("{0}")]
    Store(#[from] StoreError),
    #[error("{0}")]
    Anchor(#[from] AnchorError),
    #[error("signing: {0}")]
    Sign(#[from] SignError),
    /// Only for this group: nobody in it gets an answer, and the log goes on once its index is whole again.
    #[error("the index is made again")]
    Index,
}

/// Owns what only one may change: the view, the anchor, the checkpoint key.
pub struct Sequencer {
    log: Arc<Log>,
    view: View,
    anchor: Anchor,
    signer: CheckpointSigner,
    clock: Box<dyn Clock>,
    guard: ClockGuard,
    recent: Recent,
    /// The latest time that was signed.
    renewed: Time,
    /// When that was, and how long it is good for.
    renewed_at: Instant,
    renew_every: Duration,
}

impl Sequencer {
    /// A sequencer that goes on from `view`, and from the latest time that is known to be signed.
    pub fn new(
        log: Arc<Log>,
        view: View,
        anchor: Anchor,
        signer: CheckpointSigner,
        clock: Box<dyn Clock>,
        renewed: Time,
    ) -> Self {
        let guard = ClockGuard::new(log.genesis().parameters.clock_ahead);
        let recent = Recent::new(view.head.size);
        let renew_every = renew_every(log.genesis().parameters.heartbeat);
        let renewed_at = Instant::now();
        Self { log, view, anchor, signer, clock, guard, recent, renewed, renewed_at, renew_every }
    }

    /// Waits until the witnesses were asked, and signs for the first time. False where the log is stopped before.
    fn pass(&mut self, gate: Option<Gate>, inbox: &Receiver<Submission>) -> bool {
        let Some(mut gate) = gate else { return true };
        loop {
            // Nothing is let in while the log is pending; what slipped in is dropped, and its sender told so.
            match inbox.recv_timeout(ASK_AGAIN) {
                Err(RecvTimeoutError::Disconnected) => return false,
                Ok(_) | Err(RecvTimeoutError::Timeout) => {}
            }
            if let Err(refusal) = gate.ask() {
                self.log.latch().set(refusal.to_string());
                self.log.pending().refuse(refusal);
                return true;
            }
            if gate.is_open() {
                break;
            }
            self.log.pending().set(Some(gate.reason()));
        }
        let opened = match publish(&self.signer, &self.view) {
            Ok(published) => {
                self.log.shown().set_head(Arc::new(published));
                self.open()
            }
            Err(error) => Err(error.into()),
        };
        if let Err(error) = opened {
            self.log.latch().set(error.to_string());
        }
        self.log.pending().set(None);
        tracing::info!("enough witnesses were asked: the log signs");
        true
    }

    /// Signs the first time. A clock that cannot be believed latches the log: what it has is shown, with no new time.
    pub fn open(&mut self) -> Result<(), StartError> {
        match self.renew() {
            Ok(()) => Ok(()),
            Err(Stop::Store(error)) => Err(error.into()),
            Err(Stop::Sign(error)) => Err(error.into()),
            Err(stop) => {
                self.log.latch().set(stop.to_string());
                Ok(())
            }
        }
    }

    /// Takes whatever is waiting as one group, again and again, until the queue is closed and empty. Where nothing comes,
    /// renews the head's time.
    fn run(&mut self, inbox: &Receiver<Submission>, helper: &Helper) {
        loop {
            let first = match self.next(inbox) {
                Ok(first) => Some(first),
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => return,
            };
            let group = first.map(|first| fill(first, inbox)).unwrap_or_default();
            // Latched: nobody is answered, and everybody who waits is told so by that.
            if self.log.latch().reason().is_some() {
                continue;
            }
            if self.until_renewal().is_zero()
                && let Err(stop) = self.renew()
            {
                self.log.latch().set(stop.to_string());
                continue;
            }
            if group.is_empty() {
                continue;
            }
            let (answers, candidates): (Vec<_>, Vec<_>) =
                group.into_iter().map(|submission| (submission.answer, submission.candidates)).unzip();
            match self.append(candidates, helper) {
                Ok(decided) => helper.answer(answers.into_iter().zip(decided).collect()),
                // Nothing was written, nobody is told anything: sent again, each statement is as new.
                Err(Stop::Index) => {}
                // Before the answers are dropped: those who wait learn from that why there is none.
                Err(stop) => self.log.latch().set(stop.to_string()),
            }
        }
    }

    /// What came first; an error once the head's time has to be renewed. While nothing is there, the desk sends whatever it has.
    fn next(&self, inbox: &Receiver<Submission>) -> Result<Submission, RecvTimeoutError> {
        if let Ok(first) = inbox.try_recv() {
            return Ok(first);
        }
        self.log.desk().appending(false);
        let first = inbox.recv_timeout(self.until_renewal());
        self.log.desk().appending(true);
        first
    }

    /// How long nothing needs to be renewed; never nothing once the log is latched, for then nothing is signed any more.
    fn until_renewal(&self) -> Duration {
        if self.log.latch().reason().is_some() {
            return self.renew_every;
        }
        self.renew_every.saturating_sub(self.renewed_at.elapsed())
    }

    /// Signs that the head is still the latest one.
    fn renew(&mut self) -> Result<(), Stop> {
        let time = self.time()?;
        let head = self.log.published();
        let renewed = renew(&self.signer, &head, time)?;
        // Before anybody sees it: after a crash no earlier time may be signed.
        keep_note(self.log.store(), &renewed.at.note)?;
        self.show(head, renewed, time);
        Ok(())
    }

    /// The time for what is signed next: never before anything that was signed.
    fn time(&mut self) -> Result<Time, Stop> {
        self.guard.read(&*self.clock, self.view.head.time.max(self.renewed)).map_err(Stop::Clock)
    }

    fn show(&mut self, head: Arc<Published>, renewed: PublishedCheckpoint, time: Time) {
        self.log.shown().renew(head, Arc::new(renewed));
        self.renewed = time;
        self.renewed_at = Instant::now();
    }

    /// One group, from candidates to what became of them, submission by submission. An error latches the log: nobody in
    /// the group gets an answer, and what became of their statements shows after the next start.
    fn append(&mut self, group: Vec<Vec<Candidate>>, helper: &Helper) -> Result<Vec<Decided>, Stop> {
        let begun = Instant::now();
        let log = Arc::clone(&self.log);
        let _writing = log.index().writing();
        if !log.index().is_whole() {
            return Err(Stop::Index);
        }
        let time = self.time()?;
        log.sequences().make_room();
        let mut decider = Decider::new(&self.log, &self.recent, self.view.head.size, time);
        let mut outcomes = Vec::with_capacity(group.len());
        for candidates in group {
            let decided: Result<Vec<_>, _> =
                candidates.into_iter().map(|candidate| decider.decide(candidate)).collect();
            outcomes.push(decided.map_err(|error| self.blame(error))?);
        }
        let (accepted, unique) = decider.into_accepted();
        let mut tree = None;
        if !accepted.is_empty() {
            let counts = Counts::of(&accepted);
            let (base, base_root) = (self.view.head.size, self.view.head.root);
            tree =
                Some(self.commit(Group { base, base_root, time, statements: accepted }, &unique, helper)?);
            counts.record(begun);
        }
        let published = self.log.published();
        let decided = |outcomes| Decided { outcomes, published: Arc::clone(&published), tree: tree.clone() };
        Ok(outcomes.into_iter().map(decided).collect())
    }

    /// Damage in the index does not stop the log: what follows from the entries can be made again.
    fn blame(&self, error: StoreError) -> Stop {
        match error.damaged_index() {
            Some(column) => {
                self.log.index().damaged(column, &error.to_string());
                Stop::Index
            }
            None => Stop::Store(error),
        }
    }

    /// Makes a group part of the log. Each step says what a crash there means.
    fn commit(
        &mut self,
        group: Group,
        unique: &[Option<TermId>],
        helper: &Helper,
    ) -> Result<Arc<EdgeUpdate>, Stop> {
        let time = group.time;
        let writes = Arc::new(apply(&self.view, group)?);
        let mut batch = writes.rows();
        // The note of the head before this group: that head is durable, and its note was given out.
        batch.put(Column::Meta, NOTE_KEY, self.log.note_to_keep().as_bytes());
        let raised = self.log.sequences().raise(Rows(self.log.store()), writes.slots(), &mut batch);
        raised.map_err(|error| self.blame(error))?;
        // Crash here: nothing of the group exists, nobody was told anything. Sent again, it is appended as if new.
        self.log.store().commit(&batch)?;
        // Crash here: the group is in the store, behind the anchor's back, and nobody was told. The next start makes its index rows,
        // verifies it and advances the anchor; sent again, each statement is answered as a duplicate with its place.
        helper.fill(&writes);
        let head = writes.head;
        let mark = Mark { log: self.log.id(), size: head.size, root: head.root, chain: head.chain };
        self.anchor.advance(mark)?;
        // Crash here: as before, but the anchor knows. From here on an older copy of the store is refused.
        let view = writes.view();
        self.signer.drop_withdrawn(&self.log.registry(), head.size);
        let published = Arc::new(publish(&self.signer, &view)?);
        let renewed = renew(&self.signer, &published, time)?;
        // Crash here: a signature nobody saw. The next start makes the same one again, over the same head.
        // Before anybody asks the index about this head.
        helper.filled()?;
        for (entry, unique) in writes.entries.iter().zip(unique).filter(|(entry, _)| entry.slot.is_none()) {
            self.recent.push(entry.id, entry.index, *unique);
        }
        self.view = view;
        self.show(published, renewed, time);
        metrics::gauge!("writ_tree_size").set(head.size as f64);
        // Crash here: readers may have seen the head, and it holds. Submitters were not told; see above.
        Ok(Arc::clone(&writes.tree))
    }
}

/// Starts the thread, which signs nothing before the gate is open. A panic in it latches the log.
pub(crate) fn start(
    mut sequencer: Sequencer,
    gate: Option<Gate>,
    inbox: Receiver<Submission>,
) -> std::io::Result<JoinHandle<()>> {
    let helper = Helper::start(&sequencer.log)?;
    std::thread::Builder::new().name("sequencer".into()).spawn(move || {
        let log = Arc::clone(&sequencer.log);
        let service = || {
            if sequencer.pass(gate, &inbox) {
                sequencer.run(&inbox, &helper);
            }
        };
        if catch_unwind(AssertUnwindSafe(service)).is_err() {
            log.latch().set("the sequencer panicked".into());
        }
        // Nobody takes anything any more: what waits at the desk is told so.
        log.desk().appending(false);
    })
}
