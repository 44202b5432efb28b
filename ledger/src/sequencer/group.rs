//! What makes a group, and what it adds to the metrics.

use std::collections::BTreeMap;
use std::sync::mpsc::Receiver;
use std::time::Instant;

use schemas::payload::Kind;

use crate::apply::Accepted;
use crate::queue::Submission;

/// Most statements in one group: bounds how long the first one in it waits for the last.
const GROUP_STATEMENTS_MAX: usize = 8_192;

/// Most bytes of terms and statements in one group, about.
const GROUP_BYTES_MAX: usize = 16 * 1024 * 1024;

/// What is waiting besides `first`, up to a group's bounds.
pub(super) fn fill(first: Submission, inbox: &Receiver<Submission>) -> Vec<Submission> {
    let weigh = |submission: &Submission| {
        let bytes =
            submission.candidates.iter().map(|c| c.accepted.statement.envelope.bytes().len()).sum::<usize>();
        (submission.candidates.len(), bytes)
    };
    let (mut statements, mut bytes) = weigh(&first);
    let mut group = vec![first];
    while statements < GROUP_STATEMENTS_MAX && bytes < GROUP_BYTES_MAX {
        let Ok(next) = inbox.try_recv() else { break };
        let (more_statements, more_bytes) = weigh(&next);
        statements += more_statements;
        bytes += more_bytes;
        group.push(next);
    }
    group
}

/// What a group adds to the metrics, once it is durable.
pub(super) struct Counts {
    statements: usize,
    by_kind: BTreeMap<Kind, u64>,
}

impl Counts {
    pub(super) fn of(accepted: &[Accepted]) -> Self {
        let mut by_kind = BTreeMap::new();
        accepted
            .iter()
            .for_each(|accepted| *by_kind.entry(accepted.statement.payload.kind).or_default() += 1);
        Self { statements: accepted.len(), by_kind }
    }

    pub(super) fn record(self, begun: Instant) {
        metrics::histogram!("writ_append_seconds").record(begun.elapsed().as_secs_f64());
        metrics::histogram!("writ_group_statements").record(self.statements as f64);
        for (kind, count) in self.by_kind {
            metrics::counter!("writ_appended_total", "kind" => kind.as_str()).increment(count);
        }
    }
}
