//! A tree that is kept as tiles: the levels between the stored ones are computed from them.

use alloc::collections::BTreeMap;
use alloc::collections::btree_map::Entry;
use alloc::vec::Vec;
use core::cell::Cell;
use core::fmt;

use schemas::tile::{NodePlace, TILE_HEIGHT, TILE_WIDTH, TileCoord};
use schemas::tree::TreeHash;
use thiserror::Error;

use super::hash::{TreeHasher, node_hash};
use super::prove::NodeSource;

/// Height, above a tile's hashes, of the nodes that a source may keep beside these: halfway up.
///
/// Without them a path through a tile that nobody has looked at takes 247 hashes, with them 22.
pub const MIDDLE_HEIGHT: u8 = TILE_HEIGHT / 2;

/// Where tiles are kept.
pub trait TileSource {
    /// Why a tile could not be read.
    type Error: fmt::Display;

    /// The hashes of a tile, as many as there are by now; none where there is no such tile.
    fn tile(&self, tile: TileCoord) -> Result<Vec<TreeHash>, Self::Error>;

    /// The hashes of a tile, and its nodes at [`MIDDLE_HEIGHT`] if the source keeps them: they are not held against the hashes,
    /// so what is made of them is as good as the source until it was held against a root.
    fn tile_with_middle(&self, tile: TileCoord) -> Result<(Vec<TreeHash>, Vec<TreeHash>), Self::Error> {
        Ok((self.tile(tile)?, Vec::new()))
    }
}

/// Makes nodes out of tiles. Reads each tile once, so make one for each request, not one for ever.
pub struct TiledTree<S> {
    tiles: S,
    read: Cell<BTreeMap<TileCoord, ReadTile>>,
}

/// One tile that was read.
#[derive(Default)]
struct ReadTile {
    hashes: Vec<TreeHash>,
    /// Nodes at [`MIDDLE_HEIGHT`]; none before they are needed, where the source does not keep them.
    middle: Vec<TreeHash>,
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
        let tile = match read.entry(place.tile) {
            Entry::Occupied(occupied) => occupied.into_mut(),
            Entry::Vacant(vacant) => {
                let (hashes, middle) =
                    self.tiles.tile_with_middle(place.tile).map_err(TileReadError::Source)?;
                vacant.insert(ReadTile { hashes, middle })
            }
        };
        let node = tile.node(place);
        self.read.set(read);
        Ok(node.ok_or(missing)?)
    }
}

impl ReadTile {
    /// The node at a place in this tile, if all hashes under it are there and no more than a tile has.
    fn node(&mut self, place: NodePlace) -> Option<TreeHash> {
        if self.hashes.len() > usize::from(TILE_WIDTH) {
            return None;
        }
        let (row, below) = match place.height.checked_sub(MIDDLE_HEIGHT) {
            Some(_) if self.middle.is_empty() => (self.make_middle(), MIDDLE_HEIGHT),
            Some(_) => (self.middle.as_slice(), MIDDLE_HEIGHT),
            None => (self.hashes.as_slice(), 0),
        };
        let from = usize::from(place.offset.checked_shr(u32::from(below))?);
        let count = 1_usize.checked_shl(u32::from(place.height.checked_sub(below)?))?;
        row.get(from..from.checked_add(count)?).map(subtree_root)
    }

    fn make_middle(&mut self) -> &[TreeHash] {
        self.middle = self.hashes.chunks_exact(1 << MIDDLE_HEIGHT).map(subtree_root).collect();
        &self.middle
    }
}

/// The root over neighbouring nodes of one level, as many as a power of two.
fn subtree_root(nodes: &[TreeHash]) -> TreeHash {
    let mut tree = TreeHasher::new();
    nodes.iter().for_each(|node| tree.push(*node));
    tree.root()
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

    /// The nodes at [`MIDDLE_HEIGHT`], in their order.
    pub fn middle(&self) -> &[TreeHash] {
        self.rows.get(usize::from(MIDDLE_HEIGHT)).map_or(&[], Vec::as_slice)
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
