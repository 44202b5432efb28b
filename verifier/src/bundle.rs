//! Checks a bundle against a trust file: from foreign bytes to evidence, with no server and no clock.

use alloc::collections::BTreeMap;
use alloc::string::ToString;
use alloc::vec::Vec;

use schemas::bundle::{Bundle, BundleError, ProvedEntry};
use schemas::entry::Entry;
use schemas::envelope::Statement;
use schemas::ids::{LogId, StatementId};
use schemas::kinds::{Assertion, TermRow, Use};
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

/// Whether the keys that a check goes by were pinned, or are those that the evidence itself names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pinned {
    Yes,
    No,
}

/// What the log asserts in a bundle, each answer checked to be the log's own and of the bundle's checkpoint.
#[derive(Clone, Debug)]
pub struct Claims {
    /// The subject of the bundle.
    pub subject: StatementId,
    /// The log.
    pub log: LogId,
    /// The head that the log answers for.
    pub head: VerifiedHead,
    /// The signed answers.
    pub answers: Vec<(StatementId, Assertion)>,
}

/// Checks the bundle's bytes, the checkpoint against the pinned keys, every entry against the checkpoint, every statement at
/// its place, and the log's assertions.
pub fn check(bytes: &[u8], trust: &TrustPolicy) -> Result<CheckedBundle, BundleRefusal> {
    check_parts(&Bundle::decode(bytes)?, trust, Pinned::Yes)
}

/// [`check`] for a caller who has pinned nothing: the log's key is taken from the bundle's own genesis.
///
/// Shows that the bundle is consistent in itself, not whose it is; the evidence says so.
pub fn check_unpinned(bytes: &[u8]) -> Result<CheckedBundle, BundleRefusal> {
    let bundle = Bundle::decode(bytes)?;
    let trust = trust_in_genesis(&bundle.entries)?;
    check_parts(&bundle, &trust, Pinned::No)
}

/// What the log asserts in a bundle, true or not; without a trust file the log's key is taken from the bundle's own genesis.
pub fn claims(bytes: &[u8], trust: Option<&TrustPolicy>) -> Result<Claims, BundleRefusal> {
    let bundle = Bundle::decode(bytes)?;
    let Opened { head, evidence, answers } = match trust {
        Some(trust) => open(&bundle, trust, Pinned::Yes)?,
        None => open(&bundle, &trust_in_genesis(&bundle.entries)?, Pinned::No)?,
    };
    Ok(Claims { subject: bundle.subject, log: evidence.registry().log(), head, answers })
}

/// A bundle whose every part holds by itself.
struct Opened {
    head: VerifiedHead,
    evidence: Evidence,
    answers: Vec<(StatementId, Assertion)>,
}

fn open(bundle: &Bundle, trust: &TrustPolicy, pinned: Pinned) -> Result<Opened, BundleRefusal> {
    let note = Note::parse(bundle.checkpoint.as_bytes())?;
    let head = verify_checkpoint(&note, trust)?.head().clone();
    let entries = proved(&head, &bundle.entries)?;
    // The assertions are checked against the log's own keys, which the entries have first to show.
    let evidence = evidence_of(&head, trust, pinned, &entries)?;
    let numbered = bundle.assertions.iter().enumerate();
    let answers: Result<Vec<_>, _> =
        numbered.map(|(number, bytes)| asserted_by(number, &bytes.0, &head, evidence.registry())).collect();
    Ok(Opened { head, answers: answers?, evidence })
}

fn check_parts(bundle: &Bundle, trust: &TrustPolicy, pinned: Pinned) -> Result<CheckedBundle, BundleRefusal> {
    let Opened { head, evidence, answers } = open(bundle, trust, pinned)?;
    let mut rows = BTreeMap::new();
    for (number, (_, answer)) in answers.into_iter().enumerate() {
        for TermRow { term, indexes } in answer.rows {
            if rows.insert(term, indexes).is_some() {
                return Err(BundleRefusal::Assertion { number, detail: "repeats a term" });
            }
        }
    }
    if let Some(index) = evidence.contradiction(&rows) {
        return Err(BundleRefusal::Contradiction { index });
    }
    let evidence = evidence.with_absence(Absence::Asserted(rows));
    if evidence.get(&bundle.subject).is_none() {
        return Err(BundleRefusal::SubjectMissing { subject: bundle.subject });
    }
    Ok(CheckedBundle { subject: bundle.subject, evidence, head })
}

/// The entries that lead to a head, which must be in ascending order of index.
pub(crate) fn proved<'e>(
    head: &VerifiedHead,
    entries: &'e [ProvedEntry],
) -> Result<Vec<(Index, &'e [u8])>, BundleRefusal> {
    let mut checked: Vec<(Index, &[u8])> = Vec::new();
    for (number, proved) in entries.iter().enumerate() {
        let entry = Entry::decode(&proved.entry).map_err(|_| BundleRefusal::Order { number })?;
        if checked.last().is_some_and(|(before, _)| *before >= entry.index) {
            return Err(BundleRefusal::Order { number });
        }
        let proof = InclusionProof { index: entry.index.0, size: head.size(), path: proved.path.clone() };
        let index = entry.index;
        head.verify_inclusion(&proof, leaf_hash(&proved.entry))
            .map_err(|error| BundleRefusal::Proof { index, error })?;
        checked.push((index, &proved.entry));
    }
    Ok(checked)
}

/// Evidence of entries that lead to a head, whose key must be the log's at its size, with nobody's word yet on what else there
/// is.
pub(crate) fn evidence_of(
    head: &VerifiedHead,
    trust: &TrustPolicy,
    pinned: Pinned,
    entries: &[(Index, &[u8])],
) -> Result<Evidence, BundleRefusal> {
    let log_key = pinned == Pinned::Yes;
    let pinning = Pinning { log_key, genesis: false, key: head.key().to_string() };
    let genesis = trust.genesis().filter(|_| log_key);
    let (origin, size, root) = (head.origin().as_str().into(), head.size(), head.root());
    let (stands_under, absence) = (EvidenceHead { origin, size, root }, Absence::Asserted(BTreeMap::new()));
    let evidence = Evidence::new(stands_under, genesis, pinning, entries.iter().copied(), absence)?;
    evidence.registry().check_head(head)?;
    Ok(evidence)
}

/// A trust file that believes whatever the genesis in front of these entries says, and any later checkpoint key that they name:
/// which of these stand is checked once the entries are.
pub(crate) fn trust_in_genesis(entries: &[ProvedEntry]) -> Result<TrustPolicy, BundleRefusal> {
    let missing = BundleRefusal::Evidence(EvidenceError::NoGenesis);
    let statement = |proved: &ProvedEntry| {
        Entry::decode(&proved.entry).ok().and_then(|entry| Statement::decode(&entry.statement).ok())
    };
    let mut statements = entries.iter().filter_map(statement);
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

/// An answer that the log signed about a head, and the answer's id.
pub(crate) fn asserted_by(
    number: usize,
    bytes: &[u8],
    head: &VerifiedHead,
    registry: &Registry,
) -> Result<(StatementId, Assertion), BundleRefusal> {
    let refuse = |detail| BundleRefusal::Assertion { number, detail };
    let statement = Statement::decode(bytes).map_err(|_| refuse("is no statement of this format"))?;
    let id = statement.id();
    let Body::Assertion(assertion) = statement.payload.body else {
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
    Ok((id, assertion))
}
