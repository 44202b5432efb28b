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
        if self.reason.get().is_none() {
            tracing::error!(reason, "the log is latched: nothing is accepted until it is started again");
        }
        // Losing the race to another reason is fine: the log is stopped either way.
        self.reason.get_or_init(|| reason);
        metrics::gauge!("writ_latched").set(1.0);
    }

    /// Why the log stopped.
    pub fn reason(&self) -> Option<&str> {
        self.reason.get().map(String::as_str)
    }
}
