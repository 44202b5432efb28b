//! The moment that everything is judged as of (design §6).
//!
//! Times in bodies are claims. A claim stands if the emitter had seen a head not later than it, it is not ahead of its
//! entry's time, and it was logged soon enough; otherwise authority must hold over all the time that the moment may be in.

use schemas::payload::{Payload, Vantage};
use schemas::time::{Index, Time};

use super::ground::Ground;
use super::request::Request;
use crate::evidence::Record;

/// When the subject happened, as far as that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// As the subject claims.
    pub claimed: Time,
    /// The earliest that it may be.
    pub from: Time,
    /// The latest that it may be.
    pub to: Time,
    /// `claimed`, `imported`, `interval`, or `asked`: it is the moment that is asked about.
    pub established: &'static str,
}

impl Moment {
    /// The moment of a request.
    pub fn of(request: &Request<'_>, ground: Ground<'_>) -> Self {
        let Ground { evidence, profile, .. } = ground;
        let claimed = request.claimed;
        let logged = request.record.time;
        let payload = request.record.payload.as_ref();
        let seen = payload.and_then(|payload| payload.seen).and_then(|seen| seen.size.checked_sub(1));
        let seen_time = seen.map(|last| evidence.at(Index(last)).map(|record| record.time));
        let after_seen = match seen_time {
            None => true,
            Some(Some(seen)) => seen <= claimed.later(profile.skew),
            Some(None) => false,
        };
        let before_entry = claimed <= logged.later(profile.skew);
        let soon_enough = profile.lateness.is_none_or(|lateness| logged.since(claimed) <= lateness);
        if after_seen && before_entry && soon_enough {
            return Self { claimed, from: claimed, to: claimed, established: word(payload) };
        }
        let earliest = seen_time.flatten().unwrap_or(claimed);
        let from = claimed.min(earliest).min(logged);
        Self { claimed, from, to: claimed.max(logged), established: "interval" }
    }

    /// A moment that is asked about.
    pub(super) const fn asked(at: Time) -> Self {
        Self { claimed: at, from: at, to: at, established: "asked" }
    }

    /// Whether what a statement that was logged after the moment says of an earlier time was logged soon enough to stand.
    pub fn lets_stand(&self, ground: Ground<'_>, record: &Record, claimed: Time) -> bool {
        let logged_before = record.time <= self.claimed.later(ground.profile.skew);
        let late = ground.profile.lateness.is_some_and(|lateness| record.time.since(claimed) > lateness);
        logged_before || !late
    }

    /// Both ends of the time that the moment may be in, where it is not proved.
    pub fn ends(&self) -> impl Iterator<Item = Time> {
        [self.from, self.to].into_iter().filter(|end| *end != self.claimed)
    }
}

fn word(payload: Option<&Payload>) -> &'static str {
    if payload.is_some_and(|payload| payload.vantage == Vantage::Imported) { "imported" } else { "claimed" }
}
