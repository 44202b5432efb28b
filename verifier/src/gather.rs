//! Gathers what judging a subject needs from wherever entries are kept.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use core::fmt;

use schemas::envelope::Statement;
use schemas::ids::{StatementId, TermId};
use schemas::limits::{BUNDLE_ROW_ITEMS_MAX, BUNDLE_STATEMENTS_MAX, BUNDLE_TERMS_MAX};
use schemas::time::Index;
use thiserror::Error;

use crate::needs::needs;

/// A place where entries are kept and can be found by id and by term, pinned to a size.
pub trait Source {
    /// Why a look-up failed. An entry that is not there is no failure.
    type Error: fmt::Display;

    /// How many entries are looked at: those with a smaller index.
    fn size(&self) -> u64;
    /// The statement at an index; nothing where its payload is of a form that this program does not know.
    fn statement(&self, index: Index) -> Result<Option<Statement>, Self::Error>;
    /// Where the statement of this id stands.
    fn index_of(&self, id: &StatementId) -> Result<Option<Index>, Self::Error>;
    /// For each of these terms, every entry that gives rise to it, ascending. More than `most` may be cut short: the caller
    /// refuses them.
    fn find(&self, terms: &[TermId], most: usize) -> Result<Vec<Vec<Index>>, Self::Error>;
}

/// What a bundle for a subject holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Gathered {
    /// The entries: what is judged by, genesis and the log's keys, the last one and the one last seen for their times.
    pub entries: BTreeSet<Index>,
    /// Each term asked, with every entry that gives rise to it.
    pub rows: BTreeMap<TermId, Vec<Index>>,
}

/// Why nothing was gathered.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum GatherError<E: fmt::Display> {
    /// The subject is not there.
    #[error("no entry below {size} is statement {subject}")]
    NotFound {
        /// The statement asked for.
        subject: StatementId,
        /// How many entries were looked at.
        size: u64,
    },
    /// More statements, or more answers to the terms asked, are involved than a bundle holds.
    #[error("more than {max} statements or index items are involved")]
    TooMany {
        /// The bound.
        max: usize,
    },
    /// A look-up failed.
    #[error("{0}")]
    Source(E),
}

impl<E: fmt::Display> GatherError<E> {
    /// Stable name of this refusal.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotFound { .. } => "not-found",
            Self::TooMany { .. } => "bundle-too-large",
            Self::Source(_) => "lookup-failed",
        }
    }
}

/// Follows the needs of `subject` and of everything found on the way.
pub fn gather<S: Source>(subject: StatementId, source: &S) -> Result<Gathered, GatherError<S::Error>> {
    let size = source.size();
    let inside = |index: &Index| index.0 < size;
    let found = source.index_of(&subject).map_err(GatherError::Source)?.filter(inside);
    let subject_at = found.ok_or(GatherError::NotFound { subject, size })?;
    let mut gathered = Gathered::default();
    let mut dating: Vec<Index> = size.checked_sub(1).map(Index).into_iter().collect();
    // Genesis asks for the log's own keys, under which the head and the assertions stand.
    let mut waiting: Vec<Index> = [Index(0), subject_at].into();
    let mut listed: usize = 0;
    while let Some(index) = waiting.pop() {
        if !gathered.entries.insert(index) {
            continue;
        }
        if gathered.entries.len() > BUNDLE_STATEMENTS_MAX.saturating_sub(dating.len()) {
            return Err(GatherError::TooMany { max: BUNDLE_STATEMENTS_MAX });
        }
        let Some(statement) = source.statement(index).map_err(GatherError::Source)? else { continue };
        if index == subject_at {
            dating.extend(seen_entry(&statement).filter(inside));
        }
        let needs = needs(&statement);
        for id in needs.ids {
            waiting.extend(source.index_of(&id).map_err(GatherError::Source)?.filter(inside));
        }
        let unasked = |term: &TermId| !gathered.rows.contains_key(term);
        let terms: Vec<TermId> = needs.terms.into_iter().filter(unasked).collect();
        let found = source.find(&terms, BUNDLE_STATEMENTS_MAX.saturating_add(1));
        for (term, mut indexes) in terms.into_iter().zip(found.map_err(GatherError::Source)?) {
            indexes.retain(inside);
            listed = listed.saturating_add(indexes.len());
            if listed > BUNDLE_ROW_ITEMS_MAX || gathered.rows.len() >= BUNDLE_TERMS_MAX {
                return Err(GatherError::TooMany { max: BUNDLE_ROW_ITEMS_MAX });
            }
            waiting.extend(indexes.iter().copied());
            gathered.rows.insert(term, indexes);
        }
    }
    // The last entry and the one that the emitter had seen are there for their place and time alone.
    gathered.entries.extend(dating);
    Ok(gathered)
}

/// The last entry that the subject's emitter had verified: it bounds the subject's moment from below.
fn seen_entry(statement: &Statement) -> Option<Index> {
    statement.payload.seen.and_then(|seen| seen.size.checked_sub(1)).map(Index)
}
