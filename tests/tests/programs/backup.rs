//! Backups: made of a log in service, checked before they are restored, and never the beginning of a second history unawares.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use schemas::ids::StatementId;

use crate::harness::{
    Cli, Draft, Http, Mood, Person, Place, Ran, Server, Story, TestWitness, copy_folder, files_below, writd,
};

const TAMPERED: i32 = 10;
const USAGE: i32 = 2;

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn alice() -> Person {
    Person::new(1, "user:alice@corp")
}

fn note(place: &Place, text: &str) -> Vec<u8> {
    alice().sign(&Draft::note(&place.log(), text))
}

/// A log with Alice in it, in service.
fn begun() -> (Place, Server) {
    let place = Place::init();
    let server = place.serve();
    place.register(&server, &[(&alice(), &["principal"])]);
    (place, server)
}

fn backup(place: &Place, name: &str) -> PathBuf {
    let dest = place.path().join(name);
    let ran = writd(&["backup", text(&dest), "--data", text(&place.data())]);
    assert_eq!(ran.code, 0, "{ran}");
    dest
}

fn restore(backup: &Path, data: &Path) -> Ran {
    writd(&["restore", text(backup), "--data", text(data)])
}

/// The log's folder is lost; its keys, which were kept elsewhere, and its anchor are not.
fn lose(place: &Place) -> PathBuf {
    let lost = place.path().join("lost");
    fs::rename(place.data(), &lost).unwrap();
    lost
}

/// Restores to where the log was, with its keys.
fn restore_in_place(place: &Place, backup: &Path, lost: &Path) -> Ran {
    let ran = restore(backup, &place.data());
    assert_eq!(ran.code, 0, "{ran}");
    copy_folder(&lost.join("keys"), &place.data().join("keys"));
    ran
}

/// It is read, and says of itself everywhere why nothing is appended.
fn check_resting(place: &Place, server: &Server, size: u64, known: &StatementId) {
    let http = &server.http;
    assert_eq!(http.size(), size);
    assert_eq!(http.get(&format!("/v1/statements/{known}")).status, 200);
    assert_eq!(http.get("/checkpoint").status, 200, "what was signed before is shown");
    let refused = http.append(&note(place, "more"));
    assert_eq!((refused.status, refused.code().as_str()), (503, "not-reconciled"), "{}", refused.text());
    assert!(refused.header("retry-after").is_some());
    let ready = http.get("/readyz");
    assert_eq!((ready.status, ready.code().as_str()), (503, "not-reconciled"), "{}", ready.text());
    assert!(http.json("/v1/log")["not_reconciled"].as_str().unwrap().contains("restored"));
    for signed in [format!("/v1/bundles?subject={known}"), format!("/entries/{known}")] {
        let answer = http.get(&signed);
        assert_eq!((answer.status, http.size()), (503, size), "{signed}: {}", answer.text());
    }
}

#[test]
fn a_backup_of_a_log_that_is_being_written_holds_every_receipt_up_to_its_size() {
    let (place, server) = begun();
    let stop = Arc::new(AtomicBool::new(false));
    let writer = {
        let (http, log, stop) = (server.http.clone(), place.log(), Arc::clone(&stop));
        thread::spawn(move || append_until(&http, &log, &stop))
    };
    while server.http.size() < 50 {
        thread::sleep(std::time::Duration::from_millis(5));
    }
    let backups = [backup(&place, "one"), backup(&place, "two")];
    stop.store(true, Ordering::SeqCst);
    let acknowledged = writer.join().unwrap();
    let held: Vec<_> =
        files_below(&place.data()).into_iter().filter(|path| text(path).contains("held")).collect();
    assert!(held.is_empty(), "nothing is left of them: {held:?}");
    server.stop();
    assert_eq!(place.fsck().code, 0);

    let lost = lose(&place);
    let mut sizes = Vec::new();
    for backup in backups {
        assert!(!files_below(&backup).iter().any(|path| text(path).ends_with(".pem")), "no private key");
        restore_in_place(&place, &backup, &lost);
        let server = place.serve();
        let size = server.http.size();
        assert!(size >= 50 && size <= acknowledged.len() as u64 + 2, "{size}");
        check_resting(&place, &server, size, &acknowledged[0].1);
        for (index, id) in &acknowledged {
            let answer = server.http.get(&format!("/v1/statements/{id}"));
            let there = answer.status == 200;
            assert_eq!(there, *index < size, "#{index} of {size}: {}", answer.text());
        }
        server.stop();
        sizes.push(size);
        fs::remove_dir_all(place.data()).unwrap();
    }
    assert!(sizes[0] <= sizes[1], "{sizes:?}");
}

