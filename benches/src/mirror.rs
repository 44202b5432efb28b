//! A large log as a mirror of it, made without a server: what `writ mirror` would leave, at any size, the same bytes for the same seed.
//!
//! Nothing is synced and nothing is continued: a mirror whose making was interrupted has no checkpoint and is made anew.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Result, ensure};
use ed25519_dalek::Signer;
use schemas::checkpoint::Checkpoint;
use schemas::envelope::Statement;
use schemas::ids::LogId;
use schemas::kinds::Use;
use schemas::note::{KeyName, Note, NoteSignature, SignatureType, VerifierKey};
use schemas::payload::Seen;
use schemas::text::Origin;
use schemas::tile::{TILE_HEIGHT, TILE_WIDTH, TileKind, TilePath, encode_entry_bundle, encode_tile, tiles};
use schemas::tree::TreeHash;
use schemas::trust::TrustPolicy;
use verifier::merkle::{NodeSource, TileEdge, leaf_hash};

use crate::corpus::{Binding, Corpus, public, secret};
use crate::memory::{BEGINS, ORIGIN, Places, genesis};

/// Chains whose statements are signed together: what is in memory at a time.
const CHAINS_TOGETHER: u64 = 256;

/// Name of the trust file in the mirror's folder: no name of a tiled log's.
pub const TRUST: &str = "trust.policy";

/// What was made.
#[derive(Clone, Debug)]
pub struct Made {
    /// The log.
    pub log: LogId,
    /// Its entries, in number: whole chains, so a few more than were asked for.
    pub entries: u64,
    /// The tree's root.
    pub root: TreeHash,
    /// How long it took, in seconds.
    pub seconds: f64,
}

/// Makes a mirror of at least `entries` entries in a folder that is not there yet, and the trust file that pins its log.
pub fn make(seed: u64, entries: u64, folder: &Path) -> Result<Made> {
    ensure!(!folder.exists(), "{} is there already", folder.display());
    fs::create_dir_all(folder)?;
    let begun = Instant::now();
    let corpus = Corpus::new(seed)?;
    let genesis = genesis(corpus.cast(), seed)?;
    let log = LogId::from(genesis.id());
    let mut writer = Writer::new(folder);
    writer.append(&genesis)?;
    for statement in corpus.cast().registrations(log, BEGINS)? {
        writer.append(&statement)?;
    }
    // The head that every emitter says it has seen.
    let seen = Seen { size: writer.places.size(), root: writer.root()? };
    let chains = Corpus::chains_for(entries.saturating_sub(seen.size));
    let mut next = 0;
    while next < chains {
        let end = chains.min(next + CHAINS_TOGETHER);
        let binding = Binding { log, seen, now: writer.places.now() };
        for statement in corpus.statements(next..end, &binding)? {
            writer.append(&statement)?;
        }
        next = end;
    }
    let edge = writer.finish()?;
    publish(seed, log, &edge, folder)?;
    Ok(Made { log, entries: edge.size(), root: edge.root(), seconds: begun.elapsed().as_secs_f64() })
}

/// Writes entries, bundle by bundle, and the full tiles over them.
struct Writer {
    folder: PathBuf,
    places: Places,
    /// Over full bundles.
    edge: TileEdge,
    /// Entries of the bundle that is not full.
    bundle: Vec<Vec<u8>>,
}

impl Writer {
    fn new(folder: &Path) -> Self {
        Self { folder: folder.into(), places: Places::default(), edge: TileEdge::new(), bundle: Vec::new() }
    }

    fn append(&mut self, statement: &Statement) -> Result<()> {
        self.bundle.push(self.places.next(statement));
        if self.bundle.len() == usize::from(TILE_WIDTH) {
            self.edge = self.write_bundle()?;
            self.bundle.clear();
        }
        Ok(())
    }

    /// Root of the tree over everything so far.
    fn root(&self) -> Result<TreeHash> {
        let leaves: Vec<TreeHash> = self.bundle.iter().map(|entry| leaf_hash(entry)).collect();
        Ok(self.edge.append(&leaves)?.root())
    }

    /// Writes the partial bundle and the partial tiles.
    fn finish(mut self) -> Result<TileEdge> {
        if !self.bundle.is_empty() {
            self.edge = self.write_bundle()?;
        }
        for of in tiles(self.edge.size()).filter(|of| of.partial > 0) {
            let first = of.full * u64::from(TILE_WIDTH);
            let node = |at: u16| self.edge.node(of.level * TILE_HEIGHT, first + u64::from(at));
            let hashes = (0..of.partial).map(node).collect::<Result<Vec<TreeHash>, _>>()?;
            let kind = TileKind::Hashes { level: of.level };
            write(&self.folder, TilePath { kind, index: of.full, width: of.partial }, &encode_tile(&hashes))?;
        }
        Ok(self.edge)
    }

    fn write_bundle(&self) -> Result<TileEdge> {
        let slices: Vec<&[u8]> = self.bundle.iter().map(Vec::as_slice).collect();
        let leaves: Vec<TreeHash> = slices.iter().map(|entry| leaf_hash(entry)).collect();
        let index = self.edge.size() / u64::from(TILE_WIDTH);
        let path = TilePath { kind: TileKind::Entries, index, width: slices.len() as u16 };
        write(&self.folder, path, &encode_entry_bundle(&slices)?)?;
        let update = self.edge.append(&leaves)?;
        for (tile, nodes) in update.tiles() {
            if nodes.hashes().len() == usize::from(TILE_WIDTH) {
                let kind = TileKind::Hashes { level: tile.level };
                let path = TilePath { kind, index: tile.index, width: TILE_WIDTH };
                write(&self.folder, path, &encode_tile(nodes.hashes()))?;
            }
        }
        Ok(update.into_edge())
    }
}

/// Signs the head, and pins the key that did.
fn publish(seed: u64, log: LogId, edge: &TileEdge, folder: &Path) -> Result<()> {
    let key = secret(seed, Use::Checkpoint.as_str());
    let pinned = VerifierKey::new(KeyName::new(ORIGIN)?, SignatureType::Ed25519, public(&key));
    let text = Checkpoint { origin: Origin::new(ORIGIN)?, size: edge.size(), root: edge.root() }.text();
    let signature = key.sign(text.as_bytes()).to_bytes().to_vec();
    let line = NoteSignature { name: pinned.name().clone(), key_id: pinned.id(), signature };
    fs::write(folder.join("checkpoint"), Note::new(text, vec![line])?.to_string())?;
    fs::write(folder.join(TRUST), TrustPolicy::for_log(pinned, log)?.to_string())?;
    Ok(())
}

fn write(folder: &Path, path: TilePath, bytes: &[u8]) -> Result<()> {
    let path = folder.join(path.to_string());
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    Ok(fs::write(path, bytes)?)
}
