//! `writd`: makes, serves and checks a log. Exit codes: see [`ledger::exit::Exit`].

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use ledger::commands::{Failure, backup, compact, fsck, init, keys, reconcile, reindex, restore, serve};
use ledger::exit::Exit;
use serving::listen::start_logging;

/// Statements are decoded on one thread and freed on another, thousands at a time: with the system's allocator appending
/// takes about a tenth longer (docs/performance.md).
#[cfg(not(target_env = "msvc"))]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// Keeps a delegation-chain audit log: makes it, serves it to `writ` over HTTP, and checks it.
///
/// The log is a folder that only grows; its anchor, beside the folder, remembers how far it came.
#[derive(Debug, Parser)]
#[command(name = "writd", version, about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Init(init::Init),
    Serve(serve::Serve),
    Fsck(fsck::Fsck),
    Reindex(reindex::Reindex),
    Compact(compact::Compact),
    Backup(backup::Backup),
    Restore(restore::Restore),
    Reconcile(reconcile::Reconcile),
    #[command(subcommand)]
    Keys(keys::Keys),
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    // What a check finds is its answer; the log's words about it would only come first.
    start_logging(if matches!(cli.command, Command::Fsck(_) | Command::Keys(_)) { "error" } else { "info" });
    // Before any key is read: none may end in a core dump.
    let kept = keyfile::keep_to_process().map_err(|error| {
        Failure::new(Exit::Error, format!("core dumps cannot be switched off: {error}"), "")
    });
    let ended = kept.and_then(|()| match &cli.command {
        Command::Init(args) => init::run(args).map(|()| Exit::Ok),
        Command::Serve(args) => serve::run(args).map(|()| Exit::Ok),
        Command::Fsck(args) => fsck::run(args),
        Command::Reindex(args) => reindex::run(args),
        Command::Compact(args) => compact::run(args),
        Command::Backup(args) => backup::run(args),
        Command::Restore(args) => restore::run(args),
        Command::Reconcile(args) => reconcile::run(args),
        Command::Keys(args) => keys::run(args),
    });
    ended.map(ExitCode::from).unwrap_or_else(|failure: Failure| {
        anstream::eprintln!("writd: {failure}");
        failure.exit.into()
    })
}
