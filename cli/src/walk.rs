//! Verifies entries on all cores, in their order, in memory that does not grow with their number.
//!
//! Each worker takes a few entries, decodes and hashes them, places them when it is their turn, and checks their signatures.
//! Only placing is one at a time, and it is the shortest of the three. A worker frees what it allocated, and what it checks it
//! has just decoded.

use std::num::NonZeroUsize;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use verifier::log::{LogFinding, LogVerifier, Placed, Prepared};

/// Entries that a worker takes at a time: enough that taking turns costs nothing, few enough to stay in a core's cache.
const ENTRIES_TOGETHER: usize = 64;

/// Most findings that are kept, first ones first; beyond it they are only counted.
pub const FINDINGS_MAX: usize = 1_000;

/// What verifying entries came to.
#[derive(Debug, Default)]
pub struct Walked {
    /// What is wrong, by ascending index.
    pub findings: Vec<LogFinding>,
    /// How much is wrong.
    pub findings_total: u64,
    /// Entries of a form that this program does not know; their signatures were checked all the same.
    pub unknown: u64,
}

/// Verifies entries that come in portions, in order. `see` meets each of them before it is placed, in order too; `done` hears
/// from any worker how many more were verified. The first error of a portion ends the walk.
pub fn walk<B: AsRef<[u8]> + Send, E: Send>(
    portions: impl Iterator<Item = Result<Vec<B>, E>> + Send,
    verifier: &mut LogVerifier,
    see: impl FnMut(&Prepared) + Send,
    done: impl Fn(usize) + Sync,
    workers: NonZeroUsize,
) -> Result<Walked, E> {
    let source = Mutex::new(Source { portions: Some(portions), portion: Vec::new().into_iter(), taken: 0 });
    let turns =
        Turns { state: Mutex::new(Turn { next: 0, left: false, verifier, see }), moved: Condvar::new() };
    let ended: Vec<Result<Walked, E>> = thread::scope(|scope| {
        let work = || work(&source, &turns, &done);
        let started: Vec<_> = (0..workers.get()).map(|_| scope.spawn(work)).collect();
        let joined = started.into_iter().map(thread::ScopedJoinHandle::join);
        joined.map(|ended| ended.unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect()
    });
    let mut all = Walked::default();
    for walked in ended {
        let walked = walked?;
        all.findings.extend(walked.findings);
        all.findings_total += walked.findings_total;
        all.unknown += walked.unknown;
    }
    all.findings.sort_by_key(|finding| finding.index);
    all.findings.truncate(FINDINGS_MAX);
    Ok(all)
}

fn work<B, E, P, S>(
    source: &Mutex<Source<B, P>>,
    turns: &Turns<'_, S>,
    done: &impl Fn(usize),
) -> Result<Walked, E>
where
    B: AsRef<[u8]>,
    P: Iterator<Item = Result<Vec<B>, E>>,
    S: FnMut(&Prepared),
{
    let mut walked = Walked::default();
    loop {
        let taken = lock(source).take()?;
        let Some((number, entries)) = taken else { return Ok(walked) };
        let turn = turns.of(number);
        let prepared: Vec<Prepared> = entries.iter().map(|entry| Prepared::new(entry.as_ref())).collect();
        let placed = turn.place(prepared);
        walked.unknown += placed.iter().filter(|placed| placed.unknown).count() as u64;
        for finding in Placed::check_all(&placed).into_iter().flatten() {
            walked.findings_total += 1;
            if walked.findings.len() < FINDINGS_MAX {
                walked.findings.push(finding);
            }
        }
        done(placed.len());
    }
}

/// Where entries come from.
struct Source<B, P> {
    /// Nothing once it has ended or failed.
    portions: Option<P>,
    portion: std::vec::IntoIter<B>,
    /// How often entries were taken.
    taken: u64,
}

impl<B, E, P: Iterator<Item = Result<Vec<B>, E>>> Source<B, P> {
    /// The next few entries, and whose turn they have.
    fn take(&mut self) -> Result<Option<(u64, Vec<B>)>, E> {
        while self.portion.as_slice().is_empty() {
            match self.portions.as_mut().and_then(Iterator::next) {
                Some(Ok(portion)) => self.portion = portion.into_iter(),
                Some(Err(error)) => {
                    self.portions = None;
                    return Err(error);
                }
                None => {
                    self.portions = None;
                    return Ok(None);
                }
            }
        }
        let entries = self.portion.by_ref().take(ENTRIES_TOGETHER).collect();
        let number = self.taken;
        self.taken += 1;
        Ok(Some((number, entries)))
    }
}

/// Lets the workers place their entries in order.
struct Turns<'v, S> {
    state: Mutex<Turn<'v, S>>,
    moved: Condvar,
}

struct Turn<'v, S> {
    /// Whose turn it is.
    next: u64,
    /// Whether a worker left before its turn: then nobody's comes any more.
    left: bool,
    verifier: &'v mut LogVerifier,
    see: S,
}

/// A worker's turn, taken or still to come.
struct Ticket<'t, 'v, S> {
    turns: &'t Turns<'v, S>,
    number: u64,
}

impl<'v, S: FnMut(&Prepared)> Turns<'v, S> {
    fn of(&self, number: u64) -> Ticket<'_, 'v, S> {
        Ticket { turns: self, number }
    }
}

impl<S: FnMut(&Prepared)> Ticket<'_, '_, S> {
    /// Waits for its turn and places entries.
    fn place(self, prepared: Vec<Prepared>) -> Vec<Placed> {
        let moved = &self.turns.moved;
        let waits = |turn: &mut Turn<'_, S>| turn.next != self.number && !turn.left;
        let state = moved.wait_while(lock(&self.turns.state), waits);
        let mut state = state.unwrap_or_else(PoisonError::into_inner);
        if state.left {
            return Vec::new();
        }
        let Turn { verifier, see, .. } = &mut *state;
        let place = |prepared| {
            see(&prepared);
            verifier.place(prepared)
        };
        let placed = prepared.into_iter().map(place).collect();
        state.next += 1;
        drop(state);
        moved.notify_all();
        placed
    }
}

impl<S> Drop for Ticket<'_, '_, S> {
    fn drop(&mut self) {
        if thread::panicking() {
            // Nobody may wait for a worker that is gone.
            lock(&self.turns.state).left = true;
            self.turns.moved.notify_all();
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
