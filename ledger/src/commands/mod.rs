//! The program's commands.

mod answer;
pub mod backup;
pub mod compact;
pub mod fsck;
pub mod init;
pub mod keys;
pub mod reconcile;
pub mod reindex;
pub mod restore;
pub mod serve;
mod stopped;

use std::fmt;
use std::path::Path;

use serde_json::json;

use crate::exit::Exit;

/// What to do about a store that an earlier version wrote.
const EARLIER_FORMAT: &str = "serve it with the version of writd that wrote it";

/// A command that failed: its exit code, what happened, and what to do next.
#[derive(Debug)]
pub struct Failure {
    /// Stable name, for programs.
    pub code: &'static str,
    /// How the program ends.
    pub exit: Exit,
    /// What was expected and what was met.
    pub what: String,
    /// What to do next.
    pub next: String,
}

impl Failure {
    /// A failure.
    pub fn new(exit: Exit, what: impl fmt::Display, next: impl Into<String>) -> Self {
        let code = match exit {
            Exit::Ok | Exit::Error => "failed",
            Exit::Usage => "usage",
            Exit::Tampered => "tampered",
            Exit::Rollback => "rollback",
        };
        Self { code, exit, what: what.to_string(), next: next.into() }
    }

    /// The same under a name of its own.
    #[must_use]
    pub fn code(self, code: &'static str) -> Self {
        Self { code, ..self }
    }

    /// What `--json` prints instead of an answer: `writ.error/1`.
    pub fn document(&self) -> String {
        let error = json!({"code": self.code, "what": self.what, "try": self.next});
        json!({"schema": "writ.error/1", "error": error, "exit": self.exit.code()}).to_string()
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.what)?;
        if self.next.is_empty() { Ok(()) } else { write!(f, "\nnext: {}", self.next) }
    }
}

/// A path as a shell takes it.
pub(crate) fn shell(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+,@%:=".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text
    } else {
        format!("'{}'", text.replace('\'', "'\\''"))
    }
}
