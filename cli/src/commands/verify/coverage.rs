//! What the log covers: from when to when, whose streams, and which of their numbers never arrived.

use std::collections::BTreeMap;

use schemas::envelope::Statement;
use schemas::ids::{KeyId, StreamId};
use schemas::kinds::StreamOp;
use schemas::payload::Body;
use schemas::text::Tenant;
use serde::Serialize;

/// One emitter's sequence.
type Emitter = (KeyId, Tenant, StreamId);

/// What was met so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Coverage {
    streams: BTreeMap<Emitter, Stream>,
    /// Numbers that two statements carry.
    conflicts: u64,
}

#[derive(Clone, Debug, Default)]
struct Stream {
    iss: String,
    numbers: Numbers,
}

/// One emitter's sequence, as it is kept until the log is looked at again.
pub(super) struct StreamRow {
    pub(super) kid: KeyId,
    pub(super) tenant: Tenant,
    pub(super) stream: StreamId,
    pub(super) iss: String,
    /// Runs of numbers without holes: first to last.
    pub(super) runs: Vec<(u64, u64)>,
    /// The last number that the emitter says it gave out.
    pub(super) reached: Option<u64>,
}

/// Numbers from 0.
#[derive(Clone, Debug, Default)]
struct Numbers {
    /// Runs without holes: first to last.
    runs: BTreeMap<u64, u64>,
    /// The last number that the emitter says it gave out.
    reached: Option<u64>,
}

/// Numbers of one stream that no entry carries and none declares void.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Gap {
    pub(crate) iss: String,
    pub(crate) kid: KeyId,
    pub(crate) tenant: Tenant,
    pub(crate) stream: StreamId,
    pub(crate) first: u64,
    pub(crate) last: u64,
}

impl Coverage {
    /// What was met before.
    pub(super) fn resume(rows: impl Iterator<Item = StreamRow>, conflicts: u64) -> Self {
        let streams = rows.map(|row| {
            let numbers = Numbers { runs: row.runs.into_iter().collect(), reached: row.reached };
            ((row.kid, row.tenant, row.stream), Stream { iss: row.iss, numbers })
        });
        Self { streams: streams.collect(), conflicts }
    }

    /// What was met, emitter by emitter.
    pub(super) fn rows(&self) -> impl Iterator<Item = StreamRow> {
        self.streams.iter().map(|((kid, tenant, stream), met)| StreamRow {
            kid: *kid,
            tenant: tenant.clone(),
            stream: *stream,
            iss: met.iss.clone(),
            runs: met.numbers.runs.iter().map(|(first, last)| (*first, *last)).collect(),
            reached: met.numbers.reached,
        })
    }

    /// Takes in a statement of a known form.
    pub(crate) fn add(&mut self, statement: &Statement) {
        let payload = &statement.payload;
        let Some((stream, seq)) = payload.stream.zip(payload.seq) else { return };
        let emitter = (statement.envelope.kid, payload.tenant.clone(), stream);
        let met = self.streams.entry(emitter).or_default();
        met.iss = statement.envelope.iss.to_string();
        if !met.numbers.insert(seq) {
            self.conflicts += 1;
        }
        let Body::Stream(event) = &payload.body else { return };
        for number in &event.void {
            met.numbers.insert(*number);
        }
        if let (StreamOp::Close | StreamOp::Heartbeat, Some(before)) =
            (event.op, event.next.and_then(|n| n.checked_sub(1)))
        {
            // The emitter says how far it came: what is missing before that is missing, even at the end.
            met.numbers.reach(before);
        }
    }

    /// How many emitters' sequences there are.
    pub(crate) fn streams(&self) -> usize {
        self.streams.len()
    }

    /// How many numbers two statements carry.
    pub(crate) fn conflicts(&self) -> u64 {
        self.conflicts
    }

    /// What never arrived.
    pub(crate) fn gaps(&self) -> Vec<Gap> {
        let gaps = self.streams.iter().flat_map(|((kid, tenant, stream), met)| {
            met.numbers.holes().into_iter().map(|(first, last)| Gap {
                iss: met.iss.clone(),
                kid: *kid,
                tenant: tenant.clone(),
                stream: *stream,
                first,
                last,
            })
        });
        gaps.collect()
    }
}

impl Numbers {
    /// Adds a number; whether it is new.
    fn insert(&mut self, number: u64) -> bool {
        let before = self.runs.range(..=number).next_back().map(|(first, last)| (*first, *last));
        if before.is_some_and(|(_, last)| last >= number) {
            return false;
        }
        let first = match before {
            Some((first, last)) if last + 1 == number => first,
            _ => number,
        };
        let last = number.checked_add(1).and_then(|next| self.runs.remove(&next)).unwrap_or(number);
        self.runs.insert(first, last);
        true
    }

    fn reach(&mut self, last: u64) {
        self.reached = self.reached.max(Some(last));
    }

    fn holes(&self) -> Vec<(u64, u64)> {
        let mut holes = Vec::new();
        let mut expected = 0;
        for (first, last) in &self.runs {
            if *first > expected {
                holes.push((expected, first - 1));
            }
            expected = last.saturating_add(1);
        }
        holes.extend(self.reached.filter(|reached| *reached >= expected).map(|reached| (expected, reached)));
        holes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(given: &[u64]) -> Numbers {
        let mut numbers = Numbers::default();
        for number in given {
            numbers.insert(*number);
        }
        numbers
    }

    #[test]
    fn what_is_missing_is_named_whatever_the_order_of_arrival() {
        assert_eq!(numbers(&[2, 0, 1]).holes().len(), 0);
        assert_eq!(numbers(&[5, 0, 3, 1]).holes(), [(2, 2), (4, 4)]);
        assert_eq!(numbers(&[7]).holes(), [(0, 6)]);
    }

    #[test]
    fn a_number_counts_once() {
        let mut numbers = numbers(&[0, 1, 2]);
        assert!(!numbers.insert(1));
        assert!(numbers.insert(3));
    }

    #[test]
    fn what_an_emitter_says_it_sent_is_missing_until_it_is_there() {
        let mut numbers = numbers(&[0, 1]);
        numbers.reach(3);
        assert_eq!(numbers.holes(), [(2, 3)]);
        numbers.insert(2);
        numbers.insert(3);
        assert_eq!(numbers.holes().len(), 0);
    }
}
