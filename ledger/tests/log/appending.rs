//! What is appended, what is answered as known, what is refused.

use ledger::outcome::{Outcome, Refused, Warning};
use schemas::time::Index;
use serde_json::{Value, json};

use crate::harness::{Lab, Person, START, statement};

fn appended(outcome: &Outcome) -> (Index, bool) {
    match outcome {
        Outcome::Appended { index, warnings, .. } => (*index, warnings.contains(&Warning::SeqConflict)),
        other => panic!("expected appended, got {other:?}"),
    }
}

fn code(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Refused(Refused { code, .. }) => code,
        other => panic!("expected a refusal, got {other:?}"),
    }
}

#[test]
fn the_same_bytes_again_have_the_same_index() {
    let mut lab = Lab::new();
    let pdp = lab.register(1, "service:pdp", "pdp");
    let bytes = pdp.says(&lab.decision(1));
    assert_eq!(appended(&lab.submit(vec![bytes.clone()])[0]).0, Index(2));
    let duplicate = Outcome::Duplicate { id: statement(&bytes).id(), index: Index(2) };
    assert_eq!(lab.submit(vec![bytes.clone()])[0], duplicate);
    let other = pdp.says(&lab.decision(2));
    let outcomes = lab.submit(vec![other.clone(), bytes.clone(), other.clone()]);
    assert_eq!(appended(&outcomes[0]).0, Index(3));
    assert_eq!(outcomes[1], duplicate);
    assert_eq!(outcomes[2], Outcome::Duplicate { id: statement(&other).id(), index: Index(3) });
    lab.check();
    lab.restart();
    assert_eq!(lab.submit(vec![bytes])[0], duplicate);
    assert_eq!(lab.size(), 4);
    lab.check();
}

#[test]
fn a_key_registered_in_a_batch_speaks_from_there_on_and_not_before() {
    let mut lab = Lab::new();
    let pdp = Person::new(1, "service:pdp");
    let registration = lab.registration(&pdp, &[json!({"role": "pdp"})]);
    let (early, late) = (pdp.says(&lab.decision(1)), pdp.says(&lab.decision(2)));
    let outcomes = lab.submit(vec![early.clone(), registration, late]);
    assert_eq!(code(&outcomes[0]), "unknown-key");
    assert_eq!(appended(&outcomes[1]).0, Index(1));
    assert_eq!(appended(&outcomes[2]).0, Index(2));
    assert_eq!(appended(&lab.submit(vec![early])[0]).0, Index(3));
    lab.check();
}

#[test]
fn a_wrong_signature_by_a_key_registered_in_the_same_batch_is_refused() {
    let mut lab = Lab::new();
    let pdp = Person::new(1, "service:pdp");
    let registration = lab.registration(&pdp, &[json!({"role": "pdp"})]);
    let mut forged = pdp.says(&lab.decision(1));
    *forged.last_mut().unwrap() ^= 1;
    let outcomes = lab.submit(vec![registration, forged]);
    assert_eq!(code(&outcomes[1]), "signature-invalid");
    lab.check();
}

#[test]
fn wrong_signatures_are_refused_at_their_place_however_often_the_key_was_seen() {
    let mut lab = Lab::new();
    let pdp = lab.register(1, "service:pdp", "pdp");
    let mut batch: Vec<_> = (0..300).map(|number| pdp.says(&lab.decision(number))).collect();
    for at in (5..300).step_by(7) {
        // A bit of s that leaves it below the order, and a bit of R.
        let from_end = if at % 2 == 0 { 20 } else { 50 };
        let len = batch[at].len();
        batch[at][len - from_end] ^= 1;
    }
    for (at, outcome) in lab.submit(batch).iter().enumerate() {
        match at % 7 {
            5 => assert_eq!(code(outcome), "signature-invalid", "{at}"),
            _ => assert!(!appended(outcome).1, "{at}"),
        }
    }
    lab.check();
}

