//! A tree that is kept as tiles: the levels between the stored ones are computed, once for each tile that is read.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::cell::Cell;
use core::fmt;

use schemas::tile::{NodePlace, TILE_HEIGHT, TILE_WIDTH, TileCoord};
use schemas::tree::TreeHash;
use thiserror::Error;

use super::hash::node_hash;
use super::prove::NodeSource;

/// Where tiles are kept.
pub trait TileSource {
    /// Why a tile could not be read.
    type Error: fmt::Display;

    /// The hashes of a tile, as many as there are by now; none where there is no such tile.
    fn tile(&self, tile: TileCoord) -> Result<Vec<TreeHash>, Self::Error>;
}

/// Makes nodes out of tiles. Reads each tile once, so make one for each request, not one for ever.
pub struct TiledTree<S> {
    tiles: S,
    read: Cell<BTreeMap<TileCoord, TileNodes>>,
}

/// One tile with all nodes over its hashes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TileNodes {
    /// Nodes by their height above the stored hashes, from 0 (these themselves) to 8 (the root of a full tile).
    rows: [Vec<TreeHash>; TILE_HEIGHT as usize + 1],
}

impl<S: TileSource> TiledTree<S> {
    /// The tree in these tiles.
    pub fn new(tiles: S) -> Self {
        Self { tiles, read: Cell::default() }
    }
}

impl<S: TileSource> NodeSource for TiledTree<S> {
    type Error = TileReadError<S::Error>;

    fn node(&self, level: u8, index: u64) -> Result<TreeHash, Self::Error> {
        let missing = NodeMissing { level, index };
        let place = NodePlace::of(level, index).ok_or(missing)?;
        let mut read = self.read.take();
        if let alloc::collections::btree_map::Entry::Vacant(vacant) = read.entry(place.tile) {
            let hashes = self.tiles.tile(place.tile).map_err(TileReadError::Source)?;
            vacant.insert(TileNodes::new(&hashes).ok_or(missing)?);
        }
        let node = read.get(&place.tile).and_then(|tile| tile.node(place));
        self.read.set(read);
        Ok(node.ok_or(missing)?)
    }
}

impl TileNodes {
    /// The tile of these hashes, or nothing where they are more than a tile holds.
    pub fn new(hashes: &[TreeHash]) -> Option<Self> {
        if hashes.len() > usize::from(TILE_WIDTH) {
            return None;
        }
        let mut tile = Self::default();
        hashes.iter().for_each(|hash| tile.push(*hash));
        Some(tile)
    }

    /// The stored hashes, in their order.
    pub fn hashes(&self) -> &[TreeHash] {
        let [hashes, ..] = &self.rows;
        hashes
    }

    /// The node at a place in this tile, if all hashes under it are there. The caller has picked the tile.
    pub fn node(&self, place: NodePlace) -> Option<TreeHash> {
        let at = place.offset.checked_shr(u32::from(place.height))?;
        self.rows.get(usize::from(place.height))?.get(usize::from(at)).copied()
    }

    /// The root over all 256 hashes, which belongs into the tile level above; nothing while the tile is partial.
    pub fn root(&self) -> Option<TreeHash> {
        let [.., roots] = &self.rows;
        roots.first().copied()
    }

    /// Joins the tile's complete subtrees with what stands right of them, largest subtree last: the root of a right edge,
    /// tile level by tile level.
    pub(super) fn join(&self, right: Option<TreeHash>) -> Option<TreeHash> {
        let unpaired =
            self.rows.iter().filter(|row| !row.len().is_multiple_of(2)).filter_map(|row| row.last());
        unpaired.fold(right, |right, left| Some(right.map_or(*left, |right| node_hash(left, &right))))
    }

    /// Adds a hash, and every node that it completes.
    pub(super) fn push(&mut self, hash: TreeHash) {
        let mut node = hash;
        for row in &mut self.rows {
            row.push(node);
            match row.as_slice() {
                [.., left, right] if row.len().is_multiple_of(2) => node = node_hash(left, right),
                _ => return,
            }
        }
    }
}

/// A node that the tiles at hand do not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the tiles do not hold node {index} at level {level} of the tree")]
pub struct NodeMissing {
    /// Binary level, 0 for the leaf hashes.
    pub level: u8,
    /// Number of the node within its level, from 0.
    pub index: u64,
}

/// Why a node could not be made out of tiles.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum TileReadError<E: fmt::Display> {
    /// A tile could not be read.
    #[error("{0}")]
    Source(E),
    /// The tile holds too few hashes, or too many to be one.
    #[error(transparent)]
    Missing(#[from] NodeMissing),
}
