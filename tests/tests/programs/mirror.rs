//! A copy of the log in a folder: complete, checked before it is believed, and as good as the server for whoever verifies.

use std::fs;
use std::path::{Path, PathBuf};

use crate::harness::{Cli, Draft, Person, Place, Ran, Server, Story, copy_folder, files_below};

const NOWHERE: &str = "http://127.0.0.1:1";

/// A log with somebody registered, served.
fn begin() -> (Place, Server, Person) {
    let place = Place::init();
    let server = place.serve();
    let alice = Person::new(1, "user:alice@corp");
    place.register(&server, &[(&alice, &["principal"])]);
    (place, server, alice)
}

/// Lets the log grow to this size.
fn grow(place: &Place, server: &Server, alice: &Person, size: u64) {
    let notes = server.http.size()..size;
    let notes: Vec<Vec<u8>> = notes.map(|n| alice.sign(&Draft::note(&place.log(), &n.to_string()))).collect();
    if !notes.is_empty() {
        assert_eq!(server.http.append_many(&notes).status, 200);
    }
    assert_eq!(server.http.size(), size);
}

fn mirror(cli: &Cli, folder: &Path) -> (u64, u64) {
    let said = cli.ok(&["mirror", "--json", folder.to_str().unwrap()]).json();
    (said["size"].as_u64().unwrap(), said["added"].as_u64().unwrap())
}

fn verify(cli: &Cli, folder: &Path) -> crate::harness::Ran {
    cli.run(&["verify", "log", "--json", "--mirror", folder.to_str().unwrap()])
}

#[test]
fn a_mirror_follows_the_log_file_for_file_and_is_verified_without_a_server() {
    let (place, server, alice) = begin();
    let cli = Cli::new(&place, &server);
    let folder = place.path().join("mirror");
    let mut before = 0;
    // Within a tile, to its end, over several of them, and not at all.
    for size in [7, 256, 300, 1_100, 1_100] {
        grow(&place, &server, &alice, size);
        assert_eq!(mirror(&cli, &folder), (size, size - before));
        before = size;
        for file in files_below(&folder) {
            let path = file.strip_prefix(&folder).unwrap().to_str().unwrap().to_owned();
            assert_eq!(
                server.http.get(&format!("/{path}")).body,
                fs::read(&file).unwrap(),
                "{path} at {size}"
            );
        }
    }
    // Four full tiles and a part of one, with their entries; above, a part of one; the checkpoint. Nothing of earlier sizes.
    assert_eq!(files_below(&folder).len(), 5 + 5 + 1 + 1);
    let text = cli.ok(&["mirror", folder.to_str().unwrap()]);
    assert!(text.stdout.contains("1100 entries, 0 of them new"), "{text}");
    server.stop();
    let alone = cli.with_server(NOWHERE);
    let verified = verify(&alone, &folder);
    assert_eq!((verified.code, verified.json()["size"].as_u64()), (0, Some(1_100)), "{verified}");
    assert_eq!(alone.run(&["verify", "log"]).code, 1, "there is no server");
}

#[test]
fn an_interrupted_copy_is_taken_up_again_and_what_it_left_is_believed_only_if_it_is_the_logs() {
    let (place, server, alice) = begin();
    let cli = Cli::new(&place, &server);
    let folder = place.path().join("mirror");
    grow(&place, &server, &alice, 700);
    mirror(&cli, &folder);
    let whole: Vec<_> = files_below(&folder).iter().map(|file| fs::read(file).unwrap()).collect();
    for (name, change) in [("000", None), ("000", Some(100)), ("001", Some(5_000)), ("001", Some(0))] {
        fs::remove_file(folder.join("checkpoint")).unwrap();
        let left = folder.join("tile/entries").join(name);
        if let Some(at) = change {
            let mut bytes = fs::read(&left).unwrap();
            bytes[at] ^= 1;
            fs::write(&left, bytes).unwrap();
        }
        assert_eq!(verify(&cli, &folder).code, 1, "it is no mirror before it is whole");
        assert_eq!(mirror(&cli, &folder), (700, 700));
        let again: Vec<_> = files_below(&folder).iter().map(|file| fs::read(file).unwrap()).collect();
        assert!(again == whole, "{name} byte {change:?}");
    }
    server.stop();
}

#[test]
fn who_is_answered_from_a_mirror_as_it_is_from_the_server() {
    let story = Story::begin();
    let hop = story.delegate().1;
    let action = story.refund(&hop, "refund-991").action;
    for _ in 0..2 {
        story.refund(&hop, "twice");
    }
    let folder = story.place.path().join("mirror");
    let folder = folder.to_str().unwrap();
    story.cli.ok(&["mirror", folder]);
    // The verdict alone: with what this machine saw before it can be compared only where a server is asked.
    let verdict = |ran: &Ran| {
        let mut verdict = ran.json();
        verdict.as_object_mut().unwrap().remove("checks").unwrap();
        verdict
    };
    let online = verdict(&story.cli.ok(&["who", &action, "--recompute", "--json"]));
    let trust = story.place.trust();
    story.server.stop();
    let alone = story.cli.with_trust(Some(&trust)).with_server(NOWHERE);
    let place = format!("#{}", online["subject"]["index"]);
    for id in
        [&*action, &action[..8], &action[..12].to_uppercase(), &place, "refund-991", "request:refund-991"]
    {
        let ran = alone.run(&["who", id, "--mirror", folder, "--json"]);
        assert_eq!((ran.code, verdict(&ran)), (0, online.clone()), "{id}: {ran}");
    }
    let said = alone.run(&["who", &action, "--mirror", folder]);
    assert!(said.stdout.contains(&format!("Next: writ verify log --mirror {folder}")), "{said}");
    for id in ["r", "ticket:refund-991", "00000000", "#999", &"0".repeat(64)] {
        assert_eq!(alone.run(&["who", id, "--mirror", folder]).code, 14, "{id}");
    }
    let near = alone.run(&["who", "refund-992", "--mirror", folder]);
    assert!(near.code == 14 && near.stderr.contains("request:refund-991"), "{near}");
    let twice = alone.run(&["who", "twice", "--mirror", folder, "--json"]);
    let said = twice.json();
    assert_eq!((twice.code, &said["error"]["code"]), (2, &"ambiguous-id".into()), "{twice}");
    let kinds: Vec<_> =
        said["error"]["candidates"].as_array().unwrap().iter().map(|row| &row["kind"]).collect();
    assert_eq!(kinds, ["decision", "action", "decision", "action"], "{twice}");
}

