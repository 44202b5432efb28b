use std::path::PathBuf;

use questions::why::{Why, why};
use serde::Serialize;

use super::who::{Asked, Judging, fetch};
use crate::checks::{self, Check, CheckStatus};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;

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
    /// Read every entry of the log, so that nobody's word is needed for what is not there
    #[arg(long)]
    recompute: bool,
    /// Read every entry from a mirror of the log (`writ mirror`), not from its server
    #[arg(long, value_name = "DIR")]
    mirror: Option<PathBuf>,
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
    let Args { id, judging, recompute, mirror } = args;
    let asked = Asked { id, judging, recompute: *recompute, mirror: mirror.as_deref() };
    let (subject, judged) = fetch(context, asked)?;
    let evidence = &judged.evidence;
    let record = evidence.get(&subject).ok_or_else(|| {
        Failure::new("not-found", format!("{subject} is not in the evidence")).exit(Exit::NotFound)
    })?;
    let profile = judging.profile_for(record)?;
    let answer = why(&subject, evidence, &profile).map_err(|e| {
        let exit = if e.code() == "not-found" { Exit::NotFound } else { Exit::Usage };
        Failure::new(e.code(), e.to_string()).exit(exit).next(format!("writ show {subject}"))
    })?;
    let exit = judged.exit.worse(exit_of(&answer));
    if context.output.json {
        context.output.document(&Document { why: &answer, checks: &judged.checks, exit: exit.code() })?;
        return Ok(exit);
    }
    let broken: Vec<Check> =
        judged.checks.iter().filter(|check| check.status == CheckStatus::Broken).cloned().collect();
    context.output.text(&format!("{answer}{}", checks::lines(&broken)))?;
    Ok(exit)
}

fn exit_of(why: &Why) -> Exit {
    let found = if why.decision.is_some() { Exit::Ok } else { Exit::Indeterminate };
    if why.trust.pinned { found } else { found.worse(Exit::Untrusted) }
}
