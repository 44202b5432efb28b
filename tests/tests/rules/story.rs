//! The people that every case is about, and the statements that they usually make.

use schemas::ids::{StatementId, TermId};
use schemas::time::Time;
use serde_json::{Value, json};
use tests::scenario::{Actor, Draft, Scenario};

use crate::beside::Beside;

/// Alice, two agents, a decision point and a gateway, and the log that they speak in.
#[derive(Clone)]
pub(crate) struct Story {
    pub(crate) log: Scenario,
    pub(crate) alice: Actor,
    pub(crate) planner: Actor,
    pub(crate) worker: Actor,
    pub(crate) pdp: Actor,
    pub(crate) edge: Actor,
}

/// What a case is judged from.
pub(crate) enum Evidence {
    /// The bundle that the log hands out.
    Bundle,
    /// That bundle, without what the log says of a term.
    BundleWithout(TermId),
    /// All entries.
    Entries,
    /// The bundle, by somebody who pinned nothing.
    Unpinned,
    /// The bundle, by somebody who holds something beside it.
    BundleBeside(Beside),
}

impl Story {
    pub(crate) fn new() -> Self {
        Self::on(Scenario::new())
    }

    pub(crate) fn on(mut log: Scenario) -> Self {
        let alice = log.register("user:alice", &["principal"]);
        let planner = log.register("agent:planner", &["principal"]);
        let worker = log.register("agent:worker", &["principal"]);
        let pdp = log.register("service:pdp", &["pdp"]);
        let edge = log.register("gateway:edge", &["gateway"]);
        log.wait(1_000);
        Self { log, alice, planner, worker, pdp, edge }
    }

    /// Alice lets the planner pay from any account.
    pub(crate) fn grant(&self) -> Draft {
        hop("user:alice", "agent:planner")
    }

    /// The planner lets the worker do the same.
    pub(crate) fn onward(&self, parent: StatementId) -> Draft {
        hop("agent:planner", "agent:worker")
            .body("parents", json!([parent]))
            .body("on_behalf_of", "user:alice")
    }

    pub(crate) fn granted(&mut self) -> StatementId {
        let grant = self.grant();
        self.log.say(&self.alice, grant)
    }

    /// The decision point permits `actor` to pay from account 7.
    pub(crate) fn permit(&self, actor: &str) -> Draft {
        let body = json!({
            "ruling": "permit",
            "actor": actor,
            "action": {"name": "pay:send"},
            "resources": ["acct/7"],
            "evaluated_at": self.log.now,
        });
        Draft::new("decision", body)
    }

    pub(crate) fn permitted(&mut self, actor: &str) -> StatementId {
        let permit = self.permit(actor);
        self.log.say(&self.pdp, permit)
    }

    /// `actor` pays from account 7, by a decision.
    pub(crate) fn payment(&self, actor: &str, decision: StatementId) -> Draft {
        let body = json!({
            "phase": "both",
            "outcome": "completed",
            "actor": actor,
            "action": {"name": "pay:send"},
            "resources": ["acct/7"],
            "decision": decision,
            "attempted_at": self.log.now,
        });
        Draft::new("action", body)
    }

    /// The planner, permitted, pays by a hop.
    pub(crate) fn planner_pays(&mut self, hop: StatementId) -> StatementId {
        let decision = self.permitted("agent:planner");
        let payment = self.payment("agent:planner", decision).body("delegation", json!(hop));
        self.log.say(&self.planner, payment)
    }

    /// The same with everything that the profile `strict` asks for: by a stated revision of a policy, past an enforcement
    /// point, in a class that needs no second factor.
    pub(crate) fn planner_pays_beyond_doubt(&mut self, hop: StatementId) -> StatementId {
        let revision = json!({
            "engine": "opa", "id": "payments", "revision": "1", "digest": digest(1), "effective_from": self.log.now,
        });
        self.log.say(&self.pdp, Draft::new("policy", revision));
        let read = json!({"name": "pay:send", "class": "read"});
        let permit = self.permit("agent:planner").body("action", read.clone()).body("pep", "gateway:edge");
        let permit = permit.body("policy", json!({"engine": "opa", "id": "payments", "revision": "1"}));
        let decision = self.log.say(&self.pdp, permit);
        let payment = self.payment("agent:planner", decision).body("delegation", json!(hop));
        self.log.say(&self.planner, payment.body("action", read))
    }

    /// The worker, permitted, pays by a hop.
    pub(crate) fn worker_pays(&mut self, hop: StatementId) -> StatementId {
        let decision = self.permitted("agent:worker");
        let payment = self.payment("agent:worker", decision).body("delegation", json!(hop));
        self.log.say(&self.worker, payment)
    }

    /// Somebody withdraws a target, from now on unless the draft says otherwise.
    pub(crate) fn revocation(&self, target: Value) -> Draft {
        Draft::new("revocation", json!({"target": target, "effective_at": self.log.now}))
    }

    /// A time so many ms from now.
    pub(crate) fn later(&self, ms: u64) -> Time {
        Time(self.log.now.0 + ms)
    }
}

/// `from` lets `to` pay from any account.
pub(crate) fn hop(from: &str, to: &str) -> Draft {
    let scope = json!([{"actions": ["pay:*"], "resources": ["acct/**"]}]);
    Draft::new("delegation", json!({"delegator": from, "delegatee": to, "scope": scope}))
}

/// A digest of a request.
pub(crate) fn digest(byte: u8) -> Value {
    json!({"alg": "sha-256", "canon": "jcs", "value": format!("{byte:02x}").repeat(32)})
}
