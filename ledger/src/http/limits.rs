//! Bounds of the log's own routes, with their units; those of any request are in [`serving::limits`].

use std::time::Duration;

/// Most requests that read the store at once; one more is told to come back.
pub(super) const READS_MAX: usize = 256;

/// Most questions at once that judge much of the log, each for some seconds on a core of its own; one more is told to come back.
pub(super) const SWEEPS_MAX: usize = 1;

/// Most streams open at once; one more is told to come back.
pub(super) const STREAMS_MAX: usize = 64;

/// Most statements that one stream holds in memory for a reader who has not taken them.
pub(super) const STREAM_EVENTS: usize = 64;

/// How often a stream says that it lives, where nothing else is said.
pub(super) const STREAM_HEARTBEAT: Duration = Duration::from_secs(10);

/// Caching of what has one place and one form: for the one client that asked, and for good.
pub(super) const NEVER_CHANGES: &str = "private, max-age=31536000, immutable";

/// Most entries in one answer of raw entries (C2SP entry bundle).
pub(super) const ENTRIES_MAX: u64 = 256;
