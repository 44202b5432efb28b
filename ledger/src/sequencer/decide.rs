//! Re-checks, at its place, what can change with a statement's place: repeats, the key, the sequence number.

use std::collections::HashMap;

use schemas::envelope::Statement;
use schemas::ids::{StatementId, TermId};
use schemas::payload::Body;
use schemas::time::{Index, Time};
use verifier::registry::admit;

use super::recent::Recent;
use crate::apply::Accepted;
use crate::log::Log;
use crate::outcome::{Candidate, Outcome, Refused, Unique, Warning};
use crate::store::rows::Rows;
use crate::store::{Column, StoreError};

/// Goes through one group's candidates and collects those that become entries.
pub(super) struct Decider<'g> {
    log: &'g Log,
    recent: &'g Recent,
    base: u64,
    time: Time,
    accepted: Vec<Accepted>,
    unique: Vec<Option<TermId>>,
    /// Places of this group's own entries.
    ids: HashMap<StatementId, usize>,
    terms: HashMap<TermId, usize>,
}

impl<'g> Decider<'g> {
    pub(super) fn new(log: &'g Log, recent: &'g Recent, base: u64, time: Time) -> Self {
        Self {
            log,
            recent,
            base,
            time,
            accepted: Vec::new(),
            unique: Vec::new(),
            ids: HashMap::new(),
            terms: HashMap::new(),
        }
    }

    /// The accepted statements, and what each is to be remembered by.
    pub(super) fn into_accepted(self) -> (Vec<Accepted>, Vec<Option<TermId>>) {
        (self.accepted, self.unique)
    }

    /// Decides about the next candidate. An error is the store's, and stops the log.
    pub(super) fn decide(&mut self, candidate: Candidate) -> Result<Outcome, StoreError> {
        let statement = &candidate.accepted.statement;
        let id = statement.id();
        // The same bytes have the same number.
        let has_new_number = self.has_new_number(&candidate)?;
        if !has_new_number && let Some(index) = self.repeat(&id, &candidate)? {
            return Ok(Outcome::Duplicate { id, index });
        }
        let index = self.place(self.accepted.len());
        if let Err(refused) = self.check(&candidate, index) {
            return Ok(Outcome::Refused(refused));
        }
        let mut warnings = Vec::new();
        if let Some(unique) = candidate.unique.filter(|unique| !(has_new_number && unique.is_slot()))
            && let Some((other, other_id)) = self.sharing(&candidate, unique)?
        {
            match unique {
                Unique::Source(_) => return Ok(Outcome::AlreadyImported { id: other_id, index: other }),
                Unique::Slot(_) => warnings.push(Warning::SeqConflict),
            }
        }
        if let Body::Key(change) = &statement.payload.body {
            // Statements behind this one, in this very group, may rest on it.
            let mut registry = self.log.registry_mut();
            let about_registrar = registry.is_about_registrar(change);
            let before = about_registrar.then(|| registry.registrars_left());
            registry.record(statement, index, self.time);
            let left = before.map(|_| registry.registrars_left());
            if left != before && left < Some(registry.genesis().threshold) {
                warnings.push(Warning::TooFewRegistrars);
            }
        }
        let place = self.accepted.len();
        let term = candidate.unique.map(|unique| *unique.term());
        self.ids.insert(id, place);
        if let Some(term) = term {
            self.terms.entry(term).or_insert(place);
        }
        self.unique.push(term);
        self.accepted.push(candidate.accepted);
        Ok(Outcome::Appended { id, index, warnings })
    }

    fn place(&self, at: usize) -> Index {
        Index(self.base.saturating_add(at as u64))
    }

    /// Whether its number is one that no entry and no earlier candidate of this group has.
    fn has_new_number(&self, candidate: &Candidate) -> Result<bool, StoreError> {
        let Some(slot) = candidate.accepted.slot else { return Ok(false) };
        self.log.sequences().take(Rows(self.log.store()), slot)
    }

    /// Where exactly these bytes stand already.
    fn repeat(&self, id: &StatementId, candidate: &Candidate) -> Result<Option<Index>, StoreError> {
        if let Some(at) = self.ids.get(id) {
            return Ok(Some(self.place(*at)));
        }
        if self.knows_recent(candidate) {
            return Ok(self.recent.index_of(id));
        }
        Rows(self.log.store()).index_of(id)
    }

    /// Whether what it may repeat is among what was appended lately, or was not found before.
    fn knows_recent(&self, candidate: &Candidate) -> bool {
        candidate.accepted.slot.is_none() && self.recent.covers(candidate.looked_at)
    }

    /// Key, role and, where it could not be done before, signature.
    fn check(&self, candidate: &Candidate, index: Index) -> Result<(), Refused> {
        let statement = &candidate.accepted.statement;
        let refused = |code, detail| Refused { id: Some(statement.id()), code, detail };
        let registry = self.log.registry();
        if !candidate.signature_checked {
            let key = registry.key_at(&statement.envelope.kid, index, self.time);
            let key = key.map_err(|error| refused(error.code(), error.to_string()))?;
            let verdict = key.key.verify_envelope(&statement.envelope);
            verdict.map_err(|error| refused(error.code(), error.to_string()))?;
        }
        match admit(&registry, statement, index, self.time) {
            Ok(_) => Ok(()),
            Err(refusal) => Err(refused(refusal.code(), refusal.to_string())),
        }
    }

    /// Another statement that shares what should be unique.
    fn sharing(
        &self,
        candidate: &Candidate,
        unique: Unique,
    ) -> Result<Option<(Index, StatementId)>, StoreError> {
        let statement = &candidate.accepted.statement;
        if let Some(at) = self.terms.get(unique.term())
            && let Some(other) = self.accepted.get(*at)
            && unique.is_shared(statement, &other.statement)
        {
            return Ok(Some((self.place(*at), other.statement.id())));
        }
        let rows = Rows(self.log.store());
        let found = match candidate.earlier {
            Some(index) => Some(index),
            None if self.knows_recent(candidate) => self.recent.first(unique.term()),
            None => rows.term(unique.term(), Index(0), self.base, 1)?.first().copied(),
        };
        let Some(index) = found else { return Ok(None) };
        let other = read_statement(&rows, index)?;
        Ok(unique.is_shared(statement, &other).then(|| (index, other.id())))
    }
}

/// The statement of an entry that an index row names: it must be there.
pub(crate) fn read_statement(rows: &Rows<'_>, index: Index) -> Result<Statement, StoreError> {
    let key = index.0.to_be_bytes();
    let bad = |detail: String| StoreError::row(Column::Entries, &key, detail);
    let entry = rows.entry(index)?.ok_or_else(|| bad("missing, but an index row names it".into()))?;
    Statement::decode(&entry.statement).map_err(|error| bad(error.to_string()))
}