fn append_until(http: &Http, log: &schemas::ids::LogId, stop: &AtomicBool) -> Vec<(u64, StatementId)> {
    let mut acknowledged = Vec::new();
    while !stop.load(Ordering::SeqCst) {
        let statement = alice().sign(&Draft::note(log, &format!("number {}", acknowledged.len())));
        let answer = http.append(&statement);
        assert_eq!(answer.status, 201, "{}", answer.text());
        let index = answer.json()["results"][0]["index"].as_u64().unwrap();
        acknowledged.push((index, StatementId::of(&statement)));
    }
    acknowledged
}

#[test]
fn nothing_is_overwritten_by_a_backup_or_a_restore() {
    let (place, server) = begun();
    let made = backup(&place, "backup");
    server.stop();
    let before = files_below(place.path()).len();
    let ran = writd(&["backup", text(&made), "--data", text(&place.data())]);
    assert!(ran.code == USAGE && ran.stderr.contains("is there already"), "{ran}");
    let ran = restore(&made, &place.data());
    assert!(ran.code == USAGE && ran.stderr.contains("is there already"), "{ran}");
    assert_eq!(files_below(place.path()).len(), before);
    assert_eq!(place.fsck().code, 0);
}

#[test]
fn a_backup_with_a_flipped_byte_is_refused_and_the_file_named() {
    let (place, server) = begun();
    server.append(&note(&place, "one"));
    server.stop();
    // Of a log that is not in service, the same.
    let whole = backup(&place, "backup");
    let (data, damaged) = (place.path().join("restored"), place.path().join("damaged"));
    let damage = |change: &dyn Fn(&Path)| {
        let _ = fs::remove_dir_all(&damaged);
        copy_folder(&whole, &damaged);
        change(&damaged);
        let ran = restore(&damaged, &data);
        assert!(!data.exists(), "{ran}");
        ran
    };
    for file in files_below(&whole) {
        let name = text(file.strip_prefix(&whole).unwrap()).to_owned();
        let Some(middle) = (fs::metadata(&file).unwrap().len() / 2).checked_sub(1) else { continue };
        let ran = damage(&|backup| {
            let mut bytes = fs::read(backup.join(&name)).unwrap();
            bytes[usize::try_from(middle).unwrap()] ^= 1;
            fs::write(backup.join(&name), bytes).unwrap();
        });
        assert_ne!(ran.code, 0, "{name}: {ran}");
        assert!(
            name == "manifest.json" || (ran.code == TAMPERED && ran.stderr.contains(&name)),
            "{name}: {ran}"
        );
    }
    let ran = damage(&|backup| fs::remove_file(backup.join("head.note")).unwrap());
    assert!(ran.code == TAMPERED && ran.stderr.contains("head.note"), "{ran}");
    let ran = damage(&|backup| fs::write(backup.join("store/extra.sst"), "x").unwrap());
    assert!(ran.code == TAMPERED && ran.stderr.contains("store/extra.sst"), "{ran}");
    let ran = damage(&|backup| fs::remove_file(backup.join("manifest.json")).unwrap());
    assert!(ran.code == 1 && ran.stderr.contains("no whole backup"), "{ran}");
    let ran = damage(&|backup| {
        let manifest = fs::read_to_string(backup.join("manifest.json")).unwrap();
        fs::write(backup.join("manifest.json"), manifest.replace("\"head.note\"", "\"../head.note\""))
            .unwrap();
    });
    assert!(ran.code == TAMPERED && ran.stderr.contains("../head.note"), "{ran}");
    assert_eq!(restore(&whole, &data).code, 0);
}

#[test]
fn an_anchor_that_knows_of_nothing_later_lets_the_restored_log_go_on() {
    let (place, server) = begun();
    let known = server.append(&note(&place, "one"));
    let made = backup(&place, "backup");
    server.stop();
    let lost = lose(&place);
    let ran = restore_in_place(&place, &made, &lost);
    assert!(ran.stdout.contains("nothing later"), "{ran}");
    let server = place.serve();
    assert_eq!(server.http.get("/readyz").status, 200);
    assert_eq!(server.http.get(&format!("/v1/bundles?subject={known}")).status, 200);
    server.append(&note(&place, "two"));
    server.stop();
    assert_eq!(place.fsck().code, 0);
    place.serve().append(&note(&place, "three"));
}

