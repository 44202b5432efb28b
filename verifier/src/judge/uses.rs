//! Who else relied on a statement: the actions that cite it.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use schemas::ids::StatementId;
use schemas::kinds::{Action, Phase};
use schemas::payload::{Body, Kind, Payload};
use schemas::reference::{ForeignRef, Reference};
use schemas::term::Term;
use schemas::time::Index;

use super::ground::Ground;
use crate::evidence::Record;

/// The actions that rely on one statement.
#[derive(Clone, Debug, Default)]
pub(crate) struct Uses<'e> {
    /// By ascending index, each action once: an outcome is no use beside its attempt.
    pub(crate) records: Vec<(&'e Record, &'e Action)>,
    /// Whether these are known to be all.
    pub(crate) covered: bool,
}

impl<'e> Uses<'e> {
    /// The actions that name `of` as `named` picks it, by its id or by a foreign id that it goes by.
    pub(crate) fn of(
        ground: Ground<'e>,
        of: &Record,
        names: &[&ForeignRef],
        named: fn(&Action) -> Option<&Reference>,
    ) -> Self {
        let Some(payload) = &of.payload else { return Self::default() };
        let id = of.id();
        let names: Vec<&ForeignRef> = payload.refs.iter().chain(names.iter().copied()).collect();
        let terms = [Term::Citing(Kind::Action, &id)]
            .into_iter()
            .chain(names.iter().map(|foreign| Term::CitingForeign(Kind::Action, &payload.tenant, foreign)));
        let mut found: Vec<(&'e Record, &'e Action)> = Vec::new();
        let mut covered = true;
        for term in terms {
            let answer = ground.evidence.find(&term);
            covered &= answer.covered && ground.effort.spend(answer.records.len());
            found.extend(answer.records.into_iter().filter_map(|record| {
                let action = sound_action(record, payload)?;
                named(action)
                    .is_some_and(|reference| means(reference, id, &names))
                    .then_some((record, action))
            }));
        }
        found.sort_by_key(|(record, _)| record.index);
        found.dedup_by_key(|(record, _)| record.index);
        Self { records: once_each(found), covered }
    }

    /// How many of them stand before an entry.
    pub(crate) fn before(&self, index: Index) -> usize {
        self.records.iter().filter(|(record, _)| record.index < index).count()
    }
}

/// An action of the same tenant whose signature, key and role stand.
fn sound_action<'e>(record: &'e Record, of: &Payload) -> Option<&'e Action> {
    let payload = record.payload.as_ref().filter(|_| record.standing.is_ok())?;
    match &payload.body {
        Body::Action(action) if payload.tenant == of.tenant => Some(action),
        _ => None,
    }
}

fn means(reference: &Reference, id: StatementId, names: &[&ForeignRef]) -> bool {
    match reference {
        Reference::Id(named) | Reference::InLog(_, named) => *named == id,
        Reference::Foreign(foreign) => names.contains(&foreign),
    }
}

/// Leaves out the outcomes whose attempts are there.
fn once_each<'e>(found: Vec<(&'e Record, &'e Action)>) -> Vec<(&'e Record, &'e Action)> {
    let attempts: BTreeSet<StatementId> = found.iter().map(|(record, _)| record.id()).collect();
    let is_use = |action: &Action| {
        action.phase != Phase::Outcome
            || !matches!(&action.attempt, Some(Reference::Id(attempt)) if attempts.contains(attempt))
    };
    found.into_iter().filter(|(_, action)| is_use(action)).collect()
}
