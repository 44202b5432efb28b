//! `writ lookup` and `GET /v1/lookup`: what is known under a foreign id.

use serde_json::{Value, json};

use crate::harness::{Person, Story};

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
    assert!(near.contains("near      access-key:AKIA1 (#"), "{near}");
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

/// Kind, way, how many.
type Way<'a> = (&'a str, &'a str, u64);

/// What an id is, and in which ways statements hold it.
fn told(answer: &Value) -> (Vec<&str>, Vec<(&str, &str, u64)>) {
    let words = |value: &'_ Value, field: &str| value[field].as_str().unwrap().to_owned();
    let ids = answer["ids"].as_array().unwrap().iter().map(|id| words(id, "type").leak() as &str);
    let groups = answer["groups"].as_array().unwrap();
    let group = |group: &Value| {
        let (kind, how) = (words(group, "kind").leak() as &str, words(group, "how").leak() as &str);
        (kind, how, group["count"].as_u64().unwrap())
    };
    (ids.collect(), groups.iter().map(group).collect())
}

#[test]
fn every_sort_of_id_that_the_index_knows_is_found_and_said_what_it_is() {
    let story = Story::begin();
    Person::new(9, "service:desk").write_key(story.place.path(), "desk.pem");
    story.register("desk", "service:desk", "authority=user:**");
    let open = json!({"op": "open", "owner": "user:alice@corp"});
    story.log("desk", &[json!({"kind": "task", "task": "refunds-q4", "body": open})]);
    let (_, leaf) = story.delegate();
    let digest = json!({"alg": "sha-256", "canon": "jcs", "value": "ab".repeat(32)});
    let about = json!({
        "actor": "agent:refunds/7", "action": {"name": "payments:refund"}, "resources": ["order/991"],
        "delegation": leaf, "request": digest,
    });
    let with = |kind: &str, more: Value| {
        let mut body = about.clone();
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({"kind": kind, "task": "refunds-q4", "body": body})
    };
    let policy = json!({"engine": "opa", "id": "refunds", "revision": "7"});
    let decision =
        story.log("opa", &[with("decision", json!({"ruling": "permit", "policy": policy}))])[0].clone();
    let acted = json!({"phase": "both", "outcome": "completed", "decision": decision});
    let action = story.log("gateway", &[with("action", acted)])[0].clone();
    let ended = json!({"target": {"kind": "task", "task": "refunds-q4"}});
    story.log("desk", &[json!({"kind": "revocation", "body": ended})]);
    let kid = story.server.http.json("/v1/statements?kind=action")["results"][0]["kid"].clone();
    let kid = kid.as_str().unwrap().to_owned();

    let mirror = story.cli.home().join("mirror");
    let mirror = mirror.to_str().unwrap();
    story.cli.ok(&["mirror", mirror]);
    let digest = format!("sha-256:jcs:{}", "ab".repeat(32));
    let task = [
        ("task", "states", 1),
        ("decision", "within", 1),
        ("action", "within", 1),
        ("revocation", "withdraws", 1),
    ];
    let expected: [(&str, &str, &[Way<'_>]); 6] = [
        ("refunds-q4", "task", &task),
        ("opa:refunds@7", "policy-revision", &[("decision", "ruled", 1)]),
        (&digest, "request-digest", &[("decision", "requests", 1), ("action", "requests", 1)]),
        ("order/991", "resource", &[("decision", "touches", 1), ("action", "touches", 1)]),
        (&kid, "key", &[("key", "states", 1), ("action", "signs", 1)]),
        ("gateway:mcp-eu-1", "principal", &[("key", "states", 1), ("action", "involves", 1)]),
    ];
    for (name, is, groups) in expected {
        let answer = story.cli.ok(&["lookup", name, "--json"]).json();
        assert_eq!(told(&answer), (vec![is], groups.to_vec()), "{name}");
        assert_eq!(answer["actions"][0]["id"], json!(action), "{name}");
        let read = story.cli.ok(&["lookup", name, "--json", "--mirror", mirror]).json();
        assert_eq!((&read["ids"], &read["groups"]), (&answer["ids"], &answer["groups"]), "{name}");
        let shown = story.cli.ok(&["lookup", name]).stdout;
        let accept = [("accept", "text/plain")];
        let same = story.server.http.request("GET", &format!("/v1/lookup?id={name}"), &accept, &[]).unwrap();
        assert!(shown.starts_with(&same.text()) && same.text().contains(is), "{shown}");
    }
    assert_eq!(story.cli.run(&["lookup", "refunds-q4", "--tenant", "acme"]).code, NOT_FOUND);
}
