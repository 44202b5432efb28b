//! What each hop hands on.

use serde_json::{Value, json};

use crate::case::{Case, accept, reject};
use crate::story::Evidence::Bundle;
use crate::story::Story;

pub(crate) fn cases() -> Vec<Case> {
    [missing(), escalated(), exceeded(), external()].into_iter().flatten().collect()
}

pub(crate) fn grants(actions: &str, resources: &str, limits: Value) -> Value {
    let mut grant = json!({"actions": [actions], "resources": [resources]});
    if !limits.is_null() {
        grant["limits"] = limits;
    }
    json!([grant])
}

/// Alice's scope, then the planner's; the worker pays an amount, if any.
pub(crate) fn two_hops(
    s: &mut Story,
    alices: Value,
    planners: Value,
    amount: Option<u64>,
) -> (schemas::ids::StatementId, crate::story::Evidence) {
    let hop = s.log.say(&s.alice, s.grant().body("scope", alices));
    let onward = s.log.say(&s.planner, s.onward(hop).body("scope", planners));
    let decision = s.permitted("agent:worker");
    let mut payment = s.payment("agent:worker", decision).body("delegation", json!(onward));
    if let Some(amount) = amount {
        payment = payment.body("quantities", json!({"amount": amount}));
    }
    (s.log.say(&s.worker, payment), Bundle)
}

fn missing() -> Vec<Case> {
    const SLUG: &str = "scope-missing";
    vec![
        accept(SLUG, "accept-hop-that-hands-something-on", 1, |s| {
            let hop = s.granted();
            (s.planner_pays(hop), Bundle)
        }),
        reject(SLUG, "reject-hop-without-a-scope", 1, &[SLUG], |s| {
            let hop = s.log.say(&s.alice, s.grant().without("scope"));
            (s.planner_pays(hop), Bundle)
        }),
        reject(SLUG, "reject-hop-with-an-empty-scope", 1, &["scope-exceeded", SLUG], |s| {
            let hop = s.log.say(&s.alice, s.grant().body("scope", json!([])));
            (s.planner_pays(hop), Bundle)
        }),
    ]
}

fn escalated() -> Vec<Case> {
    const SLUG: &str = "scope-escalated";
    vec![
        accept(SLUG, "accept-the-very-same-scope", 2, |s| {
            two_hops(
                s,
                grants("pay:*", "acct/**", Value::Null),
                grants("pay:*", "acct/**", Value::Null),
                None,
            )
        }),
        accept(SLUG, "accept-narrower-scope", 2, |s| {
            two_hops(
                s,
                grants("pay:*", "acct/**", Value::Null),
                grants("pay:send", "acct/7", Value::Null),
                None,
            )
        }),
        reject(SLUG, "reject-more-actions", 2, &[SLUG], |s| {
            two_hops(
                s,
                grants("pay:send", "acct/**", Value::Null),
                grants("pay:*", "acct/**", Value::Null),
                None,
            )
        }),
        reject(SLUG, "reject-more-resources", 2, &[SLUG], |s| {
            two_hops(s, grants("pay:*", "acct/*", Value::Null), grants("pay:*", "acct/**", Value::Null), None)
        }),
        accept(SLUG, "accept-equal-limit", 2, |s| {
            let limit = json!({"amount": {"max": 100}});
            two_hops(
                s,
                grants("pay:*", "acct/**", limit.clone()),
                grants("pay:*", "acct/**", limit),
                Some(100),
            )
        }),
        reject(SLUG, "reject-looser-limit", 2, &[SLUG], |s| {
            let alices = grants("pay:*", "acct/**", json!({"amount": {"max": 100}}));
            two_hops(s, alices, grants("pay:*", "acct/**", json!({"amount": {"max": 101}})), Some(100))
        }),
        reject(SLUG, "reject-scope-out-of-parts-of-two-grants", 2, &[SLUG], |s| {
            let alices = json!([
                {"actions": ["pay:send"], "resources": ["acct/7"]},
                {"actions": ["pay:read"], "resources": ["acct/**"]},
            ]);
            let planners = json!([{"actions": ["pay:send", "pay:read"], "resources": ["acct/7"]}]);
            two_hops(s, alices, planners, None)
        }),
    ]
}

fn exceeded() -> Vec<Case> {
    const SLUG: &str = "scope-exceeded";
    vec![
        accept(SLUG, "accept-action-within-every-hop", 2, |s| {
            two_hops(
                s,
                grants("pay:*", "acct/**", Value::Null),
                grants("pay:send", "acct/7", Value::Null),
                None,
            )
        }),
        reject(SLUG, "reject-other-resource", 1, &[SLUG], |s| {
            let hop = s.log.say(&s.alice, s.grant().body("scope", grants("pay:*", "acct/8", Value::Null)));
            (s.planner_pays(hop), Bundle)
        }),
        reject(SLUG, "reject-one-resource-of-two", 1, &[SLUG], |s| {
            let hop = s.log.say(&s.alice, s.grant().body("scope", grants("pay:*", "acct/7", Value::Null)));
            let both = json!(["acct/7", "acct/8"]);
            let decision = s.log.say(&s.pdp, s.permit("agent:planner").body("resources", both.clone()));
            let payment = s.payment("agent:planner", decision).body("delegation", json!(hop));
            (s.log.say(&s.planner, payment.body("resources", both)), Bundle)
        }),
    ]
}

fn external() -> Vec<Case> {
    const SLUG: &str = "scope-exceeded";
    vec![
        accept(SLUG, "accept-authority-held-by-the-very-system-that-permits", 1, |s| {
            let scope = json!({"external": {"system": "service:pdp", "ref": "payments"}});
            let hop = s.log.say(&s.alice, s.grant().body("scope", scope));
            (s.planner_pays(hop), Bundle)
        }),
        reject(SLUG, "reject-authority-held-by-another-system-than-permits", 1, &[SLUG], |s| {
            let scope = json!({"external": {"system": "service:iam", "ref": "payments"}});
            let hop = s.log.say(&s.alice, s.grant().body("scope", scope));
            (s.planner_pays(hop), Bundle)
        })
        .indeterminate(),
        reject(SLUG, "reject-permit-that-a-gateway-tells-of", 1, &[SLUG], |s| {
            let scope = json!({"external": {"system": "service:iam", "ref": "payments"}});
            let hop = s.log.say(&s.alice, s.grant().body("scope", scope));
            let permit = s.permit("agent:planner").with("vantage", "boundary").body("decider", "service:iam");
            let decision = s.log.say(&s.edge, permit);
            let payment = s.payment("agent:planner", decision).body("delegation", json!(hop));
            (s.log.say(&s.planner, payment), Bundle)
        })
        .indeterminate(),
        reject(SLUG, "reject-imported-permit-under-standard", 1, &[SLUG], |s| {
            let scope = json!({"external": {"system": "service:iam", "ref": "payments"}});
            let hop = s.log.say(&s.alice, s.grant().body("scope", scope));
            let permit = s.permit("agent:planner").body("decider", "service:iam").imported("e1", "decision");
            let decision = s.log.say(&s.edge, permit);
            let payment = s.payment("agent:planner", decision).body("delegation", json!(hop));
            (s.log.say(&s.planner, payment), Bundle)
        })
        .indeterminate(),
    ]
}
