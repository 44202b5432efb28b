//! The decision on an action.

use schemas::ids::StatementId;
use serde_json::{Value, json};
use tests::scenario::Draft;

use crate::case::{Case, accept, reject};
use crate::story::Evidence::{self, Bundle};
use crate::story::{Story, digest};

pub(crate) fn cases() -> Vec<Case> {
    [missing(), rulings(), freshness(), matches(), deciders()].into_iter().flatten().collect()
}

/// The planner pays by a decision that differs in some field from the usual permit.
fn ruled(s: &mut Story, field: &str, value: Value) -> (StatementId, Evidence) {
    let hop = s.granted();
    let decision = s.log.say(&s.pdp, s.permit("agent:planner").body(field, value));
    let payment = s.payment("agent:planner", decision).body("delegation", json!(hop));
    (s.log.say(&s.planner, payment), Bundle)
}

fn missing() -> Vec<Case> {
    const SLUG: &str = "decision-missing";
    vec![
        accept(SLUG, "accept-action-that-names-its-permit", 1, |s| {
            let hop = s.granted();
            (s.planner_pays(hop), Bundle)
        }),
        accept(SLUG, "accept-outcome-whose-attempt-names-the-permit", 1, |s| {
            let hop = s.granted();
            let decision = s.permitted("agent:planner");
            let attempt = s.payment("agent:planner", decision).body("delegation", json!(hop));
            let attempt = attempt.body("phase", "attempt").without("outcome");
            let attempt = s.log.say(&s.planner, attempt);
            let outcome = s.payment("agent:planner", decision).without("decision");
            let outcome = outcome.body("phase", "outcome").body("attempt", json!(attempt));
            (s.log.say(&s.planner, outcome), Bundle)
        }),
        accept(SLUG, "accept-hop-which-needs-none", 1, |s| (s.granted(), Bundle)),
        reject(SLUG, "reject-action-that-names-none", 1, &[SLUG, "self-reported-only"], |s| {
            let hop = s.granted();
            let decision = s.permitted("agent:planner");
            let payment = s.payment("agent:planner", decision).body("delegation", json!(hop));
            (s.log.say(&s.planner, payment.without("decision")), Bundle)
        })
        .indeterminate(),
        reject(SLUG, "reject-decision-that-was-never-logged", 1, &["absence-unproved", SLUG], |s| {
            let hop = s.granted();
            let unlogged = s.log.sign(&s.pdp, &s.permit("agent:planner")).id();
            let payment = s.payment("agent:planner", unlogged).body("delegation", json!(hop));
            (s.log.say(&s.planner, payment), Bundle)
        })
        .indeterminate(),
    ]
}

/// A permit and a deny of one request; the deny so many ms after the permit.
fn permit_and_deny(s: &mut Story, deny_first: bool) -> (StatementId, Evidence) {
    let hop = s.granted();
    let permit = s.permit("agent:planner").body("request", digest(7));
    let deny = permit.clone().body("ruling", "deny");
    let moved = json!(s.later(1));
    let (permit, deny) = if deny_first {
        (permit.body("evaluated_at", moved), deny)
    } else {
        (permit, deny.body("evaluated_at", moved))
    };
    s.log.say(&s.pdp, deny);
    let decision = s.log.say(&s.pdp, permit);
    let payment = s.payment("agent:planner", decision).body("delegation", json!(hop));
    (s.log.say(&s.planner, payment.body("request", digest(7))), Bundle)
}

fn rulings() -> Vec<Case> {
    const SLUG: &str = "decision-deny";
    vec![
        accept(SLUG, "accept-permit", 1, |s| {
            let hop = s.granted();
            let permit = s.permit("agent:planner").body("delegation", json!(hop));
            (s.log.say(&s.pdp, permit), Bundle)
        }),
        reject(SLUG, "reject-deny-asked-about-itself", 1, &[SLUG], |s| {
            let hop = s.granted();
            let deny = s.permit("agent:planner").body("ruling", "deny").body("delegation", json!(hop));
            (s.log.say(&s.pdp, deny), Bundle)
        }),
        reject(SLUG, "reject-action-suppressed-where-nobody-could-decide", 1, &[SLUG], |s| {
            let hop = s.granted();
            let decision = s.log.say(&s.pdp, s.permit("agent:planner").body("ruling", "indeterminate"));
            let payment = s.payment("agent:planner", decision).body("delegation", json!(hop));
            (s.log.say(&s.planner, payment.body("outcome", "suppressed")), Bundle)
        })
        .indeterminate(),
        reject(SLUG, "reject-permit-that-a-later-deny-of-the-same-request-overrules", 1, &[SLUG], |s| {
            permit_and_deny(s, false)
        }),
        accept(SLUG, "accept-permit-ruled-after-a-deny-of-the-same-request", 1, |s| permit_and_deny(s, true)),
        accept("denied-but-executed", "accept-denied-and-not-carried-out", 1, |s| {
            let hop = s.granted();
            let decision = s.log.say(&s.pdp, s.permit("agent:planner").body("ruling", "deny"));
            let payment = s.payment("agent:planner", decision).body("delegation", json!(hop));
            (s.log.say(&s.planner, payment.body("outcome", "denied")), Bundle)
        })
        .finding(&[SLUG])
        .denied(),
        reject(
            "denied-but-executed",
            "reject-denied-and-carried-out",
            1,
            &[SLUG, "denied-but-executed"],
            |s| ruled(s, "ruling", json!("deny")),
        ),
        reject(
            "denied-but-executed",
            "reject-undecided-and-carried-out",
            1,
            &[SLUG, "denied-but-executed"],
            |s| ruled(s, "ruling", json!("indeterminate")),
        ),
    ]
}

