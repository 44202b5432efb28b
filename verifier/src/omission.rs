//! Checks an omission: that the log signed an answer, and that an entry under the very root it answered for contradicts it.
//!
//! Needs no server, no clock and no quorum of witnesses: what the log signed speaks against the log.

use schemas::entry::Entry;
use schemas::envelope::Statement;
use schemas::ids::{LogId, StatementId, TermId};
use schemas::note::{Note, NoteError};
use schemas::omission::{Omission, OmissionError};
use schemas::time::Index;
use schemas::trust::TrustPolicy;
use thiserror::Error;

use crate::asserted::{Asserted, Fault};
use crate::bundle::{BundleRefusal, Pinned, asserted_by, evidence_of, proved, trust_in_genesis};
use crate::checkpoint::{CheckpointVerifyError, VerifiedHead, verify_head};

/// What a log answered wrongly, proved.
#[derive(Clone, Debug)]
pub struct CheckedOmission {
    /// How.
    pub fault: Fault,
    /// The term that was answered.
    pub term: TermId,
    /// The entry that it was answered wrongly about.
    pub index: Index,
    /// That entry's statement.
    pub statement: Statement,
    /// The id of the log's signed answer.
    pub assertion: StatementId,
    /// The log.
    pub log: LogId,
    /// The head that the log answered for.
    pub head: VerifiedHead,
}

/// Why an omission proves nothing.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum OmissionRefusal {
    /// Its bytes are no omission.
    #[error(transparent)]
    Omission(#[from] OmissionError),
    /// Its checkpoint is no signed note.
    #[error("checkpoint: {0}")]
    Note(#[from] NoteError),
    /// Its checkpoint is not signed by a log of the trust file.
    #[error("checkpoint: {0}")]
    Checkpoint(#[from] CheckpointVerifyError),
    /// A part does not hold as it would have to in a bundle.
    #[error(transparent)]
    Part(#[from] BundleRefusal),
    /// The entry in question is not among the entries, or not of a known form.
    #[error("entry {index}, which the answer is said to be wrong about, is not here in a known form")]
    Missing {
        /// The entry.
        index: Index,
    },
    /// The answer is right about the entry, or says nothing of the term.
    #[error("the log's answer about the term {term} is right as far as entry {index} goes")]
    Right {
        /// The term.
        term: TermId,
        /// The entry.
        index: Index,
    },
}

impl OmissionRefusal {
    /// Stable name of this refusal.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Omission(omission) => omission.code(),
            Self::Note(note) => note.code(),
            Self::Checkpoint(checkpoint) => checkpoint.code(),
            Self::Part(part) => part.code(),
            Self::Missing { .. } => "omission-entry-missing",
            Self::Right { .. } => "omission-unfounded",
        }
    }

    /// Whether the file may be whole and only the trust file is not the one for it.
    pub fn is_about_trust(&self) -> bool {
        match self {
            Self::Checkpoint(error) => BundleRefusal::Checkpoint(error.clone()).is_about_trust(),
            Self::Part(part) => part.is_about_trust(),
            _ => false,
        }
    }
}

/// Checks the bytes, the checkpoint against the pinned keys, every entry against the checkpoint, the log's signature under
/// its answer, and that the answer is wrong about the entry.
pub fn check(bytes: &[u8], trust: &TrustPolicy) -> Result<CheckedOmission, OmissionRefusal> {
    check_parts(&Omission::decode(bytes)?, trust, Pinned::Yes)
}

/// [`check`] for a caller who has pinned nothing: shows that somebody who holds the keys of some log contradicted themselves,
/// not whose log it is.
pub fn check_unpinned(bytes: &[u8]) -> Result<CheckedOmission, OmissionRefusal> {
    let omission = Omission::decode(bytes)?;
    let trust = trust_in_genesis(&omission.entries)?;
    check_parts(&omission, &trust, Pinned::No)
}

fn check_parts(
    omission: &Omission,
    trust: &TrustPolicy,
    pinned: Pinned,
) -> Result<CheckedOmission, OmissionRefusal> {
    let head = verify_head(&Note::parse(omission.checkpoint.as_bytes())?, trust)?;
    let entries = proved(&head, &omission.entries)?;
    let evidence = evidence_of(&head, trust, pinned, &entries)?;
    let registry = evidence.registry();
    let (assertion, answer) = asserted_by(0, &omission.assertion.0, &head, registry)?;
    let (term, index) = (omission.term, omission.index);
    let missing = OmissionRefusal::Missing { index };
    let statement = statement_at(&entries, index).ok_or(missing)?;
    let rows = answer.rows.iter().map(|row| (&row.term, row.indexes.as_slice()));
    let faults = Asserted::new(rows, |listed| *listed == index).faults(index, &statement);
    let found = faults.into_iter().find(|(wrong, _)| *wrong == term);
    let (_, fault) = found.ok_or(OmissionRefusal::Right { term, index })?;
    Ok(CheckedOmission { fault, term, index, statement, assertion, log: registry.log(), head })
}

fn statement_at(entries: &[(Index, &[u8])], index: Index) -> Option<Statement> {
    let (_, bytes) = entries.iter().find(|(at, _)| *at == index)?;
    Statement::decode(&Entry::decode(bytes).ok()?.statement).ok()
}
