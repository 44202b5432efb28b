//! Gathers what judging a subject needs from wherever entries are kept.

use alloc::collections::btree_map::Entry;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use core::fmt;

use schemas::envelope::Statement;
use schemas::ids::{StatementId, TermId};
use schemas::limits::{BUNDLE_COUNTED_MAX, BUNDLE_ROW_ITEMS_MAX, BUNDLE_STATEMENTS_MAX, BUNDLE_TERMS_MAX};
use schemas::term::Term;
use schemas::time::Index;
use thiserror::Error;

pub use crate::needs::Wants;
use crate::needs::{Needs, needs, needs_to_count};

/// Most terms that are asked for together: bounds how many answers are in memory before they are counted.
const TERMS_TOGETHER: usize = 128;

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
pub fn gather<S: Source>(
    subject: StatementId,
    wants: Wants,
    source: &S,
) -> Result<Gathered, GatherError<S::Error>> {
    gather_all(&[subject], BTreeSet::new(), wants, source)
}

/// Follows the needs of several subjects at once, and what is found under further terms.
pub fn gather_all<S: Source>(
    subjects: &[StatementId],
    further: BTreeSet<TermId>,
    wants: Wants,
    source: &S,
) -> Result<Gathered, GatherError<S::Error>> {
    let size = source.size();
    let mut gathering = Gathering::new(source, size);
    // Genesis asks for the log's own keys, under which the head and the assertions stand.
    gathering.waiting.push((Index(0), Part::ReliedOn));
    let mut subjects_at = BTreeSet::new();
    for &subject in subjects {
        let found = source.index_of(&subject).map_err(GatherError::Source)?.filter(|index| index.0 < size);
        let at = found.ok_or(GatherError::NotFound { subject, size })?;
        subjects_at.insert(at);
        gathering.waiting.push((at, Part::ReliedOn));
    }
    gathering.rows(further, Part::ReliedOn)?;
    while !gathering.waiting.is_empty() {
        // All that statements refer to by id is followed first: terms are asked for together, in a source one by one costs more.
        let (mut terms, mut counted) = (BTreeSet::new(), BTreeSet::new());
        while let Some((index, part)) = gathering.waiting.pop() {
            let Some((statement, mut needs)) = gathering.read(index, part)? else { continue };
            if subjects_at.contains(&index) {
                gathering.dating.extend(seen_entry(&statement).filter(|index| index.0 < size));
                if let (true, Some(task)) = (wants.task, &statement.payload.task) {
                    needs.counted.insert(Term::Task(&statement.payload.tenant, task).id());
                }
            }
            gathering.ids(&needs.ids)?;
            terms.append(&mut needs.terms);
            counted.append(&mut needs.counted);
        }
        gathering.rows(terms, Part::ReliedOn)?;
        gathering.rows(counted, Part::Counted)?;
    }
    // The last entry and the one that the emitter had seen are there for their place and time alone.
    let Gathering { mut found, dating, .. } = gathering;
    found.entries.extend(dating);
    Ok(found)
}

/// What an entry is gathered for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    /// To be counted: its signer is needed too.
    Counted,
    /// To be judged by: everything that it rests on is needed too.
    ReliedOn,
}

struct Gathering<'s, S> {
    source: &'s S,
    size: u64,
    found: Gathered,
    /// What each entry was taken for, and each term asked for, so far.
    taken: BTreeMap<Index, Part>,
    asked: BTreeMap<TermId, Part>,
    dating: Vec<Index>,
    waiting: Vec<(Index, Part)>,
    /// How many indexes the rows list.
    listed: usize,
}

impl<'s, S: Source> Gathering<'s, S> {
    fn new(source: &'s S, size: u64) -> Self {
        Self {
            source,
            size,
            found: Gathered::default(),
            taken: BTreeMap::new(),
            asked: BTreeMap::new(),
            dating: size.checked_sub(1).map(Index).into_iter().collect(),
            waiting: Vec::new(),
            listed: 0,
        }
    }

    /// Whether an entry is new, or needed for more than before.
    fn takes(&mut self, index: Index, part: Part) -> bool {
        self.found.entries.insert(index);
        is_more(&mut self.taken, index, part)
    }

    /// The statement of an entry that is new, or needed for more than before, and what must be known beside it.
    fn read(
        &mut self,
        index: Index,
        part: Part,
    ) -> Result<Option<(Statement, Needs)>, GatherError<S::Error>> {
        if !self.takes(index, part) {
            return Ok(None);
        }
        if self.found.entries.len() > BUNDLE_STATEMENTS_MAX.saturating_sub(self.dating.len()) {
            return Err(GatherError::TooMany { max: BUNDLE_STATEMENTS_MAX });
        }
        let statement = self.source.statement(index).map_err(GatherError::Source)?;
        Ok(statement.map(|statement| {
            let needs = match part {
                Part::ReliedOn => needs(&statement),
                Part::Counted => needs_to_count(&statement),
            };
            (statement, needs)
        }))
    }

    /// Waits for the statements of these ids.
    fn ids(&mut self, ids: &BTreeSet<StatementId>) -> Result<(), GatherError<S::Error>> {
        for id in ids {
            let found = self.source.index_of(id).map_err(GatherError::Source)?;
            let inside = found.filter(|index| index.0 < self.size);
            self.waiting.extend(inside.map(|index| (index, Part::ReliedOn)));
        }
        Ok(())
    }

    /// Looks up terms that were not asked before, and waits for what answers them.
    fn rows(&mut self, terms: BTreeSet<TermId>, part: Part) -> Result<(), GatherError<S::Error>> {
        let most = match part {
            Part::ReliedOn => BUNDLE_STATEMENTS_MAX,
            Part::Counted => BUNDLE_COUNTED_MAX,
        };
        let terms: Vec<TermId> =
            terms.into_iter().filter(|term| is_more(&mut self.asked, *term, part)).collect();
        for terms in terms.chunks(TERMS_TOGETHER) {
            let found = self.source.find(terms, most.saturating_add(1)).map_err(GatherError::Source)?;
            for (term, indexes) in terms.iter().zip(found) {
                self.row(*term, indexes, part)?;
            }
        }
        Ok(())
    }

    fn row(
        &mut self,
        term: TermId,
        mut indexes: Vec<Index>,
        part: Part,
    ) -> Result<(), GatherError<S::Error>> {
        indexes.retain(|index| index.0 < self.size);
        if part == Part::Counted && indexes.len() > BUNDLE_COUNTED_MAX {
            return Ok(());
        }
        self.waiting.extend(indexes.iter().map(|index| (*index, part)));
        if let Entry::Vacant(row) = self.found.rows.entry(term) {
            self.listed = self.listed.saturating_add(indexes.len());
            row.insert(indexes);
        }
        if self.listed > BUNDLE_ROW_ITEMS_MAX || self.found.rows.len() > BUNDLE_TERMS_MAX {
            return Err(GatherError::TooMany { max: BUNDLE_ROW_ITEMS_MAX });
        }
        Ok(())
    }
}

/// Notes what something is needed for, and says whether that is more than before.
fn is_more<K: Ord>(known: &mut BTreeMap<K, Part>, key: K, part: Part) -> bool {
    let before = known.get(&key).copied();
    let more = before.is_none_or(|before| before < part);
    if more {
        known.insert(key, part);
    }
    more
}

/// The last entry that the subject's emitter had verified: it bounds the subject's moment from below.
fn seen_entry(statement: &Statement) -> Option<Index> {
    statement.payload.seen.and_then(|seen| seen.size.checked_sub(1)).map(Index)
}
