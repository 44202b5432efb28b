//! Why nothing may be signed at a moment.

use std::sync::{OnceLock, PoisonError, RwLock};

use tokio::sync::Notify;

use super::WitnessRefusal;

/// Why nothing may be signed at this moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotSigning {
    /// The log stopped at its first failure.
    Latched(String),
    /// Too few witnesses have said how far they know the log.
    Pending(String),
    /// It was restored from a backup, and may have said more since.
    NotReconciled(String),
}

/// What the log still waits for from its witnesses before it signs.
#[derive(Debug, Default)]
pub struct Pending {
    /// Why a restored log waits for more than witnesses, until it is started again.
    not_reconciled: Option<String>,
    reason: RwLock<Option<String>>,
    refusal: OnceLock<WitnessRefusal>,
    told: Notify,
}

impl Pending {
    pub(crate) fn new(reason: Option<String>) -> Self {
        Self { reason: RwLock::new(reason), ..Self::default() }
    }

    /// Of a log that signs nothing as long as this program runs.
    pub(crate) fn not_reconciled(reason: String) -> Self {
        Self { not_reconciled: Some(reason), ..Self::default() }
    }

    /// Why a restored log signs nothing as long as this program runs.
    pub fn reason_not_reconciled(&self) -> Option<&str> {
        self.not_reconciled.as_deref()
    }

    pub(crate) fn check(&self) -> Result<(), NotSigning> {
        if let Some(reason) = &self.not_reconciled {
            return Err(NotSigning::NotReconciled(reason.clone()));
        }
        match &*self.reason.read().unwrap_or_else(PoisonError::into_inner) {
            Some(reason) => Err(NotSigning::Pending(reason.clone())),
            None => Ok(()),
        }
    }

    /// Why nothing is signed yet; nothing once that has passed.
    pub(crate) fn set(&self, reason: Option<String>) {
        *self.reason.write().unwrap_or_else(PoisonError::into_inner) = reason;
    }

    /// A witness knows better than the store, and the log is read already.
    pub(crate) fn refuse(&self, refusal: WitnessRefusal) {
        // Only one is told: the log is stopped by any.
        let _ = self.refusal.set(refusal);
        self.told.notify_one();
    }

    /// Waits until a witness turns out to know better than the store: mostly for ever. For one task to wait for.
    pub async fn refused(&self) {
        while self.refusal.get().is_none() {
            self.told.notified().await;
        }
    }

    /// What a witness knew better, if one did.
    pub fn refusal(&self) -> Option<&WitnessRefusal> {
        self.refusal.get()
    }
}
