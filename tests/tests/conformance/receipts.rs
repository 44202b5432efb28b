//! What a receipt proves, and what is refused: every bit of it counts, or is shown as nobody's word.

use schemas::entry::Entry;
use schemas::receipt::Receipt;
use tests::scenario::{Actor, Draft, Scenario, json};
use verifier::checkpoint::{VerifiedHead, verify_head};
use verifier::receipt::{ReceiptRefusal, VerifiedReceipt, verify_receipt};

fn story() -> Scenario {
    let mut scenario = Scenario::new();
    for name in ["user:a@corp", "user:b@corp", "user:c@corp", "user:d@corp"] {
        scenario.register(name, &["principal"]);
    }
    scenario
}

fn statement(scenario: &Scenario, index: usize) -> Vec<u8> {
    Entry::decode(&scenario.entries()[index]).unwrap().statement
}

fn head(scenario: &Scenario) -> VerifiedHead {
    verify_head(&scenario.checkpoint(), &scenario.trust()).unwrap()
}

fn verify(scenario: &Scenario, receipt: &[u8], statement: &[u8]) -> Result<VerifiedReceipt, &'static str> {
    let receipt = Receipt::decode(receipt).map_err(|e| e.code())?;
    verify_receipt(&receipt, statement, scenario.registry()).map_err(|e| e.code())
}

#[test]
fn every_entry_of_every_size_has_a_receipt_that_holds() {
    let mut scenario = Scenario::new();
    for size in 1..=9 {
        for index in 0..size {
            let receipt = scenario.receipt(index);
            let verified = verify(&scenario, receipt.bytes(), &statement(&scenario, index)).unwrap();
            assert_eq!((verified.index().0, verified.claimed_size()), (index as u64, size as u64));
            assert_eq!(verified.root(), head(&scenario).root());
            assert_eq!(verified.confirm_size(&head(&scenario)), Ok(true));
        }
        scenario.register(&format!("user:{size}@corp"), &["principal"]);
    }
}

#[test]
fn any_flipped_bit_is_refused_or_is_the_size_that_nobody_signed() {
    let scenario = story();
    let statement = statement(&scenario, 2);
    let whole = scenario.receipt(2);
    let held = verify(&scenario, whole.bytes(), &statement).unwrap();
    let mut survivors = 0;
    for bit in 0..whole.bytes().len() * 8 {
        let mut bytes = whole.bytes().to_vec();
        bytes[bit / 8] ^= 1 << (bit % 8);
        let Ok(changed) = verify(&scenario, &bytes, &statement) else { continue };
        survivors += 1;
        assert_ne!(changed.claimed_size(), held.claimed_size(), "bit {bit}");
        assert_eq!((changed.root(), changed.index()), (held.root(), held.index()), "bit {bit}");
        let refused = changed.confirm_size(&head(&scenario)).map_err(|e| e.code());
        assert_eq!(refused, Err("receipt-other-head"), "bit {bit}");
    }
    assert!(survivors > 0, "leaf 2 of 5 leads to the same root as leaf 2 of 7");
}

#[test]
fn any_flipped_bit_of_the_statement_is_refused() {
    let scenario = story();
    let (statement, receipt) = (statement(&scenario, 2), scenario.receipt(2));
    for bit in 0..statement.len() * 8 {
        let mut changed = statement.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        assert!(verify(&scenario, receipt.bytes(), &changed).is_err(), "bit {bit}");
    }
}

#[test]
fn a_receipt_is_for_its_own_statement_and_log() {
    let scenario = story();
    let receipt = scenario.receipt(2);
    assert_eq!(verify(&scenario, receipt.bytes(), &statement(&scenario, 3)), Err("receipt-wrong-subject"));
    let other = scenario.receipt_by(2, &Actor::named("receipt", "log:ledger.test/other"));
    assert_eq!(verify(&scenario, other.bytes(), &statement(&scenario, 2)), Err("receipt-wrong-log"));
}

#[test]
fn only_a_receipt_key_of_the_log_signs_receipts() {
    let scenario = story();
    for name in ["checkpoint", "statement", "user:a@corp", "registrar 0", "somebody"] {
        let forged = scenario.receipt_by(2, &Actor::named(name, "log:ledger.test/rules"));
        assert_eq!(
            verify(&scenario, forged.bytes(), &statement(&scenario, 2)),
            Err("receipt-key-unknown"),
            "{name}"
        );
    }
}

#[test]
fn a_retired_key_vouches_for_what_was_logged_before_and_a_compromised_one_for_nothing() {
    let mut scenario = story();
    let key = Actor::named("receipt", "log:ledger.test/rules");
    let (registrar, later) = (scenario.registrar(), Actor::named("later", key.uri()));
    let rotation = later.rotation(&scenario, "receipt", &key);
    scenario.say(&scenario.log_key(), Draft::new("key", rotation));
    scenario.say(&registrar, Draft::new("key", json!({"op": "retire", "kid": key.kid()})));
    scenario.register("user:late@corp", &["principal"]);
    let of = |scenario: &Scenario, index| {
        verify(scenario, scenario.receipt(index).bytes(), &statement(scenario, index)).map(|_| ())
    };
    assert_eq!(of(&scenario, 2), Ok(()));
    assert_eq!(of(&scenario, 7), Err("key-retired"));
    scenario.say(&registrar, Draft::new("key", json!({"op": "compromise", "kid": key.kid()})));
    assert_eq!(of(&scenario, 2), Err("receipt-key-compromised"));
}

#[test]
fn a_checkpoint_confirms_the_size_contradicts_it_or_says_nothing_of_it() {
    let mut scenario = story();
    let receipt = scenario.receipt(2);
    let at_five = verify(&scenario, receipt.bytes(), &statement(&scenario, 2)).unwrap();
    assert_eq!(at_five.confirm_size(&head(&scenario)), Ok(true));
    scenario.register("user:late@corp", &["principal"]);
    assert_eq!(at_five.confirm_size(&head(&scenario)), Ok(false), "another size says nothing of it");
    let mut other = Scenario::new();
    for name in ["user:w@corp", "user:x@corp", "user:y@corp", "user:z@corp"] {
        other.register(name, &["principal"]);
    }
    let refused = at_five.confirm_size(&head(&other));
    assert!(matches!(refused, Err(ReceiptRefusal::OtherHead { .. })), "{refused:?}");
}
