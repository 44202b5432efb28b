//! A log as a place that evidence is taken from.

use alloc::vec::Vec;

use schemas::ids::StatementId;
use schemas::time::Index;
use thiserror::Error;
use verifier::evidence::{Absence, Evidence, EvidenceError, EvidenceHead, Pinning};
use verifier::gather::{GatherError, Source, Wants, gather};

/// A log that hands out its entries as they stand under one head.
pub trait Kept: Source {
    /// The head, of [`Source::size`] entries.
    fn head(&self) -> EvidenceHead;
    /// The bytes of an entry below the size.
    fn entry(&self, index: Index) -> Result<Vec<u8>, Self::Error>;
}

/// Why there is no evidence about a subject.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum KeptError<E: core::fmt::Display> {
    /// What is needed was not gathered.
    #[error(transparent)]
    Gather(#[from] GatherError<E>),
    /// The entries are none of a log under its head.
    #[error("the entries are no evidence: {0}")]
    Evidence(#[from] EvidenceError),
}

/// The evidence about a subject, gathered by whoever keeps the log: nothing is pinned, and that there is nothing else is its word.
pub fn evidence<K: Kept>(
    subject: StatementId,
    wants: Wants,
    kept: &K,
) -> Result<Evidence, KeptError<K::Error>> {
    let gathered = gather(subject, wants, kept)?;
    let entry = |index: &Index| kept.entry(*index).map(|bytes| (*index, bytes)).map_err(GatherError::Source);
    let entries: Vec<(Index, Vec<u8>)> = gathered.entries.iter().map(entry).collect::<Result<_, _>>()?;
    let entries = entries.iter().map(|(index, bytes)| (*index, bytes.as_slice()));
    let absence = Absence::Asserted(gathered.rows);
    Ok(Evidence::new(kept.head(), None, Pinning::default(), entries, absence)?)
}
