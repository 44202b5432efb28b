//! What is aimed at: the one table that every figure is held against.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What a figure is held against.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Bound {
    /// Not less.
    AtLeast(f64),
    /// Not more.
    AtMost(f64),
}

impl Bound {
    /// Whether a figure is good enough.
    pub fn holds(self, figure: f64) -> bool {
        match self {
            Self::AtLeast(least) => figure >= least,
            Self::AtMost(most) => figure <= most,
        }
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtLeast(least) => write!(f, "≥ {least}"),
            Self::AtMost(most) => write!(f, "≤ {most}"),
        }
    }
}

/// Something that is measured to be held against a bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Row {
    /// Posting in batches.
    IngestBatches,
    /// Posting one by one.
    IngestSingles,
    /// The middle answer to a single statement at half of that load.
    LatencyMedian,
    /// And the slowest but one in a hundred.
    LatencyP99,
    /// `writ verify log` of a mirror.
    VerifyLog,
    /// Its memory as the log grows.
    VerifyMemory,
    /// `writd fsck`.
    Fsck,
    /// Its memory as the log grows.
    FsckMemory,
    /// A bundle as the log grows.
    Bundle,
    /// The slowest but one in a hundred of them, in the medium log.
    BundleP99,
    /// The same as the log grows.
    BundleP99Grown,
    /// A proof as the log grows.
    Proof,
    /// The first page of a search as the log grows.
    Search,
    /// The slowest but one in a hundred of them.
    SearchP99,
    /// Checking and judging a bundle as the log grows.
    Judge,
    /// The slowest but one in a hundred of them.
    JudgeP99,
    /// Disk.
    Disk,
    /// The server's memory.
    ServerMemory,
    /// The server's memory as the log grows.
    ServerMemoryFlat,
    /// Starting.
    Start,
    /// Time of an append as the log grows.
    AppendTime,
    /// Processor time of an append as the log grows.
    AppendProcessor,
    /// How far somebody reached.
    Blast,
}

/// A row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Goal {
    /// Which.
    pub row: Row,
    /// What is measured. R is what all cores manage of `verify_strict` alone, measured in the same round.
    pub what: &'static str,
    /// In what; empty for a ratio.
    pub unit: &'static str,
    /// What must be reached.
    pub target: Bound,
    /// What is hoped for besides.
    pub aim: Option<Bound>,
}

use Bound::{AtLeast, AtMost};

/// What counts as flat: what one run differs from the next by.
const FLAT: Bound = AtMost(1.1);

/// Every row, in the order in which they are told.
pub const GOALS: &[Goal] = &[
    goal(Row::IngestBatches, "ingest over HTTP, batches / R", "", AtLeast(1.2)).aim(AtLeast(1.5)),
    goal(Row::IngestSingles, "ingest over HTTP, one statement a request / R", "", AtLeast(0.7)),
    goal(Row::LatencyMedian, "single durable append at half of that load, median", "ms", AtMost(3.0)),
    goal(Row::LatencyP99, "single durable append at half of that load, p99", "ms", AtMost(20.0)),
    goal(Row::VerifyLog, "writ verify log, local mirror / R", "", AtLeast(2.0)).aim(AtLeast(3.0)),
    goal(Row::VerifyMemory, "its memory, large log / medium log", "", FLAT),
    goal(Row::Fsck, "writd fsck / R", "", AtLeast(2.0)).aim(AtLeast(3.0)),
    goal(Row::FsckMemory, "its memory, large log / medium log", "", FLAT),
    goal(Row::Bundle, "bundle, large log / medium log", "", AtMost(1.3)),
    goal(Row::BundleP99, "bundle, p99, medium log", "ms", AtMost(2.0)),
    goal(Row::BundleP99Grown, "bundle, p99, large log / medium log", "", AtMost(1.3)),
    goal(Row::Proof, "proof, large log / medium log", "", AtMost(1.3)),
    goal(Row::Search, "search, first page, large log / medium log", "", AtMost(1.3)),
    goal(Row::SearchP99, "search, first page, p99, large log", "ms", AtMost(5.0)),
    goal(Row::Judge, "check and judge a bundle, large log / medium log", "", AtMost(1.3)),
    goal(Row::JudgeP99, "check and judge a bundle, p99, large log", "ms", AtMost(2.0)),
    goal(Row::Disk, "bytes on disk after compaction / bytes of statements", "", AtMost(1.6)),
    goal(Row::ServerMemory, "server's memory under load, large log", "MiB", AtMost(512.0)),
    goal(Row::ServerMemoryFlat, "server's memory under load, large log / medium log", "", FLAT),
    goal(Row::Start, "start of a cleanly stopped large log, to its first answer", "s", AtMost(2.0)),
    goal(Row::AppendTime, "time of an append × R, large log / small log", "", AtMost(1.2)),
    goal(Row::AppendProcessor, "server's processor time of an append × R, large / small", "", AtMost(1.2)),
    goal(Row::Blast, "blast of ten thousand actions, large log", "ms", AtMost(150.0)),
];

const fn goal(row: Row, what: &'static str, unit: &'static str, target: Bound) -> Goal {
    Goal { row, what, unit, target, aim: None }
}

impl Goal {
    const fn aim(self, aim: Bound) -> Self {
        Self { aim: Some(aim), ..self }
    }
}

/// A row of the table by its name.
pub fn find(row: Row) -> Option<&'static Goal> {
    GOALS.iter().find(|goal| goal.row == row)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_in_the_table_once_and_an_aim_asks_for_more_than_its_target() {
        let mut rows: Vec<Row> = GOALS.iter().map(|goal| goal.row).collect();
        rows.sort();
        rows.dedup();
        assert_eq!((rows.len(), rows.last()), (GOALS.len(), Some(&Row::Blast)));
        for goal in GOALS {
            let further = match (goal.target, goal.aim) {
                (_, None) => true,
                (AtLeast(target), Some(AtLeast(aim))) => aim > target,
                (AtMost(target), Some(AtMost(aim))) => aim < target,
                _ => false,
            };
            assert!(further, "{goal:?}");
        }
    }

    #[test]
    fn a_bound_is_met_at_itself_and_not_beyond() {
        assert!(AtLeast(2.0).holds(2.0) && !AtLeast(2.0).holds(1.999));
        assert!(AtMost(2.0).holds(2.0) && !AtMost(2.0).holds(2.001));
    }
}
