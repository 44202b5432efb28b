//! What came of an import: counts, and what was left out and why.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use schemas::payload::Kind;
use schemas::text::Line;
use serde::Deserialize;

use super::event::EventError;
use super::files::FileError;

/// Most failures that a report lists by name; beyond it they are only counted.
pub const FAILURES_LISTED_MAX: usize = 1_000;

/// What came of reading files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Log files read to their end.
    pub files_read: u64,
    /// Files in folders that are no log files, and CloudTrail's own digest files.
    pub files_ignored: u64,
    /// Files that could not be read, or not to their end.
    pub files_failed: u64,
    /// Those of them of which a part was read.
    pub files_cut_short: u64,
    /// Events of which every statement was visited.
    pub events_imported: u64,
    /// Events about no call.
    pub events_ignored: u64,
    /// Events that could not be read.
    pub events_failed: u64,
    /// Statements visited, by kind.
    pub statements: BTreeMap<Kind, u64>,
    /// Failures, by code.
    pub failed_by_code: BTreeMap<&'static str, u64>,
    /// The first [`FAILURES_LISTED_MAX`] failures, in the order met.
    pub failures: Vec<Failure>,
}

/// A file or event that was left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The file, or the one that the event is in.
    pub file: PathBuf,
    /// The event; absent where the file failed.
    pub event: Option<EventName>,
    /// Why.
    pub why: Why,
}

/// Which event of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventName {
    /// Its place in the file, from 1.
    pub number: u64,
    /// Its `eventID`, where that can be read.
    pub id: Option<Line>,
}

/// Why something was left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// The file failed.
    File(FileError),
    /// The event failed.
    Event(EventError),
}

impl Report {
    /// Whether nothing was left out.
    pub fn is_whole(&self) -> bool {
        self.files_failed == 0 && self.events_failed == 0
    }

    /// Statements visited, of all kinds.
    pub fn statements_total(&self) -> u64 {
        self.statements.values().sum()
    }

    pub(super) fn file_failed(&mut self, file: &Path, error: FileError) {
        self.failed(Failure { file: file.to_owned(), event: None, why: Why::File(error) });
    }

    pub(super) fn failed(&mut self, failure: Failure) {
        match &failure.why {
            Why::File(error) => {
                self.files_failed += 1;
                self.files_cut_short += u64::from(error.is_cut_short());
            }
            Why::Event(_) => self.events_failed += 1,
        }
        *self.failed_by_code.entry(failure.why.code()).or_default() += 1;
        if self.failures.len() < FAILURES_LISTED_MAX {
            self.failures.push(failure);
        }
    }
}

impl EventName {
    pub(super) fn of(number: u64, event: &str) -> Self {
        #[derive(Deserialize)]
        struct Named {
            #[serde(rename = "eventID")]
            id: Line,
        }
        Self { number, id: serde_json::from_str::<Named>(event).ok().map(|named| named.id) }
    }
}

impl Why {
    /// Stable name of the reason.
    pub fn code(&self) -> &'static str {
        match self {
            Self::File(error) => error.code(),
            Self::Event(error) => error.code(),
        }
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(error) => error.fmt(f),
            Self::Event(error) => error.fmt(f),
        }
    }
}

impl fmt::Display for Failure {
    /// `file, event 3 (id): why`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        match &self.event {
            Some(EventName { number, id: Some(id) }) => write!(f, ", event {number} ({id})")?,
            Some(EventName { number, id: None }) => write!(f, ", event {number}")?,
            None => {}
        }
        write!(f, ": {}", self.why)
    }
}
