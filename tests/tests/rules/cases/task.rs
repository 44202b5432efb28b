//! The task that everything belongs to: one and the same, still going on, and as planned.

use schemas::ids::StatementId;
use serde_json::{Value, json};
use tests::scenario::{Actor, Draft};

use crate::case::{Case, accept, reject};
use crate::story::Evidence::{self, Bundle};
use crate::story::{Story, hop};

pub(crate) fn cases() -> Vec<Case> {
    [mismatches(), closed(), outlived(), plans(), stages(), broader(), combinations()]
        .into_iter()
        .flatten()
        .collect()
}

/// Alice lets the planner pay for one task, and the planner pays for another, by a decision on a third; nothing: for none.
fn for_tasks(
    s: &mut Story,
    hop: Option<&str>,
    action: Option<&str>,
    decision: Option<&str>,
) -> (StatementId, Evidence) {
    let of_task = |draft: Draft, task: Option<&str>| match task {
        Some(task) => draft.with("task", task),
        None => draft,
    };
    let hop = s.log.say(&s.alice, of_task(s.grant(), hop));
    let decision = s.log.say(&s.pdp, of_task(s.permit("agent:planner"), decision));
    let payment = s.payment("agent:planner", decision).body("delegation", json!(hop));
    (s.log.say(&s.planner, of_task(payment, action)), Bundle)
}

fn mismatches() -> Vec<Case> {
    const SLUG: &str = "task-mismatch";
    vec![
        accept(SLUG, "accept-one-task-throughout", 1, |s| for_tasks(s, Some("t"), Some("t"), Some("t"))),
        accept(SLUG, "accept-hop-for-no-task-in-particular", 1, |s| for_tasks(s, None, Some("t"), None)),
        accept(SLUG, "accept-request-that-states-no-task", 1, |s| for_tasks(s, Some("t"), None, None)),
        reject(SLUG, "reject-hop-for-another-task", 1, &[SLUG], |s| for_tasks(s, Some("u"), Some("t"), None)),
        reject(SLUG, "reject-decision-on-another-task", 1, &[SLUG], |s| {
            for_tasks(s, Some("t"), Some("t"), Some("u"))
        }),
        reject(SLUG, "reject-hop-further-up-for-another-task", 2, &[SLUG], |s| {
            let hop = s.log.say(&s.alice, s.grant().with("task", "u"));
            let onward = s.log.say(&s.planner, s.onward(hop));
            let decision = s.permitted("agent:worker");
            let payment = s.payment("agent:worker", decision).body("delegation", json!(onward));
            (s.log.say(&s.worker, payment.with("task", "t")), Bundle)
        }),
        reject(SLUG, "reject-two-hops-for-two-tasks", 2, &[SLUG], |s| {
            let hop = s.log.say(&s.alice, s.grant().with("task", "u"));
            let onward = s.log.say(&s.planner, s.onward(hop).with("task", "t"));
            (s.worker_pays(onward), Bundle)
        }),
    ]
}

/// A step in the life of task `t`.
fn step(op: &str) -> Draft {
    Draft::new("task", json!({"op": op})).with("task", "t")
}

/// Who opens task `t` for Alice, with what else the opening says.
fn opened(s: &mut Story, more: Value) -> Actor {
    let idp = s.log.register("service:idp", &["authority=user:*", "authority=agent:*"]);
    let mut open = step("open").body("owner", "user:alice");
    for (field, value) in more.as_object().expect("fields") {
        open = open.body(field, value.clone());
    }
    s.log.say(&idp, open);
    idp
}

/// The planner, permitted, pays for task `t` by a hop.
fn pays_for_task(s: &mut Story, hop: StatementId) -> (StatementId, Evidence) {
    let decision = s.permitted("agent:planner");
    let payment = s.payment("agent:planner", decision).body("delegation", json!(hop));
    (s.log.say(&s.planner, payment.with("task", "t")), Bundle)
}

/// Task `t` is opened, then these steps are taken, then the planner pays for it.
fn after(s: &mut Story, steps: &[Draft]) -> (StatementId, Evidence) {
    let idp = opened(s, json!({}));
    let hop = s.granted();
    for step in steps {
        s.log.say(&idp, step.clone());
    }
    pays_for_task(s, hop)
}

