//! Which actions relied on a delegation, an approval, a decision or a credential: in the order of the log, page by page.

pub(crate) mod cited;
mod text;

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use schemas::ids::StatementId;
use schemas::kinds::{Action, Outcome, Phase};
use schemas::payload::{Body, Kind};
use schemas::reference::Reference;
use schemas::term::Term;
use schemas::time::{Index, Time};
use serde::{Deserialize, Serialize};
use thiserror::Error;
use verifier::judge::{Counted, profile_by_vantage, use_limit};

use crate::kept::{AsOf, Placed, Put};
use crate::page::{Cursor, Page};
use cited::Relying;

/// Name of the JSON form.
pub const USES_SCHEMA: &str = "writ.uses/1";

/// Most statements that are looked at for one answer: an answer that would need more says that it is not all.
pub const EXAMINED_MAX: usize = 10_000;

/// Most outcomes of one attempt that are looked at.
const OUTCOMES_MAX: usize = 16;

/// The actions that relied on one statement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Uses {
    /// [`USES_SCHEMA`].
    pub schema: String,
    /// What was relied on.
    pub of: Of,
    /// How many actions relied on it, as far as was looked.
    pub total: u64,
    /// How many of them say that they try an earlier one again.
    pub retries: u64,
    /// Whether those are all: fewer than [`EXAMINED_MAX`] statements had to be looked at.
    pub complete: bool,
    /// How many it may carry and has carried, as the judge counts; absent where it has no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<Limit>,
    /// How many are on this page.
    pub count: usize,
    /// Whether there are more.
    pub truncated: bool,
    /// Where the next page begins.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// The actions, oldest first.
    pub uses: Vec<Use>,
    /// Under which head.
    pub as_of: AsOf,
}

/// What was relied on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Of {
    /// Its id.
    pub id: StatementId,
    /// Its kind.
    pub kind: Kind,
    /// Where it stands.
    pub index: Index,
}

/// How many actions something may carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limit {
    /// At most.
    pub allowed: u64,
    /// How many of `used` were handed on by delegations below; absent where none.
    #[serde(default, skip_serializing_if = "is_none")]
    pub handed_on: u64,
    /// How many it carried; absent where not all of them are in the evidence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub used: Option<u64>,
    /// How many are left; absent where that is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub left: Option<u64>,
}

/// One action.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Use {
    /// The action's id.
    pub id: StatementId,
    /// Where it stands.
    pub index: Index,
    /// When the log placed it.
    pub time: Time,
    /// When it was attempted, as its signer says.
    pub attempted_at: Time,
    /// Who acted.
    pub actor: String,
    /// What was done.
    pub action: String,
    /// On what.
    pub resources: Vec<String>,
    /// Which side the statement tells of.
    pub phase: Phase,
    /// What came of it, by itself or by the outcome that names it; absent where nothing is recorded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    /// Through which decision, where it is that which names what was relied on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub through: Option<StatementId>,
    /// The action that it tries again, as written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_of: Option<String>,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum UsesError<E: core::fmt::Display> {
    /// The statement is not there.
    #[error("no statement {0} is in the log")]
    NotFound(StatementId),
    /// Nothing relies on statements of this kind.
    #[error("no action relies on {0} statements; ask about a delegation, approval, decision or credential")]
    NotReliedOn(Kind),
    /// A look-up failed.
    #[error("{0}")]
    Source(E),
}

impl<E: core::fmt::Display> UsesError<E> {
    /// Stable name of this refusal.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotFound(_) => "not-found",
            Self::NotReliedOn(_) => "not-relied-on",
            Self::Source(_) => "source",
        }
    }
}

