use clap::Subcommand;

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;

mod generate;
mod proposal;
mod register;
mod rotate;
mod withdraw;

/// Make keys, and tell the log whose they are
#[derive(Subcommand, Debug)]
pub(crate) enum Command {
    Generate(generate::Args),
    Register(register::Args),
    Rotate(rotate::Args),
    Retire(withdraw::RetireArgs),
    Compromise(withdraw::CompromiseArgs),
    Proposals(proposal::ListArgs),
    Second(proposal::SecondArgs),
}

impl Command {
    pub(crate) fn run(&self, context: &Context) -> Result<Exit, Failure> {
        match self {
            Self::Generate(args) => generate::run(args, context),
            Self::Register(args) => register::run(args, context),
            Self::Rotate(args) => rotate::run(args, context),
            Self::Retire(args) => withdraw::retire(args, context),
            Self::Compromise(args) => withdraw::compromise(args, context),
            Self::Proposals(args) => proposal::list(args, context),
            Self::Second(args) => proposal::second(args, context),
        }
    }
}
