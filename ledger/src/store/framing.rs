//! A look at RocksDB's log files before RocksDB reads them: of one kind of damage it never comes back.
//!
//! RocksDB's reader (11.8.1, `db/log_reader.cc`) does not advance past a record that says it is of a recycled log file and is not;
//! it reads it again for ever. writd never recycles log files, so such a record is damage, and is refused here. All else is left
//! to RocksDB's own checks.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

use super::StoreError;

/// Bytes of a block; no record crosses its end (RocksDB, `db/log_format.h`).
const BLOCK_BYTES: usize = 32 * 1024;

/// Bytes before a record's own: checksum 4, length 2 (least significant first), type 1.
const HEADER_BYTES: usize = 7;

/// Refuses a store whose manifest or write-ahead log holds a record of a recycled file.
pub(super) fn check(folder: &Path) -> Result<(), StoreError> {
    let failed = |error: io::Error| StoreError::Io { action: "read", detail: error.to_string() };
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if !name.starts_with("MANIFEST-") && !name.ends_with(".log") {
            continue;
        }
        let found = match File::open(&path) {
            Ok(file) => recycled(file).map_err(failed)?,
            // A server at work has just done with it.
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(failed(error)),
        };
        if let Some(at) = found {
            let detail = format!("{name}: the record at byte {at} says that it is of a recycled file");
            return Err(StoreError::Damaged { action: "open", column: None, detail });
        }
    }
    Ok(())
}

/// Where the first record of a recycled file begins.
fn recycled(mut file: impl Read) -> io::Result<Option<u64>> {
    let mut block = Vec::with_capacity(BLOCK_BYTES);
    for number in 0_u64.. {
        block.clear();
        file.by_ref().take(BLOCK_BYTES as u64).read_to_end(&mut block)?;
        if block.is_empty() {
            break;
        }
        if let Some(at) = recycled_in(&block) {
            return Ok(Some(number * BLOCK_BYTES as u64 + at as u64));
        }
    }
    Ok(None)
}

/// The same within one block. Zeros end it, as they do for RocksDB: a file is longer than what was written where power was cut,
/// and what stands behind them is no record.
fn recycled_in(block: &[u8]) -> Option<usize> {
    let mut at = 0;
    while let Some([_, _, _, _, low, high, kind]) = block.get(at..at + HEADER_BYTES) {
        match (kind, u16::from_le_bytes([*low, *high])) {
            (5..=8 | 11 | 131, _) => return Some(at),
            (0, 0) => return None,
            (_, length) => at += HEADER_BYTES + usize::from(length),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(kind: u8, bytes: &[u8]) -> Vec<u8> {
        let length = u16::try_from(bytes.len()).unwrap().to_le_bytes();
        [&[0; 4], &length[..], &[kind], bytes].concat()
    }

    #[test]
    fn a_record_of_a_recycled_file_is_found_wherever_it_stands() {
        let found = |bytes: &[u8]| recycled(bytes).unwrap();
        let plain = [record(1, b"one"), record(2, &[5; 300]), record(4, b""), record(9, b"x")].concat();
        assert_eq!(found(&plain), None);
        for kind in [5, 6, 7, 8, 11, 131] {
            assert_eq!(found(&[plain.clone(), record(kind, b"y")].concat()), Some(plain.len() as u64));
        }
        let mut second = plain;
        second.resize(BLOCK_BYTES, 0);
        second.extend(record(5, b"z"));
        assert_eq!(found(&second), Some(BLOCK_BYTES as u64));
        assert_eq!(found(&[7; 6]), None);
    }

    #[test]
    fn what_stands_behind_zeros_is_no_record() {
        let torn = [record(1, b"one"), vec![0; 512], record(5, b"two")].concat();
        assert_eq!(recycled(torn.as_slice()).unwrap(), None);
    }
}
