//! Ways from a root to the actor, and the best of them.
//!
//! Reachability, not enumeration: for each hop and each root only the best way there is kept. An action is authorized by any
//! one way that holds; where none does, the way that comes nearest is shown.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::cmp::Reverse;

use schemas::limits::CHAIN_HOPS_MAX;
use schemas::text::PrincipalId;
use schemas::time::Index;

use super::case::Case;
use super::graph::Node;
use super::resolve::{Link, Via};
use super::{Edge, Path, ReliedOn};
use crate::evidence::Record;
use crate::rules::{self, Check};
use crate::verdict::{Effect, Finding};

/// What extending a way by one hop costs of the effort: about as much as so many comparisons of names.
const WAY_EFFORT: usize = 16;

/// The best way from a root, and what is wrong with it.
#[derive(Clone, Debug)]
pub(super) struct Support<'c> {
    /// The root; nothing where the way does not lead to one.
    pub(super) root: Option<PrincipalId>,
    /// The hops, root first, each with how the one below names it.
    pub(super) hops: Vec<(&'c Node<'c>, Via)>,
    /// What the rules found on the way.
    pub(super) findings: Vec<Finding>,
}

/// A stretch of a way: from a hop, or from where the way begins, to the hop or the request that relies on it.
#[derive(Clone, Debug)]
pub(super) struct Stretch {
    /// The hop relied on; nothing where the way begins.
    pub(super) from: Option<Index>,
    /// The hop that relies on it; nothing: the request does.
    pub(super) to: Option<Index>,
    /// What the rules found about the hop that relies, and what about the stretch.
    pub(super) own: Vec<Finding>,
    pub(super) between: Vec<Finding>,
}

/// The best way to the request.
pub(super) fn best<'c>(case: &'c Case<'c>) -> Support<'c> {
    Search::of(case, Keep::Best).0
}

/// The ways to the request, best first, and whether any is left out: of those to each hop the best `most` are followed.
pub(super) fn several<'c>(case: &'c Case<'c>, most: usize) -> (Vec<Support<'c>>, bool) {
    let mut search = Search::new(case, Keep::Most(most));
    let ways = search.ways();
    let ways = search.kept(ways).into_iter().map(|way| search.support(way)).collect();
    (ways, search.is_cut || case.graph.is_cut() || case.ground.effort.is_spent())
}

/// The best way to the request, and every stretch of every way that was looked at.
pub(super) fn every<'c>(case: &'c Case<'c>) -> (Support<'c>, Vec<Stretch>) {
    let (support, search) = Search::of(case, Keep::Best);
    let index = |node: Option<&Node<'_>>| node.map(|node| node.record.index);
    let found = |notes: &[usize]| -> Vec<Finding> {
        notes.iter().filter_map(|note| search.notes.get(*note)).flatten().cloned().collect()
    };
    let stretches = search.steps.iter().map(|step| {
        let before = step.before.and_then(|(before, _)| search.steps.get(before));
        let (own, between) = step.notes.split_at_checked(1).unwrap_or_default();
        Stretch {
            from: before.and_then(|before| index(before.node)),
            to: index(step.node),
            own: found(own),
            between: found(between),
        }
    });
    (support, stretches.collect())
}

impl Support<'_> {
    /// The records that a verdict by this way rests on.
    pub(super) fn relied_on(&self, case: &Case<'_>) -> ReliedOn {
        let mut relied = case.relied_on();
        relied.extend(self.hops.iter().map(|(node, _)| node.record.index));
        relied
    }
}

/// Which of the ways to a hop are followed further.
#[derive(Clone, Copy, Debug)]
enum Keep {
    /// The best from each root.
    Best,
    /// So many, the best of all.
    Most(usize),
}

struct Search<'c> {
    case: &'c Case<'c>,
    keep: Keep,
    /// Whether a way was dropped that [`Keep::Most`] would have shown.
    is_cut: bool,
    steps: Vec<Step<'c>>,
    /// Findings, kept once however many ways share them.
    notes: Vec<Vec<Finding>>,
    reached: BTreeMap<Index, Vec<Way<'c>>>,
}

