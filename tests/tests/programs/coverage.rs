//! `writ coverage` and `GET /v1/coverage`: how much of what was done can be accounted for.

use serde_json::{Value, json};

use crate::harness::Story;

/// An action of the refund agent, with more in its body.
fn act(story: &Story, more: Value) -> String {
    let mut body = json!({
        "phase": "both", "outcome": "completed", "actor": "agent:refunds/7", "action": {"name": "payments:refund"},
        "resources": ["order/991"],
    });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    story.log("gateway", &[json!({"kind": "action", "body": body})])[0].clone()
}

/// The program's text, which must be what the server prints, and the program's about a mirror.
fn shown(story: &Story, asked: &[&str], route: &str) -> String {
    let words: Vec<&str> = ["coverage"].iter().chain(asked).copied().collect();
    let shown = story.cli.ok(&words).stdout;
    let same = story.server.http.request("GET", route, &[("accept", "text/plain")], &[]).unwrap().text();
    assert!(shown.starts_with(&same), "server and program print one text:\n{same}\n{shown}");
    let mirror = story.cli.home().join("mirror");
    let mirror = mirror.to_str().unwrap();
    story.cli.ok(&["mirror", mirror]);
    let read = story.cli.ok(&[&words[..], &["--mirror", mirror]].concat()).stdout;
    assert!(read.starts_with(&same), "a mirror gives the same answer:\n{same}\n{read}");
    let mut document = story.cli.ok(&[&words[..], &["--json"]].concat()).json();
    let read = story.cli.ok(&[&words[..], &["--json", "--mirror", mirror]].concat()).json();
    if let Some(since) = read.get("since") {
        document["since"] = since.clone(); // told from each one's now
    }
    assert_eq!(document, read, "in every field");
    shown
}

#[test]
fn what_cannot_be_accounted_for_is_counted_by_what_is_missing_and_by_who_acted() {
    let story = Story::begin();
    let (_, leaf) = story.delegate();
    let refund = story.refund(&leaf, "r-1");
    act(&story, json!({"delegation": leaf}));
    let loose = act(&story, json!({"actor": "agent:stray/1"}));
    act(&story, json!({"actor": "agent:stray/1"}));

    let answer = story.cli.ok(&["coverage", "--json"]).json();
    let total = &answer["total"];
    assert_eq!(total["actions"], json!(4));
    let outcomes = ["authorized", "not_authorized", "indeterminate", "unjudged"].map(|name| &total[name]);
    assert_eq!(outcomes, [&json!(1), &json!(2), &json!(1), &json!(0)], "{answer:#}");
    assert_eq!((&total["resolved"], &total["unattributed"]), (&json!(2), &json!(2)), "{answer:#}");
    assert_eq!((&total["undecided"], &answer["decision_missing"]), (&json!(3), &json!(3)));
    let agents: Vec<&str> =
        answer["agents"].as_array().unwrap().iter().map(|row| row["name"].as_str().unwrap()).collect();
    assert_eq!(agents, ["agent:stray/1", "agent:refunds/7"], "worst first");
    assert_eq!(answer["agents"][0]["example"]["id"], json!(loose));
    let of = |code: &str| {
        let found = answer["findings"].as_array().unwrap().iter().find(|found| found["code"] == code);
        found.unwrap_or_else(|| panic!("{code}: {answer:#}")).clone()
    };
    assert_eq!(
        (&of("root-unknown")["actions"], &of("root-unknown")["example"]["id"]),
        (&json!(2), &json!(loose))
    );
    assert_eq!((&answer["complete"], answer.get("next")), (&json!(true), None));

    // What the judge says of each is what is counted.
    assert_eq!(story.cli.run(&["who", &refund.action]).code, 0);
    assert_eq!(story.cli.run(&["who", &loose]).code, 11);

    let text = shown(&story, &[], "/v1/coverage");
    for words in [
        "✗ 1 of 4 actions authorized, 2 NOT AUTHORIZED, 1 indeterminate",
        "2 (50.0%) lead to a registered root, 2 (50.0%) UNATTRIBUTED",
        "3 (75.0%) WITHOUT: 3 with none at all",
        "agent:stray/1",
        "standard version",
        "Next: writ who",
        "is the server's word",
    ] {
        assert!(text.contains(words), "{words}:\n{text}");
    }
}

