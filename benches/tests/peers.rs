//! Others beside writ: what is told of them is what they came to, and their programs still run where they are installed.

mod common;

use std::path::Path;
use std::process::Command;
use std::{env, fs};

use benches::docs;
use benches::options::Options;
use benches::peers::{self, Measured, PEER_SCHEMA, Told};
use benches::run::Ended;
use clap::Parser;
use common::assert_described;
use serde_json::Value;

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

fn way(batch: usize, checked: bool, durable: bool, rate: f64) -> Measured {
    Measured { clients: 1, batch, checked, durable, rates: vec![rate / 2.0, rate, rate * 2.0] }
}

#[test]
fn writ_is_held_beside_the_best_durable_way_of_each_peer() {
    let options = Options::parse_from(["benches", "--smoke", "--only", "ingest"]);
    let writ = benches::run::run(&options).and_then(Ended::whole).unwrap();
    let rate = |singles: &str| {
        let found = |of: &str| of.starts_with("ingest,") && of.contains(singles);
        let figure = writ.figures.iter().find(|figure| figure.name == "rate" && found(&figure.of));
        figure.unwrap().spread.median
    };
    let (singles, batches) = (rate("connections x 1,"), rate("connections x 256,"));
    let told = |peer: &str, single: f64, batch: f64| Told {
        schema: PEER_SCHEMA.into(),
        peer: peer.into(),
        version: "1".into(),
        settings: "as it comes".into(),
        measured: vec![
            way(1, false, true, single),
            way(1, false, false, single * 100.0),
            way(256, false, true, batch),
            way(4_096, false, true, batch * 2.0),
            way(4_096, true, true, batch / 2.0),
        ],
    };
    let told = vec![told("slow", singles / 10.0, batches / 8.0), told("fast", singles / 4.0, batches)];
    let peers = peers::beside(writ, told).unwrap();
    let of = |peer: &str, singles: bool, checked: bool| {
        let fits = |ratio: &&peers::Ratio| {
            ratio.peer == peer && ratio.singles == singles && ratio.checked == checked
        };
        peers.ratios.iter().find(fits).map(|ratio| (ratio.batch, (ratio.ratio * 100.0).round()))
    };
    assert_eq!(of("slow", true, false), Some((1, 1_000.0)), "what is not synced counts for nothing");
    assert_eq!(of("slow", false, false), Some((4_096, 400.0)), "its best batch counts");
    assert_eq!(of("slow", false, true), Some((4_096, 1_600.0)));
    assert_eq!(of("slow", true, true), None, "not measured");
    let goals: Vec<_> = peers.goals.iter().map(|goal| (goal.peer.as_str(), goal.met)).collect();
    assert_eq!(goals, [("fast", false), ("fast", false)], "the best of all is what is held against");
    assert_described("writ.peers-1", &serde_json::to_value(&peers).unwrap());
    assert!(peers.to_string().contains("NOT SYNCED"), "{peers}");
}

#[test]
fn the_tables_of_the_page_are_those_of_the_runs_beside_it() {
    let page = fs::read_to_string(root().join(docs::PAGE)).unwrap();
    let again = docs::rewritten(root(), &page).unwrap();
    assert!(page == again, "write the tables anew: cargo run --release -p benches -- docs");
    for (name, path) in [("writ.bench-1", docs::BENCH), ("writ.peers-1", docs::PEERS)] {
        let kept = root().join(path);
        if kept.exists() {
            let text = fs::read_to_string(kept).unwrap();
            assert_described(name, &serde_json::from_str::<Value>(&text).unwrap());
        }
    }
}

#[test]
fn peers_that_are_installed_store_what_writ_stores() {
    let test = env::current_exe().unwrap();
    let programs = test.ancestors().nth(2).unwrap();
    let target = programs.parent().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let json = folder.path().join("peers.json");
    let mut command = Command::new(root().join("scripts/bench-peers"));
    command.args(["--smoke", "--no-install", "--json"]).arg(&json);
    command.env("CARGO_TARGET_DIR", target).env("WRIT_BENCHES", programs.join("benches"));
    let ran = command.output().unwrap();
    let said = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "{said}");
    let document: Value = serde_json::from_str(&fs::read_to_string(&json).unwrap()).unwrap();
    assert_described("writ.peers-1", &document);
    let there: Vec<&str> =
        document["peers"].as_array().unwrap().iter().map(|told| told["peer"].as_str().unwrap()).collect();
    for peer in ["PostgreSQL", "SQLite", "hypercore"] {
        if !there.contains(&peer) {
            eprintln!("SKIPPED: {peer} is not installed here, and was not measured: make bench-peers");
            assert!(said.contains("SKIPPED") && said.contains(peer), "{said}");
        }
    }
    let measured =
        document["peers"].as_array().unwrap().iter().flat_map(|told| told["measured"].as_array().unwrap());
    for way in measured {
        let stored = way["rates"].as_array().unwrap().iter().all(|rate| rate.as_f64().unwrap() > 0.0);
        assert!(stored, "{way}");
    }
}
