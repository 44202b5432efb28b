use questions::grants::{DAYS_MAX, Grants, Reason, STALE_DAYS, Terms, grants};
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

/// Which delegations and credentials that still stand need a look?
///
/// Lists those that were never used, are stale, name more than was ever done by them, are left over from a task that ended, have no
/// end or were given for long; with who has them, who gave them, what for, and when they were last used. What is used through a
/// delegation below is a use of those above it too. As of the log's last entry; what has run out or was withdrawn, and what the judge
/// finds to carry nothing since what it comes from was, is only counted. 45 days without use and 90 days of validity are what the CIS
/// AWS Foundations Benchmark asks of users' credentials and access keys (v3.0.0: 1.12 and 1.14; v7.0.0: 2.11 and 2.12).
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  writ grants
  writ grants --only over-broad
  writ grants 'agent:billing-bot' --stale 7
  writ grants --until 2026-01-01 --only no-expiry --json
  writ grants --mirror ./mirror")]
pub(crate) struct Args {
    #[command(flatten)]
    about: About,
    /// After how many days without use a grant is stale
    #[arg(long, value_name = "DAYS", default_value_t = STALE_DAYS, value_parser = clap::value_parser!(u64).range(0..=DAYS_MAX))]
    stale: u64,
    /// One reason only: never-used, stale, over-broad, outlives-task, no-expiry or long-standing
    #[arg(long, value_name = "REASON", value_parser = Reason::ALL.map(Reason::as_str))]
    only: Option<String>,
    /// How many at most
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u64).range(1..=PAGE_MAX))]
    limit: u64,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let more = vec![("stale", Some(args.stale.to_string())), ("only", args.only.clone())];
    let question = args.about.question("grants", more)?;
    if let Some(folder) = &args.about.mirror {
        let (trust, exit) = context.trust_or_said();
        let ToJudge { evidence, exit, .. } =
            of_mirror(context, folder, trust.as_ref(), AgeLimit::default(), exit)?;
        let asked = question.of_mirror(&evidence)?;
        let query = of_kinds(asked.query.clone(), &[Kind::Delegation, Kind::Credential]);
        let log = Whole(&evidence);
        let terms = Terms {
            stale_days: args.stale,
            only: args.only.as_deref().and_then(Reason::from_word),
            limit: usize::try_from(args.limit).unwrap_or(usize::MAX),
        };
        let (answer, cut) = grants(&asked, terms, log.fitting(&query, asked.from), &log)
            .map_err(|e| Failure::new("no-evidence", e.to_string()).exit(Exit::Tampered))?;
        let answer = answer.cut_at(&asked, cut);
        return Answered::from_mirror(answer, evidence.pinning().log_key, exit).say(context);
    }
    let query = question.query().with("limit", args.limit.to_string());
    ask_patiently(context, "/v1/grants", &query, |answer: &Grants| &answer.as_of)?.say(context)
}
