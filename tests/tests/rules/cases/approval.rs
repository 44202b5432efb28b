//! The approval on an action.

use schemas::ids::StatementId;
use schemas::payload::Kind;
use schemas::term::Term;
use serde_json::{Value, json};
use tests::scenario::{Actor, Draft};

use crate::case::{Case, accept, reject};
use crate::story::Evidence::{self, Bundle, BundleWithout};
use crate::story::{Story, digest, hop};

pub(crate) fn cases() -> Vec<Case> {
    [matches(), uses(), approvers(), own(), withdrawn(), tasks(), boundaries(), emergencies()]
        .into_iter()
        .flatten()
        .collect()
}

/// Bob's consent to the planner's payment.
fn consent(s: &Story) -> Draft {
    let body = json!({
        "approver": "user:bob", "requester": "agent:planner", "action": {"name": "pay:send"},
        "resources": ["acct/7"], "scope": "exact", "approved_at": s.log.now,
    });
    Draft::new("approval", body)
}

fn bob(s: &mut Story) -> Actor {
    s.log.register("user:bob", &["approver"])
}

/// The planner, permitted, pays by an approval.
fn pays_by(s: &mut Story, hop: StatementId, approval: StatementId) -> StatementId {
    let decision = s.permitted("agent:planner");
    let payment = s.payment("agent:planner", decision).body("delegation", json!(hop));
    s.log.say(&s.planner, payment.body("approval", json!(approval)))
}

/// The planner pays by a consent of Bob's that differs in some field from the usual one.
fn approved(s: &mut Story, field: &str, value: impl Into<Value>) -> (StatementId, Evidence) {
    let bob = bob(s);
    let hop = s.granted();
    let approval = s.log.say(&bob, consent(s).body(field, value));
    (pays_by(s, hop, approval), Bundle)
}

fn matches() -> Vec<Case> {
    const SLUG: &str = "approval-mismatch";
    vec![
        accept(SLUG, "accept-consent-to-this-action", 1, |s| approved(s, "scope", "exact")),
        accept(SLUG, "accept-consent-asked-for-by-the-root", 1, |s| approved(s, "requester", "user:alice")),
        accept(SLUG, "accept-template-under-standard", 1, |s| approved(s, "scope", "template")),
        accept(SLUG, "accept-consent-to-the-exact-request", 1, |s| {
            let bob = bob(s);
            let hop = s.granted();
            let approval = s.log.say(&bob, consent(s).body("request", digest(7)));
            let permit = s.permit("agent:planner").body("request", digest(7));
            let decision = s.log.say(&s.pdp, permit);
            let payment = s.payment("agent:planner", decision).body("delegation", json!(hop));
            let payment = payment.body("request", digest(7)).body("approval", json!(approval));
            (s.log.say(&s.planner, payment), Bundle)
        }),
        reject(SLUG, "reject-another-action", 1, &[SLUG], |s| {
            approved(s, "action", json!({"name": "pay:receive"}))
        }),
        reject(SLUG, "reject-another-resource", 1, &[SLUG], |s| approved(s, "resources", json!(["acct/8"]))),
        reject(SLUG, "reject-another-requester", 1, &[SLUG], |s| approved(s, "requester", "agent:worker")),
        reject(SLUG, "reject-another-request", 1, &[SLUG], |s| approved(s, "request", digest(7))),
        reject(SLUG, "reject-consent-that-came-later", 1, &[SLUG], |s| {
            // Of the payment, four statements from here, the clock may be 5 s behind.
            let later = s.later(4 + 5_001);
            approved(s, "approved_at", json!(later))
        }),
        accept(SLUG, "accept-consent-within-the-skew-of-clocks", 1, |s| {
            let later = s.later(4 + 5_000);
            approved(s, "approved_at", json!(later))
        }),
        reject(SLUG, "reject-template-where-the-profile-wants-exact-ones", 1, &[SLUG], |s| {
            approved(s, "scope", "template")
        })
        .tuned(|profile| profile.template_approvals = false),
        reject(SLUG, "reject-another-action-by-an-approval-that-only-the-decision-names", 1, &[SLUG], |s| {
            let bob = bob(s);
            let hop = s.granted();
            let approval = s.log.say(&bob, consent(s).body("action", json!({"name": "pay:receive"})));
            let decision = s.log.say(&s.pdp, s.permit("agent:planner").body("approval", json!(approval)));
            let payment = s.payment("agent:planner", decision).body("delegation", json!(hop));
            (s.log.say(&s.planner, payment), Bundle)
        }),
    ]
}

