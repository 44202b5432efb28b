//! A log that lies: its signed answer leaves a withdrawal out. Whoever has the log, or a copy of it, can prove that.

use std::fs;

use data_encoding::BASE64;
use ed25519_dalek::{Signer as _, SigningKey};
use schemas::bundle::Bundle;
use schemas::entry::Entry;
use schemas::envelope::{Statement, Unsigned};
use schemas::ids::{ByteString, Signature, StatementId, TermId};
use schemas::payload::Body;
use schemas::term::Term;

use crate::harness::{Place, Story, next_random};

const NOWHERE: &str = "http://127.0.0.1:1";

/// The key by which the log itself speaks, as an operator has it.
fn log_key(place: &Place) -> SigningKey {
    let pem = fs::read_to_string(place.data().join("keys/statement.pem")).unwrap();
    let base64: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    let der = BASE64.decode(base64.as_bytes()).unwrap();
    SigningKey::from_bytes(&der[der.len() - 32..].try_into().unwrap())
}

/// The bundle as a log would hand it out that hides a statement and every answer to a term.
fn without(bundle: &[u8], hidden: &str, term: TermId, key: &SigningKey) -> Vec<u8> {
    let mut bundle = Bundle::decode(bundle).unwrap();
    let is_hidden =
        |entry: &[u8]| StatementId::of(&Entry::decode(entry).unwrap().statement).to_hex() == hidden;
    bundle.entries.retain(|proved| !is_hidden(&proved.entry));
    for assertion in &mut bundle.assertions {
        let Statement { envelope, mut payload } = Statement::decode(&assertion.0).unwrap();
        let Body::Assertion(answer) = &mut payload.body else { panic!("no assertion") };
        answer.rows.iter_mut().filter(|row| row.term == term).for_each(|row| row.indexes.clear());
        let unsigned = Unsigned::new(&payload, &envelope.kid, &envelope.iss).unwrap();
        let signature = Signature::new(key.sign(&unsigned.to_be_signed()).to_bytes());
        *assertion = ByteString(unsigned.sign(&signature).unwrap().envelope.bytes().to_vec());
    }
    bundle.encode().unwrap()
}

