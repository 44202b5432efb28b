//! Checking a note's signatures against keys that the caller trusts (C2SP signed-note, Signatures).

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use schemas::note::{Note, NoteKeyId, NoteSignature, VerifierKey};
use thiserror::Error;

use crate::signature::CheckedKey;

/// A known key under whose name the note carries good signatures only, at least one. Made by [`verify_note`] alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedSignature<'k> {
    key: &'k VerifierKey,
    time: Option<u64>,
}

impl<'k> VerifiedSignature<'k> {
    /// The key that signed.
    pub fn key(&self) -> &'k VerifierKey {
        self.key
    }

    /// When the key says it last signed, in seconds since the epoch; nothing for signatures without a time.
    pub fn time(&self) -> Option<u64> {
        self.time
    }
}

/// Checks every signature line that a known key's name and id stand in. The others mean nothing and are passed over.
///
/// One failing line of a known key refuses the whole note, and so does a note without any line of a known key. Each key
/// is in the answer once, in the order in which the keys were given, however many lines it signed.
pub fn verify_note<'k>(
    note: &Note,
    known: impl IntoIterator<Item = &'k VerifierKey>,
) -> Result<Vec<VerifiedSignature<'k>>, NoteVerifyError> {
    let keys = decode_keys(known)?;
    let mut verified = Vec::new();
    for (key, checked) in keys {
        let mut latest: Option<Option<u64>> = None;
        for line in note.signatures().iter().filter(|line| is_by(line, key)) {
            let time = verify_line(note.text(), line, key, &checked).ok_or_else(|| {
                NoteVerifyError::SignatureInvalid { name: key.name().to_string(), id: key.id() }
            })?;
            latest = latest.max(Some(time));
        }
        verified.extend(latest.map(|time| VerifiedSignature { key, time }));
    }
    if verified.is_empty() {
        return Err(NoteVerifyError::NoKnownSignature { signatures: note.signatures().len() });
    }
    Ok(verified)
}

/// The keys with their points, each key once.
fn decode_keys<'k>(
    known: impl IntoIterator<Item = &'k VerifierKey>,
) -> Result<Vec<(&'k VerifierKey, CheckedKey)>, NoteVerifyError> {
    let mut keys: Vec<(&VerifierKey, CheckedKey)> = Vec::new();
    for key in known {
        if keys.iter().any(|(earlier, _)| *earlier == key) {
            continue;
        }
        if keys.iter().any(|(earlier, _)| earlier.name() == key.name() && earlier.id() == key.id()) {
            return Err(NoteVerifyError::AmbiguousKey { name: key.name().to_string(), id: key.id() });
        }
        let checked = CheckedKey::new(*key.public_key())
            .map_err(|_| NoteVerifyError::KeyUnusable { name: key.name().to_string(), id: key.id() })?;
        keys.push((key, checked));
    }
    Ok(keys)
}

fn is_by(line: &NoteSignature, key: &VerifierKey) -> bool {
    line.name == *key.name() && line.key_id == key.id()
}

/// The time of a good signature line, which only cosignatures have; nothing where the line is not good.
fn verify_line(
    text: &str,
    line: &NoteSignature,
    key: &VerifierKey,
    checked: &CheckedKey,
) -> Option<Option<u64>> {
    let signed = key.signed_bytes(text, &line.signature)?;
    checked.verify(&signed.message, &signed.signature).ok().map(|()| signed.time)
}

/// Why a note's signatures do not make its text trustworthy.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum NoteVerifyError {
    /// A trusted key is no point of the curve, one of those under which anything can be made to verify, or not the one encoding
    /// of its point.
    #[error("the trusted key {name} ({id}) is not a usable Ed25519 public key")]
    KeyUnusable {
        /// Name of the key.
        name: String,
        /// Short id of the key.
        id: NoteKeyId,
    },
    /// Two different trusted keys have the same name and id.
    #[error("two trusted keys are called {name} ({id})")]
    AmbiguousKey {
        /// Name of both keys.
        name: String,
        /// Short id of both keys.
        id: NoteKeyId,
    },
    /// A line by a trusted key does not verify.
    #[error("the signature by {name} ({id}) is not valid")]
    SignatureInvalid {
        /// Name of the key.
        name: String,
        /// Short id of the key.
        id: NoteKeyId,
    },
    /// No line is by a trusted key.
    #[error("none of the note's {signatures} signatures is by a trusted key")]
    NoKnownSignature {
        /// Signature lines of the note.
        signatures: usize,
    },
}

