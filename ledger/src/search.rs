//! Finding entries by what their statements say, page by page, at one size of the log.

use schemas::ids::{KeyId, TermId};
use schemas::kinds::Ruling;
use schemas::payload::Kind;
use schemas::term::{Term, foreign_ids, terms};
use schemas::text::{Line, Name, PrincipalId, Tenant};
use schemas::time::{Index, Time};

use crate::read::{Found, ReadError, Reader};

/// Entries on one page, unless fewer or more are asked for.
pub const PAGE_DEFAULT: usize = 50;

/// Most entries on one page.
pub const PAGE_MAX: usize = 500;

/// Most entries looked at for one page: bounds the time that a question can take which little fits.
pub const EXAMINED_MAX: usize = 10_000;

/// Index rows read at a time.
const ROWS_PAGE: usize = 512;

/// What is looked for. All that is named must fit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Question {
    /// A foreign id: its type and value.
    pub foreign: Option<(Name, Line)>,
    /// Somebody who takes part.
    pub principal: Option<PrincipalId>,
    /// An action name.
    pub action: Option<Line>,
    /// A resource.
    pub resource: Option<Line>,
    /// A task, within the tenant.
    pub task: Option<Line>,
    /// A decision's ruling.
    pub ruling: Option<Ruling>,
    /// A kind.
    pub kind: Option<Kind>,
    /// A key that `key` statements are about.
    pub key: Option<KeyId>,
    /// The tenant.
    pub tenant: Option<Tenant>,
    /// The earliest `at`, the statement's own time.
    pub since: Option<Time>,
    /// The latest `at`.
    pub until: Option<Time>,
}

/// A part of an answer.
#[derive(Debug)]
pub struct Page {
    /// The entries that fit, ascending.
    pub found: Vec<Found>,
    /// Where to go on; nothing where all was looked at.
    pub next: Option<Index>,
    /// How many entries were looked at.
    pub examined: usize,
}

impl Question {
    /// The index terms that narrow the question down.
    fn terms(&self) -> Vec<TermId> {
        let default = Tenant::default_label();
        let tenant = self.tenant.as_ref().unwrap_or(&default);
        let terms = [
            self.foreign.as_ref().map(|(_, value)| Term::Foreign(value)),
            self.principal.as_ref().map(Term::Principal),
            self.action.as_ref().map(Term::Action),
            self.resource.as_ref().map(Term::Resource),
            self.task.as_ref().map(|task| Term::Task(tenant, task)),
            self.ruling.map(Term::Ruling),
            self.kind.map(Term::Kind),
            self.key.as_ref().map(Term::Key),
        ];
        terms.into_iter().flatten().map(|term| term.id()).collect()
    }

    /// Whether an entry fits in what has no index term.
    fn fits(&self, found: &Found) -> bool {
        let payload = &found.statement.payload;
        let is_of_type = |(kind, value): &(Name, Line)| {
            foreign_ids(&found.statement).iter().any(|id| id.kind == *kind && id.value == *value)
        };
        self.foreign.as_ref().is_none_or(is_of_type)
            && self.since.is_none_or(|since| payload.at >= since)
            && self.until.is_none_or(|until| payload.at <= until)
            && self.tenant.as_ref().is_none_or(|tenant| payload.tenant == *tenant)
    }
}

/// The next page from an index on, of entries below `size`.
pub fn search(
    reader: &Reader<'_>,
    question: &Question,
    from: Index,
    size: u64,
    limit: usize,
) -> Result<Page, ReadError> {
    let asked = question.terms();
    let mut rows: Vec<TermRows> = asked.iter().copied().map(TermRows::new).collect();
    let mut page = Page { found: Vec::new(), next: None, examined: 0 };
    let mut at = from;
    while let Some(index) = common(reader, &mut rows, at, size)? {
        if page.found.len() >= limit || page.examined >= EXAMINED_MAX {
            page.next = Some(index);
            break;
        }
        page.examined += 1;
        let bytes = reader.entry_bytes(index)?;
        let found = reader.decoded(index, &bytes)?;
        if question.fits(&found) {
            let has = terms(&found.statement);
            if let Some(term) = asked.iter().find(|term| !has.contains(term)) {
                return Err(reader.wrong_term_row(term, index));
            }
            reader.proved(index, bytes)?;
            page.found.push(found);
        }
        at = Index(index.0.saturating_add(1));
    }
    Ok(page)
}

/// The first index from `at` on that every term has.
fn common(
    reader: &Reader<'_>,
    rows: &mut [TermRows],
    at: Index,
    size: u64,
) -> Result<Option<Index>, ReadError> {
    let mut target = at;
    loop {
        if target.0 >= size {
            return Ok(None);
        }
        let begun = target;
        for term in rows.iter_mut() {
            match term.seek(reader, target)? {
                Some(index) => target = index,
                None => return Ok(None),
            }
        }
        if target == begun {
            return Ok(Some(target).filter(|index| index.0 < size));
        }
    }
}

/// The rows of one term, read in chunks and only forward.
struct TermRows {
    term: TermId,
    chunk: Vec<Index>,
    /// Whether the chunk reaches the last row.
    complete: bool,
    at: usize,
}

impl TermRows {
    fn new(term: TermId) -> Self {
        Self { term, chunk: Vec::new(), complete: false, at: 0 }
    }

    /// The first row from `target` on.
    fn seek(&mut self, reader: &Reader<'_>, target: Index) -> Result<Option<Index>, ReadError> {
        loop {
            let rest = self.chunk.get(self.at..).unwrap_or_default();
            self.at += rest.partition_point(|index| *index < target);
            if let Some(index) = self.chunk.get(self.at) {
                return Ok(Some(*index));
            }
            if self.complete {
                return Ok(None);
            }
            self.chunk = reader.term(&self.term, target, ROWS_PAGE)?;
            self.complete = self.chunk.len() < ROWS_PAGE;
            self.at = 0;
        }
    }
}
