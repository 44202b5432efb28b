//! What could still be done: the delegations that are neither past their expiry nor named by a withdrawal.
//!
//! What is recorded, no verdict: a withdrawal may be by somebody who may not, and a hop above may be gone.

use alloc::collections::BTreeSet;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use schemas::ids::{StatementId, TermId};
use schemas::time::{Index, Time};
use serde::{Deserialize, Serialize};

use super::LISTED_MAX;
use crate::kept::Placed;
use crate::reach;

/// Most delegations of which withdrawals are looked up for one answer: those that do not expire before.
const OPEN_EXAMINED_MAX: usize = 1_024;

/// The delegations in reach, by what is recorded of them up to the head.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Open {
    /// All of them.
    pub delegations: u64,
    /// Past their expiry.
    pub expired: u64,
    /// A withdrawal names them, their credential, their task, a party or their signer's key.
    pub withdrawn: u64,
    /// Neither.
    pub open: u64,
    /// Not looked at: more than 1,024 have not expired.
    pub unexamined: u64,
    /// Those that are neither, the nearest first, at most [`LISTED_MAX`].
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
}

impl Open {
    /// Those that are open at `now`.
    pub(super) fn among<P: Placed>(hops: &[reach::Hop], now: Time, placed: &P) -> Result<Self, P::Error> {
        // A limit that is reached is still good (design §6), as in the judge.
        let (lasting, expired): (Vec<&reach::Hop>, Vec<&reach::Hop>) =
            hops.iter().partition(|hop| hop.expires.is_none_or(|expires| expires >= now));
        let (examined, unexamined) = lasting.split_at(lasting.len().min(OPEN_EXAMINED_MAX));
        let terms: BTreeSet<TermId> =
            examined.iter().flat_map(|hop| hop.withdrawals.iter().copied()).collect();
        let terms: Vec<TermId> = terms.into_iter().collect();
        let rows = placed.find(&terms, 1)?;
        let size = placed.size();
        let named = |row: &Vec<Index>| row.iter().any(|index| index.0 < size);
        let withdrawn: BTreeSet<TermId> =
            terms.iter().zip(&rows).filter(|(_, row)| named(row)).map(|(term, _)| *term).collect();
        let is_open = |hop: &&&reach::Hop| hop.withdrawals.iter().all(|term| !withdrawn.contains(term));
        let open: Vec<&&reach::Hop> = examined.iter().filter(is_open).collect();
        Ok(Self {
            delegations: hops.len() as u64,
            expired: expired.len() as u64,
            withdrawn: examined.len().saturating_sub(open.len()) as u64,
            open: open.len() as u64,
            unexamined: unexamined.len() as u64,
            listed: open.into_iter().take(LISTED_MAX).map(|hop| Hop::from(*hop)).collect(),
        })
    }
}

impl From<&reach::Hop> for Hop {
    fn from(hop: &reach::Hop) -> Self {
        Self {
            id: hop.id,
            index: hop.index,
            delegator: hop.delegator.to_string(),
            delegatee: hop.delegatee.to_string(),
            scope: hop.scope.as_ref().map_or_else(|| "nothing".into(), ToString::to_string),
            expires: hop.expires,
            above: hop.above,
        }
    }
}
