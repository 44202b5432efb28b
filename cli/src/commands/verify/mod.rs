use clap::Subcommand;

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;

mod coverage;
mod fork;
mod log;
mod omission;
mod proof;
mod receipt;
mod report;
mod resume;
pub(in crate::commands) mod state;
mod stopped;

/// Check what a log holds, a proof of what it holds, or that it forked
#[derive(Subcommand, Debug)]
pub(crate) enum Command {
    Log(log::Args),
    Omission(omission::Args),
    Proof(proof::Args),
    Receipt(receipt::Args),
    Fork(fork::Args),
}

impl Command {
    pub(crate) fn run(&self, context: &Context) -> Result<Exit, Failure> {
        match self {
            Self::Log(args) => log::run(args, context),
            Self::Omission(args) => omission::run(args, context),
            Self::Proof(args) => proof::run(args, context),
            Self::Receipt(args) => receipt::run(args, context),
            Self::Fork(args) => fork::run(args, context),
        }
    }
}
