//! Where the log's rows are kept: six columns of byte strings, written by atomic batches that never delete. Only what follows
//! from the entries is ever taken out, to be made again.
//!
//! In scope: what a store promises ([`Store`]), the batch, and the typed rows ([`rows`]). [`rocks`] is the only file that
//! (with its folder) that names RocksDB. Out of scope: which rows belong together; that is [`crate::apply`]'s.

use std::fmt;
use std::ops::ControlFlow;

use data_encoding::HEXLOWER;
use schemas::ids::TermId;
use thiserror::Error;

mod framing;
pub mod rocks;
pub mod rows;
pub mod sequence;

/// Version of the rows' layout. A store that says another one is refused.
pub const FORMAT_VERSION: u32 = 5;

/// A family of rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Column {
    /// `format`, `head`, `note` and, where witnesses have cosigned, `checkpoint`.
    Meta,
    /// Index, 8 bytes big-endian → entry bytes.
    Entries,
    /// Statement id → index, 8 bytes big-endian.
    Ids,
    /// Term id ++ index → nothing. A store may keep many such rows as one.
    Terms,
    /// Tile level, 1 byte ++ tile number, 8 bytes big-endian → up to 256 hashes; behind all 256, the 16 nodes halfway up.
    Tiles,
    /// Sequence → its highest number ++ the first entry that has it.
    Sequences,
}

impl Column {
    /// Every column.
    pub const ALL: [Self; 6] =
        [Self::Meta, Self::Entries, Self::Ids, Self::Terms, Self::Tiles, Self::Sequences];

    /// Columns whose rows follow from the entries: they can be made again, see [`crate::reindex`].
    pub const DERIVED: [Self; 4] = [Self::Ids, Self::Terms, Self::Tiles, Self::Sequences];

    /// The column's name in the store.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Meta => "meta",
            Self::Entries => "entries",
            Self::Ids => "ids",
            Self::Terms => "terms",
            Self::Tiles => "tiles",
            Self::Sequences => "sequences",
        }
    }

    /// Whether its rows follow from the entries.
    pub fn is_derived(self) -> bool {
        Self::DERIVED.contains(&self)
    }
}

impl fmt::Display for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Rows to be written together or not at all.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// Keys and values one after the other: a group has tens of thousands of rows.
    bytes: Vec<u8>,
    rows: Vec<(Column, usize, usize)>,
}

impl Batch {
    /// A batch with room for this many rows and bytes.
    pub fn with_capacity(rows: usize, bytes: usize) -> Self {
        Self { bytes: Vec::with_capacity(bytes), rows: Vec::with_capacity(rows) }
    }

    /// Adds a row, in place of an earlier one under the same key.
    pub fn put(&mut self, column: Column, key: &[u8], value: &[u8]) {
        self.bytes.extend_from_slice(key);
        self.bytes.extend_from_slice(value);
        self.rows.push((column, key.len(), value.len()));
    }

    /// The rows, in the order in which they were added.
    pub fn rows(&self) -> impl Iterator<Item = (Column, &[u8], &[u8])> {
        let mut rest = self.bytes.as_slice();
        self.rows.iter().filter_map(move |(column, key_len, value_len)| {
            let (key, after) = rest.split_at_checked(*key_len)?;
            let (value, after) = after.split_at_checked(*value_len)?;
            rest = after;
            Some((*column, key, value))
        })
    }

