//! The main job: statements are signed, posted and logged, and "who authorized this?" is answered and checked from outside.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::harness::{Place, Refund, Server, Story, copy_folder};

fn fields(value: &Value) -> BTreeSet<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

fn codes(verdict: &Value) -> Vec<&str> {
    verdict["findings"].as_array().unwrap().iter().map(|finding| finding["code"].as_str().unwrap()).collect()
}

#[test]
fn an_action_within_its_delegations_is_authorized_and_after_their_withdrawal_it_is_not() {
    let story = Story::begin();
    let (root, leaf) = story.delegate();
    let Refund { action, decision } = story.refund(&leaf, "before");
    let ran = story.cli.run(&["who", &action, "--json"]);
    assert_eq!(ran.code, 0, "{ran}");
    let verdict = ran.json();
    assert_eq!(verdict["subject"], json!({"id": action, "kind": "action", "index": 10}));
    assert_eq!(
        (&verdict["outcome"], &verdict["principal"]),
        (&json!("authorized"), &json!("user:alice@corp"))
    );
    assert_eq!((&verdict["decision"], &verdict["complete"]), (&json!("permit"), &json!(true)));
    assert_eq!(verdict["findings"], json!([]));
    let hops = verdict["hops"].as_array().unwrap();
    let ends: Vec<_> = hops
        .iter()
        .map(|hop| {
            (
                hop["id"].as_str().unwrap(),
                hop["delegator"].as_str().unwrap(),
                hop["delegatee"].as_str().unwrap(),
            )
        })
        .collect();
    let expected = [
        (root.as_str(), "user:alice@corp", "agent:planner"),
        (leaf.as_str(), "agent:planner", "agent:refunds/7"),
    ];
    assert_eq!(ends, expected, "the root comes first");
    assert!(hops.iter().all(|hop| hop["assurance"] == "signed" && hop["via"] == "statement"), "{hops:?}");

    let ran = story.cli.ok(&["who", &action]);
    for words in ["AUTHORIZED", "user:alice@corp", "agent:planner", "agent:refunds/7", "VALID", "order/991"] {
        assert!(ran.stdout.contains(words), "{words}: {ran}");
    }
    assert!(ran.stderr.is_empty(), "{ran}");

    let revoke = story.cli.ok(&[
        "revoke",
        &root,
        "--key",
        story.key("alice").to_str().unwrap(),
        "--cause",
        "exposed",
        "--json",
    ]);
    let revocation = revoke.json()["results"][0]["id"].clone();
    let late = story.refund(&leaf, "after").action;
    let ran = story.cli.run(&["who", &late, "--json"]);
    assert_eq!(ran.code, 11, "{ran}");
    let verdict = ran.json();
    assert_eq!(
        (&verdict["outcome"], &verdict["principal"]),
        (&json!("not-authorized"), &json!("user:alice@corp"))
    );
    assert_eq!(codes(&verdict), ["revoked"]);
    assert_eq!(verdict["findings"][0]["statement"], json!(root), "which hop is broken: {verdict}");
    assert_eq!(verdict["hops"][0]["findings"][0]["code"], "revoked");
    assert!(verdict["hops"][1]["findings"].as_array().unwrap().is_empty());
    assert!(revocation.is_string());
    let ran = story.cli.run(&["who", &late]);
    assert_eq!(ran.code, 11);
    for words in ["NOT AUTHORIZED", "BROKEN", "revoked", "exposed", "Exit     11"] {
        assert!(ran.stdout.contains(words), "{words}: {ran}");
    }
    // What was done before stands, and so does its decision.
    assert_eq!(story.cli.run(&["who", &action]).code, 0);
    assert_eq!(story.cli.run(&["who", &decision]).code, 0);
    assert_eq!(story.cli.run(&["verify", "log"]).code, 0);
    story.server.stop();
    assert_eq!(story.place.fsck().code, 0);
}

