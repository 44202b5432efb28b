//! `writ why` and `GET /v1/why`: the ruling behind an action, and what it was ruled by.

use serde_json::{Value, json};

use crate::harness::{Http, Story};

const NOT_FOUND: i32 = 14;

/// A decision on one refund, and the action under it.
fn decided(story: &Story, delegation: &str, more: Value) -> (String, String) {
    let about = json!({
        "actor": "agent:refunds/7", "action": {"name": "payments:refund"}, "resources": ["order/991"],
        "quantities": {"eur": 420}, "delegation": delegation,
    });
    let with = |more: Value| {
        let mut body = about.clone();
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    let decision = story.log("opa", &[json!({"kind": "decision", "body": with(more)})])[0].clone();
    let action = with(json!({"phase": "both", "outcome": "completed", "decision": decision}));
    (decision, story.log("gateway", &[json!({"kind": "action", "body": action})])[0].clone())
}

fn text(http: &Http, path: &str) -> String {
    let answer = http.request("GET", path, &[("accept", "text/plain")], &[]).unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.header("content-type"), Some("text/plain; charset=utf-8"));
    answer.text()
}

/// The answer without the line that says on whose word it is.
fn without_trust(text: &str) -> Vec<&str> {
    text.lines().filter(|line| !line.starts_with("Trust")).collect()
}

#[test]
fn a_ruling_is_shown_with_its_policy_and_the_age_of_everything_it_was_ruled_by() {
    let story = Story::begin();
    let (_, leaf) = story.delegate();
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis();
    let now = u64::try_from(now).unwrap();
    let (decision, action) = decided(
        &story,
        &leaf,
        json!({
            "ruling": "permit", "reason": "below-the-limit", "evaluated_at": now - 1_000, "risk": "low",
            "policy": {"engine": "opa", "id": "refunds", "revision": "r42", "rules": ["allow_refund", "limit_eur"]},
            "inputs": {"fraud-score": now - 3_000, "group": now - 3_601_000}, "revocations_at": now - 1_500,
            "cached_age": 250, "obligations": ["notify:customer"], "granularity": "call", "basis": "policy",
            "pep": "gateway:mcp-eu-1", "valid_until": now + 20_000, "use_limit": 2,
        }),
    );
    let ran = story.cli.ok(&["why", &action, "--json"]);
    let why = ran.json();
    assert_eq!(why["subject"]["id"], json!(action));
    let ruled = &why["decision"];
    assert_eq!((&ruled["id"], &ruled["ruling"]), (&json!(decision), &json!("permit")));
    assert_eq!(ruled["policy"]["rules"], json!(["allow_refund", "limit_eur"]));
    let inputs = json!([
        {"name": "fraud-score", "at": now - 3_000, "age": 2_000}, {"name": "group", "at": now - 3_601_000, "age": 3_600_000},
    ]);
    assert_eq!(ruled["inputs"], inputs);
    assert_eq!(ruled["revocations"]["age"], json!(500));
    assert_eq!(ruled["usable_until"], json!(now + 20_000), "what it says is less than the profile's");
    assert_eq!(why["trust"]["pinned"], json!(true));

    let shown = story.cli.ok(&["why", &action]).stdout;
    for words in [
        "✓ PERMITTED  agent:refunds/7 payments:refund order/991",
        "by service:opa@corp",
        "Reason   below-the-limit",
        "opa refunds revision r42; rules allow_refund, limit_eur",
        "Risk     low",
        "input fraud-score: 2 s old at the ruling",
        "input group: 1 h old at the ruling",
        "revocations: 500 ms old",
        "FROM A CACHE: ruled 250 ms",
        "rests on policy",
        "obliges to notify:customer",
        "as it says",
        "for at most 2 actions",
        "obligation-unmet",
        "Next: writ who",
    ] {
        assert!(shown.contains(words), "{words}:\n{shown}");
    }
    let same = text(&story.server.http, &format!("/v1/why?id={action}"));
    assert_eq!(without_trust(&same), without_trust(&shown), "server and program print one text");
    assert!(
        same.contains("Trust    the server's word") && !shown.contains("the server's word"),
        "{same}{shown}"
    );

    let of_server = story.server.http.json(&format!("/v1/why?id={action}"));
    for field in ["decision", "findings", "request", "count", "as_of", "complete"] {
        assert_eq!(of_server[field], why[field], "{field}");
    }
    assert_eq!(of_server["trust"]["pinned"], json!(false), "a server vouches for nothing");

    let mirror = story.cli.home().join("mirror");
    let mirror = mirror.to_str().unwrap();
    story.cli.ok(&["mirror", mirror]);
    let read = story.cli.ok(&["why", &decision, "--mirror", mirror, "--json"]).json();
    assert_eq!((&read["decision"]["id"], &read["absence"]), (&json!(decision), &json!("recomputed")));
    assert!(read["decision"].get("age").is_none(), "a decision by itself was not used: {read}");
}

