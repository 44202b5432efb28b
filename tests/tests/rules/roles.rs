//! The table of roles: which key may say what, from where, about whom; and who may change keys.

use schemas::ids::StatementId;
use serde_json::{Value, json};
use tests::scenario::{Actor, Draft, Scenario};
use verifier::judge::judge;
use verifier::profile::Profile;
use verifier::verdict::Outcome;

use crate::story::{Story, hop};

/// What a key of `user:carol` with these roles comes to with a statement.
fn code(roles: &[&str], draft: &Draft) -> &'static str {
    let mut log = Scenario::new();
    let carol = log.register("user:carol", roles);
    let statement = log.sign(&carol, draft);
    log.append(&statement).map_or_else(|refusal| refusal.code(), |_| "taken")
}

fn delegation(of: &str) -> Draft {
    hop(of, "agent:a")
}

fn decision(of: &str) -> Draft {
    let body = json!({
        "ruling": "permit", "actor": of, "action": {"name": "a"}, "resources": ["r"], "evaluated_at": 1,
    });
    Draft::new("decision", body)
}

fn action(of: &str) -> Draft {
    let body = json!({
        "phase": "attempt", "actor": of, "action": {"name": "a"}, "resources": ["r"], "attempted_at": 1,
    });
    Draft::new("action", body)
}

fn approval(of: &str) -> Draft {
    let body = json!({
        "approver": of, "requester": "agent:a", "action": {"name": "a"}, "resources": ["r"], "scope": "exact",
        "approved_at": 1,
    });
    Draft::new("approval", body)
}

fn credential(of: &str) -> Draft {
    Draft::new("credential", json!({"op": "issue", "credential": ["token", "idp:x", "1"], "holder": of}))
}

fn task(of: &str) -> Draft {
    Draft::new("task", json!({"op": "open", "owner": of})).with("task", "t")
}

fn revocation(revoker: Option<&str>) -> Draft {
    let draft = Draft::new("revocation", json!({"target": {"kind": "task", "task": "t"}}));
    revoker.map_or(draft.clone(), |revoker| draft.body("revoker", revoker))
}

fn policy() -> Draft {
    let body = json!({"engine": "opa", "id": "p", "revision": "1", "digest": crate::story::digest(1), "effective_from": 1});
    Draft::new("policy", body)
}

