//! The benchmarks still run: tiny sizes, a real server. Nothing about speed is asserted.

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
    assert_eq!(names.len(), 4, "{names:?}");
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
