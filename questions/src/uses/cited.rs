//! The actions that name a statement, found by the index.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use schemas::ids::{StatementId, TermId};
use schemas::kinds::{Phase, Ruling};
use schemas::payload::{Body, Kind};
use schemas::reference::{ForeignRef, Reference};
use schemas::term::Term;
use schemas::time::Index;

use super::{EXAMINED_MAX, UsesError, action};
use crate::kept::{Placed, Put};

/// The actions that rely on one statement, by index, each with the decision through which it does.
pub(super) struct Relying {
    pub(super) actions: Vec<(Put, Option<StatementId>)>,
    /// Whether all were looked at.
    pub(super) complete: bool,
}

/// Looks up, and counts what was looked at.
struct Lookup<'p, P> {
    placed: &'p P,
    left: usize,
    complete: bool,
    found: BTreeMap<Index, (Put, Option<StatementId>)>,
}

impl Relying {
    pub(super) fn on<P: Placed>(of: &Put, placed: &P) -> Result<Self, UsesError<P::Error>> {
        let kind = of.statement.payload.kind;
        if !matches!(kind, Kind::Delegation | Kind::Approval | Kind::Decision | Kind::Credential) {
            return Err(UsesError::NotReliedOn(kind));
        }
        let mut lookup = Lookup { placed, left: EXAMINED_MAX, complete: true, found: BTreeMap::new() };
        lookup.actions(of, None).map_err(UsesError::Source)?;
        if kind == Kind::Approval {
            for permit in lookup.permits(of).map_err(UsesError::Source)? {
                lookup.actions(&permit, Some(permit.statement.id())).map_err(UsesError::Source)?;
            }
        }
        let Lookup { complete, mut found, .. } = lookup;
        // An outcome is no use beside its attempt.
        let attempts: BTreeSet<StatementId> = found.values().map(|(put, _)| put.statement.id()).collect();
        found.retain(|_, (put, _)| {
            action(put).is_some_and(|action| {
                action.phase != Phase::Outcome
                    || !matches!(&action.attempt, Some(Reference::Id(id)) if attempts.contains(id))
            })
        });
        Ok(Self { actions: found.into_values().collect(), complete })
    }
}

impl<P: Placed> Lookup<'_, P> {
    /// Takes every action that relies on `of`, through a decision or by itself.
    fn actions(&mut self, of: &Put, through: Option<StatementId>) -> Result<(), P::Error> {
        for put in self.citing(Kind::Action, of)? {
            if relies(&put, of) {
                self.found.entry(put.index).or_insert((put, through));
            }
        }
        Ok(())
    }

    /// The permits that rely on an approval.
    fn permits(&mut self, of: &Put) -> Result<Vec<Put>, P::Error> {
        let mut found = self.citing(Kind::Decision, of)?;
        found.retain(|put| match &put.statement.payload.body {
            Body::Decision(ruled) => {
                ruled.ruling == Ruling::Permit
                    && ruled.approval.as_ref().is_some_and(|named| means(named, of))
            }
            _ => false,
        });
        Ok(found)
    }

    /// The statements of a kind that cite another, under its id or a foreign id that it goes by, in its tenant.
    fn citing(&mut self, kind: Kind, of: &Put) -> Result<Vec<Put>, P::Error> {
        let (id, tenant) = (of.statement.id(), &of.statement.payload.tenant);
        let mut terms: Vec<TermId> = alloc::vec![Term::Citing(kind, &id).id()];
        terms.extend(names(of).map(|name| Term::CitingForeign(kind, tenant, name).id()));
        let rows = self.placed.find(&terms, self.left.saturating_add(1))?;
        let indexes: BTreeSet<Index> = rows.into_iter().flatten().collect();
        self.complete &= indexes.len() <= self.left;
        let mut found = Vec::new();
        for index in indexes.into_iter().take(self.left) {
            self.left = self.left.saturating_sub(1);
            let put = self.placed.placed(index)?;
            found.extend(put.filter(|put| put.statement.payload.tenant == *tenant));
        }
        Ok(found)
    }
}

/// Foreign ids that a statement goes by: those it carries, and the credential that it is about.
fn names(of: &Put) -> impl Iterator<Item = &ForeignRef> {
    of.statement.payload.refs.iter().chain(credential(of))
}

/// The credential that carries a hop, or that a credential statement is about.
fn credential(of: &Put) -> Option<&ForeignRef> {
    match &of.statement.payload.body {
        Body::Delegation(hop) => hop.credential.as_ref(),
        Body::Credential(credential) => Some(&credential.credential),
        _ => None,
    }
}

/// Whether an action relies on a statement: it names it as what it is, or presents its credential and names no hop.
fn relies(put: &Put, of: &Put) -> bool {
    let Some(action) = action(put) else { return false };
    let named = |reference: &Option<Reference>| reference.as_ref().is_some_and(|named| means(named, of));
    let presented = action.credential.is_some() && action.credential.as_ref() == credential(of);
    match of.statement.payload.kind {
        Kind::Delegation => named(&action.delegation) || (action.delegation.is_none() && presented),
        Kind::Approval => named(&action.approval),
        Kind::Decision => named(&action.decision),
        Kind::Credential => presented,
        _ => false,
    }
}

fn means(reference: &Reference, of: &Put) -> bool {
    match reference {
        Reference::Id(id) | Reference::InLog(_, id) => *id == of.statement.id(),
        Reference::Foreign(foreign) => names(of).any(|name| name == foreign),
    }
}
