//! What was withdrawn of the things that a case rests on, and by whom.

use alloc::collections::BTreeSet;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::cell::OnceCell;

use schemas::ids::{KeyId, StatementId};
use schemas::kinds::{Approval, Role, Target, TargetKind};
use schemas::payload::{Body, Payload};
use schemas::reference::{ForeignRef, Reference};
use schemas::term::Term;
use schemas::text::{Line, PrincipalId, Tenant};
use schemas::time::{Index, Time};

use super::graph::{Graph, Node};
use super::ground::Ground;
use super::identity::suspensions;
use super::request::Request;
use super::resolve::issues_of;
use super::speaker::Speaker;
use super::task::{History, Rest};
use crate::evidence::Record;

/// Something that a case rests on was withdrawn.
#[derive(Clone, Debug)]
pub struct Withdrawal<'e> {
    /// The statement that says so, and who withdrew it; nothing: it is only supposed.
    pub by: Option<(&'e Record, &'e PrincipalId)>,
    /// What was withdrawn.
    pub what: &'static str,
    /// Why.
    pub cause: String,
    /// From when.
    pub effective: Time,
    /// Until when, where it was given back.
    pub until: Option<Time>,
    /// The moment at which it matters, where that is not the moment of the case.
    matters_at: Option<Time>,
    /// Which rule finds it.
    pub(crate) found_as: FoundAs,
}

/// Which rule finds a withdrawal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FoundAs {
    /// `revoked`.
    Revoked,
    /// `root-inactive`: all that the root of the chain holds.
    RootInactive,
    /// `task-closed`: the task that the request belongs to.
    TaskClosed,
    /// `outlives-task`: the task that a hop or a credential was given for.
    OutlivesTask,
}

/// Something that is supposed to be withdrawn, beside all that was: what would become of the rest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Supposed {
    /// What.
    pub target: Target,
    /// In which tenant, where a task or a foreign id is meant.
    pub tenant: Tenant,
    /// From when.
    pub from: Time,
}

/// The withdrawals about one hop, or about what a request itself presents.
#[derive(Clone, Debug, Default)]
pub struct Withdrawn<'e> {
    /// Sound, and by somebody who may.
    pub counting: Vec<Withdrawal<'e>>,
    /// By somebody who may not, or not soundly signed.
    pub idle: Vec<Withdrawal<'e>>,
}

impl Withdrawal<'_> {
    /// Whether it holds at a moment: one that is effective at that very moment does.
    pub fn holds_at(&self, moment: Time) -> bool {
        let moment = self.matters_at.unwrap_or(moment);
        self.effective <= moment && self.until.is_none_or(|until| moment < until)
    }
}

impl<'e> Withdrawn<'e> {
    /// The withdrawals of a hop: of its statement, its credential, the credential that it was made with, its signer's key, its
    /// task, its delegator and its delegatee.
    pub(super) fn of_hop(ground: Ground<'e>, graph: &Graph<'e>, node: &Node<'e>) -> Self {
        let Payload { tenant, refs, task, at, .. } = node.payload;
        let mut asking = Asking::new(ground, Givers::OfHop(graph, node.record.index), tenant);
        asking.statement(TargetKind::Delegation, node.record.id());
        refs.iter().for_each(|foreign| asking.foreign(&[TargetKind::Delegation], foreign));
        if let Some(credential) = &node.hop.credential {
            asking.foreign(&[TargetKind::Delegation], credential);
            asking.credential(credential);
        }
        asking.key(&node.record.envelope.kid);
        asking.task(task.as_ref());
        asking.end(task.as_ref());
        let (delegator, delegatee) = (&node.hop.delegator, &node.hop.delegatee);
        asking.principal(delegator, FoundAs::of(node.links.is_empty()));
        if delegatee != delegator {
            asking.principal(delegatee, FoundAs::Revoked);
        }
        // What the delegator acted by must have been good when it delegated; what became of it later is another matter.
        asking.matters_at = Some(*at);
        if let Some(presented) = &node.hop.presented_credential {
            asking.credential(presented);
        }
        asking.found
    }

    /// The withdrawals of all that a principal holds of its own.
    pub(super) fn of_root(
        ground: Ground<'e>,
        graph: &Graph<'e>,
        principal: &'e PrincipalId,
        tenant: &'e Tenant,
    ) -> Self {
        let mut asking = Asking::new(ground, Givers::OfRequest(graph, principal), tenant);
        asking.principal(principal, FoundAs::RootInactive);
        asking.found
    }