fn closed() -> Vec<Case> {
    const SLUG: &str = "task-closed";
    vec![
        accept(SLUG, "accept-task-that-goes-on", 1, |s| after(s, &[])),
        reject(SLUG, "reject-task-that-was-completed", 1, &[SLUG], |s| after(s, &[step("complete")])),
        reject(SLUG, "reject-task-that-was-cancelled", 1, &[SLUG], |s| after(s, &[step("cancel")])),
        reject(SLUG, "reject-task-that-failed", 1, &[SLUG], |s| after(s, &[step("fail")])),
        reject(SLUG, "reject-task-that-is-suspended", 1, &[SLUG], |s| after(s, &[step("suspend")])),
        accept(SLUG, "accept-task-that-was-resumed", 1, |s| {
            after(s, &[step("suspend"), step("stage").body("stage", "pay")])
        }),
        reject(SLUG, "reject-task-that-nothing-opens-again", 1, &[SLUG], |s| {
            after(s, &[step("complete"), step("stage").body("stage", "pay")])
        }),
        reject(SLUG, "reject-task-that-ends-at-the-very-moment", 1, &[SLUG], |s| {
            // The opening, the hop, this and the permit come before the payment.
            let moment = s.later(5);
            after(s, &[step("complete").body("effective_at", json!(moment))])
        }),
        accept(SLUG, "accept-task-that-ends-one-millisecond-later", 1, |s| {
            let idp = opened(s, json!({}));
            let hop = s.granted();
            let moment = s.later(2);
            let (subject, _) = pays_for_task(s, hop);
            s.log.say(&idp, step("complete").body("effective_at", json!(moment)));
            (subject, Bundle)
        }),
        accept(SLUG, "accept-end-by-an-authority-about-others", 1, |s| {
            let other = s.log.register("service:other", &["authority=user:bob"]);
            opened(s, json!({}));
            let hop = s.granted();
            s.log.say(&other, step("complete"));
            pays_for_task(s, hop)
        }),
        reject(SLUG, "reject-resumption-by-a-key-later-stolen", 1, &[SLUG], |s| {
            let idp = opened(s, json!({}));
            let hop = s.granted();
            s.log.say(&idp, step("suspend"));
            let second = s.log.register("service:second", &["authority=user:*"]);
            let since = s.log.now;
            s.log.say(&second, step("stage").body("stage", "pay"));
            let (subject, _) = pays_for_task(s, hop);
            let body = json!({"op": "compromise", "kid": second.kid(), "since": since});
            s.log.say(&s.log.registrar(), Draft::new("key", body));
            (subject, Bundle)
        }),
        reject(SLUG, "reject-resumption-that-was-logged-an-hour-later", 1, &[SLUG], |s| {
            let idp = opened(s, json!({}));
            let hop = s.granted();
            s.log.say(&idp, step("suspend"));
            let resumed = step("stage").body("stage", "pay").at(s.log.now);
            let (subject, _) = pays_for_task(s, hop);
            s.log.wait(3_600_000);
            s.log.say(&idp, resumed);
            (subject, Bundle)
        }),
        accept(SLUG, "accept-resumption-that-was-logged-a-minute-later", 1, |s| {
            let idp = opened(s, json!({}));
            let hop = s.granted();
            s.log.say(&idp, step("suspend"));
            let resumed = step("stage").body("stage", "pay").at(s.log.now);
            let (subject, _) = pays_for_task(s, hop);
            s.log.wait(60_000);
            s.log.say(&idp, resumed);
            (subject, Bundle)
        }),
        reject(SLUG, "reject-task-that-nobody-opened-and-somebody-ended", 1, &[SLUG], |s| {
            let idp = s.log.register("service:idp", &["authority=user:*"]);
            let hop = s.granted();
            s.log.say(&idp, step("complete"));
            pays_for_task(s, hop)
        }),
    ]
}

/// The planner pays by a hop for task `t` that ended before, and says nothing of a task.
fn with_outlived_hop(s: &mut Story, more: impl Fn(&Story, Draft) -> Draft) -> (StatementId, Evidence) {
    let idp = opened(s, json!({}));
    let hop = s.log.say(&s.alice, more(s, s.grant().with("task", "t")));
    s.log.say(&idp, step("complete"));
    (s.planner_pays(hop), Bundle)
}