#[test]
fn witnesses_that_remember_nothing_later_let_the_restored_log_go_on_and_none_else() {
    let (place, server) = begun();
    server.stop();
    let witness = TestWitness::start(51);
    let file = place.path().join("witnesses");
    fs::write(&file, format!("{}quorum {}\n", witness.line(), witness.name)).unwrap();
    let serve = || place.serve_with(&["--witnesses", text(&file)]).unwrap_or_else(|ran| panic!("{ran}"));
    let server = serve();
    let known = server.append(&note(&place, "one"));
    let size = server.http.size();
    while server.http.json("/v1/log")["checkpoint"]["size"] != size {
        thread::sleep(std::time::Duration::from_millis(20));
    }
    let made = backup(&place, "backup");
    server.stop();
    let lost = lose(&place);
    fs::remove_file(place.anchor()).unwrap();
    restore_in_place(&place, &made, &lost);

    let server = place.serve();
    check_resting(&place, &server, size, &known);
    server.stop();
    witness.set(Mood::Down);
    let server = serve();
    check_resting(&place, &server, size, &known);
    server.stop();
    witness.set(Mood::Honest);
    witness.remember(|latest| latest.size += 1);
    let server = serve();
    check_resting(&place, &server, size, &known);
    server.stop();
    assert!(!place.anchor().exists());
    witness.remember(|latest| latest.size -= 1);

    let server = serve();
    assert_eq!(server.http.json("/v1/log")["not_reconciled"], serde_json::Value::Null);
    server.append(&note(&place, "two"));
    server.stop();
    assert_eq!(place.fsck().code, 0, "with a new anchor");
}

#[test]
fn a_loss_is_accepted_only_by_an_entry_that_everybody_can_read_and_verify() {
    let story = Story::begin();
    let (_, hop) = story.delegate();
    let made = backup(&story.place, "backup");
    let size = story.server.http.size();
    let after = story.refund(&hop, "lost").action;
    let Story { place, server, cli } = story;
    let known = server.http.size();
    server.stop();
    let lost = lose(&place);
    let ran = restore_in_place(&place, &made, &lost);
    assert!(ran.stdout.contains("not reconciled") && ran.stdout.contains(&format!("size {known}")), "{ran}");
    assert_eq!(place.fsck().code, 15);

    let (data, anchor) = (place.data(), fs::read(place.anchor()).unwrap());
    let accept = ["reconcile", "--data", text(&data), "--accept-loss"];
    let ran = writd(&accept);
    assert!(ran.code == USAGE && ran.stderr.contains("cannot be undone"), "{ran}");
    assert!(ran.stderr.contains(&format!("{} entries", known - size)), "{ran}");
    assert_eq!(fs::read(place.anchor()).unwrap(), anchor, "nothing is done without --yes");
    let server = place.serve();
    check_resting(&place, &server, size, &StatementId::from_hex(&hop).unwrap());
    server.stop();

    let accept = [&accept[..], &["--yes"]].concat();
    let ran = writd(&accept);
    assert_eq!(ran.code, 0, "{ran}");
    assert_eq!(fs::read(place.path().join("log.anchor.before-restore")).unwrap(), anchor, "kept as evidence");
    let ran = writd(&accept);
    assert!(ran.code == USAGE && ran.stderr.contains("reconciled"), "{ran}");
    assert_eq!(place.fsck().code, 0);

    let server = place.serve();
    let seen = cli.with_server(&format!("http://{}", server.http.address)).run(&["verify", "log"]);
    assert_eq!(seen.code, 10, "whoever saw what is lost has proof of two histories: {seen}");
    assert!(seen.stderr.contains(".fork"), "{seen}");
    let cli = Cli::new(&place, &server);
    let found = cli.ok(&["search", "--kind", "correction", "--json"]);
    let id = found.json()["results"][0]["id"].as_str().unwrap().to_owned();
    let shown = cli.ok(&["show", &id]).stdout;
    for words in [format!("size {size}"), format!("size {known}"), "loss accepted".into()] {
        assert!(shown.contains(&words), "{words}: {shown}");
    }
    assert_eq!(server.http.get(&format!("/v1/statements/{after}")).status, 404);
    cli.ok(&["verify", "log"]);
    let story = Story { place, server, cli };
    story.refund(&hop, "again");
    story.cli.ok(&["verify", "log"]);
}

