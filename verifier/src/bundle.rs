//! Checks a bundle against a trust file: from foreign bytes to evidence, with no server and no clock.

use alloc::collections::BTreeMap;
use alloc::string::ToString;
use alloc::vec::Vec;

use schemas::bundle::{Bundle, BundleError, ProvedEntry};
use schemas::entry::Entry;
use schemas::envelope::Statement;
use schemas::ids::{StatementId, TermId};
use schemas::kinds::Use;
use schemas::note::{KeyName, Note, NoteError, SignatureType, VerifierKey};
use schemas::payload::Body;
use schemas::proof::InclusionProof;
use schemas::time::Index;
use schemas::trust::TrustPolicy;
use thiserror::Error;

use crate::checkpoint::{CheckpointVerifyError, HeadProofError, VerifiedHead, verify_checkpoint};
use crate::evidence::{Absence, Evidence, EvidenceError, EvidenceHead, Pinning};
use crate::merkle::leaf_hash;
use crate::note::NoteVerifyError;
use crate::registry::{LogKeyError, Registry};

/// A bundle whose every part was checked.
#[derive(Clone, Debug)]
pub struct CheckedBundle {
    /// The statement to be judged.
    pub subject: StatementId,
    /// What it is judged from.
    pub evidence: Evidence,
    /// The head that everything stands under.
    pub head: VerifiedHead,
}

