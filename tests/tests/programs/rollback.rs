//! An older state is not served: the anchor outside the folder remembers how far the log came.

use std::fs;

use crate::harness::{Draft, Person, Place, Server, copy_folder};

const ROLLBACK: i32 = 15;

/// A place whose folder is an older copy, with the sizes of then and now.
fn rolled_back() -> (Place, u64, u64) {
    let place = Place::init();
    let server = place.serve();
    let alice = Person::new(1, "user:alice@corp");
    place.register(&server, &[(&alice, &["principal"])]);
    let before = server.http.size();
    server.stop();
    copy_folder(&place.data(), &place.path().join("older"));
    fs::copy(place.anchor(), place.path().join("older.anchor")).unwrap();
    let server = place.serve();
    for n in 0..5 {
        server.append(&alice.sign(&Draft::note(&place.log(), &n.to_string())));
    }
    let after = server.http.size();
    server.stop();
    fs::rename(place.data(), place.path().join("newest")).unwrap();
    copy_folder(&place.path().join("older"), &place.data());
    (place, before, after)
}

#[test]
fn an_older_copy_of_the_folder_is_not_served_and_both_sizes_are_named() {
    let (place, before, after) = rolled_back();
    let refused = place.try_serve().expect_err("an older copy was served");
    assert_eq!(refused.code, ROLLBACK, "{refused}");
    for size in [before, after] {
        assert!(refused.stderr.contains(&format!("size {size}")), "names {size}: {refused}");
    }
    let fsck = place.fsck();
    assert_eq!((fsck.code, fsck.json()["ok"].as_bool()), (ROLLBACK, Some(false)), "{fsck}");

    // The newest copy again, and all is well.
    fs::remove_dir_all(place.data()).unwrap();
    fs::rename(place.path().join("newest"), place.data()).unwrap();
    let server = place.serve();
    assert_eq!(server.http.size(), after);
    server.stop();
    assert_eq!(place.fsck().code, 0);
}

#[test]
fn another_history_of_the_same_length_is_not_served() {
    let (place, before, after) = rolled_back();
    // Served once under the anchor of then, the older copy grows into another history, which it could never have shown.
    let kept = fs::read(place.anchor()).unwrap();
    fs::write(place.anchor(), fs::read(place.path().join("older.anchor")).unwrap()).unwrap();
    let server = place.serve();
    assert_eq!(server.http.size(), before);
    let alice = Person::new(1, "user:alice@corp");
    while server.http.size() < after {
        server.append(&alice.sign(&Draft::note(&place.log(), "another history")));
    }
    server.stop();
    assert_eq!(place.fsck().code, 0, "nothing is wrong with it in itself");
    fs::write(place.anchor(), kept).unwrap();
    let refused = place.try_serve().expect_err("another history was served");
    assert_eq!(refused.code, ROLLBACK, "{refused}");
    assert!(refused.stderr.contains(&format!("size {after}")), "{refused}");
    assert_eq!(place.fsck().code, ROLLBACK);
}

#[test]
fn a_second_server_on_one_folder_is_refused_and_the_first_goes_on() {
    let place = Place::init();
    let first = place.serve();
    let second = place.try_serve().expect_err("two servers on one folder");
    assert_eq!(second.code, 1, "{second}");
    assert!(second.stderr.contains("another"), "{second}");
    let alice = Person::new(1, "user:alice@corp");
    place.register(&first, &[(&alice, &["principal"])]);
    first.stop();
    assert_eq!(place.fsck().code, 0);
}

#[test]
fn a_damaged_slot_of_the_anchor_is_told_by_fsck_and_mended_at_start_and_no_anchor_is_refused() {
    let place = Place::init();
    let server = place.serve();
    let alice = Person::new(1, "user:alice@corp");
    place.register(&server, &[(&alice, &["principal"])]);
    server.stop();
    let whole = fs::read(place.anchor()).unwrap();

    let mut zeroed = whole.clone();
    zeroed.fill(0);
    for damaged in [Vec::new(), zeroed, whole[..whole.len() / 2 - 1].to_vec()] {
        fs::write(place.anchor(), &damaged).unwrap();
        let refused = place.try_serve().expect_err("served with a damaged anchor");
        assert_eq!(refused.code, ROLLBACK, "{refused}");
        assert!([10, ROLLBACK].contains(&place.fsck().code));
    }
    fs::remove_file(place.anchor()).unwrap();
    assert_eq!(place.try_serve().map(Server::stop).expect_err("served without an anchor").code, ROLLBACK);
    assert!([10, ROLLBACK].contains(&place.fsck().code));

    fs::write(place.anchor(), &whole).unwrap();
    place.serve().stop();
    assert_eq!(place.fsck().code, 0);
}
