//! Every head that this machine ever met of a log, in the order in which it met them: a file that only grows.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, ErrorKind, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

use schemas::limits::NOTE_BYTES_MAX;
use schemas::note::Note;
use schemas::tree::TreeHash;
use serde::{Deserialize, Serialize};

use crate::failure::Failure;
use crate::moment;

/// Longest line that is read, in bytes: a note's newlines take two characters each.
const LINE_BYTES_MAX: u64 = 2 * NOTE_BYTES_MAX as u64 + 4_096;

/// One line of the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kept", rename_all = "kebab-case")]
pub(crate) enum Kept {
    /// A signed head that was shown here.
    Head {
        /// When, in milliseconds since the epoch by this machine's clock.
        at: u64,
        /// Who showed it.
        from: String,
        size: u64,
        root: TreeHash,
        /// The signed note, word for word.
        note: String,
    },
    /// A head that a statement says its emitter has seen; nobody signed it for us.
    Seen {
        at: u64,
        /// Index of the statement's entry.
        index: u64,
        /// Who signed the statement.
        iss: String,
        size: u64,
        root: TreeHash,
        /// Whether the log's own tree has that root at that size.
        confirmed: bool,
    },
    /// All entries below this size were read for what their emitters have seen.
    Read { at: u64, size: u64 },
}

impl Kept {
    /// A head that somebody showed just now.
    pub(crate) fn head(from: &str, size: u64, root: TreeHash, note: &Note) -> Self {
        Self::Head { at: moment::now().0, from: from.into(), size, root, note: note.to_string() }
    }
}

/// The file.
#[derive(Clone, Debug)]
pub(crate) struct KeptHeads {
    path: PathBuf,
}

impl KeptHeads {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// Adds a line, durably.
    pub(crate) fn add(&self, kept: &Kept) -> Result<(), Failure> {
        let line = serde_json::to_string(kept).map_err(|e| Failure::new("json-encode", e.to_string()))?;
        let write = || {
            let mut file =
                OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(&self.path)?;
            // A line that a crash has cut stays alone on its line.
            let lead = if is_cut(&mut file)? { "\n" } else { "" };
            file.write_all(format!("{lead}{line}\n").as_bytes())?;
            file.sync_data()
        };
        write().map_err(|e| self.failed(&e))
    }

    /// The lines, oldest first, read one by one. What is no line of ours is passed over: a crash may have cut it.
    pub(crate) fn all(&self) -> Result<impl Iterator<Item = Result<Kept, Failure>> + use<'_>, Failure> {
        let file = match File::open(&self.path) {
            Ok(file) => Some(BufReader::new(file)),
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => return Err(self.failed(&error)),
        };
        Ok(file.into_iter().flat_map(|mut file| {
            std::iter::from_fn(move || next_line(&mut file).transpose()).filter_map(|line| match line {
                Ok(line) => serde_json::from_slice(&line).ok().map(Ok),
                Err(error) => Some(Err(self.failed(&error))),
            })
        }))
    }

    fn failed(&self, error: &std::io::Error) -> Failure {
        Failure::new("head-store", format!("{}: {error}", self.path.display()))
    }
}

/// The next line with its newline; nothing at the end.
fn next_line(file: &mut BufReader<File>) -> std::io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    let read = file.take(LINE_BYTES_MAX).read_until(b'\n', &mut line)?;
    Ok((read > 0).then_some(line))
}

fn is_cut(file: &mut File) -> std::io::Result<bool> {
    if file.metadata()?.len() == 0 {
        return Ok(false);
    }
    let mut last = [0];
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut last)?;
    Ok(last != *b"\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(size: u64) -> Kept {
        Kept::Read { at: 5, size }
    }

    fn all(heads: &KeptHeads) -> Vec<Kept> {
        heads.all().unwrap().map(Result::unwrap).collect()
    }

    #[test]
    fn what_was_kept_is_read_back_in_its_order() {
        let folder = tempfile::tempdir().unwrap();
        let heads = KeptHeads::new(folder.path().join("heads"));
        assert_eq!(all(&heads), []);
        let root = TreeHash::new([7; 32]);
        let seen = Kept::Seen { at: 1, index: 3, iss: "user:a".into(), size: 2, root, confirmed: false };
        let log = crate::testlog::TestLog::new();
        let head = Kept::head("http://a", 1, root, &log.head(1));
        for line in [&head, &seen, &kept(9)] {
            heads.add(line).unwrap();
        }
        assert_eq!(all(&heads), [head, seen, kept(9)]);
    }

    #[test]
    fn a_line_that_a_crash_has_cut_costs_only_itself() {
        let folder = tempfile::tempdir().unwrap();
        let heads = KeptHeads::new(folder.path().join("heads"));
        for size in 0..3 {
            heads.add(&kept(size)).unwrap();
        }
        let whole = std::fs::read(&heads.path).unwrap();
        for cut in 1..whole.len() / 3 {
            std::fs::write(&heads.path, &whole[..whole.len() - cut]).unwrap();
            heads.add(&kept(7)).unwrap();
            let left = if cut == 1 {
                vec![kept(0), kept(1), kept(2), kept(7)]
            } else {
                vec![kept(0), kept(1), kept(7)]
            };
            assert_eq!(all(&heads), left, "{cut} bytes cut");
        }
    }
}
