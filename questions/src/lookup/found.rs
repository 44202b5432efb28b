//! What is looked up, and how a statement holds it.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use schemas::envelope::Statement;
use schemas::ids::{ByteString, KeyId, StatementId, TermId};
use schemas::kinds::Digest;
use schemas::payload::{Body, Kind};
use schemas::reference::{ForeignRef, Reference};
use schemas::term::{Term, foreign_ids};
use schemas::text::{Line, Name, PrincipalId, Tenant};

use super::{Foreign, How};
use crate::course::Course;
use crate::reach::revision;

/// The kinds whose bodies refer to statements.
const CITING: [Kind; 7] = [
    Kind::Delegation,
    Kind::Credential,
    Kind::Decision,
    Kind::Approval,
    Kind::Action,
    Kind::Policy,
    Kind::Correction,
];

/// One of the things that a name may mean.
#[derive(Clone, Debug)]
pub(super) enum Wanted {
    /// A statement.
    Statement(StatementId),
    /// A foreign id by its value, and its type where it was given.
    Foreign(Option<Name>, Line),
    /// A task or a trace.
    Course(Course),
    /// Somebody.
    Principal(PrincipalId),
    /// A signing key.
    Key(KeyId),
    /// A policy: engine, id.
    Policy(Tenant, Name, Line),
    /// One revision of a policy: engine, id, revision.
    Revision(Tenant, Name, Line, Line),
    /// Exactly one request.
    Request(Tenant, Digest),
    /// What was touched.
    Resource(Line),
    /// An event of another system's log that was imported: format, id.
    Source(Tenant, Name, Line),
}

/// Everything that a name may mean where it is no statement's.
pub(super) fn wanted(name: &str, tenant: &Tenant) -> Vec<Wanted> {
    let own = || tenant.clone();
    let line = Line::new(name).ok();
    let typed =
        name.split_once(':').and_then(|(kind, value)| Some((Name::new(kind).ok()?, Line::new(value).ok()?)));
    let mut wanted: Vec<Wanted> = Vec::new();
    wanted.extend(line.iter().map(|value| Wanted::Foreign(None, value.clone())));
    wanted.extend(typed.iter().map(|(kind, value)| Wanted::Foreign(Some(kind.clone()), value.clone())));
    wanted.extend(Course::named(name, tenant).into_iter().map(Wanted::Course));
    wanted.extend(PrincipalId::new(name).ok().map(Wanted::Principal));
    wanted.extend(KeyId::from_hex(&name.to_ascii_lowercase()).map(Wanted::Key));
    wanted.extend(revision(name).map(|(engine, id, at)| Wanted::Revision(own(), engine, id, at)));
    wanted.extend(request(name).map(|digest| Wanted::Request(own(), digest)));
    wanted.extend(line.map(Wanted::Resource));
    if let Some((first, rest)) = typed {
        wanted.push(Wanted::Policy(own(), first.clone(), rest.clone()));
        wanted.push(Wanted::Source(own(), first, rest));
    }
    wanted
}

