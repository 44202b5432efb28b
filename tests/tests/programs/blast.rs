//! `writ blast` and `GET /v1/blast`: how far a principal, a key, a grant or a policy reached.

use serde_json::{Value, json};

use crate::harness::Story;

/// A grant from the planner's agent to a mailer of its own, and what the mailer did.
struct Told {
    story: Story,
    root: String,
    leaf: String,
    below: String,
    lasting: String,
}

fn action(story: &Story, more: Value) -> String {
    let mut body = json!({
        "phase": "both", "outcome": "completed", "actor": "agent:refunds/7", "action": {"name": "payments:refund"},
        "resources": ["order/991"],
    });
    let fields = body.as_object_mut().unwrap();
    for (name, value) in more.as_object().unwrap() {
        match value {
            Value::Null => drop(fields.remove(name)),
            value => drop(fields.insert(name.clone(), value.clone())),
        }
    }
    story.log("gateway", &[json!({"kind": "action", "body": body})])[0].clone()
}

fn decision(story: &Story, ruling: &str, more: Value) -> String {
    let mut body = json!({
        "ruling": ruling, "actor": "agent:refunds/7", "action": {"name": "payments:refund"},
        "resources": ["order/992"], "policy": {"engine": "opa", "id": "refunds", "revision": "8"},
    });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    story.log("opa", &[json!({"kind": "decision", "body": body})])[0].clone()
}

/// Two refunds by the leaf, one of them only through its permit; a denial; an attempt whose outcome names it alone; a mail by the
/// agent below that nobody takes back; and a refund that has nothing to do with any of it.
fn told() -> Told {
    let story = Story::begin();
    let (root, leaf) = story.delegate();
    let below = story.log("refunds", &[json!({"kind": "delegation", "body": {
        "delegator": "agent:refunds/7", "delegatee": "agent:mailer", "parents": [leaf], "expires": 4102444800000_u64,
        "scope": [{"actions": ["mail:send"], "resources": ["mail/*"]}],
    }})])[0].clone();
    story.refund(&leaf, "req-1");
    let permit = decision(&story, "permit", json!({"delegation": leaf, "resources": ["order/993"]}));
    action(
        &story,
        json!({"decision": permit, "resources": ["order/993"], "outcome": "failed", "error": "timeout"}),
    );
    decision(&story, "deny", json!({"delegation": leaf}));
    let denied = decision(&story, "deny", json!({"delegation": leaf, "resources": ["order/994"]}));
    action(&story, json!({"decision": denied, "resources": ["order/994"], "outcome": "denied"}));
    let attempt = action(&story, json!({"delegation": leaf, "phase": "attempt", "outcome": null}));
    action(&story, json!({"phase": "outcome", "attempt": attempt}));
    let lasting = action(
        &story,
        json!({
            "actor": "agent:mailer", "action": {"name": "mail:send"}, "resources": ["mail/eve"], "delegation": below,
            "effects": [{"kind": "mail", "target": "mailto:eve@example", "external": true, "reversible": false}],
        }),
    );
    action(&story, json!({"actor": "agent:other", "resources": ["order/1"]}));
    Told { story, root, leaf, below, lasting }
}

