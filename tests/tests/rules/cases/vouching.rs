//! Who vouches for what: keys in other hands, gaps in what an emitter said, and actors about themselves.

use serde_json::json;
use tests::scenario::Draft;

use crate::case::{Case, accept, reject};
use crate::story::Evidence::{Bundle, Entries};
use crate::story::hop;

const STREAM: &str = "0102030405060708090a0b0c0d0e0f10";

pub(crate) fn cases() -> Vec<Case> {
    [stolen(), gaps(), selves()].into_iter().flatten().collect()
}

fn stolen() -> Vec<Case> {
    const SLUG: &str = "key-compromised";
    vec![
        accept(SLUG, "accept-statement-from-before-the-key-was-stolen", 1, |s| {
            let hop = s.granted();
            let subject = s.planner_pays(hop);
            let body = json!({"op": "compromise", "kid": s.alice.kid(), "since": s.log.now});
            s.log.say(&s.log.registrar(), Draft::new("key", body));
            (subject, Bundle)
        }),
        reject(SLUG, "reject-statement-from-the-moment-the-key-was-stolen", 1, &[SLUG], |s| {
            let since = s.log.now;
            let hop = s.granted();
            let subject = s.planner_pays(hop);
            let body = json!({"op": "compromise", "kid": s.alice.kid(), "since": since});
            s.log.say(&s.log.registrar(), Draft::new("key", body));
            (subject, Bundle)
        }),
        reject(SLUG, "reject-statement-logged-after-the-report", 1, &[SLUG], |s| {
            let hop = s.granted();
            let decision = s.permitted("agent:planner");
            let body = json!({"op": "compromise", "kid": s.planner.kid(), "since": s.later(60_000)});
            s.log.say(&s.log.registrar(), Draft::new("key", body));
            let payment = s.payment("agent:planner", decision).body("delegation", json!(hop));
            (s.log.force(&s.planner, payment), Bundle)
        }),
        reject(SLUG, "reject-key-registered-by-a-stolen-registrar", 1, &[SLUG, "root-unknown"], |s| {
            let since = s.log.now;
            let bob = s.log.register("user:bob", &["principal"]);
            let hop = s.log.say(&bob, hop("user:bob", "agent:planner"));
            let subject = s.planner_pays(hop);
            let body = json!({"op": "compromise", "kid": s.log.registrar().kid(), "since": since});
            s.log.say(&s.log.registrar(), Draft::new("key", body));
            (subject, Bundle)
        })
        .by("user:bob"),
    ]
}

fn gaps() -> Vec<Case> {
    const SLUG: &str = "sequence-gap";
    vec![
        reject(SLUG, "reject-gap-in-the-emitters-sequence", 1, &[SLUG], |s| {
            let hop = s.log.say(&s.alice, s.grant().with("stream", STREAM).with("seq", 1));
            (s.planner_pays(hop), Entries)
        })
        .authorized(),
        accept(SLUG, "accept-gap-that-the-emitter-voided", 1, |s| {
            let hop = s.log.say(&s.alice, s.grant().with("stream", STREAM).with("seq", 1));
            let void = Draft::new("stream", json!({"op": "void", "void": [0]}))
                .with("stream", STREAM)
                .with("seq", 2);
            s.log.say(&s.alice, void);
            (s.planner_pays(hop), Entries)
        }),
    ]
}

fn selves() -> Vec<Case> {
    const SLUG: &str = "self-reported-only";
    vec![
        accept(SLUG, "accept-permit-by-somebody-else", 1, |s| {
            let hop = s.granted();
            (s.planner_pays(hop), Bundle)
        }),
        accept(SLUG, "accept-report-by-a-gateway-of-what-nobody-decided", 1, |s| {
            let hop = s.granted();
            let decision = s.permitted("agent:planner");
            let payment = s.payment("agent:planner", decision).body("delegation", json!(hop));
            (s.log.say(&s.edge, payment.without("decision").with("vantage", "boundary")), Bundle)
        })
        .finding(&["decision-missing"])
        .indeterminate(),
        reject(SLUG, "reject-action-that-only-its-actor-speaks-of", 1, &["decision-missing", SLUG], |s| {
            let hop = s.granted();
            let decision = s.permitted("agent:planner");
            let payment = s.payment("agent:planner", decision).body("delegation", json!(hop));
            (s.log.say(&s.planner, payment.without("decision")), Bundle)
        })
        .indeterminate(),
        reject(SLUG, "reject-action-on-which-its-actor-decided", 1, &["self-decided", SLUG], |s| {
            let hop = s.granted();
            let planner = s.log.register("agent:planner", &["principal", "pdp"]);
            let decision = s.log.say(&planner, s.permit("agent:planner"));
            let payment = s.payment("agent:planner", decision).body("delegation", json!(hop));
            (s.log.say(&planner, payment), Bundle)
        }),
    ]
}
