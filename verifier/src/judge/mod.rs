//! The judge: whether an action was authorized, from evidence alone. The only place where authority is decided.
//!
//! Everything is judged as of the moment of the action. A chain is a graph: an action is authorized if some way from a
//! registered root to its actor holds at every hop, and the decision and the moment hold as well.

mod answer;
mod bridge;
mod case;
mod class;
mod consent;
mod counted;
mod credential;
mod graph;
mod ground;
mod identity;
mod laid;
mod lived;
mod moment;
mod request;
mod resolve;
mod revisions;
mod speaker;
mod standing;
mod support;
mod task;
mod uses;
mod withdrawn;

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use schemas::ids::StatementId;
use schemas::payload::{Kind, Payload, Vantage};
use schemas::text::PrincipalId;
use schemas::time::Index;
use thiserror::Error;

pub(crate) use bridge::bridge;
pub use bridge::bridged;
pub use case::{Case, Questions, Ruled};
pub(crate) use consent::Consent;
pub use counted::{Counted, counted, use_limit};
pub(crate) use credential::Issue;
pub use graph::{Graph, Node};
pub use ground::{EFFORT_MAX, Effort, Ground};
pub(crate) use identity::{
    Root, described, descriptions, is_firm, linked, may_be_one, root, suspensions, type_of,
};
pub use laid::{Laid, LaidHop, LaidLink, lay_out};
pub use lived::{Lived, lived};
pub use moment::Moment;
pub use request::{Act, Request};
pub(crate) use resolve::resolve;
pub use resolve::{Link, Resolution, Via};
pub(crate) use revisions::revisions;
pub use standing::{Asked, Carried, Standing, WAYS_MAX, Ways, root_stands, standing, ways};
pub(crate) use task::{History, Step};
pub(crate) use uses::{Cited, HandedOn, Uses, is_obligation};
pub(crate) use withdrawn::FoundAs;
pub use withdrawn::{Supposed, Withdrawal, Withdrawn};

use crate::evidence::{Evidence, Record};
use crate::profile::Profile;
use crate::rules::{self, Check, rank};
use crate::verdict::{Effect, Finding, Verdict};
use support::Support;

/// The records that a verdict rests on.
pub type ReliedOn = BTreeSet<Index>;

/// A hop and what relies on it: the next hop, or the request itself.
#[derive(Clone, Copy, Debug)]
pub struct Edge<'c> {
    /// The hop that is relied on.
    pub parent: &'c Node<'c>,
    /// The hop that relies on it; nothing: the request does.
    pub child: Option<&'c Node<'c>>,
}

/// A way from a root, as far as it goes.
#[derive(Clone, Copy, Debug)]
pub struct Path<'c> {
    /// The root.
    pub root: &'c PrincipalId,
    /// The hop that was reached; nothing: the request was.
    pub hop: Option<&'c Node<'c>>,
    /// How many hops the way has, that one included.
    pub hops: usize,
    /// How many it may have, by the format and by what the hops before allow.
    pub allowed: usize,
}

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
pub fn default_profile(record: &Record) -> Profile {
    record.payload.as_ref().map_or_else(Profile::standard, profile_by_vantage)
}

/// That profile, of a statement that is no evidence yet.
pub fn profile_by_vantage(payload: &Payload) -> Profile {
    if payload.vantage == Vantage::Imported { Profile::imported() } else { Profile::standard() }
}

/// Judges one subject. Total: any evidence within the limits gives a verdict, in bounded time.
pub fn judge(subject: &StatementId, evidence: &Evidence, profile: &Profile) -> Result<Verdict, JudgeError> {
    let record = evidence.get(subject).ok_or(JudgeError::NotFound { subject: *subject })?;
    let Some(payload) = &record.payload else { return Ok(answer::unread(record, evidence, profile)) };
    let effort = Effort::new();
    let ground = Ground { evidence, profile, effort: &effort, supposed: None };
    let request =
        Request::of(record, payload, ground).ok_or(JudgeError::NotJudgeable { kind: payload.kind })?;
    let case = Case::new(ground, request);
    let (support, findings) = judged(&case);
    Ok(answer::verdict(&case, &support, findings))
}

/// The best way, and what all rules find, worst first.
fn judged<'c>(case: &'c Case<'c>) -> (Support<'c>, Vec<Finding>) {
    let support = support::best(case);
    let findings = all_findings(case, &support);
    (support, findings)
}

/// What was found on the way and about the case, worst first, and among equals in the order of the rules.
fn all_findings(case: &Case<'_>, support: &Support<'_>) -> Vec<Finding> {
    let mut findings: Vec<Finding> = support.findings.clone();
    findings.extend(case_findings(case, support));
    findings.extend(without_root(case, support, &findings));
    in_order(&mut findings);
    findings
}

fn in_order(findings: &mut Vec<Finding>) {
    let place = |finding: &Finding| (finding.effect, rank(finding.code), finding.index);
    findings.sort_by(|one, other| place(one).cmp(&place(other)).then_with(|| one.cmp(other)));
    findings.dedup();
}

/// Findings that hang on the subject and what it names beside its hops, whichever way the authority came.
fn case_findings(case: &Case<'_>, support: &Support<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let relied = case.relied_on();
    for record in relied.iter().filter_map(|index| case.evidence.at(*index)) {
        // The subject may be a hop itself, and then was looked at on the way.
        if case.graph.node(record.index).is_none() {
            findings.extend(support::record_findings(case, record));
        }
    }
    let relied = support.relied_on(case);
    findings.extend(rules::findings(case.profile, |check| match check {
        Check::Case(check) => check(case),
        Check::Support(check) => check(case, &relied),
        Check::Record(_)
        | Check::Hop(_)
        | Check::Link(_)
        | Check::Edge(_)
        | Check::Path(_)
        | Check::Evidence(_) => None,
    }));
    findings
}

/// Nothing is authorized by nobody: whatever the rules may have overlooked, a verdict without a root is none.
fn without_root(case: &Case<'_>, support: &Support<'_>, findings: &[Finding]) -> Option<Finding> {
    let is_answered = findings.iter().any(|finding| finding.effect != Effect::None);
    (support.root.is_none() && !is_answered).then(|| {
        let detail = "no way leads from the subject to a root";
        Finding::new("hop-missing", Effect::Indeterminate, detail).of(case.request.record)
    })
}
