//! A log read from its tiles over HTTP (C2SP tlog-tiles): its server hands them out, or any web server with a mirror.

use gateway::client::Client;
use schemas::checkpoint::Checkpoint;
use schemas::note::Note;
use schemas::tile::TileCoord;
use schemas::tree::TreeHash;
use verifier::merkle::{TileSource, TiledTree, prove_consistency, prove_inclusion};

use crate::exit::Exit;
use crate::failure::Failure;
use crate::source::{LogSource, Proof, bundle_path, entries_in};

/// A log as of the checkpoint that is handed out beside its tiles.
pub(crate) struct TileLog<'c> {
    client: &'c Client,
    note: Note,
    size: u64,
}

impl<'c> TileLog<'c> {
    /// The log as of now.
    pub(crate) fn latest(client: &'c Client) -> Result<Self, Failure> {
        let note = client.checkpoint()?;
        let checkpoint = Checkpoint::from_note(&note)
            .map_err(|e| Failure::new(e.code(), format!("GET /checkpoint: {e}")).exit(Exit::Tampered))?;
        Ok(Self { client, note, size: checkpoint.size })
    }

    /// How many entries the log shows.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// The path of an entry in the tree of so many of the log's entries.
    pub(crate) fn inclusion(&self, index: u64, size: u64) -> Result<Vec<TreeHash>, Failure> {
        let proof = prove_inclusion(&TiledTree::new(self), index, size);
        Ok(proof.map_err(|error| broken("the tree", &error))?.path)
    }
}

fn broken(what: &str, error: &dyn std::fmt::Display) -> Failure {
    Failure::new("server-answer", format!("GET /{what}: {error}"))
}

impl TileSource for &TileLog<'_> {
    type Error = Failure;

    fn tile(&self, tile: TileCoord) -> Result<Vec<TreeHash>, Failure> {
        LogSource::tile(self.client, tile, self.size)
    }
}

impl LogSource for TileLog<'_> {
    fn name(&self) -> String {
        self.client.name()
    }

    fn checkpoint(&self) -> Result<Note, Failure> {
        Ok(self.note.clone())
    }

    fn entries(&self, start: u64, end: u64) -> Result<Vec<Vec<u8>>, Failure> {
        let path = bundle_path(start, self.size);
        let bytes = self.client.tile(path)?;
        entries_in(&bytes, path, start, end).map_err(|error| broken(&path.to_string(), &error))
    }

    fn tile(&self, tile: TileCoord, size: u64) -> Result<Vec<TreeHash>, Failure> {
        // Of partial tiles only those of the present size are sure to be handed out.
        let mut hashes = LogSource::tile(self.client, tile, self.size)?;
        hashes.truncate(usize::from(tile.width(size)));
        Ok(hashes)
    }

    fn consistency(&self, first: u64, second: u64) -> Result<Proof, Failure> {
        if second > self.size {
            let what = format!("{} shows {} entries", self.client.server(), self.size);
            return Ok(Proof::Refused(Failure::new("log-behind", what)));
        }
        let proof = prove_consistency(&TiledTree::new(self), first, second);
        Ok(Proof::Path(proof.map_err(|error| broken("the tree", &error))?.path))
    }
}
