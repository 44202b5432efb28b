//! From posted bytes to an answer: the way in, and why there may be none.

use std::sync::Arc;

use schemas::tree::TreeHash;
use thiserror::Error;
use tokio::sync::oneshot;

use crate::index::Epoch;
use crate::log::{Log, Published};
use crate::outcome::Outcome;
use crate::publish::NotSigning;
use crate::read::ReadError;
use crate::staging::{Asker, Post};

/// What became of posted statements, and what proves it.
#[derive(Debug)]
pub struct Answer {
    /// The head that all proofs lead to.
    pub published: Arc<Published>,
    /// One result for each statement, in order.
    pub results: Vec<Outcome>,
    /// The inclusion path of each result that names an entry; empty for the others.
    pub proofs: Vec<Vec<TreeHash>>,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Unavailable {
    /// Too much is waiting already.
    #[error("the queue is full: {waiting} statements are waiting")]
    Full {
        /// How many statements are waiting.
        waiting: usize,
    },
    /// The log stopped at its first failure.
    #[error("the log accepts nothing until it is started again: {reason}")]
    Latched {
        /// That failure.
        reason: String,
    },
    /// The index is being made again: whether a statement is a repeat cannot be told.
    #[error("the index is damaged and is made again; until then nothing is appended")]
    Reindexing,
    /// Nothing is signed yet.
    #[error("{reason}")]
    Pending {
        /// Which witnesses have not answered.
        reason: String,
    },
    /// The log was restored from a backup, and may have said more since.
    #[error("the log was restored from a backup and is not reconciled: it signs and appends nothing")]
    NotReconciled,
    /// The program is stopping.
    #[error("the log is being stopped")]
    Stopping,
    /// Reading failed. The log is latched now.
    #[error(transparent)]
    Read(#[from] ReadError),
}

impl Unavailable {
    /// Stable name of the reason.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Full { .. } => "queue-full",
            Self::Reindexing | Self::Read(ReadError::Reindexing) => "index-rebuilding",
            Self::Latched { .. } | Self::Read(_) => "log-latched",
            Self::Pending { .. } => "witnesses-pending",
            Self::NotReconciled => "not-reconciled",
            Self::Stopping => "stopping",
        }
    }
}

/// Appends statements. Cheap for the calling thread: the work is done at the log's desk.
///
/// Once handed over it runs to its end even if the caller stops waiting.
pub async fn submit(log: Arc<Log>, statements: Vec<Vec<u8>>) -> Result<Answer, Unavailable> {
    log.may_sign()?;
    let epoch = log.index().epoch();
    if !log.index().is_whole() {
        return Err(Unavailable::Reindexing);
    }
    let bytes = statements.iter().map(Vec::len).sum();
    let full = || Unavailable::Full { waiting: log.queue().depth() };
    let room = log.queue().enter(statements.len(), bytes).ok_or_else(full)?;
    let (answer, told) = oneshot::channel();
    log.desk().post(Post { statements, asker: Asker { room, answer } });
    told.await.unwrap_or_else(|_| Err(stopped(&log, epoch)))
}

impl From<NotSigning> for Unavailable {
    fn from(why: NotSigning) -> Self {
        match why {
            NotSigning::Latched(reason) => Self::Latched { reason },
            NotSigning::Pending(reason) => Self::Pending { reason },
            NotSigning::NotReconciled(_) => Self::NotReconciled,
        }
    }
}

/// Why nobody answered: the log was latched, its index was found damaged since `epoch`, or it is being stopped.
fn stopped(log: &Log, epoch: Epoch) -> Unavailable {
    match log.may_sign() {
        Err(why) => why.into(),
        Ok(()) if log.index().epoch() != epoch => Unavailable::Reindexing,
        // A panic drops what waits before it latches.
        Ok(()) if log.queue().is_open() => Unavailable::Latched { reason: "the sequencer ended".into() },
        Ok(()) => Unavailable::Stopping,
    }
}
