//! Evidence that needs nobody's word: the whole log, a bundle in a file, what this machine saw before.

use std::fs;

use serde_json::json;

use crate::harness::{Server, Story, copy_folder, next_random, now};

#[test]
fn the_same_verdict_from_the_whole_log_rests_on_nobodys_word() {
    let story = Story::begin();
    let action = story.refund(&story.delegate().1, "r").action;
    let asserted = story.cli.run(&["who", &action, "--json"]).json();
    let ran = story.cli.run(&["who", &action, "--recompute", "--json"]);
    assert_eq!(ran.code, 0, "{ran}");
    let recomputed = ran.json();
    assert_eq!((&asserted["absence"], &recomputed["absence"]), (&json!("asserted"), &json!("recomputed")));
    for field in [
        "subject",
        "outcome",
        "principal",
        "decision",
        "moment",
        "hops",
        "findings",
        "as_of",
        "complete",
        "trust",
    ] {
        assert_eq!(asserted[field], recomputed[field], "{field}");
    }
    // The strict profile believes nobody about what is not there.
    let ran = story.cli.run(&["who", &action, "--profile", "strict"]);
    assert_eq!(ran.code, 12, "{ran}");
    let next = ran.stdout.lines().last().unwrap();
    assert!(next.starts_with("Next: writ who ") && next.ends_with("--profile strict --recompute"), "{ran}");
    let strict = story.cli.run(&["who", &action, "--profile", "strict", "--recompute", "--json"]).json();
    let found = strict["findings"].as_array().unwrap();
    assert_eq!(strict["absence"], "recomputed");
    assert!(
        found.iter().all(|finding| finding["code"] != "absence-unproved"),
        "what else it asks: {found:#?}"
    );
}

#[test]
fn evidence_is_judged_with_no_server_and_any_change_of_it_is_seen() {
    let story = Story::begin();
    let action = story.refund(&story.delegate().1, "r").action;
    let file = story.place.path().join("refund.bundle");
    let file = file.to_str().unwrap();
    story.cli.ok(&["bundle", "create", &action, "-o", file]);
    let again = story.cli.run(&["bundle", "create", &action, "-o", file]);
    assert_ne!(again.code, 0, "never overwrites: {again}");
    let online = story.cli.run(&["who", &action, "--json"]).json();
    let trust = story.place.path().join("handed-over.policy");
    fs::copy(story.place.trust(), &trust).unwrap();
    story.server.stop();

    let alone = story.cli.with_trust(Some(&trust)).with_server("http://127.0.0.1:1");
    let ran = alone.run(&["bundle", "verify", file, "--json"]);
    assert_eq!(ran.code, 0, "{ran}");
    let offline = ran.json();
    assert_eq!((&offline["outcome"], &offline["hops"]), (&online["outcome"], &online["hops"]));
    let said = alone.run(&["bundle", "verify", file]);
    assert!(said.stdout.ends_with(&format!("Next: writ bundle inspect {file}\n")), "needs no server: {said}");
    let nobody = alone.with_trust(None).run(&["bundle", "verify", file, "--json"]);
    let verdict = nobody.json();
    assert!(nobody.code == 13 && verdict["outcome"] == "indeterminate", "{nobody}");
    let unpinned = &verdict["findings"][0];
    assert_eq!(
        (&unpinned["code"], &unpinned["severity"], &unpinned["effect"]),
        (&json!("not-pinned"), &json!("error"), &json!("indeterminate"))
    );
    let nobody = alone.with_trust(None).run(&["bundle", "verify", file]);
    assert!(nobody.code == 13 && !nobody.stdout.contains("AUTHORIZED"), "{nobody}");
    assert!(nobody.stdout.contains("NOT PINNED") && !nobody.stdout.contains("VALID"), "{nobody}");
    let inspected = alone.ok(&["bundle", "inspect", file]);
    assert!(inspected.stdout.lines().next().unwrap().contains("UNVERIFIED"), "{inspected}");

    let whole = fs::read(file).unwrap();
    let mut seed = now();
    println!("seed {seed}");
    let mut changed: Vec<Vec<u8>> = (0..40)
        .map(|_| {
            let mut bytes = whole.clone();
            let at = usize::try_from(next_random(&mut seed)).unwrap_or_default() % bytes.len();
            bytes[at] ^= 1 << (next_random(&mut seed) % 8);
            bytes
        })
        .collect();
    changed.extend([whole[..whole.len() - 1].to_vec(), [whole.as_slice(), &[0]].concat(), Vec::new()]);
    for bytes in changed {
        fs::write(file, &bytes).unwrap();
        let ran = alone.run(&["bundle", "verify", file, "--json"]);
        assert_eq!(ran.code, 10, "{ran}");
        assert_eq!(ran.json()["schema"], "writ.error/1");
        let inspected = alone.run(&["bundle", "inspect", file]);
        assert!(inspected.stdout.starts_with("UNVERIFIED"), "{inspected}");
    }
}

#[test]
fn a_log_that_shows_less_than_before_is_a_rollback_to_whoever_saw_more() {
    let story = Story::begin();
    let (_, leaf) = story.delegate();
    let Story { place, server, cli } = story;
    server.stop();
    copy_folder(&place.data(), &place.path().join("older"));
    fs::copy(place.anchor(), place.path().join("older.anchor")).unwrap();
    let server = place.serve();
    let cli = cli.with_server(&format!("http://{}", server.http.address));
    let story = Story { place, server, cli };
    let action = story.refund(&leaf, "r").action;
    let Story { place, server, cli } = story;
    cli.ok(&["verify", "log"]);
    server.stop();

    // The operator puts back the older folder together with its anchor: only those who remember can tell.
    let older = Server::start(&place.path().join("older"), &place.path().join("older.anchor")).unwrap();
    let cli = cli.with_server(&format!("http://{}", older.http.address));
    for args in [vec!["verify", "log"], vec!["verify", "log", "--json"], vec!["who", &leaf, "--json"]] {
        let ran = cli.run(&args);
        assert_eq!(ran.code, 15, "{args:?}: {ran}");
    }
    assert_eq!(cli.run(&["who", &action]).code, 14);
    // To somebody new it is a log like any other.
    assert_eq!(cli.with_trust(Some(&place.trust())).run(&["verify", "log"]).code, 0);
}