#[test]
fn the_verdict_has_the_fields_that_were_agreed() {
    let story = Story::begin();
    let (root, leaf) = story.delegate();
    story.cli.ok(&["revoke", &root, "--key", story.key("alice").to_str().unwrap()]);
    let action = story.refund(&leaf, "r").action;
    let verdict = story.cli.run(&["who", &action, "--json"]).json();
    let set = |names: &[&'static str]| names.iter().copied().collect::<BTreeSet<_>>();
    let all = [
        "schema",
        "subject",
        "outcome",
        "principal",
        "decision",
        "moment",
        "hops",
        "relies_on",
        "findings",
        "profile",
        "trust",
        "as_of",
        "complete",
        "absence",
        // Beyond what was agreed: what was checked on the way, and the exit code that follows.
        "checks",
        "exit",
    ];
    assert_eq!(fields(&verdict), set(&all));
    assert_eq!(verdict["schema"], "writ.who/1");
    assert_eq!(fields(&verdict["subject"]), set(&["id", "kind", "index"]));
    assert_eq!(fields(&verdict["moment"]), set(&["at", "established"]));
    assert_eq!(fields(&verdict["profile"]), set(&["name", "version"]));
    assert_eq!(fields(&verdict["as_of"]), set(&["origin", "size", "root", "time"]));
    // `relies_on`, `scope`, `at` and `effect` go beyond what was agreed: what the subject names beside its hops, what a hop
    // hands on and when, and what a finding does to the outcome.
    assert_eq!(fields(&verdict["relies_on"][0]), set(&["kind", "name", "id", "index"]));
    let hop = ["id", "index", "delegator", "delegatee", "via", "assurance", "findings", "scope", "at"];
    assert_eq!(fields(&verdict["hops"][0]), set(&hop));
    let finding = ["code", "severity", "statement", "index", "expected", "got", "detail", "effect"];
    assert_eq!(fields(&verdict["findings"][0]), set(&finding));
}

#[test]
fn without_trust_or_with_the_wrong_one_the_answer_is_printed_and_does_not_count() {
    let story = Story::begin();
    let action = story.refund(&story.delegate().1, "r").action;
    for args in [vec!["who", &action], vec!["who", &action, "--recompute"]] {
        let json = [args.as_slice(), &["--json"]].concat();
        let nobody = story.cli.with_trust(None);
        let ran = nobody.run(&json);
        assert_eq!(ran.code, 13, "{ran}");
        assert_eq!(
            (&ran.json()["outcome"], &ran.json()["trust"]["pinned"]),
            (&json!("indeterminate"), &json!(false))
        );
        let ran = nobody.run(&args);
        assert!(
            ran.code == 13 && ran.stdout.contains("NOT PINNED") && ran.stderr.contains("--trust"),
            "{ran}"
        );
        assert!(!ran.stdout.contains("AUTHORIZED"), "nothing must say so: {ran}");
    }

    let other = Place::init();
    let wrong = story.cli.with_trust(Some(&other.trust()));
    let ran = wrong.run(&["who", &action, "--json"]);
    assert_eq!(ran.code, 13, "{ran}");
    assert_eq!(
        (&ran.json()["outcome"], &ran.json()["trust"]["pinned"]),
        (&json!("indeterminate"), &json!(false))
    );
    for policy in [other.policy(), story.place.policy()] {
        let key = policy.logs()[0].key.id().to_string();
        assert!(ran.stderr.contains(&key), "names key {key}: {ran}");
    }
    let missing = story.cli.with_trust(Some(&other.path().join("nowhere.policy")));
    let ran = missing.run(&["who", &action, "--json"]);
    assert!(ran.code == 13 && ran.json()["outcome"] == "indeterminate", "{ran}");
    let verify = story.cli.with_trust(None).run(&["verify", "log", "--json"]);
    assert_eq!(verify.code, 13, "{verify}");
}

#[test]
fn show_and_search_answer_without_trust_and_end_with_13() {
    let story = Story::begin();
    let action = story.refund(&story.delegate().1, "r").action;
    let other = Place::init();
    let nowhere = other.path().join("nowhere.policy");
    for trust in [None, Some(nowhere.as_path()), Some(other.trust().as_path())] {
        let cli = story.cli.with_trust(trust);
        let ran = cli.run(&["show", &action, "--json"]);
        assert_eq!((ran.code, &ran.json()["id"]), (13, &json!(action)), "{trust:?}: {ran}");
        assert_eq!(
            (&ran.json()["inclusion"], &ran.json()["trust"]["pinned"]),
            (&json!("unpinned"), &json!(false))
        );
        assert!(!ran.stderr.is_empty(), "says why: {ran}");
        let ran = cli.run(&["show", &action]);
        assert!(
            ran.code == 13 && ran.stdout.contains("NOT PINNED") && !ran.stdout.contains("PROVED"),
            "{ran}"
        );
        let ran = cli.run(&["search", "--kind", "action", "--json"]);
        assert_eq!((ran.code, &ran.json()["results"][0]["id"]), (13, &json!(action)), "{trust:?}: {ran}");
        assert_eq!(ran.json()["trust"]["pinned"], json!(false));
        let ran = cli.run(&["search", "--kind", "action"]);
        assert!(ran.code == 13 && ran.stdout.contains("NOT PINNED") && !ran.stderr.is_empty(), "{ran}");
    }
    let shown = story.cli.ok(&["show", &action, "--json"]).json();
    assert_eq!(fields(&shown["as_of"]), ["origin", "size", "root", "time"].into());
    assert_eq!((&shown["inclusion"], &shown["trust"]["pinned"]), (&json!("proved"), &json!(true)));
    assert_eq!(shown["as_of"]["size"], json!(story.server.http.size()));
    let text = story.cli.ok(&["show", &action]);
    assert!(text.stdout.contains("as of      size"), "{text}");
    let found = story.cli.ok(&["search", "--kind", "action"]);
    let last = found.stdout.lines().last().unwrap();
    assert!(last.contains("per the server") && !last.contains("complete"), "{found}");
}

#[test]
fn search_on_a_log_that_was_rolled_back_prints_the_answer_and_ends_with_15() {
    let Story { place, server, cli } = Story::begin();
    server.stop();
    copy_folder(&place.data(), &place.path().join("older"));
    std::fs::copy(place.anchor(), place.path().join("older.anchor")).unwrap();
    let server = place.serve();
    let cli = cli.with_server(&format!("http://{}", server.http.address));
    let story = Story { place, server, cli };
    story.delegate();
    story.cli.ok(&["search", "--kind", "delegation"]);
    let Story { place, server, cli } = story;
    server.stop();
    let older = Server::start(&place.path().join("older"), &place.path().join("older.anchor")).unwrap();
    let cli = cli.with_server(&format!("http://{}", older.http.address));
    let ran = cli.run(&["search", "--kind", "key", "--json"]);
    assert_eq!((ran.code, &ran.json()["error"]["code"]), (15, &json!("rollback")), "{ran}");
    assert!(ran.json()["count"].as_u64() > Some(0) && ran.json()["trust"]["pinned"] == false, "{ran}");
}

#[test]
fn search_shows_the_time_that_it_filters_by() {
    let story = Story::begin();
    let hop = json!({"delegator": "user:alice@corp", "delegatee": "agent:planner", "scope": []});
    let at = 1_700_000_000_000_u64;
    story.log("alice", &[json!({"kind": "delegation", "at": at, "body": hop})]);
    let until = ["search", "--kind", "delegation", "--until", "2023-11-15"];
    let found = story.cli.ok(&until);
    assert!(found.stdout.contains("2023-11-14 22:13:20Z"), "{found}");
    let found = story.cli.ok(&[&until[..], &["--json"]].concat()).json();
    let row = &found["results"][0];
    assert!(row["at"] == at && row["time"].as_u64() > Some(at), "{found}");
}

#[test]
fn an_id_is_a_full_id_then_a_foreign_id_then_a_prefix() {
    let story = Story::begin();
    let (_, leaf) = story.delegate();
    let one = story.refund(&leaf, "req-1");
    let subject = |id: &str| {
        let ran = story.cli.run(&["who", id, "--json"]);
        assert_eq!(ran.code, 0, "{id}: {ran}");
        ran.json()["subject"]["id"].as_str().unwrap().to_owned()
    };
    assert_eq!(subject(&one.action), one.action);
    assert_eq!(subject(&one.action[..8]), one.action);
    assert_eq!(subject(&one.action[..63]), one.action);
    assert_eq!(subject("req-1"), one.action, "the action before the decision");

    let two = story.refund(&leaf, "req-1");
    for args in [["who", "req-1"], ["show", "req-1"]] {
        let ran = story.cli.run(&args);
        assert_eq!(ran.code, 2, "{ran}");
        assert!(
            ran.stderr.contains(&one.action[..12]) && ran.stderr.contains(&two.action[..12]),
            "lists both: {ran}"
        );
    }
    let failure = story.cli.run(&["show", "req-1", "--json"]).json();
    let rows = failure["error"]["candidates"].as_array().unwrap();
    let listed: Vec<&str> = rows.iter().map(|row| row["id"].as_str().unwrap()).collect();
    for refund in [&one, &two] {
        assert!(
            listed.contains(&refund.action.as_str()) && listed.contains(&refund.decision.as_str()),
            "{failure}"
        );
    }
    assert!(rows.iter().all(|row| row["tenant"] == "default" && row["at"].is_u64()), "{failure}");

    assert_eq!(subject(&one.action.to_ascii_uppercase()), one.action, "hex digits in capitals");
    let index = story.cli.run(&["who", &one.action, "--json"]).json()["subject"]["index"].clone();
    assert_eq!(subject(&format!("#{index}")), one.action, "a place in the log");
    assert_eq!(story.cli.ok(&["show", &format!("#{index}"), "--json"]).json()["id"], json!(one.action));
    assert_eq!(story.cli.run(&["show", "#999999"]).code, 14);
    assert_eq!(story.cli.run(&["who", ""]).code, 2, "an empty ID is a mistake of whoever asks");

    for unknown in ["0".repeat(64).as_str(), "0123456789abcdef", "no-such-request", &one.action[..7]] {
        let ran = story.cli.run(&["who", unknown, "--json"]);
        assert_eq!(ran.code, 14, "{unknown}: {ran}");
        assert_eq!(ran.json()["schema"], "writ.error/1");
        // Too short for a prefix, but long enough to be near to what it begins.
        let next = if unknown.len() == 7 { one.action.as_str() } else { "TYPE:VALUE" };
        assert!(ran.stderr.contains(next), "says what to do next: {ran}");
    }
}
