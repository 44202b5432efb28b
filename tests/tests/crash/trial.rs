//! A log to start from, and copies of it that a fault happens to.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use serde_json::json;
use tempfile::TempDir;

use crate::figures::Figures;
use crate::harness::{Draft, Person, Place, Ran, Server, copy_folder, fsck, next_random};
use crate::receipts::{End, Receipts, Script, check};

/// Code of `writd` where the store is older than its anchor, or another history.
pub(crate) const ROLLBACK: i32 = 15;
/// Code of `writd` where what is stored is not what was written.
pub(crate) const TAMPERED: i32 = 10;

/// Bytes of filling in a large statement, and how many of those fit into one request.
const LARGE_BYTES: usize = 60_000;
pub(crate) const LARGE_AT_ONCE: usize = 60;

/// A log with a few entries, whose server was killed: what it wrote is in the write-ahead log.
pub(crate) struct Base {
    pub(crate) place: Place,
    pub(crate) alice: Person,
    /// Entries in it.
    size: u64,
    /// What a trial sends: one by one, many, and one that was sent before.
    pub(crate) script: Vec<Vec<Vec<u8>>>,
}

/// A copy of a base.
pub(crate) struct Trial<'b> {
    pub(crate) base: &'b Base,
    folder: TempDir,
    pub(crate) receipts: Receipts,
}

impl Base {
    pub(crate) fn new() -> Self {
        Self::of(Place::init())
    }

    /// The same in a place that was made already.
    pub(crate) fn of(place: Place) -> Self {
        let server = place.serve();
        let alice = Person::new(1, "user:alice@corp");
        place.register(&server, &[(&alice, &["principal"])]);
        for n in 0..3 {
            server.append(&alice.sign(&Draft::note(&place.log(), &format!("before {n}"))));
        }
        let size = server.http.size();
        server.kill();
        let note = |n: u32| alice.sign(&Draft::note(&place.log(), &format!("trial {n}")));
        let script = vec![
            vec![note(0)],
            vec![note(1)],
            (2..7).map(note).collect(),
            vec![note(1)],
            vec![note(7)],
            (8..11).map(note).collect(),
            vec![note(11)],
        ];
        Self { place, alice, size, script }
    }

    /// A statement that takes much room. Its bytes are like noise, so that they stay as many when they are compressed.
    pub(crate) fn large(&self, note: &str) -> Vec<u8> {
        let mut seed = note.len() as u64 ^ note.bytes().fold(0, |sum, byte| sum * 31 + u64::from(byte));
        let noise: String =
            (0..LARGE_BYTES / 16).map(|_| format!("{:016x}", next_random(&mut seed))).collect();
        let draft = Draft::note(&self.place.log(), &format!("large {note}"));
        self.alice.sign(&draft.with("ext", json!({"urn:writ:test:noise": noise})))
    }

    pub(crate) fn trial(&self) -> Trial<'_> {
        let folder = TempDir::with_prefix("crash-").unwrap();
        let receipts = Receipts::new(folder.path().join("receipts"));
        let trial = Trial { base: self, folder, receipts };
        copy_folder(&self.place.data(), &trial.data());
        fs::copy(self.place.anchor(), trial.anchor()).unwrap();
        trial
    }
}

impl Trial<'_> {
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.path("log")
    }

    pub(crate) fn anchor(&self) -> PathBuf {
        self.path("log.anchor")
    }

    /// The store's write-ahead log: the newest one.
    pub(crate) fn wal(&self) -> PathBuf {
        let store = self.data().join("store");
        // Not one that was put aside.
        let is_wal = |path: &PathBuf| {
            path.parent() == Some(&store) && path.extension().is_some_and(|extension| extension == "log")
        };
        crate::harness::files_below(&store)
            .into_iter()
            .rfind(is_wal)
            .expect("a store without a write-ahead log")
    }

    pub(crate) fn start(&self) -> Result<Server, Ran> {
        Server::start(&self.data(), &self.anchor())
    }

    /// Starts a server, appends the script, and kills the server: all of it is acknowledged and in the write-ahead log.
    pub(crate) fn fill_and_kill(&mut self) {
        let server = self.start().unwrap();
        assert!(matches!(self.receipts.send(&server.http, &self.base.script), End::Done));
        server.kill();
    }

    /// After the fault: starts the server, which must come up; every receipt must hold, everything can be sent again, nothing is
    /// there twice, and `writd fsck` agrees.
    pub(crate) fn must_recover(mut self, figures: &mut Figures) {
        figures.runs += 1;
        let receipts = self.receipts.load();
        figures.acknowledged += receipts.len() as u64;
        let server = self.start().unwrap_or_else(|ran| panic!("it did not come up: {ran}"));
        let checked = check(&self.base.place, &server.http, &receipts);
        figures.recovered += checked.honoured;
        figures.lost += checked.lost.len() as u64;
        assert!(checked.lost.is_empty(), "{}", checked.lost.join("\n"));
        let script: &Script = &self.base.script;
        let end = self.receipts.send(&server.http, script);
        assert!(matches!(end, End::Done), "sent again: {end:?}");
        let again = check(&self.base.place, &server.http, &self.receipts.load());
        assert!(again.lost.is_empty(), "sent again: {}", again.lost.join("\n"));
        let distinct = script.iter().flatten().collect::<BTreeSet<_>>().len() as u64;
        assert!(again.size >= self.base.size + distinct, "{} entries", again.size);
        server.stop();
        let fsck = fsck(&self.data());
        assert_eq!(fsck.code, 0, "{fsck}");
    }

    /// After the fault: the server must not come up, with this code, and say these words.
    pub(crate) fn must_refuse(self, figures: &mut Figures, code: i32, words: &[&str]) {
        figures.runs += 1;
        let acknowledged = self.receipts.load().len() as u64;
        figures.acknowledged += acknowledged;
        let refused = match self.start() {
            Err(refused) => refused,
            Ok(server) => {
                let checked = check(&self.base.place, &server.http, &self.receipts.load());
                figures.recovered += checked.honoured;
                figures.lost += checked.lost.len() as u64;
                panic!("it came up: {}", checked.lost.join("\n"));
            }
        };
        assert_eq!(refused.code, code, "{refused}");
        for word in words {
            assert!(refused.stderr.contains(word), "expected {word:?}: {refused}");
        }
        figures.withheld += acknowledged;
        *figures.refused.entry(format!("exit {code}")).or_default() += 1;
    }
}
