//! `writd` under strace, which makes a chosen system call fail or kills the process at it.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::harness::{SOON, program};

/// System calls that change what is stored, or tell somebody.
pub(crate) const CALLS: [&str; 12] = [
    "write",
    "pwrite64",
    "writev",
    "fsync",
    "fdatasync",
    "sync_file_range",
    "rename",
    "link",
    "unlink",
    "ftruncate",
    "fallocate",
    "openat",
];

/// Which threads of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Threads {
    All,
    /// Those whose name begins so. Calls are counted thread by thread, so one thread alone is met at each of its calls.
    Named(&'static str),
}

/// strace, attached to a process; ends with it.
#[derive(Debug)]
pub(crate) struct Tracer {
    child: Child,
}

/// `writd` from its first instruction on under strace with these options. The process is `writd` itself.
pub(crate) fn command(options: &[String]) -> Command {
    let mut command = Command::new("strace");
    command.args(["-D", "-f", "-qq", "-o", "/dev/null"]).args(options).arg(program("writd"));
    command
}

/// Kills at the `nth` such call of a thread.
pub(crate) fn kill_at(call: &str, nth: u64) -> Vec<String> {
    vec!["-e".into(), format!("trace={call}"), "-e".into(), format!("inject={call}:signal=KILL:when={nth}")]
}

impl Tracer {
    /// Attaches with these options, and returns once it traces.
    pub(crate) fn attach(pid: u32, threads: Threads, options: &[String], output: &Path) -> Self {
        let mut command = Command::new("strace");
        command.args(["-qq", "-o"]).arg(output).args(options);
        let traced = match threads {
            Threads::All => vec![pid],
            Threads::Named(name) => named(pid, name),
        };
        for thread in &traced {
            command.args(["-p", &thread.to_string()]);
        }
        if threads == Threads::All {
            command.arg("-f");
        }
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let tracer = Self { child };
        let all = if threads == Threads::All { tasks(pid) } else { traced };
        let begun = Instant::now();
        while !all.iter().all(|thread| is_traced(pid, *thread)) {
            assert!(begun.elapsed() < SOON, "strace does not attach to {all:?}");
            thread::sleep(Duration::from_millis(2));
        }
        tracer
    }

    /// Waits for the end of what is traced.
    pub(crate) fn ended(mut self) {
        let begun = Instant::now();
        while self.child.try_wait().unwrap().is_none() {
            assert!(begun.elapsed() < SOON, "strace does not end");
            thread::sleep(Duration::from_millis(2));
        }
    }
}

impl Drop for Tracer {
    fn drop(&mut self) {
        // Killed, strace lets go of what it traces.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The threads of a process.
fn tasks(pid: u32) -> Vec<u32> {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).unwrap();
    tasks.filter_map(|task| task.unwrap().file_name().to_str()?.parse().ok()).collect()
}

/// The threads of this name. A new thread names itself a moment after it began.
fn named(pid: u32, name: &str) -> Vec<u32> {
    let is_it = |task: &u32| {
        fs::read_to_string(format!("/proc/{pid}/task/{task}/comm")).is_ok_and(|comm| comm.starts_with(name))
    };
    let begun = Instant::now();
    loop {
        let found: Vec<u32> = tasks(pid).into_iter().filter(is_it).collect();
        if !found.is_empty() {
            return found;
        }
        assert!(begun.elapsed() < SOON, "no thread {name}");
        thread::sleep(Duration::from_millis(2));
    }
}

fn is_traced(pid: u32, task: u32) -> bool {
    // A thread that has ended needs no tracer.
    fs::read_to_string(format!("/proc/{pid}/task/{task}/status"))
        .map_or(true, |status| !status.lines().any(|line| line == "TracerPid:\t0"))
}
