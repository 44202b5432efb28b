use std::path::{Path, PathBuf};

use gateway::client::Client;
use schemas::ids::StatementId;
use verifier::evidence::{Evidence, Record};
use verifier::gather::Wants;
use verifier::judge::{default_profile, judge};
use verifier::profile::Profile;
use verifier::verdict::{Outcome, Verdict};

use crate::bundled::{Bundled, check_bundle};
use crate::checks::{self, AgeLimit, Check, Freshness, skipped};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::mirror::Mirror;
use crate::profiles;
use crate::recompute::{self, Checkpoint};
use crate::render;
use crate::render::who::{Checked, Source};
use crate::resolve::{carries, is_elsewhere, resolve, resolve_among};
use crate::source::LogSource;
use crate::tiles::TileLog;
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
    /// Statement id, foreign id (request, event, decision, access key …), the first 8 digits or more, or #N
    #[arg(value_name = "ID")]
    id: String,
    #[command(flatten)]
    pub(crate) judging: Judging,
    /// Read every entry of the log, so that nobody's word is needed for what is not there
    #[arg(long)]
    recompute: bool,
    /// Read every entry from a mirror of the log (`writ mirror`), not from its server
    #[arg(long, value_name = "DIR")]
    mirror: Option<PathBuf>,
}

/// How to judge.
#[derive(clap::Args, Debug)]
pub(crate) struct Judging {
    /// Rule parameters: standard, strict, imported, or a file of your own (`writ profile`) [default: standard; imported where
    /// the subject was imported]
    #[arg(long, value_name = "PROFILE")]
    profile: Option<String>,
    #[command(flatten)]
    freshness: Freshness,
}

/// What is asked, and where every entry is read from if the server's word is not enough.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked<'a> {
    pub(crate) id: &'a str,
    pub(crate) judging: &'a Judging,
    pub(crate) recompute: bool,
    pub(crate) mirror: Option<&'a Path>,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let Args { id, judging, recompute, mirror } = args;
    let asked = Asked { id, judging, recompute: *recompute, mirror: mirror.as_deref() };
    let (subject, judged) = fetch(context, asked)?;
    let mirror = mirror.as_deref().map(|folder| folder.display().to_string());
    let source = mirror.as_deref().map_or(Source::Server, Source::Mirror);
    judging.answer(context, &subject, judged, source)
}

/// Fetches the evidence about what was asked, and checks it.
pub(crate) fn fetch(context: &Context, asked: Asked<'_>) -> Result<(StatementId, ToJudge), Failure> {
    let limit = asked.judging.limit()?;
    let (trust, exit) = context.trust_or_said();
    if let Some(folder) = asked.mirror {
        let judged = of_mirror(context, folder, trust.as_ref(), limit, exit)?;
        return Ok((resolve_among(&judged.evidence, asked.id)?, judged));
    }
    let client = context.client()?;
    let candidate = resolve(&client, asked.id)?;
    if asked.recompute {
        let judged = of_tiles(context, &client, trust.as_ref(), limit, exit)?;
        check_subject(&judged.evidence, &candidate.id, asked.id)?;
        return Ok((candidate.id, judged));
    }
    let evidence =
        of_server(context, &client, trust.as_ref(), (limit, asked.judging.wants()?.task), &candidate.id)?;
    check_subject(&evidence.evidence, &candidate.id, asked.id)?;
    Ok((candidate.id, ToJudge { exit: exit.worse(evidence.exit), ..evidence }))
}

/// The evidence about one statement, from a bundle that the server makes.
pub(crate) fn of_server(
    context: &Context,
    client: &Client,
    trust: Option<&Trust>,
    (limit, with_task): (AgeLimit, bool),
    id: &StatementId,
) -> Result<ToJudge, Failure> {
    let bytes = client.bundle(id, with_task)?;
    let bundled = check_bundle(context, &bytes, trust, limit, Exit::Ok)?;
    if bundled.checked.subject != *id {
        return Err(Failure::new("wrong-subject", "the server's bundle is about another statement")
            .values(id, bundled.checked.subject)
            .exit(Exit::Tampered));
    }
    let head = &bundled.checked.head;
    let consistency = match bundled.trust {
        Some(trust) => {
            let since = context.heads()?.advance(trust, client, &bundled.note, head)?;
            checks::consistency(since, head.size())
        }
        None => skipped("consistency", "nothing is pinned"),
    };
    Ok(ToJudge::of(bundled, consistency))
}

/// Evidence of every entry of a mirror.
pub(crate) fn of_mirror(
    context: &Context,
    folder: &Path,
    trust: Option<&Trust>,
    limit: AgeLimit,
    exit: Exit,
) -> Result<ToJudge, Failure> {
    let from = format!("the mirror in {}", folder.display());
    let mirror = Mirror::new(folder);
    whole_log(context, (&mirror.latest()?, &from), trust, limit, exit)
}

/// Evidence of every entry that the server's tiles hold.
pub(crate) fn of_tiles(
    context: &Context,
    client: &Client,
    trust: Option<&Trust>,
    limit: AgeLimit,
    exit: Exit,
) -> Result<ToJudge, Failure> {
    let tiles = (&TileLog::latest(client)? as &dyn LogSource, "the server's tiles");
    whole_log(context, tiles, trust, limit, exit)
}

