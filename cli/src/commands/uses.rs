use std::path::PathBuf;

use gateway::client::{AsOf, Query};
use questions::kept::Whole;
use questions::uses::{Page, Uses, UsesError, read_cursor, uses};
use schemas::ids::StatementId;
use schemas::time::Index;
use serde::Serialize;
use verifier::evidence::Evidence;
use verifier::judge::{counted, default_profile};

use super::search::hold;
use super::show::TrustDocument;
use super::who::{ToJudge, of_mirror};
use crate::checks::AgeLimit;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::resolve::{resolve, resolve_among};

/// Most actions on a page.
const PAGE_MAX: u64 = 500;

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

/// `writ uses --json`.
#[derive(Serialize)]
struct Document<'a> {
    #[serde(flatten)]
    uses: &'a Uses,
    /// Whether `as_of` is proved under a pinned key. What a server lists never is.
    trust: TrustDocument,
    /// What speaks against the server.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Failure>,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let (trust, exit) = context.trust_or_said();
    if let Some(folder) = &args.mirror {
        let judged = of_mirror(context, folder, trust.as_ref(), AgeLimit::default(), exit)?;
        let ToJudge { evidence, exit, .. } = judged;
        let subject = resolve_among(&evidence, &args.id)?;
        let answer = from_mirror(args, &subject, &evidence)?;
        let pinned = evidence.pinning().log_key;
        return said(context, &answer, pinned, "every entry was read from the mirror", None, exit);
    }
    let client = context.client()?;
    let subject = resolve(&client, &args.id)?.id;
    let query = Query::default()
        .with("id", subject.to_hex())
        .with("limit", args.limit.to_string())
        .with_some("cursor", args.page.as_ref());
    let answer: Uses = client.answer("/v1/uses", &query)?;
    if answer.of.id != subject {
        return Err(Failure::new("wrong-subject", "the server's answer is about another statement")
            .values(subject, answer.of.id)
            .exit(Exit::Tampered));
    }
    let questions::kept::AsOf { origin, size, root, time } = answer.as_of.clone();
    let as_of = AsOf { origin, size, root, time: time.0 };
    let (pinned, error, exit) = match hold(context, &client, trust.as_ref(), &as_of) {
        Ok((pinned, believed)) => (pinned, None, exit.worse(believed)),
        Err(failure) => (false, Some(failure.clone()), exit.worse(failure.exit)),
    };
    said(context, &answer, pinned, "which actions are listed is the server's word", error, exit)
}

fn from_mirror(args: &Args, subject: &StatementId, evidence: &Evidence) -> Result<Uses, Failure> {
    let size = evidence.head().size;
    let begun = match &args.page {
        None => (size, Index(0)),
        Some(text) => read_cursor(text, subject).ok_or_else(|| {
            Failure::usage("page-form", "--page is not the `next` of an earlier page of this question")
                .next("the same without --page")
        })?,
    };
    if begun.0 != size {
        let what = format!("that page is of a log of {} entries, and the mirror holds {size}", begun.0);
        return Err(Failure::usage("page-form", what).next("the same without --page"));
    }
    let counted =
        evidence.get(subject).map(default_profile).and_then(|profile| counted(subject, evidence, &profile));
    let limit = usize::try_from(args.limit).unwrap_or(usize::MAX);
    uses(subject, Page { from: begun.1, limit }, counted, &Whole(evidence)).map_err(|e| {
        let exit = if matches!(e, UsesError::NotFound(_)) { Exit::NotFound } else { Exit::Usage };
        Failure::new(e.code(), e.to_string()).exit(exit).next(format!("writ show {subject}"))
    })
}

fn said(
    context: &Context,
    answer: &Uses,
    pinned: bool,
    word: &str,
    error: Option<Failure>,
    exit: Exit,
) -> Result<Exit, Failure> {
    if context.output.json {
        context.output.document(&Document {
            uses: answer,
            trust: TrustDocument { pinned },
            error: error.clone(),
        })?;
    } else {
        let held = if pinned { "the state is proved under a pinned key" } else { "NOT PINNED" };
        context.output.text(&format!("{answer}Trust    {held}; {word}\n"))?;
    }
    if let Some(failure) = &error {
        context.output.failure_text(failure);
    }
    Ok(exit)
}
