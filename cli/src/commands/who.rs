use crate::context::Context;
use crate::evidence::{EveryEntry, fetch};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::judging::Judging;
use crate::render::who::Source;

/// Who authorized this action?
///
/// Fetches the evidence and judges it here: the chain from the original principal to the action, hop by hop. The server's
/// word decides nothing. Ends with 0 authorized, 11 not authorized, 12 evidence missing, 13 nothing pinned, 10 tampered.
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  writ who be7f89b5-d456-4423-b3e6-0fb0b19bad7c
  writ who 3fa94c0d11 --profile strict --recompute --json")]
pub(crate) struct Args {
    /// Statement id, foreign id (request, event, decision, access key …), the first 8 digits or more, or #N
    #[arg(value_name = "ID")]
    id: String,
    #[command(flatten)]
    judging: Judging,
    #[command(flatten)]
    every: EveryEntry,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let Args { id, judging, every } = args;
    let (subject, judged) = fetch(context, id, judging, every)?;
    let mirror = every.mirror.as_ref().map(|folder| folder.display().to_string());
    judging.answer(context, &subject, judged, mirror.as_deref().map_or(Source::Server, Source::Mirror))
}
