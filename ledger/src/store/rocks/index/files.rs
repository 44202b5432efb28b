//! Segments become files: one for each column, sorted, taken in by RocksDB as a whole.

use std::fs;
use std::io;
use std::num::NonZeroU64;
use std::path::{Path, PathBuf};

use rocksdb::{Error, IngestExternalFileOptions, SstFileWriter};

use super::Marks;
use super::segment::Segment;
use crate::store::rocks::{Files, fault, options};
use crate::store::{Column, StoreError};

/// Key of the row that says how far a column has come. It stands before every id and term, and holds the index, 8 bytes big-endian,
/// below which the column has the rows of all entries, and the column's name.
pub(in crate::store::rocks) const MARK_KEY: &[u8] = &[0];

/// Bytes of rows after which the disk is to begin with what it has of a file.
const SPREAD_BYTES: usize = 512 * 1024;

/// How far a column has come with the files that it has.
pub(in crate::store::rocks) fn mark(files: &Files, column: Column) -> Result<u64, StoreError> {
    // A column that cannot be opened is made again, by whoever may write.
    let Ok(family) = files.family(column) else { return Ok(0) };
    let value = files.db.get_cf(&family, MARK_KEY).map_err(|error| fault("read", Some(column), &error))?;
    let Some(value) = value else { return Ok(0) };
    let bad = || StoreError::row(column, MARK_KEY, "is not an index and the name of the column");
    let (index, name) = value.split_first_chunk().ok_or_else(bad)?;
    (name == name_of(column).as_bytes()).then(|| u64::from_be_bytes(*index)).ok_or_else(bad)
}

/// What RocksDB's own files say of the column in a property of theirs.
fn name_of(column: Column) -> String {
    format!("name{column}")
}

impl Files {
    /// Takes away files that were left over before they were taken in.
    pub(super) fn remove_incoming(&self) -> Result<(), StoreError> {
        [Column::Ids, Column::Terms].into_iter().try_for_each(|column| remove(&self.incoming(column)))
    }

    /// Writes a segment's rows to files. Each column's rows and mark are there together or not at all, and durable when this returns.
    pub(super) fn take_in(&self, segment: &Segment, marks: Marks) -> Result<(), StoreError> {
        let (ids, terms, term_rows) = segment.rows();
        tracing::debug!(ids, terms, term_rows, "rows of the index are written to files");
        if segment.has_ids() {
            self.take_in_column(Column::Ids, marks.ids, |file| {
                segment.id_rows(|key, value| file.put(key, value))
            })?;
        }
        if segment.has_terms() {
            self.take_in_column(Column::Terms, marks.terms, |file| {
                segment.term_rows(|key, value| file.put(key, value))
            })?;
        }
        Ok(())
    }

    fn take_in_column(
        &self,
        column: Column,
        mark: u64,
        rows: impl FnOnce(&mut Written<'_>) -> Result<(), Error>,
    ) -> Result<(), StoreError> {
        let path = self.incoming(column);
        // One that was taken in already may be the same file by another name, and must not be written to.
        remove(&path)?;
        let options = options::family_options(column, &self.cache);
        let written = {
            let file = SstFileWriter::create(&options);
            let opened = file.open(&path);
            let mut file = Written { file, synced: Spread::new(&path) };
            opened
                .and_then(|()| {
                    file.put(MARK_KEY, &[&mark.to_be_bytes(), name_of(column).as_bytes()].concat())
                })
                .and_then(|()| rows(&mut file))
                .and_then(|()| file.file.finish())
        };
        written.map_err(|error| fault("write a file of the index", Some(column), &error))?;
        let mut moving = IngestExternalFileOptions::default();
        moving.set_move_files(true);
        let taken = self.db.ingest_external_file_cf_opts(&self.family(column)?, &moving, vec![path]);
        taken.map_err(|error| fault("take in a file of the index", Some(column), &error))
    }

    /// Where a file is made: in RocksDB's own folder, under a name that it passes over.
    fn incoming(&self, column: Column) -> PathBuf {
        self.folder.join(format!("{column}.incoming"))
    }
}

/// A file that is being written.
struct Written<'o> {
    file: SstFileWriter<'o>,
    synced: Spread,
}

impl Written<'_> {
    fn put(&mut self, key: &[u8], value: &[u8]) -> Result<(), Error> {
        self.file.put(key, value)?;
        self.synced.wrote(key.len().saturating_add(value.len()));
        Ok(())
    }
}

/// Spreads the writing of a file to the disk over the time that it takes to make it. Otherwise the sync of the log, which waits for all that
/// the file system has to write before it, waits for the whole file at once.
struct Spread {
    file: Option<fs::File>,
    /// Bytes of rows since the disk was told last.
    rows: usize,
    /// Up to where the file was.
    told: u64,
}

impl Spread {
    fn new(path: &Path) -> Self {
        // Where it cannot be opened, its writer has said so.
        Self { file: fs::File::open(path).ok(), rows: 0, told: 0 }
    }

    fn wrote(&mut self, bytes: usize) {
        self.rows = self.rows.saturating_add(bytes);
        if self.rows < SPREAD_BYTES {
            return;
        }
        self.rows = 0;
        let Some(file) = &self.file else { return };
        let Ok(length) = file.metadata().map(|about| about.len()) else { return };
        if let Some(new) = NonZeroU64::new(length.saturating_sub(self.told)) {
            begin_to_write(file, self.told, new);
            self.told = length;
        }
    }
}

/// Has the system begin to write what it has of a part of a file: Linux does so where it is told to forget it. A hint, so that a refusal
/// changes nothing.
#[cfg(target_os = "linux")]
fn begin_to_write(file: &fs::File, from: u64, length: NonZeroU64) {
    let _ = rustix::fs::fadvise(file, from, Some(length), rustix::fs::Advice::DontNeed);
}

#[cfg(not(target_os = "linux"))]
fn begin_to_write(_file: &fs::File, _from: u64, _length: NonZeroU64) {}

fn remove(path: &Path) -> Result<(), StoreError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed(path, &error)),
        _ => Ok(()),
    }
}

fn failed(path: &Path, error: &io::Error) -> StoreError {
    StoreError::Io { action: "make a file of the index", detail: format!("{}: {error}", path.display()) }
}
