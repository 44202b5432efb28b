//! `writd compact`: writes the files of a stopped log anew, as small as they get.

use std::path::{Path, PathBuf};
use std::{fs, io};

use clap::Args;
use serde::Serialize;

use super::answer::{Answer, say};
use super::{EARLIER_FORMAT, Failure, shell};
use crate::backup;
use crate::exit::Exit;
use crate::folder::Folder;
use crate::store::rocks::{CACHE_BYTES, RocksStore};
use crate::store::{Column, StoreError};

/// Write the files of a stopped log anew, as small as they get. Changes no row.
///
/// Not needed: a log in service merges its files by itself, little by little. Takes as much free disk again as the largest
/// column, the entries.
#[derive(Debug, Args)]
pub struct Compact {
    /// Folder of the log.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

/// `writd compact --json`.
#[derive(Serialize)]
struct Document {
    schema: &'static str,
    /// Bytes of all files of the store, before and after.
    before: u64,
    after: u64,
    /// Bytes of the files that hold each column's rows.
    columns: Vec<ColumnBytes>,
}

#[derive(Serialize)]
struct ColumnBytes {
    column: &'static str,
    bytes: u64,
}

/// Runs the command.
pub fn run(args: &Compact) -> Result<Exit, Failure> {
    say(args.json, compact(args))
}

fn compact(args: &Compact) -> Result<Answer, Failure> {
    let folder = Folder::new(&args.data);
    if backup::is_there(folder.root()) {
        let what = format!("{} is a backup, and what is in a backup never changes", shell(&args.data));
        return Err(Failure::new(Exit::Usage, what, "give --data the folder of a log"));
    }
    let failed = |error: StoreError| refused(&error, &args.data);
    let store = RocksStore::open(&folder.store(), CACHE_BYTES).map_err(failed)?;
    let before = size_of(&folder)?;
    store.compact().map_err(failed)?;
    let columns = Column::ALL.into_iter().map(|column| {
        store.bytes(column).map(|bytes| ColumnBytes { column: column.name(), bytes }).map_err(failed)
    });
    let columns = columns.collect::<Result<Vec<_>, _>>()?;
    // Files that were replaced are gone only once nothing may read them.
    drop(store);
    let after = size_of(&folder)?;
    let mut text = format!("compacted: {after} bytes, {before} before\n");
    columns.iter().for_each(|ColumnBytes { column, bytes }| text += &format!("  {column:<8} {bytes}\n"));
    text += &format!("next:\n  writd serve --data {}\n", shell(&args.data));
    Ok(Answer::new(text, &Document { schema: "writ.compacted/1", before, after, columns }))
}

/// Bytes of all files of the store.
fn size_of(folder: &Folder) -> Result<u64, Failure> {
    let size =
        || -> io::Result<u64> { fs::read_dir(folder.store())?.map(|file| Ok(file?.metadata()?.len())).sum() };
    size().map_err(|error| Failure::new(Exit::Error, format!("the store's files: {error}"), "check the disk"))
}

fn refused(error: &StoreError, data: &Path) -> Failure {
    let (exit, next) = match error {
        StoreError::Absent { .. } => (Exit::Error, "give --data the folder that writd init made".to_owned()),
        StoreError::Held { .. } => (Exit::Error, "stop that writd first".to_owned()),
        error if error.is_of_earlier_format() => (Exit::Error, EARLIER_FORMAT.to_owned()),
        error if !error.is_damage() => (Exit::Error, "check the disk".to_owned()),
        _ => (Exit::Tampered, format!("writd fsck --data {}", shell(data))),
    };
    Failure::new(exit, error, next)
}
