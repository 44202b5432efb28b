//! Typed rows over a [`Store`]: what each key and value must look like. A row that does not is an error with its key.

use std::ops::ControlFlow;

use schemas::entry::Entry;
use schemas::ids::{EntryHash, StatementId, TermId};
use schemas::tile::{TILE_BYTES, TileCoord, TileError, decode_tile, encode_tile};
use schemas::time::{Index, Time};
use schemas::tree::TreeHash;
use verifier::merkle::{TileNodes, TileSource};

use super::sequence::{Highest, SequenceId};
use super::{Batch, Column, FORMAT_VERSION, Store, StoreError};
use crate::restored::Restored;

/// Key of the format version, 4 bytes big-endian.
pub const FORMAT_KEY: &[u8] = b"format";

/// Key of the head, see [`Head`].
pub const HEAD_KEY: &[u8] = b"head";

/// Key of the latest signed note that was kept, with the time below. It may be of an earlier head: a head is signed only
/// once it is durable, so its note is written along with the next group.
pub const NOTE_KEY: &[u8] = b"note";

/// Key of the latest checkpoint that witnesses have cosigned, see [`checkpoint_row`].
pub const CHECKPOINT_KEY: &[u8] = b"checkpoint";

/// Key of the names of the columns that are being made again, with spaces between; without the row, or where it is empty,
/// none is.
pub const INDEX_KEY: &[u8] = b"index";

/// Key of what says that the log came from a backup and is not reconciled yet, see [`Restored`]; without the row, or where it is
/// empty, it is not so.
pub const RESTORED_KEY: &[u8] = b"restored";

/// What is wrong with the key of a term row that does not parse.
const NO_TERM_KEY: &str = "not a term id and an index";

/// Where the log stands: what the next group builds on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// Number of entries.
    pub size: u64,
    /// Time of the last entry.
    pub time: Time,
    /// Root of the tree over all entries.
    pub root: TreeHash,
    /// Hash of the last entry; of the origin where there is none.
    pub chain: EntryHash,
}

impl Head {
    /// Bytes of a head row.
    pub const LEN: usize = 80;

    /// The row: size and time, 8 bytes big-endian each, root, chain head.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(Self::LEN);
        bytes.extend_from_slice(&self.size.to_be_bytes());
        bytes.extend_from_slice(&self.time.0.to_be_bytes());
        bytes.extend_from_slice(self.root.as_bytes());
        bytes.extend_from_slice(self.chain.as_bytes());
        bytes
    }

    /// Reads a row.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let (size, rest) = bytes.split_first_chunk()?;
        let (time, rest) = rest.split_first_chunk()?;
        let (root, chain) = rest.split_first_chunk()?;
        Some(Self {
            size: u64::from_be_bytes(*size),
            time: Time(u64::from_be_bytes(*time)),
            root: TreeHash::new(*root),
            chain: EntryHash::from_slice(chain)?,
        })
    }
}

/// Key of an entry, and value of an id row.
pub fn index_bytes(index: Index) -> [u8; 8] {
    index.0.to_be_bytes()
}

/// Key of a term row.
pub fn term_key(term: &TermId, index: Index) -> [u8; 24] {
    let mut key = [0; 24];
    let (prefix, suffix) = key.split_at_mut(TermId::LEN);
    prefix.copy_from_slice(term.as_bytes());
    suffix.copy_from_slice(&index_bytes(index));
    key
}

/// Key of a tile.
pub fn tile_key(tile: TileCoord) -> [u8; 9] {
    let mut key = [tile.level; 9];
    let (_, number) = key.split_at_mut(1);
    number.copy_from_slice(&tile.index.to_be_bytes());
    key
}

/// A tile's row: its hashes and, behind those of a full tile, its nodes halfway up.
pub fn tile_row(nodes: &TileNodes) -> Vec<u8> {
    let mut row = encode_tile(nodes.hashes());
    if row.len() == TILE_BYTES {
        row.extend(encode_tile(nodes.middle()));
    }
    row
}

/// Reads a tile's row: hashes and, of a full tile, the nodes halfway up.
pub fn parse_tile_row(row: &[u8]) -> Result<(Vec<TreeHash>, Vec<TreeHash>), TileError> {
    match row.split_at_checked(TILE_BYTES) {
        Some((hashes, middle)) => Ok((decode_tile(hashes)?, decode_tile(middle)?)),
        None => Ok((decode_tile(row)?, Vec::new())),
    }
}

/// Reads the key of a term row.
pub fn parse_term_key(key: &[u8]) -> Option<(TermId, Index)> {
    let (term, index) = key.split_first_chunk::<{ TermId::LEN }>()?;
    Some((TermId::new(*term), parse_index(index)?))
}

/// Reads the key of a tile.
pub fn parse_tile_key(key: &[u8]) -> Option<TileCoord> {
    let (level, number) = key.split_first()?;
    Some(TileCoord { level: *level, index: u64::from_be_bytes(number.try_into().ok()?) })
}

/// Reads the key of an entry or the value of an id row.
pub fn parse_index(bytes: &[u8]) -> Option<Index> {
    Some(Index(u64::from_be_bytes(bytes.try_into().ok()?)))
}

