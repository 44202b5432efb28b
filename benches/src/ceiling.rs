//! The ceiling: dalek's `verify_strict` on all cores and nothing else.
//!
//! Everything that can be made ready is ready: the keys are decompressed, the bytes that are signed lie in memory. No table of a key is used:
//! it is what one would take for the ceiling of whoever checks every signature.

use std::time::Instant;

use anyhow::{Result, ensure};
use ed25519_dalek::{Signature, VerifyingKey};
use rayon::prelude::*;
use schemas::envelope::Statement;
use schemas::ids::KeyId;
use std::collections::BTreeMap;
use verifier::signature::CheckedKey;

/// Statements ready to be checked.
#[derive(Debug)]
pub struct Ceiling {
    checks: Vec<Check>,
}

#[derive(Debug)]
struct Check {
    key: VerifyingKey,
    message: Vec<u8>,
    signature: Signature,
}

impl Ceiling {
    /// Makes ready what can be.
    pub fn new<'s>(
        statements: impl IntoIterator<Item = &'s Statement>,
        keys: &BTreeMap<KeyId, CheckedKey>,
    ) -> Result<Self> {
        let check = |statement: &Statement| {
            let envelope = &statement.envelope;
            let key = keys.get(&envelope.kid).ok_or_else(|| anyhow::anyhow!("no key {}", envelope.kid))?;
            let key = VerifyingKey::from_bytes(key.public().as_bytes())?;
            let signature = Signature::from_bytes(envelope.signature.as_bytes());
            Ok(Check { key, message: envelope.to_be_signed(), signature })
        };
        Ok(Self { checks: statements.into_iter().map(check).collect::<Result<_>>()? })
    }

    /// Checks every signature once; statements in a second.
    pub fn round(&self) -> Result<f64> {
        let begun = Instant::now();
        let right = self
            .checks
            .par_iter()
            .with_min_len(64)
            .filter(|c| c.key.verify_strict(&c.message, &c.signature).is_ok());
        let right = right.count();
        let elapsed = begun.elapsed();
        ensure!(right == self.checks.len(), "{right} of {} signatures stand", self.checks.len());
        Ok(self.checks.len() as f64 / elapsed.as_secs_f64())
    }
}
