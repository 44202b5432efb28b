//! Looking at one delegation or action after another.

use alloc::string::ToString;
use alloc::vec::Vec;

use schemas::kinds::Delegation;
use schemas::payload::Body;
use schemas::reference::Reference;
use schemas::text::PrincipalId;
use schemas::time::Index;
use verifier::gather::{GatherError, Wants};
use verifier::judge::{bridged, profile_by_vantage};

use super::domain::domain;
use super::{Bridge, Crossed, Crossing, EXAMINED_MAX};
use crate::judging::Judging;
use crate::kept::{KeptError, Put};
use crate::sweep::ENTRIES_MAX;

/// Looks until the page is full or has cost enough.
pub(super) struct Looking<'s, S> {
    log: &'s S,
    limit: usize,
    gathered: usize,
    pub(super) examined: usize,
    pub(super) found: Vec<Crossing>,
}

impl<'s, S: Judging> Looking<'s, S> {
    pub(super) fn new(log: &'s S, limit: usize) -> Self {
        Self { log, limit, gathered: 0, examined: 0, found: Vec::new() }
    }

    pub(super) fn is_done(&self) -> bool {
        self.found.len() >= self.limit || self.examined >= EXAMINED_MAX || self.gathered >= ENTRIES_MAX
    }

    /// Looks at the statement at an index, and keeps it where it crosses.
    pub(super) fn look(&mut self, index: Index) -> Result<(), KeptError<S::Error>> {
        let Some(put) = self.log.placed(index).map_err(source)? else { return Ok(()) };
        self.examined = self.examined.saturating_add(1);
        match &put.statement.payload.body {
            Body::Delegation(hop) => self.hop(&put, hop),
            Body::Action(action) => {
                let parents: Vec<&Reference> = action.delegation.iter().collect();
                let Some((parent, tenant)) = self.other_tenant(&put, &parents)? else { return Ok(()) };
                // Only a hop can have a bridge.
                let crossing = Crossing {
                    to: None,
                    parent: Some(parent),
                    tenant: Some(tenant),
                    ..bare(&put, &action.actor)
                };
                self.found.push(crossing);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn hop(&mut self, put: &Put, hop: &Delegation) -> Result<(), KeptError<S::Error>> {
        let parents: Vec<&Reference> = hop.parents.iter().collect();
        let (parent, tenant) = self.other_tenant(put, &parents)?.unzip();
        let domain = domain(&hop.delegator).zip(domain(&hop.delegatee)).filter(|(from, into)| from != into);
        let domain = domain.map(|(from, into)| Crossed { from: from.into(), into: into.into() });
        if tenant.is_none() && domain.is_none() {
            return Ok(());
        }
        let bridge = self.bridge(put, hop)?;
        let to = Some(hop.delegatee.to_string());
        self.found.push(Crossing { to, parent, tenant, domain, bridge, ..bare(put, &hop.delegator) });
        Ok(())
    }

    /// The first of the statements that are relied on which is of another tenant.
    fn other_tenant(
        &self,
        put: &Put,
        named: &[&Reference],
    ) -> Result<Option<(schemas::ids::StatementId, Crossed)>, KeptError<S::Error>> {
        let own = &put.statement.payload.tenant;
        for reference in named {
            // By a foreign id only statements of the same tenant are meant.
            let (Reference::Id(id) | Reference::InLog(_, id)) = reference else { continue };
            let Some(index) = self.log.index_of(id).map_err(source)? else { continue };
            let Some(parent) = self.log.placed(index).map_err(source)? else { continue };
            let from = &parent.statement.payload.tenant;
            if from != own {
                return Ok(Some((*id, Crossed { from: from.to_string(), into: own.to_string() })));
            }
        }
        Ok(None)
    }

    fn bridge(&mut self, put: &Put, hop: &Delegation) -> Result<Bridge, KeptError<S::Error>> {
        let Some(named) = &hop.bridge else { return Ok(Bridge::None) };
        let id = put.statement.id();
        let profile = profile_by_vantage(&put.statement.payload);
        let look = |evidence: &_| bridged(&id, evidence, &profile);
        let seen = self.log.seen(&id, Wants::default(), look)?;
        self.gathered = self.gathered.saturating_add(seen.gathered);
        let name = named.to_string();
        Ok(match seen.found {
            Ok(Some(Ok(id))) => Bridge::Holds { id },
            Ok(Some(Err(why))) => Bridge::Fails { name, why },
            Ok(None) => Bridge::Fails { name, why: "the delegation cannot be judged".into() },
            Err(unjudged) => Bridge::Fails { name, why: unjudged.to_string() },
        })
    }
}

/// A crossing of which nothing is known yet.
fn bare(put: &Put, by: &PrincipalId) -> Crossing {
    Crossing {
        id: put.statement.id(),
        index: put.index,
        kind: put.statement.payload.kind,
        at: put.statement.payload.at,
        by: by.to_string(),
        to: None,
        parent: None,
        tenant: None,
        domain: None,
        bridge: Bridge::None,
    }
}

fn source<E: core::fmt::Display>(error: E) -> KeptError<E> {
    KeptError::Gather(GatherError::Source(error))
}
