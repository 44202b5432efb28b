//! Roots, hops and how they join.

use schemas::limits::CHAIN_HOPS_MAX;
use serde_json::json;
use tests::scenario::{Actor, Draft};

use crate::case::{Case, accept, reject};
use crate::story::Evidence::Bundle;
use crate::story::{Story, hop};

pub(crate) fn cases() -> Vec<Case> {
    [roots(), missing(), several(), circles(), depth()].into_iter().flatten().collect()
}

/// A spiffe workload with a key, that pays by itself.
fn workload_pays(s: &mut Story) -> schemas::ids::StatementId {
    let workload = s.log.register("spiffe://corp/batch", &["principal"]);
    let decision = s.permitted("spiffe://corp/batch");
    let payment = s.payment("spiffe://corp/batch", decision);
    s.log.say(&workload, payment)
}

fn roots() -> Vec<Case> {
    const SLUG: &str = "root-unknown";
    vec![
        accept(SLUG, "accept-registered-human", 1, |s| {
            let hop = s.granted();
            (s.planner_pays(hop), Bundle)
        }),
        accept(SLUG, "accept-workload-that-a-registrar-calls-a-service", 0, |s| {
            s.log.describe("spiffe://corp/batch", "service");
            (workload_pays(s), Bundle)
        })
        .by("spiffe://corp/batch"),
        reject(SLUG, "reject-workload-that-nobody-described", 0, &[SLUG], |s| (workload_pays(s), Bundle))
            .by("spiffe://corp/batch"),
        reject(SLUG, "reject-workload-that-a-registrar-calls-an-agent", 0, &["owner-missing", SLUG], |s| {
            s.log.describe("spiffe://corp/batch", "agent");
            (workload_pays(s), Bundle)
        })
        .by("spiffe://corp/batch"),
        reject(SLUG, "reject-agent-at-the-root", 0, &[SLUG], |s| {
            let decision = s.permitted("agent:planner");
            let payment = s.payment("agent:planner", decision);
            (s.log.say(&s.planner, payment), Bundle)
        })
        .by("agent:planner"),
        reject(SLUG, "reject-root-that-nobody-registered", 1, &[SLUG], |s| {
            let idp = s.log.register("service:idp", &["authority=user:*"]);
            let hop = s.log.say(&idp, hop("user:bob", "agent:planner"));
            (s.planner_pays(hop), Bundle)
        })
        .by("user:bob"),
        reject(SLUG, "reject-root-registered-after-the-moment", 1, &[SLUG], |s| {
            let idp = s.log.register("service:idp", &["authority=user:*"]);
            let hop = s.log.say(&idp, hop("user:bob", "agent:planner"));
            let subject = s.planner_pays(hop);
            s.log.wait(60_000);
            s.log.register("user:bob", &["principal"]);
            (subject, Bundle)
        })
        .by("user:bob"),
        reject(SLUG, "reject-as-a-warning-root-that-the-imported-source-names", 1, &[SLUG], |s| {
            let (role, user) = ("arn:aws:iam::1:role/r", "arn:aws:iam::1:user/u");
            let key = json!(["access-key", "aws:cloudtrail", "ASIA1"]);
            let scope = json!({"external": {"system": "service:iam.amazonaws.com", "ref": role}});
            let hop = hop(user, role).body("scope", scope).body("credential", key.clone());
            s.log.say(&s.edge, hop.imported("e1", "delegation"));
            imported_call(s, role, "ASIA1", true)
        })
        .by("arn:aws:iam::1:user/u")
        .under("imported")
        .authorized(),
        accept("root-changed", "accept-every-hop-names-the-root", 2, |s| {
            let hop = s.granted();
            let onward = s.log.say(&s.planner, s.onward(hop));
            (s.worker_pays(onward), Bundle)
        }),
        reject("root-changed", "reject-hop-that-names-another-root", 2, &["root-changed"], |s| {
            let hop = s.granted();
            let onward = s.log.say(&s.planner, s.onward(hop).body("on_behalf_of", "user:bob"));
            (s.worker_pays(onward), Bundle)
        }),
        accept("root-changed", "accept-way-from-the-root-that-is-named", 2, |s| {
            let bob = s.log.register("user:bob", &["principal"]);
            let by_bob = s.log.say(&bob, hop("user:bob", "agent:planner"));
            let by_alice = s.granted();
            let onward = s.onward(by_alice).body("parents", json!([by_bob, by_alice]));
            let onward = s.log.say(&s.planner, onward);
            (s.worker_pays(onward), Bundle)
        }),
    ]
}

