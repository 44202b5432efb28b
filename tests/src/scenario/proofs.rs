//! What the log hands out: checkpoints, bundles with proofs and signed assertions, and all of its entries.

use std::convert::Infallible;

use schemas::bundle::{Bundle, ProvedEntry};
use schemas::checkpoint::Checkpoint;
use schemas::entry::{Entry, Place};
use schemas::envelope::{Envelope, Statement};
use schemas::fork::Fork;
use schemas::ids::{ByteString, StatementId, TermId};
use schemas::kinds::{Assertion, TermRow};
use schemas::note::{Note, NoteKeyId, NoteSignature, SignatureType, VerifierKey};
use schemas::payload::{Body, Payload};
use schemas::receipt::{Receipt, UnsignedReceipt};
use schemas::time::Index;
use schemas::tree::TreeHash;
use schemas::trust::TrustPolicy;
use verifier::bundle::{CheckedBundle, check};
use verifier::evidence::{Evidence, EvidenceError, EvidenceHead, Pinning};
use verifier::gather::{Gathered, Source, Wants, gather};
use verifier::judge::judge;
use verifier::merkle::{NodeSource, node_hash, prove_inclusion};
use verifier::profile::Profile;
use verifier::verdict::Verdict;

use super::{Actor, Scenario};

/// Most bytes of rows in one assertion: leaves room for the statement around them.
const ROWS_BYTES_MAX: usize = 50_000;

impl Scenario {
    /// The trust file that pins the log.
    pub fn trust(&self) -> TrustPolicy {
        TrustPolicy::for_log(self.note_key(), self.log()).expect("a trust file")
    }

    /// The log's head, signed.
    pub fn checkpoint(&self) -> Note {
        self.checkpoint_by(&[&self.checkpoint_key])
    }

    /// The log's head, signed by these keys.
    pub fn checkpoint_by(&self, keys: &[&Actor]) -> Note {
        let head = self.head();
        let text = Checkpoint { origin: self.origin.clone(), size: head.size, root: head.root }.text();
        let name = self.origin.key_name();
        let line = |key: &&Actor| NoteSignature {
            name: name.clone(),
            key_id: NoteKeyId::of(name, SignatureType::Ed25519, &key.public()),
            signature: key.signature(text.as_bytes()).as_bytes().to_vec(),
        };
        let renewal = self.renewed.map(|time| {
            let message = format!("cosignature/v1\ntime {time}\n{text}");
            let mut signature = time.to_be_bytes().to_vec();
            signature.extend_from_slice(self.checkpoint_key.signature(message.as_bytes()).as_bytes());
            NoteSignature { name: name.clone(), key_id: self.note_key().for_times().id(), signature }
        });
        let lines = keys.iter().map(line).chain(renewal).collect();
        Note::new(text.clone(), lines).expect("a note")
    }

    /// Two heads of the present size by one key, with two roots: the log's, and one that it never had.
    pub fn fork_by(&self, key: &Actor) -> Fork {
        let EvidenceHead { size, root, .. } = self.head();
        let name = self.origin.key_name();
        let vkey = VerifierKey::new(name.clone(), SignatureType::Ed25519, key.public());
        let signed = |root| {
            let text = Checkpoint { origin: self.origin.clone(), size, root }.text();
            let signature = key.signature(text.as_bytes()).as_bytes().to_vec();
            let line = NoteSignature { name: name.clone(), key_id: vkey.id(), signature };
            Note::new(text, [line].into()).expect("a note").to_string()
        };
        let (first, second) = (signed(TreeHash::new([9; 32])), signed(root));
        Fork { key: vkey.to_string(), first, second, root, path: Vec::new() }
    }

    /// The trust file that pins these checkpoint keys of the log.
    pub fn trust_in(&self, keys: &[&Actor]) -> TrustPolicy {
        let vkey = |key: &&Actor| {
            VerifierKey::new(self.origin.key_name().clone(), SignatureType::Ed25519, key.public())
        };
        TrustPolicy::for_keys(keys.iter().map(vkey), self.log()).expect("a trust file")
    }

    /// The receipt for an entry under the head.
    pub fn receipt(&self, index: usize) -> Receipt {
        self.receipt_by(index, &Actor::named("receipt", self.log_key().uri()))
    }

    /// A receipt by whatever key, in the name of its principal.
    pub fn receipt_by(&self, index: usize, key: &Actor) -> Receipt {
        let entry = Entry::decode(&self.entries[index]).expect("an entry");
        let sub = Envelope::decode(&entry.statement).expect("an envelope").sub;
        let place = Place { index: entry.index, time: entry.time, prev: entry.prev };
        let inclusion = prove_inclusion(&Levels::of(&self.leaves), entry.index.0, self.head().size);
        let inclusion = inclusion.expect("an index below the size");
        let unsigned = UnsignedReceipt::new(&key.kid(), &key.principal, &sub, &place, inclusion);
        let signature = key.signature(&unsigned.to_be_signed(&self.head().root));
        unsigned.sign(&signature).expect("a receipt")
    }

