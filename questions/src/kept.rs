//! A log as a place that evidence is taken from.

use alloc::borrow::Cow;
use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::vec::Vec;
use core::convert::Infallible;

use schemas::envelope::Statement;
use schemas::ids::{StatementId, TermId};
use schemas::time::{Index, Time};
use schemas::tree::TreeHash;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use verifier::evidence::{Absence, Evidence, EvidenceError, EvidenceHead, Pinning, Record};
use verifier::gather::{GatherError, Gathered, Source, Wants, gather, gather_all};

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

impl<E: core::fmt::Display> KeptError<E> {
    /// A look-up failed.
    pub(crate) fn source(error: E) -> Self {
        Self::Gather(GatherError::Source(error))
    }
}

/// The evidence about a subject, gathered by whoever keeps the log: nothing is pinned, and that there is nothing else is its word.
pub fn evidence<K: Kept>(
    subject: StatementId,
    wants: Wants,
    kept: &K,
) -> Result<Evidence, KeptError<K::Error>> {
    taken(gather(subject, wants, kept)?, Pinning::default(), kept)
}

/// The same for whoever keeps the log and judges by it: the log's key is its own, and whether its reader pinned that key is for
/// the reader to say.
pub fn own_evidence<K: Kept>(
    subject: StatementId,
    wants: Wants,
    kept: &K,
) -> Result<Evidence, KeptError<K::Error>> {
    taken(gather(subject, wants, kept)?, own_pinning(), kept)
}

fn own_pinning() -> Pinning {
    Pinning { log_key: true, genesis: true, key: String::new() }
}

/// What was gathered, as evidence.
fn taken<K: Kept>(gathered: Gathered, pinning: Pinning, kept: &K) -> Result<Evidence, KeptError<K::Error>> {
    let entry = |index: &Index| kept.entry(*index).map(|bytes| (*index, bytes)).map_err(GatherError::Source);
    let entries: Vec<(Index, Vec<u8>)> = gathered.entries.iter().map(entry).collect::<Result<_, _>>()?;
    let entries = entries.iter().map(|(index, bytes)| (*index, bytes.as_slice()));
    let absence = Absence::Asserted(gathered.rows);
    Ok(Evidence::new(kept.head(), None, pinning, entries, absence)?)
}

/// A place where statements are found, and evidence about several of them at once.
pub trait Evidential: Placed {
    /// Everything needed to judge these, and whatever is found under `further`.
    ///
    /// Whoever keeps the log does not doubt its own keys; whoever asks is told that it is their word.
    fn evidence_about(
        &self,
        subjects: &[StatementId],
        further: BTreeSet<TermId>,
    ) -> Result<Cow<'_, Evidence>, KeptError<Self::Error>>;
}

/// That evidence, from entries that are kept.
pub fn evidence_about<K: Kept>(
    subjects: &[StatementId],
    further: BTreeSet<TermId>,
    kept: &K,
) -> Result<Evidence, KeptError<K::Error>> {
    evidence_of(subjects, further, Wants::default(), kept)
}

/// The same, with what the caller wants beside.
pub(crate) fn evidence_of<K: Kept>(
    subjects: &[StatementId],
    further: BTreeSet<TermId>,
    wants: Wants,
    kept: &K,
) -> Result<Evidence, KeptError<K::Error>> {
    taken(gather_all(subjects, further, wants, kept)?, own_pinning(), kept)
}

/// A statement with its place.
#[derive(Clone, Debug)]
pub struct Put {
    /// Its index.
    pub index: Index,
    /// When the log placed it.
    pub time: Time,
    /// The statement.
    pub statement: Statement,
}

/// A log, or all of a copy of it, in which statements are looked up under one head.
pub trait Placed: Source {
    /// The head.
    fn as_of(&self) -> AsOf;
    /// The statement at an index that counts: nothing where its signature, key or role does not stand, or it cannot be read.
    fn placed(&self, index: Index) -> Result<Option<Put>, Self::Error>;

    /// Shows those of the statements at these ascending indexes that count. Where many are looked at: what is shown is held
    /// against what is kept of its hash, but not proved under the head one by one.
    fn looked(&self, indexes: &[Index], visit: &mut dyn FnMut(&Put)) -> Result<(), Self::Error> {
        for index in indexes {
            self.placed(*index)?.iter().for_each(&mut *visit);
        }
        Ok(())
    }
}

/// Which state of which log an answer is of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AsOf {
    /// Name of the log.
    pub origin: String,
    /// Number of entries.
    pub size: u64,
    /// Root at that size.
    pub root: TreeHash,
    /// Time of the last entry.
    pub time: Time,
}

/// Evidence of every entry of a log up to `size`, in which statements are looked up.
#[derive(Clone, Copy, Debug)]
pub struct Whole<'e>(pub &'e Evidence);

impl Source for Whole<'_> {
    type Error = Infallible;

    fn size(&self) -> u64 {
        self.0.head().size
    }

    fn statement(&self, index: Index) -> Result<Option<Statement>, Infallible> {
        Ok(self.0.at(index).and_then(Record::statement))
    }

    fn index_of(&self, id: &StatementId) -> Result<Option<Index>, Infallible> {
        Ok(self.0.get(id).map(|record| record.index))
    }

    fn find(&self, terms: &[TermId], most: usize) -> Result<Vec<Vec<Index>>, Infallible> {
        let (Absence::Recomputed(rows) | Absence::Asserted(rows)) = self.0.absence();
        let row = |term| rows.get(term).map(|row| row.iter().copied().take(most).collect());
        Ok(terms.iter().map(|term| row(term).unwrap_or_default()).collect())
    }
}

impl Evidential for Whole<'_> {
    fn evidence_about(
        &self,
        _: &[StatementId],
        _: BTreeSet<TermId>,
    ) -> Result<Cow<'_, Evidence>, KeptError<Infallible>> {
        Ok(Cow::Borrowed(self.0))
    }
}

impl Placed for Whole<'_> {
    fn as_of(&self) -> AsOf {
        let EvidenceHead { origin, size, root } = self.0.head().clone();
        AsOf { origin, size, root, time: self.0.head_time().unwrap_or_default() }
    }

    fn placed(&self, index: Index) -> Result<Option<Put>, Infallible> {
        let record = self.0.at(index).filter(|record| record.standing.is_ok());
        let put = |record: &Record| Some(Put { index, time: record.time, statement: record.statement()? });
        Ok(record.and_then(put))
    }
}
