//! A case: one request with the evidence, the graph, the decision and the moment that the rules look at.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use schemas::kinds::{Decision, Revocation, Ruling, TargetKind};
use schemas::payload::{Body, Kind, Payload};
use schemas::term::Term;
use schemas::text::PrincipalId;
use schemas::time::Time;

use super::ReliedOn;
use super::graph::{Graph, Node};
use super::moment::Moment;
use super::request::Request;
use super::resolve::{Link, Resolution};
use crate::evidence::{Absence, Evidence, Record};
use crate::needs::needs;
use crate::profile::Profile;

/// What the rules look at.
#[derive(Clone, Debug)]
pub struct Case<'e> {
    /// The verified entries.
    pub evidence: &'e Evidence,
    /// The parameters.
    pub profile: &'e Profile,
    /// The subject as a request.
    pub request: Request<'e>,
    /// The hops behind it.
    pub graph: Graph<'e>,
    /// When it happened.
    pub moment: Moment,
    /// The decision on it.
    pub decision: Ruled<'e>,
}

/// The decision on a request.
#[derive(Clone, Debug)]
pub enum Ruled<'e> {
    /// This one.
    By(&'e Record, &'e Decision),
    /// It names one that is not one statement.
    Unresolved(Link<'e>),
    /// It names none, though one is needed.
    Missing,
    /// It needs none: the subject is a hop or a credential.
    NotNeeded,
}

/// A revocation that is about something in the case.
#[derive(Clone, Copy, Debug)]
pub struct Withdrawal<'e> {
    /// The statement's record.
    pub record: &'e Record,
    /// What it says.
    pub revocation: &'e Revocation,
    /// From when it holds.
    pub effective: Time,
}

impl<'e> Case<'e> {
    /// Lays out a case.
    pub fn new(evidence: &'e Evidence, profile: &'e Profile, request: Request<'e>) -> Self {
        let graph = Graph::build(evidence, &request.links);
        let moment = Moment::of(&request, evidence, profile);
        let decision = Ruled::on(&request);
        Self { evidence, profile, request, graph, moment, decision }
    }

    /// The revocations of a hop: of its statement, credential, signer's key, task, delegator and delegatee.
    pub fn withdrawals_of_hop(&self, node: &Node<'e>) -> Vec<Withdrawal<'e>> {
        let tenant = &node.payload.tenant;
        let id = node.record.id();
        let mut found = self.withdrawals(&Term::Withdrawn(&id));
        for foreign in node.payload.refs.iter().chain(&node.hop.credential) {
            found.extend(self.withdrawals(&Term::WithdrawnForeign(tenant, foreign)));
        }
        found.extend(self.withdrawals(&Term::WithdrawnKey(&node.record.envelope.kid)));
        if let Some(task) = &node.payload.task {
            found.extend(self.withdrawals(&Term::WithdrawnTask(tenant, task)));
        }
        for principal in [&node.hop.delegator, &node.hop.delegatee] {
            found.extend(self.withdrawals(&Term::WithdrawnPrincipal(principal)));
        }
        found
    }

    /// The revocations of what a request itself presents: its credential, task, actor, decision, approvals and their keys.
    pub fn withdrawals_of_request(&self) -> Vec<Withdrawal<'e>> {
        let Request { record, tenant, actor, credential, task, approvals, .. } = &self.request;
        let mut found = self.withdrawals(&Term::WithdrawnPrincipal(actor));
        found.extend(self.withdrawals(&Term::WithdrawnKey(&record.envelope.kid)));
        if let Some(credential) = credential {
            found.extend(self.withdrawals(&Term::WithdrawnForeign(tenant, credential)));
        }
        if let Some(task) = task {
            found.extend(self.withdrawals(&Term::WithdrawnTask(tenant, task)));
        }
        let relied = approvals.iter().filter_map(|link| link.resolution.one()).chain(self.decision.record());
        for relied in relied {
            found.extend(self.withdrawals(&Term::Withdrawn(&relied.id())));
            found.extend(self.withdrawals(&Term::WithdrawnKey(&relied.envelope.kid)));
            for foreign in relied.payload.iter().flat_map(|payload| &payload.refs) {
                let of_relied = self.withdrawals(&Term::WithdrawnForeign(tenant, foreign));
                found.extend(of_relied.into_iter().filter(|withdrawal| names_kind(withdrawal, relied)));
            }
        }
        found
    }

