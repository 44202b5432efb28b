//! The desk between the interface and the sequencer: what is posted meanwhile is checked together, what was decided together is proved
//! together. A thread for each core; a request is handed over once each way, whatever it takes.
//!
//! While the sequencer is busy, statements wait until there are enough to share the work; as soon as it has nothing to do,
//! they are checked however few they are. So groups are as large as the load makes them, and nobody waits for more to come.

use std::collections::VecDeque;
use std::num::NonZero;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use crate::log::Log;
use crate::staging::{Decision, Post, answer, stage};

/// Most statements that are checked together: few enough that each core gets its share of a burst.
const CHECKED_TOGETHER: usize = 64;

/// Fewer statements than these are left waiting as long as the sequencer is busy anyway. Sharing saves most of what there is to
/// be saved from here on (docs/performance.md).
const WORTH_CHECKING: usize = 12;

/// What waits for a thread.
#[derive(Debug, Default)]
pub(crate) struct Desk {
    waiting: Mutex<Waiting>,
    called: Condvar,
}

#[derive(Debug, Default)]
struct Waiting {
    posts: VecDeque<Post>,
    /// Statements in them.
    statements: usize,
    decisions: VecDeque<Decision>,
    /// Whether the sequencer is busy with a group.
    appending: bool,
    /// Threads that sleep and were not called.
    asleep: usize,
    /// Threads that were called and have not woken up yet.
    calls: usize,
    closed: bool,
}

/// One piece of work.
#[derive(Debug)]
enum Work {
    Check(Vec<Post>),
    Prove(Decision),
}

impl Desk {
    /// Takes in statements that were posted together. Dropped, and so their sender told, once the log is stopped.
    pub(crate) fn post(&self, post: Post) {
        let mut waiting = self.lock();
        if waiting.closed {
            return;
        }
        waiting.statements = waiting.statements.saturating_add(post.statements.len());
        waiting.posts.push_back(post);
        self.call(waiting);
    }

    /// Takes in what was decided about statements that were checked together.
    pub(crate) fn decided(&self, decision: Decision) {
        let mut waiting = self.lock();
        waiting.decisions.push_back(decision);
        self.call(waiting);
    }

    /// Whether the sequencer is busy from now on.
    pub(crate) fn appending(&self, appending: bool) {
        let mut waiting = self.lock();
        waiting.appending = appending;
        self.call(waiting);
    }

    /// Takes nothing in any more. The threads end once nothing waits.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.called.notify_all();
    }

    /// Wakes a thread if there is work and one that sleeps.
    fn call(&self, mut waiting: MutexGuard<'_, Waiting>) {
        if waiting.asleep == 0 || !waiting.has_work() {
            return;
        }
        waiting.asleep -= 1;
        waiting.calls += 1;
        drop(waiting);
        self.called.notify_one();
    }

    /// The next piece of work; nothing once there will be none.
    fn next(&self) -> Option<Work> {
        let mut waiting = self.lock();
        loop {
            if let Some(work) = waiting.take() {
                // There may be enough for another thread.
                self.call(waiting);
                return Some(work);
            }
            if waiting.closed {
                return None;
            }
            waiting.asleep += 1;
            let uncalled = |waiting: &mut Waiting| waiting.calls == 0 && !waiting.closed;
            waiting = self.called.wait_while(waiting, uncalled).unwrap_or_else(PoisonError::into_inner);
            waiting.calls = waiting.calls.saturating_sub(1);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    fn has_work(&self) -> bool {
        let held_back = self.appending && self.statements < WORTH_CHECKING && !self.closed;
        !self.decisions.is_empty() || (!self.posts.is_empty() && !held_back)
    }

    /// Who was told longest ago that there is nothing left to wait for goes first: decisions, then posts in order.
    fn take(&mut self) -> Option<Work> {
        if !self.has_work() {
            return None;
        }
        if let Some(decision) = self.decisions.pop_front() {
            return Some(Work::Prove(decision));
        }
        let share = self.share();
        let mut posts = Vec::new();
        let mut statements: usize = 0;
        while let Some(post) = self.posts.front() {
            let more = statements.saturating_add(post.statements.len());
            if more > share && !posts.is_empty() {
                break;
            }
            statements = more;
            posts.extend(self.posts.pop_front());
        }
        self.statements = self.statements.saturating_sub(statements);
        Some(Work::Check(posts))
    }

    /// How many statements one thread takes: what waits is divided among those that have nothing to do.
    fn share(&self) -> usize {
        let threads = self.asleep.saturating_add(1);
        self.statements.div_ceil(threads).clamp(WORTH_CHECKING, CHECKED_TOGETHER)
    }
}

/// Starts the threads. What panics in one latches the log, and whoever waited is told so.
pub(crate) fn start(log: &Arc<Log>) -> std::io::Result<Vec<JoinHandle<()>>> {
    let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
    let work = |log: &Arc<Log>| {
        let log = Arc::clone(log);
        move || {
            while let Some(work) = log.desk().next() {
                carry_out(&log, work);
            }
        }
    };
    (0..cores).map(|_| std::thread::Builder::new().name("desk".into()).spawn(work(log))).collect()
}

fn carry_out(log: &Arc<Log>, work: Work) {
    let worked = catch_unwind(AssertUnwindSafe(|| match work {
        Work::Check(posts) => stage(log, posts),
        Work::Prove(decision) => answer(log, decision),
    }));
    if worked.is_err() {
        log.latch().set("checking or proving statements panicked".into());
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;

    use super::*;
    use crate::queue::{Queue, QueueLimits};
    use crate::staging::Asker;

    fn waiting(posts: &[usize]) -> Waiting {
        let (queue, _inbox) = Queue::new(QueueLimits::default());
        let post = |count: &usize| {
            let asker = Asker { room: queue.enter(*count, 0).unwrap(), answer: oneshot::channel().0 };
            Post { statements: vec![Vec::new(); *count], asker }
        };
        let posts: VecDeque<_> = posts.iter().map(post).collect();
        Waiting {
            statements: posts.iter().map(|post| post.statements.len()).sum(),
            posts,
            ..Waiting::default()
        }
    }

    fn taken(waiting: &mut Waiting) -> Vec<usize> {
        match waiting.take() {
            Some(Work::Check(posts)) => posts.iter().map(|post| post.statements.len()).collect(),
            Some(Work::Prove(_)) => panic!("nothing was decided"),
            None => Vec::new(),
        }
    }

    #[test]
    fn what_is_taken_together_is_bounded_unless_it_was_posted_together() {
        let mut waiting = waiting(&[60, 4, 1, 4_096, 2]);
        assert_eq!(taken(&mut waiting), [60, 4]);
        assert_eq!(taken(&mut waiting), [1]);
        assert_eq!(taken(&mut waiting), [4_096]);
        assert_eq!(taken(&mut waiting), [2]);
        assert_eq!((taken(&mut waiting), waiting.statements), (vec![], 0));
    }

    #[test]
    fn few_are_held_back_while_the_sequencer_is_busy_and_no_longer() {
        let few = vec![1; WORTH_CHECKING - 1];
        let busy = |posts: &[usize]| Waiting { appending: true, ..waiting(posts) };
        assert!(taken(&mut busy(&few)).is_empty());
        assert_eq!(taken(&mut busy(&[1; WORTH_CHECKING])).len(), WORTH_CHECKING);
        assert_eq!(taken(&mut waiting(&few)), few);
        assert_eq!(taken(&mut Waiting { closed: true, ..busy(&few) }), few);
    }
}
