//! `writ witness`: the real program, also killed at each step of remembering.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use ed25519_dalek::{Signer, SigningKey};
use schemas::checkpoint::{Checkpoint, Origin};
use schemas::ids::PublicKey;
use schemas::note::{KeyName, Note, NoteSignature, SignatureType, VerifierKey};
use schemas::tree::TreeHash;
use verifier::merkle::{NodeSource, leaf_hash, node_hash, prove_consistency, root_at};
use verifier::note::verify_note;

use crate::harness::{Http, Ran, SOON, program};

const ORIGIN: &str = "log.test/w";

/// A log that tells one of two histories, which part after three entries.
struct Log(u8);

impl NodeSource for Log {
    type Error = String;
    fn node(&self, level: u8, index: u64) -> Result<TreeHash, String> {
        if level == 0 {
            return Ok(leaf_hash(&[if index < 3 { 0 } else { self.0 }, index as u8]));
        }
        Ok(node_hash(&self.node(level - 1, index * 2)?, &self.node(level - 1, index * 2 + 1)?))
    }
}

fn log_key() -> (SigningKey, VerifierKey) {
    key_of(5, ORIGIN)
}

fn key_of(seed: u8, origin: &str) -> (SigningKey, VerifierKey) {
    let secret = SigningKey::from_bytes(&[seed; 32]);
    let public = PublicKey::new(secret.verifying_key().to_bytes());
    let key = VerifierKey::new(KeyName::new(origin).unwrap(), SignatureType::Ed25519, public);
    (secret, key)
}

impl Log {
    fn note(&self, size: u64) -> Note {
        self.note_by(&log_key(), size)
    }

    fn note_by(&self, (secret, key): &(SigningKey, VerifierKey), size: u64) -> Note {
        let root = root_at(self, size).unwrap();
        let text = Checkpoint { origin: Origin::new(key.name().as_str()).unwrap(), size, root }.text();
        let signature = secret.sign(text.as_bytes()).to_bytes().to_vec();
        Note::new(text, vec![NoteSignature { name: key.name().clone(), key_id: key.id(), signature }])
            .unwrap()
    }

    /// The body that asks for a cosignature of `size`, coming from `old`.
    fn body(&self, old: u64, size: u64) -> String {
        let path =
            if old == 0 || old == size { vec![] } else { prove_consistency(self, old, size).unwrap().path };
        let proof: String = path.iter().map(|hash| format!("{}\n", hash.to_base64())).collect();
        format!("old {old}\n{proof}\n{}", self.note(size))
    }
}

struct Witness {
    child: Child,
    http: Http,
}

impl Drop for Witness {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn writ(args: &[&str]) -> Ran {
    let mut command = assert_cmd::Command::new(program("writ"));
    Ran::of(command.args(args).env("LC_ALL", "C.UTF-8").timeout(SOON))
}

/// A witness's folder that follows the log, and the witness's key.
fn make(parent: &Path) -> (PathBuf, VerifierKey) {
    let folder = parent.join("witness");
    let path = folder.to_str().unwrap();
    let made = writ(&["witness", "init", path, "--name", "witness.test/w", "--json"]);
    assert_eq!(made.code, 0, "{made}");
    let added = writ(&["witness", "add", path, &log_key().1.to_string(), "--json"]);
    assert_eq!((added.code, added.json()["logs"][0]["origin"].as_str()), (0, Some(ORIGIN)), "{added}");
    (folder, VerifierKey::parse(made.json()["vkey"].as_str().unwrap()).unwrap())
}

/// Serves it, behind these words of another program or none.
fn serve(folder: &Path, behind: &[&str]) -> Witness {
    let mut words = behind.to_vec();
    let program = program("writ");
    words.push(program.to_str().unwrap());
    words.extend(["witness", "serve", folder.to_str().unwrap(), "--listen", "127.0.0.1:0"]);
    let errors = File::create(folder.with_extension("stderr")).unwrap();
    let mut child = Command::new(words[0])
        .args(&words[1..])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(errors)
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let address = line.trim().rsplit_once("http://").map(|(_, address)| address.to_owned());
    let said = || fs::read_to_string(folder.with_extension("stderr")).unwrap_or_default();
    Witness { http: Http { address: address.unwrap_or_else(|| panic!("{line} {}", said())) }, child }
}

impl Witness {
    /// The status, or nothing where the program was gone before it answered.
    fn ask(&self, body: &str) -> Option<u16> {
        Some(self.answer(body)?.0)
    }

