//! `writ report`: what judging every action that fits came to, as text, HTML, JSON and SARIF.

use std::fs;

use serde_json::{Value, json};

use crate::harness::Story;

/// A refund that is authorized, and a payout that lies outside of the scope, on a resource with a hostile name.
fn log(story: &Story) -> (String, String) {
    let (_, delegation) = story.delegate();
    let refund = story.refund(&delegation, "r");
    let payout = json!({"kind": "action", "body": {
        "phase": "both", "outcome": "completed", "actor": "agent:refunds/7", "action": {"name": "payments:payout"},
        "resources": ["order/<img src=x onerror=alert(1)>"], "delegation": delegation, "decision": refund.decision,
    }});
    (refund.action, story.log("gateway", &[payout])[0].clone())
}

/// The report without what differs from one to the next, or between server and mirror.
fn lasting(mut report: Value) -> Value {
    for field in ["made", "evidence"] {
        report.as_object_mut().unwrap().remove(field).unwrap();
    }
    report
}

#[test]
fn a_report_from_the_server_and_from_a_mirror_say_the_same_as_who_does() {
    let story = Story::begin();
    let (refund, payout) = log(&story);
    let ran = story.cli.run(&["report", "agent:refunds/7", "--json"]);
    assert_eq!(ran.code, 11, "the worst verdict decides the end: {ran}");
    let report = ran.json();
    assert_eq!(report["schema"], "writ.report/1");
    assert_eq!(
        report["verdicts"],
        json!({"actions": 2, "authorized": 1, "not_authorized": 1, "indeterminate": 0, "unjudged": 0})
    );
    assert_eq!((&report["pinned"], &report["complete"]), (&json!(true), &json!(true)));
    let wrong = &report["actions"][0];
    assert_eq!((&wrong["id"], &wrong["principal"]), (&json!(payout), &json!("user:alice@corp")));
    let who = story.cli.run(&["who", &payout, "--json"]).json();
    assert_eq!(wrong["findings"], who["findings"]);
    let rules: Vec<&Value> = report["rules"].as_array().unwrap().iter().map(|rule| &rule["rule"]).collect();
    assert!(rules.contains(&&json!("scope-exceeded")), "{rules:?}");
    let owasp = report["frameworks"][0]["controls"].as_array().unwrap();
    assert!(owasp.iter().any(|control| control["id"] == "ASI02"), "{owasp:?}");

    let mirror = story.place.path().join("mirror");
    let mirror = mirror.to_str().unwrap();
    story.cli.ok(&["mirror", mirror]);
    let ran = story.cli.run(&["report", "agent:refunds/7", "--format", "json", "--mirror", mirror]);
    assert_eq!((ran.code, lasting(ran.json())), (11, lasting(report)), "{ran}");

    let good = story.cli.ok(&["report", "action:payments:refund", "--json"]).json();
    assert_eq!((&good["verdicts"]["authorized"], &good["actions"]), (&json!(1), &json!([])));
    let shown = story.cli.run(&["report"]).stdout;
    for words in
        ["2 actions: 1 authorized, 1 NOT AUTHORIZED", "Findings by rule", "scope-exceeded", "Next: writ who"]
    {
        assert!(shown.contains(words), "{words}: {shown}");
    }
    assert!(shown.contains(&payout[..12]) && !shown.contains(&format!("who {}", &refund[..12])), "{shown}");
}

#[test]
fn the_page_is_one_file_in_which_nothing_foreign_is_markup_and_sarif_names_each_finding() {
    let story = Story::begin();
    let (_, payout) = log(&story);
    let file = story.place.path().join("report.html");
    let name = file.to_str().unwrap();
    let ran = story.cli.run(&["report", "--format", "html", "-o", name]);
    assert_eq!(ran.code, 11, "written, whatever the end: {ran}");
    assert!(ran.stdout.is_empty() && ran.stderr.contains("wrote "), "{ran}");
    let page = fs::read_to_string(&file).unwrap();
    assert!(page.contains("&lt;img src=x onerror=alert(1)&gt;") && !page.contains("<img"), "{page}");
    for fetched in ["<script", "<link", "href=", "src=\"", "url("] {
        assert!(!page.contains(fetched), "{fetched}");
    }
    assert!(page.contains(&payout) && page.contains("ASI02: Tool Misuse and Exploitation"));
    let ran = story.cli.run(&["report", "--format", "html", "-o", name]);
    assert!(ran.code == 1 && ran.stderr.contains("file-exists"), "{ran}");

    let written = || -> Value {
        serde_json::from_str(&story.cli.run(&["report", "--format", "sarif"]).stdout).unwrap()
    };
    let sarif = written();
    let run = &sarif["runs"][0];
    let results = run["results"].as_array().unwrap();
    let found = results.iter().find(|result| result["ruleId"] == "scope-exceeded").unwrap();
    assert_eq!(found["level"], "error");
    assert_eq!(found["locations"][0]["logicalLocations"][0]["fullyQualifiedName"], json!(payout));
    let again = written();
    let prints = |sarif: &Value| sarif["runs"][0]["results"][0]["partialFingerprints"].clone();
    assert_eq!(prints(&sarif), prints(&again), "the same finding has the same fingerprint");
}

#[test]
fn a_report_that_makes_no_sense_or_is_not_pinned_says_so() {
    let story = Story::begin();
    log(&story);
    let ran = story.cli.run(&["report", "agent:a toool:b"]);
    assert!(ran.code == 2 && ran.stderr.contains("bad-query"), "{ran}");
    let ran = story.cli.run(&["report", "--since", "yesterday"]);
    assert!(ran.code == 2 && ran.stderr.contains("time-form"), "{ran}");
    let ran = story.cli.run(&["report", "--format", "html", "--json"]);
    assert_eq!((ran.code, &ran.json()["error"]["code"]), (2, &json!("not-json")), "{ran}");
    let none = story.cli.ok(&["report", "--until", "2020-01-01", "--json"]).json();
    assert_eq!(none["verdicts"]["actions"], 0);

    let nobody = story.cli.with_trust(None).run(&["report", "--format", "html"]);
    assert!(nobody.code == 13 && nobody.stdout.contains("NOT PINNED"), "{nobody}");
    let nobody = story.cli.with_trust(None).run(&["report", "--json"]).json();
    assert_eq!((&nobody["pinned"], &nobody["verdicts"]["authorized"]), (&json!(false), &json!(0)));
}