#[test]
fn a_role_covers_its_kinds_vantages_and_principals_and_no_others() {
    const OWN: &str = "user:carol";
    const OTHER: &str = "user:dave";
    let about_dave = ["authority=user:dave"];
    let table: &[(&[&str], Draft, &str)] = &[
        (&["principal"], delegation(OWN), "taken"),
        (&["principal"], delegation(OWN).with("vantage", "self"), "taken"),
        (&["principal"], delegation(OWN).with("vantage", "boundary"), "role-vantage"),
        (&["principal"], delegation(OWN).imported("e", "delegation"), "role-vantage"),
        (&["principal"], delegation(OTHER), "role-principal"),
        (&["principal"], action(OWN), "taken"),
        (&["principal"], action(OWN).with("vantage", "authority"), "role-vantage"),
        (&["principal"], action(OTHER), "role-principal"),
        (&["principal"], approval(OWN), "taken"),
        (&["principal"], approval(OTHER), "role-principal"),
        (&["principal"], revocation(None), "taken"),
        (&["principal"], revocation(Some(OWN)), "taken"),
        (&["principal"], revocation(Some(OTHER)), "role-kind"),
        (&["principal"], decision(OTHER), "role-kind"),
        (&["principal"], credential(OWN), "role-kind"),
        (&["principal"], task(OWN), "role-kind"),
        (&["principal"], policy(), "role-kind"),
        (&about_dave, delegation(OTHER), "taken"),
        (&about_dave, delegation(OTHER).with("vantage", "self"), "role-vantage"),
        (&about_dave, delegation(OWN), "role-principal"),
        (&about_dave, credential(OTHER), "taken"),
        (&about_dave, credential(OWN), "role-principal"),
        (&about_dave, task(OTHER), "taken"),
        (&about_dave, task(OWN), "role-principal"),
        (&about_dave, revocation(None), "taken"),
        (&about_dave, revocation(Some(OTHER)), "taken"),
        (&about_dave, revocation(Some("user:erin")), "role-principal"),
        (&about_dave, action(OTHER).with("vantage", "authority"), "role-kind"),
        (&about_dave, decision(OTHER), "role-kind"),
        (&about_dave, approval(OTHER), "role-kind"),
        (&["pdp"], decision(OTHER), "taken"),
        (&["pdp"], decision(OTHER).body("decider", OWN), "taken"),
        (&["pdp"], decision(OTHER).body("decider", "service:iam"), "role-principal"),
        (&["pdp"], decision(OTHER).with("vantage", "boundary"), "role-vantage"),
        (&["pdp=agent:*"], decision(OTHER), "role-principal"),
        (&["pdp"], policy(), "taken"),
        (&["pdp"], delegation(OWN), "role-kind"),
        (&["approver"], approval(OWN), "taken"),
        (&["approver"], approval(OTHER), "role-principal"),
        (&["approver=user:dave"], approval(OTHER), "taken"),
        (&["approver"], revocation(None), "role-kind"),
        (&["gateway"], action(OTHER).with("vantage", "boundary"), "taken"),
        (&["gateway"], action(OTHER), "role-vantage"),
        (&["gateway"], decision(OTHER).with("vantage", "boundary").body("decider", "service:iam"), "taken"),
        (&["gateway"], decision(OTHER), "role-vantage"),
        (&["gateway"], delegation(OTHER).imported("e", "delegation"), "taken"),
        (&["gateway"], delegation(OTHER), "role-vantage"),
        (&["gateway"], credential(OTHER).imported("e", "credential"), "taken"),
        (&["gateway"], action(OTHER).imported("e", "action"), "taken"),
        (&["gateway=agent:*"], action(OTHER).with("vantage", "boundary"), "role-principal"),
        (&["gateway"], approval(OTHER).imported("e", "approval"), "role-kind"),
        (&["gateway"], revocation(None), "role-kind"),
        (&["principal@elsewhere"], delegation(OWN), "role-tenant"),
        (&["principal@elsewhere"], delegation(OWN).with("tenant", "elsewhere"), "taken"),
        (&["registrar"], Draft::new("link", json!({"from": OWN, "to": OTHER})), "taken"),
        (&["principal"], Draft::new("link", json!({"from": OWN, "to": OTHER})), "role-kind"),
        (&["registrar"], delegation(OWN), "role-kind"),
        (&["registrar"], revocation(None), "taken"),
        (
            &["principal"],
            Draft::new("correction", json!({"about": ["event", "x:y", "1"], "note": "no"})),
            "taken",
        ),
    ];
    for (roles, draft, expected) in table {
        assert_eq!(code(roles, draft), *expected, "{roles:?} {draft:?}");
    }
}

fn key_change(log: &mut Scenario, by: &Actor, body: Value) -> &'static str {
    let statement = log.sign(by, &Draft::new("key", body));
    log.append(&statement).map_or_else(|refusal| refusal.code(), |_| "taken")
}

#[test]
fn a_key_belongs_to_one_principal_and_does_not_come_back() {
    let mut log = Scenario::new();
    let registrar = log.registrar();
    let carol = log.register("user:carol", &["principal"]);
    let mut as_dave = carol.clone();
    as_dave.principal = Actor::named("x", "user:dave").principal;
    let body = as_dave.registration(&log, &["principal"]);
    assert_eq!(key_change(&mut log, &registrar, body), "key-other-principal");
    let mut body = Actor::named("user:erin", "user:erin").registration(&log, &["principal"]);
    body["pop"] = json!("00".repeat(64));
    assert_eq!(key_change(&mut log, &registrar, body), "key-possession");
    let mut body = Actor::named("user:erin", "user:erin").registration(&log, &["principal"]);
    body["kid"] = json!(carol.kid());
    assert_eq!(key_change(&mut log, &registrar, body), "key-thumbprint");
    let unknown = Actor::named("nobody", "user:nobody").kid();
    assert_eq!(
        key_change(&mut log, &registrar, json!({"op": "retire", "kid": unknown})),
        "key-not-registered"
    );
    assert_eq!(key_change(&mut log, &registrar, json!({"op": "compromise", "kid": carol.kid()})), "taken");
    let body = carol.registration(&log, &["principal"]);
    assert_eq!(key_change(&mut log, &registrar, body), "key-withdrawn");
    assert_eq!(
        key_change(&mut log, &carol, json!({"op": "retire", "kid": registrar.kid()})),
        "key-compromised"
    );
}

