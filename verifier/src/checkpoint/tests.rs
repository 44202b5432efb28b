use alloc::format;
use alloc::vec;

use ed25519_dalek::{Signer, SigningKey};
use schemas::ids::{LogId, PublicKey};
use schemas::note::{KeyName, NoteSignature, cosigned_message};

use super::*;
use crate::merkle::{TileEdge, leaf_hash};

pub(super) const ORIGIN: &str = "log.example/one";

/// Someone who signs notes.
pub(super) struct Party {
    secret: SigningKey,
    pub(super) key: VerifierKey,
}

impl Party {
    fn new(seed: u8, name: &str, kind: SignatureType) -> Self {
        let secret = SigningKey::from_bytes(&[seed; 32]);
        let public = PublicKey::new(secret.verifying_key().to_bytes());
        Self { key: VerifierKey::new(KeyName::new(name).unwrap(), kind, public), secret }
    }

    pub(super) fn log(seed: u8) -> Self {
        Self::new(seed, ORIGIN, SignatureType::Ed25519)
    }

    pub(super) fn witness(seed: u8) -> Self {
        Self::new(seed, &format!("witness.example/{seed}"), SignatureType::Cosignature)
    }

    pub(super) fn sign(&self, text: &str) -> NoteSignature {
        match self.key.kind() {
            SignatureType::Ed25519 => {
                self.line(&self.key, self.secret.sign(text.as_bytes()).to_bytes().to_vec())
            }
            SignatureType::Cosignature => self.sign_at(1_700_000_000, text),
        }
    }

    /// With the time: a witness's cosignature, a log's line about when it renewed.
    pub(super) fn sign_at(&self, time: u64, text: &str) -> NoteSignature {
        let signature = self.secret.sign(&cosigned_message(time, text));
        self.line(&self.key.for_times(), [&time.to_be_bytes()[..], &signature.to_bytes()].concat())
    }

    fn line(&self, key: &VerifierKey, signature: Vec<u8>) -> NoteSignature {
        NoteSignature { name: key.name().clone(), key_id: key.id(), signature }
    }
}

fn signed(text: &str, parties: &[&Party]) -> Note {
    Note::new(text.into(), parties.iter().map(|party| party.sign(text)).collect()).unwrap()
}

pub(super) fn text(origin: &str, size: u64, root: TreeHash) -> String {
    Checkpoint { origin: Origin::new(origin).unwrap(), size, root }.text()
}

pub(super) fn policy(log: &Party) -> TrustPolicy {
    TrustPolicy::for_log(log.key.clone(), LogId::new([1; 32])).unwrap()
}

/// Two of the three witnesses 11, 12 and 13.
pub(super) fn quorum_policy(log: &Party) -> TrustPolicy {
    let witnesses: String =
        (11..14).map(|seed| format!("witness w{seed} {}\n", Party::witness(seed).key)).collect();
    let file = format!("log {}\n{witnesses}group all-of-them 2 w11 w12 w13\nquorum all-of-them\n", log.key);
    TrustPolicy::parse(file.as_bytes()).unwrap()
}

pub(super) fn some_root() -> TreeHash {
    TreeHash::new([7; 32])
}

// A checkpoint of a public log with cosignatures of four public witnesses, as published by the log.
const PUBLIC_LOG: &str =
    "arche2025h1.staging.ct.transparency.dev+ba2f06c0+AU0vHmlGCS/PdN8b2OaGmKprLI8HKM+dJ472xgFYh15f";
const PUBLIC_WITNESSES: [&str; 4] = [
    "remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2",
    "witness.stagemole.eu+67f7aea0+BEqSG3yu9YrmcM3BHvQYTxwFj3uSWakQepafafpUqklv",
    "transparency.dev/DEV:witness-little-garden+d8042a87+BCtusOxINQNUTN5Oj8HObRkh2yHf/MwYaGX4CPdiVEPM",
    "witness1.smartit.nu/witness1+a48c820f+BPSFWg9G6KPiO7QPryYO5Xq4oYJJ+kAvLKLSimDhoxMO",
];
const PUBLIC_CHECKPOINT: &str = "arche2025h1.staging.ct.transparency.dev
1432088532
U7WM79jrzyhGZ5/GUBTpM7NzwdyfFx61t3RovgcC4Ro=

