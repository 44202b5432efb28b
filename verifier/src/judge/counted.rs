//! How many actions something may carry, and what counts against that, for whoever asks without judging an action.

use alloc::vec::Vec;

use schemas::ids::StatementId;
use schemas::payload::Body;
use schemas::time::Index;

use super::graph::Node;
use super::ground::{Effort, Ground};
use super::uses::{HandedOn, Uses};
use crate::evidence::{Evidence, Record};
use crate::profile::Profile;

/// How many actions something may carry, and how many of the evidence count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counted {
    /// At most so many.
    pub limit: u64,
    /// So many are in the evidence, with those that were handed on.
    pub used: u64,
    /// How many of `used` were handed on.
    pub handed_on: u64,
    /// Whether these are known to be all.
    pub covered: bool,
}

/// How many actions a delegation, approval or permit may carry, by itself or by the profile; nothing where it has no limit.
pub fn use_limit(body: &Body, profile: &Profile) -> Option<u64> {
    match body {
        Body::Decision(decision) => decision.use_limit.or(profile.permit_uses),
        Body::Approval(approval) => Some(approval.use_limit.unwrap_or(1)),
        Body::Delegation(hop) => hop.use_limit,
        _ => None,
    }
}

/// That limit, and what counts against it, as the rules count; nothing where it has none.
pub fn counted(of: &StatementId, evidence: &Evidence, profile: &Profile) -> Option<Counted> {
    let effort = Effort::new();
    let ground = Ground { evidence, profile, effort: &effort, supposed: None };
    counted_of(ground, evidence.get(of)?, Index(u64::MAX))
}

/// The same, by what stands before an entry.
pub(super) fn counted_of(ground: Ground<'_>, record: &Record, before: Index) -> Option<Counted> {
    let payload = record.payload.as_ref()?;
    let limit = use_limit(&payload.body, ground.profile)?;
    let plain = |uses: Uses<'_>| {
        Some(Counted { limit, used: uses.before(before), handed_on: 0, covered: uses.covered })
    };
    match &payload.body {
        Body::Decision(_) => plain(Uses::of_decision(ground, record)),
        Body::Approval(_) => plain(Uses::of_approval(ground, record)),
        Body::Delegation(hop) => {
            let node = Node { record, payload, hop, links: Vec::new() };
            let own = plain(Uses::of_hop(ground, &node))?;
            let handed_on = HandedOn::before(ground, &node, before);
            Some(Counted {
                used: own.used.saturating_add(handed_on.limit),
                handed_on: handed_on.limit,
                covered: own.covered && handed_on.is_known,
                ..own
            })
        }
        _ => None,
    }
}
