use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use clap::Subcommand;
use schemas::limits::BUNDLE_BYTES_MAX;

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;

mod create;
mod inspect;
mod verify;

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
    let unreadable = |e: io::Error| Failure::new("bundle-unreadable", format!("{}: {e}", path.display()));
    let input: Box<dyn Read> = if path == Path::new("-") {
        Box::new(io::stdin().lock())
    } else {
        Box::new(File::open(path).map_err(unreadable)?)
    };
    let mut bytes = Vec::new();
    input.take(BUNDLE_BYTES_MAX as u64 + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    Ok(bytes)
}
