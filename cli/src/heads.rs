//! The heads that this machine has met: no log may later show less than the one verified last, or something else.

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder};
use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;

use schemas::note::Note;
use schemas::payload::Seen;
use schemas::tree::TreeHash;
use verifier::checkpoint::VerifiedHead;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::file;
use crate::fork;
use crate::source::LogSource;
use crate::trust::Trust;

mod kept;
mod since;

pub(crate) use kept::{Kept, KeptHeads};
use since::split;
pub(crate) use since::{Since, compare};

/// Heads no larger than one that was rolled back to which are held against it, the largest first: the one before it is enough,
/// unless what it was rolled back to was itself met before.
const HELD_AGAINST_MAX: usize = 8;

/// A folder with two files a log: the head verified last, and every head that was ever met; and with proofs of forks.
#[derive(Debug)]
pub(crate) struct Heads {
    folder: PathBuf,
}

impl Heads {
    pub(crate) fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// The last head verified under what is pinned now.
    pub(crate) fn last(&self, trust: &Trust) -> Option<VerifiedHead> {
        Some(self.last_note(trust)?.1)
    }

    /// The same with its note.
    fn last_note(&self, trust: &Trust) -> Option<(Note, VerifiedHead)> {
        let note = Note::parse(&fs::read(self.path(trust)).ok()?).ok()?;
        let head = trust.verify_head(&note).ok()?;
        Some((note, head))
    }

    /// The last head, as statements name it.
    pub(crate) fn seen(&self, trust: &Trust) -> Option<Seen> {
        let head = self.last(trust).filter(|head| head.size() > 0)?;
        Some(Seen { size: head.size(), root: head.root() })
    }

    /// Every head that was ever met of the log.
    pub(crate) fn kept(&self, trust: &Trust) -> Result<KeptHeads, Failure> {
        self.make_folder()?;
        Ok(KeptHeads::new(self.path(trust).with_extension("kept")))
    }

    /// Where the entries of the log that decide over its keys are kept.
    pub(crate) fn keys(&self, trust: &Trust) -> Result<PathBuf, Failure> {
        self.make_folder()?;
        Ok(self.path(trust).with_extension("keys"))
    }

    fn make_folder(&self) -> Result<(), Failure> {
        let made = DirBuilder::new().recursive(true).mode(0o700).create(&self.folder);
        made.map_err(|e| Failure::new("head-store", format!("{}: {e}", self.folder.display())))
    }

    /// Holds a verified head against the last one, and keeps the larger of the two.
    pub(crate) fn advance(
        &self,
        trust: &Trust,
        log: &dyn LogSource,
        note: &Note,
        head: &VerifiedHead,
    ) -> Result<Since, Failure> {
        self.advance_by(trust, &[log], note, head)
    }

    /// The same, where any of several servers may show how the heads stand to each other; the head is the first one's.
    ///
    /// Keeps the head before anything is concluded from it. Where the log forked, the proof of it is written beside it.
    pub(crate) fn advance_by(
        &self,
        trust: &Trust,
        logs: &[&dyn LogSource],
        note: &Note,
        head: &VerifiedHead,
    ) -> Result<Since, Failure> {
        let last = self.last_note(trust);
        if last.as_ref().is_none_or(|(_, last)| last.checkpoint() != head.checkpoint()) {
            let from = logs.first().map(|log| log.name()).unwrap_or_default();
            self.kept(trust)?.add(&Kept::head(&from, head.size(), head.root(), note))?;
        }
        let since = match &last {
            Some((last_note, last)) => {
                compare(last, head, logs).map_err(|failure| match failure.code.as_str() {
                    "split-view" => self.with_proof(failure, trust, [last_note, note], logs),
                    "rollback" => self.with_proof_below(failure, trust, note, head, logs),
                    _ => failure,
                })?
            }
            None => Since::First,
        };
        if matches!(since, Since::First | Since::Grown(_)) {
            file::replace(&self.path(trust), note.to_string().as_bytes())?;
        }
        Ok(since)
    }

    /// Adds to a failure the proof that both heads cannot be true, where anybody can show it.
    pub(crate) fn with_proof(
        &self,
        failure: Failure,
        trust: &Trust,
        heads: [&Note; 2],
        logs: &[&dyn LogSource],
    ) -> Failure {
        let proof = logs.iter().find_map(|log| fork::prove(trust, heads, *log));
        let Some(proof) = proof else { return failure };
        match self.make_folder().and_then(|()| fork::keep(&self.folder, heads, &proof)) {
            Ok(path) => forked(failure, &path),
            Err(_) => failure,
        }
    }

