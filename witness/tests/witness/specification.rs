//! C2SP tlog-witness, one test a MUST.

use crate::harness::{Log, NAME, ORIGIN, code, cosigner, make, open, status};
use schemas::note::{Note, NoteSignature};
use schemas::tree::TreeHash;
use tempfile::tempdir;
use verifier::note::verify_note;
use witness::request::{Request, RequestError};
use witness::state::origin_hash;
use witness::{Answer, Witness};

fn witness() -> (tempfile::TempDir, Witness, Log) {
    let (folder, log) = (tempdir().unwrap(), Log::main());
    let witness = open(&make(&folder.path().join("w"), &[&log]));
    (folder, witness, log)
}

fn cosigned(answer: Answer) -> NoteSignature {
    match answer {
        Answer::Cosigned(line) => line,
        other => panic!("{other:?}"),
    }
}

/// The time of a cosignature that must stand under this note.
fn time_of(note: &Note, line: &NoteSignature) -> u64 {
    let note = Note::new(note.text().to_owned(), vec![line.clone()]).unwrap();
    verify_note(&note, [cosigner().key()]).unwrap()[0].time().unwrap()
}

fn ask(witness: &Witness, body: &str) -> (u16, &'static str) {
    let answer = witness.add_checkpoint(body.as_bytes());
    (status(&answer), code(&answer))
}

#[test]
fn the_answer_is_a_cosignature_of_the_checkpoint_by_the_witnesss_key() {
    let (_folder, witness, log) = witness();
    let line = cosigned(witness.add_checkpoint(&log.body(0, 7)));
    assert_eq!(line.name.as_str(), NAME);
    assert!(line.to_string().starts_with("— "));
    assert!(time_of(&log.note(7), &line) >= 1_700_000_000);
}

#[test]
fn the_old_size_is_a_plain_decimal_behind_old_and_one_space() {
    let note = Log::main().note(7).to_string();
    for old in ["old 0", "old 7", "old 18446744073709551615"] {
        assert!(Request::parse(format!("{old}\n\n{note}").as_bytes()).is_ok(), "{old}");
    }
    for old in [
        "old 00",
        "old 07",
        "old +7",
        "old -1",
        "old  7",
        "old 7 ",
        "old",
        "old ",
        "Old 7",
        "7",
        "",
        "old 18446744073709551616",
        "old 7\r",
    ] {
        let read = Request::parse(format!("{old}\n\n{note}").as_bytes());
        assert!(matches!(read, Err(RequestError::OldSize)), "{old}: {read:?}");
    }
}

#[test]
fn each_proof_line_is_one_hash_in_base64_and_there_are_at_most_63() {
    let note = Log::main().note(7).to_string();
    let hash = TreeHash::new([9; 32]).to_base64();
    let body = |lines: usize| format!("old 1\n{}\n{note}", format!("{hash}\n").repeat(lines));
    assert_eq!(Request::parse(body(63).as_bytes()).unwrap().proof.len(), 63);
    assert_eq!(Request::parse(body(64).as_bytes()), Err(RequestError::TooManyHashes { max: 63 }));
    for line in [
        "",
        "AA==",
        hash.trim_end_matches('='),
        &format!("{hash} "),
        &hash.replace('C', "-"),
        &format!("{hash}{hash}"),
    ] {
        let read = Request::parse(format!("old 1\n{hash}\n{line}\n\n{note}").as_bytes());
        assert!(read.is_err(), "{line}: {read:?}");
    }
}

#[test]
fn every_line_ends_in_a_newline_and_an_empty_one_stands_before_the_checkpoint() {
    let (_folder, witness, log) = witness();
    let body = String::from_utf8(log.body(0, 7)).unwrap();
    for malformed in [
        body.trim_end(),
        &body.replacen("\n\n", "\n", 1),
        &body.replace('\n', "\r\n"),
        "old 0\n\n",
        "old 0\n",
        "",
    ] {
        assert_eq!(ask(&witness, malformed).0, 400, "{malformed:?}");
    }
    assert_eq!(status(&witness.add_checkpoint(b"old 0\n\n\xff")), 400);
}

#[test]
fn a_request_reads_back_as_it_was_written() {
    let request = Log::main().request(7, 20);
    assert_eq!(Request::parse(request.to_string().as_bytes()), Ok(request));
}

