//! `writd reconcile`: lets a restored log go on although later entries are lost.

use std::path::{Path, PathBuf};

use clap::Args;
use keyfile::Passphrases;
use schemas::ids::StatementId;
use serde::Serialize;

use super::answer::{Answer, say};
use super::serve::start_failure;
use super::{Failure, shell};
use crate::clock::SystemClock;
use crate::exit::Exit;
use crate::folder::Folder;
use crate::keyring;
use crate::log::StartError;
use crate::recover;
use crate::restored::{AcceptError, LossAccepted, Standing, accept_loss, standing};
use crate::store::rocks::RocksStore;
use crate::store::rows::Rows;

/// Memory for the store's cache, in bytes: one entry is appended.
const CACHE_BYTES: usize = 16 * 1024 * 1024;

/// Let a restored log go on from its backup although later entries are lost, or may be. An entry says so before anything else.
///
/// Not needed where the log's anchor or its witnesses know of nothing later: writd serve goes on by itself.
#[derive(Debug, Args)]
pub struct Reconcile {
    /// Folder of the restored log. It must not be in service.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// Where the anchor is, or is to be. Default: DIR.anchor beside the folder.
    #[arg(long, value_name = "FILE")]
    anchor: Option<PathBuf>,
    /// File that holds the passphrase of encrypted key files in its first line, mode 0600. Default: it is asked for at the
    /// terminal.
    #[arg(long, value_name = "FILE", env = "WRIT_PASSPHRASE_FILE")]
    passphrase_file: Option<PathBuf>,
    /// Accept that every entry behind the backup's last one is gone.
    #[arg(long, required = true)]
    accept_loss: bool,
    /// Do so; without it only what would happen is said.
    #[arg(long)]
    yes: bool,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

/// `writd reconcile --json`.
#[derive(Serialize)]
struct Document {
    schema: &'static str,
    /// Entries that the log goes on from.
    size: u64,
    /// The entry that says so, and its statement.
    entry: u64,
    id: StatementId,
    /// Where the anchor is kept that knew more, if there was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    earlier_anchor: Option<String>,
}

/// Runs the command.
pub fn run(args: &Reconcile) -> Result<Exit, Failure> {
    say(args.json, reconcile(args))
}

fn reconcile(args: &Reconcile) -> Result<Answer, Failure> {
    let folder = Folder::new(&args.data);
    let anchor = args.anchor.clone().unwrap_or_else(|| folder.default_anchor());
    let stopped = |error: StartError| start_failure(&error, &args.data, &anchor);
    let store = RocksStore::open(&folder.store(), CACHE_BYTES).map_err(|error| stopped(error.into()))?;
    let loaded = recover::load_whole(&store).map_err(|error| stopped(error.into()))?;
    let restored = Rows(&store).restored().map_err(|error| stopped(error.into()))?;
    let serve = format!("writd serve --data {}", shell(&args.data));
    let Some(restored) = restored else {
        let what = "this log is reconciled: it was not restored from a backup, or goes on already";
        return Err(Failure::new(Exit::Usage, what, serve));
    };
    let standing = standing(&store, &loaded, &anchor).map_err(|error| stopped(error.into()))?;
    let Some(reason) = standing.reason(&restored) else {
        let what = "the anchor knows of nothing later than the backup: there is no loss to accept";
        return Err(Failure::new(Exit::Usage, what, serve));
    };
    if !args.yes {
        return Err(unconfirmed(&reason, &standing, restored.head.size));
    }
    let passphrases = Passphrases::new(args.passphrase_file.clone());
    let keys = keyring::read_newest(&folder, &loaded.registry, loaded.view.head.size, &passphrases);
    let keys = keys.map_err(|error| {
        let next = error.next(&args.data.display().to_string());
        Failure::new(Exit::Error, error, next)
    })?;
    let clock = SystemClock::new();
    let done = accept_loss(&store, loaded, &restored, &standing, &anchor, &keys.statement, &clock)
        .map_err(|error| refused(&error, &anchor))?;
    let size = restored.head.size;
    let document = Document {
        schema: "writ.reconciled/1",
        size,
        entry: done.index.0,
        id: done.id,
        earlier_anchor: done.kept.as_ref().map(|path| path.display().to_string()),
    };
    Ok(Answer::new(text(&done, size, &serve), &document))
}

/// What would happen, for whoever has not said --yes.
fn unconfirmed(reason: &str, standing: &Standing, size: u64) -> Failure {
    let known = match standing {
        Standing::Lost { mark, .. } if mark.size > size => {
            format!("{} entries that the log has acknowledged are lost", mark.size - size)
        }
        Standing::Lost { .. } => "the anchor's history is given up".to_owned(),
        _ => "entries that the log has acknowledged may be lost".to_owned(),
    };
    let what = format!(
        "{reason}.\naccepting this cannot be undone: {known}; their receipts stay valid and contradict what the log says from \
         then on, so that monitors report a fork and witnesses that know them never cosign again"
    );
    let next = "look for a newer backup first; if there is none, run the same with --yes and tell those who rely on the log";
    Failure::new(Exit::Usage, what, next)
}

fn text(done: &LossAccepted, size: u64, serve: &str) -> String {
    let LossAccepted { index, id, kept } = done;
    let kept = kept.as_ref().map_or_else(String::new, |path| {
        format!("  earlier anchor  {} (evidence of what is lost)\n", shell(path))
    });
    format!(
        "the log goes on from {size} entries; entry #{index} says that later ones are lost\n  statement       {id}\n{kept}\
         next:\n  {serve}\n  writ show {id}     what everybody can read\n"
    )
}

fn refused(error: &AcceptError, anchor: &Path) -> Failure {
    let next = match error {
        AcceptError::Clock(_) => "set the clock, then run it again".to_owned(),
        AcceptError::Replace { .. } | AcceptError::Anchor(_) => {
            format!("see that {} can be written, then run it again: nothing is done twice", anchor.display())
        }
        _ => "check the disk, then run it again: nothing is done twice".to_owned(),
    };
    Failure::new(Exit::Error, error, next)
}
