//! Following a log: what it shows is kept, what contradicts that is proved, and verifying goes on where it stopped.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::{Cli, Draft, Person, Place, Ran, Server, copy_folder};

const TAMPERED: i32 = 10;
const INDETERMINATE: i32 = 12;
const UNTRUSTED: i32 = 13;
const ROLLBACK: i32 = 15;

/// A log, its server, and copies of how it was when it began.
struct Desk {
    place: Place,
    alice: Person,
    begun: u64,
}

impl Desk {
    fn new() -> (Self, Server) {
        let place = Place::init();
        let server = place.serve();
        let alice = Person::new(1, "user:alice@corp");
        place.register(&server, &[(&alice, &["principal"])]);
        let begun = server.http.size();
        server.stop();
        copy_folder(&place.data(), &place.path().join("older"));
        fs::copy(place.anchor(), place.path().join("older.anchor")).unwrap();
        let server = place.serve();
        (Self { place, alice, begun }, server)
    }

    /// Lets the log grow to this size, with entries of this name.
    fn grow(&self, server: &Server, size: u64, name: &str) {
        let notes = server.http.size()..size;
        let note = |n: u64| self.alice.sign(&Draft::note(&self.place.log(), &format!("{name} {n}")));
        let notes: Vec<Vec<u8>> = notes.map(note).collect();
        assert_eq!(server.http.append_many(&notes).status, 200);
        assert_eq!(server.http.size(), size);
    }

    /// Stops the server and serves the older copy under the anchor of then: no machine but the monitor's can tell.
    fn roll_back(&self, server: Server) -> Server {
        server.stop();
        fs::remove_dir_all(self.place.data()).unwrap();
        copy_folder(&self.place.path().join("older"), &self.place.data());
        fs::copy(self.place.path().join("older.anchor"), self.place.anchor()).unwrap();
        self.place.serve()
    }
}

fn at(cli: Cli, server: &Server) -> Cli {
    cli.with_server(&format!("http://{}", server.http.address))
}

/// Looks once; how it ended, and the alarms.
fn look(cli: &Cli, more: &[&str]) -> (Ran, Vec<Value>) {
    let ran = cli.run(&[&["monitor", "--once", "--json"], more].concat());
    let events = ran.stdout.lines().map(|line| Ran { stdout: line.into(), ..ran.clone() }.json());
    let alarms = events.filter(|event| event["event"] == "alarm").map(|event| event["alarm"].clone());
    let alarms = alarms.collect();
    (ran, alarms)
}

fn codes(alarms: &[Value]) -> Vec<&str> {
    alarms.iter().map(|alarm| alarm["code"].as_str().unwrap()).collect()
}

fn verify_fork(cli: &Cli, proof: &Path) -> Ran {
    cli.run(&["verify", "fork", "--json", proof.to_str().unwrap()])
}

#[test]
fn a_log_that_grows_is_followed_and_one_that_forks_is_proved_to_have() {
    let (desk, server) = Desk::new();
    let cli = Cli::new(&desk.place, &server);
    for size in [desk.begun, 9, 20] {
        if size > desk.begun {
            desk.grow(&server, size, "honest");
        }
        let (ran, alarms) = look(&cli, &[]);
        assert_eq!((ran.code, alarms.len()), (0, 0), "{ran}");
        assert!(ran.stdout.contains(&format!("\"size\":{size}")), "{ran}");
    }
    let server = desk.roll_back(server);
    let cli = at(cli, &server);
    let (ran, alarms) = look(&cli, &[]);
    assert_eq!((ran.code, codes(&alarms)), (ROLLBACK, vec!["rollback"]), "{ran}");
    // Grown again, smaller than what was shown: heads that were kept from then prove it. Then to the same size, and beyond.
    for (size, proves) in [(12, (9, 12)), (20, (20, 20)), (31, (20, 31))] {
        desk.grow(&server, size, "other");
        let (ran, alarms) = look(&cli, &[]);
        assert_eq!((ran.code, codes(&alarms)), (TAMPERED, vec!["split-view"]), "{size}: {ran}");
        let proof = PathBuf::from(alarms[0]["evidence"].as_str().unwrap_or_else(|| panic!("{size}: {ran}")));
        let proved = verify_fork(&cli, &proof);
        let said = proved.json();
        assert_eq!((proved.code, said["pinned"].as_bool()), (0, Some(true)), "{proved}");
        let sizes = (said["first"]["size"].as_u64().unwrap(), said["second"]["size"].as_u64().unwrap());
        assert_eq!(sizes, proves, "{proved}");
        assert_eq!(verify_fork(&cli.with_trust(None), &proof).code, UNTRUSTED, "no trust file is no success");
        let mut bytes = fs::read(&proof).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        let changed = desk.place.path().join("changed.fork");
        fs::write(&changed, bytes).unwrap();
        assert_eq!(verify_fork(&cli, &changed).code, TAMPERED);
    }
    server.stop();
    let (ran, alarms) = look(&cli, &[]);
    assert_eq!((ran.code, codes(&alarms)), (1, vec!["server-unreachable"]), "{ran}");
}

