//! One changed byte anywhere on disk: caught by `writd fsck` or at start, or it changes no answer.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use verifier::bundle::check;
use verifier::judge::{default_profile, judge};

use crate::harness::{
    Draft, Http, Person, Place, Ran, Server, copy_folder, entries, files_below, fsck, program,
};

/// Bytes flipped in each file; `WRIT_FLIPS` flips more.
const FLIPS: usize = 24;
/// Files of at most so many bytes are flipped whole, where `WRIT_FLIPS` is set.
const SMALL: usize = 512;

/// A log of a handful of statements: two hops, a permit, an action, a withdrawal.
fn fill(place: &Place, server: &Server) {
    let log = place.log();
    let alice = Person::new(1, "user:alice@corp");
    let planner = Person::new(2, "agent:planner");
    let pdp = Person::new(3, "service:opa");
    let gateway = Person::new(4, "gateway:edge");
    place.register(
        server,
        &[(&alice, &["principal"]), (&planner, &["principal"]), (&pdp, &["pdp"]), (&gateway, &["gateway"])],
    );
    let first = server.append(&alice.sign(&Draft::delegation(&log, "user:alice@corp", "agent:planner", &[])));
    let second =
        server.append(&planner.sign(&Draft::delegation(&log, "agent:planner", "agent:refunds", &[first])));
    let mut request = json!({
        "actor": "agent:refunds", "action": {"name": "payments:refund"}, "resources": ["order/1"], "delegation": second.to_hex(),
    });
    request["ruling"] = "permit".into();
    request["evaluated_at"] = crate::harness::now().into();
    let permit = server.append(&pdp.sign(&Draft::new(&log, "decision", request.clone())));
    let body = request.as_object_mut().unwrap();
    body.remove("ruling");
    body.remove("evaluated_at");
    body.extend(
        json!({"phase": "both", "outcome": "completed", "decision": permit.to_hex(), "attempted_at": crate::harness::now()})
            .as_object()
            .unwrap()
            .clone(),
    );
    server.append(&gateway.sign(&Draft::new(&log, "action", request).with("vantage", json!("boundary"))));
    let target = json!({"target": {"kind": "delegation", "ref": first.to_hex()}});
    server.append(&alice.sign(&Draft::new(&log, "revocation", target)));
}

/// Everything that the server says about its log, but for when it last renewed its checkpoint.
fn answers(place: &Place, http: &Http) -> BTreeMap<String, Value> {
    let mut answers = BTreeMap::new();
    let mut keep = |name: String, value: Value| drop(answers.insert(name, value));
    let all = entries(http);
    let size = all.len();
    let note = http.get("/checkpoint").text();
    crate::harness::head(place, &note);
    keep("checkpoint".into(), note.split("\n\n").next().unwrap().into());
    let mut log = http.json("/v1/log");
    log["checkpoint"]["time"].take();
    log["checkpoint"]["overdue"].take();
    keep("log".into(), log);
    for kind in ["key", "delegation", "decision", "action", "revocation"] {
        keep(format!("kind {kind}"), http.json(&format!("/v1/statements?kind={kind}&limit=500")));
    }
    keep("principal".into(), http.json("/v1/statements?principal=agent:planner"));
    keep("consistency".into(), http.json(&format!("/v1/proofs/consistency?first=3&second={size}")));
    for (index, bytes) in all.iter().enumerate() {
        let entry = schemas::entry::Entry::decode(bytes).unwrap();
        let id = schemas::ids::StatementId::of(&entry.statement);
        keep(format!("entry {index}"), crate::harness::hex(bytes).into());
        keep(
            format!("inclusion {index}"),
            http.json(&format!("/v1/proofs/inclusion?index={index}&size={size}")),
        );
        keep(
            format!("statement {index}"),
            crate::harness::hex(&http.get(&format!("/v1/statements/{id}")).body).into(),
        );
        keep(format!("name {index}"), http.json(&format!("/v1/resolve?id={}", &id.to_hex()[..16])));
        let bundle = http.get(&format!("/v1/bundles?subject={id}"));
        let checked = check(&bundle.body, &place.policy()).map_err(|e| e.to_string());
        let verdict = checked.map(|checked| {
            let profile = default_profile(checked.evidence.get(&checked.subject).unwrap());
            judge(&checked.subject, &checked.evidence, &profile)
                .map(|verdict| serde_json::to_value(verdict).unwrap())
                .map_err(|e| e.to_string())
        });
        keep(format!("verdict {index}"), serde_json::to_value(verdict).unwrap());
    }
    answers
}

