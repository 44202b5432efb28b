//! Which key speaks for whom, derived from the log and from nothing else.
//!
//! Genesis names the log's own keys and the registrars; `key` entries add, replace and withdraw. Validity is a question
//! of index and entry time only: no claimed time can make a key valid.

mod admission;
mod entitlement;
mod registration;

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::vec::Vec;

use schemas::envelope::Statement;
use schemas::ids::{KeyId, LogId, PublicKey};
use schemas::kinds::{Genesis, Key, KeyOp, Role, RoleGrant, Use};
use schemas::payload::Body;
use schemas::text::PrincipalId;
use schemas::time::{Index, Time};
use thiserror::Error;

pub use admission::{Refusal, admit};
pub use entitlement::{Assurance, NotEntitled, entitle};
pub use registration::RegistrationError;

use crate::signature::{CheckedKey, SignatureError};

/// The keys of a log as of some index.
#[derive(Clone, Debug)]
pub struct Registry {
    log: LogId,
    genesis: Genesis,
    keys: BTreeMap<KeyId, RegisteredKey>,
    /// Changes of registrars that do not yet have enough registrars behind them: what is proposed, and by whom.
    proposals: Vec<(Key, BTreeSet<KeyId>)>,
}

/// A key, whose it is, and what it may speak for over the length of the log.
#[derive(Clone, Debug)]
pub struct RegisteredKey {
    /// The key.
    pub key: CheckedKey,
    /// Its principal, for ever.
    pub principal: PrincipalId,
    /// For a key of the log itself: what it signs.
    pub usage: Option<Use>,
    /// Roles by the index of the entry that gave them; each list replaces the one before.
    roles: Vec<(Index, Vec<RoleGrant>)>,
    retired: Option<(Index, Time)>,
    compromised: Option<(Index, Time)>,
}

/// Why a key cannot speak at a position.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum KeyError {
    /// No entry before this one registers it.
    #[error("key {kid} is not registered before {index}")]
    Unknown {
        /// The key.
        kid: KeyId,
        /// The position.
        index: Index,
    },
    /// It was retired, and its time has run out.
    #[error(
        "key {kid} was retired at {retired}, entries accepted until {accept_until:?}; this entry is of {time:?}"
    )]
    Retired {
        /// The key.
        kid: KeyId,
        /// Where.
        retired: Index,
        /// Until when entries are accepted.
        accept_until: Time,
        /// The entry's time.
        time: Time,
    },
    /// It may be in other hands.
    #[error("key {kid} was reported compromised at {reported}, since {since:?}; this entry is of {time:?}")]
    Compromised {
        /// The key.
        kid: KeyId,
        /// Where.
        reported: Index,
        /// From when it can no longer be believed.
        since: Time,
        /// The entry's time.
        time: Time,
    },
}

impl KeyError {
    /// Stable name of this refusal.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unknown { .. } => "unknown-key",
            Self::Retired { .. } => "key-retired",
            Self::Compromised { .. } => "key-compromised",
        }
    }
}

