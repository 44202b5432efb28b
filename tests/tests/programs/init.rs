//! `writd init`: what it makes, and what it leaves alone.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use assert_cmd::Command;
use schemas::trust::TrustPolicy;
use tempfile::TempDir;

use crate::harness::{Cli, Place, Ran, files_below, program, writd};

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

/// `writd init` in a folder, with the registrars' public keys.
fn init(folder: &Path, more: &[&str]) -> Ran {
    let mut command = Command::new(program("writd"));
    Ran::of(command.current_dir(folder).args(["init", "--origin", "x.example/log"]).args(more))
}

#[test]
fn what_init_refuses_leaves_nothing_behind_and_its_advice_holds() {
    let place = Place::init();
    let folder = TempDir::new().unwrap();
    let at = folder.path();
    let registrar = place.path().join("registrar.pem.pub");
    let registrar = registrar.to_str().unwrap();
    fs::write(at.join("rb.anchor"), "an anchor of before").unwrap();

    let there = init(at, &["--data", "rbx", "--anchor", "rb.anchor"]);
    assert!(there.code == 1 && there.stderr.contains("another --data or --anchor"), "{there}");
    let twice = init(at, &["--data", "rbx", "--registrar", registrar, "--registrar", registrar]);
    assert!(twice.code == 2 && twice.stderr.contains("twice"), "{twice}");
    let nowhere = init(at, &["--data", "rbx", "--anchor", "no/such/rb.anchor"]);
    assert!(nowhere.code == 1 && nowhere.stderr.contains("no folder no/such"), "{nowhere}");
    assert!(!at.join("rbx").exists(), "half a log was left behind");

    // As advised: the same folder with another anchor.
    let made = init(at, &["--data", "rbx", "--anchor", "other.anchor"]);
    assert_eq!(made.code, 0, "{made}");
    let again = init(at, &["--data", "rbx", "--anchor", "third.anchor"]);
    assert!(again.code == 1 && again.stderr.contains("writd serve --data rbx"), "{again}");
    fs::create_dir(at.join("mine")).unwrap();
    fs::write(at.join("mine/file"), "mine").unwrap();
    let other = init(at, &["--data", "mine"]);
    assert!(other.code == 1 && !other.stderr.contains("writd serve"), "there is no log to serve: {other}");
}

#[test]
fn serve_advises_init_only_where_init_would_make_a_log() {
    let folder = TempDir::new().unwrap();
    let at = folder.path();
    fs::create_dir(at.join("mine")).unwrap();
    fs::write(at.join("mine/file"), "mine").unwrap();
    fs::write(at.join("gone.anchor"), "an anchor of before").unwrap();
    let serve = |data: &str| {
        let mut command = Command::new(program("writd"));
        Ran::of(command.current_dir(at).env("RUST_LOG", "error").args(["serve", "--data", data]))
    };
    for (data, advised) in [("nothing", true), ("mine", false), ("gone", false)] {
        let ran = serve(data);
        assert_eq!((ran.code, ran.stderr.contains("writd init --data")), (1, advised), "{data}: {ran}");
        let mended = init(at, &["--data", data]);
        assert_eq!(mended.code == 0, advised, "{data}: {mended}");
    }
}

#[test]
fn the_next_steps_that_init_prints_run_as_they_are_printed() {
    let folder = TempDir::new().unwrap();
    let at = folder.path();
    let home = at.join("home");
    fs::create_dir(&home).unwrap();
    let ran = init(at, &["--data", "my log"]);
    assert_eq!(ran.code, 0, "{ran}");
    let step = |word: &str| {
        let found = ran.stdout.lines().map(str::trim).find(|line| line.starts_with(word));
        found.unwrap_or_else(|| panic!("{word}: {ran}")).to_owned()
    };
    for config in [None, Some(at.join("config"))] {
        let mut shell = Command::new("sh");
        shell.current_dir(at).env("HOME", &home).env_remove("XDG_CONFIG_HOME").args(["-c", &step("mkdir")]);
        if let Some(config) = &config {
            shell.env("XDG_CONFIG_HOME", config);
        }
        let copied = Ran::of(&mut shell);
        assert_eq!(copied.code, 0, "{copied}");
        let there = config.unwrap_or_else(|| home.join(".config")).join("writ/trust.policy");
        assert_eq!(fs::read(there).unwrap(), fs::read(at.join("my log/trust.policy")).unwrap());
    }
    // The address may be taken; the folder must be found in the line as it is.
    let serve = step("writd serve").replace("writd", &format!("'{}'", program("writd").display()));
    let mut shell = Command::new("sh");
    let served = Ran::of(shell.current_dir(at).args(["-c", &format!("{serve} --listen 192.0.2.1:1")]));
    assert!(served.code == 2 && served.stderr.contains("--insecure-listen"), "{served}");
}

#[test]
fn help_says_what_the_program_is_and_what_each_command_does() {
    let ran = writd(&["--help"]);
    assert!(ran.code == 0 && ran.stdout.starts_with("Keeps a delegation-chain audit log"), "{ran}");
    for (command, does) in [("init", "Make"), ("serve", "Serve"), ("fsck", "Check")] {
        let line = ran.stdout.lines().find(|line| line.trim().starts_with(command));
        assert!(line.is_some_and(|line| line.trim()[command.len()..].trim().starts_with(does)), "{ran}");
        assert!(writd(&[command, "--help"]).stdout.starts_with(does), "{command}");
    }
}
