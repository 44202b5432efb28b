//! What is signed and not yet known to be logged, kept so that no crash loses a number or sends other bytes under it.
//!
//! One folder for each log, key and tenant holds a `journal` and a `lock`. The journal's first line names the stream and the
//! next number at the time of writing; then come lines that are only ever added: `put <id> <hex>` for a statement, `end <id>` when the log has it, `refused <id>` when the log will never have it. A statement is on disk, synced, before it is sent,
//! and with it its number; an `end` that a crash loses means that the same bytes are sent again, which the log answers
//! with the place they already have.

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;
use schemas::envelope::Statement;
use schemas::ids::{KeyId, LogId, StatementId, StreamId};
use schemas::text::Tenant;
use thiserror::Error;

mod journal;

use journal::{Header, Journal};

/// Whose spool it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpoolName {
    /// The log that the statements are for.
    pub log: LogId,
    /// The key that signs them.
    pub kid: KeyId,
    /// The tenant that they are of.
    pub tenant: Tenant,
}

/// An open spool. No other process has it open.
#[derive(Debug)]
pub struct Spool {
    folder: PathBuf,
    journal: File,
    header: Header,
    next: u64,
    /// Statements that the log is not known to have, in the order of their numbers.
    unsent: BTreeMap<u64, Statement>,
    /// Numbers that the log refused, to be declared void.
    refused: Vec<u64>,
    _lock: File,
}

impl Spool {
    /// Opens the spool in `root`, making it where there is none.
    pub fn open(root: &Path, name: &SpoolName) -> Result<Self, SpoolError> {
        let folder =
            root.join(name.log.to_hex()).join(name.kid.to_hex()).join(format!("tenant-{}", name.tenant));
        DirBuilder::new().recursive(true).mode(0o700).create(&folder).map_err(|e| io_error(&folder, e))?;
        let lock = take_lock(&folder)?;
        let path = folder.join("journal");
        if !path.exists() {
            let header = Header::new(name, new_stream()?);
            replace_journal(&folder, &header)?;
        }
        let Journal { header, next, unsent, refused, end, .. } = Journal::read(&path, name)?;
        let journal = OpenOptions::new().append(true).open(&path).map_err(|e| io_error(&path, e))?;
        // A line that a crash cut short was never synced, so its statement was never sent.
        journal.set_len(end).map_err(|e| io_error(&path, e))?;
        Ok(Self { folder, journal, header, next, unsent, refused, _lock: lock })
    }

    /// The stream that numbers count in.
    pub fn stream(&self) -> StreamId {
        self.header.stream
    }

    /// The number that the next statement gets.
    pub fn next(&self) -> u64 {
        self.next
    }

    /// Statements that the log is not known to have, in the order of their numbers.
    pub fn unsent(&self) -> impl Iterator<Item = &Statement> {
        self.unsent.values()
    }

    /// Numbers that the log refused and that no statement has declared void yet.
    pub fn refused(&self) -> &[u64] {
        &self.refused
    }

    /// Keeps statements, which carry this stream and the next numbers in order. When this returns they survive a crash.
    pub fn put(&mut self, statements: Vec<Statement>) -> Result<(), SpoolError> {
        let mut lines = String::new();
        for (statement, expected) in statements.iter().zip(self.next..) {
            let payload = &statement.payload;
            if payload.stream != Some(self.header.stream) || payload.seq != Some(expected) {
                return Err(SpoolError::Number { expected, got: payload.seq });
            }
            lines.push_str(&journal::put_line(statement));
        }
        self.append(&lines, true)?;
        for statement in statements {
            self.unsent.insert(self.next, statement);
            self.next = self.next.saturating_add(1);
        }
        Ok(())
    }

    /// Notes of statements that the log has them, or will never have them. Not synced: a note that is lost is made again.
    pub fn settle(&mut self, fates: &[(StatementId, Fate)]) -> Result<(), SpoolError> {
        let numbers: BTreeMap<StatementId, u64> = self.unsent.iter().map(|(seq, s)| (s.id(), *seq)).collect();
        let known: Vec<_> =
            fates.iter().filter_map(|(id, fate)| Some((id, *fate, *numbers.get(id)?))).collect();
        let lines: String = known.iter().map(|(id, fate, _)| journal::fate_line(id, *fate)).collect();
        self.append(&lines, false)?;
        for (_, fate, seq) in known {
            let settled = self.unsent.remove(&seq).is_some();
            if settled && fate == Fate::Refused {
                self.refused.push(seq);
            }
        }
        Ok(())
    }

