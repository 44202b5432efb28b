//! Which key speaks for whom, derived from the log and from nothing else.
//!
//! Genesis names the log's own keys and the registrars; `key` entries add, replace and withdraw. Validity is a question
//! of index and entry time only: no claimed time can make a key valid.

mod admission;
mod entitlement;
mod error;
mod key;
mod log_keys;
mod proposals;
mod registration;
mod table;

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::vec::Vec;

use schemas::envelope::Statement;
use schemas::ids::{KeyId, LogId, PublicKey};
use schemas::kinds::{Genesis, Key, KeyOp, Role, RoleGrant, Use};
use schemas::payload::Body;
use schemas::text::PrincipalId;
use schemas::time::{Index, Time};

pub use admission::{Refusal, admit};
pub use entitlement::{Assurance, NotEntitled, entitle, entitle_namespace};
pub use error::{GenesisError, KeyError};
pub use key::{Compromise, RegisteredKey};
pub use log_keys::LogKeyError;
pub use proposals::Proposal;
pub use registration::RegistrationError;

use key::{Backer, Granted};

use crate::signature::{CheckedKey, SignatureError};

/// The keys of a log as of some index.
#[derive(Clone, Debug)]
pub struct Registry {
    log: LogId,
    genesis: Genesis,
    keys: BTreeMap<KeyId, RegisteredKey>,
    /// Changes of registrars that do not yet have enough registrars behind them: what is proposed, and by whom.
    proposals: Vec<(Key, Vec<Backer>)>,
}

impl Registry {
    /// Begins with the log's genesis, checking its signature.
    pub fn from_genesis(statement: &Statement) -> Result<Self, GenesisError> {
        let Body::Genesis(genesis) = &statement.payload.body else { return Err(GenesisError::NotGenesis) };
        let mut keys = BTreeMap::new();
        let log_principal = log_principal(genesis)?;
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
        if key.granted.first().is_some_and(|granted| granted.from >= index && index.0 > 0) {
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
        let backer = Backer { kid: statement.envelope.kid, index, time };
        let by_log = self.keys.get(&backer.kid).is_some_and(|key| key.usage.is_some());
        let by = if !by_log && self.needs_several(change) {
            self.second(change, backer)
        } else {
            Some([backer].into())
        };
        let Some(by) = by else { return };
        match change.op {
            KeyOp::Add | KeyOp::Rotate => {
                self.register(change, Granted { from: index, roles: change.roles.clone(), by })
            }
            KeyOp::Retire => {
                let accept_until = change.accept_until.unwrap_or(time);
                if let Some(key) = self.keys.get_mut(&change.kid) {
                    key.retired = Some(earlier(key.retired, (index, accept_until)));
                    key.withdrawn = key.withdrawn.or(Some(index));
                }
            }
            KeyOp::Compromise => {
                let since = change.since.unwrap_or(time);
                if let Some(key) = self.keys.get_mut(&change.kid) {
                    key.compromised = Some(earlier(key.compromised, (index, since)));
                    key.withdrawn = key.withdrawn.or(Some(index));
                }
            }
        }
    }

    /// A key behind a statement at `index` of `time` that was reported to be in other hands by then: the signer's own, or that
    /// of a registrar who gave it the roles it spoke by, and so on up to genesis.
    pub fn compromised_behind(&self, kid: &KeyId, index: Index, time: Time) -> Option<Compromise> {
        let mut seen = BTreeSet::new();
        let mut waiting: Vec<Backer> = [Backer { kid: *kid, index, time }].into();
        while let Some(Backer { kid, index, time }) = waiting.pop() {
            let Some(key) = self.keys.get(&kid) else { continue };
            if let Some((reported, since)) = key.compromised.filter(|(_, since)| *since <= time) {
                return Some(Compromise { kid, reported, since, used: time });
            }
            if let Some(granted) = key.granted_at(index).filter(|granted| seen.insert((kid, granted.from))) {
                waiting.extend(granted.by.iter().copied());
            }
        }
        None
    }

    fn register(&mut self, change: &Key, granted: Granted) {
        let (Some(public), Some(principal)) = (change.public, &change.principal) else { return };
        match self.keys.get_mut(&change.kid) {
            Some(known) => known.granted.push(granted),
            None => {
                if let Ok(key) = CheckedKey::new(public) {
                    let (principal, usage, granted) = (principal.clone(), change.usage, [granted].into());
                    let registered = RegisteredKey {
                        key,
                        principal,
                        usage,
                        granted,
                        retired: None,
                        withdrawn: None,
                        compromised: None,
                    };
                    self.keys.insert(change.kid, registered);
                }
            }
        }
    }

    /// Whether a registrar's change makes or unmakes a registrar, or withdraws a key of the log: what one may not do alone.
    fn needs_several(&self, change: &Key) -> bool {
        let known = self.keys.get(&change.kid);
        let of_log = change.usage.is_none() && known.is_some_and(|key| key.usage.is_some());
        of_log || self.is_about_registrar(change)
    }

    /// Counts a registrar behind a change; all of them once there are enough. One principal counts once, whatever keys it
    /// has, and only while its key may still speak.
    fn second(&mut self, change: &Key, backer: Backer) -> Option<Vec<Backer>> {
        let place = match self.proposals.iter().position(|(proposed, _)| proposed == change) {
            Some(place) => place,
            None => {
                self.proposals.push((change.clone(), Vec::new()));
                self.proposals.len().saturating_sub(1)
            }
        };
        let backers = &mut self.proposals.get_mut(place)?.1;
        backers.push(backer);
        let all = backers.clone();
        let standing = self.standing(&all, backer.index, backer.time);
        if (standing.len() as u64) < self.genesis.threshold {
            return None;
        }
        self.proposals.remove(place);
        Some(standing)
    }
}

/// The earlier of two times with the entry that states it: a later entry can take trust back from an earlier time on, never
/// give it back.
fn earlier(known: Option<(Index, Time)>, stated: (Index, Time)) -> (Index, Time) {
    known.filter(|(_, time)| *time <= stated.1).unwrap_or(stated)
}

/// What the log's own keys are called.
pub fn log_principal(genesis: &Genesis) -> Result<PrincipalId, schemas::text::TextError> {
    PrincipalId::new(format!("log:{}", genesis.origin))
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
    let granted = [Granted { from: Index(0), roles: grants, by: Vec::new() }].into();
    let registered =
        RegisteredKey { key, principal, usage, granted, retired: None, withdrawn: None, compromised: None };
    keys.insert(KeyId::of(&public), registered);
    Ok(())
}
