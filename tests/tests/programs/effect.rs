//! `writ effect` and `GET /v1/effect`: what a revocation came to.

use serde_json::{Value, json};

use crate::harness::Story;

/// A leaf that was exposed and withdrawn: what was done on it before and afterwards, by its holder and by a helper below.
struct Told {
    story: Story,
    leaf: String,
    revocation: String,
    before: String,
    own: String,
    below: String,
    survivor: String,
}

/// A delegation of refunds from the refund agent to its helper.
fn help(story: &Story, parents: Value) -> String {
    story.log("refunds", &[json!({"kind": "delegation", "body": {
        "delegator": "agent:refunds/7", "delegatee": "agent:helper", "parents": parents,
        "scope": [{"actions": ["payments:refund"], "resources": ["order/*"], "limits": {"eur": {"max": 100}}}],
    }})])[0]
        .clone()
}

/// One refund of an actor, ruled and, unless it was denied, carried out.
fn refund(story: &Story, actor: &str, delegation: &str, ruling: &str) -> String {
    let about = json!({
        "actor": actor, "action": {"name": "payments:refund"}, "resources": ["order/991"],
        "quantities": {"eur": 42}, "delegation": delegation,
    });
    let with = |more: Value| {
        let mut body = about.clone();
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    let decision =
        with(json!({"ruling": ruling, "policy": {"engine": "opa", "id": "refunds", "revision": "7"}}));
    let decision = story.log("opa", &[json!({"kind": "decision", "body": decision})])[0].clone();
    if ruling == "deny" {
        return decision;
    }
    let action = with(json!({"phase": "both", "outcome": "completed", "decision": decision}));
    story.log("gateway", &[json!({"kind": "action", "body": action})])[0].clone()
}

fn told() -> Told {
    let story = Story::begin();
    let (root, leaf) = story.delegate();
    let other = story.log("planner", &[json!({"kind": "delegation", "body": {
        "delegator": "agent:planner", "delegatee": "agent:refunds/7", "on_behalf_of": "user:alice@corp", "parents": [root],
        "scope": [{"actions": ["payments:refund"], "resources": ["order/*"], "limits": {"eur": {"max": 400}}}],
    }})])[0]
        .clone();
    let helped = help(&story, json!([leaf]));
    let twice = help(&story, json!([leaf, other]));
    let before = refund(&story, "agent:refunds/7", &leaf, "permit");
    let key = story.key("planner");
    let args = ["revoke", &leaf, "--key", key.to_str().unwrap(), "--cause", "exposed", "--json"];
    let revocation = story.cli.ok(&args).json()["results"][0]["id"].as_str().unwrap().to_owned();
    let own = refund(&story, "agent:refunds/7", &leaf, "permit");
    let below = refund(&story, "agent:helper", &helped, "permit");
    let survivor = refund(&story, "agent:helper", &twice, "permit");
    refund(&story, "agent:refunds/7", &leaf, "deny");
    Told { story, leaf, revocation, before, own, below, survivor }
}

#[test]
fn who_still_acted_is_judged_and_what_stands_by_another_way_is_told_apart() {
    let Told { story, leaf, revocation, before, own, below, survivor } = told();
    let answer = story.cli.ok(&["effect", &leaf, "--json"]).json();
    let acts = answer["acts"].as_array().unwrap();
    let ids: Vec<&str> = acts.iter().map(|act| act["id"].as_str().unwrap()).collect();
    assert_eq!(ids, [&own, &below, &survivor], "and not {before}, which came before");
    let verdicts: Vec<&str> = acts.iter().map(|act| act["verdict"].as_str().unwrap()).collect();
    assert_eq!(verdicts, ["not-authorized", "not-authorized", "authorized"], "{acts:#?}");
    assert!(acts[0]["findings"].as_array().unwrap().contains(&json!("revoked")), "{acts:#?}");
    assert_eq!(acts[2]["way"].as_array().unwrap().len(), 3, "by the parent that was not withdrawn");
    assert_eq!(
        answer["judged"],
        json!({"authorized": 1, "not_authorized": 2, "indeterminate": 0, "unjudged": 0})
    );
    assert_eq!(
        answer["total"],
        json!({"acted": 3, "after_logged": 3, "denied": 0, "refused": 1, "claimed_before": 0, "actors": 2})
    );
    assert_eq!(answer["withdrawals"][0]["id"], json!(revocation));
    assert_eq!(answer["withdrawals"][0]["cause"], json!("exposed"));
    for (more, less) in [("logged", "said"), ("said", "effective"), ("last", "logged")] {
        let time = |name: &str| answer["times"][name].as_u64().unwrap();
        assert!(time(more) >= time(less), "{more} is not before {less}: {}", answer["times"]);
    }
    let by = story.cli.ok(&["effect", &revocation, "--json"]).json();
    assert_eq!(by, answer, "by the revocation or by what it withdraws");
}

#[test]
fn server_and_program_and_mirror_say_the_same_of_it() {
    let Told { story, leaf, revocation, .. } = told();
    let shown = story.cli.ok(&["effect", &revocation]).stdout;
    eprintln!("{shown}");
    for words in [
        "✗ 3 actions on delegation",
        "AFTER it was withdrawn",
        "1 attempt afterwards",
        "(exposed)",
        "2 not authorized, 1 authorized by another way",
        "✗ revoked",
        "✓ authorized by #",
        "agent:helper  2 actions, 0 denied",
        "is the server's word",
    ] {
        assert!(shown.contains(words), "{words}:\n{shown}");
    }
    let http = &story.server.http;
    let text = http.request("GET", &format!("/v1/effect?of={leaf}"), &[("accept", "text/plain")], &[]);
    let text = text.unwrap().text();
    assert!(shown.starts_with(&text), "server and program print one text:\n{text}\n{shown}");
    let mut ours = story.cli.ok(&["effect", &leaf, "--json"]).json();
    ours.as_object_mut().unwrap().remove("trust");
    assert_eq!(http.json(&format!("/v1/effect?of={leaf}")), ours);
    let mirror = story.cli.home().join("mirror");
    let mirror = mirror.to_str().unwrap();
    story.cli.ok(&["mirror", mirror]);
    let mut read = story.cli.ok(&["effect", &leaf, "--mirror", mirror, "--json"]).json();
    read.as_object_mut().unwrap().remove("trust");
    assert_eq!(read, ours);
}

#[test]
fn pages_of_an_effect_stay_the_same_while_more_is_done() {
    let Told { story, leaf, own, below, survivor, .. } = told();
    let http = &story.server.http;
    let ids = |page: &Value| {
        page["acts"].as_array().unwrap().iter().map(|act| act["id"].clone()).collect::<Vec<_>>()
    };
    let first = http.json(&format!("/v1/effect?of={leaf}&limit=2"));
    assert_eq!((ids(&first), &first["truncated"]), (vec![json!(own), json!(below)], &json!(true)));
    refund(&story, "agent:refunds/7", &leaf, "permit");
    let next = first["next"].as_str().unwrap();
    let second = http.json(&format!("/v1/effect?of={leaf}&limit=2&cursor={next}"));
    assert_eq!((ids(&second), &second["as_of"]), (vec![json!(survivor)], &first["as_of"]));
    let wrong = http.get(&format!("/v1/effect?of={leaf}&cursor=1{next}"));
    assert_eq!((wrong.status, wrong.code().as_str()), (400, "bad-query"));
}

#[test]
fn what_is_not_withdrawn_is_told_from_what_is_unknown() {
    let story = Story::begin();
    let (root, leaf) = story.delegate();
    let action = refund(&story, "agent:refunds/7", &leaf, "permit");
    for (what, code, exit) in [
        (root.as_str(), "not-withdrawn", 14),
        ("agent:refunds/7", "not-withdrawn", 14),
        ("no-such-thing", "not-found", 14),
    ] {
        let ran = story.cli.run(&["effect", what]);
        assert!(ran.code == exit && ran.stderr.contains(code), "{what}: {ran}");
        let answer = story.server.http.get(&format!("/v1/effect?of={what}"));
        assert_eq!((answer.status, answer.code().as_str()), (404, code), "{what}");
    }
    let ran = story.cli.run(&["effect", &action]);
    assert!(ran.code != 0 && ran.stderr.contains("not-withdrawable"), "{ran}");
    story.cli.ok(&["revoke", &leaf, "--key", story.key("planner").to_str().unwrap()]);
    let quiet = story.cli.ok(&["effect", &leaf]).stdout;
    assert!(quiet.starts_with("✓ Nothing was done on delegation"), "{quiet}");
}
