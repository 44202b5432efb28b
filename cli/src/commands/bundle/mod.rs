use std::path::Path;

use clap::Subcommand;
use schemas::limits::BUNDLE_BYTES_MAX;

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::file;

mod create;
mod inspect;
pub(crate) mod verify;

/// Everything needed to judge one action offline, in one file
#[derive(Subcommand, Debug)]
pub(crate) enum Command {
    Create(create::Args),
    Verify(verify::Args),
    Inspect(inspect::Args),
}

impl Command {
    pub(crate) fn run(&self, context: &Context) -> Result<Exit, Failure> {
        match self {
            Self::Create(args) => create::run(args, context),
            Self::Verify(args) => verify::run(args, context),
            Self::Inspect(args) => inspect::run(args, context),
        }
    }
}

/// A bundle's bytes; `-` is standard input.
fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    file::read(path, BUNDLE_BYTES_MAX, "bundle-unreadable")
}