    /// The principals whose authority a withdrawal of the hop would take back: those upstream, and the hop's own two.
    pub fn givers(&self, node: Option<&Node<'e>>) -> BTreeSet<&'e PrincipalId> {
        let mut givers = BTreeSet::new();
        if let Some(node) = node {
            givers.insert(&node.hop.delegatee);
            for index in self.graph.upstream(node.record.index) {
                givers.extend(self.graph.node(index).map(|above| &above.hop.delegator));
            }
        } else {
            givers.insert(self.request.actor);
            givers.extend(self.graph.parents_first().map(|above| &above.hop.delegator));
        }
        givers
    }

    /// Whether all that judging these records asks for is in the evidence.
    pub fn is_complete(&self, relied: &ReliedOn) -> bool {
        self.first_unanswered(relied).is_none()
    }

    /// The first record whose questions the evidence leaves open, and how many it leaves.
    pub fn first_unanswered(&self, relied: &ReliedOn) -> Option<(&'e Record, usize)> {
        relied.iter().filter_map(|index| self.evidence.at(*index)).find_map(|record| {
            let open = self.unanswered(record);
            (open > 0).then_some((record, open))
        })
    }

    fn unanswered(&self, record: &Record) -> usize {
        let Some(statement) = record.statement() else { return 1 };
        let needs = needs(&statement);
        let ids = needs.ids.iter().filter(|id| self.evidence.get(id).is_none()).count();
        let (Absence::Asserted(rows) | Absence::Recomputed(rows)) = self.evidence.absence();
        let all_known = matches!(self.evidence.absence(), Absence::Recomputed(_));
        let open_row = |term| match rows.get(term) {
            Some(indexes) => indexes.iter().any(|index| self.evidence.at(*index).is_none()),
            None => !all_known,
        };
        ids.saturating_add(needs.terms.iter().filter(|term| open_row(term)).count())
    }

    fn withdrawals(&self, term: &Term<'_>) -> Vec<Withdrawal<'e>> {
        let evidence: &'e Evidence = self.evidence;
        let records = evidence.find(term).records;
        records.into_iter().filter_map(Withdrawal::of).collect()
    }
}

/// A revocation under a foreign id says what kind of thing it means by it.
fn names_kind(withdrawal: &Withdrawal<'_>, record: &Record) -> bool {
    let kind = record.payload.as_ref().map(|payload| payload.kind);
    matches!(
        (withdrawal.revocation.target.kind, kind),
        (TargetKind::Approval, Some(Kind::Approval)) | (TargetKind::Credential, Some(Kind::Credential))
    )
}

impl<'e> Withdrawal<'e> {
    fn of(record: &'e Record) -> Option<Self> {
        match &record.payload {
            Some(Payload { at, body: Body::Revocation(revocation), .. }) => {
                Some(Self { record, revocation, effective: revocation.effective_at.unwrap_or(*at) })
            }
            _ => None,
        }
    }

    /// Who withdraws.
    pub fn revoker(&self) -> &'e PrincipalId {
        self.revocation.revoker.as_ref().unwrap_or(&self.record.envelope.iss)
    }
}

impl<'e> Ruled<'e> {
    fn on(request: &Request<'e>) -> Self {
        if request.act.is_none() {
            return Self::NotNeeded;
        }
        if request.kind == Kind::Decision {
            return Self::of_record(request.record).unwrap_or(Self::Missing);
        }
        let Some(link) = &request.decision else { return Self::Missing };
        match &link.resolution {
            Resolution::One(record) => {
                Self::of_record(record).unwrap_or_else(|| Self::Unresolved(link.clone()))
            }
            Resolution::Missing | Resolution::Ambiguous(_) => Self::Unresolved(link.clone()),
        }
    }

    fn of_record(record: &'e Record) -> Option<Self> {
        match record.payload.as_ref().map(|payload| &payload.body) {
            Some(Body::Decision(decision)) => Some(Self::By(record, decision)),
            _ => None,
        }
    }

    /// The decision's record.
    pub fn record(&self) -> Option<&'e Record> {
        match self {
            Self::By(record, _) => Some(record),
            _ => None,
        }
    }

    /// The ruling in a word.
    pub fn word(&self) -> &'static str {
        match self {
            Self::By(_, decision) => decision.ruling.as_str(),
            _ => "none",
        }
    }

    /// Whether it is a permit.
    pub fn is_permit(&self) -> bool {
        matches!(self, Self::By(_, decision) if decision.ruling == Ruling::Permit)
    }
}

/// The records that a verdict rests on beside its hops.
pub(super) fn relied_on(case: &Case<'_>) -> ReliedOn {
    let mut relied: ReliedOn = [case.request.record.index].into();
    relied.extend(case.decision.record().map(|record| record.index));
    relied.extend(
        case.request.approvals.iter().filter_map(|link| link.resolution.one()).map(|record| record.index),
    );
    relied
}

/// Where a registrar says who a principal is.
pub(crate) fn registrations<'e>(evidence: &'e Evidence, principal: &PrincipalId) -> Vec<&'e Record> {
    let found = evidence.find(&Term::Registration(principal)).records;
    found.into_iter().filter(|record| record.standing.is_ok()).collect()
}
