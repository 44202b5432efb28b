//! What would stop if something were withdrawn now, and what would go on by another way.

mod below;
mod target;
mod text;

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use schemas::ids::StatementId;
use schemas::kinds::TargetKind;
use schemas::payload::{Body, Kind};
use schemas::time::{Index, Time};
use serde::{Deserialize, Serialize};
use thiserror::Error;
use verifier::evidence::Evidence;
use verifier::gather::GatherError;
use verifier::judge::{Asked, Standing, Supposed, counted, profile_by_vantage, standing};

use crate::kept::{AsOf, Evidential, KeptError, Put};
use crate::page::{Cursor, Page};
use crate::standing::{Carries, Found, Hop, JUDGED_MAX, each, findings, too_many};
use below::{Below, permit};
pub use target::Subject;
use target::Withdrawable;

/// Name of the JSON form.
pub const WHAT_IF_SCHEMA: &str = "writ.what-if/1";

/// Most permits that are listed; all that were looked at are counted.
pub const PERMITS_LISTED_MAX: usize = 100;

/// What would become of everything below something, were it withdrawn.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WhatIf {
    /// [`WHAT_IF_SCHEMA`].
    pub schema: String,
    /// What is supposed to be withdrawn.
    pub withdrawn: Supposition,
    /// From when: the time of the head.
    pub at: Time,
    /// How many delegations would stop.
    pub stop: u64,
    /// How many principals hold them.
    pub holders: u64,
    /// How many would go on.
    pub survive: u64,
    /// How many of those by another way than now.
    pub rerouted: u64,
    /// Of how many it cannot be told.
    pub uncertain: u64,
    /// How many below carry nothing as it is.
    pub not_held: u64,
    /// How many permits that could still be used would no longer stand.
    pub permits_stop: u64,
    /// Whether that is all: no bound cut the search.
    pub complete: bool,
    /// How many delegations are on this page.
    pub count: usize,
    /// Whether there are more.
    pub truncated: bool,
    /// Where the next page begins.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// The delegations: those that would stop, by holder; then the uncertain ones; then those that would go on. Each in the order
    /// of the log.
    pub delegations: Vec<Fate>,
    /// The permits that would no longer stand, newest first; at most [`PERMITS_LISTED_MAX`].
    pub permits: Vec<Permit>,
    /// How to go on and withdraw it.
    pub revoke_by: String,
    /// Under which head.
    pub as_of: AsOf,
}

/// What is supposed to be withdrawn.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Supposition {
    /// What sort of thing.
    pub kind: TargetKind,
    /// Its name: what a revocation would say.
    pub name: String,
    /// The statement that gave it, or that says what it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<StatementId>,
    /// Where that stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<Index>,
}

/// What becomes of something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outlook {
    /// It carries nothing from then on.
    Stops,
    /// It cannot be told.
    Uncertain,
    /// It goes on.
    Survives,
}

/// What becomes of one delegation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fate {
    /// Its id.
    pub id: StatementId,
    /// Where it stands.
    pub index: Index,
    /// Who gave.
    pub delegator: String,
    /// Who holds it.
    pub holder: String,
    /// Its tenant.
    pub tenant: String,
    /// The task that it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task: Option<String>,
    /// Whether it carries authority as it is.
    pub now: Carries,
    /// What becomes of it.
    pub outlook: Outlook,
    /// The way that it has as it is, root first.
    pub way: Vec<Hop>,
    /// The way that it would have, where it would go on by another.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub other_way: Vec<Hop>,
    /// What the rules would find, worst first.
    pub findings: Vec<Found>,
}

/// A permit that would no longer stand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Permit {
    /// The decision's id.
    pub id: StatementId,
    /// Where it stands.
    pub index: Index,
    /// Who was permitted.
    pub actor: String,
    /// What.
    pub action: String,
    /// On what.
    pub resources: Vec<String>,
    /// Until when it could be used.
    pub usable_until: Time,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum WhatIfError<E: core::fmt::Display> {
    /// It is not there.
    #[error("nothing in the log is called `{0}`: no statement, no principal, no key")]
    NotFound(String),
    /// Nothing hangs on statements of this kind.
    #[error(
        "a {0} statement gives no authority that could be withdrawn; ask about a delegation, credential, approval, task, principal or key"
    )]
    NotRevocable(Kind),
    /// There is no evidence.
    #[error(transparent)]
    Kept(#[from] KeptError<E>),
}