    /// Notes that a logged statement declares these numbers void.
    pub fn voided(&mut self, numbers: &[u64]) {
        self.refused.retain(|seq| !numbers.contains(seq));
    }

    /// Shortens the journal to its first line where nothing is left to be sent.
    pub fn compact(&mut self) -> Result<(), SpoolError> {
        if !self.unsent.is_empty() {
            return Ok(());
        }
        let mut header = self.header.clone();
        header.next = self.next;
        header.refused.clone_from(&self.refused);
        self.journal = replace_journal(&self.folder, &header)?;
        self.header = header;
        Ok(())
    }

    fn append(&mut self, lines: &str, sync: bool) -> Result<(), SpoolError> {
        let mut write = || -> io::Result<()> {
            let before = self.journal.metadata()?.len();
            let written = self.journal.write_all(lines.as_bytes());
            let written = written.and_then(|()| if sync { self.journal.sync_data() } else { Ok(()) });
            // What was not wholly written must not be taken for written when the spool is next opened.
            written.inspect_err(|_| drop(self.journal.set_len(before)))
        };
        write().map_err(|e| io_error(&self.folder, e))
    }
}

/// What became of a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// The log has it.
    Logged,
    /// The log refuses it for good.
    Refused,
}

fn new_stream() -> Result<StreamId, SpoolError> {
    let mut bytes = [0; StreamId::LEN];
    getrandom::fill(&mut bytes).map_err(|e| SpoolError::Randomness { detail: e.to_string() })?;
    Ok(StreamId::new(bytes))
}

fn take_lock(folder: &Path) -> Result<File, SpoolError> {
    let path = folder.join("lock");
    let lock = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(&path);
    let lock = lock.map_err(|e| io_error(&path, e))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(SpoolError::Busy { folder: folder.into() }),
        Err(TryLockError::Error(e)) => Err(io_error(&path, e)),
    }
}

/// Puts a journal with only a first line in the place of whatever is there, so that a crash leaves the one or the other.
fn replace_journal(folder: &Path, header: &Header) -> Result<File, SpoolError> {
    let (path, fresh) = (folder.join("journal"), folder.join("journal.new"));
    let write = || -> io::Result<File> {
        let mut file = OpenOptions::new().create(true).write(true).truncate(true).mode(0o600).open(&fresh)?;
        file.write_all(header.line().as_bytes())?;
        file.sync_all()?;
        fs::rename(&fresh, &path)?;
        File::open(folder)?.sync_all()?;
        OpenOptions::new().append(true).open(&path)
    };
    write().map_err(|e| io_error(&path, e))
}

fn io_error(path: &Path, source: io::Error) -> SpoolError {
    SpoolError::Io { path: path.into(), source }
}

fn hex(bytes: &[u8]) -> String {
    HEXLOWER.encode(bytes)
}

/// Why a spool cannot be used.
#[derive(Debug, Error)]
pub enum SpoolError {
    /// Another process has it open.
    #[error("another process is sending with this key: {} is locked", folder.display())]
    Busy {
        /// The spool's folder.
        folder: PathBuf,
    },
    /// The journal says something that was never written there.
    #[error("{}, line {line}: {detail}", path.display())]
    Corrupt {
        /// The journal.
        path: PathBuf,
        /// Number of the line, from 1.
        line: usize,
        /// What is wrong with it.
        detail: String,
    },
    /// A statement with another number than the next.
    #[error("a statement has the number {got:?}, the spool's next is {expected}")]
    Number {
        /// The next number.
        expected: u64,
        /// The statement's.
        got: Option<u64>,
    },
    /// The system gave no randomness.
    #[error("no randomness for a stream id: {detail}")]
    Randomness {
        /// What the system said.
        detail: String,
    },
    /// The file system refused.
    #[error("{}: {source}", path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl SpoolError {
    /// Stable name of the error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Busy { .. } => "spool-busy",
            Self::Corrupt { .. } => "spool-corrupt",
            Self::Number { .. } => "spool-number",
            Self::Randomness { .. } => "no-randomness",
            Self::Io { .. } => "spool-io",
        }
    }
}

#[cfg(test)]
mod tests;
