//! The latch: after the first failure nothing is acknowledged or signed until the program was started again.

use std::sync::OnceLock;

/// Unset until the first failure; then it keeps that failure's words.
#[derive(Debug, Default)]
pub struct Latch {
    reason: OnceLock<String>,
}

impl Latch {
    /// Stops the log. Only the first reason counts.
    pub fn set(&self, reason: String) {
        // Before anything is said about it: saying so may fail, and the log stops all the same.
        // Losing the race to another reason is fine: the log is stopped either way.
        let mut is_first = false;
        let reason = self.reason.get_or_init(|| {
            is_first = true;
            reason
        });
        metrics::gauge!("writ_latched").set(1.0);
        if is_first {
            tracing::error!(reason, "the log is latched: nothing is accepted until it is started again");
        }
    }

    /// Why the log stopped.
    pub fn reason(&self) -> Option<&str> {
        self.reason.get().map(String::as_str)
    }
}
