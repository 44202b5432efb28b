//! A log in memory for tests, and a server of fixed answers.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::Path;
use std::thread;
use std::time::Duration;

use gateway::client::Client;
use gateway::signer::Signer;
use keyfile::SecretKey;
use schemas::bundle::{Bundle, ProvedEntry};
use schemas::checkpoint::{Checkpoint, Origin};
use schemas::entry::{Entry, Place};
use schemas::envelope::Statement;
use schemas::ids::{ByteString, EntryHash, KeyId, LogId};
use schemas::kinds::{Assertion, TermRow};
use schemas::note::{KeyName, Note, NoteSignature, SignatureType, VerifierKey};
use schemas::payload::{Body, Payload};
use schemas::proof::InclusionProof;
use schemas::receipt::{Receipt, UnsignedReceipt};
use schemas::text::PrincipalId;
use schemas::tile::{encode_entry_bundle, encode_tile};
use schemas::time::{Index, Time};
use schemas::tree::TreeHash;
use schemas::trust::TrustPolicy;
use verifier::checkpoint::VerifiedHead;
use verifier::merkle::{NodeSource, TreeHasher, leaf_hash, prove_consistency, prove_inclusion};

use crate::trust::Trust;

const ORIGIN: &str = "ledger.test/unit";

/// A log whose keys are all at hand.
pub(crate) struct TestLog {
    pub(crate) log: LogId,
    pub(crate) registrar: Signer,
    checkpoint: SecretKey,
    receipt: SecretKey,
    /// The key by which the log itself speaks.
    own: Signer,
    pub(crate) entries: Vec<Vec<u8>>,
}

impl TestLog {
    /// A log with nothing but its genesis.
    pub(crate) fn new() -> Self {
        let [checkpoint, statement, receipt, registrar] = [(); 4].map(|()| SecretKey::generate().unwrap());
        let genesis = serde_json::json!({
            "v": 1, "kind": "genesis", "tenant": "default", "at": 1, "vantage": "authority",
            "body": {
                "origin": ORIGIN, "nonce": "00".repeat(16),
                "keys": [
                    {"use": "checkpoint", "public": checkpoint.public()},
                    {"use": "statement", "public": statement.public()},
                    {"use": "receipt", "public": receipt.public()}
                ],
                "registrars": [registrar.public()], "threshold": 1,
                "parameters": {"heartbeat": 1000, "clock_ahead": 1000}
            }
        });
        let signer = Signer::new(statement, PrincipalId::new(format!("log:{ORIGIN}")).unwrap());
        let genesis = signer.sign(&Payload::from_json(&genesis).unwrap()).unwrap();
        let id = PrincipalId::new(format!("registrar:{}", registrar.kid())).unwrap();
        let registrar = Signer::new(registrar, id);
        let (log, own) = (genesis.id().into(), signer);
        let mut log = Self { log, registrar, checkpoint, receipt, own, entries: Vec::new() };
        log.append(&genesis);
        log
    }

    /// A statement by the registrar.
    pub(crate) fn note_by_registrar(&self, at: u64, text: &str) -> Statement {
        let json = serde_json::json!({
            "v": 1, "kind": "correction", "log": self.log, "tenant": "default", "at": at, "vantage": "authority",
            "body": {"about": "ab".repeat(32), "note": text}
        });
        self.registrar.sign(&Payload::from_json(&json).unwrap()).unwrap()
    }

    pub(crate) fn append(&mut self, statement: &Statement) {
        let prev = match self.entries.last() {
            Some(entry) => EntryHash::of(entry),
            None => EntryHash::of_origin(ORIGIN),
        };
        let index = self.entries.len() as u64;
        let (index, time) = (Index(index), Time(1000 + index));
        self.entries
            .push(Entry { index, time, prev, statement: statement.envelope.bytes().to_vec() }.encode());
    }

    /// The signed head at a size.
    pub(crate) fn head(&self, size: u64) -> Note {
        let mut tree = TreeHasher::new();
        self.entries.iter().take(size as usize).for_each(|entry| tree.push(leaf_hash(entry)));
        self.sign_head(size, tree.root())
    }

    /// A head that the log's key signs, whatever it says.
    pub(crate) fn sign_head(&self, size: u64, root: TreeHash) -> Note {
        let text = Checkpoint { origin: ORIGIN.parse::<Origin>().unwrap(), size, root }.text();
        let key = self.key();
        let signature = self.checkpoint.sign(text.as_bytes()).as_bytes().to_vec();
        let line = NoteSignature { name: key.name().clone(), key_id: key.id(), signature };
        Note::new(text, vec![line]).unwrap()
    }

