//! `writ diff` and `GET /v1/diff`: what was approved or ruled and what was done, and what else two statements differ in.

use serde_json::{Value, json};

use crate::harness::Story;

const NOT_FOUND: i32 = 14;

/// An approval of one refund, and an action that names it, with more in its body.
fn approved(story: &Story, delegation: &str, more: Value) -> (String, String) {
    let approval = story.log("lee", &[json!({"kind": "approval", "body": {
        "approver": "user:lee@corp", "requester": "agent:refunds/7", "action": {"name": "payments:refund"},
        "resources": ["order/991"], "scope": "template",
    }})])[0].clone();
    let mut body = json!({
        "phase": "both", "outcome": "completed", "actor": "agent:refunds/7", "action": {"name": "payments:refund"},
        "resources": ["order/991"], "quantities": {"eur": 420}, "approval": approval, "delegation": delegation,
    });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let action = story.log("gateway", &[json!({"kind": "action", "body": body})])[0].clone();
    (approval, action)
}

fn field<'v>(diff: &'v Value, name: &str) -> &'v Value {
    let fields = diff["fields"].as_array().unwrap();
    fields.iter().find(|field| field["name"] == json!(name)).unwrap_or_else(|| panic!("no {name}: {diff:#}"))
}

/// The answer without the line that says on whose word it is.
fn without_trust(text: &str) -> Vec<&str> {
    text.lines().filter(|line| !line.starts_with("Trust")).collect()
}

#[test]
fn what_was_done_beyond_what_was_approved_is_told_field_by_field_with_its_finding() {
    let story = Story::begin();
    let (_, leaf) = story.delegate();
    let (approval, same) = approved(&story, &leaf, json!({}));
    let diff = story.cli.ok(&["diff", &approval, &same, "--json"]).json();
    assert_eq!((&diff["different"], &field(&diff, "resources")["is"]), (&json!(0), &json!("same")));
    assert_eq!(field(&diff, "quantity eur")["is"], json!("one-sided"), "an approval states no quantities");

    let (approval, other) = approved(&story, &leaf, json!({"resources": ["order/992"]}));
    let diff = story.cli.ok(&["diff", &approval, &other, "--json"]).json();
    assert_eq!(diff["different"], json!(1));
    let resources = field(&diff, "resources");
    assert_eq!((&resources["first"], &resources["second"]), (&json!("order/991"), &json!("order/992")));
    let codes: Vec<&Value> = diff["findings"].as_array().unwrap().iter().map(|f| &f["code"]).collect();
    assert!(codes.contains(&&json!("approval-mismatch")), "{codes:?}");
    let alone = story.cli.ok(&["diff", &other, "--json"]).json();
    assert_eq!(alone["fields"], diff["fields"], "an action alone is compared with its own approval");

    let shown = story.cli.ok(&["diff", &approval, &other]).stdout;
    let path = format!("/v1/diff?a={approval}&b={other}");
    let served = story.server.http.request("GET", &path, &[("accept", "text/plain")], &[]).unwrap();
    assert_eq!(without_trust(&served.text()), without_trust(&shown));
    for words in ["✗ DIFFERENT in 1 fields", "order/991 → order/992", "✗ approval-mismatch", "= actor"]
    {
        assert!(shown.contains(words), "{words}:\n{shown}");
    }
    let own = story.server.http.json(&path);
    for name in ["first", "second", "fields", "hops", "findings", "different"] {
        assert_eq!(own[name], diff[name], "{name}");
    }
    let mirror = story.cli.home().join("mirror");
    let mirror = mirror.to_str().unwrap();
    story.cli.ok(&["mirror", mirror]);
    let read = story.cli.ok(&["diff", &approval, &other, "--mirror", mirror, "--json"]).json();
    assert_eq!((&read["fields"], &read["absence"]), (&diff["fields"], &json!("recomputed")));
}

#[test]
fn two_actions_are_compared_hop_by_hop_and_two_delegations_by_what_they_hand_on() {
    let story = Story::begin();
    let (root, leaf) = story.delegate();
    let (_, other) = story.delegate();
    let (one, two) = (story.refund(&leaf, "r-1"), story.refund(&other, "r-2"));
    let diff = story.cli.ok(&["diff", &one.action, &two.action, "--json"]).json();
    let hops = diff["hops"].as_array().unwrap();
    let sides =
        |first, second| hops.iter().filter(|hop| hop["first"] == first && hop["second"] == second).count();
    assert_eq!((sides(true, true), sides(true, false), sides(false, true)), (0, 2, 2), "{diff:#}");
    let same = story.cli.ok(&["diff", &one.action, &one.action]).stdout;
    assert!(same.contains("✓ THE SAME"), "{same}");
    let decided = story.cli.ok(&["diff", &one.decision, &one.action, "--json"]).json();
    assert_eq!((&decided["different"], &decided["findings"]), (&json!(0), &json!([])));

    let scope = story.cli.ok(&["diff", &root, &leaf, "--json"]).json()["scope"].clone();
    assert_eq!((&scope["within"], &scope["same"]), (&json!(true), &json!(false)));
    assert_eq!(scope["narrowed"][2], json!("eur ≤ 5000 → ≤ 500"));
    let wider = story.cli.ok(&["diff", &leaf, &root]).stdout;
    assert!(wider.contains("BEYOND the first") && wider.contains("+ adds"), "{wider}");
}

