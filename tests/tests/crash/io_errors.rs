//! The file system says no once: the log stops there, and says so, until it is started again.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::Form;
use crate::figures::Figures;
use crate::harness::{Answer, Http, Server};
use crate::receipts::End;
use crate::strace::{Threads, Tracer};
use crate::trial::{Base, Trial};

/// Longest time until the health of a stopped log shows it (guarantee G3).
const RED_WITHIN: Duration = Duration::from_secs(1);

/// The device lost what was to be synced. The kernel reports that once: a second sync of the same file would succeed and mean
/// nothing, so there must be none.
pub(crate) fn sync(form: Form, figures: &mut Figures) {
    let places: &[u64] =
        if form == Form::Long { &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12] } else { &[1, 2, 5] };
    // The sequencer syncs the write-ahead log and the anchor in turn.
    at_each(figures, places, "fdatasync", "EIO", |_| None);
}

/// The write-ahead log cannot be written.
pub(crate) fn write(form: Form, figures: &mut Figures) {
    let places: &[u64] = if form == Form::Long { &[1, 2, 3, 4, 5, 6] } else { &[2] };
    at_each(figures, places, "write", "EIO", |trial| Some(trial.wal()));
    at_each(figures, places, "pwrite64", "EIO", |trial| Some(trial.anchor()));
}

/// The disk is full when the write-ahead log, or the anchor, is written.
pub(crate) fn no_space(form: Form, figures: &mut Figures) {
    let places: &[u64] = if form == Form::Long { &[1, 2, 3, 4, 5, 6] } else { &[2] };
    at_each(figures, places, "write", "ENOSPC", |trial| Some(trial.wal()));
    at_each(figures, places, "pwrite64", "ENOSPC", |trial| Some(trial.anchor()));
}

/// Lets the nth call fail, on one file or on any.
fn at_each(
    figures: &mut Figures,
    places: &[u64],
    call: &str,
    error: &str,
    file: impl Fn(&Trial<'_>) -> Option<PathBuf>,
) {
    let base = Base::new();
    for nth in places {
        let mut trial = base.trial();
        let server = trial.start().unwrap();
        let trace = trial.path("trace");
        let mut options: Vec<String> = vec![
            "-y".into(),
            "-e".into(),
            format!("trace={call},fsync,fdatasync"),
            "-e".into(),
            format!("inject={call}:error={error}:when={nth}"),
        ];
        if let Some(file) = file(&trial) {
            options.extend(["-P".into(), file.to_str().unwrap().to_owned()]);
        }
        let tracer = Tracer::attach(server.pid(), Threads::All, &options, &trace);
        let end = trial.receipts.send(&server.http, &base.script);
        let End::Refused(answer) = end else { panic!("{call} {nth} with {error}: {end:?}") };
        is_stopped(&answer, &mut trial, &server);
        // Also its end adds nothing.
        server.stop();
        tracer.ended();
        if call == "fdatasync" {
            never_synced_again(&fs::read_to_string(trace).unwrap());
        }
        trial.must_recover(figures);
    }
}

/// A log that stopped: no more is accepted, everybody is told, its health is red, and it can still be read.
pub(crate) fn is_stopped(answer: &Answer, trial: &mut Trial<'_>, server: &Server) {
    let http: &Http = &server.http;
    says_wait(answer);
    let begun = Instant::now();
    let health = http.get("/readyz");
    assert!(
        health.status == 503 && begun.elapsed() < RED_WITHIN,
        "{}: {}, after {}",
        health.status,
        health.text(),
        answer.text()
    );
    let known = trial.receipts.load().len();
    for request in &trial.base.script {
        let answer = trial.receipts.request(http, request).unwrap();
        // What is in the log already may be answered from there; nothing new is ever acknowledged.
        if answer.status == 200 {
            let results = answer.json()["results"].as_array().unwrap().clone();
            assert!(results.iter().all(|result| result["status"] == "duplicate"), "{}", answer.text());
        } else {
            says_wait(&answer);
        }
    }
    assert!(trial.receipts.load().len() >= known);
    assert_eq!(http.get("/livez").status, 200);
    // Not the checkpoint: it says at what time it was the latest, which a log whose clock is wrong cannot say.
    assert_eq!(http.get("/v1/entries?start=0").status, 200, "what is durable is still shown");
}

/// 503 with the time after which to come again.
fn says_wait(answer: &Answer) {
    assert_eq!(answer.status, 503, "{}", answer.text());
    let seconds = answer.header("retry-after").and_then(|seconds| seconds.parse::<u32>().ok());
    assert!(seconds.is_some_and(|seconds| seconds > 0), "no Retry-After: {}", answer.text());
    assert_eq!(answer.code(), "log-latched");
}

/// No file is synced after its sync had failed. (After a failed write it may be: nothing was written, and nothing is promised.)
fn never_synced_again(trace: &str) {
    let failed = trace.lines().position(|line| line.contains("(INJECTED)")).expect("nothing failed");
    let lines: Vec<&str> = trace.lines().collect();
    let file = path_of(lines[failed]).expect("a call without a file");
    let again = lines[failed + 1..].iter().find(|line| {
        ["fsync(", "fdatasync("].iter().any(|call| line.contains(call)) && path_of(line) == Some(file)
    });
    assert_eq!(again, None, "{file} was synced after it had failed");
}

/// The path in `call(7</path>`.
fn path_of(line: &str) -> Option<&str> {
    let (_, rest) = line.split_once('<')?;
    rest.split_once('>').map(|(path, _)| path)
}
