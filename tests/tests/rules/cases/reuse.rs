//! How often a permit is used, what is tried again under it, and rulings that conflict.

use schemas::ids::StatementId;
use schemas::payload::Kind;
use schemas::term::Term;
use serde_json::json;

use crate::case::{Case, accept, reject};
use crate::story::Evidence::{self, Bundle};
use crate::story::{Story, digest};

pub(crate) fn cases() -> Vec<Case> {
    [reuse(), retries(), conflicts()].into_iter().flatten().collect()
}

/// The planner pays so many times by one permit that differs in `use_limit` from the usual one; the last time is judged.
fn paid(s: &mut Story, limit: Option<u64>, times: u64) -> (StatementId, Evidence) {
    let hop = s.granted();
    let permit = s.permit("agent:planner");
    let permit = limit.into_iter().fold(permit, |permit, limit| permit.body("use_limit", json!(limit)));
    let decision = s.log.say(&s.pdp, permit);
    let pay = |s: &mut Story| {
        s.log.wait(1);
        let payment = s.payment("agent:planner", decision).body("delegation", json!(hop));
        s.log.say(&s.planner, payment)
    };
    (1..times).for_each(|_| {
        pay(s);
    });
    (pay(s), Bundle)
}

fn reuse() -> Vec<Case> {
    const SLUG: &str = "decision-reused";
    vec![
        accept(SLUG, "accept-as-many-actions-as-the-permit-allows", 1, |s| paid(s, Some(2), 2)),
        accept(SLUG, "accept-any-number-under-a-permit-without-a-limit", 1, |s| paid(s, None, 3)),
        accept(SLUG, "accept-outcome-of-the-one-attempt", 1, |s| {
            let hop = s.granted();
            let decision = s.log.say(&s.pdp, s.permit("agent:planner").body("use_limit", 1));
            let attempt = s.payment("agent:planner", decision).body("delegation", json!(hop));
            let attempt = attempt.body("phase", "attempt").without("outcome");
            let attempt = s.log.say(&s.planner, attempt);
            let outcome = s.payment("agent:planner", decision).body("delegation", json!(hop));
            let outcome = outcome.body("phase", "outcome").body("attempt", json!(attempt));
            (s.log.say(&s.planner, outcome), Bundle)
        }),
        reject(SLUG, "reject-one-action-more-than-the-permit-allows", 1, &[SLUG], |s| paid(s, Some(2), 3)),
        reject(SLUG, "reject-second-action-where-the-profile-lets-a-permit-carry-one", 1, &[SLUG], |s| {
            paid(s, None, 2)
        })
        .tuned(|profile| profile.permit_uses = Some(1)),
        reject(SLUG, "reject-where-not-all-uses-are-known", 1, &[SLUG], |s| {
            let hop = s.granted();
            let decision = s.log.say(&s.pdp, s.permit("agent:planner").body("use_limit", 1));
            let payment = s.payment("agent:planner", decision).body("delegation", json!(hop));
            let uses = Term::Citing(Kind::Action, &decision).id();
            (s.log.say(&s.planner, payment), Evidence::BundleWithout(uses))
        })
        .indeterminate(),
    ]
}

/// The planner pays, and tries again under the permit of the first try, with these requests.
fn tried_again(s: &mut Story, first: Option<u8>, again: Option<u8>) -> (StatementId, Evidence) {
    let hop = s.granted();
    let permit = s.permitted("agent:planner");
    let pay = |s: &Story, request: Option<u8>| {
        let payment = s.payment("agent:planner", permit).body("delegation", json!(hop));
        request.map_or(payment.clone(), |byte| payment.body("request", digest(byte)))
    };
    let payment = pay(s, first).body("outcome", "failed");
    let failed = s.log.say(&s.planner, payment);
    let payment = pay(s, again).body("retry_of", json!(failed)).body("try_number", 2);
    (s.log.say(&s.planner, payment), Bundle)
}

