//! How far a log was verified, in a file: what is needed to go on from there, and to notice a log that does not.
//!
//! Canonical CBOR, written whole or not at all, closed by the digest of a bundle. It is bound to the log's genesis and to the key
//! that signed its head: another log never starts it anew.

use std::path::{Path, PathBuf};

use schemas::canonical;
use schemas::digest;
use schemas::envelope::Statement;
use schemas::ids::{ByteString, EntryHash, KeyId, StreamId};
use schemas::note::Note;
use schemas::payload::Body;
use schemas::text::Tenant;
use schemas::time::{Index, Time};
use schemas::tree::TreeHash;
use verifier::log::{LogVerifier, Prepared};
use verifier::merkle::TreeHasher;

use super::coverage::{Coverage, StreamRow};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::file;

/// First item of every state file.
const MAGIC: &str = "writ/log-state/1";

/// Largest state file, in bytes: some hundred thousand emitters' sequences.
const STATE_BYTES_MAX: usize = 64 * 1024 * 1024;

/// A `key` or `genesis` statement at its place.
type KeyRow = (Index, Time, ByteString);

/// Size, time of the first and of the last entry, hash of the last one.
type Position = (u64, Time, Time, EntryHash);

/// A sequence: key, tenant, stream, signer, runs of numbers, the last number that the emitter says it gave out.
type Row = (KeyId, Tenant, StreamId, String, Vec<(u64, u64)>, Vec<u64>);

type Parts = (String, String, Position, Vec<TreeHash>, Vec<KeyRow>, (u64, u64), Vec<Row>, ByteString);

/// The file.
#[derive(Clone, Debug)]
pub(in crate::commands) struct StateFile {
    path: PathBuf,
}

/// What was verified so far, with nothing wrong in it.
#[derive(Clone, Debug)]
pub(in crate::commands) struct State {
    pub(in crate::commands) verifier: LogVerifier,
    pub(in crate::commands) coverage: Coverage,
    /// Genesis and all `key` statements.
    pub(in crate::commands) keys: Keys,
    /// Time of the first entry.
    pub(in crate::commands) first: Option<Time>,
    /// Entries of a form that this program does not know.
    pub(in crate::commands) unknown: u64,
}

/// The statements that decide over keys, at their places.
#[derive(Clone, Debug, Default)]
pub(in crate::commands) struct Keys {
    rows: Vec<KeyRow>,
    seen: u64,
}

impl Keys {
    /// Meets the next entry.
    pub(in crate::commands) fn see(&mut self, entry: &Prepared) {
        let index = Index(self.seen);
        self.seen += 1;
        let (Some(time), Some(statement)) = (entry.time(), entry.statement()) else { return };
        if matches!(statement.payload.body, Body::Genesis(_) | Body::Key(_)) {
            self.rows.push((index, time, ByteString(statement.envelope.bytes().to_vec())));
        }
    }
}

impl State {
    /// Before the first entry.
    pub(in crate::commands) fn begin() -> Self {
        Self {
            verifier: LogVerifier::new(),
            coverage: Coverage::default(),
            keys: Keys::default(),
            first: None,
            unknown: 0,
        }
    }

    pub(in crate::commands) fn size(&self) -> u64 {
        self.verifier.size()
    }

    fn encode(&self, note: &Note) -> Result<Vec<u8>, String> {
        let (Some(first), Some(last), Some(chain)) =
            (self.first, self.verifier.time(), self.verifier.chain_head())
        else {
            return Err("no entry was verified".into());
        };
        let parts: Parts = (
            MAGIC.into(),
            note.to_string(),
            (self.size(), first, last, chain),
            self.verifier.tree().subtrees().to_vec(),
            self.keys.rows.clone(),
            (self.unknown, self.coverage.conflicts()),
            self.coverage.rows().map(row).collect(),
            digest::placeholder(),
        );
        let bytes = digest::close(canonical::to_vec(&parts).map_err(|e| e.to_string())?);
        if bytes.len() > STATE_BYTES_MAX {
            return Err(format!("{} bytes; a state file has at most {STATE_BYTES_MAX}", bytes.len()));
        }
        Ok(bytes)
    }

    fn decode(bytes: &[u8]) -> Result<(Note, Self), String> {
        if bytes.len() > STATE_BYTES_MAX {
            return Err(format!("it has more than {STATE_BYTES_MAX} bytes"));
        }
        let parts: Parts = canonical::from_slice(bytes).map_err(|e| e.to_string())?;
        let (magic, note, (size, first, last, chain), subtrees, rows, (unknown, conflicts), streams, closing) =
            parts;
        if magic != MAGIC {
            return Err(format!("its first item is `{magic}`, expected `{MAGIC}`"));
        }
        digest::check(bytes, &closing)
            .map_err(|other| format!("its bytes hash to {}, its end says {}", other.got, other.expected))?;
        let note = Note::parse(note.as_bytes()).map_err(|e| e.to_string())?;
        let tree = TreeHasher::resume(size, subtrees).ok_or("its tree is not one of its size")?;
        let mut statements = Vec::with_capacity(rows.len());
        for (index, time, statement) in &rows {
            let statement = Statement::decode(&statement.0).map_err(|e| e.to_string())?;
            statements.push((*index, *time, statement));
        }
        let verifier = LogVerifier::resume(tree, (last, chain), &statements).map_err(|e| e.to_string())?;
        let coverage = Coverage::resume(streams.into_iter().map(stream_row), conflicts);
        let keys = Keys { rows, seen: size };
        Ok((note, Self { verifier, coverage, keys, first: Some(first), unknown }))
    }
}

