use std::collections::BTreeSet;

use schemas::tree::TreeHash;
use serde_json::Value;
use verifier::rules::RULES;
use verifier::verdict::{
    Severity, Subject, SubjectKind, VERDICT_SCHEMA, VerdictMoment, VerdictProfile, VerdictTrust,
};

use super::tally::Tally;
use super::*;

/// Holds a report against the checked-in schema of its name.
fn assert_described(report: &Report) {
    let document = serde_json::to_value(report).unwrap();
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/json/writ.report-1.schema.json");
    let schema: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let errors: Vec<String> = validator.iter_errors(&document).map(|e| e.to_string()).collect();
    assert!(errors.is_empty(), "{errors:?}");
}

/// Markup, a link, a placeholder, a control character and a word that is written from right to left.
const HOSTILE: &str = "<script>alert(1)</script>\"'&[x](http://e){0}\u{1b}[31m\u{202e}<img src=x onerror=y>";

fn finding(code: &'static str, effect: Effect) -> Finding {
    let severity = if effect == Effect::None { Severity::Warning } else { Severity::Error };
    let (expected, got, detail) = (HOSTILE.into(), HOSTILE.into(), HOSTILE.into());
    let statement = Some(StatementId::new([8; 32]));
    Finding { effect, code, severity, statement, index: Some(Index(4)), expected, got, detail }
}

fn verdict(number: u8, outcome: Outcome, findings: Vec<Finding>) -> Verdict {
    let hop = |id: u8, findings: Vec<Finding>| VerdictHop {
        id: StatementId::new([id; 32]),
        index: Index(u64::from(id)),
        delegator: HOSTILE.into(),
        delegatee: HOSTILE.into(),
        via: "statement",
        assurance: "signed",
        scope: HOSTILE.into(),
        at: Time(1),
        expires: None,
        findings,
    };
    let wrong = findings.iter().filter(|finding| finding.effect != Effect::None).cloned().collect();
    let subject =
        Subject { id: StatementId::new([number; 32]), kind: SubjectKind(None), index: Index(number.into()) };
    Verdict {
        schema: VERDICT_SCHEMA,
        subject,
        outcome,
        principal: HOSTILE.into(),
        decision: "permit".into(),
        moment: VerdictMoment { at: Time(11), established: "claimed" },
        hops: vec![hop(1, Vec::new()), hop(2, wrong)],
        relies_on: Vec::new(),
        findings,
        profile: VerdictProfile { name: "standard".into(), version: 2 },
        trust: VerdictTrust { pinned: true, key: String::new(), registrars: "pinned", dev: false },
        as_of: verifier::verdict::AsOf {
            origin: "o".into(),
            size: 9,
            root: TreeHash::new([1; 32]),
            time: None,
        },
        complete: true,
        absence: "asserted",
    }
}

fn about() -> About {
    let as_of = AsOf { origin: HOSTILE.into(), size: 9, root: TreeHash::new([1; 32]), time: Time(5) };
    About {
        query: HOSTILE.into(),
        profile: Some(HOSTILE.into()),
        as_of,
        evidence: "server",
        pinned: true,
        complete: true,
        made: Time(1_700_000_000_000),
    }
}

fn report() -> Report {
    let mut tally = Tally::begin().unwrap();
    let escalated = || finding("scope-escalated", Effect::NotAuthorized);
    tally.add(&verdict(5, Outcome::Authorized, vec![finding("owner-missing", Effect::None)]), None, "");
    tally.add(&verdict(6, Outcome::NotAuthorized, vec![escalated(), escalated()]), None, "");
    tally.add(
        &verdict(7, Outcome::Indeterminate, vec![finding("hop-missing", Effect::Indeterminate)]),
        None,
        "",
    );
    tally.unjudged(Unjudged {
        id: StatementId::new([9; 32]),
        index: Index(9),
        code: "bundle-too-large".into(),
        what: HOSTILE.into(),
    });
    tally.report(about())
}

