//! Where a search goes on: the size that it is pinned to and the next index, bound to its question.

use data_encoding::HEXLOWER;
use schemas::time::Index;

use super::problem::Problem;
use crate::search::Question;

/// Bytes of the question's hash in a cursor: catches mistakes, protects nothing.
const QUESTION_BYTES: usize = 8;

/// A place in a search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cursor {
    /// Size of the log when the search began.
    pub(super) size: u64,
    /// The first entry that was not yet looked at.
    pub(super) next: Index,
}

impl Cursor {
    /// The cursor as text.
    pub(super) fn to_text(self, question: &Question) -> String {
        let mut bytes = self.size.to_be_bytes().to_vec();
        bytes.extend_from_slice(&self.next.0.to_be_bytes());
        bytes.extend_from_slice(&digest(question));
        HEXLOWER.encode(&bytes)
    }

    /// Reads a cursor and holds it against the question that it is sent with.
    pub(super) fn parse(text: &str, question: &Question) -> Result<Self, Problem> {
        let bad = || Problem::bad_query("parameter `cursor` is not the `next` of an earlier page");
        let bytes = HEXLOWER.decode(text.as_bytes()).map_err(|_| bad())?;
        let (size, rest) = bytes.split_first_chunk().ok_or_else(bad)?;
        let (next, asked) = rest.split_first_chunk().ok_or_else(bad)?;
        if asked.len() != QUESTION_BYTES {
            return Err(bad());
        }
        if asked != digest(question) {
            return Err(Problem::bad_query(
                "parameter `cursor` belongs to another question; only `limit` may change",
            ));
        }
        Ok(Self { size: u64::from_be_bytes(*size), next: Index(u64::from_be_bytes(*next)) })
    }
}

fn digest(question: &Question) -> [u8; QUESTION_BYTES] {
    let hash = blake3::hash(format!("{question:?}").as_bytes());
    hash.as_bytes().first_chunk().copied().unwrap_or_default()
}
