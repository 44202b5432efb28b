//! Questions that nobody was meant to ask: bytes changed behind a repaired digest, statements changed and signed anew, entries moved.

use ciborium::Value;
use data_encoding::HEXLOWER;
use schemas::entry::Entry;
use schemas::envelope::{Envelope, Statement};
use schemas::payload::Payload;
use schemas::term::terms;
use serde_json::json;
use tests::scenario::{Actor, Draft, Scenario};

use crate::asked::Question;
use crate::chance::Chance;

/// Bytes of a bundle's digest, at its end.
const DIGEST_BYTES: usize = 32;

/// A log, and who spoke in it.
pub(crate) struct Told {
    pub(crate) log: Scenario,
    pub(crate) actors: Vec<Actor>,
    /// The last action: what bundles are about.
    pub(crate) subject: schemas::ids::StatementId,
    /// The keys that sign its heads, and that trust files pin.
    pub(crate) heads: Vec<Actor>,
}

/// A log in which every kind of statement that people make stands once, and who spoke in it.
pub(crate) fn told() -> Told {
    let mut log = Scenario::with_registrars(2, 2);
    let alice = log.register("user:alice", &["principal"]);
    let planner = log.register("agent:planner", &["principal"]);
    let pdp = log.register("service:pdp", &["pdp"]);
    let edge = log.register("gateway:edge", &["gateway", "approver"]);
    let manager = log.register("user:manager", &["authority=user:**@default"]);
    log.describe("user:alice", "human");
    let link = Draft::new("link", json!({"from": "user:alice", "to": "user:alice@corp"}));
    log.say(&log.registrar(), link);
    let task = json!({"op": "open", "owner": "user:alice", "plan": {"actions": ["pay:*"], "resources": ["acct/**"]}});
    log.say(&manager, Draft::new("task", task).with("task", "refund-7"));
    let scope = json!([{"actions": ["pay:*"], "resources": ["acct/**"], "limits": {"eur": {"max": 100, "in": [5, "7.5"]}}}]);
    let hop = json!({"delegator": "user:alice", "delegatee": "agent:planner", "scope": scope, "expires": log.now.0 + 60_000});
    let hop = log.say(
        &alice,
        Draft::new("delegation", hop).with("refs", json!([["request", "https://gateway", "r-1"]])),
    );
    let request = json!({"alg": "sha-256", "canon": "jcs", "value": "ab".repeat(32)});
    let action = json!({"name": "pay:send", "class": "write"});
    let approval = json!({
        "approver": "gateway:edge", "requester": "agent:planner", "action": action, "resources": ["acct/7"],
        "scope": "exact", "request": request,
    });
    let approval = log.say(&edge, Draft::new("approval", approval));
    let decision = json!({
        "ruling": "permit", "actor": "agent:planner", "action": action, "resources": ["acct/7"], "request": request,
        "delegation": hop, "approval": approval, "inputs": {"risk": log.now.0}, "policy": {"engine": "cedar", "rules": ["r1"]},
    });
    let decision = log.say(&pdp, Draft::new("decision", decision));
    let credential =
        json!({"op": "issue", "credential": ["jti", "https://idp", "c-1"], "holder": "agent:planner"});
    log.say(&edge, Draft::new("credential", credential).imported("event-1", "credential"));
    let stream = json!({"op": "void", "void": [1, 2]});
    log.say(&edge, Draft::new("stream", stream).with("stream", "57".repeat(16)).with("seq", 0));
    let payment = json!({
        "phase": "both", "outcome": "completed", "actor": "agent:planner", "action": action, "resources": ["acct/7"],
        "quantities": {"eur": "7.5", "word": "x"}, "delegation": hop, "decision": decision, "effects": [{"kind": "payment", "target": "acct/7"}],
    });
    let subject = log.say(&planner, Draft::new("action", payment));
    log.say(&alice, Draft::new("revocation", json!({"target": {"kind": "delegation", "ref": hop}})));
    log.say(&pdp, Draft::new("correction", json!({"about": decision, "note": "late"})));
    let spare = Actor::named("spare", "user:spare");
    let registrars = [log.registrar_number(0), log.registrar_number(1)];
    let actors =
        [alice, planner, pdp, edge, manager, spare, log.log_key()].into_iter().chain(registrars).collect();
    let heads = vec![log.checkpoint_key()];
    Told { log, actors, subject, heads }
}

/// The story's bundle with bytes changed, mostly behind a digest that was made anew.
pub(crate) fn bundles(told: &Told, count: u64) -> Vec<Question> {
    let heads: Vec<&Actor> = told.heads.iter().collect();
    let mut bundle = told.log.bundle(&told.subject);
    bundle.checkpoint = told.log.checkpoint_by(&heads).to_string();
    let (bytes, trust) = (bundle.encode().expect("a bundle"), told.log.trust_in(&heads).to_string());
    let changed = |number: u64| {
        let mut chance = Chance::new("bundle", number);
        let mut bytes = bytes.clone();
        let about = chance.damage(&mut bytes);
        if !chance.one_in(8) {
            repair(&mut bytes);
        }
        let bundle = Some(HEXLOWER.encode(&bytes));
        Question {
            about: format!("{number}: {about}"),
            trust: Some(trust.clone()),
            bundle,
            ..Question::default()
        }
    };
    (0..count).map(changed).collect()
}