/// An API call that a gateway read from AWS: the decision and the action.
fn imported_call(
    s: &mut Story,
    actor: &str,
    key: &str,
    assumed: bool,
) -> (schemas::ids::StatementId, crate::story::Evidence) {
    let key = json!(["access-key", "aws:cloudtrail", key]);
    let event = json!([["event", "aws:cloudtrail", "e2"]]);
    let mut permit =
        s.permit(actor).body("decider", "service:iam.amazonaws.com").body("credential", key.clone());
    if assumed {
        permit = permit.body("delegation", key.clone());
    }
    let permit = permit.with("refs", event.clone()).imported("e2", "decision");
    let decision = s.log.say(&s.edge, permit);
    let mut call =
        s.payment(actor, decision).body("decision", event[0].clone()).body("credential", key.clone());
    if assumed {
        call = call.body("delegation", key);
    }
    (s.log.say(&s.edge, call.with("refs", event).imported("e2", "action")), Bundle)
}

fn missing() -> Vec<Case> {
    const SLUG: &str = "hop-missing";
    vec![
        accept(SLUG, "accept-chain-of-two-hops", 2, |s| {
            let hop = s.granted();
            let onward = s.log.say(&s.planner, s.onward(hop));
            (s.worker_pays(onward), Bundle)
        }),
        reject(SLUG, "reject-parent-that-was-never-logged", 1, &[SLUG], |s| {
            let unlogged = s.log.sign(&s.alice, &s.grant()).id();
            s.log.wait(1);
            let onward = s.log.say(&s.planner, s.onward(unlogged));
            (s.worker_pays(onward), Bundle)
        })
        .by("")
        .indeterminate(),
        accept(SLUG, "accept-another-parent-than-the-one-that-was-never-logged", 2, |s| {
            let unlogged = s.log.sign(&s.alice, &s.grant()).id();
            s.log.wait(1);
            let hop = s.granted();
            let onward = s.onward(hop).body("parents", json!([unlogged, hop]));
            let onward = s.log.say(&s.planner, onward);
            (s.worker_pays(onward), Bundle)
        }),
        reject(SLUG, "reject-parent-that-is-no-delegation", 1, &[SLUG], |s| {
            let decision = s.permitted("agent:planner");
            let onward = s.log.say(&s.planner, s.onward(decision));
            (s.worker_pays(onward), Bundle)
        })
        .by("")
        .indeterminate(),
        reject(SLUG, "reject-role-session-that-was-never-seen-issued", 0, &[SLUG], |s| {
            imported_call(s, "arn:aws:iam::1:role/r", "ASIA9", true)
        })
        .by("")
        .under("imported")
        .indeterminate(),
        reject(
            "root-unknown",
            "reject-as-a-warning-user-whose-key-was-never-seen-issued",
            0,
            &["root-unknown"],
            |s| imported_call(s, "arn:aws:iam::1:user/u", "AKIA9", false),
        )
        .by("arn:aws:iam::1:user/u")
        .under("imported")
        .authorized(),
    ]
}

fn several() -> Vec<Case> {
    const SLUG: &str = "ambiguous";
    vec![
        accept(SLUG, "accept-name-that-one-hop-goes-by", 1, |s| {
            s.log.say(&s.alice, s.grant().with("refs", json!([["grant", "user:alice", "7"]])));
            let decision = s.permitted("agent:planner");
            let payment =
                s.payment("agent:planner", decision).body("delegation", json!(["grant", "user:alice", "7"]));
            (s.log.say(&s.planner, payment), Bundle)
        }),
        accept(SLUG, "accept-name-that-a-key-claims-which-may-not-use-it", 1, |s| {
            s.log.say(&s.alice, s.grant().with("refs", json!([["grant", "user:alice", "7"]])));
            let mallory = s.log.register("user:mallory", &["principal"]);
            let claim =
                hop("user:mallory", "agent:planner").with("refs", json!([["grant", "user:alice", "7"]]));
            s.log.say(&mallory, claim);
            let decision = s.permitted("agent:planner");
            let payment =
                s.payment("agent:planner", decision).body("delegation", json!(["grant", "user:alice", "7"]));
            (s.log.say(&s.planner, payment), Bundle)
        }),
        reject(SLUG, "reject-name-that-two-hops-go-by", 0, &[SLUG], |s| {
            s.log.say(&s.alice, s.grant().with("refs", json!([["grant", "user:alice", "7"]])));
            s.log.say(&s.alice, s.grant().with("refs", json!([["grant", "user:alice", "7"]])));
            let decision = s.permitted("agent:planner");
            let payment =
                s.payment("agent:planner", decision).body("delegation", json!(["grant", "user:alice", "7"]));
            (s.log.say(&s.planner, payment), Bundle)
        })
        .by("")
        .indeterminate(),
        reject(SLUG, "reject-name-that-two-decisions-go-by", 1, &[SLUG], |s| {
            let hop = s.granted();
            let name = json!(["request", "service:pdp", "7"]);
            let decision = s.log.say(&s.pdp, s.permit("agent:planner").with("refs", json!([name])));
            s.log.say(&s.pdp, s.permit("agent:planner").with("refs", json!([name])));
            let payment =
                s.payment("agent:planner", decision).body("delegation", json!(hop)).body("decision", name);
            (s.log.say(&s.planner, payment), Bundle)
        })
        .indeterminate(),
    ]
}

