//! The heads that this machine has verified: no log may later show less, or something else.

use std::fs::{self, DirBuilder};
use std::io::Write as _;
use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;

use schemas::note::Note;
use schemas::payload::Seen;
use schemas::proof::ConsistencyProof;
use verifier::checkpoint::VerifiedHead;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::source::{LogSource, Proof};
use crate::trust::Trust;

/// A folder with one signed head a log.
#[derive(Debug)]
pub(crate) struct Heads {
    folder: PathBuf,
}

/// How a head stands to the one verified before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Since {
    /// Nothing was verified before.
    First,
    /// It is the same.
    Same,
    /// It goes on from this size.
    Grown(u64),
    /// It is an earlier one, which the later one of this size includes.
    Earlier(u64),
    /// It is an earlier one of a copy, and how the one of this size stands to it is for the server to show.
    Behind(u64),
}

impl Heads {
    pub(crate) fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// The last head verified under what is pinned now.
    pub(crate) fn last(&self, trust: &Trust) -> Option<VerifiedHead> {
        let bytes = fs::read(self.path(trust)).ok()?;
        trust.verify_head(&Note::parse(&bytes).ok()?).ok()
    }

    /// The last head, as statements name it.
    pub(crate) fn seen(&self, trust: &Trust) -> Option<Seen> {
        let head = self.last(trust).filter(|head| head.size() > 0)?;
        Some(Seen { size: head.size(), root: head.root() })
    }

    /// Holds a verified head against the last one, and keeps the larger of the two.
    pub(crate) fn advance(
        &self,
        trust: &Trust,
        log: &dyn LogSource,
        note: &Note,
        head: &VerifiedHead,
    ) -> Result<Since, Failure> {
        let since = match self.last(trust) {
            Some(last) => compare(&last, head, log)?,
            None => Since::First,
        };
        if matches!(since, Since::First | Since::Grown(_)) {
            self.write(trust, note)?;
        }
        Ok(since)
    }

    fn path(&self, trust: &Trust) -> PathBuf {
        let policy = trust.policy();
        let name = match (policy.genesis(), policy.logs().first()) {
            (Some(genesis), _) => genesis.to_hex(),
            (None, Some(log)) => format!("key-{}", log.key.public_key()),
            (None, None) => "none".into(),
        };
        self.folder.join(name)
    }

    fn write(&self, trust: &Trust, note: &Note) -> Result<(), Failure> {
        let path = self.path(trust);
        let fresh = path.with_extension(format!("new-{}", std::process::id()));
        let write = || {
            DirBuilder::new().recursive(true).mode(0o700).create(&self.folder)?;
            let mut file = fs::File::create(&fresh)?;
            file.write_all(note.to_string().as_bytes())?;
            file.sync_all()?;
            fs::rename(&fresh, &path)
        };
        write().map_err(|e: std::io::Error| Failure::new("head-store", format!("{}: {e}", path.display())))
    }
}

/// How a head stands to an earlier verified one, by a proof that the log gives.
pub(crate) fn compare(
    last: &VerifiedHead,
    head: &VerifiedHead,
    log: &dyn LogSource,
) -> Result<Since, Failure> {
    if head.size() == last.size() {
        if head.root() == last.root() {
            return Ok(Since::Same);
        }
        return Err(split(last, head));
    }
    let (earlier, later) = if head.size() < last.size() { (head, last) } else { (last, head) };
    if earlier.size() == 0 {
        return Ok(Since::Grown(0));
    }
    let rolled_back = || {
        let what = format!(
            "the log {} shows {} entries and cannot account for those that it showed before",
            head.origin(),
            head.size()
        );
        Failure::new("rollback", what)
            .values(
                format!("at least {} entries, root {}", last.size(), last.root()),
                format!("{} entries", head.size()),
            )
            .exit(Exit::Rollback)
            .next(
                "ask who runs the log for the missing entries; keep this machine's state folder as evidence",
            )
    };
    let shrunk = head.size() < last.size();
    let path = match log.consistency(earlier.size(), later.size())? {
        Proof::Path(path) => path,
        Proof::Refused(_) if shrunk => return Err(rolled_back()),
        Proof::Refused(failure) => return Err(failure),
        Proof::Behind => return Ok(Since::Behind(last.size())),
    };
    let proof = ConsistencyProof { first: earlier.size(), second: later.size(), path };
    match earlier.verify_consistency(&proof, later) {
        Ok(_) if shrunk => Ok(Since::Earlier(last.size())),
        Ok(_) => Ok(Since::Grown(last.size())),
        Err(_) => Err(split(last, head)),
    }
}

