//! Where hops join.

use schemas::ids::StatementId;
use serde_json::json;
use tests::scenario::{Actor, Draft};

use crate::case::{Case, accept, reject};
use crate::story::Evidence::{self, Bundle};
use crate::story::{Story, hop};

pub(crate) fn cases() -> Vec<Case> {
    [names(), formats(), tenants(), lives(), audiences()].into_iter().flatten().collect()
}

fn names() -> Vec<Case> {
    const SLUG: &str = "hop-discontinuous";
    vec![
        accept(SLUG, "accept-delegatee-relies-on-the-hop", 2, |s| {
            let hop = s.granted();
            let onward = s.log.say(&s.planner, s.onward(hop));
            (s.worker_pays(onward), Bundle)
        }),
        reject(SLUG, "reject-somebody-else-relies-on-the-hop", 1, &[SLUG], |s| {
            let hop = s.granted();
            (s.worker_pays(hop), Bundle)
        }),
    ]
}

/// Alice gives to the planner under its other name, after a registrar linked the two names, with whatever else it says.
fn by_another_name(s: &mut Story, link: Option<Draft>) -> (StatementId, Evidence) {
    if let Some(link) = link {
        let link = link.body("from", "agent:planner").body("to", "spiffe://corp/planner");
        s.log.say(&s.log.registrar(), link);
    }
    let hop = s.log.say(&s.alice, s.grant().body("delegatee", "spiffe://corp/planner"));
    (s.planner_pays(hop), Bundle)
}

fn link() -> Draft {
    Draft::new("link", json!({}))
}

fn formats() -> Vec<Case> {
    const SLUG: &str = "identity-unlinked";
    vec![
        accept(SLUG, "accept-delegatee-under-a-name-that-a-registrar-linked", 1, |s| {
            by_another_name(s, Some(link()))
        }),
        reject(SLUG, "reject-name-of-another-format-that-nobody-linked", 1, &[SLUG], |s| {
            by_another_name(s, None)
        }),
        reject(SLUG, "reject-name-whose-link-had-run-out", 1, &[SLUG], |s| {
            let expires = s.log.now;
            by_another_name(s, Some(link().body("expires", json!(expires))))
        }),
        accept(SLUG, "accept-link-that-ends-at-the-very-moment", 1, |s| {
            // The link, the hop and the permit come before the payment.
            let expires = s.later(3);
            by_another_name(s, Some(link().body("expires", json!(expires))))
        }),
        reject(SLUG, "reject-link-that-ended-one-millisecond-before", 1, &[SLUG], |s| {
            let expires = s.later(2);
            by_another_name(s, Some(link().body("expires", json!(expires))))
        }),
    ]
}

/// Alice gives to the planner in another tenant, the planner gives to the worker in this one, by a bridge that this principal
/// makes as the draft says.
fn crossing(s: &mut Story, bridge: Option<(Actor, Draft)>) -> (StatementId, Evidence) {
    let above = s.log.say(&s.alice, s.grant().with("tenant", "elsewhere"));
    let mut onward = s.onward(above);
    if let Some((actor, bridge)) = bridge {
        let bridge = s.log.say(&actor, bridge);
        onward = onward.body("bridge", json!(bridge));
    }
    let onward = s.log.say(&s.planner, onward);
    (s.worker_pays(onward), Bundle)
}

fn authority(s: &mut Story) -> Actor {
    s.log.register("service:idp", &["authority=service:*"])
}

fn tenants() -> Vec<Case> {
    const SLUG: &str = "tenant-crossed";
    vec![
        accept(SLUG, "accept-hop-of-the-same-tenant", 2, |s| {
            let above = s.log.say(&s.alice, s.grant());
            let onward = s.log.say(&s.planner, s.onward(above));
            (s.worker_pays(onward), Bundle)
        }),
        reject(SLUG, "reject-hop-of-another-tenant", 1, &[SLUG], |s| {
            let hop = s.log.say(&s.alice, s.grant().with("tenant", "elsewhere"));
            (s.planner_pays(hop), Bundle)
        }),
        reject(SLUG, "reject-crossing-without-a-bridge", 2, &[SLUG], |s| crossing(s, None)),
        accept(SLUG, "accept-bridge-by-an-authority-in-the-tenant-that-is-entered", 2, |s| {
            let idp = authority(s);
            crossing(s, Some((idp, hop("service:payments", "agent:planner"))))
        }),
        reject(SLUG, "reject-bridge-by-somebody-who-is-no-authority", 2, &[SLUG], |s| {
            let worker = s.worker.clone();
            crossing(s, Some((worker, hop("agent:worker", "agent:planner"))))
        }),
        reject(SLUG, "reject-bridge-in-the-tenant-that-is-left", 2, &[SLUG], |s| {
            let idp = authority(s);
            let bridge = hop("service:payments", "agent:planner").with("tenant", "elsewhere");
            crossing(s, Some((idp, bridge)))
        }),
        reject(SLUG, "reject-bridge-for-somebody-else", 2, &[SLUG], |s| {
            let idp = authority(s);
            crossing(s, Some((idp, hop("service:payments", "agent:helper"))))
        }),
        reject(SLUG, "reject-bridge-for-other-things", 2, &[SLUG], |s| {
            let idp = authority(s);
            let scope = json!([{"actions": ["pay:*"], "resources": ["acct/8"]}]);
            crossing(s, Some((idp, hop("service:payments", "agent:planner").body("scope", scope))))
        }),
        accept(SLUG, "accept-bridge-that-ends-at-the-very-moment", 2, |s| {
            let idp = authority(s);
            // The hop above, the bridge, the hop and the permit come before the payment.
            let expires = s.later(4);
            let bridge = hop("service:payments", "agent:planner").body("expires", json!(expires));
            crossing(s, Some((idp, bridge)))
        }),
        reject(SLUG, "reject-bridge-that-ended-one-millisecond-before", 2, &[SLUG], |s| {
            let idp = authority(s);
            let expires = s.later(3);
            let bridge = hop("service:payments", "agent:planner").body("expires", json!(expires));
            crossing(s, Some((idp, bridge)))
        }),
        reject(SLUG, "reject-bridge-that-was-withdrawn", 2, &[SLUG], |s| {
            let idp = authority(s);
            let above = s.log.say(&s.alice, s.grant().with("tenant", "elsewhere"));
            let bridge = s.log.say(&idp, hop("service:payments", "agent:planner"));
            s.log.say(&idp, s.revocation(json!({"kind": "delegation", "ref": bridge})));
            let onward = s.log.say(&s.planner, s.onward(above).body("bridge", json!(bridge)));
            (s.worker_pays(onward), Bundle)
        }),
        reject(SLUG, "reject-bridge-that-was-never-logged", 2, &["absence-unproved", SLUG], |s| {
            let above = s.log.say(&s.alice, s.grant().with("tenant", "elsewhere"));
            let onward = s.onward(above).body("bridge", json!(StatementId::new([7; 32])));
            let onward = s.log.say(&s.planner, onward);
            (s.worker_pays(onward), Bundle)
        })
        .indeterminate(),
    ]
}

