//! What a revocation came to: who still acted on what it withdrew, how long each step took, and whether what was done afterwards
//! stood by another way.

mod text;
mod withdrawal;

use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use schemas::ids::StatementId;
use schemas::kinds::Outcome;
use schemas::payload::Kind;
use schemas::text::PrincipalId;
use schemas::time::{Index, Millis, Time};
use serde::{Deserialize, Serialize};
use thiserror::Error;
use verifier::verdict;

use crate::blast::Of;
use crate::judging::{Judged, Judging};
use crate::kept::{AsOf, KeptError, Put};
use crate::page::{Cursor, Page};
use crate::reach::{Act, Reach, Refusal, is_undone};
pub use withdrawal::{Asked, WITHDRAWALS_MAX, Withdrawal, asked};

/// Name of the JSON form.
pub const EFFECT_SCHEMA: &str = "writ.effect/1";

/// Most principals that an answer lists; all are counted.
pub const LISTED_MAX: usize = 50;

/// What a revocation came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Effect {
    /// [`EFFECT_SCHEMA`].
    pub schema: String,
    /// What was withdrawn.
    pub of: Of,
    /// The statements that withdraw it, oldest first, at most [`WITHDRAWALS_MAX`].
    pub withdrawals: Vec<Withdrawal>,
    /// How long it took.
    pub times: Times,
    /// How many statements were looked at.
    pub examined: usize,
    /// Whether those are all that had to be: at most [`EXAMINED_MAX`](crate::reach::EXAMINED_MAX).
    pub complete: bool,
    /// What came afterwards.
    pub total: Total,
    /// Who tried afterwards, those who acted first; at most [`LISTED_MAX`].
    pub actors: Vec<Actor>,
    /// How the actions on this page were judged.
    pub judged: Verdicts,
    /// How many actions are on this page.
    pub count: usize,
    /// Whether there are more.
    pub truncated: bool,
    /// Where the next page begins.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// What was done afterwards all the same, in the order of the log. Denied and suppressed actions are counted alone.
    pub acts: Vec<Done>,
    /// Under which head.
    pub as_of: AsOf,
}

/// How long it took from the moment as of which authority was withdrawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Times {
    /// As of when it was withdrawn, the earliest moment that a withdrawal names: an exposure, a compromise.
    pub effective: Time,
    /// When that was said, as its signer says.
    pub said: Time,
    /// When the log placed it.
    pub logged: Time,
    /// When the last action afterwards was attempted; absent where there was none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last: Option<Time>,
    /// From `effective` to `said`.
    pub to_say: Millis,
    /// From `said` to `logged`.
    pub to_log: Millis,
    /// From `effective` to `last`: for how long it was still acted on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to_last: Option<Millis>,
}

/// What came afterwards.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Total {
    /// Actions that were attempted at `effective` or later and neither denied nor suppressed.
    pub acted: u64,
    /// How many of them were attempted after the withdrawal was logged, when everybody could have known.
    pub after_logged: u64,
    /// Actions that were denied or suppressed.
    pub denied: u64,
    /// Rulings other than permits that no action names.
    pub refused: u64,
    /// Actions logged after the withdrawal that say they were attempted before it was effective.
    pub claimed_before: u64,
    /// Principals behind all of these but the last.
    pub actors: u64,
}

/// Somebody who tried afterwards.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Actor {
    /// Who.
    pub principal: String,
    /// Actions neither denied nor suppressed.
    pub acted: u64,
    /// Actions and requests that were denied, refused or suppressed.
    pub denied: u64,
    /// When it last tried.
    pub last: Time,
}

/// How actions were judged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Verdicts {
    /// Authorized all the same, by another way.
    pub authorized: u64,
    /// Not authorized.
    pub not_authorized: u64,
    /// It cannot be told.
    pub indeterminate: u64,
    /// Not judged: more is involved than is judged by.
    pub unjudged: u64,
}

