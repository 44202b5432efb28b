use questions::coverage::{Coverage, coverage};
use questions::kept::Whole;
use questions::sweep::of_kinds;
use schemas::payload::Kind;
use verifier::profile::Profile;

use super::asked::About;
use super::question::{Answered, ask_patiently};
use super::who::{ToJudge, of_mirror};
use crate::checks::AgeLimit;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;

/// How much of what was done can be accounted for?
///
/// Judges every action that fits and adds up: how many were authorized, whose chain leads to a registered root, on what nothing was
/// decided, for what nobody answers, which rules found what, and which agents and tenants that comes from, worst first. The
/// state of the log is held against its signed head; the counts are the server's word, unless they come from a mirror.
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  writ coverage
  writ coverage 'agent:billing-bot tenant:acme' --since 7d
  writ coverage --since 2026-11-01 --until 2026-12-01 --json
  writ coverage --mirror ./mirror --profile strict")]
pub(crate) struct Args {
    #[command(flatten)]
    about: About,
    /// By which rules: standard, strict or imported
    #[arg(long, value_name = "NAME", value_parser = ["standard", "strict", "imported"])]
    profile: Option<String>,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let question = args.about.question("coverage", vec![("profile", args.profile.clone())])?;
    if let Some(folder) = &args.about.mirror {
        let (trust, exit) = context.trust_or_said();
        let ToJudge { evidence, exit, .. } =
            of_mirror(context, folder, trust.as_ref(), AgeLimit::default(), exit)?;
        let asked = question.of_mirror(&evidence)?;
        let query = of_kinds(asked.query.clone(), &[Kind::Action]);
        let log = Whole(&evidence);
        let subjects = log.fitting(&query, asked.from);
        let profile = args.profile.as_deref().and_then(Profile::named);
        let (answer, cut) = coverage(&asked, subjects, profile.as_ref(), &log)
            .map_err(|e| Failure::new("no-evidence", e.to_string()).exit(Exit::Tampered))?;
        let answer = answer.cut_at(&asked, cut);
        return Answered::from_mirror(answer, evidence.pinning().log_key, exit).say(context);
    }
    ask_patiently(context, "/v1/coverage", &question.query(), |answer: &Coverage| &answer.as_of)?.say(context)
}
