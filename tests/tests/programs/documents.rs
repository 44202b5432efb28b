//! `GET /v1/report` and `GET /v1/export`: the server's own documents, by the code that `writ report` and `writ export` write theirs.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::harness::Story;

fn get(story: &Story, path: &str, accept: &str) -> (u16, String) {
    let headers: &[(&str, &str)] = if accept.is_empty() { &[] } else { &[("accept", accept)] };
    let answer = story.server.http.request("GET", path, headers, &[]).unwrap();
    (answer.status, answer.text())
}

/// The standard's schema, without a pattern that is no regular expression.
fn sarif_schema() -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("sarif/sarif-schema-2.1.0.json");
    let mut schema: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    for of in ["run", "toolComponent"] {
        schema["definitions"][of]["properties"]["language"].as_object_mut().unwrap().remove("pattern");
    }
    schema
}

/// A text without what differs between who wrote it and when: the moment, and on whose word it is.
fn told(text: &str) -> String {
    let made = regex::Regex::new(r"made [-0-9: .]+Z").unwrap();
    let lines = text.lines().filter(|line| !line.starts_with("As of") && !line.contains("On whose word"));
    made.replace_all(&lines.collect::<Vec<_>>().join("\n"), "made").into_owned()
}

#[test]
fn the_servers_report_says_what_the_programs_does_but_that_nobody_checked_it() {
    let story = Story::begin();
    let (_, leaf) = story.delegate();
    story.refund(&leaf, "r-1");
    story.refund(&"ab".repeat(32), "r-2");
    let own: Value = serde_json::from_str(&get(&story, "/v1/report", "").1).unwrap();
    let ran = story.cli.run(&["report", "--format", "json"]);
    let here: Value = serde_json::from_str(&ran.stdout).unwrap();
    for part in
        ["schema", "query", "verdicts", "coverage", "rules", "actions", "left_out", "frameworks", "complete"]
    {
        assert_eq!(own[part], here[part], "{part}");
    }
    assert_eq!((&own["evidence"], &own["pinned"]), (&json!("own"), &json!(false)));
    let text = get(&story, "/v1/report?format=text", "").1;
    assert_eq!(told(&text), told(&story.cli.run(&["report"]).stdout));
    assert!(text.contains("the server's own judgement of its own log"), "{text}");
    assert_eq!(told(&get(&story, "/v1/report", "text/plain").1), told(&text), "as is accepted");
    let (status, page) = get(&story, "/v1/report", "text/html");
    assert!(
        status == 200 && page.starts_with("<!DOCTYPE html>") && page.contains("THE SERVER'S WORD"),
        "{page}"
    );
    let sarif: Value =
        serde_json::from_str(&get(&story, "/v1/report?q=kind:action&format=sarif", "").1).unwrap();
    assert!(jsonschema::is_valid(&sarif_schema(), &sarif), "{sarif:#}");
    assert!(!sarif["runs"][0]["results"].as_array().unwrap().is_empty());
    for (path, accept, status) in [
        ("/v1/report?format=docx", "", 400),
        ("/v1/report?q=toool:x", "", 400),
        ("/v1/report", "image/png", 406),
        ("/v1/report", "image/png, */*", 200),
        ("/v1/report", "text/*;q=0.5", 200),
    ] {
        assert_eq!(get(&story, path, accept).0, status, "{path} {accept}");
    }
}

#[test]
fn the_servers_export_is_what_the_program_writes_but_that_nothing_is_pinned() {
    let story = Story::begin();
    let (_, leaf) = story.delegate();
    let action = story.refund(&leaf, "r-1").action;
    for (format, media) in
        [("dot", "text/vnd.graphviz"), ("mermaid", "text/vnd.mermaid"), ("prov", "application/json")]
    {
        let own = get(&story, &format!("/v1/export?id={action}&format={format}"), "").1;
        assert_eq!(get(&story, &format!("/v1/export?id={action}"), media).1, own, "as is accepted");
        let here = story.cli.ok(&["export", &action, "--format", format]).stdout;
        assert!(own.contains("NOT PINNED, AUTHORIZED: action"), "{own}");
        let own = own.replace("NOT PINNED, ", "").replace("CONSISTENT", "VALID");
        if format != "prov" {
            assert_eq!(own, here);
            continue;
        }
        let (own, here): (Value, Value) =
            (serde_json::from_str(&own).unwrap(), serde_json::from_str(&here).unwrap());
        for part in ["actedOnBehalfOf", "agent", "entity", "used", "prefix"] {
            assert_eq!(own[part], here[part], "{part}");
        }
        let act = own["activity"].as_object().unwrap().values().next().unwrap();
        assert_eq!((&act["writ:pinned"], &act["writ:outcome"]), (&json!(false), &json!("authorized")));
    }
    assert_eq!(get(&story, "/v1/export?id=no-such-action", "").0, 404);
    assert_eq!(get(&story, &format!("/v1/export?id={action}&format=svg"), "").0, 400);
    assert_eq!(get(&story, &format!("/v1/export?id={action}"), "image/svg+xml").0, 406);
}
