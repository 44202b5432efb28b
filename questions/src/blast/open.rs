//! What could still be done: the delegations that stand now, as the judge finds.

use alloc::collections::BTreeSet;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use schemas::ids::{StatementId, TermId};
use schemas::time::{Index, Time};
use serde::{Deserialize, Serialize};
use verifier::evidence::Evidence;
use verifier::gather::GatherError;
use verifier::judge::{Asked, Standing, default_profile, standing};

use super::LISTED_MAX;
use crate::kept::{Evidential, KeptError};
use crate::reach;
use crate::standing::{Carries, Cost, Lost, LostBy, each};

/// What judging may cost. An entry takes some 100 µs to fetch, prove and check.
pub const OPEN_JUDGED_MAX: Cost = Cost { delegations: 256, entries: 1_024 };

/// The same where many statements were looked at before: for an answer about ten thousand actions in about 150 ms (docs/performance.md).
pub const OPEN_JUDGED_OF_MANY_MAX: Cost = Cost { delegations: 16, entries: 128 };

/// How many statements are many, looked at for one answer.
const MANY: usize = 5_000;

/// Of how many delegations it is looked up whether something names them as withdrawn, so that the others are judged first.
const WITHDRAWALS_EXAMINED_MAX: usize = 256;

/// The delegations in reach, by what the judge finds of them at the head.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Open {
    /// All of them.
    pub delegations: u64,
    /// Past their own end.
    pub expired: u64,
    /// Carry nothing any more, for another reason.
    pub lost: u64,
    /// Why, by the worst rule of each: the most frequent first.
    pub lost_by: Vec<LostBy>,
    /// Stand.
    pub open: u64,
    /// Of how many it cannot be told.
    pub uncertain: u64,
    /// Not judged: more have not expired than one answer judges, [`OPEN_JUDGED_MAX`], or [`OPEN_JUDGED_OF_MANY_MAX`].
    pub unexamined: u64,
    /// Those that stand or are uncertain, the nearest first, at most [`LISTED_MAX`].
    pub listed: Vec<Hop>,
}

/// One delegation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hop {
    /// Its id.
    pub id: StatementId,
    /// Where it stands.
    pub index: Index,
    /// Who gave.
    pub delegator: String,
    /// Who received.
    pub delegatee: String,
    /// What was handed on.
    pub scope: String,
    /// Until when; absent: without end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires: Option<Time>,
    /// How many hops are above it.
    pub above: u64,
    /// `held`, or `uncertain`.
    pub carries: Carries,
}

impl Open {
    /// Those that stand at the head.
    pub(super) fn among<L: Evidential>(
        hops: &[reach::Hop],
        examined: usize,
        log: &L,
    ) -> Result<Self, KeptError<L::Error>> {
        let now = log.as_of().time;
        let most = if examined < MANY { OPEN_JUDGED_MAX } else { OPEN_JUDGED_OF_MANY_MAX };
        // A limit that is reached is still good (design §6), as in the judge, which finds all others expired.
        let (mut lasting, expired): (Vec<&reach::Hop>, Vec<&reach::Hop>) =
            hops.iter().partition(|hop| hop.expires.is_none_or(|expires| expires >= now));
        if lasting.len() > most.delegations {
            let withdrawn = withdrawn(&lasting, log)?;
            lasting.sort_by_key(|hop| hop.withdrawals.iter().any(|term| withdrawn.contains(term)));
        }
        let mut open =
            Self { delegations: hops.len() as u64, expired: expired.len() as u64, ..Self::default() };
        let mut lost = Lost::default();
        let mut judged: Vec<Carries> = Vec::new();
        let subjects: Vec<StatementId> = lasting.iter().map(|hop| hop.id).collect();
        each(log, &subjects, &BTreeSet::new(), most, |id, evidence| {
            let found = evidence.and_then(|evidence| stands(id, now, evidence));
            let carries = found.as_ref().map_or(Carries::Uncertain, |found| found.outcome.into());
            if let (Carries::NotHeld, Some(found)) = (carries, &found) {
                lost.add(found);
            }
            judged.push(carries);
        })?;
        let mut listed: Vec<(&reach::Hop, Carries)> = Vec::new();
        for (hop, carries) in lasting.iter().zip(&judged) {
            match carries {
                Carries::Held => add(&mut open.open),
                Carries::Uncertain => add(&mut open.uncertain),
                Carries::NotHeld => add(&mut open.lost),
            }
            if *carries != Carries::NotHeld {
                listed.push((hop, *carries));
            }
        }
        open.unexamined = lasting.len().saturating_sub(judged.len()) as u64;
        open.lost_by = lost.by();
        listed.sort_by_key(|(hop, _)| (hop.above, hop.index));
        open.listed =
            listed.into_iter().take(LISTED_MAX).map(|(hop, carries)| Hop::of(hop, carries)).collect();
        Ok(open)
    }
}

fn stands(id: &StatementId, now: Time, evidence: &Evidence) -> Option<Standing> {
    let profile = default_profile(evidence.get(id)?);
    standing(id, Asked { at: now, by: None, supposed: None }, evidence, &profile).ok()
}

/// Terms of the nearest hops under which something is logged that would withdraw them, by whomever.
fn withdrawn<L: Evidential>(hops: &[&reach::Hop], log: &L) -> Result<BTreeSet<TermId>, KeptError<L::Error>> {
    let terms: BTreeSet<TermId> =
        hops.iter().take(WITHDRAWALS_EXAMINED_MAX).flat_map(|hop| hop.withdrawals.iter().copied()).collect();
    let terms: Vec<TermId> = terms.into_iter().collect();
    let rows = log.find(&terms, 1).map_err(GatherError::Source)?;
    Ok(terms.into_iter().zip(rows).filter(|(_, row)| !row.is_empty()).map(|(term, _)| term).collect())
}

impl Hop {
    fn of(hop: &reach::Hop, carries: Carries) -> Self {
        Self {
            id: hop.id,
            index: hop.index,
            delegator: hop.delegator.to_string(),
            delegatee: hop.delegatee.to_string(),
            scope: hop.scope.as_ref().map_or_else(|| "nothing".into(), ToString::to_string),
            expires: hop.expires,
            above: hop.above,
            carries,
        }
    }
}

fn add(count: &mut u64) {
    *count = count.saturating_add(1);
}
