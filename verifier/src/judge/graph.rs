//! The delegations that a request may rest on, as a graph from the actor back to the roots.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use schemas::kinds::Delegation;
use schemas::limits::CHAIN_LINKS_MAX;
use schemas::payload::{Body, Kind, Payload};
use schemas::time::Index;

use super::ground::Ground;
use super::resolve::{Link, resolve, resolve_credential};
use crate::evidence::Record;

/// A hop and the hops that its delegator's authority comes from.
#[derive(Clone, Debug)]
pub struct Node<'e> {
    /// The statement's record.
    pub record: &'e Record,
    /// What it says beside the body.
    pub payload: &'e Payload,
    /// The hop.
    pub hop: &'e Delegation,
    /// Its parents; none: its delegator is a root.
    pub links: Vec<Link<'e>>,
}

/// Every hop reachable from a request.
#[derive(Clone, Debug, Default)]
pub struct Graph<'e> {
    nodes: BTreeMap<Index, Node<'e>>,
    /// Parents before children, wherever there is no cycle.
    order: Vec<Index>,
    /// Links (child, parent) that close a cycle.
    back: BTreeSet<(Index, Index)>,
    /// How many links there are.
    links: usize,
    /// Whether there are more than are followed.
    cut: bool,
}

impl<'e> Graph<'e> {
    /// Follows `links` back to the roots. Iterative: depth is the evidence's, never the stack's.
    pub fn build(ground: Ground<'e>, links: &[Link<'e>]) -> Self {
        let mut graph = Self::default();
        for link in links {
            if let Some(record) = link.resolution.one() {
                graph.visit(ground, record);
            }
        }
        graph
    }

    /// The hop at an index.
    pub fn node(&self, index: Index) -> Option<&Node<'e>> {
        self.nodes.get(&index)
    }

    /// The hops, parents before children.
    pub fn parents_first(&self) -> impl Iterator<Item = &Node<'e>> {
        self.order.iter().filter_map(|index| self.nodes.get(index))
    }

    /// Whether the link from `child` to `parent` closes a cycle.
    pub fn closes_cycle(&self, child: Index, parent: Index) -> bool {
        self.back.contains(&(child, parent))
    }

    /// Whether there are more links than are followed.
    pub fn is_cut(&self) -> bool {
        self.cut
    }

    /// Every hop above `node`, itself included.
    pub(super) fn upstream(&self, ground: Ground<'_>, node: Index) -> BTreeSet<Index> {
        let mut seen = BTreeSet::new();
        let mut waiting: Vec<Index> = [node].into();
        while let Some(index) = waiting.pop() {
            if ground.effort.spend(1) && seen.insert(index) {
                waiting.extend(self.node(index).into_iter().flat_map(Node::parents));
            }
        }
        seen
    }

    /// Depth-first from `record`, noting each hop after its parents and each link to a hop that is still open.
    fn visit(&mut self, ground: Ground<'e>, record: &'e Record) {
        let mut open: BTreeSet<Index> = BTreeSet::new();
        let mut stack: Vec<(Index, usize)> = Vec::new();
        if self.enter(ground, record) {
            open.insert(record.index);
            stack.push((record.index, 0));
        }
        while let Some((index, next)) = stack.pop() {
            let parent = self
                .nodes
                .get(&index)
                .and_then(|node| node.links.get(next))
                .map(|link| link.resolution.one());
            match parent {
                None => {
                    open.remove(&index);
                    self.order.push(index);
                }
                Some(parent) => {
                    stack.push((index, next.saturating_add(1)));
                    let Some(parent) = parent else { continue };
                    if open.contains(&parent.index) {
                        self.back.insert((index, parent.index));
                    } else if self.enter(ground, parent) {
                        open.insert(parent.index);
                        stack.push((parent.index, 0));
                    }
                }
            }
        }
    }

    /// Makes the node of a record; false where it is there already or is no hop.
    fn enter(&mut self, ground: Ground<'e>, record: &'e Record) -> bool {
        let Some(payload) = &record.payload else { return false };
        let Body::Delegation(hop) = &payload.body else { return false };
        if self.nodes.contains_key(&record.index) {
            return false;
        }
        let count = hop.parents.len().max(1);
        self.links = self.links.saturating_add(count);
        if self.links > CHAIN_LINKS_MAX {
            self.cut = true;
            return false;
        }
        let stated =
            hop.parents.iter().map(|parent| resolve(ground, &payload.tenant, Kind::Delegation, parent));
        let mut links: Vec<Link<'e>> = stated.collect();
        if let (true, Some(credential)) = (links.is_empty(), &hop.presented_credential) {
            links.extend(resolve_credential(ground, &payload.tenant, credential));
        }
        self.nodes.insert(record.index, Node { record, payload, hop, links });
        true
    }
}

impl Node<'_> {
    /// Where the parents stand that could be found.
    pub fn parents(&self) -> impl Iterator<Item = Index> {
        self.links.iter().filter_map(|link| link.resolution.one()).map(|record| record.index)
    }
}
