use std::path::PathBuf;

use schemas::note::VerifierKey;

use super::list;
use witness::folder::Folder;

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::printable;

/// Follow a log, or one more key of a log that is followed
///
/// A log begins as one of which nothing was cosigned. A witness that is being served takes up the change within a second.
#[derive(clap::Args, Debug)]
#[command(
    after_help = "Example:\n  writ witness add /var/lib/witness example.com/log+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
)]
pub(crate) struct Args {
    /// Folder of the witness
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// The log's key, name+id+key: `vkey` in GET /v1/log, or the log line of its trust file
    #[arg(value_name = "VKEY", value_parser = parse_key)]
    key: VerifierKey,
    /// Where the log is; only noted
    #[arg(long, value_name = "URL")]
    url: Option<String>,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let folder = Folder::new(&args.folder);
    let new = folder.follow(&args.key, args.url.as_deref())?;
    if context.output.json {
        return list::document(&folder, context);
    }
    let origin = args.key.name();
    let said = if new { "follows" } else { "knows one more key of" };
    let shown = printable(&args.folder.display().to_string());
    context
        .output
        .text(&format!("{said} {origin}; in service it takes that up within a second\nNext: writ witness serve {shown} --listen 127.0.0.1:8378        (unless it runs)\n"))?;
    Ok(Exit::Ok)
}

fn parse_key(text: &str) -> Result<VerifierKey, String> {
    VerifierKey::parse(text).map_err(|error| error.to_string())
}
