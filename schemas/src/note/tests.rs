use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;

use data_encoding::HEXLOWER;
use proptest::prelude::*;

use super::*;
use crate::ids::PublicKey;

// C2SP signed-note, "Example".
const SPEC_VKEY: &str = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
const SPEC_NOTE: &str = "This is an example message.\n\n\
    — example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";
// golang.org/x/mod/sumdb/note, note_test.go; the second key has a `+` in its base64.
const GO_VKEY: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const PLUS_VKEY: &str = "TEST+7997405c+AQcC+FTVKf0jlTdHDY3rbevmnKxxPjigCXlVtGe6RIr6";
// A public witness (transparency-dev/formats, note_cosigv1_test.go).
const WITNESS_VKEY: &str = "remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2";

fn signature(name: &str, len: usize) -> NoteSignature {
    NoteSignature {
        name: KeyName::new(name).unwrap(),
        key_id: NoteKeyId::new([1, 2, 3, 4]),
        signature: vec![7; len],
    }
}

fn code(bytes: &[u8]) -> &'static str {
    Note::parse(bytes).unwrap_err().code()
}

#[test]
fn the_specifications_note_reads_and_writes_back() {
    let note = Note::parse(SPEC_NOTE.as_bytes()).unwrap();
    assert_eq!(note.text(), "This is an example message.\n");
    let [line] = note.signatures() else { panic!("{note:?}") };
    assert_eq!(line.name.as_str(), "example.com/foo");
    assert_eq!(line.key_id.to_string(), "530d903a");
    assert_eq!(line.signature.len(), 64);
    assert_eq!(note.to_string(), SPEC_NOTE);
}

#[test]
fn published_verifier_keys_read_and_write_back() {
    for vkey in [SPEC_VKEY, GO_VKEY, PLUS_VKEY, WITNESS_VKEY] {
        assert_eq!(VerifierKey::parse(vkey).unwrap().to_string(), vkey);
    }
    let key = VerifierKey::parse(SPEC_VKEY).unwrap();
    assert_eq!(key.kind(), SignatureType::Ed25519);
    assert_eq!(
        HEXLOWER.encode(key.public_key().as_bytes()),
        "e932791ae6e7a840a46164c904786426d5e7821dd8b29a00d61cae72afdd4da4"
    );
    assert_eq!(VerifierKey::parse(WITNESS_VKEY).unwrap().kind(), SignatureType::Cosignature);
}

#[test]
fn a_verifier_key_with_any_character_changed_or_cut_off_is_refused() {
    for at in 0..GO_VKEY.len() {
        assert!(VerifierKey::parse(&GO_VKEY[..at]).is_err());
        assert!(at == 0 || VerifierKey::parse(&GO_VKEY[at..]).is_err());
        let mut changed = GO_VKEY.as_bytes().to_vec();
        changed[at] += 1;
        assert!(VerifierKey::parse(core::str::from_utf8(&changed).unwrap()).is_err());
    }
}

#[test]
fn a_verifier_key_error_says_what_was_wrong() {
    let parse = |text: &str| VerifierKey::parse(text).unwrap_err();
    assert_eq!(parse("foo").code(), "verifier-key-form");
    assert_eq!(parse("foo+530d903a").code(), "verifier-key-form");
    assert_eq!(parse(&SPEC_VKEY.replace("530d903a", "530D903A")).code(), "verifier-key-form");
    assert_eq!(parse("+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k").code(), "key-name-empty");
    assert_eq!(parse("a+00000000+Ag==").code(), "verifier-key-type");
    assert_eq!(
        parse("a+00000000+AQID"),
        VerifierKeyError::Length { got: 2, expected: 32 },
        "two bytes after the type"
    );
    let key = VerifierKey::parse(SPEC_VKEY).unwrap();
    let got = NoteKeyId::new([0; 4]);
    let expected = VerifierKeyError::IdMismatch { got, expected: key.id() };
    assert_eq!(parse(&SPEC_VKEY.replace("530d903a", "00000000")), expected);
}