— arche2025h1.staging.ct.transparency.dev zTM8sQAAAZ5W0WdjBAMARjBEAiBjW5IQf9pvsYLfQFX6hoGREPMHbdQ3urbllzalApkptQIgIpwtEroeW2BXaHAI4kJXFbon5Ch9MNL5zRNZ55lvGt0=
— arche2025h1.staging.ct.transparency.dev ui8GwCF1+kWqZrxGdhj4aX3gcw7XUlXQQabg/27lefwhUkzbC3NygNI75MdhL1bfTW9g8Ei59RA23oHP7Ry1k3ZFWwQ=
— transparency.dev/DEV:witness-little-garden 2AQqhwAAAABqEiEgzgFIqqhbUoDwjMWE6UP8nd8/KYTzwZ2rhIgcqoXHAwVkjZr4AscylP3v7sEodkRAErumC2q44vdgJY096st5BQ==
— witness1.smartit.nu/witness1 pIyCDwAAAABqEiEghIp82KWebrw7/oHQwlTAm3g2RKS4+eebl8eO0WH+/iEcxZ75W3u5hNI7TOQtmJbqmNWVuE0tgh0XwzdZsDsUAQ==
— remora.n621.de 2net5wAAAABqEiEgPlfF3V06o0Y+fHM+J5J9s27wgxxcOVSpZ/2g/KSiXCg9DEZI+aVCIobWX9sXTynk5XeU/zZ0WBxtqB0DrAWfBw==
— witness.stagemole.eu Z/euoAAAAABqEiEgw0i+7g2ENfDAWHmtRzCfKTHSDwYDJA2NmKeGi9Y8FtEyOUvVr+AJmIY/2TUFucgKi7lI7cUiOvKFYe/TmN9DAg==
";

#[test]
fn a_public_logs_checkpoint_verifies_with_the_cosignatures_under_it() {
    let witnesses: String =
        (1..).zip(PUBLIC_WITNESSES).map(|(n, vkey)| format!("witness w{n} {vkey}\n")).collect();
    let file = format!("log {PUBLIC_LOG}\n{witnesses}group g all w1 w2 w3 w4\nquorum g\n");
    let policy = TrustPolicy::parse(file.as_bytes()).unwrap();
    let note = Note::parse(PUBLIC_CHECKPOINT.as_bytes()).unwrap();
    let checkpoint = verify_checkpoint(&note, &policy).unwrap();
    assert_eq!((checkpoint.quorum(), checkpoint.head().size()), ("g", 1_432_088_532));
    let expected = [1, 2, 3, 4].map(|n| Cosignature { witness: format!("w{n}"), time: 1_779_573_024 });
    assert_eq!(checkpoint.head().cosignatures(), expected);
    let changed = Note::parse(PUBLIC_CHECKPOINT.replace("1432088532", "1432088533").as_bytes()).unwrap();
    assert_eq!(verify_checkpoint(&changed, &policy).unwrap_err().code(), "note-signature-invalid");
}

#[test]
fn a_head_signed_by_the_pinned_key_of_its_origin_verifies() {
    let log = Party::log(1);
    let note = signed(&text(ORIGIN, 5, some_root()), &[&log]);
    let head = verify_head(&note, &policy(&log)).unwrap();
    assert_eq!((head.origin().as_str(), head.size(), head.root()), (ORIGIN, 5, some_root()));
    assert_eq!((head.key(), head.cosignatures().len()), (&log.key, 0));
    assert_eq!(verify_checkpoint(&note, &policy(&log)).unwrap().quorum(), "none");
}

#[test]
fn a_head_by_another_key_or_for_another_origin_is_refused() {
    let (log, thief) = (Party::log(1), Party::log(2));
    let code = |note: &Note, policy: &TrustPolicy| verify_head(note, policy).unwrap_err().code();
    let own = text(ORIGIN, 5, some_root());
    assert_eq!(code(&signed(&own, &[&thief]), &policy(&log)), "note-not-by-trusted-key");
    let other = text("log.example/two", 5, some_root());
    assert_eq!(code(&signed(&other, &[&log]), &policy(&log)), "checkpoint-unknown-origin");
    let mut forged = log.sign(&own);
    forged.signature = thief.sign(&own).signature;
    let forged = Note::new(own, vec![forged]).unwrap();
    assert_eq!(code(&forged, &policy(&log)), "note-signature-invalid");
}

#[test]
fn a_trusted_log_cannot_sign_for_another_trusted_log() {
    let (one, two) = (Party::log(1), Party::new(2, "log.example/two", SignatureType::Ed25519));
    let file = format!("log {}\nlog {}\nquorum none\n", one.key, two.key);
    let policy = TrustPolicy::parse(file.as_bytes()).unwrap();
    let note = signed(&text(ORIGIN, 5, some_root()), &[&two]);
    assert_eq!(verify_head(&note, &policy).unwrap_err().code(), "note-not-by-trusted-key");
}

#[test]
fn either_key_of_a_log_that_changes_keys_will_do() {
    let (old, new) = (Party::log(1), Party::log(2));
    let policy =
        TrustPolicy::parse(format!("log {}\nlog {}\nquorum none\n", old.key, new.key).as_bytes()).unwrap();
    let text = text(ORIGIN, 5, some_root());
    for signers in [&[&old][..], &[&new], &[&new, &old]] {
        assert!(verify_head(&signed(&text, signers), &policy).is_ok());
    }
}

#[test]
fn witnesses_alone_make_no_head() {
    let log = Party::log(1);
    let note = signed(&text(ORIGIN, 5, some_root()), &[&Party::witness(11), &Party::witness(12)]);
    let error = CheckpointVerifyError::NotSignedByLog { origin: ORIGIN.into() };
    assert_eq!(verify_checkpoint(&note, &quorum_policy(&log)), Err(error));
}

