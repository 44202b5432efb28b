//! `writ lookup` and `GET /v1/lookup`: what is known under a foreign id.

use serde_json::{Value, json};

use crate::harness::Story;

const NOT_FOUND: i32 = 14;

fn ids(answer: &Value) -> Vec<&str> {
    answer["statements"].as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap()).collect()
}

fn group(answer: &Value, kind: &str, how: &str) -> u64 {
    let groups = answer["groups"].as_array().unwrap();
    let found = groups.iter().find(|group| group["kind"] == json!(kind) && group["how"] == json!(how));
    found.map_or(0, |group| group["count"].as_u64().unwrap())
}

#[test]
fn a_foreign_id_leads_to_whoever_carries_presents_refers_to_or_withdraws_it() {
    let story = Story::begin();
    let (_, leaf) = story.delegate();
    let key = json!(["access-key", "https://sts.example", "AKIA1"]);
    let issued = story.log("planner", &[json!({"kind": "delegation", "body": {
        "delegator": "agent:planner", "delegatee": "agent:refunds/7", "credential": key, "parents": [leaf],
        "scope": [{"actions": ["payments:refund"], "resources": ["order/*"]}],
    }})])[0].clone();
    let act = json!({"kind": "action", "body": {
        "phase": "both", "outcome": "completed", "actor": "agent:refunds/7", "action": {"name": "payments:refund"},
        "resources": ["order/991"], "credential": key,
    }});
    let presented = story.log("gateway", &[act])[0].clone();
    let withdrawn = story.log(
        "planner",
        &[json!({"kind": "revocation", "body": {
            "target": {"kind": "credential", "ref": key}, "revoker": "agent:planner", "cause": "compromise",
        }})],
    )[0]
    .clone();
    let answer = story.cli.ok(&["lookup", "access-key:AKIA1", "--json"]).json();
    assert_eq!(ids(&answer), [&issued, &presented, &withdrawn]);
    for (kind, how) in [("delegation", "issues"), ("action", "presents"), ("revocation", "withdraws")] {
        assert_eq!(group(&answer, kind, how), 1, "{kind} {how}: {answer:#}");
    }
    assert_eq!(answer["actions"][0]["id"], json!(presented));
    assert_eq!(
        answer["ids"],
        json!([{"type": "access-key", "namespace": "https://sts.example", "tenant": "default"}])
    );
    assert_eq!((&answer["complete"], &answer["total"]), (&json!(true), &json!(3)));
    assert_eq!(
        ids(&story.cli.ok(&["lookup", "AKIA1", "--json"]).json()),
        ids(&answer),
        "with and without its type"
    );

    let shown = story.cli.ok(&["lookup", "AKIA1"]).stdout;
    let same = story.server.http.request("GET", "/v1/lookup?id=AKIA1", &[("accept", "text/plain")], &[]);
    assert!(shown.starts_with(&same.unwrap().text()), "{shown}");
    for words in [
        "3 statements hold AKIA1",
        "access-key of https://sts.example",
        "issues",
        "withdraws",
        "Next: writ chain",
    ] {
        assert!(shown.contains(words), "{words}:\n{shown}");
    }
    let mirror = story.cli.home().join("mirror");
    let mirror = mirror.to_str().unwrap();
    story.cli.ok(&["mirror", mirror]);
    let read = story.cli.ok(&["lookup", "AKIA1", "--mirror", mirror, "--json"]).json();
    for field in ["statements", "groups", "actions", "ids", "as_of"] {
        assert_eq!(read[field], answer[field], "{field}");
    }
    assert_eq!(story.cli.run(&["lookup", "AKIA9", "--mirror", mirror]).code, NOT_FOUND);
    let near = story.cli.run(&["lookup", "access-key:AKIA", "--mirror", mirror]).stderr;
    assert!(near.contains("near to it: access-key:AKIA1"), "{near}");
}

#[test]
fn a_request_a_trace_and_a_statement_lead_to_the_action() {
    let story = Story::begin();
    let (_, leaf) = story.delegate();
    let refund = story.refund(&leaf, "r-991");
    let by_request = story.cli.ok(&["lookup", "r-991", "--json"]).json();
    assert_eq!(ids(&by_request), [&refund.decision, &refund.action]);
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let traced = story.log(
        "gateway",
        &[json!({
            "kind": "action", "trace": {"trace_id": trace, "span_id": "00f067aa0ba902b7"}, "body": {
                "phase": "attempt", "actor": "agent:refunds/7", "action": {"name": "payments:refund"},
                "resources": ["order/991"], "delegation": leaf,
            },
        })],
    )[0]
    .clone();
    for name in [trace.to_owned(), trace.to_uppercase(), format!("trace:{trace}")] {
        let answer = story.cli.ok(&["lookup", &name, "--json"]).json();
        assert_eq!((ids(&answer), group(&answer, "action", "traced")), (vec![traced.as_str()], 1), "{name}");
    }
    let answer = story.cli.ok(&["lookup", &refund.decision, "--json"]).json();
    assert_eq!(ids(&answer), [&refund.decision, &refund.action]);
    assert_eq!((group(&answer, "decision", "is"), group(&answer, "action", "refers")), (1, 1));
    assert_eq!(answer["actions"][0]["id"], json!(refund.action));
}

#[test]
fn pages_stay_the_same_while_the_log_grows_and_what_is_unknown_is_said() {
    let story = Story::begin();
    let (_, leaf) = story.delegate();
    let act = || {
        story.log("gateway", &[json!({"kind": "action", "refs": [["session", "https://shop.example", "s-1"]], "body": {
            "phase": "both", "outcome": "completed", "actor": "agent:refunds/7", "action": {"name": "payments:refund"},
            "resources": ["order/991"], "delegation": leaf,
        }})])[0].clone()
    };
    let acts: Vec<String> = (0..3).map(|_| act()).collect();
    let http = &story.server.http;
    let first = http.json("/v1/lookup?id=s-1&limit=2");
    assert_eq!((ids(&first), &first["truncated"]), (vec![acts[0].as_str(), &acts[1]], &json!(true)));
    act();
    let next = first["next"].as_str().unwrap();
    let second = http.json(&format!("/v1/lookup?id=s-1&limit=2&cursor={next}"));
    assert_eq!(
        (ids(&second), &second["total"], &second["as_of"]),
        (vec![acts[2].as_str()], &json!(3), &first["as_of"])
    );
    let again = story.cli.ok(&["lookup", "s-1", "--limit", "2", "--page", next, "--json"]).json();
    assert_eq!(again["statements"], second["statements"]);
    assert_eq!(http.get(&format!("/v1/lookup?id=s-2&cursor={next}")).code(), "bad-query");
    assert_eq!(story.cli.run(&["lookup", "no-such-id"]).code, NOT_FOUND);
    assert_eq!(http.get("/v1/lookup?id=no-such-id").status, 404);
    assert_eq!(story.cli.with_trust(None).run(&["lookup", "s-1"]).code, 13);
}
