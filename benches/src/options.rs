//! What can be asked of a run.

use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};

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
    /// Statements in the log when bundles are asked for the second time.
    #[arg(long)]
    pub statements: Option<u64>,
    /// Rounds of each figure.
    #[arg(long)]
    pub rounds: Option<usize>,
    /// Statements posted together.
    #[arg(long, default_value_t = 1_024)]
    pub batch: usize,
    /// Connections that post at the same time.
    #[arg(long, default_value_t = 4)]
    pub connections: usize,
    /// Seed of the corpus.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// One JSON object instead of the table.
    #[arg(long)]
    pub json: bool,
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
}

/// Parts of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Part {
    /// Posting over HTTP.
    Ingest,
    /// Fetching bundles.
    Bundle,
    /// Checking and judging them.
    Judge,
    /// Verifying a whole log.
    Verify,
    /// How far somebody reached.
    Blast,
}

/// How much of everything.
#[derive(Clone, Copy, Debug)]
pub struct Sizes {
    /// Rounds of each figure.
    pub rounds: usize,
    /// Statements in the log in memory.
    pub verified: u64,
    /// Statements posted in one round, in batches.
    pub posted: u64,
    /// Statements posted in one round, one by one.
    pub posted_singly: u64,
    /// Connections that post one by one.
    pub single_connections: usize,
    /// Statements in the log when bundles are asked for the first time.
    pub small: u64,
    /// And the second time.
    pub large: u64,
    /// Bundles asked for at each size.
    pub bundles: usize,
    /// Actions under one human, at least.
    pub reached: u64,
}

impl Options {
    /// Whether a part was asked for.
    pub fn wants(&self, part: Part) -> bool {
        self.only.is_empty() || self.only.contains(&part)
    }

    /// How much of everything.
    pub fn sizes(&self) -> Sizes {
        let full = Sizes {
            rounds: 5,
            verified: 65_536,
            posted: 65_536,
            posted_singly: 16_384,
            single_connections: 64,
            small: 10_000,
            large: 1_000_000,
            bundles: 500,
            reached: 10_000,
        };
        let smoke = Sizes {
            rounds: 2,
            verified: 512,
            posted: 512,
            posted_singly: 128,
            single_connections: 4,
            small: 600,
            large: 1_200,
            bundles: 5,
            reached: 100,
        };
        let sizes = if self.smoke { smoke } else { full };
        Sizes {
            rounds: self.rounds.unwrap_or(sizes.rounds).max(1),
            large: self.statements.unwrap_or(sizes.large),
            ..sizes
        }
    }
}
