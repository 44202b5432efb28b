//! What was taken back, and by whom.

use serde_json::json;
use tests::scenario::Draft;

use crate::case::{Case, accept, reject};
use crate::story::Evidence::Bundle;
use crate::story::{Story, hop};

pub(crate) fn cases() -> Vec<Case> {
    [hops(), graphs(), things(), roots(), revokers()].into_iter().flatten().collect()
}

fn hops() -> Vec<Case> {
    const SLUG: &str = "revoked";
    vec![
        accept(SLUG, "accept-hop-withdrawn-after-the-moment", 1, |s| {
            let hop = s.granted();
            let subject = s.planner_pays(hop);
            s.log.say(&s.alice, s.revocation(json!({"kind": "delegation", "ref": hop})));
            (subject, Bundle)
        }),
        reject(SLUG, "reject-hop-withdrawn-before", 1, &[SLUG], |s| {
            let hop = s.granted();
            s.log.say(&s.alice, s.revocation(json!({"kind": "delegation", "ref": hop})));
            (s.planner_pays(hop), Bundle)
        }),
        reject(SLUG, "reject-hop-withdrawn-at-the-very-moment", 1, &[SLUG], |s| {
            let hop = s.granted();
            let moment = s.later(1);
            let subject = s.planner_pays(hop);
            let revocation = s.revocation(json!({"kind": "delegation", "ref": hop}));
            s.log.say(&s.alice, revocation.body("effective_at", json!(moment)));
            (subject, Bundle)
        }),
        accept(SLUG, "accept-hop-withdrawn-one-millisecond-later", 1, |s| {
            let hop = s.granted();
            let moment = s.later(2);
            let subject = s.planner_pays(hop);
            let revocation = s.revocation(json!({"kind": "delegation", "ref": hop}));
            s.log.say(&s.alice, revocation.body("effective_at", json!(moment)));
            (subject, Bundle)
        }),
        reject(SLUG, "reject-ancestor-withdrawn", 2, &[SLUG], |s| {
            let hop = s.granted();
            let onward = s.log.say(&s.planner, s.onward(hop));
            s.log.say(&s.alice, s.revocation(json!({"kind": "delegation", "ref": hop})));
            (s.worker_pays(onward), Bundle)
        }),
        reject(SLUG, "reject-hop-that-its-root-withdrew-from-afar", 2, &[SLUG], |s| {
            let hop = s.granted();
            let onward = s.log.say(&s.planner, s.onward(hop));
            s.log.say(&s.alice, s.revocation(json!({"kind": "delegation", "ref": onward})));
            (s.worker_pays(onward), Bundle)
        }),
        reject(SLUG, "reject-hop-that-its-delegatee-gave-back", 1, &[SLUG], |s| {
            let hop = s.granted();
            s.log.say(&s.planner, s.revocation(json!({"kind": "delegation", "ref": hop})));
            (s.planner_pays(hop), Bundle)
        }),
        reject(SLUG, "reject-hop-that-an-authority-withdrew", 1, &[SLUG], |s| {
            let idp = s.log.register("service:idp", &["authority=user:*"]);
            let hop = s.granted();
            s.log.say(&idp, s.revocation(json!({"kind": "delegation", "ref": hop})));
            (s.planner_pays(hop), Bundle)
        }),
        reject(SLUG, "reject-hop-withdrawn-by-a-key-later-stolen", 1, &[SLUG], |s| {
            let hop = s.granted();
            let idp = s.log.register("service:idp", &["authority=user:*"]);
            let since = s.log.now;
            s.log.say(&idp, s.revocation(json!({"kind": "delegation", "ref": hop})));
            let body = json!({"op": "compromise", "kid": idp.kid(), "since": since});
            s.log.say(&s.log.registrar(), Draft::new("key", body));
            (s.planner_pays(hop), Bundle)
        }),
    ]
}

/// The worker's authority comes from the planner by two hops; so many of them are withdrawn.
fn two_ways(s: &mut Story, withdrawn: usize) -> (schemas::ids::StatementId, crate::story::Evidence) {
    let hops = ["a", "b"].map(|task| s.log.say(&s.alice, s.grant().with("task", task)));
    let onward = s.onward(hops[0]).body("parents", json!(hops));
    let onward = s.log.say(&s.planner, onward);
    for hop in hops.iter().take(withdrawn) {
        s.log.say(&s.alice, s.revocation(json!({"kind": "delegation", "ref": hop})));
    }
    (s.worker_pays(onward), Bundle)
}

fn graphs() -> Vec<Case> {
    const SLUG: &str = "revoked";
    vec![
        accept(SLUG, "accept-one-of-two-ways-withdrawn", 2, |s| two_ways(s, 1)),
        reject(SLUG, "reject-both-ways-withdrawn", 2, &[SLUG], |s| two_ways(s, 2)),
    ]
}

