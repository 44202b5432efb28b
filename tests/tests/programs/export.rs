//! A judged chain for other tools: the same trust and the same end as `writ who`.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::harness::Story;

const FORMATS: [&str; 3] = ["prov", "dot", "mermaid"];

fn assert_prov(text: &str) -> Value {
    let document: Value = serde_json::from_str(text).unwrap();
    let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join("prov/prov-json.schema.json");
    let schema: Value = serde_json::from_str(&fs::read_to_string(schema).unwrap()).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let errors: Vec<String> = validator.iter_errors(&document).map(|e| e.to_string()).collect();
    assert!(errors.is_empty(), "{errors:?}\n{text}");
    document
}

fn activity(document: &Value) -> &Value {
    document["activity"].as_object().unwrap().values().next().unwrap()
}

#[test]
fn a_chain_is_exported_as_it_is_judged_from_the_server_a_bundle_and_a_mirror() {
    let story = Story::begin();
    let action = story.refund(&story.delegate().1, "r").action;
    let path = |name: &str| story.place.path().join(name).to_str().unwrap().to_string();
    let (bundle, mirror) = (path("r.bundle"), path("mirror"));
    story.cli.ok(&["bundle", "create", &action, "-o", &bundle]);
    story.cli.ok(&["mirror", &mirror]);
    for format in FORMATS {
        let online = story.cli.ok(&["export", &action, "--format", format]).stdout;
        let offline = story.cli.ok(&["export", "--bundle", &bundle, "--format", format]).stdout;
        assert_eq!(online, offline, "the same verdict is written alike");
        let copied = story.cli.ok(&["export", &action, "--format", format, "--mirror", &mirror]).stdout;
        let told = |text: &str| text.replace("\"recomputed\"", "\"asserted\"");
        assert_eq!(told(&online), told(&copied));
        assert!(online.contains("AUTHORIZED: action "), "{online}");
    }
    let document = assert_prov(&story.cli.ok(&["export", &action, "--format", "prov"]).stdout);
    assert_eq!(activity(&document)["writ:authorized"], true);
    let hops = document["actedOnBehalfOf"].as_object().unwrap();
    let hops: Vec<&Value> = hops.values().map(|hop| &hop["prov:delegate"]).collect();
    assert_eq!(hops, ["principal:agent%3Aplanner", "principal:agent%3Arefunds/7"]);

    let nobody = story.cli.with_trust(None);
    for format in FORMATS {
        let ran = nobody.run(&["export", "--bundle", &bundle, "--format", format]);
        assert_eq!(ran.code, 13, "{ran}");
        assert!(ran.stdout.contains("NOT PINNED") && !ran.stdout.contains("AUTHORIZED"), "{ran}");
    }
    let nobody = assert_prov(&nobody.run(&["export", "--bundle", &bundle, "--format", "prov"]).stdout);
    let said = activity(&nobody);
    assert_eq!((&said["writ:authorized"], &said["writ:pinned"]), (&json!(false), &json!(false)));
}

#[test]
fn what_is_not_authorized_or_not_there_ends_as_it_does_with_who() {
    let story = Story::begin();
    let (_, delegation) = story.delegate();
    let refund = story.refund(&delegation, "r");
    let asked = json!({"kind": "action", "body": {
        "phase": "both", "outcome": "completed", "actor": "agent:refunds/7", "action": {"name": "payments:payout"},
        "resources": ["order/991"], "delegation": delegation, "decision": refund.decision,
    }});
    let action = story.log("gateway", &[asked])[0].clone();
    assert_eq!(story.cli.run(&["who", &action]).code, 11);
    for format in FORMATS {
        let ran = story.cli.run(&["export", &action, "--format", format]);
        assert_eq!(ran.code, 11, "{ran}");
        assert!(
            ran.stdout.contains("NOT AUTHORIZED: action ") && ran.stdout.contains("scope-exceeded"),
            "{ran}"
        );
    }
    let document = assert_prov(&story.cli.run(&["export", &action, "--format", "prov"]).stdout);
    assert_eq!(activity(&document)["writ:authorized"], false);
    assert_eq!(story.cli.run(&["export", &"ab".repeat(32), "--format", "dot"]).code, 14);
    assert_eq!(story.cli.run(&["export", "--format", "dot"]).code, 2, "an ID or a bundle");
    assert_eq!(story.cli.run(&["export", &action]).code, 2, "a format");
    let ran = story.cli.run(&["export", &action, "--format", "dot", "--json"]);
    assert_eq!((ran.code, &ran.json()["error"]["code"]), (2, &json!("not-json")), "{ran}");
}

#[test]
fn an_export_is_written_once_and_says_what_was_judged() {
    let story = Story::begin();
    let action = story.refund(&story.delegate().1, "r").action;
    let file = story.place.path().join("chain.mmd");
    let name = file.to_str().unwrap();
    let ran = story.cli.ok(&["export", &action, "--format", "mermaid", "-o", name]);
    assert!(ran.stdout.starts_with("AUTHORIZED: action ") && ran.stdout.contains(name), "{ran}");
    let written = fs::read_to_string(&file).unwrap();
    assert_eq!(written, story.cli.ok(&["export", &action, "--format", "mermaid"]).stdout);
    let ran = story.cli.run(&["export", &action, "--format", "dot", "-o", name]);
    assert!(ran.code == 1 && ran.stderr.contains("file-exists"), "{ran}");
    assert_eq!(fs::read_to_string(&file).unwrap(), written);
    let ran = story.cli.ok(&["export", &action, "--format", "dot", "-o", name, "--force", "--json"]);
    assert_eq!(ran.json()["schema"], "writ.exported/1", "{ran}");
    assert!(fs::read_to_string(&file).unwrap().starts_with("digraph"));
}

#[test]
fn graphviz_draws_what_is_written() {
    let Ok(mut dot) = Command::new("dot").arg("-Tsvg").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()
    else {
        println!("skipped: `dot` is not installed");
        return;
    };
    let story = Story::begin();
    let action = story.refund(&story.delegate().1, "r").action;
    let text = story.cli.ok(&["export", &action, "--format", "dot"]).stdout;
    dot.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let drawn = dot.wait_with_output().unwrap();
    let svg = String::from_utf8(drawn.stdout).unwrap();
    assert!(drawn.status.success() && svg.contains("agent:refunds/7") && svg.contains("AUTHORIZED"), "{svg}");
}
