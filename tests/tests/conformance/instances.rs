//! Payloads of every kind: the least that each may say, the most, and each alternative between.

use schemas::payload::{Kind, Payload};
use serde_json::{Value, json};

/// One payload in its JSON form.
pub(crate) struct Instance {
    pub(crate) kind: &'static str,
    pub(crate) name: &'static str,
    pub(crate) json: Value,
}

impl Instance {
    pub(crate) fn payload(&self) -> Payload {
        Payload::from_json(&self.json).unwrap_or_else(|e| panic!("{} {}: {e}", self.kind, self.name))
    }
}

pub(crate) fn hex(byte: u8, count: usize) -> String {
    format!("{byte:02x}").repeat(count)
}

/// Every instance, kinds in the order of the format.
pub(crate) fn all() -> Vec<Instance> {
    let bodies = [logs(), identity(), authority(), means(), requests(), deeds(), records()].concat();
    let mut all: Vec<Instance> = bodies
        .into_iter()
        .map(|(kind, name, body)| Instance { kind, name, json: payload(kind, name, body) })
        .collect();
    all.sort_by_key(|instance| Kind::from_word(instance.kind));
    all
}

/// The common fields around a body: as few as may be around `minimal`, all of them around `full`, and those of an imported
/// statement around `imported`.
fn payload(kind: &str, name: &str, body: Value) -> Value {
    let mut json = json!({"v": 1, "kind": kind, "tenant": "default", "at": 1_700_000_000_000_u64, "vantage": "authority"});
    if kind != "genesis" {
        json["log"] = hex(0x10, 32).into();
    }
    if kind == "task" {
        json["task"] = "refund-4711".into();
    }
    if kind == "stream" || name == "full" {
        json["stream"] = hex(0x57, 16).into();
        json["seq"] = 7.into();
    }
    if name == "full" {
        json["vantage"] = "boundary".into();
        json["task"] = "refund-4711".into();
        json["seen"] = json!([12, hex(0x5e, 32)]);
        json["trace"] = json!({"trace_id": hex(0x7a, 16), "span_id": hex(0x7b, 8)});
        json["refs"] =
            json!([["request", "https://gateway.corp", "r-1"], ["jti", "https://idp.corp", "j-1"]]);
        json["attachments"] = json!([{
            "name": "prompt", "media_type": "text/plain", "size": 12, "digest": hex(0xa7, 32), "salted": true,
        }]);
        json["ext"] =
            json!({"urn:example:note": {"b": [true, -5, {}], "a": "x"}, "https://example.com/x": 3});
    }
    if name == "imported" {
        json["vantage"] = "imported".into();
        json["source"] = json!({
            "format": "cloudtrail", "id": "e-1", "part": "action", "digest": hex(0xd1, 32), "adapter": "cloudtrail 1",
        });
    }
    json["body"] = body;
    json
}

type Body = (&'static str, &'static str, Value);

fn body(kind: &'static str, name: &'static str, body: Value) -> Body {
    (kind, name, body)
}

fn digest() -> Value {
    json!({"alg": "sha-256", "canon": "jcs", "value": hex(0xd9, 32)})
}

fn foreign(kind: &str) -> Value {
    json!([kind, "https://idp.corp", "f-1"])
}

/// Logs: genesis.
fn logs() -> Vec<Body> {
    let log_key = |usage: &str, byte| json!({"use": usage, "public": hex(byte, 32)});
    let keys = json!([log_key("checkpoint", 1), log_key("statement", 2), log_key("receipt", 3)]);
    vec![
        body(
            "genesis",
            "minimal",
            json!({
                "origin": "ledger.corp/test", "nonce": hex(0x0e, 16), "keys": keys, "registrars": [hex(4, 32)],
                "threshold": 1, "parameters": {"heartbeat": 60_000, "clock_ahead": 1_000},
            }),
        ),
        body(
            "genesis",
            "full",
            json!({
                "origin": "ledger.corp/test", "nonce": hex(0x0e, 32), "keys": keys, "registrars": [hex(4, 32), hex(5, 32)],
                "threshold": 2, "parameters": {"heartbeat": 60_000, "clock_ahead": 1_000, "dev": true},
                "predecessor": {"log": hex(6, 32), "size": 9, "root": hex(7, 32)},
            }),
        ),
    ]
}

