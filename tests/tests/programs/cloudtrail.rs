//! Importing CloudTrail: the hand-made sample everywhere, the real folder where `WRIT_CLOUDTRAIL` names it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::harness::{Ran, Story, entries, files_below};

fn sample(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("data/cloudtrail").join(name)
}

/// The real folder; says loudly where it is not there.
fn real() -> Option<PathBuf> {
    let folder = std::env::var_os("WRIT_CLOUDTRAIL").filter(|folder| !folder.is_empty()).map(PathBuf::from);
    if folder.is_none() {
        eprintln!(
            "SKIPPED: WRIT_CLOUDTRAIL names no folder of real CloudTrail files; only the hand-made sample is tested"
        );
    }
    folder
}

/// Imports with somebody's key.
fn import(story: &Story, key: &str, paths: &[&Path]) -> Ran {
    let key = story.key(key);
    let mut args = vec!["import", "cloudtrail", "--json", "--key", key.to_str().unwrap()];
    args.extend(paths.iter().map(|path| path.to_str().unwrap()));
    Ran::of(story.cli.command(&args).timeout(Duration::from_secs(300)))
}

/// Every statement of a kind.
fn all(story: &Story, query: &str) -> Vec<Value> {
    let mut found = Vec::new();
    let mut next = String::new();
    loop {
        let page = story.server.http.json(&format!("/v1/statements?limit=500&{query}{next}"));
        found.extend(page["results"].as_array().unwrap().clone());
        match page["next"].as_str() {
            Some(cursor) => next = format!("&cursor={cursor}"),
            None => return found,
        }
    }
}

fn verdict(story: &Story, id: &str, code: i32) -> Value {
    let ran = story.cli.run(&["who", id, "--json"]);
    assert_eq!(ran.code, code, "{id}: {ran}");
    ran.json()
}

#[test]
fn the_sample_is_imported_once_whatever_the_order_and_the_key() {
    let story = Story::begin();
    let first = import(&story, "gateway", &[&sample("log")]);
    assert_eq!(first.code, 0, "{first}");
    let report = first.json();
    assert_eq!(
        (&report["files"]["read"], &report["files"]["failed"], &report["events"]["failed"]),
        (&json!(2), &json!(0), &json!(0))
    );
    assert!(report["files"]["ignored"].as_u64() >= Some(1), "{report}");
    let imported = report["imported"].as_u64().unwrap();
    assert!(imported > 0 && report["refused"] == 0, "{report}");
    let size = story.server.http.size();

    crate::harness::Person::new(66, "gateway:other").write_key(story.place.path(), "other.pem");
    story.register("other", "gateway:other", "gateway");
    let mut files = files_below(&sample("log"));
    files.reverse();
    let backwards: Vec<&Path> = files
        .iter()
        .filter(|path| path.extension().is_some_and(|e| e != "txt"))
        .map(PathBuf::as_path)
        .collect();
    for (key, paths) in [
        ("gateway", vec![sample("log").as_path()]),
        ("other", vec![sample("log").as_path()]),
        ("other", backwards),
    ] {
        let again = import(&story, key, &paths);
        assert_eq!(again.code, 0, "{again}");
        let report = again.json();
        assert_eq!(
            (&report["imported"], &report["already_imported"]),
            (&json!(0), &json!(imported)),
            "{key}"
        );
        assert_eq!(story.server.http.size(), size + 1, "only the other gateway's key was added");
    }
    assert_eq!(story.cli.run(&["verify", "log"]).code, 0);
}

