//! The formats that are text: signed notes, checkpoints, proofs, trust files.

use data_encoding::BASE64;
use schemas::checkpoint::Checkpoint;
use schemas::note::{Note, VerifierKey, cosigned_message};
use schemas::proof::TlogProof;
use schemas::trust::TrustPolicy;
use serde_json::json;
use sha2::{Digest as _, Sha256};
use verifier::checkpoint::verify_head;

use super::places::tree;
use super::signer::{Signer, verifies};
use super::{Vectors, hex, text};

pub(crate) const ORIGIN: &str = "ledger.corp/test";
const WITNESS: &str = "witness.example/1";
const WITNESS_TIME: u64 = 1_700_000_100;
const RENEWAL_TIME: u64 = 1_700_000_090;

pub(crate) fn make() -> Vectors {
    let (paths, root) = tree();
    let note = signed_checkpoint(3, &root);
    let path: String = paths[2].iter().map(|hash| BASE64.encode(hash) + "\n").collect();
    let cosigned =
        note.clone() + &cosignature(WITNESS, &witness_key(), WITNESS_TIME, &checkpoint_text(3, &root));
    let renewed = note.clone() + &cosignature(ORIGIN, &log_key(), RENEWAL_TIME, &checkpoint_text(3, &root));
    let trust = format!(
        "# one log, one witness\nlog {}\nwitness w1 {}\ngroup all-of-one all w1\nquorum all-of-one\ngenesis {}\n",
        vkey(ORIGIN, 1, &log_key()),
        vkey(WITNESS, 4, &witness_key()),
        hex([0x10; 32]),
    );
    Vectors::from([
        (
            "texts/checkpoint.json".into(),
            json!({
                "description": "The checkpoint of a log of three entries, signed by the log's checkpoint key.",
                "note": note, "origin": ORIGIN, "size": 3, "root": hex(root), "vkey": vkey(ORIGIN, 1, &log_key()),
                "seed": hex(log_key().seed),
            }),
        ),
        (
            "texts/checkpoint-cosigned.json".into(),
            json!({
                "description": "The same checkpoint with the cosignature of a witness (C2SP tlog-cosignature, v1) below.",
                "note": cosigned, "vkey": vkey(WITNESS, 4, &witness_key()), "time": WITNESS_TIME, "seed": hex(witness_key().seed),
            }),
        ),
        (
            "texts/checkpoint-renewed.json".into(),
            json!({
                "description": "The same checkpoint with the log's own time line below: its key as a cosignature's, whose vkey follows from the pinned one.",
                "note": renewed, "vkey": vkey(ORIGIN, 4, &log_key()), "time": RENEWAL_TIME, "seed": hex(log_key().seed),
            }),
        ),
        (
            "texts/tlog-proof.json".into(),
            json!({
                "description": "The proof that entry 2 is under the checkpoint.",
                "proof": format!("c2sp.org/tlog-proof@v1\nindex 2\n{path}\n{note}"), "index": 2,
            }),
        ),
        (
            "texts/trust.json".into(),
            json!({
                "description": "A trust file with one log, one witness, a group and a pinned genesis.",
                "file": trust, "quorum": "all-of-one", "genesis": hex([0x10; 32]),
            }),
        ),
    ])
}

pub(crate) fn log_key() -> Signer {
    Signer::new(1, "log:ledger.corp/test")
}

pub(crate) fn witness_key() -> Signer {
    Signer::new(9, "")
}

pub(crate) fn checkpoint_text(size: u64, root: &[u8; 32]) -> String {
    format!("{ORIGIN}\n{size}\n{}\n", BASE64.encode(root))
}

/// The signed note that shows a head.
pub(crate) fn signed_checkpoint(size: u64, root: &[u8; 32]) -> String {
    signed_by(&log_key(), ORIGIN, &checkpoint_text(size, root))
}

/// The note of a text that a key of this name signs.
pub(crate) fn signed_by(key: &Signer, name: &str, text: &str) -> String {
    let line = [key_id(name, 1, key).as_slice(), &key.sign(text.as_bytes())].concat();
    format!("{text}\n— {name} {}\n", BASE64.encode(&line))
}

