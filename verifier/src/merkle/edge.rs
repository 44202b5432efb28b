//! Appending to a tree that is kept as tiles: only its right edge is needed, one partial tile for each tile level.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::fmt;

use schemas::limits::INTEGER_MAX;
use schemas::proof::{ConsistencyProof, InclusionProof};
use schemas::tile::{NodePlace, TILE_WIDTH, TileCoord, tiles};
use schemas::tree::TreeHash;
use thiserror::Error;

use super::prove::{NodeSource, ProveError, prove_consistency, prove_inclusion};
use super::tiled::{NodeMissing, TileNodes, TileSource};

/// The right edge of a tree: what is needed to append to it and to know its root. At most 16 kB for each tile level.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TileEdge {
    size: u64,
    /// The partial tile of each tile level, lowest first; without hashes where the last tile is full.
    partial: Vec<TileNodes>,
}

/// What appending leaves to an edge has brought: the new edge, and the tiles to be stored.
///
/// Holds every node that the proofs for the new leaves need.
#[derive(Clone, Debug)]
pub struct EdgeUpdate {
    base: u64,
    edge: TileEdge,
    filled: BTreeMap<TileCoord, TileNodes>,
}

impl TileEdge {
    /// The edge of the tree without leaves.
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads the edge of the tree of `size` leaves. A tile may hold more hashes than that size has: they are left out.
    ///
    /// Whether the tiles are right shows in [`Self::root`], to be compared with a signed one.
    pub fn load<S: TileSource>(source: &S, size: u64) -> Result<Self, EdgeLoadError<S::Error>> {
        let mut partial = Vec::new();
        for level in tiles(size) {
            let tile = TileCoord { level: level.level, index: level.full };
            let expected = usize::from(level.partial);
            let hashes =
                if expected == 0 { Vec::new() } else { source.tile(tile).map_err(EdgeLoadError::Source)? };
            let nodes = hashes.get(..expected).and_then(TileNodes::new);
            partial.push(nodes.ok_or(EdgeLoadError::TileLength { tile, got: hashes.len(), expected })?);
        }
        Ok(Self { size, partial })
    }

    /// Leaves in the tree.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Root of the tree.
    pub fn root(&self) -> TreeHash {
        let root = self.partial.iter().fold(None, |right, tile| tile.join(right));
        root.unwrap_or(TreeHash::EMPTY_ROOT)
    }

    /// Appends leaf hashes. The edge itself stays as it is until the caller takes over the new one.
    pub fn append(&self, leaves: &[TreeHash]) -> Result<EdgeUpdate, TreeTooLarge> {
        let more = u64::try_from(leaves.len()).unwrap_or(u64::MAX);
        if self.size.saturating_add(more) > INTEGER_MAX {
            return Err(TreeTooLarge { size: self.size, more, max: INTEGER_MAX });
        }
        let mut edge = self.clone();
        let mut filled = BTreeMap::new();
        leaves.iter().for_each(|leaf| edge.push(*leaf, &mut filled));
        Ok(EdgeUpdate { base: self.size, edge, filled })
    }

    /// Puts a leaf into the lowest tile, and the root of each tile that it fills into the tile above.
    fn push(&mut self, leaf: TreeHash, filled: &mut BTreeMap<TileCoord, TileNodes>) {
        let mut hash = leaf;
        for level in 0_u8.. {
            let tile = TileCoord { level, index: tile_index(level, self.size) };
            let at = usize::from(level);
            if at >= self.partial.len() {
                self.partial.push(TileNodes::default());
            }
            let Some(nodes) = self.partial.get_mut(at) else { break };
            nodes.push(hash);
            let Some(root) = nodes.root() else { break };
            filled.insert(tile, core::mem::take(nodes));
            hash = root;
        }
        self.size = self.size.saturating_add(1);
    }
}

impl NodeSource for TileEdge {
    type Error = NodeMissing;

