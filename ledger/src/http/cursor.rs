//! Where a search goes on: the size that it is pinned to and the next index, bound to its question.

use data_encoding::HEXLOWER;
use schemas::query::Query;
use schemas::time::{Index, Time};

use super::problem::Problem;
use crate::search::Order;

/// Bytes of the question's hash in a cursor: catches mistakes, protects nothing.
const QUESTION_BYTES: usize = 8;

/// A place in a search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cursor {
    /// Size of the log when the search began.
    pub(super) size: u64,
    /// The first entry that was not yet looked at.
    pub(super) next: Index,
    /// The moment from which `since:2h` is told on every page.
    pub(super) now: Time,
}

impl Cursor {
    /// The cursor as text.
    pub(super) fn to_text(self, query: &Query, order: Order) -> String {
        let mut bytes = self.size.to_be_bytes().to_vec();
        bytes.extend_from_slice(&self.next.0.to_be_bytes());
        bytes.extend_from_slice(&self.now.0.to_be_bytes());
        bytes.extend_from_slice(&digest(query, order));
        HEXLOWER.encode(&bytes)
    }

    /// Reads a cursor, and the hash of the question that it belongs to.
    pub(super) fn parse(text: &str) -> Result<(Self, Asked), Problem> {
        let read = || {
            let bytes = HEXLOWER.decode(text.as_bytes()).ok()?;
            let (size, rest) = bytes.split_first_chunk()?;
            let (next, rest) = rest.split_first_chunk()?;
            let (now, asked) = rest.split_first_chunk()?;
            let [size, next, now] = [size, next, now].map(|number| u64::from_be_bytes(*number));
            Some((Self { size, next: Index(next), now: Time(now) }, Asked(asked.try_into().ok()?)))
        };
        read().ok_or_else(|| Problem::bad_query("parameter `cursor` is not the `next` of an earlier page"))
    }
}

/// Hash of the question that a cursor belongs to.
pub(super) struct Asked([u8; QUESTION_BYTES]);

impl Asked {
    /// Refuses a cursor that came with another question.
    pub(super) fn check(&self, query: &Query, order: Order) -> Result<(), Problem> {
        if self.0 == digest(query, order) {
            return Ok(());
        }
        Err(Problem::bad_query("parameter `cursor` belongs to another question; only `limit` may change"))
    }
}

fn digest(query: &Query, order: Order) -> [u8; QUESTION_BYTES] {
    let hash = blake3::hash(format!("{query:?} {order:?}").as_bytes());
    hash.as_bytes().first_chunk().copied().unwrap_or_default()
}
