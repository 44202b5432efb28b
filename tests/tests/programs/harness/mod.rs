//! What the tests are made with: a log's folder, its server, the command line, people with keys, plain HTTP.

mod cli;
mod gate;
mod http;
mod people;
mod place;
mod printed;
mod relay;
mod shown;
mod story;
mod witness;

use std::env;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

pub(crate) use cli::{Cli, Ran, Running};
pub(crate) use gate::Gate;
pub(crate) use http::{Answer, Http, exchange};
pub(crate) use people::{Draft, Person};
pub(crate) use place::{Place, Server, fsck, writd};
pub(crate) use printed::{normal, shows};
pub(crate) use relay::Relay;
pub(crate) use shown::{entries, hashes, head};
pub(crate) use story::{Refund, Story};
pub(crate) use witness::{Mood, TestWitness};

/// Longest wait for anything that should come at once.
pub(crate) const SOON: Duration = Duration::from_secs(30);

/// A program of this workspace.
pub(crate) fn program(name: &str) -> PathBuf {
    let test = env::current_exe().unwrap();
    let folder = test.parent().and_then(Path::parent).unwrap();
    let path = folder.join(name);
    assert!(
        path.is_file(),
        "{} is missing: `make test` builds it, or `cargo build --release -p ledger -p cli`",
        path.display()
    );
    path
}

/// Milliseconds since the epoch.
pub(crate) fn now() -> u64 {
    u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap()
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(bytes)
}

/// A number from a seed that moves on (SplitMix64): tests that pick at random say with which seed.
pub(crate) fn next_random(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// Copies a folder with all files that are in it.
pub(crate) fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        let kind = entry.file_type().unwrap();
        if kind.is_dir() {
            copy_folder(&entry.path(), &target);
        } else if kind.is_file() {
            // A killed server leaves its socket behind.
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Every file below a folder, in order of name.
pub(crate) fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(files_below(&path));
        } else if path.is_file() {
            files.push(path);
        }
    }
    files.sort();
    files
}
