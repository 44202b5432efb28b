//! When hops hold, and what the moment rests on.

use serde_json::json;

use crate::case::{Case, accept, reject};
use crate::story::Evidence::Bundle;

const LATE_HOP: &[&str] = &["hop-not-yet-valid", "recorded-after-effect"];
const LATE: &[&str] = &["late-recorded", "moment-unproved", "recorded-after-effect"];

pub(crate) fn cases() -> Vec<Case> {
    [validity(), moments()].into_iter().flatten().collect()
}

fn validity() -> Vec<Case> {
    vec![
        accept("hop-expired", "accept-moment-at-which-the-hop-ends", 1, |s| {
            // The hop and the permit take one millisecond each.
            let hop = s.log.say(&s.alice, s.grant().body("expires", json!(s.later(2))));
            (s.planner_pays(hop), Bundle)
        }),
        reject("hop-expired", "reject-one-millisecond-later", 1, &["hop-expired"], |s| {
            let hop = s.log.say(&s.alice, s.grant().body("expires", json!(s.later(1))));
            (s.planner_pays(hop), Bundle)
        }),
        reject("hop-expired", "reject-ancestor-that-ended", 2, &["hop-expired"], |s| {
            let hop = s.log.say(&s.alice, s.grant().body("expires", json!(s.later(1))));
            let onward = s.log.say(&s.planner, s.onward(hop));
            (s.worker_pays(onward), Bundle)
        }),
        accept("hop-not-yet-valid", "accept-moment-at-which-the-hop-begins", 1, |s| {
            let hop = s.log.say(&s.alice, s.grant().body("not_before", json!(s.later(2))));
            (s.planner_pays(hop), Bundle)
        }),
        reject("hop-not-yet-valid", "reject-one-millisecond-earlier", 1, &["hop-not-yet-valid"], |s| {
            let hop = s.log.say(&s.alice, s.grant().body("not_before", json!(s.later(3))));
            (s.planner_pays(hop), Bundle)
        }),
        reject("hop-not-yet-valid", "reject-hop-made-after-the-action", 1, LATE_HOP, |s| {
            let name = json!(["grant", "user:alice", "7"]);
            let decision = s.permitted("agent:planner");
            let payment = s.payment("agent:planner", decision).body("delegation", name.clone());
            let subject = s.log.say(&s.planner, payment);
            s.log.wait(60_000);
            s.log.say(&s.alice, s.grant().with("refs", json!([name])));
            (subject, Bundle)
        }),
    ]
}

fn moments() -> Vec<Case> {
    const SLUG: &str = "moment-unproved";
    const QUARTER: u64 = 900_000;
    vec![
        accept(SLUG, "accept-action-logged-as-late-as-is-allowed", 1, |s| {
            let hop = s.log.say(&s.alice, s.grant().body("expires", json!(s.later(60_000))));
            let decision = s.permitted("agent:planner");
            let payment = s.payment("agent:planner", decision).body("delegation", json!(hop));
            let payment = payment.at(s.log.now);
            s.log.wait(QUARTER);
            (s.log.say(&s.planner, payment), Bundle)
        }),
        reject(
            SLUG,
            "reject-action-logged-later-where-the-hop-had-ended",
            1,
            &["late-recorded", SLUG],
            |s| {
                let hop = s.log.say(&s.alice, s.grant().body("expires", json!(s.later(60_000))));
                let decision = s.permitted("agent:planner");
                let payment = s.payment("agent:planner", decision).body("delegation", json!(hop));
                let payment = payment.at(s.log.now);
                s.log.wait(QUARTER + 1);
                (s.log.say(&s.planner, payment), Bundle)
            },
        )
        .indeterminate(),
        reject(
            SLUG,
            "reject-action-from-before-a-head-that-its-emitter-had-seen",
            1,
            &["backdated", SLUG],
            |s| {
                let hop = s.granted();
                let decision = s.permitted("agent:planner");
                let payment = s.payment("agent:planner", decision).body("delegation", json!(hop));
                s.log.wait(120_000);
                s.granted();
                let seen = json!([s.log.entries().len(), "00".repeat(32)]);
                (s.log.say(&s.planner, payment.with("seen", seen)), Bundle)
            },
        )
        .indeterminate(),
        reject(
            SLUG,
            "reject-action-claimed-to-be-from-before-a-revocation-by-its-signer-alone",
            1,
            &[SLUG],
            |s| {
                // The planner decides nothing itself, but nobody else saw when it acted.
                let hop = s.granted();
                let decision = s.log.say(&s.edge, s.permit("gateway:edge-2").with("vantage", "boundary"));
                let edge = s.edge.clone();
                let payment = s.payment("gateway:edge-2", decision).with("vantage", "boundary");
                let payment = payment.body("delegation", json!(hop));
                let revocation = s.revocation(json!({"kind": "delegation", "ref": hop}));
                s.log.wait(1_000);
                let revocation = revocation.body("effective_at", json!(s.log.now));
                s.log.say(&s.alice, revocation);
                (s.log.say(&edge, payment), Bundle)
            },
        )
        .finding(&["hop-discontinuous", SLUG])
        .denied(),
        accept(SLUG, "accept-action-from-before-a-revocation-that-a-decision-point-saw", 1, |s| {
            let hop = s.granted();
            let decision = s.permitted("agent:planner");
            let payment = s.payment("agent:planner", decision).body("delegation", json!(hop));
            s.log.wait(1_000);
            s.log.say(&s.alice, s.revocation(json!({"kind": "delegation", "ref": hop})));
            (s.log.say(&s.planner, payment), Bundle)
        }),
        reject(SLUG, "reject-hop-logged-long-after-it-is-said-to-be-made", 1, LATE, |s| {
            let name = json!(["grant", "user:alice", "7"]);
            let early = s.grant().with("refs", json!([name])).at(s.log.now);
            let decision = s.permitted("agent:planner");
            let payment = s.payment("agent:planner", decision).body("delegation", name);
            let subject = s.log.say(&s.planner, payment);
            s.log.wait(QUARTER + 1);
            s.log.say(&s.alice, early);
            (subject, Bundle)
        })
        .indeterminate(),
        reject(SLUG, "reject-decision-logged-long-after-it-is-said-to-be-ruled", 1, LATE, |s| {
            let hop = s.granted();
            let name = json!(["request", "service:pdp", "7"]);
            let permit = s.permit("agent:planner").with("refs", json!([name]));
            let unused = s.permitted("agent:planner");
            let payment =
                s.payment("agent:planner", unused).body("delegation", json!(hop)).body("decision", name);
            let subject = s.log.say(&s.planner, payment);
            s.log.wait(QUARTER + 1);
            s.log.say(&s.pdp, permit);
            (subject, Bundle)
        })
        .indeterminate(),
    ]
}
