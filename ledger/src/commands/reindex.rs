//! `writd reindex`: makes the index of a stopped log again.

use std::path::PathBuf;

use clap::Args;
use schemas::ids::LogId;
use schemas::tree::TreeHash;
use serde::Serialize;

use super::answer::{Answer, say};
use super::stopped::Stopped;
use super::{Failure, shell};
use crate::exit::Exit;
use crate::recover::load_whole;
use crate::reindex::{ReindexError, rebuild};
use crate::store::Column;

/// Memory for cached blocks, in bytes: entries are read once, in order.
const CACHE_BYTES: usize = 64 * 1024 * 1024;

/// What to do instead where the log is served.
const IF_SERVED: &str = "stop that writd first; at its next start it makes a damaged index again by itself";

/// Make the index of a stopped log again from its entries: ids, terms and tree tiles. Changes no entry.
///
/// Not needed after damage that `writd serve` finds by itself: it does the same at its start, for the columns concerned.
#[derive(Debug, Args)]
pub struct Reindex {
    /// Folder of the log.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

/// `writd reindex --json`.
#[derive(Serialize)]
struct Document {
    schema: &'static str,
    log: LogId,
    origin: String,
    /// Entries that were read, and the root over them.
    size: u64,
    root: TreeHash,
    /// Rows that were written.
    rows: u64,
}

/// Runs the command.
pub fn run(args: &Reindex) -> Result<Exit, Failure> {
    say(args.json, reindex(args))
}

fn reindex(args: &Reindex) -> Result<Answer, Failure> {
    let stopped = Stopped::new(&args.data, IF_SERVED, "makes a damaged index again on its way");
    let store = stopped.open(CACHE_BYTES)?;
    let rebuilt = rebuild(&store, &Column::DERIVED).map_err(|error| match &error {
        ReindexError::Store(error) => stopped.failed(error),
        _ => stopped.tampered(&error),
    })?;
    let loaded = load_whole(&store).map_err(|error| stopped.tampered(error))?;
    let document = Document {
        schema: "writ.reindexed/1",
        log: loaded.log,
        origin: loaded.origin.to_string(),
        size: rebuilt.entries,
        root: loaded.view.head.root,
        rows: rebuilt.rows,
    };
    let Document { origin, size, root, rows, .. } = &document;
    let text = format!(
        "reindexed {origin}: {rows} rows made again from {size} entries, whose root is that of the head\n  root {root}\n\
         next:\n  writd serve --data {}\n",
        shell(&args.data)
    );
    Ok(Answer::new(text, &document))
}
