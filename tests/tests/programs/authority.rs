//! `writ authority` and `GET /v1/authority`: what a principal could do at a moment.

use serde_json::{Value, json};

use crate::harness::{Story, now};

fn rows(answer: &Value) -> Vec<(&str, &str)> {
    let rows = answer["delegations"].as_array().unwrap();
    rows.iter().map(|row| (row["id"].as_str().unwrap(), row["carries"].as_str().unwrap())).collect()
}

fn to_refunds(parent: &str, more: Value) -> Value {
    let mut body = json!({
        "delegator": "agent:planner", "delegatee": "agent:refunds/7", "parents": [parent],
        "scope": [{"actions": ["payments:refund"], "resources": ["order/*"]}],
    });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!({"kind": "delegation", "body": body})
}

fn revocation(id: &str) -> Value {
    json!({"kind": "revocation", "body": {"target": {"kind": "delegation", "ref": id}}})
}

fn codes(row: &Value) -> Vec<&str> {
    row["findings"].as_array().unwrap().iter().map(|found| found["code"].as_str().unwrap()).collect()
}

#[test]
fn what_is_held_comes_first_with_what_all_hops_allow_and_the_rest_with_why_not() {
    let story = Story::begin();
    let (root, leaf) = story.delegate();
    let ends = now() + 3_600_000;
    let more = [
        to_refunds(&root, json!({"expires": ends, "use_limit": 2})),
        to_refunds(&root, json!({"not_before": ends})),
        to_refunds(&root, json!({"scope": [{"actions": ["payments:*"], "resources": ["**"]}]})),
    ];
    let [limited, early, broad] = story.log("planner", &more).try_into().unwrap();
    let gone = story.log("planner", &[to_refunds(&root, json!({}))])[0].clone();
    story.log("planner", &[revocation(&gone)]);

    let answer = story.cli.ok(&["authority", "agent:refunds/7", "--json"]).json();
    let expected = [
        (leaf.as_str(), "held"),
        (&limited, "held"),
        (&early, "not-held"),
        (&broad, "not-held"),
        (&gone, "not-held"),
    ];
    assert_eq!(rows(&answer), expected);
    assert_eq!(
        (&answer["held"], &answer["uncertain"], &answer["not_held"]),
        (&json!(2), &json!(0), &json!(3))
    );
    assert_eq!((&answer["complete"], &answer["at"]), (&json!(true), &answer["as_of"]["time"]));
    let rows = answer["delegations"].as_array().unwrap();
    assert_eq!(
        rows[1]["ways"][0]["may"],
        json!([{"actions": ["payments:refund"], "resources": ["order/*"], "limits": {"eur": {"max": 5000}}}]),
        "what the delegation leaves open its parent bounds"
    );
    assert_eq!((&rows[1]["ways"][0]["until"], &rows[1]["uses"]["left"]), (&json!(ends), &json!(2)));
    let only = &rows[0]["ways"][0];
    assert_eq!((&only["further_hops"], &only["root"]), (&json!(1), &json!("user:alice@corp")));
    let way: Vec<&str> =
        only["hops"].as_array().unwrap().iter().map(|hop| hop["id"].as_str().unwrap()).collect();
    assert_eq!(way, [&root, &leaf]);
    assert_eq!(codes(&rows[2])[0], "hop-not-yet-valid");
    assert_eq!(codes(&rows[3])[0], "scope-escalated");
    assert_eq!(codes(&rows[4])[0], "revoked");

    let shown = story.cli.ok(&["authority", "agent:refunds/7"]).stdout;
    for words in [
        "agent:refunds/7 holds 2 delegations at",
        "; 3 not held",
        "payments:refund on order/*, eur ≤ 500",
        "2 of 2 actions left",
        "way    user:alice@corp → agent:planner",
        "✗ revoked: delegation withdrawn by agent:planner",
        "is the server's word",
        "Next: writ ",
    ] {
        assert!(shown.contains(words), "{words}:\n{shown}");
    }
    let same = story.server.http.request(
        "GET",
        "/v1/authority?principal=agent:refunds/7",
        &[("accept", "text/plain")],
        &[],
    );
    let same = same.unwrap().text();
    assert!(shown.starts_with(&same), "server and program print one text:\n{same}\n{shown}");

    let mirror = story.cli.home().join("mirror");
    let mirror = mirror.to_str().unwrap();
    story.cli.ok(&["mirror", mirror]);
    let mut read = story.cli.ok(&["authority", "agent:refunds/7", "--mirror", mirror, "--json"]).json();
    assert_eq!(read["trust"], json!({"pinned": true}));
    read["trust"] = answer["trust"].clone();
    assert_eq!(read, answer, "a mirror answers as the server does");
}

