use std::path::PathBuf;

use gateway::client::{Candidate, Client, Query};
use questions::blast::{Blast, Of, Span, blast, read_cursor};
use questions::kept::{Placed, Put, Whole};
use questions::page::{Cursor, Page};
use questions::reach::{Named, Subject, subject};
use schemas::ids::StatementId;
use schemas::text::Tenant;
use schemas::time::{Index, Time};
use verifier::evidence::Evidence;
use verifier::naming::Sort;

use super::question::{Answered, PAGE_MAX, ask, no_such_page};
use crate::checks::AgeLimit;
use crate::context::Context;
use crate::evidence::of_mirror;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::judging::ToJudge;
use crate::moment;
use crate::registration::fetch;
use crate::resolve::{resolve, resolve_among_beside};

/// How far did it reach: what was done on the strength of it, and what could it still do?
///
/// Of a principal, a key, a delegation, a credential, an approval, a decision or a policy's revision: the actions that relied on
/// it, directly or through delegations below it, by resource and outcome; first what cannot be undone; then who got authority
/// from it, and which delegations stand now, as the judge finds. What relied is counted as recorded: `writ who` judges each.
/// The state of the log that was searched is held against its signed head; what is counted is the server's word, unless it is
/// read from a mirror.
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  writ blast agent:billing-bot --since 7d
  writ blast 3fa94c0d11                                     a delegation and all below it
  writ blast access-key:AKIAIOSFODNN7EXAMPLE
  writ blast opa:authz/refund@7                             every action that this revision allowed
  writ blast agent:billing-bot --mirror ./mirror --json")]
pub(crate) struct Args {
    /// Principal, key id, policy revision (ENGINE:ID@REVISION), statement id, foreign id, first 8 digits or more, or #N
    #[arg(value_name = "WHAT")]
    what: String,
    /// Only what was attempted from then on: a moment, or so long ago
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Only what was attempted until then
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// Tenant of the policy or the foreign id
    #[arg(long, value_name = "NAME", default_value_t = Tenant::default_label())]
    tenant: Tenant,
    /// How many rows at most
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u64).range(1..=PAGE_MAX))]
    limit: u64,
    /// Where to go on, as the answer before said; within its span of time
    #[arg(long, value_name = "CURSOR", conflicts_with_all = ["since", "until"])]
    page: Option<String>,
    /// Read every entry from a mirror of the log (`writ mirror`), not from its server
    #[arg(long, value_name = "DIR")]
    mirror: Option<PathBuf>,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let since = args.since.as_deref().map(moment::parse).transpose()?;
    let until = args.until.as_deref().map(moment::parse).transpose()?;
    let span = Span { since, until };
    if let Some(folder) = &args.mirror {
        let (trust, exit) = context.trust_or_said();
        let judged = of_mirror(context, folder, trust.as_ref(), AgeLimit::default(), exit)?;
        let ToJudge { evidence, exit, .. } = judged;
        let answer = from_mirror(args, span, &evidence)?;
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
        .with_some("since", since.map(|time| time.0.to_string()))
        .with_some("until", until.map(|time| time.0.to_string()))
        .with("limit", args.limit.to_string())
        .with_some("cursor", args.page.as_ref());
    let answered = ask(context, "/v1/blast", &query, |answer: &Blast| &answer.as_of)?;
    if !is_about(&answered.answer.of, &what, &client)? {
        return Err(Failure::new("wrong-subject", "the server's answer is about something else")
            .values(&args.what, &answered.answer.of.name)
            .exit(Exit::Tampered));
    }
    answered.say(context)
}

/// Whether what the server answered about is called `what`, by its own name or by that of a statement which stands for it.
fn is_about(of: &Of, what: &str, client: &Client) -> Result<bool, Failure> {
    if called(of, what) {
        return Ok(true);
    }
    let found = resolve(client, what)?;
    Ok(stands_for(client, &found)?.is_some_and(|subject| Of::from(&subject) == *of))
}

/// Whether something's own name is `what`.
pub(super) fn called(of: &Of, what: &str) -> bool {
    of.name == what || of.name.split_once(':').is_some_and(|(_, value)| value == what)
}

/// What a statement of the server stands for.
pub(super) fn stands_for(client: &Client, found: &Candidate) -> Result<Option<Subject>, Failure> {
    let statement = fetch(client, &found.id)?;
    Ok(Subject::of(&Put { index: Index(found.index), time: Time::default(), statement }))
}

fn from_mirror(args: &Args, span: Span, evidence: &Evidence) -> Result<Blast, Failure> {
    let log = Whole(evidence);
    let named = subject(&args.what, &args.tenant, &log).unwrap_or_else(|never| match never {});
    let subject = match named {
        Named::One(subject) => subject,
        Named::Several(several) => return Err(ambiguous(&args.what, &several)),
        Named::Nothing => of_statement(&resolve_among_beside(evidence, &args.what, Sort::ALL)?, evidence)?,
    };
    let size = evidence.head().size;
    let (span, begun) = match &args.page {
        None => (span, Cursor { size, next: 0 }),
        Some(text) => read_cursor(text, &subject)
            .ok_or_else(|| no_such_page("--page is not the `next` of an earlier page of this question"))?,
    };
    if begun.size != size {
        let of = begun.size;
        return Err(no_such_page(format!(
            "that page is of a log of {of} entries, and the mirror holds {size}"
        )));
    }
    let limit = usize::try_from(args.limit).unwrap_or(usize::MAX);
    blast(&subject, span, Page { from: begun.next, limit }, &log)
        .map_err(|e| Failure::new("no-evidence", e.to_string()).exit(Exit::Tampered))
}

fn of_statement(id: &StatementId, evidence: &Evidence) -> Result<Subject, Failure> {
    let put = counting(id, evidence)?;
    let kind = put.statement.payload.kind;
    Subject::of(&put).ok_or_else(|| {
        let what = format!(
            "nothing relies on a {kind} statement; ask about a principal, key, task, delegation, credential, approval, decision or \
             policy"
        );
        Failure::usage("not-relied-on", what).next(format!("writ show {id}"))
    })
}

/// A statement of a mirror that counts.
pub(super) fn counting(id: &StatementId, evidence: &Evidence) -> Result<Put, Failure> {
    let index = evidence.get(id).map(|record| record.index);
    let put = index.and_then(|index| Whole(evidence).placed(index).unwrap_or_else(|never| match never {}));
    put.ok_or_else(|| {
        let what = format!("statement {id} counts for nothing: its signature, key or role does not stand");
        Failure::new("not-sound", what).exit(Exit::NotFound).next(format!("writ show {id}"))
    })
}

pub(super) fn ambiguous(what: &str, several: &[String]) -> Failure {
    Failure::usage("ambiguous-id", format!("`{what}` means several things: {}", several.join(", ")))
        .next("the same as TYPE:VALUE, or with the id of the statement that is meant")
}