/// One action after the withdrawal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Done {
    /// The action's id.
    pub id: StatementId,
    /// Where it stands.
    pub index: Index,
    /// When it was attempted, as its signer says.
    pub at: Time,
    /// Who acted.
    pub actor: String,
    /// What was done.
    pub action: String,
    /// On what.
    pub resources: Vec<String>,
    /// What came of it; absent where nothing is recorded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    /// `authorized`, `not-authorized`, `indeterminate`, or `unjudged`.
    pub verdict: String,
    /// The rules that found against it, or could not tell; each once, worst first.
    pub findings: Vec<String>,
    /// The hops that carry it where it is authorized, root first.
    pub way: Vec<Index>,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum EffectError<E: core::fmt::Display> {
    /// No statement withdraws it.
    #[error("nothing withdraws {sort} {name}")]
    NotWithdrawn {
        /// What sort of thing it is.
        sort: &'static str,
        /// Its name.
        name: String,
    },
    /// The revocation names a statement that is not in the log.
    #[error("the revocation withdraws {0}, which is not in the log")]
    TargetUnknown(String),
    /// Nothing of this kind is withdrawn.
    #[error("no {0} statement is ever withdrawn; ask about a revocation, or about what one withdraws")]
    NotWithdrawable(Kind),
    /// A look-up failed.
    #[error(transparent)]
    Kept(#[from] KeptError<E>),
}

impl<E: core::fmt::Display> EffectError<E> {
    /// Stable name of this refusal.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotWithdrawn { .. } => "not-withdrawn",
            Self::TargetUnknown(_) => "target-unknown",
            Self::NotWithdrawable(_) => "not-withdrawable",
            Self::Kept(_) => "source",
        }
    }
}

/// What the withdrawal of something came to, one page of its actions; those of the page are judged.
pub fn effect<J: Judging>(asked: &Asked, page: Page, log: &J) -> Result<Effect, KeptError<J::Error>> {
    let Asked { subject, withdrawals } = asked;
    let Reach { acts, refusals, examined, complete, .. } = Reach::of(subject, log).map_err(source)?;
    let times = Times::of(withdrawals);
    let later: Vec<&Act> = acts.iter().filter(|act| act.at >= times.effective).collect();
    let done: Vec<&Act> = later.iter().copied().filter(|act| !is_undone(act.outcome)).collect();
    let refused: Vec<&Refusal> = refusals.iter().filter(|refusal| refusal.at >= times.effective).collect();
    let actors = actors(&later, &refused);
    let total = Total {
        acted: done.len() as u64,
        after_logged: done.iter().filter(|act| act.at > times.logged).count() as u64,
        denied: later.len().saturating_sub(done.len()) as u64,
        refused: refused.len() as u64,
        claimed_before: acts
            .iter()
            .filter(|act| act.time > times.logged && act.at < times.effective && !is_undone(act.outcome))
            .count() as u64,
        actors: actors.len() as u64,
    };
    let times = times.until(done.iter().map(|act| act.at).max());
    let mut rest = done.into_iter().filter(|act| act.index.0 >= page.from);
    let listed: Vec<&Act> = rest.by_ref().take(page.limit).collect();
    let truncated = rest.next().is_some();
    let mut judged = Verdicts::default();
    let acts = listed.into_iter().map(|act| judge(act, &mut judged, log));
    let acts: Vec<Done> = acts.collect::<Result<_, _>>()?;
    let as_of = log.as_of();
    let next = acts.last().filter(|_| truncated);
    let next = next.map(|last| Cursor { size: as_of.size, next: last.index.0.saturating_add(1) });
    Ok(Effect {
        schema: EFFECT_SCHEMA.into(),
        of: Of::from(subject),
        withdrawals: withdrawals.clone(),
        times,
        examined,
        complete,
        total,
        actors: actors.into_iter().take(LISTED_MAX).collect(),
        judged,
        count: acts.len(),
        truncated,
        next: next.map(|next| next.to_text(&["effect", &asked.mark()])),
        acts,
        as_of,
    })
}