/// Who there is: keys, principals, links.
fn identity() -> Vec<Body> {
    let new_key = |op: &str| json!({"op": op, "kid": hex(0x1d, 32), "public": hex(0x1e, 32), "principal": "agent:planner/7", "pop": hex(0x1f, 64)});
    let mut add = new_key("add");
    add["roles"] = json!([{"role": "principal"}]);
    let mut full = new_key("rotate");
    full["roles"] = json!([
        {"role": "authority", "about": ["agent:**", "user:*"], "tenants": ["default", "Other-1"]},
        {"role": "pdp", "about": ["agent:*"], "tenants": ["default"]},
    ]);
    full["replaces"] = hex(0x2d, 32).into();
    full["proposal"] = hex(0x09, 5).into();
    let mut log_key_added = new_key("add");
    log_key_added["use"] = "statement".into();
    vec![
        body("key", "minimal", json!({"op": "retire", "kid": hex(0x1d, 32)})),
        body("key", "add", add),
        body("key", "full", full),
        body("key", "add-log-key", log_key_added),
        body(
            "key",
            "retire",
            json!({
                "op": "retire", "kid": hex(0x1d, 32), "accept_until": 1_700_000_100_000_u64, "proposal": hex(9, 2),
            }),
        ),
        body(
            "key",
            "compromise",
            json!({
                "op": "compromise", "kid": hex(0x1d, 32), "since": 1_699_000_000_000_u64, "proposal": hex(9, 2),
            }),
        ),
        body("principal", "minimal", json!({"id": "user:alice@corp", "type": "human", "status": "active"})),
        body(
            "principal",
            "full",
            json!({
                "id": "spiffe://corp/agents/planner", "type": "agent", "format": "spiffe", "iss": "spiffe://corp",
                "instance": "pod-1", "version": "model 3.1", "sub_profile": "ai-agent", "owner": "user:alice@corp",
                "shared": true, "status": "suspended", "since": 1_700_000_000_000_u64,
            }),
        ),
        body("link", "minimal", json!({"from": "user:alice@corp", "to": "arn:aws:iam::1:user/alice"})),
        body(
            "link",
            "full",
            json!({
                "from": "user:alice@corp", "to": "arn:aws:iam::1:user/alice", "evidence": digest(), "not_before": 5, "expires": 9,
            }),
        ),
    ]
}

/// Who may do what: tasks and delegations.
fn authority() -> Vec<Body> {
    let step = |op: &str| json!({"op": op});
    vec![
        body("task", "minimal", step("complete")),
        body("task", "open", json!({"op": "open", "owner": "user:alice@corp"})),
        body(
            "task",
            "full",
            json!({
                "op": "open", "owner": "user:alice@corp", "intent": digest(), "effective_at": 6, "cause": "ticket 4711",
                "plan": {"actions": ["payments:*"], "resources": ["order/**"], "stages": ["read", "write"]},
            }),
        ),
        body(
            "task",
            "stage",
            json!({"op": "stage", "stage": "write", "intent": digest(), "effective_at": 7, "cause": "read"}),
        ),
        body("task", "suspend", step("suspend")),
        body("task", "cancel", step("cancel")),
        body("task", "fail", step("fail")),
        body(
            "delegation",
            "minimal",
            json!({"delegator": "user:alice@corp", "delegatee": "agent:planner/7"}),
        ),
        body(
            "delegation",
            "full",
            json!({
                "delegator": "agent:planner/7", "delegatee": "tool:refunds", "on_behalf_of": "user:alice@corp",
                "parents": [hex(0x11, 32), [hex(0x10, 32), hex(0x12, 32)], foreign("jti")],
                "presented_credential": foreign("session"),
                "scope": [
                    {"actions": ["payments:refund", "%2A:%25"], "resources": ["order/**", "a::*", "..."],
                     "limits": {"eur": {"max": 500, "min": "0.5", "in": [1, "2.5", "three"]}, "count": {"min": -3},
                                "currency": {"in": ["EUR"]}}},
                    {"actions": [], "resources": []},
                ],
                "not_before": 5, "expires": 5, "max_depth": 2, "use_limit": 3, "audience": ["https://pay.corp"],
                "stage": "write", "credential": foreign("jti"), "decision": hex(0x13, 32), "approval": foreign("approval"),
                "autonomy": "supervised", "enforcement": "in-app", "bridge": hex(0x14, 32), "inherited": true,
                "presented": {"chain": ["user:alice@corp", "agent:planner/7"], "source_order": "newest-first", "truncated": true},
                "evidence": [{"kind": "token", "digest": digest(), "location": "s3://evidence/1"}],
            }),
        ),
        body(
            "delegation",
            "imported",
            json!({
                "delegator": "user:alice@corp", "delegatee": "agent:planner/7",
                "scope": {"external": {"system": "https://iam.corp", "ref": "role/refunds", "digest": digest()}},
            }),
        ),
    ]
}

