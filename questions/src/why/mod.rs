//! Why was this allowed or refused, at that time: the ruling, its policy, what it was ruled by and how old that was.

mod text;

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use schemas::ids::StatementId;
use schemas::kinds::{ActionName, Decision, Digest, PolicyRef, Ruling};
use schemas::payload::{Body, Kind, Payload};
use schemas::reference::Reference;
use schemas::time::{Index, Millis, Time};
use serde::Serialize;
use thiserror::Error;
use verifier::evidence::{Evidence, Record};
use verifier::judge::{JudgeError, judge};
use verifier::profile::Profile;
use verifier::verdict::{AsOf, Finding, Subject, Verdict, VerdictProfile, VerdictReliance, VerdictTrust};

/// Name of the JSON form.
pub const WHY_SCHEMA: &str = "writ.why/1";

/// Most findings that an answer lists.
pub const FINDINGS_MAX: usize = 256;

/// The rules on decisions: what they find is why a ruling carries an action or does not.
pub const DECISION_RULES: &[&str] = &[
    "decision-missing",
    "decision-deny",
    "login-only",
    "decision-stale",
    "decision-mismatch",
    "decision-reused",
    "denied-but-executed",
    "policy-unknown",
    "policy-superseded",
    "not-enforced",
    "failed-open",
    "context-incomplete",
    "context-stale",
    "obligation-unmet",
    "self-decided",
    "changed-since-decision",
    "step-up-missing",
    "decision-too-coarse",
    "decisions-conflict",
    "role-only",
];

/// Why something was allowed or refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Why {
    /// [`WHY_SCHEMA`].
    pub schema: &'static str,
    /// What was asked about.
    pub subject: Subject,
    /// What was to be done.
    pub request: Requested,
    /// The ruling; absent where the subject names none, or none is found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decision: Option<Decided>,
    /// The name of the decision that the subject relies on, as written; absent where it names none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub named: Option<String>,
    /// How many findings are listed.
    pub count: usize,
    /// Whether there are more than [`FINDINGS_MAX`].
    pub truncated: bool,
    /// What the judge's rules on decisions find, and what any rule finds about the decision; worst first.
    pub findings: Vec<Finding>,
    /// Under which parameters.
    pub profile: VerdictProfile,
    /// On whose keys it stands.
    pub trust: VerdictTrust,
    /// Under which head.
    pub as_of: AsOf,
    /// Whether every reference resolved and everything asked for was there.
    pub complete: bool,
    /// On what "nothing else exists" rests: `recomputed`, `proved` or `asserted`.
    pub absence: &'static str,
}

/// What was to be done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Requested {
    /// By whom.
    pub actor: String,
    /// Name and class of the action.
    pub action: ActionName,
    /// On what.
    pub resources: Vec<String>,
    /// When it was attempted, as its signer says; absent where only the decision is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attempted_at: Option<Time>,
}

/// A ruling, and what it was ruled by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Decided {
    /// The decision's id.
    pub id: StatementId,
    /// Where it stands.
    pub index: Index,
    /// When the log placed it.
    pub time: Time,
    /// How well it is vouched for: `signed`, `vouched`, `imported`; `none` where it counts for nothing.
    pub assurance: &'static str,
    /// The ruling.
    pub ruling: Ruling,
    /// Who ruled.
    pub decider: String,
    /// When it was asked, and when it was ruled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requested_at: Option<Time>,
    /// When it was ruled.
    pub evaluated_at: Time,
    /// How old the ruling was when it was used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub age: Option<Millis>,
    /// Until when the ruling may be used, by itself and by the profile.
    pub usable_until: Time,
    /// Until when, as the decision says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<Time>,
    /// How many actions it may carry.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub use_limit: Option<u64>,
    /// Why, in a word.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// By which policy: engine, policy, revision, rules.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy: Option<PolicyRef>,
    /// Digest of the context.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub context: Option<Digest>,
    /// Which inputs were there, by name.
    pub inputs: Vec<Input>,
    /// When revocations were last looked up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revocations: Option<Observed>,
    /// How old a cached ruling was; absent where it was ruled anew, or nothing is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cached_age: Option<Millis>,
    /// The risk that was assumed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub risk: Option<String>,
    /// What must be done along with the action.
    pub obligations: Vec<String>,
    /// How fine the ruling is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub granularity: Option<String>,
    /// What it rests on: `role`, `scope`, `task`, `policy`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub basis: Option<String>,
    /// The enforcement point.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pep: Option<String>,
    /// What the enforcement point did when nobody could decide.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fail_mode: Option<String>,
    /// What the ruling relied on: `delegation`, `credential`, `approval`, `retry_of`.
    pub relied_on: Vec<Relied>,
}

/// One input of a ruling.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Input {
    /// Its name.
    pub name: String,
    /// When it was observed, and how old it was.
    #[serde(flatten)]
    pub observed: Observed,
}

/// Something that was looked at before a ruling.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Observed {
    /// When.
    pub at: Time,
    /// How long before the ruling; zero where it is dated after it.
    pub age: Millis,
}

/// What a ruling relied on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Relied {
    /// As what.
    pub kind: &'static str,
    /// Its name, as written.
    pub name: String,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum WhyError {
    /// The subject cannot be judged.
    #[error(transparent)]
    Judge(#[from] JudgeError),
    /// Nobody rules on statements of this kind, or this program cannot read it.
    #[error("a statement of kind {kind} is neither ruled on nor a ruling; ask about an action or a decision")]
    NotRuled {
        /// The kind, or `unknown`.
        kind: &'static str,
    },
}

impl WhyError {
    /// Stable name of this refusal.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Judge(error) => error.code(),
            Self::NotRuled { .. } => "not-ruled",
        }
    }
}