/// The planner pays so many times by one consent with a limit; the last time is judged.
fn used(s: &mut Story, limit: Option<u64>, times: u64) -> (StatementId, Evidence) {
    let bob = bob(s);
    let hop = s.granted();
    let consent =
        limit.into_iter().fold(consent(s), |consent, limit| consent.body("use_limit", json!(limit)));
    let approval = s.log.say(&bob, consent);
    for _ in 1..times {
        pays_by(s, hop, approval);
        s.log.wait(1);
    }
    (pays_by(s, hop, approval), Bundle)
}

fn uses() -> Vec<Case> {
    const SLUG: &str = "approval-exhausted";
    vec![
        accept(SLUG, "accept-the-one-action", 1, |s| used(s, None, 1)),
        accept(SLUG, "accept-as-many-as-it-says", 1, |s| used(s, Some(3), 3)),
        reject(SLUG, "reject-the-action-after-the-next", 1, &[SLUG], |s| used(s, None, 2)),
        reject(SLUG, "reject-one-more-than-it-says", 1, &[SLUG], |s| used(s, Some(3), 4)),
        reject(SLUG, "reject-second-action-under-a-second-permit-on-it", 1, &[SLUG], |s| {
            let bob = bob(s);
            let hop = s.granted();
            let approval = s.log.say(&bob, consent(s));
            let pay = |s: &mut Story| {
                s.log.wait(1);
                let decision = s.log.say(&s.pdp, s.permit("agent:planner").body("approval", json!(approval)));
                let payment = s.payment("agent:planner", decision).body("delegation", json!(hop));
                s.log.say(&s.planner, payment)
            };
            pay(s);
            (pay(s), Bundle)
        }),
        reject(SLUG, "reject-permit-that-is-asked-for-after-the-one-action", 1, &[SLUG], |s| {
            let bob = bob(s);
            let hop = s.granted();
            let approval = s.log.say(&bob, consent(s));
            pays_by(s, hop, approval);
            let permit = s.permit("agent:planner").body("delegation", json!(hop));
            (s.log.say(&s.pdp, permit.body("approval", json!(approval))), Bundle)
        }),
        accept(SLUG, "accept-permit-of-the-one-action", 1, |s| {
            let bob = bob(s);
            let hop = s.granted();
            let approval = s.log.say(&bob, consent(s));
            let permit = s.permit("agent:planner").body("delegation", json!(hop));
            let permit = s.log.say(&s.pdp, permit.body("approval", json!(approval)));
            let payment = s.payment("agent:planner", permit).body("delegation", json!(hop));
            s.log.say(&s.planner, payment);
            (permit, Bundle)
        }),
        accept(SLUG, "accept-moment-at-which-it-ends", 1, |s| {
            let bob = bob(s);
            let hop = s.granted();
            // The payment is the second statement after the consent.
            let approval = s.log.say(&bob, consent(s).body("approved_until", json!(s.later(2))));
            (pays_by(s, hop, approval), Bundle)
        }),
        reject(SLUG, "reject-moment-after-it-ended", 1, &[SLUG], |s| {
            let bob = bob(s);
            let hop = s.granted();
            let approval = s.log.say(&bob, consent(s).body("approved_until", json!(s.later(10))));
            s.log.wait(11);
            (pays_by(s, hop, approval), Bundle)
        }),
        reject(SLUG, "reject-where-not-all-uses-are-known", 1, &[SLUG], |s| {
            let bob = bob(s);
            let hop = s.granted();
            let approval = s.log.say(&bob, consent(s));
            let uses = Term::Citing(Kind::Action, &approval).id();
            (pays_by(s, hop, approval), BundleWithout(uses))
        })
        .indeterminate(),
    ]
}

fn approvers() -> Vec<Case> {
    const SLUG: &str = "approver-not-eligible";
    vec![
        accept(SLUG, "accept-human", 1, |s| {
            s.log.describe("user:bob", "human");
            approved(s, "scope", "exact")
        }),
        reject(SLUG, "reject-service", 1, &[SLUG], |s| {
            s.log.describe("user:bob", "service");
            approved(s, "scope", "exact")
        }),
        accept(SLUG, "accept-service-where-the-profile-takes-one", 1, |s| {
            s.log.describe("user:bob", "service");
            approved(s, "scope", "exact")
        })
        .tuned(|profile| {
            profile.approvers.insert(schemas::kinds::PrincipalType::Service);
        }),
        reject(SLUG, "reject-approver-of-whom-nobody-said-what-it-is", 1, &[SLUG], |s| {
            let key = s.log.register("https://corp.example/bob", &["approver"]);
            let hop = s.granted();
            let approval = s.log.say(&key, consent(s).body("approver", "https://corp.example/bob"));
            (pays_by(s, hop, approval), Bundle)
        })
        .indeterminate(),
        reject(SLUG, "reject-suspended-when-it-approved", 1, &[SLUG], |s| {
            let body = json!({"id": "user:bob", "type": "human", "status": "suspended"});
            s.log.say(&s.log.registrar(), Draft::new("principal", body));
            approved(s, "scope", "exact")
        }),
    ]
}

