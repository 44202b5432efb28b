//! What must hold of any bytes whatever. Each law is one target's whole work; `fuzz/targets` only hands them to the fuzzer.
//!
//! Every law says first that the reader ends without a panic, in bounded memory, and then that what it accepts has one spelling: written
//! again it is the same bytes.

use std::sync::{Arc, LazyLock};

use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use hotkey::{Base, Signed, Table, accepted};
use schemas::bundle::Bundle;
use schemas::canonical::{scan, scan_prefix};
use schemas::checkpoint::Checkpoint;
use schemas::entry::Entry;
use schemas::envelope::{Envelope, Statement};
use schemas::fork::Fork;
use schemas::note::{Note, VerifierKey};
use schemas::omission::Omission;
use schemas::proof::TlogProof;
use schemas::receipt::{Receipt, Transparent};
use schemas::term::terms;
use schemas::tile::{TilePath, decode_entry_bundle, decode_tile, encode_entry_bundle, encode_tile};
use schemas::trust::TrustPolicy;
use verifier::checkpoint::verify_checkpoint;
use verifier::log::{LogVerifier, Prepared};

/// A trust file of one log and one witness whose keys nobody has: what is signed under it was not signed.
static TRUST: LazyLock<TrustPolicy> = LazyLock::new(|| {
    let file = include_str!("../trust.policy");
    TrustPolicy::parse(file.as_bytes()).expect("a trust file")
});

/// The scanner takes the whole input exactly if it takes a prefix of it that is all of it.
pub fn scanner(data: &[u8]) {
    let whole = scan(data).is_ok();
    assert_eq!(whole, scan_prefix(data, 0).is_ok_and(|end| end == data.len()));
}

/// A statement's payload, written again, is the payload that was signed, and its terms are in order. Read again as accepted before,
/// it is the same.
pub fn statement(data: &[u8]) {
    let envelope = Envelope::decode(data);
    let again = Statement::decode_accepted(data);
    let Ok(statement) = Statement::decode(data) else { return };
    assert_eq!(envelope.as_ref(), Ok(&statement.envelope));
    assert_eq!(again.as_ref(), Ok(&statement));
    assert_eq!(statement.envelope.bytes(), data);
    assert_eq!(statement.payload.to_bytes().as_deref(), Ok(statement.envelope.payload()));
    assert!(terms(&statement).is_sorted_by(|a, b| a < b));
}

/// An entry, written again, is the same; and a log of it alone is looked at to its end.
pub fn entry(data: &[u8]) {
    let mut log = LogVerifier::new();
    let _ = log.place(Prepared::new(data)).check();
    assert_eq!(log.size(), 1);
    if let Ok(entry) = Entry::decode(data) {
        assert_eq!(entry.encode(), data);
    }
}

/// A note and its checkpoint, written again, are the same, and nobody's signature makes them the log's.
pub fn checkpoint(data: &[u8]) {
    let text = str::from_utf8(data).unwrap_or_default();
    if let Ok(checkpoint) = Checkpoint::parse(text) {
        assert_eq!(checkpoint.text(), text);
    }
    if let Ok(key) = VerifierKey::parse(text) {
        assert_eq!(key.to_string(), text);
    }
    let Ok(note) = Note::parse(data) else { return };
    assert_eq!(note.to_string().as_bytes(), data);
    assert!(verify_checkpoint(&note, &TRUST).is_err());
}

/// A tlog-proof, written again, is the same.
pub fn proof(data: &[u8]) {
    if let Ok(proof) = TlogProof::parse(data) {
        assert_eq!(proof.to_string().as_bytes(), data);
    }
}

/// A bundle, written again, is the same, and one that no trusted log signed proves nothing.
pub fn bundle(data: &[u8]) {
    let unpinned = verifier::bundle::check_unpinned(data);
    assert!(verifier::bundle::check(data, &TRUST).is_err());
    let Ok(bundle) = Bundle::decode(data) else {
        assert!(unpinned.is_err());
        return;
    };
    assert_eq!(bundle.encode().as_deref(), Ok(data));
}

/// A fork proof, written again, is the same; nobody can make one for a key that signed nothing.
pub fn fork(data: &[u8]) {
    let Ok(fork) = Fork::decode(data) else { return };
    assert_eq!(fork.encode().as_deref(), Ok(data));
    if let Ok(proved) = verifier::fork::check(&fork) {
        assert!(!proved.is_pinned(&TRUST));
    }
}

