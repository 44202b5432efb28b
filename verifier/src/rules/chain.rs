//! The chain: its root, its hops and how they join.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use schemas::kinds::{PrincipalType, Status};
use schemas::limits::CHAIN_HOPS_MAX;
use schemas::payload::{Body, Vantage};
use schemas::text::PrincipalId;
use schemas::time::Time;

use crate::evidence::Record;
use crate::judge::{Case, Edge, Link, Node, Path, Resolution, registrations};
use crate::verdict::{Effect, Finding};

pub(super) fn root_unknown(case: &Case<'_>, path: &Path<'_>) -> Option<Finding> {
    const SLUG: &str = "root-unknown";
    // Asked where the way begins; the hops below it have the same root.
    if path.hops.len() > 1 {
        return None;
    }
    let first = path.hops.first().map_or(case.request.record, |(node, _)| node.record);
    let got = match standing_of(case, path.root) {
        RootStanding::Fit => return None,
        RootStanding::Unregistered if case.profile.imported_roots && is_imported(first) => {
            let detail =
                format!("root {} is as the imported source names it; no registrar registered it", path.root);
            return Some(
                Finding::new(SLUG, Effect::None, detail).of(first).values("a registered root", "imported"),
            );
        }
        RootStanding::Unregistered => String::from("not registered"),
        RootStanding::Type(found) => format!("{found}, which acts for somebody"),
        RootStanding::Status(status) => status.to_string(),
    };
    let detail = format!("the chain begins with {}: {got}", path.root);
    Some(
        Finding::new(SLUG, Effect::NotAuthorized, detail)
            .of(first)
            .values("a registered, active human or service", got),
    )
}

/// What the registrars say of a would-be root.
enum RootStanding {
    Fit,
    Unregistered,
    Type(PrincipalType),
    Status(Status),
}

fn standing_of(case: &Case<'_>, root: &PrincipalId) -> RootStanding {
    let mut key_registered = false;
    let mut described: Option<(PrincipalType, Status)> = None;
    for record in registrations(case.evidence, root) {
        match record.payload.as_ref().map(|payload| &payload.body) {
            Some(Body::Key(key)) if key.principal.as_ref() == Some(root) => key_registered = true,
            Some(Body::Principal(principal)) if principal.id == *root => {
                // A standing that begins later than the moment is not yet the principal's.
                let since = principal.since.unwrap_or(record.time);
                if principal.status == Status::Active || since <= case.moment.to {
                    described = Some((principal.principal_type, principal.status));
                }
            }
            _ => {}
        }
    }
    match described {
        Some((_, status)) if status != Status::Active => RootStanding::Status(status),
        Some((found, _)) if !found.may_be_root() => RootStanding::Type(found),
        Some(_) => RootStanding::Fit,
        None if !key_registered => RootStanding::Unregistered,
        None => match PrincipalType::of_scheme(root) {
            Some(found) if !found.may_be_root() => RootStanding::Type(found),
            _ => RootStanding::Fit,
        },
    }
}

pub(super) fn root_changed(_: &Case<'_>, path: &Path<'_>) -> Option<Finding> {
    let (node, _) = path.hops.last()?;
    let named = node.hop.on_behalf_of.as_ref()?;
    (named != path.root).then(|| {
        let detail = format!("the hop acts on behalf of {named}, its chain begins with {}", path.root);
        let finding = Finding::new("root-changed", Effect::NotAuthorized, detail).of(node.record);
        finding.values(path.root.to_string(), named.to_string())
    })
}

pub(super) fn hop_missing(case: &Case<'_>, link: &Link<'_>, child: Option<&Node<'_>>) -> Option<Finding> {
    let is_hop = |record: &Record| case.graph.node(record.index).is_some() || record.payload.is_none();
    match &link.resolution {
        Resolution::One(record) if is_hop(record) => None,
        Resolution::Ambiguous(_) => None,
        Resolution::One(_) | Resolution::Missing => {
            let from = child.map_or(case.request.record, |node| node.record);
            let detail = format!("delegation {} is referred to and not in the evidence", link.name);
            let finding = Finding::new("hop-missing", Effect::Indeterminate, detail).of(from);
            Some(finding.values(link.name.clone(), "nothing"))
        }
    }
}

