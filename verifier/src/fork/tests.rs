use core::convert::Infallible;

use ed25519_dalek::{Signer, SigningKey};
use schemas::ids::{LogId, PublicKey};
use schemas::note::{KeyName, NoteSignature};

use super::*;
use crate::merkle::{TreeHasher, leaf_hash};

const ORIGIN: &str = "log.example/one";

/// A key that signs heads.
struct Party {
    secret: SigningKey,
    key: VerifierKey,
}

impl Party {
    fn new(seed: u8, name: &str, kind: SignatureType) -> Self {
        let secret = SigningKey::from_bytes(&[seed; 32]);
        let public = PublicKey::new(secret.verifying_key().to_bytes());
        Self { key: VerifierKey::new(KeyName::new(name).unwrap(), kind, public), secret }
    }

    fn log(seed: u8) -> Self {
        Self::new(seed, ORIGIN, SignatureType::Ed25519)
    }

    fn sign(&self, origin: &str, size: u64, root: TreeHash) -> Note {
        let text = Checkpoint { origin: Origin::new(origin).unwrap(), size, root }.text();
        let signature = self.secret.sign(text.as_bytes()).to_bytes().to_vec();
        let line = NoteSignature { name: self.key.name().clone(), key_id: self.key.id(), signature };
        Note::new(text, alloc::vec![line]).unwrap()
    }
}

/// A log's leaves: those below `at` are the same in every history, the others are of this one.
struct History(Vec<TreeHash>);

impl History {
    fn new(of: u8, at: u64, size: u64) -> Self {
        let leaf = |index: u64| {
            let whose = if index < at { 0 } else { of };
            leaf_hash(&[&[whose], index.to_be_bytes().as_slice()].concat())
        };
        Self((0..size).map(leaf).collect())
    }

    fn head(&self, size: u64) -> Note {
        Party::log(1).sign(ORIGIN, size, self.root(size))
    }

    fn root(&self, size: u64) -> TreeHash {
        root_at(self, size).unwrap()
    }
}

impl NodeSource for History {
    type Error = Infallible;

    fn node(&self, level: u8, index: u64) -> Result<TreeHash, Infallible> {
        let mut tree = TreeHasher::new();
        let (start, count) = ((index << level) as usize, 1 << level);
        self.0[start..start + count].iter().for_each(|leaf| tree.push(*leaf));
        Ok(tree.root())
    }
}

fn proof(first: &Note, second: &Note, later: &History) -> Fork {
    prove(&Party::log(1).key, [first, second], later).unwrap()
}

fn code(fork: &Fork) -> &'static str {
    check(fork).unwrap_err().code()
}

#[test]
fn two_histories_are_proved_at_every_pair_of_sizes_beyond_where_they_part() {
    for at in [0, 1, 5, 8] {
        let (one, other) = (History::new(1, at, 20), History::new(2, at, 20));
        for first in 1..=20 {
            for second in first..=20 {
                let fork = proof(&one.head(first), &other.head(second), &other);
                match check(&fork) {
                    Ok(proved) => {
                        assert!(first > at, "{at} {first} {second}");
                        assert_eq!((proved.first().size, proved.second().size), (first, second));
                        assert_eq!(proved.root(), other.root(first));
                    }
                    Err(error) => {
                        assert!(first <= at, "{at} {first} {second}: {error}");
                        assert_eq!(error.code(), "fork-heads-consistent");
                    }
                }
            }
        }
    }
}

#[test]
fn an_honest_log_cannot_be_accused_by_any_single_wrong_hash() {
    let log = History::new(1, 0, 20);
    for (first, second) in [(1, 2), (8, 20), (7, 19), (19, 20), (16, 17), (20, 20)] {
        let honest = proof(&log.head(first), &log.head(second), &log);
        assert_eq!(code(&honest), "fork-heads-consistent");
        let wrong = TreeHash::new([7; 32]);
        assert!(check(&Fork { root: wrong, ..honest.clone() }).is_err(), "{first} {second}");
        for at in 0..honest.path.len() {
            let mut changed = honest.clone();
            changed.path[at] = wrong;
            assert!(check(&changed).is_err(), "{first} {second} {at}");
            // What the changed path itself leads to does not help either.
            for root in honest.path.iter().chain([&log.root(second)]) {
                assert!(check(&Fork { root: *root, ..changed.clone() }).is_err(), "{first} {second} {at}");
            }
        }
    }
}

