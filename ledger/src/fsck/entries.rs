//! The entries: each one's form, link, time, signature and admission at its place; and the tree over them.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use rayon::prelude::*;
use schemas::entry::Entry;
use schemas::envelope::Statement;
use schemas::ids::{EntryHash, TermId};
use schemas::payload::Body;
use schemas::term::terms;
use schemas::tile::{TILE_WIDTH, TileCoord, decode_tile};
use schemas::time::{Index, Time};
use schemas::tree::TreeHash;
use verifier::merkle::{TileEdge, leaf_hash};
use verifier::registry::{Registry, admit};

use super::Findings;
use crate::store::rows::{Head, index_bytes, parse_index, term_key, tile_key};
use crate::store::{Column, Store, StoreError};

/// Entries that are checked together on all cores.
const CHUNK: usize = 2_048;

/// What the entries show.
pub(super) struct Read {
    /// The head that follows from them.
    pub(super) head: Head,
    /// The registry, where there is a genesis.
    pub(super) registry: Option<Registry>,
    /// How many term rows belong to them.
    pub(super) term_rows: u64,
    /// Whether every entry up to the last one was there to be read.
    pub(super) whole: bool,
}

/// An entry's row with what can be computed of it alone.
struct Parsed {
    index: Index,
    leaf: TreeHash,
    hash: EntryHash,
    entry: Result<(Entry, Result<Statement, String>), String>,
}

/// Reads all entries in order.
pub(super) fn check(store: &dyn Store, findings: &mut Findings) -> Read {
    let mut walk = Walk::new(store);
    let mut chunk: Vec<(Index, Vec<u8>)> = Vec::with_capacity(CHUNK);
    let mut expected = 0;
    let mut gap = None;
    let scanned = store.scan(Column::Entries, &[], &[], &mut |key, value| {
        match parse_index(key) {
            Some(index) if index.0 == expected => chunk.push((index, value.to_vec())),
            _ => {
                gap = Some(key.to_vec());
                return ControlFlow::Break(());
            }
        }
        expected += 1;
        if chunk.len() == CHUNK {
            walk.chunk(std::mem::take(&mut chunk), findings);
        }
        ControlFlow::Continue(())
    });
    walk.chunk(chunk, findings);
    if let Err(error) = &scanned {
        findings.store(Some(Column::Entries), Some(expected), error);
    }
    if let Some(key) = &gap {
        let detail = format!("expected entry {expected} next; nothing behind it is checked");
        findings.row("entry-missing", Column::Entries, key, Some(expected), detail);
    }
    walk.end(scanned.is_ok() && gap.is_none(), findings)
}

struct Walk<'s> {
    store: &'s dyn Store,
    registry: Option<Registry>,
    edge: TileEdge,
    /// Tiles that are not full, as they are by now.
    partial: BTreeMap<TileCoord, Vec<TreeHash>>,
    chain: Option<EntryHash>,
    time: Time,
    term_rows: u64,
}

impl<'s> Walk<'s> {
    fn new(store: &'s dyn Store) -> Self {
        Self {
            store,
            registry: None,
            edge: TileEdge::new(),
            partial: BTreeMap::new(),
            chain: None,
            time: Time(0),
            term_rows: 0,
        }
    }

    fn chunk(&mut self, rows: Vec<(Index, Vec<u8>)>, findings: &mut Findings) {
        let parsed: Vec<Parsed> = rows.into_par_iter().map(|(index, bytes)| parse(index, &bytes)).collect();
        let mut to_verify = Vec::new();
        for entry in &parsed {
            if let Some(checked) = self.place(entry, findings) {
                to_verify.push(checked);
            }
        }
        let store = self.store;
        let verdicts: Vec<Verdict> = to_verify
            .into_par_iter()
            .map(|(index, statement, key)| verify(store, index, statement, key))
            .collect();
        for verdict in verdicts {
            self.term_rows += verdict.term_rows;
            for (code, column, key, index, detail) in verdict.findings {
                findings.row(code, column, &key, Some(index), detail);
            }
            if let Some(error) = verdict.error {
                findings.store(None, None, &error);
            }
        }
        let leaves: Vec<TreeHash> = parsed.iter().map(|entry| entry.leaf).collect();
        self.grow(&leaves, findings);
    }