/// One step of a way: the hop reached, or nothing for the request, and the step before, with how it is named from here.
struct Step<'c> {
    node: Option<&'c Node<'c>>,
    before: Option<(usize, Via)>,
    notes: Vec<usize>,
}

/// A way from a root, as far as it goes.
#[derive(Clone, Copy)]
struct Way<'c> {
    /// The root; nothing where the way begins at a reference that leads nowhere.
    root: Option<&'c PrincipalId>,
    hops: usize,
    /// How many hops it may have in all.
    allowed: usize,
    denied: usize,
    missing: usize,
    last: usize,
}

impl<'c> Search<'c> {
    fn new(case: &'c Case<'c>, keep: Keep) -> Self {
        Self { case, keep, is_cut: false, steps: Vec::new(), notes: Vec::new(), reached: BTreeMap::new() }
    }

    /// Searches every way, and takes the best.
    fn of(case: &'c Case<'c>, keep: Keep) -> (Support<'c>, Self) {
        let mut search = Self::new(case, keep);
        let best = search.ways().into_iter().min_by_key(|way| (way.worst(), way.hops));
        let none = || Support { root: None, hops: Vec::new(), findings: Vec::new() };
        (best.map_or_else(none, |way| search.support(way)), search)
    }

    /// The ways to the request, by those to each hop that are kept.
    fn ways(&mut self) -> Vec<Way<'c>> {
        for node in self.case.graph.parents_first() {
            let ways = self.ways_to(&node.links, Some(node));
            let kept = self.kept(ways);
            self.reached.insert(node.record.index, kept);
        }
        self.ways_to(&self.case.request.links, None)
    }

    fn kept(&mut self, mut ways: Vec<Way<'c>>) -> Vec<Way<'c>> {
        match self.keep {
            Keep::Best => best_by_root(ways),
            Keep::Most(most) => {
                ways.sort_by_key(Way::rank);
                self.is_cut |= ways.len() > most;
                ways.truncate(most);
                ways
            }
        }
    }

    /// Every way to a hop (`child`) or, without one, to the request.
    fn ways_to(&mut self, links: &'c [Link<'c>], child: Option<&'c Node<'c>>) -> Vec<Way<'c>> {
        let case = self.case;
        let own = self.note(child.map(|node| hop_findings(case, node)).unwrap_or_default());
        if links.is_empty() {
            let root = child.map_or(case.request.actor, |node| &node.hop.delegator);
            let way =
                Way { root: Some(root), hops: 0, allowed: CHAIN_HOPS_MAX, denied: 0, missing: 0, last: 0 };
            return [self.step(way, None, child, &[own])].into();
        }
        let mut ways = Vec::new();
        for link in links {
            let parent = link.resolution.one().and_then(|record| case.graph.node(record.index));
            let closes = child
                .zip(parent)
                .is_some_and(|(c, p)| case.graph.closes_cycle(c.record.index, p.record.index));
            let mut found = link_findings(case, link, child);
            let Some(parent) = parent.filter(|_| !closes) else {
                // The link leads nowhere, or round in a circle: the way begins here, and the finding says why.
                let note = self.note(found);
                let way =
                    Way { root: None, hops: 0, allowed: CHAIN_HOPS_MAX, denied: 0, missing: 0, last: 0 };
                ways.push(self.step(way, None, child, &[own, note]));
                continue;
            };
            found.extend(edge_findings(case, Edge { parent, child }));
            let note = self.note(found);
            let above = self.reached.get(&parent.record.index).cloned().unwrap_or_default();
            for way in above {
                if case.ground.effort.spend(WAY_EFFORT) {
                    ways.push(self.step(way, Some(link.via), child, &[own, note]));
                }
            }
        }
        ways
    }

    /// The way with one more hop, or with the request at its end.
    fn step(
        &mut self,
        way: Way<'c>,
        via: Option<Via>,
        child: Option<&'c Node<'c>>,
        notes: &[usize],
    ) -> Way<'c> {
        let before = via.map(|via| (way.last, via));
        let hops = way.hops.saturating_add(usize::from(child.is_some()));
        let on_path = way.root.map(|root| {
            let path = Path { root, hop: child, hops, allowed: way.allowed };
            path_findings(self.case, &path)
        });
        let mut notes = notes.to_vec();
        if let Some(found) = on_path.filter(|found| !found.is_empty()) {
            notes.push(self.note(found));
        }
        let count = |effect| {
            let found = notes.iter().filter_map(|note| self.notes.get(*note)).flatten();
            found.filter(|finding| finding.effect == effect).count()
        };
        let denied = way.denied.saturating_add(count(Effect::NotAuthorized));
        let missing = way.missing.saturating_add(count(Effect::Indeterminate));
        let below = child.and_then(|node| node.hop.max_depth).and_then(|max| usize::try_from(max).ok());
        let allowed = below.map_or(way.allowed, |below| way.allowed.min(hops.saturating_add(below)));
        self.steps.push(Step { node: child, before, notes });
        Way { hops, allowed, denied, missing, last: self.steps.len().saturating_sub(1), ..way }
    }

    fn note(&mut self, findings: Vec<Finding>) -> usize {
        self.notes.push(findings);
        self.notes.len().saturating_sub(1)
    }

    /// Collects what a way consists of, from its end to its beginning.
    fn support(&self, way: Way<'c>) -> Support<'c> {
        let mut hops = Vec::new();
        let mut findings: Vec<Finding> = Vec::new();
        let mut at = self.steps.get(way.last).map(|step| (step, Via::Statement));
        while let Some((step, via)) = at {
            hops.extend(step.node.map(|node| (node, via)));
            findings.extend(step.notes.iter().filter_map(|note| self.notes.get(*note)).flatten().cloned());
            at = step.before.and_then(|(before, via)| Some((self.steps.get(before)?, via)));
        }
        hops.reverse();
        Support { root: way.root.cloned(), hops, findings }
    }
}

