//! The chain: its root and its hops.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use schemas::limits::CHAIN_LINKS_MAX;
use schemas::payload::Vantage;

use crate::evidence::Record;
use crate::judge::{Case, EFFORT_MAX, Link, Node, Path, Resolution, Root, linked, root};
use crate::verdict::{Effect, Finding};

/// Most candidates that a finding lists.
const SHOWN_MAX: usize = 8;

pub(super) fn root_unknown(case: &Case<'_>, path: &Path<'_>) -> Option<Finding> {
    const SLUG: &str = "root-unknown";
    // Asked where the way begins; what comes after it has the same root.
    let first = match path.hop {
        Some(node) if path.hops == 1 => node.record,
        None if path.hops == 0 => case.request.record,
        _ => return None,
    };
    let got = match root(case.ground, path.root, case.moment.claimed) {
        Root::Fit => return None,
        Root::Unregistered | Root::Untyped if case.profile.imported_roots && is_imported(first) => {
            let detail = format!(
                "root {} is as the imported source names it; no registrar said by then who it is",
                path.root
            );
            let finding = Finding::new(SLUG, Effect::None, detail).of(first);
            return Some(finding.values("a registered root", "imported"));
        }
        Root::Unregistered => String::from("not registered by then"),
        Root::Untyped => String::from("a key without a word on what its principal is"),
        Root::Type(found) => format!("{found}, which acts for somebody"),
    };
    let detail = format!("the chain begins with {}: {got}", path.root);
    let finding = Finding::new(SLUG, Effect::NotAuthorized, detail).of(first);
    Some(finding.values("a registered human or service", got))
}

pub(super) fn root_changed(case: &Case<'_>, path: &Path<'_>) -> Option<Finding> {
    let node = path.hop?;
    let named = node.hop.on_behalf_of.as_ref()?;
    (!linked(case.ground, &case.moment, named, path.root)).then(|| {
        let detail = format!("the hop acts on behalf of {named}, its chain begins with {}", path.root);
        let finding = Finding::new("root-changed", Effect::NotAuthorized, detail).of(node.record);
        finding.values(path.root.to_string(), named.to_string())
    })
}

pub(super) fn hop_missing(case: &Case<'_>, link: &Link<'_>, child: Option<&Node<'_>>) -> Option<Finding> {
    // What cannot be read, and what lies beyond the bound on links, is found by its own rule.
    let is_hop = |record: &Record| {
        case.graph.node(record.index).is_some() || record.payload.is_none() || case.graph.is_cut()
    };
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
    several(link, child.map_or(case.request.record, |node| node.record))
}

/// The same of what a request names beside its hops.
pub(super) fn request_ambiguous(case: &Case<'_>) -> Option<Finding> {
    let request = &case.request;
    let named = request.decision.iter().chain(&request.approval).chain(&request.attempt);
    named.filter_map(|link| several(link, request.record)).next()
}

fn several(link: &Link<'_>, from: &Record) -> Option<Finding> {
    let Resolution::Ambiguous(candidates) = &link.resolution else { return None };
    let indexes: Vec<String> =
        candidates.iter().take(SHOWN_MAX).map(|record| record.index.to_string()).collect();
    let detail = format!("{} fits {} statements", link.name, candidates.len());
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

pub(super) fn depth_exceeded(_: &Case<'_>, path: &Path<'_>) -> Option<Finding> {
    let node = path.hop.filter(|_| path.hops > path.allowed)?;
    let detail = format!("{} hops where {} are allowed", path.hops, path.allowed);
    let finding = Finding::new("depth-exceeded", Effect::NotAuthorized, detail).of(node.record);
    Some(finding.values(format!("at most {}", path.allowed), path.hops.to_string()))
}

/// The same of the graph as a whole: what is too large to be followed is not judged by halves.
pub(super) fn effort_exceeded(case: &Case<'_>) -> Option<Finding> {
    let (detail, expected) = if case.graph.is_cut() {
        ("more links between hops than are followed", format!("at most {CHAIN_LINKS_MAX} links"))
    } else if case.ground.effort.is_spent() {
        ("judging takes more steps than are allowed", format!("at most {EFFORT_MAX} steps"))
    } else {
        return None;
    };
    let finding = Finding::new("depth-exceeded", Effect::Indeterminate, detail).of(case.request.record);
    Some(finding.values(expected, "more"))
}

fn is_imported(record: &Record) -> bool {
    record.payload.as_ref().is_some_and(|payload| payload.vantage == Vantage::Imported)
}
