use questions::why::{Why, why};
use serde::Serialize;

use crate::checks::{self, Check};
use crate::context::Context;
use crate::evidence::{EveryEntry, fetch};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::judging::{Judging, not_judged};

/// Why was this allowed or refused, at that time?
///
/// Shows the ruling behind an action, or a decision itself: its policy, revision and rules, its reason, every input with its
/// age at the ruling, what came from a cache, and what the judge finds about it. The evidence is fetched and judged here, as
/// for `writ who`. Ends with 0 whatever was ruled, 12 where no decision is found, 13 nothing pinned, 10 tampered.
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  writ why be7f89b5-d456-4423-b3e6-0fb0b19bad7c
  writ why request:r-991 --profile strict
  writ why 3fa94c0d11 --mirror ./mirror --json")]
pub(crate) struct Args {
    /// Statement id, foreign id (request, event, decision …), the first 8 digits or more, or #N
    #[arg(value_name = "ID")]
    id: String,
    #[command(flatten)]
    judging: Judging,
    #[command(flatten)]
    every: EveryEntry,
}

/// `writ why --json`: the answer, what was checked before it was reached, and how the program ends.
#[derive(Serialize)]
struct Document<'a> {
    #[serde(flatten)]
    why: &'a Why,
    checks: &'a [Check],
    exit: u8,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let Args { id, judging, every } = args;
    let (subject, judged) = fetch(context, id, judging, every)?;
    let profile = judging.profile_for(judged.record(&subject)?)?;
    let answer = why(&subject, &judged.evidence, &profile)
        .map_err(|error| not_judged(&subject, error.code(), error.to_string()))?;
    let exit = judged.exit.worse(exit_of(&answer));
    if context.output.json {
        context.output.document(&Document { why: &answer, checks: &judged.checks, exit: exit.code() })?;
        return Ok(exit);
    }
    context.output.text(&format!("{answer}{}", checks::broken_lines(&judged.checks)))?;
    Ok(exit)
}

fn exit_of(why: &Why) -> Exit {
    let found = if why.decision.is_some() { Exit::Ok } else { Exit::Indeterminate };
    if why.trust.pinned { found } else { found.worse(Exit::Untrusted) }
}
