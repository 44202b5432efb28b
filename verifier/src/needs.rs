//! What must be known beside a statement to judge by it: the closure that a bundle carries.
//!
//! The server gathers by this list, the judge asks by this list; a bundle that leaves something out is therefore seen to.

use alloc::collections::BTreeSet;

use schemas::envelope::{Envelope, Statement};
use schemas::ids::{KeyId, StatementId, TermId};
use schemas::kinds::{Action, Approval, Credential, Decision, Delegation, PolicyRef, Target, Use};
use schemas::payload::{Body, Kind, Payload};
use schemas::reference::{ForeignRef, Reference};
use schemas::term::Term;
use schemas::text::{PrincipalId, Tenant};

/// What one statement asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// Statements that it refers to.
    pub ids: BTreeSet<StatementId>,
    /// Terms of which every statement must be known, and everything that it rests on in turn.
    pub terms: BTreeSet<TermId>,
    /// Terms of which every statement is counted: of these only their signers' keys must be known.
    pub counted: BTreeSet<TermId>,
}

/// What a profile asks for beside what every verdict needs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wants {
    /// Every statement of the subject's task, for what must not follow each other in it.
    pub task: bool,
}

/// What must be known beside a statement that is only counted: who signed it, and of a permit who used it.
pub(crate) fn needs_to_count(statement: &Statement) -> Needs {
    let (envelope, payload) = (&statement.envelope, &statement.payload);
    let mut asked = Asked { envelope, payload, tenant: &payload.tenant, needs: Needs::default() };
    asked.term(Term::Key(&envelope.kid));
    // A permit is a use of an approval once an action relies on it.
    if matches!(payload.body, Body::Decision(_)) {
        asked.uses([]);
    }
    asked.needs
}

/// What must be known beside `statement`.
pub fn needs(statement: &Statement) -> Needs {
    needs_of(&statement.envelope, &statement.payload)
}

/// [`needs`] of a statement in its two parts.
pub(crate) fn needs_of(envelope: &Envelope, payload: &Payload) -> Needs {
    let mut asked = Asked { envelope, payload, tenant: &payload.tenant, needs: Needs::default() };
    asked.term(Term::Key(&envelope.kid));
    asked.term(Term::WithdrawnKey(&envelope.kid));
    if let Some((stream, seq)) = payload.stream.as_ref().zip(payload.seq) {
        asked.term(Term::Slot(&envelope.kid, &payload.tenant, stream, seq));
    }
    if let Some(task) = &payload.task {
        asked.term(Term::TaskState(&payload.tenant, task));
        asked.term(Term::WithdrawnTask(&payload.tenant, task));
    }
    asked.body();
    asked.needs
}

struct Asked<'a> {
    envelope: &'a Envelope,
    payload: &'a Payload,
    tenant: &'a Tenant,
    needs: Needs,
}

