//! `writ uses` and `GET /v1/uses`: which actions relied on a delegation, approval, decision or credential.

use serde_json::{Value, json};

use crate::harness::Story;

/// An action of the refund agent, with more in its body.
fn act(story: &Story, more: Value) -> String {
    let mut body = json!({
        "phase": "both", "outcome": "completed", "actor": "agent:refunds/7", "action": {"name": "payments:refund"},
        "resources": ["order/991"],
    });
    let body_fields = body.as_object_mut().unwrap();
    for (name, value) in more.as_object().unwrap() {
        match value {
            Value::Null => drop(body_fields.remove(name)),
            value => drop(body_fields.insert(name.clone(), value.clone())),
        }
    }
    story.log("gateway", &[json!({"kind": "action", "body": body})])[0].clone()
}

fn permit(story: &Story, delegation: &str, more: Value) -> String {
    let mut body = json!({
        "ruling": "permit", "actor": "agent:refunds/7", "action": {"name": "payments:refund"},
        "resources": ["order/991"], "delegation": delegation,
    });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    story.log("opa", &[json!({"kind": "decision", "body": body})])[0].clone()
}

fn ids(answer: &Value) -> Vec<&str> {
    answer["uses"].as_array().unwrap().iter().map(|used| used["id"].as_str().unwrap()).collect()
}

#[test]
fn every_action_under_a_permit_is_listed_once_with_its_retries_and_what_is_left() {
    let story = Story::begin();
    let (_, leaf) = story.delegate();
    let decision = permit(&story, &leaf, json!({"use_limit": 3}));
    let other = permit(&story, &leaf, json!({}));
    let first = act(&story, json!({"decision": decision, "outcome": "failed", "error": "timeout"}));
    let attempt =
        act(&story, json!({"decision": decision, "phase": "attempt", "outcome": null, "retry_of": first}));
    act(&story, json!({"phase": "outcome", "attempt": attempt, "decision": decision}));
    act(&story, json!({"decision": other}));

    let answer = story.cli.ok(&["uses", &decision, "--json"]).json();
    assert_eq!(ids(&answer), [&first, &attempt], "an outcome is no use beside its attempt");
    assert_eq!((&answer["total"], &answer["retries"], &answer["count"]), (&json!(2), &json!(1), &json!(2)));
    assert_eq!(answer["limit"], json!({"allowed": 3, "used": 2, "left": 1}));
    assert_eq!((&answer["complete"], &answer["truncated"]), (&json!(true), &json!(false)));
    assert_eq!(answer["uses"][0]["outcome"], json!("failed"));
    assert_eq!(answer["uses"][1]["outcome"], json!("completed"), "from the outcome that names the attempt");
    assert_eq!(answer["trust"]["pinned"], json!(true));

    let shown = story.cli.ok(&["uses", &decision]).stdout;
    for words in [
        "2 actions relied on decision",
        "3 allowed, 2 used, 1 left",
        "1 of them say",
        "again",
        "is the server's word",
        "Next: writ who",
    ] {
        assert!(shown.contains(words), "{words}:\n{shown}");
    }
    let same = story.server.http.request(
        "GET",
        &format!("/v1/uses?id={decision}"),
        &[("accept", "text/plain")],
        &[],
    );
    let same = same.unwrap().text();
    assert!(shown.starts_with(&same), "server and program print one text:\n{same}\n{shown}");

    for _ in 0..2 {
        act(&story, json!({"decision": decision}));
    }
    let over = story.cli.ok(&["uses", &decision]).stdout;
    assert!(over.contains("3 allowed, 4 used: EXCEEDED by 1"), "{over}");
}