#[test]
fn what_was_done_below_a_delegation_is_counted_once_by_resource_and_outcome() {
    let Told { story, root, leaf, below, lasting } = told();
    let answer = story.cli.ok(&["blast", &root, "--json"]).json();
    assert_eq!(answer["of"], json!({"sort": "delegation", "name": root}));
    assert_eq!(answer["total"]["actions"], json!(5));
    assert_eq!(
        answer["total"]["outcomes"],
        json!({"completed": 3, "failed": 1, "suppressed": 0, "denied": 1, "unknown": 0, "refused": 1}),
        "the outcome that names its attempt alone belongs to it, and a denial that an action names is counted there"
    );
    let row = |resource: &str| {
        let rows = answer["rows"].as_array().unwrap();
        rows.iter().find(|row| row["resource"] == resource).unwrap_or_else(|| panic!("{resource}: {rows:?}"))
    };
    assert_eq!(
        (&row("order/991")["actions"], &row("order/991")["outcomes"]["completed"]),
        (&json!(2), &json!(2))
    );
    assert_eq!(row("order/993")["outcomes"]["failed"], json!(1), "through its permit alone");
    assert_eq!(
        (&row("order/992")["actions"], &row("order/992")["outcomes"]["refused"]),
        (&json!(0), &json!(1))
    );
    assert_eq!(row("order/994")["outcomes"]["denied"], json!(1));
    assert_eq!(answer["irreversible"]["total"], json!(1));
    assert_eq!(answer["irreversible"]["listed"][0]["id"], json!(lasting));
    assert_eq!(answer["irreversible"]["listed"][0]["targets"], json!(["mailto:eve@example"]));
    let heirs: Vec<(&Value, &Value, &Value)> = answer["downstream"]["listed"]
        .as_array()
        .unwrap()
        .iter()
        .map(|heir| (&heir["principal"], &heir["hop"], &heir["actions"]))
        .collect();
    let expected = [("agent:planner", &root, 0), ("agent:refunds/7", &leaf, 4), ("agent:mailer", &below, 1)]
        .map(|(who, hop, actions)| (json!(who), json!(hop), json!(actions)));
    let expected: Vec<_> = expected.iter().map(|(who, hop, actions)| (who, hop, actions)).collect();
    assert_eq!(heirs, expected, "each through its own hop, the nearest first");
    let open = &answer["open"];
    assert_eq!((&open["delegations"], &open["open"], &open["lost"]), (&json!(3), &json!(2), &json!(1)));
    assert_eq!(open["lost_by"], json!([{"code": "scope-escalated", "count": 1}]), "the mailer's");
    assert_eq!((&answer["complete"], &answer["trust"]["pinned"]), (&json!(true), &json!(true)));
}

#[test]
fn server_and_program_and_mirror_say_the_same() {
    let Told { story, root, .. } = told();
    let shown = story.cli.ok(&["blast", &root]).stdout;
    for words in [
        "5 actions on 5 resources by delegation",
        "CANNOT BE UNDONE  1",
        "mailto:eve@example",
        "1 refused before any action",
        "Authority from it went to  3",
        "2 of 3 delegations stand now; 1 not held (scope-escalated 1)",
        "WITHOUT END",
        "is the server's word",
    ] {
        assert!(shown.contains(words), "{words}:\n{shown}");
    }
    let http = &story.server.http;
    let text = http
        .request("GET", &format!("/v1/blast?of={root}"), &[("accept", "text/plain")], &[])
        .unwrap()
        .text();
    assert!(shown.starts_with(&text), "server and program print one text:\n{text}\n{shown}");
    let mut ours = story.cli.ok(&["blast", &root, "--json"]).json();
    ours.as_object_mut().unwrap().remove("trust");
    assert_eq!(http.json(&format!("/v1/blast?of={root}")), ours);
    let mirror = story.cli.home().join("mirror");
    let mirror = mirror.to_str().unwrap();
    story.cli.ok(&["mirror", mirror]);
    let mut read = story.cli.ok(&["blast", &root, "--mirror", mirror, "--json"]).json();
    read.as_object_mut().unwrap().remove("trust");
    assert_eq!(read, ours);
}

