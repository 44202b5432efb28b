//! Receipts and omissions of a log whose receipt and statement keys have a life.

use data_encoding::HEXLOWER;
use schemas::bundle::Bundle;
use schemas::entry::Entry;
use schemas::envelope::Statement;
use schemas::ids::{ByteString, LogId};
use schemas::kinds::{Assertion, TermRow};
use schemas::note::{KeyName, SignatureType, VerifierKey};
use schemas::omission::Omission;
use schemas::payload::{Body, Kind, Payload};
use schemas::receipt::{Receipt, Transparent, UnsignedReceipt};
use schemas::term::Term;
use schemas::time::Index;
use schemas::tree::TreeHash;
use serde_json::json;
use tests::scenario::{Actor, Draft, Scenario};
use verifier::gather::{Gathered, Source};

use crate::asked::Question;
use crate::forged::whole;

/// A log, and every key that could have signed a receipt of it: of genesis and retired since, in force, stolen, of another use,
/// and nobody's.
struct Keys {
    log: Scenario,
    receipts: Vec<(&'static str, Actor)>,
}

fn told() -> Keys {
    let mut log = Scenario::with_registrars(2, 1);
    let (operator, registrar) = (log.log_key(), log.registrar());
    let own = |name: &str| Actor::named(name, operator.uri());
    let (first, second, stolen) = (own("receipt"), own("a later receipt key"), own("a stolen receipt key"));
    let alice = log.register("user:alice", &["principal"]);
    hop(&mut log, &alice);
    let body = second.rotation(&log, "receipt", &first);
    log.say(&operator, Draft::new("key", body));
    let body = stolen.rotation(&log, "receipt", &first);
    log.say(&operator, Draft::new("key", body));
    hop(&mut log, &alice);
    // Entries are accepted from the first key up to one that is still to come.
    let until = log.now.0 + 1_000;
    log.say(&operator, Draft::new("key", json!({"op": "retire", "kid": first.kid(), "accept_until": until})));
    hop(&mut log, &alice);
    log.wait(1_000);
    hop(&mut log, &alice);
    let since = log.now;
    log.say(&registrar, Draft::new("key", json!({"op": "compromise", "kid": stolen.kid(), "since": since})));
    log.force_bytes(&log.unknown(&alice, "of a later format"), Vec::new());
    hop(&mut log, &alice);
    let nobody = own("nobody's receipt key");
    let (checkpoint, other) = (own("checkpoint"), Actor::named("receipt", "log:another"));
    let receipts = vec![
        ("the first receipt key", first),
        ("the second receipt key", second),
        ("a stolen receipt key", stolen),
        ("the statement key", operator),
        ("the checkpoint key", checkpoint),
        ("a key that the log never named", nobody),
        ("the first receipt key in another log's name", other),
        ("a principal's key", alice),
    ];
    Keys { log, receipts }
}

fn hop(log: &mut Scenario, by: &Actor) {
    let scope = json!([{"actions": ["pay:*"], "resources": ["acct/**"]}]);
    let body = json!({"delegator": by.uri(), "delegatee": "agent:planner", "scope": scope});
    log.say(by, Draft::new("delegation", body));
}

/// A receipt for each entry by each key, by itself and carried by its statement.
pub(crate) fn receipts() -> Vec<Question> {
    let Keys { log, receipts } = told();
    let under = whole(&log, &[log.checkpoint_key()], String::new());
    let mut questions = Vec::new();
    for index in 0..log.entries().len() {
        for (name, key) in &receipts {
            let about = format!("a receipt for entry {index} by {name}");
            questions.extend(both(
                &log,
                index,
                &log.receipt_by(index, key),
                &Question { about, ..under.clone() },
            ));
        }
        let key = &receipts[0].1;
        let about = format!("a receipt for entry {index} about another thing");
        let receipt = changed(&log, key, index, |receipt| receipt.sub = "user:another".into());
        questions.extend(both(&log, index, &receipt, &Question { about, ..under.clone() }));
        // Nobody signs the size; where another one leads to the same root, only the head tells.
        for size in index as u64 + 1..=2 * log.entries().len() as u64 {
            let about = format!("a receipt for entry {index} that claims to be of size {size}");
            let receipt = changed(&log, key, index, |receipt| receipt.inclusion.size = size);
            questions.extend(both(&log, index, &receipt, &Question { about, ..under.clone() }));
        }
    }
    questions
}

/// The receipt by itself, and carried by its statement.
fn both(log: &Scenario, index: usize, receipt: &Receipt, under: &Question) -> [Question; 2] {
    let statement = Entry::decode(&log.entries()[index]).expect("an entry").statement;
    let carried = Transparent { statement: statement.clone(), receipt: receipt.bytes().to_vec() };
    let question = |reader: &str, bytes: &[u8], statement| Question {
        reader: Some(reader.into()),
        bytes: Some(HEXLOWER.encode(bytes)),
        statement,
        ..under.clone()
    };
    [
        question("receipt", receipt.bytes(), Some(HEXLOWER.encode(&statement))),
        question("transparent", &carried.encode().expect("a statement"), None),
    ]
}

/// A receipt signed anew by a key, with something in it changed before.
fn changed(log: &Scenario, key: &Actor, index: usize, change: impl Fn(&mut Receipt)) -> Receipt {
    let mut receipt = log.receipt_by(index, key);
    change(&mut receipt);
    let Receipt { kid, iss, sub, place, inclusion, .. } = receipt;
    let root = log.recomputed().expect("a whole log").head().root;
    let unsigned = UnsignedReceipt::new(&kid, &iss, &sub, &place, inclusion);
    let signature = key.signature(&unsigned.to_be_signed(&root));
    unsigned.sign(&signature).expect("a receipt")
}

/// Receipts under a head that is not the one they claim to be under.
pub(crate) fn under_another_head() -> Vec<Question> {
    let mut questions = receipts();
    let Keys { mut log, receipts } = told();
    hop(&mut log, &receipts.last().expect("a principal's key").1);
    let later = whole(&log, &[log.checkpoint_key()], String::new());
    for question in &mut questions {
        question.checkpoint.clone_from(&later.checkpoint);
        question.entries.clone_from(&later.entries);
    }
    questions
}

/// What the log answers about all delegations there are: the truth, all but one, and one too many; each made into the proof that
/// it is wrong about one entry or another. And answers that are not the log's about this head, or not about the term.
pub(crate) fn omissions() -> Vec<Question> {
    let Keys { log, receipts } = told();
    let all = delegations(&log);
    let without_one: Vec<Index> = all.iter().copied().filter(|index| *index != all[1]).collect();
    let with_one_more: Vec<Index> = [Index(1)].into_iter().chain(all.clone()).collect();
    let head = log.recomputed().expect("a whole log").head().clone();
    let answer = |term, indexes: &[Index]| {
        let rows = [TermRow { term, indexes: indexes.to_vec() }].into();
        Assertion { size: head.size, root: head.root, rows }
    };
    let kind = |kind| Term::Kind(kind).id();
    let left_out = answer(kind(Kind::Delegation), &without_one);
    let operator = log.log_key();
    let mut elsewhere = operator.clone();
    elsewhere.principal = receipts[7].1.principal.clone();
    let signed = |by: &Actor, of: LogId, answer: &Assertion| {
        by.sign(&Payload::of_log(Some(of), log.now, Body::Assertion(answer.clone())))
    };
    let by_operator = |answer: &Assertion| signed(&operator, log.log(), answer);
    let answers = [
        ("the truth", by_operator(&answer(kind(Kind::Delegation), &all))),
        ("one left out", by_operator(&left_out)),
        ("one too many", by_operator(&answer(kind(Kind::Delegation), &with_one_more))),
        ("another term", by_operator(&answer(kind(Kind::Action), &without_one))),
        ("another size", by_operator(&Assertion { size: head.size + 1, ..left_out.clone() })),
        ("another root", by_operator(&Assertion { root: TreeHash::new([7; 32]), ..left_out.clone() })),
        ("another log", signed(&operator, LogId::new([7; 32]), &left_out)),
        ("in another name", signed(&elsewhere, log.log(), &left_out)),
        ("by the receipt key", signed(&receipts[1].1, log.log(), &left_out)),
    ];
    let trust = asking_for_a_witness(&log);
    let mut questions = Vec::new();
    for (about, statement) in &answers {
        for index in [Index(1), all[0], all[1]] {
            let proof = omission(&log, statement, index).encode().expect("an omission");
            questions.push(Question {
                about: format!("{about}, and entry {index}"),
                trust: Some(trust.clone()),
                reader: Some("omission".into()),
                bytes: Some(HEXLOWER.encode(&proof)),
                ..Question::default()
            });
        }
    }
    questions
}

/// The log's trust file, with a witness that nobody asked: what the log says against itself needs none.
fn asking_for_a_witness(log: &Scenario) -> String {
    let name = KeyName::new("witness.test").expect("a name");
    let public = Actor::named("witness", "service:witness").public();
    let witness = VerifierKey::new(name, SignatureType::Cosignature, public);
    log.trust().to_string().replace("quorum none", &format!("witness w {witness}\nquorum w"))
}

fn delegations(log: &Scenario) -> Vec<Index> {
    let found = Source::find(log, &[Term::Kind(Kind::Delegation).id()], usize::MAX);
    found.expect("a log in memory").remove(0)
}

/// The answer, beside genesis and an entry.
fn omission(log: &Scenario, answer: &Statement, index: Index) -> Omission {
    let entries = [Index(0), index].into_iter().collect();
    let gathered = Gathered { entries, rows: [].into() };
    let Bundle { checkpoint, entries, .. } = log.bundle_of(&answer.id(), gathered);
    let assertion = ByteString(answer.envelope.bytes().to_vec());
    Omission { term: Term::Kind(Kind::Delegation).id(), index, checkpoint, assertion, entries }
}
