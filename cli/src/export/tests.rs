use std::path::Path;

use gateway::signer::Signer;
use keyfile::{Passphrases, SecretKey, write_new};
use proptest::prelude::*;
use schemas::ids::{LogId, StatementId};
use schemas::text::PrincipalId;
use serde_json::{Value, json};
use verifier::verdict::{Effect, Outcome};

use super::*;
use crate::exit::Exit;
use crate::render::who::tests::{Case, HOP, finding};

/// A key that is the same in every run, so that every id is.
const FIXED_KEY: &str = "-----BEGIN PRIVATE KEY-----\n\
    MC4CAQAwBQYDK2VwBCIEIAcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcH\n\
    -----END PRIVATE KEY-----\n";

const FORMATS: [Format; 3] = [Format::Prov, Format::Dot, Format::Mermaid];

/// The refund, with ids that are the same in every run.
fn fixed() -> Case {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("fixed.pem");
    write_new(&path, 0o600, FIXED_KEY.as_bytes()).unwrap();
    let key = SecretKey::read(&path, &Passphrases::new(None)).unwrap();
    Case::signed_by(&Signer::new(key, PrincipalId::new("gateway:mcp-eu-1").unwrap()), LogId::new([1; 32]))
}

fn expired() -> Case {
    let found = finding("hop-expired", Effect::NotAuthorized, (HOP, 5));
    fixed().with(Outcome::NotAuthorized, vec![found])
}

fn file(path: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)).unwrap()
}

fn prov(case: &Case, exit: Exit) -> Value {
    let document: Value = serde_json::from_str(&case.exported(Format::Prov, exit)).unwrap();
    let schema: Value = serde_json::from_str(&file("tests/prov/prov-json.schema.json")).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let errors: Vec<String> =
        validator.iter_errors(&document).map(|e| format!("{e} at {}", e.instance_path())).collect();
    assert!(errors.is_empty(), "{errors:?}\n{document:#}");
    assert_every_name_is_declared(&document);
    document
}

/// Every prefix in use stands under `prefix`, and every agent, entity and activity that a relation names is there.
fn assert_every_name_is_declared(document: &Value) {
    let prefixes = document["prefix"].as_object().unwrap();
    let records = |kind: &str| document[kind].as_object().cloned().unwrap_or_default();
    let (entities, agents, acts) = (records("entity"), records("agent"), records("activity"));
    for (kind, of_kind) in document.as_object().unwrap().iter().filter(|(kind, _)| *kind != "prefix") {
        for (name, record) in of_kind.as_object().unwrap() {
            for word in record.as_object().unwrap().keys().chain([name]) {
                let prefix = word.split_once(':').unwrap().0;
                assert!(prefix == "_" || prefixes.contains_key(prefix), "{word} of {kind}");
            }
            for (attribute, value) in record.as_object().unwrap() {
                let among = match attribute.as_str() {
                    "prov:entity" | "prov:plan" | "prov:influencee" => &entities,
                    "prov:agent" | "prov:delegate" | "prov:responsible" => &agents,
                    "prov:activity" | "prov:informed" | "prov:informant" | "prov:influencer" => &acts,
                    _ => continue,
                };
                assert!(among.contains_key(value.as_str().unwrap()), "{value} of {kind} is not there");
            }
        }
    }
}

fn only<'d>(document: &'d Value, kind: &str) -> &'d Value {
    let records = document[kind].as_object().unwrap();
    assert_eq!(records.len(), 1, "{kind}: {document:#}");
    records.values().next().unwrap()
}

#[test]
fn principals_are_agents_the_action_an_activity_and_the_hop_a_delegation_for_it() {
    let case = fixed();
    let document = prov(&case, Exit::Ok);
    let act = format!("act:{}", case.verdict.subject.id);
    let activity = &document["activity"][&act];
    assert_eq!((&activity["writ:authorized"], &activity["writ:pinned"]), (&json!(true), &json!(true)));
    assert_eq!(activity["writ:outcome"], "authorized");
    let behalf = only(&document, "actedOnBehalfOf");
    assert_eq!(behalf["prov:delegate"], "principal:agent%3Aa");
    assert_eq!(behalf["prov:responsible"], "principal:user%3Aalice");
    assert_eq!(behalf["prov:activity"], json!(act));
    assert_eq!(document["agent"]["principal:agent%3Aa"]["prov:label"], "agent:a");
    let plans = document["wasAssociatedWith"].as_object().unwrap().values();
    let plans: Vec<&str> = plans.map(|relation| relation["prov:plan"].as_str().unwrap()).collect();
    let named = |id: &StatementId| format!("statement:{id}");
    let relied: Vec<String> =
        case.verdict.relies_on.iter().map(|relied| named(relied.id.as_ref().unwrap())).collect();
    assert_eq!(plans, relied, "the decision and the approval");
    let plan = json!({"$": "prov:Plan", "type": "prov:QUALIFIED_NAME"});
    for entity in &relied {
        assert!(document["entity"][entity]["prov:type"].as_array().unwrap().contains(&plan), "{entity}");
    }
    assert!(document["entity"][named(&HOP)]["prov:type"].is_array(), "a hop is a statement too");
}