#[test]
fn a_principal_a_key_an_approval_a_credential_and_a_policy_have_a_reach_of_their_own() {
    let Told { story, leaf, below, .. } = told();
    let actions = |of: &str| story.cli.ok(&["blast", of, "--json"]).json()["total"]["actions"].clone();
    assert_eq!(actions("agent:refunds/7"), json!(5), "its own and what the agent below it did");
    assert_eq!(actions("agent:mailer"), json!(1));
    assert_eq!(actions("user:alice@corp"), json!(5));
    assert_eq!(actions("opa:refunds@8"), json!(2), "those under its rulings");
    assert_eq!(actions("opa:refunds@7"), json!(1));
    let kid = story.cli.ok(&["search", &leaf[..12], "--json"]).json()["results"][0]["kid"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(actions(&kid), json!(5), "the planner's key signed the hop that all of it rests on");
    let approval = story.log("lee", &[json!({"kind": "approval", "body": {
        "approver": "user:lee@corp", "requester": "agent:refunds/7", "action": {"name": "payments:refund"},
        "resources": ["order/991"], "scope": "template",
    }})])[0].clone();
    let permit = decision(&story, "permit", json!({"approval": approval}));
    action(&story, json!({"decision": permit}));
    assert_eq!(actions(&approval), json!(1), "through the permit that names it");
    let key = json!(["access-key", "https://sts.example", "AKIA1"]);
    story.log(
        "planner",
        &[json!({"kind": "delegation", "body": {
            "delegator": "agent:planner", "delegatee": "agent:refunds/7", "credential": key,
            "scope": [{"actions": ["payments:refund"], "resources": ["order/*"]}],
        }})],
    );
    action(&story, json!({"credential": key}));
    let answer = story.cli.ok(&["blast", "AKIA1", "--json"]).json();
    assert_eq!((&answer["of"]["name"], &answer["total"]["actions"]), (&json!("access-key:AKIA1"), &json!(1)));
    assert_eq!(answer["open"]["delegations"], json!(1), "the hop that it carries");

    story.cli.ok(&["revoke", &below, "--key", story.key("refunds").to_str().unwrap()]);
    let open = story.cli.ok(&["blast", "agent:mailer", "--json"]).json()["open"].clone();
    assert_eq!((&open["open"], &open["lost"]), (&json!(0), &json!(1)));
}

/// The delegations that stand below one, or of which it cannot be told; and by which rules the others do not.
fn standing(story: &Story, of: &str) -> (Vec<(String, String)>, Value) {
    let open = story.cli.ok(&["blast", of, "--json"]).json()["open"].clone();
    let word = |hop: &Value, field: &str| hop[field].as_str().unwrap().to_owned();
    let listed = open["listed"].as_array().unwrap().iter();
    (listed.map(|hop| (word(hop, "id"), word(hop, "carries"))).collect(), open["lost_by"].clone())
}

#[test]
fn what_could_still_be_done_is_what_stands_and_not_what_nobody_withdrew_by_name() {
    let story = Story::begin();
    let (root, leaf) = story.delegate();
    let held = |ids: &[&String]| -> Vec<(String, String)> {
        ids.iter().map(|id| (id.to_string(), String::from("held"))).collect()
    };
    assert_eq!(standing(&story, &root).0, held(&[&root, &leaf]));
    let revoke = |by: &str, id: &str| {
        let body = json!({"target": {"kind": "delegation", "ref": id}});
        story.log(by, &[json!({"kind": "revocation", "body": body})]);
    };
    revoke("refunds", &root);
    assert_eq!(
        standing(&story, &root).0,
        held(&[&root, &leaf]),
        "whoever holds the end of a chain does not withdraw its beginning"
    );
    revoke("alice", &root);
    let revoked = json!([{"code": "revoked", "count": 2}]);
    assert_eq!(standing(&story, &root), (vec![], revoked), "nor what is below it");
    assert_eq!(standing(&story, "agent:refunds/7").0, vec![]);
    let shown = story.cli.ok(&["blast", &root]).stdout;
    assert!(shown.contains("0 of 2 delegations stand now; 2 not held (revoked 2)"), "{shown}");
}

#[test]
fn what_is_not_judged_is_said_and_what_nobody_withdrew_is_judged_first() {
    let story = Story::begin();
    let hops: Vec<Value> = (0..264)
        .map(|number| {
            json!({"kind": "delegation", "body": {
                "delegator": "user:alice@corp", "delegatee": "agent:planner", "use_limit": number + 1,
                "scope": [{"actions": ["payments:*"], "resources": ["order/**"]}],
            }})
        })
        .collect();
    let hops = story.log("alice", &hops);
    let gone: Vec<Value> = hops[..10]
        .iter()
        .map(|id| json!({"kind": "revocation", "body": {"target": {"kind": "delegation", "ref": id}}}))
        .collect();
    story.log("alice", &gone);
    let open = story.cli.ok(&["blast", "user:alice@corp", "--json"]).json()["open"].clone();
    assert_eq!(
        (&open["open"], &open["lost"], &open["unexamined"]),
        (&json!(254), &json!(2), &json!(8)),
        "256 are judged"
    );
    assert_eq!(open["listed"].as_array().unwrap().len(), 50);
    let shown = story.cli.ok(&["blast", "user:alice@corp"]).stdout;
    for words in ["254 of 264 delegations stand now", "; 8 NOT JUDGED", "CUT: 8 more have not expired"] {
        assert!(shown.contains(words), "{words}:\n{shown}");
    }
}

#[test]
fn a_span_of_time_and_a_page_keep_to_the_first_answer() {
    let Told { story, root, .. } = told();
    let http = &story.server.http;
    let first = http.json(&format!("/v1/blast?of={root}&limit=2&since=1"));
    let next = first["next"].as_str().unwrap().to_owned();
    action(&story, json!({"delegation": root, "resources": ["order/7"]}));
    let second = http.json(&format!("/v1/blast?of={root}&limit=50&cursor={next}"));
    assert_eq!(
        (&second["total"], &second["as_of"], &second["since"]),
        (&first["total"], &first["as_of"], &json!(1))
    );
    let names = |page: &Value| {
        page["rows"].as_array().unwrap().iter().map(|row| row["resource"].clone()).collect::<Vec<_>>()
    };
    let all = story.cli.ok(&["blast", &root, "--json"]).json();
    let mut paged = [names(&first), names(&second)].concat();
    assert_eq!(paged.len(), 5);
    paged.push(json!("order/7"));
    let sorted = |mut rows: Vec<Value>| {
        rows.sort_by_key(Value::to_string);
        rows
    };
    assert_eq!(sorted(paged), sorted(names(&all)));
    let none = story.cli.ok(&["blast", &root, "--since", "2100-01-01"]).stdout;
    assert!(none.starts_with("0 actions on 0 resources"), "{none}");
    let wrong = http.get(&format!("/v1/blast?of=agent:mailer&cursor={next}"));
    assert_eq!((wrong.status, wrong.code().as_str()), (400, "bad-query"));
}

#[test]
fn what_means_nothing_or_carries_nothing_is_refused() {
    let Told { story, lasting, .. } = told();
    let ran = story.cli.run(&["blast", &lasting]);
    assert!(ran.code != 0 && ran.stderr.contains("not-relied-on"), "{ran}");
    assert_eq!(story.server.http.get(&format!("/v1/blast?of={lasting}")).code(), "not-relied-on");
    assert_eq!(story.cli.run(&["blast", "agent:nobody"]).code, 14);
    assert_eq!(story.server.http.get("/v1/blast?of=agent:nobody").status, 404);
    assert_eq!(story.server.http.get("/v1/blast").status, 400);
    assert_eq!(story.cli.run(&["blast", "agent:mailer", "--since", "yesterday-ish"]).code, 2);
    let mirror = story.cli.home().join("mirror");
    story.cli.ok(&["mirror", mirror.to_str().unwrap()]);
    assert_eq!(story.cli.run(&["blast", "agent:nobody", "--mirror", mirror.to_str().unwrap()]).code, 14);
    assert_eq!(story.cli.with_trust(None).run(&["blast", "agent:mailer"]).code, 13);
}