/// The planner pays so many ms after the permit was ruled.
fn used_after(s: &mut Story, ms: u64, valid_for: Option<u64>) -> (StatementId, Evidence) {
    let hop = s.granted();
    let mut permit = s.permit("agent:planner");
    if let Some(ms) = valid_for {
        permit = permit.body("valid_until", json!(s.later(ms)));
    }
    let attempted = s.later(ms);
    let decision = s.log.say(&s.pdp, permit);
    s.log.wait(ms);
    let payment = s.payment("agent:planner", decision).body("delegation", json!(hop));
    (s.log.say(&s.planner, payment.body("attempted_at", json!(attempted))), Bundle)
}

fn freshness() -> Vec<Case> {
    const SLUG: &str = "decision-stale";
    vec![
        accept(SLUG, "accept-permit-used-at-the-end-of-its-time", 1, |s| used_after(s, 60_000, None)),
        reject(SLUG, "reject-permit-used-one-millisecond-later", 1, &[SLUG], |s| used_after(s, 60_001, None)),
        accept(SLUG, "accept-permit-used-at-the-end-that-it-states", 1, |s| used_after(s, 500, Some(500))),
        reject(SLUG, "reject-permit-used-after-the-end-that-it-states", 1, &[SLUG], |s| {
            used_after(s, 501, Some(500))
        }),
        reject(SLUG, "reject-permit-that-states-a-longer-time-than-is-allowed", 1, &[SLUG], |s| {
            used_after(s, 60_001, Some(120_000))
        }),
        accept(SLUG, "accept-permit-ruled-after-the-action-as-far-as-clocks-differ", 1, |s| {
            let later = json!(s.later(5_002));
            ruled(s, "evaluated_at", later)
        }),
        reject(SLUG, "reject-permit-ruled-after-the-action", 1, &[SLUG], |s| {
            let later = json!(s.later(5_003));
            ruled(s, "evaluated_at", later)
        }),
    ]
}

fn matches() -> Vec<Case> {
    const SLUG: &str = "decision-mismatch";
    vec![
        accept(SLUG, "accept-fewer-resources-than-were-permitted", 1, |s| {
            ruled(s, "resources", json!(["acct/7", "acct/8"]))
        }),
        reject(SLUG, "reject-other-resource", 1, &[SLUG], |s| ruled(s, "resources", json!(["acct/8"]))),
        reject(SLUG, "reject-other-actor", 1, &[SLUG], |s| ruled(s, "actor", json!("agent:worker"))),
        reject(SLUG, "reject-other-action", 1, &[SLUG], |s| ruled(s, "action", json!({"name": "pay:read"}))),
        reject(SLUG, "reject-other-quantity", 1, &[SLUG], |s| ruled(s, "quantities", json!({"amount": 7}))),
        reject(SLUG, "reject-request-that-the-action-does-not-state", 1, &[SLUG], |s| {
            ruled(s, "request", digest(7))
        }),
        reject(SLUG, "reject-other-delegation", 1, &[SLUG], |s| {
            let other = s.log.say(&s.alice, s.grant().with("task", "other"));
            ruled(s, "delegation", json!(other))
        }),
        accept(SLUG, "accept-the-same-delegation-by-another-name", 1, |s| {
            let name = json!(["grant", "user:alice", "7"]);
            let hop = s.log.say(&s.alice, s.grant().with("refs", json!([name])));
            let decision = s.log.say(&s.pdp, s.permit("agent:planner").body("delegation", name));
            let payment = s.payment("agent:planner", decision).body("delegation", json!(hop));
            (s.log.say(&s.planner, payment), Bundle)
        }),
        reject(SLUG, "reject-decision-of-another-tenant", 1, &[SLUG], |s| {
            let hop = s.granted();
            let decision = s.log.say(&s.pdp, s.permit("agent:planner").with("tenant", "elsewhere"));
            let payment = s.payment("agent:planner", decision).body("delegation", json!(hop));
            (s.log.say(&s.planner, payment), Bundle)
        }),
    ]
}

fn deciders() -> Vec<Case> {
    const SLUG: &str = "self-decided";
    vec![
        accept(SLUG, "accept-somebody-else-decides", 1, |s| {
            let hop = s.granted();
            (s.planner_pays(hop), Bundle)
        }),
        reject(SLUG, "reject-actor-decides", 1, &[SLUG, "self-reported-only"], |s| {
            let hop = s.granted();
            let planner = s.log.register("agent:planner", &["principal", "pdp"]);
            let decision = s.log.say(&planner, s.permit("agent:planner"));
            let payment = s.payment("agent:planner", decision).body("delegation", json!(hop));
            (s.log.say(&planner, payment), Bundle)
        }),
        reject(SLUG, "reject-actor-decides-under-another-name", 1, &[SLUG, "self-reported-only"], |s| {
            let link = json!({"from": "service:pdp", "to": "agent:planner"});
            s.log.say(&s.log.registrar(), Draft::new("link", link));
            let hop = s.granted();
            (s.planner_pays(hop), Bundle)
        }),
    ]
}
