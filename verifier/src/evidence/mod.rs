//! Evidence: the verified set of entries that a judgement is made from.
//!
//! Every entry in it is known to stand under one signed head. What each says of itself (signature, key, role) was checked at
//! its place and is kept beside it, good or bad: the judge names what is wrong instead of not seeing it.

mod error;
mod read;
mod sequence;

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use schemas::envelope::{Envelope, Statement, StatementError};
use schemas::ids::{LogId, StatementId, TermId};
use schemas::payload::Payload;
use schemas::term::{Term, terms};
use schemas::time::{Index, Time};
use schemas::tree::TreeHash;
use thiserror::Error;

pub use error::EvidenceError;
pub(crate) use sequence::Gap;

use read::{Read, Reading};

use crate::asserted::Asserted;
use crate::registry::{Assurance, KeyError, Refusal, Registry};
use crate::signature::SignatureError;

/// The verified entries, who their signers are, and what is known not to exist.
#[derive(Clone, Debug)]
pub struct Evidence {
    registry: Registry,
    head: EvidenceHead,
    records: BTreeMap<Index, Record>,
    by_id: BTreeMap<StatementId, Index>,
    absence: Absence,
    pinning: Pinning,
}

/// The head that all entries stand under.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EvidenceHead {
    /// The log's name in checkpoints.
    pub origin: String,
    /// How many entries it covers.
    pub size: u64,
    /// Its root.
    pub root: TreeHash,
}

/// How far the caller pinned the log before looking at its evidence.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pinning {
    /// Whether the head's signature is by a key of the trust file.
    pub log_key: bool,
    /// Whether genesis is the one that the trust file names; registrars are otherwise as named by the log.
    pub genesis: bool,
    /// The key that signed the head, as in the trust file.
    pub key: String,
}

/// One entry's statement and what its checks came to.
#[derive(Clone, Debug)]
pub struct Record {
    /// Place in the log.
    pub index: Index,
    /// When the sequencer placed it.
    pub time: Time,
    /// The envelope.
    pub envelope: Envelope,
    /// What it says; nothing where the payload is of a form that this program does not know.
    pub payload: Option<Payload>,
    /// What its signature, key and role came to at its place.
    pub standing: Result<Assurance, Unsound>,
}

/// Why a logged statement counts for nothing.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Unsound {
    /// Its signature does not stand.
    #[error(transparent)]
    Signature(#[from] SignatureError),
    /// Its key could not speak, or not for this.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Its payload is of a form that this program does not know.
    #[error("{0}")]
    Unknown(StatementError),
}

/// On what "nothing else exists" rests.
#[derive(Clone, Debug)]
pub enum Absence {
    /// All entries below the head's size were read.
    Recomputed(BTreeMap<TermId, Vec<Index>>),
    /// The log's signed assertions say so.
    Asserted(BTreeMap<TermId, Vec<Index>>),
}

impl Evidence {
    /// Takes entries that are known to stand under `head`, by ascending index, and checks each at its place.
    ///
    /// Where absence is said to be recomputed, they must be all of the log's entries.
    pub fn new<'e>(
        head: EvidenceHead,
        pinned_genesis: Option<LogId>,
        pinning: Pinning,
        entries: impl IntoIterator<Item = (Index, &'e [u8])>,
        absence: Absence,
    ) -> Result<Self, EvidenceError> {
        let mut reading = Reading::new(&head, pinned_genesis);
        entries.into_iter().try_for_each(|(index, bytes)| reading.take(index, bytes))?;
        if matches!(absence, Absence::Recomputed(_)) {
            reading.check_all()?;
        }
        let Read { registry, records, by_id } = reading.finish()?;
        let pinning = Pinning { genesis: pinned_genesis.is_some(), ..pinning };
        Ok(Self { registry, head, records, by_id, absence, pinning })
    }

