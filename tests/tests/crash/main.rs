//! Faults from outside: the real `writd` is killed, cut off from power, starved of space and lied to, at every place where that
//! can matter; afterwards every receipt that its client holds must verify, or it must refuse to start and say why.
//!
//! `make crash` runs all of it (`WRIT_CRASH=long`), `make test` a part. A word on the command line runs the cases whose names
//! hold it. What the machine does not allow is skipped, named and counted. The controls switch the syncs off; they must lose.

mod clock;
mod copies;
mod figures;
mod full;
#[path = "../programs/harness/mod.rs"]
#[expect(
    dead_code,
    unused_imports,
    reason = "shared with the other tests of whole programs, which use the rest"
)]
mod harness;
mod io_errors;
mod kill;
mod machine;
mod mount;
mod power;
mod receipts;
mod strace;
mod trial;
mod wal;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::time::Instant;

use figures::{Case, Figures, Table};
use machine::Needs;

/// How much is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// Within a minute, as a part of all tests.
    Short,
    /// Every place of every system call, many power cuts.
    Long,
}

/// Every case: its name, what it needs of the machine, and what it does.
const CASES: &[Case] = &[
    Case {
        name: "kill, appending: each system call of the sequencer",
        needs: Needs::STRACE,
        run: kill::appending,
    },
    Case {
        name: "kill, appending: each system call of all threads",
        needs: Needs::STRACE,
        run: kill::answering,
    },
    Case { name: "kill, starting: each system call", needs: Needs::STRACE, run: kill::starting },
    Case {
        name: "kill, flushing: each system call of the store's threads",
        needs: Needs::STRACE,
        run: kill::flushing,
    },
    Case {
        name: "kill, writing out the index: each system call of its thread",
        needs: Needs::STRACE,
        run: kill::writing_out,
    },
    Case {
        name: "kill, making the index again by writd reindex",
        needs: Needs::STRACE,
        run: kill::reindexing,
    },
    Case {
        name: "kill, making the index again at the start",
        needs: Needs::STRACE,
        run: kill::reindexing_at_start,
    },
    Case { name: "power cut, torn writes", needs: Needs::POWER, run: power::cut },
    Case {
        name: "control: power cut, syncs switched off",
        needs: Needs::POWER_AND_STRACE,
        run: power::control,
    },
    Case { name: "disk full", needs: Needs::MOUNT, run: full::disk },
    Case { name: "no space (ENOSPC) at a write", needs: Needs::STRACE, run: io_errors::no_space },
    Case { name: "EIO at a write", needs: Needs::STRACE, run: io_errors::write },
    Case { name: "EIO at a sync", needs: Needs::STRACE, run: io_errors::sync },
    Case { name: "WAL cut at a record boundary, or emptied", needs: Needs::NOTHING, run: wal::cut },
    Case { name: "WAL with a torn record behind the last", needs: Needs::NOTHING, run: wal::torn_tail },
    Case { name: "WAL torn within the last record", needs: Needs::NOTHING, run: wal::torn_last },
    Case { name: "a bit flipped in each kind of file", needs: Needs::NOTHING, run: copies::flipped },
    Case { name: "older copy of the folder", needs: Needs::NOTHING, run: copies::older },
    Case {
        name: "control: older copy with its own older anchor",
        needs: Needs::NOTHING,
        run: copies::older_with_anchor,
    },
    Case { name: "anchor: one slot damaged", needs: Needs::NOTHING, run: copies::one_slot },
    Case { name: "anchor: damaged or missing", needs: Needs::NOTHING, run: copies::no_anchor },
    Case { name: "two processes on one folder", needs: Needs::NOTHING, run: copies::two_processes },
    Case { name: "clock: behind the head at start", needs: Needs::CLOCK, run: clock::behind_at_start },
    Case { name: "clock: ahead at start, then right again", needs: Needs::CLOCK, run: clock::ahead_at_start },
    Case { name: "clock: jumps while running", needs: Needs::CLOCK, run: clock::jumps },
    Case { name: "clock: steps within the limits", needs: Needs::CLOCK, run: clock::steps },
];

fn main() -> ExitCode {
    let form = match std::env::var("WRIT_CRASH").as_deref() {
        Ok("long") => Form::Long,
        _ => Form::Short,
    };
    let words: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let mut table = Table::new(form);
    for case in CASES.iter().filter(|case| words.iter().all(|word| case.name.contains(word.as_str()))) {
        if let Some(missing) = case.needs.missing() {
            table.skipped(case, &missing);
            continue;
        }
        let mut figures = Figures::default();
        let begun = Instant::now();
        let ended = catch_unwind(AssertUnwindSafe(|| (case.run)(form, &mut figures)));
        table.ran(case, figures, begun.elapsed(), ended.is_ok());
    }
    table.close()
}