#[test]
fn two_servers_of_one_log_are_held_against_each_other() {
    let (desk, server) = Desk::new();
    desk.grow(&server, 20, "honest");
    let (older, anchor) = (desk.place.path().join("older"), desk.place.path().join("older.anchor"));
    let copy = Server::start(&older, &anchor).unwrap_or_else(|refused| panic!("{refused}"));
    let cli = Cli::new(&desk.place, &server);
    let both = [&server, &copy].map(|server| format!("http://{}", server.http.address));
    let both = both.each_ref().map(String::as_str);
    let (ran, alarms) = look(&cli, &both);
    assert_eq!((ran.code, alarms.len()), (0, 0), "one of them is only behind: {ran}");
    desk.grow(&copy, 25, "other");
    let (ran, alarms) = look(&cli, &both);
    assert_eq!((ran.code, codes(&alarms)), (TAMPERED, vec!["split-view"]), "{ran}");
    let proof = PathBuf::from(alarms[0]["evidence"].as_str().unwrap_or_else(|| panic!("{ran}")));
    assert_eq!(verify_fork(&cli, &proof).code, 0);
    server.stop();
    copy.stop();
}

#[test]
fn a_checkpoint_that_is_not_renewed_is_an_alarm() {
    let (desk, server) = Desk::new();
    let cli = Cli::new(&desk.place, &server);
    assert_eq!(look(&cli, &["--max-age", "1h"]).0.code, 0);
    thread::sleep(Duration::from_millis(2_100));
    let (ran, alarms) = look(&cli, &["--max-age", "0s"]);
    assert_eq!((ran.code, codes(&alarms)), (INDETERMINATE, vec!["checkpoint-too-old"]), "{ran}");
    server.stop();
}

#[test]
fn a_head_in_a_statement_that_is_not_the_logs_is_an_alarm_and_no_proof() {
    let (desk, server) = Desk::new();
    let cli = Cli::new(&desk.place, &server);
    assert_eq!(look(&cli, &[]).0.code, 0);
    let root = server.http.json("/v1/log")["as_of"]["root"].as_str().unwrap().to_owned();
    let seeing = |root: &str| {
        let mut draft = Draft::note(&desk.place.log(), root);
        draft.0["seen"] = json!([desk.begun, root]);
        server.append(&desk.alice.sign(&draft));
    };
    seeing(&root);
    let (ran, alarms) = look(&cli, &[]);
    assert_eq!((ran.code, alarms.len()), (0, 0), "{ran}");
    seeing(&"07".repeat(32));
    let (ran, alarms) = look(&cli, &[]);
    assert_eq!((ran.code, codes(&alarms)), (INDETERMINATE, vec!["seen-unconfirmed"]), "{ran}");
    assert!(ran.stderr.contains("user:alice@corp") && alarms[0]["evidence"].is_null(), "{ran}");
    server.stop();
}

#[test]
fn without_a_trust_file_nothing_is_followed() {
    let (desk, server) = Desk::new();
    let cli = Cli::new(&desk.place, &server).with_trust(None);
    assert_eq!(cli.run(&["monitor", "--once"]).code, UNTRUSTED);
    server.stop();
}

#[test]
fn verifying_goes_on_where_it_stopped_and_comes_to_what_a_whole_run_comes_to() {
    let (desk, server) = Desk::new();
    let cli = Cli::new(&desk.place, &server);
    let state = desk.place.path().join("log.state");
    let verify = |cli: &Cli, state: Option<&Path>| {
        let mut args = vec!["verify", "log", "--json"];
        args.extend(state.into_iter().flat_map(|state| ["--state", state.to_str().unwrap()]));
        cli.run(&args)
    };
    let mut before = 0;
    for size in [desk.begun, 300, 300, 777] {
        if size > server.http.size() {
            desk.grow(&server, size, "honest");
        }
        let (whole, resumed) = (verify(&cli, None), verify(&cli, Some(&state)));
        assert_eq!((whole.code, resumed.code), (0, 0), "{whole} {resumed}");
        let (mut whole, mut resumed) = (whole.json(), resumed.json());
        assert_eq!(resumed["coverage"]["resumed"].as_u64(), Some(before), "{resumed}");
        resumed["coverage"]["resumed"] = 0.into();
        let other = |check: &Value| !["state", "consistency"].contains(&check["name"].as_str().unwrap());
        for document in [&mut whole, &mut resumed] {
            document["checks"].as_array_mut().unwrap().retain(other);
        }
        assert_eq!(whole, resumed);
        before = size;
    }
    let whole = fs::read(&state).unwrap();
    for at in [0, 20, whole.len() / 2, whole.len() - 1] {
        let mut changed = whole.clone();
        changed[at] ^= 1;
        fs::write(&state, &changed).unwrap();
        assert_eq!(verify(&cli, Some(&state)).code, TAMPERED, "byte {at}");
        assert_eq!(fs::read(&state).unwrap(), changed, "it is not written over");
    }
    fs::write(&state, &whole).unwrap();
    // Another log does not begin it anew, and an older copy of this one is behind it.
    let (other, others) = Desk::new();
    let of_other = Cli::new(&other.place, &others);
    let ran = verify(&of_other, Some(&state));
    assert_eq!(ran.code, UNTRUSTED, "{ran}");
    others.stop();
    let server = desk.roll_back(server);
    let stranger = at(cli, &server).with_trust(Some(&desk.place.trust()));
    let ran = verify(&stranger, Some(&state));
    assert_eq!(ran.code, ROLLBACK, "{ran}");
    desk.grow(&server, 800, "other");
    let ran = verify(&stranger, Some(&state));
    assert_eq!(ran.code, TAMPERED, "{ran}");
    let error = ran.json()["error"].clone();
    let proof = PathBuf::from(error["evidence"].as_str().unwrap_or_else(|| panic!("{ran}")));
    assert_eq!(verify_fork(&stranger, &proof).code, 0, "both notes were at hand: {ran}");
    assert_eq!(fs::read(&state).unwrap(), whole);
    server.stop();
}
