//! SIGKILL at each system call that writes, syncs, links, renames, removes, cuts or makes a file.

use std::path::Path;

use crate::Form;
use crate::figures::Figures;
use crate::harness::{Http, Ran, SOON, Server};
use crate::receipts::End;
use crate::strace::{self, CALLS, Threads, Tracer, kill_at};
use crate::trial::{Base, LARGE_AT_ONCE, Trial};

/// More calls of one kind than any run makes: a run that is never untouched is a mistake of the test.
const CALLS_MAX: u64 = 1_000;

/// Bytes that fill the memory for one column's rows (`WRITE_BUFFER_BYTES` in the store), so that they are flushed.
const FLUSHED_BYTES: usize = 66 * 1024 * 1024;

/// The thread that appends: each of its calls, one after the other.
pub(crate) fn appending(form: Form, figures: &mut Figures) {
    let calls: &[&str] = if form == Form::Long { &CALLS } else { &["write", "pwrite64", "fdatasync"] };
    let places: &[u64] = &[1, 2, 6];
    attached(form, figures, Threads::Named("sequencer"), calls, places);
}

/// All threads at once: answers are cut off, too.
pub(crate) fn answering(form: Form, figures: &mut Figures) {
    let calls: Vec<&str> = CALLS.into_iter().chain(["sendto", "sendmsg"]).collect();
    let calls: &[&str] = if form == Form::Long { &calls } else { &["writev", "sendto"] };
    attached(form, figures, Threads::All, calls, &[1, 3]);
}

/// The thread that writes ids and terms to files, which a clean stop has it do: each of its calls, one after the other.
pub(crate) fn writing_out(form: Form, figures: &mut Figures) {
    let calls: &[&str] = if form == Form::Long { &CALLS } else { &["write", "link", "fdatasync", "unlink"] };
    attached(form, figures, Threads::Named("index"), calls, &[1, 2]);
}

/// From the first instruction on, over a store whose write-ahead log is full: it is read, written into table files and replaced.
pub(crate) fn starting(form: Form, figures: &mut Figures) {
    let base = Base::new();
    let calls: &[&str] = if form == Form::Long { &CALLS } else { &["write", "fsync", "rename", "unlink"] };
    for call in calls {
        each_place(form, &[5], |nth| {
            let mut trial = base.trial();
            trial.fill_and_kill();
            let command = strace::command(&kill_at(call, nth));
            let untouched = match Server::spawn(command, &trial.data(), &trial.anchor(), &[]) {
                Ok(server) => run(&mut trial, server),
                // It was killed, which is no exit code; it never says no.
                Err(ran) if ran.code == -1 => false,
                Err(ran) => panic!("{call} {nth}: {ran}"),
            };
            finish(trial, figures, untouched)
        });
    }
    note_places(figures, form);
}

/// While `writd reindex` makes the index again.
pub(crate) fn reindexing(form: Form, figures: &mut Figures) {
    let base = Base::new();
    for call in index_calls(form) {
        each_place(form, &[2, 5], |nth| {
            let mut trial = base.trial();
            trial.fill_and_kill();
            let ran = reindex(&trial, &kill_at(call, nth));
            assert!(ran.code == 0 || ran.code == -1, "{call} {nth}: {ran}");
            finish(trial, figures, ran.code == 0)
        });
    }
    note_places(figures, form);
}

/// While a start makes an index again that somebody was killed over.
pub(crate) fn reindexing_at_start(form: Form, figures: &mut Figures) {
    let base = Base::new();
    // The sync behind which the last trial's index was unfinished: most likely the next one's is, too.
    let mut likely = 1;
    for call in index_calls(form) {
        each_place(form, &[5], |nth| {
            let mut trial = base.trial();
            trial.fill_and_kill();
            likely = leave_unfinished(&trial, likely);
            let command = strace::command(&kill_at(call, nth));
            let untouched = match Server::spawn(command, &trial.data(), &trial.anchor(), &[]) {
                Ok(server) => run(&mut trial, server),
                Err(ran) if ran.code == -1 => false,
                Err(ran) => panic!("{call} {nth}: {ran}"),
            };
            finish(trial, figures, untouched)
        });
    }
    note_places(figures, form);
}

/// Kills `writd reindex` at one sync after the other, at this one first, until the index is unfinished; at which that was.
fn leave_unfinished(trial: &Trial<'_>, likely: u64) -> u64 {
    let unfinished = |sync: &u64| {
        let ran = reindex(trial, &kill_at("fdatasync", *sync));
        assert_eq!(ran.code, -1, "it is never unfinished: {ran}");
        crate::harness::fsck(&trial.data()).stdout.contains("index-unfinished")
    };
    std::iter::once(likely).chain(1..CALLS_MAX).find(unfinished).expect("it is never unfinished")
}

