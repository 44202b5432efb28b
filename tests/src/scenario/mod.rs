//! A log in memory that is told a story: who registers, delegates, decides and acts, statement by statement.
//!
//! Nothing in it is played: statements are really signed, admitted by the verifier's own rules, chained and proved. Keys come
//! from names and times from a clock that the story sets, so the same story gives the same bytes.

mod draft;
mod people;
mod proofs;

use std::collections::BTreeMap;

use schemas::entry::Entry;
use schemas::envelope::{Envelope, Statement, Unsigned};
use schemas::ids::{ByteString, EntryHash, LogId, StatementId, TermId};
use schemas::kinds::{Genesis, LogKey, Parameters, Use};
use schemas::payload::{Body, Payload};
use schemas::term::terms;
use schemas::text::Origin;
use schemas::time::{Index, Millis, Time};
use schemas::tree::TreeHash;
use verifier::merkle::leaf_hash;
use verifier::registry::{Refusal, Registry, admit, log_principal, registrar_principal};

pub use draft::{Draft, fill_moment};
pub use people::Actor;
pub use proofs::recomputed;
pub use serde_json::json;

/// When every story begins: 2026-01-01T00:00:00Z.
pub const START: Time = Time(1_767_225_600_000);

/// A log and its keys.
#[derive(Clone)]
pub struct Scenario {
    /// The time that the sequencer gives to what comes next.
    pub now: Time,
    origin: Origin,
    log: LogId,
    registry: Registry,
    checkpoint_key: Actor,
    statement_key: Actor,
    registrars: Vec<Actor>,
    entries: Vec<Vec<u8>>,
    leaves: Vec<TreeHash>,
    ids: BTreeMap<StatementId, Index>,
    rows: BTreeMap<TermId, Vec<Index>>,
    /// What the next entry links to, where that is not the one before it.
    next_link: Option<EntryHash>,
    /// When heads were renewed, in seconds since the epoch.
    renewed: Option<u64>,
}

impl Default for Scenario {
    fn default() -> Self {
        Self::new()
    }
}

impl Scenario {
    /// A log with one registrar.
    pub fn new() -> Self {
        Self::with_registrars(1, 1)
    }

    /// A log with several registrars, of whom `threshold` together may change who is one.
    pub fn with_registrars(count: usize, threshold: u64) -> Self {
        let origin = Origin::new("ledger.test/rules").expect("an origin");
        let [checkpoint, statement, receipt] =
            ["checkpoint", "statement", "receipt"].map(|name| Actor::named(name, "log:ledger.test/rules"));
        let registrar = |number: usize| {
            let mut actor = Actor::named(&format!("registrar {number}"), "registrar:x");
            actor.principal = registrar_principal(&actor.kid()).expect("a principal");
            actor
        };
        let registrars: Vec<Actor> = (0..count).map(registrar).collect();
        let genesis = Genesis {
            origin: origin.clone(),
            nonce: ByteString(vec![7; 16]),
            predecessor: None,
            keys: [(Use::Checkpoint, &checkpoint), (Use::Statement, &statement), (Use::Receipt, &receipt)]
                .map(|(usage, key)| LogKey { usage, public: key.public() })
                .to_vec(),
            registrars: registrars.iter().map(Actor::public).collect(),
            threshold,
            parameters: Parameters { heartbeat: Millis(3_600_000), clock_ahead: Millis(1_000), dev: false },
        };
        let mut statement_key = statement;
        statement_key.principal = log_principal(&genesis).expect("a principal");
        let payload = Payload::of_log(None, START, Body::Genesis(genesis));
        let first = statement_key.sign(&payload);
        let registry = Registry::from_genesis(&first).expect("a genesis");
        let mut scenario = Self {
            now: START,
            origin,
            log: registry.log(),
            registry,
            checkpoint_key: checkpoint,
            statement_key,
            registrars,
            entries: Vec::new(),
            leaves: Vec::new(),
            ids: BTreeMap::new(),
            rows: BTreeMap::new(),
            next_link: None,
            renewed: None,
        };
        scenario.place(first.envelope.bytes(), terms(&first));
        scenario
    }

    /// The log's id.
    pub fn log(&self) -> LogId {
        self.log
    }

    /// The first registrar.
    pub fn registrar(&self) -> Actor {
        self.registrars[0].clone()
    }

    /// One of several registrars.
    pub fn registrar_number(&self, number: usize) -> Actor {
        self.registrars[number].clone()
    }