#[test]
fn a_withdrawal_that_the_log_hides_is_found_in_the_log_and_proved_to_anybody() {
    let story = Story::begin();
    let (root, leaf) = story.delegate();
    let alice = story.key("alice");
    let revoked = story.cli.ok(&["revoke", &root, "--key", alice.to_str().unwrap(), "--json"]).json();
    let revocation = revoked["results"][0]["id"].as_str().unwrap().to_owned();
    let late = story.refund(&leaf, "late").action;
    let path = |name: &str| story.place.path().join(name).display().to_string();
    let (honest, lie, proof, mirror) = (path("honest"), path("lie"), path("lie.omission"), path("mirror"));
    story.cli.ok(&["mirror", &mirror]);
    story.cli.run(&["bundle", "create", &late, "-o", &honest]);
    let term = Term::Withdrawn(&StatementId::from_hex(&root).unwrap()).id();
    let bytes = without(&fs::read(&honest).unwrap(), &revocation, term, &log_key(&story.place));
    fs::write(&lie, bytes).unwrap();

    // The log's word is believed, and that is said; whoever reads the log itself is not taken in.
    let believed = story.cli.run(&["bundle", "verify", &lie]);
    assert!(believed.code == 0 && believed.stdout.contains("--recompute reads all"), "{believed}");
    assert_eq!(story.cli.run(&["bundle", "verify", &lie, "--recompute"]).code, 11);
    let recomputed = story.cli.run(&["bundle", "verify", &lie, "--mirror", &mirror, "--json"]);
    assert_eq!((recomputed.code, recomputed.json()["absence"].as_str()), (11, Some("recomputed")));

    let server = format!("http://{}", story.server.http.address);
    for source in [["--log", &server], ["--mirror", &mirror]] {
        let nothing = story.cli.run(&["verify", "omission", &honest, source[0], source[1]]);
        assert!(nothing.code == 0 && nothing.stdout.contains("NOTHING LEFT OUT"), "{nothing}");
        let args = ["verify", "omission", &lie, source[0], source[1], "-o", &proof, "--force", "--json"];
        let found = story.cli.run(&args);
        assert_eq!(found.code, 10, "{found}");
        let found = found.json();
        assert_eq!((&found["ok"], &found["omissions_total"]), (&false.into(), &1.into()), "{found}");
        assert_eq!(found["omissions"][0]["statement"], revocation.as_str());
        assert_eq!(found["omissions"][0]["fault"], "left-out");
    }
    let again = story.cli.run(&["verify", "omission", &lie, "--mirror", &mirror, "-o", &proof]);
    assert!(again.code != 0 && again.stderr.contains("file-exists"), "never overwrites: {again}");

    let trust = story.place.path().join("handed-over.policy");
    fs::copy(story.place.trust(), &trust).unwrap();
    story.server.stop();
    let alone = story.cli.with_trust(Some(&trust)).with_server(NOWHERE);
    let held = alone.run(&["verify", "omission", &proof]);
    assert!(held.code == 0 && held.stdout.contains("OMISSION PROVED"), "{held}");
    assert!(held.stdout.contains("left out"), "{held}");
    let unpinned = alone.with_trust(None).run(&["verify", "omission", &proof]);
    assert!(unpinned.code == 13 && !unpinned.stdout.contains("PROVED"), "{unpinned}");
    let asked = alone.run(&["verify", "omission", &lie]);
    assert!(asked.code == 2 && asked.stderr.contains("--mirror DIR"), "{asked}");

    let whole = fs::read(&proof).unwrap();
    let mut random = 11;
    for _ in 0..20 {
        let mut changed = whole.clone();
        let at = next_random(&mut random) as usize % whole.len();
        changed[at] ^= 1 << (next_random(&mut random) % 8);
        fs::write(path("changed"), changed).unwrap();
        let ran = alone.run(&["verify", "omission", &path("changed"), "--mirror", &mirror]);
        assert_eq!(ran.code, 10, "byte {at}: {ran}");
    }
}

#[test]
fn the_age_of_a_checkpoint_is_bounded_only_where_that_is_asked_for() {
    let story = Story::begin();
    let action = story.refund(&story.delegate().1, "r").action;
    let path = |name: &str| story.place.path().join(name).display().to_string();
    let (bundle, proof) = (path("a.bundle"), path("a.tlog-proof"));
    story.cli.ok(&["bundle", "create", &action, "-o", &bundle]);
    story.cli.ok(&["proof", &action, "-o", &proof]);
    let (id, later) = (action.as_str(), "2100-01-01");
    for args in [
        vec!["who", id],
        vec!["who", id, "--recompute"],
        vec!["bundle", "verify", &bundle],
        vec!["verify", "proof", &proof],
        vec!["verify", "log"],
    ] {
        let with = |more: &[&str]| story.cli.run(&[args.as_slice(), more, &["--json"]].concat());
        let freshness = |ran: &crate::harness::Ran| {
            let checks = ran.json()["checks"].as_array().unwrap().clone();
            let check = checks.iter().find(|check| check["name"] == "freshness").cloned();
            check.unwrap_or_else(|| panic!("no check of freshness: {ran}"))["status"].clone()
        };
        let unasked = with(&[]);
        assert_eq!((unasked.code, freshness(&unasked)), (0, "skipped".into()), "{args:?}: {unasked}");
        let stale = with(&["--max-age", "1d", "--now", later]);
        assert_eq!((stale.code, freshness(&stale)), (12, "broken".into()), "{args:?}: {stale}");
    }
    let said = story.cli.run(&["bundle", "verify", &bundle, "--max-age", "1d", "--now", later]);
    assert!(said.stdout.contains("STALE") && said.stdout.contains("as given"), "{said}");
    assert_eq!(story.cli.run(&["who", &action, "--now", later]).code, 2, "nothing is held against it");
}
