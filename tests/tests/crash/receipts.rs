//! The client's side: what it sends, the receipts that it was given, and whether a log still honours them.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;
use schemas::entry::Entry;
use schemas::ids::EntryHash;
use schemas::proof::InclusionProof;
use schemas::tree::TreeHash;
use serde_json::{Value, json};
use verifier::merkle::{TreeHasher, leaf_hash};

use crate::harness::{Answer, Http, Place, entries, hashes, head};

/// Receipts in a file of the client's own, each synced before the next request.
#[derive(Debug)]
pub(crate) struct Receipts {
    path: PathBuf,
    file: File,
}

/// One acknowledged statement.
#[derive(Clone, Debug)]
pub(crate) struct Receipt {
    statement: Vec<u8>,
    index: u64,
    path: Vec<TreeHash>,
    note: String,
}

/// How a script ended.
#[derive(Debug)]
pub(crate) enum End {
    /// Everything was acknowledged.
    Done,
    /// The log said no.
    Refused(Answer),
    /// There was no answer.
    Gone,
}

/// Requests of one statement or many.
pub(crate) type Script = [Vec<Vec<u8>>];

/// What a log in service made of the receipts.
#[derive(Debug)]
pub(crate) struct Checked {
    pub(crate) honoured: u64,
    /// Why each of the others is not.
    pub(crate) lost: Vec<String>,
    /// Entries in the log.
    pub(crate) size: u64,
}

impl Receipts {
    pub(crate) fn new(path: PathBuf) -> Self {
        let file = OpenOptions::new().create(true).append(true).open(&path).unwrap();
        Self { path, file }
    }

    /// Sends request after request until one is not acknowledged.
    pub(crate) fn send(&mut self, http: &Http, script: &Script) -> End {
        for request in script {
            match self.request(http, request) {
                Err(_) => return End::Gone,
                Ok(answer) if [200, 201].contains(&answer.status) => {}
                Ok(answer) => return End::Refused(answer),
            }
        }
        End::Done
    }

    /// Sends one request; keeps what it acknowledges.
    pub(crate) fn request(&mut self, http: &Http, request: &[Vec<u8>]) -> io::Result<Answer> {
        let answer = match request {
            [one] => http.try_append(one)?,
            many => http.try_append_many(many)?,
        };
        if [200, 201].contains(&answer.status) {
            self.keep(request, &answer.json());
        }
        Ok(answer)
    }

    fn keep(&mut self, request: &[Vec<u8>], answer: &Value) {
        let results = answer["results"].as_array().unwrap();
        assert_eq!(results.len(), request.len(), "{answer}");
        for (statement, result) in request.iter().zip(results) {
            let receipt = json!({
                "statement": HEXLOWER.encode(statement), "index": result["index"], "proof": result["proof"],
                "head": answer["head"],
            });
            writeln!(self.file, "{receipt}").unwrap();
        }
        self.file.sync_data().unwrap();
    }

    /// All receipts, as read from the file.
    pub(crate) fn load(&self) -> Vec<Receipt> {
        load(&self.path)
    }
}

fn load(path: &Path) -> Vec<Receipt> {
    let text = fs::read_to_string(path).unwrap();
    text.lines()
        .map(|line| {
            let json: Value = serde_json::from_str(line).unwrap();
            Receipt {
                statement: HEXLOWER.decode(json["statement"].as_str().unwrap().as_bytes()).unwrap(),
                index: json["index"].as_u64().unwrap(),
                path: hashes(&json["proof"]),
                note: json["head"].as_str().unwrap().to_owned(),
            }
        })
        .collect()
}

/// Holds receipts against a log in service. Its chain, its tree and its head are recomputed from its entries, so that each head
/// in a receipt is compared with the root of exactly that many entries: all heads ever seen are then of one history.
pub(crate) fn check(place: &Place, http: &Http, receipts: &[Receipt]) -> Checked {
    let entries = entries(http);
    let now = head(place, &http.get("/checkpoint").text());
    assert_eq!(now.size(), entries.len() as u64, "the checkpoint is of another size");
    let mut tree = TreeHasher::new();
    let mut roots = vec![tree.root()];
    let mut statements = BTreeSet::new();
    let mut prev = EntryHash::of_origin(now.origin().as_str());
    for (index, bytes) in entries.iter().enumerate() {
        let entry = Entry::decode(bytes).unwrap();
        assert_eq!((entry.index.0, entry.prev), (index as u64, prev), "the chain is broken");
        assert!(statements.insert(entry.statement), "entry {index} is there twice");
        prev = EntryHash::of(bytes);
        tree.push(leaf_hash(bytes));
        roots.push(tree.root());
    }
    assert_eq!(Some(&now.root()), roots.last(), "the checkpoint is not of these entries");
    let results: Vec<Result<(), String>> =
        receipts.iter().map(|receipt| receipt.check(place, &entries, &roots)).collect();
    Checked {
        honoured: results.iter().filter(|result| result.is_ok()).count() as u64,
        lost: results.into_iter().filter_map(Result::err).collect(),
        size: now.size(),
    }
}

impl Receipt {
    /// The entry is where it was said to be, under the head that was shown, which is the beginning of this log.
    fn check(&self, place: &Place, entries: &[Vec<u8>], roots: &[TreeHash]) -> Result<(), String> {
        let index = usize::try_from(self.index).unwrap();
        let bytes = entries.get(index).ok_or_else(|| format!("entry {index} is gone"))?;
        if Entry::decode(bytes).unwrap().statement != self.statement {
            return Err(format!("entry {index} is another statement"));
        }
        let head = head(place, &self.note);
        if head.size() <= self.index {
            return Err(format!("entry {index} was shown under a head of {}", head.size()));
        }
        let root = roots.get(usize::try_from(head.size()).unwrap());
        if root != Some(&head.root()) {
            return Err(format!("the head of {} entries is of another history", head.size()));
        }
        let proof = InclusionProof { index: self.index, size: head.size(), path: self.path.clone() };
        let verified = head.verify_inclusion(&proof, leaf_hash(bytes));
        verified.map(|_| ()).map_err(|error| format!("entry {index}: {error}"))
    }
}