/// The size and the index of a cursor; nothing where it is none of this question's.
pub fn read_cursor(text: &str, asked: &Asked) -> Option<Cursor> {
    Cursor::parse(text, &["effect", &asked.mark()])
}

impl Times {
    /// Of withdrawals, of which there is one at least.
    fn of(withdrawals: &[Withdrawal]) -> Self {
        let least =
            |moment: fn(&Withdrawal) -> Time| withdrawals.iter().map(moment).min().unwrap_or_default();
        let (effective, logged) = (least(|one| one.effective), least(|one| one.time));
        let said = least(|one| one.at);
        Self {
            effective,
            said,
            logged,
            last: None,
            to_say: said.since(effective),
            to_log: logged.since(said),
            to_last: None,
        }
    }

    fn until(self, last: Option<Time>) -> Self {
        Self { last, to_last: last.map(|last| last.since(self.effective)), ..self }
    }
}

/// Who tried, those who acted most first.
fn actors(acts: &[&Act], refusals: &[&Refusal]) -> Vec<Actor> {
    let mut found: BTreeMap<&PrincipalId, (u64, u64, Time)> = BTreeMap::new();
    let mut count = |who, denied: bool, at: Time| {
        let (acted, refused, last) = found.entry(who).or_default();
        let counted = if denied { refused } else { acted };
        *counted = counted.saturating_add(1);
        *last = at.max(*last);
    };
    acts.iter().for_each(|act| count(&act.actor, is_undone(act.outcome), act.at));
    refusals.iter().for_each(|refusal| count(&refusal.actor, true, refusal.at));
    let actor = |(principal, (acted, denied, last)): (&PrincipalId, (u64, u64, Time))| Actor {
        principal: principal.to_string(),
        acted,
        denied,
        last,
    };
    let mut actors: Vec<Actor> = found.into_iter().map(actor).collect();
    actors.sort_by_key(|actor| core::cmp::Reverse((actor.acted, actor.denied)));
    actors
}

fn judge<J: Judging>(act: &Act, judged: &mut Verdicts, log: &J) -> Result<Done, KeptError<J::Error>> {
    let put: Option<Put> = log.placed(act.index).map_err(source)?;
    let verdict = put.map(|put| log.judged(&put, None)).transpose()?;
    let verdict = verdict.and_then(|Judged { verdict, .. }| verdict.ok());
    let (counted, word) = match verdict.as_ref().map(|verdict| verdict.outcome) {
        Some(verdict::Outcome::Authorized) => (&mut judged.authorized, "authorized"),
        Some(verdict::Outcome::NotAuthorized) => (&mut judged.not_authorized, "not-authorized"),
        Some(verdict::Outcome::Indeterminate) => (&mut judged.indeterminate, "indeterminate"),
        None => (&mut judged.unjudged, "unjudged"),
    };
    *counted = counted.saturating_add(1);
    let authorized = verdict.as_ref().filter(|verdict| verdict.outcome == verdict::Outcome::Authorized);
    let way = authorized.map(|verdict| verdict.hops.iter().map(|hop| hop.index).collect());
    Ok(Done {
        id: act.id,
        index: act.index,
        at: act.at,
        actor: act.actor.to_string(),
        action: act.action.clone(),
        resources: act.resources.clone(),
        outcome: act.outcome,
        verdict: word.into(),
        findings: verdict.as_ref().map(against).unwrap_or_default(),
        way: way.unwrap_or_default(),
    })
}

/// The rules that found against a subject, or could not tell.
fn against(verdict: &verdict::Verdict) -> Vec<String> {
    let mut codes: Vec<String> = Vec::new();
    let on_hops = verdict.hops.iter().flat_map(|hop| &hop.findings);
    for finding in verdict.findings.iter().chain(on_hops) {
        if finding.effect != verdict::Effect::None && codes.iter().all(|known| *known != finding.code) {
            codes.push(finding.code.to_string());
        }
    }
    codes
}

fn source<E: core::fmt::Display>(error: E) -> KeptError<E> {
    KeptError::Gather(verifier::gather::GatherError::Source(error))
}
