//! The benchmarks still run: tiny sizes, a real server. Nothing about speed is asserted.

use std::env;
use std::process::Command;

use benches::mirror::{self, TRUST};
use benches::options::{Options, Part};
use benches::report::Report;
use clap::Parser;

fn run(only: &[&str]) -> Report {
    let asked = only.iter().flat_map(|part| ["--only", part]);
    let options = Options::parse_from(["benches", "--smoke"].into_iter().chain(asked));
    benches::run::run(&options).unwrap()
}

#[test]
fn every_part_runs_and_says_what_it_measured() {
    let report = run(&[]);
    let names: Vec<&str> = report.ratios.iter().map(|ratio| ratio.name.as_str()).collect();
    assert_eq!(names.len(), 7, "{names:?}");
    assert!(report.figures.iter().all(|figure| figure.spread.count > 0), "{report}");
    assert!(report.ratios.iter().all(|ratio| ratio.spread.median > 0.0), "{report}");
    let json = serde_json::to_value(&report).unwrap();
    assert_eq!(json["schema"], "writ.bench/1");
    assert_eq!(json["corpus"]["statements"], 512);
}

#[test]
fn the_corpus_is_the_same_bytes_every_time() {
    let digest = run(&["verify"]).corpus.digest;
    assert_eq!(digest, run(&["verify"]).corpus.digest);
    let other = Options::parse_from(["benches", "--smoke", "--only", "verify", "--seed", "2"]);
    assert_ne!(digest, benches::run::run(&other).unwrap().corpus.digest);
}

#[test]
fn only_what_was_asked_for_is_measured() {
    let options = Options::parse_from(["benches", "--only", "verify"]);
    assert!(options.wants(Part::Verify));
    assert!(!options.wants(Part::Ingest));
    assert_eq!(run(&["verify"]).ratios.len(), 1);
}

#[test]
fn a_large_log_that_was_made_is_one_that_writ_verifies() {
    let folder = tempfile::tempdir().unwrap();
    let mirror = folder.path().join("mirror");
    let made = mirror::make(1, 1_500, &mirror).unwrap();
    assert!((1_500..1_600).contains(&made.entries), "{made:?}");
    assert!(mirror::make(1, 1_500, &mirror).is_err(), "it is there already");
    let test = env::current_exe().unwrap();
    let programs = test.ancestors().nth(2).unwrap();
    let mut verify = Command::new(programs.join("writ"));
    verify.args(["verify", "log", "--json", "--mirror"]).arg(&mirror).arg("--trust").arg(mirror.join(TRUST));
    let ran = verify.env("XDG_STATE_HOME", folder.path()).output().unwrap();
    let said = String::from_utf8_lossy(&ran.stdout);
    assert_eq!(ran.status.code(), Some(0), "{said}");
    assert!(said.contains(&made.root.to_string()), "{said}");
}
