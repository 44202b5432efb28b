use std::path::PathBuf;

use gateway::client::{NearName, Query};
use questions::authority::{Authority, AuthorityError, Question, authority, read_cursor};
use questions::kept::Whole;
use questions::page::{Cursor, Page};
use schemas::text::{PrincipalId, Tenant};
use schemas::time::Time;
use verifier::evidence::Evidence;

use super::question::{Answered, PAGE_MAX, ask, no_such_page};
use crate::checks::AgeLimit;
use crate::context::Context;
use crate::evidence::of_mirror;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::judging::ToJudge;
use crate::moment;

/// What could this principal do, then or now?
///
/// Every delegation that it was given, under any of its names: first those that hold, each with what all hops of its way allow
/// together, until when and how often; then those that carry nothing, with why. The state of the log is held against its signed
/// head; the answer is the server's word, unless it is made from a mirror: `writ who` judges each delegation here.
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  writ authority agent:refunds/7
  writ authority agent:refunds/7 --at 2026-11-21T14:00Z
  writ authority agent:refunds/7 --at 2h --tenant eu --json
  writ authority agent:refunds/7 --mirror ./mirror")]
pub(crate) struct Args {
    /// Who, by its whole name
    #[arg(value_name = "PRINCIPAL", value_parser = |text: &str| PrincipalId::new(text))]
    principal: PrincipalId,
    /// When: a moment, or so long ago [default: the time of the log's last entry]
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    /// Delegations of this tenant alone
    #[arg(long, value_name = "TENANT", value_parser = |text: &str| Tenant::new(text))]
    tenant: Option<Tenant>,
    /// How many at most
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
    let at = args.at.as_deref().map(moment::parse).transpose()?;
    if let Some(folder) = &args.mirror {
        let (trust, exit) = context.trust_or_said();
        let judged = of_mirror(context, folder, trust.as_ref(), AgeLimit::default(), exit)?;
        let ToJudge { evidence, exit, .. } = judged;
        let answer = from_mirror(args, at, &evidence)?;
        return Answered::from_mirror(answer, evidence.pinning().log_key, exit).say(context);
    }
    let query = Query::default()
        .with("principal", args.principal.as_str())
        .with_some("at", at.map(|at| at.0.to_string()))
        .with_some("tenant", args.tenant.as_ref().map(Tenant::as_str))
        .with("limit", args.limit.to_string())
        .with_some("cursor", args.page.as_ref());
    let answered = ask(context, "/v1/authority", &query, |answer: &Authority| &answer.as_of)?;
    let Authority { principal, at: answered_at, as_of, .. } = &answered.answer;
    if *principal != args.principal.as_str() {
        return Err(wrong_subject("principal", &args.principal, principal));
    }
    let asked_at = at.unwrap_or(as_of.time);
    if *answered_at != asked_at {
        return Err(wrong_subject("moment", asked_at, answered_at));
    }
    answered.say(context)
}

fn wrong_subject(what: &str, asked: impl ToString, got: impl ToString) -> Failure {
    Failure::new("wrong-subject", format!("the server's answer is about another {what}"))
        .values(asked.to_string(), got.to_string())
        .exit(Exit::Tampered)
}

fn from_mirror(args: &Args, at: Option<Time>, evidence: &Evidence) -> Result<Authority, Failure> {
    let size = evidence.head().size;
    let limit = usize::try_from(args.limit).unwrap_or(usize::MAX);
    let asked = |from| {
        let page = Page { from, limit };
        Question { principal: &args.principal, at, tenant: args.tenant.as_ref(), page }
    };
    let begun = match &args.page {
        None => Cursor { size, next: 0 },
        Some(text) => read_cursor(text, &asked(0))
            .ok_or_else(|| no_such_page("--page is not the `next` of an earlier page of this question"))?,
    };
    if begun.size != size {
        let of = begun.size;
        return Err(no_such_page(format!(
            "that page is of a log of {of} entries, and the mirror holds {size}"
        )));
    }
    authority(&asked(begun.next), &Whole(evidence)).map_err(|e| match e {
        AuthorityError::NotFound { ref near, .. } => {
            let named =
                |name: &String| NearName { name: name.clone(), sort: "principal".into(), index: None };
            Failure::new(e.code(), e.to_string())
                .exit(Exit::NotFound)
                .next("the whole name, as `writ search` shows it: agent:refunds/7")
                .near(near.iter().map(named).collect())
        }
        AuthorityError::Kept(_) => Failure::new(e.code(), e.to_string()).exit(Exit::Usage),
    })
}
