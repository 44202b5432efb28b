//! The log's own keys, one put in another's place: what was proved before stays proved, and a withdrawn key signs nothing more.

use std::fs;
use std::path::{Path, PathBuf};

use data_encoding::BASE64;
use ed25519_dalek::{Signer as _, SigningKey};
use schemas::checkpoint::Checkpoint;
use schemas::note::{Note, NoteSignature, VerifierKey};
use serde_json::Value;

use crate::harness::{Gate, Place, Ran, Story, writd};

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn keys(data: &Path, args: &[&str]) -> Ran {
    writd(&[&["keys"], args, &["--data", text(data)]].concat())
}

/// The seed in a key file of `writd init`: the last 32 bytes of its PKCS#8 form.
pub(crate) fn secret(path: &Path) -> SigningKey {
    let pem = fs::read_to_string(path).unwrap();
    let body: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    let der = BASE64.decode(body.as_bytes()).unwrap();
    SigningKey::from_bytes(der[der.len() - 32..].try_into().unwrap())
}

/// Stops the server, changes its keys, and starts it again.
pub(crate) fn change(story: Story, args: &[&str]) -> Story {
    let Story { place, server, cli } = story;
    server.stop();
    let ran = keys(&place.data(), args);
    assert_eq!(ran.code, 0, "{args:?}: {ran}");
    assert_eq!(place.fsck().code, 0, "{args:?}");
    let server = place.serve();
    let cli = cli.with_server(&format!("http://{}", server.http.address));
    Story { place, server, cli }
}

/// Evidence of one statement: a bundle and a proof.
struct Kept {
    id: String,
    bundle: PathBuf,
    proof: PathBuf,
}

impl Kept {
    fn of(story: &Story, name: &str) -> Self {
        let (_, hop) = story.delegate();
        let id = story.refund(&hop, name).action;
        let [bundle, proof] =
            ["bundle", "tlog-proof"].map(|kind| story.place.path().join(format!("{name}.{kind}")));
        story.cli.ok(&["bundle", "create", &id, "-o", text(&bundle)]);
        story.cli.ok(&["proof", &id, "-o", text(&proof)]);
        Self { id, bundle, proof }
    }

    /// What checking the bundle, the proof and the action itself end with under a trust file.
    fn codes(&self, story: &Story, trust: &Path) -> [i32; 2] {
        let cli = story.cli.with_trust(Some(trust));
        let server = ["--server", "http://127.0.0.1:1"];
        let bundle = cli.run(&[&["bundle", "verify", text(&self.bundle)][..], &server].concat());
        let proof = cli.run(&[&["verify", "proof", text(&self.proof)][..], &server].concat());
        [bundle.code, proof.code]
    }
}

fn copy_trust(story: &Story, name: &str) -> PathBuf {
    let path = story.place.path().join(name);
    fs::copy(story.place.trust(), &path).unwrap();
    path
}

#[test]
fn evidence_outlives_the_keys_that_it_was_signed_with() {
    let story = Story::begin();
    let [early, late] = ["early.policy", "late.policy"].map(|name| copy_trust(&story, name));
    let before = Kept::of(&story, "before");
    assert_eq!(before.codes(&story, &early), [0, 0]);

    let story = change(story, &["rotate", "--use", "checkpoint"]);
    let both = story.place.trust();
    let between = Kept::of(&story, "between");
    for trust in [&early, &both] {
        assert_eq!(between.codes(&story, trust), [0, 0], "both keys sign: {}", trust.display());
        assert_eq!(story.cli.with_trust(Some(trust)).run(&["verify", "log"]).code, 0);
    }
    let update = ["trust", "update", "--json"];
    let ran = story.cli.with_trust(Some(&early)).ok(&update).json();
    assert_eq!((&ran["known_by"], ran["added"].as_array().unwrap().len()), (&"pinned-key".into(), 1));
    let again = story.cli.with_trust(Some(&early)).ok(&update).json();
    assert_eq!(again["added"].as_array().unwrap().len(), 0, "nothing is added twice");

    let Story { place, server, cli } = story;
    server.stop();
    let ran = keys(&place.data(), &["retire", "--use", "checkpoint"]);
    assert!(ran.code == 2 && ran.stderr.contains("cannot be undone"), "{ran}");
    let server = place.serve();
    let cli = cli.with_server(&format!("http://{}", server.http.address));
    let story = change(Story { place, server, cli }, &["retire", "--use", "checkpoint", "--yes"]);
    let after = Kept::of(&story, "after");
    let shown = story.server.http.json("/v1/log");
    let of_use = shown["keys"].as_array().unwrap().iter().filter(|key| key["use"] == "checkpoint");
    let vkeys: Vec<&str> = of_use.map(|key| key["vkey"].as_str().unwrap()).collect();
    assert_eq!(vkeys.len(), 1, "the key in force and no other: {vkeys:?}");
    assert!(!fs::read_to_string(&late).unwrap().contains(vkeys[0]), "it came after genesis");
    for trust in [&early, &both] {
        for kept in [&before, &between, &after] {
            assert_eq!(kept.codes(&story, trust), [0, 0], "{} under {}", kept.id, trust.display());
        }
        assert_eq!(story.cli.with_trust(Some(trust)).run(&["verify", "log"]).code, 0);
    }
    assert_eq!(before.codes(&story, &late), [0, 0], "what was proved stays proved");
    assert_eq!(after.codes(&story, &late), [13, 13], "a key that nobody pinned");
    assert_eq!(story.cli.with_trust(None).run(&["verify", "log"]).code, 13, "consistent in itself");
    let ran = story.cli.with_trust(Some(&late)).ok(&update).json();
    assert_eq!(ran["known_by"], "pinned-genesis");
    assert_eq!(after.codes(&story, &late), [0, 0]);
}