fn things() -> Vec<Case> {
    const SLUG: &str = "revoked";
    const BOTH: &[&str] = &["credential-used-after-revocation", SLUG, "standing-access"];
    vec![
        reject(SLUG, "reject-credential-withdrawn-by-name", 1, BOTH, |s| {
            let name = json!(["token", "user:alice", "t1"]);
            s.log.say(&s.alice, s.grant().body("credential", name.clone()));
            s.log.say(&s.alice, s.revocation(json!({"kind": "credential", "ref": name})));
            let decision = s.permitted("agent:planner");
            let payment = s.payment("agent:planner", decision).body("credential", name);
            (s.log.say(&s.planner, payment), Bundle)
        }),
        reject(SLUG, "reject-credential-withdrawn-by-the-statement-that-issued-it", 1, BOTH, |s| {
            let name = json!(["token", "service:idp", "t1"]);
            let idp = s.log.register("service:idp", &["authority=user:*", "authority=agent:*"]);
            let hop = s.log.say(&idp, s.grant().body("credential", name.clone()));
            let issue = json!({
                "op": "issue", "credential": name, "holder": "agent:planner", "delegation": hop,
                "expires": s.later(1_000), "binding": "jkt:1",
            });
            let issue = s.log.say(&idp, Draft::new("credential", issue));
            s.log.say(&s.alice, s.revocation(json!({"kind": "credential", "ref": issue})));
            let decision = s.permitted("agent:planner");
            let payment = s.payment("agent:planner", decision).body("credential", name);
            (s.log.say(&s.planner, payment), Bundle)
        }),
        reject(SLUG, "reject-signers-key-withdrawn", 1, &[SLUG], |s| {
            let hop = s.granted();
            s.log.say(&s.alice, s.revocation(json!({"kind": "key", "key": s.alice.kid()})));
            (s.planner_pays(hop), Bundle)
        }),
        reject(SLUG, "reject-task-withdrawn-by-its-owner", 1, &[SLUG], |s| {
            let idp = s.log.register("service:idp", &["authority=user:*"]);
            let bob = s.log.register("user:bob", &["principal"]);
            s.log.say(&idp, Draft::new("task", json!({"op": "open", "owner": "user:bob"})).with("task", "t"));
            let hop = s.log.say(&s.alice, s.grant().with("task", "t"));
            s.log.say(&bob, s.revocation(json!({"kind": "task", "task": "t"})));
            (s.planner_pays(hop), Bundle)
        }),
        reject(SLUG, "reject-delegatee-withdrawn-altogether", 1, &[SLUG], |s| {
            let hop = s.granted();
            s.log.say(
                &s.log.registrar(),
                s.revocation(json!({"kind": "principal", "principal": "agent:planner"})),
            );
            (s.planner_pays(hop), Bundle)
        }),
        reject(SLUG, "reject-delegatee-suspended", 1, &[SLUG], |s| {
            let hop = s.granted();
            standing(s, "agent:planner", "agent", "suspended");
            (s.planner_pays(hop), Bundle)
        }),
    ]
}

/// A registrar says how somebody stands from now on.
fn standing(s: &mut Story, who: &str, what: &str, status: &str) {
    let body = json!({"id": who, "type": what, "status": status, "owner": "user:alice"});
    s.log.say(&s.log.registrar(), Draft::new("principal", body));
}

fn roots() -> Vec<Case> {
    const SLUG: &str = "root-inactive";
    vec![
        reject(SLUG, "reject-root-offboarded", 1, &[SLUG], |s| {
            let hop = s.granted();
            standing(s, "user:alice", "human", "offboarded");
            (s.planner_pays(hop), Bundle)
        }),
        reject(SLUG, "reject-root-offboarded-two-hops-up", 2, &[SLUG], |s| {
            let hop = s.granted();
            let onward = s.log.say(&s.planner, s.onward(hop));
            standing(s, "user:alice", "human", "offboarded");
            (s.worker_pays(onward), Bundle)
        }),
        reject(SLUG, "reject-root-that-acts-while-suspended", 0, &[SLUG], |s| {
            standing(s, "user:alice", "human", "suspended");
            let decision = s.permitted("user:alice");
            let payment = s.payment("user:alice", decision);
            (s.log.say(&s.alice, payment), Bundle)
        }),
        reject(SLUG, "reject-root-withdrawn-altogether", 1, &[SLUG], |s| {
            let hop = s.granted();
            let target = json!({"kind": "principal", "principal": "user:alice"});
            s.log.say(&s.log.registrar(), s.revocation(target));
            (s.planner_pays(hop), Bundle)
        }),
        reject(SLUG, "reject-root-suspended-at-the-very-moment", 1, &[SLUG], |s| {
            let hop = s.granted();
            let moment = s.later(2);
            let body = json!({"id": "user:alice", "type": "human", "status": "suspended", "since": moment});
            s.log.say(&s.log.registrar(), Draft::new("principal", body));
            (s.planner_pays(hop), Bundle)
        }),
        accept(SLUG, "accept-root-suspended-one-millisecond-later", 1, |s| {
            let hop = s.granted();
            let moment = s.later(2);
            let subject = s.planner_pays(hop);
            let body = json!({"id": "user:alice", "type": "human", "status": "suspended", "since": moment});
            s.log.say(&s.log.registrar(), Draft::new("principal", body));
            (subject, Bundle)
        }),
        reject(SLUG, "reject-moment-within-a-suspension-that-has-ended-since", 1, &[SLUG], |s| {
            let hop = s.granted();
            standing(s, "user:alice", "human", "suspended");
            let subject = s.planner_pays(hop);
            standing(s, "user:alice", "human", "active");
            (subject, Bundle)
        }),
        accept(SLUG, "accept-moment-after-a-suspension", 1, |s| {
            let hop = s.granted();
            standing(s, "user:alice", "human", "suspended");
            standing(s, "user:alice", "human", "active");
            (s.planner_pays(hop), Bundle)
        }),
    ]
}

