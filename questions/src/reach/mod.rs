//! What rests on something, found by the index: the hops, credentials, approvals and permits below it, and the actions.
//!
//! What is recorded as relying is taken, whether it was right to rely or not: [`verifier::judge`] alone says that.

mod found;
mod link;
mod subject;

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use schemas::ids::{StatementId, TermId};
use schemas::kinds::{Outcome, Phase, Ruling};
use schemas::payload::{Body, Kind};
use schemas::reference::{ForeignRef, Reference};
use schemas::term::Term;
use schemas::text::Tenant;
use schemas::time::Index;

use crate::kept::{Placed, Put};
pub(crate) use found::{Act, Hop, Refusal};
pub(crate) use subject::revision;
pub use subject::{Named, Subject, subject};

/// Most statements that are looked at for one answer: an answer that would need more says that it is not all.
pub const EXAMINED_MAX: usize = 50_000;

/// What rests on a subject.
#[derive(Debug, Default)]
pub(crate) struct Reach {
    /// Delegations, the nearest first.
    pub(crate) hops: Vec<Hop>,
    /// Actions, each with its outcome where one is logged.
    pub(crate) acts: Vec<Act>,
    /// Rulings other than permits.
    pub(crate) refusals: Vec<Refusal>,
    /// How many statements were looked at.
    pub(crate) examined: usize,
    /// Whether those are all that had to be.
    pub(crate) complete: bool,
}

/// How far below the subject something is.
#[derive(Clone, Copy, Debug, Default)]
struct Node {
    /// How many hops are between.
    above: u64,
}

/// Follows the index from a subject downwards, one hop at a time.
struct Walk<'p, P> {
    placed: &'p P,
    subject: &'p Subject,
    ids: BTreeMap<StatementId, Node>,
    names: BTreeMap<ForeignRef, Vec<(Tenant, Node)>>,
    taken: BTreeSet<Index>,
    asked: BTreeSet<TermId>,
    waiting: Vec<TermId>,
    /// Attempts that are found, with their place in `acts`.
    attempts: BTreeMap<StatementId, usize>,
    /// What came of attempts, and of which.
    outcomes: Vec<(Option<StatementId>, Act)>,
    /// Rulings that an action names.
    carried: BTreeSet<StatementId>,
    reach: Reach,
}

impl Reach {
    /// Everything that rests on `subject`, as far as [`EXAMINED_MAX`] statements tell.
    pub(crate) fn of<P: Placed>(subject: &Subject, placed: &P) -> Result<Self, P::Error> {
        let mut walk = Walk {
            placed,
            subject,
            ids: BTreeMap::new(),
            names: BTreeMap::new(),
            taken: BTreeSet::new(),
            asked: BTreeSet::new(),
            waiting: Vec::new(),
            attempts: BTreeMap::new(),
            outcomes: Vec::new(),
            carried: BTreeSet::new(),
            reach: Self { complete: true, ..Self::default() },
        };
        walk.begin()?;
        while !walk.waiting.is_empty() {
            walk.step()?;
        }
        Ok(walk.finish())
    }
}

