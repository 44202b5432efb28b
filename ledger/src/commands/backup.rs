//! `writd backup`: copies a log, in service or not.

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use super::answer::{Answer, say};
use super::{Failure, shell};
use crate::anchor::AnchorError;
use crate::backup::{self, BackupError, Made};
use crate::clock::{Clock as _, SystemClock};
use crate::exit::Exit;
use crate::folder::Folder;
use crate::store::StoreError;

/// Copy a log as it is at this moment, with what it takes to check the copy. The log may be in service. No private key is copied.
#[derive(Debug, Args)]
pub struct Backup {
    /// Folder to make; must not be there yet.
    #[arg(value_name = "DEST")]
    dest: PathBuf,
    /// Folder of the log.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// Where the anchor is. Default: DIR.anchor beside the folder.
    #[arg(long, value_name = "FILE")]
    anchor: Option<PathBuf>,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

/// `writd backup --json`.
#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    log: &'a str,
    origin: &'a str,
    /// Entries in the backup, and the root over them.
    size: u64,
    root: &'a str,
    /// How far the anchor knew the log, before the rows were copied.
    anchor_size: u64,
    /// Whether the log was in service meanwhile.
    hot: bool,
    dest: String,
    files: usize,
    bytes: u64,
}

/// Runs the command.
pub fn run(args: &Backup) -> Result<Exit, Failure> {
    say(args.json, make(args))
}

fn make(args: &Backup) -> Result<Answer, Failure> {
    let folder = Folder::new(&args.data);
    let anchor = args.anchor.clone().unwrap_or_else(|| folder.default_anchor());
    let made = backup::backup(&folder, &anchor, &args.dest, SystemClock::new().now())
        .map_err(|error| refused(error, args))?;
    let Made { manifest, hot } = &made;
    let document = Document {
        schema: "writ.backup-made/1",
        log: &manifest.log,
        origin: &manifest.origin,
        size: manifest.head.size,
        root: &manifest.head.root,
        anchor_size: manifest.anchor.size,
        hot: *hot,
        dest: args.dest.display().to_string(),
        files: manifest.files.len(),
        bytes: manifest.bytes(),
    };
    Ok(Answer::new(text(&made, args, &folder), &document))
}

fn text(made: &Made, args: &Backup, folder: &Folder) -> String {
    let Made { manifest, hot } = made;
    let dest = shell(&args.dest);
    let how = if *hot { "in service meanwhile" } else { "not in service" };
    format!(
        "backed up {} ({how}): {} entries\n  log      {}\n  root     {}\n  files    {} with {} bytes, each with its BLAKE3 in {dest}/manifest.json\n  \
         anchor   said size {}\nnot in it: private keys. Keep {} in another place, or the restored log cannot sign\n\
         next:\n  writd restore {dest} --data DIR     checks every byte; try it once on another machine\n",
        manifest.origin,
        manifest.head.size,
        manifest.log,
        manifest.head.root,
        manifest.files.len(),
        manifest.bytes(),
        manifest.anchor.size,
        shell(&folder.keys()),
    )
}

fn refused(error: BackupError, args: &Backup) -> Failure {
    let data = shell(&args.data);
    let (exit, next) = match &error {
        BackupError::Exists { .. } => (Exit::Usage, "give a DEST that is not there yet".to_owned()),
        BackupError::Store(StoreError::Absent { .. }) => {
            (Exit::Error, "give --data the folder that writd init made".to_owned())
        }
        BackupError::Store(StoreError::Held { .. }) => (
            Exit::Error,
            format!("start the writd on {data} again: it does not listen for backups; or stop it first"),
        ),
        BackupError::Server { .. } => {
            (Exit::Error, "see what that writd says, make room on its disk, and ask again".to_owned())
        }
        BackupError::Anchor(AnchorError::Absent { .. }) => {
            (Exit::Error, "give --anchor FILE: a backup says how far the anchor knew the log".to_owned())
        }
        BackupError::Behind { .. } => (Exit::Rollback, format!("writd fsck --data {data}")),
        BackupError::Io { .. } => (Exit::Error, "check the disk and its room, then run it again".to_owned()),
        _ => (Exit::Tampered, format!("writd fsck --data {data}")),
    };
    Failure::new(exit, error, next)
}
