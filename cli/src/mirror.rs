//! A copy of a log in a folder, laid out as the log's server lays it out (C2SP tlog-tiles): any web server can serve it on.

use std::fs::{self, File};
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use schemas::checkpoint::Checkpoint;
use schemas::limits::ENTRY_BYTES_MAX;
use schemas::note::Note;
use schemas::tile::{
    TILE_HEIGHT, TILE_WIDTH, TileCoord, TileKind, TilePath, decode_tile, encode_tile, tiles,
};
use schemas::tree::TreeHash;
use verifier::merkle::{NodeSource, TileEdge, TileSource, TiledTree, prove_consistency, prove_inclusion};

use crate::exit::Exit;
use crate::failure::Failure;
use crate::source::{LogSource, Proof, bundle_path, entries_in, tile_path};

/// Name of the signed note in the folder: there last, about what is there already.
const CHECKPOINT: &str = "checkpoint";

/// Largest file: a full bundle of the longest entries, each behind its length.
const FILE_BYTES_MAX: u64 = TILE_WIDTH as u64 * (ENTRY_BYTES_MAX as u64 + 2);

/// A mirror's folder.
#[derive(Clone, Debug)]
pub(crate) struct Mirror {
    folder: PathBuf,
}

/// A mirror as of one size.
pub(crate) struct MirrorAt<'m> {
    mirror: &'m Mirror,
    size: u64,
}

impl Mirror {
    pub(crate) fn new(folder: &Path) -> Self {
        Self { folder: folder.into() }
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The mirror as of a size.
    pub(crate) fn at(&self, size: u64) -> MirrorAt<'_> {
        MirrorAt { mirror: self, size }
    }

    /// The mirror as its checkpoint says.
    pub(crate) fn latest(&self) -> Result<MirrorAt<'_>, Failure> {
        let note = self.at(0).checkpoint()?;
        let checkpoint = Checkpoint::from_note(&note).map_err(|error| self.damaged(CHECKPOINT, &error))?;
        Ok(self.at(checkpoint.size))
    }

    /// The checkpoint that the mirror is of, if it was ever completed.
    pub(crate) fn note(&self) -> Result<Option<Note>, Failure> {
        let Some(bytes) = self.read(Path::new(CHECKPOINT))? else { return Ok(None) };
        Note::parse(&bytes).map(Some).map_err(|error| self.damaged(CHECKPOINT, &error))
    }

    /// A full entry bundle that an interrupted copy has left.
    pub(crate) fn left_over(&self, path: TilePath) -> Option<Vec<u8>> {
        let is_full = path.width == TILE_WIDTH;
        is_full.then(|| self.read(Path::new(&path.to_string())).ok().flatten()).flatten()
    }

    /// Keeps a tile or an entry bundle.
    pub(crate) fn keep(&self, path: TilePath, bytes: &[u8]) -> Result<(), Failure> {
        self.write(Path::new(&path.to_string()), bytes)
    }

    /// Keeps the partial tiles of a tree's right edge.
    pub(crate) fn keep_edge(&self, edge: &TileEdge) -> Result<(), Failure> {
        for path in partials(edge.size()) {
            let TileKind::Hashes { level } = path.kind else { continue };
            let first = path.index.saturating_mul(u64::from(TILE_WIDTH));
            let level = level.saturating_mul(TILE_HEIGHT);
            let node = |at: u16| edge.node(level, first.saturating_add(u64::from(at)));
            let hashes: Result<Vec<TreeHash>, _> = (0..path.width).map(node).collect();
            let hashes = hashes.map_err(|error| self.damaged("the tree", &error))?;
            self.keep(path, &encode_tile(&hashes))?;
        }
        Ok(())
    }

    /// Says which checkpoint the mirror is of now, and drops what only the one before needed.
    pub(crate) fn complete(&self, note: &Note, size: u64, before: u64) -> Result<(), Failure> {
        self.write(Path::new(CHECKPOINT), note.to_string().as_bytes())?;
        for path in partials(before).filter(|path| !partials(size).any(|kept| kept == *path)) {
            let path = self.folder.join(path.to_string());
            // Left over at worst; whoever reads the mirror does not ask for them.
            drop(fs::remove_file(&path));
            drop(path.parent().map(fs::remove_dir));
        }
        Ok(())
    }

    /// The bytes of a file of the mirror; nothing where there is none.
    fn read(&self, path: &Path) -> Result<Option<Vec<u8>>, Failure> {
        let unreadable = |error: std::io::Error| self.failed(path, &error);
        let file = match File::open(self.folder.join(path)) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(unreadable(error)),
        };
        let mut bytes = Vec::new();
        file.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(unreadable)?;
        Ok(Some(bytes))
    }

    /// The bytes of a tile or bundle that must be there.
    fn tile_file(&self, path: TilePath) -> Result<Vec<u8>, Failure> {
        let path = path.to_string();
        self.read(Path::new(&path))?.ok_or_else(|| self.damaged(&path, &"missing"))
    }

    /// Writes a file whole: it is there with all its bytes, durably, or it is not there.
    fn write(&self, path: &Path, bytes: &[u8]) -> Result<(), Failure> {
        let path = self.folder.join(path);
        let fresh = path.with_extension(format!("new-{}", std::process::id()));
        let write = || {
            fs::create_dir_all(path.parent().unwrap_or(&self.folder))?;
            let mut file = File::create(&fresh)?;
            file.write_all(bytes)?;
            file.sync_all()?;
            fs::rename(&fresh, &path)
        };
        write().map_err(|error| self.failed(&path, &error))
    }

    fn failed(&self, path: &Path, error: &std::io::Error) -> Failure {
        let path = self.folder.join(path);
        Failure::new("mirror-io", format!("{}: {error}", path.display()))
            .next("a folder that can be written and has space left")
    }

    /// The mirror does not hold what its checkpoint is about.
    pub(crate) fn damaged(&self, what: &str, error: &dyn std::fmt::Display) -> Failure {
        let folder = self.folder.display();
        Failure::new("mirror-damaged", format!("the mirror in {folder} is damaged: {what}: {error}"))
            .exit(Exit::Tampered)
            .next(format!(
                "keep {folder} as evidence if that was nobody's mistake, and mirror into another folder"
            ))
    }
}

