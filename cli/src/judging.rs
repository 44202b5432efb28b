//! How evidence is judged, and what the verdict means for the end.

use schemas::ids::StatementId;
use verifier::evidence::{Evidence, Record};
use verifier::gather::Wants;
use verifier::judge::{default_profile, judge};
use verifier::profile::Profile;
use verifier::verdict::{Outcome, Verdict};

use crate::bundled::Bundled;
use crate::checks::{self, AgeLimit, Check, Freshness};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::profiles;
use crate::recompute;
use crate::render;
use crate::render::who::{Checked, Source};
use crate::source::LogSource;

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

/// Checked evidence, what was checked of it, and what that means for the end.
pub(crate) struct ToJudge {
    pub(crate) evidence: Evidence,
    pub(crate) checks: Vec<Check>,
    pub(crate) exit: Exit,
}

impl ToJudge {
    /// The statement in it, be it a redacted one.
    pub(crate) fn record(&self, id: &StatementId) -> Result<&Record, Failure> {
        self.evidence.get(id).ok_or_else(|| {
            Failure::new("not-found", format!("{id} is not in the evidence")).exit(Exit::NotFound)
        })
    }

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
        let profile = self.profile_for(judged.record(subject)?)?;
        let ToJudge { evidence, checks, exit } = judged;
        let verdict = judge(subject, &evidence, &profile)
            .map_err(|error| not_judged(subject, error.code(), error.to_string()))?;
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

/// Why a statement that was found cannot be judged, or asked this question.
pub(crate) fn not_judged(subject: &StatementId, code: &'static str, what: String) -> Failure {
    let exit = if code == "not-found" { Exit::NotFound } else { Exit::Usage };
    Failure::new(code, what).exit(exit).next(format!("writ show {subject}"))
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
