//! Reading a trust file, line by line.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::{Group, Member, Quorum, TrustError, TrustPolicy, TrustProblem, TrustedLog, Witness};
use crate::ids::{LogId, PublicKey};
use crate::limits::{TRUST_BYTES_MAX, TRUST_ITEMS_MAX};
use crate::note::{KeyName, NoteKeyId, SignatureType, VerifierKey};
use crate::tree::strict_decimal;

/// The quorum that is always met.
pub(super) const NO_QUORUM: &str = "none";

const LOG_FORM: &str = "log <vkey> [<url>]";
const WITNESS_FORM: &str = "witness <name> <vkey> [<url>]";
const GROUP_FORM: &str = "group <name> all|any|<k> <name>...";
const QUORUM_FORM: &str = "quorum <name>|none";
const GENESIS_FORM: &str = "genesis <id>";

pub(super) fn parse(bytes: &[u8]) -> Result<TrustPolicy, TrustError> {
    if bytes.len() > TRUST_BYTES_MAX {
        let problem = TrustProblem::TooLarge { got: bytes.len(), max: TRUST_BYTES_MAX };
        return Err(TrustError { line: 0, problem });
    }
    let mut draft = Draft::default();
    let mut last = 0;
    for (line, bytes) in (1..).zip(bytes.split(|byte| *byte == b'\n')) {
        draft.line(bytes).map_err(|problem| TrustError { line, problem })?;
        last = line;
    }
    draft.finish().map_err(|problem| TrustError { line: last, problem })
}

/// What the lines so far have said.
#[derive(Default)]
struct Draft {
    logs: Vec<TrustedLog>,
    witnesses: Vec<Witness>,
    groups: Vec<Group>,
    quorum: Option<Quorum>,
    genesis: Option<LogId>,
    names: BTreeMap<String, Member>,
    grouped: BTreeSet<String>,
    public_keys: BTreeSet<PublicKey>,
    key_ids: BTreeSet<(KeyName, NoteKeyId)>,
}

impl Draft {
    fn line(&mut self, bytes: &[u8]) -> Result<(), TrustProblem> {
        let line = core::str::from_utf8(bytes).map_err(|_| TrustProblem::NotUtf8)?;
        if let Some(at) = line.bytes().position(|byte| byte.is_ascii_control() && byte != b'\t') {
            return Err(TrustProblem::ControlCharacter { at });
        }
        let words: Vec<&str> = line.split([' ', '\t']).filter(|word| !word.is_empty()).collect();
        match words.split_first() {
            None => Ok(()),
            Some((first, _)) if first.starts_with('#') => Ok(()),
            Some((&"log", words)) => self.log(words),
            Some((&"witness", words)) => self.witness(words),
            Some((&"group", words)) => self.group(words),
            Some((&"quorum", words)) => self.quorum(words),
            Some((&"genesis", words)) => self.genesis(words),
            Some((keyword, _)) => Err(TrustProblem::Keyword { keyword: keyword.to_string() }),
        }
    }

    fn log(&mut self, words: &[&str]) -> Result<(), TrustProblem> {
        let (key, url) = match words {
            [key] => (key, None),
            [key, url] => (key, Some(url.to_string())),
            _ => return Err(TrustProblem::Form { expected: LOG_FORM }),
        };
        check_count("log", self.logs.len())?;
        let key = self.key(key, SignatureType::Ed25519)?;
        self.logs.push(TrustedLog { key, url });
        Ok(())
    }

    fn witness(&mut self, words: &[&str]) -> Result<(), TrustProblem> {
        let (name, key, url) = match words {
            [name, key] => (name, key, None),
            [name, key, url] => (name, key, Some(url.to_string())),
            _ => return Err(TrustProblem::Form { expected: WITNESS_FORM }),
        };
        check_count("witness", self.witnesses.len())?;
        self.define(name, Member::Witness(self.witnesses.len()))?;
        let key = self.key(key, SignatureType::Cosignature)?;
        self.witnesses.push(Witness { name: name.to_string(), key, url });
        Ok(())
    }

