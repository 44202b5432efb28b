//! How fine a permit is, and what beside it an action needs.

use std::collections::BTreeMap;

use schemas::ids::StatementId;
use serde_json::{Value, json};
use tests::scenario::Draft;
use verifier::profile::{Granularity, Profile};

use crate::case::{Case, accept, reject};
use crate::story::Evidence::{self, Bundle};
use crate::story::{Story, digest};

pub(crate) fn cases() -> Vec<Case> {
    [login(), coarse(), roles(), step_up()].into_iter().flatten().collect()
}

/// The planner pays by a permit that differs in some field from the usual one.
fn ruled(s: &mut Story, field: &str, value: Value) -> (StatementId, Evidence) {
    let hop = s.granted();
    let decision = s.log.say(&s.pdp, s.permit("agent:planner").body(field, value));
    let payment = s.payment("agent:planner", decision).body("delegation", json!(hop));
    (s.log.say(&s.planner, payment), Bundle)
}

fn session() -> Value {
    json!(["session", "service:idp", "s1"])
}

/// The planner acts under a session that it signed in to by these methods.
fn signed_in(s: &mut Story, methods: &[&str]) -> Draft {
    let idp = s.log.register("service:idp", &["authority=user:*", "authority=agent:*"]);
    let hop = s.granted();
    let body = json!({
        "op": "authenticate", "credential": session(), "holder": "agent:planner", "methods": methods,
    });
    s.log.say(&idp, Draft::new("credential", body));
    let decision = s.permitted("agent:planner");
    let payment = s.payment("agent:planner", decision).body("delegation", json!(hop));
    payment.body("credential", session())
}

fn login() -> Vec<Case> {
    const SLUG: &str = "login-only";
    vec![
        accept(SLUG, "accept-permit-about-the-call", 1, |s| ruled(s, "granularity", json!("call"))),
        reject(SLUG, "reject-permit-about-a-sign-in", 1, &[SLUG], |s| {
            ruled(s, "granularity", json!("login"))
        }),
        accept(SLUG, "accept-permit-about-a-sign-in-where-the-profile-asks-for-no-more", 1, |s| {
            ruled(s, "granularity", json!("login"))
        })
        .tuned(|profile| profile.granularity = BTreeMap::from([("*".into(), Granularity::Login)])),
        accept(SLUG, "accept-sign-in-beside-a-permit", 1, |s| {
            let payment = signed_in(s, &["password"]);
            (s.log.say(&s.planner, payment), Bundle)
        }),
        reject(
            SLUG,
            "reject-sign-in-instead-of-a-permit",
            1,
            &["decision-missing", SLUG, "self-reported-only"],
            |s| {
                let payment = signed_in(s, &["mfa"]).without("decision");
                (s.log.say(&s.planner, payment), Bundle)
            },
        )
        .indeterminate(),
        reject(
            SLUG,
            "reject-decision-on-the-grant-instead-of-one-on-the-action",
            1,
            &["decision-missing", SLUG, "self-reported-only"],
            |s| {
                let permit = s.permit("user:alice").body("action", json!({"name": "delegate"}));
                let permit = permit.body("resources", json!(["agent:planner"]));
                let granted = s.log.say(&s.pdp, permit);
                let hop = s.log.say(&s.alice, s.grant().body("decision", json!(granted)));
                let payment = s.payment("agent:planner", granted).body("delegation", json!(hop));
                (s.log.say(&s.planner, payment.without("decision")), Bundle)
            },
        )
        .indeterminate(),
    ]
}

fn coarse() -> Vec<Case> {
    const SLUG: &str = "decision-too-coarse";
    let calls = |profile: &mut Profile| {
        profile.granularity =
            BTreeMap::from([("*".into(), Granularity::Call), ("export".into(), Granularity::Parameters)]);
    };
    vec![
        accept(SLUG, "accept-permit-as-fine-as-is-asked", 1, |s| ruled(s, "granularity", json!("call")))
            .tuned(calls),
        accept(SLUG, "accept-permit-for-one-exact-request", 1, |s| {
            let hop = s.granted();
            let decision = s.log.say(&s.pdp, s.permit("agent:planner").body("request", digest(7)));
            let payment = s.payment("agent:planner", decision).body("delegation", json!(hop));
            (s.log.say(&s.planner, payment.body("request", digest(7))), Bundle)
        })
        .tuned(calls),
        accept(SLUG, "accept-coarse-permit-where-nothing-is-asked", 1, |s| {
            ruled(s, "granularity", json!("tool"))
        }),
        reject(SLUG, "reject-permit-for-a-tool", 1, &[SLUG], |s| ruled(s, "granularity", json!("tool")))
            .tuned(calls),
        reject(SLUG, "reject-permit-for-a-call-that-exports", 1, &[SLUG], |s| {
            let hop = s.granted();
            let permit = s.permit("agent:planner").body("granularity", "call");
            let permit = permit.body("action", json!({"name": "pay:send", "class": "export"}));
            let decision = s.log.say(&s.pdp, permit);
            let payment = s.payment("agent:planner", decision).body("delegation", json!(hop));
            (s.log.say(&s.planner, payment), Bundle)
        })
        .tuned(calls),
        reject(SLUG, "reject-permit-that-does-not-say", 1, &[SLUG], |s| {
            let hop = s.granted();
            (s.planner_pays(hop), Bundle)
        })
        .tuned(calls)
        .indeterminate(),
        reject(SLUG, "reject-word-that-is-none-of-the-format", 1, &[SLUG], |s| {
            ruled(s, "granularity", json!("subatomic"))
        })
        .tuned(calls)
        .indeterminate(),
    ]
}

