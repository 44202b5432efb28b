//! A folder or an anchor that is not the one that was left behind.

use std::fs;
use std::path::PathBuf;

use crate::Form;
use crate::figures::Figures;
use crate::harness::{Server, copy_folder, files_below};
use crate::receipts::{End, check};
use crate::trial::{Base, ROLLBACK, Trial};

/// Distance between the two slots of an anchor, in bytes.
const SLOT_BYTES: usize = 4096;

/// Filled, with what was there before beside it.
fn filled_beside_older(base: &Base) -> Trial<'_> {
    let mut trial = base.trial();
    copy_folder(&trial.data(), &trial.path("older"));
    fs::copy(trial.anchor(), trial.path("older.anchor")).unwrap();
    trial.fill_and_kill();
    trial
}

fn put_older_back(trial: &Trial<'_>) {
    fs::remove_dir_all(trial.data()).unwrap();
    copy_folder(&trial.path("older"), &trial.data());
}

/// The anchor is not in the folder, so it is not rolled back with it.
pub(crate) fn older(_: Form, figures: &mut Figures) {
    let base = Base::new();
    let trial = filled_beside_older(&base);
    put_older_back(&trial);
    trial.must_refuse(figures, ROLLBACK, &["rollback: the store has size", "says that this log had size"]);
}

/// Control: both rolled back together. Nothing on this machine can tell; whoever holds a receipt or a head can.
pub(crate) fn older_with_anchor(_: Form, figures: &mut Figures) {
    let base = Base::new();
    let trial = filled_beside_older(&base);
    put_older_back(&trial);
    fs::copy(trial.path("older.anchor"), trial.anchor()).unwrap();
    let server = trial.start().unwrap();
    let receipts = trial.receipts.load();
    let checked = check(&base.place, &server.http, &receipts);
    figures.runs += 1;
    figures.acknowledged += receipts.len() as u64;
    figures.recovered += checked.honoured;
    figures.lost += checked.lost.len() as u64;
    figures.notes.push("seen by the holders of receipts only".into());
}

/// The older slot was being written: the newer one holds. The newer one is damaged: the store is one group ahead, and is verified.
pub(crate) fn one_slot(_: Form, figures: &mut Figures) {
    let base = Base::new();
    for slot in 0..2 {
        for damage in [&[0xff; 1][..], &[0; SLOT_BYTES][..]] {
            let mut trial = base.trial();
            trial.fill_and_kill();
            let mut bytes = fs::read(trial.anchor()).unwrap();
            bytes[slot * SLOT_BYTES..slot * SLOT_BYTES + damage.len()].copy_from_slice(damage);
            fs::write(trial.anchor(), bytes).unwrap();
            trial.must_recover(figures);
        }
    }
}

/// Without an anchor a rollback cannot be told, so there is no start.
pub(crate) fn no_anchor(_: Form, figures: &mut Figures) {
    let base = Base::new();
    let filled = || {
        let mut trial = base.trial();
        trial.fill_and_kill();
        trial
    };
    let trial = filled();
    fs::remove_file(trial.anchor()).unwrap();
    trial.must_refuse(figures, ROLLBACK, &["there is no anchor"]);
    let trial = filled();
    let bytes = fs::read(trial.anchor()).unwrap();
    fs::write(trial.anchor(), vec![0; bytes.len()]).unwrap();
    trial.must_refuse(figures, ROLLBACK, &["neither of its two slots is whole"]);
    let trial = filled();
    fs::write(trial.anchor(), &bytes[..SLOT_BYTES]).unwrap();
    trial.must_refuse(figures, ROLLBACK, &["is damaged"]);
    let other = Base::new();
    let trial = filled();
    fs::copy(other.place.anchor(), trial.anchor()).unwrap();
    trial.must_refuse(figures, ROLLBACK, &["belongs to log"]);
}

/// The second does not start, and the first goes on.
pub(crate) fn two_processes(_: Form, figures: &mut Figures) {
    let base = Base::new();
    let mut trial = base.trial();
    let server = trial.start().unwrap();
    let (first, rest) = base.script.split_at(2);
    assert!(matches!(trial.receipts.send(&server.http, first), End::Done));
    let refused = Server::start(&trial.data(), &trial.anchor()).expect_err("two writd serve one folder");
    assert_eq!(refused.code, 1, "{refused}");
    assert!(refused.stderr.contains("stop the other writd first"), "{refused}");
    *figures.refused.entry("exit 1, the folder is held".into()).or_default() += 1;
    assert!(matches!(trial.receipts.send(&server.http, rest), End::Done));
    server.kill();
    trial.must_recover(figures);
}

/// One bit in the middle of each kind of file. It is refused, or all receipts hold.
pub(crate) fn flipped(form: Form, figures: &mut Figures) {
    let base = Base::new();
    let parts: &[usize] = if form == Form::Long { &[1, 2, 3, 5, 7, 8] } else { &[2] };
    let mut kinds: Vec<String> = Vec::new();
    let few = |relative: &PathBuf| form == Form::Long || relative.starts_with("store");
    for relative in kinds_of_files(&base).into_iter().filter(few) {
        kinds.push(kind(&relative));
        for part in parts {
            let mut trial = base.trial();
            trial.fill_and_kill();
            let path = trial.data().join(&relative);
            let path = if path.is_file() { path } else { trial.wal() };
            let mut bytes = fs::read(&path).unwrap();
            let at = bytes.len() * part / 9;
            if let Some(byte) = bytes.get_mut(at) {
                *byte ^= 1;
            }
            fs::write(&path, bytes).unwrap();
            match trial.start() {
                Ok(server) => {
                    server.kill();
                    trial.must_recover(figures);
                }
                Err(ran) => {
                    assert!([1, 10, 15].contains(&ran.code), "{}: {ran}", path.display());
                    trial.must_refuse(figures, ran.code, &["writd: ", "next: "]);
                }
            }
        }
    }
    kinds.sort();
    kinds.dedup();
    figures.notes.push(format!("{}; all bytes: `programs flips`", kinds.join(" ")));
}

/// One file of each kind below the folder.
fn kinds_of_files(base: &Base) -> Vec<PathBuf> {
    let data = base.place.data();
    let mut files: Vec<PathBuf> = Vec::new();
    for path in files_below(&data) {
        let relative = path.strip_prefix(&data).unwrap().to_owned();
        let unread = ["LOG", "LOCK", "IDENTITY"].iter().any(|name| kind(&relative).starts_with(name));
        if !unread && !files.iter().any(|other| kind(other) == kind(&relative)) {
            files.push(relative);
        }
    }
    files
}

/// The name without its number.
fn kind(path: &std::path::Path) -> String {
    let name = path.file_name().unwrap().to_string_lossy();
    name.trim_start_matches(|c: char| c.is_ascii_digit()).split('-').next().unwrap_or_default().to_owned()
}
