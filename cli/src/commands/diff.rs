use std::path::PathBuf;

use questions::diff::{Compared, Diff, DiffError, diff, named_by};
use schemas::ids::StatementId;
use serde::Serialize;
use verifier::profile::Profile;

use super::who::{Asked, Judging, ToJudge, fetch};
use crate::checks::{self, Check, CheckStatus};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;

/// What differs between what was approved and what was done, between two actions, between two scopes?
///
/// Compares an approval or a decision with an action, an action alone with its own approval or decision, two actions or decisions
/// with the hops behind them, or two delegations: what the second adds, drops and narrows. The evidence is fetched and judged
/// here. Ends with 0 whether they differ or not, 13 nothing pinned, 10 tampered.
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  writ diff be7f89b5-d456-4423-b3e6-0fb0b19bad7c
  writ diff approval:ap-17 3fa94c0d11
  writ diff '#7' '#8' --json")]
pub(crate) struct Args {
    /// Approval, decision, action or delegation: statement id, foreign id, the first 8 digits or more, or #N
    #[arg(value_name = "A")]
    first: String,
    /// What is compared with it; without it A is an action, compared with its own approval or decision
    #[arg(value_name = "B")]
    second: Option<String>,
    #[command(flatten)]
    judging: Judging,
    /// Read every entry of the log, so that nobody's word is needed for what is not there
    #[arg(long)]
    recompute: bool,
    /// Read every entry from a mirror of the log (`writ mirror`), not from its server
    #[arg(long, value_name = "DIR")]
    mirror: Option<PathBuf>,
}

/// `writ diff --json`: the answer, what was checked before it was reached, and how the program ends.
#[derive(Serialize)]
struct Document<'a> {
    #[serde(flatten)]
    diff: &'a Diff,
    checks: &'a [Check],
    exit: u8,
}

/// One of the two.
struct Fetched {
    id: StatementId,
    judged: ToJudge,
    profile: Profile,
}

impl Fetched {
    fn of(context: &Context, args: &Args, id: &str) -> Result<Self, Failure> {
        let Args { judging, recompute, mirror, .. } = args;
        let asked = Asked { id, judging, recompute: *recompute, mirror: mirror.as_deref() };
        let (id, judged) = fetch(context, asked)?;
        let record = judged.evidence.get(&id).ok_or_else(|| {
            Failure::new("not-found", format!("{id} is not in the evidence")).exit(Exit::NotFound)
        })?;
        let profile = judging.profile_for(record)?;
        Ok(Self { id, judged, profile })
    }

    fn compared(&self) -> Compared<'_> {
        Compared { id: self.id, evidence: &self.judged.evidence, profile: &self.profile }
    }
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let first = Fetched::of(context, args, &args.first)?;
    let second = args.second.as_ref().map(|id| Fetched::of(context, args, id)).transpose()?;
    let answer = match &second {
        Some(second) => diff(&first.compared(), &second.compared()),
        None => named_by(&first.compared())
            .and_then(|named| diff(&Compared { id: named, ..first.compared() }, &first.compared())),
    };
    let answer = answer.map_err(|e| {
        let exit = if matches!(e, DiffError::NotFound(_)) { Exit::NotFound } else { Exit::Usage };
        Failure::new(e.code(), e.to_string()).exit(exit).next(format!("writ show {}", first.id))
    })?;
    let last = second.as_ref().unwrap_or(&first);
    let trusted = if answer.trust.pinned { Exit::Ok } else { Exit::Untrusted };
    let exit = first.judged.exit.worse(last.judged.exit).worse(trusted);
    let checks = &last.judged.checks;
    if context.output.json {
        context.output.document(&Document { diff: &answer, checks, exit: exit.code() })?;
        return Ok(exit);
    }
    let broken: Vec<Check> =
        checks.iter().filter(|check| check.status == CheckStatus::Broken).cloned().collect();
    context.output.text(&format!("{answer}{}", checks::lines(&broken)))?;
    Ok(exit)
}
