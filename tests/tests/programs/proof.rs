//! A proof of one entry in a file: what anybody can check with the log's key alone.

use std::fs;

use crate::harness::{Story, next_random};

const NOWHERE: &str = "http://127.0.0.1:1";

#[test]
fn a_proof_is_checked_with_no_server_and_any_change_of_it_is_seen() {
    let story = Story::begin();
    let action = story.refund(&story.delegate().1, "r").action;
    let file = story.place.path().join("refund.tlog-proof");
    let file = file.to_str().unwrap();
    let made = story.cli.ok(&["proof", &action, "-o", file, "--json"]).json();
    assert_eq!(made["subject"].as_str(), Some(action.as_str()));
    assert_eq!(story.cli.run(&["proof", &action, "-o", file]).code, 1, "never overwrites");
    let printed = story.cli.ok(&["proof", &action, "-o", "-"]);
    assert_eq!(printed.stdout, fs::read_to_string(file).unwrap());
    assert!(printed.stdout.starts_with("c2sp.org/tlog-proof@v1\nextra "), "{printed}");
    let trust = story.place.path().join("handed-over.policy");
    fs::copy(story.place.trust(), &trust).unwrap();
    story.server.stop();

    let alone = story.cli.with_trust(Some(&trust)).with_server(NOWHERE);
    let verified = alone.run(&["verify", "proof", file, "--json"]);
    assert_eq!(verified.code, 0, "{verified}");
    let verified = verified.json();
    assert_eq!((&verified["statement"], &verified["index"]), (&made["subject"], &made["index"]));
    let said = alone.run(&["verify", "proof", file]);
    assert!(said.stdout.contains("PROVED") && said.stdout.contains("skipped"), "{said}");
    let unpinned = alone.with_trust(None).run(&["verify", "proof", file]);
    assert_eq!(unpinned.code, 13, "{unpinned}");
    assert!(!unpinned.stdout.contains("PROVED: "), "{unpinned}");

    let whole = fs::read(file).unwrap();
    let mut random = 7;
    for round in 0..60 {
        let at = if round < 20 {
            round * whole.len() / 20
        } else {
            next_random(&mut random) as usize % whole.len()
        };
        let mut changed = whole.clone();
        changed[at] ^= 1 << (round % 8);
        let path = story.place.path().join("changed");
        fs::write(&path, changed).unwrap();
        let ran = alone.run(&["verify", "proof", path.to_str().unwrap()]);
        assert!([10, 13].contains(&ran.code), "byte {at}: {ran}");
    }
    for end in [0, 1, whole.len() / 2, whole.len() - 1] {
        let path = story.place.path().join("cut");
        fs::write(&path, &whole[..end]).unwrap();
        assert_eq!(alone.run(&["verify", "proof", path.to_str().unwrap()]).code, 10, "cut to {end}");
    }
}

#[test]
fn a_proof_without_its_entry_asks_for_it() {
    let story = Story::begin();
    let action = story.refund(&story.delegate().1, "r").action;
    let proof = story.cli.ok(&["proof", &action, "-o", "-"]).stdout;
    let (_, rest) = proof.split_once("\nextra ").unwrap();
    let (extra, rest) = rest.split_once('\n').unwrap();
    let path = story.place.path().join("bare");
    fs::write(&path, format!("c2sp.org/tlog-proof@v1\n{rest}")).unwrap();
    let path = path.to_str().unwrap();
    let asked = story.cli.run(&["verify", "proof", path]);
    assert!(asked.code == 2 && asked.stderr.contains("--entry FILE"), "{asked}");
    let entry = story.place.path().join("entry");
    fs::write(&entry, data_encoding::BASE64.decode(extra.as_bytes()).unwrap()).unwrap();
    assert_eq!(story.cli.run(&["verify", "proof", path, "--entry", entry.to_str().unwrap()]).code, 0);
    let other = story.place.path().join("other");
    fs::write(&other, b"something else").unwrap();
    assert_eq!(story.cli.run(&["verify", "proof", path, "--entry", other.to_str().unwrap()]).code, 10);
}
