use std::path::PathBuf;

use questions::chain::{Chain, chain};
use serde::Serialize;
use verifier::verdict::Outcome;

use super::who::{Asked, Judging, fetch};
use crate::checks::{self, Check, CheckStatus};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;

/// The whole chain behind an action, decision, delegation or credential
///
/// Draws every hop on every path, where paths fork and join, and marks the one that carries the subject or comes nearest. Each hop
/// says who gave what to whom, what it narrowed, by which credential and decision, and what is wrong with it; the first broken
/// link comes first. The evidence is fetched and judged here. Ends as `writ who` does.
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  writ chain be7f89b5-d456-4423-b3e6-0fb0b19bad7c
  writ chain 3fa94c0d11 --profile strict --json
  writ chain '#12' --mirror ./mirror")]
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

/// `writ chain --json`: the answer, what was checked before it was reached, and how the program ends.
#[derive(Serialize)]
struct Document<'a> {
    #[serde(flatten)]
    chain: &'a Chain,
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
    let answer = chain(&subject, evidence, &profile).map_err(|e| {
        let exit = if e.code() == "not-found" { Exit::NotFound } else { Exit::Usage };
        Failure::new(e.code(), e.to_string()).exit(exit).next(format!("writ show {subject}"))
    })?;
    let exit = judged.exit.worse(exit_of(&answer));
    if context.output.json {
        context.output.document(&Document { chain: &answer, checks: &judged.checks, exit: exit.code() })?;
        return Ok(exit);
    }
    let broken: Vec<Check> =
        judged.checks.iter().filter(|check| check.status == CheckStatus::Broken).cloned().collect();
    context.output.text(&format!("{answer}{}", checks::lines(&broken)))?;
    Ok(exit)
}

fn exit_of(chain: &Chain) -> Exit {
    let judged = match chain.outcome {
        Outcome::Authorized if chain.complete => Exit::Ok,
        Outcome::Authorized | Outcome::Indeterminate => Exit::Indeterminate,
        Outcome::NotAuthorized => Exit::NotAuthorized,
    };
    if chain.trust.pinned { judged } else { judged.worse(Exit::Untrusted) }
}
