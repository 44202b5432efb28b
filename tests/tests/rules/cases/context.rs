//! What a permit was ruled by, and what changed since.

use std::collections::{BTreeMap, BTreeSet};

use schemas::ids::StatementId;
use schemas::time::Millis;
use serde_json::{Value, json};
use tests::scenario::Draft;
use verifier::profile::Profile;

use crate::case::{Case, accept, reject};
use crate::story::Evidence::{self, Bundle};
use crate::story::{Story, digest};

pub(crate) fn cases() -> Vec<Case> {
    [incomplete(), stale(), task_moved(), risk_moved(), standing_moved()].into_iter().flatten().collect()
}

/// Irreversible actions need the risk and every action the tenant; unclassed ones need what the data is.
fn asking(profile: &mut Profile) {
    let inputs = |names: &[&str]| names.iter().map(ToString::to_string).collect::<BTreeSet<String>>();
    profile.inputs = BTreeMap::from([
        ("irreversible".into(), inputs(&["risk"])),
        ("unclassed".into(), inputs(&["data-class"])),
        ("*".into(), inputs(&["tenant"])),
    ]);
    profile.input_age = BTreeMap::from([("risk".into(), Millis(1_000))]);
}

/// The planner pays, by a permit that had these inputs and classed the action so.
fn with_inputs(s: &mut Story, class: Option<&str>, inputs: &[&str]) -> (StatementId, Evidence) {
    let hop = s.granted();
    let now = s.log.now;
    let inputs: BTreeMap<&str, Value> = inputs.iter().map(|input| (*input, json!(now))).collect();
    let action =
        class.map_or(json!({"name": "pay:send"}), |class| json!({"name": "pay:send", "class": class}));
    let permit = s.permit("agent:planner").body("action", action);
    let permit = if inputs.is_empty() { permit } else { permit.body("inputs", json!(inputs)) };
    let decision = s.log.say(&s.pdp, permit);
    let payment = s.payment("agent:planner", decision).body("delegation", json!(hop));
    (s.log.say(&s.planner, payment), Bundle)
}

fn incomplete() -> Vec<Case> {
    const SLUG: &str = "context-incomplete";
    vec![
        accept(SLUG, "accept-every-input-that-the-class-asks-for", 1, |s| {
            with_inputs(s, Some("irreversible"), &["risk", "tenant"])
        })
        .tuned(asking),
        accept(SLUG, "accept-no-inputs-where-none-are-asked-for", 1, |s| with_inputs(s, None, &[])),
        reject(SLUG, "reject-an-input-of-the-class-missing", 1, &[SLUG], |s| {
            with_inputs(s, Some("irreversible"), &["tenant"])
        })
        .tuned(asking)
        .indeterminate(),
        reject(SLUG, "reject-an-input-of-every-class-missing", 1, &[SLUG], |s| {
            with_inputs(s, Some("read"), &["risk"])
        })
        .tuned(asking)
        .indeterminate(),
        reject(SLUG, "reject-what-nobody-classed-without-what-that-needs", 1, &[SLUG], |s| {
            with_inputs(s, None, &["tenant"])
        })
        .tuned(asking)
        .indeterminate(),
        reject(SLUG, "reject-a-class-that-only-the-actor-gives-its-action", 1, &[SLUG], |s| {
            let hop = s.granted();
            let inputs = json!({"tenant": s.log.now});
            let decision = s.log.say(&s.pdp, s.permit("agent:planner").body("inputs", inputs));
            let payment = s.payment("agent:planner", decision).body("delegation", json!(hop));
            let payment = payment.body("action", json!({"name": "pay:send", "class": "read"}));
            (s.log.say(&s.planner, payment), Bundle)
        })
        .tuned(asking)
        .indeterminate(),
    ]
}

/// The planner pays by a permit that looked at the risk so many ms before it was ruled, or after.
fn observed(s: &mut Story, before: u64, after: u64) -> (StatementId, Evidence) {
    let hop = s.granted();
    let at = schemas::time::Time(s.log.now.0 - before + after);
    let decision =
        s.log.say(&s.pdp, s.permit("agent:planner").body("inputs", json!({"risk": at, "tenant": at})));
    let payment = s.payment("agent:planner", decision).body("delegation", json!(hop));
    (s.log.say(&s.planner, payment), Bundle)
}

