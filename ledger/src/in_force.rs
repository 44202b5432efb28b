//! The log's own keys at hand besides those for heads, and which of them signs at a moment.
//!
//! A registrar may withdraw a key of the log while the log is in service. From the entry on that does so the key signs
//! nothing: another one at hand that the log says may sign takes its place, or what needs one is refused.

use std::sync::atomic::{AtomicBool, Ordering};

use keyfile::SecretKey;
use schemas::ids::PublicKey;
use schemas::kinds::Use;
use thiserror::Error;
use verifier::registry::Registry;

use crate::log::Log;
use crate::signer::SignError;

/// No key of a use that is at hand may sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error(
    "no {usage} key at hand may sign for the log at size {size}: each was withdrawn by an entry, or named by a later one"
)]
pub struct NoKeyAtHand {
    /// What it would sign.
    pub usage: Use,
    /// The size that was to be signed for.
    pub size: u64,
}

/// Keys of one use, oldest first.
pub(crate) struct InForce<S> {
    usage: Use,
    signers: Vec<(PublicKey, S)>,
    /// Whether it was told that none is left.
    told: AtomicBool,
}

impl<S> InForce<S> {
    /// The keys at hand of this use, each as `signer` makes it; `newest` stands behind the earlier ones of the same use.
    pub(crate) fn new(
        usage: Use,
        earlier: &[(Use, SecretKey)],
        newest: &SecretKey,
        signer: impl Fn(SecretKey) -> Result<S, SignError>,
    ) -> Result<Self, SignError> {
        let earlier = earlier.iter().filter(|(of, _)| *of == usage).map(|(_, key)| key);
        let signers = earlier.chain([newest]).map(|key| Ok((key.public(), signer(key.clone())?)));
        let signers = signers.collect::<Result<_, SignError>>()?;
        Ok(Self { usage, signers, told: AtomicBool::new(false) })
    }

    /// Without any key: nothing is signed.
    pub(crate) fn none(usage: Use) -> Self {
        Self { usage, signers: Vec::new(), told: AtomicBool::new(false) }
    }

    /// What `sign` makes of the newest key that may sign for `size` and that no entry, however late, has withdrawn.
    pub(crate) fn sign<T>(&self, log: &Log, size: u64, sign: impl FnOnce(&S) -> T) -> Result<T, NoKeyAtHand> {
        // Held while signing: the sequencer takes in a withdrawal before it commits the entry, and waits for this.
        let registry = log.registry();
        match self.newest(&registry, size) {
            Some(signer) => Ok(sign(signer)),
            None => {
                let none = NoKeyAtHand { usage: self.usage, size };
                if !self.told.swap(true, Ordering::Relaxed) {
                    tracing::error!(usage = %self.usage, "{none}; writd keys list names the key in force and its file");
                }
                Err(none)
            }
        }
    }

    /// Whether a key at hand may sign for whatever comes next.
    pub(crate) fn is_at_hand(&self, registry: &Registry) -> bool {
        self.newest(registry, u64::MAX).is_some()
    }

    fn newest(&self, registry: &Registry, size: u64) -> Option<&S> {
        let may_sign = |public, size| registry.check_log_key(public, self.usage, size).is_ok();
        let signers = self.signers.iter().rev();
        let mut standing = signers.filter(|(public, _)| may_sign(public, u64::MAX) && may_sign(public, size));
        standing.next().map(|(_, signer)| signer)
    }
}
