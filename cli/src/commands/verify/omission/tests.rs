use schemas::kinds::TermRow;
use schemas::payload::Kind;
use schemas::term::Term;
use schemas::time::Index;

use super::*;
use crate::schema::tests::assert_described;
use crate::testlog::{TestLog, serve};

/// A log of a genesis and four corrections.
fn log() -> TestLog {
    let mut log = TestLog::new();
    for at in 1..5 {
        let statement = log.note_by_registrar(at, "more");
        log.append(&statement);
    }
    log
}

/// A bundle in which the log answers that these are all corrections.
fn bundle(log: &TestLog, corrections: &[u64]) -> Bundle {
    let indexes = corrections.iter().copied().map(Index).collect();
    log.bundle(&[0], vec![TermRow { term: Term::Kind(Kind::Correction).id(), indexes }])
}

fn found(log: &TestLog, bundle: &Bundle) -> (Search, Option<Vec<u8>>) {
    let bytes = bundle.encode().unwrap();
    let claims = claims(&bytes, Some(log.trust().policy())).unwrap();
    let client = serve(log.tile_answers());
    let tiles = TileLog::latest(&client).unwrap();
    let again = Search::run(&claims, &tiles, "the tiles").unwrap();
    let proof = again.omission(bundle.clone(), |index| tiles.inclusion(index, 5)).unwrap();
    (Search::run(&claims, &tiles, "the tiles").unwrap(), proof)
}

#[test]
fn a_true_answer_leaves_nothing_to_find() {
    let log = log();
    let (search, proof) = found(&log, &bundle(&log, &[1, 2, 3, 4]));
    assert_eq!((search.wrong_total, search.read, search.unknown, proof), (0, 5, 0, None));
}

#[test]
fn what_an_answer_leaves_out_or_wrongly_lists_is_found_and_proved_with_the_logs_keys_alone() {
    let log = log();
    let (trust, other) = (log.trust(), TestLog::new().trust());
    for (answer, fault, index) in [(&[1, 2, 4][..], "left-out", 3), (&[0, 1, 2, 3, 4], "wrongly-listed", 0)] {
        let (search, proof) = found(&log, &bundle(&log, answer));
        let wrong = &search.wrong[0];
        assert_eq!((search.wrong_total, wrong.fault.as_str(), wrong.index.0), (1, fault, index));
        let proof = proof.unwrap();
        let checked = check(&proof, trust.policy()).unwrap();
        assert_eq!((checked.fault.as_str(), checked.index.0, checked.log), (fault, index, log.log));
        assert!(check_unpinned(&proof).is_ok());
        let refusal = check(&proof, other.policy()).unwrap_err();
        assert!(refusal.is_about_trust(), "{refusal}");
        let checks = vec![broken("answer", "wrong")];
        let row = row(fault, checked.term, index, &checked.statement, checked.assertion);
        let document = document(&checked.head, checked.log, checks, (vec![row], 1), Exit::Tampered);
        assert_described(&document);
        assert!(text(&document, false).contains(&words(fault)), "{}", text(&document, false));
    }
}

#[test]
fn a_true_answer_makes_no_proof() {
    let log = log();
    let (_, proof) = found(&log, &bundle(&log, &[1, 2, 4]));
    let omission = Omission::decode(&proof.unwrap()).unwrap();
    let right = bundle(&log, &[1, 2, 3, 4]).assertions.remove(0);
    let unfounded = Omission { assertion: right, ..omission.clone() }.encode().unwrap();
    assert_eq!(check(&unfounded, log.trust().policy()).unwrap_err().code(), "omission-unfounded");
    let elsewhere = Omission { index: Index(2), ..omission }.encode().unwrap();
    assert_eq!(check(&elsewhere, log.trust().policy()).unwrap_err().code(), "omission-entry-missing");
}

#[test]
fn a_flipped_bit_of_a_proof_is_refused_also_under_a_digest_that_fits_again() {
    let log = log();
    let (_, proof) = found(&log, &bundle(&log, &[1, 2, 4]));
    let (proof, trust) = (proof.unwrap(), log.trust());
    let body = proof.len() - 32;
    for bit in 0..proof.len() * 8 {
        let mut changed = proof.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        assert!(check(&changed, trust.policy()).is_err(), "bit {bit}");
        if bit / 8 < body {
            let digest = StatementId::of(&changed[..body]);
            changed[body..].copy_from_slice(digest.as_bytes());
            assert!(check(&changed, trust.policy()).is_err(), "bit {bit}, digest made anew");
        }
    }
}

#[test]
fn a_log_that_cannot_show_the_root_that_it_answered_for_is_told() {
    let log = log();
    let mut other = self::log();
    let extra = other.note_by_registrar(9, "other");
    other.append(&extra);
    let bytes = bundle(&log, &[1, 2, 3, 4]).encode().unwrap();
    let claims = claims(&bytes, Some(log.trust().policy())).unwrap();
    let client = serve(other.tile_answers());
    let failure = Search::run(&claims, &TileLog::latest(&client).unwrap(), "the tiles").err().unwrap();
    assert_eq!((failure.code.as_str(), failure.exit), ("root-mismatch", Exit::Tampered));
    assert_eq!(check_reaches(4, 5, "the tiles").unwrap_err().exit, Exit::Indeterminate);
}