fn cosignature(name: &str, key: &Signer, time: u64, text: &str) -> String {
    let signature = key.sign(format!("cosignature/v1\ntime {time}\n{text}").as_bytes());
    let line = [key_id(name, 4, key).as_slice(), &time.to_be_bytes(), &signature].concat();
    format!("— {name} {}\n", BASE64.encode(&line))
}

/// `name+id+key` (C2SP signed-note).
pub(crate) fn vkey(name: &str, kind: u8, key: &Signer) -> String {
    let public = [[kind].as_slice(), &key.public()].concat();
    format!("{name}+{}+{}", hex(key_id(name, kind, key)), BASE64.encode(&public))
}

fn key_id(name: &str, kind: u8, key: &Signer) -> [u8; 4] {
    let hash: [u8; 32] = Sha256::digest([name.as_bytes(), b"\n", &[kind], &key.public()].concat()).into();
    [hash[0], hash[1], hash[2], hash[3]]
}

#[test]
fn a_checkpoint_and_its_signatures_are_what_their_vectors_say() {
    let vector = super::read("texts/checkpoint.json");
    let note = Note::parse(text(&vector, "note").as_bytes()).unwrap();
    let checkpoint = Checkpoint::from_note(&note).unwrap();
    let (size, root) = (vector["size"].as_u64().unwrap(), text(&vector, "root"));
    assert_eq!((checkpoint.origin.as_str(), checkpoint.size), (text(&vector, "origin"), size));
    assert_eq!(checkpoint.root.to_hex(), root);
    let pinned = VerifierKey::parse(text(&vector, "vkey")).unwrap();
    for name in ["texts/checkpoint.json", "texts/checkpoint-cosigned.json", "texts/checkpoint-renewed.json"] {
        let vector = super::read(name);
        let note = Note::parse(text(&vector, "note").as_bytes()).unwrap();
        assert_eq!(note.to_string(), text(&vector, "note"));
        let key = VerifierKey::parse(text(&vector, "vkey")).unwrap();
        assert_eq!(key.to_string(), text(&vector, "vkey"));
        let line = note.signatures().last().unwrap();
        assert_eq!((&line.name, line.key_id), (key.name(), key.id()));
        let signed = key.signed_bytes(note.text(), &line.signature).unwrap();
        assert_eq!(signed.time, vector["time"].as_u64());
        if let Some(time) = signed.time {
            assert_eq!(signed.message, cosigned_message(time, note.text()));
        }
        assert!(
            verifies(key.public_key().as_bytes(), &signed.message, signed.signature.as_bytes()),
            "{name}"
        );
    }
    let renewed = super::read("texts/checkpoint-renewed.json");
    assert_eq!(pinned.for_times().to_string(), text(&renewed, "vkey"));
    let trust = TrustPolicy::parse(format!("log {pinned}\nquorum none\n").as_bytes()).unwrap();
    let head = verify_head(&Note::parse(text(&renewed, "note").as_bytes()).unwrap(), &trust).unwrap();
    assert_eq!(head.log_time(), Some(RENEWAL_TIME));
}

#[test]
fn a_proof_and_a_trust_file_are_what_their_vectors_say() {
    let vector = super::read("texts/tlog-proof.json");
    let proof = TlogProof::parse(text(&vector, "proof").as_bytes()).unwrap();
    assert_eq!(proof.to_string(), text(&vector, "proof"));
    assert_eq!((proof.inclusion.index, proof.inclusion.size, proof.inclusion.path.len()), (2, 3, 1));

    let vector = super::read("texts/trust.json");
    let policy = TrustPolicy::parse(text(&vector, "file").as_bytes()).unwrap();
    assert_eq!(policy.quorum_name(), text(&vector, "quorum"));
    assert_eq!(policy.genesis().map(|id| id.to_hex()).as_deref(), Some(text(&vector, "genesis")));
    assert!(policy.quorum_met(|witness| witness.name == "w1") && !policy.quorum_met(|_| false));
}
