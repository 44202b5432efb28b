//! Bounds of the log's own routes, with their units; those of any request are in [`serving::limits`].

/// Most requests that read the store at once; one more is told to come back.
pub(super) const READS_MAX: usize = 256;

/// Caching of what has one place and one form: for the one client that asked, and for good.
pub(super) const NEVER_CHANGES: &str = "private, max-age=31536000, immutable";

/// Most entries in one answer of raw entries (C2SP entry bundle).
pub(super) const ENTRIES_MAX: u64 = 256;
