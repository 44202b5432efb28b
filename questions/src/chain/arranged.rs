//! In which order hops, and what rests on them, are drawn: each once, below the one that it rests on first.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use schemas::time::Index;

use super::Link;

/// Something to be drawn.
#[derive(Clone, Copy)]
pub(crate) struct Item<'l> {
    /// Where it stands.
    pub(crate) at: Index,
    /// Whether others can rest on it.
    pub(crate) is_hop: bool,
    /// Whether it is on a way that a verdict cites: such come first.
    pub(crate) on_way: bool,
    /// What it rests on.
    pub(crate) links: &'l [Link],
}

/// A place in the drawing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    /// Which of the items.
    pub(crate) item: usize,
    /// How many hops are above it.
    pub(crate) depth: usize,
    /// Whether it is drawn here; otherwise it is only named, since it is drawn elsewhere.
    pub(crate) whole: bool,
}

/// The drawing from the top down.
pub(crate) fn arranged(items: &[Item<'_>]) -> Vec<Step> {
    let hops: BTreeMap<Index, usize> =
        items.iter().enumerate().filter(|(_, item)| item.is_hop).map(|(at, item)| (item.at, at)).collect();
    let mut below: BTreeMap<usize, Vec<Step>> = BTreeMap::new();
    let (mut roots, mut homes) = (Vec::new(), Vec::new());
    for (at, item) in items.iter().enumerate() {
        let home = home(item.links, &hops);
        homes.push(home);
        if home.is_none() {
            roots.push(at);
        }
        let parents: BTreeSet<usize> =
            item.links.iter().filter_map(|link| hops.get(&link.to?).copied()).collect();
        for parent in parents {
            let whole = home == Some(parent);
            below.entry(parent).or_default().push(Step { item: at, depth: 0, whole });
        }
    }
    let place = |at: usize| items.get(at).map(|item| (!item.is_hop, item.at));
    let on_way = |at: usize| items.get(at).is_some_and(|item| item.on_way);
    for steps in below.values_mut() {
        steps.sort_by_key(|step| (!(on_way(step.item) && step.whole), place(step.item)));
    }
    roots.sort_by_key(|at| (items.get(*at).map(|item| (!item.is_hop, !item.on_way, item.at)), *at));
    // Whatever rests on nothing but itself has no root, and is drawn all the same.
    let circles = (0..items.len()).filter(|at| homes.get(*at).is_some_and(Option::is_some));
    let mut drawing = Drawing { below, drawn: BTreeSet::new(), steps: Vec::new() };
    roots.into_iter().chain(circles).for_each(|root| drawing.from(root));
    drawing.steps
}

/// The hop under which something is drawn: on a way that is cited, else the first that leads anywhere.
fn home(links: &[Link], hops: &BTreeMap<Index, usize>) -> Option<usize> {
    let leads = |link: &&Link| !link.closes_circle && link.to.is_some_and(|to| hops.contains_key(&to));
    let on_way = links.iter().filter(leads).find(|link| link.on_way);
    on_way.or_else(|| links.iter().find(leads)).and_then(|link| hops.get(&link.to?).copied())
}

struct Drawing {
    below: BTreeMap<usize, Vec<Step>>,
    drawn: BTreeSet<usize>,
    steps: Vec<Step>,
}

impl Drawing {
    /// Draws an item and everything below it, unless that was done.
    fn from(&mut self, root: usize) {
        if self.drawn.contains(&root) {
            return;
        }
        let mut waiting = Vec::from([Step { item: root, depth: 0, whole: true }]);
        while let Some(step) = waiting.pop() {
            let step = Step { whole: step.whole && self.drawn.insert(step.item), ..step };
            self.steps.push(step);
            if step.whole {
                let depth = step.depth.saturating_add(1);
                let below = self.below.get(&step.item).into_iter().flatten().rev();
                waiting.extend(below.map(|step| Step { depth, ..*step }));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::String;
    use alloc::vec;

    use super::*;

    fn link(to: u64, on_way: bool, closes_circle: bool) -> Link {
        Link {
            name: String::new(),
            via: "statement",
            to: Some(Index(to)),
            candidates: 1,
            closes_circle,
            on_way,
            scope: None,
            findings: Vec::new(),
        }
    }

    fn drawn(items: &[(u64, bool, Vec<Link>)]) -> Vec<(u64, usize, bool)> {
        let items: Vec<Item<'_>> = items
            .iter()
            .map(|(at, is_hop, links)| Item { at: Index(*at), is_hop: *is_hop, on_way: true, links })
            .collect();
        arranged(&items).iter().map(|step| (items[step.item].at.0, step.depth, step.whole)).collect()
    }

    #[test]
    fn a_hop_that_several_rest_on_is_drawn_once_and_what_joins_is_named() {
        let items = [
            (1, true, vec![]),
            (2, true, vec![]),
            (3, true, vec![link(1, true, false), link(2, false, false)]),
            (8, false, vec![link(3, true, false)]),
            (9, false, vec![link(3, true, false)]),
        ];
        let expected = [(1, 0, true), (3, 1, true), (8, 2, true), (9, 2, true), (2, 0, true), (3, 1, false)];
        assert_eq!(drawn(&items), expected);
    }

    #[test]
    fn a_circle_that_nothing_tells_of_is_drawn_and_ends() {
        let items = [(1, true, vec![link(2, true, false)]), (2, true, vec![link(1, true, false)])];
        assert_eq!(drawn(&items), [(1, 0, true), (2, 1, true), (1, 2, false)]);
    }

    #[test]
    fn what_rests_on_nothing_comes_last() {
        let items = [(5, false, vec![]), (7, true, vec![])];
        assert_eq!(drawn(&items), [(7, 0, true), (5, 0, true)]);
    }
}
