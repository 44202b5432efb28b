//! Which authority that still stands should not, or not so: unused, wider than what it is used for, without an end, or left over
//! from a task that ended.

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
use crate::standing::{Carries, LostBy};
use look::{Looked, Looking};

/// Name of the JSON form.
pub const GRANTS_SCHEMA: &str = "writ.grants/1";

/// After how many days without use a grant is stale, unless the asker says. What the CIS AWS Foundations Benchmark asks of users'
/// credentials: unused for 45 days or more, disable them (v3.0.0 recommendation 1.12, v7.0.0 recommendation 2.11).
pub const STALE_DAYS: u64 = 45;

/// For how many days a grant may be given before it is long-standing. What the same benchmark asks of access keys: rotate them
/// every 90 days or less (v3.0.0 recommendation 1.14, v7.0.0 recommendation 2.12).
pub const STANDING_DAYS: u64 = 90;

/// Most days that can be asked for: a hundred years.
pub const DAYS_MAX: u64 = 36_500;

/// Most grants that are looked at for one page.
pub const GRANTS_MAX: usize = 2_000;

/// Most statements that are looked at for one page to know who used what.
pub const EXAMINED_MAX: usize = 50_000;

/// Most items of a scope that are listed for one grant, and most names of what it was used for.
pub const ITEMS_MAX: usize = 16;

/// Delegations and credentials that need somebody's look.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grants {
    /// [`GRANTS_SCHEMA`].
    pub schema: String,
    /// Which grants, as asked.
    pub query: String,
    /// From when on they were given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Time>,
    /// Until when.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Time>,
    /// After how many days without use a grant counts as stale.
    pub stale_days: u64,
    /// The only reason that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub only: Option<Reason>,
    /// How many grants were looked at for this page.
    pub examined: u64,
    /// How many of them had run out or were withdrawn.
    pub ended: u64,
    /// How many more carry nothing, as the judge finds: what they come from ended, or they never carried anything.
    pub lost: u64,
    /// Why, by the worst rule of each: the most frequent first.
    pub lost_by: Vec<LostBy>,
    /// Of how many that is not known: more is involved than can be looked at.
    pub unknown: u64,
    /// How many are on this page.
    pub count: usize,
    /// Whether there may be more.
    pub truncated: bool,
    /// Where the next page begins.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// Those that need a look, oldest first.
    pub grants: Vec<Grant>,
    /// Under which head; what is unused, or has ended, is so as of its time.
    pub as_of: AsOf,
}

/// Why a grant is listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// Nothing was ever done by it.
    NeverUsed,
    /// Nothing was done by it for long.
    Stale,
    /// It names what nothing was ever done of.
    OverBroad,
    /// The task that it was given for has ended.
    OutlivesTask,
    /// It has no end.
    NoExpiry,
    /// It was given for long.
    LongStanding,
}

/// One delegation or credential.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grant {
    /// Its id.
    pub id: StatementId,
    /// Where it stands.
    pub index: Index,
    /// `delegation` or `credential`.
    pub kind: Kind,
    /// Why it is listed.
    pub reasons: Vec<Reason>,
    /// Whether it carries authority, as the judge finds; `not-held` where only its task keeps it from that.
    pub carries: Carries,
    /// Who has it.
    pub holder: String,
    /// Who gave it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delegator: Option<String>,
    /// What it allows, in words; absent of a credential, which allows what the delegations behind it do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// When it was given, as its signer says.
    pub at: Time,
    /// Until when; absent: for good.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires: Option<Time>,
    /// The task that it was given for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task: Option<String>,
    /// When that ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task_ended: Option<Time>,
    /// How many actions relied on it, by itself or through what hands it on.
    pub uses: u64,
    /// When the last of them was attempted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_use: Option<Time>,
    /// How many delegations and credentials hand it on.
    pub handed_on: u64,
    /// What was done by it, the first [`ITEMS_MAX`] names.
    pub used: Vec<String>,
    /// What it names and nothing was done of: actions and resources, the first [`ITEMS_MAX`].
    pub unused: Vec<String>,
    /// Whether all its uses were looked at; otherwise it is not called unused or too broad.
    pub uses_complete: bool,
}

/// What is asked of grants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// After how many days without use a grant is stale.
    pub stale_days: u64,
    /// The only reason that is of interest.
    pub only: Option<Reason>,
    /// Most grants on the page.
    pub limit: usize,
}

/// The grants among `subjects`, ascending, that need a look; and the first subject that was not looked at.
pub fn grants<S: Judging>(
    asked: &Asked,
    terms: Terms,
    mut subjects: impl Iterator<Item = Index>,
    log: &S,
) -> Result<(Grants, Option<Index>), KeptError<S::Error>> {
    let as_of = log.as_of();
    let mut looking = Looking::new(log, terms, as_of.time);
    let mut cut_at = None;
    for index in subjects.by_ref() {
        if looking.is_done() {
            cut_at = Some(index);
            break;
        }
        looking.look(index)?;
    }
    let Looked { examined, ended, lost, lost_by, unknown, grants } = looking.looked;
    let answer = Grants {
        schema: GRANTS_SCHEMA.into(),
        query: asked.text.clone(),
        since: asked.query.since(),
        until: asked.query.until(),
        stale_days: terms.stale_days,
        only: terms.only,
        examined,
        ended,
        lost,
        lost_by: lost_by.by(),
        unknown,
        count: grants.len(),
        truncated: false,
        next: None,
        grants,
        as_of,
    };
    Ok((answer, cut_at))
}

impl Grants {
    /// The same, going on at an index where something was left out.
    #[must_use]
    pub fn cut_at(self, asked: &Asked, next: Option<Index>) -> Self {
        let next = next.map(|next| asked.next(self.as_of.size, next));
        Self { truncated: next.is_some(), next, ..self }
    }
}

impl Reason {
    /// Every reason.
    pub const ALL: [Self; 6] = [
        Self::NeverUsed,
        Self::Stale,
        Self::OverBroad,
        Self::OutlivesTask,
        Self::NoExpiry,
        Self::LongStanding,
    ];

    /// The word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NeverUsed => "never-used",
            Self::Stale => "stale",
            Self::OverBroad => "over-broad",
            Self::OutlivesTask => "outlives-task",
            Self::NoExpiry => "no-expiry",
            Self::LongStanding => "long-standing",
        }
    }

    /// The reason of this word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == word)
    }
}