    /// The withdrawals of what a request itself presents: its credential, task, actor, approval, and the keys behind it and
    /// its decision.
    pub(super) fn of_request(
        ground: Ground<'e>,
        graph: &Graph<'e>,
        request: &Request<'e>,
        decision: Option<&'e Record>,
    ) -> Self {
        let mut asking = Asking::new(ground, Givers::OfRequest(graph, request.actor), request.tenant);
        asking.principal(request.actor, FoundAs::of(request.links.is_empty()));
        asking.key(&request.record.envelope.kid);
        if let Some(credential) = request.credential {
            asking.credential(credential);
        }
        asking.task(request.task);
        asking.close(request.task);
        if let Some(decision) = decision {
            asking.key(&decision.envelope.kid);
        }
        let approval = request.approval.as_ref().and_then(|link| link.resolution.one());
        if let Some(record) = approval
            && let Some(Payload { refs, body: Body::Approval(approval), .. }) = &record.payload
        {
            asking.approval = Some(approval);
            asking.key(&record.envelope.kid);
            asking.statement(TargetKind::Approval, record.id());
            refs.iter().for_each(|foreign| asking.foreign(&[TargetKind::Approval], foreign));
        }
        asking.found
    }
}

impl FoundAs {
    /// Of a principal that is a root, or none.
    const fn of(is_root: bool) -> Self {
        if is_root { Self::RootInactive } else { Self::Revoked }
    }

    /// The rule's slug.
    pub(crate) const fn slug(self) -> &'static str {
        match self {
            Self::Revoked => "revoked",
            Self::RootInactive => "root-inactive",
            Self::TaskClosed => "task-closed",
            Self::OutlivesTask => "outlives-task",
        }
    }
}

/// Whose authority a withdrawal would take back.
#[derive(Clone, Copy)]
enum Givers<'c, 'e> {
    /// The hop's delegatee and everybody upstream of it.
    OfHop(&'c Graph<'e>, Index),
    /// The actor and everybody upstream.
    OfRequest(&'c Graph<'e>, &'e PrincipalId),
}

struct Asking<'c, 'e> {
    ground: Ground<'e>,
    givers: Givers<'c, 'e>,
    known_givers: OnceCell<BTreeSet<&'e PrincipalId>>,
    tenant: &'e Tenant,
    approval: Option<&'e Approval>,
    matters_at: Option<Time>,
    found: Withdrawn<'e>,
}

impl<'c, 'e> Asking<'c, 'e> {
    fn new(ground: Ground<'e>, givers: Givers<'c, 'e>, tenant: &'e Tenant) -> Self {
        Self {
            ground,
            givers,
            known_givers: OnceCell::new(),
            tenant,
            approval: None,
            matters_at: None,
            found: Withdrawn::default(),
        }
    }

    fn statement(&mut self, kind: TargetKind, id: StatementId) {
        let log = self.ground.evidence.registry().log();
        let is_it = |target: &Target| match &target.reference {
            Some(Reference::Id(named)) => *named == id,
            Some(Reference::InLog(of, named)) => *of == log && *named == id,
            _ => false,
        };
        self.ask(&Term::Withdrawn(&id), FoundAs::Revoked, |target| target.kind == kind && is_it(target));
    }

    fn foreign(&mut self, kinds: &[TargetKind], foreign: &ForeignRef) {
        let is_it = |target: &Target| target.reference.as_ref() == Some(&Reference::Foreign(foreign.clone()));
        self.ask(&Term::WithdrawnForeign(self.tenant, foreign), FoundAs::Revoked, |target| {
            kinds.contains(&target.kind) && is_it(target)
        });
    }

    /// A credential goes by its own name and by the statements that issued it.
    fn credential(&mut self, credential: &ForeignRef) {
        self.foreign(&[TargetKind::Credential], credential);
        for issue in issues_of(self.ground, self.tenant, credential) {
            self.statement(TargetKind::Credential, issue.id());
            self.end(issue.payload.as_ref().and_then(|payload| payload.task.as_ref()));
        }
    }

    fn key(&mut self, kid: &KeyId) {
        self.ask(&Term::WithdrawnKey(kid), FoundAs::Revoked, |target| {
            target.kind == TargetKind::Key && target.key == Some(*kid)
        });
    }

    fn task(&mut self, task: Option<&Line>) {
        if let Some(task) = task {
            let is_it =
                |target: &Target| target.kind == TargetKind::Task && target.task.as_ref() == Some(task);
            self.ask(&Term::WithdrawnTask(self.tenant, task), FoundAs::Revoked, is_it);
        }
    }

    /// The request's own task carries nothing once it has ended, nor while it is suspended.
    fn close(&mut self, task: Option<&Line>) {
        let Some(task) = task else { return };
        let history = History::of(self.ground, self.tenant, task);
        self.rests(history.ends().chain(history.suspensions()), FoundAs::TaskClosed);
    }

    /// What was given for a task is over when the task has ended.
    fn end(&mut self, task: Option<&Line>) {
        let Some(task) = task else { return };
        self.rests(History::of(self.ground, self.tenant, task).ends(), FoundAs::OutlivesTask);
    }

    fn rests(&mut self, rests: impl Iterator<Item = Rest<'e>>, found_as: FoundAs) {
        self.found.counting.extend(rests.map(|Rest { step, until }| Withdrawal {
            by: Some((step.record, &step.record.envelope.iss)),
            what: "task",
            cause: step.task.op.to_string(),
            effective: step.at,
            until,
            matters_at: self.matters_at,
            found_as,
        }));
    }

