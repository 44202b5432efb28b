//! The credential that is presented.

use schemas::ids::StatementId;
use serde_json::{Value, json};
use tests::scenario::{Actor, Draft};

use crate::case::{Case, accept, reject};
use crate::story::Evidence::{self, Bundle};
use crate::story::Story;

pub(crate) fn cases() -> Vec<Case> {
    [bound(), lives(), contexts(), shared(), sessions(), revoked(), standing(), outliving(), waivers()]
        .into_iter()
        .flatten()
        .collect()
}

const NAME: [&str; 3] = ["token", "service:idp", "t1"];
const HOUR: u64 = 3_600_000;

fn idp(s: &mut Story) -> Actor {
    s.log.register("service:idp", &["authority=user:*", "authority=agent:*"])
}

/// A token of the planner's, bound to its key, for one hour.
fn issue(s: &Story) -> Draft {
    let body = json!({
        "op": "issue", "credential": NAME, "holder": "agent:planner", "type": "jwt",
        "expires": s.later(HOUR), "binding": "jkt:0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I",
    });
    Draft::new("credential", body)
}

/// The planner pays with its token, by a hop.
fn pays_with(s: &mut Story, hop: StatementId) -> StatementId {
    let decision = s.permitted("agent:planner");
    let payment = s.payment("agent:planner", decision).body("delegation", json!(hop));
    s.log.say(&s.planner, payment.body("credential", json!(NAME)))
}

/// The same with a token that differs from the usual one.
fn issued(s: &mut Story, change: impl FnOnce(&Story, Draft) -> Draft) -> (StatementId, Evidence) {
    let idp = idp(s);
    let hop = s.granted();
    let token = change(s, issue(s));
    s.log.say(&idp, token);
    (pays_with(s, hop), Bundle)
}

fn with(field: &'static str, value: impl Into<Value>) -> impl FnOnce(&Story, Draft) -> Draft {
    move |_, draft| draft.body(field, value)
}

fn bound() -> Vec<Case> {
    const SLUG: &str = "credential-unbound";
    vec![
        accept(SLUG, "accept-bound-to-a-key", 1, |s| issued(s, |_, token| token)),
        reject(SLUG, "reject-bearer-token", 1, &[SLUG], |s| issued(s, |_, token| token.without("binding")))
            .authorized(),
    ]
}

fn lives() -> Vec<Case> {
    const SLUG: &str = "credential-long-lived";
    vec![
        accept(SLUG, "accept-a-day", 1, |s| {
            issued(s, |s, token| token.body("expires", json!(s.later(24 * HOUR))))
        }),
        reject(SLUG, "reject-a-millisecond-longer", 1, &[SLUG], |s| {
            issued(s, |s, token| token.body("expires", json!(s.later(24 * HOUR + 1))))
        })
        .authorized(),
        reject(SLUG, "reject-no-end", 1, &[SLUG], |s| issued(s, |_, token| token.without("expires")))
            .authorized(),
    ]
}

fn contexts() -> Vec<Case> {
    const SLUG: &str = "credential-out-of-context";
    vec![
        accept(SLUG, "accept-holder-task-resource-and-time", 1, |s| {
            issued(s, |s, token| {
                token.body("resources", json!(["acct/7"])).body("not_before", json!(s.log.now))
            })
        }),
        reject(SLUG, "reject-another-holder", 1, &[SLUG], |s| issued(s, with("holder", "agent:worker"))),
        reject(SLUG, "reject-another-resource", 1, &[SLUG], |s| {
            issued(s, with("resources", json!(["acct/8"])))
        }),
        reject(SLUG, "reject-not-yet-valid", 1, &[SLUG], |s| {
            issued(s, |s, token| token.body("not_before", json!(s.later(10))))
        }),
        reject(SLUG, "reject-after-it-ended", 1, &[SLUG], |s| {
            let idp = idp(s);
            let hop = s.granted();
            s.log.say(&idp, issue(s).body("expires", json!(s.later(10))));
            s.log.wait(11);
            (pays_with(s, hop), Bundle)
        }),
        reject(SLUG, "reject-another-task", 1, &[SLUG], |s| {
            let idp = idp(s);
            let hop = s.granted();
            s.log.say(&idp, issue(s).with("task", "t"));
            let decision = s.log.say(&s.pdp, s.permit("agent:planner").with("task", "u"));
            let payment = s.payment("agent:planner", decision).body("delegation", json!(hop));
            (s.log.say(&s.planner, payment.with("task", "u").body("credential", json!(NAME))), Bundle)
        }),
        reject(SLUG, "reject-another-session", 1, &[SLUG], |s| {
            let idp = idp(s);
            let hop = s.granted();
            s.log.say(&idp, issue(s).body("session", "s1"));
            let decision = s.permitted("agent:planner");
            let payment = s.payment("agent:planner", decision).body("delegation", json!(hop));
            let payment = payment.with("refs", json!([["session", "service:idp", "s2"]]));
            (s.log.say(&s.planner, payment.body("credential", json!(NAME))), Bundle)
        }),
        reject(SLUG, "reject-another-audience", 1, &[SLUG], |s| {
            let idp = idp(s);
            let hop = s.granted();
            s.log.say(&idp, issue(s).body("audience", json!(["tool:mail"])));
            let decision = s.permitted("agent:planner");
            let payment = s.payment("agent:planner", decision).body("delegation", json!(hop));
            let payment = payment.body("tool", "tool:bank").body("credential", json!(NAME));
            (s.log.say(&s.planner, payment), Bundle)
        }),
    ]
}