#[test]
fn a_refusal_and_what_speaks_against_a_ruling_are_answers_and_end_well() {
    let story = Story::begin();
    let (_, leaf) = story.delegate();
    let (_, action) = decided(&story, &leaf, json!({"ruling": "deny", "reason": "over-the-limit"}));
    let ran = story.cli.ok(&["why", &action]);
    for words in
        ["✗ DENIED", "Reason   over-the-limit", "Policy   none named", "denied-but-executed", "decision-deny"]
    {
        assert!(ran.stdout.contains(words), "{words}: {ran}");
    }
    let why = story.cli.ok(&["why", &action, "--json"]).json();
    assert_eq!(why["count"], json!(why["findings"].as_array().unwrap().len()));
    let strict = story.server.http.json(&format!("/v1/why?id={action}&profile=strict"));
    assert_eq!(strict["profile"]["name"], json!("strict"));
}

#[test]
fn an_action_without_a_ruling_says_so_and_is_no_pass() {
    let story = Story::begin();
    let (_, leaf) = story.delegate();
    let bare = json!({"kind": "action", "body": {
        "phase": "both", "outcome": "completed", "actor": "agent:refunds/7", "action": {"name": "payments:refund"},
        "resources": ["order/991"], "delegation": leaf,
    }});
    let lost = json!({"kind": "action", "body": {
        "phase": "both", "outcome": "completed", "actor": "agent:refunds/7", "action": {"name": "payments:refund"},
        "resources": ["order/991"], "delegation": leaf, "decision": "ab".repeat(32),
    }});
    let actions = story.log("gateway", &[bare, lost]);
    for (action, words) in actions.iter().zip(["names no decision", "names decision abab"]) {
        let ran = story.cli.run(&["why", action]);
        assert_eq!(ran.code, 12, "{ran}");
        for words in ["? NO DECISION FOUND", words, "decision-missing"] {
            assert!(ran.stdout.contains(words), "{words}: {ran}");
        }
    }
    let unpinned = story.cli.with_trust(None).run(&["why", &actions[0]]);
    assert_eq!(unpinned.code, 13, "{unpinned}");
}

#[test]
fn what_is_neither_ruled_on_nor_known_is_told_apart() {
    let story = Story::begin();
    let (root, _) = story.delegate();
    let ran = story.cli.run(&["why", &root]);
    assert!(ran.code == 2 && ran.stderr.contains("error[not-ruled]"), "{ran}");
    let unknown = story.cli.run(&["why", "no-such-request"]);
    assert!(unknown.code == NOT_FOUND && unknown.stderr.contains("error[not-found]"), "{unknown}");
    let http = &story.server.http;
    let answer = http.get(&format!("/v1/why?id={root}"));
    assert_eq!((answer.status, answer.code().as_str()), (422, "not-ruled"));
    assert_eq!(http.get("/v1/why?id=no-such-request").status, 404);
    assert_eq!(http.get("/v1/why").code(), "bad-query");
    assert_eq!(http.get(&format!("/v1/why?id={root}&profile=lax")).code(), "bad-query");
    let answer = http.request("GET", &format!("/v1/why?id={root}"), &[("accept", "image/png")], &[]).unwrap();
    assert_eq!((answer.status, answer.code().as_str()), (406, "not-acceptable"));
}