impl<E: core::fmt::Display> WhatIfError<E> {
    /// Stable name of this refusal.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotFound(_) => "not-found",
            Self::NotRevocable(_) => "not-revocable",
            Self::Kept(_) => "source",
        }
    }

    fn source(error: E) -> Self {
        Self::Kept(KeptError::Gather(GatherError::Source(error)))
    }
}

/// What would become of everything below `subject`, were it withdrawn at the head by somebody who may: one page of the
/// delegations.
pub fn what_if<L: Evidential>(
    subject: Subject<'_>,
    page: Page,
    log: &L,
) -> Result<WhatIf, WhatIfError<L::Error>> {
    let as_of = log.as_of();
    let at = as_of.time;
    let of = Withdrawable::find(subject, log)?;
    let below = Below::find(&of, at, log).map_err(WhatIfError::source)?;
    let supposed = Supposed { target: of.target.clone(), tenant: of.tenant.clone(), from: at };
    let (mut fates, not_held, all_judged) = fates(&below, at, &supposed, log)?;
    let (permits, all_ruled) = permits(&below, at, &supposed, log)?;
    fates.sort_by(|a, b| place(a).cmp(&place(b)));
    let count = |outlook| fates.iter().filter(|fate| fate.outlook == outlook).count() as u64;
    let [stop, uncertain, survive] = [Outlook::Stops, Outlook::Uncertain, Outlook::Survives].map(count);
    let holders: BTreeSet<&str> =
        fates.iter().filter(|fate| fate.outlook == Outlook::Stops).map(|fate| fate.holder.as_str()).collect();
    let (holders, rerouted) =
        (holders.len() as u64, fates.iter().filter(|fate| !fate.other_way.is_empty()).count() as u64);
    let from = usize::try_from(page.from).unwrap_or(usize::MAX);
    let mut later = fates.into_iter().skip(from);
    let delegations: Vec<Fate> = later.by_ref().take(page.limit).collect();
    let truncated = later.next().is_some();
    let next = Cursor { size: as_of.size, next: page.from.saturating_add(delegations.len() as u64) };
    Ok(WhatIf {
        schema: WHAT_IF_SCHEMA.into(),
        withdrawn: Supposition {
            kind: of.target.kind,
            name: of.target.to_string(),
            id: of.statement.as_ref().map(|put| put.statement.id()),
            index: of.statement.as_ref().map(|put| put.index),
        },
        at,
        stop,
        holders,
        survive,
        rerouted,
        uncertain,
        not_held,
        permits_stop: permits.len() as u64,
        complete: below.complete && all_judged && all_ruled,
        count: delegations.len(),
        truncated,
        next: truncated.then(|| next.to_text(&["what-if", &word(subject)])),
        delegations,
        permits: permits.into_iter().rev().take(PERMITS_LISTED_MAX).collect(),
        revoke_by: of.next(),
        as_of,
    })
}

/// The size and the row of a cursor; nothing where it is none of this question's.
pub fn read_cursor(text: &str, subject: Subject<'_>) -> Option<Cursor> {
    Cursor::parse(text, &["what-if", &word(subject)])
}

fn word(subject: Subject<'_>) -> String {
    match subject {
        Subject::Statement(id) => id.to_hex(),
        Subject::Name(name) => name.into(),
    }
}

/// Those that stop come by holder, the others in the order of the log.
fn place(fate: &Fate) -> (Outlook, &str, Index) {
    let holder = if fate.outlook == Outlook::Stops { fate.holder.as_str() } else { "" };
    (fate.outlook, holder, fate.index)
}

/// What a statement's authority comes to as it is, and with something withdrawn.
fn before_and_after(
    put: &Put,
    at: Time,
    supposed: &Supposed,
    evidence: &Evidence,
) -> Option<(Standing, Standing)> {
    let profile = profile_by_vantage(&put.statement.payload);
    let judged = |supposed| {
        let asked = Asked { at, by: None, supposed };
        standing(&put.statement.id(), asked, evidence, &profile).ok()
    };
    Some((judged(None)?, judged(Some(supposed))?))
}

