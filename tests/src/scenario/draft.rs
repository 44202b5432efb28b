//! What somebody is about to say, in the JSON form.

use schemas::ids::LogId;
use schemas::payload::Payload;
use schemas::time::Time;
use serde_json::{Value, json};

/// A statement before it is signed: a kind, a body, and whatever differs from the usual around them.
#[derive(Clone, Debug)]
pub struct Draft {
    fields: Value,
}

impl Draft {
    /// A draft of this kind. What the kind can usually be seen from is its vantage: `self` for actions, else `authority`.
    pub fn new(kind: &str, body: Value) -> Self {
        let vantage = if kind == "action" { "self" } else { "authority" };
        Self { fields: json!({"v": 1, "kind": kind, "tenant": "default", "vantage": vantage, "body": body}) }
    }

    /// The same with another field beside the body.
    pub fn with(mut self, field: &str, value: impl Into<Value>) -> Self {
        self.fields[field] = value.into();
        self
    }

    /// The same with another field in the body.
    pub fn body(mut self, field: &str, value: impl Into<Value>) -> Self {
        self.fields["body"][field] = value.into();
        self
    }

    /// The same without a field of the body.
    pub fn without(mut self, field: &str) -> Self {
        if let Some(body) = self.fields["body"].as_object_mut() {
            body.remove(field);
        }
        self
    }

    /// The same, read from another system's event.
    pub fn imported(self, event: &str, part: &str) -> Self {
        let digest = "00".repeat(32);
        let source =
            json!({"format": "cloudtrail", "id": event, "part": part, "digest": digest, "adapter": "test/1"});
        self.with("vantage", "imported").with("source", source)
    }

    /// The same with its claimed time.
    pub fn at(self, at: Time) -> Self {
        self.with("at", at.0)
    }

    /// The payload, for a log, at a time unless it claims one itself.
    pub fn payload(&self, log: LogId, now: Time) -> Payload {
        let mut fields = self.fields.clone();
        let own = fields.as_object_mut().expect("an object");
        own.entry("at").or_insert_with(|| json!(now.0));
        own.entry("log").or_insert_with(|| json!(log));
        fill_moment(&mut fields);
        Payload::from_json(&fields).unwrap_or_else(|error| panic!("{error}: {fields}"))
    }
}

/// Gives an action, decision or approval that states no moment of its own the statement's `at`.
pub fn fill_moment(payload: &mut Value) {
    let field = match payload["kind"].as_str() {
        Some("action") => "attempted_at",
        Some("decision") => "evaluated_at",
        Some("approval") => "approved_at",
        _ => return,
    };
    let at = payload["at"].clone();
    if let Some(body) = payload["body"].as_object_mut() {
        body.entry(field).or_insert(at);
    }
}
