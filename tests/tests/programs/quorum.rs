//! A log with two real witnesses that must both cosign: what it publishes when one is killed, and what a copy from before is
//! told by them at its start.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use schemas::checkpoint::{Checkpoint, Origin};
use schemas::note::{Note, NoteSignature, VerifierKey};
use schemas::tree::TreeHash;
use schemas::trust::TrustPolicy;
use verifier::checkpoint::{VerifiedCheckpoint, verify_checkpoint};
use verifier::merkle::{leaf_hash, node_hash};

use crate::harness::{Draft, Http, Person, Place, Ran, SOON, Server, copy_folder, entries, program};
use crate::log_keys::secret;

const ROLLBACK: i32 = 15;

/// `writ witness serve` on a folder of its own, which may be killed and come back at the same address.
struct Witness {
    folder: PathBuf,
    address: String,
    child: Child,
    line: String,
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn writ(args: &[&str]) -> Ran {
    let mut command = assert_cmd::Command::new(program("writ"));
    let ran = Ran::of(command.args(args).env("LC_ALL", "C.UTF-8").timeout(SOON));
    assert_eq!(ran.code, 0, "{args:?}: {ran}");
    ran
}

fn serve_witness(folder: &Path, address: &str) -> (Child, String) {
    let mut child = Command::new(program("writ"))
        .args(["witness", "serve", text(folder), "--listen", address])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let address = line.trim().rsplit_once("http://").map(|(_, address)| address.to_owned());
    (child, address.unwrap_or_else(|| panic!("the witness does not listen: {line}")))
}

impl Witness {
    fn start(parent: &Path, name: &str, log: &VerifierKey) -> Self {
        let folder = parent.join(name);
        let made =
            writ(&["witness", "init", text(&folder), "--name", &format!("witness.test/{name}"), "--json"]);
        writ(&["witness", "add", text(&folder), &log.to_string()]);
        let (child, address) = serve_witness(&folder, "127.0.0.1:0");
        let vkey = made.json()["vkey"].as_str().unwrap().to_owned();
        let line = format!("witness {name} {vkey} http://{address}\n");
        Self { folder, address, child, line }
    }

    /// `kill -9`.
    fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    fn come_back(&mut self) {
        self.child = serve_witness(&self.folder, &self.address).0;
    }

    /// How far it has cosigned.
    fn size(&self) -> u64 {
        writ(&["witness", "list", text(&self.folder), "--json"]).json()["logs"][0]["size"]
            .as_u64()
            .unwrap_or(0)
    }
}

impl Drop for Witness {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A log with a quorum of two witnesses.
struct Log {
    place: Place,
    witnesses: [Witness; 2],
    alice: Person,
}

impl Log {
    fn new() -> Self {
        let place = Place::init();
        let key = place.policy().logs()[0].key.clone();
        let witnesses = ["one", "two"].map(|name| Witness::start(place.path(), name, &key));
        let lines: String = witnesses.iter().map(|witness| witness.line.as_str()).collect();
        fs::write(place.path().join("witnesses"), format!("{lines}group both all one two\nquorum both\n"))
            .unwrap();
        Self { place, witnesses, alice: Person::new(1, "user:alice@corp") }
    }

    fn flags(&self, every: &'static str) -> [String; 4] {
        let file = self.place.path().join("witnesses");
        ["--witnesses".into(), text(&file).into(), "--publish-every".into(), every.into()]
    }

    fn try_serve(&self, data: &Path, anchor: &Path, every: &'static str) -> Result<Server, Ran> {
        Server::start_with(data, anchor, &self.flags(every).each_ref().map(String::as_str))
    }

    fn serve(&self, every: &'static str) -> Server {
        let server = self.try_serve(&self.place.data(), &self.place.anchor(), every);
        server.unwrap_or_else(|ran| panic!("{ran}"))
    }

    /// In service, with Alice in it, and published.
    fn begin(&self, every: &'static str) -> Server {
        let server = self.serve(every);
        self.place.register(&server, &[(&self.alice, &["principal"])]);
        self.wait_for(&server.http, 2);
        server
    }

    fn trust(&self) -> TrustPolicy {
        let own = fs::read_to_string(self.place.trust()).unwrap().replace("quorum none\n", "");
        let witnesses = fs::read_to_string(self.place.path().join("witnesses")).unwrap();
        TrustPolicy::parse(format!("{own}{witnesses}").as_bytes()).unwrap()
    }

    /// The checkpoint that is shown, under its quorum.
    fn checkpoint(&self, http: &Http) -> Option<VerifiedCheckpoint> {
        let answer = http.get("/checkpoint");
        let note = (answer.status == 200).then(|| Note::parse(&answer.body).unwrap())?;
        Some(verify_checkpoint(&note, &self.trust()).unwrap())
    }

    fn size(&self, http: &Http) -> u64 {
        self.checkpoint(http).map_or(0, |checkpoint| checkpoint.head().size())
    }

    fn wait_for(&self, http: &Http, size: u64) {
        wait(|| self.size(http) >= size);
    }