fn retries() -> Vec<Case> {
    const SLUG: &str = "decision-reused";
    vec![
        accept(SLUG, "accept-the-same-request-tried-again-under-one-permit", 1, |s| {
            tried_again(s, Some(7), Some(7))
        }),
        reject(SLUG, "reject-another-request-tried-again-under-one-permit", 1, &[SLUG], |s| {
            tried_again(s, Some(7), Some(8))
        }),
        reject(SLUG, "reject-request-tried-again-that-nothing-shows-to-be-the-same", 1, &[SLUG], |s| {
            tried_again(s, None, None)
        })
        .indeterminate(),
        accept(SLUG, "accept-another-request-tried-again-under-a-permit-of-its-own", 1, |s| {
            let hop = s.granted();
            let failed = s.permitted("agent:planner");
            let payment = s.payment("agent:planner", failed).body("delegation", json!(hop));
            let failed = s.log.say(&s.planner, payment.body("request", digest(7)).body("outcome", "failed"));
            let decision = s.permitted("agent:planner");
            let payment = s.payment("agent:planner", decision).body("delegation", json!(hop));
            let payment = payment.body("request", digest(8)).body("retry_of", json!(failed));
            (s.log.say(&s.planner, payment), Bundle)
        }),
        reject(SLUG, "reject-first-try-that-is-not-there", 1, &["absence-unproved", SLUG], |s| {
            let hop = s.granted();
            let decision = s.permitted("agent:planner");
            let payment = s.payment("agent:planner", decision).body("delegation", json!(hop));
            let unlogged = s.log.sign(&s.planner, &payment).id();
            (s.log.say(&s.planner, payment.body("retry_of", json!(unlogged))), Bundle)
        })
        .indeterminate(),
        reject(SLUG, "reject-try-beyond-what-the-permit-allows", 1, &[SLUG], |s| {
            tried_again(s, Some(7), Some(7))
        })
        .tuned(|profile| profile.permit_uses = Some(1)),
    ]
}

/// One decider permits a request that another one denied so many ms before.
fn conflict(s: &mut Story, before: u64, other: bool) -> (StatementId, Evidence) {
    let second = s.log.register("service:risk", &["pdp"]);
    let hop = s.granted();
    let ruling = s.permit("agent:planner").body("request", digest(7));
    let denier = if other { &second } else { &s.pdp };
    s.log.say(denier, ruling.clone().body("ruling", "deny"));
    s.log.wait(before);
    let decision = s.log.say(&s.pdp, ruling.body("evaluated_at", json!(s.log.now)));
    let payment = s.payment("agent:planner", decision).body("delegation", json!(hop));
    (s.log.say(&s.planner, payment.body("request", digest(7))), Bundle)
}

fn conflicts() -> Vec<Case> {
    const SLUG: &str = "decisions-conflict";
    vec![
        accept(SLUG, "accept-permit-after-a-deny-by-the-same-decider", 1, |s| conflict(s, 10, false)),
        // The action comes two entries after the deny.
        reject(SLUG, "reject-permit-beside-a-deny-that-still-stands", 1, &[SLUG], |s| {
            conflict(s, 59_998, true)
        })
        .indeterminate(),
        accept(SLUG, "accept-permit-after-a-deny-that-has-lost-its-force", 1, |s| conflict(s, 59_999, true)),
        reject(SLUG, "reject-permit-beside-a-newer-deny", 1, &["decision-deny", SLUG], |s| {
            let second = s.log.register("service:risk", &["pdp"]);
            let hop = s.granted();
            let ruling = s.permit("agent:planner").body("request", digest(7));
            let decision = s.log.say(&s.pdp, ruling.clone());
            s.log.say(&second, ruling.body("ruling", "deny").body("evaluated_at", json!(s.log.now)));
            let payment = s.payment("agent:planner", decision).body("delegation", json!(hop));
            (s.log.say(&s.planner, payment.body("request", digest(7))), Bundle)
        }),
    ]
}
