//! A clock that is wrong: behind, ahead, or jumping.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use schemas::entry::Entry;

use crate::Form;
use crate::figures::Figures;
use crate::harness::{Http, Server, entries, program};
use crate::io_errors::is_stopped;
use crate::machine::run;
use crate::receipts::End;
use crate::trial::{Base, Trial};

/// The wall clock of a server: the file that says how far it is off, in milliseconds.
struct Offset(PathBuf);

impl Offset {
    fn set(&self, millis: i64) {
        // Replaced whole: the server reads it at every look at its clock.
        let new = self.0.with_extension("new");
        fs::write(&new, format!("{millis}\n")).unwrap();
        fs::rename(new, &self.0).unwrap();
    }
}

/// A server whose wall clock is off; the time that really passes stays as it is.
fn start(trial: &Trial<'_>, millis: i64) -> (Server, Offset) {
    let library = trial.path("clock.so");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/crash/clock.c");
    run("cc", &["-shared", "-fPIC", "-O2", "-o", library.to_str().unwrap(), source.to_str().unwrap()]);
    let offset = Offset(trial.path("offset"));
    offset.set(millis);
    let mut command = Command::new(program("writd"));
    command.env("LD_PRELOAD", library).env("WRIT_CLOCK_OFFSET", &offset.0);
    (Server::spawn(command, &trial.data(), &trial.anchor(), &[]).unwrap(), offset)
}

fn must_stop(trial: &mut Trial<'_>, server: &Server, figures: &mut Figures, why: &str) {
    let end = trial.receipts.send(&server.http, &trial.base.script[3..]);
    let End::Refused(answer) = end else { panic!("{why}: {end:?}") };
    is_stopped(&answer, trial, server);
    *figures.refused.entry(format!("503, {why}")).or_default() += 1;
}

fn goes_on(trial: &mut Trial<'_>, server: &Server, requests: usize) {
    let end = trial.receipts.send(&server.http, &trial.base.script[..requests]);
    assert!(matches!(end, End::Done), "{end:?}");
}

/// Entries would have to be dated before the last one.
pub(crate) fn behind_at_start(_: Form, figures: &mut Figures) {
    let base = Base::new();
    for millis in [-30_000, -86_400_000] {
        let mut trial = base.trial();
        let server = trial.start().unwrap();
        goes_on(&mut trial, &server, 3);
        server.kill();
        let (server, _offset) = start(&trial, millis);
        must_stop(&mut trial, &server, figures, "behind the head");
        server.kill();
        trial.must_recover(figures);
    }
}

/// How long nobody wrote cannot be known, so a start far ahead is believed. Right again, the clock is behind the head.
pub(crate) fn ahead_at_start(_: Form, figures: &mut Figures) {
    let base = Base::new();
    let mut trial = base.trial();
    let (server, _offset) = start(&trial, 3_600_000);
    goes_on(&mut trial, &server, 3);
    server.kill();
    let server = trial.start().unwrap();
    must_stop(&mut trial, &server, figures, "behind the head");
    server.kill();
    // The hour has passed.
    let (server, _offset) = start(&trial, 3_700_000);
    goes_on(&mut trial, &server, base.script.len());
    figures.runs += 1;
    let receipts = trial.receipts.load();
    let checked = crate::receipts::check(&base.place, &server.http, &receipts);
    figures.acknowledged += receipts.len() as u64;
    figures.recovered += checked.honoured;
    figures.lost += checked.lost.len() as u64;
}

/// Forward by more than passed and genesis allows, or back by more than a second.
pub(crate) fn jumps(form: Form, figures: &mut Figures) {
    let base = Base::new();
    let jumps: &[i64] = match form {
        Form::Long => &[15_000, 3_600_000, 86_400_000_000, -2_500, -3_600_000],
        Form::Short => &[15_000, -2_500],
    };
    for jump in jumps {
        let mut trial = base.trial();
        let (server, offset) = start(&trial, 0);
        goes_on(&mut trial, &server, 3);
        offset.set(*jump);
        must_stop(&mut trial, &server, figures, if *jump > 0 { "jumped ahead" } else { "jumped back" });
        // Right again, it stays stopped until it is started again.
        offset.set(0);
        let end = trial.receipts.send(&server.http, &base.script[4..]);
        assert!(matches!(end, End::Refused(_)), "{end:?}");
        server.kill();
        trial.must_recover(figures);
    }
}

/// What NTP does is borne, and times never decrease.
pub(crate) fn steps(_: Form, figures: &mut Figures) {
    let base = Base::new();
    let mut trial = base.trial();
    let (server, offset) = start(&trial, 0);
    for (requests, step) in [(1, 5_000), (2, 4_500), (3, 9_000), (5, 8_500)] {
        goes_on(&mut trial, &server, requests);
        offset.set(step);
    }
    goes_on(&mut trial, &server, base.script.len());
    never_decreases(&server.http);
    server.kill();
    let (server, _offset) = start(&trial, 20_000);
    never_decreases(&server.http);
    let receipts = trial.receipts.load();
    let checked = crate::receipts::check(&base.place, &server.http, &receipts);
    figures.runs += 1;
    figures.acknowledged += receipts.len() as u64;
    figures.recovered += checked.honoured;
    figures.lost += checked.lost.len() as u64;
}

fn never_decreases(http: &Http) {
    let times: Vec<u64> = entries(http).iter().map(|bytes| Entry::decode(bytes).unwrap().time.0).collect();
    assert!(times.is_sorted(), "{times:?}");
}