#[test]
fn what_is_planted_reaches_neither_the_log_nor_any_output() {
    let story = Story::begin();
    let mut words = String::new();
    for args in [vec![sample("log")], vec![sample("corrupt")], vec![sample("log"), sample("corrupt")]] {
        let paths: Vec<&Path> = args.iter().map(PathBuf::as_path).collect();
        let ran = import(&story, "gateway", &paths);
        words += &(ran.stdout + &ran.stderr);
        let key = story.key("gateway");
        let mut human = vec!["import", "cloudtrail", "--key", key.to_str().unwrap()];
        human.extend(paths.iter().map(|path| path.to_str().unwrap()));
        let ran = story.cli.run(&human);
        words += &(ran.stdout + &ran.stderr);
    }
    for found in all(&story, "") {
        words += &found.to_string();
        let id = found["id"].as_str().unwrap();
        for args in [["who", id], ["show", id]] {
            let ran = story.cli.run(&args);
            words += &(ran.stdout + &ran.stderr);
        }
    }
    let planted = |bytes: &[u8]| bytes.windows(7).any(|window| window == b"PLANTED");
    assert!(!planted(words.as_bytes()), "in what was printed");
    assert!(entries(&story.server.http).iter().all(|entry| !planted(entry)), "in an entry");
    let home = story.cli.home().to_owned();
    let Story { place, server, cli: _cli } = story;
    server.stop();
    for path in [files_below(place.path()), files_below(&home)].concat() {
        assert!(!planted(&fs::read(&path).unwrap()), "{}", path.display());
    }
    assert!(planted(&fs::read(sample("log/2026/03/chain.json")).unwrap()), "the sample must plant them");
}

#[test]
fn a_corrupt_file_or_event_is_named_and_the_rest_is_imported() {
    let story = Story::begin();
    let ran = import(&story, "gateway", &[&sample("log"), &sample("corrupt")]);
    assert_eq!(ran.code, 1, "{ran}");
    let report = ran.json();
    assert!(report["imported"].as_u64() > Some(0), "{report}");
    let failures = report["failures"].to_string();
    for name in ["half.json.gz", "no-records.json", "truncated.json", "events.json"] {
        assert!(failures.contains(name), "names {name}: {failures}");
    }
    assert!(
        report["files"]["failed"].as_u64() > Some(0) && report["events"]["failed"].as_u64() > Some(0),
        "{report}"
    );
    let codes = report["skipped_by_code"].as_object().unwrap();
    let skipped: u64 = codes.values().map(|count| count.as_u64().unwrap()).sum();
    assert_eq!(
        Some(skipped),
        report["files"]["failed"].as_u64().zip(report["events"]["failed"].as_u64()).map(|(a, b)| a + b)
    );
    let human = story.cli.run(&[
        "import",
        "cloudtrail",
        sample("corrupt").to_str().unwrap(),
        "--key",
        story.key("gateway").to_str().unwrap(),
    ]);
    assert!(
        human.code == 1 && human.stdout.contains("truncated.json") && human.stdout.contains("already there"),
        "{human}"
    );
}

#[test]
fn a_folder_without_a_log_file_is_an_error_and_a_file_cut_short_is_called_that() {
    let story = Story::begin();
    let folder = story.place.path().join("empty");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("readme.txt"), "no log").unwrap();
    let ran = import(&story, "gateway", &[&folder]);
    assert_eq!((ran.code, &ran.json()["error"]["code"]), (1, &json!("import-nothing")), "{ran}");

    let key = story.key("gateway");
    let truncated = sample("corrupt/truncated.json");
    let args = ["import", "cloudtrail", truncated.to_str().unwrap(), "--key", key.to_str().unwrap()];
    let ran = story.cli.run(&args);
    assert!(ran.code == 1 && ran.stdout.contains("cut short after 2 events: "), "{ran}");
    assert!(ran.stderr.contains("1 file cut short; the rest is imported"), "{ran}");
    assert!(ran.stdout.contains("Next: writ search"), "{ran}");
}

