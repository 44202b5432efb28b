//! What is looked up, and how a statement holds it.

use alloc::vec::Vec;

use schemas::envelope::Statement;
use schemas::ids::{ByteString, StatementId, TermId};
use schemas::payload::{Body, Kind};
use schemas::reference::{ForeignRef, Reference};
use schemas::term::{Term, foreign_ids};
use schemas::text::{Line, Name};

use super::How;

/// Hex digits of a trace id (W3C Trace Context).
const TRACE_DIGITS: usize = 32;

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

/// What a name may mean.
#[derive(Clone, Debug)]
pub(super) enum Wanted {
    /// A foreign id by its value, and its type where it was given; a trace.
    Foreign { asked: Vec<(Option<Name>, Line)>, trace: Option<ByteString> },
    /// A statement.
    Statement(StatementId),
}

impl Wanted {
    pub(super) fn foreign(name: &str) -> Self {
        let whole = Line::new(name).ok().map(|value| (None, value));
        let typed = name
            .split_once(':')
            .and_then(|(kind, value)| Some((Some(Name::new(kind).ok()?), Line::new(value).ok()?)));
        let trace = trace(name.strip_prefix("trace:").unwrap_or(name));
        Self::Foreign { asked: whole.into_iter().chain(typed).collect(), trace }
    }

    /// The terms under which it is found.
    pub(super) fn terms(&self) -> Vec<TermId> {
        match self {
            Self::Foreign { asked, trace } => {
                let values = asked.iter().map(|(_, value)| Term::Foreign(value).id());
                values.chain(trace.iter().map(|trace| Term::Trace(trace).id())).collect()
            }
            Self::Statement(id) => {
                let citing = CITING.iter().map(|kind| Term::Citing(*kind, id).id());
                citing.chain([Term::Withdrawn(id).id()]).collect()
            }
        }
    }

    /// Each way in which a statement holds it, with the foreign id that it is. A term is a short hash: what it found is looked at
    /// before it is believed.
    pub(super) fn held_by<'s>(&self, statement: &'s Statement) -> Vec<(How, Option<&'s ForeignRef>)> {
        match self {
            Self::Foreign { asked, trace } => {
                let is_asked = |foreign: &&ForeignRef| {
                    asked.iter().any(|(kind, value)| {
                        foreign.value == *value && kind.as_ref().is_none_or(|kind| foreign.kind == *kind)
                    })
                };
                let foreign = foreign_ids(statement).into_iter().filter(is_asked);
                let mut held: Vec<_> =
                    foreign.map(|foreign| (how(statement, foreign), Some(foreign))).collect();
                let own = statement.payload.trace.as_ref().map(|trace| &trace.trace_id);
                if trace.is_some() && own == trace.as_ref() {
                    held.push((How::Traced, None));
                }
                held.sort_unstable();
                held.dedup();
                held
            }
            Self::Statement(id) => {
                let how = if statement.id() == *id {
                    How::Is
                } else if withdraws(statement, |target| means(target, id)) {
                    How::Withdraws
                } else {
                    How::Refers
                };
                Vec::from([(how, None)])
            }
        }
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

fn trace(digits: &str) -> Option<ByteString> {
    if digits.len() != TRACE_DIGITS || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let byte = |at: usize| u8::from_str_radix(digits.get(at..at.checked_add(2)?)?, 16).ok();
    let bytes: Option<Vec<u8>> = (0..TRACE_DIGITS).step_by(2).map(byte).collect();
    bytes.map(ByteString)
}
