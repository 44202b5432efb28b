//! Following a log as it grows.

use serde_json::{Value, json};

use crate::harness::Story;

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn tail_shows_what_is_logged_from_now_on_and_ends_well_when_it_is_asked_to() {
    let story = Story::begin();
    let (_, leaf) = story.delegate();
    let size = story.server.http.size();
    let from = size.to_string();
    let mut tail = story.cli.start(&["tail", "kind:action", "--from", &from, "--json"]);
    let action = story.refund(&leaf, "req-1").action;
    let line: Value = serde_json::from_str(&tail.first_line()).unwrap();
    assert_eq!((&line["schema"], &line["id"]), (&json!("writ.tail/1"), &json!(action)), "{line}");
    tail.signal("INT");
    let ran = tail.ended();
    assert_eq!((ran.code, ran.stdout.as_str()), (0, ""), "{ran}");
    assert!(ran.stderr.contains(&format!("--from {}", size + 2)), "{ran}");
    let again = story.cli.ok(&["tail", "--from", &from, "--once", "--json"]);
    let indexes: Vec<u64> = lines(&again.stdout).iter().map(|line| line["index"].as_u64().unwrap()).collect();
    assert_eq!(indexes, [size, size + 1]);
}

#[test]
fn findings_are_silent_where_all_is_well_and_name_the_rule_and_the_next_command_where_it_is_not() {
    let story = Story::begin();
    let (root, leaf) = story.delegate();
    story.refund(&leaf, "well");
    let key = story.key("alice");
    story.cli.ok(&["revoke", &root, "--key", key.to_str().unwrap(), "--cause", "exposed"]);
    let late = story.refund(&leaf, "late").action;
    let ran = story.cli.run(&["tail", "--findings", "--once", "--json"]);
    assert_eq!(ran.code, 11, "{ran}");
    let found = lines(&ran.stdout);
    let worst = found.iter().find(|line| line["finding"]["severity"] == "error").unwrap();
    assert_eq!((&worst["subject"], &worst["finding"]["code"]), (&json!(late), &json!("revoked")));
    assert_eq!(worst["next"], json!(format!("writ who {late}")));
    let text = story.cli.run(&["tail", "--findings", "--once"]);
    let last = text.stdout.lines().last().unwrap();
    assert!(last.contains("2 actions judged: 1 authorized, 1 NOT AUTHORIZED"), "{text}");
    assert!(text.stdout.contains("revoked") && text.stdout.contains("writ who "), "{text}");
}

#[test]
fn tail_takes_up_where_it_was_when_the_server_comes_back() {
    let Story { place, server, cli } = Story::begin();
    let ran = cli.run(&["tail", "--from", "1000000", "--once"]);
    assert_eq!(ran.code, 0, "nothing is left to be shown: {ran}");
    let ran = cli.run(&["tail", "toool:b"]);
    assert_eq!(ran.code, 2, "{ran}");
    let begun = std::time::Instant::now();
    let tail = cli.start(&["tail", "--from", "1", "--json"]);
    std::thread::sleep(std::time::Duration::from_millis(500));
    server.stop();
    assert!(begun.elapsed() < std::time::Duration::from_secs(8), "an open stream does not hold up the end");
    let server = place.serve();
    tail.signal("TERM");
    let ran = tail.ended();
    assert!(ran.code == 0 && ran.stderr.contains("stopping"), "{ran}");
    drop(server);
}