#[test]
fn another_statement_under_a_used_number_is_recorded_with_a_warning() {
    let mut lab = Lab::new();
    let pdp = lab.register(1, "service:pdp", "pdp");
    let first = pdp.says(&lab.numbered(1, 0));
    assert!(!appended(&lab.submit(vec![first])[0]).1);
    let (second, third) = (pdp.says(&lab.numbered(2, 0)), pdp.says(&lab.numbered(3, 1)));
    let fourth = pdp.says(&lab.numbered(4, 1));
    let outcomes = lab.submit(vec![second, third, fourth]);
    assert_eq!(outcomes.iter().map(|outcome| appended(outcome).1).collect::<Vec<_>>(), [true, false, true]);
    let other = lab.register(2, "service:other", "pdp");
    let elsewhere = other.says(&lab.numbered(5, 0));
    assert!(!appended(&lab.submit(vec![elsewhere])[0]).1, "numbers count within a key");
    lab.restart();
    let after = pdp.says(&lab.numbered(6, 0));
    assert!(appended(&lab.submit(vec![after])[0]).1);
    lab.check();
}

/// What is known of numbers in memory is forgotten with a start: then one row a sequence and the index have to say it.
#[test]
fn numbers_in_any_order_are_new_once_also_across_starts() {
    let mut lab = Lab::new();
    let pdp = lab.register(1, "service:pdp", "pdp");
    let numbered = |lab: &Lab, number, seq| pdp.says(&lab.numbered(number, seq));
    let early = [numbered(&lab, 1, 7), numbered(&lab, 2, 0), numbered(&lab, 3, 5)];
    assert!(lab.submit(early.to_vec()).iter().all(|outcome| !appended(outcome).1));
    let places: Vec<Outcome> = early
        .iter()
        .zip(2..)
        .map(|(bytes, index)| Outcome::Duplicate { id: statement(bytes).id(), index: Index(index) })
        .collect();
    assert_eq!(lab.submit(early.to_vec()), places);
    lab.restart();
    assert_eq!(lab.submit(early.to_vec()), places, "below the highest, so looked up");
    let late =
        [numbered(&lab, 4, 6), numbered(&lab, 5, 8), numbered(&lab, 6, 5), numbered(&lab, 7, u64::MAX >> 11)];
    let outcomes = lab.submit(late.to_vec());
    let warned: Vec<bool> = outcomes.iter().map(|outcome| appended(outcome).1).collect();
    assert_eq!(warned, [false, false, true, false]);
    let again = [late[1].clone(), late[1].clone(), numbered(&lab, 8, 8)];
    let outcomes = lab.submit(again.to_vec());
    let known = Outcome::Duplicate { id: statement(&late[1]).id(), index: Index(6) };
    assert_eq!(outcomes[..2], [known.clone(), known]);
    assert!(appended(&outcomes[2]).1, "the number is taken");
    lab.check();
}

#[test]
fn the_number_of_a_refused_statement_stays_free() {
    let mut lab = Lab::new();
    let pdp = lab.register(1, "service:pdp", "pdp");
    let mut forged = pdp.says(&lab.numbered(1, 3));
    *forged.last_mut().unwrap() ^= 1;
    assert_eq!(code(&lab.submit(vec![forged])[0]), "signature-invalid");
    let late = Person::new(2, "service:late");
    let registration = lab.registration(&late, &[json!({"role": "pdp"})]);
    let early = late.says(&lab.numbered(2, 0));
    assert_eq!(code(&lab.submit(vec![early.clone(), registration])[0]), "unknown-key");
    let outcomes = lab.submit(vec![pdp.says(&lab.numbered(3, 3)), early]);
    assert_eq!(outcomes.iter().map(|outcome| appended(outcome).1).collect::<Vec<_>>(), [false, false]);
    lab.check();
}

