use clap::Subcommand;

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;

mod check;
mod list;
mod show;

/// The sets of rule parameters that actions are judged by
#[derive(Subcommand, Debug)]
pub(crate) enum Command {
    List(list::Args),
    Show(show::Args),
    Check(check::Args),
}

impl Command {
    pub(crate) fn run(&self, context: &Context) -> Result<Exit, Failure> {
        match self {
            Self::List(args) => list::run(args, context),
            Self::Show(args) => show::run(args, context),
            Self::Check(args) => check::run(args, context),
        }
    }
}
