//! What may rest on something that is withdrawn: the delegations that it gave, those below them, and the permits on any.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use schemas::ids::TermId;
use schemas::kinds::{Decision, Ruling, Target};
use schemas::payload::{Body, Kind};
use schemas::reference::ForeignRef;
use schemas::term::Term;
use schemas::time::{Index, Time};
use verifier::judge::profile_by_vantage;

use super::target::Withdrawable;
use crate::kept::{Placed, Put};
use crate::rows::of_kind;
use crate::standing::JUDGED_MAX;

/// Most permits that are looked at for one answer, the newest first.
pub(super) const PERMITS_MAX: usize = 1_000;

/// Most statements that one delegation is looked up for.
const LISTED_MAX: usize = 10_000;

/// What may rest on something.
pub(super) struct Below {
    /// Delegations, in the order of the log.
    pub(super) delegations: BTreeMap<Index, Put>,
    /// Permits that could still be used, in the order of the log.
    pub(super) permits: BTreeMap<Index, Put>,
    /// Whether these are all.
    pub(super) complete: bool,
}

impl Below {
    pub(super) fn find<P: Placed>(of: &Withdrawable, at: Time, log: &P) -> Result<Self, P::Error> {
        let mut found = Self { delegations: BTreeMap::new(), permits: BTreeMap::new(), complete: true };
        let (mut waiting, mut permits) = given(of, &mut found.complete, log)?;
        while let Some(index) = waiting.pop() {
            if found.delegations.contains_key(&index) {
                continue;
            }
            if found.delegations.len() >= JUDGED_MAX.delegations {
                found.complete = false;
                break;
            }
            let Some(put) = log.placed(index)? else { continue };
            if put.statement.payload.kind != Kind::Delegation {
                continue;
            }
            waiting.extend(found.naming(&put, Kind::Delegation, log)?);
            permits.extend(found.naming(&put, Kind::Decision, log)?);
            found.delegations.insert(index, put);
        }
        found.complete &= permits.len() <= PERMITS_MAX;
        for index in permits.into_iter().rev().take(PERMITS_MAX) {
            let open = log.placed(index)?.filter(|put| is_open(put, at));
            found.permits.extend(open.map(|put| (index, put)));
        }
        Ok(found)
    }

    /// The statements of a kind that name this one.
    fn naming<P: Placed>(&mut self, put: &Put, kind: Kind, log: &P) -> Result<Vec<Index>, P::Error> {
        let rows = log.find(&names(put, kind), LISTED_MAX)?;
        self.complete &= rows.iter().all(|row| row.len() < LISTED_MAX);
        Ok(rows.into_iter().flatten().collect())
    }
}

/// The delegations that something gave or was given by, and the decisions on it or in its name.
fn given<P: Placed>(
    of: &Withdrawable,
    complete: &mut bool,
    log: &P,
) -> Result<(Vec<Index>, BTreeSet<Index>), P::Error> {
    let (mut delegations, mut decisions) = (Vec::new(), BTreeSet::new());
    let Target { reference, key, task, principal, .. } = &of.target;
    let signer = key.as_ref().map(|key| Term::Signer(key).id());
    let task = task.as_ref().map(|task| Term::Task(&of.tenant, task).id());
    let principal = principal.as_ref().map(|principal| Term::Principal(principal).id());
    for term in [signer, task, principal].into_iter().flatten() {
        let (given, all_given) = of_kind(term, Kind::Delegation, log)?;
        let (ruled, all_ruled) = of_kind(term, Kind::Decision, log)?;
        *complete &= all_given && all_ruled;
        delegations.extend(given);
        decisions.extend(ruled);
    }
    let Some(put) = of.statement.as_ref().filter(|_| reference.is_some()) else {
        return Ok((delegations, decisions));
    };
    match &put.statement.payload.body {
        Body::Delegation(_) => delegations.push(put.index),
        Body::Credential(credential) => {
            let named = &credential.credential;
            let [carried, presented] = [
                Term::Named(Kind::Delegation, &of.tenant, named).id(),
                Term::CitingForeign(Kind::Decision, &of.tenant, named).id(),
            ];
            delegations.extend(log.find(&[carried], LISTED_MAX)?.into_iter().flatten());
            decisions.extend(log.find(&[presented], LISTED_MAX)?.into_iter().flatten());
        }
        _ => decisions.extend(log.find(&names(put, Kind::Decision), LISTED_MAX)?.into_iter().flatten()),
    }
    Ok((delegations, decisions))
}

/// The terms of the statements of a kind that name this one, by its id or a foreign id that it goes by.
fn names(put: &Put, kind: Kind) -> Vec<TermId> {
    let payload = &put.statement.payload;
    let credential = match &payload.body {
        Body::Delegation(hop) => hop.credential.as_ref(),
        _ => None,
    };
    let foreign = payload.refs.iter().chain(credential);
    let foreign = foreign.map(|name: &ForeignRef| Term::CitingForeign(kind, &payload.tenant, name).id());
    [Term::Citing(kind, &put.statement.id()).id()].into_iter().chain(foreign).collect()
}

/// Whether a statement is a permit that is still fresh.
fn is_open(put: &Put, at: Time) -> bool {
    permit(put)
        .is_some_and(|decision| at <= profile_by_vantage(&put.statement.payload).usable_until(decision))
}

/// The permit that a statement is.
pub(super) fn permit(put: &Put) -> Option<&Decision> {
    match &put.statement.payload.body {
        Body::Decision(decision) if decision.ruling == Ruling::Permit => Some(decision),
        _ => None,
    }
}
