//! A second verifier, written from the format's description in another language on other libraries (`tests/python`), must say the
//! same as the first of whatever it is asked: what counts, and what is refused.

mod asked;
mod chance;
mod forged;
mod keys;
mod ours;
mod proofs;
mod vectors;

use std::collections::{BTreeMap, BTreeSet};

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
            Answer::Standing(marks) if marks.starts_with('+') && marks.contains(['-', '!']) => {
                "held with statements that do not count"
            }
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
fn both_verifiers_notice_since_when_a_key_was_in_other_hands() {
    let questions = keys::stolen();
    let said: BTreeSet<String> =
        questions.iter().map(|question| format!("{:?}", ours::answer(question))).collect();
    assert!(said.len() > 9, "each entry that falls behind the moment is told: {said:#?}");
    agree("keys in other hands since one moment and another", &questions);
}

#[test]
fn both_verifiers_say_the_same_of_receipts_under_every_key_that_a_log_had_and_of_what_is_changed_in_them() {
    let receipts = proofs::receipts();
    agree("receipts by one key and another", &receipts);
    agree("receipts under another head", &proofs::under_another_head());
    for reader in ["receipt", "transparent"] {
        agree(&format!("{reader} with changed bytes"), &forged::files(&held(&receipts, reader), CHANGES / 3));
    }
}

#[test]
fn both_verifiers_say_the_same_of_what_an_answer_leaves_out_and_of_what_is_changed_in_its_proof() {
    let omissions = proofs::omissions();
    agree("omissions of one sort and another", &omissions);
    agree("omissions with changed bytes", &forged::files(&held(&omissions, "omission"), CHANGES / 3));
}

#[test]
fn both_verifiers_say_the_same_of_proofs_and_forks_with_changed_bytes() {
    let vectors = vectors::all();
    for reader in ["tlog-proof", "fork"] {
        agree(&format!("{reader} with changed bytes"), &forged::files(&held(&vectors, reader), CHANGES / 3));
    }
}

/// Those that a reader reads and that hold.
fn held(questions: &[Question], reader: &str) -> Vec<Question> {
    let of_reader = questions.iter().filter(|question| question.reader.as_deref() == Some(reader));
    let held: Vec<Question> =
        of_reader.filter(|question| matches!(ours::answer(question), Answer::Standing(_))).cloned().collect();
    assert!(!held.is_empty(), "no {reader} holds");
    held
}
