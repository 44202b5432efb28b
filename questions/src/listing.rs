//! What a search found, as text: a line a statement, and how far that goes.

use alloc::format;
use alloc::string::{String, ToString};

use schemas::ids::StatementId;
use schemas::time::{Index, Time};

use crate::text::{line as text_line, plural, printable, short, shown_moment};

/// A statement that was found.
#[derive(Clone, Copy, Debug)]
pub struct Listed<'a> {
    /// Where it stands.
    pub index: Index,
    /// When, as its signer says.
    pub at: Time,
    /// Its kind.
    pub kind: &'a str,
    /// Its id.
    pub id: &'a StatementId,
    /// What it says, in a line.
    pub summary: &'a str,
}

/// How far a page of a search goes.
#[derive(Clone, Copy, Debug)]
pub struct Foot<'a> {
    /// How many statements are on it.
    pub count: u64,
    /// The earliest moment that was understood.
    pub since: Option<Time>,
    /// The latest.
    pub until: Option<Time>,
    /// Name of the log.
    pub origin: &'a str,
    /// How many entries of it were searched.
    pub size: u64,
    /// Where the next page begins.
    pub next: Option<&'a str>,
}

impl Listed<'_> {
    /// Place, moment, kind, id and what it says, on one line.
    pub fn line(&self) -> String {
        let Self { index, at, kind, id, summary } = *self;
        let (place, at, kind) = (index.to_string(), shown_moment(at), printable(kind));
        format!("{place:<9} {at:<25} {kind:<11} {}  {}\n", short(id), text_line(summary))
    }
}

impl Foot<'_> {
    /// How many there are, of what, and whether that is all; without a line's end.
    pub fn text(&self) -> String {
        let bound = |word: &str, time: Option<Time>, on: &str| {
            time.map(|time| format!(" {word} {}{on}", shown_moment(time))).unwrap_or_default()
        };
        let (since, until) = (bound("from", self.since, " on"), bound("until", self.until, ""));
        let next = match self.next {
            Some(next) => format!("there is more: the same with --page {}", printable(next)),
            None => "the server lists no more".into(),
        };
        let (count, origin) = (plural(self.count, "statement"), printable(self.origin));
        format!("{count} per the server{since}{until} · as of size {} of {origin} · {next}", self.size)
    }
}