#[test]
fn a_hop_that_does_not_stand_is_told_of_and_delegates_nothing() {
    let document = prov(&expired(), Exit::NotAuthorized);
    assert!(document.get("actedOnBehalfOf").is_none(), "{document:#}");
    let hop = &document["entity"][format!("statement:{HOP}")];
    assert_eq!(hop["writ:standing"], "BROKEN");
    assert_eq!(
        hop["writ:finding"],
        json!(["hop-expired: what was found (expected a moment before 10, got 11\u{1b}[2J)"])
    );
    let activity = only(&document, "activity");
    assert_eq!((&activity["writ:authorized"], &activity["writ:exit"]), (&json!(false), &json!(11)));
    for format in [Format::Dot, Format::Mermaid] {
        let text = expired().exported(format, Exit::NotAuthorized);
        assert!(text.contains("NOT AUTHORIZED: action "), "{text}");
        let dashed = if format == Format::Dot { "style=dashed" } else { "-.->" };
        let hop = text.lines().find(|line| line.contains("BROKEN")).unwrap();
        assert!(hop.contains(dashed) && hop.contains("hop-expired"), "{text}");
        let acts = text.lines().find(|line| line.contains("\"acts\"")).unwrap();
        assert!(!acts.contains(dashed), "only the hop at fault is broken: {text}");
    }
}

#[test]
fn a_decision_that_denies_is_no_plan_and_what_is_missing_is_said() {
    let mut case = fixed();
    let denied = case.verdict.relies_on[0].id.unwrap();
    let stale = finding("decision-stale", Effect::NotAuthorized, (denied, 7));
    case.verdict.relies_on[1].id = None;
    let case = case.with(Outcome::NotAuthorized, vec![stale]);
    let document = prov(&case, Exit::NotAuthorized);
    assert!(only(&document, "wasAssociatedWith").get("prov:plan").is_none(), "{document:#}");
    assert!(
        only(&document, "actedOnBehalfOf").get("prov:activity").is_none(),
        "not for this act: {document:#}"
    );
    let missing = only(&document, "activity")["writ:missing"].as_array().unwrap();
    assert!(missing[0].as_str().unwrap().starts_with("approval "), "{missing:?}");
    assert!(case.exported(Format::Dot, Exit::NotAuthorized).contains("MISSING"));
}

#[test]
fn what_nobody_pinned_says_so_first() {
    let mut case = fixed();
    case.verdict.outcome = Outcome::Indeterminate;
    case.verdict.trust.pinned = false;
    for format in FORMATS {
        let text = case.exported(format, Exit::Untrusted);
        assert!(text.contains("NOT PINNED, INDETERMINATE: action "), "{text}");
        assert!(!text.contains("AUTHORIZED") && !text.contains("VALID"), "{text}");
    }
    assert_eq!(only(&prov(&case, Exit::Untrusted), "activity")["writ:pinned"], false);
}

#[test]
fn an_unknown_root_and_a_missing_hop_stand_in_their_place() {
    let mut case = fixed();
    case.verdict.principal.clear();
    assert!(case.exported(Format::Dot, Exit::Ok).contains("user:alice\\nUNKNOWN as a root"));
    let mut gone = finding("hop-missing", Effect::Indeterminate, (HOP, 5));
    gone.expected = "1111".into();
    let case = case.with(Outcome::Indeterminate, vec![gone]);
    let text = case.exported(Format::Mermaid, Exit::Indeterminate);
    assert!(
        text.contains("n0[\"delegation 1111<br/>MISSING\"]") && text.contains("n0 -.->|\"MISSING\"| n1"),
        "{text}"
    );
}

#[test]
fn the_same_verdict_is_always_written_alike() {
    for format in FORMATS {
        assert_eq!(fixed().exported(format, Exit::Ok), fixed().exported(format, Exit::Ok));
    }
}

