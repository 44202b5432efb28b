//! What a principal could do at a moment: the delegations that it holds, what each carries along its whole way, and why the
//! others carry nothing.

mod held;
mod holder;
mod text;

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use schemas::ids::StatementId;
use schemas::term::Term;
use schemas::text::{PrincipalId, Tenant};
use schemas::time::Time;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use verifier::gather::GatherError;
use verifier::judge::root_stands;
use verifier::profile::Profile;

use crate::kept::{AsOf, Evidential, KeptError, Put};
use crate::page::{Cursor, Page};
use crate::standing::{Carries, JUDGED_MAX, each};
use held::row;
pub use held::{Held, Part, Way};
use holder::Holder;

/// Name of the JSON form.
pub const AUTHORITY_SCHEMA: &str = "writ.authority/1";

/// What a principal could do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Authority {
    /// [`AUTHORITY_SCHEMA`].
    pub schema: String,
    /// Who.
    pub principal: String,
    /// Under which other names, as registrars ever said.
    pub also_known_as: Vec<String>,
    /// When.
    pub at: Time,
    /// Within which tenant; absent: in all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
    /// Whether it is a root, whose own authority nobody gave it.
    pub root: RootStanding,
    /// How many delegations carry authority at the moment, of how many that were judged.
    pub held: u64,
    /// Of how many it cannot be told.
    pub uncertain: u64,
    /// How many carry none.
    pub not_held: u64,
    /// Whether these are all: no bound cut the search.
    pub complete: bool,
    /// How many are on this page.
    pub count: usize,
    /// Whether there are more.
    pub truncated: bool,
    /// Where the next page begins.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// The delegations: those that are held, then those that are uncertain, then the others, each in the order of the log.
    pub delegations: Vec<Held>,
    /// Under which head.
    pub as_of: AsOf,
}

/// Whether a chain may begin with the principal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RootStanding {
    /// Whether it may.
    pub stands: bool,
    /// Why not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// What is asked.
#[derive(Clone, Copy, Debug)]
pub struct Question<'q> {
    /// Who.
    pub principal: &'q PrincipalId,
    /// When; nothing: at the head.
    pub at: Option<Time>,
    /// Within which tenant; nothing: in all.
    pub tenant: Option<&'q Tenant>,
    /// Which part of the answer: rows by their number.
    pub page: Page,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum AuthorityError<E: core::fmt::Display> {
    /// Nobody of that name is in the log.
    #[error("no statement below {size} names a principal {principal}")]
    NotFound {
        /// The name.
        principal: String,
        /// How many entries were looked at.
        size: u64,
        /// Names that look like it.
        near: Vec<String>,
    },
    /// There is no evidence.
    #[error(transparent)]
    Kept(#[from] KeptError<E>),
}

impl<E: core::fmt::Display> AuthorityError<E> {
    /// Stable name of this refusal.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotFound { .. } => "not-found",
            Self::Kept(_) => "source",
        }
    }
}

/// What a principal could do: one page of the delegations that it was given, each judged as its next use at the moment.
pub fn authority<L: Evidential>(
    question: &Question<'_>,
    log: &L,
) -> Result<Authority, AuthorityError<L::Error>> {
    let as_of = log.as_of();
    let at = question.at.unwrap_or(as_of.time);
    let principal = question.principal;
    let holder = Holder::find(principal, question.tenant, log)
        .map_err(|error| KeptError::Gather(GatherError::Source(error)))?;
    if !holder.is_known {
        let near = holder.near.iter().map(ToString::to_string).collect();
        return Err(AuthorityError::NotFound { principal: principal.to_string(), size: as_of.size, near });
    }
    let further =
        BTreeSet::from([Term::Registration(principal).id(), Term::WithdrawnPrincipal(principal).id()]);
    let evidence = log.evidence_about(&[], further.clone())?;
    let root = root_stands(principal, at, None, &evidence, &Profile::standard());
    let given: BTreeMap<StatementId, &Put> =
        holder.given.iter().map(|put| (put.statement.id(), put)).collect();
    let subjects: Vec<StatementId> = holder.given.iter().map(|put| put.statement.id()).collect();
    let mut rows: Vec<Held> = Vec::with_capacity(subjects.len());
    let all = each(log, &subjects, &further, JUDGED_MAX, |subject, evidence| {
        rows.extend(given.get(subject).and_then(|put| row(put, at, principal, evidence)));
    })?;
    rows.sort_by_key(|row| (row.carries, row.index));
    let count = |carries| rows.iter().filter(|row| row.carries == carries).count() as u64;
    let [held, uncertain, not_held] = [Carries::Held, Carries::Uncertain, Carries::NotHeld].map(count);
    let from = usize::try_from(question.page.from).unwrap_or(usize::MAX);
    let mut later = rows.into_iter().skip(from);
    let delegations: Vec<Held> = later.by_ref().take(question.page.limit).collect();
    let truncated = later.next().is_some();
    let next = question.page.from.saturating_add(delegations.len() as u64);
    let next = Cursor { size: as_of.size, next };
    Ok(Authority {
        schema: AUTHORITY_SCHEMA.into(),
        principal: principal.to_string(),
        also_known_as: holder.names.iter().map(ToString::to_string).collect(),
        at,
        tenant: question.tenant.map(ToString::to_string),
        root: RootStanding { stands: root.is_ok(), reason: root.err().map(String::from) },
        held,
        uncertain,
        not_held,
        complete: all && holder.complete,
        count: delegations.len(),
        truncated,
        next: truncated.then(|| next.to_text(&refs(&words(question)))),
        delegations,
        as_of,
    })
}

/// The size and the row of a cursor; nothing where it is none of this question's.
pub fn read_cursor(text: &str, question: &Question<'_>) -> Option<Cursor> {
    Cursor::parse(text, &refs(&words(question)))
}

fn words(question: &Question<'_>) -> [String; 4] {
    let at = question.at.map(|at| at.0.to_string()).unwrap_or_default();
    let tenant = question.tenant.map(ToString::to_string).unwrap_or_default();
    ["authority".into(), question.principal.to_string(), at, tenant]
}

fn refs(words: &[String; 4]) -> [&str; 4] {
    words.each_ref().map(String::as_str)
}