fn split(last: &VerifiedHead, head: &VerifiedHead) -> Failure {
    let what = format!("the log {} has signed two histories", head.origin());
    Failure::new("split-view", what)
        .values(
            format!("a continuation of {} entries with root {} (verified before)", last.size(), last.root()),
            format!("{} entries with root {}", head.size(), head.root()),
        )
        .exit(Exit::Tampered)
        .next("keep both heads as evidence: the log's key has signed each")
}

#[cfg(test)]
mod tests {
    use schemas::tree::TreeHash;

    use super::*;
    use crate::testlog::{TestLog, serve};

    struct Desk {
        log: TestLog,
        heads: Heads,
        _folder: tempfile::TempDir,
    }

    impl Desk {
        /// A log of four entries of which three were verified before.
        fn new() -> Self {
            let mut log = TestLog::new();
            for at in 1..4 {
                let statement = log.note_by_registrar(at, "more");
                log.append(&statement);
            }
            let folder = tempfile::tempdir().unwrap();
            let desk = Self { log, heads: Heads::new(folder.path().join("heads")), _folder: folder };
            assert_eq!(desk.advance(3, vec![]).unwrap(), Since::First);
            desk
        }

        fn advance(&self, size: u64, answers: Vec<(String, Vec<u8>)>) -> Result<Since, Failure> {
            self.advance_to(&self.log.head(size), answers)
        }

        fn advance_to(&self, note: &Note, answers: Vec<(String, Vec<u8>)>) -> Result<Since, Failure> {
            let trust = self.log.trust();
            let head = trust.verify_head(note).unwrap();
            self.heads.advance(&trust, &serve(answers), note, &head)
        }

        fn proof(&self, first: u64, second: u64) -> (String, Vec<u8>) {
            let path = self.log.consistency(first, second);
            let json = serde_json::json!({ "path": path });
            (format!("/v1/proofs/consistency?first={first}&second={second}"), json.to_string().into_bytes())
        }

        fn last(&self) -> u64 {
            self.heads.seen(&self.log.trust()).unwrap().size
        }
    }

    #[test]
    fn a_log_that_grew_is_followed() {
        let desk = Desk::new();
        assert_eq!(desk.advance(3, vec![]).unwrap(), Since::Same);
        assert_eq!(desk.advance(4, vec![desk.proof(3, 4)]).unwrap(), Since::Grown(3));
        assert_eq!(desk.last(), 4);
    }

    #[test]
    fn an_earlier_head_of_a_log_that_still_has_the_later_one_is_no_rollback() {
        let desk = Desk::new();
        assert_eq!(desk.advance(2, vec![desk.proof(2, 3)]).unwrap(), Since::Earlier(3));
        assert_eq!(desk.last(), 3, "the larger head is kept");
    }

    #[test]
    fn a_log_that_no_longer_has_what_it_showed_was_rolled_back() {
        let desk = Desk::new();
        let failure = desk.advance(2, vec![]).unwrap_err();
        assert_eq!((failure.exit, failure.code.as_str()), (Exit::Rollback, "rollback"));
        assert_eq!(desk.last(), 3);
    }

    #[test]
    fn two_histories_under_one_key_are_tampering() {
        let desk = Desk::new();
        let other = TreeHash::new([7; 32]);
        let same_size = desk.advance_to(&desk.log.sign_head(3, other), vec![]).unwrap_err();
        assert_eq!((same_size.exit, same_size.code.as_str()), (Exit::Tampered, "split-view"));
        let larger = desk.advance_to(&desk.log.sign_head(4, other), vec![desk.proof(3, 4)]).unwrap_err();
        assert_eq!((larger.exit, larger.code.as_str()), (Exit::Tampered, "split-view"));
        assert_eq!(desk.last(), 3);
    }

    #[test]
    fn heads_of_another_log_do_not_count() {
        let desk = Desk::new();
        assert!(desk.heads.seen(&TestLog::new().trust()).is_none());
    }
}
