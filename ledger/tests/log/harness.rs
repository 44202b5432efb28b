//! One log with its people, and a check of everything that it ever said.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use ed25519_dalek::{Signer, SigningKey};
use ledger::birth::{self, Birth, HEARTBEAT};
use ledger::clock::Clock;
use ledger::fsck::check_store;
use ledger::log::{LogKeys, Running, StartError};
use ledger::outcome::Outcome;
use ledger::queue::QueueLimits;
use ledger::signer::CheckpointSigner;
use ledger::store::Store;
use ledger::submit::{Answer, Unavailable, submit};
use schemas::entry::Entry;
use schemas::envelope::{Statement, Unsigned};
use schemas::ids::{KeyId, LogId, PublicKey, Signature};
use schemas::note::Note;
use schemas::payload::Payload;
use schemas::proof::InclusionProof;
use schemas::text::{Origin, PrincipalId};
use schemas::time::{Index, Millis, Time};
use schemas::trust::TrustPolicy;
use serde_json::{Value, json};
use verifier::checkpoint::verify_head;
use verifier::merkle::leaf_hash;
use verifier::registry::registrar_principal;

use crate::drafts::Drafts;
use crate::memory::Memory;

pub(crate) const ORIGIN: &str = "ledger.test/log";
pub(crate) const STATEMENT_SEED: u8 = 202;
pub(crate) const START: u64 = 1_800_000_000_000;

/// Somebody with a key.
#[derive(Clone)]
pub(crate) struct Person {
    pub(crate) key: SigningKey,
    pub(crate) principal: PrincipalId,
}

impl Person {
    pub(crate) fn new(seed: u8, principal: &str) -> Self {
        Self { key: SigningKey::from_bytes(&[seed; 32]), principal: PrincipalId::new(principal).unwrap() }
    }

    pub(crate) fn public(&self) -> PublicKey {
        PublicKey::new(self.key.verifying_key().to_bytes())
    }

    pub(crate) fn kid(&self) -> KeyId {
        KeyId::of(&self.public())
    }

    /// The bytes of the statement that says this.
    pub(crate) fn says(&self, payload: &Value) -> Vec<u8> {
        let payload = Payload::from_json(payload).unwrap();
        let unsigned = Unsigned::new(&payload, &self.kid(), &self.principal).unwrap();
        let signature = Signature::new(self.key.sign(&unsigned.to_be_signed()).to_bytes());
        unsigned.sign(&signature).unwrap().envelope.bytes().to_vec()
    }
}

/// A clock that the test moves.
#[derive(Clone)]
pub(crate) struct HandClock(pub(crate) Arc<AtomicU64>);

impl Clock for HandClock {
    fn now(&self) -> Time {
        Time(self.0.load(Ordering::SeqCst))
    }
    fn elapsed(&self) -> Millis {
        Millis(0)
    }
}

/// A log under test.
pub(crate) struct Lab {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) store: Arc<Memory>,
    pub(crate) running: Option<Running>,
    pub(crate) log: LogId,
    pub(crate) trust: TrustPolicy,
    pub(crate) registrar: Person,
    pub(crate) clock: HandClock,
    pub(crate) limits: QueueLimits,
    /// What the next start has at hand.
    pub(crate) keys: LogKeys,
    /// Every statement that was ever acknowledged, with its place.
    pub(crate) acknowledged: BTreeMap<u64, Vec<u8>>,
    heads: Vec<Note>,
    runtime: tokio::runtime::Runtime,
}

/// A log that was just made.
pub(crate) struct Born {
    pub(crate) log: LogId,
    pub(crate) trust: TrustPolicy,
    pub(crate) registrar: Person,
    /// The bytes of its genesis.
    pub(crate) genesis: Vec<u8>,
}

