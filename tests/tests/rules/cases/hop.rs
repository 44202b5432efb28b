//! A hop by itself: its own permit, what its token presented, and who its people are.

use schemas::ids::StatementId;
use serde_json::{Value, json};
use tests::scenario::Draft;

use crate::case::{Case, accept, reject};
use crate::story::Evidence::{self, Bundle};
use crate::story::{Story, hop};

pub(crate) fn cases() -> Vec<Case> {
    [permits(), presented(), shared(), instances()].into_iter().flatten().collect()
}

/// The decision point permits the planner to hand something on to the worker.
fn handing_on(s: &Story) -> Draft {
    let body = json!({
        "ruling": "permit",
        "actor": "agent:planner",
        "action": {"name": "delegate"},
        "resources": ["agent:worker"],
        "evaluated_at": s.log.now,
    });
    Draft::new("decision", body)
}

/// The planner hands on by this decision, and the worker pays.
fn handed_on(s: &mut Story, decision: StatementId) -> (StatementId, Evidence) {
    let hop = s.granted();
    let onward = s.log.say(&s.planner, s.onward(hop).body("decision", json!(decision)));
    (s.worker_pays(onward), Bundle)
}

fn permits() -> Vec<Case> {
    const SLUG: &str = "hop-unauthorized";
    vec![
        accept(SLUG, "accept-hop-with-a-permit-of-its-own", 2, |s| {
            let permit = s.log.say(&s.pdp, handing_on(s));
            handed_on(s, permit)
        }),
        reject(SLUG, "reject-hop-that-was-denied", 2, &[SLUG], |s| {
            let deny = s.log.say(&s.pdp, handing_on(s).body("ruling", "deny"));
            handed_on(s, deny)
        }),
        reject(SLUG, "reject-hop-on-which-nobody-could-decide", 2, &[SLUG], |s| {
            let ruling = s.log.say(&s.pdp, handing_on(s).body("ruling", "indeterminate"));
            handed_on(s, ruling)
        })
        .indeterminate(),
        reject(SLUG, "reject-permit-for-another-delegatee", 2, &[SLUG], |s| {
            let permit = s.log.say(&s.pdp, handing_on(s).body("resources", json!(["agent:helper"])));
            handed_on(s, permit)
        }),
        reject(SLUG, "reject-permit-that-somebody-else-asked-for", 2, &[SLUG], |s| {
            let permit = s.log.say(&s.pdp, handing_on(s).body("actor", "agent:helper"));
            handed_on(s, permit)
        }),
        reject(SLUG, "reject-permit-by-a-key-that-may-not-decide", 2, &[SLUG], |s| {
            let permit = s.log.force(&s.worker, handing_on(s));
            handed_on(s, permit)
        }),
        reject(SLUG, "reject-permit-by-the-delegator-itself", 2, &[SLUG], |s| {
            let planner = s.log.register("agent:planner", &["principal", "pdp"]);
            let permit = s.log.say(&planner, handing_on(s));
            handed_on(s, permit)
        }),
        accept(SLUG, "accept-permit-that-ends-as-the-hop-is-made", 2, |s| {
            // The permit and the hop above come before the hop.
            let until = s.later(2);
            let permit = s.log.say(&s.pdp, handing_on(s).body("valid_until", json!(until)));
            handed_on(s, permit)
        }),
        reject(SLUG, "reject-permit-that-ended-one-millisecond-before", 2, &[SLUG], |s| {
            let until = s.later(1);
            let permit = s.log.say(&s.pdp, handing_on(s).body("valid_until", json!(until)));
            handed_on(s, permit)
        }),
        reject(SLUG, "reject-permit-that-was-logged-long-after-the-action", 2, &[SLUG], |s| {
            let name = json!(["request", "service:pdp", "9"]);
            let late = handing_on(s).with("refs", json!([name])).at(s.log.now);
            let hop = s.granted();
            let onward = s.log.say(&s.planner, s.onward(hop).body("decision", name));
            let subject = s.worker_pays(onward);
            s.log.wait(3_600_000);
            s.log.say(&s.pdp, late);
            (subject, Bundle)
        }),
        reject(SLUG, "reject-permit-that-was-never-logged", 2, &["absence-unproved", SLUG], |s| {
            handed_on(s, StatementId::new([7; 32]))
        })
        .indeterminate(),
        accept(SLUG, "accept-hop-without-a-permit-where-none-is-asked-for", 1, |s| {
            let hop = s.granted();
            (s.planner_pays(hop), Bundle)
        }),
        reject(SLUG, "reject-hop-without-a-permit-where-each-needs-one", 1, &[SLUG], |s| {
            let hop = s.granted();
            (s.planner_pays(hop), Bundle)
        })
        .tuned(|profile| profile.hop_permits = true)
        .indeterminate(),
        accept(SLUG, "accept-permit-read-from-the-event-that-the-hop-was-read-from", 1, |s| {
            let event = json!(["event", "aws:cloudtrail", "e1"]);
            let permit = s.permit("user:alice").body("action", json!({"name": "sts:AssumeRole"}));
            let permit = permit.body("decider", "service:sts").with("refs", json!([event]));
            s.log.say(&s.edge, permit.imported("e1", "decision"));
            let grant = s.grant().body("decision", event).imported("e1", "delegation");
            let hop = s.log.say(&s.edge, grant);
            (s.planner_pays(hop), Bundle)
        }),
    ]
}

