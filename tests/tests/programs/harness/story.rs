//! The story that the tests tell at the command line: Alice, her planner, its refund agent, Lee, a decision point, a gateway.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::{Cli, Person, Place, Server};

/// A log, a server and everybody's registered keys.
#[derive(Debug)]
pub(crate) struct Story {
    pub(crate) place: Place,
    pub(crate) server: Server,
    pub(crate) cli: Cli,
}

/// Key file, principal, role.
const CAST: [(&str, u8, &str, &str); 6] = [
    ("alice", 1, "user:alice@corp", "principal"),
    ("planner", 2, "agent:planner", "principal"),
    ("refunds", 3, "agent:refunds/7", "principal"),
    ("lee", 4, "user:lee@corp", "approver"),
    ("opa", 5, "service:opa@corp", "pdp"),
    ("gateway", 6, "gateway:mcp-eu-1", "gateway"),
];

/// A refund that was decided and carried out.
#[derive(Clone, Debug)]
pub(crate) struct Refund {
    pub(crate) decision: String,
    pub(crate) action: String,
}

impl Story {
    /// Everybody is registered, at the command line.
    pub(crate) fn begin() -> Self {
        let place = Place::init();
        let server = place.serve();
        let cli = Cli::new(&place, &server);
        let story = Self { place, server, cli };
        for (name, seed, principal, role) in CAST {
            Person::new(seed, principal).write_key(story.place.path(), &format!("{name}.pem"));
            story.register(name, principal, role);
        }
        story
    }

    /// Where somebody's secret key is.
    pub(crate) fn key(&self, name: &str) -> PathBuf {
        self.place.path().join(format!("{name}.pem"))
    }

    pub(crate) fn register(&self, name: &str, principal: &str, role: &str) {
        let (registrar, key) = (self.key("registrar"), self.place.path().join(format!("{name}.pem.pub")));
        let (registrar, key) = (registrar.to_str().unwrap(), key.to_str().unwrap());
        self.cli.ok(&[
            "keys",
            "register",
            "--registrar",
            registrar,
            "--key",
            key,
            "--principal",
            principal,
            "--role",
            role,
        ]);
    }

    /// Logs drafts; their ids.
    pub(crate) fn log(&self, name: &str, drafts: &[Value]) -> Vec<String> {
        self.cli.append(&self.key(name), drafts)
    }

    /// Alice to the planner, the planner to the refund agent: the two delegations.
    pub(crate) fn delegate(&self) -> (String, String) {
        let first = self.log("alice", &[json!({"kind": "delegation", "body": {
            "delegator": "user:alice@corp", "delegatee": "agent:planner", "max_depth": 2,
            "scope": [{"actions": ["payments:*"], "resources": ["order/**"], "limits": {"eur": {"max": 5000}}}],
        }})]);
        let second = self.log("planner", &[json!({"kind": "delegation", "body": {
            "delegator": "agent:planner", "delegatee": "agent:refunds/7", "on_behalf_of": "user:alice@corp", "parents": [first[0]],
            "scope": [{"actions": ["payments:refund"], "resources": ["order/*"], "limits": {"eur": {"max": 500}}}],
        }})]);
        (first[0].clone(), second[0].clone())
    }

    /// One refund, permitted and carried out, known to the shop as `request`.
    pub(crate) fn refund(&self, delegation: &str, request: &str) -> Refund {
        let refs = json!([["request", "https://shop.example", request]]);
        let about = json!({
            "actor": "agent:refunds/7", "action": {"name": "payments:refund"}, "resources": ["order/991"],
            "quantities": {"eur": 420}, "delegation": delegation,
        });
        let with = |more: Value| {
            let mut body = about.clone();
            body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            body
        };
        let decision =
            with(json!({"ruling": "permit", "policy": {"engine": "opa", "id": "refunds", "revision": "7"}}));
        let decision =
            self.log("opa", &[json!({"kind": "decision", "refs": refs, "body": decision})])[0].clone();
        let action = with(json!({"phase": "both", "outcome": "completed", "decision": decision}));
        let action =
            self.log("gateway", &[json!({"kind": "action", "refs": refs, "body": action})])[0].clone();
        Refund { decision, action }
    }
}
