//! The store in RocksDB. Nothing outside of this file and its folder names it.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rocksdb::checkpoint::Checkpoint;
use rocksdb::{
    BoundColumnFamily, Cache, DBWithThreadMode, MultiThreaded, ReadOptions, WriteBatch, WriteOptions,
};
use schemas::ids::TermId;

use super::{Batch, Column, FORMAT_VERSION, Store, StoreError, Visit, VisitKey, VisitTerm, rows};

mod compact;
mod error;
mod families;
mod index;
mod looked_up;
mod options;
mod salvage;
mod scrub;
mod spent;

use error::{convert, fault};
use families::{check_families, expected_families, family_names, is_ours};
use index::{Filing, Reading};
use options::{database_options, families, family_options};
use spent::Spent;

/// Memory for cached blocks, indexes and filters where a store is made, restored or compacted, in bytes. Rows are read once, but the
/// indexes and filters of a million entries must stay: with a quarter of this, restoring them took ten times as long.
pub(crate) const CACHE_BYTES: usize = 256 * 1024 * 1024;

/// Memory for the same where a store is read from end to end, in bytes: of its indexes and filters only what is being read must stay.
const PASSING_CACHE_BYTES: usize = 32 * 1024 * 1024;

/// How far a full scan reads ahead in each file, in bytes.
const READAHEAD_BYTES: usize = 256 * 1024;

/// The columns whose rows RocksDB writes to its log and its memory.
const WRITTEN: [Column; 4] = [Column::Meta, Column::Entries, Column::Tiles, Column::Sequences];

/// Those of them that can be made again.
const FILLED: [Column; 2] = [Column::Tiles, Column::Sequences];

/// Columns are taken out and made again while others are read.
type DB = DBWithThreadMode<MultiThreaded>;

/// A RocksDB database with exactly the columns of [`Column::ALL`].
///
/// Rows of ids and terms take a way of their own: see the folder `index` beside this file.
pub struct RocksStore {
    files: Arc<Files>,
    filing: Filing,
    /// Whether rows were filled in that are in RocksDB's memory alone.
    filled: AtomicBool,
    /// Of a store that is written to. The last to be dropped: it takes RocksDB's archive away, which must be closed by then.
    _spent: Option<Spent>,
}

/// RocksDB, and where it keeps its files.
struct Files {
    db: DB,
    cache: Cache,
    folder: PathBuf,
}

impl RocksStore {
    /// Makes a new store in a folder that holds none.
    pub fn create(folder: &Path) -> Result<Self, StoreError> {
        if folder.join("CURRENT").exists() {
            return Err(StoreError::Exists { path: folder.display().to_string() });
        }
        let mut options = database_options();
        options.create_if_missing(true);
        options.create_missing_column_families(true);
        options.set_error_if_exists(true);
        let cache = cache_of(CACHE_BYTES);
        let families = families(&Column::ALL.map(Column::name), &cache);
        let db = DB::open_cf_descriptors(&options, folder, families)
            .map_err(|error| convert("create", folder, &error))?;
        let store = Self::writing(Files { db, cache, folder: folder.to_owned() })?;
        let mut batch = Batch::default();
        batch.put(Column::Meta, rows::FORMAT_KEY, &FORMAT_VERSION.to_be_bytes());
        store.commit(&batch)?;
        Ok(store)
    }

    /// Opens a store for its one writer, with so many bytes of memory for cached blocks, indexes and filters.
    ///
    /// Derived columns that are missing, or whose files RocksDB cannot open, are there and empty afterwards, and noted as
    /// unfinished ([`rows::INDEX_KEY`]): whoever opened the store makes them again. Any other damage is refused.
    pub fn open(folder: &Path, cache_bytes: usize) -> Result<Self, StoreError> {
        let mut names = family_names(folder)?;
        check_families(&names)?;
        let cache = cache_of(cache_bytes);
        let open = |names: &[String]| {
            DB::open_cf_descriptors(&database_options(), folder, families(names, &cache))
                .map_err(|error| convert("open", folder, &error))
        };
        let db = match open(&names) {
            Err(error) if error.is_damage() => {
                salvage::drop_damaged(folder, &names, error)?;
                names = family_names(folder)?;
                open(&names)
            }
            opened => opened,
        }?;
        let mut store = Self::writing(Files { db, cache, folder: folder.to_owned() })?;
        let unknown = store.filing.take_unknown();
        let rows = rows::Rows(&store);
        rows.check_format()?;
        let mut unfinished = rows.unfinished()?;
        for column in Column::DERIVED {
            let is_there = store.files.db.cf_handle(column.name()).is_some();
            if is_there && unknown.iter().all(|(other, _)| *other != column) {
                continue;
            }
            if !unfinished.contains(&column) {
                unfinished.push(column);
                rows.set_unfinished(&unfinished)?;
            }
            if !is_there {
                store.files.make(column)?;
            }
        }
        store.files.keep_written_blocks(&Column::ALL)?;
        Ok(store)
    }

