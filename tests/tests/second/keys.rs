//! A log whose keys have a life: its own rotate and retire, registrars agree on another, an emitter's key gets into other hands.

use serde_json::json;
use tests::scenario::{Actor, Draft, Scenario};

use crate::asked::Question;
use crate::forged::{Told, whole};

pub(crate) fn told() -> Told {
    let mut log = Scenario::with_registrars(3, 2);
    let registrars: Vec<Actor> = (0..3).map(|number| log.registrar_number(number)).collect();
    let alice = log.register("user:alice", &["principal"]);
    let planner = log.register("agent:planner", &["principal"]);
    let carol = log.register("user:carol", &["principal"]);
    let hop = delegation(&mut log, &alice);
    let (operator, old) = (log.log_key(), log.checkpoint_key());
    let [checkpoint, statement] = ["a later checkpoint key", "a later statement key"].map(|name| {
        let mut key = Actor::named(name, operator.uri());
        key.principal = operator.principal.clone();
        key
    });
    let body = checkpoint.rotation(&log, "checkpoint", &old);
    log.say(&operator, Draft::new("key", body));
    let body = statement.rotation(&log, "statement", &operator);
    log.say(&operator, Draft::new("key", body));
    log.say(&operator, Draft::new("key", json!({"op": "retire", "kid": old.kid()})));
    log.say(&statement, Draft::new("key", json!({"op": "retire", "kid": operator.kid()})));
    log.sign_as_log_by(&statement);
    let fourth = Actor::named("a fourth registrar", "user:fourth");
    let mut body = fourth.registration(&log, &["registrar"]);
    body["proposal"] = json!("01");
    for registrar in &registrars[..2] {
        log.say(registrar, Draft::new("key", body.clone()));
    }
    let mut body = json!({"op": "retire", "kid": registrars[2].kid(), "proposal": "02"});
    log.say(&fourth, Draft::new("key", body.clone()));
    body["proposal"] = json!("03");
    log.say(&registrars[0], Draft::new("key", body.clone()));
    log.say(&registrars[1], Draft::new("key", body));
    delegation(&mut log, &carol);
    log.wait(1_000);
    let stolen = json!({"op": "compromise", "kid": carol.kid(), "since": log.now});
    // Taken in before anybody knew.
    delegation(&mut log, &carol);
    log.say(&fourth, Draft::new("key", stolen));
    log.wait(1_000);
    let correction = json!({"about": hop, "note": "in other hands"});
    log.force(&carol, Draft::new("correction", correction));
    let payment = json!({
        "phase": "both", "outcome": "completed", "actor": "agent:planner", "action": {"name": "pay:send"},
        "resources": ["acct/7"], "delegation": hop,
    });
    let subject = log.say(&planner, Draft::new("action", payment));
    let heads = vec![checkpoint.clone()];
    let actors = [alice, planner, carol, fourth, operator, statement, checkpoint, old];
    Told { log, actors: actors.into_iter().chain(registrars).collect(), subject, heads }
}

/// Its head signed by the key that was retired, by the one in force, by both, and by one that is none of the log's.
pub(crate) fn heads() -> Vec<Question> {
    let Told { log, heads, .. } = told();
    let (old, new, other) = (log.checkpoint_key(), heads[0].clone(), Actor::named("nobody's", "log:nobodys"));
    let by = [vec![old.clone()], vec![new.clone()], vec![old, new], vec![other]];
    by.iter().map(|keys| whole(&log, keys, format!("a head by {} keys", keys.len()))).collect()
}

/// Two keys, an emitter's and the log's own, say something every millisecond. They were in other hands since some of these before
/// that was reported: around each entry.
pub(crate) fn stolen() -> Vec<Question> {
    (0..12).flat_map(stolen_since).collect()
}

/// Under a head by the checkpoint key of genesis, and by one that the stolen key named.
fn stolen_since(ago: u64) -> [Question; 2] {
    let mut log = Scenario::new();
    let (operator, registrar) = (log.log_key(), log.registrar());
    let carol = log.register("user:carol", &["principal"]);
    let own = |name: &str| Actor::named(name, operator.uri());
    let (statement, checkpoint) = (own("a later statement key"), own("a later checkpoint key"));
    for _ in 0..4 {
        delegation(&mut log, &carol);
    }
    let body = statement.rotation(&log, "statement", &operator);
    log.say(&operator, Draft::new("key", body));
    let body = checkpoint.rotation(&log, "checkpoint", &log.checkpoint_key());
    log.say(&operator, Draft::new("key", body));
    for _ in 0..2 {
        delegation(&mut log, &carol);
    }
    let since = log.now.0 - ago;
    // A later moment that is reported afterwards gives nothing back.
    for since in [since, log.now.0] {
        for kid in [carol.kid(), operator.kid()] {
            log.say(&registrar, Draft::new("key", json!({"op": "compromise", "kid": kid, "since": since})));
        }
    }
    [log.checkpoint_key(), checkpoint]
        .map(|key| whole(&log, &[key], format!("two keys in other hands since {ago} ms before")))
}

fn delegation(log: &mut Scenario, by: &Actor) -> schemas::ids::StatementId {
    let scope = json!([{"actions": ["pay:*"], "resources": ["acct/**"]}]);
    let expires = log.now.0 + 60_000;
    let hop =
        json!({"delegator": by.uri(), "delegatee": "agent:planner", "scope": scope, "expires": expires});
    log.say(by, Draft::new("delegation", hop))
}