#[test]
fn a_checkpoint_needs_its_quorum_and_a_head_does_not() {
    let log = Party::log(1);
    let [w11, w12, w13, stranger] = [11, 12, 13, 14].map(Party::witness);
    let (policy, text) = (quorum_policy(&log), text(ORIGIN, 5, some_root()));
    for (parties, cosigned) in [
        (&[&log][..], &[][..]),
        (&[&log, &w11], &["w11"]),
        (&[&log, &w11, &w11, &w11], &["w11"]),
        (&[&log, &w13, &stranger], &["w13"]),
    ] {
        let note = signed(&text, parties);
        let cosigned = cosigned.iter().map(|name| String::from(*name)).collect();
        let error = CheckpointVerifyError::QuorumNotMet { quorum: "all-of-them".into(), cosigned };
        assert_eq!(verify_checkpoint(&note, &policy), Err(error));
        assert!(verify_head(&note, &policy).is_ok());
    }
    for parties in [&[&log, &w11, &w13][..], &[&w13, &w12, &log, &stranger], &[&log, &w11, &w12, &w13]] {
        assert!(verify_checkpoint(&signed(&text, parties), &policy).is_ok());
    }
}

#[test]
fn a_bad_cosignature_by_a_trusted_witness_refuses_head_and_checkpoint() {
    let log = Party::log(1);
    let text_of = |size| text(ORIGIN, size, some_root());
    let for_another_size = Party::witness(11).sign(&text_of(6));
    let note = signed(&text_of(5), &[&log, &Party::witness(12), &Party::witness(13)]);
    let note = note.with_signatures(vec![for_another_size]).unwrap();
    assert_eq!(verify_head(&note, &quorum_policy(&log)).unwrap_err().code(), "note-signature-invalid");
    assert_eq!(verify_checkpoint(&note, &quorum_policy(&log)).unwrap_err().code(), "note-signature-invalid");
}

#[test]
fn a_signed_text_that_is_no_checkpoint_is_refused_for_its_form() {
    let log = Party::log(1);
    let extended = format!("{}extra\n", text(ORIGIN, 5, some_root()));
    let error = verify_head(&signed(&extended, &[&log]), &policy(&log)).unwrap_err();
    assert_eq!(error, CheckpointVerifyError::Checkpoint(CheckpointError::Extensions { got: 1 }));
}

#[test]
fn proofs_hold_only_under_the_very_head_they_are_for() {
    let log = Party::log(1);
    let leaves: Vec<TreeHash> = (0..9_u8).map(|byte| leaf_hash(&[byte])).collect();
    let (five, more) = leaves.split_at(5);
    let earlier = TileEdge::new().append(five).unwrap();
    let later = earlier.edge().append(more).unwrap();
    let head_of =
        |size, root| verify_head(&signed(&text(ORIGIN, size, root), &[&log]), &policy(&log)).unwrap();
    let (first, second) = (head_of(5, earlier.root()), head_of(9, later.root()));

    let proof = earlier.inclusion(3).unwrap();
    assert_eq!(first.verify_inclusion(&proof, leaves[3]).unwrap().index(), 3);
    assert_eq!(first.verify_inclusion(&proof, leaves[2]).unwrap_err().code(), "proof-root-mismatch");
    let error = HeadProofError::OtherSize { got: 5, expected: 9 };
    assert_eq!(second.verify_inclusion(&proof, leaves[3]), Err(error));

    let proof = later.consistency().unwrap();
    assert_eq!(first.verify_consistency(&proof, &second).unwrap().second(), 9);
    let error = HeadProofError::OtherSize { got: 5, expected: 9 };
    assert_eq!(second.verify_consistency(&proof, &first), Err(error));
    let mislabelled = head_of(10, later.root());
    let error = HeadProofError::OtherSize { got: 9, expected: 10 };
    assert_eq!(first.verify_consistency(&proof, &mislabelled), Err(error));
    let forked = head_of(9, some_root());
    assert_eq!(first.verify_consistency(&proof, &forked).unwrap_err().code(), "proof-root-mismatch");
}

#[test]
fn heads_of_different_logs_are_never_consistent() {
    let (one, two) = (Party::log(1), Party::new(2, "log.example/two", SignatureType::Ed25519));
    let head = |party: &Party| {
        let note = signed(&text(party.key.name().as_str(), 5, some_root()), &[party]);
        verify_head(&note, &policy(party)).unwrap()
    };
    let proof = ConsistencyProof { first: 5, second: 5, path: vec![] };
    assert!(head(&one).verify_consistency(&proof, &head(&one)).is_ok());
    let error = HeadProofError::OtherLog { got: "log.example/two".into(), expected: ORIGIN.into() };
    assert_eq!(head(&one).verify_consistency(&proof, &head(&two)), Err(error));
}