fn outlived() -> Vec<Case> {
    const SLUG: &str = "outlives-task";
    vec![
        accept(SLUG, "accept-hop-whose-task-goes-on", 1, |s| {
            opened(s, json!({}));
            let hop = s.log.say(&s.alice, s.grant().with("task", "t"));
            (s.planner_pays(hop), Bundle)
        }),
        reject(SLUG, "reject-hop-whose-task-had-ended", 1, &[SLUG], |s| with_outlived_hop(s, |_, hop| hop)),
        accept(SLUG, "accept-hop-that-expired-with-its-task", 1, |s| {
            with_outlived_hop(s, |s, hop| hop.body("expires", json!(s.later(1))))
        })
        .finding(&["hop-expired"])
        .denied(),
        reject(SLUG, "reject-hop-in-the-very-task-that-had-ended", 1, &[SLUG, "task-closed"], |s| {
            let idp = opened(s, json!({}));
            let hop = s.log.say(&s.alice, s.grant().with("task", "t"));
            s.log.say(&idp, step("complete"));
            pays_for_task(s, hop)
        }),
        accept(SLUG, "accept-hop-withdrawn-with-its-task", 1, |s| {
            let idp = opened(s, json!({}));
            let hop = s.log.say(&s.alice, s.grant().with("task", "t"));
            s.log.say(&idp, step("complete"));
            s.log.say(&s.alice, s.revocation(json!({"kind": "delegation", "ref": hop})));
            (s.planner_pays(hop), Bundle)
        })
        .finding(&["revoked"])
        .denied(),
        reject(SLUG, "reject-credential-whose-task-had-ended", 1, &[SLUG], |s| {
            let idp = opened(s, json!({}));
            let hop = s.granted();
            let name = json!(["token", "service:idp", "t1"]);
            let issue = json!({
                "op": "issue", "credential": name, "holder": "agent:planner", "delegation": hop,
                "expires": s.later(60_000), "binding": "jkt:planner",
            });
            s.log.register("service:idp", &["authority=user:*", "authority=agent:*", "authority=service:*"]);
            s.log.say(&idp, Draft::new("credential", issue).with("task", "t"));
            s.log.say(&idp, step("complete"));
            let decision = s.permitted("agent:planner");
            let payment = s.payment("agent:planner", decision).body("delegation", json!(hop));
            (s.log.say(&s.planner, payment.body("credential", name)), Bundle)
        }),
    ]
}

fn plan(actions: &str, resources: &str) -> Value {
    json!({"plan": {"actions": [actions], "resources": [resources]}})
}

/// Task `t` has this plan, the planner pays for it by a hop that is no wider.
fn planned(s: &mut Story, actions: &str, resources: &str) -> (StatementId, Evidence) {
    opened(s, plan(actions, resources));
    let hop = s.granted();
    // Alice gives more than the task needs, which is shown and changes nothing.
    pays_for_task(s, hop)
}

fn plans() -> Vec<Case> {
    const SLUG: &str = "off-plan";
    const BROADER: &str = "scope-broader-than-task";
    vec![
        accept(SLUG, "accept-action-in-the-plan", 1, |s| planned(s, "pay:*", "acct/**")),
        reject(SLUG, "reject-action-outside-the-plan", 1, &[SLUG, BROADER], |s| {
            planned(s, "pay:read", "acct/**")
        }),
        reject(SLUG, "reject-resource-outside-the-plan", 1, &[SLUG, BROADER], |s| {
            planned(s, "pay:*", "acct/8")
        }),
        reject(SLUG, "reject-plan-with-nothing-in-it", 1, &[SLUG, BROADER], |s| {
            opened(s, json!({"plan": {"actions": [], "resources": []}}));
            let hop = s.granted();
            pays_for_task(s, hop)
        }),
        reject(SLUG, "reject-action-outside-the-plan-of-the-hops-task", 1, &[SLUG, BROADER], |s| {
            opened(s, plan("pay:read", "acct/**"));
            let hop = s.log.say(&s.alice, s.grant().with("task", "t"));
            (s.planner_pays(hop), Bundle)
        }),
        accept(SLUG, "accept-plan-of-whoever-opened-the-task-again", 1, |s| {
            let idp = opened(s, plan("pay:*", "acct/**"));
            s.log.say(
                &idp,
                step("open")
                    .body("owner", "user:mallory")
                    .body("plan", json!({"actions": [], "resources": []})),
            );
            let hop = s.granted();
            pays_for_task(s, hop)
        }),
    ]
}

/// The planner pays by a hop for stage `pay`, after these stages.
fn in_stage(s: &mut Story, stages: &[&str]) -> (StatementId, Evidence) {
    let idp = opened(s, json!({}));
    let hop = s.log.say(&s.alice, s.grant().body("stage", "pay").with("task", "t"));
    for stage in stages {
        s.log.say(&idp, step("stage").body("stage", *stage));
    }
    pays_for_task(s, hop)
}

fn stages() -> Vec<Case> {
    const SLUG: &str = "off-plan";
    vec![
        accept(SLUG, "accept-hop-for-the-stage-that-the-task-is-in", 1, |s| in_stage(s, &["read", "pay"])),
        reject(SLUG, "reject-hop-for-another-stage", 1, &[SLUG], |s| in_stage(s, &["pay", "report"])),
        reject(SLUG, "reject-hop-for-a-stage-of-a-task-without-any", 1, &[SLUG], |s| in_stage(s, &[]))
            .indeterminate(),
    ]
}

