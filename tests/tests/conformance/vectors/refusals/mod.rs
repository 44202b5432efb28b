//! Bytes that are refused, each by its code.

mod cbor;
mod envelopes;
mod forms;
mod places;
mod receipts;
mod texts;

use std::collections::BTreeSet;
use std::fs;

use schemas::batch;
use schemas::bundle::Bundle;
use schemas::checkpoint::Checkpoint;
use schemas::entry::Entry;
use schemas::envelope::Statement;
use schemas::fork::Fork;
use schemas::note::{Note, VerifierKey};
use schemas::omission::Omission;
use schemas::proof::TlogProof;
use schemas::receipt::{Receipt, Transparent};
use schemas::tile::{TilePath, decode_entry_bundle, decode_tile};
use schemas::trust::TrustPolicy;
use serde_json::{Value, json};

use super::{Vectors, all, hex, text};
use crate::languages::schemas_folder;

/// Codes that no reader answers with.
const WRITERS: [(&str, &str); 4] = [
    ("bundle-encode", "only writing a bundle meets it: a part has no canonical form"),
    ("fork-encode", "only writing a fork proof meets it: a part has no canonical form"),
    ("omission-encode", "only writing an omission meets it: a part has no canonical form"),
    ("entry-bundle-entry-too-long", "only writing an entry bundle meets it: 16 bits hold no longer length"),
];

pub(crate) fn make() -> Vectors {
    let mut made = Vectors::new();
    let receipts = receipts::make();
    let cases = [cbor::make(), envelopes::make(), forms::make(), places::make(), receipts, texts::make()];
    for case in cases.concat() {
        let path = format!("refusals/{}-{}.json", case.code, case.name);
        let runs: Vec<Value> =
            case.runs.iter().map(|(bytes, times)| json!({"hex": hex(bytes), "times": times})).collect();
        let mut vector = json!({"description": case.description, "reader": case.reader, "code": case.code});
        match case.runs.as_slice() {
            [(bytes, 1)] => vector["bytes"] = hex(bytes).into(),
            _ => vector["runs"] = runs.into(),
        }
        assert!(made.insert(path.clone(), vector).is_none(), "{path} twice");
    }
    made
}

/// One refusal.
#[derive(Clone)]
struct Case {
    code: &'static str,
    name: &'static str,
    description: String,
    reader: &'static str,
    /// Pieces of the input, and how often each stands there.
    runs: Vec<(Vec<u8>, usize)>,
}

/// A refusal by `reader`, called by its code and, behind a slash, a word of its own.
fn case(reader: &'static str, name: &'static str, description: &str, bytes: Vec<u8>) -> Case {
    long_case(reader, name, description, vec![(bytes, 1)])
}

fn long_case(
    reader: &'static str,
    name: &'static str,
    description: &str,
    runs: Vec<(Vec<u8>, usize)>,
) -> Case {
    let (code, name) = name.split_once('/').unwrap();
    Case { code, name, description: description.into(), reader, runs }
}

#[test]
fn every_refusal_has_the_code_of_its_vector() {
    for (path, vector) in all("refusals") {
        let code = text(&vector, "code");
        assert!(path.starts_with(&format!("refusals/{code}-")), "{path}");
        assert_eq!(refusal(text(&vector, "reader"), &input(&vector)), Err(code.to_owned()), "{path}");
    }
}

#[test]
fn every_code_has_a_vector() {
    let tested: BTreeSet<String> =
        all("refusals").iter().map(|(_, vector)| text(vector, "code").to_owned()).collect();
    let writers: BTreeSet<String> = WRITERS.iter().map(|(code, _)| code.to_string()).collect();
    let known = known_codes();
    assert!(known.len() > 90, "{}", known.len());
    assert_eq!(tested.union(&writers).cloned().collect::<BTreeSet<_>>(), known);
    assert!(tested.is_disjoint(&writers));
}

/// Every code that a `fn code` in the crate `schemas` can answer with.
pub(crate) fn known_codes() -> BTreeSet<String> {
    let mut codes = BTreeSet::new();
    let mut folders = vec![schemas_folder().join("src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let source = fs::read_to_string(path).unwrap();
            for function in source.split("pub fn code(&self)").skip(1) {
                let body = function.split("\n    }\n").next().unwrap();
                codes.extend(body.split('"').skip(1).step_by(2).map(str::to_owned));
            }
        }
    }
    codes
}

fn input(vector: &Value) -> Vec<u8> {
    match vector["runs"].as_array() {
        None => super::bytes(vector, "bytes"),
        Some(runs) => {
            let run = |run: &Value| super::bytes(run, "hex").repeat(run["times"].as_u64().unwrap() as usize);
            runs.iter().flat_map(run).collect()
        }
    }
}

/// What the reader of that name says of the bytes.
fn refusal(reader: &str, bytes: &[u8]) -> Result<(), String> {
    let utf8 = || std::str::from_utf8(bytes).unwrap();
    let code = match reader {
        "statement" => Statement::decode(bytes).err().map(|e| e.code()),
        "entry" => Entry::decode(bytes).err().map(|e| e.code()),
        "bundle" => Bundle::decode(bytes).err().map(|e| e.code()),
        "receipt" => Receipt::decode(bytes).err().map(|e| e.code()),
        "transparent" => Transparent::decode(bytes).err().map(|e| e.code()),
        "fork" => Fork::decode(bytes).err().map(|e| e.code()),
        "omission" => Omission::decode(bytes).err().map(|e| e.code()),
        "note" => Note::parse(bytes).err().map(|e| e.code()),
        "checkpoint" => Checkpoint::parse(utf8()).err().map(|e| e.code()),
        "tlog-proof" => TlogProof::parse(bytes).err().map(|e| e.code()),
        "verifier-key" => VerifierKey::parse(utf8()).err().map(|e| e.code()),
        "trust-file" => TrustPolicy::parse(bytes).err().map(|e| e.code()),
        "tile" => decode_tile(bytes).err().map(|e| e.code()),
        "tile-path" => TilePath::parse(utf8()).err().map(|e| e.code()),
        "batch" => batch::split(bytes).err().map(|e| e.code()),
        "entry-bundle" => decode_entry_bundle(bytes).err().map(|e| e.code()),
        other => panic!("no reader `{other}`"),
    };
    code.map_or(Ok(()), |code| Err(code.to_owned()))
}