/// The planner pays with Bob's approval.
fn approved(s: &mut Story) -> (schemas::ids::StatementId, schemas::ids::StatementId) {
    let bob = s.log.register("user:bob", &["approver"]);
    let hop = s.granted();
    let approval = json!({
        "approver": "user:bob", "requester": "agent:planner", "action": {"name": "pay:send"},
        "resources": ["acct/7"], "scope": "exact", "approved_at": s.log.now,
    });
    let approval = s.log.say(&bob, Draft::new("approval", approval));
    let decision = s.permitted("agent:planner");
    let payment = s.payment("agent:planner", decision).body("delegation", json!(hop));
    (s.log.say(&s.planner, payment.body("approval", json!(approval))), hop)
}

fn revokers() -> Vec<Case> {
    const SLUG: &str = "revoker-not-entitled";
    vec![
        accept(SLUG, "accept-delegator-withdraws", 1, |s| {
            let hop = s.granted();
            s.log.say(&s.alice, s.revocation(json!({"kind": "delegation", "ref": hop})));
            (s.planner_pays(hop), Bundle)
        })
        .finding(&["revoked"])
        .denied(),
        reject(SLUG, "reject-stranger-withdraws", 1, &[SLUG], |s| {
            let hop = s.granted();
            s.log.say(&s.worker, s.revocation(json!({"kind": "delegation", "ref": hop})));
            (s.planner_pays(hop), Bundle)
        })
        .authorized(),
        reject(SLUG, "reject-delegatee-below-withdraws", 2, &[SLUG], |s| {
            let hop = s.granted();
            let onward = s.log.say(&s.planner, s.onward(hop));
            s.log.say(&s.worker, s.revocation(json!({"kind": "delegation", "ref": hop})));
            (s.worker_pays(onward), Bundle)
        })
        .authorized(),
        reject(SLUG, "reject-authority-about-others-withdraws", 1, &[SLUG], |s| {
            let idp = s.log.register("service:idp", &["authority=user:bob"]);
            let hop = s.granted();
            s.log.say(&idp, s.revocation(json!({"kind": "delegation", "ref": hop})));
            (s.planner_pays(hop), Bundle)
        })
        .authorized(),
        reject(SLUG, "reject-authority-about-others-withdraws-in-alices-name", 1, &[SLUG], |s| {
            let idp = s.log.register("service:idp", &["authority=user:bob"]);
            let hop = s.granted();
            let revocation =
                s.revocation(json!({"kind": "delegation", "ref": hop})).body("revoker", "user:alice");
            s.log.force(&idp, revocation);
            (s.planner_pays(hop), Bundle)
        })
        .authorized(),
        accept(SLUG, "accept-approver-says-approval-and-names-the-hop", 1, |s| {
            // Such a revocation is about no approval and no delegation: nothing asks for it.
            let (subject, hop) = approved(s);
            let bob = s.log.register("user:bob", &["approver", "principal"]);
            let revocation = s.revocation(json!({"kind": "approval", "ref": hop}));
            s.log.say(&bob, revocation.body("effective_at", 0));
            (subject, Bundle)
        }),
        reject(SLUG, "reject-whoever-opens-a-task-again", 1, &[SLUG], |s| {
            let idp = s.log.register("service:idp", &["authority=user:*"]);
            let mallory = s.log.register("user:mallory", &["principal"]);
            let open =
                |owner: &str| Draft::new("task", json!({"op": "open", "owner": owner})).with("task", "t");
            s.log.say(&idp, open("user:alice"));
            s.log.say(&idp, open("user:mallory"));
            let hop = s.log.say(&s.alice, s.grant().with("task", "t"));
            s.log.say(&mallory, s.revocation(json!({"kind": "task", "task": "t"})));
            (s.planner_pays(hop), Bundle)
        })
        .authorized(),
        reject(SLUG, "reject-stranger-withdraws-the-actors-credential", 1, &[SLUG], |s| {
            let name = json!(["token", "user:alice", "t1"]);
            let hop = hop("user:alice", "agent:planner").body("credential", name.clone());
            s.log.say(&s.alice, hop.body("use_limit", 1));
            s.log.say(&s.worker, s.revocation(json!({"kind": "credential", "ref": name})));
            let decision = s.permitted("agent:planner");
            let payment = s.payment("agent:planner", decision).body("credential", name);
            (s.log.say(&s.planner, payment), Bundle)
        })
        .authorized(),
    ]
}
