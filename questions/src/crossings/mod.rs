//! Where authority came from another tenant or trust domain than the one in which it was relied on, and what allows that.

mod domain;
mod look;
mod text;

use alloc::string::String;
use alloc::vec::Vec;

use schemas::ids::StatementId;
use schemas::payload::Kind;
use schemas::time::{Index, Time};
use serde::{Deserialize, Serialize};

use crate::asked::Asked;
use crate::judging::Judging;
use crate::kept::{AsOf, KeptError};
use look::Looking;

/// Name of the JSON form.
pub const CROSSINGS_SCHEMA: &str = "writ.crossings/1";

/// Most delegations and actions that are looked at for one page.
pub const EXAMINED_MAX: usize = 20_000;

/// Chains that crossed tenants or trust domains.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Crossings {
    /// [`CROSSINGS_SCHEMA`].
    pub schema: String,
    /// Among which delegations and actions, as asked.
    pub query: String,
    /// From when on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Time>,
    /// Until when.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Time>,
    /// How many delegations and actions were looked at for this page.
    pub examined: u64,
    /// How many crossings on this page have no bridge that holds.
    pub unbridged: u64,
    /// How many are on this page.
    pub count: usize,
    /// Whether there may be more.
    pub truncated: bool,
    /// Where the next page begins.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// The crossings, oldest first.
    pub crossings: Vec<Crossing>,
    /// Under which head.
    pub as_of: AsOf,
}

/// One delegation or action that relies on authority from elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Crossing {
    /// Its id.
    pub id: StatementId,
    /// Where it stands.
    pub index: Index,
    /// `delegation` or `action`.
    pub kind: Kind,
    /// When, as its signer says.
    pub at: Time,
    /// Who gave, or acted.
    pub by: String,
    /// Who received; absent of an action.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// The delegation of the other tenant that it relies on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent: Option<StatementId>,
    /// From which tenant into which.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant: Option<Crossed>,
    /// From which trust domain into which.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub domain: Option<Crossed>,
    /// Whether something allows it.
    pub bridge: Bridge,
}

/// What was left, and what was entered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Crossed {
    /// Where authority came from.
    pub from: String,
    /// Where it was relied on.
    pub into: String,
}

/// What allows a crossing, as the judge finds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Bridge {
    /// It names none.
    None,
    /// It names one that is good.
    Holds {
        /// The bridge.
        id: StatementId,
    },
    /// It names one that allows nothing.
    Fails {
        /// Its name, as written.
        name: String,
        /// Why.
        why: String,
    },
}

/// The crossings among `subjects`, ascending, at most `limit`; and the first subject that was not looked at.
pub fn crossings<S: Judging>(
    asked: &Asked,
    limit: usize,
    mut subjects: impl Iterator<Item = Index>,
    log: &S,
) -> Result<(Crossings, Option<Index>), KeptError<S::Error>> {
    let mut looking = Looking::new(log, limit);
    let mut cut_at = None;
    for index in subjects.by_ref() {
        if looking.is_done() {
            cut_at = Some(index);
            break;
        }
        looking.look(index)?;
    }
    let Looking { examined, found, .. } = looking;
    let holds = |crossing: &&Crossing| matches!(crossing.bridge, Bridge::Holds { .. });
    let answer = Crossings {
        schema: CROSSINGS_SCHEMA.into(),
        query: asked.text.clone(),
        since: asked.query.since(),
        until: asked.query.until(),
        examined: examined as u64,
        unbridged: found.iter().filter(|crossing| !holds(crossing)).count() as u64,
        count: found.len(),
        truncated: false,
        next: None,
        crossings: found,
        as_of: log.as_of(),
    };
    Ok((answer, cut_at))
}

impl Crossings {
    /// The same, going on at an index where something was left out.
    #[must_use]
    pub fn cut_at(self, asked: &Asked, next: Option<Index>) -> Self {
        let next = next.map(|next| asked.next(self.as_of.size, next));
        Self { truncated: next.is_some(), next, ..self }
    }
}