    fn answer(&self, body: &str) -> Option<(u16, String)> {
        let answer = self.http.request("POST", "/add-checkpoint", &[], body.as_bytes()).ok()?;
        Some((answer.status, answer.text()))
    }
}

fn cosigned_size(folder: &Path) -> u64 {
    let list = writ(&["witness", "list", folder.to_str().unwrap(), "--json"]);
    assert_eq!(list.code, 0, "{list}");
    list.json()["logs"][0]["size"].as_u64().unwrap_or(0)
}

#[test]
fn a_witness_is_made_and_served_and_its_cosignature_verifies_under_the_printed_key() {
    let parent = tempfile::tempdir().unwrap();
    let (folder, key) = make(parent.path());
    let mut witness = serve(&folder, &[]);
    let (status, line) = witness.answer(&Log(1).body(0, 7)).unwrap();
    assert_eq!(status, 200, "{line}");
    let note = Note::parse(format!("{}{line}", Log(1).note(7)).as_bytes()).unwrap();
    assert_eq!(verify_note(&note, &[log_key().1, key]).unwrap().len(), 2);
    let second = writ(&["witness", "serve", folder.to_str().unwrap(), "--listen", "127.0.0.1:0"]);
    assert_eq!(second.code, 1, "{second}");
    assert!(second.stderr.contains("witness-held"), "{second}");
    let told = Command::new("kill").args(["-TERM", &witness.child.id().to_string()]).status().unwrap();
    assert!(told.success() && witness.child.wait().unwrap().success(), "SIGTERM ends it well");
    assert_eq!(cosigned_size(&folder), 7);
}

#[test]
fn killed_at_any_step_of_remembering_it_never_cosigns_two_histories_nor_forgets_what_it_answered() {
    if Command::new("strace").arg("--version").output().is_err() {
        eprintln!("skipped: strace is not installed");
        return;
    }
    // Each request opens and syncs the new state, renames it, and syncs the folder; the answer comes after all of these.
    let mut killed = 0;
    for (call, whens) in [("fsync", 1..=4), ("rename", 1..=2)] {
        for when in whens {
            let parent = tempfile::tempdir().unwrap();
            let (folder, _) = make(parent.path());
            let inject = format!("inject={call}:signal=KILL:when={when}");
            let witness = serve(&folder, &["strace", "-f", "-qq", "-o", "/dev/null", "-e", &inject]);
            let mut answered = 0;
            for (old, size) in [(0, 7), (7, 20)] {
                match witness.ask(&Log(1).body(old, size)) {
                    Some(status) => {
                        assert_eq!(status, 200);
                        answered = size;
                    }
                    None => break,
                }
            }
            assert!(answered < 20, "{call} {when}: it was not killed");
            killed += 1;
            drop(witness);
            let kept = cosigned_size(&folder);
            assert!(kept >= answered, "{call} {when}: {answered} was answered, {kept} is remembered");
            let again = serve(&folder, &[]);
            if kept > 0 {
                assert_eq!(again.ask(&Log(2).body(kept, kept)), Some(422), "{call} {when}");
                assert_eq!(again.ask(&Log(2).body(kept, 25)), Some(422), "{call} {when}");
                assert_eq!(again.ask(&Log(2).body(0, 25)), Some(409), "{call} {when}");
            }
            assert_eq!(again.ask(&Log(1).body(kept, 25)), Some(200), "{call} {when}");
        }
    }
    assert_eq!(killed, 6);
}

#[test]
fn a_running_witness_follows_what_is_added_also_where_the_adding_was_killed_at_any_step() {
    let parent = tempfile::tempdir().unwrap();
    let (folder, _) = make(parent.path());
    let witness = serve(&folder, &[]);
    assert_eq!(witness.ask(&Log(1).body(0, 1)), Some(200));
    let strace = Command::new("strace").arg("--version").output().is_ok();
    // A new log's state is synced, renamed, and synced in its folder; then the list.
    let steps = [("fsync", 1), ("rename", 1), ("fsync", 2), ("fsync", 3), ("rename", 2), ("fsync", 4)];
    for (size, (call, when)) in (1..).zip(steps) {
        let key = key_of(20 + size as u8, &format!("log.test/added-{size}"));
        let (program, vkey) = (program("writ"), key.1.to_string());
        let add = [program.to_str().unwrap(), "witness", "add", folder.to_str().unwrap(), &vkey];
        if strace {
            let inject = format!("inject={call}:signal=KILL:when={when}");
            let killed = Command::new("strace")
                .args(["-f", "-qq", "-o", "/dev/null", "-e", &inject])
                .args(add)
                .output()
                .unwrap();
            assert!(!killed.status.success(), "{call} {when}: it was not killed");
        } else {
            eprintln!("skipped: strace is not installed, nothing is killed");
        }
        assert_eq!(witness.ask(&Log(1).body(size, size + 1)), Some(200), "{call} {when}");
        let again = writ(&add[1..]);
        assert!(again.code == 0 || again.stderr.contains("witness-log-known"), "{call} {when}: {again}");
        let asked = format!("old 0\n\n{}", Log(1).note_by(&key, 4));
        let begun = Instant::now();
        while witness.ask(&asked) != Some(200) {
            assert!(begun.elapsed() < SOON, "{call} {when}: it is not followed");
            sleep(Duration::from_millis(50));
        }
        assert_eq!(witness.ask(&format!("old 0\n\n{}", Log(2).note_by(&key, 4))), Some(409));
    }
    let list = writ(&["witness", "list", folder.to_str().unwrap(), "--json"]).json();
    assert_eq!(list["logs"].as_array().unwrap().len(), 1 + steps.len());
}
