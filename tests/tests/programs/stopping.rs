//! Ctrl-C and SIGTERM: long work ends where it can be taken up again, says how far it came, and never says that it is done.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::harness::{Cli, Draft, Gate, Person, Place, Server, Story, files_below};

const STOPPED: i32 = 130;

/// A log of this size behind a door, and somebody who asks through it.
fn begin(size: u64) -> (Place, Server, Gate, Cli) {
    let place = Place::init();
    let server = place.serve();
    let alice = Person::new(1, "user:alice@corp");
    place.register(&server, &[(&alice, &["principal"])]);
    let notes = server.http.size()..size;
    let notes: Vec<Vec<u8>> = notes.map(|n| alice.sign(&Draft::note(&place.log(), &n.to_string()))).collect();
    assert_eq!(server.http.append_many(&notes).status, 200);
    let gate = Gate::before(&server);
    let cli = Cli::new(&place, &server).with_server(&gate.address);
    (place, server, gate, cli)
}

/// Without what differs between a run that went on and one that did not.
fn comparable(mut document: Value) -> Value {
    document["coverage"]["resumed"] = json!(0);
    let differs = |check: &Value| ["state", "consistency"].contains(&check["name"].as_str().unwrap());
    document["checks"].as_array_mut().unwrap().retain(|check| !differs(check));
    document
}

#[test]
fn a_check_of_the_log_that_is_stopped_goes_on_where_it_stopped_and_both_cover_everything() {
    let size = 3_000;
    let (place, server, gate, cli) = begin(size);
    let state = place.path().join("a log.state");
    let verify = ["verify", "log", "--json", "--state", state.to_str().unwrap()];
    let mut before = 0;
    // Eight answers wait at most: once a tenth is asked for, the first was looked at.
    for (signal, after, least) in [("INT", 9, 256), ("TERM", 1, 0)] {
        gate.hold("GET /v1/entries", after);
        let mut running = cli.start(&verify);
        gate.holds();
        running.signal(signal);
        running.says("stopping after the entries at hand (once more: at once)");
        gate.open();
        let ran = running.ended();
        let said = ran.json();
        let covered = said["coverage"]["entries"].as_u64().unwrap();
        assert_eq!(
            (ran.code, &said["exit"], &said["ok"]),
            (STOPPED, &json!(STOPPED), &json!(false)),
            "{ran}"
        );
        assert_eq!(said["coverage"]["requested"], size, "{ran}");
        assert_eq!(said["coverage"]["resumed"], before, "{ran}");
        let new = covered - before;
        assert!(new.is_multiple_of(256) && (least..=256 * after as u64).contains(&new), "{ran}");
        assert_eq!(said["stopped"]["goes_on_at"], covered, "{ran}");
        let again = format!("writ verify log --json --state '{}'", state.display());
        assert_eq!(said["stopped"]["next"], again, "{ran}");
        let root = said["checks"].as_array().unwrap().iter().find(|check| check["name"] == "merkle-root");
        assert_eq!(root.unwrap()["status"], "skipped", "{ran}");
        before = covered;
    }
    gate.hold("GET /nothing", 0);
    let rest = cli.ok(&verify);
    let asked = gate.open();
    let entries: Vec<&String> = asked.iter().filter(|line| line.starts_with("GET /v1/entries")).collect();
    assert!(entries[0].contains("start=0&limit=1") || entries[0].contains(&format!("start={before}&")));
    let read = entries.iter().filter(|line| line.contains("limit=256")).count() as u64;
    assert!(read <= (size - before).div_ceil(256), "nothing is read twice: {entries:?}");
    let said = rest.json();
    assert_eq!((&said["coverage"]["resumed"], &said["coverage"]["entries"]), (&json!(before), &json!(size)));
    let whole = cli.with_trust(Some(&place.trust())).ok(&["verify", "log", "--json"]);
    assert_eq!(comparable(said), comparable(whole.json()));
    server.stop();
}

#[test]
fn a_check_that_keeps_no_state_says_how_it_could_have() {
    let (_place, server, gate, cli) = begin(1_000);
    gate.hold("GET /v1/entries", 1);
    let mut running = cli.start(&["verify", "log"]);
    gate.holds();
    running.signal("INT");
    running.says("stopping");
    gate.open();
    let ran = running.ended();
    assert_eq!(ran.code, STOPPED, "{ran}");
    for said in ["STOPPED", " of 1000 entries", "writ verify log --state FILE", "goes on at entry 0"] {
        assert!(ran.stdout.contains(said), "{said}: {ran}");
    }
    assert!(!ran.stdout.contains("INTACT"), "{ran}");
    server.stop();
}

#[test]
fn a_second_signal_ends_it_at_once_and_never_well() {
    let (place, server, gate, cli) = begin(1_000);
    let state = place.path().join("log.state");
    gate.hold("GET /v1/entries", 1);
    let mut running = cli.start(&["verify", "log", "--state", state.to_str().unwrap()]);
    gate.holds();
    running.signal("INT");
    running.says("stopping");
    running.signal("TERM");
    assert_eq!(running.ended().code, STOPPED, "while the door was still shut");
    gate.open();
    assert!(!state.exists());
    server.stop();
}

