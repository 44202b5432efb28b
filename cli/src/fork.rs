//! Proving that a log forked, with what its server or a copy shows, and keeping the proof.

use std::path::{Path, PathBuf};

use schemas::checkpoint::Checkpoint;
use schemas::note::Note;
use schemas::tile::TileCoord;
use schemas::tree::TreeHash;
use verifier::fork;
use verifier::merkle::{TileSource, TiledTree};

use crate::failure::Failure;
use crate::file;
use crate::source::LogSource;
use crate::trust::Trust;

/// The tiles of a log as of one size.
pub(crate) struct TilesAt<'l> {
    pub(crate) log: &'l dyn LogSource,
    pub(crate) size: u64,
}

impl TileSource for TilesAt<'_> {
    type Error = Failure;

    fn tile(&self, tile: TileCoord) -> Result<Vec<TreeHash>, Failure> {
        self.log.tile(tile, self.size)
    }
}

/// The proof that two heads cannot both be true, if the log that is asked has the larger one's tree and one pinned key signed both.
pub(crate) fn prove(trust: &Trust, heads: [&Note; 2], log: &dyn LogSource) -> Option<Vec<u8>> {
    let [one, other] = heads;
    let (a, b) = (trust.verify_head(one).ok()?, trust.verify_head(other).ok()?);
    let (notes, size) =
        if a.size() <= b.size() { ([one, other], b.size()) } else { ([other, one], a.size()) };
    let tree = TiledTree::new(TilesAt { log, size });
    // While a key replaces another, heads are signed by both.
    trust.policy().keys_of(a.origin()).find_map(|key| {
        let fork = fork::prove(key, notes, &tree).ok()?;
        fork::check(&fork).ok()?;
        fork.encode().ok()
    })
}

/// Writes a proof into a folder; nothing where it cannot be written. The same proof has the same name.
pub(crate) fn keep(folder: &Path, heads: [&Note; 2], proof: &[u8]) -> Result<PathBuf, Failure> {
    let sizes = heads.map(|note| Checkpoint::from_note(note).map_or(0, |head| head.size));
    let name = format!("{}-{}-{}.fork", sizes[0].min(sizes[1]), sizes[0].max(sizes[1]), digest(proof));
    let path = folder.join(name);
    file::replace(&path, proof)?;
    Ok(path)
}

/// The first digits of the proof's own digest.
fn digest(proof: &[u8]) -> String {
    let end = proof.get(proof.len().saturating_sub(32)..).unwrap_or_default();
    end.iter().take(4).map(|byte| format!("{byte:02x}")).collect()
}
