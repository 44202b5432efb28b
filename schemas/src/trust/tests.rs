use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString};

use proptest::prelude::*;

use super::*;
use crate::ids::PublicKey;
use crate::limits::{TRUST_BYTES_MAX, TRUST_ITEMS_MAX};
use crate::note::{KeyName, NoteKeyId};

const LOG_VKEY: &str = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
const WITNESS_VKEY: &str = "remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2";
const GENESIS: &str = "abababababababababababababababababababababababababababababababab";

fn key(name: &str, kind: SignatureType, seed: u8) -> VerifierKey {
    VerifierKey::new(KeyName::new(name).unwrap(), kind, PublicKey::new([seed; 32]))
}

fn witness(name: &str, seed: u8) -> String {
    format!("witness {name} {}\n", key("witness.example", SignatureType::Cosignature, seed))
}

fn problem(file: &str) -> (usize, &'static str) {
    let error = TrustPolicy::parse(file.as_bytes()).unwrap_err();
    (error.line, error.code())
}

/// The example of C2SP tlog-policy.
fn example() -> String {
    let xs = [witness("X1", 1), witness("X2", 2), witness("X3", 3)].concat();
    let ys = [witness("Y1", 4), witness("Y2", 5), witness("Y3", 6)].concat();
    format!(
        "log {LOG_VKEY}\n\n{xs}group X-witnesses 2 X1 X2 X3\n\n{ys}group Y-witnesses any Y1 Y2 Y3\n\n\
         group X-and-Y all X-witnesses Y-witnesses\nquorum X-and-Y\n"
    )
}

fn met(policy: &TrustPolicy, names: &[&str]) -> bool {
    policy.quorum_met(|witness| names.contains(&witness.name.as_str()))
}

#[test]
fn a_new_logs_policy_reads_back_and_asks_for_no_witness() {
    let genesis = LogId::from_hex(GENESIS).unwrap();
    let policy = TrustPolicy::for_log(VerifierKey::parse(LOG_VKEY).unwrap(), genesis).unwrap();
    assert_eq!(policy.to_string(), format!("log {LOG_VKEY}\nquorum none\ngenesis {GENESIS}\n"));
    let read = TrustPolicy::parse(policy.to_string().as_bytes()).unwrap();
    assert_eq!(read, policy);
    assert_eq!((read.genesis(), read.needs_witnesses(), read.quorum_name()), (Some(genesis), false, "none"));
    assert!(met(&read, &[]));
    let origin = Origin::new("example.com/foo").unwrap();
    assert_eq!(read.keys_of(&origin).count(), 1);
    assert_eq!(read.keys_of(&Origin::new("example.com/fo").unwrap()).count(), 0);
    let witness = VerifierKey::parse(WITNESS_VKEY).unwrap();
    assert_eq!(TrustPolicy::for_log(witness, genesis).unwrap_err().code(), "trust-key-kind");
}

#[test]
fn the_specifications_policy_asks_for_two_of_one_group_and_any_of_the_other() {
    let policy = TrustPolicy::parse(example().as_bytes()).unwrap();
    assert_eq!((policy.logs().len(), policy.witnesses().len(), policy.genesis()), (1, 6, None));
    assert!(policy.needs_witnesses());
    assert!(met(&policy, &["X1", "X3", "Y2"]));
    assert!(met(&policy, &["X1", "X2", "X3", "Y1", "Y2", "Y3"]));
    assert!(!met(&policy, &["X1", "Y1", "Y2", "Y3"]));
    assert!(!met(&policy, &["X1", "X2", "X3"]));
    assert!(!met(&policy, &[]));
    assert!(!met(&policy, &["X1", "X1", "Y1"]), "one witness named twice");
    assert!(!met(&policy, &["X-witnesses", "Y-witnesses", "X-and-Y"]), "groups do not cosign");
    assert_eq!(TrustPolicy::parse(policy.to_string().as_bytes()), Ok(policy));
}

#[test]
fn a_quorum_may_be_one_witness() {
    let policy = TrustPolicy::parse(format!("witness w {WITNESS_VKEY}\nquorum w").as_bytes()).unwrap();
    assert!(met(&policy, &["w"]) && !met(&policy, &[]));
}

