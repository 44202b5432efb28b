use questions::chain::{Chain, chain};
use questions::course::Course;
use schemas::ids::StatementId;
use schemas::text::Tenant;
use serde::Serialize;
use verifier::verdict::Outcome;

use super::question::PAGE_MAX;
use crate::checks::{self, Check};
use crate::context::Context;
use crate::evidence::{EveryEntry, of_mirror, of_server, of_tiles};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::judging::{Judging, ToJudge, not_judged};
use crate::resolve::resolve;

mod course;

/// The whole chain behind an action, decision, delegation or credential; or behind all that was done for a task or in a trace
///
/// Draws every hop on every path, where paths fork and join, and marks those that carry the subject or come nearest. Each hop
/// says who gave what to whom, what it narrowed, by which credential and decision, and what is wrong with it; the first broken
/// link comes first. Of a task or a trace each hop is drawn once, with the actions that hang on it, a page of them at a time. The
/// evidence is fetched and judged here. Ends as `writ who` does, of several actions with the worst.
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  writ chain be7f89b5-d456-4423-b3e6-0fb0b19bad7c
  writ chain 3fa94c0d11 --profile strict --json
  writ chain task:refunds-q4                                every action of the task
  writ chain 4bf92f3577b34da6a3ce929d0e0e4736 --limit 10    every action of the trace
  writ chain '#12' --mirror ./mirror")]
pub(crate) struct Args {
    /// Statement id, foreign id (request, event, decision …), the first 8 digits or more, or #N; a task, or a trace id
    #[arg(value_name = "ID")]
    id: String,
    #[command(flatten)]
    judging: Judging,
    /// Tenant of the task
    #[arg(long, value_name = "NAME", default_value_t = Tenant::default_label())]
    tenant: Tenant,
    /// How many actions of a task or a trace at most
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u64).range(1..=PAGE_MAX))]
    limit: u64,
    /// Where to go on with a task or a trace, as the answer before said
    #[arg(long, value_name = "CURSOR")]
    page: Option<String>,
    #[command(flatten)]
    every: EveryEntry,
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
    let limit = args.judging.limit()?;
    let (trust, exit) = context.trust_or_said();
    let trust = trust.as_ref();
    if let Some(folder) = &args.every.mirror {
        return course::of_whole(args, context, of_mirror(context, folder, trust, limit, exit)?);
    }
    let client = context.client()?;
    if args.every.recompute {
        return course::of_whole(args, context, of_tiles(context, &client, trust, limit, exit)?);
    }
    if Course::is_typed(&args.id)
        && let Some(listed) = course::listed(args, &client)?
    {
        return course::of_server(args, context, &client, listed);
    }
    let found = match resolve(&client, &args.id) {
        Err(missing) if &*missing.code == "not-found" => {
            let listed = course::listed(args, &client)?.ok_or(missing)?;
            return course::of_server(args, context, &client, listed);
        }
        found => found?,
    };
    if found.kind == schemas::payload::Kind::Task
        && let Some(listed) = course::listed(args, &client)?
    {
        return course::of_server(args, context, &client, listed);
    }
    let with = (limit, args.judging.wants()?.task);
    let evidence = of_server(context, &client, trust, with, &found.id)?;
    let evidence = ToJudge { exit: exit.worse(evidence.exit), ..evidence };
    one(args, context, &found.id, evidence)
}

/// The chain behind one statement.
fn one(args: &Args, context: &Context, subject: &StatementId, judged: ToJudge) -> Result<Exit, Failure> {
    if args.page.is_some() {
        return Err(super::question::no_such_page("the chain behind one statement has no pages"));
    }
    let answer = laid(args, subject, &judged)?;
    let exit = judged.exit.worse(exit_of(&answer));
    if context.output.json {
        context.output.document(&Document { chain: &answer, checks: &judged.checks, exit: exit.code() })?;
        return Ok(exit);
    }
    context.output.text(&format!("{answer}{}", checks::broken_lines(&judged.checks)))?;
    Ok(exit)
}

/// The chain behind a statement, judged here.
fn laid(args: &Args, subject: &StatementId, judged: &ToJudge) -> Result<Chain, Failure> {
    let profile = args.judging.profile_for(judged.record(subject)?)?;
    chain(subject, &judged.evidence, &profile)
        .map_err(|error| not_judged(subject, error.code(), error.to_string()))
}

fn exit_of(chain: &Chain) -> Exit {
    let judged = outcome_exit(chain.outcome, chain.complete);
    if chain.trust.pinned { judged } else { judged.worse(Exit::Untrusted) }
}

fn outcome_exit(outcome: Outcome, complete: bool) -> Exit {
    match outcome {
        Outcome::Authorized if complete => Exit::Ok,
        Outcome::Authorized | Outcome::Indeterminate => Exit::Indeterminate,
        Outcome::NotAuthorized => Exit::NotAuthorized,
    }
}
