//! `writd`: makes, serves and checks a log. Exit codes: see [`ledger::exit::Exit`].

use std::io::IsTerminal;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use ledger::commands::{Failure, fsck, init, serve};
use ledger::exit::Exit;
use tracing_subscriber::EnvFilter;

/// A delegation-chain audit log: who authorized this?
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
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    start_logging();
    let ended = match &cli.command {
        Command::Init(args) => init::run(args).map(|()| Exit::Ok),
        Command::Serve(args) => serve::run(args).map(|()| Exit::Ok),
        Command::Fsck(args) => fsck::run(args),
    };
    ended.map(ExitCode::from).unwrap_or_else(|failure: Failure| {
        anstream::eprintln!("writd: {failure}");
        failure.exit.into()
    })
}

/// Logs to stderr: for people on a terminal, JSON elsewhere. `RUST_LOG` says how much; default `info`.
fn start_logging() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    if std::io::stderr().is_terminal() {
        builder.with_target(false).init();
    } else {
        builder.json().init();
    }
}