#[test]
fn a_checkpoint_may_carry_several_signatures_and_those_of_unknown_keys_are_ignored() {
    let (_folder, witness, log) = witness();
    let note = log.note(7);
    // By a stranger, by the log's name under another key, and garbage under a name that nobody knows.
    let stranger = Log::new("log.test/b", 9, 0, 64).line(note.text());
    let impostor = Log::new(ORIGIN, 8, 0, 64).line(note.text());
    let garbage = NoteSignature { signature: vec![1, 2, 3], ..stranger.clone() };
    let lines = [vec![stranger, impostor, garbage], note.signatures().to_vec()].concat();
    let many = Note::new(note.text().to_owned(), lines).unwrap();
    let body = format!("old 0\n\n{many}");
    let line = cosigned(witness.add_checkpoint(body.as_bytes()));
    time_of(&note, &line);
    let kept = witness.checkpoint(&origin_hash(&log.request(0, 7).origin)).unwrap();
    assert_eq!(
        Note::parse(kept.as_bytes()).unwrap().signatures().len(),
        2,
        "the log's and the witness's own"
    );
}

#[test]
fn as_many_signatures_as_a_note_may_have_leave_room_for_the_cosignature() {
    let (_folder, witness, log) = witness();
    let note = log.note(7);
    let lines = vec![note.signatures()[0].clone(); 64];
    let body = format!("old 0\n\n{}", Note::new(note.text().to_owned(), lines).unwrap());
    cosigned(witness.add_checkpoint(body.as_bytes()));
}

#[test]
fn an_unknown_origin_is_404() {
    let (_folder, witness, _) = witness();
    let other = Log::new("log.test/b", 1, 0, 64);
    let body = String::from_utf8(other.body(0, 7)).unwrap();
    assert_eq!(ask(&witness, &body), (404, "unknown-origin"));
}

#[test]
fn a_checkpoint_that_no_trusted_key_signed_is_403() {
    let (_folder, witness, log) = witness();
    let impostor = Log::new(ORIGIN, 8, 0, 64);
    let body = String::from_utf8(impostor.body(0, 7)).unwrap();
    assert_eq!(ask(&witness, &body), (403, "not-signed-by-log"));
    // The log's own line under another text.
    let text = log.note(8).text().to_owned();
    let moved = Note::new(text, log.note(7).signatures().to_vec()).unwrap();
    assert_eq!(ask(&witness, &format!("old 0\n\n{moved}")), (403, "not-signed-by-log"));
    // Even with wrong sizes: who has not signed learns nothing of the state.
    let body = impostor.request_with(9, vec![], 7, impostor.root(7)).to_string();
    assert_eq!(ask(&witness, &body).0, 403);
}

#[test]
fn an_old_size_beyond_the_checkpoints_is_400() {
    let (_folder, witness, log) = witness();
    let body = log.request_with(8, vec![], 7, log.root(7)).to_string();
    assert_eq!(ask(&witness, &body), (400, "old-beyond-size"));
}

#[test]
fn an_old_size_that_is_not_the_latest_is_409_with_the_latest() {
    let (_folder, witness, log) = witness();
    let conflict = |old, size| match witness.add_checkpoint(&log.body(old, size)) {
        Answer::Refused(witness::decide::Refusal::OtherSize { latest, .. }) => latest,
        other => panic!("{other:?}"),
    };
    assert_eq!(conflict(3, 7), 0, "never cosigned counts as zero");
    cosigned(witness.add_checkpoint(&log.body(0, 7)));
    assert_eq!([conflict(0, 20), conflict(6, 20), conflict(8, 20), conflict(0, 3), conflict(3, 3)], [7; 5]);
    assert_eq!(status(&witness.add_checkpoint(&log.body(7, 20))), 200);
    assert_eq!(conflict(7, 20), 20);
}

#[test]
fn a_proof_from_size_zero_is_422() {
    let (_folder, witness, log) = witness();
    let body = log.request_with(0, vec![log.root(1)], 7, log.root(7)).to_string();
    assert_eq!(ask(&witness, &body), (422, "proof-not-empty"));
}

#[test]
fn a_proof_that_does_not_hold_is_422_and_changes_nothing() {
    let (_folder, witness, log) = witness();
    cosigned(witness.add_checkpoint(&log.body(0, 7)));
    let proof = log.proof(7, 20);
    let mut wrong = proof.clone();
    wrong[1] = TreeHash::new([1; 32]);
    let longer = [proof.clone(), vec![log.root(1)]].concat();
    for bad in [vec![], wrong, longer, proof[1..].to_vec(), proof.iter().rev().copied().collect()] {
        assert_eq!(
            ask(&witness, &log.request_with(7, bad, 20, log.root(20)).to_string()),
            (422, "inconsistent")
        );
    }
    let fork = Log::forked();
    assert_eq!(ask(&witness, &fork.request(7, 20).to_string()), (422, "inconsistent"));
    assert_eq!(status(&witness.add_checkpoint(&log.body(7, 20))), 200);
}

