//! The log's own keys over time, and changes of registrars: who may say them, from which size they count, what stands on them.

use schemas::bundle::Bundle;
use schemas::kinds::Use;
use schemas::trust::TrustPolicy;
use serde_json::{Value, json};
use tests::scenario::{Actor, Draft, Scenario};
use verifier::bundle::{check, check_unpinned};
use verifier::log::{LogVerifier, Prepared};

use crate::story::hop;

fn change(log: &mut Scenario, by: &Actor, body: Value) -> &'static str {
    let statement = log.sign(by, &Draft::new("key", body));
    log.append(&statement).map_or_else(|refusal| refusal.code(), |_| "taken")
}

/// A new key of the log, called so.
fn new_key(log: &Scenario, name: &str) -> Actor {
    Actor::named(name, log.log_key().uri())
}

fn retire(key: &Actor) -> Value {
    json!({"op": "retire", "kid": key.kid()})
}

fn compromise(key: &Actor) -> Value {
    json!({"op": "compromise", "kid": key.kid()})
}

/// What a bundle of the last statement comes to under a trust file, its checkpoint signed by these keys.
fn judged(bundle: &Bundle, trust: &TrustPolicy) -> &'static str {
    let checked = check(&bundle.encode().expect("a bundle"), trust);
    checked.map_or_else(|refusal| refusal.code(), |_| "holds")
}

/// A log whose checkpoint key was rotated: the old key and the new one.
fn rotated(usage: &str) -> (Scenario, Actor, Actor) {
    let mut log = Scenario::new();
    let operator = log.log_key();
    let old = if usage == "checkpoint" { log.checkpoint_key() } else { operator.clone() };
    let new = new_key(&log, "a later key");
    let body = new.rotation(&log, usage, &old);
    assert_eq!(change(&mut log, &operator, body), "taken");
    (log, old, new)
}

fn signed_by(log: &mut Scenario, keys: &[&Actor]) -> Bundle {
    let carol = log.register(&format!("user:{}", log.entries().len()), &["principal"]);
    let subject = log.say(&carol, hop(carol.uri(), "agent:a"));
    let mut bundle = log.bundle(&subject);
    bundle.checkpoint = log.checkpoint_by(keys).to_string();
    bundle
}

#[test]
fn a_later_key_of_the_log_is_named_by_its_statement_key_and_replaces_one_of_the_same_use() {
    let mut log = Scenario::new();
    let (operator, registrar, old) = (log.log_key(), log.registrar(), log.checkpoint_key());
    let new = new_key(&log, "a later key");
    let body = new.rotation(&log, "checkpoint", &old);
    assert_eq!(change(&mut log, &registrar, body.clone()), "role-kind");
    assert_eq!(change(&mut log, &old, body.clone()), "role-kind", "checkpoint keys sign notes alone");
    let mut added = body.clone();
    added["op"] = json!("add");
    added.as_object_mut().expect("a body").remove("replaces");
    assert_eq!(change(&mut log, &operator, added), "log-key-not-rotated");
    let other_use = new.rotation(&log, "receipt", &old);
    assert_eq!(change(&mut log, &operator, other_use), "log-key-not-rotated");
    let mut unheld = body.clone();
    unheld["pop"] = json!("00".repeat(64));
    assert_eq!(change(&mut log, &operator, unheld), "key-possession");
    assert_eq!(change(&mut log, &operator, body), "taken");
    let size = log.entries().len() as u64;
    let keys = log.registry().log_keys(Use::Checkpoint, size);
    let publics: Vec<_> = keys.iter().map(|key| *key.key.public()).collect();
    assert_eq!(publics, [old.public(), new.public()], "both sign until one is withdrawn, the newest last");
    assert_eq!(
        log.registry().log_keys(Use::Checkpoint, size - 1).len(),
        1,
        "not before its entry is covered"
    );
}

#[test]
fn a_head_of_either_key_holds_until_one_is_withdrawn_and_then_that_of_the_other_alone() {
    let (mut log, old, new) = rotated("checkpoint");
    let operator = log.log_key();
    let pins = [log.trust_in(&[&old]), log.trust_in(&[&new]), log.trust_in(&[&old, &new])];
    let before = signed_by(&mut log, &[&old, &new]);
    for trust in &pins {
        assert_eq!(judged(&before, trust), "holds");
    }
    assert_eq!(change(&mut log, &operator, retire(&old)), "taken");
    for trust in &pins {
        assert_eq!(judged(&before, trust), "holds", "what was proved before stays proved");
    }
    let by_old = signed_by(&mut log, &[&old]);
    assert_eq!(judged(&by_old, &pins[0]), "checkpoint-key-withdrawn");
    assert_eq!(judged(&by_old, &pins[2]), "checkpoint-key-withdrawn");
    let by_new = signed_by(&mut log, &[&new]);
    assert_eq!(judged(&by_new, &pins[0]), "note-not-by-trusted-key");
    assert_eq!(judged(&by_new, &pins[1]), "holds");
    assert_eq!(judged(&by_new, &pins[2]), "holds");
    assert!(
        check_unpinned(&by_new.encode().expect("a bundle")).is_ok(),
        "the log's own entries name the key"
    );
    let refusal = check_unpinned(&by_old.encode().expect("a bundle")).expect_err("a withdrawn key");
    assert_eq!(refusal.code(), "checkpoint-key-withdrawn");
}

