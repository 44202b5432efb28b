//! Where hops join: names, tenants, times and services on both sides.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use schemas::kinds::PrincipalType;
use schemas::payload::{Body, Payload, Vantage};
use schemas::scope::Scope;
use schemas::text::{PrincipalId, Tenant};

use super::quantity::limits_hold;
use crate::evidence::Record;
use crate::judge::{Case, Edge, Node, Ruled, bridge, linked, may_be_one};
use crate::verdict::{Effect, Finding};

/// Whoever relies on a hop, by which statement, and in which tenant.
struct Relying<'c> {
    principal: &'c PrincipalId,
    record: &'c Record,
    tenant: &'c Tenant,
}

impl<'c> Relying<'c> {
    fn on(case: &'c Case<'_>, edge: &Edge<'c>) -> Self {
        match edge.child {
            Some(child) => {
                Self { principal: &child.hop.delegator, record: child.record, tenant: &child.payload.tenant }
            }
            None => {
                let request = &case.request;
                Self { principal: request.actor, record: request.record, tenant: request.tenant }
            }
        }
    }
}

pub(super) fn hop_discontinuous(case: &Case<'_>, edge: &Edge<'_>) -> Option<Finding> {
    let received = &edge.parent.hop.delegatee;
    let Relying { principal, record, .. } = Relying::on(case, edge);
    let other =
        !linked(case.ground, &case.moment, received, principal) && !are_two_names(case, received, principal);
    other.then(|| {
        let detail = format!("authority was given to {received}; {principal} relies on it");
        let finding = Finding::new("hop-discontinuous", Effect::NotAuthorized, detail).of(record);
        finding.values(received.to_string(), principal.to_string())
    })
}

/// Names of two identity formats may be one principal's, but only a registrar's link that is valid at the moment says so
/// (reference C13, item 95).
pub(super) fn identity_unlinked(case: &Case<'_>, edge: &Edge<'_>) -> Option<Finding> {
    let received = &edge.parent.hop.delegatee;
    let Relying { principal, record, .. } = Relying::on(case, edge);
    let unlinked =
        !linked(case.ground, &case.moment, received, principal) && are_two_names(case, received, principal);
    unlinked.then(|| {
        let why = if may_be_one(case.ground, received, principal) {
            "the link between the two names does not hold at the moment"
        } else {
            "no registrar says that the two names are one principal's"
        };
        let detail = format!("authority was given to {received}; {principal} relies on it, and {why}");
        let finding = Finding::new("identity-unlinked", Effect::NotAuthorized, detail).of(record);
        finding.values(
            format!("a link of {received} that holds at {}", case.moment.claimed),
            principal.to_string(),
        )
    })
}

/// Whether two names are of two formats, or were said to be one principal's at some time.
fn are_two_names(case: &Case<'_>, a: &PrincipalId, b: &PrincipalId) -> bool {
    format_of(a) != format_of(b) || may_be_one(case.ground, a, b)
}

/// The identity format of a name: its scheme, and one for all the schemes that say a principal's type.
fn format_of(name: &PrincipalId) -> Option<&str> {
    let scheme = name.as_str().split(':').next();
    scheme.filter(|_| PrincipalType::of_scheme(name).is_none())
}

/// Authority given in one tenant counts in no other, unless an authority there lets it in (reference C11, item 96).
pub(super) fn tenant_crossed(case: &Case<'_>, edge: &Edge<'_>) -> Option<Finding> {
    let given_in = &edge.parent.payload.tenant;
    let Relying { tenant, record, .. } = Relying::on(case, edge);
    if given_in == tenant {
        return None;
    }
    let bridge = match edge.child {
        Some(child) => bridge(case, child),
        None => Err((Effect::NotAuthorized, "no bridge: only a hop can have one".into())),
    };
    let (effect, got) = match bridge {
        Ok(bridge) if covers(case, &bridge) => return None,
        Ok(_) => (Effect::NotAuthorized, String::from("a bridge whose scope does not cover the action")),
        Err(fault) => fault,
    };
    let detail = format!("authority was given in tenant {given_in}; it is relied on in {tenant}, by {got}");
    let finding = Finding::new("tenant-crossed", effect, detail).of(record);
    Some(finding.values(format!("a bridge by an authority in tenant {tenant}"), got))
}

