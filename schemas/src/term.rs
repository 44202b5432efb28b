//! Index terms: what each statement can be found by.
//!
//! The one place that derives them. The ledger's index rows, the log's signed assertions and the verifier's questions all
//! come from here, so an answer that leaves something out can be shown wrong from the entries alone.

use alloc::vec::Vec;

use crate::canonical::Writer;
use crate::envelope::Statement;
use crate::ids::{KeyId, StatementId, StreamId, TermId};
use crate::kinds::{Digest, KeyOp, Ruling, Target};
use crate::payload::{Body, Kind};
use crate::reference::{ForeignRef, Reference};
use crate::text::{Line, Name, PrincipalId, Tenant};

/// Something that statements can be found by. Written as `["writ/term/1", name, part…]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Term<'a> {
    /// Statements of a kind.
    Kind(Kind),
    /// `key` statements about a key.
    Key(&'a KeyId),
    /// Statements signed by a key.
    Signer(&'a KeyId),
    /// `key`, `principal` and `link` statements that say who a principal is.
    Registration(&'a PrincipalId),
    /// Statements that a principal takes part in.
    Principal(&'a PrincipalId),
    /// Decisions and actions of this action name.
    Action(&'a Line),
    /// Decisions and actions that touch a resource.
    Resource(&'a Line),
    /// Decisions of this ruling.
    Ruling(Ruling),
    /// Statements within a task.
    Task(&'a Tenant, &'a Line),
    /// `task` statements of a task: where it stands.
    TaskState(&'a Tenant, &'a Line),
    /// Statements of a kind that carry a foreign id, within a tenant: what a foreign reference resolves to.
    Named(Kind, &'a Tenant, &'a ForeignRef),
    /// Statements that carry a foreign id of this type and value, whatever its namespace.
    Foreign(&'a Name, &'a Line),
    /// Statements of a kind whose body refers to a statement.
    Citing(Kind, &'a StatementId),
    /// Statements of a kind whose body refers to a foreign id, within a tenant.
    CitingForeign(Kind, &'a Tenant, &'a ForeignRef),
    /// Decisions, approvals and actions on exactly this request, within a tenant.
    Request(&'a Tenant, &'a Digest),
    /// Revocations of a statement.
    Withdrawn(&'a StatementId),
    /// Revocations of something under a foreign id, within a tenant.
    WithdrawnForeign(&'a Tenant, &'a ForeignRef),
    /// Revocations of a key.
    WithdrawnKey(&'a KeyId),
    /// Revocations of a task.
    WithdrawnTask(&'a Tenant, &'a Line),
    /// Revocations of all that a principal holds.
    WithdrawnPrincipal(&'a PrincipalId),
    /// Statements under one number of one emitter's sequence.
    Slot(&'a KeyId, &'a Tenant, &'a StreamId, u64),
    /// The imported statement of one part of one source event: tenant, format, id, part.
    Source(&'a Tenant, &'a Name, &'a Line, &'a Name),
}

/// Every term that `statement` can be found by, once each, in ascending order.
pub fn terms(statement: &Statement) -> Vec<TermId> {
    let mut found = Terms { tenant: &statement.payload.tenant, ids: Vec::with_capacity(32) };
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
    for foreign in &payload.refs {
        found.carries(payload.kind, foreign);
    }
    found.body(statement);
    found.ids.sort_unstable();
    found.ids.dedup();
    found.ids
}

struct Terms<'a> {
    tenant: &'a Tenant,
    ids: Vec<TermId>,
}

impl<'a> Terms<'a> {
    fn add(&mut self, term: Term<'_>) {
        self.ids.push(term.id());
    }

    fn carries(&mut self, kind: Kind, foreign: &ForeignRef) {
        self.add(Term::Named(kind, self.tenant, foreign));
        self.add(Term::Foreign(&foreign.kind, &foreign.value));
    }

    fn cites<'r>(&mut self, kind: Kind, references: impl IntoIterator<Item = &'r Reference>) {
        for reference in references {
            match reference {
                Reference::Id(id) | Reference::InLog(_, id) => self.add(Term::Citing(kind, id)),
                Reference::Foreign(foreign) => self.cites_foreign(kind, [foreign]),
            }
        }
    }

    fn cites_foreign<'r>(&mut self, kind: Kind, foreign: impl IntoIterator<Item = &'r ForeignRef>) {
        for foreign in foreign {
            self.add(Term::CitingForeign(kind, self.tenant, foreign));
            self.add(Term::Foreign(&foreign.kind, &foreign.value));
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

    fn body(&mut self, statement: &Statement) {
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
            Body::Decision(decision) => {
                self.add(Term::Ruling(decision.ruling));
                self.principals([&decision.actor].into_iter().chain(&decision.decider).chain(&decision.pep));
                self.does(&decision.action.name, &decision.resources, &decision.request);
                self.cites(
                    kind,
                    decision.delegation.iter().chain(&decision.approval).chain(&decision.retry_of),
                );
                self.cites_foreign(kind, &decision.credential);
            }
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
            Body::Policy(policy) => self.cites(kind, &policy.supersedes),
            Body::Correction(correction) => {
                self.cites(kind, [&correction.about].into_iter().chain(&correction.replacement))
            }
        }
    }

    fn withdraws(&mut self, target: &Target) {
        match &target.reference {
            Some(Reference::Id(id) | Reference::InLog(_, id)) => self.add(Term::Withdrawn(id)),
            Some(Reference::Foreign(foreign)) => {
                self.add(Term::WithdrawnForeign(self.tenant, foreign));
                self.add(Term::Foreign(&foreign.kind, &foreign.value));
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

impl Term<'_> {
    /// The term's short name.
    pub fn id(&self) -> TermId {
        let hash = blake3::hash(&self.to_bytes());
        TermId::new(hash.as_bytes().first_chunk().copied().unwrap_or_default())
    }

    /// The term's canonical bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut w = Writer::with_capacity(96);
        let mut begin = |name: &str, parts: u64| {
            w.array(parts.saturating_add(2)).text("writ/term/1").text(name);
        };
        match self {
            Self::Kind(kind) => {
                begin("kind", 1);
                w.text(kind.as_str());
            }
            Self::Key(kid) => {
                begin("key", 1);
                w.bytes(kid.as_bytes());
            }
            Self::Signer(kid) => {
                begin("signer", 1);
                w.bytes(kid.as_bytes());
            }
            Self::Registration(principal) => {
                begin("registration", 1);
                w.text(principal.as_str());
            }
            Self::Principal(principal) => {
                begin("principal", 1);
                w.text(principal.as_str());
            }
            Self::Action(name) => {
                begin("action", 1);
                w.text(name.as_str());
            }
            Self::Resource(name) => {
                begin("resource", 1);
                w.text(name.as_str());
            }
            Self::Ruling(ruling) => {
                begin("ruling", 1);
                w.text(ruling.as_str());
            }
            Self::Task(tenant, task) => {
                begin("task", 2);
                w.text(tenant.as_str()).text(task.as_str());
            }
            Self::TaskState(tenant, task) => {
                begin("task-state", 2);
                w.text(tenant.as_str()).text(task.as_str());
            }
            Self::Named(kind, tenant, foreign) => {
                begin("named", 5);
                w.text(kind.as_str());
                write_foreign(&mut w, tenant, foreign);
            }
            Self::Foreign(kind, value) => {
                begin("foreign", 2);
                w.text(kind.as_str()).text(value.as_str());
            }
            Self::Citing(kind, id) => {
                begin("citing", 2);
                w.text(kind.as_str()).bytes(id.as_bytes());
            }
            Self::CitingForeign(kind, tenant, foreign) => {
                begin("citing-foreign", 5);
                w.text(kind.as_str());
                write_foreign(&mut w, tenant, foreign);
            }
            Self::Request(tenant, digest) => {
                begin("request", 4);
                w.text(tenant.as_str())
                    .text(digest.alg.as_str())
                    .text(digest.canon.as_str())
                    .bytes(&digest.value.0);
            }
            Self::Withdrawn(id) => {
                begin("withdrawn", 1);
                w.bytes(id.as_bytes());
            }
            Self::WithdrawnForeign(tenant, foreign) => {
                begin("withdrawn-foreign", 4);
                write_foreign(&mut w, tenant, foreign);
            }
            Self::WithdrawnKey(kid) => {
                begin("withdrawn-key", 1);
                w.bytes(kid.as_bytes());
            }
            Self::WithdrawnTask(tenant, task) => {
                begin("withdrawn-task", 2);
                w.text(tenant.as_str()).text(task.as_str());
            }
            Self::WithdrawnPrincipal(principal) => {
                begin("withdrawn-principal", 1);
                w.text(principal.as_str());
            }
            Self::Slot(kid, tenant, stream, seq) => {
                begin("slot", 4);
                w.bytes(kid.as_bytes()).text(tenant.as_str()).bytes(stream.as_bytes()).uint(*seq);
            }
            Self::Source(tenant, format, id, part) => {
                begin("source", 4);
                w.text(tenant.as_str()).text(format.as_str()).text(id.as_str()).text(part.as_str());
            }
        }
        w.into_bytes()
    }
}

fn write_foreign(w: &mut Writer, tenant: &Tenant, foreign: &ForeignRef) {
    w.text(tenant.as_str())
        .text(foreign.kind.as_str())
        .text(foreign.namespace.as_str())
        .text(foreign.value.as_str());
}
