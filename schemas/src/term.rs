//! Index terms: what each statement can be found by.
//!
//! The one place that derives them. The ledger's index rows, the log's signed assertions and the verifier's questions all
//! come from here, so an answer that leaves something out can be shown wrong from the entries alone.

use alloc::vec::Vec;

use crate::canonical::Writer;
use crate::ids::{ByteString, KeyId, StatementId, StreamId, TermId};
use crate::kinds::{Digest, Ruling};
use crate::payload::Kind;
use crate::reference::ForeignRef;
use crate::text::{Line, Name, PrincipalId, Tenant};

mod derive;

pub use derive::{foreign_ids, terms};

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
    /// Statements that carry, refer to or withdraw a foreign id of this value, whatever its type and namespace.
    Foreign(&'a Line),
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
    /// `policy` statements of a policy, within a tenant: engine, id.
    Policy(&'a Tenant, &'a Name, &'a Line),
    /// Decisions by a revision of a policy, within a tenant, and its `policy` statement: engine, id, revision.
    Revision(&'a Tenant, &'a Name, &'a Line, &'a Line),
    /// Statements of a distributed trace.
    Trace(&'a ByteString),
    /// The imported statement of one part of one source event: tenant, format, id, part.
    Source(&'a Tenant, &'a Name, &'a Line, &'a Name),
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
            Self::Foreign(value) => {
                begin("foreign", 1);
                w.text(value.as_str());
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
            Self::Policy(tenant, engine, id) => {
                begin("policy", 3);
                w.text(tenant.as_str()).text(engine.as_str()).text(id.as_str());
            }
            Self::Revision(tenant, engine, id, revision) => {
                begin("revision", 4);
                w.text(tenant.as_str()).text(engine.as_str()).text(id.as_str()).text(revision.as_str());
            }
            Self::Trace(trace) => {
                begin("trace", 1);
                w.bytes(&trace.0);
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
