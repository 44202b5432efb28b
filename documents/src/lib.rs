//! What is written for other tools and for auditors, by the program and by the log's server alike: reports on many actions, and
//! judged chains in the forms of other tools.
//!
//! In scope: the documents, from verdicts that others reached. Out of scope: judging, where evidence comes from, where documents go.

#![forbid(unsafe_code)]

use thiserror::Error;

pub mod export;
pub mod report;

/// Why a document is not written.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{what}")]
pub struct Unwritten {
    /// Stable name.
    pub code: &'static str,
    /// Why, in a sentence.
    pub what: String,
}

impl Unwritten {
    fn new(code: &'static str, what: impl Into<String>) -> Self {
        Self { code, what: what.into() }
    }
}