/// The partial tile of each level of a tree, and the partial entry bundle.
fn partials(size: u64) -> impl Iterator<Item = TilePath> {
    tiles(size).filter(|level| level.partial > 0).flat_map(|level| {
        let path = |kind| TilePath { kind, index: level.full, width: level.partial };
        let entries = (level.level == 0).then(|| path(TileKind::Entries));
        [path(TileKind::Hashes { level: level.level })].into_iter().chain(entries)
    })
}

impl MirrorAt<'_> {
    /// How many entries the mirror has.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// The path of an entry in the tree of so many of the mirror's entries.
    pub(crate) fn inclusion(&self, index: u64, size: u64) -> Result<Vec<TreeHash>, Failure> {
        let proof = prove_inclusion(&TiledTree::new(self), index, size);
        Ok(proof.map_err(|error| self.mirror.damaged("the tree", &error))?.path)
    }
}

impl TileSource for MirrorAt<'_> {
    type Error = Failure;

    fn tile(&self, tile: TileCoord) -> Result<Vec<TreeHash>, Failure> {
        let Some(path) = tile_path(tile, self.size) else { return Ok(Vec::new()) };
        let bytes = self.mirror.tile_file(path)?;
        decode_tile(&bytes).map_err(|error| self.mirror.damaged(&path.to_string(), &error))
    }
}

impl LogSource for MirrorAt<'_> {
    fn name(&self) -> String {
        self.mirror.folder.display().to_string()
    }

    fn tile(&self, tile: TileCoord, size: u64) -> Result<Vec<TreeHash>, Failure> {
        let mut hashes = TileSource::tile(self, tile)?;
        hashes.truncate(usize::from(tile.width(size)));
        Ok(hashes)
    }

    fn checkpoint(&self) -> Result<Note, Failure> {
        self.mirror.note()?.ok_or_else(|| {
            let folder = self.mirror.folder.display();
            Failure::new(
                "no-mirror",
                format!("there is no mirror in {folder}: it has no file `{CHECKPOINT}`"),
            )
            .next(format!("writ mirror {folder}"))
        })
    }

    fn entries(&self, start: u64, end: u64) -> Result<Vec<Vec<u8>>, Failure> {
        let path = bundle_path(start, self.size);
        let bytes = self.mirror.tile_file(path)?;
        entries_in(&bytes, path, start, end).map_err(|error| self.mirror.damaged(&path.to_string(), &error))
    }

    fn consistency(&self, first: u64, second: u64) -> Result<Proof, Failure> {
        if second > self.size {
            return Ok(Proof::Behind);
        }
        let proof = prove_consistency(&TiledTree::new(self), first, second);
        Ok(Proof::Path(proof.map_err(|error| self.mirror.damaged("the tree", &error))?.path))
    }
}

impl TileSource for &MirrorAt<'_> {
    type Error = Failure;

    fn tile(&self, tile: TileCoord) -> Result<Vec<TreeHash>, Failure> {
        TileSource::tile(*self, tile)
    }
}
