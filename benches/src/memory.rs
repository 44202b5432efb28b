//! A whole log in memory, made without a server: the same bytes for the same seed.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use ed25519_dalek::SigningKey;
use schemas::entry::Entry;
use schemas::envelope::Statement;
use schemas::ids::{ByteString, EntryHash, KeyId, LogId};
use schemas::kinds::{Genesis, LogKey, Parameters, Use};
use schemas::payload::{Body, Payload, Seen};
use schemas::text::{Origin, PrincipalId};
use schemas::time::{Index, Millis, Time};
use schemas::tree::TreeHash;
use verifier::merkle::{TreeHasher, leaf_hash};
use verifier::registry::Registry;
use verifier::signature::CheckedKey;

use crate::corpus::{Binding, Cast, Corpus, public, secret, sign};

/// When the log in memory begins: any moment would do, this one is fixed.
pub const BEGINS: Time = Time(1_767_225_600_000);

/// Name of the log in memory.
pub(crate) const ORIGIN: &str = "benches.example/memory";

/// How fast it grows.
const ENTRIES_PER_MS: u64 = 64;

/// A log's entries, as bytes.
#[derive(Debug)]
pub struct MemoryLog {
    /// The log.
    pub log: LogId,
    /// Entries, from index 0.
    pub entries: Vec<Vec<u8>>,
    /// Every key that signed one.
    pub keys: BTreeMap<KeyId, CheckedKey>,
    /// How many entries come before those of the corpus.
    pub preface: usize,
    /// The tree's root.
    pub root: TreeHash,
}

impl MemoryLog {
    /// A log that holds genesis, the registrations and these chains.
    pub fn new(corpus: &Corpus, seed: u64, chains: u64) -> Result<Self> {
        let genesis = genesis(corpus.cast(), seed)?;
        let log = LogId::from(genesis.id());
        let mut registry = Registry::from_genesis(&genesis)?;
        let mut places = Places::default();
        let mut entries = vec![places.next(&genesis)];
        for statement in corpus.cast().registrations(log, BEGINS)? {
            registry.record(&statement, Index(places.size()), BEGINS);
            entries.push(places.next(&statement));
        }
        let preface = entries.len();
        let seen = Seen { size: places.size(), root: root(&entries) };
        let statements = corpus.statements(0..chains, &Binding { log, seen, now: BEGINS })?;
        entries.extend(statements.iter().map(|statement| places.next(statement)));
        let keys = registry.keys().map(|(kid, key)| (*kid, key.key.clone())).collect();
        let root = root(&entries);
        Ok(Self { log, entries, keys, preface, root })
    }

    /// The statements of the corpus, taken back out of their entries.
    pub fn statements(&self) -> Result<Vec<Statement>> {
        let entries = self.entries.get(self.preface..).context("the log is shorter than its preface")?;
        entries.iter().map(|bytes| Ok(Statement::decode(&Entry::decode(bytes)?.statement)?)).collect()
    }
}

/// Root of the tree over these entries.
pub(crate) fn root(entries: &[Vec<u8>]) -> TreeHash {
    let mut tree = TreeHasher::new();
    entries.iter().for_each(|entry| tree.push(leaf_hash(entry)));
    tree.root()
}

/// Gives statements their places, one after the other.
#[derive(Debug, Default)]
pub(crate) struct Places {
    prev: Option<EntryHash>,
    size: u64,
}

impl Places {
    /// How many were given.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// When the next entry is made.
    pub(crate) fn now(&self) -> Time {
        BEGINS.later(Millis(self.size / ENTRIES_PER_MS))
    }

    /// The statement's entry.
    pub(crate) fn next(&mut self, statement: &Statement) -> Vec<u8> {
        let entry = Entry {
            index: Index(self.size),
            time: self.now(),
            prev: self.prev.unwrap_or_else(|| EntryHash::of_origin(ORIGIN)),
            statement: statement.envelope.bytes().to_vec(),
        };
        let bytes = entry.encode();
        self.prev = Some(EntryHash::of(&bytes));
        self.size += 1;
        bytes
    }
}

/// The first statement of a log that exists only here.
pub(crate) fn genesis(cast: &Cast, seed: u64) -> Result<Statement> {
    let key = |usage: Use| secret(seed, usage.as_str());
    let log_key = |usage: Use| LogKey { usage, public: public(&key(usage)) };
    let genesis = Genesis {
        origin: Origin::new(ORIGIN)?,
        nonce: ByteString(seed.to_be_bytes().repeat(2)),
        predecessor: None,
        keys: Use::ALL.iter().map(|usage| log_key(*usage)).collect(),
        registrars: vec![public(cast.registrar())],
        threshold: 1,
        parameters: Parameters { heartbeat: Millis(60_000), clock_ahead: Millis(60_000), dev: true },
    };
    let payload = Payload::of_log(None, BEGINS, Body::Genesis(genesis));
    let signer: SigningKey = key(Use::Statement);
    sign(&signer, &KeyId::of(&public(&signer)), &PrincipalId::new(format!("log:{ORIGIN}"))?, &payload)
}