    /// Takes all entries of a log, from 0 up to its head: what is not among them does not exist.
    pub fn recomputed<'e>(
        head: EvidenceHead,
        pinned_genesis: Option<LogId>,
        pinning: Pinning,
        entries: impl IntoIterator<Item = &'e [u8]>,
    ) -> Result<Self, EvidenceError> {
        let entries = (0..).map(Index).zip(entries);
        let evidence =
            Self::new(head, pinned_genesis, pinning, entries, Absence::Recomputed(BTreeMap::new()))?;
        let mut rows: BTreeMap<TermId, Vec<Index>> = BTreeMap::new();
        for record in evidence.records() {
            let raised = record.statement().map(|statement| terms(&statement)).unwrap_or_default();
            raised.into_iter().for_each(|term| rows.entry(term).or_default().push(record.index));
        }
        Ok(evidence.with_absence(Absence::Recomputed(rows)))
    }

    /// The same entries, with another ground for what does not exist.
    pub(crate) fn with_absence(self, absence: Absence) -> Self {
        Self { absence, ..self }
    }

    /// The keys of the log.
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// The head that everything stands under.
    pub fn head(&self) -> &EvidenceHead {
        &self.head
    }

    /// How far the log was pinned.
    pub fn pinning(&self) -> &Pinning {
        &self.pinning
    }

    /// On what absence rests.
    pub fn absence(&self) -> &Absence {
        &self.absence
    }

    /// The record at an index.
    pub fn at(&self, index: Index) -> Option<&Record> {
        self.records.get(&index)
    }

    /// The record of a statement.
    pub fn get(&self, id: &StatementId) -> Option<&Record> {
        self.records.get(self.by_id.get(id)?)
    }

    /// Every record, by index.
    pub fn records(&self) -> impl Iterator<Item = &Record> {
        self.records.values()
    }

    /// Time of the head: of its last entry. Nothing where that entry is not here.
    pub fn head_time(&self) -> Option<Time> {
        let last = self.head.size.checked_sub(1).map(Index)?;
        self.records.get(&last).map(|record| record.time)
    }

    /// Every statement that gives rise to a term.
    pub fn find(&self, term: &Term<'_>) -> Found<'_> {
        let row = self.row(&term.id());
        Found { covered: row.answered, records: row.records().collect() }
    }

    /// Every entry that is known to give rise to a term, and whether these are known to be all and are all here.
    pub(crate) fn row(&self, term: &TermId) -> Row<'_> {
        let (Absence::Recomputed(rows) | Absence::Asserted(rows)) = &self.absence;
        let known = matches!(self.absence, Absence::Recomputed(_)) || rows.contains_key(term);
        let listed = rows.get(term).map(Vec::as_slice).unwrap_or_default();
        Row {
            evidence: self,
            listed,
            answered: known && listed.iter().all(|index| self.records.contains_key(index)),
        }
    }

    /// Whether a statement cannot be read that may count: its form is unknown, and nothing shows that its key could not speak.
    pub(crate) fn is_unread(&self, record: &Record) -> bool {
        match &record.standing {
            Err(Unsound::Unknown(_)) => true,
            Err(Unsound::Refused(Refusal::Key(KeyError::Unknown { .. }))) => {
                record.payload.is_none() && !self.row(&Term::Key(&record.envelope.kid).id()).answered
            }
            _ => false,
        }
    }

    /// An entry that the rows leave out though it gives rise to one of their terms, or list though it does not.
    pub(crate) fn contradiction(&self, rows: &BTreeMap<TermId, Vec<Index>>) -> Option<Index> {
        let each = rows.iter().map(|(term, indexes)| (term, indexes.as_slice()));
        let asserted = Asserted::new(each, |index| self.records.contains_key(index));
        let contradicted = |record: &&Record| {
            record.statement().is_some_and(|said| !asserted.faults(record.index, &said).is_empty())
        };
        self.records.values().find(contradicted).map(|record| record.index)
    }
}

/// What is known of a term by its short name.
pub(crate) struct Row<'e> {
    evidence: &'e Evidence,
    listed: &'e [Index],
    /// Whether every entry of the term is known and here.
    pub(crate) answered: bool,
}

impl<'e> Row<'e> {
    /// The entries that are here.
    pub(crate) fn records(&self) -> impl Iterator<Item = &'e Record> + use<'e> {
        let evidence = self.evidence;
        self.listed.iter().filter_map(|index| evidence.records.get(index))
    }
}

/// What is known of a term.
#[derive(Clone, Debug)]
pub struct Found<'e> {
    /// The statements that give rise to it, ascending by index.
    pub records: Vec<&'e Record>,
    /// Whether these are known to be all.
    pub covered: bool,
}

impl Record {
    /// The statement, where its payload is of a known form.
    pub fn statement(&self) -> Option<Statement> {
        let payload = self.payload.clone()?;
        Some(Statement { envelope: self.envelope.clone(), payload })
    }

    /// Whether the signature is the key's, whatever else is wrong with the statement.
    pub fn is_signed(&self) -> bool {
        !matches!(self.standing, Err(Unsound::Signature(_) | Unsound::Refused(Refusal::Key(_))))
    }

    /// The statement's id.
    pub fn id(&self) -> StatementId {
        self.envelope.id
    }
}

/// The index of all terms, for evidence that holds every entry of a log.
pub fn all_terms<'r>(
    records: impl IntoIterator<Item = (Index, &'r Statement)>,
) -> BTreeMap<TermId, Vec<Index>> {
    let mut rows: BTreeMap<TermId, Vec<Index>> = BTreeMap::new();
    for (index, statement) in records {
        terms(statement).into_iter().for_each(|term| rows.entry(term).or_default().push(index));
    }
    rows
}
