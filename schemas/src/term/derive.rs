//! Which terms a statement gives rise to.

use alloc::vec::Vec;

use super::Term;
use crate::envelope::Statement;
use crate::ids::TermId;
use crate::kinds::{Decision, Digest, KeyOp, PolicyRef, Target};
use crate::payload::{Body, Kind};
use crate::reference::{ForeignRef, Reference};
use crate::text::{Line, PrincipalId, Tenant};

/// Every term that `statement` can be found by, once each, in ascending order.
pub fn terms(statement: &Statement) -> Vec<TermId> {
    let mut found = Terms::of(statement);
    for foreign in core::mem::take(&mut found.foreign) {
        found.add(Term::Foreign(&foreign.value));
    }
    found.ids.sort_unstable();
    found.ids.dedup();
    found.ids
}

/// Every foreign id that `statement` carries, refers to or withdraws: those of its [`Term::Foreign`].
pub fn foreign_ids(statement: &Statement) -> Vec<&ForeignRef> {
    Terms::of(statement).foreign
}

struct Terms<'a> {
    tenant: &'a Tenant,
    ids: Vec<TermId>,
    /// What [`Term::Foreign`] is about, gathered along the way.
    foreign: Vec<&'a ForeignRef>,
}

impl<'a> Terms<'a> {
    fn of(statement: &'a Statement) -> Self {
        let mut found =
            Self { tenant: &statement.payload.tenant, ids: Vec::with_capacity(32), foreign: Vec::new() };
        let payload = &statement.payload;
        found.add(Term::Kind(payload.kind));
        found.add(Term::Signer(&statement.envelope.kid));
        found.add(Term::Principal(&statement.envelope.iss));
        if let Some(task) = &payload.task {
            found.add(Term::Task(&payload.tenant, task));
        }
        if let Some((stream, seq)) = payload.stream.as_ref().zip(payload.seq) {
            found.add(Term::Slot(&statement.envelope.kid, &payload.tenant, stream, seq));
        }
        if let Some(source) = &payload.source {
            found.add(Term::Source(&payload.tenant, &source.format, &source.id, &source.part));
        }
        if let Some(trace) = &payload.trace {
            found.add(Term::Trace(&trace.trace_id));
        }
        for foreign in &payload.refs {
            found.carries(payload.kind, foreign);
        }
        found.body(statement);
        found
    }

    fn add(&mut self, term: Term<'_>) {
        self.ids.push(term.id());
    }

    fn carries(&mut self, kind: Kind, foreign: &'a ForeignRef) {
        self.add(Term::Named(kind, self.tenant, foreign));
        self.foreign.push(foreign);
    }

    fn cites(&mut self, kind: Kind, references: impl IntoIterator<Item = &'a Reference>) {
        for reference in references {
            match reference {
                Reference::Id(id) | Reference::InLog(_, id) => self.add(Term::Citing(kind, id)),
                Reference::Foreign(foreign) => self.cites_foreign(kind, [foreign]),
            }
        }
    }

    fn cites_foreign(&mut self, kind: Kind, foreign: impl IntoIterator<Item = &'a ForeignRef>) {
        for foreign in foreign {
            self.add(Term::CitingForeign(kind, self.tenant, foreign));
            self.foreign.push(foreign);
        }
    }