/// What came of a change.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Fate {
    Fsck,
    Start,
    Harmless,
}

/// The place, and a copy of its folder and anchor in which bytes are changed.
struct Trial<'a> {
    place: &'a Place,
    data: PathBuf,
    anchor: PathBuf,
    right: BTreeMap<String, Value>,
}

impl<'a> Trial<'a> {
    fn of(place: &'a Place, name: &str, right: BTreeMap<String, Value>) -> Self {
        let trial = Self {
            place,
            data: place.path().join(name),
            anchor: place.path().join(format!("{name}.anchor")),
            right,
        };
        copy_folder(&place.data(), &trial.data);
        fs::copy(place.anchor(), &trial.anchor).unwrap();
        trial
    }

    /// Nothing where the change went unnoticed and an answer differs.
    fn fate(&self) -> Result<Fate, String> {
        let ran = fsck(&self.data);
        match ran.code {
            0 => {}
            10 | 15 => return Ok(Fate::Fsck),
            _ => return Err(format!("fsck: {ran}")),
        }
        // Serving writes: on a copy of the copy.
        let (data, anchor) = (self.data.with_extension("served"), self.data.with_extension("served.anchor"));
        let _ = fs::remove_dir_all(&data);
        copy_folder(&self.data, &data);
        fs::copy(&self.anchor, &anchor).unwrap();
        let server = match Server::start(&data, &anchor) {
            Ok(server) => server,
            Err(ran) if ran.code > 0 => return Ok(Fate::Start),
            Err(ran) => return Err(format!("writd did not end by itself: {ran}")),
        };
        let got = answers(self.place, &server.http);
        let differs = self.right.iter().find(|(name, value)| got.get(*name) != Some(*value));
        match differs {
            None if got.len() == self.right.len() => Ok(Fate::Harmless),
            None => Err("another number of answers".into()),
            Some((name, right)) => Err(format!("{name}: expected {right}, got {:?}", got.get(name))),
        }
    }

    /// Flips bytes of one file; what came of each.
    fn flip(&self, path: &Path, step: usize, silent: &mut Vec<String>) -> BTreeMap<Fate, usize> {
        let whole = fs::read(path).unwrap();
        let mut fates = BTreeMap::new();
        for at in (0..whole.len()).step_by(step.max(1)) {
            let mut changed = whole.clone();
            changed[at] ^= 0x01 << (at % 8);
            fs::write(path, &changed).unwrap();
            match self.fate() {
                Ok(fate) => *fates.entry(fate).or_default() += 1,
                Err(why) => silent.push(format!("{} byte {at}: {why}", path.display())),
            }
        }
        fs::write(path, &whole).unwrap();
        fates
    }
}

fn step(length: usize) -> usize {
    match std::env::var("WRIT_FLIPS").ok() {
        Some(_) if length <= SMALL => 1,
        Some(flips) => length.div_ceil(flips.parse().unwrap()),
        // An odd step, so that fields of a fixed width are met at all of their places.
        None => length.div_ceil(FLIPS) | 1,
    }
}

fn try_every_file(trial: &Trial<'_>) {
    assert_eq!(trial.fate(), Ok(Fate::Harmless), "an unchanged copy");
    let mut silent = Vec::new();
    let mut total: BTreeMap<Fate, usize> = BTreeMap::new();
    let mut files = files_below(&trial.data.join("store"));
    files.extend(files_below(&trial.data.join("keys")));
    files.push(trial.anchor.clone());
    for path in files {
        let length = usize::try_from(fs::metadata(&path).unwrap().len()).unwrap();
        let fates = trial.flip(&path, step(length), &mut silent);
        println!("{:>8} B  {:<24} {fates:?}", length, path.file_name().unwrap().to_string_lossy());
        for (fate, count) in fates {
            *total.entry(fate).or_default() += count;
        }
    }
    println!("all: {total:?}, silent: {}", silent.len());
    assert!(silent.is_empty(), "{}", silent.join("\n"));
}

#[test]
fn a_flipped_byte_of_a_stopped_log_is_caught_or_changes_no_answer() {
    let place = Place::init();
    let server = place.serve();
    fill(&place, &server);
    server.stop();
    let server = place.serve();
    let right = answers(&place, &server.http);
    server.stop();
    try_every_file(&Trial::of(&place, "stopped", right));
}

