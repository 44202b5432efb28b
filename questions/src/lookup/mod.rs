//! Every statement that carries, refers to or withdraws an id, or belongs to what it is of, and the actions that it leads to.

mod found;
mod text;

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::vec::Vec;

use schemas::ids::StatementId;
use schemas::kinds::Phase;
use schemas::payload::{Body, Kind};
use schemas::term::Term;
use schemas::text::Tenant;
use schemas::time::{Index, Time};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::kept::{AsOf, Placed, Put};
use crate::page::{Cursor, Page};
use crate::summary::summary;
use found::{Wanted, wanted};

/// Name of the JSON form.
pub const LOOKUP_SCHEMA: &str = "writ.lookup/1";

/// Most statements that are looked at for one answer: an answer that would need more says that it is not all.
pub const EXAMINED_MAX: usize = 10_000;

/// Most actions that an answer names as those that the id leads to.
pub const ACTIONS_MAX: usize = 64;

/// The statements that hold an id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lookup {
    /// [`LOOKUP_SCHEMA`].
    pub schema: String,
    /// The id, as it was asked for.
    pub asked: String,
    /// How many statements hold it, as far as was looked.
    pub total: u64,
    /// Whether those are all: no more than [`EXAMINED_MAX`] had to be looked at.
    pub complete: bool,
    /// What it is: each type and issuing system under which statements hold it.
    pub ids: Vec<Foreign>,
    /// How many statements of each kind hold it in each way.
    pub groups: Vec<Group>,
    /// The actions that it leads to: those that hold it, and those that name a statement that does; oldest first.
    pub actions: Vec<Act>,
    /// Whether there are more than [`ACTIONS_MAX`], or more than was looked at.
    pub actions_truncated: bool,
    /// How many statements are on this page.
    pub count: usize,
    /// Whether there are more.
    pub truncated: bool,
    /// Where the next page begins.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// The statements, in the order of the log.
    pub statements: Vec<Row>,
    /// Under which head.
    pub as_of: AsOf,
}

/// What an id is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Foreign {
    /// What it is: `request`, `jti`, `access-key`, …; or `task`, `trace`, `principal`, `key`, `policy`, `policy-revision`,
    /// `request-digest`, `resource`, `source-event`.
    #[serde(rename = "type")]
    pub kind: String,
    /// URI of the issuing system; absent where it is no other system's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// The tenant in which it is held; absent where the name means the same in all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
}

/// In which way a statement holds an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum How {
    /// It is the statement of this id.
    Is,
    /// It goes by it.
    Carries,
    /// It issues the credential of this name, or is carried by it.
    Issues,
    /// It tells of an act, a ruling or a hop under the credential of this name.
    Presents,
    /// It names a statement by it.
    Refers,
    /// It withdraws what goes by it.
    Withdraws,
    /// It belongs to the trace.
    Traced,
    /// It says what that is: it opens, moves or ends the task, registers the key or the principal, states the policy.
    States,
    /// It is within the task.
    Within,
    /// It is signed by the key.
    Signs,
    /// The principal takes part in it.
    Involves,
    /// It touches, or would touch, the resource.
    Touches,
    /// It was ruled by the revision.
    Ruled,
    /// It is on exactly this request.
    Requests,
    /// It was imported from the event.
    Imported,
}

/// How many statements of a kind hold it in one way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// The kind.
    pub kind: Kind,
    /// The way.
    pub how: How,
    /// How many.
    pub count: u64,
}

/// An action that the id leads to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Act {
    /// The action's id.
    pub id: StatementId,
    /// Where it stands.
    pub index: Index,
    /// What it says, in a line.
    pub summary: String,
}

/// A statement that holds it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// The statement's id.
    pub id: StatementId,
    /// Where it stands.
    pub index: Index,
    /// When the log placed it.
    pub time: Time,
    /// When, as its signer or its source says.
    pub at: Time,
    /// Its kind.
    pub kind: Kind,
    /// Each way in which it holds it.
    pub how: Vec<How>,
    /// What it says, in a line.
    pub summary: String,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum LookupError<E: core::fmt::Display> {
    /// Nothing holds it.
    #[error("no statement below {size} carries, refers to or withdraws `{asked}`")]
    NotFound {
        /// What was asked for.
        asked: String,
        /// How many entries were looked at.
        size: u64,
    },
    /// A look-up failed.
    #[error("{0}")]
    Source(E),
}

impl<E: core::fmt::Display> LookupError<E> {
    /// Stable name of this refusal.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotFound { .. } => "not-found",
            Self::Source(_) => "source",
        }
    }
}

