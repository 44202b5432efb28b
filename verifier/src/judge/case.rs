//! A case: one request with the evidence, the graph, the decision and the moment that the rules look at.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use schemas::ids::{KeyId, StatementId};
use schemas::kinds::{Decision, Ruling};
use schemas::payload::{Body, Kind};
use schemas::reference::Reference;
use schemas::term::Term;
use schemas::text::Tenant;
use schemas::time::Index;

use super::ReliedOn;
use super::graph::{Graph, Node};
use super::ground::Ground;
use super::moment::Moment;
use super::request::Request;
use super::resolve::{Link, Resolution};
use super::withdrawn::Withdrawn;
use crate::evidence::{Evidence, Gap, Record};
use crate::needs::needs_of;
use crate::profile::Profile;

/// What the rules look at.
#[derive(Clone, Debug)]
pub struct Case<'e> {
    /// What every question is asked on.
    pub ground: Ground<'e>,
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
    /// What was withdrawn of what the request itself presents.
    pub withdrawn: Withdrawn<'e>,
    of_hops: BTreeMap<Index, Withdrawn<'e>>,
}

/// The decision on a request.
#[derive(Clone, Debug)]
pub enum Ruled<'e> {
    /// This one.
    By(&'e Record, &'e Decision),
    /// It names one that is not one statement of a known form.
    Unresolved(Link<'e>),
    /// It names none, though one is needed.
    Missing,
    /// It needs none: the subject is a hop or a credential.
    NotNeeded,
}

/// What judging by a statement asks, and what of it the evidence leaves open.
#[derive(Clone, Debug, Default)]
pub struct Questions<'e> {
    /// How many questions have no answer.
    pub open: usize,
    /// An answer that this program cannot read.
    pub unread: Option<&'e Record>,
}

impl<'e> Case<'e> {
    /// Lays out a case.
    pub fn new(ground: Ground<'e>, request: Request<'e>) -> Self {
        let moment = Moment::of(&request, ground);
        Self::at(moment, ground, request)
    }

    /// Lays out a case as of a moment.
    pub(super) fn at(moment: Moment, ground: Ground<'e>, request: Request<'e>) -> Self {
        let Ground { evidence, profile, .. } = ground;
        let graph = Graph::build(ground, &request.links);
        let decision = Ruled::on(&request);
        let withdrawn = Withdrawn::of_request(ground, &graph, &request, decision.record());
        let of_hops =
            graph.parents_first().map(|node| (node.record.index, Withdrawn::of_hop(ground, &graph, node)));
        let of_hops = of_hops.collect();
        Self { ground, evidence, profile, request, graph, moment, decision, withdrawn, of_hops }
    }

    /// What was withdrawn of a hop.
    pub fn withdrawn_of(&self, node: &Node<'_>) -> Option<&Withdrawn<'e>> {
        self.of_hops.get(&node.record.index)
    }

    /// What judging by `record` asks, and what of it is open.
    pub fn questions(&self, record: &Record) -> Questions<'e> {
        let Some(payload) = &record.payload else { return Questions::default() };
        let needs = needs_of(&record.envelope, payload);
        // A parent that is not here leaves open whether the ways by it hold, which is found on each of them, and no other way.
        let of_a_way = |id: &StatementId| match &payload.body {
            Body::Delegation(hop) => {
                let is_it = |parent: &Reference| matches!(parent, Reference::Id(named) | Reference::InLog(_, named) if named == id);
                hop.parents.iter().any(is_it)
            }
            _ => false,
        };
        let missing = needs.ids.iter().filter(|id| self.evidence.get(id).is_none());
        let open = missing.filter(|id| !of_a_way(id)).count();
        let mut questions = Questions { open, unread: None };
        let mut keys: Vec<KeyId> = Vec::new();
        for term in &needs.terms {
            let row = self.evidence.row(term);
            questions.open = questions.open.saturating_add(usize::from(!row.answered));
            for found in row.records() {
                if !self.ground.effort.spend(1) {
                    return questions;
                }
                keys.push(found.envelope.kid);
                questions.note(found, self.evidence);
            }
        }
        self.ask_of_keys(keys, &mut questions);
        questions
    }

    /// Whatever a registrar said stands only if all is known of the registrar's own key, and so on up to genesis.
    fn ask_of_keys(&self, keys: Vec<KeyId>, questions: &mut Questions<'e>) {
        let mut seen: BTreeSet<KeyId> = BTreeSet::new();
        let mut waiting = keys;
        while let Some(kid) = waiting.pop() {
            if !self.ground.effort.spend(1) {
                return;
            }
            if !seen.insert(kid) {
                continue;
            }
            let row = self.evidence.row(&Term::Key(&kid).id());
            questions.open = questions.open.saturating_add(usize::from(!row.answered));
            for found in row.records() {
                questions.note(found, self.evidence);
                waiting.push(found.envelope.kid);
            }
        }
    }

    /// A number that is missing from the sequence of an emitter involved, where all entries were read.
    pub(crate) fn gap(&self, relied: &ReliedOn) -> Option<(&'e Record, Gap)> {
        let records: Vec<&'e Record> = relied.iter().filter_map(|index| self.evidence.at(*index)).collect();
        let emitter = |record: &&'e Record| -> Option<(KeyId, &'e Tenant)> {
            let payload = record.payload.as_ref()?;
            payload.stream.map(|_| (record.envelope.kid, &payload.tenant))
        };
        let gap = self.evidence.gap(&records.iter().filter_map(emitter).collect())?;
        let of = records.into_iter().find(|record| record.envelope.kid == gap.kid)?;
        Some((of, gap))
    }

    /// Whether every reference resolved, every question is answered and read, and no sequence involved has a gap.
    pub fn is_complete(&self, relied: &ReliedOn) -> bool {
        let answered = |record: &'e Record| {
            let questions = self.questions(record);
            record.payload.is_some() && questions.open == 0 && questions.unread.is_none()
        };
        let unresolved = |link: &Link<'e>| link.resolution.one().is_none();
        let request = &self.request;
        let named =
            request.links.iter().chain(&request.decision).chain(&request.approval).chain(&request.attempt);
        let hops = relied.iter().filter_map(|index| self.graph.node(*index)).flat_map(|node| &node.links);
        relied.iter().filter_map(|index| self.evidence.at(*index)).all(answered)
            && !named.chain(hops).any(unresolved)
            && self.gap(relied).is_none()
            && !self.ground.effort.is_spent()
    }

    /// The records that a verdict rests on beside its hops.
    pub fn relied_on(&self) -> ReliedOn {
        let request = &self.request;
        let named = request.decision.iter().chain(&request.approval).chain(&request.attempt);
        let named = named.filter_map(|link| link.resolution.one());
        named.chain([request.record]).map(|record| record.index).collect()
    }
}

impl<'e> Questions<'e> {
    /// A statement of an unknown form, by a key that could speak, may say anything.
    fn note(&mut self, found: &'e Record, evidence: &Evidence) {
        if evidence.is_unread(found) {
            self.unread = Some(found);
        }
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

    /// The decision's record, and what it says.
    pub fn decided(&self) -> Option<(&'e Record, &'e Decision)> {
        match self {
            Self::By(record, decision) => Some((record, decision)),
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
