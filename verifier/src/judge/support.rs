//! Ways from a root to the actor, and the best of them.
//!
//! Reachability, not enumeration: for each hop and each root only the best way there is kept. An action is authorized by any
//! one way that holds; where none does, the way that comes nearest is shown.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use schemas::limits::CHAIN_HOPS_MAX;
use schemas::text::PrincipalId;
use schemas::time::Index;

use super::ReliedOn;
use super::case::{Case, relied_on};
use super::graph::Node;
use super::resolve::{Link, Resolution, Via};
use crate::rules::{Check, RULES};
use crate::verdict::{Effect, Finding};

/// One way from a root, and what is wrong with it.
#[derive(Clone, Debug)]
pub(super) struct Support<'c> {
    /// The root; nothing where the way does not lead to one.
    pub(super) root: Option<PrincipalId>,
    /// The hops, root first, each with how the one below names it.
    pub(super) hops: Vec<(&'c Node<'c>, Via)>,
    /// What the rules found on the way.
    pub(super) findings: Vec<Finding>,
}

/// A hop and what relies on it: the next hop, or the request itself.
#[derive(Clone, Copy, Debug)]
pub struct Edge<'c> {
    /// The hop that is relied on.
    pub parent: &'c Node<'c>,
    /// The hop that relies on it; nothing: the request does.
    pub child: Option<&'c Node<'c>>,
}

/// A way from a root, as far as it goes.
#[derive(Clone, Copy, Debug)]
pub struct Path<'c> {
    /// The root.
    pub root: &'c PrincipalId,
    /// The hops, root first.
    pub hops: &'c [(&'c Node<'c>, Via)],
}

/// The best way to the request.
pub(super) fn best<'c>(case: &'c Case<'c>) -> Support<'c> {
    let mut reached: BTreeMap<Index, Vec<Support<'c>>> = BTreeMap::new();
    for node in case.graph.parents_first() {
        let mut ways = ways_to(case, &reached, &node.links, Some(node));
        for way in &mut ways {
            way.add(hop_findings(case, node));
        }
        reached.insert(node.record.index, best_by_root(ways));
    }
    let ways = ways_to(case, &reached, &case.request.links, None);
    let none = Support { root: None, hops: Vec::new(), findings: Vec::new() };
    ways.into_iter().min_by_key(Support::rank).unwrap_or(none)
}

/// Every way to a hop (`child`) or, without one, to the request.
fn ways_to<'c>(
    case: &'c Case<'c>,
    reached: &BTreeMap<Index, Vec<Support<'c>>>,
    links: &'c [Link<'c>],
    child: Option<&'c Node<'c>>,
) -> Vec<Support<'c>> {
    if links.is_empty() {
        let root = child.map_or(case.request.actor, |node| &node.hop.delegator);
        return [finish(
            case,
            Support { root: Some(root.clone()), hops: Vec::new(), findings: Vec::new() },
            child,
        )]
        .into();
    }
    let mut ways = Vec::new();
    for link in links {
        let found = link_findings(case, link, child);
        let parent = match &link.resolution {
            Resolution::One(record) => case.graph.node(record.index),
            Resolution::Missing | Resolution::Ambiguous(_) => None,
        };
        let above = parent.and_then(|parent| reached.get(&parent.record.index));
        let closes =
            child.zip(parent).is_some_and(|(c, p)| case.graph.closes_cycle(c.record.index, p.record.index));
        match (parent, above) {
            (Some(parent), Some(above)) if !closes => {
                for way in above {
                    let mut way = way.clone();
                    // Beyond the bound the way is lost already; carrying it on would only cost.
                    if way.hops.len() <= CHAIN_HOPS_MAX {
                        way.hops.push((parent, link.via));
                    }
                    way.add(found.iter().cloned());
                    way.add(edge_findings(case, Edge { parent, child }));
                    ways.push(finish(case, way, child));
                }
            }
            // The link leads nowhere, or round in a circle: the way ends here and the finding says why.
            _ => {
                let hops = parent.filter(|_| !closes).map(|parent| (parent, link.via)).into_iter().collect();
                ways.push(Support { root: None, hops, findings: found });
            }
        }
    }
    ways
}

/// Adds what only the whole way shows. The hop that the way leads to is not yet in it.
fn finish<'c>(case: &Case<'c>, mut way: Support<'c>, child: Option<&'c Node<'c>>) -> Support<'c> {
    let Some(root) = way.root.clone() else { return way };
    let mut hops = way.hops.clone();
    hops.extend(child.map(|node| (node, Via::Statement)));
    let path = Path { root: &root, hops: &hops };
    let found: Vec<Finding> = RULES
        .iter()
        .filter_map(|rule| match rule.check {
            Check::Path(check) => check(case, &path),
            _ => None,
        })
        .collect();
    way.add(found);
    way
}

fn best_by_root(ways: Vec<Support<'_>>) -> Vec<Support<'_>> {
    let mut best: BTreeMap<Option<PrincipalId>, Support<'_>> = BTreeMap::new();
    for way in ways {
        match best.get(&way.root) {
            Some(known) if known.rank() <= way.rank() => {}
            _ => {
                best.insert(way.root.clone(), way);
            }
        }
    }
    best.into_values().collect()
}

fn hop_findings(case: &Case<'_>, node: &Node<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for rule in RULES {
        match rule.check {
            Check::Hop(check) => findings.extend(check(case, node)),
            Check::Record(check) => findings.extend(check(case, node.record)),
            _ => {}
        }
    }
    findings
}

fn link_findings(case: &Case<'_>, link: &Link<'_>, child: Option<&Node<'_>>) -> Vec<Finding> {
    let checks = RULES.iter().filter_map(|rule| match rule.check {
        Check::Link(check) => check(case, link, child),
        _ => None,
    });
    checks.collect()
}

fn edge_findings<'c>(case: &Case<'c>, edge: Edge<'c>) -> Vec<Finding> {
    let checks = RULES.iter().filter_map(|rule| match rule.check {
        Check::Edge(check) => check(case, &edge),
        _ => None,
    });
    checks.collect()
}

impl Support<'_> {
    /// Adds findings that are not there yet: a rule may look at the same hop from several places.
    fn add(&mut self, findings: impl IntoIterator<Item = Finding>) {
        for finding in findings {
            if !self.findings.contains(&finding) {
                self.findings.push(finding);
            }
        }
    }

    /// What a way is compared by: worst effect, how many findings of each, how many hops.
    fn rank(&self) -> (usize, usize, usize, bool, usize) {
        let count = |effect| self.findings.iter().filter(|finding| finding.effect == effect).count();
        let (denied, missing) = (count(Effect::NotAuthorized), count(Effect::Indeterminate));
        let worst = if denied > 0 { 2 } else { usize::from(missing > 0) };
        (worst, denied, missing, self.root.is_none(), self.hops.len())
    }

    /// The records that a verdict by this way rests on.
    pub(super) fn relied_on(&self, case: &Case<'_>) -> ReliedOn {
        let mut relied = relied_on(case);
        relied.extend(self.hops.iter().map(|(node, _)| node.record.index));
        relied
    }
}
