use verifier::profile::PROFILES;

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::profiles::{self, Document};

/// Print a profile that is built in, every key explained, to start one's own from
#[derive(clap::Args, Debug)]
#[command(
    after_help = "Example:\n  writ profile show strict > ours.toml        (then change `name`, and what you need)"
)]
pub(crate) struct Args {
    /// Which
    #[arg(value_name = "NAME", value_parser = clap::builder::PossibleValuesParser::new(PROFILES))]
    name: String,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    if context.output.json {
        context.output.document(&Document::of(&profiles::find(&args.name)?))?;
    } else {
        context.output.text(profiles::text(&args.name).unwrap_or_default())?;
    }
    Ok(Exit::Ok)
}
