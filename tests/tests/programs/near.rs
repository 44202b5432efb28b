//! What is said where nothing, or several things, are called as was asked: near matches and candidates, from server and mirror.

use serde_json::{Value, json};

use crate::harness::{Person, Story};

const USAGE: i32 = 2;
const NOT_FOUND: i32 = 14;

/// Every verb that takes the name of a statement, and may be asked without a file.
const VERBS: [&[&str]; 8] = [
    &["who"],
    &["why"],
    &["chain"],
    &["uses"],
    &["show"],
    &["lookup"],
    &["export", "--format", "prov"],
    &["diff"],
];

/// What an answer calls near.
fn near(story: &Story, path: &str) -> Vec<String> {
    let answer = story.server.http.get(path);
    assert_eq!((answer.status, answer.code().as_str()), (404, "not-found"), "{path}: {}", answer.text());
    let names = answer.json()["near"].as_array().cloned().unwrap_or_default();
    names.iter().map(|near| near["name"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn every_verb_says_what_is_near_to_a_name_that_means_nothing_with_and_without_a_server() {
    let story = Story::begin();
    let (_, leaf) = story.delegate();
    let refund = story.refund(&leaf, "refund-991");
    let mirror = story.cli.home().join("mirror");
    let mirror = mirror.to_str().unwrap();
    story.cli.ok(&["mirror", mirror]);
    let id = &refund.action;
    let other = if &id[20..21] == "0" { "1" } else { "0" };
    let slip = format!("{}{other}", &id[..20]);
    for verb in VERBS {
        for (name, meant) in
            [("refund-919", "request:refund-991"), ("request:refund-99", "request:refund-991"), (&slip, id)]
        {
            let asked = [&verb[..1], &[name], &verb[1..]].concat();
            for more in [&[][..], &["--mirror", mirror]] {
                if verb == ["show"] && !more.is_empty() {
                    continue;
                }
                let ran = story.cli.run(&[&asked[..], more].concat());
                assert_eq!(ran.code, NOT_FOUND, "{asked:?} {more:?}: {ran}");
                assert!(ran.stderr.contains(&format!("near      {meant} (#")), "{asked:?} {more:?}: {ran}");
            }
            let told = story.cli.run(&[&asked[..], &["--json"]].concat()).json();
            assert_eq!(told["error"]["near"][0]["name"], json!(meant), "{told:#}");
        }
    }
    for route in [
        "who?id",
        "why?id",
        "chain?id",
        "uses?id",
        "lookup?id",
        "resolve?id",
        "diff?a",
        "bundles?subject",
        "blast?of",
        "what-if?id",
        "effect?of",
    ] {
        assert_eq!(near(&story, &format!("/v1/{route}=refund-919"))[0], "request:refund-991", "{route}");
    }
    assert!(near(&story, "/v1/who?id=no-such-thing-at-all").is_empty());
}

#[test]
fn a_slip_of_the_finger_is_found_however_long_ago_it_was_and_only_what_the_question_takes_is_said() {
    let story = Story::begin();
    Person::new(9, "service:desk").write_key(story.place.path(), "desk.pem");
    story.register("desk", "service:desk", "authority=user:**");
    let open = json!({"op": "open", "owner": "user:alice@corp"});
    story.log("desk", &[json!({"kind": "task", "task": "refunds-q4", "body": open})]);
    let (_, leaf) = story.delegate();
    let refund = story.refund(&leaf, "refund-991");
    let act = |number: u64| {
        json!({"kind": "action", "body": {
            "phase": "attempt", "actor": "agent:busy", "action": {"name": "x:y"}, "resources": [format!("r/{number}")],
            "attempted_at": 1_700_000_000_000_u64 + number,
        }})
    };
    let many: Vec<Value> = (0..600).map(act).collect();
    story.log("gateway", &many);
    for slip in ["refund-99", "refund-9912", "refund-992", "refnud-991", "REFUND-991"] {
        assert_eq!(near(&story, &format!("/v1/who?id={slip}")), ["request:refund-991"], "{slip}");
    }
    let id = &refund.action;
    let other = if &id[3..4] == "0" { "1" } else { "0" };
    let slip = format!("{}{other}{}", &id[..3], &id[4..]);
    assert_eq!(near(&story, &format!("/v1/who?id={slip}")), std::slice::from_ref(id), "another fourth digit");
    assert_eq!(near(&story, "/v1/chain?id=refunds-q5")[0], "refunds-q4");
    assert!(near(&story, "/v1/who?id=refunds-q5").is_empty(), "nobody authorizes a task");
    assert_eq!(near(&story, "/v1/blast?of=agent:planer"), ["agent:planner"]);
    assert_eq!(near(&story, "/v1/authority?principal=agent:planer"), ["agent:planner"]);
    let ran = story.cli.run(&["blast", "agent:planer"]);
    assert!(ran.code == NOT_FOUND && ran.stderr.contains("near      agent:planner (#"), "{ran}");
    let ran = story.cli.run(&["chain", "task:refunds-q5"]);
    assert!(ran.code == NOT_FOUND && ran.stderr.contains("near      refunds-q4 (#"), "{ran}");
}

#[test]
fn every_verb_lists_the_statements_that_a_name_can_mean() {
    let story = Story::begin();
    let (_, leaf) = story.delegate();
    let both = ["r-1", "r-1"].map(|request| story.refund(&leaf, request));
    for verb in VERBS.iter().filter(|verb| **verb != ["lookup"]) {
        let asked = [&verb[..1], &["r-1"], &verb[1..]].concat();
        let ran = story.cli.run(&asked);
        assert_eq!(ran.code, USAGE, "{ran}");
        for refund in &both {
            let begin = &refund.action[..12];
            assert!(ran.stderr.contains(begin), "{asked:?}: {ran}");
        }
    }
    for route in ["who?id", "chain?id", "uses?id", "bundles?subject"] {
        let answer = story.server.http.get(&format!("/v1/{route}=r-1"));
        assert_eq!((answer.status, answer.code().as_str()), (409, "ambiguous-id"), "{route}");
        let ids: Vec<Value> =
            answer.json()["candidates"].as_array().unwrap().iter().map(|row| row["id"].clone()).collect();
        for refund in &both {
            assert!(
                ids.contains(&json!(refund.action)) && ids.contains(&json!(refund.decision)),
                "{route}: {ids:?}"
            );
        }
    }
}