    /// A bundle of the entries at these indexes, with the log's signed answer, whatever it says.
    pub(crate) fn bundle(&self, indexes: &[u64], rows: Vec<TermRow>) -> Bundle {
        let size = self.entries.len() as u64;
        let (head, root) = (self.head(size), self.verified(size).root());
        let answer = Body::Assertion(Assertion { size, root, rows });
        let answer = self.own.sign(&Payload::of_log(Some(self.log), Time(2_000), answer)).unwrap();
        let prove = |index: &u64| ProvedEntry {
            entry: self.entries[*index as usize].clone(),
            path: self.path(*index, size),
        };
        Bundle {
            subject: self.log.into(),
            checkpoint: head.to_string(),
            entries: indexes.iter().map(prove).collect(),
            assertions: vec![ByteString(answer.envelope.bytes().to_vec())],
        }
    }

    /// Answers to `GET` of the checkpoint and of the tiles of a log of fewer entries than a tile has.
    pub(crate) fn tile_answers(&self) -> Vec<(String, Vec<u8>)> {
        let size = self.entries.len();
        let slices: Vec<&[u8]> = self.entries.iter().map(Vec::as_slice).collect();
        let leaves: Vec<TreeHash> = self.entries.iter().map(|entry| leaf_hash(entry)).collect();
        vec![
            ("/checkpoint".into(), self.head(size as u64).to_string().into_bytes()),
            (format!("/tile/entries/000.p/{size}"), encode_entry_bundle(&slices).unwrap()),
            (format!("/tile/0/000.p/{size}"), encode_tile(&leaves)),
        ]
    }

    pub(crate) fn verified(&self, size: u64) -> VerifiedHead {
        self.trust().verify_head(&self.head(size)).unwrap()
    }

    pub(crate) fn path(&self, index: u64, size: u64) -> Vec<TreeHash> {
        prove_inclusion(&Leaves(&self.entries), index, size).unwrap().path
    }

    pub(crate) fn consistency(&self, first: u64, second: u64) -> Vec<TreeHash> {
        prove_consistency(&Leaves(&self.entries), first, second).unwrap().path
    }

    /// The receipt for an entry at a size.
    pub(crate) fn receipt(&self, index: u64, size: u64) -> Receipt {
        let entry = Entry::decode(&self.entries[index as usize]).unwrap();
        let place = Place { index: entry.index, time: entry.time, prev: entry.prev };
        let sub = Statement::decode(&entry.statement).unwrap().envelope.sub;
        let inclusion = InclusionProof { index, size, path: self.path(index, size) };
        let root = self.verified(size).root();
        let (kid, iss) =
            (KeyId::of(&self.receipt.public()), PrincipalId::new(format!("log:{ORIGIN}")).unwrap());
        let unsigned = UnsignedReceipt::new(&kid, &iss, &sub, &place, inclusion);
        let signature = self.receipt.sign(&unsigned.to_be_signed(&root));
        unsigned.sign(&signature).unwrap()
    }

    /// The statement in an entry.
    pub(crate) fn statement(&self, index: u64) -> Vec<u8> {
        Entry::decode(&self.entries[index as usize]).unwrap().statement
    }

    /// What pins this log.
    pub(crate) fn trust(&self) -> Trust {
        Trust::new(Path::new("trust.policy"), TrustPolicy::for_log(self.key(), self.log).unwrap())
    }

    /// An answer to `GET /v1/entries` of one entry.
    pub(crate) fn entry_answer(&self, index: u64) -> Vec<u8> {
        encode_entry_bundle(&[self.entries[index as usize].as_slice()]).unwrap()
    }

    fn key(&self) -> VerifierKey {
        VerifierKey::new(KeyName::new(ORIGIN).unwrap(), SignatureType::Ed25519, self.checkpoint.public())
    }
}

struct Leaves<'a>(&'a [Vec<u8>]);

impl NodeSource for Leaves<'_> {
    type Error = Infallible;

    fn node(&self, level: u8, index: u64) -> Result<TreeHash, Infallible> {
        let mut tree = TreeHasher::new();
        let (start, count) = ((index << level) as usize, 1 << level);
        self.0[start..start + count].iter().for_each(|entry| tree.push(leaf_hash(entry)));
        Ok(tree.root())
    }
}

/// A server that knows these answers by path and query, and says 400 to everything else. Ends with the test.
pub(crate) fn serve(answers: Vec<(String, Vec<u8>)>) -> Client {
    let answers: BTreeMap<String, Vec<u8>> = answers.into_iter().collect();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let lines: Vec<String> = BufReader::new(&stream)
                .lines()
                .map_while(Result::ok)
                .take_while(|line| !line.is_empty())
                .collect();
            let path = lines[0].split(' ').nth(1).unwrap();
            let (status, body) = match answers.get(path) {
                Some(body) => ("200 OK", body.clone()),
                None => ("400 Bad", br#"{"code":"bad-query"}"#.to_vec()),
            };
            let head =
                format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
            stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&body)).unwrap();
        }
    });
    Client::new(&format!("http://{address}"), Duration::from_secs(5)).unwrap()
}