fn circles() -> Vec<Case> {
    const SLUG: &str = "cycle";
    vec![
        accept(SLUG, "accept-two-ways-from-one-root", 3, |s| {
            let hop = s.granted();
            let helper = s.log.register("agent:helper", &["principal"]);
            let left = s.log.say(&s.planner, s.onward(hop));
            let right = s.log.say(&s.planner, s.onward(hop).with("task", "other"));
            let joined = hop_of(&s.worker, "agent:helper").body("parents", json!([left, right]));
            let joined = s.log.say(&s.worker, joined);
            let decision = s.permitted("agent:helper");
            let payment = s.payment("agent:helper", decision).body("delegation", json!(joined));
            (s.log.say(&helper, payment), Bundle)
        }),
        reject(SLUG, "reject-two-hops-that-rest-on-each-other", 2, &[SLUG], |s| {
            let by_planner = json!(["grant", "agent:planner", "1"]);
            let by_worker = json!(["grant", "agent:worker", "1"]);
            let there = hop_of(&s.planner, "agent:worker").body("parents", json!([by_worker]));
            s.log.say(&s.planner, there.with("refs", json!([by_planner])));
            let back = hop_of(&s.worker, "agent:planner").body("parents", json!([by_planner]));
            let back = s.log.say(&s.worker, back.with("refs", json!([by_worker])));
            (s.planner_pays(back), Bundle)
        })
        .by(""),
    ]
}

fn hop_of(from: &Actor, to: &str) -> Draft {
    hop(from.uri(), to)
}

/// A chain of `count` hops from Alice; the last agent pays.
fn chain_of(s: &mut Story, count: usize) -> (schemas::ids::StatementId, crate::story::Evidence) {
    let mut from = s.alice.clone();
    let mut above = None;
    for number in 1..=count {
        let to = s.log.register(&format!("agent:n{number}"), &["principal"]);
        let mut draft = hop(from.uri(), to.uri());
        if let Some(above) = above {
            draft = draft.body("parents", json!([above]));
        }
        above = Some(s.log.say(&from, draft));
        from = to;
    }
    let decision = s.permitted(from.uri());
    let payment = s.payment(from.uri(), decision).body("delegation", json!(above.expect("a hop")));
    (s.log.say(&from, payment), Bundle)
}

fn depth() -> Vec<Case> {
    const SLUG: &str = "depth-exceeded";
    vec![
        accept(SLUG, "accept-as-many-hops-as-the-format-allows", CHAIN_HOPS_MAX, |s| {
            chain_of(s, CHAIN_HOPS_MAX)
        }),
        reject(SLUG, "reject-one-hop-more", CHAIN_HOPS_MAX + 1, &[SLUG], |s| chain_of(s, CHAIN_HOPS_MAX + 1)),
        accept(SLUG, "accept-as-many-hops-as-the-root-allows", 2, |s| {
            let hop = s.log.say(&s.alice, s.grant().body("max_depth", 1));
            let onward = s.log.say(&s.planner, s.onward(hop));
            (s.worker_pays(onward), Bundle)
        }),
        reject(SLUG, "reject-hop-that-the-root-does-not-allow", 2, &[SLUG], |s| {
            let hop = s.log.say(&s.alice, s.grant().body("max_depth", 0));
            let onward = s.log.say(&s.planner, s.onward(hop));
            (s.worker_pays(onward), Bundle)
        }),
        accept(SLUG, "accept-longer-way-where-the-shorter-allows-no-more", 4, |s| {
            // Two ways lead to the worker's authority: a short one that ends there, a longer one that goes on.
            let short = s.grant().body("delegatee", "agent:worker").body("max_depth", 1);
            let short = s.log.say(&s.alice, short);
            let long = s.granted();
            let long = s.log.say(&s.planner, s.onward(long));
            let helper = s.log.register("agent:helper", &["principal"]);
            let last = s.log.register("agent:last", &["principal"]);
            let joined = hop_of(&s.worker, "agent:helper").body("parents", json!([short, long]));
            let joined = s.log.say(&s.worker, joined);
            let end = s.log.say(&helper, hop_of(&helper, "agent:last").body("parents", json!([joined])));
            let decision = s.permitted("agent:last");
            let payment = s.payment("agent:last", decision).body("delegation", json!(end));
            (s.log.say(&last, payment), Bundle)
        }),
    ]
}