/// An omission, written again, is the same, and one that no trusted log signed proves nothing.
pub fn omission(data: &[u8]) {
    let unpinned = verifier::omission::check_unpinned(data);
    assert!(verifier::omission::check(data, &TRUST).is_err());
    match Omission::decode(data) {
        Ok(omission) => assert_eq!(omission.encode().as_deref(), Ok(data)),
        Err(_) => assert!(unpinned.is_err()),
    }
}

/// A trust file, written again without its comments, is read as the same policy.
pub fn trust(data: &[u8]) {
    if let Ok(policy) = TrustPolicy::parse(data) {
        assert_eq!(TrustPolicy::parse(policy.to_string().as_bytes()).as_ref(), Ok(&policy));
    }
}

/// Tiles, entry bundles and their paths, written again, are the same.
pub fn tiles(data: &[u8]) {
    if let Ok(hashes) = decode_tile(data) {
        assert_eq!(encode_tile(&hashes), data);
    }
    if let Ok(entries) = decode_entry_bundle(data) {
        assert_eq!(encode_entry_bundle(&entries).as_deref(), Ok(data));
    }
    let text = str::from_utf8(data).unwrap_or_default();
    if let Ok(path) = TilePath::parse(text) {
        assert_eq!(path.to_string(), text);
    }
}

/// A receipt keeps its bytes, and a statement that carries one gives both up whole.
pub fn receipt(data: &[u8]) {
    if let Ok(receipt) = Receipt::decode(data) {
        assert_eq!(receipt.bytes(), data);
    }
    let _ = Transparent::decode(data);
}

/// What is posted is cut into pieces that together are all of it.
pub fn batch(data: &[u8]) {
    let Ok(items) = schemas::batch::split(data) else { return };
    assert_eq!(items.concat(), data);
    for item in items {
        statement(item);
    }
}

static BASE: LazyLock<Arc<Base>> = LazyLock::new(|| Arc::new(Base::new()));

/// Keys whose tables are made once.
static SECRETS: LazyLock<[(SigningKey, Option<Table>); 4]> = LazyLock::new(|| {
    [0, 1, 2, 3].map(|seed| {
        let secret = SigningKey::from_bytes(&[seed; 32]);
        let table = Table::new(&BASE, secret.verifying_key().as_bytes());
        (secret, table)
    })
});

/// The table of a key says of a signature what `verify_strict` says. The input is a byte that says which of four keys signs the message, what
/// is changed in key and signature (32 and 64 bytes, by exclusive or), and the message; from 128 on nobody signs, and key and signature are
/// the input's. What is not there is 0.
pub fn signature(data: &[u8]) {
    let mut parts = [0; 97];
    let (start, message) = data.split_at(data.len().min(parts.len()));
    parts[..start.len()].copy_from_slice(start);
    let [who, parts @ ..] = parts;
    let change = |bytes: &mut [u8], by: &[u8]| bytes.iter_mut().zip(by).for_each(|(byte, by)| *byte ^= by);
    let (secret, made) = &SECRETS[usize::from(who % 4)];
    let (mut key, mut signature) = ([0; 32], [0; 64]);
    if who < 128 {
        key = secret.verifying_key().to_bytes();
        signature = secret.sign(message).to_bytes();
    }
    change(&mut key, &parts[..32]);
    change(&mut signature, &parts[32..]);
    let strict = VerifyingKey::from_bytes(&key).ok();
    let stands =
        strict.is_some_and(|key| key.verify_strict(message, &Signature::from_bytes(&signature)).is_ok());
    let of_key = made.as_ref().filter(|table| *table.key() == key);
    let other = if of_key.is_none() { Table::new(&BASE, &key) } else { None };
    let Some(table) = of_key.or(other.as_ref()) else {
        assert!(!stands && strict.is_none_or(|key| key.is_weak()));
        return;
    };
    let signed = Signed { table, message: &[message], signature: &signature };
    assert_eq!(signed.is_accepted(), stands);
    // Eight in the lanes of a processor that has them, and one by itself.
    assert_eq!(accepted(&[signed; 9]), [stands; 9]);
    assert!(stands || who >= 128 || parts != [0; 96]);
}