/// A digest over what stands before it, in place of the one that is there.
fn repair(bytes: &mut [u8]) {
    if let Some(end) = bytes.len().checked_sub(DIGEST_BYTES) {
        let digest = blake3::hash(&bytes[..end]);
        bytes[end..].copy_from_slice(digest.as_bytes());
    }
}

/// Evidence in files of its own with bytes changed, mostly behind a digest that was made anew where the form has one: each of
/// these, in turn. Of a receipt that is asked about with its statement, in places the statement is changed instead.
pub(crate) fn files(held: &[Question], count: u64) -> Vec<Question> {
    let changed = |number: u64| {
        let mut chance = Chance::new("file", number);
        let mut file = held[number as usize % held.len()].clone();
        let is_statement = file.statement.is_some() && chance.one_in(5);
        let text = if is_statement { &mut file.statement } else { &mut file.bytes };
        let mut bytes = HEXLOWER.decode(text.as_ref().expect("bytes").as_bytes()).expect("hex");
        let about = chance.damage(&mut bytes);
        let has_digest = matches!(file.reader.as_deref(), Some("fork" | "omission"));
        if has_digest && !chance.one_in(8) {
            repair(&mut bytes);
        }
        *text = Some(HEXLOWER.encode(&bytes));
        let what = if is_statement { "its statement, " } else { "" };
        Question { about: format!("{number}: {}: {what}{about}", file.about), ..file }
    };
    (0..count).map(changed).collect()
}

/// The story with one more statement at its end: one of its own with a value changed, signed by somebody. Asked as a whole log.
pub(crate) fn statements(tell: fn() -> Told, count: u64) -> Vec<Question> {
    let changed = |number: u64| {
        let Told { mut log, actors, heads, .. } = tell();
        let mut chance = Chance::new("statement", number);
        let entry = &log.entries()[1 + chance.below(log.entries().len() - 1)];
        let statement = Entry::decode(entry).expect("an entry").statement;
        let envelope = Envelope::decode(&statement).expect("an envelope");
        let mut payload: Value = ciborium::from_reader(envelope.payload()).expect("a payload");
        let about = chance.change(&mut payload);
        let payload = canonical(&payload);
        let signer = actors.iter().find(|actor| actor.kid() == envelope.kid && !chance.one_in(3));
        let signer = signer.unwrap_or_else(|| &actors[chance.below(actors.len())]);
        let subject = Payload::from_bytes(&payload).map_or(envelope.sub, |payload| payload.subject());
        let bytes = signer.sign_bytes(&payload, &subject);
        let found_by = Statement::decode(&bytes).map(|statement| terms(&statement)).unwrap_or_default();
        if Envelope::decode(&bytes).is_ok() {
            log.force_bytes(&bytes, found_by);
            // A second one under the same rules: what the first changed in the registry shows.
            let again = Draft::new(
                "correction",
                json!({"about": schemas::ids::StatementId::of(&bytes), "note": "again"}),
            );
            log.force(signer, again);
        }
        whole(&log, &heads, format!("{number}: {about}, signed by {}", signer.uri()))
    };
    (0..count).map(changed).collect()
}

/// The story's log with entries left out, swapped, repeated or damaged.
pub(crate) fn logs(told: &Told, count: u64) -> Vec<Question> {
    let changed = |number: u64| {
        let mut chance = Chance::new("log", number);
        let mut question = whole(&told.log, &told.heads, String::new());
        let entries = question.entries.as_mut().expect("entries");
        let at = chance.below(entries.len());
        let about = match chance.below(5) {
            0 => format!("without entry {}", {
                entries.remove(at);
                at
            }),
            1 => {
                let other = chance.below(entries.len());
                entries.swap(at, other);
                format!("entries {at} and {other} swapped")
            }
            2 => {
                let other = entries[chance.below(entries.len())].clone();
                entries.insert(at, other);
                format!("an entry again at {at}")
            }
            3 => {
                entries.truncate(at);
                format!("cut at {at}")
            }
            _ => {
                let mut bytes = HEXLOWER.decode(entries[at].as_bytes()).expect("hex");
                let about = chance.damage(&mut bytes);
                entries[at] = HEXLOWER.encode(&bytes);
                format!("entry {at}: {about}")
            }
        };
        Question { about: format!("{number}: {about}"), ..question }
    };
    (0..count).map(changed).collect()
}

pub(crate) fn whole(log: &Scenario, heads: &[Actor], about: String) -> Question {
    let heads: Vec<&Actor> = heads.iter().collect();
    Question {
        about,
        trust: Some(log.trust_in(&heads).to_string()),
        checkpoint: Some(log.checkpoint_by(&heads).to_string()),
        entries: Some(log.entries().iter().map(|entry| HEXLOWER.encode(entry)).collect()),
        ..Question::default()
    }
}

/// The value's canonical encoding, as far as it has one: keys in order, whatever the values are.
fn canonical(value: &Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    ciborium::into_writer(&sorted(value), &mut bytes).expect("CBOR");
    bytes
}

fn sorted(value: &Value) -> Value {
    let encoded = |value: &Value| {
        let mut bytes = Vec::new();
        ciborium::into_writer(value, &mut bytes).expect("CBOR");
        bytes
    };
    match value {
        Value::Map(entries) => {
            let mut entries: Vec<(Value, Value)> =
                entries.iter().map(|(key, value)| (sorted(key), sorted(value))).collect();
            entries.sort_by_key(|(key, _)| encoded(key));
            Value::Map(entries)
        }
        Value::Array(items) => Value::Array(items.iter().map(sorted).collect()),
        other => other.clone(),
    }
}