fn own() -> Vec<Case> {
    const SLUG: &str = "self-approved";
    vec![
        accept(SLUG, "accept-another-approves", 1, |s| approved(s, "scope", "exact")),
        accept(SLUG, "accept-root-approves-what-its-agent-asks", 1, |s| {
            let hop = s.granted();
            let alice = s.log.register("user:alice", &["approver"]);
            let approval = s.log.say(&alice, consent(s).body("approver", "user:alice"));
            (pays_by(s, hop, approval), Bundle)
        }),
        reject(SLUG, "reject-actor-approves", 1, &["approver-not-eligible", SLUG], |s| {
            let hop = s.granted();
            let approval = s.log.say(&s.planner, consent(s).body("approver", "agent:planner"));
            (pays_by(s, hop, approval), Bundle)
        }),
        reject(SLUG, "reject-requester-approves", 1, &[SLUG], |s| {
            let hop = s.granted();
            let alice = s.log.register("user:alice", &["approver"]);
            let consent = consent(s).body("approver", "user:alice").body("requester", "user:alice");
            let approval = s.log.say(&alice, consent);
            (pays_by(s, hop, approval), Bundle)
        }),
        reject(SLUG, "reject-requester-approves-under-another-name", 1, &[SLUG], |s| {
            let link = json!({"from": "user:bob", "to": "user:alice"});
            s.log.say(&s.log.registrar(), Draft::new("link", link));
            approved(s, "requester", "user:alice")
        }),
    ]
}

fn withdrawn() -> Vec<Case> {
    const SLUG: &str = "approval-withdrawn";
    vec![
        accept(SLUG, "accept-withdrawn-after-the-moment", 1, |s| {
            let bob = s.log.register("user:bob", &["approver", "principal"]);
            let hop = s.granted();
            let approval = s.log.say(&bob, consent(s));
            let subject = pays_by(s, hop, approval);
            s.log.wait(1);
            s.log.say(&bob, s.revocation(json!({"kind": "approval", "ref": approval})));
            (subject, Bundle)
        }),
        reject(SLUG, "reject-withdrawn-by-its-approver", 1, &[SLUG], |s| {
            let bob = s.log.register("user:bob", &["approver", "principal"]);
            let hop = s.granted();
            let approval = s.log.say(&bob, consent(s));
            s.log.say(&bob, s.revocation(json!({"kind": "approval", "ref": approval})));
            (pays_by(s, hop, approval), Bundle)
        }),
        reject(SLUG, "reject-replaced-by-another", 1, &[SLUG], |s| {
            let bob = bob(s);
            let hop = s.granted();
            let first = s.log.say(&bob, consent(s));
            s.log.say(&bob, consent(s).body("supersedes", json!(first)).body("resources", json!(["acct/8"])));
            (pays_by(s, hop, first), Bundle)
        }),
        accept(SLUG, "accept-the-one-that-replaces", 1, |s| {
            let bob = bob(s);
            let hop = s.granted();
            let first = s.log.say(&bob, consent(s).body("resources", json!(["acct/8"])));
            let second = s.log.say(&bob, consent(s).body("supersedes", json!(first)));
            (pays_by(s, hop, second), Bundle)
        }),
    ]
}

fn tasks() -> Vec<Case> {
    const SLUG: &str = "approval-replayed";
    fn within(s: &mut Story, given: Option<&str>, used: Option<&str>) -> (StatementId, Evidence) {
        let bob = bob(s);
        let of = |draft: Draft, task: Option<&str>| {
            task.into_iter().fold(draft, |draft, task| draft.with("task", task))
        };
        let hop = s.granted();
        let approval = s.log.say(&bob, of(consent(s), given));
        let decision = s.log.say(&s.pdp, of(s.permit("agent:planner"), used));
        let payment = s.payment("agent:planner", decision).body("delegation", json!(hop));
        (s.log.say(&s.planner, of(payment, used).body("approval", json!(approval))), Bundle)
    }
    vec![
        accept(SLUG, "accept-within-the-task", 1, |s| within(s, Some("t"), Some("t"))),
        accept(SLUG, "accept-given-within-no-task", 1, |s| within(s, None, Some("t"))),
        reject(SLUG, "reject-within-another-task", 1, &[SLUG], |s| within(s, Some("t"), Some("u"))),
        reject(SLUG, "reject-within-no-task", 1, &[SLUG], |s| within(s, Some("t"), None)),
    ]
}