#[test]
fn the_report_is_described_by_its_schema_and_adds_up() {
    let report = report();
    assert_described(&report);
    let Verdicts { actions, authorized, not_authorized, indeterminate, unjudged } = report.verdicts;
    assert_eq!([actions, authorized, not_authorized, indeterminate, unjudged], [4, 1, 1, 1, 1]);
    assert_eq!((report.coverage.judged, report.coverage.owned), (3, 2));
    let rules: Vec<(&str, u64, u64)> =
        report.rules.iter().map(|by_rule| (by_rule.rule, by_rule.findings, by_rule.actions)).collect();
    assert_eq!(
        rules,
        [("scope-escalated", 2, 1), ("hop-missing", 1, 1), ("owner-missing", 1, 1)],
        "worst first"
    );
    let hop = report.actions[0].hop.as_ref().unwrap();
    assert_eq!((hop.number, hop.index), (2, Index(2)), "the first hop that something speaks against");
}

#[test]
fn every_rule_that_is_mapped_shows_under_each_of_its_controls() {
    for rule in RULES {
        let mut tally = Tally::begin().unwrap();
        let effect = rule.effects.first().copied().unwrap_or(Effect::NotAuthorized);
        tally.add(&verdict(6, Outcome::NotAuthorized, vec![finding(rule.slug, effect)]), None, "");
        let wanted: BTreeSet<String> = tally.controls.of(rule.slug).into_iter().collect();
        let report = tally.report(about());
        let shown: BTreeSet<String> = report
            .frameworks
            .iter()
            .flat_map(|of| of.controls.iter().map(|by| format!("{} {}", of.framework, by.control.id)))
            .collect();
        assert_eq!(shown, wanted, "{}", rule.slug);
        let page = html::page(&report);
        for control in wanted {
            let (_, id) = control.split_once(' ').unwrap();
            assert!(page.contains(&format!("{id}: ")), "{}: {id}", rule.slug);
        }
    }
}

#[test]
fn foreign_words_are_never_markup_links_or_placeholders() {
    let report = report();
    let page = html::page(&report);
    for markup in ["<script", "<img", "\u{1b}", "\u{202e}", "href=", "src=x onerror=y>"] {
        assert!(!page.contains(markup), "{markup}");
    }
    assert!(page.contains("&lt;script&gt;"), "it is shown, as text");
    for fetched in ["<link", "@import", "url(", "<iframe", "<a "] {
        assert!(!page.contains(fetched), "{fetched}");
    }
    let sarif = sarif::log(&report);
    let said = sarif["runs"][0]["results"][0]["message"]["text"].as_str().unwrap();
    assert!(said.contains("\\[x\\](http://e){{0}}") && !said.contains('\u{1b}'), "{said}");
    let text = text::text(&report);
    assert!(!text.contains('\u{1b}') && !text.contains('\u{202e}'), "{text}");
}

#[test]
fn a_page_says_what_was_cut_left_out_or_not_pinned_first() {
    let mut report = report();
    let loud = |report: &Report| html::page(report).matches("class=\"loud\"").count();
    assert_eq!(loud(&report), 0);
    report.about.complete = false;
    report.about.pinned = false;
    report.left_out = 3;
    assert_eq!(loud(&report), 3);
    let text = text::text(&report);
    assert!(text.contains("CUT") && text.contains("NOT PINNED") && text.contains("and 3 more"), "{text}");
    let sarif = sarif::log(&report);
    assert_eq!(sarif["runs"][0]["invocations"][0]["executionSuccessful"], false);
}

#[test]
fn a_report_lists_so_many_actions_and_counts_the_rest() {
    let mut tally = Tally::begin().unwrap();
    let wrong = verdict(6, Outcome::NotAuthorized, vec![finding("revoked", Effect::NotAuthorized)]);
    for _ in 0..=LISTED_MAX {
        tally.add(&wrong, None, "");
    }
    let report = tally.report(about());
    assert_eq!((report.actions.len(), report.left_out), (LISTED_MAX, 1));
    assert_eq!(report.rules[0].examples.len(), EXAMPLES_MAX);
    assert_described(&report);
}

