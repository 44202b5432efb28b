//! Reading entries one by one: their order, their links, and each statement at its place.

use alloc::collections::BTreeMap;

use schemas::entry::{Entry, EntryError};
use schemas::envelope::{Envelope, Statement};
use schemas::ids::{EntryHash, LogId, StatementId};
use schemas::time::{Index, Time};

use super::{EvidenceError, EvidenceHead, Record, Unsound};
use crate::merkle::{TreeHasher, leaf_hash};
use crate::registry::{Assurance, Registry, admit};

/// Entries on their way to becoming evidence.
pub(super) struct Reading<'h> {
    head: &'h EvidenceHead,
    pinned: Option<LogId>,
    tree: TreeHasher,
    registry: Option<Registry>,
    records: BTreeMap<Index, Record>,
    by_id: BTreeMap<StatementId, Index>,
    last: Option<Last>,
}

/// What was read.
pub(super) struct Read {
    pub(super) registry: Registry,
    pub(super) records: BTreeMap<Index, Record>,
    pub(super) by_id: BTreeMap<StatementId, Index>,
}

/// The entry before.
struct Last {
    index: Index,
    time: Time,
    hash: EntryHash,
}

impl<'h> Reading<'h> {
    pub(super) fn new(head: &'h EvidenceHead, pinned: Option<LogId>) -> Self {
        Self {
            head,
            pinned,
            tree: TreeHasher::new(),
            registry: None,
            records: BTreeMap::new(),
            by_id: BTreeMap::new(),
            last: None,
        }
    }

    /// Takes the next entry.
    pub(super) fn take(&mut self, index: Index, bytes: &[u8]) -> Result<(), EvidenceError> {
        let entry = Entry::decode(bytes).map_err(|error| EvidenceError::Entry { index, error })?;
        if entry.index != index {
            return Err(EvidenceError::Entry { index, error: EntryError::Shape { item: 1 } });
        }
        self.check_order(&entry)?;
        let envelope =
            Envelope::decode(&entry.statement).map_err(|error| EvidenceError::Statement { index, error })?;
        if let Some(first) = self.by_id.insert(envelope.id, index) {
            return Err(EvidenceError::Repeated { id: envelope.id, first, index });
        }
        let record = match &mut self.registry {
            Some(registry) => check_record(registry, &entry, envelope)?,
            None if index == Index(0) => self.begin(&entry, envelope)?,
            None => return Err(EvidenceError::NoGenesis),
        };
        self.records.insert(index, record);
        self.tree.push(leaf_hash(bytes));
        self.last = Some(Last { index, time: entry.time, hash: EntryHash::of(bytes) });
        Ok(())
    }

    /// Whether what was taken is all that the head covers.
    pub(super) fn check_all(&self) -> Result<(), EvidenceError> {
        let (expected, got, root) = (self.head.size, self.tree.size(), self.tree.root());
        if got == expected && root == self.head.root {
            return Ok(());
        }
        Err(EvidenceError::NotAll { expected, got, root })
    }

    pub(super) fn finish(self) -> Result<Read, EvidenceError> {
        let registry = self.registry.ok_or(EvidenceError::NoGenesis)?;
        Ok(Read { registry, records: self.records, by_id: self.by_id })
    }

    fn begin(&mut self, entry: &Entry, envelope: Envelope) -> Result<Record, EvidenceError> {
        let index = entry.index;
        let statement =
            Statement::open(envelope).map_err(|error| EvidenceError::Statement { index, error })?;
        let registry = Registry::from_genesis(&statement)?;
        let got = registry.log();
        if let Some(expected) = self.pinned.filter(|expected| *expected != got) {
            return Err(EvidenceError::WrongGenesis { expected, got });
        }
        let genesis = registry.genesis().origin.as_str();
        if genesis != self.head.origin {
            return Err(EvidenceError::Origin { genesis: genesis.into(), head: self.head.origin.clone() });
        }
        let expected = EntryHash::of_origin(genesis);
        if expected != entry.prev {
            return Err(EvidenceError::Link { index, expected, got: entry.prev });
        }
        self.registry = Some(registry);
        let Statement { envelope, payload } = statement;
        let standing = Ok(Assurance::Signed);
        Ok(Record { index, time: entry.time, envelope, payload: Some(payload), standing })
    }

    fn check_order(&self, entry: &Entry) -> Result<(), EvidenceError> {
        let index = entry.index;
        let expected = match &self.last {
            // What the first entry links to, genesis says.
            None => None,
            Some(last) if last.index >= index => {
                return Err(EvidenceError::Order { index, previous: last.index });
            }
            Some(last) if last.time > entry.time => {
                return Err(EvidenceError::Time { index, previous: last.time, got: entry.time });
            }
            Some(last) => (last.index.0.checked_add(1) == Some(index.0)).then_some(last.hash),
        };
        match expected.filter(|expected| *expected != entry.prev) {
            Some(expected) => Err(EvidenceError::Link { index, expected, got: entry.prev }),
            None => Ok(()),
        }
    }
}

/// Checks a statement where it stands, and takes it into the registry if it may.
fn check_record(registry: &mut Registry, entry: &Entry, envelope: Envelope) -> Result<Record, EvidenceError> {
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
            Ok(Record { index, time, envelope, payload: Some(statement.payload), standing })
        }
        Err(error) if error.is_unknown() => {
            let standing = signature.and(Err(Unsound::Unknown(error)));
            Ok(Record { index, time, envelope, payload: None, standing })
        }
        Err(error) => Err(EvidenceError::Statement { index, error }),
    }
}