impl NoteVerifyError {
    /// Stable name of the error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::KeyUnusable { .. } => "note-key-unusable",
            Self::AmbiguousKey { .. } => "note-key-ambiguous",
            Self::SignatureInvalid { .. } => "note-signature-invalid",
            Self::NoKnownSignature { .. } => "note-not-by-trusted-key",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;
    use alloc::vec;
    use ed25519_dalek::{Signer, SigningKey};
    use schemas::ids::PublicKey;
    use schemas::note::{KeyName, SignatureType, cosigned_message};

    // C2SP signed-note, "Example".
    const SPEC_VKEY: &str = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
    const SPEC_NOTE: &str = "This is an example message.\n\n\
        — example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";
    // golang.org/x/mod/sumdb/note, note_test.go.
    const PETER: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    const ENOCH: &str = "EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop";
    const GO_NOTE: &str = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n\
        — PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n\
        — EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=\n";

    fn vkey(text: &str) -> VerifierKey {
        VerifierKey::parse(text).unwrap()
    }

    fn note(text: &str) -> Note {
        Note::parse(text.as_bytes()).unwrap()
    }

    fn signing(seed: u8, name: &str, kind: SignatureType) -> (SigningKey, VerifierKey) {
        let signing = SigningKey::from_bytes(&[seed; 32]);
        let public = PublicKey::new(signing.verifying_key().to_bytes());
        (signing, VerifierKey::new(KeyName::new(name).unwrap(), kind, public))
    }

    fn cosign((signing, key): &(SigningKey, VerifierKey), time: u64, text: &str) -> NoteSignature {
        let mut signature = time.to_be_bytes().to_vec();
        signature.extend_from_slice(&signing.sign(&cosigned_message(time, text)).to_bytes());
        NoteSignature { name: key.name().clone(), key_id: key.id(), signature }
    }

    #[test]
    fn published_notes_verify_under_their_keys() {
        let key = vkey(SPEC_VKEY);
        let verified = verify_note(&note(SPEC_NOTE), [&key]).unwrap();
        assert_eq!(verified, [VerifiedSignature { key: &key, time: None }]);
        let (peter, enoch) = (vkey(PETER), vkey(ENOCH));
        let signers: Vec<_> = verify_note(&note(GO_NOTE), [&enoch, &peter]).unwrap();
        assert_eq!(signers.iter().map(VerifiedSignature::key).collect::<Vec<_>>(), [&enoch, &peter]);
        assert_eq!(verify_note(&note(GO_NOTE), [&peter, &key]).unwrap().len(), 1);
    }

    #[test]
    fn a_changed_character_of_the_text_refuses_the_note() {
        let key = vkey(SPEC_VKEY);
        let changed = note(&SPEC_NOTE.replacen("example", "exampl3", 1));
        let error = NoteVerifyError::SignatureInvalid { name: "example.com/foo".into(), id: key.id() };
        assert_eq!(verify_note(&changed, [&key]), Err(error));
    }

    #[test]
    fn one_bad_signature_by_a_known_key_refuses_the_note_whatever_else_is_good() {
        let (peter, enoch) = (vkey(PETER), vkey(ENOCH));
        let bad = GO_NOTE.replace("rwz+eBzm", "rwz+eBzn");
        assert_eq!(verify_note(&note(&bad), [&peter, &enoch]).unwrap_err().code(), "note-signature-invalid");
        assert_eq!(verify_note(&note(&bad), [&peter]).unwrap().len(), 1, "unknown keys are passed over");
        let short = note(&format!("{}— PeterNeumann x08gowE=\n", GO_NOTE));
        assert_eq!(verify_note(&short, [&peter]).unwrap_err().code(), "note-signature-invalid");
    }

    #[test]
    fn a_note_by_unknown_keys_only_is_refused() {
        let key = vkey(PETER);
        let error = NoteVerifyError::NoKnownSignature { signatures: 1 };
        assert_eq!(verify_note(&note(SPEC_NOTE), [&key]), Err(error.clone()));
        assert_eq!(verify_note(&note(SPEC_NOTE), []), Err(error));
    }

