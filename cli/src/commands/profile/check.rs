use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::printable;
use crate::profiles::{self, Document};

/// Check a profile that you wrote
#[derive(clap::Args, Debug)]
#[command(after_help = "Example:\n  writ profile check ours.toml")]
pub(crate) struct Args {
    /// A file as `writ profile show` prints one
    #[arg(value_name = "FILE")]
    file: String,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let profile = profiles::find(&args.file)?;
    if context.output.json {
        context.output.document(&Document::of(&profile))?;
        return Ok(Exit::Ok);
    }
    let (name, version, file) = (printable(&profile.name), profile.version, printable(&args.file));
    context
        .output
        .text(&format!("SOUND  profile {name} version {version}\nNext: writ who ID --profile {file}\n"))?;
    Ok(Exit::Ok)
}