/// Evidence of every entry of a log, and what was checked of it.
fn whole_log(
    context: &Context,
    (log, from): (&dyn LogSource, &str),
    trust: Option<&Trust>,
    limit: AgeLimit,
    exit: Exit,
) -> Result<ToJudge, Failure> {
    let Checkpoint { note, head, trust: believed, exit: worse } = recompute::checkpoint(context, log, trust)?;
    let consistency = match believed {
        Some(trust) => {
            let since = context.heads()?.advance(trust, log, &note, &head)?;
            checks::consistency(since, head.size())
        }
        None => skipped("consistency", "nothing is pinned"),
    };
    let evidence = recompute::evidence(log, &head, believed)?;
    let (mut checks, signed) = checks::checkpoint(&note, trust, limit);
    checks.push(checks::genesis(trust, Some(evidence.registry().log())));
    checks.push(consistency);
    checks.extend(checks::evidence::of(&evidence, 0, from));
    Ok(ToJudge { evidence, checks, exit: exit.worse(worse).worse(signed) })
}

/// The evidence must be about a statement that carries what was asked for, whatever the server says.
fn check_subject(evidence: &Evidence, subject: &StatementId, id: &str) -> Result<(), Failure> {
    let record = evidence.get(subject);
    let statement = record.and_then(Record::statement);
    let is_here = record.is_none_or(|record| !is_elsewhere(id, record.index.0));
    let is_named =
        subject.to_hex().starts_with(id) || statement.is_none_or(|statement| carries(&statement, id));
    if is_here && is_named {
        return Ok(());
    }
    let what = format!("the evidence is about {subject}, which does not carry `{id}`");
    Err(Failure::new("wrong-candidate", what).exit(Exit::Tampered))
}

/// Checked evidence, what was checked of it, and what that means for the end.
pub(crate) struct ToJudge {
    pub(crate) evidence: Evidence,
    pub(crate) checks: Vec<Check>,
    pub(crate) exit: Exit,
}

impl ToJudge {
    /// The evidence of a bundle, and how its checkpoint stands to what was verified before.
    pub(crate) fn of(bundled: Bundled<'_>, consistency: Check) -> Self {
        let Bundled { checked, mut checks, assertions, exit, .. } = bundled;
        checks.push(consistency);
        checks.extend(checks::evidence::of(&checked.evidence, assertions, ""));
        Self { evidence: checked.evidence, checks, exit }
    }

    /// The same, with every entry under the bundle's checkpoint read from a log or a mirror of it instead of the log's word.
    pub(crate) fn recomputed(
        bundled: Bundled<'_>,
        consistency: Check,
        (log, shown, from): (&dyn LogSource, u64, &str),
    ) -> Result<Self, Failure> {
        let head = &bundled.checked.head;
        recompute::check_reaches(shown, head.size(), from)?;
        let evidence = recompute::evidence(log, head, bundled.trust)?;
        let Bundled { mut checks, exit, .. } = bundled;
        checks.push(consistency);
        checks.extend(checks::evidence::of(&evidence, 0, from));
        Ok(Self { evidence, checks, exit })
    }
}

impl Judging {
    /// How old a checkpoint may be.
    pub(crate) fn limit(&self) -> Result<AgeLimit, Failure> {
        self.freshness.limit()
    }

    /// The profile that was asked for, as it was named.
    pub(crate) fn named(&self) -> Option<&str> {
        self.profile.as_deref()
    }

    /// The profile that was asked for.
    pub(crate) fn profile(&self) -> Result<Option<Profile>, Failure> {
        self.profile.as_deref().map(profiles::find).transpose()
    }

    /// The profile to judge a subject under.
    pub(crate) fn profile_for(&self, record: &Record) -> Result<Profile, Failure> {
        Ok(self.profile()?.unwrap_or_else(|| default_profile(record)))
    }

    /// What that profile asks for beside what every verdict needs.
    pub(crate) fn wants(&self) -> Result<Wants, Failure> {
        Ok(self.profile()?.map(|profile| profile.wants()).unwrap_or_default())
    }

    /// Judges.
    pub(crate) fn judge(&self, subject: &StatementId, judged: ToJudge) -> Result<Judged, Failure> {
        let ToJudge { evidence, checks, exit } = judged;
        let record = evidence.get(subject).ok_or_else(|| {
            Failure::new("not-found", format!("{subject} is not in the evidence")).exit(Exit::NotFound)
        })?;
        let profile = self.profile_for(record)?;
        let verdict = judge(subject, &evidence, &profile).map_err(|e| {
            let exit = if e.code() == "not-found" { Exit::NotFound } else { Exit::Usage };
            Failure::new(e.code(), e.to_string()).exit(exit).next(format!("writ show {subject}"))
        })?;
        let exit = exit.worse(exit_of(&verdict));
        Ok(Judged { evidence, checks, verdict, exit })
    }

    /// Judges, and says what came of it.
    pub(crate) fn answer(
        &self,
        context: &Context,
        subject: &StatementId,
        judged: ToJudge,
        source: Source<'_>,
    ) -> Result<Exit, Failure> {
        let Judged { evidence, checks, verdict, exit } = self.judge(subject, judged)?;
        if context.output.json {
            context.output.document(&render::who::Document {
                verdict: &verdict,
                checks: &checks,
                exit: exit.code(),
            })?;
        } else {
            let record = |id: &StatementId| evidence.get(id);
            let checked = Checked::of(&checks, source);
            context.output.text(&render::who::text(checked.beside(&verdict, &record, source, exit)))?;
        }
        Ok(exit)
    }
}

/// A verdict, what it was reached from, and what all of that means for the end.
pub(crate) struct Judged {
    pub(crate) evidence: Evidence,
    pub(crate) checks: Vec<Check>,
    pub(crate) verdict: Verdict,
    pub(crate) exit: Exit,
}

pub(crate) fn exit_of(verdict: &Verdict) -> Exit {
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
            profile: VerdictProfile { name: "standard".into(), version: 2 },
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