    fn writing(files: Files) -> Result<Self, StoreError> {
        let files = Arc::new(files);
        let (filing, spent) = (Filing::writing(&files)?, Spent::watch(&files.folder)?);
        Ok(Self { filing, files, filled: AtomicBool::new(false), _spent: Some(spent) })
    }

    fn reading(files: Files) -> Self {
        let files = Arc::new(files);
        Self { filing: Filing::new(&files), files, filled: AtomicBool::new(false), _spent: None }
    }

    /// Opens a store to look at it, whatever columns it has. Writes nothing; a writer may be at work.
    pub fn open_read_only(folder: &Path) -> Result<(Self, Vec<String>), StoreError> {
        let names = family_names(folder)?;
        let cache = cache_of(PASSING_CACHE_BYTES);
        let families = families(&names, &cache);
        let db = DB::open_cf_descriptors_read_only(&database_options(), folder, families, false)
            .map_err(|error| convert("open", folder, &error))?;
        let strangers = names.into_iter().filter(|name| !is_ours(name)).collect();
        let files = Files { db, cache, folder: folder.to_owned() };
        Ok((Self::reading(files), strangers))
    }

    /// Makes a copy of all rows as they are at this moment in a folder that is not there yet: by hard links, so on the same
    /// file system only.
    pub fn checkpoint(&self, folder: &Path) -> Result<(), StoreError> {
        let made =
            Checkpoint::new(&self.files.db).and_then(|checkpoint| checkpoint.create_checkpoint(folder));
        made.map_err(|error| fault("make a copy that stands still", None, &error))
    }

    /// Whether any row is in the column family that must stay empty.
    pub fn default_family_is_empty(&self) -> Result<bool, StoreError> {
        let mut rows = self.files.db.raw_iterator();
        rows.seek_to_first();
        rows.status().map_err(|error| fault("scan", None, &error))?;
        Ok(!rows.valid())
    }

    /// Writes all rows that RocksDB is to write itself.
    fn write(&self, batch: &Batch, options: &WriteOptions) -> Result<(), StoreError> {
        // Twelve bytes a row for tags and lengths.
        let rows = batch.rows.len().saturating_mul(12);
        let mut write = WriteBatch::with_capacity_bytes(batch.len_bytes().saturating_add(rows));
        let mut families = Vec::with_capacity(Column::ALL.len());
        // Of the columns concerned alone: another may be being made again.
        for column in WRITTEN {
            if batch.rows.iter().any(|(other, ..)| *other == column) {
                families.push((column, self.files.family(column)?));
            }
        }
        for (column, key, value) in batch.rows() {
            if let Some((_, family)) = families.iter().find(|(other, _)| *other == column) {
                write.put_cf(family, key, value);
            }
        }
        if families.is_empty() {
            return Ok(());
        }
        self.files.db.write_opt(write, options).map_err(|error| fault("write", None, &error))
    }
}

impl Files {
    /// Blocks of new rows go into the cache as they are written; those of merged files would drive out what is read. The binding has no
    /// setter for this.
    fn keep_written_blocks(&self, columns: &[Column]) -> Result<(), StoreError> {
        let keep = [("block_based_table_factory", "{prepopulate_block_cache=kFlushOnly;}")];
        columns.iter().try_for_each(|column| {
            let set = self.db.set_options_cf(&self.family(*column)?, &keep);
            set.map_err(|error| fault("set options", None, &error))
        })
    }

    /// An empty column.
    fn make(&self, column: Column) -> Result<(), StoreError> {
        let made = self.db.create_cf(column.name(), &family_options(column, &self.cache));
        made.map_err(|error| fault("make a column", None, &error))
    }

    fn family(&self, column: Column) -> Result<Arc<BoundColumnFamily<'_>>, StoreError> {
        self.db.cf_handle(column.name()).ok_or_else(|| {
            let got = format!("all but {column}");
            StoreError::Columns { got, expected: expected_families() }
        })
    }

    fn get(&self, column: Column, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.db.get_cf(&self.family(column)?, key).map_err(|error| fault("read", Some(column), &error))
    }

    /// Rows from end to end.
    fn scan(
        &self,
        column: Column,
        prefix: &[u8],
        from: &[u8],
        visit: &mut Visit<'_>,
    ) -> Result<(), StoreError> {
        let mut rows = self.db.raw_iterator_cf_opt(&self.family(column)?, full_reading());
        rows.seek(if from.is_empty() { prefix } else { from });
        while let Some((key, value)) = rows.item() {
            if !key.starts_with(prefix) || visit(key, value) == ControlFlow::Break(()) {
                return Ok(());
            }
            rows.next();
        }
        rows.status().map_err(|error| fault("scan", Some(column), &error))
    }
}