    fn append(&self, server: &Server, text: &str) {
        server.append(&self.alice.sign(&Draft::note(&self.place.log(), text)));
    }
}

fn wait(until: impl Fn() -> bool) {
    let begun = Instant::now();
    while !until() {
        assert!(begun.elapsed() < SOON, "it did not come to that");
        sleep(Duration::from_millis(50));
    }
}

#[test]
fn with_one_of_two_witnesses_killed_the_log_goes_on_and_its_checkpoint_waits_until_that_is_back() {
    let mut log = Log::new();
    let server = log.begin("1");
    log.append(&server, "both");
    log.wait_for(&server.http, 3);

    log.witnesses[1].kill();
    log.append(&server, "one");
    log.append(&server, "one more");
    assert_eq!(server.http.size(), 5, "the head goes on");
    wait(|| log.witnesses[0].size() == 5);
    sleep(Duration::from_millis(1_500));
    assert_eq!(log.size(&server.http), 3, "and the checkpoint stays");
    assert_eq!(log.witnesses[1].size(), 3);

    log.witnesses[1].come_back();
    log.wait_for(&server.http, 5);
    assert_eq!(log.witnesses[1].size(), 5);
    log.append(&server, "both again");
    log.wait_for(&server.http, 6);
    server.stop();
}

#[test]
fn an_older_copy_of_folder_and_anchor_is_stopped_by_its_witnesses_before_it_signs() {
    let log = Log::new();
    log.begin("1").stop();
    let (older, anchor) = (log.place.path().join("older"), log.place.path().join("older.anchor"));
    copy_folder(&log.place.data(), &older);
    fs::copy(log.place.anchor(), &anchor).unwrap();
    let server = log.serve("1");
    for n in 0..3 {
        log.append(&server, &n.to_string());
    }
    log.wait_for(&server.http, 5);
    server.kill();

    let ran = log.try_serve(&older, &anchor, "1").unwrap_err();
    assert_eq!(ran.code, ROLLBACK, "{ran}");
    assert!(
        ran.stderr.contains("it has cosigned size 5") && ran.stderr.contains("the store has size 2"),
        "{ran}"
    );
    assert!(ran.stdout.is_empty(), "it never listened: {ran}");
    assert_eq!(log.witnesses.each_ref().map(Witness::size), [5, 5]);
    let server = log.serve("1");
    log.append(&server, "the newest copy goes on");
    log.wait_for(&server.http, 6);
}

/// A copy of folder and anchor as a kill left them: with three entries, and no note of more than two.
struct Copied {
    data: PathBuf,
    anchor: PathBuf,
    entries: Vec<Vec<u8>>,
}

impl Copied {
    fn between_head_and_round(log: &Log, server: Server) -> Self {
        log.append(&server, "between");
        let entries = entries(&server.http);
        server.kill();
        assert_eq!(
            log.witnesses.each_ref().map(Witness::size),
            [2, 2],
            "the round was too quick for the test"
        );
        let (data, anchor) = (log.place.path().join("copy"), log.place.path().join("copy.anchor"));
        copy_folder(&log.place.data(), &data);
        fs::copy(log.place.anchor(), &anchor).unwrap();
        Self { data, anchor, entries }
    }

    fn try_serve(&self, log: &Log) -> Result<Server, Ran> {
        log.try_serve(&self.data, &self.anchor, "1")
    }
}

#[test]
fn a_restored_copy_that_kept_no_note_so_late_compares_what_the_witnesses_show_to_monitors_and_goes_on() {
    let log = Log::new();
    let server = log.begin("6");
    let copied = Copied::between_head_and_round(&log, server);
    let server = log.serve("1");
    log.wait_for(&server.http, 3);
    server.kill();
    assert_eq!(log.witnesses.each_ref().map(Witness::size), [3, 3], "more than the copy's note says");

    let server = copied.try_serve(&log).unwrap_or_else(|ran| panic!("{ran}"));
    assert_eq!((server.http.get("/readyz").status, server.http.size()), (200, 3));
    log.append(&server, "goes on");
    log.wait_for(&server.http, 4);
}

#[test]
fn a_restored_copy_stops_where_the_witnesses_show_monitors_another_root_at_its_size() {
    let log = Log::new();
    let server = log.begin("6");
    let copied = Copied::between_head_and_round(&log, server);
    // What the log's key signs elsewhere: the same two entries, and another third.
    let [first, second] = [0, 1].map(|at| leaf_hash(&copied.entries[at]));
    let other = TreeHash::new([7; 32]);
    let key = log.place.policy().logs()[0].key.clone();
    let origin = Origin::new(key.name().as_str()).unwrap();
    let root = node_hash(&node_hash(&first, &second), &other);
    let text = Checkpoint { origin, size: 3, root }.text();
    let signature =
        ed25519_dalek::Signer::sign(&secret(&log.place.data().join("keys/checkpoint.pem")), text.as_bytes());
    let line = NoteSignature {
        name: key.name().clone(),
        key_id: key.id(),
        signature: signature.to_bytes().to_vec(),
    };
    let note = Note::new(text, vec![line]).unwrap();
    let body = format!("old 2\n{}\n\n{note}", other.to_base64());
    for witness in &log.witnesses {
        let http = Http { address: witness.address.clone() };
        let answer = http.request("POST", "/add-checkpoint", &[], body.as_bytes()).unwrap();
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
    let ran = copied.try_serve(&log).unwrap_err();
    assert_eq!(ran.code, ROLLBACK, "{ran}");
    assert!(
        ran.stderr.contains("another root")
            && ran.stderr.contains("(200)")
            && ran.stderr.contains("the store has size 3"),
        "{ran}"
    );
    assert!(ran.stdout.is_empty(), "it never listened: {ran}");
}
