use std::path::PathBuf;

use gateway::client::Query;
use questions::kept::Whole;
use questions::page::{Cursor, Page};
use questions::what_if::{Subject, WhatIf, WhatIfError, read_cursor, what_if};
use schemas::ids::StatementId;
use verifier::evidence::Evidence;
use verifier::naming::Sort;

use super::question::{Answered, PAGE_MAX, ask, no_such_page};
use crate::checks::AgeLimit;
use crate::context::Context;
use crate::evidence::of_mirror;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::judging::ToJudge;
use crate::resolve::{near_among, resolve, resolve_among};

/// What would stop if this were withdrawn now?
///
/// Of a delegation, credential, approval, task, principal or key: the delegations below it that would carry nothing any more, by
/// holder; those that would go on, and by which other way; the permits that would no longer stand. Nothing is withdrawn. The state
/// of the log is held against its signed head; the answer is the server's word, unless it is made from a mirror.
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  writ what-if 3fa94c0d11
  writ what-if agent:planner
  writ what-if access-key:AKIAIOSFODNN7EXAMPLE --json
  writ what-if '#12' --mirror ./mirror")]
pub(crate) struct Args {
    /// Statement id, foreign id, the first 8 digits or more, #N, the whole name of a principal, or a key id
    #[arg(value_name = "ID")]
    id: String,
    /// How many delegations at most
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
        let statement = statement_or_name(resolve_among(&evidence, &args.id))?;
        let answer = from_mirror(args, statement.as_ref(), &evidence)?;
        return Answered::from_mirror(answer, evidence.pinning().log_key, exit).say(context);
    }
    let statement = statement_or_name(resolve(&context.client()?, &args.id).map(|found| found.id))?;
    let query = Query::default()
        .with("id", statement.map_or_else(|| args.id.clone(), |id| id.to_hex()))
        .with("limit", args.limit.to_string())
        .with_some("cursor", args.page.as_ref());
    let answered = ask(context, "/v1/what-if", &query, |answer: &WhatIf| &answer.as_of)?;
    let about = &answered.answer.withdrawn;
    let is_asked = match &statement {
        Some(id) => about.id == Some(*id),
        None => about.name == args.id,
    };
    if !is_asked {
        let asked = statement.map_or_else(|| args.id.clone(), |id| id.to_hex());
        return Err(Failure::new("wrong-subject", "the server's answer is about something else")
            .values(asked, &about.name)
            .exit(Exit::Tampered));
    }
    answered.say(context)
}

/// What is no statement may be the name of a principal or of a key.
fn statement_or_name(found: Result<StatementId, Failure>) -> Result<Option<StatementId>, Failure> {
    match found {
        Ok(id) => Ok(Some(id)),
        Err(failure) if failure.exit == Exit::NotFound => Ok(None),
        Err(failure) => Err(failure),
    }
}

fn from_mirror(args: &Args, statement: Option<&StatementId>, evidence: &Evidence) -> Result<WhatIf, Failure> {
    let size = evidence.head().size;
    let subject = statement.map_or(Subject::Name(&args.id), Subject::Statement);
    let begun = match &args.page {
        None => Cursor { size, next: 0 },
        Some(text) => read_cursor(text, subject)
            .ok_or_else(|| no_such_page("--page is not the `next` of an earlier page of this question"))?,
    };
    if begun.size != size {
        let of = begun.size;
        return Err(no_such_page(format!(
            "that page is of a log of {of} entries, and the mirror holds {size}"
        )));
    }
    let limit = usize::try_from(args.limit).unwrap_or(usize::MAX);
    what_if(subject, Page { from: begun.next, limit }, &Whole(evidence)).map_err(|e| {
        let exit = if matches!(e, WhatIfError::NotFound(_)) { Exit::NotFound } else { Exit::Usage };
        let failure = Failure::new(e.code(), e.to_string()).exit(exit).next("writ search --help");
        match e {
            WhatIfError::NotFound(_) => failure.near(near_among(evidence, &args.id, Sort::ALL)),
            _ => failure,
        }
    })
}
