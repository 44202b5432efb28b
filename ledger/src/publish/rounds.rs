//! Asking the witnesses for cosignatures, round after round, beside the sequencer: whatever they do, appending goes on.

use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Weak};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use schemas::note::{Note, NoteSignature};
use schemas::tree::TreeHash;

use super::transport::ASK_TIMEOUT;
use super::witness::{Answer, WitnessClient, WitnessFailure};
use super::{Publication, PublishedCheckpoint};
use crate::log::{Log, Published, keep_note};
use crate::store::rows::{CHECKPOINT_KEY, checkpoint_row};
use crate::store::{Batch, Column, StoreError};

/// How often it is looked whether there is something to publish.
const TICK: Duration = Duration::from_millis(50);

/// Longest wait for a round's quorum: every witness may be asked twice in it.
const ROUND_MAX: Duration = ASK_TIMEOUT.saturating_mul(2);

/// How long to wait before a checkpoint that missed its quorum is handed to the witnesses again.
const ASK_AGAIN: Duration = Duration::from_secs(3);

/// Times that one witness is asked in one round: with the size it is thought to hold, and with the one it says.
const TRIES: usize = 2;

/// The thread that publishes. Ends at once when told to; requests that are under way end by themselves.
pub(crate) struct Publisher {
    events: Sender<Event>,
    thread: JoinHandle<()>,
}

enum Event {
    Answered { witness: usize, round: u64, result: Result<NoteSignature, WitnessFailure> },
    Stop,
}

/// A checkpoint to be cosigned.
#[derive(Clone)]
struct Job {
    round: u64,
    of: Arc<PublishedCheckpoint>,
    note: Arc<Note>,
}

struct Rounds {
    log: Arc<Log>,
    publication: Arc<Publication>,
    events: Receiver<Event>,
    /// One queue for each witness: a slow one keeps nobody else waiting.
    jobs: Vec<Sender<Job>>,
    round: Option<Round>,
    /// What each witness failed with last, so that a lasting failure is told once.
    failing: Vec<Option<&'static str>>,
}

struct Round {
    job: Job,
    begun: Instant,
    waiting: usize,
    lines: BTreeMap<usize, NoteSignature>,
    met: bool,
}

impl Publisher {
    /// Starts publishing for a log; nothing where it has no witness to ask.
    pub(crate) fn start(log: &Arc<Log>, publication: &Arc<Publication>) -> std::io::Result<Option<Self>> {
        if publication.witnesses().is_empty() {
            return Ok(None);
        }
        let (answers, events) = channel();
        let mut jobs = Vec::new();
        for (at, witness) in publication.witnesses().iter().enumerate() {
            let (sender, inbox) = channel();
            let worker = Worker { at, witness: witness.clone(), known: 0, log: Arc::downgrade(log) };
            let answers = answers.clone();
            let name = format!("witness {}", witness.name);
            std::thread::Builder::new().name(name).spawn(move || worker.run(&inbox, &answers))?;
            jobs.push(sender);
        }
        let failing = vec![None; jobs.len()];
        let (log, publication) = (Arc::clone(log), Arc::clone(publication));
        let rounds = Rounds { log, publication, events, jobs, round: None, failing };
        let thread = std::thread::Builder::new().name("publisher".into()).spawn(move || rounds.run())?;
        Ok(Some(Self { events: answers, thread }))
    }

    /// Ends publishing.
    pub(crate) fn stop(self) {
        let _ = self.events.send(Event::Stop);
        if self.thread.join().is_err() {
            tracing::error!("the publisher's thread had panicked");
        }
    }
}

impl Rounds {
    fn run(mut self) {
        loop {
            let done = match self.events.recv_timeout(TICK) {
                Ok(Event::Answered { witness, round, result }) => self.take(witness, round, result),
                Ok(Event::Stop) | Err(RecvTimeoutError::Disconnected) => return,
                Err(RecvTimeoutError::Timeout) => Ok(()),
            };
            let done = done.and_then(|()| match self.due() {
                Some(renewed) => self.begin(renewed),
                None => Ok(()),
            });
            if let Err(error) = done {
                self.log.latch().set(format!("publishing: {error}"));
            }
        }
    }

    /// What is to be handed to the witnesses now.
    fn due(&self) -> Option<Arc<PublishedCheckpoint>> {
        self.log.may_sign().ok()?;
        let renewed = self.log.shown().renewed()?;
        let Some(round) = &self.round else { return Some(renewed) };
        let elapsed = round.begun.elapsed();
        let over = round.met || round.waiting == 0 || elapsed >= ROUND_MAX;
        if !over || elapsed < self.publication.every() {
            return None;
        }
        let again = !round.met && elapsed >= ASK_AGAIN;
        (again || !Arc::ptr_eq(&round.job.of, &renewed)).then_some(renewed)
    }