/// Why a bundle proves nothing.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum BundleRefusal {
    /// Its bytes are no bundle.
    #[error(transparent)]
    Bundle(#[from] BundleError),
    /// Its checkpoint is no signed note.
    #[error("checkpoint: {0}")]
    Note(#[from] NoteError),
    /// Its checkpoint is not signed by a log of the trust file.
    #[error("checkpoint: {0}")]
    Checkpoint(#[from] CheckpointVerifyError),
    /// An entry is not under the checkpoint.
    #[error("entry {index}: {error}")]
    Proof {
        /// The entry.
        index: Index,
        /// Why not.
        error: HeadProofError,
    },
    /// Entries are not in ascending order of index, or one does not decode.
    #[error("entry number {number} of the bundle is no entry, or not behind the one before it")]
    Order {
        /// Which entry, from 0.
        number: usize,
    },
    /// The head is signed only by keys that do not sign for the log at its size.
    #[error("checkpoint: {0}")]
    LogKey(#[from] LogKeyError),
    /// The entries contradict each other or the trust file.
    #[error(transparent)]
    Evidence(#[from] EvidenceError),
    /// An assertion is not the log's own, signed, and of this checkpoint.
    #[error("assertion {number}: {detail}")]
    Assertion {
        /// Which assertion, from 0.
        number: usize,
        /// What is wrong with it.
        detail: &'static str,
    },
    /// What the log asserts is not so: proof, under the log's own signatures, that it answered wrongly.
    #[error("the log's assertions leave out entry {index}, or list it where it does not belong")]
    Contradiction {
        /// The entry.
        index: Index,
    },
    /// The subject is not among the entries.
    #[error("the bundle is about {subject}, which is not among its entries")]
    SubjectMissing {
        /// The subject.
        subject: StatementId,
    },
}

impl BundleRefusal {
    /// Stable name of this refusal.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Bundle(bundle) => bundle.code(),
            Self::Note(note) => note.code(),
            Self::Checkpoint(checkpoint) => checkpoint.code(),
            Self::Proof { error, .. } => error.code(),
            Self::Order { .. } => "bundle-order",
            Self::LogKey(error) => error.code(),
            Self::Evidence(evidence) => evidence.code(),
            Self::Assertion { .. } => "assertion-invalid",
            Self::Contradiction { .. } => "assertion-false",
            Self::SubjectMissing { .. } => "subject-missing",
        }
    }

    /// Whether the bundle may be whole and only the trust file is not the one for it.
    pub fn is_about_trust(&self) -> bool {
        match self {
            Self::Evidence(EvidenceError::WrongGenesis { .. }) => true,
            Self::Checkpoint(CheckpointVerifyError::Note(note)) => {
                !matches!(note, NoteVerifyError::SignatureInvalid { .. })
            }
            Self::Checkpoint(checkpoint) => !matches!(checkpoint, CheckpointVerifyError::Checkpoint(_)),
            _ => false,
        }
    }
}

/// Checks the bundle's bytes, the checkpoint against the pinned keys, every entry against the checkpoint, every statement at
/// its place, and the log's assertions.
pub fn check(bytes: &[u8], trust: &TrustPolicy) -> Result<CheckedBundle, BundleRefusal> {
    check_parts(&Bundle::decode(bytes)?, trust, true)
}

/// [`check`] for a caller who has pinned nothing: the log's key is taken from the bundle's own genesis.
///
/// Shows that the bundle is consistent in itself, not whose it is; the evidence says so.
pub fn check_unpinned(bytes: &[u8]) -> Result<CheckedBundle, BundleRefusal> {
    let bundle = Bundle::decode(bytes)?;
    let trust = trust_in_genesis(&bundle)?;
    check_parts(&bundle, &trust, false)
}

fn check_parts(bundle: &Bundle, trust: &TrustPolicy, pinned: bool) -> Result<CheckedBundle, BundleRefusal> {
    let note = Note::parse(bundle.checkpoint.as_bytes())?;
    let head = verify_checkpoint(&note, trust)?.head().clone();
    let mut entries: Vec<(Index, &[u8])> = Vec::new();
    for (number, proved) in bundle.entries.iter().enumerate() {
        let entry = Entry::decode(&proved.entry).map_err(|_| BundleRefusal::Order { number })?;
        if entries.last().is_some_and(|(before, _)| *before >= entry.index) {
            return Err(BundleRefusal::Order { number });
        }
        let proof = InclusionProof { index: entry.index.0, size: head.size(), path: proved.path.clone() };
        let index = entry.index;
        head.verify_inclusion(&proof, leaf_hash(&proved.entry))
            .map_err(|error| BundleRefusal::Proof { index, error })?;
        entries.push((index, &proved.entry));
    }
    let pinning = Pinning { log_key: pinned, genesis: false, key: head.key().to_string() };
    let evidence_head =
        EvidenceHead { origin: head.origin().as_str().into(), size: head.size(), root: head.root() };
    let build = |rows| {
        let genesis = trust.genesis().filter(|_| pinned);
        Evidence::new(
            evidence_head.clone(),
            genesis,
            pinning.clone(),
            entries.iter().copied(),
            Absence::Asserted(rows),
        )
    };
    // The assertions are checked against the log's own keys, which the entries have first to show.
    let without = build(BTreeMap::new())?;
    without.registry().check_head(&head)?;
    let rows = check_assertions(bundle, &head, without.registry())?;
    if let Some(index) = without.contradiction(&rows) {
        return Err(BundleRefusal::Contradiction { index });
    }
    let evidence = if rows.is_empty() { without } else { without.with_absence(Absence::Asserted(rows)) };
    if evidence.get(&bundle.subject).is_none() {
        return Err(BundleRefusal::SubjectMissing { subject: bundle.subject });
    }
    Ok(CheckedBundle { subject: bundle.subject, evidence, head })
}

/// A trust file that believes whatever the bundle's genesis says, and any later checkpoint key that its entries name: which
/// of these stand is checked once the entries are.
fn trust_in_genesis(bundle: &Bundle) -> Result<TrustPolicy, BundleRefusal> {
    let missing = BundleRefusal::Evidence(EvidenceError::NoGenesis);
    let statement = |proved: &ProvedEntry| {
        Entry::decode(&proved.entry).ok().and_then(|entry| Statement::decode(&entry.statement).ok())
    };
    let mut statements = bundle.entries.iter().filter_map(statement);
    let first = statements.next().ok_or(missing.clone())?;
    let Body::Genesis(genesis) = &first.payload.body else { return Err(missing) };
    let name = KeyName::new(genesis.origin.as_str()).map_err(|_| missing.clone())?;
    let of_genesis = genesis.key(Use::Checkpoint).copied().ok_or(missing.clone())?;
    let later = statements.filter_map(|statement| match statement.payload.body {
        Body::Key(change) if change.usage == Some(Use::Checkpoint) => change.public,
        _ => None,
    });
    let keys = [of_genesis].into_iter().chain(later);
    let keys = keys.map(|public| VerifierKey::new(name.clone(), SignatureType::Ed25519, public));
    TrustPolicy::for_keys(keys, first.id().into()).map_err(|_| missing)
}

/// The rows that the log's signed assertions vouch for.
fn check_assertions(
    bundle: &Bundle,
    head: &VerifiedHead,
    registry: &Registry,
) -> Result<BTreeMap<TermId, Vec<Index>>, BundleRefusal> {
    let mut rows = BTreeMap::new();
    for (number, bytes) in bundle.assertions.iter().enumerate() {
        let refuse = |detail| BundleRefusal::Assertion { number, detail };
        let statement = Statement::decode(&bytes.0).map_err(|_| refuse("is no statement of this format"))?;
        let Body::Assertion(assertion) = &statement.payload.body else {
            return Err(refuse("is a statement of another kind"));
        };
        let key = registry.key(&statement.envelope.kid).map(|key| key.key.public());
        let key = key.and_then(|public| registry.check_log_key(public, Use::Statement, head.size()).ok());
        let key = key.filter(|key| key.principal == statement.envelope.iss);
        let key = key.ok_or_else(|| refuse("is not signed by the log's statement key"))?;
        key.key
            .verify_envelope(&statement.envelope)
            .map_err(|_| refuse("has a signature that does not stand"))?;
        if statement.payload.log != Some(registry.log()) {
            return Err(refuse("is about another log"));
        }
        if assertion.size != head.size() || assertion.root != head.root() {
            return Err(refuse("is about another head than the checkpoint"));
        }
        for row in &assertion.rows {
            if rows.insert(row.term, row.indexes.clone()).is_some() {
                return Err(refuse("repeats a term"));
            }
        }
    }
    Ok(rows)
}