/// Why a statement cannot begin a log.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum GenesisError {
    /// It is of another kind.
    #[error("the statement is no genesis")]
    NotGenesis,
    /// A key in it is no usable key, or the genesis is not signed by its own statement key.
    #[error("genesis: {0}")]
    Key(#[from] SignatureError),
    /// The envelope names another key or issuer than the genesis's own statement key.
    #[error("genesis is signed as {got}; expected {expected}")]
    Signer {
        /// Key id of the statement key.
        expected: KeyId,
        /// Key id in the envelope.
        got: KeyId,
    },
    /// The log's or a registrar's name is no URI.
    #[error("genesis: {0}")]
    Name(#[from] schemas::text::TextError),
}

impl Registry {
    /// Begins with the log's genesis, checking its signature.
    pub fn from_genesis(statement: &Statement) -> Result<Self, GenesisError> {
        let Body::Genesis(genesis) = &statement.payload.body else { return Err(GenesisError::NotGenesis) };
        let mut keys = BTreeMap::new();
        let log_principal = PrincipalId::new(format!("log:{}", genesis.origin))?;
        for log_key in &genesis.keys {
            insert(&mut keys, log_key.public, log_principal.clone(), Some(log_key.usage), Vec::new())?;
        }
        for registrar in &genesis.registrars {
            let principal = registrar_principal(&KeyId::of(registrar))?;
            let roles = [RoleGrant { role: Role::Registrar, about: Vec::new(), tenants: Vec::new() }];
            insert(&mut keys, *registrar, principal, None, roles.to_vec())?;
        }
        let signer = genesis.key(Use::Statement).copied().ok_or(GenesisError::NotGenesis)?;
        let envelope = &statement.envelope;
        if envelope.kid != KeyId::of(&signer) || envelope.iss != log_principal {
            return Err(GenesisError::Signer { expected: KeyId::of(&signer), got: envelope.kid });
        }
        CheckedKey::new(signer)?.verify_envelope(envelope)?;
        Ok(Self { log: statement.id().into(), genesis: genesis.clone(), keys, proposals: Vec::new() })
    }

    /// The log.
    pub fn log(&self) -> LogId {
        self.log
    }

    /// The log's genesis.
    pub fn genesis(&self) -> &Genesis {
        &self.genesis
    }

    /// The key of this id, whether or not it is still valid.
    pub fn key(&self, kid: &KeyId) -> Option<&RegisteredKey> {
        self.keys.get(kid)
    }

    /// Every key, by id.
    pub fn keys(&self) -> impl Iterator<Item = (&KeyId, &RegisteredKey)> {
        self.keys.iter()
    }

    /// The key of this id, if it may speak in an entry at `index` of `time`.
    pub fn key_at(&self, kid: &KeyId, index: Index, time: Time) -> Result<&RegisteredKey, KeyError> {
        let unknown = KeyError::Unknown { kid: *kid, index };
        let key = self.keys.get(kid).ok_or(unknown.clone())?;
        // Genesis registers from index 0 and is itself the only entry there.
        if key.roles.first().is_some_and(|(from, _)| *from >= index && index.0 > 0) {
            return Err(unknown);
        }
        if let Some((reported, since)) = key.compromised
            && (reported < index || since <= time)
        {
            return Err(KeyError::Compromised { kid: *kid, reported, since, time });
        }
        match key.retired {
            Some((retired, accept_until)) if retired < index && accept_until < time => {
                Err(KeyError::Retired { kid: *kid, retired, accept_until, time })
            }
            _ => Ok(key),
        }
    }

    /// Takes in an admitted `key` statement. Others change nothing.
    pub fn record(&mut self, statement: &Statement, index: Index, time: Time) {
        let Body::Key(change) = &statement.payload.body else { return };
        if self.touches_registrars(change) && !self.second(change, &statement.envelope.kid) {
            return;
        }
        match change.op {
            KeyOp::Add | KeyOp::Rotate => self.register(change, index),
            KeyOp::Retire => {
                let accept_until = change.accept_until.unwrap_or(time);
                if let Some(key) = self.keys.get_mut(&change.kid) {
                    key.retired.get_or_insert((index, accept_until));
                }
            }
            KeyOp::Compromise => {
                let since = change.since.unwrap_or(time);
                if let Some(key) = self.keys.get_mut(&change.kid) {
                    // The earliest suspicion stands: a later report cannot give trust back.
                    let (first, earliest) = key.compromised.unwrap_or((index, since));
                    key.compromised = Some((first, earliest.min(since)));
                }
            }
        }
    }

    fn register(&mut self, change: &Key, index: Index) {
        let (Some(public), Some(principal)) = (change.public, &change.principal) else { return };
        match self.keys.get_mut(&change.kid) {
            Some(known) => known.roles.push((index, change.roles.clone())),
            None => {
                if let Ok(key) = CheckedKey::new(public) {
                    let roles = [(index, change.roles.clone())].to_vec();
                    let principal = principal.clone();
                    let registered = RegisteredKey {
                        key,
                        principal,
                        usage: change.usage,
                        roles,
                        retired: None,
                        compromised: None,
                    };
                    self.keys.insert(change.kid, registered);
                }
            }
        }
    }

    /// Whether a change makes, or unmakes, a registrar.
    fn touches_registrars(&self, change: &Key) -> bool {
        let is_registrar = |grants: &[RoleGrant]| grants.iter().any(|grant| grant.role == Role::Registrar);
        let known = self.keys.get(&change.kid).and_then(|key| key.roles.last());
        is_registrar(&change.roles) || known.is_some_and(|(_, grants)| is_registrar(grants))
    }

    /// Counts `registrar` behind a change of registrars; whether there are now enough.
    fn second(&mut self, change: &Key, registrar: &KeyId) -> bool {
        let threshold = self.genesis.threshold;
        if threshold <= 1 {
            return true;
        }
        let place = match self.proposals.iter().position(|(proposed, _)| proposed == change) {
            Some(place) => place,
            None => {
                self.proposals.push((change.clone(), BTreeSet::new()));
                self.proposals.len().saturating_sub(1)
            }
        };
        let Some((_, seconds)) = self.proposals.get_mut(place) else { return false };
        seconds.insert(*registrar);
        if (seconds.len() as u64) < threshold {
            return false;
        }
        self.proposals.remove(place);
        true
    }
}

impl RegisteredKey {
    /// The roles in force for an entry at `index`.
    pub fn roles_at(&self, index: Index) -> &[RoleGrant] {
        let in_force = self.roles.iter().rev().find(|(from, _)| *from < index);
        in_force.map_or(&[], |(_, grants)| grants.as_slice())
    }

    /// The entry that registered the key; 0 for those of genesis.
    pub fn registered(&self) -> Index {
        self.roles.first().map_or(Index(0), |(from, _)| *from)
    }

    /// From when the key was reported to be in other hands, and where.
    pub fn compromised(&self) -> Option<(Index, Time)> {
        self.compromised
    }
}

/// What registrars of genesis are called: they have no principal of their own.
pub fn registrar_principal(kid: &KeyId) -> Result<PrincipalId, schemas::text::TextError> {
    PrincipalId::new(format!("registrar:{kid}"))
}

fn insert(
    keys: &mut BTreeMap<KeyId, RegisteredKey>,
    public: PublicKey,
    principal: PrincipalId,
    usage: Option<Use>,
    grants: Vec<RoleGrant>,
) -> Result<(), SignatureError> {
    let key = CheckedKey::new(public)?;
    let roles = [(Index(0), grants)].to_vec();
    let registered = RegisteredKey { key, principal, usage, roles, retired: None, compromised: None };
    keys.insert(KeyId::of(&public), registered);
    Ok(())
}
