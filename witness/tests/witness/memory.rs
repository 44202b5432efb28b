//! What a witness must never forget: races, failures of the disk, damage, and any order of requests from two histories.

use std::fs;
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;

use crate::harness::{Log, ORIGIN, clock, cosigner, make, open, status};
use proptest::prelude::*;
use schemas::checkpoint::Origin;
use schemas::proof::ConsistencyProof;
use schemas::tree::TreeHash;
use tempfile::tempdir;
use verifier::merkle::{ConsistencyClaim, verify_consistency};
use witness::Witness;
use witness::folder::Folder;
use witness::state::origin_hash;

fn code_of(folder: &Folder) -> &'static str {
    Witness::open(folder, cosigner(), clock).map_or_else(|error| error.code(), |_| "")
}

fn state_file(folder: &Folder) -> std::path::PathBuf {
    folder.root().join("state").join(origin_hash(&Origin::new(ORIGIN).unwrap()))
}

/// A clock that takes its time: it is read between checking and remembering, so that these must be one piece to come out right.
fn slow_clock() -> u64 {
    thread::sleep(Duration::from_millis(5));
    clock()
}

#[test]
fn of_many_conflicting_requests_at_once_exactly_one_history_is_cosigned() {
    let (main, forked) = (Arc::new(Log::main()), Arc::new(Log::forked()));
    for _ in 0..20 {
        let folder = tempdir().unwrap();
        let folder = make(&folder.path().join("w"), &[&main]);
        let witness = Arc::new(Witness::open(&folder, cosigner(), slow_clock).unwrap());
        assert_eq!(status(&witness.add_checkpoint(&main.body(0, 4))), 200);
        let barrier = Arc::new(Barrier::new(8));
        // Four requests from each history, all from the same old size: at most one of all can be cosigned.
        let threads: Vec<_> = (0..8u64)
            .map(|n| {
                let log = if n % 2 == 0 { &main } else { &forked };
                let (log, witness, barrier) = (Arc::clone(log), Arc::clone(&witness), Arc::clone(&barrier));
                thread::spawn(move || {
                    let body = log.body(4, 10 + n / 2);
                    barrier.wait();
                    status(&witness.add_checkpoint(&body))
                })
            })
            .collect();
        let mut statuses: Vec<u16> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 409, 409, 409, 409, 409, 409, 409]);
    }
}

#[test]
fn after_a_failure_to_write_nothing_is_cosigned_until_a_restart() {
    let (folder, log) = (tempdir().unwrap(), Log::main());
    let other = Log::new("log.test/b", 3, 0, 64);
    let folder = make(&folder.path().join("w"), &[&log, &other]);
    let witness = open(&folder);
    assert_eq!(status(&witness.add_checkpoint(&log.body(0, 7))), 200);
    // A folder in the place of the file that is written beside.
    let beside = state_file(&folder).with_extension("new");
    fs::create_dir(&beside).unwrap();
    assert_eq!(status(&witness.add_checkpoint(&log.body(7, 20))), 503);
    fs::remove_dir(&beside).unwrap();
    assert!(witness.latched().is_some());
    for body in [log.body(7, 20), log.body(7, 7), other.body(0, 7)] {
        assert_eq!(status(&witness.add_checkpoint(&body)), 503, "not even where the disk is well again");
    }
    drop(witness);
    let again = open(&folder);
    assert_eq!(status(&again.add_checkpoint(&log.body(7, 20))), 200);
    assert_eq!(status(&again.add_checkpoint(&other.body(0, 7))), 200);
}

#[test]
fn two_witnesses_never_share_a_folder() {
    let (folder, log) = (tempdir().unwrap(), Log::main());
    let folder = make(&folder.path().join("w"), &[&log]);
    let first = open(&folder);
    assert_eq!(code_of(&folder), "witness-held");
    drop(first);
    assert_eq!(code_of(&folder), "");
}

#[test]
fn a_state_with_any_byte_changed_or_cut_off_stops_the_witness() {
    let (folder, log) = (tempdir().unwrap(), Log::main());
    let folder = make(&folder.path().join("w"), &[&log]);
    let path = state_file(&folder);
    let fresh = fs::read(&path).unwrap();
    let witness = open(&folder);
    assert_eq!(status(&witness.add_checkpoint(&log.body(0, 7))), 200);
    drop(witness);
    for whole in [fresh, fs::read(&path).unwrap()] {
        for at in 0..whole.len() {
            let mut changed = whole.clone();
            changed[at] ^= 1;
            fs::write(&path, &changed).unwrap();
            assert_eq!(code_of(&folder), "witness-state-damaged", "byte {at}");
            fs::write(&path, &whole[..at]).unwrap();
            assert_eq!(code_of(&folder), "witness-state-damaged", "{at} bytes");
        }
        fs::write(&path, &whole).unwrap();
        assert_eq!(code_of(&folder), "");
    }
}