fn roles() -> Vec<Case> {
    const SLUG: &str = "role-only";
    vec![
        accept(SLUG, "accept-permit-by-scope", 1, |s| ruled(s, "basis", json!("scope"))),
        accept(SLUG, "accept-role-of-whoever-acts-for-nobody", 0, |s| {
            let decision = s.log.say(&s.pdp, s.permit("user:alice").body("basis", "role"));
            let payment = s.payment("user:alice", decision);
            (s.log.say(&s.alice, payment), Bundle)
        }),
        reject(SLUG, "reject-role-alone-behind-an-agent", 1, &[SLUG], |s| ruled(s, "basis", json!("role")))
            .authorized(),
    ]
}

fn every_class(profile: &mut Profile) {
    profile.step_up.insert("*".into());
}

fn irreversible(profile: &mut Profile) {
    profile.step_up.insert("irreversible".into());
}

/// The planner pays with Bob's approval, which the permit names or the action.
fn approved(s: &mut Story, by_permit: bool) -> (StatementId, Evidence) {
    let bob = s.log.register("user:bob", &["approver"]);
    s.log.describe("user:bob", "human");
    let hop = s.granted();
    let approval = json!({
        "approver": "user:bob", "requester": "agent:planner", "action": {"name": "pay:send"},
        "resources": ["acct/7"], "scope": "exact", "approved_at": s.log.now,
    });
    let approval = s.log.say(&bob, Draft::new("approval", approval));
    let permit = s.permit("agent:planner");
    let permit = if by_permit { permit.body("approval", json!(approval)) } else { permit };
    let decision = s.log.say(&s.pdp, permit);
    let payment = s.payment("agent:planner", decision).body("delegation", json!(hop));
    let payment = if by_permit { payment } else { payment.body("approval", json!(approval)) };
    (s.log.say(&s.planner, payment), Bundle)
}

fn step_up() -> Vec<Case> {
    const SLUG: &str = "step-up-missing";
    vec![
        accept(SLUG, "accept-class-that-needs-none", 1, |s| {
            let hop = s.granted();
            (s.planner_pays(hop), Bundle)
        })
        .tuned(irreversible),
        accept(SLUG, "accept-approval-that-the-action-names", 1, |s| approved(s, false)).tuned(every_class),
        accept(SLUG, "accept-approval-that-the-permit-names", 1, |s| approved(s, true)).tuned(every_class),
        accept(SLUG, "accept-sign-in-by-several-factors", 1, |s| {
            let payment = signed_in(s, &["mfa"]);
            (s.log.say(&s.planner, payment), Bundle)
        })
        .tuned(every_class),
        accept(SLUG, "accept-sign-in-by-what-is-known-and-held", 1, |s| {
            let payment = signed_in(s, &["pwd", "otp"]);
            (s.log.say(&s.planner, payment), Bundle)
        })
        .tuned(every_class),
        reject(SLUG, "reject-sign-in-by-what-is-known-alone", 1, &[SLUG], |s| {
            let payment = signed_in(s, &["pwd", "pin"]);
            (s.log.say(&s.planner, payment), Bundle)
        })
        .tuned(every_class)
        .indeterminate(),
        reject(SLUG, "reject-irreversible-action-with-a-permit-alone", 1, &[SLUG], |s| {
            let hop = s.granted();
            let irreversible = json!({"name": "pay:send", "class": "irreversible"});
            let decision = s.log.say(&s.pdp, s.permit("agent:planner").body("action", irreversible));
            let payment = s.payment("agent:planner", decision).body("delegation", json!(hop));
            (s.log.say(&s.planner, payment), Bundle)
        })
        .tuned(irreversible)
        .indeterminate(),
        reject(SLUG, "reject-second-factor-that-was-shown-only-afterwards", 1, &[SLUG], |s| {
            let idp = s.log.register("service:idp", &["authority=user:*", "authority=agent:*"]);
            let hop = s.granted();
            let decision = s.permitted("agent:planner");
            let payment = s.payment("agent:planner", decision).body("delegation", json!(hop));
            let subject = s.log.say(&s.planner, payment.body("credential", session()));
            s.log.wait(5_000);
            let body = json!({
                "op": "authenticate", "credential": session(), "holder": "agent:planner", "methods": ["mfa"],
            });
            s.log.say(&idp, Draft::new("credential", body));
            (subject, Bundle)
        })
        .tuned(every_class)
        .indeterminate(),
    ]
}