    /// Everything needed to judge a subject, as the log would hand it out.
    pub fn bundle(&self, subject: &StatementId) -> Bundle {
        self.bundle_of(
            subject,
            gather(*subject, Wants { task: true }, self).expect("a subject with bounded needs"),
        )
    }

    /// A bundle of chosen entries and rows.
    pub fn bundle_of(&self, subject: &StatementId, gathered: Gathered) -> Bundle {
        let tree = Levels::of(&self.leaves);
        let size = self.entries.len() as u64;
        let prove = |index: Index| ProvedEntry {
            entry: self.entries[index.0 as usize].clone(),
            path: prove_inclusion(&tree, index.0, size).expect("an index below the size").path,
        };
        Bundle {
            subject: *subject,
            checkpoint: self.checkpoint().to_string(),
            entries: gathered.entries.iter().copied().map(prove).collect(),
            assertions: self.assertions(gathered.rows.into_iter().collect()),
        }
    }

    /// Judges a subject from its bundle, checked against the trust file.
    pub fn judge(&self, subject: &StatementId, profile: &Profile) -> Verdict {
        let CheckedBundle { subject, evidence, .. } = self.check(&self.bundle(subject));
        judge(&subject, &evidence, profile).expect("a subject that can be judged")
    }

    /// Checks a bundle that must be whole.
    pub fn check(&self, bundle: &Bundle) -> CheckedBundle {
        check(&bundle.encode().expect("a bundle"), &self.trust()).expect("a bundle that holds")
    }

    /// Evidence of every entry.
    pub fn recomputed(&self) -> Result<Evidence, EvidenceError> {
        recomputed(self.head(), &self.trust(), &self.entries)
    }

    fn head(&self) -> EvidenceHead {
        let levels = Levels::of(&self.leaves);
        EvidenceHead { origin: self.origin.to_string(), size: self.entries.len() as u64, root: levels.root() }
    }

    fn note_key(&self) -> VerifierKey {
        VerifierKey::new(self.origin.key_name().clone(), SignatureType::Ed25519, self.checkpoint_key.public())
    }

    fn assertions(&self, rows: Vec<(TermId, Vec<Index>)>) -> Vec<ByteString> {
        let mut portions: Vec<Vec<TermRow>> = Vec::new();
        let mut bytes = usize::MAX;
        for (term, indexes) in rows {
            let cost = 24 + 9 * indexes.len();
            if bytes.saturating_add(cost) > ROWS_BYTES_MAX {
                portions.push(Vec::new());
                bytes = 0;
            }
            bytes += cost;
            portions.last_mut().expect("a portion").push(TermRow { term, indexes });
        }
        let head = self.head();
        let sign = |rows| {
            let body = Body::Assertion(Assertion { size: head.size, root: head.root, rows });
            let payload = Payload::of_log(Some(self.log()), self.now, body);
            ByteString(self.statement_key.sign(&payload).envelope.bytes().to_vec())
        };
        portions.into_iter().map(sign).collect()
    }
}

/// Evidence of all entries of a log.
pub fn recomputed(
    head: EvidenceHead,
    trust: &TrustPolicy,
    entries: &[Vec<u8>],
) -> Result<Evidence, EvidenceError> {
    let pinning = Pinning { log_key: true, genesis: false, key: trust.logs()[0].key.to_string() };
    Evidence::recomputed(head, trust.genesis(), pinning, entries.iter().map(Vec::as_slice))
}

impl Source for Scenario {
    type Error = Infallible;

    fn size(&self) -> u64 {
        self.entries.len() as u64
    }

    fn statement(&self, index: Index) -> Result<Option<Statement>, Infallible> {
        let entry = Entry::decode(&self.entries[index.0 as usize]).expect("an entry");
        Ok(Statement::decode(&entry.statement).ok())
    }

    fn index_of(&self, id: &StatementId) -> Result<Option<Index>, Infallible> {
        Ok(self.ids.get(id).copied())
    }

    fn find(&self, terms: &[TermId], most: usize) -> Result<Vec<Vec<Index>>, Infallible> {
        let of = |term| self.rows.get(term).into_iter().flatten().copied().take(most).collect();
        Ok(terms.iter().map(of).collect())
    }
}

/// The roots of all complete subtrees, level by level.
struct Levels(Vec<Vec<TreeHash>>);

impl Levels {
    fn of(leaves: &[TreeHash]) -> Self {
        let mut levels = vec![leaves.to_vec()];
        while let Some(below) = levels.last().filter(|below| below.len() > 1) {
            levels.push(below.chunks_exact(2).map(|pair| node_hash(&pair[0], &pair[1])).collect());
        }
        Self(levels)
    }

    fn root(&self) -> TreeHash {
        verifier::merkle::root_at(self, self.0[0].len() as u64).expect("all nodes are there")
    }
}

impl NodeSource for Levels {
    type Error = Infallible;

    fn node(&self, level: u8, index: u64) -> Result<TreeHash, Infallible> {
        Ok(self.0[usize::from(level)][index as usize])
    }
}
