//! Who may change keys in a log now, and which changes wait for more registrars, as the log's server shows it. A wrong answer
//! makes statements that are refused or warnings that are wrong, never anything that is believed.

use std::collections::BTreeSet;

use gateway::client::Client;
use schemas::ids::{KeyId, LogId, StatementId};
use schemas::kinds::Key;
use schemas::time::{Index, Time};
use verifier::registry::Registry;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::moment;
use crate::registration::{self, Change};

/// A change that waits for more registrars.
#[derive(Clone, Debug)]
pub(crate) struct Pending {
    /// A statement that proposes it.
    pub(crate) id: StatementId,
    pub(crate) change: Key,
    /// How many registrars it takes.
    pub(crate) needed: u64,
    /// The registrars behind it.
    pub(crate) by: Vec<String>,
    /// The other registrars.
    pub(crate) missing: Vec<String>,
}

/// The keys of a log, put together from its `key` entries.
pub(crate) struct Keys {
    pub(crate) registry: Registry,
    changes: Vec<Change>,
}

impl Keys {
    /// Asks the log for every change of keys.
    pub(crate) fn fetch(client: &Client, log: &LogId) -> Result<Self, Failure> {
        let genesis = registration::fetch(client, &(*log).into())?;
        let mut registry = Registry::from_genesis(&genesis)
            .map_err(|e| Failure::new("genesis-invalid", e.to_string()).exit(Exit::Tampered))?;
        let changes = registration::all_changes(client)?;
        for change in &changes {
            let statement = registration::fetch(client, &change.id)?;
            registry.record(&statement, Index(change.index), Time(change.time));
        }
        Ok(Self { registry, changes })
    }

    /// Every change that waits.
    pub(crate) fn pending(&self) -> Vec<Pending> {
        let (index, time) = next();
        let registrars: BTreeSet<_> =
            self.registry.registrars(index, time).into_iter().map(|(_, principal)| principal).collect();
        let pending = |proposal: verifier::registry::Proposal<'_>| {
            let same = |change: &&Change| change.key == *proposal.change;
            let missing = registrars.iter().filter(|principal| !proposal.by.contains(principal));
            Some(Pending {
                id: self.changes.iter().rev().find(same)?.id,
                change: proposal.change.clone(),
                needed: self.registry.genesis().threshold,
                by: proposal.by.iter().map(ToString::to_string).collect(),
                missing: missing.map(ToString::to_string).collect(),
            })
        };
        self.registry.proposals(index, time).into_iter().filter_map(pending).collect()
    }

    /// Whether the key is a registrar's, and how many distinct registrars there would be without it once every withdrawal that was
    /// said has run out.
    pub(crate) fn registrars_without(&self, kid: &KeyId) -> (bool, u64) {
        let (index, time) = next();
        let is_registrar = self.registry.registrars(index, time).iter().any(|(known, _)| known == kid);
        let lasting = self.registry.registrars(index, Time(u64::MAX));
        let left: BTreeSet<_> =
            lasting.iter().filter(|(known, _)| known != kid).map(|(_, principal)| principal).collect();
        (is_registrar, left.len() as u64)
    }
}

/// Where and when the next entry would stand.
fn next() -> (Index, Time) {
    (Index(u64::MAX), moment::now())
}

/// Refuses a change after which fewer registrars would be left than a change of registrars takes.
pub(crate) fn check_enough_left(keys: &Keys, kid: &KeyId) -> Result<(), Failure> {
    let threshold = keys.registry.genesis().threshold;
    let (is_registrar, left) = keys.registrars_without(kid);
    if !is_registrar || left >= threshold {
        return Ok(());
    }
    let what = match left {
        0 => format!(
            "without the registrar key {kid} nobody could ever again register, retire or withdraw a key in this log: it \
             would only take statements by the keys that it has"
        ),
        _ => format!(
            "without the registrar key {kid} too few registrars are left to ever again make or withdraw a registrar, or to \
             withdraw a key of the log"
        ),
    };
    Err(Failure::usage("last-registrar", what)
        .values(format!("at least {threshold} left"), format!("{left} left"))
        .next("`writ keys register … --role registrar` for another key first, or the same with --yes"))
}
