//! What lets authority cross from one tenant into another: a grant by an authority of the tenant that is entered.

use alloc::string::{String, ToString};

use schemas::ids::StatementId;
use schemas::payload::Kind;

use super::case::Case;
use super::graph::{Graph, Node};
use super::ground::{Effort, Ground};
use super::identity::{is_firm, linked};
use super::request::Request;
use super::resolve::{Resolution, resolve};
use super::withdrawn::Withdrawn;
use crate::evidence::Evidence;
use crate::profile::Profile;
use crate::registry::Assurance;
use crate::verdict::Effect;

/// The delegation by which a hop may rest on one of another tenant, if it has one that is good at the moment; otherwise what
/// that means for the outcome, and what was met instead.
///
/// A bridge is a delegation in the tenant that is entered, by an authority about its delegator, to whoever brings the
/// authority in. So nobody lets itself in, and what was let in is bounded by the bridge's own scope.
pub(crate) fn bridge<'e>(case: &Case<'e>, child: &Node<'_>) -> Result<Node<'e>, (Effect, String)> {
    let denied = |got: &str| Err((Effect::NotAuthorized, got.to_string()));
    let Some(reference) = &child.hop.bridge else { return denied("no bridge") };
    let (ground, moment) = (case.ground, case.moment);
    let link = resolve(ground, &child.payload.tenant, Kind::Delegation, reference);
    let graph = Graph::build(ground, core::slice::from_ref(&link));
    let found = link.resolution.one().and_then(|record| graph.node(record.index));
    let Some(node) = found.filter(|node| case.questions(node.record).open == 0) else {
        let word = match link.resolution {
            Resolution::Ambiguous(_) => "several statements",
            Resolution::One(_) | Resolution::Missing => "not, or not wholly, in the evidence",
        };
        return Err((Effect::Indeterminate, alloc::format!("bridge {}: {word}", link.name)));
    };
    if node.record.standing != Ok(Assurance::Vouched) || !is_firm(ground, node.record) {
        return denied("a bridge by nobody with authority about its delegator");
    }
    if node.payload.tenant != child.payload.tenant {
        return denied("a bridge in another tenant than the one that is entered");
    }
    if !linked(ground, &moment, &node.hop.delegatee, &child.hop.delegator) {
        return denied("a bridge for somebody else");
    }
    let hop = node.hop;
    let too_early = hop.not_before.is_some_and(|from| moment.from < from)
        || moment.from.later(ground.profile.skew) < node.payload.at;
    if too_early || hop.expires.is_some_and(|to| to < moment.to) {
        return denied("a bridge of another time");
    }
    if !moment.lets_stand(ground, node.record, node.payload.at) {
        return denied("a bridge that was logged too late for the time that it claims");
    }
    let withdrawn = Withdrawn::of_hop(ground, &graph, node);
    let moments = || moment.ends().chain([moment.claimed]);
    if withdrawn.counting.iter().any(|found| moments().any(|moment| found.holds_at(moment))) {
        return denied("a bridge that was withdrawn");
    }
    Ok(node.clone())
}

/// The bridge by which a delegation may rest on authority from elsewhere, as it was good when the delegation was given; otherwise
/// what was met instead. Nothing where `of` is no delegation of the evidence.
pub fn bridged(
    of: &StatementId,
    evidence: &Evidence,
    profile: &Profile,
) -> Option<Result<StatementId, String>> {
    let record = evidence.get(of)?;
    let effort = Effort::new();
    let ground = Ground { evidence, profile, effort: &effort, supposed: None };
    let case = Case::new(ground, Request::of(record, record.payload.as_ref()?, ground)?);
    let node = case.graph.node(record.index)?;
    Some(bridge(&case, node).map(|bridge| bridge.record.id()).map_err(|(_, got)| got))
}