/// The statements that hold `name`, one page of them: a foreign id as `value` or `type:value`, a trace id, a principal, a key id, a
/// resource, and within `tenant` a task, a policy (`engine:id`), a revision of it (`engine:id@revision`), a request's digest
/// (`algorithm:form:digits`), an imported event (`format:id`); or, where nothing holds any of these, the statement that it names.
pub fn lookup<P: Placed>(
    name: &str,
    tenant: &Tenant,
    statement: Option<StatementId>,
    page: Page,
    placed: &P,
) -> Result<Lookup, LookupError<P::Error>> {
    let wanted = statement.map_or_else(|| wanted(name, tenant), |id| Vec::from([Wanted::Statement(id)]));
    let found = Found::of(&wanted, placed).map_err(LookupError::Source)?;
    if found.held.is_empty() {
        return Err(LookupError::NotFound { asked: name.into(), size: placed.size() });
    }
    let (actions, actions_truncated) = found.actions(placed).map_err(LookupError::Source)?;
    let mut later = found.held.iter().filter(|(put, _)| put.index.0 >= page.from);
    let statements: Vec<Row> = later.by_ref().take(page.limit).map(row).collect();
    let truncated = later.next().is_some();
    let as_of = placed.as_of();
    let after = |last: &Row| Cursor { size: as_of.size, next: last.index.0.saturating_add(1) };
    let next = statements.last().filter(|_| truncated).map(after);
    Ok(Lookup {
        schema: LOOKUP_SCHEMA.into(),
        asked: name.into(),
        total: found.held.len() as u64,
        complete: found.complete,
        ids: found.ids.into_iter().collect(),
        groups: found.groups.into_iter().map(|((kind, how), count)| Group { kind, how, count }).collect(),
        actions,
        actions_truncated: actions_truncated || !found.complete,
        count: statements.len(),
        truncated,
        next: next.map(|next| next.to_text(&["lookup", name, tenant.as_str()])),
        statements,
        as_of,
    })
}

/// The size and the index of a cursor; nothing where it is none of this question's.
pub fn read_cursor(text: &str, name: &str, tenant: &Tenant) -> Option<Cursor> {
    Cursor::parse(text, &["lookup", name, tenant.as_str()])
}

/// Everything that holds it.
struct Found {
    held: Vec<(Put, Vec<How>)>,
    ids: BTreeSet<Foreign>,
    groups: BTreeMap<(Kind, How), u64>,
    complete: bool,
}

impl Found {
    fn of<P: Placed>(wanted: &[Wanted], placed: &P) -> Result<Self, P::Error> {
        let terms: BTreeSet<_> = wanted.iter().flat_map(Wanted::terms).collect();
        let terms: Vec<_> = terms.into_iter().collect();
        let rows = placed.find(&terms, EXAMINED_MAX.saturating_add(1))?;
        let mut indexes: BTreeSet<Index> = rows.into_iter().flatten().collect();
        if let [Wanted::Statement(id)] = wanted {
            indexes.extend(placed.index_of(id)?);
        }
        let mut found = Self {
            held: Vec::new(),
            ids: BTreeSet::new(),
            groups: BTreeMap::new(),
            complete: indexes.len() <= EXAMINED_MAX,
        };
        for index in indexes.into_iter().take(EXAMINED_MAX) {
            if let Some(put) = placed.placed(index)? {
                found.take(wanted, put);
            }
        }
        Ok(found)
    }

    fn take(&mut self, wanted: &[Wanted], put: Put) {
        let mut how: BTreeSet<How> = BTreeSet::new();
        for (way, is) in wanted.iter().flat_map(|wanted| wanted.held_by(&put.statement)) {
            how.insert(way);
            self.ids.extend(is);
        }
        for way in &how {
            let count = self.groups.entry((put.statement.payload.kind, *way)).or_default();
            *count = count.saturating_add(1);
        }
        if !how.is_empty() {
            self.held.push((put, how.into_iter().collect()));
        }
    }

    /// The actions among them, and those that name one of them; whether there are more.
    fn actions<P: Placed>(&self, placed: &P) -> Result<(Vec<Act>, bool), P::Error> {
        let of_kind = |kind| self.held.iter().filter(move |(put, _)| put.statement.payload.kind == kind);
        let mut indexes: BTreeSet<Index> = of_kind(Kind::Action).map(|(put, _)| put.index).collect();
        let others = self.held.iter().filter(|(put, _)| put.statement.payload.kind != Kind::Action);
        let ids: Vec<StatementId> =
            others.take(ACTIONS_MAX.saturating_add(1)).map(|(put, _)| put.statement.id()).collect();
        let mut more = ids.len() > ACTIONS_MAX;
        let terms: Vec<_> =
            ids.iter().take(ACTIONS_MAX).map(|id| Term::Citing(Kind::Action, id).id()).collect();
        for row in placed.find(&terms, ACTIONS_MAX.saturating_add(1))? {
            more |= row.len() > ACTIONS_MAX;
            indexes.extend(row);
        }
        let mut acts = Vec::new();
        for index in indexes {
            if acts.len() >= ACTIONS_MAX {
                more = true;
                break;
            }
            // An outcome is no action beside its attempt.
            let put = placed.placed(index)?.filter(|put| match &put.statement.payload.body {
                Body::Action(action) => action.phase != Phase::Outcome || action.attempt.is_none(),
                _ => false,
            });
            acts.extend(put.map(|put| Act {
                id: put.statement.id(),
                index,
                summary: summary(&put.statement.payload, put.statement.envelope.iss.as_str()),
            }));
        }
        Ok((acts, more))
    }
}

fn row((put, how): &(Put, Vec<How>)) -> Row {
    let Put { index, time, statement } = put;
    Row {
        id: statement.id(),
        index: *index,
        time: *time,
        at: statement.payload.at,
        kind: statement.payload.kind,
        how: how.clone(),
        summary: summary(&statement.payload, statement.envelope.iss.as_str()),
    }
}
