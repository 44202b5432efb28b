//! Tiles and entry bundles as others may mirror them (C2SP tlog-tiles). Each is held against the head before it is handed out.

use schemas::tile::{
    TILE_HEIGHT, TILE_WIDTH, TileCoord, TileKind, TilePath, encode_entry_bundle, encode_tile,
};
use schemas::time::Index;
use schemas::tree::TreeHash;
use verifier::merkle::{NodeSource, TileNodes, TileSource, leaf_hash};

use crate::read::{ReadError, Reader};
use crate::store::rows::{Rows, tile_key};
use crate::store::{Column, StoreError};

/// The bytes of a tile or an entry bundle; nothing where the head's tree has none of that width.
pub fn resource(reader: &Reader<'_>, path: TilePath) -> Result<Option<Vec<u8>>, ReadError> {
    let level = match path.kind {
        TileKind::Hashes { level } => level,
        TileKind::Entries => 0,
    };
    let tile = TileCoord { level, index: path.index };
    if tile.width(reader.size()) < path.width {
        return Ok(None);
    }
    let mut hashes = hashes(reader, tile)?;
    hashes.truncate(usize::from(path.width));
    match path.kind {
        TileKind::Hashes { .. } => Ok(Some(encode_tile(&hashes))),
        TileKind::Entries => entry_bundle(reader, path.index, &hashes).map(Some),
    }
}

/// All hashes that a tile has under the head.
fn hashes(reader: &Reader<'_>, tile: TileCoord) -> Result<Vec<TreeHash>, ReadError> {
    let width = tile.width(reader.size());
    if width < TILE_WIDTH {
        return edge_hashes(reader, tile, width);
    }
    let found = Rows(reader.log().store()).tile(tile).map_err(ReadError::from);
    let hashes = reader.index(Column::Tiles, found)?;
    let root = TileNodes::new(&hashes).and_then(|nodes| nodes.root());
    let expected = root_of(reader, tile)?;
    if root == Some(expected) {
        return Ok(hashes);
    }
    // The head commits to `expected`, so it is this row that is wrong.
    let detail = format!("its {} hashes do not make {expected}", hashes.len());
    let error = StoreError::row(Column::Tiles, &tile_key(tile), detail);
    reader.index(Column::Tiles, Err(error.into()))
}

/// The leaf hash of an entry, as the head commits to it.
pub(crate) fn leaf(reader: &Reader<'_>, index: Index) -> Result<TreeHash, ReadError> {
    let (tile, at) = place(index);
    let leaf = hashes(reader, tile)?.get(at).copied();
    let missing = || ReadError::Tree { index, detail: "no tile has its leaf".to_owned() };
    reader.watch(leaf.ok_or_else(missing))
}

/// Leaf hashes as the tiles have them, not held against the head. Each tile is read once where indexes ascend.
pub(crate) struct Leaves<'r, 'l> {
    reader: &'r Reader<'l>,
    last: Option<(TileCoord, Vec<TreeHash>)>,
}

impl<'r, 'l> Leaves<'r, 'l> {
    pub(crate) fn new(reader: &'r Reader<'l>) -> Self {
        Self { reader, last: None }
    }

    /// The leaf of an entry below the size; nothing where no tile has it.
    pub(crate) fn at(&mut self, index: Index) -> Result<Option<TreeHash>, ReadError> {
        let (tile, at) = place(index);
        let leaves = match self.last.take().filter(|(same, _)| *same == tile) {
            Some((_, leaves)) => leaves,
            None => self.read(tile)?,
        };
        let leaf = leaves.get(at).copied();
        self.last = Some((tile, leaves));
        Ok(leaf)
    }

    fn read(&self, tile: TileCoord) -> Result<Vec<TreeHash>, ReadError> {
        let width = tile.width(self.reader.size());
        if width < TILE_WIDTH {
            return edge_hashes(self.reader, tile, width);
        }
        let found = Rows(self.reader.log().store()).tile(tile).map_err(ReadError::from);
        self.reader.index(Column::Tiles, found)
    }
}

