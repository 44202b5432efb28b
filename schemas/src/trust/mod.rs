//! The trust file: which keys of which logs and witnesses a verifier believes, and how many witnesses it asks for.
//!
//! C2SP tlog-policy, with one line of our own: `genesis <64 hex digits>` pins the genesis statement, and with it the
//! registrars. Narrower than C2SP in three points: the file is UTF-8, no public key appears twice anywhere, and logs
//! sign with Ed25519 (type 0x01), witnesses with cosignature/v1 (type 0x04).

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use crate::checkpoint::Origin;
use crate::ids::LogId;
use crate::note::{SignatureType, VerifierKey};

mod error;
mod parse;

pub use error::{TrustError, TrustProblem};

/// A checked trust file. Every public key in it is distinct, so counting witnesses counts keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustPolicy {
    logs: Vec<TrustedLog>,
    witnesses: Vec<Witness>,
    groups: Vec<Group>,
    quorum: Quorum,
    genesis: Option<LogId>,
}

/// A log whose checkpoints are believed. A log that changes keys appears once for each of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustedLog {
    /// The key; its name is the log's origin.
    pub key: VerifierKey,
    /// Where the log is reached, if the file says so.
    pub url: Option<String>,
}

/// A witness whose cosignatures count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Witness {
    /// What the file calls it; means nothing outside.
    pub name: String,
    /// The key that cosigns.
    pub key: VerifierKey,
    /// Where the witness is reached, if the file says so.
    pub url: Option<String>,
}

/// Satisfied when at least `threshold` of its members are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    name: String,
    threshold: usize,
    members: Vec<Member>,
}

/// A witness or an earlier group, by its place in the file. Each is a member of one group at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Member {
    Witness(usize),
    Group(usize),
}

/// What has to be satisfied for a checkpoint to count as published.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Quorum {
    None,
    Member(Member),
}

impl TrustPolicy {
    /// The policy that believes one log key and asks for no witness: what a new log hands to its verifiers.
    pub fn for_log(key: VerifierKey, genesis: LogId) -> Result<Self, TrustProblem> {
        Self::for_keys([key], genesis)
    }

    /// The policy that believes these keys of one log and asks for no witness. A key given twice counts once.
    pub fn for_keys(
        keys: impl IntoIterator<Item = VerifierKey>,
        genesis: LogId,
    ) -> Result<Self, TrustProblem> {
        let policy = Self {
            logs: Vec::new(),
            witnesses: Vec::new(),
            groups: Vec::new(),
            quorum: Quorum::None,
            genesis: Some(genesis),
        };
        keys.into_iter().try_fold(policy, |policy, key| policy.with_log_key(key))
    }

    /// The same policy with one more key of a log, behind those that it has; unchanged where it has the key.
    pub fn with_log_key(mut self, key: VerifierKey) -> Result<Self, TrustProblem> {
        if key.kind() != SignatureType::Ed25519 {
            return Err(TrustProblem::KeyKind { got: key.kind(), expected: SignatureType::Ed25519 });
        }
        if self.logs.iter().any(|log| log.key == key) {
            return Ok(self);
        }
        self.logs.push(TrustedLog { key, url: None });
        Ok(self)
    }

    /// Reads a whole trust file.
    pub fn parse(bytes: &[u8]) -> Result<Self, TrustError> {
        parse::parse(bytes)
    }

    /// The logs, in the order of the file.
    pub fn logs(&self) -> &[TrustedLog] {
        &self.logs
    }

    /// The keys that may sign for this log. None where the file does not know the log.
    pub fn keys_of(&self, origin: &Origin) -> impl Iterator<Item = &VerifierKey> {
        self.logs.iter().map(|log| &log.key).filter(move |key| key.name() == origin.key_name())
    }

    /// The witnesses, in the order of the file.
    pub fn witnesses(&self) -> &[Witness] {
        &self.witnesses
    }

    /// The pinned genesis statement, if there is one. Without it registrars are as named by the log.
    pub fn genesis(&self) -> Option<LogId> {
        self.genesis
    }

    /// What the quorum is called in the file; `none` where no witness is asked for.
    pub fn quorum_name(&self) -> &str {
        match self.quorum {
            Quorum::None => parse::NO_QUORUM,
            Quorum::Member(member) => self.member_name(member),
        }
    }

    /// Whether any witness is asked for.
    pub fn needs_witnesses(&self) -> bool {
        self.quorum != Quorum::None
    }

    /// Whether the quorum is met when exactly the witnesses of which `cosigned` is true have cosigned.
    ///
    /// The caller answers for one checkpoint and counts verified cosignatures only. Naming a witness twice is of no use.
    pub fn quorum_met(&self, cosigned: impl Fn(&Witness) -> bool) -> bool {
        let Quorum::Member(wanted) = self.quorum else { return true };
        let witnesses: Vec<bool> = self.witnesses.iter().map(cosigned).collect();
        // A group names only earlier ones, so one pass in the order of the file settles all of them.
        let mut groups: Vec<bool> = Vec::new();
        for group in &self.groups {
            let satisfied =
                group.members.iter().filter(|member| is_set(**member, &witnesses, &groups)).count();
            groups.push(satisfied >= group.threshold);
        }
        is_set(wanted, &witnesses, &groups)
    }

    fn member_name(&self, member: Member) -> &str {
        let name = match member {
            Member::Witness(at) => self.witnesses.get(at).map(|witness| &witness.name),
            Member::Group(at) => self.groups.get(at).map(|group| &group.name),
        };
        name.map_or("", String::as_str)
    }
}

/// Writes the file that reads back as this policy, without the comments of the file it came from.
impl fmt::Display for TrustPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for log in &self.logs {
            writeln!(f, "log {}{}", log.key, after_space(log.url.as_deref()))?;
        }
        for witness in &self.witnesses {
            writeln!(f, "witness {} {}{}", witness.name, witness.key, after_space(witness.url.as_deref()))?;
        }
        for group in &self.groups {
            write!(f, "group {} {}", group.name, group.threshold)?;
            group.members.iter().try_for_each(|member| write!(f, " {}", self.member_name(*member)))?;
            writeln!(f)?;
        }
        writeln!(f, "quorum {}", self.quorum_name())?;
        self.genesis.iter().try_for_each(|genesis| writeln!(f, "genesis {genesis}"))
    }
}

fn is_set(member: Member, witnesses: &[bool], groups: &[bool]) -> bool {
    let place = match member {
        Member::Witness(at) => witnesses.get(at),
        Member::Group(at) => groups.get(at),
    };
    place.copied().unwrap_or(false)
}

fn after_space(url: Option<&str>) -> String {
    url.map_or_else(String::new, |url| [" ", url].concat())
}

#[cfg(test)]
mod tests;