#[test]
fn a_source_event_is_imported_once_whichever_key_sends_it() {
    let mut lab = Lab::new();
    let gateway = lab.register(1, "service:collector", "gateway");
    let other = lab.register(2, "service:collector-2", "gateway");
    let first = gateway.says(&lab.imported("event-1", "cloudtrail/1"));
    let id = statement(&first).id();
    let (index, _) = appended(&lab.submit(vec![first])[0]);
    let known = Outcome::AlreadyImported { id, index };
    let again = [
        gateway.says(&lab.imported("event-1", "cloudtrail/2")),
        other.says(&lab.imported("event-1", "cloudtrail/1")),
    ];
    assert_eq!(lab.submit(again.to_vec()), [known.clone(), known.clone()]);
    let twice = [gateway.says(&lab.imported("event-2", "a/1")), other.says(&lab.imported("event-2", "a/2"))];
    let outcomes = lab.submit(twice.to_vec());
    let (second, _) = appended(&outcomes[0]);
    assert_eq!(outcomes[1], Outcome::AlreadyImported { id: statement(&twice[0]).id(), index: second });
    lab.restart();
    assert_eq!(lab.submit(again.to_vec()), [known.clone(), known]);
    lab.check();
}

#[test]
fn what_is_refused_leaves_nothing_behind() {
    let mut lab = Lab::new();
    let pdp = lab.register(1, "service:pdp", "pdp");
    let agent = lab.register(2, "agent:planner/1", "principal");
    let rows = lab.store.rows();
    let mut unsigned = pdp.says(&lab.decision(1));
    *unsigned.last_mut().unwrap() ^= 1;
    let mut wrong_log = lab.decision(1);
    wrong_log["log"] = json!("00".repeat(32));
    let imposter = Person { principal: agent.principal.clone(), ..pdp.clone() };
    let mut delegation = lab.payload(
        "delegation",
        "self",
        json!({"delegator": "user:alice@corp", "delegatee": "agent:planner/1", "scope": [{"actions": ["**"], "resources": ["**"]}], "issued_at": 1}),
    );
    delegation["task"] = json!("t");
    let cases = [
        (unsigned, "signature-invalid"),
        (Person::new(9, "service:pdp").says(&lab.decision(1)), "unknown-key"),
        (pdp.says(&wrong_log), "wrong-log"),
        (imposter.says(&lab.decision(1)), "issuer-mismatch"),
        (agent.says(&lab.decision(1)), "role-kind"),
        (vec![0xd2, 0x84], "cbor-truncated"),
    ];
    for (bytes, expected) in cases {
        assert_eq!(code(&lab.submit(vec![bytes])[0]), expected);
    }
    assert_eq!(lab.store.rows(), rows);
    lab.check();
}

#[test]
fn whoever_leaves_fewer_registrars_than_a_change_of_them_takes_is_told_so() {
    let mut lab = Lab::new();
    let hr = Person::new(5, "service:hr");
    let by = |lab: &Lab, who: &Person, body: Value| who.says(&lab.payload("key", "authority", body));
    let warned = |lab: &mut Lab, statement: Vec<u8>| match &lab.submit(vec![statement])[0] {
        Outcome::Appended { warnings, .. } => warnings.clone(),
        other => panic!("{other:?}"),
    };
    let register = |lab: &Lab, who: &Person, role: &str| {
        let mut body = lab.new_key("add", &hr);
        body["roles"] = json!([{"role": role}]);
        by(lab, who, body)
    };
    let first = lab.registrar.clone();
    let statement = register(&lab, &first, "registrar");
    assert_eq!(warned(&mut lab, statement), [], "one more");
    let ahead = json!({"op": "retire", "kid": first.kid().to_hex(), "accept_until": START + 86_400_000});
    let statement = by(&lab, &first, ahead);
    assert_eq!(warned(&mut lab, statement), [], "one is left");
    let statement = register(&lab, &hr, "gateway");
    assert_eq!(warned(&mut lab, statement), [Warning::TooFewRegistrars], "the first one only runs out later");
    let statement = lab.registration(&Person::new(6, "user:alice"), &[json!({"role": "principal"})]);
    assert_eq!(warned(&mut lab, statement), [], "not about registrars");
    lab.check();
}
