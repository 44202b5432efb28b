//! The command line's manners.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use assert_cmd::Command;
use serde_json::json;

use crate::harness::{Ran, Story, program};

fn writ(args: &[&str]) -> Ran {
    Ran::of(Command::new(program("writ")).args(args).env("LC_ALL", "C.UTF-8"))
}

const VERBS: [&[&str]; 16] = [
    &["keys", "generate"],
    &["keys", "register"],
    &["keys", "retire"],
    &["keys", "compromise"],
    &["append"],
    &["revoke"],
    &["import", "cloudtrail"],
    &["show"],
    &["search"],
    &["tail"],
    &["who"],
    &["bundle", "create"],
    &["bundle", "verify"],
    &["bundle", "inspect"],
    &["verify", "log"],
    &["help"],
];

#[test]
fn both_programs_say_their_version() {
    for name in ["writ", "writd"] {
        let ran = Ran::of(Command::new(program(name)).arg("--version"));
        assert_eq!(
            (ran.code, ran.stdout.as_str()),
            (0, format!("{name} {}\n", env!("CARGO_PKG_VERSION")).as_str())
        );
    }
}

#[test]
fn help_shows_how_it_is_done_for_every_verb() {
    let top = writ(&["--help"]);
    assert!(top.code == 0 && top.stdout.matches("\n  writ ").count() >= 4, "{top}");
    for verb in VERBS {
        let help = writ(&[verb, &["--help"]].concat());
        assert_eq!(help.code, 0, "{help}");
        let words = format!("  writ {}", verb.join(" "));
        assert!(
            verb == ["help"] || (help.stdout.contains("Example") && help.stdout.contains(&words)),
            "{verb:?}: {help}"
        );
        let same = writ(&[&["help"], verb].concat());
        assert!(same.code == 0 && !same.stdout.is_empty(), "{same}");
    }
    for usage in [&["frobnicate"][..], &["who"], &["help", "frobnicate"]] {
        assert_eq!(writ(usage).code, 2, "{usage:?}");
    }
}

#[test]
fn the_exit_codes_are_those_that_were_agreed() {
    let page = writ(&["help", "exit-codes"]);
    let rows: Vec<(u8, &str)> = page
        .stdout
        .lines()
        .filter_map(|line| {
            line.trim()
                .split_once("  ")
                .and_then(|(code, meaning)| Some((code.parse().ok()?, meaning.trim())))
        })
        .collect();
    let codes: Vec<u8> = rows.iter().map(|(code, _)| *code).collect();
    assert_eq!(codes, [0, 1, 2, 10, 11, 12, 13, 14, 15, 130], "{page}");
    assert!(page.stdout.contains("10, 15, 13, 11, 12"), "the worst wins in this order: {page}");
}

#[test]
fn what_is_piped_is_data_without_colour() {
    let story = Story::begin();
    let action = story.refund(&story.delegate().1, "r").action;
    let verbs: [&[&str]; 5] = [
        &["who", &action],
        &["show", &action],
        &["search", "--kind", "action"],
        &["verify", "log"],
        &["help", "exit-codes"],
    ];
    for args in verbs {
        let ran = story.cli.ok(args);
        assert!(!ran.stdout.contains('\u{1b}') && !ran.stderr.contains('\u{1b}'), "{ran}");
        assert!(ran.stderr.is_empty(), "nothing to say beside the data: {ran}");
        let forced = Ran::of(story.cli.command(args).env("CLICOLOR_FORCE", "1").env("NO_COLOR", "1"));
        assert!(!forced.stdout.contains('\u{1b}'), "NO_COLOR wins: {forced}");
        let plain = Ran::of(story.cli.command(args).env("LC_ALL", "C"));
        assert!(plain.stdout.is_ascii(), "{plain}");
    }
}

#[test]
fn every_document_is_of_the_form_that_it_names() {
    let story = Story::begin();
    let action = story.refund(&story.delegate().1, "r").action;
    let file = story.place.path().join("r.bundle");
    let (file, key) = (file.to_str().unwrap(), story.place.path().join("k.pem"));
    let registrar = story.key("registrar");
    let public = story.place.path().join("alice.pem.pub");
    let runs: [(&[&str], &str); 9] = [
        (&["who", &action], "writ.who/1"),
        (&["show", &action], "writ.show/1"),
        (&["search", "--kind", "action"], "writ.search/1"),
        (&["verify", "log"], "writ.verify-log/1"),
        (&["bundle", "create", &action, "-o", file], "writ.bundle-created/1"),
        (&["bundle", "verify", file], "writ.who/1"),
        (&["bundle", "inspect", file], "writ.bundle-inspect/1"),
        (&["keys", "generate", "--out", key.to_str().unwrap()], "writ.key/1"),
        (
            &[
                "keys",
                "register",
                "--registrar",
                registrar.to_str().unwrap(),
                "--key",
                public.to_str().unwrap(),
                "--principal",
                "user:alice@corp",
                "--role",
                "principal",
            ],
            "writ.key-registered/1",
        ),
    ];
    for (args, schema) in runs {
        let ran = story.cli.ok(&[args, &["--json"]].concat());
        assert_eq!(ran.json()["schema"], json!(schema), "{ran}");
        assert_eq!(ran.stdout.lines().count(), 1, "one document on one line: {ran}");
    }
    let error = story.cli.run(&["show", "nothing-of-this-name", "--json"]);
    assert_eq!((error.json()["exit"].as_i64(), error.code), (Some(14), 14));
    story.server.stop();
    assert_eq!(story.place.fsck().json()["schema"], "writ.fsck/1");
}

#[test]
fn a_server_that_is_not_there_is_named_with_what_to_do() {
    let story = Story::begin();
    let cli = story.cli.with_trust(Some(&story.place.trust())).with_server("http://127.0.0.1:1");
    for args in
        [&["who", "12345678"][..], &["verify", "log"], &["search", "--kind", "action"], &["show", "12345678"]]
    {
        let begun = Instant::now();
        let ran = cli.run(args);
        assert!(
            begun.elapsed() < Duration::from_secs(5),
            "waited {:?} where nothing listens",
            begun.elapsed()
        );
        assert!(
            ran.stderr.contains("waiting for http://127.0.0.1:1") && !ran.stderr.contains("io:"),
            "{ran}"
        );
        assert!(ran.code == 1 && ran.stdout.is_empty(), "{ran}");
        assert!(ran.stderr.contains("127.0.0.1:1") && ran.stderr.contains("writd serve"), "{ran}");
    }
}

#[test]
fn every_verb_that_the_requirements_name_is_one() {
    let requirements = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/requirements.tsv");
    let requirements = fs::read_to_string(requirements).unwrap();
    let targets = requirements.lines().filter_map(|line| line.split('\t').nth(2));
    let verbs: BTreeSet<&str> = targets
        .flat_map(|targets| targets.split(' ').filter_map(|word| word.strip_prefix("query:")))
        .collect();
    assert!(verbs.len() > 10, "{verbs:?}");
    for verb in verbs.into_iter().chain(["report"]) {
        let ran = writ(&[verb, "--help"]);
        assert!(ran.code == 0 && ran.stdout.contains("Usage: writ"), "{verb}: {ran}");
    }
}