    fn principal(&mut self, principal: &'e PrincipalId, found_as: FoundAs) {
        let is_it = |target: &Target| {
            target.kind == TargetKind::Principal && target.principal.as_ref() == Some(principal)
        };
        self.ask(&Term::WithdrawnPrincipal(principal), found_as, is_it);
        for suspension in suspensions(self.ground, principal) {
            self.found.counting.push(Withdrawal {
                by: Some((suspension.record, &suspension.record.envelope.iss)),
                what: "principal",
                cause: suspension.status.to_string(),
                effective: suspension.from,
                until: suspension.until,
                matters_at: None,
                found_as,
            });
        }
    }

    fn ask(&mut self, term: &Term<'_>, found_as: FoundAs, is_it: impl Fn(&Target) -> bool) {
        self.suppose(term, found_as, &is_it);
        for record in self.ground.evidence.find(term).records {
            let Some(payload @ Payload { at, body: Body::Revocation(revocation), .. }) = &record.payload
            else {
                continue;
            };
            if !self.ground.effort.spend(1) || !is_it(&revocation.target) {
                continue;
            }
            let revoker = revocation.revoker.as_ref().unwrap_or(&record.envelope.iss);
            let withdrawal = Withdrawal {
                by: Some((record, revoker)),
                what: revocation.target.kind.as_str(),
                cause: revocation.cause.as_ref().map_or_else(|| "no cause given".into(), ToString::to_string),
                effective: revocation.effective_at.unwrap_or(*at),
                until: None,
                matters_at: self.matters_at,
                found_as,
            };
            let revoker =
                Speaker { ground: self.ground, record, tenant: &payload.tenant, principal: revoker };
            let counts = record.standing.is_ok() && self.may(&revoker, &revocation.target);
            let found = if counts { &mut self.found.counting } else { &mut self.found.idle };
            found.push(withdrawal);
        }
    }

    /// What is supposed to be withdrawn is so by somebody who may.
    fn suppose(&mut self, term: &Term<'_>, found_as: FoundAs, is_it: impl Fn(&Target) -> bool) {
        let in_tenant = matches!(term, Term::WithdrawnForeign(..) | Term::WithdrawnTask(..));
        let is_meant =
            |supposed: &&Supposed| is_it(&supposed.target) && (!in_tenant || supposed.tenant == *self.tenant);
        let Some(supposed) = self.ground.supposed.filter(is_meant) else { return };
        self.found.counting.push(Withdrawal {
            by: None,
            what: supposed.target.kind.as_str(),
            cause: String::from("supposed"),
            effective: supposed.from,
            until: None,
            matters_at: self.matters_at,
            found_as,
        });
    }

    fn may(&self, revoker: &Speaker<'e>, target: &Target) -> bool {
        if revoker.holds(|grant| grant.role == Role::Registrar) {
            return true;
        }
        match target.kind {
            TargetKind::Key => {
                let key = target.key.and_then(|kid| self.ground.evidence.registry().key(&kid));
                key.is_some_and(|key| revoker.speaks_for(&key.principal))
            }
            TargetKind::Approval => {
                self.approval.is_some_and(|approval| revoker.speaks_for(&approval.approver))
            }
            TargetKind::Principal => target.principal.as_ref().is_some_and(|named| revoker.speaks_for(named)),
            TargetKind::Task if self.owns_task(revoker, target.task.as_ref()) => true,
            TargetKind::Delegation | TargetKind::Credential | TargetKind::Task => {
                let givers = self.known_givers.get_or_init(|| self.find_givers());
                givers.iter().any(|giver| revoker.speaks_for(giver))
            }
        }
    }

    /// Whoever opened the task first named its owner; nobody can open it again for themselves.
    fn owns_task(&self, revoker: &Speaker<'e>, task: Option<&Line>) -> bool {
        let Some(task) = task else { return false };
        let states = self.ground.evidence.find(&Term::TaskState(self.tenant, task)).records;
        let owner =
            states.into_iter().filter(|record| record.standing.is_ok()).find_map(|record| {
                match record.payload.as_ref() {
                    Some(Payload { task: Some(named), tenant, body: Body::Task(opened), .. }) => {
                        opened.owner.as_ref().filter(|_| named == task && tenant == self.tenant)
                    }
                    _ => None,
                }
            });
        owner.is_some_and(|owner| revoker.speaks_for(owner))
    }

    fn find_givers(&self) -> BTreeSet<&'e PrincipalId> {
        let mut givers = BTreeSet::new();
        let (graph, hops) = match self.givers {
            Givers::OfHop(graph, hop) => {
                givers.extend(graph.node(hop).map(|node| &node.hop.delegatee));
                (graph, graph.upstream(self.ground, hop))
            }
            Givers::OfRequest(graph, actor) => {
                givers.insert(actor);
                (graph, graph.parents_first().map(|node| node.record.index).collect())
            }
        };
        let sound =
            hops.into_iter().filter_map(|hop| graph.node(hop)).filter(|node| node.record.standing.is_ok());
        givers.extend(sound.map(|node| &node.hop.delegator));
        givers
    }
}