fn row(row: StreamRow) -> Row {
    let StreamRow { kid, tenant, stream, iss, runs, reached } = row;
    (kid, tenant, stream, iss, runs, reached.into_iter().collect())
}

fn stream_row((kid, tenant, stream, iss, runs, reached): Row) -> StreamRow {
    StreamRow { kid, tenant, stream, iss, runs, reached: reached.into_iter().next() }
}

impl StateFile {
    pub(in crate::commands) fn new(path: &Path) -> Self {
        Self { path: path.into() }
    }

    pub(in crate::commands) fn path(&self) -> &Path {
        &self.path
    }

    /// The state and the signed head that it was verified under; nothing where there is no file yet.
    pub(in crate::commands) fn read(&self) -> Result<Option<(Note, State)>, Failure> {
        if !self.path.exists() {
            return Ok(None);
        }
        let bytes = file::read(&self.path, STATE_BYTES_MAX, "state-unreadable")?;
        State::decode(&bytes).map(Some).map_err(|detail| {
            let path = self.path.display();
            Failure::new("state-damaged", format!("{path} is no state that can be gone on from: {detail}"))
                .exit(Exit::Tampered)
                .next(format!(
                    "keep {path} if that was nobody's mistake, and verify the whole log into another --state FILE"
                ))
        })
    }

    /// Replaces the file, durably.
    pub(in crate::commands) fn write(&self, note: &Note, state: &State) -> Result<(), Failure> {
        let bytes = state.encode(note).map_err(|detail| {
            Failure::new("state-unwritable", format!("{}: {detail}", self.path.display()))
                .next("writ verify log without --state")
        })?;
        file::replace(&self.path, &bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testlog::TestLog;

    /// A log of five entries.
    fn log() -> TestLog {
        let mut log = TestLog::new();
        for at in 1..5 {
            let statement = log.note_by_registrar(at, "more");
            log.append(&statement);
        }
        log
    }

    /// The state after some of them.
    fn after(log: &TestLog, size: usize) -> State {
        let mut state = State::begin();
        go_on(&mut state, &log.entries[..size]);
        state
    }

    fn go_on(state: &mut State, entries: &[Vec<u8>]) {
        for entry in entries {
            let entry = Prepared::new(entry);
            state.first = state.first.or(entry.time());
            state.keys.see(&entry);
            assert_eq!(state.verifier.place(entry).check(), None);
        }
    }

    #[test]
    fn a_state_that_was_written_goes_on_to_the_same_end() {
        let log = log();
        let whole = after(&log, 5).encode(&log.head(5)).unwrap();
        for size in 1..=5 {
            let bytes = after(&log, size).encode(&log.head(5)).unwrap();
            let (note, mut resumed) = State::decode(&bytes).unwrap();
            assert_eq!(note, log.head(5));
            assert_eq!(resumed.encode(&note).unwrap(), bytes);
            go_on(&mut resumed, &log.entries[size..]);
            assert!(resumed.encode(&note).unwrap() == whole, "from {size}");
        }
    }

    #[test]
    fn a_state_with_any_bit_flipped_is_refused() {
        let log = log();
        let state = after(&log, 3);
        let bytes = state.encode(&log.head(3)).unwrap();
        for at in 0..bytes.len() {
            for bit in 0..8 {
                let mut changed = bytes.clone();
                changed[at] ^= 1 << bit;
                assert!(State::decode(&changed).is_err(), "byte {at}, bit {bit}");
            }
        }
        assert!(State::decode(&bytes[..bytes.len() - 1]).is_err());
    }

    #[test]
    fn a_file_is_replaced_whole_and_a_missing_one_is_no_state() {
        let folder = tempfile::tempdir().unwrap();
        let file = StateFile::new(&folder.path().join("log.state"));
        assert!(file.read().unwrap().is_none());
        let log = log();
        for size in [2, 4] {
            let state = after(&log, size);
            file.write(&log.head(5), &state).unwrap();
            assert_eq!(file.read().unwrap().unwrap().1.size(), size as u64);
        }
        std::fs::write(file.path(), b"nonsense").unwrap();
        assert_eq!(file.read().unwrap_err().exit, Exit::Tampered);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");
    }
}