#[test]
fn both_heads_must_be_signed_by_the_one_key_of_their_log() {
    let (one, other) = (History::new(1, 2, 9), History::new(2, 2, 9));
    let fork = proof(&one.head(5), &other.head(9), &other);
    assert!(check(&fork).is_ok());

    let stranger = Party::log(2);
    let by_stranger = stranger.sign(ORIGIN, 5, one.root(5)).to_string();
    assert_eq!(code(&Fork { first: by_stranger, ..fork.clone() }), "note-not-by-trusted-key");
    assert_eq!(code(&Fork { key: stranger.key.to_string(), ..fork.clone() }), "note-not-by-trusted-key");

    let elsewhere = Party::log(1).sign("log.example/two", 5, one.root(5)).to_string();
    assert_eq!(code(&Fork { first: elsewhere, ..fork.clone() }), "fork-key-not-the-logs");
    let witness = Party::new(1, ORIGIN, SignatureType::Cosignature).key.to_string();
    assert_eq!(code(&Fork { key: witness, ..fork.clone() }), "fork-key-not-the-logs");
    assert_eq!(code(&Fork { key: "nonsense".into(), ..fork.clone() }), "verifier-key-form");

    let changed = fork.second.replacen("\n9\n", "\n8\n", 1);
    assert_eq!(code(&Fork { second: changed, ..fork.clone() }), "note-signature-invalid");
    assert_eq!(
        code(&Fork { first: fork.second.clone(), second: fork.first.clone(), ..fork }),
        "proof-first-beyond-second"
    );
}

#[test]
fn whose_key_it_is_only_the_trust_file_says() {
    let (one, other) = (History::new(1, 2, 9), History::new(2, 2, 9));
    let proved = check(&proof(&one.head(9), &other.head(9), &other)).unwrap();
    let policy = |party: Party| TrustPolicy::for_log(party.key, LogId::new([1; 32])).unwrap();
    assert!(proved.is_pinned(&policy(Party::log(1))));
    assert!(!proved.is_pinned(&policy(Party::log(2))));
    assert!(!proved.is_pinned(&policy(Party::new(1, "log.example/two", SignatureType::Ed25519))));
}

#[test]
fn flipping_any_bit_of_the_file_is_refused() {
    let (one, other) = (History::new(1, 2, 9), History::new(2, 2, 9));
    let bytes = proof(&one.head(7), &other.head(9), &other).encode().unwrap();
    assert!(check(&Fork::decode(&bytes).unwrap()).is_ok());
    for at in 0..bytes.len() {
        for bit in 0..8 {
            let mut changed = bytes.clone();
            changed[at] ^= 1 << bit;
            assert!(Fork::decode(&changed).is_err(), "byte {at}, bit {bit}");
        }
    }
}

#[test]
fn flipping_any_bit_is_refused_even_by_somebody_who_closes_the_file_anew() {
    let (one, other) = (History::new(1, 2, 9), History::new(2, 2, 9));
    let fork = proof(&one.head(7), &other.head(9), &other);
    let whole = check(&fork).unwrap();
    let bytes = fork.encode().unwrap();
    let body = bytes.len() - 32;
    for at in 0..body {
        for bit in 0..8 {
            let mut changed = bytes[..body].to_vec();
            changed[at] ^= 1 << bit;
            let digest = blake3::hash(&changed);
            changed.extend_from_slice(digest.as_bytes());
            let proved = Fork::decode(&changed).ok().and_then(|fork| check(&fork).ok());
            assert!(proved.is_none() || proved.as_ref() == Some(&whole), "byte {at}, bit {bit}");
        }
    }
}
