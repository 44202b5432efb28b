//! Texts that are no note, checkpoint, proof, key or trust file.

use std::collections::BTreeMap;

use data_encoding::BASE64;
use schemas::ids::PublicKey;
use schemas::note::{NoteKeyId, SignatureType, VerifierKey};

use super::{Case, case, long_case};
use crate::vectors::hex;
use crate::vectors::places::tree;
use crate::vectors::signer::Signer;
use crate::vectors::texts::{ORIGIN, log_key, signed_checkpoint, vkey, witness_key};

pub(super) fn make() -> Vec<Case> {
    [notes(), checkpoints(), proofs(), keys(), trust_files(), trust_bounds()].concat()
}

fn note() -> String {
    signed_checkpoint(3, &tree().1)
}

fn notes() -> Vec<Case> {
    let note = note();
    let refused =
        |name: &'static str, description: &str, text: &str| case("note", name, description, text.into());
    let (body, line) = note.split_once("\n\n").unwrap();
    vec![
        long_case(
            "note",
            "note-too-large/one-beyond",
            "One byte more than a note may have.",
            vec![(b"a".to_vec(), 262_145)],
        ),
        case(
            "note",
            "note-not-utf8/byte",
            "A byte that no UTF-8 text has.",
            [note.as_bytes(), &[0xff]].concat(),
        ),
        refused(
            "note-control-character/return",
            "A line ends in a carriage return.",
            &note.replace("\n3\n", "\r\n3\n"),
        ),
        refused(
            "note-no-blank-line/none",
            "Text and signature are not separated.",
            &note.replace("\n\n", "\n"),
        ),
        refused("note-unsigned/no-line", "Nothing follows the blank line.", &format!("{body}\n\n")),
        refused("note-unterminated/cut", "The last newline is missing.", note.trim_end()),
        long_case(
            "note",
            "note-too-many-signatures/65",
            "65 signature lines.",
            vec![(format!("{body}\n\n").into(), 1), (line.into(), 65)],
        ),
        refused(
            "note-signature-line/hyphen",
            "The signature line begins with a hyphen.",
            &note.replace('—', "-"),
        ),
        refused("note-signature-line/padding", "The base64 lacks its padding.", &note.replace("=\n", "\n")),
    ]
}

fn checkpoints() -> Vec<Case> {
    let root = BASE64.encode(&tree().1);
    let refused = |name: &'static str, description: &str, text: String| {
        case("checkpoint", name, description, text.into())
    };
    vec![
        refused(
            "checkpoint-unterminated/cut",
            "The last newline is missing.",
            format!("{ORIGIN}\n3\n{root}"),
        ),
        refused("checkpoint-line-missing/root", "There is no root.", format!("{ORIGIN}\n3\n")),
        refused("checkpoint-origin/space", "The origin has a space.", format!("ledger corp\n3\n{root}\n")),
        refused("checkpoint-size/zero", "The size has a leading zero.", format!("{ORIGIN}\n03\n{root}\n")),
        refused(
            "checkpoint-size-too-large/2-53",
            "The size is 2^53.",
            format!("{ORIGIN}\n9007199254740992\n{root}\n"),
        ),
        refused("checkpoint-root/url", "The root is in hex.", format!("{ORIGIN}\n3\n{}\n", hex(tree().1))),
        refused(
            "checkpoint-empty-root/other",
            "A log without entries has another root.",
            format!("{ORIGIN}\n0\n{root}\n"),
        ),
        refused(
            "checkpoint-extension/line",
            "There is a fourth line.",
            format!("{ORIGIN}\n3\n{root}\nmore\n"),
        ),
    ]
}

fn proofs() -> Vec<Case> {
    let (first, note, hash) = ("c2sp.org/tlog-proof@v1\n", note(), BASE64.encode(&[7; 32]) + "\n");
    let refused = |name: &'static str, description: &str, text: String| {
        case("tlog-proof", name, description, text.into())
    };
    vec![
        long_case(
            "tlog-proof",
            "tlog-proof-too-large/400-kB",
            "More bytes than any proof has.",
            vec![(b"a".to_vec(), 400_000)],
        ),
        case("tlog-proof", "tlog-proof-not-utf8/byte", "A byte that no UTF-8 text has.", vec![0xff]),
        refused(
            "tlog-proof-version/two",
            "Another version.",
            format!("c2sp.org/tlog-proof@v2\nindex 2\n\n{note}"),
        ),
        refused(
            "tlog-proof-extra/base64",
            "The extra data is not base64.",
            format!("{first}extra ?\nindex 2\n\n{note}"),
        ),
        long_case(
            "tlog-proof",
            "tlog-proof-extra-too-large/one-beyond",
            "One byte more of extra data than allowed.",
            vec![
                (format!("{first}extra ").into(), 1),
                (b"AAAA".to_vec(), 21_845),
                (format!("AAA=\nindex 2\n\n{note}").into(), 1),
            ],
        ),
        refused("tlog-proof-index/sign", "The index has a sign.", format!("{first}index +2\n\n{note}")),
        refused("tlog-proof-hash/short", "A hash has 3 bytes.", format!("{first}index 2\nAAAA\n\n{note}")),
        refused(
            "tlog-proof-too-many-hashes/64",
            "64 hashes.",
            format!("{first}index 2\n{}\n{note}", hash.repeat(64)),
        ),
        refused(
            "tlog-proof-no-checkpoint/none",
            "No blank line, hence no checkpoint.",
            format!("{first}index 2\n{hash}"),
        ),
    ]
}