    /// What depends on an entry's place: link, time, key and role. Gives the key to check its signature with.
    fn place<'e>(
        &mut self,
        parsed: &'e Parsed,
        findings: &mut Findings,
    ) -> Option<(Index, &'e Statement, Option<verifier::signature::CheckedKey>)> {
        let Parsed { index, hash, entry, .. } = parsed;
        let key = index_bytes(*index);
        let mut bad = |code, detail: String| findings.row(code, Column::Entries, &key, Some(index.0), detail);
        let before = self.chain.replace(*hash);
        let (entry, statement) = match entry {
            Ok(parts) => parts,
            Err(detail) => {
                bad("entry-form", detail.clone());
                return None;
            }
        };
        if entry.time < self.time {
            bad("entry-time", format!("time {} is before {} of the entry before", entry.time.0, self.time.0));
        }
        self.time = self.time.max(entry.time);
        let statement = match statement {
            Ok(statement) => statement,
            Err(detail) => {
                bad("statement-form", detail.clone());
                return None;
            }
        };
        if index.0 == 0 {
            match Registry::from_genesis(statement) {
                Ok(registry) => self.registry = Some(registry),
                Err(error) => bad("genesis-invalid", error.to_string()),
            }
        }
        let origin = match &statement.payload.body {
            Body::Genesis(genesis) => Some(EntryHash::of_origin(genesis.origin.as_str())),
            _ => None,
        };
        let expected = before.or(origin);
        if expected != Some(entry.prev) {
            let expected = expected.map_or_else(|| "an origin".to_owned(), |hash| hash.to_string());
            bad("entry-link", format!("links to {}, expected {expected}", entry.prev));
        }
        let Some(registry) = &mut self.registry else { return Some((*index, statement, None)) };
        if let Err(refusal) = admit(registry, statement, *index, entry.time) {
            bad("entry-not-admissible", format!("{}: {refusal}", refusal.code()));
        }
        let key = registry.key(&statement.envelope.kid).map(|registered| registered.key.clone());
        registry.record(statement, *index, entry.time);
        Some((*index, statement, key))
    }

    /// Takes leaves into the tree and holds every tile that became full against its row.
    fn grow(&mut self, leaves: &[TreeHash], findings: &mut Findings) {
        let update = match self.edge.append(leaves) {
            Ok(update) => update,
            Err(error) => return findings.log("tree-too-large", None, error.to_string()),
        };
        for (tile, hashes) in update.tiles() {
            if hashes.len() == usize::from(TILE_WIDTH) {
                self.partial.remove(&tile);
                check_tile(self.store, tile, hashes, findings);
            } else {
                self.partial.insert(tile, hashes.to_vec());
            }
        }
        self.edge = update.into_edge();
    }

    fn end(self, whole: bool, findings: &mut Findings) -> Read {
        if self.edge.size() == 0 {
            findings.log("genesis-missing", Some(0), "there is no entry");
        }
        for (tile, hashes) in &self.partial {
            check_tile(self.store, *tile, hashes, findings);
        }
        let chain = self.chain.unwrap_or(EntryHash::new([0; 32]));
        let head = Head { size: self.edge.size(), time: self.time, root: self.edge.root(), chain };
        Read { head, registry: self.registry, term_rows: self.term_rows, whole }
    }
}

