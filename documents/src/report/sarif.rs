//! A report as SARIF 2.1.0 (OASIS standard of 27 March 2020): a result for each finding of each listed action.

use serde_json::{Value, json};
use verifier::verdict::{Effect, Finding};

use super::{Action, ByRule, Report, text};
use questions::printable;

/// Where the form is described.
const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

pub(super) fn log(report: &Report) -> Value {
    let results: Vec<Value> = report
        .actions
        .iter()
        .flat_map(|action| action.findings.iter().map(|finding| result(report, action, finding)))
        .collect();
    json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "writ",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": report.rules.iter().map(rule).collect::<Vec<Value>>(),
            }},
            "invocations": [{
                "executionSuccessful": report.about.complete && report.unjudged.is_empty(),
                "endTimeUtc": report.about.made.to_string(),
                "toolExecutionNotifications": notifications(report),
            }],
            "logicalLocations": report.actions.iter().map(location).collect::<Vec<Value>>(),
            "results": results,
            "properties": {"asked": text::asked(report), "asOf": report.about.as_of, "pinned": report.about.pinned},
        }],
    })
}

/// Actions that have no verdict.
fn notifications(report: &Report) -> Vec<Value> {
    let mut all: Vec<Value> = report
        .unjudged
        .iter()
        .map(|unjudged| {
            let said = format!("{} {} was not judged: {}", unjudged.index, unjudged.id, unjudged.what);
            json!({"level": "error", "message": message(&said), "descriptor": {"id": unjudged.code}})
        })
        .collect();
    if !report.about.complete {
        all.push(json!({"level": "error", "message": message("not every action that fits was judged")}));
    }
    if report.left_out > 0 {
        let said = format!("{} more actions are not authorized than are listed here", report.left_out);
        all.push(json!({"level": "error", "message": message(&said)}));
    }
    all
}

fn rule(by_rule: &ByRule) -> Value {
    json!({
        "id": by_rule.rule,
        "name": by_rule.rule,
        "shortDescription": message(&by_rule.means),
        "fullDescription": message(&format!("Finds that {}.", by_rule.means)),
        "help": message(&help(by_rule)),
        "defaultConfiguration": {"level": level(by_rule.effect)},
        "properties": {"tags": by_rule.controls},
    })
}

fn help(by_rule: &ByRule) -> String {
    let ByRule { rule, means, actions, controls, .. } = by_rule;
    let controls = if controls.is_empty() { "none".into() } else { controls.join(", ") };
    format!(
        "{rule}: {means}. Found in {actions} of the actions; `writ who ID` shows each. Bears on: {controls}."
    )
}

fn result(report: &Report, action: &Action, finding: &Finding) -> Value {
    let place = report.actions.iter().position(|listed| listed.id == action.id);
    let rule = report.rules.iter().position(|by_rule| by_rule.rule == finding.code);
    let at_fault = finding.statement.map_or_else(|| action.id.to_hex(), |id| id.to_hex());
    let mut said = format!("{} ({}). Action: {}. ", finding.detail, finding.effect.as_str(), action.what);
    said.push_str(&format!("At {}. ", action.at()));
    said.push_str(&format!("Look closer: writ who {}", action.id));
    json!({
        "ruleId": finding.code,
        "ruleIndex": rule,
        "level": level(finding.effect),
        "message": message(&said),
        "locations": [{"logicalLocations": [{"index": place, "fullyQualifiedName": action.id.to_hex()}]}],
        "partialFingerprints": {"writFinding/v1": format!("{}:{}:{at_fault}", action.id, finding.code)},
        "properties": {
            "outcome": action.outcome,
            "principal": action.principal,
            "expected": finding.expected,
            "got": finding.got,
            "entry": finding.index,
        },
    })
}

/// Statements are places: `writ show` prints each by its id.
fn location(action: &Action) -> Value {
    json!({"name": action.index.to_string(), "fullyQualifiedName": action.id.to_hex(), "kind": "action"})
}

const fn level(effect: Effect) -> &'static str {
    match effect {
        Effect::NotAuthorized => "error",
        Effect::Indeterminate => "warning",
        Effect::None => "note",
    }
}

/// A plain text message: braces are doubled and brackets escaped, so that foreign words are neither placeholders (§3.11.5) nor
/// links (§3.11.6).
fn message(text: &str) -> Value {
    let mut escaped = String::new();
    for character in printable(text).chars() {
        match character {
            '{' | '}' => escaped.extend([character, character]),
            '[' | ']' | '\\' => escaped.extend(['\\', character]),
            character => escaped.push(character),
        }
    }
    json!({"text": escaped})
}
