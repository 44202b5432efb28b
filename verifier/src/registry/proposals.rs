//! Changes that several registrars make together: what is proposed, who stands behind it, who is a registrar.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use schemas::ids::KeyId;
use schemas::kinds::{Key, Role};
use schemas::text::PrincipalId;
use schemas::time::{Index, Time};

use super::key::Backer;
use super::{RegisteredKey, Registry};

/// A change that too few registrars stand behind to take effect.
#[derive(Clone, Debug)]
pub struct Proposal<'r> {
    /// What is proposed.
    pub change: &'r Key,
    /// The registrars who have signed it and still are registrars, each once.
    pub by: Vec<&'r PrincipalId>,
}

impl Registry {
    /// The changes that wait for more registrars, as they stand at an entry at `index` of `time`.
    pub fn proposals(&self, index: Index, time: Time) -> Vec<Proposal<'_>> {
        let proposal = |change, backers| {
            let by: Vec<Backer> = self.standing(backers, index, time);
            let by = by.iter().filter_map(|backer| Some(&self.keys.get(&backer.kid)?.principal)).collect();
            Proposal { change, by }
        };
        self.proposals.iter().map(|(change, backers)| proposal(change, backers)).collect()
    }

    /// The keys that speak as registrars in an entry at `index` of `time`, each with its principal.
    pub fn registrars(&self, index: Index, time: Time) -> Vec<(KeyId, &PrincipalId)> {
        let kids = self.keys.keys();
        kids.filter_map(|kid| Some((*kid, &self.registrar_at(kid, index, time)?.principal))).collect()
    }

    /// How many registrars are left once everything that was said has taken effect, each principal counted once.
    pub fn registrars_left(&self) -> u64 {
        let last = self.registrars(Index(u64::MAX), Time(u64::MAX));
        last.into_iter().map(|(_, principal)| principal).collect::<BTreeSet<_>>().len() as u64
    }

    /// Whether a change is about a registrar: one that it makes, or a key that is one's.
    pub fn is_about_registrar(&self, change: &Key) -> bool {
        let known = self.keys.get(&change.kid).and_then(|key| key.granted.last());
        let was = known.map(|granted| granted.roles.as_slice()).unwrap_or_default();
        change.roles.iter().chain(was).any(|grant| grant.role == Role::Registrar)
    }

    /// Those of the backers who are registrars at an entry at `index` of `time`: one of each principal, whatever keys it has.
    pub(super) fn standing(&self, backers: &[Backer], index: Index, time: Time) -> Vec<Backer> {
        let mut principals = BTreeSet::new();
        let counts = |backer: &&Backer| {
            let key = self.registrar_at(&backer.kid, index, time);
            key.is_some_and(|key| principals.insert(&key.principal))
        };
        backers.iter().filter(counts).copied().collect()
    }

    fn registrar_at(&self, kid: &KeyId, index: Index, time: Time) -> Option<&RegisteredKey> {
        let key = self.key_at(kid, index, time).ok()?;
        key.roles_at(index).iter().any(|grant| grant.role == Role::Registrar).then_some(key)
    }
}