fn broader() -> Vec<Case> {
    const SLUG: &str = "scope-broader-than-task";
    vec![
        accept(SLUG, "accept-scope-as-wide-as-the-plan", 1, |s| planned(s, "pay:*", "acct/**")),
        reject(SLUG, "reject-as-a-warning-more-actions-than-planned", 1, &[SLUG], |s| {
            planned(s, "pay:send", "acct/**")
        })
        .authorized(),
        reject(SLUG, "reject-as-a-warning-more-resources-than-planned", 1, &[SLUG], |s| {
            planned(s, "pay:*", "acct/*")
        })
        .authorized(),
    ]
}

/// The planner does these things for task `t`, each permitted.
fn does(s: &mut Story, names: &[(&str, &str)]) -> (StatementId, Evidence) {
    let scope = json!([{"actions": ["**"], "resources": ["acct/**"]}]);
    let hop = s.log.say(&s.alice, hop("user:alice", "agent:planner").body("scope", scope));
    let mut last = hop;
    for (name, outcome) in names {
        let action = json!({"name": name});
        let decision = s.log.say(&s.pdp, s.permit("agent:planner").body("action", action.clone()));
        let act = s.payment("agent:planner", decision).body("delegation", json!(hop)).body("action", action);
        last = s.log.say(&s.planner, act.body("outcome", *outcome).with("task", "t"));
    }
    (last, Bundle)
}

/// Nobody reads a secret and then sends something out.
fn no_leak(profile: &mut verifier::profile::Profile) {
    let pattern = |text: &str| schemas::scope::Pattern::new(text).expect("a pattern");
    profile.combinations = vec![verifier::profile::Combination {
        name: "leak".into(),
        actions: vec![pattern("secret:read"), pattern("mail:*")],
    }];
}

fn combinations() -> Vec<Case> {
    const SLUG: &str = "forbidden-combination";
    vec![
        reject(SLUG, "reject-last-step-of-a-combination", 1, &[SLUG], |s| {
            does(s, &[("secret:read", "completed"), ("file:list", "completed"), ("mail:send", "completed")])
        })
        .tuned(no_leak),
        accept(SLUG, "accept-the-same-in-another-order", 1, |s| {
            does(s, &[("mail:send", "completed"), ("secret:read", "completed")])
        })
        .tuned(no_leak),
        accept(SLUG, "accept-what-comes-after-a-combination", 1, |s| {
            does(s, &[("secret:read", "completed"), ("mail:send", "completed"), ("file:list", "completed")])
        })
        .tuned(no_leak),
        accept(SLUG, "accept-where-the-first-step-was-never-carried-out", 1, |s| {
            does(s, &[("secret:read", "suppressed"), ("mail:send", "completed")])
        })
        .tuned(no_leak),
        accept(SLUG, "accept-where-the-profile-forbids-none", 1, |s| {
            does(s, &[("secret:read", "completed"), ("mail:send", "completed")])
        }),
        accept(SLUG, "accept-the-first-step-in-another-task", 1, |s| {
            let (_, _) = does(s, &[("file:list", "completed")]);
            let scope = json!([{"actions": ["**"], "resources": ["acct/**"]}]);
            let hop = s.log.say(&s.alice, hop("user:alice", "agent:planner").body("scope", scope));
            let mut last = hop;
            for (name, task) in [("secret:read", "u"), ("mail:send", "t")] {
                let action = json!({"name": name});
                let decision = s.log.say(&s.pdp, s.permit("agent:planner").body("action", action.clone()));
                let act = s.payment("agent:planner", decision).body("delegation", json!(hop));
                last = s.log.say(&s.planner, act.body("action", action).with("task", task));
            }
            (last, Bundle)
        })
        .tuned(no_leak),
        reject(SLUG, "reject-request-that-states-no-task", 1, &[SLUG], |s| {
            let scope = json!([{"actions": ["**"], "resources": ["acct/**"]}]);
            let hop = s.log.say(&s.alice, hop("user:alice", "agent:planner").body("scope", scope));
            let action = json!({"name": "mail:send"});
            let decision = s.log.say(&s.pdp, s.permit("agent:planner").body("action", action.clone()));
            let act = s.payment("agent:planner", decision).body("delegation", json!(hop));
            (s.log.say(&s.planner, act.body("action", action)), Bundle)
        })
        .tuned(no_leak)
        .indeterminate(),
        reject(SLUG, "reject-where-not-all-of-the-task-is-known", 1, &[SLUG], |s| {
            let (subject, _) = does(s, &[("mail:send", "completed")]);
            let (tenant, task) = ("default".parse().expect("a tenant"), "t".parse().expect("a task"));
            (subject, Evidence::BundleWithout(schemas::term::Term::Task(&tenant, &task).id()))
        })
        .tuned(no_leak)
        .indeterminate(),
    ]
}
