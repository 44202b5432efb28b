//! The revisions of a policy: which are known, and from when each was in force.

use alloc::vec::Vec;

use schemas::kinds::Policy;
use schemas::payload::Body;
use schemas::term::Term;
use schemas::text::{Line, Name, Tenant};

use super::ground::Ground;
use crate::evidence::Record;

/// Every sound statement of a revision of a policy, in the order of the log.
pub(crate) fn revisions<'e>(
    ground: Ground<'e>,
    tenant: &Tenant,
    engine: &Name,
    id: &Line,
) -> Vec<(&'e Record, &'e Policy)> {
    let found = ground.evidence.find(&Term::Policy(tenant, engine, id)).records;
    let sound = found.into_iter().filter(|record| ground.effort.spend(1) && record.standing.is_ok());
    let stated = sound.filter_map(|record| {
        let payload = record.payload.as_ref().filter(|payload| payload.tenant == *tenant)?;
        match &payload.body {
            Body::Policy(policy) if policy.engine == *engine && policy.id == *id => Some((record, policy)),
            _ => None,
        }
    });
    stated.collect()
}