impl Wanted {
    /// The terms under which it is found.
    pub(super) fn terms(&self) -> Vec<TermId> {
        let terms = |terms: &[Term<'_>]| terms.iter().map(Term::id).collect();
        match self {
            Self::Statement(id) => {
                let citing = CITING.iter().map(|kind| Term::Citing(*kind, id).id());
                citing.chain([Term::Withdrawn(id).id()]).collect()
            }
            Self::Foreign(_, value) => terms(&[Term::Foreign(value)]),
            Self::Course(Course::Task { tenant, task }) => {
                terms(&[Term::Task(tenant, task), Term::WithdrawnTask(tenant, task)])
            }
            Self::Course(course) => Vec::from([course.term()]),
            Self::Principal(principal) => terms(&[Term::Principal(principal)]),
            Self::Key(key) => terms(&[Term::Key(key), Term::Signer(key), Term::WithdrawnKey(key)]),
            Self::Policy(tenant, engine, id) => terms(&[Term::Policy(tenant, engine, id)]),
            Self::Revision(tenant, engine, id, at) => terms(&[Term::Revision(tenant, engine, id, at)]),
            Self::Request(tenant, digest) => terms(&[Term::Request(tenant, digest)]),
            Self::Resource(name) => terms(&[Term::Resource(name)]),
            Self::Source(tenant, format, id) => {
                // Adapters call the parts of an event by the kinds that they make of it.
                let parts = Kind::ALL.iter().filter_map(|kind| Name::new(kind.as_str()).ok());
                parts.map(|part| Term::Source(tenant, format, id, &part).id()).collect()
            }
        }
    }

    /// Each way in which a statement holds it, with what it is. A term is a short hash: what it found is looked at before it is
    /// believed.
    pub(super) fn held_by(&self, statement: &Statement) -> Vec<(How, Option<Foreign>)> {
        if let Self::Foreign(kind, value) = self {
            let is_asked = |foreign: &&ForeignRef| {
                foreign.value == *value && kind.as_ref().is_none_or(|kind| foreign.kind == *kind)
            };
            let asked = foreign_ids(statement).into_iter().filter(is_asked);
            let tenant = &statement.payload.tenant;
            return asked.map(|foreign| (how(statement, foreign), Some(issued(foreign, tenant)))).collect();
        }
        let is = self.is();
        self.ways(statement).map(|how| (how, is.clone())).collect()
    }

    /// What it is called.
    fn is(&self) -> Option<Foreign> {
        let (kind, tenant) = match self {
            Self::Statement(_) | Self::Foreign(..) => return None,
            Self::Course(course) => (course.sort(), course.tenant()),
            Self::Principal(_) => ("principal", None),
            Self::Key(_) => ("key", None),
            Self::Policy(tenant, ..) => ("policy", Some(tenant)),
            Self::Revision(tenant, ..) => ("policy-revision", Some(tenant)),
            Self::Request(tenant, _) => ("request-digest", Some(tenant)),
            Self::Resource(_) => ("resource", None),
            Self::Source(tenant, ..) => ("source-event", Some(tenant)),
        };
        Some(Foreign { kind: kind.into(), namespace: None, tenant: tenant.map(ToString::to_string) })
    }

    fn ways(&self, statement: &Statement) -> impl Iterator<Item = How> {
        let (payload, body) = (&statement.payload, &statement.payload.body);
        let target = match body {
            Body::Revocation(revocation) => Some(&revocation.target),
            _ => None,
        };
        let ways = match self {
            Self::Foreign(..) => [None, None, None],
            Self::Statement(id) if statement.id() == *id => [Some(How::Is), None, None],
            Self::Statement(id) => {
                let withdraws = withdraws(statement, |target| means(target, id));
                [Some(if withdraws { How::Withdraws } else { How::Refers }), None, None]
            }
            Self::Course(Course::Task { tenant, task }) => {
                let is_it = payload.tenant == *tenant;
                let withdrawn = target.and_then(|target| target.task.as_ref()) == Some(task);
                let own = is_it && payload.task.as_ref() == Some(task);
                let states = own && payload.kind == Kind::Task;
                [
                    states.then_some(How::States),
                    (own && !states).then_some(How::Within),
                    (is_it && withdrawn).then_some(How::Withdraws),
                ]
            }
            Self::Course(course) => [course.holds(payload).then_some(How::Traced), None, None],
            Self::Principal(principal) => {
                let states = match body {
                    Body::Key(key) => key.principal.as_ref() == Some(principal),
                    Body::Principal(stated) => stated.id == *principal,
                    Body::Link(link) => link.from == *principal || link.to == *principal,
                    _ => false,
                };
                let withdraws = target.and_then(|target| target.principal.as_ref()) == Some(principal);
                let involves = gives_rise(statement, &Term::Principal(principal)) && !states && !withdraws;
                [
                    states.then_some(How::States),
                    withdraws.then_some(How::Withdraws),
                    involves.then_some(How::Involves),
                ]
            }
            Self::Key(key) => [
                gives_rise(statement, &Term::Key(key)).then_some(How::States),
                (target.and_then(|target| target.key.as_ref()) == Some(key)).then_some(How::Withdraws),
                (statement.envelope.kid == *key).then_some(How::Signs),
            ],
            Self::Policy(tenant, engine, id) => {
                [gives_rise(statement, &Term::Policy(tenant, engine, id)).then_some(How::States), None, None]
            }
            Self::Revision(tenant, engine, id, at) => {
                let how = if payload.kind == Kind::Policy { How::States } else { How::Ruled };
                let is_it = gives_rise(statement, &Term::Revision(tenant, engine, id, at));
                [is_it.then_some(how), None, None]
            }
            Self::Request(tenant, digest) => {
                [gives_rise(statement, &Term::Request(tenant, digest)).then_some(How::Requests), None, None]
            }
            Self::Resource(name) => {
                [gives_rise(statement, &Term::Resource(name)).then_some(How::Touches), None, None]
            }
            Self::Source(tenant, format, id) => {
                let source = payload.source.as_ref().filter(|_| payload.tenant == *tenant);
                let is_it = source.is_some_and(|source| source.format == *format && source.id == *id);
                [is_it.then_some(How::Imported), None, None]
            }
        };
        ways.into_iter().flatten()
    }
}

fn gives_rise(statement: &Statement, term: &Term<'_>) -> bool {
    schemas::term::terms(statement).binary_search(&term.id()).is_ok()
}

fn issued(foreign: &ForeignRef, tenant: &Tenant) -> Foreign {
    Foreign {
        kind: foreign.kind.to_string(),
        namespace: Some(foreign.namespace.to_string()),
        tenant: Some(tenant.to_string()),
    }
}

fn how(statement: &Statement, foreign: &ForeignRef) -> How {
    let (issued, presented) = match &statement.payload.body {
        Body::Delegation(hop) => (hop.credential.as_ref(), hop.presented_credential.as_ref()),
        Body::Credential(credential) => (Some(&credential.credential), credential.exchanged.as_ref()),
        Body::Decision(decision) => (None, decision.credential.as_ref()),
        Body::Action(action) => (None, action.credential.as_ref()),
        _ => (None, None),
    };
    if withdraws(statement, |target| matches!(target, Reference::Foreign(named) if named == foreign)) {
        How::Withdraws
    } else if issued == Some(foreign) {
        How::Issues
    } else if presented == Some(foreign) {
        How::Presents
    } else if statement.payload.refs.contains(foreign) {
        How::Carries
    } else {
        How::Refers
    }
}

fn withdraws(statement: &Statement, is_it: impl Fn(&Reference) -> bool) -> bool {
    match &statement.payload.body {
        Body::Revocation(revocation) => revocation.target.reference.as_ref().is_some_and(is_it),
        _ => false,
    }
}

fn means(reference: &Reference, id: &StatementId) -> bool {
    matches!(reference, Reference::Id(named) | Reference::InLog(_, named) if named == id)
}

/// `algorithm:form:digits`.
fn request(name: &str) -> Option<Digest> {
    let mut parts = name.splitn(3, ':');
    let (alg, canon, digits) = (parts.next()?, parts.next()?, parts.next()?);
    let value = hex(digits).filter(|value| (16..=64).contains(&value.len()))?;
    Some(Digest { alg: Name::new(alg).ok()?, canon: Name::new(canon).ok()?, value: ByteString(value) })
}

fn hex(digits: &str) -> Option<Vec<u8>> {
    let digits: String = digits.to_ascii_lowercase();
    if !digits.len().is_multiple_of(2) || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let byte = |at: usize| u8::from_str_radix(digits.get(at..at.checked_add(2)?)?, 16).ok();
    (0..digits.len()).step_by(2).map(byte).collect()
}
