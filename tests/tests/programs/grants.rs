//! `writ grants` and `writ crossings`, `GET /v1/grants` and `/v1/crossings`.

use serde_json::{Value, json};

use crate::harness::{Person, Story};

/// The program's document, which must be what it makes of a mirror; its text must be what the server prints.
fn asked(story: &Story, words: &[&str], route: &str) -> (Value, String) {
    let text = story.cli.ok(words).stdout;
    let same = story.server.http.request("GET", route, &[("accept", "text/plain")], &[]).unwrap().text();
    assert!(text.starts_with(&same), "server and program print one text:\n{same}\n{text}");
    let mirror = story.cli.home().join("mirror");
    let mirror = mirror.to_str().unwrap();
    story.cli.ok(&["mirror", mirror]);
    let document = story.cli.ok(&[words, &["--json"]].concat()).json();
    let read = story.cli.ok(&[words, &["--json", "--mirror", mirror]].concat()).json();
    assert_eq!(document, read, "a mirror gives the same answer");
    (document, text)
}

/// Somebody with authority about others.
fn desk(story: &Story, principal: &str, role: &str) {
    Person::new(77, principal).write_key(story.place.path(), "desk.pem");
    story.register("desk", principal, role);
}

fn of<'a>(rows: &'a Value, id: &str) -> &'a Value {
    let found = rows.as_array().unwrap().iter().find(|row| row["id"] == id);
    found.unwrap_or_else(|| panic!("{id}: {rows:#}"))
}

