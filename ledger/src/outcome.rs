//! What goes into the sequencer and what it says.

use std::sync::Arc;

use schemas::envelope::Statement;
use schemas::ids::{StatementId, TermId};
use schemas::term::Term;
use schemas::time::Index;
use verifier::merkle::EdgeUpdate;

use crate::apply::Accepted;
use crate::log::Published;

/// A statement that passed every check that does not depend on its place.
#[derive(Debug)]
pub struct Candidate {
    /// The statement and its terms.
    pub accepted: Accepted,
    /// Whether its signature was checked. It was not where its key is registered by an earlier statement of its batch.
    pub signature_checked: bool,
    /// What no other statement should share with it.
    pub unique: Option<Unique>,
    /// Another statement that shares it, where there is one below `looked_at`.
    pub earlier: Option<Index>,
    /// The size of the log when repeats of the statement were looked for and not found.
    pub looked_at: u64,
}

/// Something that at most one statement should have: a number in an emitter's sequence, or a part of a source event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unique {
    /// A number in a sequence: a second statement is recorded with a warning.
    Slot(TermId),
    /// A part of a source event: a second statement is not recorded.
    Source(TermId),
}

/// What became of one statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is now an entry.
    Appended {
        /// Its id.
        id: StatementId,
        /// Its place.
        index: Index,
        /// What is remarkable about it.
        warnings: Vec<Warning>,
    },
    /// It was an entry already.
    Duplicate {
        /// Its id.
        id: StatementId,
        /// Its place.
        index: Index,
    },
    /// Another statement tells of the same part of the same source event.
    AlreadyImported {
        /// The id of that other statement.
        id: StatementId,
        /// Its place.
        index: Index,
    },
    /// It may not stand in the log.
    Refused(Refused),
}

/// What is remarkable about a statement that is in the log all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Warning {
    /// Another statement holds its number of the sequence.
    SeqConflict,
    /// It changes who is a registrar, and fewer are left than a change of registrars needs: nobody can make one any more.
    TooFewRegistrars,
}

impl Warning {
    /// Stable name.
    pub fn code(self) -> &'static str {
        match self {
            Self::SeqConflict => "seq-conflict",
            Self::TooFewRegistrars => "too-few-registrars",
        }
    }
}

/// Why a statement may not stand in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Its id, if its bytes have one.
    pub id: Option<StatementId>,
    /// Stable name of the reason.
    pub code: &'static str,
    /// The reason.
    pub detail: String,
}

/// What became of a submission.
#[derive(Debug)]
pub struct Decided {
    /// For each candidate, in order.
    pub outcomes: Vec<Outcome>,
    /// A head that covers them.
    pub published: Arc<Published>,
    /// The nodes for the proofs of those that were just appended.
    pub tree: Option<Arc<EdgeUpdate>>,
}

impl Unique {
    /// What no other statement should share with this one.
    pub fn of(statement: &Statement) -> Option<Self> {
        let payload = &statement.payload;
        if let Some(source) = &payload.source {
            let term = Term::Source(&payload.tenant, &source.format, &source.id, &source.part);
            return Some(Self::Source(term.id()));
        }
        let (stream, seq) = payload.stream.as_ref().zip(payload.seq)?;
        Some(Self::Slot(Term::Slot(&statement.envelope.kid, &payload.tenant, stream, seq).id()))
    }

    /// The term.
    pub fn term(&self) -> &TermId {
        let (Self::Slot(term) | Self::Source(term)) = self;
        term
    }

    /// Whether it is a number in a sequence.
    pub fn is_slot(&self) -> bool {
        matches!(self, Self::Slot(_))
    }

    /// Whether two statements under one term really share it: the term is a short hash.
    pub fn is_shared(&self, a: &Statement, b: &Statement) -> bool {
        let (a, kid_a, b, kid_b) = (&a.payload, &a.envelope.kid, &b.payload, &b.envelope.kid);
        if a.tenant != b.tenant {
            return false;
        }
        match self {
            Self::Slot(_) => kid_a == kid_b && a.stream == b.stream && a.seq == b.seq,
            Self::Source(_) => match (&a.source, &b.source) {
                (Some(a), Some(b)) => (&a.format, &a.id, &a.part) == (&b.format, &b.id, &b.part),
                _ => false,
            },
        }
    }
}