#[test]
fn answers_about_parts_are_added_up_to_the_answer_about_all() {
    let story = Story::begin();
    let (_, leaf) = story.delegate();
    story.refund(&leaf, "r-1");
    for number in 0..6 {
        act(&story, json!({"actor": format!("agent:stray/{}", number % 4)}));
    }
    let all = story.cli.ok(&["coverage", "--json"]).json();
    assert_eq!((&all["total"]["actions"], &all["agents_total"]), (&json!(7), &json!(5)), "{all:#}");
    let covered = json!({"from": 0, "to": all["as_of"]["size"]});
    assert_eq!((&all["covered"], &all["complete"]), (&covered, &json!(true)));
    let parts = story.cli.ok(&["coverage", "--at-once", "2", "--json"]).json();
    assert_eq!(parts, all, "in every field");
    let text = story.cli.ok(&["coverage", "--at-once", "3"]).stdout;
    assert_eq!(text, story.cli.ok(&["coverage"]).stdout);
    let mirror = story.cli.home().join("mirror");
    let mirror = mirror.to_str().unwrap();
    story.cli.ok(&["mirror", mirror]);
    assert_eq!(story.cli.ok(&["coverage", "--at-once", "2", "--mirror", mirror, "--json"]).json(), all);

    // The server says what its answer covers, and by which cursor it goes on.
    let http = &story.server.http;
    let first = http.json("/v1/coverage?limit=3");
    assert_eq!((&first["total"]["actions"], &first["complete"]), (&json!(3), &json!(false)));
    let to = first["covered"]["to"].as_u64().unwrap();
    assert!(to < all["as_of"]["size"].as_u64().unwrap(), "{first:#}");
    let next = first["next"].as_str().unwrap();
    let rest = http.json(&format!("/v1/coverage?cursor={next}"));
    assert_eq!((&rest["total"]["actions"], &rest["covered"]["from"]), (&json!(4), &json!(to)));
    let rest = story.cli.ok(&["coverage", "--page", next]).stdout;
    assert!(rest.contains(&format!("Covers   entries #{to} to #")), "a part is said to be one: {rest}");
    for wrong in ["limit=0", "limit=10001", "rows=0", "rows=x"] {
        assert_eq!(http.get(&format!("/v1/coverage?{wrong}")).status, 400, "{wrong}");
    }
    assert_eq!(http.json("/v1/coverage?rows=2")["agents"].as_array().unwrap().len(), 2);
}

#[test]
fn a_query_limits_what_is_judged_and_an_outcome_is_no_second_action() {
    let story = Story::begin();
    let (_, leaf) = story.delegate();
    let refund = story.refund(&leaf, "r-1");
    let attempt = json!({"phase": "attempt", "decision": refund.decision, "actor": "agent:refunds/7",
        "action": {"name": "payments:refund"}, "resources": ["order/991"]});
    let attempt = story.log("gateway", &[json!({"kind": "action", "body": attempt})])[0].clone();
    act(&story, json!({"phase": "outcome", "attempt": attempt}));
    act(&story, json!({"actor": "agent:stray/1"}));

    let total = |asked: &[&str]| {
        let words: Vec<&str> = ["coverage", "--json"].iter().chain(asked).copied().collect();
        story.cli.ok(&words).json()["total"]["actions"].as_u64().unwrap()
    };
    assert_eq!(total(&[]), 3, "the outcome is of the attempt");
    assert_eq!(total(&["agent:stray/1"]), 1);
    assert_eq!(total(&["outcome:completed"]), 3, "its attempt is not asked about");
    assert_eq!(total(&["--since", "1h"]), 3);
    assert_eq!(total(&["--until", "2020-01-01"]), 0);
    let text =
        shown(&story, &["agent:stray/1", "--since", "1h"], "/v1/coverage?q=agent:stray/1%20since:%221h%22");
    assert!(text.contains("0 of 1 action authorized"), "{text}");
    let none = story.cli.ok(&["coverage", "agent:nobody"]).stdout;
    assert!(none.starts_with("? 0 of 0 actions authorized\nAs of"), "{none}");
    let strict = story.cli.ok(&["coverage", "--profile", "strict", "--json"]).json();
    assert_eq!(strict["profiles"][0]["name"], json!("strict"));
}

#[test]
fn what_is_no_question_is_refused_with_the_place_of_the_fault() {
    let story = Story::begin();
    let ran = story.cli.run(&["coverage", "agent:a toool:b"]);
    assert!(ran.code == 2 && ran.stderr.contains("agent:a toool:b\n            ^"), "{ran}");
    let http = &story.server.http;
    let refused = http.get("/v1/coverage?q=toool:b");
    assert_eq!((refused.status, refused.code().as_str()), (400, "bad-query"));
    assert_eq!(http.get("/v1/coverage?profile=mine").status, 400);
    assert_eq!(http.get("/v1/coverage?cursor=00").status, 400);
    assert_eq!(http.request("GET", "/v1/coverage", &[("accept", "image/png")], &[]).unwrap().status, 406);
    assert!(story.cli.run(&["coverage", "--page", "00"]).code != 0);
    assert_eq!(story.cli.with_trust(None).run(&["coverage"]).code, 13);
}