#[test]
fn a_head_that_only_a_withdrawn_key_signed_is_refused_by_whoever_reads_the_entries() {
    let story = Story::begin();
    let old_key = secret(&story.place.data().join("keys/checkpoint.pem"));
    let old_vkey: VerifierKey = story.place.policy().logs()[0].key.clone();
    let story = change(story, &["rotate", "--use", "checkpoint"]);
    let story = change(story, &["retire", "--use", "checkpoint", "--yes"]);
    let mirror = story.place.path().join("mirror");
    story.cli.ok(&["mirror", text(&mirror)]);
    let verify = ["verify", "log", "--mirror", text(&mirror)];
    story.cli.ok(&verify);
    let kept = mirror.join("checkpoint");
    fs::write(&kept, signed_by(&old_key, &old_vkey, &fs::read(&kept).unwrap())).unwrap();
    for trust in [Some(story.place.trust()), None] {
        let ran = story.cli.with_trust(trust.as_deref()).run(&verify);
        assert!(ran.code == 10 && ran.stdout.contains("was withdrawn by entry"), "{trust:?}: {ran}");
    }
}

/// The text of a head under a signature by this key alone.
fn signed_by(key: &SigningKey, vkey: &VerifierKey, note: &[u8]) -> Vec<u8> {
    let text = Checkpoint::from_note(&Note::parse(note).unwrap()).unwrap().text();
    let line = NoteSignature {
        name: vkey.name().clone(),
        key_id: vkey.id(),
        signature: key.sign(text.as_bytes()).to_bytes().to_vec(),
    };
    Note::new(text, vec![line]).unwrap().to_string().into_bytes()
}

