use gateway::client::Query;
use questions::diff::{Compared, Diff, diff, named_by};
use questions::kept::Whole;
use questions::revisions::{Policy, Revisions, revisions};
use schemas::ids::StatementId;
use schemas::text::{Line, Name, Tenant};
use serde::Serialize;
use verifier::profile::Profile;

use super::question::{Answered, PAGE_MAX, ask};
use crate::checks::{self, AgeLimit, Check};
use crate::context::Context;
use crate::evidence::{EveryEntry, fetch, of_mirror};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::judging::{Judging, ToJudge, not_judged};

/// What differs between what was approved and what was done, between two actions, between two scopes?
///
/// Compares an approval or a decision with an action, an action alone with its own approval or decision, two actions or decisions
/// with the hops behind them, or two delegations: what the second adds, drops and narrows. With --policy, two revisions of a policy:
/// which requests they ruled otherwise. The evidence is fetched and judged
/// here. Ends with 0 whether they differ or not, 13 nothing pinned, 10 tampered.
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  writ diff --policy opa:authz/refund 41 42                 what revision 42 rules otherwise than 41
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
    /// Compare what two revisions of this policy ruled: A and B are revisions
    #[arg(long, value_name = "ENGINE:ID", requires = "second", conflicts_with_all = ["profile", "recompute"])]
    policy: Option<String>,
    /// Tenant of the policy
    #[arg(long, value_name = "NAME", default_value_t = Tenant::default_label(), requires = "policy")]
    tenant: Tenant,
    /// How many changes at most, with --policy
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u64).range(1..=PAGE_MAX), requires = "policy")]
    limit: u64,
    #[command(flatten)]
    judging: Judging,
    #[command(flatten)]
    every: EveryEntry,
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
        let (id, judged) = fetch(context, id, &args.judging, &args.every)?;
        let profile = args.judging.profile_for(judged.record(&id)?)?;
        Ok(Self { id, judged, profile })
    }

    fn compared(&self) -> Compared<'_> {
        Compared { id: self.id, evidence: &self.judged.evidence, profile: &self.profile }
    }
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    if let (Some(policy), Some(second)) = (&args.policy, &args.second) {
        return of_policy(args, policy, second, context);
    }
    let first = Fetched::of(context, args, &args.first)?;
    let second = args.second.as_ref().map(|id| Fetched::of(context, args, id)).transpose()?;
    let answer = match &second {
        Some(second) => diff(&first.compared(), &second.compared()),
        None => named_by(&first.compared())
            .and_then(|named| diff(&Compared { id: named, ..first.compared() }, &first.compared())),
    };
    let answer = answer.map_err(|error| not_judged(&first.id, error.code(), error.to_string()))?;
    let last = second.as_ref().unwrap_or(&first);
    let trusted = if answer.trust.pinned { Exit::Ok } else { Exit::Untrusted };
    let exit = first.judged.exit.worse(last.judged.exit).worse(trusted);
    let checks = &last.judged.checks;
    if context.output.json {
        context.output.document(&Document { diff: &answer, checks, exit: exit.code() })?;
        return Ok(exit);
    }
    context.output.text(&format!("{answer}{}", checks::broken_lines(checks)))?;
    Ok(exit)
}

/// Two revisions of a policy.
fn of_policy(args: &Args, policy: &str, second: &str, context: &Context) -> Result<Exit, Failure> {
    let Some(folder) = &args.every.mirror else {
        let query = Query::default()
            .with("policy", policy)
            .with("a", &args.first)
            .with("b", second)
            .with("tenant", args.tenant.as_str())
            .with("limit", args.limit.to_string());
        return ask(context, "/v1/revisions", &query, |answer: &Revisions| &answer.as_of)?.say(context);
    };
    let form = || {
        Failure::usage("policy-form", format!("`{policy}` names no engine and policy"))
            .next("--policy opa:authz/refund")
    };
    let (engine, id) = policy.split_once(':').ok_or_else(form)?;
    let line = |text: &str| Line::new(text).map_err(|_| form());
    let policy =
        Policy { tenant: args.tenant.clone(), engine: Name::new(engine).map_err(|_| form())?, id: line(id)? };
    let (first, second) = (line(&args.first)?, line(second)?);
    let (trust, exit) = context.trust_or_said();
    let ToJudge { evidence, exit, .. } =
        of_mirror(context, folder, trust.as_ref(), AgeLimit::default(), exit)?;
    let limit = usize::try_from(args.limit).unwrap_or(usize::MAX);
    let answer = match revisions(&policy, (&first, &second), limit, &Whole(&evidence)) {
        Ok(answer) => answer,
        Err(never) => match never {},
    };
    let answer = answer.ok_or_else(|| {
        let what =
            format!("no statement tells of revision {first} or {second} of {}:{}", policy.engine, policy.id);
        Failure::new("not-found", what).exit(Exit::NotFound).next("writ search 'kind:policy'")
    })?;
    Answered::from_mirror(answer, evidence.pinning().log_key, exit).say(context)
}