#[test]
fn a_flipped_byte_of_a_killed_log_is_caught_or_changes_no_answer() {
    let place = Place::init();
    let server = place.serve();
    fill(&place, &server);
    let right = answers(&place, &server.http);
    server.kill();
    try_every_file(&Trial::of(&place, "killed", right));
}

/// A log of several blocks in each column, all of it in table files.
fn place_with_tables() -> Place {
    let place = Place::init();
    let server = place.serve();
    let alice = Person::new(1, "user:alice@corp");
    place.register(&server, &[(&alice, &["principal"])]);
    let notes: Vec<_> = (0..700)
        .map(|n| alice.sign(&Draft::note(&place.log(), &format!("{n} {}", "words ".repeat(40)))))
        .collect();
    assert_eq!(server.http.append_many(&notes).status, 200);
    server.stop();
    // Opening writes what was in the write-ahead log into table files.
    place.serve().stop();
    place
}

/// `writd fsck` as a person starts it: with no word about logging, its errors in a pipe.
fn plain_fsck(data: &Path, more: &[&str]) -> Ran {
    let mut command = assert_cmd::Command::new(program("writd"));
    Ran::of(command.env_remove("RUST_LOG").args(["fsck", "--data"]).arg(data).args(more))
}

#[test]
fn a_flipped_byte_of_a_table_file_makes_up_no_findings() {
    let place = place_with_tables();
    let trial = Trial::of(&place, "tables", BTreeMap::new());
    let tables: Vec<_> = files_below(&trial.data.join("store"))
        .into_iter()
        .filter(|path| path.extension().is_some_and(|extension| extension == "sst"))
        .collect();
    let (mut caught, mut behind) = (0, 0);
    for path in &tables {
        let whole = fs::read(path).unwrap();
        for part in 0..10 {
            let mut changed = whole.clone();
            changed[(whole.len() * part + 99) / 10] ^= 1;
            fs::write(path, &changed).unwrap();
            let ran = plain_fsck(&trial.data, &["--json"]);
            assert_eq!(ran.stderr, "", "{ran}");
            let report = ran.json();
            if ran.code == 0 {
                continue;
            }
            assert_eq!(ran.code, 10, "{ran}");
            let findings = report["findings"].as_array().unwrap();
            let only_store =
                findings.iter().all(|finding| finding["code"].as_str().unwrap().starts_with("store-"));
            assert!(only_store && (1..=4).contains(&findings.len()), "{}: {ran}", path.display());
            caught += 1;
            let is_entries = |finding: &&Value| finding["column"] == "entries" && !finding["index"].is_null();
            if let Some(entries) = findings.iter().find(is_entries) {
                assert_eq!(report["first_bad"], entries["index"], "{ran}");
                assert_eq!(report["size"], 702, "{ran}");
                behind += 1;
            }
        }
        fs::write(path, &whole).unwrap();
    }
    println!("{caught} caught in {} files, {behind} of them with all behind checked", tables.len());
    assert!(caught > 20 && behind > 3, "{caught} {behind}");
    assert_eq!(plain_fsck(&trial.data, &[]).code, 0);
}

#[test]
fn people_are_told_in_a_word_where_and_what_next() {
    let place = place_with_tables();
    let whole = plain_fsck(&place.data(), &[]);
    assert!(whole.code == 0 && whole.stdout.starts_with("INTACT: 702 entries"), "{whole}");
    let trial = Trial::of(&place, "told", BTreeMap::new());
    let largest = files_below(&trial.data.join("store"))
        .into_iter()
        .filter(|path| path.extension().is_some_and(|extension| extension == "sst"))
        .max_by_key(|path| fs::metadata(path).unwrap().len())
        .unwrap();
    let bytes = fs::read(&largest).unwrap();
    let mut changed = bytes.clone();
    changed[bytes.len() / 3] ^= 1;
    fs::write(&largest, &changed).unwrap();
    let ran = plain_fsck(&trial.data, &[]);
    assert!(ran.code == 10 && ran.stderr.is_empty(), "{ran}");
    assert!(ran.stdout.starts_with("TAMPERED: 1 finding in 702 entries\nfirst bad entry: #"), "{ran}");
    let file = largest.file_name().unwrap().to_str().unwrap();
    for words in [" entries #", file, "next (exit 10): "] {
        assert!(ran.stdout.contains(words), "{words}: {ran}");
    }
    fs::write(&largest, &bytes[..bytes.len() / 2]).unwrap();
    let ran = plain_fsck(&trial.data, &[]);
    assert!(ran.code == 10 && ran.stdout.starts_with("TAMPERED: ") && ran.stdout.contains(file), "{ran}");

    fs::write(&largest, &bytes).unwrap();
    fs::remove_file(&trial.anchor).unwrap();
    let ran = plain_fsck(&trial.data, &[]);
    assert!(ran.code == 15 && ran.stdout.starts_with("NO ANCHOR: 1 finding"), "{ran}");
    assert!(ran.stdout.contains("next (exit 15): give --anchor FILE"), "{ran}");
}

