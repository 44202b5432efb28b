//! `writ chain` and `GET /v1/chain`: every hop on every path behind a subject.

use serde_json::{Value, json};

use crate::harness::{Http, Story};

const NOT_AUTHORIZED: i32 = 11;
const NOT_FOUND: i32 = 14;

fn text(http: &Http, path: &str) -> String {
    let answer = http.request("GET", path, &[("accept", "text/plain")], &[]).unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.text()
}

/// The answer without the line that says on whose word it is.
fn without_trust(text: &str) -> Vec<&str> {
    text.lines().filter(|line| !line.starts_with("Trust")).collect()
}

fn hop(chain: &Value, id: &str) -> Value {
    let hops = chain["hops"].as_array().unwrap();
    hops.iter().find(|hop| hop["id"] == json!(id)).unwrap_or_else(|| panic!("no hop {id}: {chain:#}")).clone()
}

/// A hop from the planner to the refund agent that rests on these.
fn leaf(story: &Story, parents: &[&str], more: Value) -> String {
    let mut body = json!({
        "delegator": "agent:planner", "delegatee": "agent:refunds/7", "on_behalf_of": "user:alice@corp", "parents": parents,
        "scope": [{"actions": ["payments:refund"], "resources": ["order/*"], "limits": {"eur": {"max": 500}}}],
    });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    story.log("planner", &[json!({"kind": "delegation", "body": body})])[0].clone()
}

fn root(story: &Story, more: Value) -> String {
    let mut body = json!({
        "delegator": "user:alice@corp", "delegatee": "agent:planner",
        "scope": [{"actions": ["payments:*"], "resources": ["order/**"], "limits": {"eur": {"max": 5000}}}],
    });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    story.log("alice", &[json!({"kind": "delegation", "body": body})])[0].clone()
}

#[test]
fn every_hop_says_what_it_narrowed_and_server_program_and_mirror_say_the_same() {
    let story = Story::begin();
    let (root, leaf) = story.delegate();
    let refund = story.refund(&leaf, "r-991");
    let chain = story.cli.ok(&["chain", &refund.action, "--json"]).json();
    assert_eq!((&chain["root"], &chain["root_stayed"]), (&json!("user:alice@corp"), &json!("same")));
    assert_eq!((&chain["outcome"], &chain["count"]), (&json!("authorized"), &json!(2)));
    assert_eq!(chain.get("broken_first"), None);
    let last = hop(&chain, &leaf);
    let link = &last["relies_on"][0];
    assert_eq!(
        (&link["name"], &link["on_way"], &link["scope"]["within"]),
        (&json!(root), &json!(true), &json!(true))
    );
    let narrowed =
        json!(["actions payments:* → payments:refund", "resources order/** → order/*", "eur ≤ 5000 → ≤ 500"]);
    assert_eq!(link["scope"]["narrowed"], narrowed);
    assert_eq!(hop(&chain, &root)["relies_on"], json!([]));

    let http = &story.server.http;
    let own = http.json(&format!("/v1/chain?id={}", refund.action));
    for field in [
        "schema",
        "subject",
        "summary",
        "outcome",
        "root",
        "root_stayed",
        "hops",
        "relies_on",
        "beside",
        "findings",
    ] {
        assert_eq!(own[field], chain[field], "{field}");
    }
    assert_eq!(own["trust"]["pinned"], json!(false));
    let shown = story.cli.ok(&["chain", &refund.action]).stdout;
    let served = text(http, &format!("/v1/chain?id={}", refund.action));
    assert_eq!(without_trust(&served), without_trust(&shown));
    assert!(served.contains("the server's word"), "{served}");
    for words in [
        "✓ AUTHORIZED  action",
        "Root     user:alice@corp, the same all along",
        "no link is broken",
        "* └─ #",
        "→ agent:refunds/7  ✓ VALID, signed",
        "narrows actions payments:* → payments:refund",
        "Next: writ who",
    ] {
        assert!(shown.contains(words), "{words}:\n{shown}");
    }

    let mirror = story.cli.home().join("mirror");
    let mirror = mirror.to_str().unwrap();
    story.cli.ok(&["mirror", mirror]);
    let read = story.cli.ok(&["chain", &refund.action, "--mirror", mirror, "--json"]).json();
    assert_eq!((&read["hops"], &read["absence"]), (&chain["hops"], &json!("recomputed")));
}

