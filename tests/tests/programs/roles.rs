//! A key without the role cannot make anyone's authority look real: neither at the door nor with the log's operator as accomplice.

use std::fs;
use std::path::Path;

use schemas::ids::StatementId;
use serde_json::{Value, json};
use tempfile::TempDir;
use tests::scenario::{Actor, Draft as Line, Scenario};

use crate::harness::{Draft, Person, Place, Ran, program};

#[test]
fn a_registered_agent_cannot_log_that_alice_delegates_to_it() {
    let place = Place::init();
    let server = place.serve();
    let (alice, agent) = (Person::new(1, "user:alice@corp"), Person::new(2, "agent:planner"));
    let (all, boundary): (&[&str], &[&str]) = (&["principal"], &["gateway", "pdp", "approver"]);
    let gateway = Person::new(3, "gateway:edge");
    place.register(&server, &[(&alice, all), (&agent, all), (&gateway, boundary)]);
    let steal = Draft::delegation(&place.log(), "user:alice@corp", "agent:planner", &[]);
    let size = server.http.size();
    let answer = server.http.append(&agent.sign(&steal));
    assert_eq!((answer.status, answer.code().as_str()), (403, "role-principal"));
    for vantage in ["self", "boundary"] {
        let answer = server.http.append(&agent.sign(&steal.clone().with("vantage", json!(vantage))));
        assert_eq!(answer.status, 403, "{vantage}: {}", answer.text());
    }
    // Not as Alice either, nor by a key with every other role.
    let answer = server.http.append(&agent.named("user:alice@corp").sign(&steal));
    assert_eq!((answer.status, answer.code().as_str()), (403, "issuer-mismatch"));
    let answer = server.http.append(&gateway.sign(&steal));
    assert_eq!(answer.status, 403, "{}", answer.text());
    assert_eq!(server.http.size(), size);
    assert_eq!(server.http.append(&alice.sign(&steal)).status, 201, "Alice may");
}

/// `writ bundle verify --json` of what a log with such an operator would hand out.
fn judged(scenario: &Scenario, subject: &StatementId, folder: &Path) -> Ran {
    let (bundle, trust) = (folder.join("handed.bundle"), folder.join("trust.policy"));
    fs::write(&bundle, scenario.bundle(subject).encode().unwrap()).unwrap();
    fs::write(&trust, scenario.trust().to_string()).unwrap();
    let mut command = assert_cmd::Command::new(program("writ"));
    let args = [bundle.to_str().unwrap(), "--trust", trust.to_str().unwrap(), "--json"];
    Ran::of(command.args(["bundle", "verify"]).args(args).env_clear().env("HOME", folder))
}

fn hop(delegator: &str, delegatee: &str, parents: &[StatementId]) -> Line {
    let line = Line::new(
        "delegation",
        json!({
            "delegator": delegator, "delegatee": delegatee, "scope": [{"actions": ["payments:*"], "resources": ["order/**"]}],
        }),
    );
    if parents.is_empty() {
        line
    } else {
        line.body("parents", parents.iter().map(|id| id.to_hex()).collect::<Vec<_>>())
    }
}

fn request(delegation: &StatementId) -> Value {
    json!({
        "actor": "agent:planner", "action": {"name": "payments:refund"}, "resources": ["order/1"], "delegation": delegation.to_hex(),
    })
}

fn with(mut body: Value, more: Value) -> Value {
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}

/// Permit and action on a delegation; the action.
fn act(scenario: &mut Scenario, pdp: &Actor, gateway: &Actor, delegation: &StatementId) -> StatementId {
    let permit = with(request(delegation), json!({"ruling": "permit", "evaluated_at": scenario.now.0}));
    let permit = scenario.say(pdp, Line::new("decision", permit));
    let action = with(
        request(delegation),
        json!({"phase": "both", "outcome": "completed", "decision": permit.to_hex(), "attempted_at": scenario.now.0}),
    );
    scenario.say(gateway, Line::new("action", action).with("vantage", "boundary"))
}

fn cast(scenario: &mut Scenario) -> [Actor; 4] {
    [
        scenario.register("user:alice@corp", &["principal"]),
        scenario.register("agent:planner", &["principal"]),
        scenario.register("service:opa", &["pdp"]),
        scenario.register("gateway:edge", &["gateway"]),
    ]
}

#[test]
fn a_hop_that_an_accomplice_let_in_is_no_authority() {
    let folder = TempDir::new().unwrap();
    let mut scenario = Scenario::new();
    let [alice, planner, pdp, gateway] = cast(&mut scenario);
    let honest = scenario.say(&alice, hop("user:alice@corp", "agent:planner", &[]));
    let honest = act(&mut scenario, &pdp, &gateway, &honest);
    let ran = judged(&scenario, &honest, folder.path());
    assert_eq!((ran.code, &ran.json()["outcome"]), (0, &json!("authorized")), "{ran}");

    let forged = scenario.force(&planner, hop("user:alice@corp", "agent:planner", &[]));
    let action = act(&mut scenario, &pdp, &gateway, &forged);
    let ran = judged(&scenario, &action, folder.path());
    assert_eq!((ran.code, &ran.json()["outcome"]), (11, &json!("not-authorized")), "{ran}");
    let findings = ran.json()["findings"].clone();
    let finding =
        findings.as_array().unwrap().iter().find(|finding| finding["code"] == "signer-not-entitled").cloned();
    assert_eq!(finding.unwrap()["statement"], json!(forged.to_hex()));
}

#[test]
fn nor_is_a_permit_by_the_actor_itself_nor_a_key_that_no_registrar_registered() {
    let folder = TempDir::new().unwrap();
    let mut scenario = Scenario::new();
    let [alice, planner, pdp, gateway] = cast(&mut scenario);
    let delegation = scenario.say(&alice, hop("user:alice@corp", "agent:planner", &[]));
    let permit = with(request(&delegation), json!({"ruling": "permit", "evaluated_at": scenario.now.0}));
    let permit = scenario.force(&planner, Line::new("decision", permit));
    let action = with(
        request(&delegation),
        json!({"phase": "both", "outcome": "completed", "decision": permit.to_hex(), "attempted_at": scenario.now.0}),
    );
    let action = scenario.say(&gateway, Line::new("action", action).with("vantage", "boundary"));
    let ran = judged(&scenario, &action, folder.path());
    assert_eq!((ran.code, &ran.json()["outcome"]), (11, &json!("not-authorized")), "{ran}");

    // A second key "of Alice", registered by the planner with the operator's help.
    let stolen = Actor::named("stolen", "user:alice@corp");
    scenario.force(&planner, Line::new("key", stolen.registration(&scenario, &["principal"])));
    let forged = scenario.force(&stolen, hop("user:alice@corp", "agent:planner", &[]));
    let action = act(&mut scenario, &pdp, &gateway, &forged);
    let ran = judged(&scenario, &action, folder.path());
    assert!(ran.code == 11 || ran.code == 10, "{ran}");
    assert_ne!(ran.json()["outcome"], json!("authorized"));
}