#[test]
fn one_key_has_another_id_under_another_name_or_type() {
    let key = PublicKey::new([5; 32]);
    let id = |name, kind| NoteKeyId::of(&KeyName::new(name).unwrap(), kind, &key);
    assert_ne!(id("a", SignatureType::Ed25519), id("b", SignatureType::Ed25519));
    assert_ne!(id("a", SignatureType::Ed25519), id("a", SignatureType::Cosignature));
}

#[test]
fn text_and_signatures_part_at_the_last_blank_line() {
    let note = Note::parse("a\n\nb\n\n— k AQIDBAU=\n".as_bytes()).unwrap();
    assert_eq!(note.text(), "a\n\nb\n");
    assert_eq!(Note::parse("\n\n\n— k AQIDBAU=\n".as_bytes()).unwrap().text(), "\n\n");
}

#[test]
fn each_malformed_note_is_refused_by_its_own_code() {
    assert_eq!(code(b"a\n\n\xff"), "note-not-utf8");
    assert_eq!(code("a\r\n\n— k AQIDBAU=\n".as_bytes()), "note-control-character");
    assert_eq!(code("a\n\n— k\0 AQIDBAU=\n".as_bytes()), "note-control-character");
    assert_eq!(code("a\n— k AQIDBAU=\n".as_bytes()), "note-no-blank-line");
    assert_eq!(code(b""), "note-no-blank-line");
    assert_eq!(code(b"a\n\n"), "note-unsigned");
    assert_eq!(code("a\n\n— k AQIDBAU=".as_bytes()), "note-unterminated");
    for line in [
        "- k AQIDBAU=",
        "—k AQIDBAU=",
        "— k",
        "— AQIDBAU=",
        "—  AQIDBAU=",
        "— k  AQIDBAU=",
        "— k+ AQIDBAU=",
        "— k\u{a0} AQIDBAU=",
        "— k\u{2003}k AQIDBAU=",
        "— k AQIDBAU",
        "— k AQIDBAV=",
        "— k AQIDBA==",
        "— k AQID",
        "— k AQIDBAU= ",
    ] {
        assert_eq!(code(format!("a\n\n{line}\n").as_bytes()), "note-signature-line", "{line}");
    }
    let second = Note::parse("a\n\n— k AQIDBAU=\nx\n".as_bytes()).unwrap_err();
    assert_eq!(second, NoteError::SignatureLine { line: 2 });
}

#[test]
fn the_number_of_signatures_is_bounded() {
    let note = |count: usize| format!("a\n\n{}", "— k AQIDBAU=\n".repeat(count));
    assert_eq!(
        Note::parse(note(NOTE_SIGNATURES_MAX).as_bytes()).unwrap().signatures().len(),
        NOTE_SIGNATURES_MAX
    );
    let got = NOTE_SIGNATURES_MAX + 1;
    let error = NoteError::TooManySignatures { got, max: NOTE_SIGNATURES_MAX };
    assert_eq!(Note::parse(note(got).as_bytes()), Err(error.clone()));
    assert_eq!(Note::new("a\n".into(), vec![signature("k", 1); got]), Err(error));
}

#[test]
fn the_size_of_a_note_is_bounded() {
    let ending = "\n\n— k AQIDBAU=\n";
    let text = "a".repeat(NOTE_BYTES_MAX - ending.len());
    assert!(Note::parse(format!("{text}{ending}").as_bytes()).is_ok());
    let expected = NoteError::TooLarge { got: NOTE_BYTES_MAX + 1, max: NOTE_BYTES_MAX };
    assert_eq!(Note::parse(format!("a{text}{ending}").as_bytes()), Err(expected.clone()));
    let signatures = Note::parse("a\n\n— k AQIDBAU=\n".as_bytes()).unwrap().signatures().to_vec();
    assert_eq!(Note::new(format!("a{text}\n"), signatures), Err(expected));
}

