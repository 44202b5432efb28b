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
pub(crate) struct Relying {
    pub(crate) actions: Vec<(Put, Option<StatementId>)>,
    /// Whether all were looked at.
    pub(crate) complete: bool,
    /// How many statements were looked at.
    pub(crate) examined: usize,
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
        Self::within(EXAMINED_MAX, of, placed).map_err(UsesError::Source)
    }

    /// The same, looking at so many statements at most.
    pub(crate) fn within<P: Placed>(most: usize, of: &Put, placed: &P) -> Result<Self, P::Error> {
        let mut lookup = Lookup::new(most, placed);
        lookup.actions(of, None)?;
        if of.statement.payload.kind == Kind::Approval {
            for permit in lookup.permits(of)? {
                lookup.actions(&permit, Some(permit.statement.id()))?;
            }
        }
        let Lookup { complete, mut found, left, .. } = lookup;
        // An outcome is no use beside its attempt.
        let attempts: BTreeSet<StatementId> = found.values().map(|(put, _)| put.statement.id()).collect();
        found.retain(|_, (put, _)| {
            action(put).is_some_and(|action| {
                action.phase != Phase::Outcome
                    || !matches!(&action.attempt, Some(Reference::Id(id)) if attempts.contains(id))
            })
        });
        let examined = most.saturating_sub(left);
        Ok(Self { actions: found.into_values().collect(), complete, examined })
    }
}

/// What hands a delegation or a credential on: delegations that rest on it, credentials that it was given in for.
pub(crate) struct Onward {
    pub(crate) statements: Vec<Put>,
    /// Whether all were looked at.
    pub(crate) complete: bool,
    /// How many statements were looked at.
    pub(crate) examined: usize,
}

impl Onward {
    /// Looks at so many statements at most.
    pub(crate) fn of<P: Placed>(most: usize, of: &Put, placed: &P) -> Result<Self, P::Error> {
        let mut lookup = Lookup::new(most, placed);
        let mut statements = lookup.citing(Kind::Delegation, of)?;
        statements.extend(lookup.citing(Kind::Credential, of)?);
        statements.retain(|put| hands_on(put, of));
        let Lookup { left, complete, .. } = lookup;
        Ok(Self { statements, complete, examined: most.saturating_sub(left) })
    }
}

/// Whether a statement hands on what another gave.
fn hands_on(put: &Put, of: &Put) -> bool {
    let presents = |named: &Option<ForeignRef>| named.is_some() && named.as_ref() == credential(of);
    match (&put.statement.payload.body, of.statement.payload.kind) {
        (Body::Delegation(hop), Kind::Delegation) => {
            hop.parents.iter().any(|parent| means(parent, of)) || presents(&hop.presented_credential)
        }
        (Body::Delegation(hop), Kind::Credential) => presents(&hop.presented_credential),
        (Body::Credential(issue), _) => presents(&issue.exchanged),
        _ => false,
    }
}

impl<'p, P: Placed> Lookup<'p, P> {
    fn new(most: usize, placed: &'p P) -> Self {
        Self { placed, left: most, complete: true, found: BTreeMap::new() }
    }

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