fn shared() -> Vec<Case> {
    const SLUG: &str = "credential-shared";
    fn signed_in(s: &mut Story, holder: &str) -> (StatementId, Evidence) {
        let idp = idp(s);
        let hop = s.granted();
        s.log.say(&idp, issue(s));
        let sign_in = json!({"op": "authenticate", "credential": NAME, "holder": holder});
        s.log.say(&idp, Draft::new("credential", sign_in));
        (pays_with(s, hop), Bundle)
    }
    vec![
        accept(SLUG, "accept-one-holder", 1, |s| signed_in(s, "agent:planner")),
        reject(SLUG, "reject-two-holders", 1, &[SLUG], |s| signed_in(s, "agent:worker")).authorized(),
    ]
}

fn sessions() -> Vec<Case> {
    const SLUG: &str = "human-session-used-by-machine";
    vec![
        accept(SLUG, "accept-machine-with-its-own", 1, |s| issued(s, |_, token| token)),
        accept(SLUG, "accept-human-with-its-own", 0, |s| {
            let idp = idp(s);
            s.log.say(&idp, issue(s).body("holder", "user:alice"));
            let decision = s.permitted("user:alice");
            let payment = s.payment("user:alice", decision).body("credential", json!(NAME));
            (s.log.say(&s.alice, payment), Bundle)
        }),
        reject(SLUG, "reject-agent-with-a-humans", 1, &[SLUG], |s| issued(s, with("holder", "user:alice"))),
    ]
}

fn revoked() -> Vec<Case> {
    const SLUG: &str = "credential-used-after-revocation";
    fn withdrawn(s: &mut Story, before: bool) -> (StatementId, Evidence) {
        let idp = idp(s);
        let hop = s.granted();
        s.log.say(&idp, issue(s));
        let target = json!({"kind": "credential", "ref": NAME});
        if before {
            s.log.say(&s.planner, s.revocation(target.clone()));
        }
        let subject = pays_with(s, hop);
        s.log.wait(1);
        if !before {
            s.log.say(&s.planner, s.revocation(target));
        }
        (subject, Bundle)
    }
    vec![
        accept(SLUG, "accept-withdrawn-later", 1, |s| withdrawn(s, false)),
        reject(SLUG, "reject-withdrawn-at-the-very-moment", 1, &[SLUG], |s| withdrawn(s, true)),
    ]
}

fn standing() -> Vec<Case> {
    const SLUG: &str = "standing-access";
    fn carried(s: &mut Story, change: impl FnOnce(&Story, Draft) -> Draft) -> (StatementId, Evidence) {
        let grant = s.grant().body("credential", json!(["token", "user:alice", "t1"]));
        let grant = change(s, grant);
        let hop = s.log.say(&s.alice, grant);
        (s.planner_pays(hop), Bundle)
    }
    vec![
        accept(SLUG, "accept-until-a-time", 1, |s| {
            carried(s, |s, hop| hop.body("expires", json!(s.later(HOUR))))
        }),
        accept(SLUG, "accept-for-a-number-of-actions", 1, |s| carried(s, |_, hop| hop.body("use_limit", 1))),
        reject(SLUG, "reject-credential-for-no-task-and-without-an-end", 1, &[SLUG], |s| {
            carried(s, |_, hop| hop)
        })
        .authorized(),
    ]
}

fn outliving() -> Vec<Case> {
    const SLUG: &str = "credential-outlives-decision";
    fn permitted(s: &mut Story, more: u64) -> (StatementId, Evidence) {
        let until = s.log.now.0 + HOUR;
        let permit = json!({
            "ruling": "permit", "actor": "user:alice", "action": {"name": "delegate"}, "resources": ["agent:planner"],
            "evaluated_at": s.log.now, "valid_until": until,
        });
        let permit = s.log.say(&s.pdp, Draft::new("decision", permit));
        let hop = s
            .grant()
            .body("credential", json!(["token", "user:alice", "t1"]))
            .body("decision", json!(permit));
        let hop = s.log.say(&s.alice, hop.body("expires", until + more));
        (s.planner_pays(hop), Bundle)
    }
    vec![
        accept(SLUG, "accept-as-long-as-it-was-permitted", 1, |s| permitted(s, 0)),
        reject(SLUG, "reject-a-millisecond-longer", 1, &[SLUG], |s| permitted(s, 1)).authorized(),
    ]
}

fn waivers() -> Vec<Case> {
    const SLUG: &str = "waiver-expired";
    /// The planner pays 15 ms after the exception was granted.
    fn excepted(s: &mut Story, for_ms: u64) -> (StatementId, Evidence) {
        let bob = s.log.register("user:bob", &["approver"]);
        let waiver = json!({
            "approver": "user:bob", "requester": "agent:planner", "action": {"name": "credential:long-lived"},
            "resources": ["token:t1"], "scope": "exact", "approved_at": s.log.now, "approved_until": s.later(for_ms),
        });
        let waiver = s.log.say(&bob, Draft::new("approval", waiver));
        let idp = idp(s);
        let hop = s.granted();
        s.log.say(&idp, issue(s).body("expires", json!(s.later(48 * HOUR))).body("waiver", json!(waiver)));
        s.log.wait(10);
        (pays_with(s, hop), Bundle)
    }
    vec![
        accept(SLUG, "accept-exception-that-holds", 1, |s| excepted(s, 15)),
        reject(SLUG, "reject-exception-that-ended", 1, &[SLUG], |s| excepted(s, 14)),
        reject(SLUG, "reject-exception-that-is-not-there", 1, &[SLUG], |s| {
            issued(s, with("waiver", json!(StatementId::new([9; 32]))))
        })
        .indeterminate(),
    ]
}