fn from_alice(scope: Value, more: Value) -> Value {
    let mut body = json!({"delegator": "user:alice@corp", "delegatee": "agent:planner", "scope": scope});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!({"kind": "delegation", "body": body})
}

#[test]
fn every_way_is_shown_with_what_it_allows_and_their_union_is_the_answer() {
    let story = Story::begin();
    let limited = |most: u64| json!([{"actions": ["payments:*"], "resources": ["order/**"], "limits": {"eur": {"max": most}}}]);
    let ends = now() + 3_600_000;
    let given = [
        from_alice(limited(5000), json!({"expires": ends})),
        from_alice(limited(100), json!({"max_depth": 1})),
        from_alice(limited(9000), json!({})),
    ];
    let [wide, tight, gone] = story.log("alice", &given).try_into().unwrap();
    let joined = to_refunds(&wide, json!({"parents": [wide, tight, gone]}));
    let joined = story.log("planner", &[joined])[0].clone();
    story.log("alice", &[revocation(&gone)]);

    let answer = story.cli.ok(&["authority", "agent:refunds/7", "--json"]).json();
    assert_eq!(rows(&answer), [(joined.as_str(), "held")]);
    let row = &answer["delegations"][0];
    let ways = row["ways"].as_array().unwrap();
    let hops = |way: &Value| way["hops"][0]["id"].as_str().unwrap().to_owned();
    let told: Vec<(String, &str)> =
        ways.iter().map(|way| (hops(way), way["carries"].as_str().unwrap())).collect();
    let expected = [(wide.clone(), "held"), (tight.clone(), "held"), (gone.clone(), "not-held")];
    assert_eq!((told, &row["ways_complete"]), (expected.to_vec(), &json!(true)));
    let eur = |most: u64| json!({"actions": ["payments:refund"], "resources": ["order/*"], "limits": {"eur": {"max": most}}});
    assert_eq!((&ways[0]["may"], &ways[1]["may"]), (&json!([eur(5000)]), &json!([eur(100)])));
    assert_eq!((&ways[0]["until"], ways[1].get("until")), (&json!(ends), None));
    let part = |most, way| json!({"grant": eur(most), "elsewhere": [], "carries": "held", "ways": [way]});
    assert_eq!(row["may"], json!([part(5000, 1), part(100, 2)]), "what is withdrawn carries nothing");
    assert_eq!((codes(&ways[2]), codes(row)), (vec!["revoked"], vec![]));

    let shown = story.cli.ok(&["authority", "agent:refunds/7"]).stdout;
    for words in [
        "may    by way 1: payments:refund on order/*, eur ≤ 5000",
        "by way 2: payments:refund on order/*, eur ≤ 100",
        "way 1  ✓ held: user:alice@corp → agent:planner",
        "not to be handed on",
        "way 3  ✗ not held: user:alice@corp",
        "✗ revoked: delegation withdrawn by user:alice@corp",
    ] {
        assert!(shown.contains(words), "{words}:\n{shown}");
    }
    let mirror = story.cli.home().join("mirror");
    let mirror = mirror.to_str().unwrap();
    story.cli.ok(&["mirror", mirror]);
    let read = story.cli.ok(&["authority", "agent:refunds/7", "--mirror", mirror, "--json"]).json();
    assert_eq!(read["delegations"], answer["delegations"], "a mirror answers as the server does");
}

