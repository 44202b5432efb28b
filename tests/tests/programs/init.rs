//! `writd init`: what it makes, and what it leaves alone.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use schemas::trust::TrustPolicy;
use tempfile::TempDir;

use crate::harness::{Cli, Place, files_below, writd};

#[test]
fn init_makes_private_keys_a_trust_file_and_the_anchor() {
    let place = Place::init();
    for name in ["checkpoint", "statement", "receipt"] {
        let path = place.data().join("keys").join(format!("{name}.pem"));
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600, "{name}");
        assert!(place.data().join("keys").join(format!("{name}.pem.pub")).is_file(), "{name}");
    }
    assert!(
        place.anchor().is_file()
            && TrustPolicy::parse(&fs::read(place.trust()).unwrap()).unwrap().genesis().is_some()
    );
    let named: Vec<_> = files_below(&place.data())
        .into_iter()
        .filter(|path| path.strip_prefix(place.data()).unwrap().to_string_lossy().contains("registrar"))
        .collect();
    assert!(named.is_empty(), "with --registrar no path there names one: {named:?}");
    assert_eq!(place.fsck().code, 0);
}

#[test]
fn init_refuses_a_folder_that_is_not_empty_and_an_anchor_that_is_there() {
    let place = Place::init();
    let before: Vec<_> = files_below(place.path()).iter().map(|path| fs::read(path).unwrap()).collect();
    let (data, key) = (place.data(), place.path().join("registrar.pem.pub"));
    let again = writd(&[
        "init",
        "--data",
        data.to_str().unwrap(),
        "--origin",
        "x.example/log",
        "--registrar",
        key.to_str().unwrap(),
    ]);
    assert_eq!(again.code, 1, "{again}");
    fs::create_dir(place.path().join("other")).unwrap();
    fs::write(place.path().join("other/file"), "mine").unwrap();
    let other = place.path().join("other");
    let ran = writd(&["init", "--data", other.to_str().unwrap(), "--origin", "x.example/log"]);
    assert_eq!(ran.code, 1, "{ran}");
    assert_eq!(files_below(&other).len(), 1);
    fs::remove_dir_all(&other).unwrap();
    let after: Vec<_> = files_below(place.path()).iter().map(|path| fs::read(path).unwrap()).collect();
    assert!(before == after, "nothing was touched");
    for origin in ["", "two words", "line\nbreak"] {
        let ran = writd(&["init", "--data", other.to_str().unwrap(), "--origin", origin]);
        assert_eq!(ran.code, 2, "{origin:?}: {ran}");
        assert!(!other.exists());
    }
}

#[test]
fn without_a_registrar_every_verdict_says_dev() {
    let folder = TempDir::new().unwrap();
    let data = folder.path().join("log");
    let ran = writd(&["init", "--data", data.to_str().unwrap(), "--origin", "dev.example/log"]);
    assert!(ran.code == 0 && ran.stdout.contains("dev"), "{ran}");
    let registrar = data.join("keys/registrar.pem");
    assert_eq!(fs::metadata(&registrar).unwrap().permissions().mode() & 0o777, 0o600);
    let server = crate::harness::Server::start(&data, &folder.path().join("log.anchor")).unwrap();
    assert_eq!(server.http.json("/v1/log")["dev"], true);
    let cli = Cli::at(&server, Some(&data.join("trust.policy")));
    let key = folder.path().join("alice.pem");
    cli.ok(&["keys", "generate", "--out", key.to_str().unwrap()]);
    let public = folder.path().join("alice.pem.pub");
    let args =
        ["keys", "register", "--registrar", registrar.to_str().unwrap(), "--key", public.to_str().unwrap()];
    cli.ok(&[&args[..], &["--principal", "user:alice", "--role", "principal"]].concat());
    let draft = serde_json::json!({"kind": "action", "vantage": "self", "body": {
        "phase": "both", "outcome": "completed", "actor": "user:alice", "action": {"name": "a"}, "resources": ["b"],
    }});
    let id = cli.append(&key, &[draft])[0].clone();
    let verdict = cli.run(&["who", &id, "--json"]).json();
    assert_eq!(verdict["trust"]["dev"], true);
    let human = cli.run(&["who", &id]);
    assert!(human.stdout.contains("dev"), "{human}");
}