impl<P: Placed> Walk<'_, P> {
    fn begin(&mut self) -> Result<(), P::Error> {
        match self.subject {
            Subject::Principal(principal) => self.ask(Term::Principal(principal)),
            Subject::Key(key) => self.ask(Term::Signer(key)),
            Subject::Revision { tenant, engine, id, revision } => {
                self.ask(Term::Revision(tenant, engine, id, revision));
            }
            Subject::Task { tenant, task } => self.ask(Term::Task(tenant, task)),
            Subject::Foreign { tenant, foreign, .. } => {
                for kind in [Kind::Delegation, Kind::Credential, Kind::Approval, Kind::Decision] {
                    self.ask(Term::Named(kind, tenant, foreign));
                }
                self.name(tenant, foreign, Node::default());
            }
            Subject::Statement { index, .. } => self.look(BTreeSet::from([*index]))?,
        }
        Ok(())
    }

    /// Looks up what waits, and takes what that leads to.
    fn step(&mut self) -> Result<(), P::Error> {
        let mut terms = core::mem::take(&mut self.waiting);
        // Neighbours in the index are looked up together.
        terms.sort_unstable();
        let left = EXAMINED_MAX.saturating_sub(self.reach.examined);
        let rows = self.placed.find(&terms, left.saturating_add(self.taken.len()).saturating_add(1))?;
        let found: BTreeSet<Index> = rows.into_iter().flatten().collect();
        self.look(found.difference(&self.taken).copied().collect())
    }

    fn look(&mut self, found: BTreeSet<Index>) -> Result<(), P::Error> {
        let left = EXAMINED_MAX.saturating_sub(self.reach.examined);
        self.reach.complete &= found.len() <= left;
        let indexes: Vec<Index> = found.into_iter().take(left).collect();
        self.reach.examined = self.reach.examined.saturating_add(indexes.len());
        let placed = self.placed;
        placed.looked(&indexes, &mut |put| self.take(put))
    }

    fn take(&mut self, put: &Put) {
        let Some(linked) = self.linked(put) else { return };
        self.taken.insert(put.index);
        let id = put.statement.id();
        match &put.statement.payload.body {
            Body::Delegation(hop) => {
                let above = if linked.held { 0 } else { linked.node.above.saturating_add(1) };
                let node = Node { above };
                self.reach.hops.push(Hop::of(put, hop, linked));
                if let Some(credential) = &hop.credential {
                    self.name(&put.statement.payload.tenant, credential, node);
                }
                self.known(put, node, &[Kind::Delegation, Kind::Credential, Kind::Decision, Kind::Action]);
            }
            Body::Credential(credential) => {
                self.name(&put.statement.payload.tenant, &credential.credential, linked.node);
            }
            Body::Approval(_) => {
                self.known(put, linked.node, &[Kind::Delegation, Kind::Decision, Kind::Action]);
            }
            Body::Decision(decision) => {
                if decision.ruling != Ruling::Permit {
                    self.reach.refusals.push(Refusal::of(put, decision));
                }
                self.known(put, linked.node, &[Kind::Delegation, Kind::Action]);
            }
            Body::Action(action) => {
                if let Some(Reference::Id(decision)) = &action.decision {
                    self.carried.insert(*decision);
                }
                let act = Act::of(put, action);
                match (action.phase, &action.attempt) {
                    (Phase::Outcome, Some(Reference::Id(attempt))) => {
                        self.outcomes.push((Some(*attempt), act));
                    }
                    (Phase::Outcome, _) => self.outcomes.push((None, act)),
                    (Phase::Attempt, _) => {
                        self.attempts.insert(id, self.reach.acts.len());
                        self.reach.acts.push(act);
                        self.ask(Term::Citing(Kind::Action, &id));
                    }
                    (Phase::Both, _) => self.reach.acts.push(act),
                }
            }
            _ => {}
        }
    }

    /// From now on, what cites this statement under its id or a foreign id that it carries rests on the subject.
    fn known(&mut self, put: &Put, node: Node, kinds: &[Kind]) {
        let id = put.statement.id();
        self.ids.insert(id, node);
        kinds.iter().for_each(|kind| self.ask(Term::Citing(*kind, &id)));
        let payload = &put.statement.payload;
        for foreign in &payload.refs {
            self.named(&payload.tenant, foreign, node, kinds);
        }
    }

    /// What presents this credential.
    fn name(&mut self, tenant: &Tenant, credential: &ForeignRef, node: Node) {
        let kinds = [Kind::Delegation, Kind::Credential, Kind::Decision, Kind::Action];
        self.named(tenant, credential, node, &kinds);
    }

    fn named(&mut self, tenant: &Tenant, foreign: &ForeignRef, node: Node, kinds: &[Kind]) {
        let known = self.names.entry(foreign.clone()).or_default();
        if known.iter().all(|(within, _)| within != tenant) {
            known.push((tenant.clone(), node));
        }
        kinds.iter().for_each(|kind| self.ask(Term::CitingForeign(*kind, tenant, foreign)));
    }

    fn ask(&mut self, term: Term<'_>) {
        let term = term.id();
        if self.asked.insert(term) {
            self.waiting.push(term);
        }
    }

    /// An outcome belongs to its attempt; by itself it counts where that is not here.
    fn finish(self) -> Reach {
        let Self { attempts, outcomes, carried, mut reach, .. } = self;
        for (attempt, outcome) in outcomes {
            let attempt = attempt.and_then(|attempt| attempts.get(&attempt));
            match attempt.and_then(|place| reach.acts.get_mut(*place)) {
                Some(attempt) => attempt.ends_in(outcome),
                None => reach.acts.push(outcome),
            }
        }
        reach.refusals.retain(|refusal| !carried.contains(&refusal.id));
        reach.acts.sort_by_key(|act| act.index);
        reach.refusals.sort_by_key(|refusal| refusal.index);
        reach.hops.sort_by_key(|hop| (hop.above, hop.index));
        reach
    }
}

/// Whether an outcome says that nothing was done.
pub(crate) fn is_undone(outcome: Option<Outcome>) -> bool {
    matches!(outcome, Some(Outcome::Denied | Outcome::Suppressed))
}
