use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use schemas::bundle::Bundle;
use schemas::ids::StatementId;
use schemas::note::Note;
use verifier::bundle::{BundleRefusal, CheckedBundle, check, check_unpinned};
use verifier::evidence::Evidence;
use verifier::judge::{default_profile, judge};
use verifier::profile::{PROFILES, Profile};
use verifier::verdict::{Outcome, Verdict};

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::mirror::Mirror;
use crate::recompute::{self, Checkpoint};
use crate::render;
use crate::render::who::{Shown, Source};
use crate::resolve::{carries, is_elsewhere, resolve, resolve_among};
use crate::source::LogSource;
use crate::trust::Trust;

/// Who authorized this action?
///
/// Fetches the evidence and judges it here: the chain from the original principal to the action, hop by hop. The server's
/// word decides nothing. Ends with 0 authorized, 11 not authorized, 12 evidence missing, 13 nothing pinned, 10 tampered.
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  writ who be7f89b5-d456-4423-b3e6-0fb0b19bad7c
  writ who 3fa94c0d11 --profile strict --recompute --json")]
pub(crate) struct Args {
    /// Statement id, foreign id (request, event, decision, access key …), or the first 8 digits or more
    #[arg(value_name = "ID")]
    id: String,
    #[command(flatten)]
    pub(crate) judging: Judging,
    /// Read every entry of the log, so that nobody's word is needed for what is not there
    #[arg(long)]
    recompute: bool,
    /// Read every entry from a mirror of the log (`writ mirror`), not from its server; ID is then a statement id, its first
    /// 8 digits or more, or #N
    #[arg(long, value_name = "DIR")]
    mirror: Option<PathBuf>,
}

/// How to judge.
#[derive(clap::Args, Debug)]
pub(crate) struct Judging {
    /// Rule parameters [default: standard; imported where the subject was imported]
    #[arg(long, value_name = "NAME", value_parser = PossibleValuesParser::new(PROFILES.map(|profile| profile.name)))]
    profile: Option<String>,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let (trust, exit) = context.trust_or_said();
    if let Some(folder) = &args.mirror {
        let (evidence, believed) = whole_log(context, &Mirror::new(folder).latest()?, trust.as_ref())?;
        let subject = resolve_among(&evidence, &args.id)?;
        return args.judging.answer(
            context,
            &subject,
            &evidence,
            Source::Mirror(folder),
            exit.worse(believed),
        );
    }
    let client = context.client()?;
    let candidate = resolve(&client, &args.id)?;
    if args.recompute {
        let (evidence, believed) = whole_log(context, &client, trust.as_ref())?;
        check_subject(&evidence, &candidate.id, &args.id)?;
        let exit = exit.worse(believed);
        return args.judging.answer(context, &candidate.id, &evidence, Source::Server, exit);
    }
    let bytes = client.bundle(&candidate.id)?;
    let (checked, pinned, exit) = check_bundle(context, &bytes, trust.as_ref(), exit)?;
    if checked.subject != candidate.id {
        return Err(Failure::new("wrong-subject", "the server's bundle is about another statement")
            .values(candidate.id, checked.subject)
            .exit(Exit::Tampered));
    }
    check_subject(&checked.evidence, &candidate.id, &args.id)?;
    if let Some(trust) = trust.as_ref().filter(|_| pinned) {
        let note =
            Bundle::decode(&bytes).ok().and_then(|bundle| Note::parse(bundle.checkpoint.as_bytes()).ok());
        if let Some(note) = note {
            context.heads()?.advance(trust, &client, &note, &checked.head)?;
        }
    }
    args.judging.answer(context, &candidate.id, &checked.evidence, Source::Server, exit)
}

/// Evidence of every entry of a log, and how far its checkpoint is believed.
fn whole_log(
    context: &Context,
    log: &dyn LogSource,
    trust: Option<&Trust>,
) -> Result<(Evidence, Exit), Failure> {
    let Checkpoint { note, head, trust, exit } = recompute::checkpoint(context, log, trust)?;
    if let Some(trust) = trust {
        context.heads()?.advance(trust, log, &note, &head)?;
    }
    Ok((recompute::evidence(log, &head, trust)?, exit))
}

/// Checks a bundle under what is pinned; where that is another log or key, says so and checks the bundle in itself.
///
/// Also whether the trust file was the right one.
pub(crate) fn check_bundle(
    context: &Context,
    bytes: &[u8],
    trust: Option<&Trust>,
    exit: Exit,
) -> Result<(CheckedBundle, bool, Exit), Failure> {
    let tampered = |e: &BundleRefusal| {
        Failure::new(e.code(), format!("the evidence does not hold: {e}")).exit(Exit::Tampered).next(
            "ask the holder of the log for a fresh bundle: this copy was changed, cut short, or is no bundle",
        )
    };
    let unpinned = || check_unpinned(bytes).map_err(|e| tampered(&e));
    let Some(trust) = trust else { return Ok((unpinned()?, false, exit)) };
    match check(bytes, trust.policy()) {
        Ok(checked) => Ok((checked, true, exit)),
        Err(refusal) if refusal.is_about_trust() => {
            let checked = unpinned()?;
            context.output.failure_text(&wrong_trust(trust, bytes, &refusal));
            Ok((checked, false, exit.worse(Exit::Untrusted)))
        }
        Err(refusal) => Err(tampered(&refusal)),
    }
}