fn stale() -> Vec<Case> {
    const SLUG: &str = "context-stale";
    let aged = |profile: &mut Profile| profile.input_age = BTreeMap::from([("risk".into(), Millis(1_000))]);
    vec![
        accept(SLUG, "accept-input-as-old-as-it-may-be", 1, |s| observed(s, 1_000, 0)).tuned(aged),
        reject(SLUG, "reject-input-one-millisecond-older", 1, &[SLUG], |s| observed(s, 1_001, 0)).tuned(aged),
        accept(SLUG, "accept-input-observed-later-as-far-as-clocks-differ", 1, |s| observed(s, 0, 5_000))
            .tuned(aged),
        reject(SLUG, "reject-input-observed-after-the-ruling", 1, &[SLUG], |s| observed(s, 0, 5_001))
            .tuned(aged),
        accept(SLUG, "accept-old-input-where-no-age-is-set", 1, |s| observed(s, 1_001, 0)),
    ]
}

/// The planner pays within a task, `waiting` ms after its permit was ruled, in which time `change` happens.
fn waiting(s: &mut Story, ms: u64, change: fn(&mut Story)) -> (StatementId, Evidence) {
    let idp = s.log.register("service:idp", &["authority=user:*"]);
    let open = json!({"op": "open", "owner": "user:alice"});
    s.log.say(&idp, Draft::new("task", open).with("task", "t"));
    let hop = s.log.say(&s.alice, s.grant().with("task", "t"));
    let decision = s.log.say(&s.pdp, s.permit("agent:planner").with("task", "t"));
    s.log.wait(ms);
    change(s);
    let payment = s.payment("agent:planner", decision).body("delegation", json!(hop)).with("task", "t");
    (s.log.say(&s.planner, payment), Bundle)
}

/// The task enters another stage, so many ms before the present.
fn stage(s: &mut Story, before: u64) {
    let idp = tests::scenario::Actor::named("service:idp", "service:idp");
    let at = schemas::time::Time(s.log.now.0 - before);
    let body = json!({"op": "stage", "stage": "review", "effective_at": at});
    s.log.say(&idp, Draft::new("task", body).with("task", "t"));
}

fn task_moved() -> Vec<Case> {
    const SLUG: &str = "changed-since-decision";
    vec![
        accept(SLUG, "accept-task-that-stays-where-it-was", 1, |s| waiting(s, 10_000, |_| ())),
        accept(SLUG, "accept-task-that-moved-when-the-permit-was-ruled", 1, |s| {
            waiting(s, 10_000, |s| stage(s, 10_001))
        }),
        reject(SLUG, "reject-task-that-moved-a-millisecond-after", 1, &[SLUG], |s| {
            waiting(s, 10_000, |s| stage(s, 10_000))
        }),
        accept(SLUG, "accept-task-that-somebody-moved-who-does-not-answer-for-it", 1, |s| {
            s.log.register("service:other", &["authority=user:bob"]);
            waiting(s, 10_000, |s| {
                let other = tests::scenario::Actor::named("service:other", "service:other");
                let body = json!({"op": "stage", "stage": "review", "effective_at": s.log.now});
                s.log.say(&other, Draft::new("task", body).with("task", "t"));
            })
        }),
        reject(SLUG, "reject-task-that-a-stolen-key-moved", 1, &[SLUG], |s| {
            let told = waiting(s, 10_000, |s| stage(s, 1));
            let idp = tests::scenario::Actor::named("service:idp", "service:idp");
            let body = json!({"op": "compromise", "kid": idp.kid(), "since": s.log.now.0 - 8});
            s.log.say(&s.log.registrar(), Draft::new("key", body));
            told
        }),
        reject(SLUG, "reject-task-that-moved-at-the-very-moment", 1, &[SLUG], |s| {
            waiting(s, 10_000, |s| {
                let idp = tests::scenario::Actor::named("service:idp", "service:idp");
                let body = json!({"op": "stage", "stage": "review", "effective_at": s.later(1)});
                s.log.say(&idp, Draft::new("task", body).with("task", "t"));
            })
        }),
        accept(SLUG, "accept-task-that-moves-a-millisecond-later", 1, |s| {
            waiting(s, 10_000, |s| {
                let idp = tests::scenario::Actor::named("service:idp", "service:idp");
                let body = json!({"op": "stage", "stage": "review", "effective_at": s.later(2)});
                s.log.say(&idp, Draft::new("task", body).with("task", "t"));
            })
        }),
    ]
}

