//! The bounded queue before the sequencer: full means a refusal at once, never a wait.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};

use crate::outcome::{Candidate, Decided};

/// Most statements that are being checked or waiting, at any time: a few groups' worth.
pub const QUEUE_STATEMENTS_MAX: usize = 16_384;

/// Most bytes of statements that are being checked or waiting: bounds the memory that posting can take.
pub const QUEUE_BYTES_MAX: usize = 64 * 1024 * 1024;

/// How much may be checked or waiting at any time.
#[derive(Clone, Copy, Debug)]
pub struct QueueLimits {
    /// Statements.
    pub statements: usize,
    /// Bytes.
    pub bytes: usize,
}

impl Default for QueueLimits {
    fn default() -> Self {
        Self { statements: QUEUE_STATEMENTS_MAX, bytes: QUEUE_BYTES_MAX }
    }
}

/// Candidates that were checked together, and where their answer goes.
pub struct Submission {
    /// The candidates, in order.
    pub candidates: Vec<Candidate>,
    /// Told what became of them. Dropped where nothing can be told.
    pub answer: Answering,
}

/// Takes in what became of candidates, and hands it on.
pub type Answering = Box<dyn FnOnce(Decided) + Send>;

/// The way into the sequencer.
#[derive(Debug)]
pub struct Queue {
    limits: QueueLimits,
    used: Arc<Mutex<Used>>,
    /// Taken away when the log stops.
    way_in: Mutex<Option<Sender<Submission>>>,
}

#[derive(Debug, Default)]
struct Used {
    statements: usize,
    bytes: usize,
}

/// Room in the queue, given back when dropped.
#[derive(Debug)]
pub struct Room {
    used: Arc<Mutex<Used>>,
    statements: usize,
    bytes: usize,
}

/// The log was stopped.
#[derive(Debug)]
pub struct Closed;

impl Queue {
    /// A queue and its other end.
    pub fn new(limits: QueueLimits) -> (Self, Receiver<Submission>) {
        let (way_in, inbox) = channel();
        (Self { limits, used: Arc::default(), way_in: Mutex::new(Some(way_in)) }, inbox)
    }

    /// Room for statements that arrived, from now until they are answered; nothing where there is none.
    ///
    /// Taken before anything is checked, so that a flood costs no signature checks.
    pub fn enter(&self, statements: usize, bytes: usize) -> Option<Room> {
        let mut used = lock(&self.used);
        let (all_statements, all_bytes) = (used.statements + statements, used.bytes + bytes);
        if all_statements > self.limits.statements || all_bytes > self.limits.bytes {
            return None;
        }
        *used = Used { statements: all_statements, bytes: all_bytes };
        metrics::gauge!("writ_queue_depth").set(all_statements as f64);
        Some(Room { used: Arc::clone(&self.used), statements, bytes })
    }

    /// Hands candidates to the sequencer.
    pub fn send(&self, submission: Submission) -> Result<(), Closed> {
        let way_in = lock(&self.way_in).clone();
        way_in.ok_or(Closed)?.send(submission).map_err(|_| Closed)
    }

    /// Statements that are being checked or waiting.
    pub fn depth(&self) -> usize {
        lock(&self.used).statements
    }

    /// Whether anything is still let in.
    pub fn is_open(&self) -> bool {
        lock(&self.way_in).is_some()
    }

    /// Lets nothing more in. The sequencer ends once it has taken what is waiting.
    pub fn close(&self) {
        lock(&self.way_in).take();
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        let mut used = lock(&self.used);
        used.statements = used.statements.saturating_sub(self.statements);
        used.bytes = used.bytes.saturating_sub(self.bytes);
        metrics::gauge!("writ_queue_depth").set(used.statements as f64);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_bounded_by_statements_and_by_bytes_and_given_back() {
        let (queue, _inbox) = Queue::new(QueueLimits { statements: 2, bytes: 10 });
        let first = queue.enter(1, 9).unwrap();
        assert!(queue.enter(1, 2).is_none());
        let second = queue.enter(1, 1).unwrap();
        assert!(queue.enter(1, 0).is_none());
        assert_eq!(queue.depth(), 2);
        drop(first);
        queue.enter(1, 9).unwrap();
        drop(second);
    }

    #[test]
    fn a_closed_queue_takes_nothing() {
        let (queue, _inbox) = Queue::new(QueueLimits::default());
        queue.close();
        let answer = Box::new(|_| panic!("nothing was decided"));
        assert!(queue.send(Submission { candidates: Vec::new(), answer }).is_err());
    }
}