#[test]
fn comments_blank_lines_and_spacing_do_not_matter() {
    let file = format!(
        "# trust\n \t# too\n\n\tlog \t{LOG_VKEY}  https://log.example/ \nquorum\tnone\n  genesis {GENESIS}"
    );
    let policy = TrustPolicy::parse(file.as_bytes()).unwrap();
    assert_eq!(policy.logs()[0].url.as_deref(), Some("https://log.example/"));
    assert_eq!(TrustPolicy::parse(policy.to_string().as_bytes()), Ok(policy));
}

#[test]
fn each_malformed_line_is_refused_by_number_and_code() {
    let log = format!("log {LOG_VKEY}\n");
    let w = format!("witness w {WITNESS_VKEY}\n");
    for (file, line, code) in [
        ("".to_string(), 1, "trust-no-quorum"),
        (format!("{log}\n"), 3, "trust-no-quorum"),
        ("quorum none\nquorum none\n".to_string(), 2, "trust-second-quorum"),
        ("quorum w\n".to_string(), 1, "trust-unknown-name"),
        ("quorum\n".to_string(), 1, "trust-form"),
        ("quorum none none\n".to_string(), 1, "trust-form"),
        ("Log x\n".to_string(), 1, "trust-keyword"),
        ("log\n".to_string(), 1, "trust-form"),
        (format!("log {LOG_VKEY} url more\n"), 1, "trust-form"),
        (format!("log {LOG_VKEY} https://a b\n"), 1, "trust-form"),
        ("log abc\n".to_string(), 1, "verifier-key-form"),
        (format!("log {WITNESS_VKEY}\n"), 1, "trust-key-kind"),
        (format!("witness w {LOG_VKEY}\n"), 1, "trust-key-kind"),
        (format!("witness {WITNESS_VKEY}\n"), 1, "trust-form"),
        (format!("witness none {WITNESS_VKEY}\n"), 1, "trust-reserved-name"),
        (format!("{w}{}", witness("w", 9)), 2, "trust-duplicate-name"),
        (format!("{w}group w any w\n"), 2, "trust-duplicate-name"),
        (format!("{w}group none any w\n"), 2, "trust-reserved-name"),
        (format!("{w}group g any\n"), 2, "trust-form"),
        (format!("{w}group g any w w\n"), 2, "trust-second-membership"),
        (format!("{w}group g any w\ngroup h any w\n"), 3, "trust-second-membership"),
        (format!("{w}group g any none\n"), 2, "trust-unknown-name"),
        (format!("{w}group g any g\n"), 2, "trust-unknown-name"),
        (format!("{w}group g 0 w\n"), 2, "trust-threshold"),
        (format!("{w}group g 2 w\n"), 2, "trust-threshold"),
        (format!("{w}group g 01 w\n"), 2, "trust-threshold"),
        (format!("{w}group g -1 w\n"), 2, "trust-threshold"),
        (format!("{w}group g most w\n"), 2, "trust-threshold"),
        (format!("genesis {}\n", GENESIS.to_uppercase()), 1, "trust-genesis"),
        (format!("genesis {}\n", &GENESIS[1..]), 1, "trust-genesis"),
        ("genesis\n".to_string(), 1, "trust-form"),
        (format!("genesis {GENESIS}\ngenesis {GENESIS}\n"), 2, "trust-second-genesis"),
        ("quorum none\r\n".to_string(), 1, "trust-control-character"),
        ("quorum none\n#\u{0}\n".to_string(), 2, "trust-control-character"),
        ("#\u{7f}\n".to_string(), 1, "trust-control-character"),
    ] {
        assert_eq!(problem(&file), (line, code), "{file}");
    }
    assert_eq!(TrustPolicy::parse(b"quorum none\n# \xff\n").unwrap_err().code(), "trust-not-utf8");
}

#[test]
fn no_public_key_appears_twice_under_whatever_name() {
    let log = |name, seed| format!("log {}\n", key(name, SignatureType::Ed25519, seed));
    let both = |first: String, second: String| problem(&format!("{first}{second}quorum none\n"));
    assert_eq!(both(log("a", 1), log("a", 1)), (2, "trust-duplicate-key"));
    assert_eq!(both(log("a", 1), log("b", 1)), (2, "trust-duplicate-key"));
    assert_eq!(both(witness("v", 1), witness("w", 1)), (2, "trust-duplicate-key"));
    assert_eq!(both(log("a", 1), witness("w", 1)), (2, "trust-duplicate-key"));
    assert_eq!(
        both(witness("w", 1), log("a", 1)),
        (2, "trust-duplicate-key"),
        "a log is not its own witness"
    );
    let two = format!("{}{}quorum none\n", log("a", 1), log("a", 2));
    let origin = Origin::new("a").unwrap();
    assert_eq!(TrustPolicy::parse(two.as_bytes()).unwrap().keys_of(&origin).count(), 2);
}