#[test]
fn where_paths_join_both_are_drawn_and_the_one_that_survives_is_marked() {
    let story = Story::begin();
    let (first, second) = (root(&story, json!({})), root(&story, json!({})));
    let joined = leaf(&story, &[&first, &second], json!({}));
    story.cli.ok(&["revoke", &first, "--key", story.key("alice").to_str().unwrap()]);
    let refund = story.refund(&joined, "r-1");
    let chain = story.cli.ok(&["chain", &refund.action, "--json"]).json();
    assert_eq!((&chain["outcome"], &chain["count"]), (&json!("authorized"), &json!(3)));
    let (dead, alive) = (hop(&chain, &first), hop(&chain, &second));
    assert_eq!((&dead["on_way"], &dead["findings"][0]["code"]), (&json!(false), &json!("revoked")));
    assert_eq!((&alive["on_way"], &alive["findings"]), (&json!(true), &json!([])));
    let links = hop(&chain, &joined)["relies_on"].clone();
    assert_eq!((&links[0]["on_way"], &links[1]["on_way"]), (&json!(false), &json!(true)));
    let shown = story.cli.ok(&["chain", &refund.action]).stdout;
    assert!(
        shown.contains("✗ BROKEN") && shown.contains("joins #") && shown.contains("carries it, marked *"),
        "{shown}"
    );
    assert!(shown.contains("no link is broken"), "the way that carries it is whole: {shown}");

    story.cli.ok(&["revoke", &second, "--key", story.key("alice").to_str().unwrap()]);
    let refund = story.refund(&joined, "r-2");
    let ran = story.cli.run(&["chain", &refund.action, "--json"]);
    let broken = &ran.json()["broken_first"];
    assert_eq!(
        (ran.code, &broken["what"], &broken["code"]),
        (NOT_AUTHORIZED, &json!("hop"), &json!("revoked"))
    );
}

#[test]
fn a_hop_that_hands_on_more_than_it_has_a_missing_one_and_another_root_are_told() {
    let story = Story::begin();
    let first = root(&story, json!({}));
    let wide = leaf(
        &story,
        &[&first],
        json!({
            "scope": [{"actions": ["payments:refund", "users:delete"], "resources": ["order/*"]}], "on_behalf_of": "user:mallory@corp",
        }),
    );
    let ran = story.cli.run(&["chain", &wide, "--json"]);
    let chain = ran.json();
    assert_eq!((ran.code, &chain["root_stayed"]), (NOT_AUTHORIZED, &json!("changed")));
    let link = hop(&chain, &wide)["relies_on"][0].clone();
    assert_eq!(
        (&link["scope"]["within"], &link["scope"]["added"][0]),
        (&json!(false), &json!("payments:refund, users:delete on order/*"),)
    );
    assert!(story.cli.run(&["chain", &wide]).stdout.contains("CHANGED on the way"));
    let gone = leaf(&story, &[&"ab".repeat(32)], json!({}));
    let shown = story.cli.run(&["chain", &gone]).stdout;
    assert!(shown.contains("MISSING") && shown.contains("first at the link"), "{shown}");
}

#[test]
fn every_kind_that_is_judged_has_a_chain_and_no_other() {
    let story = Story::begin();
    let (first, second) = story.delegate();
    let refund = story.refund(&second, "r-991");
    for (subject, hops) in [(&refund.decision, 2), (&second, 2), (&first, 1)] {
        assert_eq!(story.cli.ok(&["chain", subject, "--json"]).json()["count"], json!(hops), "{subject}");
    }
    let key =
        story.server.http.json("/v1/statements?kind=key")["results"][0]["id"].as_str().unwrap().to_owned();
    let wrong = story.cli.run(&["chain", &key]);
    assert!(wrong.code == 2 && wrong.stderr.contains("not-judgeable"), "{wrong}");
    assert_eq!(story.server.http.get(&format!("/v1/chain?id={key}")).code(), "not-judgeable");
    assert_eq!(story.cli.run(&["chain", "no-such-action"]).code, NOT_FOUND);
    assert_eq!(story.server.http.get("/v1/chain?id=no-such-action").status, 404);
    assert_eq!(story.cli.with_trust(None).run(&["chain", &refund.action]).code, 13);
}