/// By what, and no longer: credentials, policies, revocations.
fn means() -> Vec<Body> {
    let withdrawn = |target: Value| json!({"target": target});
    vec![
        body(
            "credential",
            "minimal",
            json!({"op": "authenticate", "credential": foreign("session"), "holder": "user:alice@corp"}),
        ),
        body(
            "credential",
            "full",
            json!({
                "op": "exchange", "credential": foreign("jti"), "holder": "agent:planner/7", "issuer": "service:idp.corp",
                "type": "jwt", "delegation": hex(0x15, 32), "exchanged": foreign("session"), "not_before": 5, "expires": 9,
                "audience": ["https://pay.corp"], "resources": ["order/7"], "session": "s-1", "binding": "jkt:abc",
                "methods": ["mfa"], "source": "minted", "waiver": hex(0x16, 32),
            }),
        ),
        body(
            "credential",
            "issue",
            json!({"op": "issue", "credential": foreign("access-key"), "holder": "agent:planner/7"}),
        ),
        body(
            "policy",
            "minimal",
            json!({
                "engine": "cedar", "id": "refunds", "revision": "12", "digest": digest(), "effective_from": 5,
            }),
        ),
        body(
            "policy",
            "full",
            json!({
                "engine": "cedar", "id": "refunds", "revision": "13", "digest": digest(), "effective_from": 5,
                "supersedes": hex(0x17, 32),
            }),
        ),
        body("revocation", "minimal", withdrawn(json!({"kind": "delegation", "ref": hex(0x18, 32)}))),
        body(
            "revocation",
            "full",
            json!({
                "target": {"kind": "credential", "ref": foreign("jti")}, "revoker": "user:alice@corp", "effective_at": 8,
                "cause": "exposed", "note": "found in a log",
            }),
        ),
        body("revocation", "key", withdrawn(json!({"kind": "key", "key": hex(0x1d, 32)}))),
        body("revocation", "task", withdrawn(json!({"kind": "task", "task": "refund-4711"}))),
        body(
            "revocation",
            "principal",
            withdrawn(json!({"kind": "principal", "principal": "agent:planner/7"})),
        ),
        body("revocation", "approval", withdrawn(json!({"kind": "approval", "ref": hex(0x19, 32)}))),
    ]
}

/// What was asked and ruled.
fn requests() -> Vec<Body> {
    let action = json!({"name": "payments:refund", "class": "write", "class_source": "urn:example:classes"});
    let plain = json!({"name": "payments:refund"});
    vec![
        body(
            "decision",
            "minimal",
            json!({
                "ruling": "permit", "actor": "agent:planner/7", "action": plain, "resources": [], "evaluated_at": 5,
            }),
        ),
        body(
            "decision",
            "full",
            json!({
                "ruling": "deny", "actor": "agent:planner/7", "action": action, "resources": ["order/7", "order/8"],
                "quantities": {"eur": "4200.5", "count": 2, "currency": "EUR"}, "request": digest(), "delegation": hex(0x15, 32),
                "credential": foreign("jti"), "approval": foreign("approval"), "decider": "service:pdp.corp", "requested_at": 5,
                "evaluated_at": 5, "valid_until": 9, "use_limit": 1, "reason": "over limit",
                "policy": {"engine": "cedar", "id": "refunds", "revision": "12", "rules": ["r1", "r2"]}, "context": digest(),
                "inputs": {"risk": 4, "task": 3}, "revocations_at": 4, "risk": "low", "obligations": ["notify owner"],
                "granularity": "parameters", "basis": "task", "cached_age": 250, "pep": "gateway:edge", "fail_mode": "closed",
                "retry_of": hex(0x1a, 32),
            }),
        ),
        body(
            "decision",
            "indeterminate",
            json!({
                "ruling": "indeterminate", "actor": "agent:planner/7", "action": plain, "resources": ["order/7"],
                "evaluated_at": 5, "policy": {"engine": "opa"},
            }),
        ),
    ]
}

