//! The tree over the entries, and its rows: the tiles.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use schemas::tile::{TILE_WIDTH, TileCoord};
use schemas::tree::TreeHash;
use verifier::merkle::{MIDDLE_HEIGHT, TileEdge, TileNodes};

use super::Findings;
use crate::store::rows::{parse_tile_row, tile_key, tile_row};
use crate::store::{Column, Store};

/// The tree as it grows, held against its rows.
pub(super) struct Tree<'s> {
    store: &'s dyn Store,
    /// Sizes whose roots are kept.
    sizes: &'s BTreeSet<u64>,
    roots: BTreeMap<u64, TreeHash>,
    edge: TileEdge,
    /// Tiles that are not full, as they are by now.
    partial: BTreeMap<TileCoord, TileNodes>,
}

impl<'s> Tree<'s> {
    pub(super) fn new(store: &'s dyn Store, sizes: &'s BTreeSet<u64>) -> Self {
        Self { store, sizes, roots: BTreeMap::new(), edge: TileEdge::new(), partial: BTreeMap::new() }
    }

    pub(super) fn size(&self) -> u64 {
        self.edge.size()
    }

    pub(super) fn root(&self) -> TreeHash {
        self.edge.root()
    }

    /// The roots at the sizes asked for, and at the last.
    pub(super) fn into_roots(mut self) -> BTreeMap<u64, TreeHash> {
        self.roots.insert(self.edge.size(), self.edge.root());
        self.roots
    }

    /// The leaves that the tiles have of these entries; nothing where one is missing.
    pub(super) fn kept_leaves(&self, entries: Range<u64>) -> Option<Vec<TreeHash>> {
        let width = u64::from(TILE_WIDTH);
        let mut leaves = Vec::new();
        let mut at = entries.start;
        while at < entries.end {
            let tile = TileCoord { level: 0, index: at / width };
            let row = self.store.get(Column::Tiles, &tile_key(tile)).ok().flatten()?;
            let (hashes, _) = parse_tile_row(&row).ok()?;
            let first = usize::try_from(at % width).ok()?;
            let count = usize::try_from((entries.end - at).min(width - at % width)).ok()?;
            leaves.extend_from_slice(hashes.get(first..first + count)?);
            at += count as u64;
        }
        Some(leaves)
    }

    /// Takes leaves into the tree, stopping at each size that was asked for.
    pub(super) fn grow(&mut self, leaves: &[TreeHash], findings: &mut Findings) {
        let mut rest = leaves;
        while !rest.is_empty() {
            let size = self.edge.size();
            let next = self.sizes.range(size.saturating_add(1)..).next().map(|next| next - size);
            let count = next.and_then(|next| usize::try_from(next).ok()).unwrap_or(usize::MAX);
            let (now, later) = rest.split_at(count.min(rest.len()));
            if !self.append(now, findings) {
                return;
            }
            rest = later;
        }
    }

    /// Takes leaves into the tree and holds every tile that became full against its row.
    fn append(&mut self, leaves: &[TreeHash], findings: &mut Findings) -> bool {
        let update = match self.edge.append(leaves) {
            Ok(update) => update,
            Err(error) => {
                findings.log("tree-too-large", None, error.to_string());
                return false;
            }
        };
        for (tile, nodes) in update.tiles() {
            if nodes.hashes().len() == usize::from(TILE_WIDTH) {
                self.partial.remove(&tile);
                check_tile(self.store, tile, nodes, true, findings);
            } else {
                self.partial.insert(tile, nodes.clone());
            }
        }
        self.edge = update.into_edge();
        if self.sizes.contains(&self.edge.size()) {
            self.roots.insert(self.edge.size(), self.edge.root());
        }
        true
    }

    /// Holds the tiles at the edge against their rows. Of a tree that goes on unseen these may hold more.
    pub(super) fn end(&mut self, is_all: bool, findings: &mut Findings) {
        for (tile, nodes) in &self.partial {
            check_tile(self.store, *tile, nodes, is_all, findings);
        }
    }
}

/// Holds a tile's row against its nodes. Of a tree that goes on unseen, a row may hold more hashes than are known.
fn check_tile(store: &dyn Store, tile: TileCoord, nodes: &TileNodes, is_all: bool, findings: &mut Findings) {
    let key = tile_key(tile);
    let entry_of = |at: usize| entry_of(tile, at as u64);
    let bytes = match store.get(Column::Tiles, &key) {
        Ok(Some(bytes)) => bytes,
        Ok(None) => return findings.row("tile-missing", Column::Tiles, &key, entry_of(0), "missing"),
        Err(error) => return findings.store(Some(Column::Tiles), entry_of(0), &error),
    };
    if bytes == tile_row(nodes) {
        return;
    }
    let hashes = nodes.hashes();
    let (got, middle) = parse_tile_row(&bytes).unwrap_or_default();
    if !is_all && got.starts_with(hashes) {
        return;
    }
    if got == hashes {
        let node = first_difference(&middle, nodes.middle());
        let detail = format!("its nodes halfway up are not those of its hashes from node {node} on");
        return findings.row("tile-wrong", Column::Tiles, &key, entry_of(node << MIDDLE_HEIGHT), detail);
    }
    let at = first_difference(&got, hashes);
    let detail =
        format!("holds {} hashes, expected {}; they differ from hash {at} on", got.len(), hashes.len());
    findings.row("tile-wrong", Column::Tiles, &key, entry_of(at), detail);
}

fn first_difference(got: &[TreeHash], expected: &[TreeHash]) -> usize {
    let differs = got.iter().zip(expected).position(|(got, expected)| got != expected);
    differs.unwrap_or(got.len().min(expected.len()))
}

/// The entry whose leaf is a tile's hash. Tiles further up stand for many entries: they name none of them.
pub(super) fn entry_of(tile: TileCoord, at: u64) -> Option<u64> {
    (tile.level == 0).then(|| tile.index.saturating_mul(u64::from(TILE_WIDTH)).saturating_add(at))
}
