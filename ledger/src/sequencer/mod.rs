//! The one thread that gives entries their places, and the one behind it that says so ([`acknowledge`]). Everything that is said is
//! durable before it is said.
//!
//! While a group is being acknowledged the next one is made part of the log: what was synced last is one store's write and, before it,
//! one anchor.

mod acknowledge;
mod decide;
mod group;
mod recent;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use schemas::ids::TermId;
use schemas::time::Time;
use thiserror::Error;

pub use acknowledge::Acknowledger;
use acknowledge::{Made, Work};
use decide::Decider;
pub(crate) use decide::read_statement;
use group::{Counts, fill};
use recent::Recent;

use crate::anchor::AnchorError;
use crate::apply::{ApplyError, Group, View, WriteSet, apply};
use crate::clock::{Clock, ClockGuard};
use crate::log::{Log, StartError};
use crate::publish::gate::{ASK_AGAIN, Gate};
use crate::publish::renew_every;
use crate::queue::Submission;
use crate::signer::SignError;
use crate::store::rows::NOTE_KEY;
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
    /// The thread behind this one has ended; why, it has said itself.
    #[error("nobody acknowledges any more")]
    Acknowledger,
    /// Only for this group: nobody in it gets an answer, and the log goes on once its index is whole again.
    #[error("the index is made again")]
    Index,
}

/// Groups that wait to be acknowledged besides the one that is: more would only wait longer.
const MADE_WAITING: usize = 1;

/// Owns what only one may change: the view and the clock.
pub struct Sequencer {
    log: Arc<Log>,
    view: View,
    clock: Box<dyn Clock>,
    guard: ClockGuard,
    recent: Recent,
    /// The latest time that was given out to be signed, and when that was.
    latest: Time,
    renewed_at: Instant,
    /// How long that is good for.
    renew_every: Duration,
}

impl Sequencer {
    /// A sequencer that goes on from `view`, and from the latest time that is known to be signed.
    pub fn new(log: Arc<Log>, view: View, clock: Box<dyn Clock>, renewed: Time) -> Self {
        let guard = ClockGuard::new(log.genesis().parameters.clock_ahead);
        let recent = Recent::new(view.head.size);
        let renew_every = renew_every(log.genesis().parameters.heartbeat);
        let renewed_at = Instant::now();
        Self { log, view, clock, guard, recent, latest: renewed, renewed_at, renew_every }
    }

    /// Signs the first time. A clock that cannot be believed latches the log: what it has is shown, with no new time.
    pub fn open(&mut self, acknowledger: &mut Acknowledger) -> Result<(), StartError> {
        match self.time().and_then(|time| acknowledger.renew(time)) {
            Ok(()) => Ok(()),
            Err(Stop::Store(error)) => Err(error.into()),
            Err(Stop::Sign(error)) => Err(error.into()),
            Err(stop) => {
                self.log.latch().set(stop.to_string());
                Ok(())
            }
        }
    }

    /// Waits until the witnesses were asked, and signs for the first time. False where the log is stopped before.
    fn pass(
        &mut self,
        acknowledger: &mut Acknowledger,
        gate: Option<Gate>,
        inbox: &Receiver<Submission>,
    ) -> bool {
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
        let shown = acknowledger.show(&self.view).map_err(StartError::from);
        if let Err(error) = shown.and_then(|()| self.open(acknowledger)) {
            self.log.latch().set(error.to_string());
        }
        self.log.pending().set(None);
        tracing::info!("enough witnesses were asked: the log signs");
        true
    }

