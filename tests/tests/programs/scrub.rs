//! A log in service finds by itself that what is on its disk is no longer what was written.

use std::fs;
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;
use std::thread::sleep;
use std::time::{Duration, Instant};

use schemas::ids::StatementId;
use serde_json::json;

use crate::harness::{Draft, Person, Place, Server, entries, files_below, hex, next_random, writd};

/// Words that no compression makes shorter.
const NEEDLE: &str = "q8Zr2mVx7Lw0Tn5Kc9Bd3Hf6Jg1PsYuA";

/// Words of eight random bytes in each of the other statements: a block of the store then has a few entries.
const NOISE_WORDS: usize = 400;

/// Entries in a block, at most.
const BLOCK_ENTRIES: u64 = 10;

/// A log whose rows are in table files, with the id of an entry that says the words; served with a quick scrub.
fn begun() -> (Place, Server, StatementId, u64) {
    let place = Place::init();
    let server = place.serve();
    let alice = Person::new(1, "user:alice@corp");
    place.register(&server, &[(&alice, &["principal"])]);
    for n in 0..30 {
        let mut seed = n;
        let noise: String = (0..NOISE_WORDS).map(|_| format!("{:016x}", next_random(&mut seed))).collect();
        let draft = Draft::note(&place.log(), &format!("note {n}"));
        server.append(&alice.sign(&draft.with("ext", json!({"urn:writ:test:noise": noise}))));
    }
    let index = server.http.size();
    let id = server.append(&alice.sign(&Draft::note(&place.log(), NEEDLE)));
    server.append(&alice.sign(&Draft::note(&place.log(), "the last")));
    server.stop();
    // What is in the log files of the first run goes into table files.
    place.serve().stop();
    let server = place.serve_with(&["--scrub", "64"]).unwrap_or_else(|ran| panic!("{ran}"));
    (place, server, id, index)
}

fn wait(what: &str, until: impl Fn() -> bool) {
    let begun = Instant::now();
    while !until() {
        assert!(begun.elapsed() < Duration::from_secs(60), "{what}");
        sleep(Duration::from_millis(50));
    }
}

fn metric(server: &Server, name: &str) -> f64 {
    let text = server.http.get("/metrics").text();
    let line = text.lines().find(|line| line.starts_with(name) && !line.starts_with('#'));
    line.and_then(|line| line.rsplit_once(' ')).map_or(0.0, |(_, value)| value.parse().unwrap())
}

/// The end of an id, as it stands in a table file: RocksDB leaves out the bytes that a key shares with the one before.
fn unshared(id: &StatementId) -> &[u8] {
    &id.as_bytes()[4..]
}

/// Flips a bit in the table file that has these bytes, where they are.
fn flip(place: &Place, bytes: &[u8]) -> PathBuf {
    for path in files_below(&place.data().join("store")) {
        if path.extension().is_none_or(|extension| extension != "sst") {
            continue;
        }
        let content = fs::read(&path).unwrap();
        if let Some(at) = content.windows(bytes.len()).position(|window| window == bytes) {
            let file = fs::OpenOptions::new().write(true).open(&path).unwrap();
            file.write_all_at(&[content[at + 3] ^ 1], (at + 3) as u64).unwrap();
            file.sync_all().unwrap();
            return path;
        }
    }
    panic!("no table file has {}", hex(bytes));
}

#[test]
fn an_entry_damaged_under_a_running_server_latches_the_log_and_is_named() {
    let (place, server, _, index) = begun();
    wait("a whole pass", || metric(&server, "writ_scrub_passes_total") >= 1.0);
    assert_eq!(server.http.get("/readyz").status, 200);
    assert!(metric(&server, "writ_scrub_bytes_total") > 1_000.0);
    flip(&place, NEEDLE.as_bytes());
    wait("the log is latched", || server.http.get("/readyz").status == 503);
    let ready = server.http.get("/readyz").text();
    assert!(ready.contains("log-latched"), "{ready}");
    // The entries that share the damaged block, and no others.
    let (_, named) = ready.split_once("scrub: entries ").unwrap_or_else(|| panic!("{ready}"));
    let mut named = named.split([' ', ':']).filter_map(|word| word.parse::<u64>().ok());
    let (first, last) = (named.next().unwrap(), named.next().unwrap());
    assert!(first <= index && index <= last && last - first < BLOCK_ENTRIES, "#{index}: {ready}");
    assert_eq!(metric(&server, "writ_scrub_bad_entry"), first as f64);
    assert_eq!(metric(&server, "writ_scrub_failures_total{kind=\"entry\"}"), 1.0);
    server.kill();
    let fsck = place.fsck();
    assert_eq!((fsck.code, fsck.json()["first_bad"].as_u64()), (10, Some(first)), "{fsck}");
}

#[test]
fn a_restart_goes_on_where_the_scrub_was_and_takes_nothing_whole_for_damaged() {
    let (place, mut server, _, _) = begun();
    for _ in 0..4 {
        wait("a whole pass", || metric(&server, "writ_scrub_passes_total") >= 1.0);
        assert_eq!(metric(&server, "writ_scrub_failures_total"), 0.0);
        server.stop();
        server = place.serve_with(&["--scrub", "64"]).unwrap_or_else(|ran| panic!("{ran}"));
    }
}

#[test]
fn a_damaged_index_is_named_by_fsck_while_the_log_goes_on_serving_and_a_reindex_mends_it() {
    let (place, server, id, _) = begun();
    server.stop();
    // A start makes again what it finds damaged.
    let server = place.serve_with(&["--scrub", "0"]).unwrap_or_else(|ran| panic!("{ran}"));
    flip(&place, unshared(&id));
    let fsck = writd(&["fsck", "--data", place.data().to_str().unwrap()]);
    assert!(fsck.code == 10 && fsck.stdout.starts_with("INDEX DAMAGED: "), "{fsck}");
    assert!(fsck.stdout.contains("writd reindex --data"), "{fsck}");
    // What rests on entries is served as before, and nothing of that is latched.
    assert_eq!(server.http.get("/readyz").status, 200);
    assert_eq!(server.http.get("/checkpoint").status, 200);
    assert_eq!(entries(&server.http).len() as u64, server.http.size());
    server.stop();
    let ran = writd(&["reindex", "--data", place.data().to_str().unwrap()]);
    assert_eq!(ran.code, 0, "{ran}");
    assert_eq!(place.fsck().code, 0);
    let server = place.serve();
    assert_eq!(server.http.get(&format!("/v1/statements/{id}")).status, 200);
}

#[test]
fn an_index_damaged_under_a_running_server_is_made_again_and_the_log_goes_on() {
    let (place, server, id, _) = begun();
    wait("a whole pass", || metric(&server, "writ_scrub_passes_total") >= 1.0);
    flip(&place, unshared(&id));
    wait("the scrub meets it", || metric(&server, "writ_scrub_failures_total") >= 1.0);
    wait("the log goes on", || server.http.get("/readyz").status == 200);
    let before = metric(&server, "writ_scrub_passes_total");
    wait("a whole pass after that", || metric(&server, "writ_scrub_passes_total") > before);
    let alice = Person::new(1, "user:alice@corp");
    server.append(&alice.sign(&Draft::note(&place.log(), "it goes on")));
    server.stop();
    assert_eq!(place.fsck().code, 0);
}