/// The actions that relied on `subject`, one page of them. `counted` is the judge's count of them; nothing where more would have
/// to be gathered than is judged by.
pub fn uses<P: Placed>(
    subject: &StatementId,
    page: Page,
    counted: Option<Counted>,
    placed: &P,
) -> Result<Uses, UsesError<P::Error>> {
    let index = placed.index_of(subject).map_err(UsesError::Source)?;
    let of = index.map(|index| placed.placed(index)).transpose().map_err(UsesError::Source)?.flatten();
    let of = of.ok_or(UsesError::NotFound(*subject))?;
    let relying = Relying::on(&of, placed)?;
    let all = &relying.actions;
    let mut later = all.iter().filter(|(put, _)| put.index.0 >= page.from);
    let listed: Vec<&(Put, Option<StatementId>)> = later.by_ref().take(page.limit).collect();
    let truncated = later.next().is_some();
    let uses = listed.iter().filter_map(|(put, through)| row(put, *through, placed).transpose());
    let uses: Vec<Use> = uses.collect::<Result<_, _>>().map_err(UsesError::Source)?;
    let as_of = placed.as_of();
    let after = |last: &Use| Cursor { size: as_of.size, next: last.index.0.saturating_add(1) };
    let next = uses.last().filter(|_| truncated).map(after);
    let retries = all.iter().filter(|(put, _)| action(put).is_some_and(|action| action.retry_of.is_some()));
    Ok(Uses {
        schema: USES_SCHEMA.into(),
        of: Of { id: *subject, kind: of.statement.payload.kind, index: of.index },
        total: all.len() as u64,
        retries: retries.count() as u64,
        complete: relying.complete,
        limit: use_limit(&of.statement.payload.body, &profile_by_vantage(&of.statement.payload))
            .map(|allowed| limit(allowed, counted)),
        count: uses.len(),
        truncated,
        next: next.map(|next| next.to_text(&["uses", &subject.to_hex()])),
        uses,
        as_of,
    })
}

/// The size and the index of a cursor; nothing where it is none of this question's.
pub fn read_cursor(text: &str, subject: &StatementId) -> Option<Cursor> {
    Cursor::parse(text, &["uses", &subject.to_hex()])
}

pub(crate) fn limit(allowed: u64, counted: Option<Counted>) -> Limit {
    let used = counted.filter(|counted| counted.covered).map(|counted| counted.used);
    let handed_on = counted.map_or(0, |counted| counted.handed_on);
    Limit { allowed, handed_on, used, left: used.map(|used| allowed.saturating_sub(used)) }
}

fn is_none(count: &u64) -> bool {
    *count == 0
}

fn action(put: &Put) -> Option<&Action> {
    match &put.statement.payload.body {
        Body::Action(action) => Some(action),
        _ => None,
    }
}

fn row<P: Placed>(put: &Put, through: Option<StatementId>, placed: &P) -> Result<Option<Use>, P::Error> {
    let Some(action) = action(put) else { return Ok(None) };
    Ok(Some(Use {
        id: put.statement.id(),
        index: put.index,
        time: put.time,
        attempted_at: action.attempted_at,
        actor: action.actor.to_string(),
        action: action.action.name.to_string(),
        resources: action.resources.iter().map(ToString::to_string).collect(),
        phase: action.phase,
        outcome: match action.phase {
            Phase::Attempt => outcome_of(put, placed)?,
            Phase::Outcome | Phase::Both => action.outcome,
        },
        through,
        retry_of: action.retry_of.as_ref().map(ToString::to_string),
    }))
}

/// What came of an attempt: the first outcome that names it.
fn outcome_of<P: Placed>(attempt: &Put, placed: &P) -> Result<Option<Outcome>, P::Error> {
    let id = attempt.statement.id();
    let found = placed.find(&[Term::Citing(Kind::Action, &id).id()], OUTCOMES_MAX)?;
    for index in found.into_iter().flatten().take(OUTCOMES_MAX) {
        let Some(put) = placed.placed(index)? else { continue };
        if let Some(action) = action(&put)
            && action.attempt == Some(Reference::Id(id))
        {
            return Ok(action.outcome);
        }
    }
    Ok(None)
}