    /// Bytes of all keys and values.
    pub fn len_bytes(&self) -> usize {
        self.bytes.len()
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}

/// Called with each key and value of a scan; breaks to end it.
pub type Visit<'v> = dyn FnMut(&[u8], &[u8]) -> ControlFlow<()> + 'v;

/// Called with a term's place in a list and each of its keys; breaks to go on with the next term.
pub type VisitTerm<'v> = dyn FnMut(usize, &[u8]) -> ControlFlow<()> + 'v;

/// Called with each key of a scan; breaks to end it.
pub type VisitKey<'v> = dyn FnMut(&[u8]) -> ControlFlow<()> + 'v;

/// A store of rows. The seam at which tests break things.
pub trait Store: Send + Sync + 'static {
    /// The value under a key.
    fn get(&self, column: Column, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError>;

    /// Shows every row whose key is at least `from` and begins with `prefix`, by ascending key.
    ///
    /// `prefix` is empty or, in [`Column::Terms`], a whole term id.
    fn scan(
        &self,
        column: Column,
        prefix: &[u8],
        from: &[u8],
        visit: &mut Visit<'_>,
    ) -> Result<(), StoreError>;

    /// Shows every row of a column from a key on and before another, an empty one being the end, by ascending key, that is also found when
    /// it is looked up as questions do.
    fn scan_looked_up(
        &self,
        column: Column,
        from: &[u8],
        to: &[u8],
        visit: &mut Visit<'_>,
    ) -> Result<(), StoreError> {
        let mut failed = None;
        self.scan(column, &[], from, &mut |key, value| {
            if !to.is_empty() && key >= to {
                return ControlFlow::Break(());
            }
            match self.get(column, key) {
                Ok(found) if found.as_deref() == Some(value) => visit(key, value),
                Ok(_) => ControlFlow::Continue(()),
                Err(error) => {
                    failed = Some(error);
                    ControlFlow::Break(())
                }
            }
        })?;
        failed.map_or(Ok(()), Err)
    }

    /// Shows the key of every row of a term that is at most `from`, by descending key.
    fn scan_term_back(&self, term: &TermId, from: &[u8], visit: &mut VisitKey<'_>) -> Result<(), StoreError>;

    /// Shows the key of every row of each term in turn, ascending, with the term's place in the list; where the visitor
    /// breaks, the next term follows. Costs less than as many scans.
    fn scan_terms(&self, terms: &[TermId], visit: &mut VisitTerm<'_>) -> Result<(), StoreError> {
        terms.iter().enumerate().try_for_each(|(at, term)| {
            self.scan(Column::Terms, term.as_bytes(), &[], &mut |key, _| visit(at, key))
        })
    }

    /// Writes all rows and returns once they are durable. After an error nothing is known about them, and nothing may be
    /// written any more until the store was opened again.
    fn commit(&self, batch: &Batch) -> Result<(), StoreError>;

    /// Takes every row out of a derived column. After a crash meanwhile the column may be missing altogether.
    fn clear(&self, column: Column) -> Result<(), StoreError>;

    /// Writes rows of derived columns, of entries that are durable, without making them durable; [`Self::settle`] does. Costs much
    /// less than committing. Of ids and terms those of the entries that come next ([`Self::indexed`]).
    fn fill(&self, batch: &Batch) -> Result<(), StoreError>;

    /// Of all entries below this index there are rows of ids, or of terms. Those behind it whoever opens the store has to make again.
    fn indexed(&self, column: Column) -> Result<u64, StoreError>;

    /// Returns once all rows that were filled in are durable.
    fn settle(&self) -> Result<(), StoreError>;
}

/// What a store could not do, or what it holds that it must not.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum StoreError {
    /// There is a store already where one is to be created.
    #[error("there is a store in {path} already")]
    Exists {
        /// The folder.
        path: String,
    },
    /// There is no store to open.
    #[error("there is no store in {path}; expected one made by `writd init`")]
    Absent {
        /// The folder.
        path: String,
    },
    /// Another process has it open for writing.
    #[error("another process holds the store in {path}; only one may write")]
    Held {
        /// The folder.
        path: String,
    },
    /// The layout is of another version.
    #[error("the store has format {got}, this program reads format {FORMAT_VERSION}")]
    Format {
        /// What the store says.
        got: String,
    },
    /// Columns are missing, or there are others.
    #[error("the store has the columns {got}, expected {expected}")]
    Columns {
        /// What is there.
        got: String,
        /// What belongs there.
        expected: String,
    },
    /// A row that cannot be right.
    #[error("{column} row {key}: {detail}")]
    Row {
        /// The column.
        column: Column,
        /// The key, in hex.
        key: String,
        /// What is wrong.
        detail: String,
    },
    /// RocksDB found its own files damaged.
    #[error("the store's files are damaged ({action}{}): {detail}", of(column))]
    Damaged {
        /// What was being done.
        action: &'static str,
        /// The column that was being read, where it was one.
        column: Option<Column>,
        /// RocksDB's words.
        detail: String,
    },
    /// Reading or writing failed.
    #[error("the store could not {action}: {detail}")]
    Io {
        /// What was being done.
        action: &'static str,
        /// The system's words.
        detail: String,
    },
}

impl StoreError {
    /// A row that cannot be right.
    pub fn row(column: Column, key: &[u8], detail: impl Into<String>) -> Self {
        Self::Row { column, key: HEXLOWER.encode(key), detail: detail.into() }
    }

    /// Stable name of the error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Exists { .. } => "store-exists",
            Self::Absent { .. } => "store-absent",
            Self::Held { .. } => "store-held",
            Self::Format { .. } => "store-format",
            Self::Columns { .. } => "store-columns",
            Self::Row { .. } => "store-row",
            Self::Damaged { .. } => "store-damaged",
            Self::Io { .. } => "store-io",
        }
    }

    /// The derived column whose rows are not what was written, where it is one: what is lost there can be made again.
    pub fn damaged_index(&self) -> Option<Column> {
        match self {
            Self::Damaged { column, .. } => column.filter(|column| column.is_derived()),
            Self::Row { column, .. } => Some(*column).filter(|column| column.is_derived()),
            _ => None,
        }
    }

    /// Whether an earlier version of the program wrote the store: nothing is wrong with it.
    pub fn is_of_earlier_format(&self) -> bool {
        let Self::Format { got } = self else { return false };
        got.parse::<u32>().is_ok_and(|got| got < FORMAT_VERSION)
    }

    /// Whether the bytes on disk are not what was written, as opposed to not being reachable.
    pub fn is_damage(&self) -> bool {
        matches!(self, Self::Format { .. } | Self::Columns { .. } | Self::Row { .. } | Self::Damaged { .. })
    }
}

fn of(column: &Option<Column>) -> String {
    column.map_or_else(String::new, |column| format!(" {column}"))
}
