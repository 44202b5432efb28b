//! Who else relied on a statement: the actions that cite it, and of an approval those whose permits cite it.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use schemas::ids::StatementId;
use schemas::kinds::{Action, Decision, Phase, Ruling};
use schemas::payload::{Body, Kind, Payload};
use schemas::reference::{ForeignRef, Reference};
use schemas::term::Term;
use schemas::text::Line;
use schemas::time::Index;

use super::graph::Node;
use super::ground::Ground;
use super::identity::may_be_one;
use crate::evidence::Record;

/// The actions that rely on one statement.
#[derive(Clone, Debug, Default)]
pub(crate) struct Uses<'e> {
    /// By ascending index. Of uses each action once: an outcome is none beside its attempt.
    pub(crate) records: Vec<(&'e Record, &'e Action)>,
    /// Whether these are known to be all.
    pub(crate) covered: bool,
}

impl<'e> Uses<'e> {
    /// The actions under a decision, without those that it obliges to.
    pub(crate) fn of_decision(ground: Ground<'e>, decision: &Record) -> Self {
        let mut uses = Self::of(ground, decision, &[], |action| action.decision.as_ref());
        if let Some(Body::Decision(ruled)) = decision.payload.as_ref().map(|payload| &payload.body) {
            uses.records.retain(|(_, action)| !is_obligation(ruled, &action.action.name));
        }
        uses
    }

    /// The actions under an approval: those that name it, and those under a permit that names it.
    pub(crate) fn of_approval(ground: Ground<'e>, approval: &Record) -> Self {
        let mut uses = Self::of(ground, approval, &[], |action| action.approval.as_ref());
        let permits = Cited::of(ground, approval, Kind::Decision, &[], |payload| match &payload.body {
            Body::Decision(Decision { ruling: Ruling::Permit, approval, .. }) => approval.as_ref(),
            _ => None,
        });
        uses.covered &= permits.covered;
        for permit in permits.records {
            let under = Self::of_decision(ground, permit);
            uses.covered &= under.covered;
            uses.records.extend(under.records);
        }
        uses.once_each()
    }

    /// The actions by a hop: those of its delegatee that name it or, naming no hop, the credential that carries it.
    pub(crate) fn of_hop(ground: Ground<'e>, hop: &Node<'_>) -> Self {
        let names: Vec<&ForeignRef> = hop.hop.credential.iter().collect();
        let mut uses = Self::of(ground, hop.record, &names, |action| action.delegation.as_ref());
        if let Some(credential) = &hop.hop.credential {
            let tenant = &hop.payload.tenant;
            let found = ground.evidence.find(&Term::CitingForeign(Kind::Action, tenant, credential));
            uses.covered &= found.covered && ground.effort.spend(found.records.len());
            uses.records.extend(found.records.into_iter().filter_map(|record| {
                let said = record.payload.as_ref().filter(|_| record.standing.is_ok())?;
                let Body::Action(action) = &said.body else { return None };
                let by_it = action.delegation.is_none() && action.credential.as_ref() == Some(credential);
                (by_it && said.tenant == *tenant).then_some((record, action))
            }));
        }
        uses.records.retain(|(_, action)| may_be_one(ground, &hop.hop.delegatee, &action.actor));
        uses.once_each()
    }

    /// How many of them stand before an entry.
    pub(crate) fn before(&self, index: Index) -> u64 {
        self.records.iter().filter(|(record, _)| record.index < index).count() as u64
    }

    /// The actions that name `of` as `named` picks it: by its id, by a foreign id that it carries, or by one of `names`.
    pub(crate) fn of(
        ground: Ground<'e>,
        of: &Record,
        names: &[&ForeignRef],
        named: fn(&Action) -> Option<&Reference>,
    ) -> Self {
        let cited = Cited::of(ground, of, Kind::Action, names, |payload| match &payload.body {
            Body::Action(action) => named(action),
            _ => None,
        });
        let action = |record: &'e Record| match &record.payload.as_ref()?.body {
            Body::Action(action) => Some((record, action)),
            _ => None,
        };
        let records = cited.records.into_iter().filter_map(action).collect();
        Self { records, covered: cited.covered }.once_each()
    }

    /// In the order of the log, each action once, and without the outcomes whose attempts are there.
    fn once_each(mut self) -> Self {
        self.records.sort_by_key(|(record, _)| record.index);
        self.records.dedup_by_key(|(record, _)| record.index);
        let attempts: BTreeSet<StatementId> = self.records.iter().map(|(record, _)| record.id()).collect();
        self.records.retain(|(_, action)| {
            action.phase != Phase::Outcome
                || !matches!(&action.attempt, Some(Reference::Id(attempt)) if attempts.contains(attempt))
        });
        self
    }
}