/// `WRIT_WRITE_VECTORS=1` writes them anew.
#[test]
fn the_examples_in_the_docs_are_what_is_written() {
    let page = file("docs/export.md");
    let mut wanted = page.clone();
    for (fence, format, case, exit) in [
        ("```json\n", Format::Prov, fixed(), Exit::Ok),
        ("```dot\n", Format::Dot, expired(), Exit::NotAuthorized),
        ("```mermaid\n", Format::Mermaid, expired(), Exit::NotAuthorized),
    ] {
        let (before, rest) = wanted.split_once(fence).unwrap();
        let (_, after) = rest.split_once("```\n").unwrap();
        wanted = format!("{before}{fence}{}```\n{after}", case.exported(format, exit));
    }
    if std::env::var_os("WRIT_WRITE_VECTORS").is_some() {
        std::fs::write(Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/export.md"), &wanted).unwrap();
    }
    assert_eq!(file("docs/export.md"), wanted);
}

/// Reads the DOT that is written here: its lines with each quoted string cut out, and those strings as Graphviz shows them.
fn read_dot(text: &str) -> (String, Vec<String>) {
    let (mut bare, mut strings) = (String::new(), Vec::new());
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        if c != '"' {
            bare.push(c);
            continue;
        }
        let mut string = String::new();
        loop {
            match rest.next().expect("a string ends") {
                '"' => break,
                '\\' => match rest.next().expect("something is escaped") {
                    'n' => string.push('\n'),
                    other => string.push(other),
                },
                other => string.push(other),
            }
        }
        bare.push_str("\"\"");
        strings.push(string.replace("&amp;", "&"));
    }
    (bare, strings)
}

/// A Mermaid text with each label cut out, and the labels as they are shown.
fn read_mermaid(text: &str) -> (String, Vec<String>) {
    let mut parts = text.split('"');
    let mut bare = parts.next().unwrap().to_string();
    let mut labels = Vec::new();
    while let (Some(label), Some(after)) = (parts.next(), parts.next()) {
        let mut shown = String::new();
        let mut pieces = label.split('#');
        shown.push_str(pieces.next().unwrap());
        for piece in pieces {
            let (code, after) = piece.split_once(';').expect("an entity ends");
            shown.push(char::from_u32(code.parse().unwrap()).unwrap());
            shown.push_str(after);
        }
        let foreign = label.replace("<br/>", "");
        let is_title = foreign.contains(": action ");
        let special =
            ['<', '>', '%', '`', '\\', '&', ':', '*', '_', '[', ']', '{', '}', '|', '$', '=', '@', '.'];
        assert!(is_title || !foreign.contains(special), "{label}");
        labels.push(shown);
        bare.push_str("\"\"");
        bare.push_str(after);
    }
    (bare, labels)
}

fn named(name: &str, scope: &str) -> Case {
    let mut case =
        fixed().with(Outcome::NotAuthorized, vec![finding("hop-expired", Effect::NotAuthorized, (HOP, 5))]);
    let hop = &mut case.verdict.hops[0];
    (hop.delegator, hop.scope) = (name.into(), scope.into());
    case.verdict.principal = name.into();
    case.verdict.hops[0].findings[0].detail = scope.into();
    case
}

/// Foreign words, with a taste for what the formats mean something by.
fn foreign() -> impl Strategy<Value = String> {
    let pieces = prop_oneof![
        Just("\"".to_string()),
        Just("\\".to_string()),
        Just("\n".to_string()),
        Just("\\n\\N\\G".to_string()),
        Just("<b onload=\"x\">&lt;<br/>".to_string()),
        Just("\"]; n0 -> n0; x [label=\"".to_string()),
        Just("\"]\n  click n0 href \"javascript:x\"\n".to_string()),
        Just("%%{init: {}}%% end subgraph style a:#b; classDef x:#c;".to_string()),
        Just("`**x** _y_` 1. - # #quot; fa:fa-car $$x$$".to_string()),
        Just("\u{202e}\u{0}\u{1b}[31m\u{2028}".to_string()),
        any::<String>(),
    ];
    proptest::collection::vec(pieces, 1..5).prop_map(|pieces| format!("x{}", pieces.concat()))
}

fn as_shown(text: &str) -> String {
    crate::output::printable(&text.replace('\n', "\\u{a}"))
}

proptest! {
    #[test]
    fn no_name_breaks_out_of_its_label(name in foreign(), scope in foreign()) {
        let (plain, case) = (named("user:plain", "a scope"), named(&name, &scope));
        for (format, read) in [(Format::Dot, read_dot as fn(&str) -> _), (Format::Mermaid, read_mermaid)] {
            let text = case.exported(format, Exit::NotAuthorized);
            let (bare, labels) = read(&text);
            let (expected, _) = read(&plain.exported(format, Exit::NotAuthorized));
            prop_assert_eq!(&bare, &expected, "{}", text);
            prop_assert!(labels.contains(&as_shown(&name)), "{}", text);
            let scope = format!("scope {}", as_shown(&scope));
            prop_assert!(labels.iter().any(|label| label.contains(&scope)), "{}", text);
        }
        let document = prov(&case, Exit::NotAuthorized);
        let agents = document["agent"].as_object().unwrap();
        prop_assert!(agents.values().any(|agent| agent["prov:label"] == json!(name)));
    }
}
