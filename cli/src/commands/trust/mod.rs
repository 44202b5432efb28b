use clap::Subcommand;

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;

mod update;

/// Keep the trust file up with the log's own keys
#[derive(Subcommand, Debug)]
pub(crate) enum Command {
    Update(update::Args),
}

impl Command {
    pub(crate) fn run(&self, context: &Context) -> Result<Exit, Failure> {
        match self {
            Self::Update(args) => update::run(args, context),
        }
    }
}