#[test]
fn the_logs_own_keys_can_neither_be_given_roles_nor_touch_others() {
    let mut log = Scenario::new();
    let (registrar, operator) = (log.registrar(), log.log_key());
    let carol = log.register("user:carol", &["principal"]);
    let mallory = Actor::named("user:mallory", "user:mallory");
    let body = mallory.registration(&log, &["authority=user:**"]);
    assert_eq!(key_change(&mut log, &operator, body), "role-kind");
    // A use takes the place of roles: it must not be put on somebody's key, which would strip it of them.
    let with_use = |actor: &Actor, log: &Scenario| {
        let mut body = actor.registration(log, &[]);
        body.as_object_mut().expect("a body").remove("roles");
        body["use"] = json!("receipt");
        body
    };
    let body = with_use(&carol, &log);
    assert_eq!(key_change(&mut log, &operator, body), "key-of-log");
    let body = with_use(&mallory, &log);
    assert_eq!(key_change(&mut log, &operator, body), "key-of-log");
    let new_log_key = Actor::named("a new statement key", operator.uri());
    let mut body = with_use(&new_log_key, &log);
    body["use"] = json!("statement");
    body["op"] = json!("rotate");
    body["replaces"] = json!(operator.kid());
    assert_eq!(key_change(&mut log, &registrar, body.clone()), "role-kind");
    assert_eq!(key_change(&mut log, &operator, body), "taken");
    let body = new_log_key.registration(&log, &["principal"]);
    assert_eq!(key_change(&mut log, &registrar, body), "key-of-log");
}

#[test]
fn a_registrar_is_made_by_as_many_as_genesis_asks_for() {
    let mut log = Scenario::with_registrars(3, 2);
    let new = Actor::named("service:hr", "service:hr");
    let body = new.registration(&log, &["registrar"]);
    let carol = Actor::named("user:carol", "user:carol");
    let registers = |log: &mut Scenario| {
        let body = carol.registration(log, &["principal"]);
        key_change(log, &new, body)
    };
    let (first, second) = (log.registrar_number(0), log.registrar_number(1));
    assert_eq!(key_change(&mut log, &first, body.clone()), "taken");
    assert_eq!(key_change(&mut log, &first, body.clone().clone()), "taken");
    assert_eq!(registers(&mut log), "unknown-key", "one registrar counts once, however often it says so");
    // A registrar whose key was stolen since no longer counts.
    let third = log.registrar_number(2);
    let stolen = json!({"op": "compromise", "kid": first.kid()});
    assert_eq!(key_change(&mut log, &second, stolen.clone()), "taken");
    assert_eq!(key_change(&mut log, &third, stolen), "taken");
    assert_eq!(key_change(&mut log, &second, body.clone()), "taken");
    assert_eq!(registers(&mut log), "unknown-key");
    assert_eq!(key_change(&mut log, &third, body), "taken");
    assert_eq!(registers(&mut log), "taken");
}

#[test]
fn a_hop_by_a_registrar_that_one_of_two_made_is_not_authorized() {
    let mut s = Story::on(Scenario::with_registrars(2, 2));
    let rogue = Actor::named("service:rogue", "service:rogue");
    let body = rogue.registration(&s.log, &["registrar"]);
    s.log.say(&s.log.registrar(), Draft::new("key", body));
    let bob = Actor::named("user:bob", "user:bob");
    let body = bob.registration(&s.log, &["principal"]);
    s.log.force(&rogue, Draft::new("key", body));
    let hop = s.log.force(&bob, hop("user:bob", "agent:planner"));
    let subject: StatementId = s.planner_pays(hop);
    let evidence = s.log.check(&s.log.bundle(&subject)).evidence;
    assert_eq!(
        judge(&subject, &evidence, &Profile::standard()).expect("a verdict").outcome,
        Outcome::NotAuthorized
    );
}
