use clap::Subcommand;

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;

mod checks;
mod coverage;
mod log;
mod report;

/// Check what a log holds
#[derive(Subcommand, Debug)]
pub(crate) enum Command {
    Log(log::Args),
}

impl Command {
    pub(crate) fn run(&self, context: &Context) -> Result<Exit, Failure> {
        let Self::Log(args) = self;
        log::run(args, context)
    }
}