/// What becomes of each delegation that may carry something, how many carry nothing, and whether all were judged.
fn fates<L: Evidential>(
    below: &Below,
    at: Time,
    supposed: &Supposed,
    log: &L,
) -> Result<(Vec<Fate>, u64, bool), KeptError<L::Error>> {
    let puts: BTreeMap<StatementId, &Put> =
        below.delegations.values().map(|put| (put.statement.id(), put)).collect();
    let subjects: Vec<StatementId> = below.delegations.values().map(|put| put.statement.id()).collect();
    let (mut fates, mut not_held) = (Vec::new(), 0_u64);
    let all = each(log, &subjects, &BTreeSet::new(), JUDGED_MAX, |subject, evidence| {
        let Some(put) = puts.get(subject) else { return };
        let judged = evidence.and_then(|evidence| before_and_after(put, at, supposed, evidence));
        match judged.as_ref().map(|(before, _)| Carries::from(before.outcome)) {
            Some(Carries::NotHeld) => not_held = not_held.saturating_add(1),
            now => fates.extend(fate(put, now.unwrap_or(Carries::Uncertain), judged.as_ref())),
        }
    })?;
    Ok((fates, not_held, all))
}

fn fate(put: &Put, now: Carries, judged: Option<&(Standing, Standing)>) -> Option<Fate> {
    let payload = &put.statement.payload;
    let Body::Delegation(hop) = &payload.body else { return None };
    let after = judged.map_or(Carries::Uncertain, |(_, after)| after.outcome.into());
    let outlook = match (now, after) {
        (_, Carries::NotHeld) => Outlook::Stops,
        (Carries::Held, Carries::Held) => Outlook::Survives,
        _ => Outlook::Uncertain,
    };
    let way = |standing: &Standing| standing.hops.iter().map(Hop::from).collect::<Vec<Hop>>();
    let ways = judged.map(|(before, after)| (way(before), way(after))).unwrap_or_default();
    let is_other = outlook == Outlook::Survives && ways.0 != ways.1;
    Some(Fate {
        id: put.statement.id(),
        index: put.index,
        delegator: hop.delegator.to_string(),
        holder: hop.delegatee.to_string(),
        tenant: payload.tenant.to_string(),
        task: payload.task.as_ref().map(ToString::to_string),
        now,
        outlook,
        way: ways.0,
        other_way: if is_other { ways.1 } else { Vec::new() },
        findings: judged.map_or_else(|| [too_many()].into(), |(_, after)| findings(after)),
    })
}

/// The permits that could still be used and would no longer stand, in the order of the log, and whether all were judged.
fn permits<L: Evidential>(
    below: &Below,
    at: Time,
    supposed: &Supposed,
    log: &L,
) -> Result<(Vec<Permit>, bool), KeptError<L::Error>> {
    let puts: BTreeMap<StatementId, &Put> =
        below.permits.values().map(|put| (put.statement.id(), put)).collect();
    let subjects: Vec<StatementId> = below.permits.values().map(|put| put.statement.id()).collect();
    let mut stop = Vec::new();
    let all = each(log, &subjects, &BTreeSet::new(), JUDGED_MAX, |subject, evidence| {
        let Some((put, evidence)) = puts.get(subject).copied().zip(evidence) else { return };
        let profile = profile_by_vantage(&put.statement.payload);
        let used_up = counted(subject, evidence, &profile).is_some_and(|uses| uses.limit <= uses.used);
        let Some((before, after)) = before_and_after(put, at, supposed, evidence) else { return };
        let stood = Carries::from(before.outcome) != Carries::NotHeld;
        let Some(decision) = permit(put).filter(|_| stood && !used_up) else { return };
        if Carries::from(after.outcome) == Carries::NotHeld {
            stop.push(Permit {
                id: *subject,
                index: put.index,
                actor: decision.actor.to_string(),
                action: decision.action.name.to_string(),
                resources: decision.resources.iter().map(ToString::to_string).collect(),
                usable_until: profile.usable_until(decision),
            });
        }
    })?;
    stop.sort_by_key(|permit| permit.index);
    Ok((stop, all))
}
