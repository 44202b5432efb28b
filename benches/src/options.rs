//! What can be asked of a run.

use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};
use serde::Serialize;

/// Measures a log beside what the machine can do at best.
#[derive(Clone, Debug, Parser)]
#[command(name = "benches", about, version, args_conflicts_with_subcommands = true)]
pub struct Options {
    /// Instead of measuring.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// Tiny sizes: shows that everything runs, measures nothing worth keeping.
    #[arg(long)]
    pub smoke: bool,
    /// Only this; may be given several times.
    #[arg(long, value_enum)]
    pub only: Vec<Part>,
    /// Statements in the large log, such as 10M or 500k; the medium one has a tenth of them, the small one a hundredth.
    #[arg(long, value_parser = count)]
    pub statements: Option<u64>,
    /// Rounds of each rate.
    #[arg(long)]
    pub rounds: Option<usize>,
    /// Statements posted together.
    #[arg(long, default_value_t = 256)]
    pub batch: usize,
    /// Connections that post batches at the same time.
    #[arg(long, default_value_t = 16)]
    pub connections: usize,
    /// Memory for the server's cache, in MiB. Default: the server's own.
    #[arg(long, value_name = "MIB")]
    pub cache: Option<u64>,
    /// Seed of the corpus.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Write everything that was measured to this file as well, as one JSON object.
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// The server; by default `writd` beside this program.
    #[arg(long)]
    pub writd: Option<PathBuf>,
}

/// What else than measuring can be asked for.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Make a large log, laid out as `writ mirror` leaves one, and the trust file that pins it.
    ///
    /// For `writ verify log --mirror DIR --trust DIR/trust.policy`. About 730 bytes of disk an entry; memory does not grow with it.
    Log {
        /// Entries, at least: chains are not cut short.
        #[arg(long)]
        entries: u64,
        /// Folder to make.
        #[arg(long, value_name = "DIR")]
        mirror: PathBuf,
        /// Seed of the corpus.
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
    /// Write statements of the corpus for others to store.
    Corpus {
        /// Statements, at least: chains are not cut short.
        #[arg(long, value_parser = count)]
        statements: u64,
        /// File to write.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
        /// Seed of the corpus.
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
    /// Put what others came to beside what writ came to.
    Peers {
        /// What `--only ingest --json` wrote in the same run.
        #[arg(long, value_name = "FILE")]
        writ: PathBuf,
        /// What a peer's program printed; may be given several times.
        #[arg(long, value_name = "FILE")]
        peer: Vec<PathBuf>,
        /// Write everything to this file as well, as one JSON object.
        #[arg(long, value_name = "FILE")]
        json: Option<PathBuf>,
    },
    /// Write the tables of docs/performance.md anew.
    Docs {
        /// Take over what `make bench` wrote.
        #[arg(long, value_name = "FILE")]
        bench: Option<PathBuf>,
        /// Take over what `make bench-peers` wrote.
        #[arg(long, value_name = "FILE")]
        peers: Option<PathBuf>,
    },
}

/// Parts of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Part {
    /// Posting in batches and one by one.
    Ingest,
    /// How long one append takes at half of what can be posted one by one.
    Latency,
    /// What an append costs as the log grows.
    Append,
    /// Fetching bundles and proofs, and searching.
    Bundle,
    /// Checking and judging bundles.
    Judge,
    /// The server's memory.
    Memory,
    /// How far somebody reached.
    Blast,
    /// Checking signatures by tables of keys.
    Signatures,
    /// Verifying a whole log.
    Verify,
    /// Checking a stopped log.
    Fsck,
    /// Starting.
    Start,
    /// Bytes on disk.
    Disk,
}

/// How much of everything.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Sizes {
    /// Rounds of each rate.
    pub rounds: usize,
    /// Statements that the ceiling is measured with, and in the log in memory.
    pub verified: u64,
    /// Statements posted in one round, in batches.
    pub posted: u64,
    /// Statements posted in one round, one by one.
    pub posted_singly: u64,
    /// Connections that post one by one.
    pub single_connections: usize,
    /// How long statements are posted at a rate in one round, in seconds.
    pub paced_seconds: f64,
    /// Statements in the small log.
    pub small: u64,
    /// In the medium one.
    pub medium: u64,
    /// In the large one.
    pub large: u64,
    /// Bundles asked for at each size.
    pub bundles: usize,
    /// Actions under one human, at least.
    pub reached: u64,
}

/// What is measured by default, and what shows only that everything runs.
const FULL: Sizes = Sizes {
    rounds: 5,
    verified: 65_536,
    posted: 131_072,
    posted_singly: 65_536,
    single_connections: 256,
    paced_seconds: 4.0,
    small: 100_000,
    medium: 1_000_000,
    large: 10_000_000,
    bundles: 6_000,
    reached: 10_000,
};
const SMOKE: Sizes = Sizes {
    rounds: 2,
    verified: 512,
    posted: 512,
    posted_singly: 128,
    single_connections: 16,
    paced_seconds: 0.1,
    small: 2_000,
    medium: 4_000,
    large: 8_000,
    bundles: 10,
    reached: 100,
};

impl Options {
    /// Whether a part was asked for.
    pub fn wants(&self, part: Part) -> bool {
        self.only.is_empty() || self.only.contains(&part)
    }

    /// Whether any of these was.
    pub fn wants_any(&self, parts: &[Part]) -> bool {
        parts.iter().any(|part| self.wants(*part))
    }

    /// How much of everything.
    pub fn sizes(&self) -> Sizes {
        let sizes = if self.smoke { SMOKE } else { FULL };
        // What is posted to be measured must not make one log as large as the next.
        let sized = self.statements.map_or(sizes, |large| Sizes {
            posted: sizes.posted.min(large / 40),
            posted_singly: sizes.posted_singly.min(large / 80),
            small: large / 100,
            medium: large / 10,
            large,
            ..sizes
        });
        Sizes { rounds: self.rounds.unwrap_or(sizes.rounds).max(1), ..sized }
    }
}

impl Sizes {
    /// Statements posted in one round where the cost of an append in the small log is held beside that in the large one.
    pub fn appended(&self) -> u64 {
        self.small / 4
    }
}

/// A number, in thousands or millions where it says so.
fn count(text: &str) -> Result<u64, String> {
    let (digits, unit) = match text.strip_suffix(['k', 'K']) {
        Some(digits) => (digits, 1_000),
        None => text.strip_suffix('M').map_or((text, 1), |digits| (digits, 1_000_000)),
    };
    let number: Option<u64> = digits.replace('_', "").parse().ok();
    number.and_then(|number| number.checked_mul(unit)).ok_or_else(|| "expected such as 10M or 500k".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_is_read_in_thousands_and_millions_and_the_other_logs_follow_from_it() {
        let options = Options::parse_from(["benches", "--statements", "10M"]);
        let Sizes { small, medium, large, .. } = options.sizes();
        assert_eq!((small, medium, large), (100_000, 1_000_000, 10_000_000));
        assert_eq!((count("500k"), count("12")), (Ok(500_000), Ok(12)));
        assert!(count("ten").is_err() && count("99999999999999999M").is_err());
    }
}
