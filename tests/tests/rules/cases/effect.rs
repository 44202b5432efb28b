//! What came of an action, who saw it, and when it was written down.

use schemas::ids::StatementId;
use schemas::time::Time;
use serde_json::{Value, json};
use tests::scenario::Draft;

use crate::case::{Case, accept, reject};
use crate::story::Evidence::{self, Bundle};
use crate::story::{Story, digest};

pub(crate) fn cases() -> Vec<Case> {
    [pairs(), outcomes(), compensations(), vantages(), owners(), late(), after(), backdated()]
        .into_iter()
        .flatten()
        .collect()
}

const MINUTE: u64 = 60_000;

/// Somebody says something so many ms after a time.
fn later(s: &mut Story, from: Time, ms: u64) {
    s.log.wait(from.0 + ms - s.log.now.0);
    s.log.describe("user:eve", "human");
}

fn pairs() -> Vec<Case> {
    const SLUG: &str = "action-unpaired";
    fn decided(s: &mut Story, ms: u64) -> (StatementId, Evidence) {
        let hop = s.granted();
        let ruled = s.log.now;
        let permit = s.permit("agent:planner").body("delegation", json!(hop));
        let permit = s.log.say(&s.pdp, permit);
        later(s, ruled, ms);
        (permit, Bundle)
    }
    vec![
        accept(SLUG, "accept-permit-that-can-still-be-used", 1, |s| decided(s, MINUTE)),
        accept(SLUG, "accept-permit-that-was-used", 1, |s| {
            let hop = s.granted();
            let ruled = s.log.now;
            let permit = s.permit("agent:planner").body("delegation", json!(hop));
            let permit = s.log.say(&s.pdp, permit);
            let payment = s.payment("agent:planner", permit).body("delegation", json!(hop));
            s.log.say(&s.planner, payment);
            later(s, ruled, 2 * MINUTE);
            (permit, Bundle)
        }),
        reject(SLUG, "reject-permit-that-nobody-used", 1, &[SLUG], |s| decided(s, MINUTE + 1)).authorized(),
    ]
}

fn outcomes() -> Vec<Case> {
    const SLUG: &str = "outcome-missing";
    fn attempted(s: &mut Story, told: bool, ms: u64) -> (StatementId, Evidence) {
        let hop = s.granted();
        let decision = s.permitted("agent:planner");
        let payment = s.payment("agent:planner", decision).body("delegation", json!(hop));
        let attempted = s.log.now;
        let attempt = payment.clone().body("phase", "attempt").without("outcome");
        let attempt = s.log.say(&s.planner, attempt);
        if told {
            let outcome = payment.body("phase", "outcome").body("attempt", json!(attempt));
            s.log.say(&s.planner, outcome);
        }
        later(s, attempted, ms);
        (attempt, Bundle)
    }
    vec![
        accept(SLUG, "accept-attempt-whose-outcome-is-there", 1, |s| attempted(s, true, 16 * MINUTE)),
        accept(SLUG, "accept-outcome-that-may-still-come", 1, |s| attempted(s, false, 15 * MINUTE)),
        reject(SLUG, "reject-attempt-of-which-nobody-told-the-end", 1, &[SLUG], |s| {
            attempted(s, false, 15 * MINUTE + 1)
        })
        .authorized(),
    ]
}

fn compensations() -> Vec<Case> {
    const SLUG: &str = "compensation-unlinked";
    /// The planner pays, and undoes something.
    fn undone(
        s: &mut Story,
        compensates: impl FnOnce(StatementId) -> Option<Value>,
    ) -> (StatementId, Evidence) {
        let hop = s.granted();
        let first = s.planner_pays(hop);
        let decision = s.permitted("agent:planner");
        let effect = json!([{"kind": "reversal", "target": "acct/7"}]);
        let payment =
            s.payment("agent:planner", decision).body("delegation", json!(hop)).body("effects", effect);
        let payment =
            compensates(first).into_iter().fold(payment, |draft, named| draft.body("compensates", named));
        (s.log.say(&s.planner, payment), Bundle)
    }
    vec![
        accept(SLUG, "accept-names-what-it-undoes", 1, |s| undone(s, |first| Some(json!(first)))),
        reject(SLUG, "reject-does-not-name-it", 1, &[SLUG], |s| undone(s, |_| None)).authorized(),
        reject(SLUG, "reject-names-what-is-not-there", 1, &["absence-unproved", SLUG], |s| {
            undone(s, |_| Some(json!(StatementId::new([9; 32]))))
        })
        .indeterminate(),
        reject(SLUG, "reject-touches-nothing-of-it", 1, &[SLUG], |s| {
            let hop = s.granted();
            let decision = s.log.say(&s.pdp, s.permit("agent:planner").body("resources", json!(["acct/8"])));
            let other = s.payment("agent:planner", decision).body("delegation", json!(hop));
            let other = s.log.say(&s.planner, other.body("resources", json!(["acct/8"])));
            let decision = s.permitted("agent:planner");
            let payment = s.payment("agent:planner", decision).body("delegation", json!(hop));
            (s.log.say(&s.planner, payment.body("compensates", json!(other))), Bundle)
        })
        .authorized(),
    ]
}