fn index_calls(form: Form) -> &'static [&'static str] {
    if form == Form::Long { &CALLS } else { &["write", "fdatasync"] }
}

/// `writd reindex` under strace.
fn reindex(trial: &Trial<'_>, options: &[String]) -> Ran {
    let mut command = strace::command(options);
    command.args(["reindex", "--data"]).arg(trial.data());
    Ran::of(&mut assert_cmd::Command::from_std(command))
}

/// While rows are written from memory into table files and the write-ahead log is exchanged for a new one.
pub(crate) fn flushing(form: Form, figures: &mut Figures) {
    if form == Form::Short {
        figures.long_only = true;
        return;
    }
    let base = Base::new();
    let large: Vec<Vec<Vec<u8>>> = large_batches(&base);
    for threads in [Threads::Named("rocksdb"), Threads::Named("sequencer")] {
        // The sequencer writes a call or two for each batch; what is new here is the change of logs.
        let calls: &[&str] = match threads {
            Threads::Named("sequencer") => &["openat", "fsync"],
            _ => &CALLS,
        };
        for call in calls {
            // A run takes seconds: the 1st, 2nd, 4th, 8th … call.
            for nth in (0..).map(|power| 1 << power).take_while(|nth| *nth < CALLS_MAX) {
                let mut trial = base.trial();
                let server = trial.start().unwrap();
                let tracer =
                    Tracer::attach(server.pid(), threads, &kill_at(call, nth), Path::new("/dev/null"));
                for batch in &large {
                    if trial.receipts.request(&server.http, batch).is_err() {
                        break;
                    }
                }
                let untouched = run(&mut trial, server);
                drop(tracer);
                if finish(trial, figures, untouched) {
                    break;
                }
            }
        }
    }
    figures.notes.push("the 1st, 2nd, 4th, 8th … place".into());
}

fn large_batches(base: &Base) -> Vec<Vec<Vec<u8>>> {
    let one = base.large("").len();
    let statements: Vec<Vec<u8>> =
        (0..FLUSHED_BYTES / one).map(|number| base.large(&number.to_string())).collect();
    statements.chunks(LARGE_AT_ONCE).map(<[Vec<u8>]>::to_vec).collect()
}

/// Attaches to a running server, sends the script, stops the server; kills it at each place.
fn attached(form: Form, figures: &mut Figures, threads: Threads, calls: &[&str], places: &[u64]) {
    let base = Base::new();
    for call in calls {
        each_place(form, places, |nth| {
            let mut trial = base.trial();
            let server = trial.start().unwrap();
            let tracer = Tracer::attach(server.pid(), threads, &kill_at(call, nth), Path::new("/dev/null"));
            let untouched = run(&mut trial, server);
            drop(tracer);
            finish(trial, figures, untouched)
        });
    }
    note_places(figures, form);
}

/// Sends the script and stops the server; whether nothing happened to it.
fn run(trial: &mut Trial<'_>, server: Server) -> bool {
    let end = trial.receipts.send(&server.http, &trial.base.script);
    if let End::Refused(answer) = &end {
        panic!("{}: {}", answer.status, answer.text());
    }
    if !matches!(end, End::Done) {
        assert!(is_gone(&server.http), "no answer from a server that runs");
    }
    server.terminate();
    let ended = server.ended(SOON).expect("writd did not end");
    matches!(end, End::Done) && ended.success()
}

fn is_gone(http: &Http) -> bool {
    http.request("GET", "/livez", &[], &[]).is_err()
}

/// Counts a killed run; one that nothing happened to only ends the row.
fn finish(trial: Trial<'_>, figures: &mut Figures, untouched: bool) -> bool {
    if !untouched {
        trial.must_recover(figures);
    }
    untouched
}

/// In the long form every place until a run is untouched, otherwise these.
fn each_place(form: Form, places: &[u64], mut at: impl FnMut(u64) -> bool) {
    match form {
        Form::Short => places.iter().for_each(|nth| {
            at(*nth);
        }),
        Form::Long => {
            let untouched = (1..CALLS_MAX).any(at);
            assert!(untouched, "{CALLS_MAX} calls and no end");
        }
    }
}

fn note_places(figures: &mut Figures, form: Form) {
    let which = if form == Form::Long { "every place" } else { "some places" };
    figures.notes.push(which.into());
}