#[test]
fn what_still_stands_and_should_not_is_listed_with_why() {
    let story = Story::begin();
    let (root, leaf) = story.delegate();
    story.refund(&leaf, "r-1");
    let hour = 3_600_000_u64;
    let hop = |more: Value| {
        let mut body = json!({
            "delegator": "user:alice@corp", "delegatee": "agent:planner",
            "scope": [{"actions": ["crm:read", "crm:write"], "resources": ["crm/**"]}],
        });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    let end = story.server.http.json("/v1/log")["as_of"]["time"].as_u64().unwrap() + hour;
    let unused =
        story.log("alice", &[json!({"kind": "delegation", "body": hop(json!({"expires": end}))})])[0].clone();
    let gone = story.log("alice", &[json!({"kind": "delegation", "body": hop(json!({}))})])[0].clone();
    story.log("alice", &[json!({"kind": "revocation", "body": {
        "target": {"kind": "delegation", "ref": gone}, "revoker": "user:alice@corp", "cause": "offboarding"}})]);

    let (answer, text) = asked(&story, &["grants"], "/v1/grants?stale=45");
    assert_eq!((&answer["examined"], &answer["ended"]), (&json!(4), &json!(1)), "{answer:#}");
    let rows = &answer["grants"];
    assert!(
        rows.as_array().unwrap().iter().all(|row| row["id"] != json!(gone)),
        "what was withdrawn is over"
    );
    let leaf_row = of(rows, &leaf);
    assert_eq!(leaf_row["reasons"], json!(["no-expiry"]));
    assert_eq!((&leaf_row["uses"], &leaf_row["holder"]), (&json!(1), &json!("agent:refunds/7")));
    let root_row = of(rows, &root);
    assert_eq!(
        (&root_row["uses"], &root_row["handed_on"]),
        (&json!(1), &json!(1)),
        "used through the hop below"
    );
    assert_eq!(root_row["used"], json!(["payments:refund"]));
    assert_eq!(of(rows, &unused)["reasons"], json!(["never-used"]));
    for words in
        ["need a look", "NEVER USED", "no expiry", "ended: 1", "handed on by 1 more", "Next: writ uses"]
    {
        assert!(text.contains(words), "{words}:\n{text}");
    }

    let (only, _) = asked(&story, &["grants", "--only", "never-used"], "/v1/grants?stale=45&only=never-used");
    assert_eq!((&only["count"], &only["grants"][0]["id"]), (&json!(1), &json!(unused)));
    let stale = story.cli.ok(&["grants", "--stale", "0", "--json"]).json();
    assert!(of(&stale["grants"], &leaf)["reasons"].as_array().unwrap().contains(&json!("stale")));
    assert_eq!(story.server.http.get("/v1/grants?only=ugly").status, 400);
    assert_eq!(story.server.http.get("/v1/grants?stale=40000").status, 400);
}

#[test]
fn a_grant_below_a_withdrawn_one_is_not_listed_and_one_below_another_intact_way_is() {
    let story = Story::begin();
    let (root, leaf) = story.delegate();
    let second = story.log(
        "alice",
        &[json!({"kind": "delegation", "body": {
            "delegator": "user:alice@corp", "delegatee": "agent:planner", "max_depth": 2,
            "scope": [{"actions": ["payments:*"], "resources": ["order/**"]}],
        }})],
    )[0]
    .clone();
    let joined = story.log(
        "planner",
        &[json!({"kind": "delegation", "body": {
            "delegator": "agent:planner", "delegatee": "agent:refunds/7", "parents": [root, second],
            "scope": [{"actions": ["payments:refund"], "resources": ["order/*"]}],
        }})],
    )[0]
    .clone();
    let wide = story.log(
        "planner",
        &[json!({"kind": "delegation", "body": {
            "delegator": "agent:planner", "delegatee": "agent:refunds/7", "parents": [second],
            "scope": [{"actions": ["**"], "resources": ["**"]}],
        }})],
    )[0]
    .clone();
    story.log(
        "refunds",
        &[json!({"kind": "revocation", "body": {"target": {"kind": "delegation", "ref": second}}})],
    );
    let ids = |answer: &Value| -> Vec<String> {
        answer["grants"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| row["id"].as_str().unwrap().to_owned())
            .collect()
    };
    let before = story.cli.ok(&["grants", "--json"]).json();
    assert_eq!(ids(&before), [root.clone(), leaf.clone(), second.clone(), joined.clone()], "{before:#}");
    let escalated = json!([{"code": "scope-escalated", "count": 1}]);
    assert_eq!((&before["ended"], &before["lost"], &before["lost_by"]), (&json!(0), &json!(1), &escalated));

    story.log(
        "alice",
        &[json!({"kind": "revocation", "body": {"target": {"kind": "delegation", "ref": root}}})],
    );
    let (after, text) = asked(&story, &["grants"], "/v1/grants?stale=45");
    assert_eq!(ids(&after), [second, joined], "{after:#}");
    assert!(!ids(&after).contains(&wide));
    assert_eq!((&after["ended"], &after["lost"]), (&json!(1), &json!(2)));
    assert!(after["grants"].as_array().unwrap().iter().all(|row| row["carries"] == "held"));
    assert!(text.contains("ended: 1; carry nothing: 2 ("), "{text}");
    assert!(text.contains("revoked 1") && text.contains("scope-escalated 1"), "{text}");
}

#[test]
fn a_grant_that_outlives_its_task_or_names_more_than_is_used_is_said_to() {
    let story = Story::begin();
    let task = |body: Value| json!({"kind": "task", "task": "case/7", "body": body});
    desk(&story, "service:desk@corp", "authority=user:**");
    story.log("desk", &[task(json!({"op": "open", "owner": "user:alice@corp"}))]);
    let wide = story.log("alice", &[json!({"kind": "delegation", "task": "case/7", "body": {
        "delegator": "user:alice@corp", "delegatee": "agent:refunds/7",
        "scope": [{"actions": ["payments:refund", "payments:send"], "resources": ["order/*", "account/**"]}],
    }})])[0].clone();
    story.log("gateway", &[json!({"kind": "action", "task": "case/7", "body": {
        "phase": "both", "outcome": "completed", "actor": "agent:refunds/7", "action": {"name": "payments:refund"},
        "resources": ["order/991"], "delegation": wide}})]);
    let before = story.cli.ok(&["grants", "--json"]).json();
    assert_eq!(of(&before["grants"], &wide)["reasons"], json!(["over-broad", "no-expiry"]));
    assert_eq!(of(&before["grants"], &wide)["unused"], json!(["payments:send", "account/**"]));
    story.log("desk", &[task(json!({"op": "complete"}))]);
    let (after, text) =
        asked(&story, &["grants", "--only", "outlives-task"], "/v1/grants?stale=45&only=outlives-task");
    let row = of(&after["grants"], &wide);
    assert_eq!(row["reasons"], json!(["over-broad", "outlives-task", "no-expiry"]));
    assert_eq!((&row["carries"], &after["lost"]), (&json!("not-held"), &json!(0)), "its task alone ended");
    for words in ["OUTLIVES ITS TASK", "of it NEVER USED: payments:send, account/**", "task case/7 ENDED at"]
    {
        assert!(text.contains(words), "{words}:\n{text}");
    }
}

#[test]
fn pages_of_grants_stay_the_same_while_the_log_grows() {
    let story = Story::begin();
    let (root, leaf) = story.delegate();
    let http = &story.server.http;
    let first = http.json("/v1/grants?limit=1");
    assert_eq!((&first["grants"][0]["id"], &first["truncated"]), (&json!(root), &json!(true)));
    story.delegate();
    let next = first["next"].as_str().unwrap();
    let second = http.json(&format!("/v1/grants?limit=5&cursor={next}"));
    assert_eq!((&second["count"], &second["grants"][0]["id"]), (&json!(1), &json!(leaf)));
    assert_eq!(second["as_of"], first["as_of"]);
    assert_eq!(http.get(&format!("/v1/grants?only=stale&cursor={next}")).status, 400, "of another question");
}

#[test]
fn a_crossing_is_listed_with_its_bridge_or_without() {
    let story = Story::begin();
    let given = |from: &str, to: &str, more: Value| {
        let mut body = json!({"delegator": from, "delegatee": to,
            "scope": [{"actions": ["payments:*"], "resources": ["order/**"]}]});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    let root = given("user:alice@corp", "agent:planner", json!({}));
    let root = story.log("alice", &[json!({"kind": "delegation", "body": root})])[0].clone();
    let none = given("agent:planner", "agent:refunds/7", json!({"parents": [root]}));
    let none =
        story.log("planner", &[json!({"kind": "delegation", "tenant": "acme", "body": none})])[0].clone();
    desk(&story, "service:idp", "authority=service:**");
    let bridge = given("service:payments", "agent:planner", json!({}));
    let bridge =
        story.log("desk", &[json!({"kind": "delegation", "tenant": "acme", "body": bridge})])[0].clone();
    let over = given("agent:planner", "agent:refunds/7", json!({"parents": [root], "bridge": bridge}));
    let over =
        story.log("planner", &[json!({"kind": "delegation", "tenant": "acme", "body": over})])[0].clone();
    let abroad = given("user:alice@corp", "spiffe://other/a", json!({}));
    let abroad = story.log("alice", &[json!({"kind": "delegation", "body": abroad})])[0].clone();

    let (answer, text) = asked(&story, &["crossings"], "/v1/crossings");
    let rows = &answer["crossings"];
    assert_eq!(answer["count"], json!(3), "{answer:#}");
    assert_eq!(of(rows, &none)["tenant"], json!({"from": "default", "into": "acme"}));
    assert_eq!(of(rows, &none)["bridge"], json!({"state": "none"}));
    assert_eq!(of(rows, &over)["bridge"]["state"], json!("holds"), "{answer:#}");
    assert_eq!(of(rows, &over)["bridge"]["id"], json!(bridge));
    assert_eq!(of(rows, &abroad)["domain"], json!({"from": "corp", "into": "other"}));
    assert_eq!(answer["unbridged"], json!(2));
    for words in [
        "3 crossings of tenants or trust domains, 2 WITHOUT A BRIDGE",
        "✗ NO BRIDGE",
        "✓ bridge",
        "corp → other",
    ] {
        assert!(text.contains(words), "{words}:\n{text}");
    }
    let (one, _) = asked(&story, &["crossings", "tenant:default"], "/v1/crossings?q=tenant:default");
    assert_eq!(one["count"], json!(1));
    assert_eq!(story.server.http.get("/v1/crossings?q=x:y").status, 400);
}
