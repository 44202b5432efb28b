use questions::crossings::{Crossings, crossings};
use questions::kept::Whole;
use questions::sweep::of_kinds;
use schemas::payload::Kind;

use super::asked::About;
use super::question::{Answered, PAGE_MAX, ask_patiently};
use crate::checks::AgeLimit;
use crate::context::Context;
use crate::evidence::of_mirror;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::judging::ToJudge;

/// Which chains crossed from one tenant or trust domain into another?
///
/// Lists the delegations and actions that rely on authority from another tenant, and the delegations from one trust domain (the
/// authority of a URI, the account of an ARN, what follows the @ of a user) into another; each with the bridge that allows it, as
/// the judge finds, or NO BRIDGE. Oldest first.
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  writ crossings
  writ crossings tenant:acme --since 7d
  writ crossings --mirror ./mirror --json")]
pub(crate) struct Args {
    #[command(flatten)]
    about: About,
    /// How many at most
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u64).range(1..=PAGE_MAX))]
    limit: u64,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let question = args.about.question("crossings", Vec::new())?;
    if let Some(folder) = &args.about.mirror {
        let (trust, exit) = context.trust_or_said();
        let ToJudge { evidence, exit, .. } =
            of_mirror(context, folder, trust.as_ref(), AgeLimit::default(), exit)?;
        let asked = question.of_mirror(&evidence)?;
        let query = of_kinds(asked.query.clone(), &[Kind::Delegation, Kind::Action]);
        let log = Whole(&evidence);
        let limit = usize::try_from(args.limit).unwrap_or(usize::MAX);
        let (answer, cut) = crossings(&asked, limit, log.fitting(&query, asked.from), &log)
            .map_err(|e| Failure::new("no-evidence", e.to_string()).exit(Exit::Tampered))?;
        let answer = answer.cut_at(&asked, cut);
        return Answered::from_mirror(answer, evidence.pinning().log_key, exit).say(context);
    }
    let query = question.query().with("limit", args.limit.to_string());
    ask_patiently(context, "/v1/crossings", &query, |answer: &Crossings| &answer.as_of)?.say(context)
}
