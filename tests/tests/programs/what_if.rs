//! `writ what-if` and `GET /v1/what-if`: what would stop if something were withdrawn now.

use serde_json::{Value, json};

use crate::harness::{Person, Story};

fn hop(from: &str, to: &str, parents: &[&str]) -> Value {
    json!({"kind": "delegation", "body": {
        "delegator": from, "delegatee": to, "parents": parents,
        "scope": [{"actions": ["payments:refund"], "resources": ["order/*"], "limits": {"eur": {"max": 100}}}],
    }})
}

fn outlooks(answer: &Value) -> Vec<(&str, &str)> {
    let rows = answer["delegations"].as_array().unwrap();
    rows.iter().map(|row| (row["id"].as_str().unwrap(), row["outlook"].as_str().unwrap())).collect()
}

fn ask(story: &Story, id: &str) -> Value {
    story.cli.ok(&["what-if", id, "--json"]).json()
}

fn permit(story: &Story, delegation: &str) -> String {
    let body = json!({
        "ruling": "permit", "actor": "agent:refunds/7", "action": {"name": "payments:refund"},
        "resources": ["order/991"], "quantities": {"eur": 10}, "delegation": delegation,
    });
    story.log("opa", &[json!({"kind": "decision", "body": body})])[0].clone()
}

