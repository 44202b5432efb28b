//! `writ chain` and `GET /v1/chain` of a task and of a trace: every action with its chain, each hop once.

use serde_json::{Value, json};

use crate::harness::{Person, Story};

const NOT_AUTHORIZED: i32 = 11;
const NOT_FOUND: i32 = 14;
const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

/// What a refund states beside what all of them do.
fn refund(story: &Story, delegation: &str, eur: u64) -> String {
    let about = json!({
        "actor": "agent:refunds/7", "action": {"name": "payments:refund"}, "resources": ["order/991"],
        "quantities": {"eur": eur}, "delegation": delegation,
    });
    let with = |more: Value| {
        let mut body = about.clone();
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    let draft = |kind: &str, body: Value| {
        let trace = json!({"trace_id": TRACE, "span_id": "00f067aa0ba902b7"});
        json!({"kind": kind, "task": "refunds-q4", "trace": trace, "body": body})
    };
    let permit = with(json!({"ruling": "permit"}));
    let decision = story.log("opa", &[draft("decision", permit)])[0].clone();
    let action = with(json!({"phase": "both", "outcome": "completed", "decision": decision}));
    story.log("gateway", &[draft("action", action)])[0].clone()
}

fn open(story: &Story, task: &str) -> String {
    let open = json!({"op": "open", "owner": "user:alice@corp"});
    story.log("desk", &[json!({"kind": "task", "task": task, "body": open})])[0].clone()
}

/// A task that is opened, two hops for it, two refunds within their scope and one beyond it.
fn task() -> (Story, Vec<String>) {
    let story = Story::begin();
    Person::new(9, "service:desk").write_key(story.place.path(), "desk.pem");
    story.register("desk", "service:desk", "authority=user:**");
    open(&story, "refunds-q4");
    let (_, leaf) = story.delegate();
    let actions = [420, 90, 4_000].map(|eur| refund(&story, &leaf, eur));
    (story, actions.into())
}

fn text(story: &Story, path: &str) -> String {
    let answer = story.server.http.request("GET", path, &[("accept", "text/plain")], &[]).unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.text()
}

fn without_trust(text: &str) -> Vec<&str> {
    text.lines().filter(|line| !line.starts_with("Trust")).collect()
}

fn field<'a>(chains: &'a Value, field: &str) -> Vec<&'a Value> {
    chains["actions"].as_array().unwrap().iter().map(|action| &action[field]).collect()
}

#[test]
fn a_task_and_a_trace_are_drawn_with_each_hop_once_and_server_program_and_mirror_say_the_same() {
    let (story, actions) = task();
    let mirror = story.cli.home().join("mirror");
    let mirror = mirror.to_str().unwrap();
    story.cli.ok(&["mirror", mirror]);
    for name in ["refunds-q4", "task:refunds-q4", TRACE, &format!("trace:{TRACE}")] {
        let ran = story.cli.run(&["chain", name, "--json"]);
        let chains = ran.json();
        assert_eq!(ran.code, NOT_AUTHORIZED, "the worst of them: {ran}");
        assert_eq!(
            field(&chains, "id"),
            actions.iter().map(|id| json!(id)).collect::<Vec<_>>().iter().collect::<Vec<_>>()
        );
        assert_eq!(field(&chains, "outcome"), ["authorized", "authorized", "not-authorized"]);
        assert_eq!((chains["hops"].as_array().unwrap().len(), &chains["count"]), (2, &json!(3)));
        let hop = &chains["hops"][1];
        assert_eq!((&hop["carries"], &hop["at_fault"], &hop["findings"]), (&json!(3), &json!(1), &json!([])));
        assert_eq!(chains["actions"][2]["broken_first"]["code"], "limit-exceeded", "{chains:#}");
        assert_eq!(chains["trust"]["pinned"], true);

        let path = format!("/v1/chain?id={name}");
        let own = story.server.http.json(&path);
        for part in ["schema", "of", "verdicts", "hops", "actions", "unjudged", "as_of", "truncated"] {
            assert_eq!(own[part], chains[part], "{part}");
        }
        let shown = story.cli.run(&["chain", name]).stdout;
        assert_eq!(without_trust(&text(&story, &path)), without_trust(&shown));
        for (how, more) in [("mirror", ["--mirror", mirror].as_slice()), ("tiles", &["--recompute"])] {
            let args = [&["chain", name, "--json"], more].concat();
            let read = story.cli.run(&args);
            assert_eq!((read.code, &read.json()["hops"]), (NOT_AUTHORIZED, &chains["hops"]), "{how}");
            assert_eq!(field(&read.json(), "outcome"), field(&chains, "outcome"), "{how}");
        }
    }
    let shown = story.cli.run(&["chain", "refunds-q4"]).stdout;
    for words in [
        "3 actions of task refunds-q4 (tenant default): ✓ 2 AUTHORIZED, ✗ 1 NOT AUTHORIZED",
        "Roots    user:alice@corp (3)",
        "2 hops, each drawn once",
        "✗ AT FAULT for 1 of 3 actions",
        "✗ limit-exceeded",
        "broken first at the",
    ] {
        assert!(shown.contains(words), "{words}:\n{shown}");
    }
    assert_eq!(shown.matches("→ agent:refunds/7").count(), 1, "{shown}");
    let worst = actions[2].get(..12).unwrap();
    assert!(
        shown.contains(&format!("Next: writ who {worst}")),
        "what went wrong is what to look at: {shown}"
    );
}

