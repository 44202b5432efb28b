//! What PostgreSQL and SQLite make of the same statements as writ: an append-only table with a hash chain and three indexes, each
//! append durable before the next begins, once without and once with the same check of each signature.
//!
//! The statements come from a file that `benches corpus` writes. One JSON document (`writ.peer/1`) a peer goes to standard output.

mod corpus;
mod measure;
mod postgres;
mod sqlite;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;
use clap::{Parser, ValueEnum};

use corpus::Corpus;
use measure::Plan;

/// Measures one peer.
#[derive(Parser)]
struct Options {
    /// Which.
    #[arg(value_enum)]
    peer: Peer,
    /// Statements, as `benches corpus` writes them.
    #[arg(long)]
    corpus: PathBuf,
    /// Folder to keep data in meanwhile, on a real disk.
    #[arg(long)]
    folder: PathBuf,
    /// PostgreSQL's programs.
    #[arg(long, default_value = "/usr/lib/postgresql/15/bin")]
    postgres: PathBuf,
    /// Rounds of each figure, each with an empty table.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// A round ends after so many seconds, or when all statements are stored.
    #[arg(long, default_value_t = 3.0)]
    seconds: f64,
}

#[derive(Clone, Copy, ValueEnum)]
enum Peer {
    Postgres,
    Sqlite,
}

fn main() -> Result<()> {
    let options = Options::parse();
    let corpus = Corpus::read(&options.corpus)?;
    let plan = Plan { rounds: options.rounds, seconds: Duration::from_secs_f64(options.seconds) };
    let told = match options.peer {
        Peer::Postgres => postgres::measure(&corpus, &plan, &options.folder, &options.postgres)?,
        Peer::Sqlite => sqlite::measure(&corpus, &plan, &options.folder)?,
    };
    println!("{}", serde_json::to_string(&told)?);
    Ok(())
}
