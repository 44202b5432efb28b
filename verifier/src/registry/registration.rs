//! What a `key` statement must show before it changes anything.

use schemas::ids::KeyId;
use schemas::kinds::{Key, KeyOp, Use, pop_bytes};
use schemas::text::PrincipalId;
use schemas::time::Index;
use thiserror::Error;

use super::{RegisteredKey, Registry, log_principal};
use crate::signature::{CheckedKey, SignatureError};

/// Why a `key` statement cannot take effect.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RegistrationError {
    /// `kid` is not the thumbprint of `public`.
    #[error("kid {got} is not the thumbprint of the public key, {expected}")]
    Thumbprint {
        /// Thumbprint of the key.
        expected: KeyId,
        /// The kid stated.
        got: KeyId,
    },
    /// The key is no point of the curve, weak, or did not sign the proof of possession.
    #[error("new key: {0}")]
    Key(#[from] SignatureError),
    /// The key belongs to somebody else already.
    #[error("key {kid} belongs to {owner} for ever; it cannot be registered for {got}")]
    OtherPrincipal {
        /// The key.
        kid: KeyId,
        /// Whose it is.
        owner: PrincipalId,
        /// For whom it was to be registered.
        got: PrincipalId,
    },
    /// The key to be replaced or withdrawn was never registered.
    #[error("key {kid} is not registered")]
    NotRegistered {
        /// The key.
        kid: KeyId,
    },
    /// A key of the log was to be registered for somebody, or somebody's key for the log.
    #[error(
        "key {kid} for {principal}: the log's own keys are its own, and nobody else's can become one of them"
    )]
    LogKey {
        /// The key.
        kid: KeyId,
        /// For whom it was to be registered.
        principal: PrincipalId,
    },
    /// A later key of the log does not replace one of the same use.
    #[error(
        "key {kid} of the log replaces no {usage} key of the log; expected op `rotate` with `replaces` naming one"
    )]
    NotARotation {
        /// The new key.
        kid: KeyId,
        /// What it is to sign.
        usage: Use,
    },
    /// Without the key nothing that the log signs would stand any more, this withdrawal included.
    #[error("key {kid} is the log's last {usage} key; expected another to be named before it is withdrawn")]
    LastOfUse {
        /// The key.
        kid: KeyId,
        /// What it signs.
        usage: Use,
    },
    /// The key was withdrawn; it does not come back.
    #[error("key {kid} was withdrawn and cannot be registered again")]
    Withdrawn {
        /// The key.
        kid: KeyId,
    },
}

impl RegistrationError {
    /// Stable name of this refusal.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Thumbprint { .. } => "key-thumbprint",
            Self::Key(SignatureError::Mismatch { .. }) => "key-possession",
            Self::Key(key) => key.code(),
            Self::OtherPrincipal { .. } => "key-other-principal",
            Self::NotRegistered { .. } => "key-not-registered",
            Self::LogKey { .. } => "key-of-log",
            Self::NotARotation { .. } => "log-key-not-rotated",
            Self::LastOfUse { .. } => "log-key-last",
            Self::Withdrawn { .. } => "key-withdrawn",
        }
    }
}

/// Checks a change of keys, said by `signer` at `index`, against the keys there are.
pub(super) fn check(
    registry: &Registry,
    signer: &RegisteredKey,
    change: &Key,
    index: Index,
) -> Result<(), RegistrationError> {
    match change.op {
        KeyOp::Add | KeyOp::Rotate => check_new(registry, change),
        KeyOp::Retire | KeyOp::Compromise => check_withdrawal(registry, signer, change, index),
    }
}

fn check_withdrawal(
    registry: &Registry,
    signer: &RegisteredKey,
    change: &Key,
    index: Index,
) -> Result<(), RegistrationError> {
    let kid = change.kid;
    let known = registry.key(&kid).ok_or(RegistrationError::NotRegistered { kid })?;
    match known.usage {
        None if signer.usage.is_some() => {
            Err(RegistrationError::LogKey { kid, principal: known.principal.clone() })
        }
        Some(usage) if registry.is_last_of_use(&kid, usage, index.0) => {
            Err(RegistrationError::LastOfUse { kid, usage })
        }
        _ => Ok(()),
    }
}

fn check_new(registry: &Registry, change: &Key) -> Result<(), RegistrationError> {
    let known = registry.key(&change.kid);
    let (Some(public), Some(principal), Some(pop)) = (change.public, &change.principal, &change.pop) else {
        return Err(RegistrationError::NotRegistered { kid: change.kid });
    };
    let expected = KeyId::of(&public);
    if expected != change.kid {
        return Err(RegistrationError::Thumbprint { expected, got: change.kid });
    }
    CheckedKey::new(public)?.verify(&pop_bytes(&registry.log(), &change.kid, principal), pop)?;
    // The operator of a log, who holds its keys, must not be able to speak for anybody by them, nor to touch other keys.
    let for_log = Some(principal) == log_principal(registry.genesis()).ok().as_ref();
    let of_log = known.is_some_and(|key| key.usage.is_some());
    if for_log != change.usage.is_some() || of_log || (for_log && known.is_some()) {
        return Err(RegistrationError::LogKey { kid: change.kid, principal: principal.clone() });
    }
    if let Some(known) = known {
        if known.principal != *principal {
            let (owner, got) = (known.principal.clone(), principal.clone());
            return Err(RegistrationError::OtherPrincipal { kid: change.kid, owner, got });
        }
        if known.retired.is_some() || known.compromised.is_some() {
            return Err(RegistrationError::Withdrawn { kid: change.kid });
        }
    }
    let replaced = change.replaces.and_then(|replaced| registry.key(&replaced));
    if let Some(usage) = change.usage
        && replaced.is_none_or(|old| old.usage != Some(usage))
    {
        return Err(RegistrationError::NotARotation { kid: change.kid, usage });
    }
    match change.replaces {
        Some(replaced) if registry.key(&replaced).is_none_or(|old| old.principal != *principal) => {
            Err(RegistrationError::NotRegistered { kid: replaced })
        }
        _ => Ok(()),
    }
}
