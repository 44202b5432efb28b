//! Decisions before the act, as a gateway that knows AuthZEN and nothing of writ would ask for them.

use serde_json::{Value, json};

use crate::harness::{Answer, Http, Person, Story};

/// The story, with a decision point in service and its key registered.
fn deciding() -> Story {
    let story = undecided();
    story.register("pdp", "service:writ", "pdp");
    story
}

/// The same before the key is registered.
fn undecided() -> Story {
    let Story { place, server, cli } = Story::begin();
    server.stop();
    let key = Person::new(9, "service:writ").write_key(place.path(), "pdp.pem");
    let server = place.serve_with(&["--decision-key", key.to_str().unwrap()]).expect("a server");
    let cli = cli.with_server(&format!("http://{}", server.http.address));
    Story { place, server, cli }
}

fn post(http: &Http, path: &str, body: &Value) -> Answer {
    let headers =
        [("content-type", "application/json"), ("x-request-id", "bfe9eb29-ab87-4ca3-be83-a1d5d8305716")];
    http.request("POST", path, &headers, body.to_string().as_bytes()).unwrap()
}

fn evaluate(story: &Story, body: &Value) -> Value {
    let answer = post(&story.server.http, "/access/v1/evaluation", body);
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

/// The refund agent asks to refund so much by a delegation.
fn refund(delegation: &str, eur: u64) -> Value {
    json!({
        "subject": {"type": "agent", "id": "refunds/7"},
        "action": {"name": "payments:refund"},
        "resource": {"type": "order", "id": "991"},
        "context": {"delegation": delegation, "quantities": {"eur": eur}},
    })
}

#[test]
fn a_chain_that_holds_is_permitted_and_the_logged_permit_carries_the_action() {
    let story = deciding();
    let (_, hop) = story.delegate();
    let answer = evaluate(&story, &refund(&hop, 420));
    assert_eq!(answer["decision"], true, "{answer:#}");
    assert_eq!(answer["context"]["principal"], "user:alice@corp");
    let decision = answer["context"]["id"].as_str().unwrap().to_owned();
    let action = json!({"kind": "action", "body": {
        "actor": "agent:refunds/7", "action": {"name": "payments:refund"}, "resources": ["order/991"],
        "quantities": {"eur": 420}, "delegation": hop, "decision": decision, "phase": "both", "outcome": "completed",
    }});
    let action = story.log("gateway", &[action])[0].clone();
    let judged = story.cli.ok(&["who", &action, "--json"]).json();
    assert_eq!(
        (judged["outcome"].as_str(), judged["decision"].as_str()),
        (Some("authorized"), Some("permit"))
    );
}

#[test]
fn what_the_chain_does_not_carry_is_denied_with_what_is_wrong_and_the_denial_is_logged() {
    let story = deciding();
    let (root, hop) = story.delegate();
    let too_much = evaluate(&story, &refund(&hop, 501));
    assert_eq!(too_much["decision"], false);
    assert_eq!(too_much["context"]["findings"][0]["code"], "limit-exceeded", "{too_much:#}");
    let id = too_much["context"]["id"].as_str().unwrap();
    let logged = story.server.http.request(
        "GET",
        &format!("/v1/statements/{id}"),
        &[("accept", "application/json")],
        b"",
    );
    let logged = logged.unwrap().json();
    assert_eq!(logged["payload"]["body"]["ruling"], "deny", "{logged:#}");
    assert!(logged["payload"]["body"]["reason"].as_str().unwrap().starts_with("limit-exceeded: "));

    assert_eq!(evaluate(&story, &refund(&hop, 420))["decision"], true);
    story.cli.ok(&["revoke", &root, "--key", story.key("alice").to_str().unwrap()]);
    let revoked = evaluate(&story, &refund(&hop, 420));
    assert_eq!(revoked["decision"], false, "what was withdrawn a moment ago carries nothing any more");
    assert_eq!(revoked["context"]["findings"][0]["code"], "revoked");

    let unknown = "00".repeat(32);
    let missing = evaluate(&story, &refund(&unknown, 420));
    assert_eq!(
        (&missing["decision"], &missing["context"]["ruling"]),
        (&json!(false), &json!("indeterminate"))
    );
}

#[test]
fn many_are_decided_in_order_and_as_far_as_the_semantic_says() {
    let story = deciding();
    let (_, hop) = story.delegate();
    let item = |eur: u64| json!({"context": {"quantities": {"eur": eur}}});
    let ask = |semantic: &str| {
        let mut body = refund(&hop, 1);
        body["evaluations"] = json!([item(10), item(9_000), item(20)]);
        body["options"] = json!({"evaluations_semantic": semantic});
        let answer = post(&story.server.http, "/access/v1/evaluations", &body);
        assert_eq!(answer.status, 200, "{}", answer.text());
        let answer = answer.json();
        answer["evaluations"]
            .as_array()
            .unwrap()
            .iter()
            .map(|item| item["decision"] == true)
            .collect::<Vec<_>>()
    };
    assert_eq!(ask("execute_all"), [true, false, true]);
    assert_eq!(ask("deny_on_first_deny"), [true, false]);
    assert_eq!(ask("permit_on_first_permit"), [true]);
    let one = post(&story.server.http, "/access/v1/evaluations", &refund(&hop, 1));
    assert_eq!(one.json()["decision"], true, "without items the request is the one");

    let mut body = refund(&hop, 1);
    body["evaluations"] = json!([{"resource": {"type": "order", "id": "a\nb"}}, {}]);
    let mixed = post(&story.server.http, "/access/v1/evaluations", &body).json();
    assert_eq!(mixed["evaluations"][0]["decision"], false);
    assert_eq!(mixed["evaluations"][0]["context"]["error"]["status"], 422, "{mixed:#}");
    assert_eq!(
        mixed["evaluations"][1]["decision"], true,
        "one that cannot be read says nothing of the others"
    );
}

#[test]
fn what_is_no_request_is_told_so_and_nothing_is_logged() {
    let story = deciding();
    let size = story.server.http.size();
    let http = &story.server.http;
    let whole = refund(&"00".repeat(32), 1);
    for (drop, says) in
        [("subject", "`subject` is missing"), ("action", "`action`"), ("resource", "`resource`")]
    {
        let mut body = whole.clone();
        body.as_object_mut().unwrap().remove(drop);
        let answer = post(http, "/access/v1/evaluation", &body);
        assert_eq!((answer.status, answer.code().as_str()), (400, "not-an-evaluation"));
        assert!(answer.text().contains(says), "{}", answer.text());
    }
    let text =
        http.request("POST", "/access/v1/evaluation", &[("content-type", "text/plain")], b"{}").unwrap();
    assert_eq!((text.status, text.code().as_str()), (415, "json-expected"));
    let bad =
        http.request("POST", "/access/v1/evaluation", &[("content-type", "application/json")], b"{").unwrap();
    assert_eq!((bad.status, bad.code().as_str()), (400, "not-an-evaluation"));
    let mut wrong = whole.clone();
    wrong["context"]["delegation"] = json!("no id");
    let answer = post(http, "/access/v1/evaluation", &wrong);
    assert_eq!((answer.status, answer.code().as_str()), (422, "not-a-decision"));
    assert_eq!(http.size(), size);
}

#[test]
fn it_is_found_where_the_standard_says_and_only_where_it_is() {
    let story = deciding();
    let found = story.server.http.json("/.well-known/authzen-configuration");
    let base = format!("http://{}", story.server.http.address);
    assert_eq!(found["policy_decision_point"], base);
    assert_eq!(found["access_evaluation_endpoint"], format!("{base}/access/v1/evaluation"));
    let (_, hop) = story.delegate();
    let answer = post(&story.server.http, "/access/v1/evaluation", &refund(&hop, 1));
    assert_eq!(answer.header("x-request-id"), Some("bfe9eb29-ab87-4ca3-be83-a1d5d8305716"));

    let without = Story::begin();
    for path in ["/access/v1/evaluation", "/access/v1/evaluations"] {
        let answer = post(&without.server.http, path, &refund("x", 1));
        assert_eq!((answer.status, answer.code().as_str()), (404, "no-decision-point"));
    }
    assert_eq!(without.server.http.get("/.well-known/authzen-configuration").status, 404);
}

#[test]
fn a_decision_point_that_nobody_registered_decides_nothing() {
    let story = undecided();
    let answer = post(&story.server.http, "/access/v1/evaluation", &refund(&"00".repeat(32), 1));
    assert_eq!((answer.status, answer.code().as_str()), (503, "pdp-not-registered"));
    assert!(answer.text().contains("--role pdp"), "{}", answer.text());
    story.register("pdp", "service:writ", "principal");
    let answer = post(&story.server.http, "/access/v1/evaluation", &refund(&"00".repeat(32), 1));
    assert_eq!((answer.status, answer.code().as_str()), (503, "decision-refused"), "{}", answer.text());
}
