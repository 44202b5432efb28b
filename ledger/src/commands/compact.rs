//! `writd compact`: writes the files of a stopped log anew, as small as they get.

use std::path::PathBuf;
use std::{fs, io};

use clap::Args;
use serde::Serialize;

use super::answer::{Answer, say};
use super::stopped::Stopped;
use super::{Failure, shell};
use crate::exit::Exit;
use crate::folder::Folder;
use crate::store::rocks::CACHE_BYTES;
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
    let stopped =
        Stopped::new(&args.data, "stop that writd first", "makes a log of it, which can be compacted");
    let failed = |error: StoreError| stopped.failed(&error);
    let (folder, store) = (Folder::new(&args.data), stopped.open(CACHE_BYTES)?);
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
