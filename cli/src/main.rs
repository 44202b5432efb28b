//! `writ`: who authorized this action? The command-line client and offline verifier.

#![forbid(unsafe_code)]

mod as_of;
mod bundled;
mod checks;
mod commands;
mod context;
mod evidence;
mod evidence_file;
mod exit;
mod export;
mod failure;
mod file;
mod fork;
mod gathered;
mod heads;
mod judging;
mod logkey;
mod mirror;
mod moment;
mod omissions;
mod output;
mod profiles;
mod queries;
mod receipts;
mod recompute;
mod registrars;
mod registration;
mod render;
mod resolve;
mod schema;
mod source;
mod stop;
mod submit;
mod submitted;
#[cfg(test)]
mod testlog;
mod tiles;
mod trust;

use std::process::ExitCode;

use clap::Parser;

/// Verifying a whole log allocates on all cores at once, which the system's allocator is slow at.
#[cfg(not(target_env = "msvc"))]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// Who authorized this action? Signs facts into a tamper-evident log, and judges them without trusting its server.
#[derive(Parser, Debug)]
#[command(name = "writ", version, disable_help_subcommand = true, arg_required_else_help = true)]
#[command(after_help = "\
Examples:
  writ keys generate --out alice.pem           a key of your own
  writ append facts.jsonl --key alice.pem      sign and log what happened, one JSON draft a line
  writ who be7f89b5-d456-4423-b3e6-0fb0b19bad7c    who authorized this action, judged here
  writ why be7f89b5-d456-4423-b3e6-0fb0b19bad7c    by which policy and inputs it was allowed or refused
  writ bundle create ID -o incident.bundle     everything needed to judge it offline
  writ verify log                              every signature, link, leaf and the signed root

`writ help COMMAND` explains one command, `writ help exit-codes` what the program ends with.")]
struct Cli {
    #[command(flatten)]
    global: context::Global,
    #[command(subcommand)]
    command: commands::Command,
}

fn main() -> ExitCode {
    let Cli { global, command } = Cli::parse();
    let context = context::Context::new(global);
    // Before any key is read: none may end in a core dump.
    let kept = keyfile::keep_to_process().map_err(|e| failure::Failure::new("core-dumps", e.to_string()));
    let exit = kept.and_then(|()| command.run(&context)).unwrap_or_else(|failure| {
        context.output.failure(&failure);
        failure.exit
    });
    exit.into()
}
