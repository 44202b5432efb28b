//! The anchor: how far the log has come, kept in a file of its own outside the data folder.
//!
//! An older copy of the folder does not bring its anchor along, so it is noticed. The file has two slots, written in turn:
//! a torn write leaves the other one. Each slot is `magic, sequence, log id, size, root, chain head, BLAKE3 of all that`,
//! padded with zeros to a block of its own. Every byte of the file is checked.

use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use schemas::ids::{EntryHash, LogId};
use schemas::tree::TreeHash;
use thiserror::Error;

/// First bytes of a slot.
const MAGIC: &[u8; 16] = b"writ anchor v1\r\n";

/// Distance between the slots, in bytes: a block of the file system, so that one write cannot tear both.
const SLOT_BYTES: usize = 4096;

/// Bytes of a slot that are not padding: magic, sequence, log, size, root, chain head, checksum.
const USED_BYTES: usize = 16 + 8 + 32 + 8 + 32 + 32 + 32;

/// Slots in the file.
const SLOTS: usize = 2;

/// Where a log once stood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Which log.
    pub log: LogId,
    /// Number of entries.
    pub size: u64,
    /// Root at that size.
    pub root: TreeHash,
    /// Hash of the last entry.
    pub chain: EntryHash,
}

/// The anchor file, open for its one writer.
#[derive(Debug)]
pub struct Anchor {
    path: PathBuf,
    file: File,
    sequence: u64,
    mark: Mark,
}

/// What an anchor file holds: for each slot its sequence number and mark, or nothing where the slot is damaged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slots(pub [Option<(u64, Mark)>; SLOTS]);

/// Why an anchor cannot be used.
#[derive(Debug, Error)]
pub enum AnchorError {
    /// There is no such file.
    #[error("there is no anchor {path}")]
    Absent {
        /// Where it was looked for.
        path: String,
    },
    /// Neither slot is whole.
    #[error("the anchor {path} is damaged: neither of its two slots is whole")]
    Damaged {
        /// The file.
        path: String,
    },
    /// It belongs to another log.
    #[error("the anchor {path} belongs to log {got}, this is log {expected}")]
    OtherLog {
        /// The file.
        path: String,
        /// The log that it names.
        got: LogId,
        /// The log at hand.
        expected: LogId,
    },
    /// The file system said no.
    #[error("the anchor {path} cannot be {action}: {error}")]
    Io {
        /// The file.
        path: String,
        /// What was being done.
        action: &'static str,
        /// The system's words.
        error: io::Error,
    },
}

impl AnchorError {
    /// Stable name of the error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Absent { .. } => "anchor-absent",
            Self::Damaged { .. } => "anchor-damaged",
            Self::OtherLog { .. } => "anchor-other-log",
            Self::Io { .. } => "anchor-io",
        }
    }
}

