//! A registered key: whose it is, what it may speak for, and on whose word.

use alloc::vec::Vec;

use schemas::ids::KeyId;
use schemas::kinds::{RoleGrant, Use};
use schemas::text::PrincipalId;
use schemas::time::{Index, Time};

use crate::signature::CheckedKey;

/// A key, whose it is, and what it may speak for over the length of the log.
#[derive(Clone, Debug)]
pub struct RegisteredKey {
    /// The key.
    pub key: CheckedKey,
    /// Its principal, for ever.
    pub principal: PrincipalId,
    /// For a key of the log itself: what it signs.
    pub usage: Option<Use>,
    /// Roles in the order of the entries that gave them; each list replaces the one before.
    pub(super) granted: Vec<Granted>,
    pub(super) retired: Option<(Index, Time)>,
    /// The first entry that withdrew it, in whatever way.
    pub(super) withdrawn: Option<Index>,
    pub(super) compromised: Option<(Index, Time)>,
}

/// A registrar behind a change of keys, and where it said so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Backer {
    pub(super) kid: KeyId,
    pub(super) index: Index,
    pub(super) time: Time,
}

/// Roles that an entry gave to a key.
#[derive(Clone, Debug)]
pub(super) struct Granted {
    pub(super) from: Index,
    pub(super) roles: Vec<RoleGrant>,
    /// The registrars whose word it is; nobody's for the keys of genesis.
    pub(super) by: Vec<Backer>,
}

/// A key that was reported to be in other hands, and when it was relied on all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Compromise {
    /// The key.
    pub kid: KeyId,
    /// Where it was reported.
    pub reported: Index,
    /// From when it can no longer be believed.
    pub since: Time,
    /// Time of the entry that it signed.
    pub used: Time,
}

impl RegisteredKey {
    /// The roles in force for an entry at `index`.
    pub fn roles_at(&self, index: Index) -> &[RoleGrant] {
        self.granted_at(index).map_or(&[], |granted| granted.roles.as_slice())
    }

    pub(super) fn granted_at(&self, index: Index) -> Option<&Granted> {
        self.granted.iter().rev().find(|granted| granted.from < index)
    }

    /// The entry that registered the key; 0 for those of genesis.
    pub fn registered(&self) -> Index {
        self.granted.first().map_or(Index(0), |granted| granted.from)
    }

    /// From when the key was reported to be in other hands, and where.
    pub fn compromised(&self) -> Option<(Index, Time)> {
        self.compromised
    }

    /// Whether the key was retired or reported to be in other hands.
    pub fn is_withdrawn(&self) -> bool {
        self.withdrawn.is_some()
    }
}