    /// Takes whatever is waiting as one group, again and again, until the queue is closed and empty. Where nothing comes,
    /// has the head's time renewed.
    fn run(&mut self, inbox: &Receiver<Submission>, made: &SyncSender<Work>) {
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
                && let Err(stop) = self.renew(made)
            {
                self.log.latch().set(stop.to_string());
                continue;
            }
            if group.is_empty() {
                continue;
            }
            match self.append(group, made) {
                // Of an index that is made again: nothing was written, nobody is told anything; sent again, each statement is as new.
                Ok(()) | Err(Stop::Index) => {}
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

    /// Has it signed that the head is still the latest one, and waits for it: what is kept of it is kept before what comes next.
    fn renew(&mut self, made: &SyncSender<Work>) -> Result<(), Stop> {
        let (done, is_done) = sync_channel(1);
        let time = self.time()?;
        made.send(Work::Renew(time, done)).map_err(|_| Stop::Acknowledger)?;
        // Ended without a word where it failed; the log is latched then.
        let _ = is_done.recv();
        Ok(())
    }

    /// The time for what is signed next: never before anything that was signed.
    fn time(&mut self) -> Result<Time, Stop> {
        let latest = self.view.head.time.max(self.latest);
        self.latest = self.guard.read(&*self.clock, latest).map_err(Stop::Clock)?;
        self.renewed_at = Instant::now();
        Ok(self.latest)
    }

    /// Makes one group part of the log, and hands it on to be acknowledged. An error latches the log: nobody in the group gets an
    /// answer, and what became of their statements shows after the next start.
    fn append(&mut self, group: Vec<Submission>, made: &SyncSender<Work>) -> Result<(), Stop> {
        let begun = Instant::now();
        let log = Arc::clone(&self.log);
        let _writing = log.index().writing();
        if !log.index().is_whole() {
            return Err(Stop::Index);
        }
        let time = self.time()?;
        let mut decider = Decider::new(&self.log, &self.recent, self.view.head.size, time);
        let mut answers = Vec::with_capacity(group.len());
        for Submission { candidates, answer } in group {
            let decided: Result<Vec<_>, _> =
                candidates.into_iter().map(|candidate| decider.decide(candidate)).collect();
            answers.push((answer, decided.map_err(|error| self.blame(error))?));
        }
        let (accepted, unique) = decider.into_accepted();
        let mut made_of_it = Made { answers, written: None, begun };
        if !accepted.is_empty() {
            let counts = Counts::of(&accepted);
            let (base, base_root) = (self.view.head.size, self.view.head.root);
            let group = Group { base, base_root, time, statements: accepted };
            made_of_it.written = Some((self.commit(group, &unique)?, counts));
        }
        log.index().appended();
        // Where nobody takes it, dropping it says that it is given up.
        made.send(Work::Made(made_of_it.in_flight(&log))).map_err(|_| Stop::Acknowledger)
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

    /// Writes a group; it is part of the log then. What a crash means from here on is said where it is acknowledged.
    fn commit(&mut self, group: Group, unique: &[Option<TermId>]) -> Result<WriteSet, Stop> {
        let writes = apply(&self.view, group)?;
        let mut batch = writes.rows();
        // The latest note that was signed: the head that it is of is durable, and it was given out.
        batch.put(Column::Meta, NOTE_KEY, self.log.note_to_keep().as_bytes());
        // Crash here: nothing of the group exists, nobody was told anything. Sent again, it is appended as if new.
        self.log.store().commit(&batch)?;
        for (entry, unique) in writes.entries.iter().zip(unique) {
            self.recent.push(entry.id, entry.index, *unique);
        }
        self.view = View { head: writes.head, edge: Arc::new(writes.tree.edge().clone()) };
        Ok(writes)
    }
}

/// Starts the two threads, which sign nothing before the gate is open. A panic in one of them latches the log.
pub(crate) fn start(
    mut sequencer: Sequencer,
    mut acknowledger: Acknowledger,
    gate: Option<Gate>,
    inbox: Receiver<Submission>,
) -> std::io::Result<JoinHandle<()>> {
    std::thread::Builder::new().name("sequencer".into()).spawn(move || {
        let log = Arc::clone(&sequencer.log);
        let service = || {
            if sequencer.pass(&mut acknowledger, gate, &inbox) {
                serve(sequencer, acknowledger, &inbox);
            }
        };
        if catch_unwind(AssertUnwindSafe(service)).is_err() {
            log.latch().set("the sequencer panicked".into());
        }
        // Nobody takes anything any more: what waits at the desk is told so.
        log.desk().appending(false);
    })
}

/// Gives places as long as anything comes, and acknowledges behind it.
fn serve(mut sequencer: Sequencer, mut acknowledger: Acknowledger, inbox: &Receiver<Submission>) {
    let (made, to_acknowledge) = sync_channel(MADE_WAITING);
    let log = Arc::clone(&sequencer.log);
    std::thread::scope(|scope| {
        let behind = std::thread::Builder::new().name("acknowledger".into());
        if let Err(error) = behind.spawn_scoped(scope, move || acknowledger.run(&to_acknowledge)) {
            log.latch().set(format!("a thread cannot be started: {error}"));
        }
        sequencer.run(inbox, &made);
        drop(made);
    });
}