#[test]
fn a_server_that_does_not_answer_is_not_waited_for_longer_than_ten_seconds() {
    let story = Story::begin();
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", silent.local_addr().unwrap());
    let key = story.key("gateway");
    let args = [
        "import",
        "cloudtrail",
        sample("log").to_str().unwrap().to_owned().leak(),
        "--json",
        "--key",
        key.to_str().unwrap(),
    ];
    let begun = Instant::now();
    let ran = Ran::of(story.cli.command(&args).env("WRIT_SERVER", address).timeout(Duration::from_secs(60)));
    assert_eq!(ran.code, 1, "{ran}");
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    let report = ran.json();
    assert_eq!(
        (&report["schema"], &report["imported"]),
        (&json!("writ.import/1"), &json!(0)),
        "counts: {ran}"
    );
    assert_eq!(import(&story, "gateway", &[&sample("log")]).code, 0, "the repeat completes");
}

#[test]
fn the_real_folder_tells_who_authorized_what() {
    let Some(folder) = real() else { return };
    let story = Story::begin();
    let before = story.server.http.size();
    let begun = Instant::now();
    let ran = import(&story, "gateway", &[&folder]);
    assert_eq!(ran.code, 0, "{ran}");
    let report = ran.json();
    println!("imported in {:?}: {report}", begun.elapsed());
    assert_eq!((&report["files"]["read"], &report["events"]["failed"]), (&json!(55), &json!(0)));
    let events =
        report["events"]["imported"].as_u64().unwrap() + report["events"]["ignored"].as_u64().unwrap();
    assert_eq!(events, 2_900);
    let size = story.server.http.size();
    assert_eq!(size - before, report["imported"].as_u64().unwrap());

    let credentials = all(&story, "kind=credential");
    let issued: Vec<&Value> =
        credentials.iter().filter(|found| found["payload"]["body"]["op"] == "issue").collect();
    assert_eq!(issued.len(), 36, "credentials issued");
    let denied = all(&story, "decision=deny");
    let denials =
        denied.iter().filter(|found| found["payload"]["body"]["policy"]["engine"] == "aws-iam").count();
    assert_eq!(denials, 60, "of {} denials in all", denied.len());
    let key_of =
        |body: &Value| body["credential"].as_array().map(|parts| parts[2].as_str().unwrap().to_owned());
    let delegations = all(&story, "kind=delegation");
    let keys: Vec<String> =
        delegations.iter().filter_map(|found| key_of(&found["payload"]["body"])).collect();
    let used: Vec<String> = all(&story, "kind=decision")
        .iter()
        .filter_map(|found| key_of(&found["payload"]["body"]))
        .filter(|key| keys.contains(key))
        .collect();
    let distinct: BTreeSet<&String> = used.iter().collect();
    assert_eq!(
        (distinct.len(), used.len()),
        (8, 70),
        "credentials that were used, and the events that used them"
    );

    let leave = verdict(&story, "be7f89b5-d456-4423-b3e6-0fb0b19bad7c", 11);
    assert_eq!(
        (&leave["principal"], &leave["decision"]),
        (&json!("arn:aws:iam::123837392027:user/bert-jan"), &json!("deny"))
    );
    let hops = leave["hops"].as_array().unwrap();
    assert_eq!(
        (hops.len(), hops[0]["via"].as_str(), hops[0]["assurance"].as_str()),
        (1, Some("credential"), Some("imported"))
    );
    let issued = story.server.http.json(&format!("/v1/resolve?id={}", hops[0]["id"].as_str().unwrap()));
    let at = issued["candidates"][0]["at"].as_u64().unwrap();
    assert_eq!(at % 86_400_000, ((12 * 60 + 2) * 60 + 4) * 1000, "issued at 12:02:04Z");
    assert_eq!(leave["subject"]["kind"], "decision");

    let describe = verdict(&story, "d3d5fd99-faa9-4959-a464-56fba613cc2e", 0);
    assert_eq!(
        (&describe["principal"], &describe["outcome"]),
        (&json!("service:ec2.amazonaws.com"), &json!("authorized"))
    );
    assert_eq!(
        (describe["hops"].as_array().unwrap().len(), &describe["profile"]["name"]),
        (1, &json!("imported"))
    );
    assert_eq!(describe["subject"]["kind"], "action");

    let begun = Instant::now();
    let again = import(&story, "gateway", &[&folder]).json();
    println!("repeated in {:?}", begun.elapsed());
    assert_eq!((&again["imported"], &again["already_imported"]), (&json!(0), &report["imported"]));
    assert_eq!(story.server.http.size(), size);
    assert_eq!(story.cli.run(&["verify", "log"]).code, 0);
    story.server.stop();
    assert_eq!(story.place.fsck().code, 0);
}

