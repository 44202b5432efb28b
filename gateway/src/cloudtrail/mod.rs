//! AWS CloudTrail log files → drafts.
//!
//! In scope: what one event says, as unsigned payloads ([`drafts()`]: pure, bytes in, payloads out), and the walk over files
//! and folders that finds the events ([`read`]). The page `docs/cloudtrail.md` lists what becomes of each field.
//!
//! Out of scope: signing, sending, and whether an event is true. The adapter keeps no state: a payload depends on its event
//! alone, so that imports may be repeated, reordered and split.
//!
//! Events are joined by access key id: what was issued under a key is a delegation that carries it as its credential, and
//! what was done with a key names it.

mod drafts;
mod event;
mod files;
mod identity;
mod issued;
mod naming;
mod report;
mod ruling;
mod sign_in;
#[cfg(test)]
mod tests;

use schemas::ids::LogId;
use schemas::text::Tenant;

pub use drafts::drafts;
pub use event::EventError;
pub use files::{FileError, LOG_BYTES_MAX, read};
pub use naming::NAMESPACE;
pub use report::{EventName, FAILURES_LISTED_MAX, Failure, Report, Why};

/// The adapter and its version, as every draft names it. A change of what an event becomes is a new version.
pub const ADAPTER: &str = "writ-cloudtrail/2";

/// The source format, as every draft names it.
pub const FORMAT: &str = "cloudtrail";

/// What the drafts are for, which no event says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Context {
    /// The log that the statements are meant for.
    pub log: LogId,
    /// The tenant within it.
    pub tenant: Tenant,
}