impl Asked<'_> {
    fn term(&mut self, term: Term<'_>) {
        self.needs.terms.insert(term.id());
    }

    /// The actions that cite this statement, under its id or any foreign id that it goes by.
    fn uses<'r>(&mut self, names: impl IntoIterator<Item = &'r ForeignRef>) {
        self.citing(Kind::Action, names);
    }

    /// The statements of a kind that do.
    fn citing<'r>(&mut self, kind: Kind, names: impl IntoIterator<Item = &'r ForeignRef>) {
        self.counted(Term::Citing(kind, &self.envelope.id));
        let payload: &Payload = self.payload;
        for foreign in payload.refs.iter() {
            self.counted(Term::CitingForeign(kind, self.tenant, foreign));
        }
        for foreign in names {
            self.counted(Term::CitingForeign(kind, self.tenant, foreign));
        }
    }

    fn counted(&mut self, term: Term<'_>) {
        self.needs.counted.insert(term.id());
    }

    /// The statement that a reference resolves to.
    fn resolve<'r>(&mut self, kind: Kind, references: impl IntoIterator<Item = &'r Reference>) {
        for reference in references {
            match reference {
                Reference::Id(id) => {
                    self.needs.ids.insert(*id);
                }
                Reference::Foreign(foreign) => self.term(Term::Named(kind, self.tenant, foreign)),
                Reference::InLog(log, id) if Some(*log) == self.payload.log => {
                    self.needs.ids.insert(*id);
                }
                Reference::InLog(..) => {}
            }
        }
    }

    /// Whatever may withdraw this statement, under its id or any foreign id it goes by.
    fn withdrawals<'r>(&mut self, names: impl IntoIterator<Item = &'r ForeignRef>) {
        self.term(Term::Withdrawn(&self.envelope.id));
        let payload: &Payload = self.payload;
        for foreign in payload.refs.iter() {
            self.term(Term::WithdrawnForeign(self.tenant, foreign));
        }
        for foreign in names {
            self.term(Term::WithdrawnForeign(self.tenant, foreign));
        }
    }

    /// The hop and the issue that a presented credential stands for.
    fn credential(&mut self, credential: Option<&ForeignRef>) {
        if let Some(foreign) = credential {
            self.term(Term::Named(Kind::Delegation, self.tenant, foreign));
            self.term(Term::Named(Kind::Credential, self.tenant, foreign));
            self.term(Term::WithdrawnForeign(self.tenant, foreign));
        }
    }

    fn principal(&mut self, principal: &PrincipalId) {
        self.term(Term::Registration(principal));
        self.term(Term::WithdrawnPrincipal(principal));
    }

    fn body(&mut self) {
        let payload: &Payload = self.payload;
        match &payload.body {
            Body::Delegation(hop) => self.hop(hop),
            Body::Decision(decision) => self.decision(decision),
            Body::Action(action) => self.action(action),
            Body::Approval(approval) => self.approval(approval),
            Body::Credential(credential) => self.issue(credential),
            Body::Revocation(revocation) => self.target(&revocation.target),
            Body::Key(key) => self.term(Term::Key(&key.kid)),
            // Which keys sign for the log now: from those of genesis each later one is found by the one that it replaces.
            Body::Genesis(genesis) => {
                for key in genesis.keys.iter().filter(|key| key.usage != Use::Receipt) {
                    self.term(Term::Key(&KeyId::of(&key.public)));
                }
            }
            // Under which other names whoever answers for a task closes it.
            Body::Task(task) => task.owner.iter().for_each(|owner| self.term(Term::Registration(owner))),
            Body::Principal(_)
            | Body::Link(_)
            | Body::Policy(_)
            | Body::Stream(_)
            | Body::Assertion(_)
            | Body::IndexRoot(_)
            | Body::Correction(_) => {}
        }
    }

    fn hop(&mut self, hop: &Delegation) {
        self.resolve(Kind::Delegation, &hop.parents);
        self.resolve(Kind::Decision, &hop.decision);
        self.resolve(Kind::Approval, &hop.approval);
        self.credential(hop.presented_credential.as_ref());
        self.credential(hop.credential.as_ref());
        self.withdrawals(&hop.credential);
        self.resolve(Kind::Delegation, &hop.bridge);
        self.principal(&hop.delegator);
        self.principal(&hop.delegatee);
        if hop.use_limit.is_some() {
            self.uses(&hop.credential);
            // What was handed on of it counts too.
            self.citing(Kind::Delegation, &hop.credential);
        }
    }

    fn decision(&mut self, decision: &Decision) {
        self.resolve(Kind::Delegation, &decision.delegation);
        self.resolve(Kind::Approval, &decision.approval);
        self.resolve(Kind::Decision, &decision.retry_of);
        if let Some(PolicyRef { engine, id: Some(id), .. }) = &decision.policy {
            self.term(Term::Policy(self.tenant, engine, id));
        }
        self.uses([]);
        // What an obligation is met by is judged by, and not only counted.
        if !decision.obligations.is_empty() {
            self.term(Term::Citing(Kind::Action, &self.envelope.id));
            for foreign in &self.payload.refs {
                self.term(Term::CitingForeign(Kind::Action, self.tenant, foreign));
            }
        }
        self.credential(decision.credential.as_ref());
        self.principal(&decision.actor);
        if let Some(request) = &decision.request {
            self.term(Term::Request(self.tenant, request));
        }
    }

    fn action(&mut self, action: &Action) {
        self.resolve(Kind::Action, &action.attempt);
        self.resolve(Kind::Delegation, &action.delegation);
        self.resolve(Kind::Decision, &action.decision);
        self.resolve(Kind::Approval, &action.approval);
        self.resolve(Kind::Action, action.retry_of.iter().chain(&action.compensates));
        self.uses([]);
        self.credential(action.credential.as_ref());
        self.principal(&action.actor);
        if let Some(request) = &action.request {
            self.term(Term::Request(self.tenant, request));
        }
    }

    fn approval(&mut self, approval: &Approval) {
        let payload: &Payload = self.payload;
        self.withdrawals([]);
        self.resolve(Kind::Approval, &approval.supersedes);
        // What replaces it, and what reviews it where it was an emergency.
        self.term(Term::Citing(Kind::Approval, &self.envelope.id));
        for foreign in &payload.refs {
            self.term(Term::CitingForeign(Kind::Approval, self.tenant, foreign));
        }
        self.uses([]);
        self.counted(Term::Citing(Kind::Decision, &self.envelope.id));
        for foreign in &payload.refs {
            self.counted(Term::CitingForeign(Kind::Decision, self.tenant, foreign));
        }
        self.principal(&approval.approver);
        self.principal(&approval.requester);
    }

    fn issue(&mut self, credential: &Credential) {
        self.resolve(Kind::Delegation, &credential.delegation);
        self.credential(Some(&credential.credential));
        self.principal(&credential.holder);
        self.resolve(Kind::Approval, &credential.waiver);
        self.withdrawals([]);
    }

    /// Who may withdraw a target depends on what the target is.
    fn target(&mut self, target: &Target) {
        if let Some(Reference::Id(id)) = &target.reference {
            self.needs.ids.insert(*id);
        }
        if let Some(kid) = &target.key {
            self.term(Term::Key(kid));
        }
    }
}
