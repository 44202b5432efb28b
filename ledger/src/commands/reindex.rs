//! `writd reindex`: makes the index of a stopped log again.

use std::io::Write;
use std::path::PathBuf;

use clap::Args;

use super::Failure;
use crate::exit::Exit;
use crate::folder::Folder;
use crate::recover::load;
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
}

/// Runs the command.
pub fn run(args: &Reindex) -> Result<(), Failure> {
    let folder = Folder::new(&args.data);
    let store =
        RocksStore::open(&folder.store(), CACHE_BYTES).map_err(|error| refused(error.into(), args))?;
    let rebuilt = rebuild(&store, &Column::DERIVED).map_err(|error| refused(error, args))?;
    let loaded = load(&store).map_err(|error| Failure::new(Exit::Tampered, error, fsck(args)))?;
    let text = format!(
        "reindexed {}: {} rows from {} entries\nroot {}\nnext:\n  writd serve --data {}\n",
        loaded.origin,
        rebuilt.rows,
        rebuilt.entries,
        loaded.view.head.root,
        args.data.display()
    );
    // Whoever closed the pipe finds the index made all the same.
    let _ = anstream::stdout().write_all(text.as_bytes());
    Ok(())
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
        ReindexError::Store(error) if !error.is_damage() => (Exit::Error, "check the disk".to_owned()),
        _ => (Exit::Tampered, fsck(args)),
    };
    Failure::new(exit, error, next)
}

fn fsck(args: &Reindex) -> String {
    format!("writd fsck --data {}", args.data.display())
}
