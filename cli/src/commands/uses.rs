use std::path::PathBuf;

use gateway::client::Query;
use questions::kept::Whole;
use questions::page::{Cursor, Page};
use questions::uses::{Uses, UsesError, read_cursor, uses};
use schemas::ids::StatementId;
use verifier::evidence::Evidence;
use verifier::judge::{counted, default_profile};

use super::question::{Answered, PAGE_MAX, ask, no_such_page};
use crate::checks::AgeLimit;
use crate::context::Context;
use crate::evidence::of_mirror;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::judging::ToJudge;
use crate::resolve::{resolve, resolve_among};

/// Which actions relied on this delegation, approval, decision or credential?
///
/// Lists them oldest first, retries too, with what is left of its limit. The state of the log that was searched is held against
/// its signed head; which actions are listed is the server's word, unless they are read from a mirror: `writ who` judges each.
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  writ uses 3fa94c0d11
  writ uses access-key:AKIAIOSFODNN7EXAMPLE --limit 10
  writ uses '#12' --mirror ./mirror --json")]
pub(crate) struct Args {
    /// Statement id, foreign id, the first 8 digits or more, or #N
    #[arg(value_name = "ID")]
    id: String,
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
        let subject = resolve_among(&evidence, &args.id)?;
        let answer = from_mirror(args, &subject, &evidence)?;
        return Answered::from_mirror(answer, evidence.pinning().log_key, exit).say(context);
    }
    let subject = resolve(&context.client()?, &args.id)?.id;
    let query = Query::default()
        .with("id", subject.to_hex())
        .with("limit", args.limit.to_string())
        .with_some("cursor", args.page.as_ref());
    let answered = ask(context, "/v1/uses", &query, |answer: &Uses| &answer.as_of)?;
    if answered.answer.of.id != subject {
        return Err(Failure::new("wrong-subject", "the server's answer is about another statement")
            .values(subject, answered.answer.of.id)
            .exit(Exit::Tampered));
    }
    answered.say(context)
}

fn from_mirror(args: &Args, subject: &StatementId, evidence: &Evidence) -> Result<Uses, Failure> {
    let size = evidence.head().size;
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
    let counted =
        evidence.get(subject).map(default_profile).and_then(|profile| counted(subject, evidence, &profile));
    let limit = usize::try_from(args.limit).unwrap_or(usize::MAX);
    uses(subject, Page { from: begun.next, limit }, counted, &Whole(evidence)).map_err(|e| {
        let exit = if matches!(e, UsesError::NotFound(_)) { Exit::NotFound } else { Exit::Usage };
        Failure::new(e.code(), e.to_string()).exit(exit).next(format!("writ show {subject}"))
    })
}