/// Holds entries that follow each other against the leaves that the head commits to.
pub fn check(reader: &Reader<'_>, first: Index, entries: &[Vec<u8>]) -> Result<(), ReadError> {
    let mut last: Option<(TileCoord, Vec<TreeHash>)> = None;
    for (index, entry) in (first.0..).map(Index).zip(entries) {
        let (tile, at) = place(index);
        let leaves = match last.take().filter(|(same, _)| *same == tile) {
            Some((_, leaves)) => leaves,
            None => hashes(reader, tile)?,
        };
        if leaves.get(at) != Some(&leaf_hash(entry)) {
            let detail = "the entry does not hash to its leaf in the tree".to_owned();
            return reader.watch(Err(ReadError::Tree { index, detail }));
        }
        last = Some((tile, leaves));
    }
    Ok(())
}

/// The tile that has an entry's leaf, and where.
fn place(index: Index) -> (TileCoord, usize) {
    let width = u64::from(TILE_WIDTH);
    let tile = TileCoord { level: 0, index: index.0 / width };
    (tile, usize::try_from(index.0 % width).unwrap_or(usize::MAX))
}

/// What the tile above says a full tile's root is. That one is held against the one above it, up to the head's edge.
fn root_of(reader: &Reader<'_>, tile: TileCoord) -> Result<TreeHash, ReadError> {
    let width = u64::from(TILE_WIDTH);
    let above = TileCoord { level: tile.level.saturating_add(1), index: tile.index / width };
    let at = usize::try_from(tile.index % width).unwrap_or(usize::MAX);
    let missing = || {
        let detail =
            format!("no tile at level {} has the root of its tile at level {}", above.level, tile.level);
        ReadError::Tree { index: first_entry(tile), detail }
    };
    // At most eight levels up (`TILE_LEVELS`): the last is at the edge.
    let root = hashes(reader, above)?.get(at).copied().ok_or_else(missing);
    reader.watch(root)
}

/// The hashes of the last tile of a level: in memory, and part of what the head's root was computed from.
fn edge_hashes(reader: &Reader<'_>, tile: TileCoord, width: u16) -> Result<Vec<TreeHash>, ReadError> {
    let first = tile.index.saturating_mul(u64::from(TILE_WIDTH));
    let level = tile.level.saturating_mul(TILE_HEIGHT);
    let node = |at: u16| reader.published().edge.node(level, first.saturating_add(u64::from(at)));
    let hashes: Result<Vec<TreeHash>, _> = (0..width).map(node).collect();
    let damage = |error| ReadError::Tree { index: first_entry(tile), detail: format!("{error}") };
    reader.watch(hashes.map_err(damage))
}

/// The entries under these leaf hashes, each behind its length.
fn entry_bundle(reader: &Reader<'_>, tile: u64, leaves: &[TreeHash]) -> Result<Vec<u8>, ReadError> {
    let first = tile.saturating_mul(u64::from(TILE_WIDTH));
    let mut entries = Vec::with_capacity(leaves.len());
    for (index, leaf) in (first..).map(Index).zip(leaves) {
        let bytes = reader.entry_bytes(index)?;
        if leaf_hash(&bytes) != *leaf {
            let detail = "the entry does not hash to its leaf in the tree".to_owned();
            return reader.watch(Err(ReadError::Tree { index, detail }));
        }
        entries.push(bytes);
    }
    let slices: Vec<&[u8]> = entries.iter().map(Vec::as_slice).collect();
    let bundle = encode_entry_bundle(&slices);
    reader.watch(bundle.map_err(|error| ReadError::Tree { index: Index(first), detail: error.to_string() }))
}

/// The first entry under a tile.
fn first_entry(tile: TileCoord) -> Index {
    let span = u32::from(tile.level).saturating_add(1).saturating_mul(u32::from(TILE_HEIGHT));
    Index(tile.index.checked_shl(span).unwrap_or(u64::MAX))
}