#[test]
fn pages_of_a_task_stay_with_the_log_that_the_first_was_of() {
    let (story, actions) = task();
    let first = story.cli.ok(&["chain", "refunds-q4", "--limit", "2", "--json"]).json();
    assert_eq!((&first["count"], &first["truncated"]), (&json!(2), &json!(true)));
    let next = first["next"].as_str().unwrap();
    let shown = story.cli.ok(&["chain", "refunds-q4", "--limit", "2"]).stdout;
    assert!(shown.contains("THE FIRST OF MORE") && shown.contains(&format!("--page {next}")), "{shown}");
    let (_, leaf) = story.delegate();
    refund(&story, &leaf, 1);
    let page = ["chain", "refunds-q4", "--limit", "2", "--page", next];
    let second = story.cli.run(&[&page[..], &["--json"]].concat()).json();
    assert_eq!(field(&second, "id"), [&json!(actions[2])]);
    assert_eq!((&second["truncated"], &second["as_of"]), (&json!(false), &first["as_of"]));
    let path = format!("/v1/chain?id=refunds-q4&limit=2&cursor={next}");
    assert_eq!(without_trust(&text(&story, &path)), without_trust(&story.cli.run(&page).stdout));
    let wrong = story.server.http.get(&format!("/v1/chain?id={TRACE}&cursor={next}"));
    assert_eq!((wrong.status, wrong.code().as_str()), (400, "bad-query"), "a cursor belongs to its question");
    assert_eq!(story.cli.run(&["chain", &actions[0], "--page", next]).code, 2);
}

#[test]
fn a_statement_that_opens_a_task_means_it_and_a_task_of_another_tenant_is_none() {
    let (story, actions) = task();
    let opened = story.server.http.json("/v1/statements?kind=task")["results"][0]["id"].clone();
    let opened = opened.as_str().unwrap();
    let mirror = story.cli.home().join("mirror");
    story.cli.ok(&["mirror", mirror.to_str().unwrap()]);
    for more in [&[][..], &["--mirror", mirror.to_str().unwrap()]] {
        let ran = story.cli.run(&[&["chain", opened, "--json"], more].concat());
        assert_eq!((&ran.json()["of"]["name"], &ran.json()["count"]), (&json!("refunds-q4"), &json!(3)));
        let one = story.cli.ok(&[&["chain", &actions[0], "--json"], more].concat()).json();
        assert_eq!(one["schema"], "writ.chain/1");
        for name in ["refunds-q5", "task:refunds-q5", "4bf92f3577b34da6a3ce929d0e0e4700"] {
            assert_eq!(story.cli.run(&[&["chain", name], more].concat()).code, NOT_FOUND, "{name}");
        }
        let elsewhere = [&["chain", "refunds-q4", "--tenant", "acme"], more].concat();
        assert_eq!(story.cli.run(&elsewhere).code, NOT_FOUND);
        let unpinned = story.cli.with_trust(None).run(&[&["chain", "refunds-q4"], more].concat());
        assert_eq!(unpinned.code, 13, "{unpinned}");
    }
    open(&story, "idle");
    let shown = story.cli.ok(&["chain", "idle"]).stdout;
    assert!(shown.contains("0 actions of task idle") && shown.contains("nothing was done"), "{shown}");
}