/// Whether a bridge covers what is asked for, where anything is.
fn covers(case: &Case<'_>, bridge: &Node<'_>) -> bool {
    let Some(act) = &case.request.act else { return true };
    let Some(Scope::Grants(grants)) = &bridge.hop.scope else { return false };
    let steps = grants.len().saturating_mul(act.resources.len());
    let covers = |resource| {
        let resource = core::slice::from_ref(resource);
        grants.iter().any(|grant| {
            grant.covers(act.action.name.as_str(), resource) && limits_hold(act, grant) == Some(true)
        })
    };
    case.ground.effort.spend(steps) && !act.resources.is_empty() && act.resources.iter().all(covers)
}

/// Whatever is valid longer than what it comes from looks as if it could still be used (reference C6, C7). It cannot: each hop
/// is held against the moment by itself, so this changes nothing.
pub(super) fn hop_outlives_parent(_: &Case<'_>, edge: &Edge<'_>) -> Option<Finding> {
    let child = edge.child?;
    let (own, above) = child.hop.expires.zip(edge.parent.hop.expires)?;
    (own > above).then(|| {
        let detail = format!(
            "the hop is to last {} longer than the one at {} that it comes from",
            own.since(above),
            edge.parent.record.index
        );
        let finding = Finding::new("hop-outlives-parent", Effect::None, detail).of(child.record);
        finding.values(format!("an end up to {above}"), own.to_string())
    })
}

/// A hop that names services counts for requests to one of them (reference C11: the confused deputy; RFC 7519 §4.1.3).
pub(super) fn audience_mismatch(case: &Case<'_>, node: &Node<'_>) -> Option<Finding> {
    case.request.act?;
    let audience = &node.hop.audience;
    let receiver = receiver(case);
    if audience.is_empty() || !case.ground.effort.spend(audience.len()) {
        return None;
    }
    let meant: Vec<&str> = audience.iter().map(|service| service.as_str()).collect();
    let (effect, got, detail) = match receiver {
        Some(service) if meant.contains(&service.as_str()) => return None,
        Some(service) => {
            let detail = format!("the hop is meant for other services than {service}");
            (Effect::NotAuthorized, service.to_string(), detail)
        }
        None => {
            let detail =
                "the hop is meant for certain services; the request names no tool, and no gateway saw it";
            (Effect::Indeterminate, String::from("not known"), detail.into())
        }
    };
    Some(Finding::new("audience-mismatch", effect, detail).of(node.record).values(meant.join(", "), got))
}

/// Where the request went: the tool that it names, or else the gateway that reports it or enforced its decision.
fn receiver<'c>(case: &'c Case<'_>) -> Option<&'c PrincipalId> {
    let attempt = case.request.attempt.as_ref().and_then(|link| link.resolution.one());
    let tool = [Some(case.request.record), attempt].into_iter().flatten().find_map(|record| {
        match record.payload.as_ref().map(|payload| &payload.body) {
            Some(Body::Action(action)) => action.tool.as_ref(),
            _ => None,
        }
    });
    let enforced = || match &case.decision {
        Ruled::By(record, decision) => decision.pep.as_ref().or_else(|| gateway(record)),
        _ => None,
    };
    tool.or_else(|| gateway(case.request.record)).or_else(enforced)
}

/// Who saw a statement's fact at a boundary.
fn gateway(record: &Record) -> Option<&PrincipalId> {
    let at_boundary = |payload: &Payload| payload.vantage == Vantage::Boundary;
    record.payload.as_ref().is_some_and(at_boundary).then_some(&record.envelope.iss)
}
