//! Gaps in emitters' sequences: numbers that were given out and that no entry carries.

use alloc::collections::{BTreeMap, BTreeSet};

use schemas::ids::{KeyId, StreamId};
use schemas::payload::Body;
use schemas::text::Tenant;

use super::{Absence, Evidence};

/// A number that is missing from an emitter's sequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Gap {
    pub(crate) kid: KeyId,
    pub(crate) stream: StreamId,
    /// The first number that is missing.
    pub(crate) number: u64,
}

/// The numbers of one stream, as runs from a first number to behind the last.
#[derive(Default)]
struct Numbers {
    runs: BTreeMap<u64, u64>,
    /// The next number to be given out, as far as the emitter said.
    next: u64,
}

impl Evidence {
    /// A gap in any sequence of these emitters. Seen only where all entries were read.
    pub(crate) fn gap(&self, emitters: &BTreeSet<(KeyId, &Tenant)>) -> Option<Gap> {
        if !matches!(self.absence, Absence::Recomputed(_)) {
            return None;
        }
        let mut streams: BTreeMap<(KeyId, &Tenant, StreamId), Numbers> = BTreeMap::new();
        for record in self.records.values().filter(|record| record.is_signed()) {
            let Some(payload) = &record.payload else { continue };
            let Some((stream, seq)) = payload.stream.zip(payload.seq) else { continue };
            let kid = record.envelope.kid;
            if !emitters.contains(&(kid, &payload.tenant)) {
                continue;
            }
            let numbers = streams.entry((kid, &payload.tenant, stream)).or_default();
            numbers.add(seq);
            if let Body::Stream(event) = &payload.body {
                event.void.iter().for_each(|number| numbers.add(*number));
                numbers.next = numbers.next.max(event.next.unwrap_or(0));
            }
        }
        streams.into_iter().find_map(|((kid, _, stream), numbers)| {
            numbers.first_missing().map(|number| Gap { kid, stream, number })
        })
    }
}

impl Numbers {
    fn add(&mut self, number: u64) {
        let before = self.runs.range(..=number).next_back().map(|(from, behind)| (*from, *behind));
        let from = match before {
            Some((_, behind)) if behind > number => return,
            Some((from, behind)) if behind == number => from,
            _ => number,
        };
        let next = number.saturating_add(1);
        let behind = self.runs.remove(&next).unwrap_or(next);
        self.runs.insert(from, behind);
    }

    fn first_missing(&self) -> Option<u64> {
        let whole = self.runs.get(&0).copied().unwrap_or(0);
        let last = self.runs.last_key_value().map_or(0, |(_, behind)| *behind);
        (whole < last.max(self.next)).then_some(whole)
    }
}