/// Why an action was allowed or refused, or a decision ruled as it was.
pub fn why(subject: &StatementId, evidence: &Evidence, profile: &Profile) -> Result<Why, WhyError> {
    let record = evidence.get(subject).ok_or(JudgeError::NotFound { subject: *subject })?;
    let request = requested(record.payload.as_ref())?;
    let verdict = judge(subject, evidence, profile)?;
    let named = verdict.relies_on.iter().find(|relied| relied.kind == "decision");
    let decision = match ruled(record) {
        Some(_) => Some(record),
        None => named.and_then(|relied| evidence.get(relied.id.as_ref()?)),
    };
    let decision = decision.and_then(|record| Some((record, ruled(record)?)));
    let (findings, truncated) = findings(&verdict, decision.map(|(record, _)| record));
    Ok(Why {
        schema: WHY_SCHEMA,
        named: named.map(|relied: &VerdictReliance| relied.name.clone()),
        decision: decision.map(|(record, ruled)| decided(record, ruled, request.attempted_at, profile)),
        request,
        count: findings.len(),
        truncated,
        findings,
        subject: verdict.subject,
        profile: verdict.profile,
        trust: verdict.trust,
        as_of: verdict.as_of,
        complete: verdict.complete,
        absence: verdict.absence,
    })
}

fn requested(payload: Option<&Payload>) -> Result<Requested, WhyError> {
    let resources = |lines: &[schemas::text::Line]| lines.iter().map(ToString::to_string).collect();
    match payload.map(|payload| &payload.body) {
        Some(Body::Action(action)) => Ok(Requested {
            actor: action.actor.to_string(),
            action: action.action.clone(),
            resources: resources(&action.resources),
            attempted_at: Some(action.attempted_at),
        }),
        Some(Body::Decision(decision)) => Ok(Requested {
            actor: decision.actor.to_string(),
            action: decision.action.clone(),
            resources: resources(&decision.resources),
            attempted_at: None,
        }),
        _ => {
            Err(WhyError::NotRuled { kind: payload.map_or("unknown", |payload| Kind::as_str(payload.kind)) })
        }
    }
}

fn ruled(record: &Record) -> Option<&Decision> {
    match &record.payload.as_ref()?.body {
        Body::Decision(decision) => Some(decision),
        _ => None,
    }
}

/// What the judge found that is about the ruling, and whether there is more of it than is listed.
fn findings(verdict: &Verdict, decision: Option<&Record>) -> (Vec<Finding>, bool) {
    let id = decision.map(Record::id);
    let is_about = |finding: &&Finding| {
        DECISION_RULES.contains(&finding.code) || (id.is_some() && finding.statement == id)
    };
    let mut about = verdict.findings.iter().filter(is_about).cloned();
    let listed = about.by_ref().take(FINDINGS_MAX).collect();
    (listed, about.next().is_some())
}

fn decided(record: &Record, decision: &Decision, used_at: Option<Time>, profile: &Profile) -> Decided {
    let at = decision.evaluated_at;
    let observed = |seen: Time| Observed { at: seen, age: at.since(seen) };
    let decider = decision.decider.as_ref().unwrap_or(&record.envelope.iss);
    let inputs = decision.inputs.iter();
    Decided {
        id: record.id(),
        index: record.index,
        time: record.time,
        assurance: record.standing.as_ref().map_or("none", |assurance| assurance.as_str()),
        ruling: decision.ruling,
        decider: decider.to_string(),
        requested_at: decision.requested_at,
        evaluated_at: at,
        age: used_at.map(|used| used.since(at)),
        usable_until: profile.usable_until(decision),
        valid_until: decision.valid_until,
        use_limit: decision.use_limit,
        reason: decision.reason.as_ref().map(ToString::to_string),
        policy: decision.policy.clone(),
        context: decision.context.clone(),
        inputs: inputs
            .map(|(name, seen)| Input { name: name.to_string(), observed: observed(*seen) })
            .collect(),
        revocations: decision.revocations_at.map(observed),
        cached_age: decision.cached_age,
        risk: decision.risk.as_ref().map(ToString::to_string),
        obligations: decision.obligations.iter().map(ToString::to_string).collect(),
        granularity: decision.granularity.as_ref().map(ToString::to_string),
        basis: decision.basis.as_ref().map(ToString::to_string),
        pep: decision.pep.as_ref().map(ToString::to_string),
        fail_mode: decision.fail_mode.as_ref().map(ToString::to_string),
        relied_on: relied_on(decision),
    }
}

fn relied_on(decision: &Decision) -> Vec<Relied> {
    let name = |reference: &Option<Reference>| reference.as_ref().map(ToString::to_string);
    let named = [
        ("delegation", name(&decision.delegation)),
        ("credential", decision.credential.as_ref().map(ToString::to_string)),
        ("approval", name(&decision.approval)),
        ("retry_of", name(&decision.retry_of)),
    ];
    named.into_iter().filter_map(|(kind, name)| Some(Relied { kind, name: name? })).collect()
}

#[cfg(test)]
mod tests {
    use verifier::rules::RULES;

    use super::*;

    #[test]
    fn every_rule_that_is_said_to_be_about_decisions_is_one_of_the_judges() {
        let unknown: Vec<_> =
            DECISION_RULES.iter().filter(|slug| !RULES.iter().any(|rule| rule.slug == **slug)).collect();
        assert!(unknown.is_empty(), "{unknown:?}");
    }
}
