//! An entry: a statement with its place in the log. Its bytes are the Merkle leaf and what the next entry links to.

use alloc::vec::Vec;

use thiserror::Error;

use crate::canonical::{self, Head, Major, ScanError, Writer, read_head};
use crate::ids::EntryHash;
use crate::limits::ENTRY_BYTES_MAX;
use crate::time::{Index, Time};

/// `[1, index, time, prev, statement]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Place in the log, from 0.
    pub index: Index,
    /// When the sequencer placed it; never decreasing along the log.
    pub time: Time,
    /// Hash of the previous entry's bytes; of the origin at index 0.
    pub prev: EntryHash,
    /// The statement's bytes, as received.
    pub statement: Vec<u8>,
}

/// What an entry says about its statement's place in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Place in the log, from 0.
    pub index: Index,
    /// When the sequencer placed it.
    pub time: Time,
    /// Hash of the previous entry's bytes.
    pub prev: EntryHash,
}

/// Version of the entry's form: its first item.
const ENTRY_VERSION: u64 = 1;

/// Why bytes are not an entry.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum EntryError {
    /// Longer than [`ENTRY_BYTES_MAX`].
    #[error("{got} bytes; an entry has at most {ENTRY_BYTES_MAX}")]
    TooLarge {
        /// Length met, in bytes.
        got: usize,
    },
    /// Not canonical CBOR.
    #[error("entry: {0}")]
    Scan(#[from] ScanError),
    /// Canonical, but not `[1, index, time, prev, statement]`.
    #[error("not an entry [1, index, time, prev, statement]: item {item} differs")]
    Shape {
        /// Which item of the array, from 0; 5 where the array itself differs.
        item: usize,
    },
}

impl EntryError {
    /// Stable name of this refusal.
    pub fn code(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "entry-too-large",
            Self::Scan(scan) => scan.code(),
            Self::Shape { .. } => "not-an-entry",
        }
    }
}

impl Entry {
    /// The entry's bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::with_capacity(self.statement.len().saturating_add(64));
        writer.array(5).uint(ENTRY_VERSION).uint(self.index.0).uint(self.time.0);
        writer.bytes(self.prev.as_bytes()).bytes(&self.statement);
        writer.into_bytes()
    }

    /// Reads an entry: accepts exactly what [`Entry::encode`] writes.
    pub fn decode(bytes: &[u8]) -> Result<Self, EntryError> {
        let (Place { index, time, prev }, statement) = Place::split(bytes)?;
        Ok(Self { index, time, prev, statement: statement.to_vec() })
    }
}

impl Place {
    /// Reads an entry without copying its statement: accepts exactly what [`Entry::encode`] writes.
    pub fn split(bytes: &[u8]) -> Result<(Self, &[u8]), EntryError> {
        if bytes.len() > ENTRY_BYTES_MAX {
            return Err(EntryError::TooLarge { got: bytes.len() });
        }
        canonical::scan(bytes)?;
        let mut items = Items { bytes, offset: 0 };
        match items.head()? {
            Head { major: Major::Array, argument: 5, .. } => {}
            _ => return Err(EntryError::Shape { item: 5 }),
        }
        if items.uint(0)? != ENTRY_VERSION {
            return Err(EntryError::Shape { item: 0 });
        }
        let index = Index(items.uint(1)?);
        let time = Time(items.uint(2)?);
        let prev = EntryHash::from_slice(items.byte_string(3)?).ok_or(EntryError::Shape { item: 3 })?;
        let statement = items.byte_string(4)?;
        Ok((Self { index, time, prev }, statement))
    }
}

/// Walks the items of bytes that the scanner has passed.
struct Items<'a> {
    bytes: &'a [u8],
    offset: usize,
}

impl<'a> Items<'a> {
    fn head(&mut self) -> Result<Head, EntryError> {
        let head = read_head(self.bytes, self.offset)?;
        self.offset = self.offset.saturating_add(head.len);
        Ok(head)
    }

    fn uint(&mut self, item: usize) -> Result<u64, EntryError> {
        match self.head()? {
            Head { major: Major::Unsigned, argument, .. } => Ok(argument),
            _ => Err(EntryError::Shape { item }),
        }
    }

    fn byte_string(&mut self, item: usize) -> Result<&'a [u8], EntryError> {
        match self.head()? {
            Head { major: Major::Bytes, argument, .. } => {
                let len = usize::try_from(argument).map_err(|_| EntryError::Shape { item })?;
                let end = self.offset.saturating_add(len);
                let bytes = self.bytes.get(self.offset..end).ok_or(EntryError::Shape { item })?;
                self.offset = end;
                Ok(bytes)
            }
            _ => Err(EntryError::Shape { item }),
        }
    }
}