#[test]
fn the_same_size_with_another_root_is_422() {
    let (_folder, witness, log) = witness();
    cosigned(witness.add_checkpoint(&log.body(0, 7)));
    assert_eq!(ask(&witness, &Log::forked().request(7, 7).to_string()), (422, "other-root"));
    assert_eq!(
        status(&witness.add_checkpoint(&log.body(7, 7))),
        200,
        "the same root again is cosigned again"
    );
    let body = log.request_with(7, vec![log.root(1)], 7, log.root(7)).to_string();
    assert_eq!(ask(&witness, &body), (422, "proof-not-empty"));
}

#[test]
fn an_empty_tree_with_another_root_than_that_of_the_empty_tree_is_422() {
    let (_folder, witness, log) = witness();
    assert_eq!(ask(&witness, &log.request_with(0, vec![], 0, log.root(1)).to_string()), (422, "empty-root"));
    assert_eq!(status(&witness.add_checkpoint(&log.body(0, 0))), 200);
    assert_eq!(
        status(&witness.add_checkpoint(&log.body(0, 7))),
        200,
        "size zero was cosigned, and is still zero"
    );
}

#[test]
fn extension_lines_are_cosigned_with_the_rest() {
    let (_folder, witness, log) = witness();
    let text = format!("{}an extension\n", log.note(7).text());
    let note = Note::new(text.clone(), vec![log.line(&text)]).unwrap();
    let line = cosigned(witness.add_checkpoint(format!("old 0\n\n{note}").as_bytes()));
    time_of(&note, &line);
}

#[test]
fn the_new_checkpoint_is_on_the_disk_before_the_answer_and_there_after_a_restart() {
    let (folder, log) = (tempdir().unwrap(), Log::main());
    let folder = make(&folder.path().join("w"), &[&log]);
    let origin = log.request(0, 7).origin;
    let first = open(&folder);
    for (old, size) in [(0, 7), (7, 20), (20, 20)] {
        cosigned(first.add_checkpoint(&log.body(old, size)));
        let kept = folder.states().read(&origin, cosigner().key()).unwrap().unwrap();
        assert_eq!((kept.size, kept.root), (size, log.root(size)));
    }
    drop(first);
    let again = open(&folder);
    assert_eq!(status(&again.add_checkpoint(&log.body(7, 30))), 409);
    assert_eq!(ask(&again, &Log::forked().request(20, 20).to_string()), (422, "other-root"));
    assert_eq!(status(&again.add_checkpoint(&log.body(20, 30))), 200);
}

#[test]
fn monitors_are_shown_the_latest_checkpoint_with_the_logs_signature_and_the_witnesss() {
    let (_folder, witness, log) = witness();
    let hash = origin_hash(&log.request(0, 7).origin);
    assert_eq!(witness.checkpoint(&hash), None);
    cosigned(witness.add_checkpoint(&log.body(0, 7)));
    cosigned(witness.add_checkpoint(&log.body(7, 20)));
    let note = Note::parse(witness.checkpoint(&hash).unwrap().as_bytes()).unwrap();
    let keys = [&log.key, cosigner().key()].map(Clone::clone);
    assert_eq!(verify_note(&note, &keys).unwrap().len(), 2);
    assert_eq!(note.text(), log.note(20).text());
    assert_eq!(witness.checkpoint(&"0".repeat(64)), None);
}

#[test]
fn a_cosignatures_time_is_never_before_the_last_one_of_that_log_even_after_a_restart() {
    let (folder, log) = (tempdir().unwrap(), Log::main());
    let folder = make(&folder.path().join("w"), &[&log]);
    fn back() -> u64 {
        1_000
    }
    fn ahead() -> u64 {
        1_800_000_000
    }
    let answer = |now, old, size| {
        let witness = Witness::open(&folder, cosigner(), now).unwrap();
        time_of(&log.note(size), &cosigned(witness.add_checkpoint(&log.body(old, size))))
    };
    assert_eq!(answer(ahead, 0, 7), 1_800_000_000);
    assert_eq!(answer(back, 7, 20), 1_800_000_000);
    assert_eq!(answer(|| u64::MAX, 20, 21), (1 << 63) - 1, "the largest time that a cosignature may carry");
}

#[test]
fn a_log_with_two_keys_is_believed_under_either() {
    let (folder, log) = (tempdir().unwrap(), Log::main());
    let folder = make(&folder.path().join("w"), &[&log]);
    let rotated = Log::new(ORIGIN, 2, 0, 64);
    assert!(!folder.follow(&rotated.key, None).unwrap(), "the log is no new one");
    let witness = open(&folder);
    assert_eq!(witness.follows(), 1);
    cosigned(witness.add_checkpoint(&log.body(0, 7)));
    cosigned(witness.add_checkpoint(&rotated.body(7, 20)));
    assert_eq!(status(&witness.add_checkpoint(&log.body(0, 30))), 409);
}