    fn node(&self, level: u8, index: u64) -> Result<TreeHash, NodeMissing> {
        let find = || {
            let place = NodePlace::of(level, index)?;
            let is_last = place.tile.index == tile_index(place.tile.level, self.size);
            self.partial.get(usize::from(place.tile.level)).filter(|_| is_last)?.node(place)
        };
        find().ok_or(NodeMissing { level, index })
    }
}

impl EdgeUpdate {
    /// Leaves before.
    pub fn base(&self) -> u64 {
        self.base
    }

    /// Leaves now.
    pub fn size(&self) -> u64 {
        self.edge.size
    }

    /// Root now.
    pub fn root(&self) -> TreeHash {
        self.edge.root()
    }

    /// The edge now.
    pub fn edge(&self) -> &TileEdge {
        &self.edge
    }

    /// The edge now, without the rest.
    pub fn into_edge(self) -> TileEdge {
        self.edge
    }

    /// The tiles that are new or wider than before, each with all its hashes: what is to be stored.
    pub fn tiles(&self) -> impl Iterator<Item = (TileCoord, &TileNodes)> {
        let filled = self.filled.iter().map(|(tile, nodes)| (*tile, nodes));
        let partial = (0_u8..).zip(&self.edge.partial).filter_map(|(level, nodes)| {
            let tile = TileCoord { level, index: tile_index(level, self.edge.size) };
            let changed = tile.width(self.base) != tile.width(self.edge.size);
            changed.then_some((tile, nodes))
        });
        filled.chain(partial)
    }

    /// The proof for one of the new leaves in the tree as it is now.
    pub fn inclusion(&self, index: u64) -> Result<InclusionProof, ProveError<NodeMissing>> {
        prove_inclusion(self, index, self.edge.size)
    }

    /// The proof that the tree before begins the tree as it is now. Refused where there were no leaves before.
    pub fn consistency(&self) -> Result<ConsistencyProof, ProveError<NodeMissing>> {
        prove_consistency(self, self.base, self.edge.size)
    }
}

impl NodeSource for EdgeUpdate {
    type Error = NodeMissing;

    fn node(&self, level: u8, index: u64) -> Result<TreeHash, NodeMissing> {
        let filled = NodePlace::of(level, index).and_then(|place| self.filled.get(&place.tile)?.node(place));
        filled.map_or_else(|| self.edge.node(level, index), Ok)
    }
}

/// Number of the tile that the next hash of this level goes into, in a tree of `size` leaves.
fn tile_index(level: u8, size: u64) -> u64 {
    let span = u32::from(level).saturating_add(1).saturating_mul(TILE_WIDTH.trailing_zeros());
    size.checked_shr(span).unwrap_or(0)
}

/// Why an edge could not be read.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum EdgeLoadError<E: fmt::Display> {
    /// A tile could not be read.
    #[error("{0}")]
    Source(E),
    /// A tile holds fewer hashes than the size asks for, or more than a tile can.
    #[error("tile {} of level {} has {got} hashes, expected {expected}", tile.index, tile.level)]
    TileLength {
        /// The tile.
        tile: TileCoord,
        /// Hashes there are.
        got: usize,
        /// Hashes that belong to the size.
        expected: usize,
    },
}

impl<E: fmt::Display> EdgeLoadError<E> {
    /// Stable name of the error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Source(_) => "tree-tile-unavailable",
            Self::TileLength { .. } => "tree-tile-length",
        }
    }
}

/// The tree would have more leaves than its size can say in every format.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("a tree of {size} leaves cannot take {more} more, at most {max} are allowed")]
pub struct TreeTooLarge {
    /// Leaves now.
    pub size: u64,
    /// Leaves to be appended.
    pub more: u64,
    /// Leaves allowed.
    pub max: u64,
}

impl TreeTooLarge {
    /// Stable name of the error.
    pub fn code(&self) -> &'static str {
        "tree-too-large"
    }
}
