//! `GET /v1/who`: what the server itself judges, as the verdict and as the tree that `writ who` prints.

use serde_json::{Value, json};

use crate::harness::{Http, Story};

fn text(http: &Http, path: &str) -> String {
    let answer = http.request("GET", path, &[("accept", "text/plain")], &[]).unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.header("content-type"), Some("text/plain; charset=utf-8"));
    answer.text()
}

/// A text up to the lines that say on whose word it is and what to do next.
fn judged(text: &str) -> Vec<&str> {
    let own = |line: &&str| ["Trust", "Exit", "Next"].iter().any(|name| line.starts_with(name));
    text.lines().filter(|line| !own(line)).collect()
}

fn same(verdict: &Value, own: &Value) {
    for field in
        ["schema", "subject", "outcome", "principal", "decision", "moment", "hops", "relies_on", "findings"]
    {
        assert_eq!(own[field], verdict[field], "{field}");
    }
}

#[test]
fn the_servers_own_verdict_is_the_programs_and_pins_nothing_for_whoever_asks() {
    let story = Story::begin();
    let (root, leaf) = story.delegate();
    let refund = story.refund(&leaf, "r-991");
    let http = &story.server.http;
    for subject in [&refund.action, &refund.decision, &leaf, &root] {
        let own = http.json(&format!("/v1/who?id={subject}"));
        same(&story.cli.run(&["who", subject, "--json"]).json(), &own);
        assert_eq!((&own["outcome"], &own["trust"]["pinned"]), (&json!("authorized"), &json!(false)));
        assert_eq!((&own["trust"]["key"], own.get("exit")), (&json!(""), None));
        let (shown, tree) =
            (story.cli.ok(&["who", subject]).stdout, text(http, &format!("/v1/who?id={subject}")));
        assert_eq!(judged(&tree), judged(&shown));
        assert!(
            tree.contains("the server's own judgement") && tree.contains("takes none of it on trust"),
            "{tree}"
        );
        assert!(tree.ends_with(&format!("Next: writ who {}\n", &subject[..12])), "{tree}");
    }
    let schema = std::fs::read_to_string(format!(
        "{}/../docs/json/writ.who-1.schema.json",
        env!("CARGO_MANIFEST_DIR")
    ));
    let schema: Value = serde_json::from_str(&schema.unwrap()).unwrap();
    let own = http.json(&format!("/v1/who?id={}", refund.action));
    jsonschema::validate(&schema, &own).unwrap();
}

#[test]
fn what_is_not_authorized_is_so_at_the_server_too_and_a_profile_is_judged_by() {
    let story = Story::begin();
    let (_, leaf) = story.delegate();
    let refund = story.refund(&leaf, "r-991");
    story.cli.ok(&["revoke", &leaf, "--key", story.key("planner").to_str().unwrap()]);
    let late = story.refund(&leaf, "r-992");
    let http = &story.server.http;
    let ran = story.cli.run(&["who", &late.action, "--json"]);
    let own = http.json(&format!("/v1/who?id={}", late.action));
    same(&ran.json(), &own);
    assert_eq!((ran.code, &own["outcome"]), (11, &json!("not-authorized")));
    let strict = http.json(&format!("/v1/who?id={}&profile=strict", refund.action));
    same(&story.cli.run(&["who", &refund.action, "--profile", "strict", "--json"]).json(), &strict);
    assert_eq!(strict["profile"]["name"], json!("strict"));
}

#[test]
fn what_nobody_authorizes_what_is_unknown_and_what_is_no_form_are_told_apart() {
    let story = Story::begin();
    let (_, leaf) = story.delegate();
    let http = &story.server.http;
    let key = http.json("/v1/statements?kind=key")["results"][0]["id"].as_str().unwrap().to_owned();
    let wrong = http.get(&format!("/v1/who?id={key}"));
    assert_eq!((wrong.status, wrong.code().as_str()), (422, "not-judgeable"));
    assert_eq!(http.get("/v1/who?id=no-such-action").status, 404);
    assert_eq!(http.get("/v1/who").code(), "bad-query");
    assert_eq!(http.get(&format!("/v1/who?id={leaf}&profile=mild")).code(), "bad-query");
    let form = http.request("GET", &format!("/v1/who?id={leaf}"), &[("accept", "image/png")], &[]).unwrap();
    assert_eq!((form.status, form.code().as_str()), (406, "not-acceptable"));
}