#[test]
fn a_revocation_upstream_takes_what_is_held_below_from_then_on_and_not_before() {
    let story = Story::begin();
    let (root, leaf) = story.delegate();
    let then = story.cli.ok(&["authority", "agent:refunds/7", "--json"]).json()["at"].clone();
    std::thread::sleep(std::time::Duration::from_millis(5));
    story.log("alice", &[revocation(&root)]);
    let after = story.cli.ok(&["authority", "agent:refunds/7", "--json"]).json();
    assert_eq!(rows(&after), [(leaf.as_str(), "not-held")]);
    let revoked = &after["delegations"][0]["findings"][0];
    assert_eq!((&revoked["code"], &revoked["statement"]), (&json!("revoked"), &json!(root)), "at which hop");
    let at = then.to_string();
    let before = story.cli.ok(&["authority", "agent:refunds/7", "--at", &at, "--json"]).json();
    assert_eq!((rows(&before), &before["at"]), (vec![(leaf.as_str(), "held")], &then));
    let early = story.cli.ok(&["authority", "agent:refunds/7", "--at", "1d", "--json"]).json();
    assert_eq!(
        codes(&early["delegations"][0])[0],
        "root-unknown",
        "nobody had registered anybody: {early:#}"
    );
    let none = story.cli.ok(&["authority", "agent:refunds/7"]).stdout;
    assert!(none.contains("holds no delegation at") && none.contains("1 not held"), "{none}");
}

#[test]
fn a_root_is_said_to_be_one_and_another_name_counts_while_a_registrar_links_it() {
    let story = Story::begin();
    let (_, leaf) = story.delegate();
    let alice = story.cli.ok(&["authority", "user:alice@corp", "--json"]).json();
    assert_eq!((&alice["root"], rows(&alice)), (&json!({"stands": true}), vec![]));
    assert!(story.cli.ok(&["authority", "user:alice@corp"]).stdout.contains("registered root"));
    let other = "spiffe://corp/refunds/7";
    story.log("registrar", &[json!({"kind": "link", "body": {"from": "agent:refunds/7", "to": other}})]);
    let linked = story.cli.ok(&["authority", other, "--json"]).json();
    assert_eq!(rows(&linked), [(leaf.as_str(), "held")]);
    assert_eq!(linked["also_known_as"], json!(["agent:refunds/7"]));
    let ends = now() - 60_000;
    let past = json!({"from": "agent:refunds/7", "to": "spiffe://corp/old", "expires": ends});
    story.log("registrar", &[json!({"kind": "link", "body": past})]);
    let past = story.cli.ok(&["authority", "spiffe://corp/old", "--json"]).json();
    assert_eq!(rows(&past), [(leaf.as_str(), "not-held")]);
    assert_eq!(codes(&past["delegations"][0])[0], "identity-unlinked");
}

#[test]
fn pages_stay_the_same_and_bad_input_is_told_apart() {
    let story = Story::begin();
    let (root, _) = story.delegate();
    story.log("planner", &[to_refunds(&root, json!({})), to_refunds(&root, json!({"use_limit": 1}))]);
    let http = &story.server.http;
    let asked = "/v1/authority?principal=agent:refunds/7&limit=2";
    let first = http.json(asked);
    assert_eq!((&first["count"], &first["held"], &first["truncated"]), (&json!(2), &json!(3), &json!(true)));
    story.log("planner", &[to_refunds(&root, json!({"use_limit": 2}))]);
    let next = first["next"].as_str().unwrap();
    let second = http.json(&format!("{asked}&cursor={next}"));
    assert_eq!(
        (&second["count"], &second["held"], &second["as_of"]),
        (&json!(1), &json!(3), &first["as_of"])
    );
    assert_eq!((&second["at"], second.get("next")), (&first["at"], None));
    let again = ["authority", "agent:refunds/7", "--limit", "2", "--page", next, "--json"];
    assert_eq!(story.cli.ok(&again).json()["delegations"], second["delegations"]);
    let wrong = http.get(&format!("/v1/authority?principal=agent:planner&cursor={next}"));
    assert_eq!((wrong.status, wrong.code().as_str()), (400, "bad-query"), "a cursor belongs to its question");
    assert_eq!(http.get("/v1/authority").status, 400);
    assert_eq!(http.get("/v1/authority?principal=agent:planner&at=yesterday").status, 400);
    let unknown = story.cli.run(&["authority", "agent:refunds"]);
    assert!(unknown.code == 14 && unknown.stderr.contains("agent:refunds/7"), "near matches: {unknown}");
    assert_eq!(http.get("/v1/authority?principal=agent:nobody").status, 404);
    let elsewhere = story.cli.ok(&["authority", "agent:refunds/7", "--tenant", "eu", "--json"]).json();
    assert_eq!(rows(&elsewhere), []);
    assert_eq!(story.cli.with_trust(None).run(&["authority", "agent:refunds/7"]).code, 13);
}
