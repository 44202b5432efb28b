//! Every bound of the HTTP side, with its unit.

use std::time::Duration;

/// Most connections at once; more wait to be accepted.
pub const CONNECTIONS_MAX: usize = 1_024;

/// How long clients may take.
#[derive(Clone, Copy, Debug)]
pub struct Timeouts {
    /// To send the next request's head, counted also while nothing at all is sent.
    pub head: Duration,
    /// To send a body.
    pub body: Duration,
    /// To go on reading an answer.
    pub write: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self { head: Duration::from_secs(10), body: Duration::from_secs(30), write: Duration::from_secs(30) }
    }
}

/// How long open requests may take to end once the program is told to stop.
pub const STOP_TIMEOUT: Duration = Duration::from_secs(10);

/// Most bytes of all header names and values.
pub const HEADERS_BYTES_MAX: usize = 16 * 1024;

/// Most header fields.
pub const HEADERS_MAX: usize = 64;

/// Most bytes of a path with its query.
pub const URI_BYTES_MAX: usize = 8 * 1024;

/// Bytes of a connection's read buffer: more than headers may have, so that the refusal can be put into words.
pub const READ_BUFFER_BYTES: usize = 64 * 1024;
