//! Evidence: the verified set of entries that a judgement is made from.
//!
//! Every entry in it is known to stand under one signed head. What each says of itself (signature, key, role) was checked at
//! its place and is kept beside it, good or bad: the judge names what is wrong instead of not seeing it.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::vec::Vec;

use schemas::entry::{Entry, EntryError};
use schemas::envelope::{Envelope, Statement, StatementError};
use schemas::ids::{EntryHash, KeyId, LogId, StatementId, TermId};
use schemas::payload::Payload;
use schemas::term::{Term, terms};
use schemas::time::{Index, Time};
use schemas::tree::TreeHash;
use thiserror::Error;

use crate::registry::{Assurance, GenesisError, Refusal, Registry, admit};
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

/// Why entries do not make evidence.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum EvidenceError {
    /// An entry does not decode.
    #[error("entry {index}: {error}")]
    Entry {
        /// Where it was said to stand.
        index: Index,
        /// Why not.
        error: EntryError,
    },
    /// A statement's envelope is none, which no honest log holds.
    #[error("statement at {index}: {error}")]
    Statement {
        /// Where it stands.
        index: Index,
        /// Why not.
        error: StatementError,
    },
    /// Genesis is missing or no genesis.
    #[error("genesis: {0}")]
    Genesis(#[from] GenesisError),
    /// The first entry is not index 0.
    #[error("the evidence has no entry 0: without genesis nobody's keys are known")]
    NoGenesis,
    /// Genesis does not link to the head's origin.
    #[error("genesis names origin `{genesis}`; the head is of `{head}`")]
    Origin {
        /// Origin in genesis.
        genesis: String,
        /// Origin in the head.
        head: String,
    },
    /// Genesis is not the pinned one.
    #[error("the log is {got}; the trust file pins genesis {expected}")]
    WrongGenesis {
        /// Genesis in the trust file.
        expected: LogId,
        /// Genesis in the evidence.
        got: LogId,
    },
    /// Two consecutive entries are there and the second does not link to the first.
    #[error("entry {index} links to {got}; the entry before it hashes to {expected}")]
    Link {
        /// The second entry.
        index: Index,
        /// Hash of the first.
        expected: EntryHash,
        /// What the second says.
        got: EntryHash,
    },
    /// An entry's time lies before that of an earlier one.
    #[error("entry {index} is of {got:?}, an earlier one of {previous:?}: log time runs backwards")]
    Time {
        /// The later entry.
        index: Index,
        /// Time of the earlier.
        previous: Time,
        /// Its time.
        got: Time,
    },
}

impl EvidenceError {
    /// Stable name of this refusal.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Entry { error, .. } => error.code(),
            Self::Statement { error, .. } => error.code(),
            Self::Genesis(_) => "genesis-invalid",
            Self::NoGenesis => "genesis-missing",
            Self::Origin { .. } => "wrong-origin",
            Self::WrongGenesis { .. } => "wrong-genesis",
            Self::Link { .. } => "link-broken",
            Self::Time { .. } => "time-backwards",
        }
    }
}

impl Evidence {
    /// Takes entries that are known to stand under `head`, by ascending index, and checks each at its place.
    pub fn new<'e>(
        head: EvidenceHead,
        pinned_genesis: Option<LogId>,
        pinning: Pinning,
        entries: impl IntoIterator<Item = (Index, &'e [u8])>,
        absence: Absence,
    ) -> Result<Self, EvidenceError> {
        let mut building: Option<(Registry, BTreeMap<Index, Record>)> = None;
        let mut previous: Option<(Entry, EntryHash)> = None;
        for (index, bytes) in entries {
            let entry = Entry::decode(bytes).map_err(|error| EvidenceError::Entry { index, error })?;
            if entry.index != index {
                return Err(EvidenceError::Entry { index, error: EntryError::Shape { item: 1 } });
            }
            check_order(&head, &entry, previous.as_ref())?;
            let envelope = Envelope::decode(&entry.statement)
                .map_err(|error| EvidenceError::Statement { index, error })?;
            match &mut building {
                Some((registry, records)) => {
                    records.insert(index, check_record(registry, &entry, envelope));
                }
                None if index == Index(0) => building = Some(begin(&head, pinned_genesis, &entry, envelope)?),
                None => return Err(EvidenceError::NoGenesis),
            }
            previous = Some((entry, EntryHash::of(bytes)));
        }
        let (registry, records) = building.ok_or(EvidenceError::NoGenesis)?;
        let by_id = records.values().map(|record| (record.envelope.id, record.index)).collect();
        let pinning = Pinning { genesis: pinned_genesis.is_some(), ..pinning };
        Ok(Self { registry, head, records, by_id, absence, pinning })
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
        let (Absence::Recomputed(rows) | Absence::Asserted(rows)) = &self.absence;
        let all_known = matches!(self.absence, Absence::Recomputed(_));
        let row = rows.get(&term.id());
        let records: Vec<&Record> =
            row.into_iter().flatten().filter_map(|index| self.records.get(index)).collect();
        let listed = row.map_or(0, Vec::len);
        Found { covered: (row.is_some() || all_known) && records.len() == listed, records }
    }