#[test]
fn an_import_that_broke_off_is_completed_by_its_repeat() {
    let Some(folder) = real() else { return };
    let Story { place, server, cli } = Story::begin();
    let key = place.path().join("gateway.pem");
    let args = ["import", "cloudtrail", folder.to_str().unwrap(), "--json", "--key", key.to_str().unwrap()];
    let begun = Instant::now();
    let ran = thread::scope(|scope| {
        let running = scope.spawn(|| Ran::of(cli.command(&args).timeout(Duration::from_secs(120))));
        while server.http.size() < 1_000 && begun.elapsed() < Duration::from_secs(60) {
            thread::sleep(Duration::from_millis(2));
        }
        server.kill();
        running.join().unwrap()
    });
    println!("broke off after {:?}: exit {}", begun.elapsed(), ran.code);
    let server = place.serve();
    let cli = cli.with_server(&format!("http://{}", server.http.address));
    if ran.code != 0 {
        assert_eq!(ran.code, 1, "{ran}");
        assert!(ran.json()["imported"].is_u64(), "counts: {ran}");
    }
    let story = Story { place, server, cli };
    let mut backwards = files_below(&folder);
    backwards.reverse();
    let paths: Vec<&Path> = backwards
        .iter()
        .map(PathBuf::as_path)
        .filter(|path| path.extension().is_some_and(|e| e == "json" || e == "gz"))
        .collect();
    let rest = import(&story, "gateway", &paths);
    assert_eq!(rest.code, 0, "{rest}");
    let report = rest.json();
    let whole = report["imported"].as_u64().unwrap() + report["already_imported"].as_u64().unwrap();
    assert_eq!(whole + 7, story.server.http.size(), "genesis, six keys, and everything once");
    let leave = verdict(&story, "be7f89b5-d456-4423-b3e6-0fb0b19bad7c", 11);
    assert_eq!(leave["hops"].as_array().unwrap().len(), 1);
}

#[test]
fn a_chain_over_two_accounts_is_told_hop_by_hop_and_no_accounts_permit_is_made_up() {
    let story = Story::begin();
    assert_eq!(import(&story, "gateway", &[&sample("log")]).code, 0);
    let mut outcomes = BTreeMap::new();
    for found in all(&story, "kind=action") {
        let verdict = story.cli.run(&["who", found["id"].as_str().unwrap(), "--json"]).json();
        let hops = verdict["hops"].as_array().unwrap().len();
        *outcomes.entry((verdict["outcome"].as_str().unwrap().to_owned(), hops)).or_insert(0) += 1;
        if hops == 2 {
            // Only the second account ruled on the action itself; what the first role could do there nobody said.
            assert_eq!(verdict["principal"], "arn:aws:iam::111122223333:user/alice");
            let codes: Vec<_> =
                verdict["findings"].as_array().unwrap().iter().map(|found| found["code"].clone()).collect();
            assert!(codes.contains(&json!("scope-exceeded")), "{verdict}");
        }
    }
    let expected = [("authorized", 0), ("authorized", 1), ("indeterminate", 0), ("indeterminate", 2)];
    assert_eq!(
        outcomes.keys().map(|(outcome, hops)| (outcome.as_str(), *hops)).collect::<Vec<_>>(),
        expected
    );
}
