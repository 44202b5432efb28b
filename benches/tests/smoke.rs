//! The benchmarks still run: tiny sizes, a real server. Nothing about speed is asserted.

mod common;

use std::env;
use std::process::Command;

use benches::mirror::{self, TRUST};
use benches::options::{Options, Part};
use benches::report::Report;
use benches::run::Ended;
use benches::targets::{GOALS, Row};
use clap::Parser;
use common::assert_described;

fn run(only: &[&str]) -> Report {
    let asked = only.iter().flat_map(|part| ["--only", part]);
    let options = Options::parse_from(["benches", "--smoke"].into_iter().chain(asked));
    benches::run::run(&options).and_then(Ended::whole).unwrap()
}

#[test]
fn every_row_of_the_table_of_targets_is_measured_and_told_as_it_is_described() {
    let report = run(&[]);
    let rows: Vec<Row> = report.results.iter().map(|held| held.row).collect();
    assert_eq!(rows, GOALS.iter().map(|goal| goal.row).collect::<Vec<Row>>(), "{report}");
    assert!(report.results.iter().all(|held| held.spread.count > 0 && held.spread.median > 0.0), "{report}");
    assert!(report.figures.iter().all(|figure| figure.spread.count > 0), "{report}");
    let share = "load generator's share of all processor time";
    assert!(report.figures.iter().filter(|figure| figure.name == share).count() >= 4, "{report}");
    for name in ["together / R", "one by one / R"] {
        assert!(
            report.figures.iter().any(|figure| figure.name == name && figure.spread.median > 0.0),
            "{report}"
        );
    }
    let table = report.to_string();
    GOALS.iter().for_each(|goal| assert!(table.contains(goal.what), "{}: {table}", goal.what));
    let json = serde_json::to_value(&report).unwrap();
    assert_eq!(json["schema"], "writ.bench/1");
    assert_described("writ.bench-1", &json);
}

#[test]
fn the_corpus_is_the_same_bytes_every_time() {
    let digest = run(&["verify"]).corpus.digest;
    assert_eq!(digest, run(&["verify"]).corpus.digest);
    let other = Options::parse_from(["benches", "--smoke", "--only", "verify", "--seed", "2"]);
    assert_ne!(digest, benches::run::run(&other).unwrap().report.corpus.digest);
}

#[test]
fn only_what_was_asked_for_is_measured() {
    let options = Options::parse_from(["benches", "--only", "verify"]);
    assert!(options.wants(Part::Verify));
    assert!(!options.wants(Part::Ingest));
    let rows: Vec<Row> = run(&["verify"]).results.iter().map(|held| held.row).collect();
    assert_eq!(rows, [Row::VerifyLog, Row::VerifyMemory]);
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
