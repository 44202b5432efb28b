//! What is said in a log under test.

use ed25519_dalek::Signer;
use schemas::ids::{KeyId, LogId, Signature};
use schemas::kinds::pop_bytes;
use serde_json::{Value, json};

use crate::harness::{Person, START};

/// Payloads and statements of one log.
#[derive(Clone, Copy)]
pub(crate) struct Drafts(pub(crate) LogId);

impl Drafts {
    /// A payload with the common fields filled in.
    pub(crate) fn payload(self, kind: &str, vantage: &str, body: Value) -> Value {
        json!({
            "v": 1, "kind": kind, "log": self.0.to_hex(), "tenant": "default", "at": START,
            "vantage": vantage, "body": body,
        })
    }

    /// The registrar's statement that registers a person's key.
    pub(crate) fn registration(self, registrar: &Person, person: &Person, roles: &[Value]) -> Vec<u8> {
        let mut body = self.new_key("add", person);
        body["roles"] = json!(roles);
        registrar.says(&self.payload("key", "authority", body))
    }

    /// What every statement about a new key says of it.
    pub(crate) fn new_key(self, op: &str, person: &Person) -> Value {
        let pop = person.key.sign(&pop_bytes(&self.0, &person.kid(), &person.principal)).to_bytes();
        json!({
            "op": op, "kid": person.kid().to_hex(), "public": person.public().to_hex(),
            "principal": person.principal.as_str(), "pop": Signature::new(pop).to_hex(),
        })
    }

    /// The registrar's statement that a key is in other hands, since before the log began.
    pub(crate) fn compromise(self, registrar: &Person, kid: KeyId) -> Vec<u8> {
        let body = json!({"op": "compromise", "kid": kid.to_hex(), "since": START});
        registrar.says(&self.payload("key", "authority", body))
    }

    /// A decision with a number that tells it apart.
    pub(crate) fn decision(self, number: u64) -> Value {
        let body = json!({
            "ruling": "permit", "actor": "agent:planner/1", "action": {"name": "payments:refund"},
            "resources": [format!("orders/{number}")], "evaluated_at": START,
        });
        self.payload("decision", "authority", body)
    }

    /// The same with a place in an emitter's sequence.
    pub(crate) fn numbered(self, number: u64, seq: u64) -> Value {
        let mut payload = self.decision(number);
        payload["stream"] = json!("aa".repeat(16));
        payload["seq"] = json!(seq);
        payload
    }

    /// An imported action that tells of one part of one source event.
    pub(crate) fn imported(self, event: &str, adapter: &str) -> Value {
        let body = json!({
            "phase": "both", "actor": "arn:aws:iam::1:user/bert", "action": {"name": "s3:GetObject"},
            "resources": ["arn:aws:s3:::bucket"], "attempted_at": START, "outcome": "completed",
        });
        let mut payload = self.payload("action", "imported", body);
        payload["source"] = json!({
            "format": "cloudtrail", "id": event, "part": "action", "digest": "ab".repeat(32), "adapter": adapter,
        });
        payload["refs"] = json!([["event", "urn:aws:cloudtrail", event]]);
        payload
    }
}
