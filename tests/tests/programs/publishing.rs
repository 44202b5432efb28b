//! Head and checkpoint with witnesses: the checkpoint waits for its quorum, appending for nobody, and no start signs before the
//! witnesses were asked.

use std::fs;
use std::thread::sleep;
use std::time::{Duration, Instant};

use schemas::note::Note;
use schemas::time::{Millis, Time};
use schemas::tree::TreeHash;
use schemas::trust::TrustPolicy;
use verifier::checkpoint::{VerifiedHead, verify_checkpoint, verify_head};

use crate::harness::{Draft, Mood, Person, Place, Server, TestWitness, copy_folder, now};

const ROLLBACK: i32 = 15;

/// A log with a quorum of all of these witnesses.
struct Witnessed {
    place: Place,
    witnesses: Vec<TestWitness>,
    alice: Person,
}

impl Witnessed {
    fn new(seeds: &[u8], heartbeat: &str) -> Self {
        let place = Place::init_with(&["--heartbeat", heartbeat]);
        let witnesses: Vec<_> = seeds.iter().map(|seed| TestWitness::start(*seed)).collect();
        let lines: String = witnesses.iter().map(TestWitness::line).collect();
        let names: Vec<&str> = witnesses.iter().map(|witness| witness.name.as_str()).collect();
        let group = format!("group all-of-them all {}\nquorum all-of-them\n", names.join(" "));
        fs::write(place.path().join("witnesses"), format!("{lines}{group}")).unwrap();
        Self { place, witnesses, alice: Person::new(1, "user:alice@corp") }
    }

    fn serve(&self) -> Server {
        let file = self.place.path().join("witnesses");
        self.place.serve_with(&["--witnesses", file.to_str().unwrap()]).unwrap_or_else(|ran| panic!("{ran}"))
    }

    /// Serves, and waits until the first checkpoint is there.
    fn serve_published(&self) -> Server {
        let server = self.serve();
        self.wait_for(&server, server.http.size());
        server
    }

    /// What verifiers pin: the log's key, and the witnesses.
    fn trust(&self) -> TrustPolicy {
        let own = fs::read_to_string(self.place.trust()).unwrap().replace("quorum none\n", "");
        let witnesses = fs::read_to_string(self.place.path().join("witnesses")).unwrap();
        TrustPolicy::parse(format!("{own}{witnesses}").as_bytes()).unwrap()
    }

    /// The checkpoint that is shown, whose quorum is checked.
    fn checkpoint(&self, server: &Server) -> VerifiedHead {
        let note = Note::parse(&server.http.get("/checkpoint").body).unwrap();
        verify_checkpoint(&note, &self.trust()).unwrap().head().clone()
    }

    fn wait_for(&self, server: &Server, size: u64) {
        wait(|| {
            let answer = server.http.get("/checkpoint");
            answer.status == 200 && self.checkpoint(server).size() >= size
        });
    }

    fn append(&self, server: &Server, text: &str) -> schemas::ids::StatementId {
        let begun = Instant::now();
        let id = server.append(&self.alice.sign(&Draft::note(&self.place.log(), text)));
        assert!(begun.elapsed() < Duration::from_secs(2), "appending waits for nobody");
        id
    }
}

fn wait(until: impl Fn() -> bool) {
    let begun = Instant::now();
    while !until() {
        assert!(begun.elapsed() < Duration::from_secs(30), "it did not come to that");
        sleep(Duration::from_millis(20));
    }
}

