//! The judge: whether an action was authorized, from evidence alone. The only place where authority is decided.
//!
//! Everything is judged as of the moment of the action. A chain is a graph: an action is authorized if some way from a
//! registered root to its actor holds at every hop, and the decision and the moment hold as well.

mod case;
mod graph;
mod moment;
mod request;
mod resolve;
mod support;

use alloc::collections::BTreeSet;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use schemas::ids::StatementId;
use schemas::payload::{Kind, Vantage};
use schemas::time::Index;
use thiserror::Error;

pub(crate) use case::registrations;
pub use case::{Case, Ruled, Withdrawal};
pub use graph::{Graph, Node};
pub use moment::Moment;
pub use request::{Act, Request};
pub use resolve::{Link, Resolution, Via};
pub use support::{Edge, Path};

use crate::evidence::{Absence, Evidence, Record};
use crate::profile::{IMPORTED, Profile, STANDARD};
use crate::rules::{Check, RULES};
use crate::verdict::{
    AsOf, Effect, Finding, Outcome, Subject, VERDICT_SCHEMA, Verdict, VerdictHop, VerdictMoment,
    VerdictProfile, VerdictTrust,
};
use support::Support;

/// Why a subject cannot be judged at all.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum JudgeError {
    /// The subject is not in the evidence.
    #[error("statement {subject} is not in the evidence")]
    NotFound {
        /// The subject.
        subject: StatementId,
    },
    /// Nobody authorizes statements of this kind.
    #[error(
        "a {kind} statement is not authorized by anybody; judge an action, decision, delegation or credential"
    )]
    NotJudgeable {
        /// Kind of the subject.
        kind: Kind,
    },
}

impl JudgeError {
    /// Stable name of this refusal.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotFound { .. } => "not-found",
            Self::NotJudgeable { .. } => "not-judgeable",
        }
    }
}

/// The profile that a subject is judged under unless the caller names one.
pub fn default_profile(record: &Record) -> &'static Profile {
    match &record.payload {
        Some(payload) if payload.vantage == Vantage::Imported => &IMPORTED,
        _ => &STANDARD,
    }
}

/// Judges one subject. Total: any evidence within the limits gives a verdict.
pub fn judge(subject: &StatementId, evidence: &Evidence, profile: &Profile) -> Result<Verdict, JudgeError> {
    let record = evidence.get(subject).ok_or(JudgeError::NotFound { subject: *subject })?;
    let Some(payload) = &record.payload else { return Ok(opaque(record, evidence, profile)) };
    let request =
        Request::of(record, payload, evidence).ok_or(JudgeError::NotJudgeable { kind: payload.kind })?;
    let case = Case::new(evidence, profile, request);
    let support = support::best(&case);
    let mut findings: Vec<Finding> = support.findings.clone();
    findings.extend(case_findings(&case, &support));
    findings.sort();
    findings.dedup();
    Ok(verdict(&case, &support, findings))
}

/// Findings that hang on the subject and its decision, whichever way the authority came.
fn case_findings(case: &Case<'_>, support: &Support<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for rule in RULES {
        match rule.check {
            Check::Case(check) => findings.extend(check(case)),
            Check::Record(check) => {
                findings.extend(check(case, case.request.record));
                findings.extend(case.decision.record().and_then(|decision| check(case, decision)));
            }
            Check::Support(check) => findings.extend(check(case, &support.relied_on(case))),
            Check::Hop(_) | Check::Link(_) | Check::Edge(_) | Check::Path(_) => {}
        }
    }
    findings
}

fn outcome(findings: &[Finding]) -> Outcome {
    match findings.iter().map(|finding| finding.effect).min() {
        Some(Effect::NotAuthorized) => Outcome::NotAuthorized,
        Some(Effect::Indeterminate) => Outcome::Indeterminate,
        Some(Effect::None) | None => Outcome::Authorized,
    }
}

fn verdict(case: &Case<'_>, support: &Support<'_>, findings: Vec<Finding>) -> Verdict {
    let hops = support.hops.iter().map(|(node, via)| verdict_hop(node, *via, &findings)).collect();
    let complete = case.is_complete(&support.relied_on(case));
    Verdict {
        schema: VERDICT_SCHEMA,
        subject: Subject {
            id: case.request.record.id(),
            kind: case.request.kind,
            index: case.request.record.index,
        },
        outcome: outcome(&findings),
        principal: support.root.as_ref().map(ToString::to_string).unwrap_or_default(),
        decision: case.decision.word().into(),
        moment: VerdictMoment { at: case.moment.claimed, established: case.moment.established },
        hops,
        findings,
        profile: VerdictProfile { name: case.profile.name, version: case.profile.version },
        trust: verdict_trust(case.evidence),
        as_of: as_of(case.evidence),
        complete,
        absence: absence_word(case.evidence),
    }
}

fn verdict_hop(node: &Node<'_>, via: Via, findings: &[Finding]) -> VerdictHop {
    let id = node.record.id();
    VerdictHop {
        id,
        index: node.record.index,
        delegator: node.hop.delegator.to_string(),
        delegatee: node.hop.delegatee.to_string(),
        via: via.as_str(),
        assurance: node.record.standing.as_ref().map_or("none", |assurance| assurance.as_str()),
        scope: node.hop.scope.as_ref().map_or_else(|| String::from("nothing"), ToString::to_string),
        expires: node.hop.expires,
        findings: findings.iter().filter(|finding| finding.statement == Some(id)).cloned().collect(),
    }
}

fn verdict_trust(evidence: &Evidence) -> VerdictTrust {
    let pinning = evidence.pinning();
    VerdictTrust {
        pinned: pinning.log_key,
        key: pinning.key.clone(),
        registrars: if pinning.genesis { "pinned" } else { "as-named-by-the-log" },
        dev: evidence.registry().genesis().parameters.dev,
    }
}

fn as_of(evidence: &Evidence) -> AsOf {
    let head = evidence.head();
    AsOf { origin: head.origin.clone(), size: head.size, root: head.root, time: evidence.head_time() }
}

fn absence_word(evidence: &Evidence) -> &'static str {
    match evidence.absence() {
        Absence::Recomputed(_) => "recomputed",
        Absence::Asserted(_) => "asserted",
    }
}

/// The verdict on a subject whose payload this program cannot read.
fn opaque(record: &Record, evidence: &Evidence, profile: &Profile) -> Verdict {
    let detail = "the subject's payload is of a form that this program does not know; use a newer one";
    let finding = Finding::new("unknown-statement", Effect::Indeterminate, detail).of(record);
    Verdict {
        schema: VERDICT_SCHEMA,
        // The kind cannot be read; `correction` would be a guess, so the nearest neutral word is the reserved one.
        subject: Subject { id: record.id(), kind: Kind::IndexRoot, index: record.index },
        outcome: Outcome::Indeterminate,
        principal: String::new(),
        decision: "none".into(),
        moment: VerdictMoment { at: record.time, established: "interval" },
        hops: Vec::new(),
        findings: [finding].into(),
        profile: VerdictProfile { name: profile.name, version: profile.version },
        trust: verdict_trust(evidence),
        as_of: as_of(evidence),
        complete: false,
        absence: absence_word(evidence),
    }
}

/// The records that a verdict rests on.
pub type ReliedOn = BTreeSet<Index>;