    /// The same for a head of which only size and root are known, if its note was ever met.
    pub(crate) fn with_proof_of(
        &self,
        failure: Failure,
        trust: &Trust,
        (size, root): (u64, TreeHash),
        note: &Note,
        log: &dyn LogSource,
    ) -> Result<Failure, Failure> {
        for line in self.kept(trust)?.all()? {
            let Kept::Head { size: of, root: with, note: met, .. } = line? else { continue };
            if (of, with) != (size, root) {
                continue;
            }
            if let Ok(met) = Note::parse(met.as_bytes()) {
                return Ok(self.with_proof(failure, trust, [&met, note], &[log]));
            }
        }
        Ok(failure)
    }

    /// A log that was rolled back may be another one already: heads that are no larger show it.
    fn with_proof_below(
        &self,
        failure: Failure,
        trust: &Trust,
        note: &Note,
        head: &VerifiedHead,
        logs: &[&dyn LogSource],
    ) -> Failure {
        let Ok(earlier) = self.kept(trust).and_then(|kept| below(&kept, head)) else { return failure };
        let with_proof = |failure: Failure, earlier: &Note| match failure.more.evidence {
            None => self.with_proof(failure, trust, [earlier, note], logs),
            Some(_) => failure,
        };
        earlier.iter().rev().fold(failure, with_proof)
    }

    /// Holds a verified head against the last one with no log at hand, and keeps nothing.
    pub(crate) fn hold(&self, trust: &Trust, head: &VerifiedHead) -> Result<Since, Failure> {
        match self.last(trust) {
            Some(last) if last.size() == head.size() && last.root() != head.root() => Err(split(&last, head)),
            Some(last) if last.size() == head.size() => Ok(Since::Same),
            Some(last) => Ok(Since::Behind(last.size())),
            None => Ok(Since::First),
        }
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
}

/// The largest heads that were kept and are no larger than this one, ascending.
fn below(kept: &KeptHeads, head: &VerifiedHead) -> Result<Vec<Note>, Failure> {
    let mut largest: BTreeMap<(u64, String), String> = BTreeMap::new();
    for line in kept.all()? {
        let Kept::Head { size, root, note, .. } = line? else { continue };
        if size > 0 && size <= head.size() && (size, root) != (head.size(), head.root()) {
            largest.insert((size, root.to_hex()), note);
        }
        if largest.len() > HELD_AGAINST_MAX {
            largest.pop_first();
        }
    }
    Ok(largest.into_values().filter_map(|note| Note::parse(note.as_bytes()).ok()).collect())
}

/// What is said once it is proved.
fn forked(failure: Failure, proof: &std::path::Path) -> Failure {
    let path = proof.display().to_string();
    let next = format!("give {path} to whoever relies on the log: `writ verify fork {path}` checks it");
    let what = "the log has signed two histories: a fork, proved".to_string();
    let exit = failure.exit.worse(Exit::Tampered);
    Failure { code: "split-view".into(), what, ..failure }.exit(exit).next(next).evidence(&path)
}

#[cfg(test)]
mod tests {
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
        let proof = std::fs::read(same_size.more.evidence.unwrap()).unwrap();
        let proved = verifier::fork::check(&schemas::fork::Fork::decode(&proof).unwrap()).unwrap();
        assert_eq!((proved.first().size, proved.second().size), (3, 3));
        assert_eq!(larger.more.evidence, None, "nobody shows the larger tree");
    }

    #[test]
    fn every_head_that_was_met_is_kept_whatever_came_of_it() {
        let desk = Desk::new();
        let other = desk.log.sign_head(3, TreeHash::new([7; 32]));
        desk.advance(4, vec![desk.proof(3, 4)]).unwrap();
        desk.advance(2, vec![]).unwrap_err();
        desk.advance_to(&other, vec![]).unwrap_err();
        let kept = desk.heads.kept(&desk.log.trust()).unwrap();
        let met = kept.all().unwrap().map(|line| match line.unwrap() {
            Kept::Head { size, note, .. } => (size, note),
            line => panic!("{line:?}"),
        });
        let expected = [3, 4, 2].map(|size| (size, desk.log.head(size).to_string()));
        assert_eq!(met.collect::<Vec<_>>(), [expected.as_slice(), &[(3, other.to_string())]].concat());
    }

    #[test]
    fn heads_of_another_log_do_not_count() {
        let desk = Desk::new();
        assert!(desk.heads.seen(&TestLog::new().trust()).is_none());
    }
}
