//! Whoever authority is asked about: its names, and the delegations that were given to any of them.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use schemas::payload::{Body, Kind};
use schemas::term::Term;
use schemas::text::{PrincipalId, Tenant};
use schemas::time::Index;
use verifier::naming::near_principals;

use crate::kept::{Placed, Put};
use crate::rows::of_kind;

/// Most statements that are read to tell the delegations among them.
const READ_MAX: usize = 10_000;

/// Most other names of one principal that are followed.
const NAMES_MAX: usize = 16;

/// Most names that are said to be near one that is nobody's.
const NEAR_MAX: usize = 5;

/// A principal and what it was given.
pub(super) struct Holder {
    /// Whether any statement names it.
    pub(super) is_known: bool,
    /// Its other names.
    pub(super) names: Vec<PrincipalId>,
    /// The delegations, in the order of the log.
    pub(super) given: Vec<Put>,
    /// Whether these are all.
    pub(super) complete: bool,
    /// Registered principals that look like it, where nobody names it.
    pub(super) near: Vec<PrincipalId>,
}

impl Holder {
    pub(super) fn find<P: Placed>(
        principal: &PrincipalId,
        tenant: Option<&Tenant>,
        log: &P,
    ) -> Result<Self, P::Error> {
        let (names, mut complete) = other_names(principal, log)?;
        let mut indexes: BTreeSet<Index> = BTreeSet::new();
        let mut is_known = false;
        for name in [principal].into_iter().chain(&names) {
            let term = Term::Principal(name).id();
            is_known |= log.find(&[term], 1)?.iter().any(|row| !row.is_empty());
            let (found, all) = of_kind(term, Kind::Delegation, log)?;
            complete &= all;
            indexes.extend(found);
        }
        complete &= indexes.len() <= READ_MAX;
        let is_theirs = |name: &PrincipalId| name == principal || names.contains(name);
        let mut given = Vec::new();
        for index in indexes.into_iter().take(READ_MAX) {
            let Some(put) = log.placed(index)? else { continue };
            let payload = &put.statement.payload;
            if let Body::Delegation(hop) = &payload.body
                && is_theirs(&hop.delegatee)
                && tenant.is_none_or(|tenant| payload.tenant == *tenant)
            {
                given.push(put);
            }
        }
        let near = if is_known { Vec::new() } else { near(principal, log)? };
        Ok(Self { is_known, names, given, complete, near })
    }
}

/// The names that a registrar ever said to be the same principal's, and whether these are all.
fn other_names<P: Placed>(principal: &PrincipalId, log: &P) -> Result<(Vec<PrincipalId>, bool), P::Error> {
    let registered = log.find(&[Term::Registration(principal).id()], READ_MAX)?;
    let registered: Vec<Index> = registered.into_iter().flatten().collect();
    let mut names: BTreeSet<PrincipalId> = BTreeSet::new();
    for index in registered.iter().take(READ_MAX) {
        if let Some(put) = log.placed(*index)?
            && let Body::Link(link) = &put.statement.payload.body
        {
            let both = [&link.from, &link.to];
            names.extend(both.into_iter().filter(|name| *name != principal).cloned());
        }
    }
    let complete = registered.len() < READ_MAX && names.len() <= NAMES_MAX;
    Ok((names.into_iter().take(NAMES_MAX).collect(), complete))
}

fn near<P: Placed>(principal: &PrincipalId, log: &P) -> Result<Vec<PrincipalId>, P::Error> {
    let terms = [Term::Kind(Kind::Key).id(), Term::Kind(Kind::Principal).id()];
    let rows = log.find(&terms, READ_MAX)?;
    let mut known: Vec<PrincipalId> = Vec::new();
    for index in rows.into_iter().flatten().take(READ_MAX) {
        match log.placed(index)?.map(|put| put.statement.payload.body) {
            Some(Body::Key(key)) => known.extend(key.principal),
            Some(Body::Principal(stated)) => known.push(stated.id),
            _ => {}
        }
    }
    Ok(near_principals(known.iter(), principal.as_str(), NEAR_MAX).into_iter().cloned().collect())
}