#[test]
fn where_there_is_no_log_json_is_an_error_document() {
    let place = Place::init();
    let ran = plain_fsck(&place.path().join("nothing"), &["--json"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (1, ""), "{ran}");
    let document = ran.json();
    assert_eq!((&document["schema"], &document["exit"]), (&json!("writ.error/1"), &json!(1)), "{ran}");
    assert_eq!(document["error"]["code"], "no-log");
    assert!(document["error"]["what"].is_string() && document["error"]["try"].is_string(), "{ran}");
    let human = plain_fsck(&place.path().join("nothing"), &[]);
    assert!(human.code == 1 && human.stderr.contains("there is no log in"), "{human}");
}

#[test]
fn fsck_writes_nothing() {
    let place = Place::init();
    let server = place.serve();
    fill(&place, &server);
    server.kill();
    let contents = || -> BTreeMap<PathBuf, Vec<u8>> {
        files_below(place.path()).into_iter().map(|path| (path.clone(), fs::read(path).unwrap())).collect()
    };
    let before = contents();
    let first = place.fsck();
    assert_eq!(first.code, 0, "{first}");
    let second = place.fsck();
    assert_eq!(first.stdout, second.stdout, "the same folder, the same words");
    assert_eq!(before.keys().collect::<Vec<_>>(), contents().keys().collect::<Vec<_>>());
    assert!(before == contents(), "a file changed");
    for word in [place.path().to_str().unwrap(), "2026-", "time"] {
        assert!(!first.stdout.contains(word), "no paths, no times: {first}");
    }
}

#[test]
fn a_truncated_missing_or_exchanged_file_is_caught_or_changes_no_answer() {
    let place = Place::init();
    let server = place.serve();
    fill(&place, &server);
    server.stop();
    let server = place.serve();
    let right = answers(&place, &server.http);
    server.stop();
    let trial = Trial::of(&place, "cut", right);
    let mut total: BTreeMap<Fate, usize> = BTreeMap::new();
    let files = [files_below(&trial.data.join("store")), vec![trial.anchor.clone()]].concat();
    for path in &files {
        let whole = fs::read(path).unwrap();
        let cuts = [Some(0), Some(whole.len() / 2), Some(whole.len().saturating_sub(1)), None];
        for cut in cuts {
            match cut {
                Some(length) => fs::write(path, &whole[..length]).unwrap(),
                None => fs::remove_file(path).unwrap(),
            }
            let fate = trial.fate().unwrap_or_else(|why| panic!("{} cut to {cut:?}: {why}", path.display()));
            *total.entry(fate).or_default() += 1;
            fs::write(path, &whole).unwrap();
        }
    }
    println!("all: {total:?}");
}

#[test]
fn a_record_that_the_store_would_read_for_ever_is_damage() {
    let place = place_with_tables();
    let files = files_below(&place.data().join("store"));
    for prefix in ["MANIFEST-", "0"] {
        let is_it = |path: &&PathBuf| {
            let name = path.file_name().unwrap().to_str().unwrap();
            name.starts_with(prefix) && !name.ends_with(".sst") && fs::metadata(path).unwrap().len() > 7
        };
        for path in files.iter().filter(is_it) {
            // The type of the first record: "full" becomes "full, of a recycled file".
            let whole = fs::read(path).unwrap();
            let mut changed = whole.clone();
            changed[6] ^= 4;
            fs::write(path, changed).unwrap();
            let fsck = place.fsck();
            assert_eq!(fsck.code, 10, "{}: {fsck}", path.display());
            assert_eq!(place.try_serve().err().map(|ran| ran.code), Some(10), "{}", path.display());
            fs::write(path, whole).unwrap();
        }
    }
    assert_eq!(place.fsck().code, 0);
}