/// Makes the log in an empty store. It is the same one each time.
pub(crate) fn born(store: &dyn Store, anchor: &Path, heartbeat: Millis) -> Born {
    let key = SigningKey::from_bytes(&[100; 32]);
    let public = PublicKey::new(key.verifying_key().to_bytes());
    let registrar = Person { key, principal: registrar_principal(&KeyId::of(&public)).unwrap() };
    let origin = Origin::new(ORIGIN).unwrap();
    let (registrars, time) = (vec![public], Time(START));
    let birth = Birth { origin: origin.clone(), registrars, time, heartbeat, threshold: 1, passphrase: None };
    let genesis = birth::genesis(&birth, &log_keys(), vec![public], &[7; 32]).unwrap();
    let bytes = genesis.envelope.bytes().to_vec();
    let signer = CheckpointSigner::new(log_keys().checkpoint, ORIGIN).unwrap();
    let log = birth::begin(store, &origin, genesis, birth.time, &signer, anchor).unwrap();
    let trust = TrustPolicy::for_log(signer.verifier().clone(), log).unwrap();
    Born { log, trust, registrar, genesis: bytes }
}

pub(crate) fn log_keys() -> LogKeys {
    let key = |seed| SigningKey::from_bytes(&[seed; 32]).into();
    LogKeys { checkpoint: key(201), statement: key(STATEMENT_SEED), receipt: key(203), earlier: Vec::new() }
}

/// What signs the log's own statements.
pub(crate) fn statement_key() -> keyfile::SecretKey {
    log_keys().statement
}

impl Lab {
    pub(crate) fn new() -> Self {
        Self::with_limits(QueueLimits::default())
    }

    pub(crate) fn with_limits(limits: QueueLimits) -> Self {
        Self::with(limits, HEARTBEAT)
    }

    pub(crate) fn with_heartbeat(heartbeat: Millis) -> Self {
        Self::with(QueueLimits::default(), heartbeat)
    }

