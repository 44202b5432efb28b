use std::path::PathBuf;

use gateway::client::{Client, Query};
use questions::blast::Of;
use questions::effect::{Asked, Effect, EffectError, asked, effect, read_cursor};
use questions::kept::Whole;
use questions::page::Page;
use questions::reach::{Named, subject};
use schemas::text::Tenant;
use verifier::evidence::Evidence;
use verifier::naming::Sort;

use super::blast::{ambiguous, called, counting, stands_for};
use super::question::{Answered, PAGE_MAX, ask, no_such_page};
use crate::checks::AgeLimit;
use crate::context::Context;
use crate::evidence::of_mirror;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::judging::ToJudge;
use crate::resolve::{resolve, resolve_among_beside};

/// What did a revocation come to: who still acted on what it withdrew?
///
/// Lists what was attempted as of the withdrawal or later, by whoever relied on what was withdrawn or on delegations below it,
/// with what the judge says of each: not authorized, or authorized by another way. Says how long it took until the withdrawal was
/// said and logged, for how long it was still acted on, and which attempts were denied. The state of the log that was searched is
/// held against its signed head; what is listed and judged is the server's word, unless it is read from a mirror: `writ who` judges
/// each here.
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  writ effect 3fa94c0d11                                    a revocation, or a delegation that one withdraws
  writ effect agent:billing-bot                             all that it held was withdrawn
  writ effect access-key:AKIAIOSFODNN7EXAMPLE --limit 10
  writ effect '#12' --mirror ./mirror --json")]
pub(crate) struct Args {
    /// A revocation, or what one withdraws: statement id, foreign id, principal, key id, first 8 digits or more, or #N
    #[arg(value_name = "WHAT")]
    what: String,
    /// Tenant of the foreign id
    #[arg(long, value_name = "NAME", default_value_t = Tenant::default_label())]
    tenant: Tenant,
    /// How many actions at most; each is judged
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u64).range(1..=PAGE_MAX))]
    limit: u64,
    /// Where to go on, as the answer before said
    #[arg(long, value_name = "CURSOR")]
    page: Option<String>,
    /// Read every entry from a mirror of the log (`writ mirror`), not from its server
    #[arg(long, value_name = "DIR")]
    mirror: Option<PathBuf>,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    if let Some(folder) = &args.mirror {
        let (trust, exit) = context.trust_or_said();
        let judged = of_mirror(context, folder, trust.as_ref(), AgeLimit::default(), exit)?;
        let ToJudge { evidence, exit, .. } = judged;
        let answer = from_mirror(args, &evidence)?;
        return Answered::from_mirror(answer, evidence.pinning().log_key, exit).say(context);
    }
    let client = context.client()?;
    let what = match args.what.starts_with('#') {
        true => resolve(&client, &args.what)?.id.to_hex(),
        false => args.what.clone(),
    };
    let query = Query::default()
        .with("of", &what)
        .with("tenant", args.tenant.as_str())
        .with("limit", args.limit.to_string())
        .with_some("cursor", args.page.as_ref());
    let answered = ask(context, "/v1/effect", &query, |answer: &Effect| &answer.as_of)?;
    if !is_about(&answered.answer, &what, &client)? {
        return Err(Failure::new("wrong-subject", "the server's answer is about something else")
            .values(&args.what, &answered.answer.of.name)
            .exit(Exit::Tampered));
    }
    answered.say(context)
}

/// Whether the answer is about `what`: a withdrawal that it lists, or what was withdrawn.
fn is_about(answer: &Effect, what: &str, client: &Client) -> Result<bool, Failure> {
    if called(&answer.of, what) {
        return Ok(true);
    }
    let found = resolve(client, what)?;
    if answer.withdrawals.iter().any(|withdrawal| withdrawal.id == found.id) {
        return Ok(true);
    }
    Ok(stands_for(client, &found)?.is_some_and(|subject| Of::from(&subject).name == answer.of.name))
}

fn from_mirror(args: &Args, evidence: &Evidence) -> Result<Effect, Failure> {
    let log = Whole(evidence);
    let asked = asked_for(args, evidence)?;
    let size = evidence.head().size;
    let begun = args.page.as_ref().map(|text| {
        let wrong = || no_such_page("--page is not the `next` of an earlier page of this question");
        read_cursor(text, &asked).ok_or_else(wrong)
    });
    let begun = begun.transpose()?;
    if let Some(of) = begun.map(|begun| begun.size).filter(|of| *of != size) {
        return Err(no_such_page(format!(
            "that page is of a log of {of} entries, and the mirror holds {size}"
        )));
    }
    let limit = usize::try_from(args.limit).unwrap_or(usize::MAX);
    let page = Page { from: begun.map_or(0, |begun| begun.next), limit };
    effect(&asked, page, &log).map_err(|error| Failure::new("not-judged", error.to_string()))
}

fn asked_for(args: &Args, evidence: &Evidence) -> Result<Asked, Failure> {
    let log = Whole(evidence);
    let standing = match subject(&args.what, &args.tenant, &log).unwrap_or_else(|never| match never {}) {
        Named::Several(several) => return Err(ambiguous(&args.what, &several)),
        Named::Nothing => None,
        Named::One(subject) => match Asked::of(subject, &log) {
            Err(error) if error.is_standing() => Some(error),
            found => return found.map_err(|error| refused(args, &error)),
        },
    };
    let id = match (resolve_among_beside(evidence, &args.what, Sort::ALL), standing) {
        (Err(_), Some(standing)) => return Err(refused(args, &standing)),
        (found, _) => found?,
    };
    let put = counting(&id, evidence)?;
    asked(&put, &log).map_err(|error| refused(args, &error))
}

fn refused<E: std::fmt::Display>(args: &Args, error: &EffectError<E>) -> Failure {
    let exit = if matches!(error, EffectError::NotWithdrawable(_)) { Exit::Usage } else { Exit::NotFound };
    Failure::new(error.code(), error.to_string()).exit(exit).next(format!("writ blast {}", args.what))
}