    fn group(&mut self, words: &[&str]) -> Result<(), TrustProblem> {
        let [name, threshold, names @ ..] = words else {
            return Err(TrustProblem::Form { expected: GROUP_FORM });
        };
        if names.is_empty() {
            return Err(TrustProblem::Form { expected: GROUP_FORM });
        }
        check_count("group", self.groups.len())?;
        let mut members = Vec::new();
        for member in names {
            members.push(self.member(member)?);
            if !self.grouped.insert(member.to_string()) {
                return Err(TrustProblem::SecondMembership { name: member.to_string() });
            }
        }
        let threshold = parse_threshold(threshold, members.len())?;
        self.define(name, Member::Group(self.groups.len()))?;
        self.groups.push(Group { name: name.to_string(), threshold, members });
        Ok(())
    }

    fn quorum(&mut self, words: &[&str]) -> Result<(), TrustProblem> {
        let [name] = words else { return Err(TrustProblem::Form { expected: QUORUM_FORM }) };
        if self.quorum.is_some() {
            return Err(TrustProblem::SecondQuorum);
        }
        self.quorum =
            Some(if *name == NO_QUORUM { Quorum::None } else { Quorum::Member(self.member(name)?) });
        Ok(())
    }

    fn genesis(&mut self, words: &[&str]) -> Result<(), TrustProblem> {
        let [id] = words else { return Err(TrustProblem::Form { expected: GENESIS_FORM }) };
        if self.genesis.is_some() {
            return Err(TrustProblem::SecondGenesis);
        }
        self.genesis = Some(LogId::from_hex(id).ok_or(TrustProblem::Genesis)?);
        Ok(())
    }

    fn finish(self) -> Result<TrustPolicy, TrustProblem> {
        let quorum = self.quorum.ok_or(TrustProblem::NoQuorum)?;
        let Self { logs, witnesses, groups, genesis, .. } = self;
        Ok(TrustPolicy { logs, witnesses, groups, quorum, genesis })
    }

    /// Reads a key that is of the expected kind and does not stand in the file yet.
    fn key(&mut self, vkey: &str, expected: SignatureType) -> Result<VerifierKey, TrustProblem> {
        let key = VerifierKey::parse(vkey)?;
        if key.kind() != expected {
            return Err(TrustProblem::KeyKind { got: key.kind(), expected });
        }
        if !self.public_keys.insert(*key.public_key()) {
            return Err(TrustProblem::DuplicateKey { name: key.name().to_string() });
        }
        // A log also states times, by the same key under another id.
        let times = (expected == SignatureType::Ed25519).then(|| key.for_times().id());
        for id in [Some(key.id()), times].into_iter().flatten() {
            if !self.key_ids.insert((key.name().clone(), id)) {
                return Err(TrustProblem::DuplicateKeyId { name: key.name().to_string(), id });
            }
        }
        Ok(key)
    }

    fn define(&mut self, name: &str, member: Member) -> Result<(), TrustProblem> {
        if name == NO_QUORUM {
            return Err(TrustProblem::ReservedName);
        }
        match self.names.insert(name.to_string(), member) {
            None => Ok(()),
            Some(_) => Err(TrustProblem::DuplicateName { name: name.to_string() }),
        }
    }

    fn member(&self, name: &str) -> Result<Member, TrustProblem> {
        self.names.get(name).copied().ok_or_else(|| TrustProblem::UnknownName { name: name.to_string() })
    }
}

fn check_count(keyword: &'static str, have: usize) -> Result<(), TrustProblem> {
    if have < TRUST_ITEMS_MAX { Ok(()) } else { Err(TrustProblem::TooMany { keyword, max: TRUST_ITEMS_MAX }) }
}

fn parse_threshold(text: &str, members: usize) -> Result<usize, TrustProblem> {
    let threshold = match text {
        "all" => Some(members),
        "any" => Some(1),
        number => strict_decimal(number).and_then(|number| usize::try_from(number).ok()),
    };
    threshold
        .filter(|threshold| (1..=members).contains(threshold))
        .ok_or_else(|| TrustProblem::Threshold { got: text.to_string(), members })
}