impl Way<'_> {
    /// How bad its findings are: the worst effect first, then how many of each.
    fn worst(&self) -> (usize, usize, usize, bool) {
        let worst = if self.denied > 0 { 2 } else { usize::from(self.missing > 0) };
        (worst, self.denied, self.missing, self.root.is_none())
    }

    /// The least wrong first and, among those, the one that may still go on furthest.
    fn rank(&self) -> impl Ord + use<> {
        (self.worst(), Reverse(self.allowed.saturating_sub(self.hops)), self.hops)
    }
}

/// For each root the way with the least wrong and, among those, the one that may still go on furthest.
fn best_by_root<'c>(ways: Vec<Way<'c>>) -> Vec<Way<'c>> {
    let mut best: BTreeMap<Option<&PrincipalId>, Way<'c>> = BTreeMap::new();
    for way in ways {
        let known = best.entry(way.root).or_insert(way);
        if way.rank() < known.rank() {
            *known = way;
        }
    }
    best.into_values().collect()
}

fn hop_findings(case: &Case<'_>, node: &Node<'_>) -> Vec<Finding> {
    let mut findings = rules::findings(case.profile, |check| match check {
        Check::Hop(check) => check(case, node),
        _ => None,
    });
    findings.extend(record_findings(case, node.record));
    findings
}

/// What the rules find about a statement that the verdict rests on, whatever its kind.
pub(super) fn record_findings(case: &Case<'_>, record: &Record) -> Vec<Finding> {
    rules::findings(case.profile, |check| match check {
        Check::Record(check) => check(case, record),
        _ => None,
    })
}

fn link_findings(case: &Case<'_>, link: &Link<'_>, child: Option<&Node<'_>>) -> Vec<Finding> {
    let mut found = rules::findings(case.profile, |check| match check {
        Check::Link(check) => check(case, link, child),
        _ => None,
    });
    // What cannot be read as a hop is no step of the way, but what is wrong with it is.
    if let Some(record) = link.resolution.one().filter(|record| record.payload.is_none()) {
        found.extend(record_findings(case, record));
    }
    found
}

fn edge_findings<'c>(case: &Case<'c>, edge: Edge<'c>) -> Vec<Finding> {
    rules::findings(case.profile, |check| match check {
        Check::Edge(check) => check(case, &edge),
        _ => None,
    })
}

fn path_findings(case: &Case<'_>, path: &Path<'_>) -> Vec<Finding> {
    rules::findings(case.profile, |check| match check {
        Check::Path(check) => check(case, path),
        _ => None,
    })
}