#[test]
fn a_flipped_byte_of_a_mirror_is_caught_or_changes_no_answer() {
    let (place, server, alice) = begin();
    let cli = Cli::new(&place, &server);
    let folder = place.path().join("mirror");
    grow(&place, &server, &alice, 300);
    mirror(&cli, &folder);
    grow(&place, &server, &alice, 310);
    let expected = verify(&cli, &folder).json();
    for file in files_below(&folder) {
        let name: PathBuf = file.strip_prefix(&folder).unwrap().to_owned();
        let is_hashes = name.starts_with("tile") && !name.starts_with("tile/entries");
        let length = fs::metadata(&file).unwrap().len();
        for at in [0, length / 3, length - 2] {
            let changed = place.path().join("changed");
            copy_folder(&folder, &changed);
            let mut bytes = fs::read(&file).unwrap();
            bytes[usize::try_from(at).unwrap()] ^= 1;
            fs::write(changed.join(&name), bytes).unwrap();
            let ran = verify(&cli, &changed);
            if is_hashes {
                // What is verified are the entries; the hashes over them are made anew.
                let said = ran.json();
                assert_eq!((ran.code, &said["root"]), (0, &expected["root"]), "{} byte {at}", name.display());
            } else {
                assert!([1, 10, 13].contains(&ran.code), "{} byte {at}: {ran}", name.display());
            }
            // What the copy goes on from is its partial tiles, and they must be whole.
            let goes_on = cli.run(&["mirror", changed.to_str().unwrap()]);
            if name.to_str().unwrap().ends_with(".p/44") && is_hashes {
                assert_eq!(goes_on.code, 10, "{} byte {at}: {goes_on}", name.display());
            }
            fs::remove_dir_all(changed).unwrap();
        }
    }
    server.stop();
}

#[test]
fn a_log_that_shows_less_than_its_mirror_has_is_told() {
    let (place, server, alice) = begin();
    let cli = Cli::new(&place, &server);
    let folder = place.path().join("mirror");
    server.stop();
    copy_folder(&place.data(), &place.path().join("older"));
    fs::copy(place.anchor(), place.path().join("older.anchor")).unwrap();
    let server = place.serve();
    grow(&place, &server, &alice, 20);
    let cli = cli.with_server(&format!("http://{}", server.http.address));
    assert_eq!(mirror(&cli, &folder), (20, 20));
    server.stop();
    // The older copy, under the anchor of then: no machine but the mirror's can tell.
    fs::remove_dir_all(place.data()).unwrap();
    copy_folder(&place.path().join("older"), &place.data());
    fs::copy(place.path().join("older.anchor"), place.anchor()).unwrap();
    let server = place.serve();
    let cli = cli.with_server(&format!("http://{}", server.http.address));
    let stranger = cli.with_trust(Some(&place.trust()));
    let before = files_below(&folder);
    let ran = stranger.run(&["mirror", folder.to_str().unwrap()]);
    assert_eq!(ran.code, 15, "{ran}");
    assert!(ran.stderr.contains("20 entries") && ran.stderr.contains("2 entries"), "{ran}");
    assert_eq!(files_below(&folder), before);
    // Grown again, it is another history.
    for n in 0..30 {
        server.append(&alice.sign(&Draft::note(&place.log(), &format!("other {n}"))));
    }
    let ran = stranger.run(&["mirror", folder.to_str().unwrap()]);
    assert_eq!(ran.code, 10, "{ran}");
    assert_eq!(verify(&cli.with_server(NOWHERE), &folder).code, 0, "the mirror itself is untouched");
    server.stop();
}

#[test]
fn what_is_no_mirror_of_this_log_is_said_so() {
    let (place, server, _) = begin();
    let cli = Cli::new(&place, &server);
    let nothing = verify(&cli, &place.path().join("nothing"));
    assert_eq!(nothing.code, 1, "{nothing}");
    assert!(nothing.stderr.contains("no-mirror") && nothing.stderr.contains("writ mirror"), "{nothing}");
    let folder = place.path().join("mirror");
    mirror(&cli, &folder);
    let (other, serves_other, _) = begin();
    let of_other = Cli::new(&other, &serves_other);
    let mixed = of_other.run(&["mirror", folder.to_str().unwrap()]);
    assert_ne!(mixed.code, 0, "{mixed}");
    assert_eq!(verify(&cli, &folder).code, 0, "nothing was written over it");
    // Without a trust file it is a copy all the same, and never a success.
    let unpinned = cli.with_trust(None).run(&["mirror", place.path().join("unpinned").to_str().unwrap()]);
    assert_eq!(unpinned.code, 13, "{unpinned}");
    assert!(unpinned.stdout.contains("MIRRORED"), "{unpinned}");
}