fn parse(index: Index, bytes: &[u8]) -> Parsed {
    let entry = Entry::decode(bytes).map_err(|error| error.to_string()).and_then(|entry| {
        if entry.index != index {
            return Err(format!("holds entry {}", entry.index));
        }
        let statement = Statement::decode(&entry.statement).map_err(|error| error.to_string());
        Ok((entry, statement))
    });
    let (leaf, hash) = (leaf_hash(bytes), EntryHash::of(bytes));
    Parsed { index, leaf, hash, entry }
}

/// What was found about one entry away from the main thread.
struct Verdict {
    term_rows: u64,
    findings: Vec<(&'static str, Column, Vec<u8>, u64, String)>,
    error: Option<StoreError>,
}

/// The entry's signature, and that its id and term rows are there.
fn verify(
    store: &dyn Store,
    index: Index,
    statement: &Statement,
    key: Option<verifier::signature::CheckedKey>,
) -> Verdict {
    let mut verdict = Verdict { term_rows: 0, findings: Vec::new(), error: None };
    if let Some(Err(error)) = key.map(|key| key.verify_envelope(&statement.envelope)) {
        let row = index_bytes(index).to_vec();
        verdict.findings.push(("signature-invalid", Column::Entries, row, index.0, error.to_string()));
    }
    let terms = terms(statement);
    verdict.term_rows = terms.len() as u64;
    if let Err(error) = rows_are_there(store, index, statement, terms.iter(), &mut verdict) {
        verdict.error = Some(error);
    }
    verdict
}

fn rows_are_there<'t>(
    store: &dyn Store,
    index: Index,
    statement: &Statement,
    terms: impl Iterator<Item = &'t TermId>,
    verdict: &mut Verdict,
) -> Result<(), StoreError> {
    let id = statement.id();
    match store.get(Column::Ids, id.as_bytes())?.as_deref().map(parse_index) {
        Some(Some(at)) if at == index => {}
        Some(Some(at)) => {
            let detail = format!("leads to entry {at}, expected {index}");
            verdict.findings.push(("id-wrong", Column::Ids, id.as_bytes().to_vec(), index.0, detail));
        }
        Some(None) => {
            let detail = "does not hold an index of 8 bytes".to_owned();
            verdict.findings.push(("id-wrong", Column::Ids, id.as_bytes().to_vec(), index.0, detail));
        }
        None => {
            let detail = format!("missing for entry {index}");
            verdict.findings.push(("id-missing", Column::Ids, id.as_bytes().to_vec(), index.0, detail));
        }
    }
    for term in terms {
        let key = term_key(term, index);
        if store.get(Column::Terms, &key)?.is_none() {
            let detail = format!("missing for entry {index}");
            verdict.findings.push(("term-missing", Column::Terms, key.to_vec(), index.0, detail));
        }
    }
    Ok(())
}

fn check_tile(store: &dyn Store, tile: TileCoord, hashes: &[TreeHash], findings: &mut Findings) {
    let key = tile_key(tile);
    // The first entry under the tile, or the first one under the first hash that differs.
    let entry_of = |at: usize| {
        let hash = tile.index.saturating_mul(u64::from(TILE_WIDTH)).saturating_add(at as u64);
        hash.checked_shl(u32::from(tile.level) * u8::BITS).unwrap_or(u64::MAX)
    };
    let bytes = match store.get(Column::Tiles, &key) {
        Ok(Some(bytes)) => bytes,
        Ok(None) => return findings.row("tile-missing", Column::Tiles, &key, Some(entry_of(0)), "missing"),
        Err(error) => return findings.store(Some(Column::Tiles), Some(entry_of(0)), &error),
    };
    let got = decode_tile(&bytes).unwrap_or_default();
    if got == hashes {
        return;
    }
    let at = got
        .iter()
        .zip(hashes)
        .position(|(got, expected)| got != expected)
        .unwrap_or(got.len().min(hashes.len()));
    let detail =
        format!("holds {} hashes, expected {}; they differ from hash {at} on", got.len(), hashes.len());
    findings.row("tile-wrong", Column::Tiles, &key, Some(entry_of(at)), detail);
}