    fn principals<'r>(&mut self, principals: impl IntoIterator<Item = &'r PrincipalId>) {
        for principal in principals {
            self.add(Term::Principal(principal));
        }
    }

    fn registers(&mut self, principal: &PrincipalId) {
        self.add(Term::Registration(principal));
        self.add(Term::Principal(principal));
    }

    fn does(&mut self, action: &Line, resources: &[Line], request: &Option<Digest>) {
        self.add(Term::Action(action));
        for resource in resources {
            self.add(Term::Resource(resource));
        }
        if let Some(request) = request {
            self.add(Term::Request(self.tenant, request));
        }
    }

    fn body(&mut self, statement: &'a Statement) {
        let kind = statement.payload.kind;
        match &statement.payload.body {
            Body::Genesis(_) | Body::Stream(_) | Body::Assertion(_) | Body::IndexRoot(_) => {}
            Body::Key(key) => {
                self.add(Term::Key(&key.kid));
                if let Some(replaced) = &key.replaces {
                    self.add(Term::Key(replaced));
                }
                if let (KeyOp::Add | KeyOp::Rotate, Some(principal)) = (key.op, &key.principal) {
                    self.registers(principal);
                }
            }
            Body::Principal(principal) => {
                self.registers(&principal.id);
                self.principals(&principal.owner);
            }
            Body::Link(link) => {
                self.registers(&link.from);
                self.registers(&link.to);
            }
            Body::Task(task) => {
                self.principals(&task.owner);
                if let Some(name) = &statement.payload.task {
                    self.add(Term::TaskState(self.tenant, name));
                }
            }
            Body::Delegation(hop) => {
                self.principals([&hop.delegator, &hop.delegatee].into_iter().chain(&hop.on_behalf_of));
                self.cites(
                    kind,
                    hop.parents.iter().chain(&hop.decision).chain(&hop.approval).chain(&hop.bridge),
                );
                self.cites_foreign(kind, &hop.presented_credential);
                if let Some(credential) = &hop.credential {
                    self.carries(kind, credential);
                }
            }
            Body::Credential(credential) => {
                self.principals([&credential.holder].into_iter().chain(&credential.issuer));
                self.cites(kind, credential.delegation.iter().chain(&credential.waiver));
                self.cites_foreign(kind, &credential.exchanged);
                self.carries(kind, &credential.credential);
            }
            Body::Decision(decision) => self.decision(decision),
            Body::Approval(approval) => {
                self.principals([&approval.approver, &approval.requester]);
                self.does(&approval.action.name, &approval.resources, &approval.request);
                self.cites(kind, &approval.supersedes);
                if let Some(request) = &approval.request_ref {
                    self.cites_foreign(kind, [request]);
                }
            }
            Body::Action(action) => {
                self.principals([&action.actor].into_iter().chain(&action.tool));
                self.does(&action.action.name, &action.resources, &action.request);
                let links = [&action.attempt, &action.delegation, &action.decision, &action.approval];
                self.cites(kind, links.into_iter().chain([&action.compensates, &action.retry_of]).flatten());
                self.cites_foreign(kind, &action.credential);
            }
            Body::Revocation(revocation) => {
                self.principals(&revocation.revoker);
                self.withdraws(&revocation.target);
            }
            Body::Policy(policy) => {
                self.add(Term::Policy(self.tenant, &policy.engine, &policy.id));
                self.add(Term::Revision(self.tenant, &policy.engine, &policy.id, &policy.revision));
                self.cites(kind, &policy.supersedes);
            }
            Body::Correction(correction) => {
                self.cites(kind, [&correction.about].into_iter().chain(&correction.replacement))
            }
        }
    }

    fn decision(&mut self, decision: &'a Decision) {
        let kind = Kind::Decision;
        self.add(Term::Ruling(decision.ruling));
        self.principals([&decision.actor].into_iter().chain(&decision.decider).chain(&decision.pep));
        self.does(&decision.action.name, &decision.resources, &decision.request);
        self.cites(kind, decision.delegation.iter().chain(&decision.approval).chain(&decision.retry_of));
        self.cites_foreign(kind, &decision.credential);
        if let Some(PolicyRef { engine, id: Some(id), revision: Some(revision), .. }) = &decision.policy {
            self.add(Term::Revision(self.tenant, engine, id, revision));
        }
    }

    fn withdraws(&mut self, target: &'a Target) {
        match &target.reference {
            Some(Reference::Id(id) | Reference::InLog(_, id)) => self.add(Term::Withdrawn(id)),
            Some(Reference::Foreign(foreign)) => {
                self.add(Term::WithdrawnForeign(self.tenant, foreign));
                self.foreign.push(foreign);
            }
            None => {}
        }
        if let Some(key) = &target.key {
            self.add(Term::WithdrawnKey(key));
        }
        if let Some(task) = &target.task {
            self.add(Term::WithdrawnTask(self.tenant, task));
        }
        if let Some(principal) = &target.principal {
            self.add(Term::WithdrawnPrincipal(principal));
            self.add(Term::Principal(principal));
        }
    }
}
