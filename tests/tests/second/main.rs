//! A second verifier, written from the format's description in another language on other libraries (`tests/python`), must say the
//! same as the first of whatever it is asked: what counts, and what is refused.

mod asked;
mod chance;
mod forged;
mod keys;
mod ours;
mod vectors;

use std::collections::BTreeMap;

use asked::{Answer, Question, ask};

/// How many questions of each sort of change are asked.
const CHANGES: u64 = 1_500;

/// How many differences are shown.
const SHOWN: usize = 20;

/// Asks both, and says in how many cases they agreed on what.
fn agree(name: &str, questions: &[Question]) {
    let theirs = ask(questions);
    let mut wrong = Vec::new();
    let mut tally: BTreeMap<&str, usize> = BTreeMap::new();
    for (question, theirs) in questions.iter().zip(&theirs) {
        let ours = ours::answer(question);
        let said = match &ours {
            Answer::Refused(_) => "refused",
            Answer::Standing(standing) if standing.contains('-') => "held with statements that do not count",
            Answer::Standing(_) => "held",
        };
        *tally.entry(said).or_default() += 1;
        if !ours.agrees(theirs) {
            wrong.push(format!("{}\n    first:  {ours:?}\n    second: {theirs:?}", question.about));
        }
    }
    println!("{name}: {} questions, {tally:?}", questions.len());
    assert!(
        wrong.is_empty(),
        "{name}: {} differ\n{}",
        wrong.len(),
        wrong[..wrong.len().min(SHOWN)].join("\n")
    );
}

#[test]
fn both_verifiers_say_the_same_of_every_golden_vector() {
    agree("golden vectors", &vectors::all());
}

#[test]
fn both_verifiers_say_the_same_of_bundles_with_changed_bytes() {
    agree("bundles with changed bytes", &forged::bundles(&forged::told(), CHANGES));
}

#[test]
fn both_verifiers_say_the_same_of_statements_changed_and_signed_anew() {
    agree("statements changed and signed anew", &forged::statements(forged::told, CHANGES));
}

#[test]
fn both_verifiers_say_the_same_of_logs_whose_entries_were_moved() {
    agree("logs with entries moved", &forged::logs(&forged::told(), CHANGES / 3));
}

#[test]
fn both_verifiers_say_the_same_of_a_log_whose_keys_come_and_go_and_of_what_is_changed_in_it() {
    agree("keys: heads by one key and another", &keys::heads());
    agree("keys: bundles with changed bytes", &forged::bundles(&keys::told(), CHANGES / 3));
    agree("keys: statements changed and signed anew", &forged::statements(keys::told, CHANGES / 3));
    agree("keys: logs with entries moved", &forged::logs(&keys::told(), CHANGES / 3));
}

#[test]
fn both_verifiers_say_the_same_of_proofs_receipts_forks_and_omissions_with_changed_bytes() {
    for reader in ["tlog-proof", "receipt", "transparent", "fork", "omission"] {
        let of_reader = |question: &Question| question.reader.as_deref() == Some(reader);
        let mut files: Vec<Question> = vectors::all().into_iter().filter(of_reader).collect();
        files.extend(forged::receipts(&keys::told()).into_iter().filter(of_reader));
        let whole: Vec<Question> =
            files.into_iter().filter(|file| matches!(ours::answer(file), Answer::Standing(_))).collect();
        assert!(!whole.is_empty(), "no golden {reader} holds");
        agree(&format!("{reader} with changed bytes"), &forged::files(&whole, CHANGES / 3));
    }
}
