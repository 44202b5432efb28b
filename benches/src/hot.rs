//! The ceiling's signatures again, as the programs check them: by tables of the keys, which are seen in turn, on all cores.

use std::collections::BTreeMap;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use rayon::prelude::*;
use schemas::envelope::{Envelope, Statement};
use schemas::ids::KeyId;
use verifier::signature::{CheckedKey, verify_all};

/// Signatures that are checked together: as many as `writ verify log` takes.
const TOGETHER: usize = 64;

/// Statements ready to be checked.
#[derive(Debug)]
pub struct Hot<'s> {
    claims: Vec<(&'s CheckedKey, &'s Envelope)>,
}

impl<'s> Hot<'s> {
    /// Checks every signature once, so that the keys have their tables.
    pub fn new(statements: &'s [Statement], keys: &'s BTreeMap<KeyId, CheckedKey>) -> Result<Self> {
        let claim = |statement: &'s Statement| {
            let envelope = &statement.envelope;
            Ok((keys.get(&envelope.kid).with_context(|| format!("no key {}", envelope.kid))?, envelope))
        };
        let hot = Self { claims: statements.iter().map(claim).collect::<Result<_>>()? };
        hot.together()?;
        Ok(hot)
    }

    /// Checks every signature, some at a time; statements in a second.
    pub fn together(&self) -> Result<f64> {
        self.round(|claims| verify_all(claims).into_iter().filter(Result::is_ok).count())
    }

    /// Checks every signature by itself; statements in a second.
    pub fn one_by_one(&self) -> Result<f64> {
        self.round(|claims| {
            claims.iter().filter(|(key, envelope)| key.verify_envelope(envelope).is_ok()).count()
        })
    }

    fn round(&self, right: impl Fn(&[(&CheckedKey, &Envelope)]) -> usize + Sync) -> Result<f64> {
        let begun = Instant::now();
        let right: usize = self.claims.par_chunks(TOGETHER).map(&right).sum();
        let elapsed = begun.elapsed();
        ensure!(right == self.claims.len(), "{right} of {} signatures stand", self.claims.len());
        Ok(self.claims.len() as f64 / elapsed.as_secs_f64())
    }
}