/// A store read row by row.
#[derive(Clone, Copy)]
pub struct Rows<'s>(pub &'s dyn Store);

impl Rows<'_> {
    /// Refuses a store of another format.
    pub fn check_format(&self) -> Result<(), StoreError> {
        let format = self.0.get(Column::Meta, FORMAT_KEY)?;
        let got = match format.as_deref().map(<[u8; 4]>::try_from) {
            Some(Ok(bytes)) if u32::from_be_bytes(bytes) == FORMAT_VERSION => return Ok(()),
            Some(Ok(bytes)) => u32::from_be_bytes(bytes).to_string(),
            Some(Err(_)) => String::from("unreadable"),
            None => String::from("none"),
        };
        Err(StoreError::Format { got })
    }

    /// The head row.
    pub fn head(&self) -> Result<Head, StoreError> {
        let bad = |detail| StoreError::row(Column::Meta, HEAD_KEY, detail);
        let bytes = self.0.get(Column::Meta, HEAD_KEY)?.ok_or_else(|| bad("there is none"))?;
        Head::decode(&bytes).ok_or_else(|| bad("not size, time, root and chain head in 80 bytes"))
    }

    /// The text of the latest kept note.
    pub fn note(&self) -> Result<Option<String>, StoreError> {
        let bytes = self.0.get(Column::Meta, NOTE_KEY)?;
        let text = bytes.map(String::from_utf8).transpose();
        text.map_err(|_| StoreError::row(Column::Meta, NOTE_KEY, "not UTF-8"))
    }

    /// The text of the latest kept checkpoint with cosignatures.
    pub fn checkpoint(&self) -> Result<Option<String>, StoreError> {
        let Some(row) = self.0.get(Column::Meta, CHECKPOINT_KEY)? else { return Ok(None) };
        let bad = || StoreError::row(Column::Meta, CHECKPOINT_KEY, "not a hash and the text it is of");
        let (hash, text) = row.split_first_chunk::<{ blake3::OUT_LEN }>().ok_or_else(bad)?;
        let text = std::str::from_utf8(text).ok().filter(|text| blake3::hash(text.as_bytes()) == *hash);
        text.map(|text| Some(text.to_owned())).ok_or_else(bad)
    }

    /// The derived columns that were being made again when the store was last written.
    pub fn unfinished(&self) -> Result<Vec<Column>, StoreError> {
        let names = self.0.get(Column::Meta, INDEX_KEY)?.unwrap_or_default();
        let bad = || StoreError::row(Column::Meta, INDEX_KEY, "not the names of derived columns");
        let column = |name: &[u8]| {
            Column::DERIVED.into_iter().find(|column| column.name().as_bytes() == name).ok_or_else(bad)
        };
        names.split(|byte| *byte == b' ').filter(|name| !name.is_empty()).map(column).collect()
    }

    /// Says which derived columns are being made again; durable when this returns.
    pub fn set_unfinished(&self, columns: &[Column]) -> Result<(), StoreError> {
        let names: Vec<&str> = columns.iter().map(|column| column.name()).collect();
        let mut batch = Batch::default();
        batch.put(Column::Meta, INDEX_KEY, names.join(" ").as_bytes());
        self.0.commit(&batch)
    }

    /// Whether the log came from a backup and is not reconciled yet.
    pub fn restored(&self) -> Result<Option<Restored>, StoreError> {
        let row = self.0.get(Column::Meta, RESTORED_KEY)?.filter(|row| !row.is_empty());
        let bad = || StoreError::row(Column::Meta, RESTORED_KEY, "not a head and a time");
        row.map(|row| Restored::decode(&row).ok_or_else(bad)).transpose()
    }

    /// Says so, or that it is reconciled; durable when this returns.
    pub fn set_restored(&self, restored: Option<&Restored>) -> Result<(), StoreError> {
        let mut batch = Batch::default();
        batch.put(Column::Meta, RESTORED_KEY, &restored.map(Restored::encode).unwrap_or_default());
        self.0.commit(&batch)
    }

    /// An entry's bytes.
    pub fn entry_bytes(&self, index: Index) -> Result<Option<Vec<u8>>, StoreError> {
        self.0.get(Column::Entries, &index_bytes(index))
    }

    /// An entry, held against its key.
    pub fn entry(&self, index: Index) -> Result<Option<Entry>, StoreError> {
        self.entry_bytes(index)?.map(|bytes| decode_entry(index, &bytes)).transpose()
    }

    /// Where a statement stands.
    pub fn index_of(&self, id: &StatementId) -> Result<Option<Index>, StoreError> {
        let Some(value) = self.0.get(Column::Ids, id.as_bytes())? else { return Ok(None) };
        let bad = || StoreError::row(Column::Ids, id.as_bytes(), "the index does not have 8 bytes");
        parse_index(&value).map(Some).ok_or_else(bad)
    }

    /// The highest number of a sequence; nothing where it has none.
    pub fn highest(&self, sequence: &SequenceId) -> Result<Option<Highest>, StoreError> {
        let Some(row) = self.0.get(Column::Sequences, sequence.as_bytes())? else { return Ok(None) };
        let bad = || StoreError::row(Column::Sequences, sequence.as_bytes(), "not a number with an index");
        Highest::decode(&row).map(Some).ok_or_else(bad)
    }

    /// Ids that begin with these bytes, ascending, at most `limit` of them.
    pub fn ids_from(
        &self,
        first: &[u8; 32],
        last: &[u8; 32],
        limit: usize,
    ) -> Result<Vec<(StatementId, Index)>, StoreError> {
        let mut found = Vec::new();
        let mut bad = None;
        self.0.scan(Column::Ids, &[], first, &mut |key, value| {
            if key > last.as_slice() || found.len() >= limit {
                return ControlFlow::Break(());
            }
            match StatementId::from_slice(key).zip(parse_index(value)) {
                Some(row) => found.push(row),
                None => {
                    bad = Some(StoreError::row(Column::Ids, key, "not a statement id with an index"));
                    return ControlFlow::Break(());
                }
            }
            ControlFlow::Continue(())
        })?;
        bad.map_or(Ok(found), Err)
    }

    /// Entries of each term below `size`, ascending, at most `limit` of them.
    pub fn terms(&self, terms: &[TermId], size: u64, limit: usize) -> Result<Vec<Vec<Index>>, StoreError> {
        let mut found = vec![Vec::new(); terms.len()];
        let mut bad = None;
        self.0.scan_terms(terms, &mut |term, key| {
            match (parse_term_key(key), found.get_mut(term)) {
                (Some((_, index)), Some(found)) if index.0 < size && found.len() < limit => {
                    found.push(index);
                    // Looking for one more would cost a step.
                    if found.len() == limit {
                        return ControlFlow::Break(());
                    }
                }
                (Some(_), _) => return ControlFlow::Break(()),
                (None, _) => {
                    bad = Some(StoreError::row(Column::Terms, key, NO_TERM_KEY));
                    return ControlFlow::Break(());
                }
            }
            ControlFlow::Continue(())
        })?;
        bad.map_or(Ok(found), Err)
    }

    /// Entries of a term from an index on, below `size`, ascending, at most `limit` of them.
    pub fn term(
        &self,
        term: &TermId,
        from: Index,
        size: u64,
        limit: usize,
    ) -> Result<Vec<Index>, StoreError> {
        let mut found = Vec::new();
        let mut bad = None;
        self.0.scan(Column::Terms, term.as_bytes(), &term_key(term, from), &mut |key, _| {
            match parse_term_key(key) {
                Some((_, index)) if index.0 < size && found.len() < limit => found.push(index),
                Some(_) => return ControlFlow::Break(()),
                None => {
                    bad = Some(StoreError::row(Column::Terms, key, NO_TERM_KEY));
                    return ControlFlow::Break(());
                }
            }
            ControlFlow::Continue(())
        })?;
        bad.map_or(Ok(found), Err)
    }

    /// Entries of a term from an index back, descending, at most `limit` of them.
    pub fn term_back(&self, term: &TermId, from: Index, limit: usize) -> Result<Vec<Index>, StoreError> {
        let mut found = Vec::new();
        let mut bad = None;
        self.0.scan_term_back(term, &term_key(term, from), &mut |key| {
            match parse_term_key(key) {
                Some((_, index)) if found.len() < limit => found.push(index),
                Some(_) => return ControlFlow::Break(()),
                None => {
                    bad = Some(StoreError::row(Column::Terms, key, NO_TERM_KEY));
                    return ControlFlow::Break(());
                }
            }
            ControlFlow::Continue(())
        })?;
        bad.map_or(Ok(found), Err)
    }
}