    fn with(limits: QueueLimits, heartbeat: Millis) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Arc::new(Memory::new());
        let Born { log, trust, registrar, genesis } = born(&*store, &folder.path().join("anchor"), heartbeat);
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let clock = HandClock(Arc::new(AtomicU64::new(START)));
        let acknowledged = BTreeMap::from([(0, genesis)]);
        let heads = Vec::new();
        let running = None;
        let mut lab = Self {
            folder,
            store,
            running,
            log,
            trust,
            registrar,
            clock,
            limits,
            keys: log_keys(),
            acknowledged,
            heads,
            runtime,
        };
        lab.start().unwrap();
        lab
    }

    pub(crate) fn anchor(&self) -> PathBuf {
        self.folder.path().join("anchor")
    }

    pub(crate) fn start(&mut self) -> Result<(), StartError> {
        let store: Arc<dyn Store> = Arc::clone(&self.store) as _;
        let clock = Box::new(self.clock.clone());
        let keys = self.keys.clone();
        self.running = Some(Running::start(store, &self.anchor(), keys, clock, self.limits)?);
        Ok(())
    }

    pub(crate) fn stop(&mut self) {
        self.running.take().unwrap().stop();
    }

    pub(crate) fn restart(&mut self) {
        self.stop();
        self.start().unwrap();
    }

    pub(crate) fn running(&self) -> &Running {
        self.running.as_ref().unwrap()
    }

    pub(crate) fn size(&self) -> u64 {
        self.running().log().published().head.size
    }

    pub(crate) fn try_submit(&mut self, statements: Vec<Vec<u8>>) -> Result<Answer, Unavailable> {
        let log = Arc::clone(self.running().log());
        let answer = self.runtime.block_on(submit(log, statements.clone()))?;
        self.heads.push(Note::parse(answer.published.note.as_bytes()).unwrap());
        for ((outcome, statement), path) in answer.results.iter().zip(statements).zip(&answer.proofs) {
            match outcome {
                Outcome::Appended { index, id, .. } | Outcome::Duplicate { index, id } => {
                    assert_eq!(*id, schemas::ids::StatementId::of(&statement));
                    if let Some(known) = self.acknowledged.insert(index.0, statement.clone()) {
                        assert_eq!(known, statement, "an index never refers to two statements");
                    }
                    self.check_receipt(&answer, *index, path);
                }
                Outcome::AlreadyImported { index, .. } => self.check_receipt(&answer, *index, path),
                Outcome::Refused(_) => assert!(path.is_empty()),
            }
        }
        Ok(answer)
    }

    pub(crate) fn submit(&mut self, statements: Vec<Vec<u8>>) -> Vec<Outcome> {
        self.try_submit(statements).unwrap().results
    }

    pub(crate) fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.runtime.block_on(future)
    }

    pub(crate) fn spawn<T: Send + 'static>(
        &self,
        future: impl Future<Output = T> + Send + 'static,
    ) -> tokio::task::JoinHandle<T> {
        self.runtime.spawn(future)
    }

    /// A receipt convinces whoever has the statement's entry, the trust file and nothing else.
    fn check_receipt(&self, answer: &Answer, index: Index, path: &[schemas::tree::TreeHash]) {
        let head = verify_head(&Note::parse(answer.published.note.as_bytes()).unwrap(), &self.trust).unwrap();
        let entry = self.running().log().reader().entry_bytes(index).unwrap();
        let proof = InclusionProof { index: index.0, size: head.size(), path: path.to_vec() };
        head.verify_inclusion(&proof, leaf_hash(&entry)).unwrap();
    }

    /// Everything: the rows recomputed, every acknowledged statement at its place, every head consistent with the latest.
    pub(crate) fn check(&self) {
        let report = check_store(&*self.store, &self.anchor());
        assert!(report.ok, "{:#?}", report.findings);
        let reader = self.running().log().reader();
        assert_eq!(report.size, reader.size());
        for (index, statement) in &self.acknowledged {
            let entry = Entry::decode(&reader.proved_entry(Index(*index)).unwrap().entry).unwrap();
            assert_eq!(entry.statement, *statement);
        }
        let latest =
            verify_head(&Note::parse(reader.published().note.as_bytes()).unwrap(), &self.trust).unwrap();
        for head in &self.heads {
            let head = verify_head(head, &self.trust).unwrap();
            let proof = reader.consistency(head.size(), latest.size()).unwrap();
            head.verify_consistency(&proof, &latest).unwrap();
        }
    }

    /// What may be said in this log.
    pub(crate) fn drafts(&self) -> Drafts {
        Drafts(self.log)
    }

    /// A payload of this log with the common fields filled in.
    pub(crate) fn payload(&self, kind: &str, vantage: &str, body: Value) -> Value {
        self.drafts().payload(kind, vantage, body)
    }

    /// The registrar's statement that registers a person's key.
    pub(crate) fn registration(&self, person: &Person, roles: &[Value]) -> Vec<u8> {
        self.drafts().registration(&self.registrar, person, roles)
    }

    /// What every statement about a new key says of it.
    pub(crate) fn new_key(&self, op: &str, person: &Person) -> Value {
        self.drafts().new_key(op, person)
    }

    pub(crate) fn register(&mut self, seed: u8, principal: &str, role: &str) -> Person {
        let person = Person::new(seed, principal);
        let statement = self.registration(&person, &[json!({"role": role})]);
        let outcomes = self.submit(vec![statement]);
        assert!(matches!(outcomes[0], Outcome::Appended { .. } | Outcome::Duplicate { .. }), "{outcomes:?}");
        person
    }

    /// A decision with a number that tells it apart.
    pub(crate) fn decision(&self, number: u64) -> Value {
        self.drafts().decision(number)
    }

    /// The same with a place in an emitter's sequence.
    pub(crate) fn numbered(&self, number: u64, seq: u64) -> Value {
        self.drafts().numbered(number, seq)
    }

    /// An imported action that tells of one part of one source event.
    pub(crate) fn imported(&self, event: &str, adapter: &str) -> Value {
        self.drafts().imported(event, adapter)
    }
}

/// The statement in these bytes.
pub(crate) fn statement(bytes: &[u8]) -> Statement {
    Statement::decode(bytes).unwrap()
}
