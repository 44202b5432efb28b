//! `writd keys`: the log's own keys. A change of them is an entry of the log.

mod documents;
mod list;
mod retire;
mod rotate;
mod stopped;

use std::path::PathBuf;

use clap::{Args, Subcommand};
use schemas::ids::KeyId;
use schemas::kinds::Use;

use super::Failure;
use super::answer::{Answer, say};
use crate::exit::Exit;
use stopped::Stopped;

/// The log's own keys: show them, put a new one in an old one's place. The log must not be in service.
#[derive(Debug, Subcommand)]
pub enum Keys {
    /// Show the log's own keys: what each signs, which entry named it, whether it is in force and its file there.
    List(Place),
    /// Make a new key of the log and name it in an entry. The earlier one stays in force until it is retired.
    Rotate(rotate::Rotate),
    /// Withdraw earlier keys by an entry. Heads that they alone sign are refused from then on; this cannot be undone.
    Retire(retire::Retire),
}

/// Which log.
#[derive(Debug, Args)]
pub struct Place {
    /// Folder of the log.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// Where the anchor is. Default: DIR.anchor beside the folder.
    #[arg(long, value_name = "FILE")]
    anchor: Option<PathBuf>,
    /// File that holds the passphrase of encrypted key files in its first line, mode 0600. Default: it is asked for at the
    /// terminal.
    #[arg(long, value_name = "FILE", env = "WRIT_PASSPHRASE_FILE")]
    passphrase_file: Option<PathBuf>,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub fn run(keys: &Keys) -> Result<Exit, Failure> {
    let (place, answer) = match keys {
        Keys::List(place) => (place, Stopped::open(place).and_then(|log| list::list(&log))),
        Keys::Rotate(args) => (&args.place, rotate::rotate(args)),
        Keys::Retire(args) => (&args.place, retire::retire(args)),
    };
    say(place.json, answer)
}

fn parse_use(word: &str) -> Result<Use, String> {
    let words: Vec<&str> = Use::ALL.iter().map(|each| each.as_str()).collect();
    Use::from_word(word).ok_or_else(|| format!("one of {}", words.join(", ")))
}

fn parse_kid(text: &str) -> Result<KeyId, String> {
    KeyId::from_hex(text).ok_or_else(|| "64 lower-case hex digits".into())
}