#[test]
fn the_checkpoint_waits_for_its_quorum_and_appending_for_nobody() {
    let log = Witnessed::new(&[41, 42], "60");
    let server = log.serve_published();
    log.place.register(&server, &[(&log.alice, &["principal"])]);
    let first = log.append(&server, "first");
    log.wait_for(&server, server.http.size());
    let bundle = server.http.get(&format!("/v1/bundles?subject={first}"));
    assert_eq!(bundle.status, 200, "{}", bundle.text());
    verifier::bundle::check(&bundle.body, &log.trust()).unwrap();

    log.witnesses[1].set(Mood::Down);
    let before = server.http.size();
    let second = log.append(&server, "second");
    sleep(Duration::from_secs(2));
    assert_eq!((log.checkpoint(&server).size(), server.http.size()), (before, before + 1));
    let behind = server.http.get(&format!("/v1/bundles?subject={second}"));
    assert_eq!((behind.status, behind.code().as_str()), (503, "checkpoint-behind"));
    assert!(behind.header("retry-after").is_some());
    log.witnesses[1].set(Mood::Deaf);
    log.append(&server, "third");
    assert_eq!(log.checkpoint(&server).size(), before);
    let metrics = server.http.get("/metrics").text();
    assert!(
        metrics.contains(r#"writ_witness_answers_total{witness="w42",outcome="unreachable"}"#),
        "{metrics}"
    );

    log.witnesses[1].set(Mood::Honest);
    log.wait_for(&server, before + 2);
    let shown = server.http.json("/v1/log");
    assert_eq!(shown["checkpoint"]["size"], before + 2);
    assert_eq!(shown["checkpoint"]["cosigned"], serde_json::json!(["w41", "w42"]));
}

#[test]
fn a_signature_that_is_not_by_the_witnesss_key_counts_for_nothing() {
    let log = Witnessed::new(&[43], "60");
    let server = log.serve_published();
    let before = log.checkpoint(&server);
    log.witnesses[0].set(Mood::Forger);
    log.place.register(&server, &[(&log.alice, &["principal"])]);
    wait(|| server.http.get("/metrics").text().contains(r#"outcome="bad-signature""#));
    assert_eq!(log.checkpoint(&server), before);
    server.stop();
    // Nor is it an answer to what the witness knows.
    let server = log.serve();
    assert_eq!(server.http.get("/readyz").code(), "witnesses-pending");
}

#[test]
fn an_older_copy_with_its_anchor_is_refused_for_what_a_witness_remembers() {
    let log = Witnessed::new(&[44, 45], "60");
    let server = log.serve_published();
    log.place.register(&server, &[(&log.alice, &["principal"])]);
    server.stop();
    let older = log.place.path().join("older");
    copy_folder(&log.place.data(), &older);
    let anchor = log.place.path().join("older.anchor");
    fs::copy(log.place.anchor(), &anchor).unwrap();
    let server = log.serve();
    for n in 0..3 {
        log.append(&server, &n.to_string());
    }
    let newest = server.http.size();
    log.wait_for(&server, newest);
    server.stop();

    let file = log.place.path().join("witnesses");
    let ran = Server::start_with(&older, &anchor, &["--witnesses", file.to_str().unwrap()]).unwrap_err();
    assert_eq!(ran.code, ROLLBACK, "{ran}");
    assert!(ran.stderr.contains(&format!("it has cosigned size {newest}")), "{ran}");
    assert!(ran.stderr.contains("the witness w44") && ran.stderr.contains("the store has size 2"), "{ran}");
    // The newest copy is the one that goes on.
    let server = log.serve();
    log.append(&server, "goes on");
    log.wait_for(&server, newest + 1);
}

#[test]
fn another_root_at_a_size_that_a_witness_cosigned_is_refused() {
    let log = Witnessed::new(&[46], "60");
    let server = log.serve_published();
    log.place.register(&server, &[(&log.alice, &["principal"])]);
    log.wait_for(&server, 2);
    server.stop();
    log.witnesses[0].remember(|latest| latest.root = TreeHash::new([7; 32]));
    let file = log.place.path().join("witnesses");
    let ran = log.place.serve_with(&["--witnesses", file.to_str().unwrap()]).unwrap_err();
    assert_eq!(ran.code, ROLLBACK, "{ran}");
    assert!(ran.stderr.contains("another root"), "{ran}");
}

#[test]
fn nothing_is_signed_before_enough_witnesses_were_asked_and_meanwhile_the_log_is_read() {
    let log = Witnessed::new(&[47, 48], "6");
    let server = log.serve_published();
    log.place.register(&server, &[(&log.alice, &["principal"])]);
    log.wait_for(&server, 2);
    server.stop();
    log.witnesses[1].set(Mood::Down);
    let server = log.serve();
    let kept = log.checkpoint(&server);
    assert_eq!(kept.size(), 2, "a checkpoint with cosignatures survives");
    let statement = log.alice.sign(&Draft::note(&log.place.log(), "too early"));
    let refused = server.http.append(&statement);
    assert_eq!((refused.status, refused.code().as_str()), (503, "witnesses-pending"));
    assert_eq!(server.http.get("/readyz").code(), "witnesses-pending");
    assert_eq!(server.http.get("/v1/statements").status, 200);
    sleep(Duration::from_secs(3));
    assert_eq!(log.checkpoint(&server), kept, "no time is signed either");

    log.witnesses[1].set(Mood::Honest);
    wait(|| server.http.get("/readyz").status == 200);
    server.append(&statement);
    log.wait_for(&server, 3);
}

#[test]
fn an_idle_log_is_renewed_within_its_heartbeat_and_a_withheld_one_is_found_out() {
    let log = Witnessed::new(&[49], "6");
    let server = log.serve_published();
    let withheld = log.checkpoint(&server);
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(8) {
        let fresh = log.checkpoint(&server).fresh_at(Time(now()), Millis(6_000));
        assert!(fresh.is_ok(), "{fresh:?}");
        sleep(Duration::from_millis(200));
    }
    assert_eq!(log.checkpoint(&server).size(), withheld.size());
    assert_eq!(withheld.fresh_at(Time(now()), Millis(6_000)).unwrap_err().code(), "checkpoint-too-old");
    let ready = server.http.json("/readyz");
    assert_eq!((&ready["status"], &ready["checkpoint"]["overdue"]), (&"ok".into(), &false.into()));
    log.witnesses[0].set(Mood::Down);
    wait(|| server.http.json("/readyz")["status"] == "checkpoint-overdue");
}

#[test]
fn without_witnesses_every_head_is_the_checkpoint_and_a_busy_log_asks_its_witness_no_more_than_told() {
    let place = Place::init();
    let server = place.serve();
    let alice = Person::new(1, "user:alice@corp");
    place.register(&server, &[(&alice, &["principal"])]);
    for n in 0..20 {
        let receipt = server.http.append(&alice.sign(&Draft::note(&place.log(), &n.to_string()))).json();
        let head = Note::parse(receipt["head"].as_str().unwrap().as_bytes()).unwrap();
        let shown = Note::parse(&server.http.get("/checkpoint").body).unwrap();
        let [head, shown] = [head, shown].map(|note| verify_head(&note, &place.policy()).unwrap());
        assert!(shown.size() >= head.size() && shown.log_time().is_some() && head.log_time().is_none());
    }
    server.stop();

    let witness = TestWitness::start(50);
    let file = place.path().join("witnesses");
    fs::write(&file, format!("{}quorum {}\n", witness.line(), witness.name)).unwrap();
    let server = place.serve_with(&["--witnesses", file.to_str().unwrap(), "--publish-every", "5"]).unwrap();
    wait(|| server.http.get("/checkpoint").status == 200);
    let (asked, begun) = (witness.asked(), Instant::now());
    for n in 20..120 {
        server.append(&alice.sign(&Draft::note(&place.log(), &n.to_string())));
    }
    let rounds = 1 + begun.elapsed().as_secs() / 5;
    assert!(witness.asked() - asked <= 2 * usize::try_from(rounds).unwrap(), "{}", witness.asked());
}
