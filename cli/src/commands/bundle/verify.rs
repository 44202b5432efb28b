use std::path::PathBuf;

use super::read;
use crate::commands::who::{Judging, check_bundle};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::render::who::Source;

/// Check a bundle and judge its subject: no network, no server
#[derive(clap::Args, Debug)]
#[command(after_help = "Example:\n  writ bundle verify incident.bundle --trust trust.policy")]
pub(crate) struct Args {
    /// The bundle; `-` is standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    judging: Judging,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let bytes = read(&args.file)?;
    let (trust, exit) = context.trust_or_said();
    let (checked, _, exit) = check_bundle(context, &bytes, trust.as_ref(), exit)?;
    args.judging.answer(context, &checked.subject, &checked.evidence, Source::Bundle(&args.file), exit)
}