#[test]
fn what_has_nothing_to_be_compared_in_is_refused() {
    let story = Story::begin();
    let (_, leaf) = story.delegate();
    let refund = story.refund(&leaf, "r-1");
    let ran = story.cli.run(&["diff", &leaf, &refund.action]);
    assert!(ran.code == 2 && ran.stderr.contains("not-comparable"), "{ran}");
    let path = format!("/v1/diff?a={leaf}&b={}", refund.action);
    assert_eq!(story.server.http.get(&path).code(), "not-comparable");
    assert_eq!(story.server.http.get(&format!("/v1/diff?a={leaf}")).code(), "nothing-named");
    assert_eq!(story.cli.run(&["diff", "no-such-approval", &refund.action]).code, NOT_FOUND);
    assert_eq!(story.cli.with_trust(None).run(&["diff", &refund.action]).code, 13);
}

/// A ruling by a revision of the refund policy.
fn ruled(story: &Story, revision: &str, resource: &str, ruling: &str) -> String {
    let body = json!({
        "ruling": ruling, "actor": "agent:refunds/7", "action": {"name": "payments:refund"}, "resources": [resource],
        "policy": {"engine": "opa", "id": "refunds", "revision": revision},
    });
    story.log("opa", &[json!({"kind": "decision", "body": body})])[0].clone()
}

#[test]
fn two_revisions_differ_in_the_requests_that_they_ruled_otherwise_by_their_last_word() {
    let story = Story::begin();
    ruled(&story, "41", "order/1", "deny");
    let before = ruled(&story, "41", "order/1", "permit");
    ruled(&story, "41", "order/2", "permit");
    ruled(&story, "41", "order/3", "permit");
    let after = ruled(&story, "42", "order/1", "deny");
    ruled(&story, "42", "order/2", "permit");
    ruled(&story, "42", "order/4", "deny");
    let args = ["diff", "--policy", "opa:refunds", "41", "42"];
    let answer = story.cli.ok(&[&args[..], &["--json"]].concat()).json();
    assert_eq!(
        (&answer["same"], &answer["different"], &answer["complete"]),
        (&json!(1), &json!(1), &json!(true))
    );
    let change = &answer["changes"][0];
    assert_eq!(change["first"], json!({"ruling": "permit", "decision": before}), "its last word counts");
    assert_eq!(change["second"], json!({"ruling": "deny", "decision": after}));
    let made = |side: &str, what: &str| answer[side][what].clone();
    assert_eq!((made("first", "decisions"), made("first", "alone")), (json!(4), json!(1)));
    assert_eq!((made("second", "denials"), made("second", "alone")), (json!(2), json!(1)));
    assert!(answer["first"].get("announced").is_none(), "nobody announced it");

    let shown = story.cli.ok(&args).stdout;
    assert!(shown.starts_with("✗ 1 request is ruled otherwise by opa:refunds; 1 alike"), "{shown}");
    assert!(
        shown.contains("NOT ANNOUNCED") && shown.contains("permit") && shown.contains("→ deny"),
        "{shown}"
    );
    let plain = [("accept", "text/plain")];
    let path = "/v1/revisions?policy=opa:refunds&a=41&b=42";
    let told = story.server.http.request("GET", path, &plain, b"").unwrap();
    assert!(told.status == 200 && shown.starts_with(&told.text()), "{shown}{}", told.text());
    let mirror = story.place.path().join("mirror");
    let mirror = mirror.to_str().unwrap();
    story.cli.ok(&["mirror", mirror]);
    let mut copied = story.cli.ok(&[&args[..], &["--mirror", mirror, "--json"]].concat()).json();
    copied["trust"] = answer["trust"].clone();
    assert_eq!(copied, answer, "the same without a server");

    let none = story.cli.run(&["diff", "--policy", "opa:refunds", "7", "8"]);
    assert_eq!(none.code, 14, "{none}");
    assert_eq!(story.cli.run(&["diff", "--policy", "opa:refunds", "41"]).code, 2);
    for bad in ["/v1/revisions?policy=opa&a=1&b=2", "/v1/revisions?policy=opa:refunds&a=1"] {
        assert_eq!(story.server.http.get(bad).status, 400, "{bad}");
    }
}
