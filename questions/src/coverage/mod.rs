//! How much of what was done can be accounted for: whose chain leads to a registered root, what was decided, who answers for it.

mod add;
mod tally;
mod text;

use alloc::string::String;
use alloc::vec::Vec;

use schemas::ids::StatementId;
use schemas::time::{Index, Time};
use serde::{Deserialize, Serialize};
use verifier::profile::Profile;
use verifier::verdict::Effect;

use crate::asked::Asked;
use crate::judging::Judging;
use crate::kept::{AsOf, KeptError};
use crate::sweep::{ACTIONS_MAX, Sweep};
use tally::Tally;

/// Name of the JSON form.
pub const COVERAGE_SCHEMA: &str = "writ.coverage/1";

/// How many agents, and how many tenants, an answer lists unless the asker says.
pub const ROWS: usize = 100;

/// Most of either that can be asked for: as many as the actions of one answer can have, so that answers can be added up.
pub const ROWS_MAX: usize = ACTIONS_MAX;

/// Rules that tell of a chain which leads to no registered root.
pub const UNATTRIBUTED_RULES: &[&str] = &["root-unknown"];

/// Rules that tell of a chain whose hops do not join, or are not there.
pub const BROKEN_RULES: &[&str] = &["hop-missing", "hop-discontinuous", "identity-unlinked", "cycle"];

/// Rules that tell that nothing decided on the action.
pub const UNDECIDED_RULES: [&str; 2] = ["decision-missing", "login-only"];

/// The rule that tells that nobody answers for something on the way.
pub const OWNERLESS_RULE: &str = "owner-missing";

/// How much of what was done can be accounted for, as the judge finds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Coverage {
    /// [`COVERAGE_SCHEMA`].
    pub schema: String,
    /// Which actions, as asked.
    pub query: String,
    /// From when on, by what the statements say of themselves.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Time>,
    /// Until when.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Time>,
    /// What all of them came to.
    pub total: Counts,
    /// Of [`Counts::undecided`]: those on which there is no decision at all.
    pub decision_missing: u64,
    /// Of [`Counts::undecided`]: those of which only a sign-in or a grant was decided.
    pub login_only: u64,
    /// What each rule found, worst first and then most often first.
    pub findings: Vec<FoundBy>,
    /// Under which profiles they were judged.
    pub profiles: Vec<Under>,
    /// Who acted, worst first: at most [`ROWS`] unless the asker says.
    pub agents: Vec<Row>,
    /// How many there are.
    pub agents_total: u64,
    /// In which tenants, worst first: at most [`ROWS`] unless the asker says.
    pub tenants: Vec<Row>,
    /// How many there are.
    pub tenants_total: u64,
    /// Which entries were looked at.
    pub covered: Covered,
    /// Whether everything that fits, from there on, was judged; otherwise `next` goes on.
    pub complete: bool,
    /// Where the answer about the rest begins.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// Under which head.
    pub as_of: AsOf,
}

/// A stretch of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Covered {
    /// The first entry.
    pub from: Index,
    /// The one behind the last.
    pub to: Index,
}

/// Numbers of actions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Counts {
    /// How many.
    pub actions: u64,
    /// Authorized.
    pub authorized: u64,
    /// Not authorized.
    pub not_authorized: u64,
    /// Evidence is missing.
    pub indeterminate: u64,
    /// Without a verdict: more is involved than can be judged at once.
    pub unjudged: u64,
    /// Whose chain leads to a registered root, joint by joint.
    pub resolved: u64,
    /// Whose chain names a root, and does not join.
    pub broken: u64,
    /// Behind which no principal is, or one that no registrar knows.
    pub unattributed: u64,
    /// On which nothing was decided.
    pub undecided: u64,
    /// For which nobody answers.
    pub ownerless: u64,
}

/// What one rule found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FoundBy {
    /// What it meant for the outcome.
    pub effect: Effect,
    /// The rule's slug.
    pub code: String,
    /// Of how many actions.
    pub actions: u64,
    /// One of them.
    pub example: Example,
}

/// An action.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Example {
    /// Its id.
    pub id: StatementId,
    /// Where it stands.
    pub index: Index,
}

/// A profile, and how many actions were judged under it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Under {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: u64,
    /// How many.
    pub actions: u64,
}

/// What the actions of one agent, or in one tenant, came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// Who acted, or the tenant.
    pub name: String,
    /// How many came to what.
    pub counts: Counts,
    /// The first that is not authorized.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub example: Option<Example>,
}

/// How large an answer may become.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Most actions that are judged, where that is less than [`ACTIONS_MAX`].
    pub actions: usize,
    /// Most agents, and most tenants, that are listed.
    pub rows: usize,
}

/// Judges the actions at `subjects`, ascending, and adds up what that comes to.
pub fn coverage<S: Judging>(
    asked: &Asked,
    subjects: impl Iterator<Item = Index>,
    profile: Option<&Profile>,
    size: Size,
    log: &S,
) -> Result<(Coverage, Option<Index>), KeptError<S::Error>> {
    let mut sweep = Sweep::new(log, &asked.query, subjects, profile).at_most(size.actions);
    let mut tally = Tally::default();
    for judged in sweep.by_ref() {
        let (put, verdict) = judged?;
        tally.add(&put, verdict.as_ref().ok());
    }
    let cut_at = sweep.cut_at();
    let as_of = log.as_of();
    let covered = Covered { from: asked.from, to: cut_at.unwrap_or(Index(as_of.size)) };
    Ok((tally.answer(asked, covered, as_of).listing(size.rows), cut_at))
}

impl Coverage {
    /// The same, going on at an index where something was left out.
    #[must_use]
    pub fn cut_at(self, asked: &Asked, next: Option<Index>) -> Self {
        let covered = Covered { to: next.unwrap_or(Index(self.as_of.size)), ..self.covered };
        let next = next.map(|next| asked.next(self.as_of.size, next));
        Self { complete: next.is_none(), next, covered, ..self }
    }
}
