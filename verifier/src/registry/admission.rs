//! Whether a statement may stand at a position of the log. The ledger asks before it appends, the verifier again afterwards.
//!
//! Admission says nothing about authority: whatever is validly signed is recorded, however bad the chain it describes.

use schemas::envelope::Statement;
use schemas::ids::LogId;
use schemas::payload::Body;
use schemas::text::PrincipalId;
use schemas::time::{Index, Time};
use thiserror::Error;

use super::entitlement::{Assurance, NotEntitled, entitle};
use super::registration::{self, RegistrationError};
use super::{KeyError, Registry};

/// Why a statement may not stand at a position.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Refusal {
    /// It is meant for another log.
    #[error("the statement is for log {got}; this is log {expected}")]
    WrongLog {
        /// This log.
        expected: LogId,
        /// The log that the statement names.
        got: LogId,
    },
    /// A second genesis.
    #[error("a log has one genesis, at index 0")]
    SecondGenesis,
    /// The key cannot speak here.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The issuer is not the key's principal.
    #[error("the statement is issued by {got}; its key belongs to {expected}")]
    Issuer {
        /// Whose key it is.
        expected: PrincipalId,
        /// Who the statement says issued it.
        got: PrincipalId,
    },
    /// No role of the key covers the statement.
    #[error(transparent)]
    NotEntitled(#[from] NotEntitled),
    /// A change of keys that cannot take effect.
    #[error(transparent)]
    Registration(#[from] RegistrationError),
}

impl Refusal {
    /// Stable name of this refusal.
    pub fn code(&self) -> &'static str {
        match self {
            Self::WrongLog { .. } => "wrong-log",
            Self::SecondGenesis => "second-genesis",
            Self::Key(key) => key.code(),
            Self::Issuer { .. } => "issuer-mismatch",
            Self::NotEntitled(role) => role.code(),
            Self::Registration(registration) => registration.code(),
        }
    }
}

/// Whether the statement, whose signature has been checked, may stand at `index` with `time`; how well it is vouched for.
pub fn admit(
    registry: &Registry,
    statement: &Statement,
    index: Index,
    time: Time,
) -> Result<Assurance, Refusal> {
    if let Some(log) = statement.payload.log
        && log != registry.log()
    {
        return Err(Refusal::WrongLog { expected: registry.log(), got: log });
    }
    match &statement.payload.body {
        Body::Genesis(_) if index == Index(0) && registry.log() == statement.id().into() => {
            return Ok(Assurance::Signed);
        }
        Body::Genesis(_) => return Err(Refusal::SecondGenesis),
        _ => {}
    }
    let key = registry.key_at(&statement.envelope.kid, index, time)?;
    if key.principal != statement.envelope.iss {
        return Err(Refusal::Issuer { expected: key.principal.clone(), got: statement.envelope.iss.clone() });
    }
    let assurance = entitle(key, statement, index)?;
    if let Body::Key(change) = &statement.payload.body {
        registration::check(registry, key, change, index)?;
    }
    Ok(assurance)
}