#[test]
fn a_mirror_whose_making_is_stopped_is_what_it_was_and_is_taken_up_again() {
    let (place, server, gate, cli) = begin(700);
    let folder = place.path().join("mirror");
    let mirror = ["mirror", folder.to_str().unwrap()];
    let stop = |after: usize| {
        gate.hold("GET /tile/entries/", after);
        let mut running = cli.start(&mirror);
        gate.holds();
        running.signal("INT");
        running.says("stopping after the entry bundle at hand");
        (gate.open(), running.ended())
    };
    let (_, ran) = stop(1);
    assert!(ran.code == STOPPED && ran.stderr.contains("512 of 700 entries are copied"), "{ran}");
    let verify = ["verify", "log", "--mirror", folder.to_str().unwrap()];
    assert_eq!(cli.run(&verify).code, 1, "it is no mirror before it is whole");
    gate.hold("GET /nothing", 0);
    cli.ok(&mirror);
    let fetched = gate.open().iter().filter(|line| line.starts_with("GET /tile/entries/")).count();
    assert_eq!(fetched, 1, "what was there is not fetched again");
    cli.ok(&verify);
    let alice = Person::new(1, "user:alice@corp");
    let notes: Vec<Vec<u8>> =
        (700..1_500).map(|n| alice.sign(&Draft::note(&place.log(), &n.to_string()))).collect();
    assert_eq!(server.http.append_many(&notes).status, 200);
    let (_, ran) = stop(1);
    assert!(ran.code == STOPPED && ran.stderr.contains("the mirror still ends at size 700"), "{ran}");
    assert!(cli.ok(&verify).stdout.contains("Covered  700 of 700 entries"));
    cli.ok(&mirror);
    assert!(cli.ok(&verify).stdout.contains("Covered  1500 of 1500 entries"));
    assert!(files_below(&folder).iter().all(|file| !file.to_string_lossy().contains(".new-")));
    server.stop();
}

#[test]
fn a_monitor_that_is_asked_to_stop_ends_well_and_has_kept_the_heads_that_it_saw() {
    let (place, server, _gate, cli) = begin(10);
    for signal in ["INT", "TERM"] {
        let mut running = cli.start(&["monitor", "--every", "1h"]);
        let line = running.next_line();
        assert!(line.contains("HEAD") && line.contains("10 entries"), "{line}");
        running.signal(signal);
        let ran = running.ended();
        assert!(ran.code == 0 && ran.stderr.contains("stopped as asked after 1 look, no alarm"), "{ran}");
    }
    let kept = files_below(&cli.home().join("state/writ/heads"));
    let kept = kept.iter().find(|file| file.extension().is_some_and(|e| e == "kept")).unwrap();
    assert!(fs::read_to_string(kept).unwrap().contains("ledger.test/log"), "{}", kept.display());
    // Asked for an hour's verdict, it does not give one after a moment.
    let mut running = cli.start(&["monitor", "--every", "100ms", "--for", "1h"]);
    running.next_line();
    running.signal("INT");
    assert_eq!(running.ended().code, STOPPED);
    server.stop();
    drop(place);
}

/// A CloudTrail file of so many events.
fn write_events(path: &Path, count: usize) {
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/cloudtrail/log");
    let files = files_below(&sample);
    let file = files.iter().find(|file| file.extension().is_some_and(|e| e == "json")).unwrap();
    let mut log: Value = serde_json::from_slice(&fs::read(file).unwrap()).unwrap();
    let event = log["Records"][0].clone();
    let numbered = |n: usize| {
        let mut event = event.clone();
        event["eventID"] = json!(format!("{n:08x}-0000-4000-8000-000000000000"));
        event
    };
    log["Records"] = (0..count).map(numbered).collect();
    fs::write(path, log.to_string()).unwrap();
}

#[test]
fn an_import_that_is_stopped_keeps_what_was_posted_and_the_same_again_completes_it() {
    let story = Story::begin();
    let gate = Gate::before(&story.server);
    let (key, events) = (story.key("gateway"), story.place.path().join("events.json"));
    write_events(&events, 1_500);
    let import = ["import", "cloudtrail", "--json", "--key", key.to_str().unwrap(), events.to_str().unwrap()];
    let Story { place, server, cli } = story;
    let cli = cli.with_server(&gate.address);
    gate.hold("POST /v1/statements", 0);
    let mut running = cli.start(&import);
    gate.holds();
    running.signal("INT");
    running.says("stopping after the batch at hand");
    gate.open();
    let ran = running.ended();
    let said = ran.json();
    let imported = said["imported"].as_u64().unwrap();
    assert!(ran.code == STOPPED && said["error"]["code"] == "stopped", "{ran}");
    let said = cli.ok(&import).json();
    let rest = said["imported"].as_u64().unwrap();
    assert!(imported > 0 && rest > 0 && said["already_imported"] == imported, "{ran}");
    let said = cli.ok(&import).json();
    assert_eq!((&said["imported"], &said["already_imported"]), (&json!(0), &json!(imported + rest)));
    assert_eq!(cli.run(&["verify", "log"]).code, 0);
    server.stop();
    drop(place);
}
