//! Where a log is read from: its server, or a mirror of it.

use gateway::client::{Client, ClientError};
use schemas::note::Note;
use schemas::tile::{TILE_WIDTH, TileCoord, TileKind, TilePath, decode_entry_bundle, decode_tile};
use schemas::tree::TreeHash;

use crate::failure::Failure;

/// A log to be read. Nothing that it answers is believed for coming from there.
pub(crate) trait LogSource: Sync {
    /// What it is called: an address or a folder.
    fn name(&self) -> String;

    /// The latest checkpoint.
    fn checkpoint(&self) -> Result<Note, Failure>;

    /// Entries from `start` on: at least one, none at or beyond `end`.
    fn entries(&self, start: u64, end: u64) -> Result<Vec<Vec<u8>>, Failure>;

    /// Hashes that lead from the tree of `first` entries to that of `second`.
    fn consistency(&self, first: u64, second: u64) -> Result<Proof, Failure>;

    /// The hashes of a tile in the tree of `size` entries; none where that tree has no such tile.
    fn tile(&self, tile: TileCoord, size: u64) -> Result<Vec<TreeHash>, Failure>;
}

/// What was answered when a proof was asked for.
pub(crate) enum Proof {
    /// Its hashes.
    Path(Vec<TreeHash>),
    /// The log does not have a tree of that size, or says so.
    Refused(Failure),
    /// This is a copy that does not go so far, which says nothing of the log.
    Behind,
}

/// The entry bundle that holds the entry at `start`, in a tree of `size` entries.
pub(crate) fn bundle_path(start: u64, size: u64) -> TilePath {
    let index = start / u64::from(TILE_WIDTH);
    let width = TileCoord { level: 0, index }.width(size);
    TilePath { kind: TileKind::Entries, index, width }
}

/// Entries from `start` on, short of `end`, out of the bundle that holds them. What is wrong with it otherwise.
pub(crate) fn entries_in(
    bundle: &[u8],
    path: TilePath,
    start: u64,
    end: u64,
) -> Result<Vec<Vec<u8>>, String> {
    let entries = decode_entry_bundle(bundle).map_err(|error| error.to_string())?;
    if entries.len() != usize::from(path.width) {
        return Err(format!("{} entries, expected {}", entries.len(), path.width));
    }
    let skip = usize::try_from(start % u64::from(TILE_WIDTH)).unwrap_or(usize::MAX);
    Ok((start..end).zip(entries.into_iter().skip(skip)).map(|(_, entry)| entry.to_vec()).collect())
}

impl LogSource for Client {
    fn name(&self) -> String {
        self.server().into()
    }

    fn checkpoint(&self) -> Result<Note, Failure> {
        Ok(Self::checkpoint(self)?)
    }

    fn entries(&self, start: u64, end: u64) -> Result<Vec<Vec<u8>>, Failure> {
        Ok(Self::entries(self, start, end)?)
    }

    fn consistency(&self, first: u64, second: u64) -> Result<Proof, Failure> {
        match Self::consistency(self, first, second) {
            Ok(answer) => Ok(Proof::Path(answer.path)),
            Err(error @ ClientError::Refused { status: 400..=499, .. }) => Ok(Proof::Refused(error.into())),
            Err(error) => Err(error.into()),
        }
    }

    fn tile(&self, tile: TileCoord, size: u64) -> Result<Vec<TreeHash>, Failure> {
        let Some(path) = tile_path(tile, size) else { return Ok(Vec::new()) };
        let wrong = |error: &dyn std::fmt::Display| {
            Failure::new(
                "server-answer",
                format!("{} answers /{path} with something else: {error}", self.server()),
            )
        };
        decode_tile(&Self::tile(self, path)?).map_err(|error| wrong(&error))
    }
}

/// Where the hashes of a tile are found in the tree of `size` entries, if it has any.
pub(crate) fn tile_path(tile: TileCoord, size: u64) -> Option<TilePath> {
    let width = tile.width(size);
    (width > 0).then_some(TilePath { kind: TileKind::Hashes { level: tile.level }, index: tile.index, width })
}