#[test]
fn a_state_that_is_missing_stops_the_witness_and_is_never_begun_anew() {
    let (folder, log) = (tempdir().unwrap(), Log::main());
    let folder = make(&folder.path().join("w"), &[&log]);
    fs::remove_file(state_file(&folder)).unwrap();
    assert_eq!(code_of(&folder), "witness-state-absent");
    let rotated = Log::new(ORIGIN, 2, 0, 64);
    let added = folder.follow(&rotated.key, None);
    assert_eq!(added.unwrap_err().code(), "witness-state-absent", "not by another key of the log either");
    assert!(!state_file(&folder).exists());
}

#[test]
fn the_state_of_another_log_or_of_another_witness_is_not_taken() {
    let (folder, log) = (tempdir().unwrap(), Log::main());
    let other = Log::new("log.test/b", 3, 0, 64);
    let folder = make(&folder.path().join("w"), &[&log, &other]);
    let witness = open(&folder);
    assert_eq!(status(&witness.add_checkpoint(&other.body(0, 7))), 200);
    drop(witness);
    let others = folder.root().join("state").join(origin_hash(&Origin::new("log.test/b").unwrap()));
    fs::copy(&others, state_file(&folder)).unwrap();
    assert_eq!(code_of(&folder), "witness-state-damaged");
    // Whole, but for the signature: written by somebody without the key.
    let folder = tempdir().unwrap();
    let folder = make(&folder.path().join("w"), &[&log]);
    let key = cosigner().key().clone();
    let origin = Origin::new(ORIGIN).unwrap();
    let forged = witness::decide::Latest { size: 7, root: log.root(7), time: 1, note: log.note(7) };
    folder.states().write(&origin, &forged).unwrap();
    assert!(folder.states().read(&origin, &key).is_err());
    assert_eq!(code_of(&folder), "witness-state-damaged");
}

#[test]
fn a_log_that_is_followed_already_is_not_followed_twice() {
    let (folder, log) = (tempdir().unwrap(), Log::main());
    let folder = make(&folder.path().join("w"), &[&log]);
    assert_eq!(folder.follow(&log.key, None).unwrap_err().code(), "witness-log-known");
    assert_eq!(folder.make().unwrap_err().code(), "witness-folder-taken");
}

#[test]
fn a_log_that_is_added_in_service_is_followed_and_what_was_cosigned_before_is_not_forgotten() {
    let (folder, main) = (tempdir().unwrap(), Log::main());
    let other = Log::new("log.test/b", 3, 0, 64);
    let folder = make(&folder.path().join("w"), &[&main]);
    let witness = open(&folder);
    assert_eq!(status(&witness.add_checkpoint(&main.body(0, 7))), 200);
    assert_eq!(status(&witness.add_checkpoint(&other.body(0, 5))), 404);
    assert!(!witness.reread().unwrap(), "nothing was changed");
    assert!(folder.follow(&other.key, None).unwrap());
    let listed = fs::read(folder.logs()).unwrap();
    assert!(witness.reread().unwrap() && witness.follows() == 2);
    assert_eq!(status(&witness.add_checkpoint(&other.body(0, 5))), 200);
    assert_eq!(status(&witness.add_checkpoint(&Log::forked().body(7, 20))), 422);
    assert_eq!(status(&witness.add_checkpoint(&main.body(7, 20))), 200);

    // By hand: a list that cannot be read, one whose log has no state, one without the log.
    let new = Log::new("log.test/c", 4, 0, 64);
    let without_state = format!("{}log {}\n", String::from_utf8(listed.clone()).unwrap(), new.key);
    for (bad, code) in [("nonsense\n", "witness-logs"), (&without_state, "witness-state-absent")] {
        fs::write(folder.logs(), bad).unwrap();
        assert_eq!(witness.reread().unwrap_err().code(), code);
        assert_eq!(witness.follows(), 2);
        assert_eq!(status(&witness.add_checkpoint(&main.body(20, 20))), 200, "{code}: as before");
    }
    fs::write(folder.logs(), format!("log {}\nquorum none\n", main.key)).unwrap();
    assert!(witness.reread().unwrap() && witness.follows() == 1);
    assert_eq!(status(&witness.add_checkpoint(&other.body(5, 9))), 404, "followed no more");
    fs::write(folder.logs(), listed).unwrap();
    assert!(witness.reread().unwrap());
    assert_eq!(status(&witness.add_checkpoint(&other.body(0, 9))), 409, "and it is remembered");
    assert_eq!(status(&witness.add_checkpoint(&other.body(5, 9))), 200);
    drop(witness);
    assert_eq!(status(&open(&folder).add_checkpoint(&other.body(9, 9))), 200);
}

