//! The policy behind a permit.

use schemas::ids::StatementId;
use serde_json::{Value, json};
use tests::scenario::Draft;
use verifier::verdict::Effect;

use crate::case::{Case, accept, reject};
use crate::story::Evidence::{self, Bundle};
use crate::story::{Story, digest};

pub(crate) fn cases() -> Vec<Case> {
    [unknown(), superseded()].into_iter().flatten().collect()
}

/// A revision of the policy `payments` is in force from so many ms from now on.
fn revision(s: &mut Story, name: &str, from: u64) -> StatementId {
    let body = json!({
        "engine": "opa", "id": "payments", "revision": name, "digest": digest(1), "effective_from": s.later(from),
    });
    s.log.say(&s.pdp, Draft::new("policy", body))
}

/// The planner pays by a permit that was ruled by a policy.
fn by(s: &mut Story, policy: Value) -> (StatementId, Evidence) {
    let hop = s.granted();
    let decision = s.log.say(&s.pdp, s.permit("agent:planner").body("policy", policy));
    let payment = s.payment("agent:planner", decision).body("delegation", json!(hop));
    (s.log.say(&s.planner, payment), Bundle)
}

fn by_revision(s: &mut Story, name: &str) -> (StatementId, Evidence) {
    by(s, json!({"engine": "opa", "id": "payments", "revision": name}))
}

fn unknown() -> Vec<Case> {
    const SLUG: &str = "policy-unknown";
    let raise = |profile: &mut verifier::profile::Profile| {
        profile.raised.insert("policy-unknown".into(), Effect::Indeterminate);
    };
    vec![
        accept(SLUG, "accept-revision-that-was-stated", 1, |s| {
            revision(s, "1", 0);
            by_revision(s, "1")
        })
        .tuned(raise),
        accept(SLUG, "accept-revision-of-a-policy-of-which-none-is-stated", 1, |s| by_revision(s, "1")),
        accept(SLUG, "accept-permit-that-names-no-policy", 1, |s| {
            let hop = s.granted();
            (s.planner_pays(hop), Bundle)
        }),
        reject(SLUG, "reject-permit-that-names-no-policy-where-it-is-raised", 1, &[SLUG], |s| {
            let hop = s.granted();
            (s.planner_pays(hop), Bundle)
        })
        .tuned(raise)
        .indeterminate(),
        reject(SLUG, "reject-revision-that-nobody-stated-where-it-is-raised", 1, &[SLUG], |s| {
            by_revision(s, "1")
        })
        .tuned(raise)
        .indeterminate(),
        reject(SLUG, "reject-policy-without-a-revision", 1, &[SLUG], |s| {
            by(s, json!({"engine": "opa", "id": "payments"}))
        })
        .authorized(),
        reject(SLUG, "reject-engine-without-a-policy", 1, &[SLUG], |s| {
            by(s, json!({"engine": "opa", "revision": "1"}))
        })
        .authorized(),
        reject(SLUG, "reject-revision-beside-which-only-others-are-stated", 1, &[SLUG], |s| {
            revision(s, "1", 0);
            by_revision(s, "2")
        })
        .indeterminate(),
        reject(SLUG, "reject-revision-before-it-is-in-force", 1, &[SLUG], |s| {
            revision(s, "1", 0);
            revision(s, "2", 60_000);
            by_revision(s, "2")
        })
        .indeterminate(),
        reject(SLUG, "reject-revision-that-a-stranger-stated", 1, &[SLUG], |s| {
            let body = json!({
                "engine": "opa", "id": "payments", "revision": "1", "digest": digest(1),
                "effective_from": s.log.now,
            });
            s.log.force(&s.worker, Draft::new("policy", body));
            by_revision(s, "1")
        })
        .tuned(raise)
        .indeterminate(),
        reject(SLUG, "reject-revision-that-a-stolen-key-stated", 1, &[SLUG], |s| {
            let idp = s.log.register("service:idp", &["authority=user:*"]);
            let body = json!({
                "engine": "opa", "id": "payments", "revision": "1", "digest": digest(1),
                "effective_from": s.log.now,
            });
            let since = s.log.now;
            s.log.say(&idp, Draft::new("policy", body));
            let told = by_revision(s, "1");
            let body = json!({"op": "compromise", "kid": idp.kid(), "since": since});
            s.log.say(&s.log.registrar(), Draft::new("key", body));
            told
        })
        .indeterminate(),
    ]
}

fn superseded() -> Vec<Case> {
    const SLUG: &str = "policy-superseded";
    vec![
        accept(SLUG, "accept-the-newer-of-two-revisions", 1, |s| {
            revision(s, "1", 0);
            revision(s, "2", 0);
            s.log.wait(10_000);
            by_revision(s, "2")
        }),
        accept(SLUG, "accept-revision-that-came-back-into-force", 1, |s| {
            revision(s, "1", 0);
            revision(s, "2", 0);
            revision(s, "1", 0);
            s.log.wait(10_000);
            by_revision(s, "1")
        }),
        accept(SLUG, "accept-older-revision-as-long-as-clocks-may-differ", 1, |s| {
            revision(s, "1", 0);
            // The permit is ruled two entries later.
            revision(s, "2", 1);
            s.log.wait(4_999);
            by_revision(s, "1")
        }),
        reject(SLUG, "reject-older-revision-one-millisecond-later", 1, &[SLUG], |s| {
            revision(s, "1", 0);
            revision(s, "2", 1);
            s.log.wait(5_000);
            by_revision(s, "1")
        }),
        accept(SLUG, "accept-revision-before-the-next-is-in-force", 1, |s| {
            revision(s, "1", 0);
            revision(s, "2", 60_000);
            s.log.wait(50_000);
            by_revision(s, "1")
        }),
    ]
}
