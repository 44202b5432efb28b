//! How much, and how often.

use schemas::ids::StatementId;
use serde_json::{Value, json};
use tests::scenario::Draft;

use super::scope::{grants, two_hops};
use crate::case::{Case, accept, reject};
use crate::story::Evidence::{self, Bundle};
use crate::story::Story;

pub(crate) fn cases() -> Vec<Case> {
    [quantities(), uses(), handed_on()].into_iter().flatten().collect()
}

const SLUG: &str = "limit-exceeded";

fn up_to_100(s: &mut Story, amount: Option<u64>) -> (StatementId, Evidence) {
    let alices = grants("pay:*", "acct/**", json!({"amount": {"max": 100}}));
    two_hops(s, alices, grants("pay:*", "acct/**", Value::Null), amount)
}

fn quantities() -> Vec<Case> {
    vec![
        accept(SLUG, "accept-amount-at-a-limit-that-the-next-hop-inherits", 2, |s| up_to_100(s, Some(100))),
        reject(SLUG, "reject-amount-beyond-a-limit-that-the-next-hop-inherits", 2, &[SLUG], |s| {
            up_to_100(s, Some(101))
        }),
        reject(SLUG, "reject-amount-that-is-limited-and-not-stated", 2, &[SLUG], |s| up_to_100(s, None))
            .indeterminate(),
        accept(SLUG, "accept-amount-that-one-grant-of-two-allows", 1, |s| {
            let grant = |max: u64| json!({"actions": ["pay:*"], "resources": ["acct/**"], "limits": {"amount": {"max": max}}});
            let hop = s.log.say(&s.alice, s.grant().body("scope", json!([grant(10), grant(100)])));
            let decision = s.permitted("agent:planner");
            let payment = s.payment("agent:planner", decision).body("delegation", json!(hop));
            (s.log.say(&s.planner, payment.body("quantities", json!({"amount": 100}))), Bundle)
        }),
    ]
}

/// The planner pays so many times by a hop for two actions, each with a permit of its own.
fn pays_again(s: &mut Story, times: usize, by_token: bool) -> (StatementId, Evidence) {
    let token = json!(["token", "user:alice", "t1"]);
    let hop = s.log.say(&s.alice, s.grant().body("use_limit", 2).body("credential", token.clone()));
    let mut last = hop;
    for _ in 0..times {
        let decision = s.permitted("agent:planner");
        let payment = s.payment("agent:planner", decision);
        let payment = if by_token {
            payment.body("credential", token.clone())
        } else {
            payment.body("delegation", json!(hop))
        };
        last = s.log.say(&s.planner, payment);
    }
    (last, Bundle)
}

fn uses() -> Vec<Case> {
    vec![
        accept(SLUG, "accept-last-action-that-the-hop-is-for", 1, |s| pays_again(s, 2, false)),
        reject(SLUG, "reject-one-action-more-than-the-hop-is-for", 1, &[SLUG], |s| pays_again(s, 3, false)),
        reject(SLUG, "reject-one-action-more-by-the-hops-credential", 1, &[SLUG], |s| pays_again(s, 3, true)),
        accept(SLUG, "accept-outcome-of-the-last-attempt", 1, |s| {
            let hop = s.log.say(&s.alice, s.grant().body("use_limit", 1));
            let decision = s.permitted("agent:planner");
            let payment = s.payment("agent:planner", decision).body("delegation", json!(hop));
            let attempt = payment.clone().without("outcome").body("phase", "attempt");
            let attempt = s.log.say(&s.planner, attempt);
            let outcome = payment.body("phase", "outcome").body("attempt", json!(attempt));
            (s.log.say(&s.planner, outcome), Bundle)
        }),
        accept(SLUG, "accept-where-somebody-else-names-the-hop-too", 1, |s| {
            let hop = s.log.say(&s.alice, s.grant().body("use_limit", 1));
            s.worker_pays(hop);
            (s.planner_pays(hop), Bundle)
        }),
        reject(SLUG, "reject-what-the-log-does-not-count", 1, &["absence-unproved", SLUG], |s| {
            let hop = s.log.say(&s.alice, s.grant().body("use_limit", 1));
            let subject = s.planner_pays(hop);
            let term = schemas::term::Term::Citing(schemas::payload::Kind::Action, &hop);
            (subject, Evidence::BundleWithout(term.id()))
        })
        .finding(&[SLUG])
        .indeterminate(),
    ]
}

/// Alice's hop is for two actions, the planner's for so many.
fn hands_on(s: &mut Story, limit: Option<u64>) -> (StatementId, Evidence) {
    let hop = s.log.say(&s.alice, s.grant().body("use_limit", 2));
    let onward = s.onward(hop);
    let onward: Draft = match limit {
        Some(limit) => onward.body("use_limit", limit),
        None => onward,
    };
    let onward = s.log.say(&s.planner, onward);
    (s.worker_pays(onward), Bundle)
}

/// Of a hop for two actions the planner hands on so many to another, then so many to the worker, who pays.
fn handed_on_after(s: &mut Story, first: u64, then: u64) -> (StatementId, Evidence) {
    let hop = s.log.say(&s.alice, s.grant().body("use_limit", 2));
    s.log.say(&s.planner, s.onward(hop).body("delegatee", "agent:helper").body("use_limit", first));
    let onward = s.log.say(&s.planner, s.onward(hop).body("use_limit", then));
    (s.worker_pays(onward), Bundle)
}

fn handed_on() -> Vec<Case> {
    vec![
        accept(SLUG, "accept-as-many-actions-handed-on", 2, |s| hands_on(s, Some(2))),
        reject(SLUG, "reject-more-actions-handed-on", 2, &[SLUG], |s| hands_on(s, Some(3))),
        accept(SLUG, "accept-what-is-left-handed-on", 2, |s| handed_on_after(s, 1, 1)),
        reject(SLUG, "reject-more-than-what-is-left-handed-on", 2, &[SLUG], |s| handed_on_after(s, 2, 1)),
        reject(SLUG, "reject-action-after-all-was-handed-on", 1, &[SLUG], |s| {
            let hop = s.log.say(&s.alice, s.grant().body("use_limit", 2));
            s.log.say(&s.planner, s.onward(hop).body("use_limit", 2));
            (s.planner_pays(hop), Bundle)
        }),
        accept(SLUG, "accept-action-where-one-is-left-beside-what-was-handed-on", 1, |s| {
            let hop = s.log.say(&s.alice, s.grant().body("use_limit", 2));
            s.log.say(&s.planner, s.onward(hop).body("use_limit", 1));
            (s.planner_pays(hop), Bundle)
        }),
        reject(SLUG, "reject-uncounted-actions-handed-on", 2, &[SLUG], |s| hands_on(s, None)).indeterminate(),
    ]
}
