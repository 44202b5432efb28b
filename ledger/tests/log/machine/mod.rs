//! Whatever happens to a log, it is a list: the real store in a folder, a list with naive proofs and indexes, and the verifier are
//! held against each other after every one of many random steps. Nothing that was acknowledged vanishes, but what an operator
//! gave up in so many words, which is an entry then.
//!
//! `WRIT_MACHINE_CASES=2000 cargo test --release -p ledger --test log machine` tries longer. What failed once is kept in
//! `regressions.txt` and tried first.

mod cast;
mod chance;
mod compare;
mod damage;
mod dying;
mod reference;
mod restore;
mod step;
mod subject;
mod tree;

use ledger::fsck::check_folder;
use ledger::outcome::{Outcome, Refused};
use ledger::submit::Answer;
use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;
use schemas::note::Note;
use schemas::time::Index;

use crate::harness::{ORIGIN, START};
use cast::{Cast, Said};
use chance::Chance;
use compare::{check, hashes, same_bundle, walk};
use reference::Reference;
use restore::Backup;
use step::{Step, step};
use subject::Subject;

/// Runs unless `WRIT_MACHINE_CASES` says otherwise: a few seconds.
const CASES: u32 = 10;

/// Most steps of a run.
const STEPS: usize = 14;

/// The log under test with what it must be.
struct Machine {
    subject: Subject,
    cast: Cast,
    reference: Reference,
    /// The heads that were given with receipts.
    heads: Vec<Note>,
    backups: Vec<Backup>,
    chance: Chance,
}

fn cases() -> u32 {
    let asked = std::env::var("WRIT_MACHINE_CASES").ok();
    asked.map_or(CASES, |cases| cases.parse().expect("WRIT_MACHINE_CASES is a number"))
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: cases(),
        max_shrink_iters: 200,
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct("tests/log/machine/regressions.txt"))),
        ..ProptestConfig::default()
    })]

    #[test]
    fn whatever_happens_to_a_log_it_is_the_list_of_what_was_acknowledged(
        seed in any::<u64>(),
        steps in prop::collection::vec(step(), 1..STEPS),
    ) {
        let mut machine = Machine::new(seed);
        for step in steps {
            machine.take(step);
            machine.check();
        }
        machine.close();
    }
}

impl Machine {
    fn new(seed: u64) -> Self {
        let (subject, cast, genesis) = Subject::new();
        let reference = Reference::new(ORIGIN, &genesis, START);
        let mut machine =
            Self { subject, cast, reference, heads: Vec::new(), backups: Vec::new(), chance: Chance(seed) };
        machine.post(vec![Said::Register { who: 0 }]);
        machine
    }

    fn take(&mut self, step: Step) {
        self.subject.clock.0.fetch_add(self.chance.below(3), std::sync::atomic::Ordering::SeqCst);
        match step {
            Step::Post(said) => self.post(said),
            Step::Tell(count) => {
                let told = self.reference.told;
                self.post((told..told + count).map(|number| Said::New { number }).collect());
                self.reference.told += count;
            }
            Step::Reopen => {
                self.subject.stop();
                self.start();
            }
            Step::Kill => {
                self.subject.kill();
                self.recovered();
            }
            Step::KillWriting { said, thousandths, torn } => self.kill_writing(said, thousandths, torn),
            Step::Damage(damage) => self.damage(damage),
            Step::Backup { hot } => self.back_up(hot),
            Step::Restore { which, anchored } => self.restore(which, anchored),
            Step::OlderCopy { which } => self.older_copy(which),
        }
    }

    /// Statements with their bytes. Whoever has no key loses none: it is registered instead.
    fn group(&self, said: Vec<Said>) -> Vec<(Said, Vec<u8>)> {
        let known = |said: Said| match said {
            Said::Compromise { who } if !self.reference.knows(who) => Said::Register { who },
            other => other,
        };
        said.into_iter().map(known).map(|said| (said.clone(), self.cast.bytes(&said))).collect()
    }

    /// Posts one group: each sender is told what the list says, with a receipt that holds.
    fn post(&mut self, said: Vec<Said>) {
        let group = self.group(said);
        let expected = self.reference.group(&self.cast, self.subject.now(), &group);
        let answer = self.subject.submit(bytes(&group)).unwrap();
        self.same_answer(&answer, &expected);
        self.heads.push(Note::parse(answer.published.note.as_bytes()).unwrap());
    }

    fn same_answer(&self, answer: &Answer, expected: &[Outcome]) {
        let head = answer.published.head;
        assert_eq!(head.size, self.reference.size(), "the head that was given");
        assert_eq!(answer.results.len(), expected.len());
        for ((got, expected), path) in answer.results.iter().zip(expected).zip(&answer.proofs) {
            match (got, expected) {
                (Outcome::Refused(got), Outcome::Refused(Refused { code, id, .. })) => {
                    assert_eq!((got.code, got.id), (*code, *id));
                    assert!(path.is_empty());
                }
                (got, expected) => {
                    assert_eq!(got, expected);
                    let Index(index) = place(got);
                    let expected = self.reference.tree.path(index as usize, head.size as usize);
                    assert_eq!(*path, hashes(&expected), "the receipt for entry {index}");
                }
            }
        }
    }

    /// A group that nobody was told about is there as a whole or not at all, as the file has it.
    fn kill_writing(&mut self, said: Vec<Said>, thousandths: u64, torn: bool) {
        let group = self.group(said);
        let mut with_it = self.reference.clone();
        with_it.group(&self.cast, self.subject.now(), &group);
        let wrote = with_it.size() > self.reference.size();
        let whole = self.subject.kill_at(bytes(&group), thousandths, torn);
        assert_eq!(whole.is_some(), wrote);
        if whole == Some(true) {
            self.reference = with_it;
        }
        self.recovered();
    }

    fn start(&mut self) {
        self.subject.start().unwrap();
        self.recovered();
    }

    /// After every start: the whole log by the verifier, every row by `writd fsck`.
    fn recovered(&self) {
        walk(&self.subject.running().log().reader(), &self.reference);
        self.fsck();
    }

    fn fsck(&self) {
        let report = check_folder(&self.subject.folder().store(), &self.subject.anchor());
        assert!(report.ok, "{:#?} {:?}", report.findings, report.words);
        assert_eq!(report.size, self.reference.size());
    }

    fn check(&mut self) {
        let Self { subject, reference, heads, chance, .. } = self;
        let log = subject.running().log();
        assert_eq!(log.latch().reason(), None);
        check(&log.reader(), reference, &subject.trust, heads, chance);
        same_bundle(&log.reader(), reference, &subject.trust, chance);
    }

    fn close(mut self) {
        walk(&self.subject.running().log().reader(), &self.reference);
        self.subject.stop();
        self.fsck();
    }
}

fn bytes(group: &[(Said, Vec<u8>)]) -> Vec<Vec<u8>> {
    group.iter().map(|(_, bytes)| bytes.clone()).collect()
}

fn place(outcome: &Outcome) -> Index {
    match outcome {
        Outcome::Appended { index, .. }
        | Outcome::Duplicate { index, .. }
        | Outcome::AlreadyImported { index, .. } => *index,
        Outcome::Refused(refused) => panic!("{refused:?}"),
    }
}