    #[test]
    fn the_name_alone_or_the_id_alone_makes_no_key_known() {
        let key = vkey(SPEC_VKEY);
        let other_name = note(&SPEC_NOTE.replace("— example.com/foo", "— example.com/bar"));
        assert_eq!(verify_note(&other_name, [&key]).unwrap_err().code(), "note-not-by-trusted-key");
        let other_id = note(&SPEC_NOTE.replace("Uw2QOkn8", "Uw2QO0n8").replace("Uw2Q", "Uw2R"));
        assert_eq!(verify_note(&other_id, [&key]).unwrap_err().code(), "note-not-by-trusted-key");
    }

    #[test]
    fn a_signature_repeated_counts_once() {
        let key = vkey(SPEC_VKEY);
        let line = SPEC_NOTE.lines().last().unwrap();
        let twice = note(&format!("{SPEC_NOTE}{line}\n"));
        assert_eq!(verify_note(&twice, [&key, &key]).unwrap().len(), 1);
    }

    #[test]
    fn a_cosignature_covers_its_time_and_the_latest_one_counts() {
        let witness = signing(1, "witness.example", SignatureType::Cosignature);
        let text = "log\n1\nroot\n";
        let lines = vec![cosign(&witness, 20, text), cosign(&witness, 10, text)];
        let verified = verify_note(&Note::new(text.into(), lines).unwrap(), [&witness.1]);
        assert_eq!(verified, Ok(vec![VerifiedSignature { key: &witness.1, time: Some(20) }]));
        let mut moved = cosign(&witness, 20, text);
        moved.signature[7] ^= 1;
        let moved = Note::new(text.into(), vec![moved]).unwrap();
        assert_eq!(verify_note(&moved, [&witness.1]).unwrap_err().code(), "note-signature-invalid");
    }

    #[test]
    fn a_cosignature_is_no_log_signature_and_the_other_way_round() {
        let (log, log_key) = signing(1, "log", SignatureType::Ed25519);
        let witness = (
            log.clone(),
            VerifierKey::new(log_key.name().clone(), SignatureType::Cosignature, *log_key.public_key()),
        );
        let text = "log\n1\nroot\n";
        let mut plain = cosign(&witness, 1, text);
        plain.signature.drain(..8);
        plain.key_id = log_key.id();
        let note = Note::new(text.into(), vec![plain]).unwrap();
        assert_eq!(verify_note(&note, [&log_key]).unwrap_err().code(), "note-signature-invalid");
        let signature = log.sign(text.as_bytes()).to_bytes().to_vec();
        let line = NoteSignature { name: log_key.name().clone(), key_id: log_key.id(), signature };
        let note = Note::new(text.into(), vec![line]).unwrap();
        assert_eq!(verify_note(&note, [&witness.1]).unwrap_err().code(), "note-not-by-trusted-key");
        assert_eq!(verify_note(&note, [&log_key, &witness.1]).unwrap().len(), 1);
    }

    #[test]
    fn a_key_under_which_anything_verifies_or_that_has_a_second_spelling_is_refused() {
        let name = KeyName::new("weak").unwrap();
        let mut identity = [0; 32];
        identity[0] = 1;
        // y = 2^255 − 16, which is 3 modulo the field's prime: a good point in a second spelling.
        let mut respelt = [0xff; 32];
        (respelt[0], respelt[31]) = (0xf0, 0x7f);
        for bytes in [identity, [0; 32], [0x02; 32], respelt] {
            let key = VerifierKey::new(name.clone(), SignatureType::Ed25519, PublicKey::new(bytes));
            // R = identity, S = 0 verifies under the identity for every message, unless the check is strict.
            let signature = [identity, [0; 32]].concat();
            let line = NoteSignature { name: name.clone(), key_id: key.id(), signature };
            let note = Note::new("text\n".into(), vec![line]).unwrap();
            let error = NoteVerifyError::KeyUnusable { name: "weak".into(), id: key.id() };
            assert_eq!(verify_note(&note, [&key]), Err(error));
        }
    }
}