/// The planner pays by an older permit, though the request was ruled again a moment later.
fn ruled_again(s: &mut Story, field: &str, values: [Value; 2], older: bool) -> (StatementId, Evidence) {
    let hop = s.granted();
    let permit = s.permit("agent:planner").body("request", digest(7));
    let [first, second] = values.map(|value| permit.clone().body(field, value));
    let first = s.log.say(&s.pdp, first);
    let second = s.log.say(&s.pdp, second.body("evaluated_at", json!(s.log.now)));
    let used = if older { first } else { second };
    let payment = s.payment("agent:planner", used).body("delegation", json!(hop));
    (s.log.say(&s.planner, payment.body("request", digest(7))), Bundle)
}

fn risk_moved() -> Vec<Case> {
    const SLUG: &str = "changed-since-decision";
    vec![
        accept(SLUG, "accept-newer-ruling-under-the-same-risk", 1, |s| {
            ruled_again(s, "risk", [json!("low"), json!("low")], true)
        }),
        accept(SLUG, "accept-the-newer-of-two-permits", 1, |s| {
            ruled_again(s, "risk", [json!("low"), json!("high")], false)
        }),
        reject(SLUG, "reject-older-permit-after-the-risk-changed", 1, &[SLUG], |s| {
            ruled_again(s, "risk", [json!("low"), json!("high")], true)
        }),
        reject(SLUG, "reject-older-permit-after-the-context-changed", 1, &[SLUG], |s| {
            ruled_again(s, "context", [digest(1), digest(2)], true)
        }),
    ]
}

fn standing(s: &mut Story, status: &str) {
    let body = json!({"id": "user:alice", "type": "human", "status": status});
    s.log.say(&s.log.registrar(), Draft::new("principal", body));
}

/// The planner pays by a permit whose decider looked up revocations so many ms before Alice withdrew the hop.
fn looked_up(s: &mut Story, before: u64) -> (StatementId, Evidence) {
    let hop = s.granted();
    let at = s.log.now;
    s.log.say(&s.alice, s.revocation(json!({"kind": "delegation", "ref": hop})));
    let known = schemas::time::Time(at.0 - before);
    let decision = s.log.say(&s.pdp, s.permit("agent:planner").body("revocations_at", json!(known)));
    let payment = s.payment("agent:planner", decision).body("delegation", json!(hop));
    (s.log.say(&s.planner, payment), Bundle)
}

fn standing_moved() -> Vec<Case> {
    const SLUG: &str = "changed-since-decision";
    vec![
        reject(SLUG, "reject-delegator-suspended-for-a-while-in-between", 1, &[SLUG], |s| {
            waiting(s, 10, |s| {
                standing(s, "suspended");
                standing(s, "active");
            })
        }),
        reject(SLUG, "reject-permit-ruled-while-the-delegator-was-suspended", 1, &[SLUG], |s| {
            let hop = s.granted();
            standing(s, "suspended");
            let decision = s.permitted("agent:planner");
            standing(s, "active");
            let payment = s.payment("agent:planner", decision).body("delegation", json!(hop));
            (s.log.say(&s.planner, payment), Bundle)
        }),
        accept(SLUG, "accept-suspension-that-ended-before-the-ruling", 1, |s| {
            standing(s, "suspended");
            standing(s, "active");
            waiting(s, 10, |_| ())
        }),
        reject(SLUG, "reject-decider-that-did-not-know-of-the-withdrawal", 1, &[SLUG, "revoked"], |s| {
            looked_up(s, 1)
        }),
        accept(SLUG, "accept-decider-that-looked-when-it-was-withdrawn", 1, |s| looked_up(s, 0))
            .finding(&["revoked"])
            .denied(),
    ]
}