impl Anchor {
    /// Makes a new file that says `mark` in both slots; refuses to overwrite one.
    pub fn create(path: &Path, mark: Mark) -> Result<Self, AnchorError> {
        let failed =
            |action| move |error| AnchorError::Io { path: path.display().to_string(), action, error };
        let mut options = OpenOptions::new();
        let file =
            options.read(true).write(true).create_new(true).mode(0o600).open(path).map_err(failed("made"))?;
        let mut bytes = Vec::with_capacity(SLOTS * SLOT_BYTES);
        for sequence in 1..=SLOTS as u64 {
            bytes.extend_from_slice(&encode(sequence, &mark));
        }
        file.write_all_at(&bytes, 0).map_err(failed("written"))?;
        file.sync_all().map_err(failed("synced"))?;
        // Without this the file itself could be gone after a power cut.
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed("synced in its folder"))?;
        Ok(Self { path: path.to_owned(), file, sequence: SLOTS as u64, mark })
    }

    /// Opens the file and takes the latest whole slot.
    pub fn open(path: &Path, log: LogId) -> Result<Self, AnchorError> {
        let (sequence, mark) = Slots::read(path)?.latest().ok_or_else(|| damaged(path))?;
        if mark.log != log {
            return Err(AnchorError::OtherLog {
                path: path.display().to_string(),
                got: mark.log,
                expected: log,
            });
        }
        let file = OpenOptions::new().read(true).write(true).open(path).map_err(|error| AnchorError::Io {
            path: path.display().to_string(),
            action: "opened for writing",
            error,
        })?;
        Ok(Self { path: path.to_owned(), file, sequence, mark })
    }

    /// Where the log stood when this was last advanced.
    pub fn mark(&self) -> Mark {
        self.mark
    }

    /// Where the file is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes `mark` over the older slot and returns once it is durable. After an error the file is not to be used again.
    pub fn advance(&mut self, mark: Mark) -> Result<(), AnchorError> {
        let failed = |action| {
            let path = self.path.display().to_string();
            move |error| AnchorError::Io { path, action, error }
        };
        let sequence = self.sequence.saturating_add(1);
        let offset = slot_of(sequence) * SLOT_BYTES;
        self.file.write_all_at(&encode(sequence, &mark), offset as u64).map_err(failed("written"))?;
        self.file.sync_data().map_err(failed("synced"))?;
        self.sequence = sequence;
        self.mark = mark;
        Ok(())
    }
}

impl Slots {
    /// Reads a file without changing it.
    pub fn read(path: &Path) -> Result<Self, AnchorError> {
        let failed = |error: io::Error| match error.kind() {
            io::ErrorKind::NotFound => AnchorError::Absent { path: path.display().to_string() },
            _ => AnchorError::Io { path: path.display().to_string(), action: "read", error },
        };
        let mut bytes = Vec::new();
        let limit = (SLOTS * SLOT_BYTES + 1) as u64;
        File::open(path).map_err(failed)?.take(limit).read_to_end(&mut bytes).map_err(failed)?;
        Self::parse(&bytes).ok_or_else(|| damaged(path))
    }

    /// The slots in a file's bytes; nothing where their number is not that of a file.
    fn parse(bytes: &[u8]) -> Option<Self> {
        let (first, second) = bytes.split_at_checked(SLOT_BYTES)?;
        if second.len() != SLOT_BYTES {
            return None;
        }
        let in_place = |at: usize, slot: &[u8]| decode(slot).filter(|(sequence, _)| slot_of(*sequence) == at);
        Some(Self([in_place(0, first), in_place(1, second)]))
    }

    /// The slot written last.
    pub fn latest(&self) -> Option<(u64, Mark)> {
        self.0.iter().flatten().max_by_key(|(sequence, _)| *sequence).copied()
    }
}

fn damaged(path: &Path) -> AnchorError {
    AnchorError::Damaged { path: path.display().to_string() }
}

/// Which slot this sequence number goes into.
fn slot_of(sequence: u64) -> usize {
    usize::from(sequence.is_multiple_of(2))
}

fn encode(sequence: u64, mark: &Mark) -> [u8; SLOT_BYTES] {
    let mut bytes = Vec::with_capacity(SLOT_BYTES);
    bytes.extend_from_slice(MAGIC);
    bytes.extend_from_slice(&sequence.to_be_bytes());
    bytes.extend_from_slice(mark.log.as_bytes());
    bytes.extend_from_slice(&mark.size.to_be_bytes());
    bytes.extend_from_slice(mark.root.as_bytes());
    bytes.extend_from_slice(mark.chain.as_bytes());
    let checksum = blake3::hash(&bytes);
    bytes.extend_from_slice(checksum.as_bytes());
    let mut slot = [0; SLOT_BYTES];
    slot.iter_mut().zip(&bytes).for_each(|(to, from)| *to = *from);
    slot
}