#[test]
fn a_head_of_a_pinned_key_that_the_log_never_named_is_refused() {
    let mut log = Scenario::new();
    let stranger = new_key(&log, "a stranger");
    let bundle = signed_by(&mut log, &[&stranger]);
    assert_eq!(judged(&bundle, &log.trust_in(&[&stranger])), "checkpoint-key-unknown");
}

#[test]
fn the_whole_log_tells_which_heads_its_keys_may_sign() {
    let (mut log, old, new) = rotated("checkpoint");
    let operator = log.log_key();
    assert_eq!(change(&mut log, &operator, retire(&old)), "taken");
    let mut verifier = LogVerifier::new();
    for entry in log.entries() {
        let finding = verifier.place(Prepared::new(entry)).check();
        assert!(finding.is_none(), "{finding:?}");
    }
    let trust = log.trust_in(&[&old, &new]);
    let head = |keys: &[&Actor]| {
        verifier::checkpoint::verify_head(&log.checkpoint_by(keys), &trust).expect("a signed head")
    };
    assert_eq!(verifier.check_head(&head(&[&old])).map_err(|e| e.code()), Err("checkpoint-key-withdrawn"));
    assert_eq!(verifier.check_head(&head(&[&old, &new])), Ok(()));
    assert_eq!(verifier.check_head(&head(&[&new])), Ok(()));
}

#[test]
fn assertions_and_later_keys_stand_on_the_statement_key_of_their_size() {
    let (mut log, old, new) = rotated("statement");
    let checkpoint = log.checkpoint_key();
    let trust = log.trust();
    let before = signed_by(&mut log, &[&checkpoint]);
    assert_eq!(change(&mut log, &new, retire(&old)), "taken");
    let by_withdrawn = signed_by(&mut log, &[&checkpoint]);
    assert_eq!(judged(&by_withdrawn, &trust), "assertion-invalid");
    log.sign_as_log_by(&new);
    let after = signed_by(&mut log, &[&checkpoint]);
    assert_eq!(judged(&after, &trust), "holds");
    assert_eq!(judged(&before, &trust), "holds");
    let next = new_key(&log, "a checkpoint key");
    let body = next.rotation(&log, "checkpoint", &checkpoint);
    assert_eq!(change(&mut log, &old, body.clone()), "key-retired");
    assert_eq!(change(&mut log, &new, body), "taken");
}

#[test]
fn a_key_named_by_a_statement_key_in_other_hands_signs_nothing() {
    let (mut log, old, new) = rotated("statement");
    let checkpoint = log.checkpoint_key();
    log.wait(1_000);
    let since = log.now;
    let rogue = new_key(&log, "a rogue checkpoint key");
    let body = rogue.rotation(&log, "checkpoint", &checkpoint);
    assert_eq!(change(&mut log, &old, body), "taken");
    log.wait(1_000);
    let registrar = log.registrar();
    let stolen = json!({"op": "compromise", "kid": old.kid(), "since": since});
    assert_eq!(change(&mut log, &registrar, stolen), "taken");
    log.sign_as_log_by(&new);
    let bundle = signed_by(&mut log, &[&rogue]);
    assert_eq!(judged(&bundle, &log.trust_in(&[&rogue])), "checkpoint-key-compromised");
    let bundle = signed_by(&mut log, &[&checkpoint]);
    assert_eq!(judged(&bundle, &log.trust()), "holds");
}

#[test]
fn the_log_retires_its_own_keys_alone_and_never_the_last_of_a_use() {
    let (mut log, old, new) = rotated("checkpoint");
    let (operator, registrar) = (log.log_key(), log.registrar());
    let carol = log.register("user:carol", &["principal"]);
    assert_eq!(change(&mut log, &operator, retire(&carol)), "key-of-log");
    assert_eq!(change(&mut log, &operator, compromise(&old)), "role-kind", "that is for registrars to say");
    assert_eq!(change(&mut log, &operator, retire(&operator)), "log-key-last");
    assert_eq!(change(&mut log, &registrar, compromise(&operator)), "log-key-last");
    assert_eq!(change(&mut log, &registrar, compromise(&new)), "taken");
    assert_eq!(change(&mut log, &operator, retire(&old)), "log-key-last");
    let body = new.rotation(&log, "checkpoint", &old);
    assert_eq!(change(&mut log, &operator, body), "key-of-log", "what was withdrawn does not come back");
}

