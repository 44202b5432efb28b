//! What somebody looks for: words and qualifiers, read in one way wherever they are typed.
//!
//! `agent:billing-bot decision:deny since:2h -resource:"order 991"`. All conditions must hold. Values are whole, as the index
//! [`term`](crate::term)s carry them, so that an index can answer.

use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;

use thiserror::Error;

use crate::ids::{KeyId, TermId};
use crate::kinds::{Outcome, Ruling};
use crate::limits::ID_PREFIX_DIGITS_MIN;
use crate::payload::Kind;
use crate::term::Term;
use crate::text::{Line, Name, PrincipalId, Tenant};
use crate::time::Time;

mod fits;
mod moment;
mod parse;

pub use moment::Moment;
pub use parse::{QUALIFIERS, parse};

/// Conditions, all of which must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    /// In the order in which they were given.
    pub conditions: Vec<Condition>,
}

/// One condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// Whether it must not hold.
    pub excluded: bool,
    /// What must hold.
    pub what: What,
}

/// What a statement can be asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// It gives rise to one of these terms at least.
    Terms(Vec<TermId>),
    /// It is within this task of the tenant that the query names, or of the default one.
    Task(Line),
    /// It carries a foreign id of this value, or its own id begins so.
    Word(Line),
    /// It carries a foreign id of this type and value.
    Foreign(Name, Line),
    /// An action or a resource that it names begins so.
    Begins(Field, String),
    /// What came of the action.
    Outcome(Outcome),
    /// It is a policy, or was decided by it; engine and revision where they are named.
    Policy(Option<Name>, Line, Option<Line>),
    /// Its tenant.
    Tenant(Tenant),
    /// Its own time is this or later.
    Since(Time),
    /// Its own time is this or earlier.
    Until(Time),
}

/// What a pattern can be about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// Action names.
    Action,
    /// Resources.
    Resource,
}

/// Why a text is no query: where, what is wrong there, and what would be right.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("byte {at}: {what}; for example `{example}`")]
pub struct Fault {
    /// Where it begins, in bytes from the beginning of the query.
    pub at: usize,
    /// What is wrong.
    pub what: String,
    /// A query that would be right.
    pub example: &'static str,
}

impl Query {
    /// Adds what must hold.
    #[must_use]
    pub fn with(mut self, what: Option<What>) -> Self {
        self.conditions.extend(what.map(|what| Condition { excluded: false, what }));
        self
    }

    /// The tenant within which tasks are meant.
    pub fn tenant(&self) -> Tenant {
        let named = self.wanted().find_map(|what| match what {
            What::Tenant(tenant) => Some(tenant.clone()),
            _ => None,
        });
        named.unwrap_or_else(Tenant::default_label)
    }

    /// What must hold.
    pub fn wanted(&self) -> impl Iterator<Item = &What> {
        self.conditions.iter().filter(|condition| !condition.excluded).map(|condition| &condition.what)
    }

    /// The latest of the moments from which on it looks.
    pub fn since(&self) -> Option<Time> {
        self.wanted().filter_map(|what| if let What::Since(time) = what { Some(*time) } else { None }).max()
    }

    /// The earliest of the moments until which it looks.
    pub fn until(&self) -> Option<Time> {
        self.wanted().filter_map(|what| if let What::Until(time) = what { Some(*time) } else { None }).min()
    }
}

impl What {
    /// Somebody takes part.
    pub fn principal(id: &PrincipalId) -> Self {
        Self::one(Term::Principal(id))
    }

    /// The action is named so.
    pub fn action(name: &Line) -> Self {
        Self::one(Term::Action(name))
    }

    /// The resource is touched.
    pub fn resource(name: &Line) -> Self {
        Self::one(Term::Resource(name))
    }

    /// It is a decision of this ruling.
    pub fn ruling(ruling: Ruling) -> Self {
        Self::one(Term::Ruling(ruling))
    }

    /// It is of this kind.
    pub fn kind(kind: Kind) -> Self {
        Self::one(Term::Kind(kind))
    }

    /// It is a `key` statement about this key.
    pub fn key_statement(key: &KeyId) -> Self {
        Self::one(Term::Key(key))
    }

    /// It was signed by this key, tells of it or withdraws it.
    pub fn key(key: &KeyId) -> Self {
        Self::Terms(vec![Term::Signer(key).id(), Term::Key(key).id(), Term::WithdrawnKey(key).id()])
    }

    fn one(term: Term<'_>) -> Self {
        Self::Terms(vec![term.id()])
    }

    /// The index terms under which everything stands that this holds for; nothing where it has none.
    pub fn terms(&self, tenant: &Tenant) -> Option<Vec<TermId>> {
        match self {
            Self::Terms(terms) => Some(terms.clone()),
            Self::Task(task) => Some(vec![Term::Task(tenant, task).id()]),
            Self::Word(value) | Self::Foreign(_, value) => Some(vec![Term::Foreign(value).id()]),
            Self::Policy(Some(engine), id, Some(revision)) => {
                Some(vec![Term::Revision(tenant, engine, id, revision).id()])
            }
            Self::Policy(..) => Some(vec![Term::Kind(Kind::Policy).id(), Term::Kind(Kind::Decision).id()]),
            Self::Outcome(_) => Some(vec![Term::Kind(Kind::Action).id()]),
            Self::Begins(..) | Self::Tenant(_) | Self::Since(_) | Self::Until(_) => None,
        }
    }

    /// The digits with which an id may begin that this is about.
    pub fn id_prefix(&self) -> Option<&str> {
        let Self::Word(word) = self else { return None };
        let hex = word.as_str().bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        let length = word.as_str().len();
        Some(word.as_str()).filter(|_| hex && (ID_PREFIX_DIGITS_MIN..=64).contains(&length))
    }
}

impl Fault {
    /// The query with a mark under the place of the fault, as two lines.
    pub fn marked(&self, text: &str) -> String {
        let before = text.get(..self.at).unwrap_or(text);
        let mut marked: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        marked.push('\n');
        marked.extend(before.chars().map(|_| ' '));
        marked.push('^');
        marked
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Action => "action",
            Self::Resource => "resource",
        })
    }
}

/// A fault with an example.
fn fault(at: usize, what: impl ToString, example: &'static str) -> Fault {
    Fault { at, what: what.to_string(), example }
}

#[cfg(test)]
mod tests;