fn decode(slot: &[u8]) -> Option<(u64, Mark)> {
    let (used, padding) = slot.split_at_checked(USED_BYTES)?;
    let (said, checksum) = used.split_last_chunk::<32>()?;
    if blake3::hash(said).as_bytes() != checksum || padding.iter().any(|byte| *byte != 0) {
        return None;
    }
    let rest = said.strip_prefix(MAGIC)?;
    let (sequence, rest) = rest.split_first_chunk()?;
    let (log, rest) = rest.split_first_chunk()?;
    let (size, rest) = rest.split_first_chunk()?;
    let (root, chain) = rest.split_first_chunk()?;
    let mark = Mark {
        log: LogId::new(*log),
        size: u64::from_be_bytes(*size),
        root: TreeHash::new(*root),
        chain: EntryHash::from_slice(chain)?,
    };
    Some((u64::from_be_bytes(*sequence), mark))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(size: u64) -> Mark {
        let byte = size.to_be_bytes()[7];
        Mark {
            log: LogId::new([9; 32]),
            size,
            root: TreeHash::new([byte; 32]),
            chain: EntryHash::new([byte ^ 0xff; 32]),
        }
    }

    #[test]
    fn it_says_what_was_written_last_and_keeps_the_one_before() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log.anchor");
        let mut anchor = Anchor::create(&path, mark(1)).unwrap();
        for size in 2..=5 {
            anchor.advance(mark(size)).unwrap();
            assert_eq!(Anchor::open(&path, mark(1).log).unwrap().mark(), mark(size));
            let Slots(slots) = Slots::read(&path).unwrap();
            let mut sizes: Vec<u64> = slots.iter().map(|slot| slot.unwrap().1.size).collect();
            sizes.sort_unstable();
            assert_eq!(sizes, [size - 1, size]);
        }
    }

    #[test]
    fn it_is_never_made_twice_and_never_made_up() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log.anchor");
        assert_eq!(Anchor::open(&path, mark(1).log).unwrap_err().code(), "anchor-absent");
        Anchor::create(&path, mark(1)).unwrap();
        assert_eq!(Anchor::create(&path, mark(1)).unwrap_err().code(), "anchor-io");
        assert_eq!(Anchor::open(&path, LogId::new([1; 32])).unwrap_err().code(), "anchor-other-log");
    }

    #[test]
    fn a_torn_write_leaves_the_earlier_mark() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log.anchor");
        let mut anchor = Anchor::create(&path, mark(1)).unwrap();
        anchor.advance(mark(2)).unwrap();
        let whole = std::fs::read(&path).unwrap();
        for torn in [1, 16, 100, USED_BYTES - 1] {
            let mut bytes = whole.clone();
            let slot = slot_of(4) * SLOT_BYTES;
            bytes[slot..slot + torn].copy_from_slice(&encode(4, &mark(3))[..torn]);
            std::fs::write(&path, &bytes).unwrap();
            let reopened = Anchor::open(&path, mark(1).log).unwrap().mark();
            assert_eq!(reopened, mark(2), "torn after {torn} bytes");
        }
    }

    #[test]
    fn every_flipped_bit_of_the_file_costs_its_slot() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log.anchor");
        Anchor::create(&path, mark(1)).unwrap();
        let whole = std::fs::read(&path).unwrap();
        for at in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes[at] ^= 1 << (at % 8);
            let Slots(slots) = Slots::parse(&bytes).unwrap();
            assert_eq!(slots.iter().filter(|slot| slot.is_none()).count(), 1, "byte {at}");
        }
    }

    #[test]
    fn a_file_of_another_length_is_damaged() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log.anchor");
        Anchor::create(&path, mark(1)).unwrap();
        let whole = std::fs::read(&path).unwrap();
        for bytes in [&whole[..0], &whole[..whole.len() - 1], &[whole.clone(), vec![0]].concat()] {
            std::fs::write(&path, bytes).unwrap();
            assert_eq!(Slots::read(&path).unwrap_err().code(), "anchor-damaged");
        }
    }
}