#[test]
fn registrars_withdraw_a_key_of_the_log_only_in_the_number_that_genesis_asks_for() {
    let mut log = Scenario::with_registrars(3, 2);
    let (operator, old) = (log.log_key(), log.checkpoint_key());
    let new = new_key(&log, "a later key");
    let body = new.rotation(&log, "checkpoint", &old);
    assert_eq!(change(&mut log, &operator, body), "taken");
    let in_force =
        |log: &Scenario| log.registry().log_keys(Use::Checkpoint, log.entries().len() as u64).len();
    let [first, second] = [0, 1].map(|number| log.registrar_number(number));
    assert_eq!(change(&mut log, &first, compromise(&old)), "taken");
    assert_eq!(in_force(&log), 2, "one of two is not enough");
    assert_eq!(change(&mut log, &second, compromise(&old)), "taken");
    assert_eq!(in_force(&log), 1);
}

/// Whether `key` may register somebody.
fn registers(log: &mut Scenario, key: &Actor, name: &str) -> bool {
    let somebody = Actor::named(name, &format!("user:{name}"));
    let body = somebody.registration(log, &["principal"]);
    change(log, key, body) == "taken"
}

#[test]
fn registrars_count_only_where_they_name_one_proposal() {
    let mut log = Scenario::with_registrars(3, 2);
    let new = Actor::named("service:hr", "service:hr");
    let [first, second] = [0, 1].map(|number| log.registrar_number(number));
    let mut body = new.registration(&log, &["registrar"]);
    body["proposal"] = json!("01");
    assert_eq!(change(&mut log, &first, body.clone()), "taken");
    let mut other = body.clone();
    other["proposal"] = json!("02");
    assert_eq!(change(&mut log, &second, other), "taken");
    let mut other = body.clone();
    other["roles"] = json!([{"role": "registrar"}, {"role": "gateway"}]);
    assert_eq!(change(&mut log, &second, other), "taken");
    assert!(!registers(&mut log, &new, "a"), "each of them stands behind something else");
    assert_eq!(change(&mut log, &second, body), "taken");
    assert!(registers(&mut log, &new, "b"));
}

#[test]
fn one_registrar_with_two_keys_counts_once() {
    let mut log = Scenario::with_registrars(2, 2);
    let [first, second] = [0, 1].map(|number| log.registrar_number(number));
    let mut twin = Actor::named("a second key", "registrar:x");
    twin.principal = first.principal.clone();
    let body = twin.registration(&log, &["registrar"]);
    assert_eq!(change(&mut log, &first, body.clone()), "taken");
    assert_eq!(change(&mut log, &second, body), "taken");
    assert!(registers(&mut log, &twin, "a"), "the second key speaks as the first does");
    let new = Actor::named("service:hr", "service:hr");
    let body = new.registration(&log, &["registrar"]);
    assert_eq!(change(&mut log, &first, body.clone()), "taken");
    assert_eq!(change(&mut log, &twin, body.clone()), "taken");
    assert!(!registers(&mut log, &new, "b"), "two keys, one registrar");
    assert_eq!(change(&mut log, &second, body), "taken");
    assert!(registers(&mut log, &new, "c"));
}

#[test]
fn a_registrar_that_was_withdrawn_in_between_no_longer_counts() {
    for (withdraw, what) in [(retire as fn(&Actor) -> Value, "retired"), (compromise, "compromised")] {
        let mut log = Scenario::with_registrars(3, 2);
        let [first, second, third] = [0, 1, 2].map(|number| log.registrar_number(number));
        let new = Actor::named("service:hr", "service:hr");
        let body = new.registration(&log, &["registrar"]);
        assert_eq!(change(&mut log, &first, body.clone()), "taken");
        log.wait(1);
        for by in [&second, &third] {
            let body = withdraw(&first);
            assert_eq!(change(&mut log, by, body), "taken");
        }
        log.wait(1);
        assert_eq!(change(&mut log, &second, body.clone()), "taken");
        assert!(!registers(&mut log, &new, "a"), "one of the two was {what}");
        assert_eq!(change(&mut log, &third, body), "taken");
        assert!(registers(&mut log, &new, "b"));
    }
}