#[test]
fn tables_of_the_page_have_captions_or_headings_and_heads_that_print_on_every_page() {
    let page = html::page(&report());
    assert_eq!(page.matches("<table>").count(), page.matches("<thead>").count());
    assert_eq!(page.matches("<table>").count(), page.matches("</table>").count());
    assert!(page.matches("scope=\"col\"").count() > 10);
    assert!(page.contains("@media print") && page.contains("table-header-group"));
    assert!(page.starts_with("<!DOCTYPE html><html lang=\"en\">"), "{}", &page[..60]);
}

#[test]
fn sarif_keeps_the_schema_of_its_standard() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/sarif/sarif-schema-2.1.0.json");
    let mut schema: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    // The pattern of a language is no regular expression there.
    for of in ["run", "toolComponent"] {
        schema["definitions"][of]["properties"]["language"].as_object_mut().unwrap().remove("pattern");
    }
    let validator = jsonschema::validator_for(&schema).unwrap();
    let mut cut = report();
    (cut.about.complete, cut.left_out) = (false, 3);
    for report in [report(), cut, Tally::begin().unwrap().report(about())] {
        let log = sarif::log(&report);
        let errors: Vec<String> =
            validator.iter_errors(&log).map(|e| format!("{e} at {}", e.instance_path())).collect();
        assert!(errors.is_empty(), "{errors:?}\n{log:#}");
        let mut wrong = log.clone();
        wrong["runs"][0]["tool"]["driver"]["name"] = Value::Null;
        assert!(!validator.is_valid(&wrong), "the schema is one that can refuse");
    }
}

/// What SARIF 2.1.0 requires of the parts that are written (§3.13.2, §3.14, §3.18, §3.19, §3.27, §3.33, §3.49, §3.58).
#[test]
fn sarif_has_what_its_standard_requires() {
    let log = sarif::log(&report());
    assert_eq!(log["version"], "2.1.0");
    let run = &log["runs"][0];
    assert_eq!(run["tool"]["driver"]["name"], "writ");
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    let ids: BTreeSet<&str> = rules.iter().map(|rule| rule["id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), rules.len(), "each rule once");
    let levels = ["none", "note", "warning", "error"];
    for rule in rules {
        assert!(levels.contains(&rule["defaultConfiguration"]["level"].as_str().unwrap()));
        for field in ["shortDescription", "fullDescription", "help"] {
            assert!(!rule[field]["text"].as_str().unwrap().is_empty(), "{field}");
        }
    }
    let results = run["results"].as_array().unwrap();
    assert_eq!(results.len(), 3);
    let places = run["logicalLocations"].as_array().unwrap();
    for result in results {
        let rule = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[rule]["id"], result["ruleId"]);
        assert!(levels.contains(&result["level"].as_str().unwrap()));
        assert!(!result["message"]["text"].as_str().unwrap().is_empty());
        let place = &result["locations"][0]["logicalLocations"][0];
        let index = usize::try_from(place["index"].as_u64().unwrap()).unwrap();
        assert_eq!(places[index]["fullyQualifiedName"], place["fullyQualifiedName"]);
        let prints = result["partialFingerprints"].as_object().unwrap();
        assert!(prints.values().all(Value::is_string) && !prints.is_empty());
    }
    let levels: Vec<&Value> = results.iter().map(|result| &result["level"]).collect();
    assert_eq!(levels, ["error", "error", "warning"]);
    let invocation = &run["invocations"][0];
    assert_eq!(invocation["executionSuccessful"], false, "one action has no verdict");
    assert_eq!(invocation["endTimeUtc"], "2023-11-14T22:13:20Z");
    assert!(invocation["toolExecutionNotifications"][0]["message"]["text"].is_string());
}
