//! One delegation with every way that leads to it: what stands, what does not and why, and what they carry together.

use alloc::collections::BTreeSet;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use schemas::ids::StatementId;
use schemas::payload::Body;
use schemas::scope::{External, Grant};
use schemas::text::PrincipalId;
use schemas::time::{Index, Time};
use serde::{Deserialize, Serialize};
use verifier::evidence::Evidence;
use verifier::judge::{Asked, Standing, profile_by_vantage, use_limit, ways};
use verifier::verdict::Finding;

use crate::kept::Put;
use crate::standing::{Carries, FINDINGS_MAX, Found, Hop, too_many};
use crate::uses::{Limit, limit};

/// One delegation, as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Held {
    /// Its id.
    pub id: StatementId,
    /// Where it stands.
    pub index: Index,
    /// Who gave.
    pub delegator: String,
    /// The name that it was given to.
    pub delegatee: String,
    /// Its tenant.
    pub tenant: String,
    /// The task that it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task: Option<String>,
    /// The stage of the task that it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stage: Option<String>,
    /// The services that it is for; empty: any.
    pub audience: Vec<String>,
    /// Whether it carries authority: by the best of its ways.
    pub carries: Carries,
    /// What may be done by it, part by part: the union of what its ways carry, of which an act needs one. Parts that are held
    /// come first; ways that are not held carry nothing.
    pub may: Vec<Part>,
    /// How many actions it may carry; absent: any number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uses: Option<Limit>,
    /// The ways that lead to it, the best first; none where it was not judged.
    pub ways: Vec<Way>,
    /// Whether these are all: at most [`WAYS_MAX`](verifier::judge::WAYS_MAX) to each hop are followed.
    pub ways_complete: bool,
    /// What the rules found whichever way is taken, worst first.
    pub findings: Vec<Found>,
}

/// A part of what may be done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// What every hop of such a way allows; absent: whatever the other systems permit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grant: Option<Grant>,
    /// Where hops leave it to other systems: each act needs a fresh permit of each as well.
    pub elsewhere: Vec<External>,
    /// Whether it is held, or uncertain as the ways that carry it are.
    pub carries: Carries,
    /// By which ways, by their number from 1.
    pub ways: Vec<usize>,
}

/// A way that leads to a delegation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Way {
    /// Whether it holds all along.
    pub carries: Carries,
    /// The root that it begins with; absent where it leads to none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub root: Option<String>,
    /// The hops from the root, the delegation itself last.
    pub hops: Vec<Hop>,
    /// What all of its hops allow together; absent where none spells it out, or where it takes too long to tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub may: Option<Vec<Grant>>,
    /// Where hops leave it to other systems.
    pub elsewhere: Vec<External>,
    /// Whether it takes too long to tell what its hops allow together.
    pub untold: bool,
    /// The earliest end of its hops; absent: none of them has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Time>,
    /// How many further hops may follow, where one of its hops bounds them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub further_hops: Option<usize>,
    /// What the rules found on it and not on every other way, worst first.
    pub findings: Vec<Found>,
}

/// A delegation that was given to `principal`, as it stands at a moment.
pub(super) fn row(put: &Put, at: Time, principal: &PrincipalId, evidence: Option<&Evidence>) -> Option<Held> {
    let payload = &put.statement.payload;
    let Body::Delegation(hop) = &payload.body else { return None };
    let profile = profile_by_vantage(payload);
    let asked = Asked { at, by: Some(principal), supposed: None };
    let judged = evidence.and_then(|evidence| ways(&put.statement.id(), asked, evidence, &profile).ok());
    let each: &[Standing] = judged.as_ref().map(|judged| judged.each.as_slice()).unwrap_or_default();
    let common = common(each);
    let uses = each.first().and_then(|standing| standing.uses);
    Some(Held {
        id: put.statement.id(),
        index: put.index,
        delegator: hop.delegator.to_string(),
        delegatee: hop.delegatee.to_string(),
        tenant: payload.tenant.to_string(),
        task: payload.task.as_ref().map(ToString::to_string),
        stage: hop.stage.as_ref().map(ToString::to_string),
        audience: hop.audience.iter().map(ToString::to_string).collect(),
        carries: each.first().map_or(Carries::Uncertain, |best| best.outcome.into()),
        may: union(each),
        uses: use_limit(&payload.body, &profile).map(|allowed| limit(allowed, uses)),
        ways: each.iter().map(|standing| way(standing, &common)).collect(),
        ways_complete: judged.as_ref().is_some_and(|judged| !judged.is_cut),
        findings: match each.first() {
            None => [too_many()].into(),
            Some(best) => listed(best.findings.iter().filter(|found| common.contains(found))),
        },
    })
}

/// What is found on every one of the ways.
fn common(each: &[Standing]) -> BTreeSet<&Finding> {
    let mut found = each.iter().map(|standing| standing.findings.iter().collect::<BTreeSet<&Finding>>());
    let first = found.next().unwrap_or_default();
    found.fold(first, |common, own| common.intersection(&own).copied().collect())
}

fn way(standing: &Standing, common: &BTreeSet<&Finding>) -> Way {
    let carried = &standing.carried;
    Way {
        carries: standing.outcome.into(),
        root: standing.root.as_ref().map(ToString::to_string),
        hops: standing.hops.iter().map(Hop::from).collect(),
        may: carried.grants.clone(),
        elsewhere: carried.elsewhere.clone(),
        untold: carried.is_untold,
        until: standing.expires,
        further_hops: standing.further_hops,
        findings: listed(standing.findings.iter().filter(|found| !common.contains(found))),
    }
}

fn listed<'f>(findings: impl Iterator<Item = &'f Finding>) -> Vec<Found> {
    findings.take(FINDINGS_MAX).map(Found::from).collect()
}

/// What the ways that are not lost carry together. The ways come with those that are held first, and so do the parts.
fn union(each: &[Standing]) -> Vec<Part> {
    let mut parts: Vec<Part> = Vec::new();
    for (number, standing) in (1_usize..).zip(each) {
        let carries = Carries::from(standing.outcome);
        if carries == Carries::NotHeld {
            continue;
        }
        let carried = &standing.carried;
        let grants: Vec<Option<&Grant>> = match &carried.grants {
            Some(grants) => grants.iter().map(Some).collect(),
            None if carried.is_untold || carried.elsewhere.is_empty() => Vec::new(),
            None => [None].into(),
        };
        for grant in grants {
            let is_it =
                |part: &&mut Part| part.grant.as_ref() == grant && part.elsewhere == carried.elsewhere;
            match parts.iter_mut().find(is_it) {
                Some(part) if part.ways.last() == Some(&number) => {}
                Some(part) => part.ways.push(number),
                None => parts.push(Part {
                    grant: grant.cloned(),
                    elsewhere: carried.elsewhere.clone(),
                    carries,
                    ways: [number].into(),
                }),
            }
        }
    }
    parts
}