    /// The key by which the log itself speaks.
    pub fn log_key(&self) -> Actor {
        self.statement_key.clone()
    }

    /// The key that signs checkpoints from genesis on.
    pub fn checkpoint_key(&self) -> Actor {
        self.checkpoint_key.clone()
    }

    /// From now on the log's own statements are signed by this key.
    pub fn sign_as_log_by(&mut self, key: &Actor) {
        self.statement_key = key.clone();
    }

    /// The next entry links to something else than the one before it.
    pub fn link_next_to(&mut self, other: EntryHash) {
        self.next_link = Some(other);
    }

    /// From now on heads, and the trust file, are of a log of another name.
    pub fn sign_heads_of(&mut self, origin: &str) {
        self.origin = Origin::new(origin).expect("an origin");
    }

    /// From now on heads say that they were the latest at this time, in seconds since the epoch.
    pub fn renew_heads_at(&mut self, time: u64) {
        self.renewed = Some(time);
    }

    /// The keys as of now.
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// The entries, from 0.
    pub fn entries(&self) -> &[Vec<u8>] {
        &self.entries
    }

    /// Lets time pass, in ms.
    pub fn wait(&mut self, ms: u64) {
        self.now = Time(self.now.0 + ms);
    }

    /// Signs a draft as it would be posted now.
    pub fn sign(&self, actor: &Actor, draft: &Draft) -> Statement {
        actor.sign(&draft.payload(self.log, self.now))
    }

    /// Appends what the actor says: the log must take it.
    pub fn say(&mut self, actor: &Actor, draft: Draft) -> StatementId {
        let statement = self.sign(actor, &draft);
        match self.append(&statement) {
            Ok(id) => id,
            Err(refusal) => panic!("{}: {refusal}", refusal.code()),
        }
    }

    /// Appends a signed statement if it may stand where it would.
    pub fn append(&mut self, statement: &Statement) -> Result<StatementId, Refusal> {
        let index = Index(self.entries.len() as u64);
        let key = self.registry.key_at(&statement.envelope.kid, index, self.now)?;
        assert!(key.key.verify_envelope(&statement.envelope).is_ok(), "a signature that stands");
        admit(&self.registry, statement, index, self.now)?;
        self.registry.record(statement, index, self.now);
        Ok(self.place(statement.envelope.bytes(), terms(statement)))
    }

    /// Appends what the actor says as a colluding operator would: whatever the rules say of it.
    pub fn force(&mut self, actor: &Actor, draft: Draft) -> StatementId {
        let statement = self.sign(actor, &draft);
        self.place(statement.envelope.bytes(), terms(&statement))
    }

    /// Appends bytes as a colluding operator would, found under these terms.
    pub fn force_bytes(&mut self, bytes: &[u8], found_by: Vec<TermId>) -> StatementId {
        self.place(bytes, found_by)
    }

    /// What the actor says with its signature spoiled.
    pub fn spoiled(&self, actor: &Actor, draft: &Draft) -> Statement {
        let payload = draft.payload(self.log, self.now);
        let unsigned = Unsigned::new(&payload, &actor.kid(), &actor.principal).expect("a payload");
        let signature = actor.signature(b"something else");
        unsigned.sign(&signature).expect("a statement")
    }

    /// A statement of a later format, signed by the actor: this version can only pass it on.
    pub fn unknown(&self, actor: &Actor, note: &str) -> Vec<u8> {
        let payload = json!({"v": 2, "kind": "delegation", "note": note});
        actor.sign_bytes(&schemas::canonical::to_vec(&payload).expect("canonical bytes"), "agent:a")
    }

    fn place(&mut self, statement: &[u8], found_by: Vec<TermId>) -> StatementId {
        let index = Index(self.entries.len() as u64);
        let before = match self.entries.last() {
            Some(before) => EntryHash::of(before),
            None => EntryHash::of_origin(self.origin.as_str()),
        };
        let prev = self.next_link.take().unwrap_or(before);
        let entry = Entry { index, time: self.now, prev, statement: statement.to_vec() }.encode();
        let id = Envelope::decode(statement).expect("an envelope").id;
        self.leaves.push(leaf_hash(&entry));
        self.entries.push(entry);
        self.ids.insert(id, index);
        for term in found_by {
            self.rows.entry(term).or_default().push(index);
        }
        // Two statements never share a time, so that boundaries can be told apart.
        self.wait(1);
        id
    }
}
