//! From findings to the verdict that is shown.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::case::Case;
use super::graph::Node;
use super::request::Request;
use super::resolve::Via;
use super::support::Support;
use crate::evidence::{Absence, Evidence, Record};
use crate::profile::Profile;
use crate::rules::unpinned;
use crate::verdict::{
    AsOf, Effect, Finding, Outcome, Subject, SubjectKind, VERDICT_SCHEMA, Verdict, VerdictHop, VerdictMoment,
    VerdictProfile, VerdictReliance, VerdictTrust,
};

/// The verdict on a case, by its best support and by all findings, worst first.
pub(super) fn verdict(case: &Case<'_>, support: &Support<'_>, findings: Vec<Finding>) -> Verdict {
    let hops = support.hops.iter().map(|(node, via)| hop(node, *via, &findings)).collect();
    let complete = case.is_complete(&support.relied_on(case));
    let record = case.request.record;
    Verdict {
        schema: VERDICT_SCHEMA,
        subject: Subject { id: record.id(), kind: SubjectKind(Some(case.request.kind)), index: record.index },
        outcome: outcome(&findings),
        principal: support.root.as_ref().map(ToString::to_string).unwrap_or_default(),
        decision: case.decision.word().into(),
        moment: VerdictMoment { at: case.moment.claimed, established: case.moment.established },
        hops,
        relies_on: relies_on(&case.request),
        findings,
        profile: VerdictProfile { name: case.profile.name.clone(), version: case.profile.version },
        trust: trust(case.evidence),
        as_of: as_of(case.evidence),
        complete,
        absence: absence(case.evidence),
    }
}

/// The verdict on a subject whose payload this program cannot read.
pub(super) fn unread(record: &Record, evidence: &Evidence, profile: &Profile) -> Verdict {
    let detail = "the subject's payload is of a form that this program does not know; use a newer one";
    let finding = Finding::new("unknown-statement", Effect::Indeterminate, detail).of(record);
    let findings = [finding].into_iter().chain(unpinned(evidence)).collect();
    Verdict {
        schema: VERDICT_SCHEMA,
        subject: Subject { id: record.id(), kind: SubjectKind(None), index: record.index },
        outcome: Outcome::Indeterminate,
        principal: String::new(),
        decision: "none".into(),
        moment: VerdictMoment { at: record.time, established: "interval" },
        hops: Vec::new(),
        relies_on: Vec::new(),
        findings,
        profile: VerdictProfile { name: profile.name.clone(), version: profile.version },
        trust: trust(evidence),
        as_of: as_of(evidence),
        complete: false,
        absence: absence(evidence),
    }
}

pub(super) fn outcome(findings: &[Finding]) -> Outcome {
    match findings.iter().map(|finding| finding.effect).min() {
        Some(Effect::NotAuthorized) => Outcome::NotAuthorized,
        Some(Effect::Indeterminate) => Outcome::Indeterminate,
        Some(Effect::None) | None => Outcome::Authorized,
    }
}

pub(super) fn hop(node: &Node<'_>, via: Via, findings: &[Finding]) -> VerdictHop {
    let id = node.record.id();
    VerdictHop {
        id,
        index: node.record.index,
        delegator: node.hop.delegator.to_string(),
        delegatee: node.hop.delegatee.to_string(),
        via: via.as_str(),
        assurance: node.record.standing.as_ref().map_or("none", |assurance| assurance.as_str()),
        scope: node.hop.scope.as_ref().map_or_else(|| String::from("nothing"), ToString::to_string),
        at: node.payload.at,
        expires: node.hop.expires,
        findings: findings.iter().filter(|finding| finding.statement == Some(id)).cloned().collect(),
    }
}

fn relies_on(request: &Request<'_>) -> Vec<VerdictReliance> {
    let by_decision = request.approved_by_decision.then_some("decision");
    let named = [
        ("decision", &request.decision, None),
        ("approval", &request.approval, by_decision),
        ("attempt", &request.attempt, None),
    ];
    let named = named.into_iter().filter_map(|(kind, link, by)| Some((kind, link.as_ref()?, by)));
    let reliance = named.map(|(kind, link, named_by)| {
        let found = link.resolution.one();
        let (id, index) = (found.map(Record::id), found.map(|record| record.index));
        VerdictReliance { kind, name: link.name.clone(), id, index, named_by }
    });
    reliance.collect()
}

fn trust(evidence: &Evidence) -> VerdictTrust {
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

fn absence(evidence: &Evidence) -> &'static str {
    match evidence.absence() {
        Absence::Recomputed(_) => "recomputed",
        Absence::Asserted(_) => "asserted",
    }
}