    fn begin(&mut self, of: Arc<PublishedCheckpoint>) -> Result<(), StoreError> {
        // Before a witness can know of it: the next start shows the witnesses the latest note that was kept.
        keep_note(self.log.store(), &of.at.note)?;
        let last = self.round.take();
        let number = last.as_ref().map_or(0, |round| round.job.round.saturating_add(1));
        let lines = last.filter(|round| Arc::ptr_eq(&round.job.of, &of)).map(|round| round.lines);
        let lines = lines.unwrap_or_default();
        let note = match Note::parse(of.at.note.as_bytes()) {
            Ok(note) => Arc::new(note),
            Err(error) => {
                tracing::error!(%error, "the log's own note cannot be read");
                return Ok(());
            }
        };
        let job = Job { round: number, of, note };
        let mut waiting = 0;
        for (at, witness) in self.jobs.iter().enumerate() {
            if !lines.contains_key(&at) && witness.send(job.clone()).is_ok() {
                waiting += 1;
            }
        }
        let met = !self.publication.needs_quorum();
        self.round = Some(Round { job, begun: Instant::now(), waiting, lines, met });
        Ok(())
    }

    /// Takes in one witness's answer; with it the checkpoint may have met the policy.
    fn take(
        &mut self,
        at: usize,
        number: u64,
        result: Result<NoteSignature, WitnessFailure>,
    ) -> Result<(), StoreError> {
        self.tell(at, result.as_ref().err());
        let Some(round) = self.round.as_mut().filter(|round| round.job.round == number) else {
            return Ok(());
        };
        round.waiting = round.waiting.saturating_sub(1);
        let Ok(line) = result else { return Ok(()) };
        round.lines.insert(at, line);
        let names = self.publication.names(round.lines.keys().copied());
        round.met = self.publication.met(|name| names.iter().any(|cosigned| cosigned == name));
        if !round.met {
            return Ok(());
        }
        let lines = round.lines.values().cloned().collect();
        let note = match round.job.note.with_signatures(lines) {
            Ok(note) => note.to_string(),
            Err(error) => {
                tracing::error!(%error, "the cosignatures do not fit under one note");
                return Ok(());
            }
        };
        let of = &round.job.of;
        if self.publication.needs_quorum() {
            let mut batch = Batch::default();
            batch.put(Column::Meta, CHECKPOINT_KEY, &checkpoint_row(&note));
            self.log.store().commit(&batch)?;
        }
        let at = Arc::new(Published { note: note.into(), ..(*of.at).clone() });
        self.log.shown().publish(Arc::new(PublishedCheckpoint { at, time: of.time, cosigned: names }));
        Ok(())
    }

    fn tell(&mut self, at: usize, failure: Option<&WitnessFailure>) {
        let (Some(witness), Some(failing)) = (self.publication.witnesses().get(at), self.failing.get_mut(at))
        else {
            return;
        };
        let name = &witness.name;
        let outcome = failure.map_or("cosigned", WitnessFailure::code);
        metrics::counter!("writ_witness_answers_total", "witness" => name.clone(), "outcome" => outcome)
            .increment(1);
        let before = std::mem::replace(failing, failure.map(WitnessFailure::code));
        match failure {
            Some(failure) if before != Some(failure.code()) => {
                tracing::warn!(witness = name, %failure, next = failure.next(), "no cosignature");
            }
            None if before.is_some() => tracing::info!(witness = name, "the witness cosigns again"),
            _ => {}
        }
    }
}

/// Asks one witness.
struct Worker {
    at: usize,
    witness: WitnessClient,
    /// The size that it is thought to hold.
    known: u64,
    log: Weak<Log>,
}

impl Worker {
    fn run(mut self, jobs: &Receiver<Job>, answers: &Sender<Event>) {
        while let Ok(mut job) = jobs.recv() {
            // What was waiting meanwhile is out of date.
            while let Ok(later) = jobs.try_recv() {
                job = later;
            }
            let result = self.ask(&job);
            if answers.send(Event::Answered { witness: self.at, round: job.round, result }).is_err() {
                return;
            }
        }
    }

    fn ask(&mut self, job: &Job) -> Result<NoteSignature, WitnessFailure> {
        let size = job.of.at.head.size;
        for _ in 0..TRIES {
            let old = self.known.min(size);
            match self.witness.add_checkpoint(old, &self.proof(old, size)?, &job.note)? {
                Answer::Cosigned(line) => {
                    self.known = size;
                    self.witness.check_time(&line, job.note.text(), job.of.time)?;
                    return Ok(line);
                }
                Answer::Holds(holds) if holds > size => return Err(WitnessFailure::Ahead { holds, size }),
                Answer::Holds(holds) => self.known = holds,
            }
        }
        Err(WitnessFailure::Moving { holds: self.known })
    }

    fn proof(&self, old: u64, size: u64) -> Result<Vec<TreeHash>, WitnessFailure> {
        if old == 0 || old == size {
            return Ok(Vec::new());
        }
        let failed = |detail: String| WitnessFailure::Proof { size: old, detail };
        let log = self.log.upgrade().ok_or_else(|| failed("the log is being stopped".into()))?;
        let proof = log.reader().consistency(old, size).map_err(|error| failed(error.to_string()))?;
        Ok(proof.path)
    }
}
