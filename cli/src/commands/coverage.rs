use questions::asked::Asked;
use questions::coverage::{Coverage, ROWS, ROWS_MAX, Size, coverage};
use questions::kept::Whole;
use questions::sweep::{ACTIONS_MAX, of_kinds};
use schemas::payload::Kind;
use schemas::time::Index;
use verifier::evidence::Evidence;
use verifier::profile::Profile;

use super::asked::About;
use super::question::{Answered, ask_patiently, patient};
use crate::checks::AgeLimit;
use crate::context::Context;
use crate::evidence::of_mirror;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::judging::ToJudge;

/// How many actions are judged before the next are asked for, unless the asker says: some seconds, so that progress is seen.
const AT_ONCE: u64 = 2_000;

/// How much of what was done can be accounted for?
///
/// Judges every action that fits and adds up: how many were authorized, whose chain leads to a registered root, on what nothing was
/// decided, for what nobody answers, which rules found what, and which agents and tenants that comes from, worst first. The
/// state of the log is held against its signed head; the counts are the server's word, unless they come from a mirror. Some
/// thousand actions are asked about at a time, and the answers added up to one about all that fits.
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
    /// How many actions are judged before the next are asked for
    #[arg(long, value_name = "N", default_value_t = AT_ONCE, value_parser = clap::value_parser!(u64).range(1..=ACTIONS_MAX as u64))]
    at_once: u64,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let question = args.about.question("coverage", vec![("profile", args.profile.clone())])?;
    if let Some(folder) = &args.about.mirror {
        let (trust, exit) = context.trust_or_said();
        let ToJudge { evidence, exit, .. } =
            of_mirror(context, folder, trust.as_ref(), AgeLimit::default(), exit)?;
        let mut asked = question.of_mirror(&evidence)?;
        let profile = args.profile.as_deref().and_then(Profile::named);
        let size = Size { actions: usize::try_from(args.at_once).unwrap_or(ACTIONS_MAX), rows: ROWS_MAX };
        let mut part = |_: Option<&str>| {
            let (answer, next) = of_whole(&asked, profile.as_ref(), size, &evidence)?;
            asked.from = next.unwrap_or(asked.from);
            Ok(answer)
        };
        let first = part(None)?;
        let (answer, error) = add_up(context, first, part);
        let exit = error.as_ref().map_or(exit, |failure: &Failure| exit.worse(failure.exit));
        let answered = Answered::from_mirror(answer, evidence.pinning().log_key, exit);
        return Answered { error, ..answered }.say(context);
    }
    let query = |page: Option<&str>| {
        let query = question.query_at(page).with("limit", args.at_once.to_string());
        query.with("rows", ROWS_MAX.to_string())
    };
    let first = ask_patiently(context, "/v1/coverage", &query(None), |answer: &Coverage| &answer.as_of)?;
    if first.error.is_some() {
        return first.say(context);
    }
    let (answer, error) = add_up(context, first.answer, |page| {
        let client = patient(context.client()?);
        Ok(client.answer::<Coverage>("/v1/coverage", &query(page))?)
    });
    let exit = error.as_ref().map_or(first.exit, |failure| first.exit.worse(failure.exit));
    Answered { answer, error, exit, ..first }.say(context)
}

/// What is left from `asked.from` on, as far as one answer goes, and where the next begins.
fn of_whole(
    asked: &Asked,
    profile: Option<&Profile>,
    size: Size,
    evidence: &Evidence,
) -> Result<(Coverage, Option<Index>), Failure> {
    let query = of_kinds(asked.query.clone(), &[Kind::Action]);
    let log = Whole(evidence);
    let subjects = log.fitting(&query, asked.from);
    let (answer, next) = coverage(asked, subjects, profile, size, &log)
        .map_err(|e| Failure::new("no-evidence", e.to_string()).exit(Exit::Tampered))?;
    Ok((answer.cut_at(asked, next), next))
}

/// Goes on from answer to answer and adds them up; where one fails, what was added so far, and why.
fn add_up(
    context: &Context,
    first: Coverage,
    mut part: impl FnMut(Option<&str>) -> Result<Coverage, Failure>,
) -> (Coverage, Option<Failure>) {
    let progress = context.output.progress(first.as_of.size);
    let (mut sum, mut error) = (first, None);
    while let Some(page) = sum.next.clone().filter(|_| error.is_none()) {
        progress.set_position(sum.covered.to.0);
        match part(Some(&page)).and_then(|part| following(&sum, part)) {
            Ok(part) => sum = sum.and(part),
            Err(failure) => error = Some(failure),
        }
    }
    progress.finish_and_clear();
    (sum.listing(ROWS), error)
}

/// An answer that goes on where the sum ends, about the same state of the log.
fn following(sum: &Coverage, part: Coverage) -> Result<Coverage, Failure> {
    let said =
        |coverage: &Coverage| format!("from {} of {} entries", coverage.covered.from, coverage.as_of.size);
    if part.as_of == sum.as_of && part.covered.from == sum.covered.to && part.covered.to > part.covered.from {
        return Ok(part);
    }
    let expected = format!("from {} of {} entries", sum.covered.to, sum.as_of.size);
    Err(Failure::new("wrong-part", "the server's answer does not go on where the one before ended")
        .values(expected, said(&part))
        .exit(Exit::Tampered))
}
