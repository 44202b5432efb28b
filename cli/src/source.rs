//! Where a log is read from: its server, or a mirror of it.

use gateway::client::{Client, ClientError};
use schemas::note::Note;
use schemas::tree::TreeHash;

use crate::failure::Failure;

/// A log to be read. Nothing that it answers is believed for coming from there.
pub(crate) trait LogSource: Sync {
    /// The latest checkpoint.
    fn checkpoint(&self) -> Result<Note, Failure>;

    /// Entries from `start` on: at least one, none at or beyond `end`.
    fn entries(&self, start: u64, end: u64) -> Result<Vec<Vec<u8>>, Failure>;

    /// Hashes that lead from the tree of `first` entries to that of `second`.
    fn consistency(&self, first: u64, second: u64) -> Result<Proof, Failure>;
}

/// What was answered when a proof was asked for.
pub(crate) enum Proof {
    /// Its hashes.
    Path(Vec<TreeHash>),
    /// The log does not have a tree of that size, or says so.
    Refused(Failure),
    /// This is a copy that does not go so far, which says nothing of the log.
    Behind,
}

impl LogSource for Client {
    fn checkpoint(&self) -> Result<Note, Failure> {
        Ok(Self::checkpoint(self)?)
    }

    fn entries(&self, start: u64, end: u64) -> Result<Vec<Vec<u8>>, Failure> {
        Ok(Self::entries(self, start, end)?)
    }

    fn consistency(&self, first: u64, second: u64) -> Result<Proof, Failure> {
        match Self::consistency(self, first, second) {
            Ok(answer) => Ok(Proof::Path(answer.path)),
            Err(error @ ClientError::Refused { status: 400..=499, .. }) => Ok(Proof::Refused(error.into())),
            Err(error) => Err(error.into()),
        }
    }
}
