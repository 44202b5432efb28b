//! What a permit obliges to, and what enforces it.

use schemas::ids::StatementId;
use serde_json::{Value, json};
use verifier::profile::Profile;
use verifier::verdict::Effect;

use crate::case::{Case, accept, reject};
use crate::story::Evidence::{self, Bundle};
use crate::story::Story;

pub(crate) fn cases() -> Vec<Case> {
    [unmet(), enforced(), open()].into_iter().flatten().collect()
}

/// The planner pays by a permit for one action that obliges to tell the owner, and tells the owner with this outcome.
fn told(s: &mut Story, outcome: Option<&str>, judge_it: bool) -> (StatementId, Evidence) {
    let hop = s.granted();
    let permit = s.permit("agent:planner").body("obligations", json!(["pay:tell"])).body("use_limit", 1);
    let decision = s.log.say(&s.pdp, permit);
    let payment = s.payment("agent:planner", decision).body("delegation", json!(hop));
    let telling = outcome.map(|outcome| {
        let telling = payment.clone().body("action", json!({"name": "pay:tell"})).body("outcome", outcome);
        s.log.say(&s.planner, telling)
    });
    let paying = s.log.say(&s.planner, payment.body("attempted_at", json!(s.log.now)));
    (telling.filter(|_| judge_it).unwrap_or(paying), Bundle)
}

/// The planner pays by a permit that obliges to tell the owner, which somebody else says to have done.
fn told_by(s: &mut Story, by: fn(&Story) -> &tests::scenario::Actor, actor: &str) -> (StatementId, Evidence) {
    let hop = s.granted();
    let permit = s.permit("agent:planner").body("obligations", json!(["pay:tell"]));
    let decision = s.log.say(&s.pdp, permit.body("pep", "gateway:edge"));
    let telling = s.payment(actor, decision).body("action", json!({"name": "pay:tell"}));
    let by = by(s).clone();
    let telling =
        if by.uri().starts_with("gateway:") { telling.with("vantage", "boundary") } else { telling };
    s.log.say(&by, telling);
    let payment = s.payment("agent:planner", decision).body("delegation", json!(hop));
    (s.log.say(&s.planner, payment), Bundle)
}

fn unmet() -> Vec<Case> {
    const SLUG: &str = "obligation-unmet";
    vec![
        accept(SLUG, "accept-obligation-that-was-met", 1, |s| told(s, Some("completed"), false)),
        accept(SLUG, "accept-what-meets-the-obligation-itself", 1, |s| told(s, Some("completed"), true)),
        accept(SLUG, "accept-obligation-that-the-gateway-met", 1, |s| {
            told_by(s, |s| &s.edge, "gateway:edge")
        }),
        reject(SLUG, "reject-obligation-of-which-there-is-no-record", 1, &[SLUG], |s| told(s, None, false))
            .indeterminate(),
        reject(SLUG, "reject-obligation-that-failed", 1, &[SLUG], |s| told(s, Some("failed"), false)),
        reject(SLUG, "reject-obligation-that-a-stranger-says-to-have-met", 1, &[SLUG], |s| {
            told_by(s, |s| &s.worker, "agent:worker")
        })
        .indeterminate(),
        accept(SLUG, "accept-obligation-of-what-was-never-carried-out", 1, |s| {
            let hop = s.granted();
            let permit = s.permit("agent:planner").body("obligations", json!(["pay:tell"]));
            let decision = s.log.say(&s.pdp, permit);
            let payment = s.payment("agent:planner", decision).body("delegation", json!(hop));
            (s.log.say(&s.planner, payment.body("outcome", "suppressed")), Bundle)
        }),
    ]
}

fn raise(profile: &mut Profile) {
    profile.raised.insert("not-enforced".into(), Effect::Indeterminate);
}

/// The planner pays by a hop that is enforced so.
fn by_hop(s: &mut Story, enforcement: &str) -> (StatementId, Evidence) {
    let hop = s.log.say(&s.alice, s.grant().body("enforcement", enforcement));
    (s.planner_pays(hop), Bundle)
}

/// The planner pays by a permit that differs in some field.
fn ruled(s: &mut Story, field: &str, value: Value) -> (StatementId, Evidence) {
    let hop = s.granted();
    let decision = s.log.say(&s.pdp, s.permit("agent:planner").body(field, value));
    let payment = s.payment("agent:planner", decision).body("delegation", json!(hop));
    (s.log.say(&s.planner, payment), Bundle)
}

fn enforced() -> Vec<Case> {
    const SLUG: &str = "not-enforced";
    vec![
        accept(SLUG, "accept-hop-enforced-in-the-application", 1, |s| by_hop(s, "in-app")),
        reject(SLUG, "reject-hop-enforced-nowhere", 1, &[SLUG], |s| by_hop(s, "none")).authorized(),
        reject(SLUG, "reject-hop-enforced-at-login-alone", 1, &[SLUG], |s| by_hop(s, "login")).authorized(),
        accept(SLUG, "accept-no-enforcement-point-where-it-is-not-raised", 1, |s| {
            let hop = s.granted();
            (s.planner_pays(hop), Bundle)
        }),
        accept(SLUG, "accept-enforcement-point-that-the-permit-names", 1, |s| {
            ruled(s, "pep", json!("gateway:edge"))
        })
        .tuned(raise),
        accept(SLUG, "accept-action-that-the-gateway-saw", 1, |s| {
            let hop = s.granted();
            let decision = s.permitted("agent:planner");
            let payment = s.payment("agent:planner", decision).body("delegation", json!(hop));
            (s.log.say(&s.edge, payment.with("vantage", "boundary")), Bundle)
        })
        .tuned(raise),
        reject(SLUG, "reject-nothing-between-actor-and-action", 1, &[SLUG], |s| {
            let hop = s.granted();
            (s.planner_pays(hop), Bundle)
        })
        .tuned(raise)
        .indeterminate(),
    ]
}

fn open() -> Vec<Case> {
    const SLUG: &str = "failed-open";
    vec![
        accept(SLUG, "accept-permit-of-what-would-have-failed-closed", 1, |s| {
            ruled(s, "fail_mode", json!("closed"))
        }),
        reject(SLUG, "reject-permit-for-want-of-a-decision", 1, &[SLUG], |s| {
            ruled(s, "fail_mode", json!("open"))
        }),
    ]
}
