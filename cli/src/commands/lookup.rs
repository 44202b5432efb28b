use std::path::PathBuf;

use gateway::client::Query;
use questions::kept::Whole;
use questions::lookup::{Lookup, LookupError, lookup, read_cursor};
use questions::page::{Cursor, Page};
use schemas::ids::StatementId;
use schemas::text::Tenant;
use verifier::evidence::Evidence;
use verifier::naming::Sort;

use super::question::{Answered, PAGE_MAX, ask, no_such_page};
use crate::checks::AgeLimit;
use crate::context::Context;
use crate::evidence::of_mirror;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::judging::ToJudge;
use crate::resolve::{resolve, resolve_among, resolve_among_beside};

/// What is known under this id, of whatever kind?
///
/// Lists every statement that carries, issues, presents, refers to or withdraws a foreign id, belongs to the task or trace of this
/// name, is signed by the key, involves the principal, touches the resource, or was ruled by the policy's revision; and the actions
/// that it leads to. The state of the log that was searched is held against its signed head; what is listed is the
/// server's word, unless it is read from a mirror.
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  writ lookup r-991
  writ lookup access-key:AKIAIOSFODNN7EXAMPLE --limit 10
  writ lookup task:refunds-q4
  writ lookup opa:authz/refund@7                            what this revision ruled
  writ lookup 4bf92f3577b34da6a3ce929d0e0e4736 --mirror ./mirror --json")]
pub(crate) struct Args {
    /// Foreign id (value or TYPE:VALUE), trace id, task, principal, key id, resource, policy (ENGINE:ID, ENGINE:ID@REVISION), request
    /// digest (ALG:FORM:DIGITS), imported event (FORMAT:ID), or a statement: its id, the first 8 digits or more, or #N
    #[arg(value_name = "ID")]
    id: String,
    /// Tenant of a task, policy, request digest or imported event
    #[arg(long, value_name = "NAME", default_value_t = Tenant::default_label())]
    tenant: Tenant,
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
    if let Some(folder) = &args.mirror {
        let (trust, exit) = context.trust_or_said();
        let judged = of_mirror(context, folder, trust.as_ref(), AgeLimit::default(), exit)?;
        let ToJudge { evidence, exit, .. } = judged;
        let answer = from_mirror(args, &evidence)?;
        return Answered::from_mirror(answer, evidence.pinning().log_key, exit).say(context);
    }
    let id = match args.id.starts_with('#') {
        true => resolve(&context.client()?, &args.id)?.id.to_hex(),
        false => args.id.clone(),
    };
    let query = Query::default()
        .with("id", id.clone())
        .with("tenant", args.tenant.as_str())
        .with("limit", args.limit.to_string())
        .with_some("cursor", args.page.as_ref());
    let answered = ask(context, "/v1/lookup", &query, |answer: &Lookup| &answer.as_of);
    let answered = match answered {
        // The names of statements are told apart in one place, which also says what a name may mean.
        Err(failure) if failure.code == "ambiguous-id" => {
            return Err(resolve(&context.client()?, &id).err().unwrap_or(failure));
        }
        answered => answered?,
    };
    if answered.answer.asked != id {
        return Err(Failure::new("wrong-subject", "the server's answer is about another id")
            .values(id, &answered.answer.asked)
            .exit(Exit::Tampered));
    }
    answered.say(context)
}

fn from_mirror(args: &Args, evidence: &Evidence) -> Result<Lookup, Failure> {
    let size = evidence.head().size;
    let place = args.id.starts_with('#').then(|| resolve_among(evidence, &args.id)).transpose()?;
    let name = place.map_or_else(|| args.id.clone(), |id| id.to_hex());
    let begun = match &args.page {
        None => Cursor { size, next: 0 },
        Some(text) => read_cursor(text, &name, &args.tenant)
            .ok_or_else(|| no_such_page("--page is not the `next` of an earlier page of this question"))?,
    };
    if begun.size != size {
        let of = begun.size;
        return Err(no_such_page(format!(
            "that page is of a log of {of} entries, and the mirror holds {size}"
        )));
    }
    let page = Page { from: begun.next, limit: usize::try_from(args.limit).unwrap_or(usize::MAX) };
    let look =
        |statement: Option<StatementId>| lookup(&name, &args.tenant, statement, page, &Whole(evidence));
    let answer = match look(None) {
        Err(LookupError::NotFound { .. }) => look(Some(resolve_among_beside(evidence, &name, Sort::ALL)?)),
        answer => answer,
    };
    answer.map_err(|e| Failure::new(e.code(), e.to_string()).exit(Exit::NotFound))
}
