//! Looking for statements as a person does.

use serde_json::json;

use crate::harness::{Refund, Story};

#[test]
fn a_query_of_qualifiers_is_answered_page_by_page_and_its_moments_are_said_back() {
    let story = Story::begin();
    let (root, leaf) = story.delegate();
    let Refund { action, decision } = story.refund(&leaf, "req-1");
    let other = story.refund(&leaf, "req-2");
    let ids = |query: &[&str]| {
        let found = story.cli.ok(&[&["search", "--json"], query].concat()).json();
        let ids =
            found["results"].as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap().to_owned());
        ids.collect::<Vec<_>>()
    };
    assert_eq!(ids(&["agent:refunds/7 kind:action"]), [action.clone(), other.action.clone()]);
    assert_eq!(ids(&["agent:refunds/7 kind:action", "--newest"]), [other.action.clone(), action.clone()]);
    assert_eq!(ids(&["req-1"]), [decision.clone(), action.clone()], "a foreign id");
    assert_eq!(ids(&["req-1 outcome:completed"]), std::slice::from_ref(&action));
    assert_eq!(ids(&["policy:opa:refunds -req-2"]), std::slice::from_ref(&decision));
    assert_eq!(ids(&[&root[..16]]), std::slice::from_ref(&root), "the beginning of an id");
    assert!(ids(&["kind:action resource:order/* -action:payments:*"]).is_empty());
    assert_eq!(ids(&["--kind", "action", "req-2"]), std::slice::from_ref(&other.action), "options and words");

    let first = story.cli.ok(&["search", "kind:action", "--since", "2h", "--limit", "1", "--json"]).json();
    assert_eq!((&first["truncated"], first["since"].is_u64()), (&json!(true), true), "{first}");
    let next = first["next"].as_str().unwrap();
    story.refund(&leaf, "req-3");
    let page = ["search", "kind:action", "--since", "2h", "--limit", "1", "--page", next, "--json"];
    let second = story.cli.ok(&page).json();
    assert_eq!(second["results"][0]["id"], json!(other.action));
    assert_eq!(second["truncated"], json!(false), "pages stay at the size of the first: {second}");
    assert_eq!(second["since"], first["since"], "2h means the same on every page");
    let text = story.cli.ok(&["search", "kind:action since:2023-01-01 until:2100-01-01"]);
    let path = "/v1/statements?q=kind:action%20since:2023-01-01%20until:2100-01-01";
    let same = story.server.http.request("GET", path, &[("accept", "text/plain")], &[]).unwrap();
    assert_eq!(same.text(), text.stdout, "the server prints the same");
    let last = text.stdout.lines().last().unwrap();
    assert!(last.contains(" from 20") && last.contains("until 2100-01-01 00:00:00Z"), "{text}");
}

#[test]
fn a_bad_query_ends_with_2_a_mark_under_the_fault_and_an_example() {
    let story = Story::begin();
    let ran = story.cli.run(&["search", "agent:a toool:b"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{ran}");
    assert!(ran.stderr.contains("byte 8") && ran.stderr.contains("try       writ search '"), "{ran}");
    let lines: Vec<&str> = ran.stderr.lines().collect();
    let at = lines.iter().position(|line| line.ends_with('^')).unwrap();
    assert_eq!(lines[at].find('^'), lines[at - 1].find("toool"), "{ran}");
    let ran = story.cli.run(&["search", "resource:orders/*", "--json"]);
    let error = &ran.json()["error"];
    assert_eq!((ran.code, &error["code"], &error["position"]), (2, &json!("bad-query"), &json!(9)));
    assert_eq!(story.cli.run(&["search", "agent:a", "--since", "yesterday"]).code, 2);
}