#[test]
fn what_stops_is_what_a_revocation_then_stops_and_another_way_is_shown() {
    let story = Story::begin();
    let (root, leaf) = story.delegate();
    let second = json!({"kind": "delegation", "body": {
        "delegator": "user:lee@corp", "delegatee": "agent:planner",
        "scope": [{"actions": ["payments:refund"], "resources": ["order/*"], "limits": {"eur": {"max": 900}}}],
    }});
    Person::new(9, "user:lee@corp").write_key(story.place.path(), "lee2.pem");
    story.register("lee2", "user:lee@corp", "principal");
    let second = story.log("lee2", &[second])[0].clone();
    let both = story.log("planner", &[hop("agent:planner", "agent:refunds/7", &[&root, &second])])[0].clone();
    let open = permit(&story, &leaf);
    permit(&story, &both);

    let answer = ask(&story, &root);
    assert_eq!(
        outlooks(&answer),
        [(root.as_str(), "stops"), (&leaf, "stops"), (&both, "survives")],
        "by holder: the planner, then the refund agent"
    );
    assert_eq!((&answer["stop"], &answer["holders"]), (&json!(2), &json!(2)));
    assert_eq!(
        (&answer["survive"], &answer["rerouted"], &answer["complete"]),
        (&json!(1), &json!(1), &json!(true))
    );
    let way = |way: &Value| -> Vec<String> {
        way.as_array().unwrap().iter().map(|hop| hop["id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(way(&answer["delegations"][2]["other_way"]), [second.as_str(), &both]);
    let permits = answer["permits"].as_array().unwrap();
    assert_eq!((permits.len(), &permits[0]["id"], &answer["permits_stop"]), (1, &json!(open), &json!(1)));

    let shown = story.cli.ok(&["what-if", &root]).stdout;
    for words in [
        "2 delegations of 2 holders STOP, 1 below it go on",
        "✗ agent:planner loses",
        "✗ agent:refunds/7 loses",
        "✓ goes on",
        "then  user:lee@corp → agent:planner",
        "✗ 1 permit that could still be used would no longer stand",
        "Next: writ revoke",
    ] {
        assert!(shown.contains(words), "{words}:\n{shown}");
    }
    let http = &story.server.http;
    let same = http.request("GET", &format!("/v1/what-if?id={root}"), &[("accept", "text/plain")], &[]);
    let same = same.unwrap().text();
    assert!(shown.starts_with(&same), "server and program print one text:\n{same}\n{shown}");
    let mirror = story.cli.home().join("mirror");
    let mirror = mirror.to_str().unwrap();
    story.cli.ok(&["mirror", mirror]);
    let mut read = story.cli.ok(&["what-if", &root, "--mirror", mirror, "--json"]).json();
    read["trust"] = answer["trust"].clone();
    assert_eq!(read, answer, "a mirror answers as the server does");

    let alice = story.key("alice");
    story.cli.ok(&["revoke", &root, "--key", alice.to_str().unwrap()]);
    let held = story.cli.ok(&["authority", "agent:refunds/7", "--json"]).json();
    let carries: Vec<(&str, &str)> = held["delegations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (row["id"].as_str().unwrap(), row["carries"].as_str().unwrap()))
        .collect();
    assert_eq!(carries, [(both.as_str(), "held"), (&leaf, "not-held")]);
    let again = ask(&story, &root);
    assert_eq!((&again["stop"], &again["not_held"]), (&json!(0), &json!(2)), "it is withdrawn already");
}

#[test]
fn a_principal_a_key_and_an_approval_are_asked_about_by_their_names() {
    let story = Story::begin();
    let (root, leaf) = story.delegate();
    let planner = ask(&story, "agent:planner");
    assert_eq!(outlooks(&planner), [(root.as_str(), "stops"), (&leaf, "stops")]);
    assert_eq!(planner["withdrawn"]["kind"], json!("principal"));
    let kid = Person::new(2, "agent:planner").kid().to_hex();
    let key = ask(&story, &kid);
    assert_eq!((outlooks(&key), &key["withdrawn"]["name"]), (vec![(leaf.as_str(), "stops")], &json!(kid)));
    assert!(key["revoke_by"].as_str().unwrap().starts_with("writ keys retire"), "{key:#}");
    let approval = story.log("lee", &[json!({"kind": "approval", "body": {
        "approver": "user:lee@corp", "requester": "agent:refunds/7", "action": {"name": "payments:refund"},
        "resources": ["order/991"], "scope": "template",
    }})])[0].clone();
    let body = json!({
        "ruling": "permit", "actor": "agent:refunds/7", "action": {"name": "payments:refund"},
        "resources": ["order/991"], "quantities": {"eur": 10}, "delegation": leaf, "approval": approval,
    });
    let under = story.log("opa", &[json!({"kind": "decision", "body": body})])[0].clone();
    let answer = ask(&story, &approval);
    assert_eq!((outlooks(&answer), &answer["permits"][0]["id"]), (vec![], &json!(under)), "{answer:#}");
}

#[test]
fn what_cannot_be_withdrawn_and_what_is_unknown_are_told_apart_and_pages_stay() {
    let story = Story::begin();
    let (root, leaf) = story.delegate();
    let first = story.server.http.json(&format!("/v1/what-if?id={root}&limit=1"));
    assert_eq!((&first["count"], &first["stop"], &first["truncated"]), (&json!(1), &json!(2), &json!(true)));
    let next = first["next"].as_str().unwrap();
    story.log("planner", &[hop("agent:planner", "agent:refunds/7", &[&root])]);
    let second = story.cli.ok(&["what-if", &root, "--limit", "1", "--page", next, "--json"]).json();
    assert_eq!((outlooks(&second), &second["as_of"]), (vec![(leaf.as_str(), "stops")], &first["as_of"]));
    assert_eq!(story.server.http.get(&format!("/v1/what-if?id={leaf}&cursor={next}")).code(), "bad-query");
    let decision = permit(&story, &leaf);
    let ran = story.cli.run(&["what-if", &decision]);
    assert!(ran.code != 0 && ran.stderr.contains("not-revocable"), "{ran}");
    assert_eq!(story.server.http.get(&format!("/v1/what-if?id={decision}")).status, 422);
    assert_eq!(story.cli.run(&["what-if", "agent:nobody"]).code, 14);
    assert_eq!(story.server.http.get("/v1/what-if?id=agent:nobody").status, 404);
    assert_eq!(story.cli.with_trust(None).run(&["what-if", &root]).code, 13);
}
