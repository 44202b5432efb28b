//! A look at RocksDB's log files before RocksDB reads them: of one kind of damage it never comes back.
//!
//! RocksDB's reader (11.8.1, `db/log_reader.cc`) does not advance past a record that says it is of a recycled log file and is not;
//! it reads it again for ever. writd never recycles log files, so such a record is damage, and is refused here. All else is left
//! to RocksDB's own checks.

use std::fs;
use std::io;
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
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            // A server at work has just done with it.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(failed(error)),
        };
        if let Some(at) = recycled(&bytes) {
            let detail = format!("{name}: the record at byte {at} says that it is of a recycled file");
            return Err(StoreError::Damaged { action: "open", detail });
        }
    }
    Ok(())
}

/// Where the first record of a recycled file begins. What is no record ends its block, as it does for RocksDB.
fn recycled(bytes: &[u8]) -> Option<usize> {
    for (number, block) in bytes.chunks(BLOCK_BYTES).enumerate() {
        let mut at = 0;
        while let Some([_, _, _, _, low, high, kind]) = block.get(at..at + HEADER_BYTES) {
            if matches!(kind, 5..=8 | 11 | 131) {
                return Some(number * BLOCK_BYTES + at);
            }
            at += HEADER_BYTES + usize::from(u16::from_le_bytes([*low, *high]));
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
        let plain = [record(1, b"one"), record(2, &[5; 300]), record(4, b""), record(9, b"x")].concat();
        assert_eq!(recycled(&plain), None);
        for kind in [5, 6, 7, 8, 11, 131] {
            assert_eq!(recycled(&[plain.clone(), record(kind, b"y")].concat()), Some(plain.len()));
        }
        let mut second = plain;
        second.resize(BLOCK_BYTES, 0);
        second.extend(record(5, b"z"));
        assert_eq!(recycled(&second), Some(BLOCK_BYTES));
        assert_eq!(recycled(&[7; 6]), None);
    }
}
