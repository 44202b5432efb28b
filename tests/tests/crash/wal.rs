//! Damage to the store's write-ahead log, which RocksDB alone does not always notice.

use std::fs;

use crate::Form;
use crate::figures::Figures;
use crate::trial::{Base, ROLLBACK, TAMPERED, Trial};

/// Bytes of a block of a log file; no record crosses its end (RocksDB, `db/log_format.h`).
const BLOCK_BYTES: usize = 32 * 1024;
/// Bytes before a record's own: checksum 4, length 2, type 1.
const HEADER_BYTES: usize = 7;

/// Ends of the records in a log file, and 0.
fn boundaries(bytes: &[u8]) -> Vec<usize> {
    let mut at = 0;
    let mut ends = vec![0];
    while let Some(header) = bytes.get(at..at + HEADER_BYTES) {
        let length = usize::from(u16::from_le_bytes([header[4], header[5]]));
        let end = at + HEADER_BYTES + length;
        if length == 0 || end > bytes.len() {
            break;
        }
        ends.push(end);
        // What is left of a block and too short for a header is padding.
        let left = BLOCK_BYTES - end % BLOCK_BYTES;
        at = if left < HEADER_BYTES { end + left } else { end };
    }
    ends
}

fn filled(base: &Base) -> (Trial<'_>, Vec<u8>) {
    let mut trial = base.trial();
    trial.fill_and_kill();
    let wal = fs::read(trial.wal()).unwrap();
    (trial, wal)
}

/// RocksDB takes any of these for a log that was never longer. The anchor knows better.
pub(crate) fn cut(form: Form, figures: &mut Figures) {
    let base = Base::new();
    let (_, whole) = filled(&base);
    let ends = boundaries(&whole);
    assert_eq!(ends.last(), Some(&whole.len()), "the records do not end where the file does");
    assert!(ends.len() > base.script.len(), "{} records", ends.len() - 1);
    let few = [0, ends.len() / 2, ends.len() - 2];
    for (number, _) in
        ends.iter().enumerate().filter(|(number, _)| form == Form::Long || few.contains(number))
    {
        let (trial, whole) = filled(&base);
        let ends = boundaries(&whole);
        fs::write(trial.wal(), &whole[..ends[number]]).unwrap();
        if number + 1 == ends.len() {
            trial.must_recover(figures);
        } else {
            trial.must_refuse(
                figures,
                ROLLBACK,
                &["rollback: the store has size", "says that this log had size"],
            );
        }
    }
}

/// Killed while it wrote one more record: nobody was told of that one.
pub(crate) fn torn_tail(form: Form, figures: &mut Figures) {
    let base = Base::new();
    let lengths: &[usize] = if form == Form::Long { &[1, 3, 6, 7, 8, 20, 100, 150] } else { &[3, 7, 100] };
    for length in lengths {
        let (trial, mut bytes) = filled(&base);
        let ends = boundaries(&bytes);
        let last = bytes[ends[ends.len() - 2]..].to_vec();
        assert!(*length < last.len(), "the last record has {} bytes", last.len());
        bytes.extend_from_slice(&last[..*length]);
        fs::write(trial.wal(), bytes).unwrap();
        trial.must_recover(figures);
    }
}

/// The last record was acknowledged; torn, it is gone.
pub(crate) fn torn_last(form: Form, figures: &mut Figures) {
    let base = Base::new();
    let cuts: &[usize] = if form == Form::Long { &[1, 2, 50, 100, 150] } else { &[1, 100] };
    for cut in cuts {
        let (trial, bytes) = filled(&base);
        fs::write(trial.wal(), &bytes[..bytes.len() - cut]).unwrap();
        trial.must_refuse(
            figures,
            ROLLBACK,
            &["rollback: the store has size", "says that this log had size"],
        );
    }
    // In the middle it is no torn end but damage, which RocksDB's default would pass over.
    let (trial, mut bytes) = filled(&base);
    let ends = boundaries(&bytes);
    bytes[ends[ends.len() / 2] + HEADER_BYTES + 40] ^= 1;
    fs::write(trial.wal(), bytes).unwrap();
    trial.must_refuse(figures, TAMPERED, &["damaged"]);
}
