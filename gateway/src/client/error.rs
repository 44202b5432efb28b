//! What can go wrong between here and a log's server.

use std::time::Duration;

use thiserror::Error;

use super::wire::Instead;

/// Why a request brought no usable answer.
#[derive(Debug, Error)]
pub enum ClientError {
    /// The server's address cannot be used.
    #[error("`{server}` is no server address: {detail}")]
    Address {
        /// What was given.
        server: String,
        /// What is wrong with it.
        detail: String,
    },
    /// No connection, or it broke off.
    #[error("{server} does not answer: {detail}")]
    Unreachable {
        /// The server.
        server: String,
        /// What the connection said.
        detail: String,
        /// Whether nothing listens at the address.
        refused: bool,
    },
    /// The server took longer than it may.
    #[error("{server} does not answer within {} s", limit.as_secs())]
    TimedOut {
        /// The server.
        server: String,
        /// How long it may take.
        limit: Duration,
    },
    /// The server said no (RFC 9457).
    #[error("{server} answers {status} to {request}: {detail}")]
    Refused {
        /// The server.
        server: String,
        /// Method and path.
        request: Box<str>,
        /// HTTP status.
        status: u16,
        /// The problem's stable code; `http-<status>` where the answer names none.
        code: String,
        /// The problem, in words.
        detail: String,
        /// How long the server asks to wait.
        retry_after: Option<Duration>,
        /// What it names instead, where nothing, or several things, are called as was asked.
        instead: Box<Instead>,
    },
    /// An answer that is not what the request asks for.
    #[error("{server} answers {request} with something else: {detail}")]
    Answer {
        /// The server.
        server: String,
        /// Method and path.
        request: String,
        /// What was met.
        detail: String,
    },
    /// An answer beyond its bound.
    #[error("{server} answers {request} with more than {max} bytes")]
    TooLarge {
        /// The server.
        server: String,
        /// Method and path.
        request: String,
        /// The bound, in bytes.
        max: u64,
    },
}

impl ClientError {
    /// Stable name of the error; of a refusal, the server's own.
    pub fn code(&self) -> &str {
        match self {
            Self::Address { .. } => "server-address",
            Self::Unreachable { .. } => "server-unreachable",
            Self::TimedOut { .. } => "server-timeout",
            Self::Refused { code, .. } => code,
            Self::Answer { .. } => "server-answer",
            Self::TooLarge { .. } => "server-answer-too-large",
        }
    }

    /// Whether the same request may bring an answer a little later.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::TimedOut { .. } => true,
            Self::Refused { status, .. } => matches!(status, 429 | 502 | 503 | 504),
            Self::Address { .. } | Self::Answer { .. } | Self::TooLarge { .. } => false,
        }
    }

    /// Whether the server says that what was asked for does not exist.
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::Refused { status: 404, .. })
    }
}
