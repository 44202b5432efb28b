//! Head and checkpoint: what is signed for every commit, and what is shown to whoever asks how far the log is.
//!
//! The *head* is signed for every commit and goes into receipts. The *checkpoint* is the latest head that met the
//! publication policy: every head where no witness is asked for. It says at what time it was the latest; that time is
//! renewed within the genesis heartbeat although nothing is appended, so that an idle log can be told from a withheld one.
//!
//! In scope: the policy ([`Publication`]), asking witnesses for cosignatures (`rounds`) and, before the first signature
//! after a start, for what they know (`gate`), and what is kept of it (`kept`). Out of scope: signing itself, which is the
//! sequencer's alone.

pub(crate) mod begin;
pub(crate) mod gate;
pub(crate) mod kept;
mod pending;
mod publication;
pub(crate) mod rounds;
pub(crate) mod shown;
mod transport;
mod witness;

use schemas::time::{Millis, Time};

pub use gate::WitnessRefusal;
pub use pending::{NotSigning, Pending};
pub use publication::{PUBLISH_EVERY, Publication, PublicationError};
pub use shown::PublishedCheckpoint;

/// Renewals in one heartbeat: one may come late, or fail, and the checkpoint is still young enough.
const RENEWALS_PER_HEARTBEAT: u64 = 3;

/// Shortest time between two renewals.
const RENEWAL_MIN: Millis = Millis(100);

/// Milliseconds in one of the seconds that signatures count in.
const SECOND: u64 = 1_000;

/// How long a checkpoint is shown before its time is renewed.
pub(crate) fn renew_every(heartbeat: Millis) -> std::time::Duration {
    let every = (heartbeat.0 / RENEWALS_PER_HEARTBEAT).max(RENEWAL_MIN.0);
    std::time::Duration::from_millis(every)
}

/// The seconds of a moment, as signatures count them.
pub(crate) fn seconds(time: Time) -> u64 {
    time.0 / SECOND
}

/// The moment of a signature's seconds.
pub(crate) fn moment(seconds: u64) -> Time {
    Time(seconds.saturating_mul(SECOND))
}