/// A row that keeps a checkpoint: the BLAKE3 hash of its note, and the note. Nobody but its witnesses can check their lines.
pub fn checkpoint_row(note: &str) -> Vec<u8> {
    [blake3::hash(note.as_bytes()).as_bytes(), note.as_bytes()].concat()
}

/// Reads an entry's bytes and holds them against the key they were found under.
pub fn decode_entry(index: Index, bytes: &[u8]) -> Result<Entry, StoreError> {
    let bad = |detail: String| StoreError::row(Column::Entries, &index_bytes(index), detail);
    let entry = Entry::decode(bytes).map_err(|error| bad(error.to_string()))?;
    if entry.index == index { Ok(entry) } else { Err(bad(format!("holds entry {}", entry.index))) }
}

impl TileSource for Rows<'_> {
    type Error = StoreError;

    fn tile(&self, tile: TileCoord) -> Result<Vec<TreeHash>, StoreError> {
        self.tile_with_middle(tile).map(|(hashes, _)| hashes)
    }

    fn tile_with_middle(&self, tile: TileCoord) -> Result<(Vec<TreeHash>, Vec<TreeHash>), StoreError> {
        let key = tile_key(tile);
        let Some(row) = self.0.get(Column::Tiles, &key)? else { return Ok((Vec::new(), Vec::new())) };
        parse_tile_row(&row).map_err(|error| StoreError::row(Column::Tiles, &key, error.to_string()))
    }
}