#[test]
fn a_restored_log_is_read_without_its_private_keys_and_signs_nothing_even_where_its_anchor_vouches_for_it() {
    let (place, server) = begun();
    let known = server.append(&note(&place, "one"));
    let made = backup(&place, "backup");
    server.stop();
    let lost = lose(&place);
    for anchored in [true, false] {
        let anchor = fs::read(place.anchor()).unwrap();
        if !anchored {
            fs::remove_file(place.anchor()).unwrap();
        }
        assert_eq!(restore(&made, &place.data()).code, 0);
        let server = place.serve();
        check_resting(&place, &server, 3, &known);
        let why = server.http.json("/v1/log")["not_reconciled"].as_str().unwrap().to_owned();
        assert!(why.contains("without its private keys"), "{why}");
        server.stop();
        let fsck = writd(&["fsck", "--data", text(&place.data())]);
        assert_eq!(fsck.code, if anchored { 0 } else { 15 }, "{fsck}");
        assert!(anchored || fsck.stdout.starts_with("NOT RECONCILED: "), "{fsck}");
        assert_eq!(place.anchor().exists(), anchored, "it makes none");
        if anchored {
            fs::remove_dir_all(place.data()).unwrap();
            fs::write(place.anchor(), anchor).unwrap();
        }
    }
    let data = place.data();
    let accept = ["reconcile", "--data", text(&data), "--accept-loss", "--yes", "--json"];
    let ran = writd(&accept);
    assert!(ran.code == 1 && ran.json()["schema"] == "writ.error/1", "the entry is to be signed: {ran}");
    copy_folder(&lost.join("keys"), &place.data().join("keys"));
    let ran = writd(&accept);
    assert_eq!((ran.code, ran.json()["size"].as_u64()), (0, Some(3)), "{ran}");
    place.serve().append(&note(&place, "two"));
}

#[test]
fn what_the_keeping_commands_say_is_one_document_of_the_form_that_it_names() {
    let (place, server) = begun();
    let (dest, data) = (place.path().join("backup"), place.path().join("elsewhere"));
    let ran = writd(&["backup", text(&dest), "--data", text(&place.data()), "--json"]);
    let made = ran.json();
    assert_eq!(
        (ran.code, &made["schema"], &made["hot"]),
        (0, &"writ.backup-made/1".into(), &true.into()),
        "{ran}"
    );
    server.stop();
    let manifest = Ran {
        code: 0,
        stdout: fs::read_to_string(dest.join("manifest.json")).unwrap(),
        stderr: String::new(),
    };
    assert_eq!(manifest.json()["head"]["size"], made["size"]);
    let ran = writd(&["restore", text(&dest), "--data", text(&data), "--json"]);
    assert_eq!((ran.code, &ran.json()["reconciled"]), (0, &false.into()), "{ran}");
    let ran = writd(&["reindex", "--data", text(&place.data()), "--json"]);
    let reindexed = ran.json();
    assert_eq!(
        (ran.code, &reindexed["schema"], &reindexed["size"]),
        (0, &"writ.reindexed/1".into(), &made["size"])
    );
    let ran = writd(&["compact", "--data", text(&place.data()), "--json"]);
    let compacted = ran.json();
    assert_eq!((ran.code, &compacted["schema"]), (0, &"writ.compacted/1".into()), "{ran}");
    let columns = compacted["columns"].as_array().unwrap().iter();
    let rows: u64 = columns.map(|column| column["bytes"].as_u64().unwrap()).sum();
    assert!((1..=compacted["after"].as_u64().unwrap()).contains(&rows), "{ran}");
    let checked = writd(&["fsck", "--data", text(&place.data()), "--json"]);
    assert_eq!((checked.code, &checked.json()["size"]), (0, &made["size"]), "{checked}");
    for refused in [
        &["backup", text(&dest), "--data", text(&place.data())][..],
        &["compact", "--data", text(&dest)],
        &["restore", text(&dest), "--data", text(&place.data())],
        &["reindex", "--data", text(&dest)],
        &["reconcile", "--data", text(&data), "--accept-loss"],
    ] {
        let ran = writd(&[refused, &["--json"]].concat());
        let document = ran.json();
        assert_eq!(
            (&document["schema"], document["exit"].as_i64()),
            (&"writ.error/1".into(), Some(i64::from(ran.code)))
        );
        assert!(ran.code != 0 && !document["error"]["try"].as_str().unwrap().is_empty(), "{ran}");
    }
}
