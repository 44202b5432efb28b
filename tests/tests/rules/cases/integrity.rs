//! Signatures, keys, roles, unknown forms, conflicts and absence.

use schemas::term::{Term, terms};
use serde_json::json;
use tests::scenario::{Actor, Draft};

use crate::case::{Case, accept, reject};
use crate::story::Evidence::{Bundle, BundleWithout, Entries, Unpinned};
use crate::story::hop;

pub(crate) fn cases() -> Vec<Case> {
    [signatures(), keys(), roles(), forms(), conflicts(), pinning(), absence()]
        .into_iter()
        .flatten()
        .collect()
}

fn signatures() -> Vec<Case> {
    const SLUG: &str = "signature-invalid";
    vec![
        accept(SLUG, "accept-every-signature-stands", 1, |s| {
            let hop = s.granted();
            (s.planner_pays(hop), Bundle)
        }),
        reject(SLUG, "reject-spoiled-action", 1, &[SLUG], |s| {
            let hop = s.granted();
            let decision = s.permitted("agent:planner");
            let payment = s.payment("agent:planner", decision).body("delegation", json!(hop));
            let spoiled = s.log.spoiled(&s.planner, &payment);
            (s.log.force_bytes(spoiled.envelope.bytes(), terms(&spoiled)), Bundle)
        }),
        reject(SLUG, "reject-spoiled-hop", 1, &[SLUG], |s| {
            let spoiled = s.log.spoiled(&s.alice, &s.grant());
            let hop = s.log.force_bytes(spoiled.envelope.bytes(), terms(&spoiled));
            (s.planner_pays(hop), Bundle)
        }),
        reject(SLUG, "reject-spoiled-decision", 1, &[SLUG], |s| {
            let hop = s.granted();
            let spoiled = s.log.spoiled(&s.pdp, &s.permit("agent:planner"));
            let decision = s.log.force_bytes(spoiled.envelope.bytes(), terms(&spoiled));
            let payment = s.payment("agent:planner", decision).body("delegation", json!(hop));
            (s.log.say(&s.planner, payment), Bundle)
        }),
    ]
}

fn keys() -> Vec<Case> {
    const SLUG: &str = "key-not-valid";
    vec![
        accept(SLUG, "accept-entry-at-the-very-end-of-a-retired-keys-time", 1, |s| {
            let hop = s.granted();
            let decision = s.permitted("agent:planner");
            let body = json!({"op": "retire", "kid": s.planner.kid(), "accept_until": s.later(10)});
            s.log.say(&s.log.registrar(), Draft::new("key", body));
            s.log.wait(9);
            let payment = s.payment("agent:planner", decision).body("delegation", json!(hop));
            (s.log.say(&s.planner, payment), Bundle)
        }),
        reject(SLUG, "reject-entry-after-a-retired-keys-time", 1, &[SLUG], |s| {
            let hop = s.granted();
            let decision = s.permitted("agent:planner");
            let body = json!({"op": "retire", "kid": s.planner.kid(), "accept_until": s.later(10)});
            s.log.say(&s.log.registrar(), Draft::new("key", body));
            s.log.wait(10);
            let payment = s.payment("agent:planner", decision).body("delegation", json!(hop));
            (s.log.force(&s.planner, payment), Bundle)
        }),
        reject(SLUG, "reject-entry-in-a-time-that-was-shortened", 1, &[SLUG], |s| {
            let hop = s.granted();
            let decision = s.permitted("agent:planner");
            for until in [s.later(1_000), s.later(10)] {
                let body = json!({"op": "retire", "kid": s.planner.kid(), "accept_until": until});
                s.log.say(&s.log.registrar(), Draft::new("key", body));
            }
            s.log.wait(10);
            let payment = s.payment("agent:planner", decision).body("delegation", json!(hop));
            (s.log.force(&s.planner, payment), Bundle)
        }),
        reject(SLUG, "reject-unknown-key", 1, &[SLUG], |s| {
            let stranger = Actor::named("nobody's key", "user:alice");
            let hop = s.log.force(&stranger, s.grant());
            (s.planner_pays(hop), Bundle)
        }),
        reject(SLUG, "reject-key-registered-only-afterwards", 1, &[SLUG], |s| {
            let mut bob = Actor::named("user:bob", "user:bob");
            let early = s.log.force(&bob, hop("user:bob", "agent:planner"));
            bob = s.log.register("user:bob", &["principal"]);
            assert_eq!(bob.uri(), "user:bob");
            (s.planner_pays(early), Bundle)
        })
        .by("user:bob"),
        reject(SLUG, "reject-key-that-the-operator-gave-roles", 1, &[SLUG], |s| {
            // A statement that gives roles and a use does not exist in this format; one that gives roles needs a registrar.
            let mallory = Actor::named("user:mallory", "user:mallory");
            let body = mallory.registration(&s.log, &["authority=user:*"]);
            s.log.force(&s.log.log_key(), Draft::new("key", body));
            let hop = s.log.force(&mallory, s.grant());
            (s.planner_pays(hop), Bundle)
        }),
    ]
}