/// What was agreed to and done.
fn deeds() -> Vec<Body> {
    let action = json!({"name": "payments:refund", "class": "write", "class_source": "urn:example:classes"});
    let plain = json!({"name": "payments:refund"});
    vec![
        body(
            "approval",
            "minimal",
            json!({
                "approver": "user:bob@corp", "requester": "agent:planner/7", "action": plain, "resources": [], "scope": "template",
                "approved_at": 5,
            }),
        ),
        body(
            "approval",
            "full",
            json!({
                "approver": "user:bob@corp", "requester": "agent:planner/7", "action": action, "resources": ["order/7"],
                "scope": "exact", "request": digest(), "request_ref": foreign("request"), "approved_at": 5, "approved_until": 9,
                "use_limit": 1, "supersedes": hex(0x1b, 32), "break_glass": true, "review_by": 99,
            }),
        ),
        body(
            "action",
            "minimal",
            json!({
                "phase": "attempt", "actor": "agent:planner/7", "action": plain, "resources": [], "attempted_at": 6,
            }),
        ),
        body(
            "action",
            "full",
            json!({
                "phase": "outcome", "attempt": hex(0x1c, 32), "actor": "agent:planner/7", "action": action,
                "resources": ["order/7"], "quantities": {"eur": -5}, "request": digest(), "delegation": hex(0x15, 32),
                "decision": hex(0x1a, 32), "approval": hex(0x19, 32), "credential": foreign("jti"), "tool": "tool:refunds",
                "attempted_at": 6, "completed_at": 7, "outcome": "failed", "error": "timeout",
                "effects": [{"kind": "payment", "target": "order/7", "external": true, "reversible": false}],
                "compensates": hex(0x1e, 32), "retry_of": foreign("request"), "try_number": 2,
            }),
        ),
        body(
            "action",
            "imported",
            json!({
                "phase": "both", "actor": "agent:planner/7", "action": plain, "resources": ["order/7"], "attempted_at": 6,
                "outcome": "completed",
            }),
        ),
    ]
}

/// What the log and its emitters say about records.
fn records() -> Vec<Body> {
    vec![
        body("stream", "minimal", json!({"op": "open"})),
        body("stream", "full", json!({"op": "open", "previous": hex(0x58, 16)})),
        body("stream", "heartbeat", json!({"op": "heartbeat", "next": 8})),
        body("stream", "close", json!({"op": "close", "next": 9})),
        body("stream", "void", json!({"op": "void", "void": [3, 4]})),
        body("assertion", "minimal", json!({"size": 0, "root": hex(0x5e, 32), "rows": []})),
        body(
            "assertion",
            "full",
            json!({
                "size": 9, "root": hex(0x5e, 32), "rows": [[hex(1, 16), []], [hex(2, 16), [0, 3, 8]]],
            }),
        ),
        body("index-root", "minimal", json!({"size": 9, "root": hex(0x5e, 32), "method": ""})),
        body("index-root", "full", json!({"size": 9, "root": hex(0x5e, 32), "method": hex(1, 3)})),
        body("correction", "minimal", json!({"about": hex(0x1c, 32), "note": "wrong order number"})),
        body(
            "correction",
            "full",
            json!({
                "about": [hex(0x10, 32), hex(0x1c, 32)], "note": "wrong order number", "replacement": foreign("request"),
            }),
        ),
    ]
}
