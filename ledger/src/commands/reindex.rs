//! `writd reindex`: makes the index of a stopped log again.

use std::path::PathBuf;

use clap::Args;
use schemas::ids::LogId;
use schemas::tree::TreeHash;
use serde::Serialize;

use super::answer::{Answer, say};
use super::{EARLIER_FORMAT, Failure, shell};
use crate::backup;
use crate::exit::Exit;
use crate::folder::Folder;
use crate::recover::load_whole;
use crate::reindex::{ReindexError, rebuild};
use crate::store::rocks::RocksStore;
use crate::store::{Column, StoreError};

/// Memory for cached blocks, in bytes: entries are read once, in order.
const CACHE_BYTES: usize = 64 * 1024 * 1024;

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
    let folder = Folder::new(&args.data);
    if backup::is_there(folder.root()) {
        let data = shell(&args.data);
        let what = format!("{data} is a backup, and what is in a backup never changes");
        let next = format!("writd restore {data} --data DIR     makes a damaged index again on its way");
        return Err(Failure::new(Exit::Usage, what, next));
    }
    let store =
        RocksStore::open(&folder.store(), CACHE_BYTES).map_err(|error| refused(error.into(), args))?;
    let rebuilt = rebuild(&store, &Column::DERIVED).map_err(|error| refused(error, args))?;
    let loaded = load_whole(&store).map_err(|error| Failure::new(Exit::Tampered, error, fsck(args)))?;
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

fn refused(error: ReindexError, args: &Reindex) -> Failure {
    let (exit, next) = match &error {
        ReindexError::Store(StoreError::Absent { .. }) => {
            (Exit::Error, "give --data the folder that writd init made".to_owned())
        }
        ReindexError::Store(StoreError::Held { .. }) => (
            Exit::Error,
            "stop that writd first; at its next start it makes a damaged index again by itself".to_owned(),
        ),
        ReindexError::Store(error) if error.is_of_earlier_format() => {
            (Exit::Error, EARLIER_FORMAT.to_owned())
        }
        ReindexError::Store(error) if !error.is_damage() => (Exit::Error, "check the disk".to_owned()),
        _ => (Exit::Tampered, fsck(args)),
    };
    Failure::new(exit, error, next)
}

fn fsck(args: &Reindex) -> String {
    format!("writd fsck --data {}", shell(&args.data))
}
