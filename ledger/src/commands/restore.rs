//! `writd restore`: makes a data folder from a backup.

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use super::answer::{Answer, say};
use super::{Failure, shell};
use crate::backup::{self, BackupError, RestoredLog};
use crate::clock::{Clock as _, SystemClock};
use crate::exit::Exit;
use crate::folder::Folder;
use crate::restored::Standing;

/// Make a data folder from a backup, once every byte of it was checked and everything in it recomputed.
///
/// The restored log is read at once, and signs nothing until it is known that nothing later is lost: see writd reconcile.
#[derive(Debug, Args)]
pub struct Restore {
    /// Folder that writd backup made.
    #[arg(value_name = "BACKUP")]
    backup: PathBuf,
    /// Folder to make; must be empty or not there yet.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// Where the log's anchor is: the one that outlived the log. Default: DIR.anchor beside the folder.
    #[arg(long, value_name = "FILE")]
    anchor: Option<PathBuf>,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

/// `writd restore --json`.
#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    log: &'a str,
    origin: &'a str,
    /// Entries, and the root over them.
    size: u64,
    root: &'a str,
    data: String,
    /// Whether the anchor vouches for it, so that the next start goes on.
    reconciled: bool,
    /// Why not.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

/// Runs the command.
pub fn run(args: &Restore) -> Result<Exit, Failure> {
    say(args.json, restore(args))
}

fn restore(args: &Restore) -> Result<Answer, Failure> {
    let folder = Folder::new(&args.data);
    let anchor = args.anchor.clone().unwrap_or_else(|| folder.default_anchor());
    let done = backup::restore(&args.backup, &folder, &anchor, SystemClock::new().now()).map_err(refused)?;
    let RestoredLog { manifest, restored, standing } = &done;
    let reason = standing.reason(restored);
    let document = Document {
        schema: "writ.restored/1",
        log: &manifest.log,
        origin: &manifest.origin,
        size: manifest.head.size,
        root: &manifest.head.root,
        data: args.data.display().to_string(),
        reconciled: reason.is_none(),
        reason,
    };
    Ok(Answer::new(text(&done, args, &folder), &document))
}

fn text(done: &RestoredLog, args: &Restore, folder: &Folder) -> String {
    let RestoredLog { manifest, restored, standing } = done;
    let data = shell(&args.data);
    let flag = args.anchor.as_ref().map_or_else(String::new, |path| format!(" --anchor {}", shell(path)));
    let mut text = format!(
        "restored {}: {} entries, every file and every row checked\n  log      {}\n  root     {}\n",
        manifest.origin, manifest.head.size, manifest.log, manifest.head.root
    );
    let keys = shell(&folder.keys());
    let next = match standing.reason(restored) {
        None => {
            text.push_str("the anchor knows of nothing later: the next start goes on from here\n");
            format!("  writd serve --data {data}{flag}\n")
        }
        Some(reason) => {
            text.push_str(&format!("{reason}\nit is read, and signs nothing, until that is resolved\n"));
            let mut next = format!(
                "  writd serve --data {data}{flag}     to read it meanwhile: that takes no private keys\n"
            );
            next.push_str(match standing {
                Standing::Lost { .. } => "  look for a newer backup or the newest copy of the folder; restore that instead\n",
                _ => "  put the anchor that outlived the log in its place, or start with --witnesses FILE: they remember\n",
            });
            next + &format!(
                "  writd reconcile --data {data}{flag} --accept-loss     if later entries are gone for good; an entry says so\n"
            )
        }
    };
    text + &format!(
        "next:\n{next}  put the log's private keys into {keys}, mode 0600, before it is to sign\n"
    )
}

fn refused(error: BackupError) -> Failure {
    let (exit, next) = match &error {
        BackupError::Exists { .. } => (
            Exit::Usage,
            "give a --data that is empty or not there: a log that is there is never overwritten".to_owned(),
        ),
        BackupError::Manifest { .. } => {
            (Exit::Error, "give the folder that writd backup made, with its manifest.json".to_owned())
        }
        BackupError::File { .. } | BackupError::Tampered { .. } => (
            Exit::Tampered,
            "restore from another backup; nothing was left of this one in the data folder".to_owned(),
        ),
        BackupError::OtherLog { .. } => (Exit::Usage, "give --anchor that log's anchor".to_owned()),
        BackupError::Io { .. } => (Exit::Error, "check the disk and its room, then run it again".to_owned()),
        _ => (Exit::Tampered, "restore from another backup".to_owned()),
    };
    Failure::new(exit, error, next)
}
