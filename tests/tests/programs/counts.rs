//! `writ search --by` and `GET /v1/counts`: how many statements have what.

use serde_json::{Value, json};

use crate::harness::Story;

fn act(story: &Story, action: &str, resources: &Value, address: &str) {
    let body = json!({
        "phase": "both", "outcome": "completed", "actor": "agent:refunds/7", "action": {"name": action},
        "resources": resources,
    });
    let refs = json!([["address", "corp:net", address]]);
    story.log("gateway", &[json!({"kind": "action", "refs": refs, "body": body})]);
}

fn counted(answer: &Value) -> Vec<(&str, u64)> {
    let counts = answer["counts"].as_array().unwrap().iter();
    counts.map(|count| (count["value"].as_str().unwrap(), count["count"].as_u64().unwrap())).collect()
}

#[test]
fn what_fits_is_counted_by_each_value_the_most_frequent_first() {
    let story = Story::begin();
    act(&story, "payments:refund", &json!(["order/1", "order/2"]), "192.0.2.1");
    act(&story, "payments:refund", &json!(["order/2"]), "192.0.2.1");
    act(&story, "mail:send", &json!(["order/2"]), "192.0.2.9");
    let by = |query: &str, by: &str| story.cli.ok(&["search", query, "--by", by, "--json"]).json();

    let answer = by("kind:action", "resource");
    assert_eq!(counted(&answer), [("order/2", 3), ("order/1", 1)], "each that a statement touches");
    let sums = |answer: &Value| ["total", "values", "without"].map(|name| answer[name].as_u64().unwrap());
    assert_eq!(sums(&answer), [3, 2, 0]);
    assert_eq!((&answer["complete"], &answer["trust"]["pinned"]), (&json!(true), &json!(true)));
    assert_eq!(counted(&by("kind:action", "action")), [("payments:refund", 2), ("mail:send", 1)]);
    assert_eq!(counted(&by("kind:action", "ref:address")), [("192.0.2.1", 2), ("192.0.2.9", 1)]);
    let none = by("kind:action", "task");
    assert_eq!((counted(&none), sums(&none)), (vec![], [3, 0, 3]), "what has none is counted as such");
    let cut = story.cli.ok(&["search", "kind:action", "--by", "resource", "--limit", "1", "--json"]).json();
    assert_eq!((counted(&cut), &cut["truncated"]), (vec![("order/2", 3)], &json!(true)));
    let example = answer["counts"][0]["example"].as_str().unwrap();
    assert!(story.cli.ok(&["show", example]).stdout.contains("mail:send"), "the example is the last of them");
}

#[test]
fn the_server_says_the_counts_in_the_words_of_the_program_and_refuses_what_is_none() {
    let story = Story::begin();
    act(&story, "payments:refund", &json!(["order/1"]), "192.0.2.1");
    let shown = story.cli.ok(&["search", "kind:action", "--by", "actor"]).stdout;
    let plain = [("accept", "text/plain")];
    let told = story.server.http.request("GET", "/v1/counts?q=kind:action&by=actor", &plain, b"").unwrap();
    assert_eq!(told.status, 200);
    assert!(
        shown.starts_with(&told.text()) && told.text().contains("agent:refunds/7"),
        "{shown}{}",
        told.text()
    );
    for path in ["/v1/counts", "/v1/counts?by=nothing", "/v1/counts?by=actor&q=toool:x", "/v1/counts?by=ref:"]
    {
        let answer = story.server.http.get(path);
        assert_eq!((answer.status, answer.code().as_str()), (400, "bad-query"), "{path}");
    }
    let ran = story.cli.run(&["search", "kind:action", "--by", "nothing"]);
    assert!(
        ran.code == 2 && ran.stderr.contains("unknown-field") && ran.stderr.contains("ref:TYPE"),
        "{ran}"
    );
}