fn boundaries() -> Vec<Case> {
    const SLUG: &str = "autonomy-boundary-missing";
    /// The worker pays by two hops that say who steers.
    fn steered(s: &mut Story, first: &str, second: Option<&str>) -> (StatementId, Evidence) {
        let granted = s.log.say(&s.alice, s.grant().body("autonomy", first));
        let onward = second.into_iter().fold(s.onward(granted), |hop, word| hop.body("autonomy", word));
        let onward = s.log.say(&s.planner, onward);
        (s.worker_pays(onward), Bundle)
    }
    vec![
        accept(SLUG, "accept-human-hands-over-to-a-machine", 2, |s| {
            steered(s, "autonomous", Some("autonomous"))
        }),
        accept(SLUG, "accept-nobody-says-who-steers", 1, |s| {
            let hop = s.granted();
            (s.planner_pays(hop), Bundle)
        }),
        accept(SLUG, "accept-machine-hands-over-by-an-approval", 2, |s| {
            let bob = bob(s);
            let granted = s.log.say(&s.alice, s.grant().body("autonomy", "supervised"));
            let approval = s.log.say(&bob, consent(s));
            let onward = s.onward(granted).body("autonomy", "autonomous").body("approval", json!(approval));
            let onward = s.log.say(&s.planner, onward);
            (s.worker_pays(onward), Bundle)
        }),
        reject(SLUG, "reject-machine-hands-over-by-itself", 2, &[SLUG], |s| {
            steered(s, "supervised", Some("autonomous"))
        })
        .authorized(),
        reject(SLUG, "reject-hop-that-does-not-say-who-steers", 2, &[SLUG], |s| {
            steered(s, "supervised", None)
        })
        .authorized(),
        reject(SLUG, "reject-service-hands-over-by-itself", 1, &[SLUG], |s| {
            let cron = s.log.register("service:cron", &["principal"]);
            let hop = s.log.say(&cron, hop("service:cron", "agent:planner").body("autonomy", "autonomous"));
            (s.planner_pays(hop), Bundle)
        })
        .by("service:cron")
        .authorized(),
        reject(SLUG, "reject-where-the-profile-lets-it-count", 2, &[SLUG], |s| {
            steered(s, "supervised", Some("autonomous"))
        })
        .tuned(|profile| {
            let effect = verifier::verdict::Effect::Indeterminate;
            profile.raised.insert("autonomy-boundary-missing".into(), effect);
        })
        .indeterminate(),
    ]
}

fn emergencies() -> Vec<Case> {
    const SLUG: &str = "break-glass-unreviewed";
    /// The planner pays in an emergency that is to be reviewed within 100 ms; it is reviewed by somebody after so many, or never.
    fn emergency(s: &mut Story, reviewed: Option<(&str, u64)>, until: u64) -> (StatementId, Evidence) {
        let bob = bob(s);
        let hop = s.granted();
        let given = s.log.now.0;
        let consent = consent(s).body("break_glass", true).body("review_by", json!(s.later(100)));
        let approval = s.log.say(&bob, consent.clone());
        let subject = pays_by(s, hop, approval);
        if let Some((reviewer, after)) = reviewed {
            let key = s.log.register(reviewer, &["approver"]);
            s.log.wait(given + after - s.log.now.0);
            let review = consent.body("supersedes", json!(approval)).body("approver", reviewer);
            let review =
                review.without("break_glass").without("review_by").body("approved_at", json!(s.log.now));
            s.log.say(&key, review);
        }
        s.log.wait(given + until - s.log.now.0);
        s.log.describe("user:eve", "human");
        (subject, Bundle)
    }
    vec![
        accept(SLUG, "accept-reviewed-in-time", 1, |s| emergency(s, Some(("user:carol", 100)), 200)),
        accept(SLUG, "accept-still-to-be-reviewed", 1, |s| emergency(s, None, 100)),
        accept(SLUG, "accept-no-emergency", 1, |s| approved(s, "scope", "exact")),
        reject(SLUG, "reject-reviewed-by-nobody", 1, &[SLUG], |s| emergency(s, None, 101)).authorized(),
        reject(SLUG, "reject-reviewed-late", 1, &[SLUG], |s| emergency(s, Some(("user:carol", 101)), 200))
            .authorized(),
        reject(SLUG, "reject-reviewed-by-the-approver", 1, &[SLUG], |s| {
            emergency(s, Some(("user:bob", 50)), 101)
        })
        .authorized(),
        reject(SLUG, "reject-no-time-to-review-by", 1, &[SLUG], |s| approved(s, "break_glass", true))
            .authorized(),
    ]
}