fn vantages() -> Vec<Case> {
    const SLUG: &str = "vantage-gap";
    /// The planner pays by a hop that is enforced at a gateway.
    fn enforced(s: &mut Story, seen: bool) -> (StatementId, Evidence) {
        let hop = s.log.say(&s.alice, s.grant().body("enforcement", "gateway"));
        let decision = s.log.say(&s.pdp, s.permit("agent:planner").body("request", digest(7)));
        let payment = s.payment("agent:planner", decision).body("delegation", json!(hop));
        let payment = payment.body("request", digest(7));
        let subject = s.log.say(&s.planner, payment.clone());
        if seen {
            s.log.say(&s.edge, payment.with("vantage", "boundary"));
        }
        (subject, Bundle)
    }
    vec![
        accept(SLUG, "accept-the-gateway-saw-the-request-too", 1, |s| enforced(s, true)),
        accept(SLUG, "accept-hop-that-is-not-enforced-at-a-gateway", 1, |s| {
            let hop = s.granted();
            (s.planner_pays(hop), Bundle)
        }),
        reject(SLUG, "reject-only-the-actor-tells-of-it", 1, &[SLUG], |s| enforced(s, false)).authorized(),
    ]
}

fn owners() -> Vec<Case> {
    const SLUG: &str = "owner-missing";
    fn described(s: &mut Story, owner: Option<&str>) -> (StatementId, Evidence) {
        let hop = s.granted();
        let mut body = json!({"id": "agent:planner", "type": "agent", "status": "active"});
        if let Some(owner) = owner {
            body["owner"] = json!(owner);
        }
        s.log.say(&s.log.registrar(), Draft::new("principal", body));
        (s.planner_pays(hop), Bundle)
    }
    vec![
        accept(SLUG, "accept-agent-with-an-owner", 1, |s| described(s, Some("user:alice"))),
        reject(SLUG, "reject-agent-that-nobody-answers-for", 1, &[SLUG], |s| described(s, None)).authorized(),
    ]
}

fn late() -> Vec<Case> {
    const SLUG: &str = "late-recorded";
    fn logged(s: &mut Story, ms: u64) -> (StatementId, Evidence) {
        let hop = s.granted();
        let decision = s.permitted("agent:planner");
        let payment = s.payment("agent:planner", decision).body("delegation", json!(hop));
        s.log.wait(ms);
        (s.log.say(&s.planner, payment), Bundle)
    }
    vec![
        accept(SLUG, "accept-at-the-latest", 1, |s| logged(s, 15 * MINUTE)),
        reject(SLUG, "reject-a-millisecond-later", 1, &[SLUG, "moment-unproved"], |s| {
            logged(s, 15 * MINUTE + 1)
        })
        .indeterminate(),
    ]
}

fn after() -> Vec<Case> {
    const SLUG: &str = "recorded-after-effect";
    fn decided(s: &mut Story, ms: u64) -> (StatementId, Evidence) {
        let hop = s.granted();
        let permit = s.permit("agent:planner");
        let signed = s.log.sign(&s.pdp, &permit);
        let payment = s.payment("agent:planner", signed.id()).body("delegation", json!(hop));
        let subject = s.log.say(&s.planner, payment);
        s.log.wait(ms);
        s.log.append(&signed).expect("a decision");
        (subject, Bundle)
    }
    vec![
        accept(SLUG, "accept-decision-logged-within-the-skew-of-clocks", 1, |s| decided(s, 4_000)),
        reject(SLUG, "reject-decision-logged-after-the-action", 1, &[SLUG], |s| decided(s, 6_000))
            .authorized(),
    ]
}

fn backdated() -> Vec<Case> {
    const SLUG: &str = "backdated";
    /// The planner says that it paid so many ms before an entry which it had seen.
    fn claimed(s: &mut Story, ms: u64) -> (StatementId, Evidence) {
        let hop = s.granted();
        let decision = s.permitted("agent:planner");
        let payment = s.payment("agent:planner", decision).body("delegation", json!(hop));
        s.log.wait(ms);
        s.log.describe("user:eve", "human");
        let size = s.log.entries().len();
        let payment = payment.with("seen", json!([size, "00".repeat(32)]));
        (s.log.say(&s.planner, payment), Bundle)
    }
    vec![
        accept(SLUG, "accept-within-the-skew-of-clocks", 1, |s| claimed(s, 5_000 - 3)),
        reject(SLUG, "reject-earlier-than-what-it-had-seen", 1, &[SLUG], |s| claimed(s, 10_000)).authorized(),
    ]
}