/// Codes of the alarms of a monitor that looked once.
fn alarms(ran: &Ran) -> Vec<String> {
    let events = ran.stdout.lines().map(|line| Ran { stdout: line.into(), ..ran.clone() }.json());
    let alarms = events.filter(|event| event["event"] == "alarm");
    alarms.map(|event| event["alarm"]["code"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_monitor_raises_an_alarm_at_a_head_that_only_a_withdrawn_key_signed_though_it_is_pinned() {
    let story = Story::begin();
    let key = secret(&story.place.data().join("keys/checkpoint.pem"));
    let vkey: VerifierKey = story.place.policy().logs()[0].key.clone();
    let story = change(story, &["rotate", "--use", "checkpoint"]);
    let (monitor, pins_both) = (["monitor", "--once", "--json"], story.place.trust());
    // Somebody new each time: nothing but the log says which keys are its own.
    let show = |story: &Story, forged: bool| {
        let gate = Gate::before(&story.server);
        let forge =
            || ("GET /checkpoint", signed_by(&key, &vkey, &story.server.http.get("/checkpoint").body));
        gate.replace(forged.then(forge));
        story.cli.with_trust(Some(&pins_both)).with_server(&gate.address).run(&monitor)
    };
    let ran = show(&story, true);
    assert!(!alarms(&ran).iter().any(|code| code.starts_with("checkpoint-key")), "it signs as well: {ran}");
    let story = change(story, &["retire", "--use", "checkpoint", "--yes"]);
    let ran = show(&story, false);
    assert_eq!(ran.code, 0, "{ran}");
    let ran = show(&story, true);
    assert!(ran.code == 10 && alarms(&ran).contains(&"checkpoint-key-withdrawn".to_owned()), "{ran}");
    assert!(!ran.stdout.contains("\"event\":\"head\""), "it is no head of the log: {ran}");

    // Whoever has followed the log reads only what is new, and does not go by the forged head afterwards.
    let gate = Gate::before(&story.server);
    let cli = story.cli.with_trust(Some(&pins_both)).with_server(&gate.address);
    cli.ok(&monitor);
    story.delegate();
    gate.hold("GET /nothing", 0);
    gate.replace(Some((
        "GET /checkpoint",
        signed_by(&key, &vkey, &story.server.http.get("/checkpoint").body),
    )));
    let ran = cli.run(&monitor);
    assert!(ran.code == 10 && alarms(&ran).contains(&"checkpoint-key-withdrawn".to_owned()), "{ran}");
    let genesis = "GET /v1/entries?start=0&limit=1";
    let again = |line: &String| line.contains("/v1/entries?start=0&") && line != genesis;
    assert!(!gate.open().iter().any(again), "what was read before is read again");
    gate.replace(None);
    cli.ok(&monitor);
}

#[test]
fn the_log_speaks_with_its_newest_statement_and_receipt_keys_and_says_which_file_is_missing() {
    let story = Story::begin();
    let before = Kept::of(&story, "before");
    let story = change(story, &["rotate", "--use", "statement"]);
    let story = change(story, &["rotate", "--use", "receipt"]);
    let story = change(story, &["retire", "--use", "statement", "--yes"]);
    let after = Kept::of(&story, "after");
    let trust = story.place.trust();
    assert_eq!(before.codes(&story, &trust), [0, 0]);
    assert_eq!(after.codes(&story, &trust), [0, 0]);
    assert_eq!(story.cli.run(&["verify", "log"]).code, 0);

    let Story { place, server, .. } = story;
    server.stop();
    let listed = keys(&place.data(), &["list"]);
    assert_eq!(listed.stdout.matches("in force, the newest").count(), 3, "{listed}");
    let folder = place.data().join("keys");
    let is_later = |path: &PathBuf| {
        let name = path.file_name().unwrap().to_str().unwrap();
        name.starts_with("statement.") && name.ends_with(".pem") && name != "statement.pem"
    };
    let newest = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).find(is_later).unwrap();
    let moved = place.path().join("moved.pem");
    fs::rename(&newest, &moved).unwrap();
    let ran = place.try_serve().unwrap_err();
    assert!(ran.code == 1 && ran.stderr.contains(text(&newest)), "{ran}");
    fs::rename(&moved, &newest).unwrap();
    fs::remove_file(folder.join("statement.pem")).unwrap();
    place.serve().stop();
}

/// Thumbprints of the log's keys of one use, in the order in which they were named.
fn kids(place: &Place, usage: &str) -> Vec<String> {
    let listed = keys(&place.data(), &["list"]);
    let lines = listed.stdout.lines().filter(|line| line.starts_with(usage));
    lines.map(|line| line.split_whitespace().nth(1).unwrap().to_owned()).collect()
}

/// By which key the log gives a receipt for a statement, checked, or how that ends.
fn receipt_by(story: &Story, id: &str) -> Result<String, Ran> {
    let path = story.place.path().join("a.receipt.cbor");
    let ran = story.cli.run(&["receipt", id, "-o", text(&path), "--force", "--json"]);
    if ran.code == 0 { Ok(ran.json()["kid"].as_str().unwrap().to_owned()) } else { Err(ran) }
}

#[test]
fn a_key_that_registrars_withdraw_from_a_running_log_signs_nothing_more_and_the_rest_goes_on() {
    let story = Story::begin();
    let (_, hop) = story.delegate();
    let id = story.refund(&hop, "991").action;
    let story = change(story, &["rotate", "--use", "receipt"]);
    let Story { place, server, cli } = story;
    server.stop();
    let [first, second] = <[String; 2]>::try_from(kids(&place, "receipt")).unwrap();
    let server = place.serve();
    let cli = cli.with_server(&format!("http://{}", server.http.address));
    let story = Story { place, server, cli };
    assert_eq!(receipt_by(&story, &id).unwrap(), second);

    let registrar = story.key("registrar");
    let withdraw = ["keys", "compromise", "--registrar", text(&registrar), "--kid", &second];
    story.cli.ok(&withdraw);
    assert_eq!(receipt_by(&story, &id).unwrap(), first, "the one before it is still in force, and at hand");

    // Once more, and the earlier key is not at hand when the later one is withdrawn.
    let story = change(story, &["rotate", "--use", "receipt"]);
    let Story { place, server, cli } = story;
    server.stop();
    let third = kids(&place, "receipt").pop().unwrap();
    let aside = place.path().join("aside.pem");
    let earlier = place.data().join("keys/receipt.pem");
    fs::rename(&earlier, &aside).unwrap();
    let server = place.serve();
    let cli = cli.with_server(&format!("http://{}", server.http.address));
    let story = Story { place, server, cli };
    assert_eq!(receipt_by(&story, &id).unwrap(), third);
    let withdraw = ["keys", "retire", "--registrar", text(&registrar), "--kid", &third];
    story.cli.ok(&withdraw);
    let ran = receipt_by(&story, &id).unwrap_err();
    assert!(ran.stderr.contains("no-log-key") && ran.stderr.contains("no receipt key at hand"), "{ran}");
    assert!(ran.stderr.contains("writd keys list"), "{ran}");
    let health = story.server.http.get("/readyz").json();
    assert_eq!(
        (health["status"].as_str(), &health["without_key"][0]),
        (Some("no-log-key"), &"receipt".into())
    );
    let metrics = story.server.http.get("/metrics").text();
    assert!(metrics.contains("writ_log_key_at_hand{use=\"receipt\"} 0"), "{metrics}");
    let later = story.refund(&hop, "992").action;
    assert_eq!(story.cli.run(&["who", &later]).code, 0, "statements, heads and bundles go on");

    let Story { place, server, cli } = story;
    server.stop();
    fs::rename(&aside, &earlier).unwrap();
    let server = place.serve();
    let cli = cli.with_server(&format!("http://{}", server.http.address));
    let story = Story { place, server, cli };
    assert_eq!(receipt_by(&story, &id).unwrap(), first);
    assert_eq!(story.server.http.get("/readyz").json()["status"], "ok");
}

#[test]
fn a_lost_checkpoint_key_is_retired_by_the_one_that_replaces_it() {
    let story = Story::begin();
    let story = change(story, &["rotate", "--use", "checkpoint"]);
    let Story { place, server, .. } = story;
    server.stop();
    fs::remove_file(place.data().join("keys/checkpoint.pem")).unwrap();
    let ran = place.try_serve().unwrap_err();
    assert!(ran.code == 1 && ran.stderr.contains("writd keys retire"), "{ran}");
    let ran = keys(&place.data(), &["retire", "--use", "checkpoint", "--yes"]);
    assert_eq!(ran.code, 0, "{ran}");
    place.serve().stop();
}

#[test]
fn programs_are_told_of_the_logs_own_keys_as_people_are() {
    let place = Place::init();
    let data = place.data();
    let told = |args: &[&str], code: i32| {
        let ran = keys(&data, &[args, &["--json"]].concat());
        assert_eq!(ran.code, code, "{args:?}: {ran}");
        ran.json()
    };
    let listed = told(&["list"], 0);
    let states = |listed: &Value| -> Vec<String> {
        let rows = listed["keys"].as_array().unwrap().iter();
        let checkpoint = rows.filter(|row| row["use"] == "checkpoint" && row["vkey"].is_string());
        checkpoint.map(|row| format!("{} {}", row["entry"], row["state"].as_str().unwrap())).collect()
    };
    assert_eq!((listed["size"].as_u64(), states(&listed)), (Some(1), vec!["0 newest".into()]));
    assert!(listed["keys"].as_array().unwrap().iter().all(|row| row["there"] == true));
    let none = told(&["retire", "--use", "checkpoint", "--yes"], 2);
    assert_eq!(none["error"]["code"], "no-key-to-retire");

    let rotated = told(&["rotate", "--use", "checkpoint"], 0);
    assert_eq!((&rotated["entry"], &rotated["replaces"]), (&1.into(), &listed["keys"][0]["kid"]));
    assert!(fs::read_to_string(place.trust()).unwrap().contains(rotated["vkey"].as_str().unwrap()));
    assert!(Path::new(rotated["file"].as_str().unwrap()).is_file());
    assert_eq!(states(&told(&["list"], 0)), ["0 in-force", "1 newest"]);

    let unconfirmed = told(&["retire", "--use", "checkpoint"], 2);
    assert_eq!((&unconfirmed["error"]["code"], &unconfirmed["exit"]), (&"not-confirmed".into(), &2.into()));
    let retired = told(&["retire", "--use", "checkpoint", "--yes"], 0);
    assert_eq!((&retired["kids"][0], &retired["newest"]), (&listed["keys"][0]["kid"], &rotated["kid"]));
    assert_eq!(states(&told(&["list"], 0)), ["0 withdrawn", "1 newest"]);

    fs::remove_file(data.join("keys/receipt.pem")).unwrap();
    let lost = told(&["rotate", "--use", "receipt"], 1);
    assert_eq!(lost["error"]["code"], "log-key-missing");
}