pub(super) fn ambiguous(case: &Case<'_>, link: &Link<'_>, child: Option<&Node<'_>>) -> Option<Finding> {
    let Resolution::Ambiguous(candidates) = &link.resolution else { return None };
    let from = child.map_or(case.request.record, |node| node.record);
    let indexes: Vec<String> = candidates.iter().map(|record| record.index.to_string()).collect();
    let detail = format!("{} fits {} delegations", link.name, candidates.len());
    let finding = Finding::new("ambiguous", Effect::Indeterminate, detail).of(from);
    Some(finding.values("one statement", indexes.join(", ")))
}

pub(super) fn cycle(case: &Case<'_>, link: &Link<'_>, child: Option<&Node<'_>>) -> Option<Finding> {
    let (child, parent) = child.zip(link.resolution.one())?;
    case.graph.closes_cycle(child.record.index, parent.index).then(|| {
        let detail =
            format!("the hop at {} rests on {}, which rests on it", child.record.index, parent.index);
        let finding = Finding::new("cycle", Effect::NotAuthorized, detail).of(child.record);
        finding.values("a way to a root", parent.id().to_string())
    })
}

pub(super) fn hop_discontinuous(case: &Case<'_>, edge: &Edge<'_>) -> Option<Finding> {
    let received = &edge.parent.hop.delegatee;
    let (relies, record) = match edge.child {
        Some(child) => (&child.hop.delegator, child.record),
        None => (case.request.actor, case.request.record),
    };
    if received == relies || linked(case, received, relies) {
        return None;
    }
    let detail = format!("authority was given to {received}; {relies} relies on it");
    let finding = Finding::new("hop-discontinuous", Effect::NotAuthorized, detail).of(record);
    Some(finding.values(received.to_string(), relies.to_string()))
}

/// Whether a registrar says that two names are one principal's at the moment.
fn linked(case: &Case<'_>, a: &PrincipalId, b: &PrincipalId) -> bool {
    let holds = |from: Option<Time>, to: Option<Time>| {
        from.is_none_or(|from| from <= case.moment.from) && to.is_none_or(|to| case.moment.to <= to)
    };
    registrations(case.evidence, a).iter().any(|record| {
        match record.payload.as_ref().map(|payload| &payload.body) {
            Some(Body::Link(link)) => {
                let both = (&link.from == a && &link.to == b) || (&link.from == b && &link.to == a);
                both && holds(link.not_before, link.expires)
            }
            _ => false,
        }
    })
}

pub(super) fn depth_exceeded(_: &Case<'_>, path: &Path<'_>) -> Option<Finding> {
    let (last, _) = path.hops.last()?;
    let count = path.hops.len();
    if count > CHAIN_HOPS_MAX {
        return Some(too_deep(last, CHAIN_HOPS_MAX as u64, count as u64));
    }
    let below = |place: usize| count.saturating_sub(place).saturating_sub(1) as u64;
    let allowed = |(place, (node, _)): (usize, &(&Node<'_>, _))| {
        node.hop.max_depth.filter(|max| below(place) > *max).map(|max| (max, below(place)))
    };
    path.hops.iter().enumerate().find_map(allowed).map(|(max, got)| too_deep(last, max, got))
}

fn too_deep(node: &Node<'_>, max: u64, got: u64) -> Finding {
    let detail = format!("{got} hops where {max} are allowed");
    let finding = Finding::new("depth-exceeded", Effect::NotAuthorized, detail).of(node.record);
    finding.values(format!("at most {max}"), got.to_string())
}

fn is_imported(record: &Record) -> bool {
    record.payload.as_ref().is_some_and(|payload| payload.vantage == Vantage::Imported)
}