fn wrong_trust(trust: &Trust, bytes: &[u8], refusal: &BundleRefusal) -> Failure {
    let note = Bundle::decode(bytes).ok().and_then(|bundle| Note::parse(bundle.checkpoint.as_bytes()).ok());
    match (refusal, note) {
        (BundleRefusal::Checkpoint(error), Some(note)) => trust.refuse_head(&note, error),
        _ => Failure::new(refusal.code(), format!("{}: {refusal}", trust.path().display()))
            .exit(Exit::Untrusted)
            .next("the trust file of this log"),
    }
}

/// The evidence must be about a statement that carries what was asked for, whatever the server says.
fn check_subject(evidence: &Evidence, subject: &StatementId, id: &str) -> Result<(), Failure> {
    let record = evidence.get(subject);
    let statement = record.and_then(verifier::evidence::Record::statement);
    let is_here = record.is_none_or(|record| !is_elsewhere(id, record.index.0));
    let is_named =
        subject.to_hex().starts_with(id) || statement.is_none_or(|statement| carries(&statement, id));
    if is_here && is_named {
        return Ok(());
    }
    let what = format!("the evidence is about {subject}, which does not carry `{id}`");
    Err(Failure::new("wrong-candidate", what).exit(Exit::Tampered))
}

impl Judging {
    /// Judges, and says what came of it.
    pub(crate) fn answer(
        &self,
        context: &Context,
        subject: &StatementId,
        evidence: &Evidence,
        source: Source<'_>,
        exit: Exit,
    ) -> Result<Exit, Failure> {
        let record = evidence.get(subject).ok_or_else(|| {
            Failure::new("not-found", format!("{subject} is not in the evidence")).exit(Exit::NotFound)
        })?;
        let profile: &Profile = match &self.profile {
            Some(name) => {
                Profile::named(name).ok_or_else(|| Failure::usage("unknown-profile", name.clone()))?
            }
            None => default_profile(record),
        };
        let verdict = judge(subject, evidence, profile).map_err(|e| {
            let exit = if e.code() == "not-found" { Exit::NotFound } else { Exit::Usage };
            Failure::new(e.code(), e.to_string()).exit(exit).next(format!("writ show {subject}"))
        })?;
        let exit = exit.worse(exit_of(&verdict));
        if context.output.json {
            context.output.document(&verdict)?;
        } else {
            let shown = Shown { verdict: &verdict, record: &|id| evidence.get(id), source, exit };
            context.output.text(&render::who::text(shown))?;
        }
        Ok(exit)
    }
}

fn exit_of(verdict: &Verdict) -> Exit {
    let judged = match verdict.outcome {
        Outcome::Authorized if verdict.complete => Exit::Ok,
        Outcome::Authorized | Outcome::Indeterminate => Exit::Indeterminate,
        Outcome::NotAuthorized => Exit::NotAuthorized,
    };
    if verdict.trust.pinned { judged } else { judged.worse(Exit::Untrusted) }
}

#[cfg(test)]
mod tests {
    use schemas::ids::StatementId;
    use schemas::payload::Kind;
    use schemas::time::{Index, Time};
    use schemas::tree::TreeHash;
    use verifier::verdict::{AsOf, Subject, SubjectKind, VerdictMoment, VerdictProfile, VerdictTrust};

    use super::*;

    fn verdict(outcome: Outcome, complete: bool, pinned: bool) -> Verdict {
        Verdict {
            schema: verifier::verdict::VERDICT_SCHEMA,
            subject: Subject {
                id: StatementId::new([6; 32]),
                kind: SubjectKind(Some(Kind::Action)),
                index: Index(7),
            },
            outcome,
            principal: String::new(),
            decision: "permit".into(),
            moment: VerdictMoment { at: Time(11), established: "claimed" },
            hops: Vec::new(),
            relies_on: Vec::new(),
            findings: Vec::new(),
            profile: VerdictProfile { name: "standard", version: 1 },
            trust: VerdictTrust { pinned, key: String::new(), registrars: "pinned", dev: false },
            as_of: AsOf { origin: "o".into(), size: 9, root: TreeHash::new([1; 32]), time: None },
            complete,
            absence: "asserted",
        }
    }

    #[test]
    fn only_an_authorized_complete_and_pinned_verdict_ends_well() {
        let exit = |outcome, complete, pinned| exit_of(&verdict(outcome, complete, pinned)).code();
        assert_eq!(exit(Outcome::Authorized, true, true), 0);
        assert_eq!(exit(Outcome::Authorized, false, true), 12);
        assert_eq!(exit(Outcome::Indeterminate, true, true), 12);
        assert_eq!(exit(Outcome::NotAuthorized, true, true), 11);
        assert_eq!(exit(Outcome::NotAuthorized, false, true), 11);
        for outcome in [Outcome::Authorized, Outcome::Indeterminate, Outcome::NotAuthorized] {
            assert_eq!(exit(outcome, true, false), 13, "{outcome:?}");
        }
    }
}