#[test]
fn pages_stay_the_same_while_the_log_grows() {
    let story = Story::begin();
    let (_, leaf) = story.delegate();
    let acts: Vec<String> = (0..5).map(|_| act(&story, json!({"delegation": leaf}))).collect();
    let http = &story.server.http;
    let first = http.json(&format!("/v1/uses?id={leaf}&limit=2"));
    assert_eq!((ids(&first), &first["truncated"]), (vec![acts[0].as_str(), &acts[1]], &json!(true)));
    act(&story, json!({"delegation": leaf}));
    let page = |cursor: &Value| {
        http.json(&format!("/v1/uses?id={leaf}&limit=2&cursor={}", cursor.as_str().unwrap()))
    };
    let second = page(&first["next"]);
    let third = page(&second["next"]);
    assert_eq!(ids(&second), [&acts[2], &acts[3]]);
    assert_eq!(ids(&third), [&acts[4]], "what was logged meanwhile is not of this answer");
    for later in [&second, &third] {
        assert_eq!((&later["as_of"], &later["total"]), (&first["as_of"], &json!(5)));
    }
    assert_eq!((&third["truncated"], third.get("next")), (&json!(false), None));
    let next = first["next"].as_str().unwrap();
    let again = story.cli.ok(&["uses", &leaf, "--limit", "2", "--page", next, "--json"]).json();
    assert_eq!(again["uses"], second["uses"]);
    let wrong = http.get(&format!("/v1/uses?id={}&cursor={next}", permit(&story, &leaf, json!({}))));
    assert_eq!((wrong.status, wrong.code().as_str()), (400, "bad-query"), "a cursor belongs to its question");
}

#[test]
fn an_approval_is_used_through_the_permits_that_name_it_and_a_credential_by_whoever_presents_it() {
    let story = Story::begin();
    let (_, leaf) = story.delegate();
    let approval = story.log("lee", &[json!({"kind": "approval", "body": {
        "approver": "user:lee@corp", "requester": "agent:refunds/7", "action": {"name": "payments:refund"},
        "resources": ["order/991"], "scope": "template",
    }})])[0].clone();
    let decision = permit(&story, &leaf, json!({"approval": approval}));
    let through = act(&story, json!({"decision": decision}));
    let direct = act(&story, json!({"approval": approval}));
    let answer = story.cli.ok(&["uses", &approval, "--json"]).json();
    assert_eq!(ids(&answer), [&through, &direct]);
    assert_eq!(answer["uses"][0]["through"], json!(decision));
    assert_eq!(
        answer["limit"],
        json!({"allowed": 1, "used": 2, "left": 0}),
        "an approval carries one action"
    );

    let mirror = story.cli.home().join("mirror");
    let mirror = mirror.to_str().unwrap();
    story.cli.ok(&["mirror", mirror]);
    let read = story.cli.ok(&["uses", &approval, "--mirror", mirror, "--json"]).json();
    for field in ["uses", "limit", "total", "as_of", "of"] {
        assert_eq!(read[field], answer[field], "{field}");
    }

    let key = json!(["access-key", "https://sts.example", "AKIA1"]);
    let issued = json!({"kind": "delegation", "body": {
        "delegator": "agent:planner", "delegatee": "agent:refunds/7", "credential": key,
        "scope": [{"actions": ["payments:refund"], "resources": ["order/*"]}],
    }});
    let hop = story.log("planner", &[issued])[0].clone();
    let presented = act(&story, json!({"credential": key}));
    act(&story, json!({"credential": ["access-key", "https://sts.example", "AKIA2"]}));
    assert_eq!(ids(&story.cli.ok(&["uses", &hop, "--json"]).json()), [&presented]);
}

#[test]
fn what_nothing_relies_on_and_what_is_unknown_are_told_apart() {
    let story = Story::begin();
    let (root, leaf) = story.delegate();
    let action = act(&story, json!({"delegation": leaf}));
    let ran = story.cli.run(&["uses", &action]);
    assert!(ran.code != 0 && ran.stderr.contains("not-relied-on"), "{ran}");
    assert_eq!(story.server.http.get(&format!("/v1/uses?id={action}")).code(), "not-relied-on");
    assert_eq!(story.cli.run(&["uses", "no-such-grant"]).code, 14);
    assert_eq!(story.server.http.get("/v1/uses?id=no-such-grant").status, 404);
    let none = story.cli.ok(&["uses", &root]).stdout;
    assert!(none.contains("0 actions relied on delegation") && none.contains("Limit    none"), "{none}");
    assert_eq!(story.cli.with_trust(None).run(&["uses", &leaf]).code, 13);
}