/// What was handed on of a hop that is for a number of actions.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HandedOn {
    /// For how many actions in all.
    pub(crate) limit: u64,
    /// Whether each hop below says for how many, and these are known to be all.
    pub(crate) is_known: bool,
}

impl HandedOn {
    /// By the hops below that stand before an entry.
    pub(crate) fn before(ground: Ground<'_>, hop: &Node<'_>, index: Index) -> Self {
        let (id, tenant) = (hop.record.id(), &hop.payload.tenant);
        let names: Vec<&ForeignRef> = hop.payload.refs.iter().chain(&hop.hop.credential).collect();
        let by_name = names.iter().map(|foreign| Term::CitingForeign(Kind::Delegation, tenant, foreign));
        let mut below: BTreeMap<Index, Option<u64>> = BTreeMap::new();
        let mut is_known = true;
        for term in [Term::Citing(Kind::Delegation, &id)].into_iter().chain(by_name) {
            let found = ground.evidence.find(&term);
            is_known &= found.covered && ground.effort.spend(found.records.len());
            for record in found.records.into_iter().filter(|record| record.index < index) {
                let said = record.payload.as_ref().filter(|_| record.standing.is_ok()).map(|said| &said.body);
                let Some(Body::Delegation(child)) = said else { continue };
                let rests_on_it = child.parents.iter().any(|parent| means(parent, id, &names))
                    || child
                        .presented_credential
                        .as_ref()
                        .is_some_and(|presented| names.contains(&presented));
                if rests_on_it && may_be_one(ground, &hop.hop.delegatee, &child.delegator) {
                    below.insert(record.index, child.use_limit);
                }
            }
        }
        let limit = below.values().flatten().fold(0_u64, |sum, limit| sum.saturating_add(*limit));
        Self { limit, is_known: is_known && below.values().all(Option::is_some) }
    }
}

/// The statements of a kind that cite another.
pub(crate) struct Cited<'e> {
    /// Those whose signature, key and role stand, of the same tenant.
    pub(crate) records: Vec<&'e Record>,
    /// Whether these are known to be all.
    pub(crate) covered: bool,
}

impl<'e> Cited<'e> {
    /// The statements of `kind` that name `of` as `named` picks it: by its id, or by a foreign id that it goes by.
    pub(crate) fn of(
        ground: Ground<'e>,
        of: &Record,
        kind: Kind,
        names: &[&ForeignRef],
        named: impl Fn(&'e Payload) -> Option<&'e Reference>,
    ) -> Self {
        let Some(payload) = &of.payload else { return Self { records: Vec::new(), covered: false } };
        let id = of.id();
        let names: Vec<&ForeignRef> = payload.refs.iter().chain(names.iter().copied()).collect();
        let by_name = names.iter().map(|foreign| Term::CitingForeign(kind, &payload.tenant, foreign));
        let mut cited = Self { records: Vec::new(), covered: true };
        for term in [Term::Citing(kind, &id)].into_iter().chain(by_name) {
            let found = ground.evidence.find(&term);
            cited.covered &= found.covered && ground.effort.spend(found.records.len());
            cited.records.extend(found.records.into_iter().filter(|record| {
                let said = record.payload.as_ref().filter(|_| record.standing.is_ok());
                said.is_some_and(|said| {
                    said.tenant == payload.tenant
                        && named(said).is_some_and(|reference| means(reference, id, &names))
                })
            }));
        }
        cited
    }
}

/// Whether an action is one that a decision obliges to.
pub(crate) fn is_obligation(decision: &Decision, action: &Line) -> bool {
    decision.action.name != *action && decision.obligations.contains(action)
}

fn means(reference: &Reference, id: StatementId, names: &[&ForeignRef]) -> bool {
    match reference {
        Reference::Id(named) | Reference::InLog(_, named) => *named == id,
        Reference::Foreign(foreign) => names.contains(&foreign),
    }
}