#[test]
fn logs_that_are_added_at_once_are_all_followed_while_another_is_cosigned() {
    let (folder, main) = (tempdir().unwrap(), Log::main());
    let folder = make(&folder.path().join("w"), &[&main]);
    let witness = Arc::new(open(&folder));
    let barrier = Arc::new(Barrier::new(9));
    let adding: Vec<_> = (0..8u8)
        .map(|n| {
            let (folder, barrier) = (folder.clone(), Arc::clone(&barrier));
            thread::spawn(move || {
                let log = Log::new(&format!("log.test/{n}"), 10 + n, 0, 64);
                barrier.wait();
                assert!(folder.follow(&log.key, None).unwrap());
                log
            })
        })
        .collect();
    let cosigning = {
        let (witness, barrier) = (Arc::clone(&witness), Arc::clone(&barrier));
        thread::spawn(move || {
            barrier.wait();
            for size in 0..40 {
                assert_eq!(status(&witness.add_checkpoint(&main.body(size, size + 1))), 200);
                witness.reread().unwrap();
            }
        })
    };
    let logs: Vec<Log> = adding.into_iter().map(|thread| thread.join().unwrap()).collect();
    cosigning.join().unwrap();
    witness.reread().unwrap();
    assert_eq!(witness.follows(), 9);
    for log in &logs {
        assert_eq!(status(&witness.add_checkpoint(&log.body(0, 3))), 200);
    }
}

/// One request of a sequence: which history, from where (mostly the size that the witness is at), to where.
fn asks() -> impl Strategy<Value = Vec<(bool, Option<u64>, u64, bool)>> {
    let ask = (
        any::<bool>(),
        prop_oneof![3 => Just(None), 1 => (0..40u64).prop_map(Some)],
        0..40u64,
        any::<bool>(),
    );
    prop::collection::vec(ask, 1..40)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whatever_two_histories_ask_for_all_that_was_cosigned_is_one_history(asks in asks()) {
        let logs = [Log::main(), Log::forked()];
        let folder = tempdir().unwrap();
        let folder = make(&folder.path().join("w"), &[&logs[0]]);
        let mut witness = open(&folder);
        // The model: size, root, and all that was cosigned with the history that it came from.
        let (mut size, mut root) = (0, TreeHash::EMPTY_ROOT);
        let mut cosigned: Vec<(u64, TreeHash, usize)> = Vec::new();
        for (fork, old, to, restart) in asks {
            if restart {
                drop(witness);
                witness = open(&folder);
            }
            let which = usize::from(fork);
            let log = &logs[which];
            let old = old.unwrap_or(size);
            let expected = if old > to {
                400
            } else if old != size {
                409
            } else if log.root(size) != root || (old == to && log.root(to) != root) {
                422
            } else {
                200
            };
            let body = log.request(old, to).to_string();
            prop_assert_eq!(status(&witness.add_checkpoint(body.as_bytes())), expected, "{} {} {}", which, old, to);
            if expected == 200 {
                (size, root) = (to, log.root(to));
                cosigned.push((size, root, which));
            }
        }
        for (at, (first, first_root, _)) in cosigned.iter().enumerate() {
            for (second, second_root, which) in &cosigned[at..] {
                prop_assert!(first <= second);
                if *first > 0 {
                    let proof = ConsistencyProof { first: *first, second: *second, path: logs[*which].proof(*first, *second) };
                    let claim = ConsistencyClaim { first_root: *first_root, second_root: *second_root };
                    prop_assert!(verify_consistency(&proof, claim).is_ok());
                }
            }
        }
    }
}
