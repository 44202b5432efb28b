//! Being asked to stop: the first Ctrl-C or SIGTERM lets long work end where it can be taken up again, the second ends it at once.

use std::process;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use tokio::runtime::Builder;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;

/// Whether somebody asked for an end.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stop {
    shared: Arc<(Mutex<bool>, Condvar)>,
}

impl Stop {
    /// From now on a signal asks for an end, which `ending` announces, and another one ends the program.
    pub(crate) fn listen(output: Output, ending: &'static str) -> Result<Self, Failure> {
        let failed = |e: std::io::Error| Failure::new("signals", e.to_string());
        let runtime = Builder::new_current_thread().enable_io().build().map_err(failed)?;
        let _in_runtime = runtime.enter();
        let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
        let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
        drop(_in_runtime);
        let stop = Self::default();
        let asked = stop.clone();
        thread::spawn(move || {
            runtime.block_on(either(&mut interrupt, &mut terminate));
            output.message(&format!("{ending} (once more: at once)"));
            asked.ask();
            runtime.block_on(either(&mut interrupt, &mut terminate));
            process::exit(i32::from(Exit::Stopped.code()));
        });
        Ok(stop)
    }

    /// Asks for an end.
    pub(crate) fn ask(&self) {
        *self.lock() = true;
        self.shared.1.notify_all();
    }

    /// Whether an end was asked for.
    pub(crate) fn asked(&self) -> bool {
        *self.lock()
    }

    /// Waits so long, unless an end is asked for: then it says so.
    pub(crate) fn asked_within(&self, pause: Duration) -> bool {
        let waited = self.shared.1.wait_timeout_while(self.lock(), pause, |asked| !*asked);
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }

    fn lock(&self) -> MutexGuard<'_, bool> {
        self.shared.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn either(interrupt: &mut Signal, terminate: &mut Signal) {
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
}

/// The end that was asked for, before the work was done.
pub(crate) fn stopped(what: impl Into<String>, next: impl Into<String>) -> Failure {
    Failure::new("stopped", what).exit(Exit::Stopped).next(next)
}

/// The command line that this program was started with, ready to be given again.
pub(crate) fn command_line() -> String {
    let arguments = std::env::args_os().skip(1).map(|argument| quoted(&argument.to_string_lossy()));
    ["writ".to_owned()].into_iter().chain(arguments).collect::<Vec<_>>().join(" ")
}

/// One word of a POSIX shell.
fn quoted(argument: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,".contains(c);
    if !argument.is_empty() && argument.chars().all(plain) {
        return argument.into();
    }
    format!("'{}'", argument.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_waits_is_woken_once_an_end_is_asked_for() {
        let stop = Stop::default();
        assert!(!stop.asked() && !stop.asked_within(Duration::from_millis(1)));
        let waits = stop.clone();
        let waiting = thread::spawn(move || waits.asked_within(Duration::from_secs(600)));
        stop.ask();
        assert!(waiting.join().unwrap() && stop.asked());
    }

    #[test]
    fn a_command_line_is_given_back_as_a_shell_takes_it() {
        let words =
            [("verify", "verify"), ("a b", "'a b'"), ("it's", r"'it'\''s'"), ("", "''"), ("#1", "'#1'")];
        for (word, expected) in words {
            assert_eq!(quoted(word), expected);
        }
    }
}