/// The planner hands on to the worker under a token that presented this chain; the worker pays.
fn with_token(s: &mut Story, presented: Value) -> (StatementId, Evidence) {
    let hop = s.granted();
    let onward = s.log.say(&s.planner, s.onward(hop).body("presented", presented));
    (s.worker_pays(onward), Bundle)
}

fn presented() -> Vec<Case> {
    const SLUG: &str = "presented-chain-differs";
    vec![
        accept(SLUG, "accept-chain-as-recorded", 2, |s| {
            let chain = json!(["user:alice", "agent:planner", "agent:worker"]);
            with_token(s, json!({"chain": chain, "source_order": "root-first"}))
        }),
        accept(SLUG, "accept-chain-up-to-the-delegator-who-presented-it", 2, |s| {
            let chain = json!(["user:alice", "agent:planner"]);
            with_token(s, json!({"chain": chain, "source_order": "newest-first"}))
        }),
        accept(SLUG, "accept-chain-kept-in-the-order-of-its-token", 2, |s| {
            let chain = json!(["agent:worker", "agent:planner", "user:alice"]);
            with_token(s, json!({"chain": chain, "source_order": "newest-first"}))
        }),
        reject(SLUG, "reject-as-a-warning-chain-in-the-wrong-order", 2, &[SLUG], |s| {
            let chain = json!(["agent:worker", "agent:planner", "user:alice"]);
            with_token(s, json!({"chain": chain, "source_order": "root-first"}))
        })
        .authorized(),
        accept(SLUG, "accept-truncated-chain-that-ends-as-recorded", 2, |s| {
            let chain = json!(["agent:planner", "agent:worker"]);
            with_token(s, json!({"chain": chain, "source_order": "root-first", "truncated": true}))
        }),
        reject(SLUG, "reject-as-a-warning-whole-chain-without-its-root", 2, &[SLUG], |s| {
            let chain = json!(["agent:planner", "agent:worker"]);
            with_token(s, json!({"chain": chain, "source_order": "root-first"}))
        })
        .authorized(),
        reject(SLUG, "reject-as-a-warning-chain-of-another-root", 2, &[SLUG], |s| {
            let chain = json!(["user:bob", "agent:planner", "agent:worker"]);
            with_token(s, json!({"chain": chain, "source_order": "root-first"}))
        })
        .authorized(),
        reject(SLUG, "reject-as-a-warning-chain-with-an-actor-that-no-hop-has", 2, &[SLUG], |s| {
            let chain = json!(["user:alice", "agent:helper", "agent:planner", "agent:worker"]);
            with_token(s, json!({"chain": chain, "source_order": "root-first"}))
        })
        .authorized(),
        accept(SLUG, "accept-chain-past-a-session-of-ones-own", 2, |s| {
            let own =
                hop("user:alice", "user:alice").body("credential", json!(["token", "user:alice", "s1"]));
            let own = own.body("expires", json!(s.later(60_000)));
            let own = s.log.say(&s.alice, own);
            let presented = json!({"chain": ["user:alice", "agent:planner"], "source_order": "root-first"});
            let grant = s.grant().body("parents", json!([own])).body("presented", presented);
            let grant = s.log.say(&s.alice, grant);
            (s.planner_pays(grant), Bundle)
        }),
        accept(SLUG, "accept-chain-that-one-way-of-several-reads-as", 2, |s| {
            let bob = s.log.register("user:bob", &["principal"]);
            let by_bob = s.log.say(&bob, hop("user:bob", "agent:planner"));
            let by_alice = s.granted();
            let chain = json!(["user:bob", "agent:planner", "agent:worker"]);
            let onward = hop("agent:planner", "agent:worker").body("parents", json!([by_alice, by_bob]));
            let onward = onward.body("presented", json!({"chain": chain, "source_order": "root-first"}));
            let onward = s.log.say(&s.planner, onward);
            (s.worker_pays(onward), Bundle)
        }),
    ]
}