    /// Whether the key of a record was later reported to be in other hands since before the record was logged.
    pub fn key_compromised(&self, kid: &KeyId, time: Time) -> Option<(Index, Time)> {
        self.registry.key(kid)?.compromised().filter(|(_, since)| *since <= time)
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
        let found: BTreeSet<TermId> = terms(statement);
        for term in found {
            rows.entry(term).or_default().push(index);
        }
    }
    rows
}

fn begin(
    head: &EvidenceHead,
    pinned: Option<LogId>,
    entry: &Entry,
    envelope: Envelope,
) -> Result<(Registry, BTreeMap<Index, Record>), EvidenceError> {
    let index = entry.index;
    let statement = Statement::open(envelope).map_err(|error| EvidenceError::Statement { index, error })?;
    let registry = Registry::from_genesis(&statement)?;
    if let Some(expected) = pinned
        && expected != registry.log()
    {
        return Err(EvidenceError::WrongGenesis { expected, got: registry.log() });
    }
    if registry.genesis().origin.as_str() != head.origin {
        let genesis = registry.genesis().origin.as_str().into();
        return Err(EvidenceError::Origin { genesis, head: head.origin.clone() });
    }
    let Statement { envelope, payload } = statement;
    let record =
        Record { index, time: entry.time, envelope, payload: Some(payload), standing: Ok(Assurance::Signed) };
    Ok((registry, [(index, record)].into()))
}

fn check_order(
    head: &EvidenceHead,
    entry: &Entry,
    previous: Option<&(Entry, EntryHash)>,
) -> Result<(), EvidenceError> {
    let index = entry.index;
    let expected = match previous {
        None if index == Index(0) => Some(EntryHash::of_origin(&head.origin)),
        Some((before, hash)) if before.index.0.checked_add(1) == Some(index.0) => Some(*hash),
        _ => None,
    };
    if let Some(expected) = expected
        && expected != entry.prev
    {
        return Err(EvidenceError::Link { index, expected, got: entry.prev });
    }
    match previous {
        Some((before, _)) if before.time > entry.time => {
            Err(EvidenceError::Time { index, previous: before.time, got: entry.time })
        }
        _ => Ok(()),
    }
}

/// Checks a statement where it stands, and takes it into the registry if it may.
fn check_record(registry: &mut Registry, entry: &Entry, envelope: Envelope) -> Record {
    let (index, time) = (entry.index, entry.time);
    let signature = match registry.key_at(&envelope.kid, index, time) {
        Ok(key) => key.key.verify_envelope(&envelope).map_err(Unsound::from),
        Err(key) => Err(Unsound::Refused(key.into())),
    };
    match Statement::open(envelope.clone()) {
        Ok(statement) => {
            let admitted = || admit(registry, &statement, index, time).map_err(Unsound::from);
            let standing = signature.and_then(|()| admitted());
            if standing.is_ok() {
                registry.record(&statement, index, time);
            }
            Record { index, time, envelope, payload: Some(statement.payload), standing }
        }
        Err(error) => {
            let standing = signature.and(Err(Unsound::Unknown(error)));
            Record { index, time, envelope, payload: None, standing }
        }
    }
}
