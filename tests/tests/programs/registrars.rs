//! Changes of registrars by two people on two machines, and an emitter's new key.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::harness::{Cli, Person, Server, Story, writd};

/// A log with two registrars who must agree, and a machine for each.
struct Pair {
    folder: TempDir,
    _server: Server,
    anna: Cli,
    bert: Cli,
}

impl Pair {
    fn begin() -> Self {
        let folder = TempDir::with_prefix("writ-test-").unwrap();
        let data = folder.path().join("log");
        let publics = [(1, "anna"), (2, "bert")].map(|(seed, name)| {
            let key = Person::registrar(seed).write_key(folder.path(), &format!("{name}.pem"));
            format!("{}.pub", key.display())
        });
        let init = ["init", "--data", data.to_str().unwrap(), "--origin", "ledger.test/two"];
        let registrars = ["--registrar", &publics[0], "--registrar", &publics[1]];
        let over = writd(&[&init[..], &registrars, &["--threshold", "3"]].concat());
        assert_eq!(over.code, 2, "{over}");
        let ran = writd(&[&init[..], &registrars, &["--threshold", "2"]].concat());
        assert_eq!(ran.code, 0, "{ran}");
        let server = Server::start(&data, &folder.path().join("log.anchor")).unwrap();
        let trust = data.join("trust.policy");
        let [anna, bert] = [(); 2].map(|()| Cli::at(&server, Some(&trust)));
        Self { folder, _server: server, anna, bert }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn two_registrars_on_two_machines_make_a_third_and_each_is_told_who_is_missing() {
    let pair = Pair::begin();
    let [anna, bert, hr] = ["anna.pem", "bert.pem", "hr.pem"].map(|name| pair.path(name));
    let key = Person::new(3, "service:hr").write_key(pair.folder.path(), "hr.pem");
    let public = format!("{}.pub", key.display());
    let register = ["keys", "register", "--registrar", text(&anna), "--key", &public];
    let ran = pair.anna.ok(&[&register[..], &["--principal", "service:hr", "--role", "registrar"]].concat());
    assert!(ran.stderr.contains("1 of 2 registrars") && ran.stderr.contains("writ keys second"), "{ran}");

    let waiting = pair.bert.ok(&["keys", "proposals", "--json"]).json();
    let proposal = &waiting["proposals"][0];
    let second = Person::registrar(2).iss.to_string();
    assert_eq!((&proposal["needed"], &proposal["missing"]), (&2.into(), &vec![second].into()));
    let id = proposal["id"].as_str().unwrap();
    let again = pair.anna.run(&["keys", "second", id, "--registrar", text(&anna)]);
    assert!(again.code == 2 && again.stderr.contains("seconded-already"), "{again}");

    let alice = Person::new(4, "user:alice").write_key(pair.folder.path(), "alice.pem");
    let public = format!("{}.pub", alice.display());
    let register = ["keys", "register", "--registrar", text(&hr), "--key", &public];
    let register = [&register[..], &["--principal", "user:alice", "--role", "principal"]].concat();
    let early = pair.anna.run(&register);
    assert_ne!(early.code, 0, "not a registrar yet: {early}");

    let ran = pair.bert.ok(&["keys", "second", id, "--registrar", text(&bert)]);
    assert!(ran.stdout.contains("register") && !ran.stderr.contains("not in effect"), "{ran}");
    assert_eq!(pair.anna.ok(&["keys", "proposals"]).stdout, "no change of keys waits for more registrars\n");
    pair.anna.ok(&register);
    let late = pair.bert.run(&["keys", "second", id, "--registrar", text(&bert)]);
    assert!(late.code == 2 && late.stderr.contains("not-a-proposal"), "{late}");
}

#[test]
fn a_registrar_below_the_threshold_is_given_up_only_by_who_says_yes() {
    let pair = Pair::begin();
    let [anna, bert] = ["anna.pem", "bert.pem"].map(|name| pair.path(name));
    let public = format!("{}.pub", bert.display());
    for verb in ["retire", "compromise"] {
        let ran = pair.anna.run(&["keys", verb, "--registrar", text(&anna), "--key", &public]);
        assert!(ran.code == 2 && ran.stderr.contains("last-registrar"), "{ran}");
    }
    let retire = ["keys", "retire", "--yes", "--registrar", text(&anna), "--key", &public];
    let ran = pair.anna.ok(&retire);
    assert!(ran.stderr.contains("not in effect") && !ran.stderr.contains("too-few-registrars"), "{ran}");
    let waiting = pair.bert.ok(&["keys", "proposals", "--json"]).json();
    let id = waiting["proposals"][0]["id"].as_str().unwrap();
    let second = ["keys", "second", id, "--registrar", text(&bert)];
    let ran = pair.bert.run(&second);
    assert!(ran.code == 2 && ran.stderr.contains("last-registrar"), "{ran}");
    let ran = pair.bert.ok(&[&second[..], &["--yes", "--json"]].concat());
    assert_eq!(ran.json()["results"][0]["warnings"][0], "too-few-registrars", "now it is in effect: {ran}");
    assert!(ran.stderr.contains("warning[too-few-registrars]"), "{ran}");
}

#[test]
fn the_only_registrar_loses_its_role_only_where_that_is_meant() {
    let story = Story::begin();
    let hr = Person::new(7, "service:hr").write_key(story.place.path(), "hr.pem");
    let registrar = story.key("registrar");
    let register = |by: &Path, role: &str, yes: &[&str]| {
        let public = format!("{}.pub", hr.display());
        let args = ["keys", "register", "--registrar", text(by), "--key", &public];
        let args = [&args[..], &["--principal", "service:hr", "--role", role], yes].concat();
        story.cli.run(&args)
    };
    assert_eq!(register(&registrar, "registrar", &[]).code, 0);
    let public = story.place.path().join("registrar.pem.pub");
    story.cli.ok(&["keys", "retire", "--registrar", text(&registrar), "--key", text(&public)]);
    let size = story.server.http.size();
    let ran = register(&hr, "gateway", &[]);
    assert!(ran.code == 2 && ran.stderr.contains("last-registrar") && ran.stderr.contains("--yes"), "{ran}");
    assert_eq!(story.server.http.size(), size);
    let ran = register(&hr, "gateway", &["--yes"]);
    assert!(ran.code == 0 && ran.stdout.contains("warning: too-few-registrars"), "{ran}");
    assert!(ran.stderr.contains("warning[too-few-registrars]"), "{ran}");
}

#[test]
fn an_emitters_new_key_has_the_old_ones_roles_and_the_old_one_runs_out() {
    let story = Story::begin();
    let new = Person::new(9, "user:alice@corp").write_key(story.place.path(), "alice-2.pem");
    let (registrar, old) = (story.key("registrar"), story.place.path().join("alice.pem.pub"));
    let rotate = |until: &str| {
        let public = format!("{}.pub", new.display());
        let args = ["keys", "rotate", "--registrar", text(&registrar), "--old", text(&old)];
        story.cli.run(&[&args[..], &["--key", &public, "--accept-until", until]].concat())
    };
    let ran = rotate("2s");
    assert!(ran.code == 0 && ran.stdout.contains("accepted until"), "{ran}");
    let draft = serde_json::json!({"kind": "delegation", "body": {
        "delegator": "user:alice@corp", "delegatee": "agent:x", "scope": [],
    }});
    story.cli.append(&new, std::slice::from_ref(&draft));
    story.log("alice", std::slice::from_ref(&draft));
    std::thread::sleep(std::time::Duration::from_millis(2_500));
    let alice = story.key("alice");
    let ran = story.cli.run_with(&["append", "--key", text(&alice), "-"], &draft.to_string());
    assert!(ran.code == 1 && ran.stderr.contains("key-retired"), "{ran}");
    let again = rotate("2s");
    assert!(again.code == 1 && again.stderr.contains("key-withdrawn"), "{again}");
    assert!(fs::metadata(&new).is_ok());
}