/// Alice's hop ends, the planner's ends so much later, if at all; the worker pays before either does.
fn two_ends(s: &mut Story, later: Option<u64>) -> (StatementId, Evidence) {
    let hop = s.log.say(&s.alice, s.grant().body("expires", json!(s.later(60_000))));
    let above = s.later(60_000 - 1);
    let mut onward = s.onward(hop);
    if let Some(later) = later {
        onward = onward.body("expires", json!(above.0 + later));
    }
    let onward = s.log.say(&s.planner, onward);
    (s.worker_pays(onward), Bundle)
}

fn lives() -> Vec<Case> {
    const SLUG: &str = "hop-outlives-parent";
    vec![
        accept(SLUG, "accept-hop-that-ends-when-its-parent-does", 2, |s| two_ends(s, Some(0))),
        accept(SLUG, "accept-hop-that-says-nothing-and-so-ends-with-its-parent", 2, |s| two_ends(s, None)),
        reject(SLUG, "reject-as-a-warning-hop-that-ends-one-millisecond-later", 2, &[SLUG], |s| {
            two_ends(s, Some(1))
        })
        .authorized(),
    ]
}

/// The planner pays by a hop for one service; what the payment says besides.
fn to_service(s: &mut Story, tool: Option<&str>) -> (StatementId, Evidence) {
    let hop = s.log.say(&s.alice, s.grant().body("audience", json!(["tool:bank", "gateway:edge"])));
    let decision = s.permitted("agent:planner");
    let mut payment = s.payment("agent:planner", decision).body("delegation", json!(hop));
    if let Some(tool) = tool {
        payment = payment.body("tool", tool);
    }
    (s.log.say(&s.planner, payment), Bundle)
}

fn audiences() -> Vec<Case> {
    const SLUG: &str = "audience-mismatch";
    vec![
        accept(SLUG, "accept-tool-that-the-hop-is-meant-for", 1, |s| to_service(s, Some("tool:bank"))),
        reject(SLUG, "reject-another-tool", 1, &[SLUG], |s| to_service(s, Some("tool:mail"))),
        reject(SLUG, "reject-request-that-says-nothing-of-where-it-went", 1, &[SLUG], |s| {
            to_service(s, None)
        })
        .indeterminate(),
        accept(SLUG, "accept-gateway-that-saw-it", 1, |s| {
            let hop = s.log.say(&s.alice, s.grant().body("audience", json!(["gateway:edge"])));
            let decision = s.permitted("agent:planner");
            let payment = s.payment("agent:planner", decision).body("delegation", json!(hop));
            (s.log.say(&s.edge, payment.with("vantage", "boundary")), Bundle)
        }),
        reject(SLUG, "reject-another-gateway", 1, &[SLUG], |s| {
            let hop = s.log.say(&s.alice, s.grant().body("audience", json!(["gateway:other"])));
            let decision = s.permitted("agent:planner");
            let payment = s.payment("agent:planner", decision).body("delegation", json!(hop));
            (s.log.say(&s.edge, payment.with("vantage", "boundary")), Bundle)
        }),
        accept(SLUG, "accept-enforcement-point-of-the-decision", 1, |s| {
            let hop = s.log.say(&s.alice, s.grant().body("audience", json!(["gateway:mcp"])));
            let decision = s.log.say(&s.pdp, s.permit("agent:planner").body("pep", "gateway:mcp"));
            let payment = s.payment("agent:planner", decision).body("delegation", json!(hop));
            (s.log.say(&s.planner, payment), Bundle)
        }),
        reject(SLUG, "reject-another-audience-further-up", 2, &[SLUG], |s| {
            let hop = s.log.say(&s.alice, s.grant().body("audience", json!(["tool:mail"])));
            let onward = s.log.say(&s.planner, s.onward(hop).body("audience", json!(["tool:bank"])));
            let decision = s.permitted("agent:worker");
            let payment = s.payment("agent:worker", decision).body("delegation", json!(onward));
            (s.log.say(&s.worker, payment.body("tool", "tool:bank")), Bundle)
        }),
    ]
}