fn roles() -> Vec<Case> {
    const SLUG: &str = "signer-not-entitled";
    vec![
        accept(SLUG, "accept-authority-vouches-for-the-delegator", 1, |s| {
            let idp = s.log.register("service:idp", &["authority=user:*"]);
            let hop = s.log.say(&idp, s.grant());
            (s.planner_pays(hop), Bundle)
        }),
        reject(SLUG, "reject-agent-says-that-alice-delegates-to-it", 1, &[SLUG], |s| {
            let hop = s.log.force(&s.planner, s.grant());
            (s.planner_pays(hop), Bundle)
        }),
        reject(SLUG, "reject-authority-about-others", 1, &[SLUG], |s| {
            let idp = s.log.register("service:idp", &["authority=user:bob"]);
            let hop = s.log.force(&idp, s.grant());
            (s.planner_pays(hop), Bundle)
        }),
        reject(SLUG, "reject-authority-in-another-tenant", 1, &[SLUG], |s| {
            let idp = s.log.register("service:idp", &["authority=user:*@elsewhere"]);
            let hop = s.log.force(&idp, s.grant());
            (s.planner_pays(hop), Bundle)
        }),
        reject(SLUG, "reject-agent-decides", 1, &[SLUG], |s| {
            let hop = s.granted();
            let decision = s.log.force(&s.worker, s.permit("agent:planner"));
            let payment = s.payment("agent:planner", decision).body("delegation", json!(hop));
            (s.log.say(&s.planner, payment), Bundle)
        }),
        reject(SLUG, "reject-decision-point-rules-in-anothers-name", 1, &[SLUG], |s| {
            let hop = s.granted();
            let permit = s.permit("agent:planner").body("decider", "service:iam");
            let decision = s.log.force(&s.pdp, permit);
            let payment = s.payment("agent:planner", decision).body("delegation", json!(hop));
            (s.log.say(&s.planner, payment), Bundle)
        }),
        reject(SLUG, "reject-statement-for-another-log", 1, &[SLUG], |s| {
            let elsewhere = s.grant().with("log", "ab".repeat(32));
            let hop = s.log.force(&s.alice, elsewhere);
            (s.planner_pays(hop), Bundle)
        }),
        reject(SLUG, "reject-signer-calls-itself-somebody-else", 1, &[SLUG], |s| {
            let mut posing = s.planner.clone();
            posing.principal = s.alice.principal.clone();
            let hop = s.log.force(&posing, s.grant());
            (s.planner_pays(hop), Bundle)
        }),
        reject(SLUG, "reject-imported-hop-under-strict", 1, &[SLUG], |s| {
            let hop = s.log.say(&s.edge, s.grant().imported("e1", "delegation"));
            (s.planner_pays_beyond_doubt(hop), Entries)
        })
        .under("strict")
        .tuned(|profile| profile.hop_permits = false),
    ]
}

fn forms() -> Vec<Case> {
    const SLUG: &str = "unknown-statement";
    vec![
        accept(SLUG, "accept-unknown-form-that-bears-on-nothing-asked", 1, |s| {
            let unknown = s.log.unknown(&s.worker, "elsewhere");
            s.log.force_bytes(&unknown, [].into());
            let hop = s.granted();
            (s.planner_pays(hop), Bundle)
        }),
        reject(SLUG, "reject-hop-of-an-unknown-form", 0, &[SLUG], |s| {
            let unknown = s.log.unknown(&s.alice, "a hop, it may be");
            let hop = s.log.force_bytes(&unknown, [].into());
            (s.planner_pays(hop), Bundle)
        })
        .by("")
        .indeterminate(),
        reject(SLUG, "reject-decision-of-an-unknown-form", 1, &[SLUG], |s| {
            let hop = s.granted();
            let unknown = s.log.unknown(&s.pdp, "a permit, it may be");
            let decision = s.log.force_bytes(&unknown, [].into());
            let payment = s.payment("agent:planner", decision).body("delegation", json!(hop));
            (s.log.say(&s.planner, payment), Bundle)
        })
        .indeterminate(),
        reject(SLUG, "reject-unknown-form-among-the-revocations-of-a-hop", 1, &[SLUG], |s| {
            let hop = s.granted();
            let unknown = s.log.unknown(&s.alice, "a revocation, it may be");
            s.log.force_bytes(&unknown, [Term::Withdrawn(&hop).id()].into());
            (s.planner_pays(hop), Bundle)
        })
        .indeterminate(),
        reject(SLUG, "reject-unknown-form-about-a-registrars-key", 1, &[SLUG], |s| {
            let registrar = s.log.registrar();
            let unknown = s.log.unknown(&registrar, "a compromise, it may be");
            s.log.force_bytes(&unknown, [Term::Key(&registrar.kid()).id()].into());
            let hop = s.granted();
            (s.planner_pays(hop), Bundle)
        })
        .indeterminate(),
        reject(SLUG, "reject-unknown-form-anywhere-where-all-was-read", 1, &[SLUG], |s| {
            let unknown = s.log.unknown(&s.worker, "elsewhere");
            s.log.force_bytes(&unknown, [].into());
            let hop = s.granted();
            (s.planner_pays(hop), Entries)
        })
        .indeterminate(),
    ]
}