impl Store for RocksStore {
    fn get(&self, column: Column, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        match column {
            Column::Ids => self.id_row(key),
            Column::Terms => self.term_row(key),
            _ => self.files.get(column, key),
        }
    }

    fn scan(
        &self,
        column: Column,
        prefix: &[u8],
        from: &[u8],
        visit: &mut Visit<'_>,
    ) -> Result<(), StoreError> {
        match (column, TermId::from_slice(prefix)) {
            (Column::Terms, Some(term)) => self.scan_term(&term, from, visit),
            (Column::Terms, None) => self.scan_all_terms(from, Reading::InOrder, visit),
            (Column::Ids, _) => self.scan_ids(from, Reading::InOrder, visit),
            _ => self.files.scan(column, prefix, from, visit),
        }
    }

    fn scan_looked_up(
        &self,
        column: Column,
        from: &[u8],
        to: &[u8],
        visit: &mut Visit<'_>,
    ) -> Result<(), StoreError> {
        // Rows in memory are not bounded otherwise.
        let is_past = |key: &[u8]| !to.is_empty() && key >= to;
        let within = &mut |key: &[u8], value: &[u8]| {
            if is_past(key) { ControlFlow::Break(()) } else { visit(key, value) }
        };
        match column {
            Column::Terms => self.scan_all_terms(from, Reading::LookedUp { to }, within),
            Column::Ids => self.scan_ids(from, Reading::LookedUp { to }, within),
            _ => self.files.scan_looked_up(column, from, to, visit),
        }
    }

    fn scan_term_back(&self, term: &TermId, from: &[u8], visit: &mut VisitKey<'_>) -> Result<(), StoreError> {
        self.scan_one_term_back(term, from, visit)
    }

    fn scan_terms(&self, terms: &[TermId], visit: &mut VisitTerm<'_>) -> Result<(), StoreError> {
        self.scan_many_terms(terms, visit)
    }

    fn commit(&self, batch: &Batch) -> Result<(), StoreError> {
        self.filing.check()?;
        if let Some((column, key, _)) = batch.rows().find(|(column, ..)| !WRITTEN.contains(column)) {
            return Err(StoreError::row(column, key, "is filled in, not committed"));
        }
        let mut options = WriteOptions::default();
        // The answer promises that the rows survive a power cut.
        options.set_sync(true);
        self.write(batch, &options)
    }

    fn indexed(&self, column: Column) -> Result<u64, StoreError> {
        match column {
            Column::Ids | Column::Terms => self.filing.indexed(column),
            _ => Ok(u64::MAX),
        }
    }

    fn clear(&self, column: Column) -> Result<(), StoreError> {
        if matches!(column, Column::Ids | Column::Terms) {
            self.filing.clear(column)?;
        }
        let dropped = self.files.db.drop_cf(column.name());
        dropped.map_err(|error| fault("drop a column", Some(column), &error))?;
        self.files.make(column)?;
        self.files.keep_written_blocks(&[column])
    }

    fn fill(&self, batch: &Batch) -> Result<(), StoreError> {
        let mut options = WriteOptions::default();
        // Lost with a crash, and then made again from the start.
        options.disable_wal(true);
        if batch.rows.iter().any(|(column, ..)| FILLED.contains(column)) {
            self.filled.store(true, Ordering::SeqCst);
        }
        self.write(batch, &options)?;
        self.filing.add(batch)
    }

    fn settle(&self) -> Result<(), StoreError> {
        self.filing.settle()?;
        if self.filled.swap(false, Ordering::SeqCst) {
            for column in FILLED {
                let flushed = self.files.db.flush_cf(&self.files.family(column)?);
                flushed.map_err(|error| fault("flush", Some(column), &error))?;
            }
        }
        Ok(())
    }
}

/// A cache whose look-ups take no lock, for blocks of whatever size. Indexes and filters stay in it longer than rows that nobody asked
/// for again.
fn cache_of(bytes: usize) -> Cache {
    Cache::new_hyper_clock_cache(bytes, options::BLOCK_BYTES)
}

/// For reading a column from end to end.
fn full_reading() -> ReadOptions {
    let mut options = ReadOptions::default();
    options.set_total_order_seek(true);
    options.fill_cache(false);
    options.set_readahead_size(READAHEAD_BYTES);
    options
}