fn keys() -> Vec<Case> {
    let key = vkey(ORIGIN, 1, &log_key());
    let (_, rest) = key.split_once('+').unwrap();
    let refused = |name: &'static str, description: &str, text: String| {
        case("verifier-key", name, description, text.into())
    };
    let of_bytes = |bytes: &[u8]| format!("{ORIGIN}+00000000+{}", BASE64.encode(bytes));
    vec![
        refused("verifier-key-form/two-parts", "There is no key.", format!("{ORIGIN}+00000000")),
        refused("verifier-key-type/ecdsa", "The key is of type 0x02.", of_bytes(&[2; 33])),
        refused("verifier-key-length/short", "The key has 31 bytes.", of_bytes(&[1; 32])),
        refused(
            "verifier-key-id/other",
            "The id is not the key's.",
            format!("{ORIGIN}+00000000+{}", key.rsplit_once('+').unwrap().1),
        ),
        refused("key-name-empty/none", "The key has no name.", format!("+{rest}")),
        refused("key-name-too-long/256", "The name has 256 bytes.", format!("{}+{rest}", "a".repeat(256))),
        refused(
            "key-name-character/space",
            "The name has a no-break space.",
            format!("ledger\u{a0}corp+{rest}"),
        ),
    ]
}

fn trust_files() -> Vec<Case> {
    let (log, witness) = (vkey(ORIGIN, 1, &log_key()), vkey("witness.example/1", 4, &witness_key()));
    let other = vkey("other.corp", 1, &log_key());
    let genesis = hex([0x10; 32]);
    let (first, second) = colliding_keys();
    let refused = |name: &'static str, description: &str, text: String| {
        case("trust-file", name, description, text.into())
    };
    vec![
        case("trust-file", "trust-not-utf8/byte", "A byte that no UTF-8 text has.", vec![0xff]),
        refused(
            "trust-control-character/return",
            "A line ends in a carriage return.",
            "quorum none\r\n".into(),
        ),
        refused("trust-keyword/logs", "No line begins with `logs`.", format!("logs {log}\nquorum none\n")),
        refused("trust-form/log", "A log without a key.", "log\nquorum none\n".into()),
        refused("trust-key-kind/log", "A witness's key for a log.", format!("log {witness}\nquorum none\n")),
        refused(
            "trust-duplicate-key/name",
            "One public key under two names.",
            format!("log {log}\nlog {other}\nquorum none\n"),
        ),
        refused("trust-duplicate-key-id/pair", "Two keys of one name whose short ids are equal.", {
            format!("log {first}\nlog {second}\nquorum none\n")
        }),
        refused("trust-duplicate-name/group", "A group is called like a witness.", {
            format!("witness w1 {witness}\ngroup w1 any w1\nquorum none\n")
        }),
        refused(
            "trust-reserved-name/none",
            "A witness is called `none`.",
            format!("witness none {witness}\nquorum none\n"),
        ),
        refused("trust-unknown-name/quorum", "The quorum names nobody.", "quorum w1\n".into()),
        refused("trust-second-membership/group", "One witness in two groups.", {
            format!("witness w1 {witness}\ngroup g1 any w1\ngroup g2 any w1\nquorum none\n")
        }),
        refused(
            "trust-threshold/two",
            "Two of one.",
            format!("witness w1 {witness}\ngroup g1 2 w1\nquorum none\n"),
        ),
        refused("trust-second-quorum/line", "Two quorum lines.", "quorum none\nquorum none\n".into()),
        refused("trust-no-quorum/log-alone", "No quorum line.", format!("log {log}\n")),
        refused("trust-genesis/capitals", "The genesis id is in capitals.", {
            format!("log {log}\nquorum none\ngenesis {}\n", "AB".repeat(32))
        }),
        refused("trust-second-genesis/line", "Two genesis lines.", {
            format!("log {log}\nquorum none\ngenesis {genesis}\ngenesis {genesis}\n")
        }),
        refused(
            "verifier-key-form/trust-file",
            "A log's key cannot be read.",
            "log key\nquorum none\n".into(),
        ),
    ]
}

fn trust_bounds() -> Vec<Case> {
    let logs: String =
        (1..=129).map(|seed| format!("log {}\n", vkey(ORIGIN, 1, &Signer::new(seed, "")))).collect();
    vec![
        case("trust-file", "trust-too-many/logs", "129 logs.", format!("{logs}quorum none\n").into()),
        long_case(
            "trust-file",
            "trust-too-large/one-beyond",
            "One byte more than a trust file may have.",
            vec![(b"\n".to_vec(), 262_145)],
        ),
    ]
}

/// The first two keys of one name, numbered from 0, whose 32-bit ids are equal.
fn colliding_keys() -> (VerifierKey, VerifierKey) {
    let name = schemas::note::KeyName::new("log").unwrap();
    let mut seen: BTreeMap<NoteKeyId, VerifierKey> = BTreeMap::new();
    let numbered = |number: u64| {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&number.to_be_bytes());
        VerifierKey::new(name.clone(), SignatureType::Ed25519, PublicKey::new(bytes))
    };
    let mut keys = (0..).map(numbered);
    keys.find_map(|key| seen.insert(key.id(), key.clone()).map(|earlier| (earlier, key))).unwrap()
}