fn conflicts() -> Vec<Case> {
    const SLUG: &str = "duplicate-conflict";
    const STREAM: &str = "0102030405060708090a0b0c0d0e0f10";
    vec![
        accept(SLUG, "accept-next-number", 1, |s| {
            let hop = s.log.say(&s.alice, s.grant().with("stream", STREAM).with("seq", 0));
            s.log.say(
                &s.alice,
                s.grant().body("delegatee", "agent:other").with("stream", STREAM).with("seq", 1),
            );
            (s.planner_pays(hop), Bundle)
        }),
        reject(SLUG, "reject-number-used-twice", 1, &[SLUG], |s| {
            let hop = s.log.say(&s.alice, s.grant().with("stream", STREAM).with("seq", 0));
            s.log.say(
                &s.alice,
                s.grant().body("delegatee", "agent:other").with("stream", STREAM).with("seq", 0),
            );
            (s.planner_pays(hop), Bundle)
        }),
        accept(SLUG, "accept-number-that-somebody-else-forged", 1, |s| {
            let hop = s.log.say(&s.alice, s.grant().with("stream", STREAM).with("seq", 0));
            let other = s.grant().body("delegatee", "agent:other").with("stream", STREAM).with("seq", 0);
            let spoiled = s.log.spoiled(&s.alice, &other);
            s.log.force_bytes(spoiled.envelope.bytes(), terms(&spoiled));
            (s.planner_pays(hop), Bundle)
        }),
    ]
}

fn pinning() -> Vec<Case> {
    const SLUG: &str = "not-pinned";
    vec![
        accept(SLUG, "accept-log-whose-key-is-pinned", 1, |s| {
            let hop = s.granted();
            (s.planner_pays(hop), Bundle)
        }),
        reject(SLUG, "reject-log-whose-key-nobody-pinned", 1, &[SLUG], |s| {
            let hop = s.granted();
            (s.planner_pays(hop), Unpinned)
        })
        .indeterminate(),
    ]
}

fn absence() -> Vec<Case> {
    const SLUG: &str = "absence-unproved";
    vec![
        accept(SLUG, "accept-every-question-answered-by-the-log", 1, |s| {
            let hop = s.granted();
            (s.planner_pays(hop), Bundle)
        }),
        accept(SLUG, "accept-everything-read-under-strict", 1, |s| {
            let hop = s.granted();
            (s.planner_pays_beyond_doubt(hop), Entries)
        })
        .under("strict")
        .tuned(|profile| profile.hop_permits = false),
        reject(SLUG, "reject-the-logs-word-under-strict", 1, &[SLUG], |s| {
            let hop = s.granted();
            (s.planner_pays_beyond_doubt(hop), Bundle)
        })
        .under("strict")
        .tuned(|profile| profile.hop_permits = false)
        .indeterminate(),
        reject(SLUG, "reject-revocations-not-spoken-of", 1, &[SLUG], |s| {
            let hop = s.granted();
            (s.planner_pays(hop), BundleWithout(Term::Withdrawn(&hop).id()))
        })
        .indeterminate(),
        reject(SLUG, "reject-registrars-key-not-spoken-of", 1, &[SLUG], |s| {
            let hop = s.granted();
            let registrar = s.log.registrar().kid();
            (s.planner_pays(hop), BundleWithout(Term::Key(&registrar).id()))
        })
        .indeterminate(),
        reject(SLUG, "reject-approval-that-is-not-there", 1, &[SLUG], |s| {
            let hop = s.granted();
            let decision = s.permitted("agent:planner");
            let payment = s.payment("agent:planner", decision).body("delegation", json!(hop));
            (s.log.say(&s.planner, payment.body("approval", json!(["approval", "user:alice", "7"]))), Bundle)
        })
        .indeterminate(),
    ]
}
