//! Why a witness's folder cannot be used.

use std::io;
use std::path::{Path, PathBuf};

use schemas::note::VerifierKeyError;
use schemas::trust::{TrustError, TrustProblem};
use thiserror::Error;
use verifier::signature::SignatureError;

use crate::state::StateError;

/// Why a witness's folder cannot be used.
#[derive(Debug, Error)]
pub enum FolderError {
    /// There is no witness.
    #[error("there is no witness in {}", path.display())]
    Absent {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// Something is there already.
    #[error("{} is not empty", path.display())]
    Taken {
        /// The folder.
        path: PathBuf,
    },
    /// Another process has it.
    #[error("another process uses the witness in {}", path.display())]
    Held {
        /// The folder.
        path: PathBuf,
    },
    /// The witness's own key cannot be read.
    #[error("{}: {error}", path.display())]
    Key {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        error: VerifierKeyError,
    },
    /// The list of logs cannot be read.
    #[error("{}, line {}: {}", path.display(), error.line, error.problem)]
    Logs {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        error: TrustError,
    },
    /// Anything could be made to verify under this key.
    #[error("the key of {name} cannot be used: {error}")]
    Unusable {
        /// The log.
        name: String,
        /// What is wrong with the key.
        error: SignatureError,
    },
    /// A state is not there or not whole.
    #[error(transparent)]
    State(#[from] StateError),
    /// The file system said no.
    #[error("{} cannot be {action}: {error}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What was being done.
        action: &'static str,
        /// The system's words.
        error: io::Error,
    },
}

impl FolderError {
    pub(super) fn io(path: &Path, action: &'static str, error: io::Error) -> Self {
        Self::Io { path: path.to_owned(), action, error }
    }

    /// Stable name of the error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Absent { .. } => "witness-absent",
            Self::Taken { .. } => "witness-folder-taken",
            Self::Held { .. } => "witness-held",
            Self::Key { error, .. } => error.code(),
            Self::Logs { error, .. } => match error.problem {
                TrustProblem::DuplicateKey { .. } => "witness-log-known",
                _ => "witness-logs",
            },
            Self::Unusable { .. } => "witness-log-key",
            Self::State(error) => error.code(),
            Self::Io { .. } => "witness-io",
        }
    }
}