/// A registrar says what an agent is.
fn describe(s: &mut Story, who: &str, more: Value) {
    let mut body = json!({"id": who, "type": "agent", "status": "active", "owner": "user:alice"});
    for (field, value) in more.as_object().expect("fields") {
        body[field] = value.clone();
    }
    s.log.say(&s.log.registrar(), Draft::new("principal", body));
}

fn shared() -> Vec<Case> {
    const SLUG: &str = "shared-principal";
    vec![
        accept(SLUG, "accept-actor-that-is-one", 1, |s| {
            describe(s, "agent:planner", json!({}));
            let hop = s.granted();
            (s.planner_pays(hop), Bundle)
        }),
        reject(SLUG, "reject-as-a-warning-actor-that-several-share", 1, &[SLUG], |s| {
            describe(s, "agent:planner", json!({"shared": true}));
            let hop = s.granted();
            (s.planner_pays(hop), Bundle)
        })
        .authorized(),
        reject(SLUG, "reject-as-a-warning-delegator-that-several-share", 2, &[SLUG], |s| {
            describe(s, "agent:planner", json!({"shared": true}));
            let hop = s.granted();
            let onward = s.log.say(&s.planner, s.onward(hop));
            (s.worker_pays(onward), Bundle)
        })
        .authorized(),
        accept(SLUG, "accept-actor-that-several-share-only-later", 1, |s| {
            let hop = s.granted();
            let subject = s.planner_pays(hop);
            describe(s, "agent:planner", json!({"shared": true}));
            (subject, Bundle)
        }),
        reject(SLUG, "reject-as-a-warning-actor-shared-from-the-very-moment-on", 1, &[SLUG], |s| {
            let since = s.later(3);
            describe(s, "agent:planner", json!({"shared": true, "since": since}));
            let hop = s.granted();
            (s.planner_pays(hop), Bundle)
        })
        .authorized(),
    ]
}

fn instances() -> Vec<Case> {
    const SLUG: &str = "instance-unknown";
    vec![
        accept(SLUG, "accept-agent-whose-instance-a-registrar-states", 1, |s| {
            describe(s, "agent:planner", json!({"instance": "pod-7"}));
            let hop = s.granted();
            (s.planner_pays(hop), Bundle)
        }),
        reject(SLUG, "reject-as-a-warning-agent-whose-instance-is-no-longer-stated", 1, &[SLUG], |s| {
            describe(s, "agent:planner", json!({"instance": "pod-7"}));
            describe(s, "agent:planner", json!({}));
            let hop = s.granted();
            (s.planner_pays(hop), Bundle)
        })
        .authorized(),
        reject(SLUG, "reject-as-a-warning-delegator-whose-instance-is-stated-only-later", 2, &[SLUG], |s| {
            let hop = s.granted();
            let onward = s.log.say(&s.planner, s.onward(hop));
            let subject = s.worker_pays(onward);
            s.log.wait(60_000);
            describe(s, "agent:planner", json!({"instance": "pod-7"}));
            (subject, Bundle)
        })
        .authorized(),
        accept(SLUG, "accept-agent-of-which-nobody-tells-instances", 1, |s| {
            describe(s, "agent:planner", json!({}));
            let hop = s.granted();
            (s.planner_pays(hop), Bundle)
        }),
        reject(SLUG, "reject-agent-of-which-nobody-tells-where-the-profile-asks", 1, &[SLUG], |s| {
            let hop = s.granted();
            (s.planner_pays(hop), Bundle)
        })
        .tuned(|profile| {
            profile.raised.insert("instance-unknown".into(), verifier::verdict::Effect::Indeterminate);
        })
        .indeterminate(),
    ]
}