#[test]
fn two_keys_of_one_name_whose_short_ids_collide_are_refused() {
    let name = KeyName::new("log").unwrap();
    let mut seen: BTreeMap<NoteKeyId, PublicKey> = BTreeMap::new();
    let numbered = |number: u64| {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&number.to_be_bytes());
        PublicKey::new(bytes)
    };
    // 32-bit ids: a pair is found after some 80,000 keys.
    let pair = (0..2_000_000).map(numbered).find_map(|key| {
        seen.insert(NoteKeyId::of(&name, SignatureType::Ed25519, &key), key).map(|earlier| (earlier, key))
    });
    let (first, second) = pair.unwrap();
    let line = |key| format!("log {}\n", VerifierKey::new(name.clone(), SignatureType::Ed25519, key));
    let file = format!("{}{}quorum none\n", line(first), line(second));
    assert_eq!(problem(&file), (2, "trust-duplicate-key-id"));
}

#[test]
fn the_size_and_the_number_of_lines_of_a_kind_are_bounded() {
    let numbered = |count: usize, line: &dyn Fn(u8) -> String| {
        (0..count).map(|seed| line(u8::try_from(seed).unwrap())).collect::<String>() + "quorum none\n"
    };
    let log = |seed| format!("log {}\n", key("log", SignatureType::Ed25519, seed));
    let named = |seed| witness(&format!("w{seed}"), seed);
    for line in [&log as &dyn Fn(u8) -> String, &named] {
        assert!(TrustPolicy::parse(numbered(TRUST_ITEMS_MAX, line).as_bytes()).is_ok());
        assert_eq!(problem(&numbered(TRUST_ITEMS_MAX + 1, line)), (TRUST_ITEMS_MAX + 1, "trust-too-many"));
    }
    let groups = |count: usize| {
        let nested: String = (1..count).map(|at| format!("group g{at} any g{}\n", at - 1)).collect();
        format!("witness w {WITNESS_VKEY}\ngroup g0 any w\n{nested}quorum g{}\n", count - 1)
    };
    let deepest = TrustPolicy::parse(groups(TRUST_ITEMS_MAX).as_bytes()).unwrap();
    assert!(met(&deepest, &["w"]) && !met(&deepest, &[]));
    assert_eq!(problem(&groups(TRUST_ITEMS_MAX + 1)), (TRUST_ITEMS_MAX + 2, "trust-too-many"));
    let padded = |len: usize| format!("quorum none\n#{}", "x".repeat(len - 13));
    assert!(TrustPolicy::parse(padded(TRUST_BYTES_MAX).as_bytes()).is_ok());
    assert_eq!(problem(&padded(TRUST_BYTES_MAX + 1)), (0, "trust-too-large"));
}

#[test]
fn an_error_names_the_line_and_what_is_wrong() {
    let error = TrustPolicy::parse(b"quorum none\nwitnes w\n").unwrap_err();
    assert_eq!(error.to_string(), "line 2 of the trust file: unknown keyword `witnes`");
}

proptest! {
    #[test]
    fn what_reads_is_written_so_that_it_reads_back(at in 0_usize..900, byte: u8) {
        let mut bytes = example().into_bytes();
        if let Some(place) = bytes.get_mut(at) {
            *place = byte;
        }
        if let Ok(policy) = TrustPolicy::parse(&bytes) {
            prop_assert_eq!(TrustPolicy::parse(policy.to_string().as_bytes()), Ok(policy));
        }
    }

    #[test]
    fn a_further_cosignature_never_unmeets_a_quorum(names in prop::collection::vec("[XY][123]", 0..6), more in "[XY][123]") {
        let policy = TrustPolicy::parse(example().as_bytes()).unwrap();
        let before = policy.quorum_met(|witness| names.contains(&witness.name));
        let after = policy.quorum_met(|witness| names.contains(&witness.name) || witness.name == more);
        prop_assert!(!before || after);
    }

    #[test]
    fn no_file_makes_the_reader_fail_otherwise(bytes: Vec<u8>, text: String) {
        let _ = TrustPolicy::parse(&bytes);
        let _ = TrustPolicy::parse(text.as_bytes());
    }
}
