//! How RocksDB is set up: each option is set for the reason beside it.

use rocksdb::{
    BlockBasedIndexType, BlockBasedOptions, Cache, ChecksumType, ColumnFamilyDescriptor, DBCompressionType,
    DBRecoveryMode, Options, SliceTransform,
};
use schemas::ids::TermId;

use super::spent::KEPT_SECONDS;
use crate::store::Column;

/// Memory for rows not yet in table files, all columns together, in bytes. Four times as much is no faster, and the scrub, which reads
/// them by an instance of its own, takes as much again.
const WRITE_BUFFERS_BYTES: usize = 64 * 1024 * 1024;

/// Memory for one column's rows not yet in table files, in bytes.
const WRITE_BUFFER_BYTES: usize = 40 * 1024 * 1024;

/// Bytes of a table file that are handed to the system or fetched from it by one call. The system copies them, and finds memory for them,
/// without letting go of the core: a megabyte took it 8 ms where that memory was not there yet, and who waits to sync the log waited.
const PIECE_BYTES: u64 = 64 * 1024;

/// How much log may pile up before columns are flushed, in bytes: bounds the time that opening takes after a kill.
const WAL_BYTES_MAX: u64 = 256 * 1024 * 1024;

/// Bytes of rows that are compressed, read and kept in the cache together. One row is read at a time: what is read and inflated for it is
/// mostly others. Where the cache is told, it has its places for blocks from the start, and finds and frees them faster.
pub(super) const BLOCK_BYTES: usize = 4 * 1024;

/// Bytes of an index or filter that are read together: what a look-up needs of them once they are larger than the cache.
const PARTITION_BYTES: usize = 4 * 1024;

/// Rows of a batch come in key order: the place of each is looked for from that of the row before it, not from the top. The binding has no
/// setter for this.
const NEXT_TO_THE_LAST: &str = "memtable_insert_with_hint_prefix_extractor=fixed:0";

/// Bits of filter for each key: one miss in a hundred reads a block for nothing.
const FILTER_BITS: f64 = 10.0;

/// Of the database as a whole.
pub(super) fn database_options() -> Options {
    let mut options = Options::default();
    // The default mode opens without a word after a flipped bit in the middle of the log, and loses what came behind it.
    // This one accepts a torn last record, which every kill may leave, and refuses the rest.
    options.set_wal_recovery_mode(DBRecoveryMode::TolerateCorruptedTailRecords);
    // Stop at the first sign of damage instead of going on with what is left.
    options.set_paranoid_checks(true);
    // A log file that was closed whole and is missing or shorter is damage. The one in use is the anchor's to guard.
    options.set_track_and_verify_wals_in_manifest(true);
    // Columns are flushed together: whatever becomes of the log file, the tables of entries, tiles and head are all of one moment.
    options.set_atomic_flush(true);
    // In a file that is used again old records stand behind a torn end, and some of them pass for new ones.
    options.set_recycle_log_file_num(0);
    // A write is in the log file when it returns, and `sync` has something to sync.
    options.set_manual_wal_flush(false);
    // All table files are opened at once: a damaged one shows at the start, and a reader keeps its files while a writer
    // in another process replaces them.
    options.set_max_open_files(-1);
    options.set_db_write_buffer_size(WRITE_BUFFERS_BYTES);
    options.set_max_total_wal_size(WAL_BYTES_MAX);
    // Log files that are no longer needed are put aside, to be taken away bit by bit (`spent`).
    options.set_wal_ttl_seconds(KEPT_SECONDS);
    // One flush and one compaction at a time beside the sequencer.
    options.set_max_background_jobs(2);
    // Spread the writing of table files over time, so that it does not hold up the log's syncs.
    options.set_bytes_per_sync(1024 * 1024);
    options.set_writable_file_max_buffer_size(PIECE_BYTES);
    options.set_compaction_readahead_size(PIECE_BYTES as usize);
    options.set_keep_log_file_num(4);
    options.set_max_log_file_size(16 * 1024 * 1024);
    options
}

/// Columns by these names, each with its options.
pub(super) fn families(names: &[impl AsRef<str>], cache: &Cache) -> Vec<ColumnFamilyDescriptor> {
    let with_options = |name: &str| {
        let column = Column::ALL.into_iter().find(|column| column.name() == name);
        ColumnFamilyDescriptor::new(
            name,
            column.map_or_else(Options::default, |column| family_options(column, cache)),
        )
    };
    names.iter().map(|name| with_options(name.as_ref())).collect()
}

/// Of one column.
pub(super) fn family_options(column: Column, cache: &Cache) -> Options {
    let mut tables = BlockBasedOptions::default();
    tables.set_block_cache(cache);
    tables.set_block_size(BLOCK_BYTES);
    // Filters and indexes grow with the log: bounded by the cache they are evictable instead of unbounded, and part by part, so that a
    // log many times as large as the cache does not read a whole filter for one name.
    tables.set_cache_index_and_filter_blocks(true);
    tables.set_index_type(BlockBasedIndexType::TwoLevelIndexSearch);
    tables.set_partition_filters(true);
    tables.set_metadata_block_size(PARTITION_BYTES);
    tables.set_pin_top_level_index_and_filter(true);
    tables.set_pin_l0_filter_and_index_blocks_in_cache(true);
    // Computed by the processor's own instruction (.cargo/config.toml).
    tables.set_checksum_type(ChecksumType::CRC32c);
    // Where it is not known it is only slower.
    let hinted = Options::default().get_options_from_string(NEXT_TO_THE_LAST);
    let mut options = hinted.unwrap_or_default();
    options.set_write_buffer_size(WRITE_BUFFER_BYTES);
    match column {
        // A handful of rows.
        Column::Meta => options.set_compression_type(DBCompressionType::None),
        Column::Entries => {
            // Statements repeat names and keys. They come in order, so that files need not be merged, only renamed from level to level;
            // a stronger compression of the last one would write all of them again.
            options.set_compression_type(DBCompressionType::Lz4);
        }
        Column::Ids => {
            // Hashes do not compress. Of the files, all but one do not have an id: filters say so.
            options.set_compression_type(DBCompressionType::None);
            tables.set_bloom_filter(FILTER_BITS, false);
        }
        Column::Terms => {
            // Rows of one term differ in their last bytes only. Questions are always about one whole term.
            options.set_compression_type(DBCompressionType::Lz4);
            options.set_prefix_extractor(SliceTransform::create_fixed_prefix(TermId::LEN));
            tables.set_bloom_filter(FILTER_BITS, false);
            tables.set_whole_key_filtering(false);
        }
        Column::Tiles | Column::Sequences => {
            // Hashes do not compress; a few rows are read by key.
            options.set_compression_type(DBCompressionType::None);
            tables.set_bloom_filter(FILTER_BITS, false);
        }
    }
    options.set_block_based_table_factory(&tables);
    options
}
