//! Where the tree's hashes are kept: tiles of 256, their paths and their bytes (C2SP tlog-tiles).
//!
//! A tile at tile level `l` holds nodes of the binary tree's level `8 * l`; the seven levels between are computed from it.
//! Pure coordinates: no hashing, no storage.

use alloc::vec::Vec;

use thiserror::Error;

use crate::tree::TreeHash;

mod bundle;
mod path;

pub use bundle::{decode_entry_bundle, encode_entry_bundle};
pub use path::{TileKind, TilePath};

/// Levels of the binary tree that one tile spans.
pub const TILE_HEIGHT: u8 = 8;

/// Hashes in a full tile.
pub const TILE_WIDTH: u16 = 1 << TILE_HEIGHT;

/// Bytes of a full tile.
pub const TILE_BYTES: usize = TILE_WIDTH as usize * TreeHash::LEN;

/// Tile levels that a tree of 64-bit size can have.
pub const TILE_LEVELS: u8 = 8;

/// One tile's place in the tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TileCoord {
    /// Tile level: 0 holds the leaf hashes.
    pub level: u8,
    /// Number of the tile within its level, from 0.
    pub index: u64,
}

/// Where one node of the binary tree is found: the root of `count` neighbouring hashes of a tile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NodePlace {
    /// The tile.
    pub tile: TileCoord,
    /// First of the hashes under the node, from 0.
    pub offset: u16,
    /// Height of the node above the tile's hashes, 0 to 7; `1 << height` hashes are under it.
    pub height: u8,
}

/// How many tiles a tree has at one tile level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LevelTiles {
    /// Tile level.
    pub level: u8,
    /// Full tiles, which are numbered from 0 on.
    pub full: u64,
    /// Width of the partial tile after them, or 0 where there is none.
    pub partial: u16,
}

impl TileCoord {
    /// Hashes that this tile holds in a tree of `size` leaves: 0 where there is no such tile, [`TILE_WIDTH`] at most.
    pub fn width(self, size: u64) -> u16 {
        let hashes = hashes_at_level(self.level, size);
        let before = self.index.saturating_mul(u64::from(TILE_WIDTH));
        let width = hashes.saturating_sub(before).min(u64::from(TILE_WIDTH));
        u16::try_from(width).unwrap_or(TILE_WIDTH)
    }
}

impl NodePlace {
    /// The place of node `index` at binary level `level` (0: leaf hashes), or nothing where a 64-bit tree has no such node.
    pub fn of(level: u8, index: u64) -> Option<Self> {
        let beyond = index.checked_shr(u32::from(64_u8.checked_sub(level)?)).unwrap_or(0);
        if beyond != 0 {
            return None;
        }
        let height = level % TILE_HEIGHT;
        let first = index.checked_shl(u32::from(height))?;
        Some(Self {
            tile: TileCoord { level: level / TILE_HEIGHT, index: first / u64::from(TILE_WIDTH) },
            offset: u16::try_from(first % u64::from(TILE_WIDTH)).ok()?,
            height,
        })
    }
}

/// The tiles of a tree of `size` leaves, lowest level first; a level without tiles ends the list.
pub fn tiles(size: u64) -> impl Iterator<Item = LevelTiles> {
    (0..TILE_LEVELS).map_while(move |level| {
        let hashes = hashes_at_level(level, size);
        let partial = u16::try_from(hashes % u64::from(TILE_WIDTH)).unwrap_or(0);
        (hashes > 0).then_some(LevelTiles { level, full: hashes / u64::from(TILE_WIDTH), partial })
    })
}

/// The hashes of a tile of `width` hashes from its stored bytes.
pub fn decode_tile(bytes: &[u8]) -> Result<Vec<TreeHash>, TileError> {
    let (hashes, rest) = bytes.as_chunks::<{ TreeHash::LEN }>();
    if hashes.is_empty() || !rest.is_empty() || bytes.len() > TILE_BYTES {
        return Err(TileError::TileLength { got: bytes.len(), max: TILE_BYTES });
    }
    Ok(hashes.iter().copied().map(TreeHash::new).collect())
}

/// The bytes that store these hashes: one after the other, nothing between.
pub fn encode_tile(hashes: &[TreeHash]) -> Vec<u8> {
    hashes.iter().flat_map(|hash| *hash.as_bytes()).collect()
}

/// Hashes that the tiles of one level hold together: complete subtrees of `256^level` leaves.
fn hashes_at_level(level: u8, size: u64) -> u64 {
    size.checked_shr(u32::from(level).saturating_mul(u32::from(TILE_HEIGHT))).unwrap_or(0)
}

/// Why bytes or a path are no tile or entry bundle.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum TileError {
    /// No hash, a part of a hash, or too many.
    #[error("the tile has {got} bytes, expected a multiple of 32 up to {max}")]
    TileLength {
        /// Bytes there are.
        got: usize,
        /// Bytes of a full tile.
        max: usize,
    },
    /// The path is not of the form `tile/<level or entries>/<number>[.p/<width>]`.
    #[error("the path names no tile")]
    Path,
    /// No entry, or more than a tile has hashes.
    #[error("the entry bundle has {got} entries, expected 1 to {max}")]
    BundleCount {
        /// Entries there are; one more than allowed where there are more than that.
        got: usize,
        /// Entries of a full bundle.
        max: usize,
    },
    /// The bytes end within an entry or its length.
    #[error("the entry bundle ends within entry {entry}")]
    BundleTruncated {
        /// Number of the entry in the bundle, from 0.
        entry: usize,
    },
    /// An entry's length does not fit in 16 bits.
    #[error("entry {entry} of the bundle has {got} bytes, at most {max} are allowed")]
    EntryTooLong {
        /// Number of the entry in the bundle, from 0.
        entry: usize,
        /// Bytes there are.
        got: usize,
        /// Bytes allowed.
        max: usize,
    },
}

impl TileError {
    /// Stable name of the error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::TileLength { .. } => "tile-length",
            Self::Path => "tile-path",
            Self::BundleCount { .. } => "entry-bundle-count",
            Self::BundleTruncated { .. } => "entry-bundle-truncated",
            Self::EntryTooLong { .. } => "entry-bundle-entry-too-long",
        }
    }
}

#[cfg(test)]
mod tests;