#[test]
fn a_note_that_could_not_be_read_back_cannot_be_made() {
    assert_eq!(Note::new("a".into(), vec![signature("k", 64)]), Err(NoteError::Unterminated));
    assert_eq!(Note::new("a\n".into(), vec![]), Err(NoteError::NoSignatures));
    let empty = Note::new("a\n".into(), vec![signature("k", 64), signature("k", 0)]);
    assert_eq!(empty, Err(NoteError::SignatureLine { line: 2 }));
    assert_eq!(
        Note::new("a\tb\n".into(), vec![signature("k", 64)]),
        Err(NoteError::ControlCharacter { at: 1 })
    );
}

#[test]
fn further_signatures_go_under_the_ones_there_are() {
    let note = Note::parse(SPEC_NOTE.as_bytes()).unwrap();
    let more = note.with_signatures(vec![signature("w", 72)]).unwrap();
    assert!(more.to_string().starts_with(SPEC_NOTE));
    assert_eq!(Note::parse(more.to_string().as_bytes()), Ok(more));
}

#[test]
fn a_cosignature_covers_its_header_its_time_and_the_whole_text() {
    let key = VerifierKey::parse(WITNESS_VKEY).unwrap();
    let mut bytes = 1_679_315_147_u64.to_be_bytes().to_vec();
    bytes.extend_from_slice(&[9; 64]);
    let signed = key.signed_bytes("log\n1\nroot\n", &bytes).unwrap();
    assert_eq!(signed.message, b"cosignature/v1\ntime 1679315147\nlog\n1\nroot\n");
    assert_eq!(signed.time, Some(1_679_315_147));
    assert_eq!(signed.signature.as_bytes(), &[9; 64]);
    assert_eq!(key.signed_bytes("log\n", &[9; 64]), None, "a signature without its time");
    let too_late = [&(1_u64 << 63).to_be_bytes()[..], &[9; 64]].concat();
    assert_eq!(key.signed_bytes("log\n", &too_late), None, "a time beyond 2^63 - 1");
}

#[test]
fn a_logs_signature_covers_the_text_alone() {
    let key = VerifierKey::parse(SPEC_VKEY).unwrap();
    let signed = key.signed_bytes("text\n", &[3; 64]).unwrap();
    assert_eq!((signed.message, signed.time), (b"text\n".to_vec(), None));
    assert_eq!(key.signed_bytes("text\n", &[3; 63]), None);
    assert_eq!(key.signed_bytes("text\n", &[3; 72]), None);
}

proptest! {
    #[test]
    fn what_is_written_reads_back(text in "[^\u{0}-\u{1f}]{0,40}(\n[^\u{0}-\u{1f}]{0,9}){0,5}", lengths in prop::collection::vec(1_usize..100, 1..20)) {
        let signatures: Vec<_> = lengths.iter().map(|len| signature("example.com/key", *len)).collect();
        let note = Note::new(text + "\n", signatures).unwrap();
        prop_assert_eq!(Note::parse(note.to_string().as_bytes()).unwrap(), note);
    }

    #[test]
    fn what_reads_is_written_back_byte_for_byte(mut bytes in Just(SPEC_NOTE.as_bytes().to_vec()), at in 0_usize..150, byte in any::<u8>()) {
        if let Some(place) = bytes.get_mut(at) {
            *place = byte;
        }
        if let Ok(note) = Note::parse(&bytes) {
            prop_assert_eq!(note.to_string().into_bytes(), bytes);
        }
    }

    #[test]
    fn no_input_makes_the_reader_fail_otherwise(text in any::<String>(), bytes in any::<Vec<u8>>()) {
        let _ = Note::parse(&bytes);
        let _ = NoteSignature::parse(&text);
        let _ = VerifierKey::parse(&text);
    }
}
