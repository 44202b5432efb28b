//! Finding entries by what their statements say, page by page, at one size of the log.
//!
//! The rarest of the query's index terms leads; what it leads to is decoded and held against the rest. Where all terms are
//! common, their rows are joined first. A page ends when it is full or has cost enough.

use schemas::ids::TermId;
use schemas::query::Query;
use schemas::term::terms;
use schemas::time::Index;

use crate::read::{Found, ReadError, Reader};

mod fitting;
mod rows;

pub use fitting::Fitting;
use rows::Rows;

/// Entries on one page, unless fewer or more are asked for.
pub const PAGE_DEFAULT: usize = 50;

/// Most entries on one page.
pub const PAGE_MAX: usize = 500;

/// Most entries looked at for one page: bounds the time that a question can take which little fits.
pub const EXAMINED_MAX: usize = 10_000;

/// Most index rows read for one page: bounds the same where terms are common and have few entries in common.
const ROWS_MAX: usize = 1 << 18;

/// Most statements whose ids begin with the digits of one word.
const IDS_MAX: usize = 512;

/// Which entries come first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Ascending indexes.
    OldestFirst,
    /// Descending indexes.
    NewestFirst,
}

/// What of the log is searched.
#[derive(Clone, Copy, Debug)]
pub struct Range {
    /// Where to begin; nothing at the end where the order begins.
    pub from: Option<Index>,
    /// How many entries of the log, at least 1.
    pub size: u64,
    /// In which order.
    pub order: Order,
}

/// A part of an answer.
#[derive(Debug)]
pub struct Page {
    /// The entries that fit, in the order asked for.
    pub found: Vec<Found>,
    /// Where to go on; nothing where all was looked at.
    pub next: Option<Index>,
    /// How many entries were looked at.
    pub examined: usize,
}

impl Order {
    /// Steps from where this order begins in a log of this size.
    fn step(self, index: Index, size: u64) -> u64 {
        match self {
            Self::OldestFirst => index.0,
            Self::NewestFirst => size.saturating_sub(1).saturating_sub(index.0),
        }
    }

    /// The index so many steps on, which is its own inverse.
    fn index(self, step: u64, size: u64) -> Index {
        Index(self.step(Index(step), size))
    }
}

/// The next page of what fits a query.
pub fn search(reader: &Reader<'_>, query: &Query, range: Range, limit: usize) -> Result<Page, ReadError> {
    let Range { from, size, order } = range;
    let mut leads = leads(reader, query, range)?;
    let mut page = Page { found: Vec::new(), next: None, examined: 0 };
    let mut at = from.map_or(0, |from| order.step(from, size));
    while at < size {
        let step = match common(reader, &mut leads, at, size)? {
            Met::At(step) => step,
            Met::Spent(step) => {
                page.next = Some(order.index(step, size));
                break;
            }
            Met::End => break,
        };
        let index = order.index(step, size);
        if page.found.len() >= limit || page.examined >= EXAMINED_MAX {
            page.next = Some(index);
            break;
        }
        page.examined += 1;
        let bytes = reader.entry_bytes(index)?;
        let found = reader.decoded(index, &bytes)?;
        check_rows(reader, &leads, &found)?;
        if query.fits(&found.statement) {
            reader.proved(index, bytes)?;
            page.found.push(found);
        }
        at = step.saturating_add(1);
    }
    Ok(page)
}

/// The rows to follow: those of the rarest condition alone, if it is rare, or those of all conditions.
fn leads(reader: &Reader<'_>, query: &Query, range: Range) -> Result<Vec<Rows>, ReadError> {
    let (tenant, mut all) = (query.tenant(), Vec::new());
    for what in query.wanted() {
        let Some(terms) = what.terms(&tenant) else { continue };
        let mut rows = Rows::new(&terms, range);
        if let Some(prefix) = what.id_prefix() {
            match named(reader, prefix, range)? {
                Some(named) => rows.add(named),
                // Too many to be listed: the condition is no lead, but still held against each entry.
                None => continue,
            }
        }
        rows.seek(reader, range.from.map_or(0, |from| range.order.step(from, range.size)))?;
        all.push(rows);
    }
    let rarest = all.iter().enumerate().filter_map(|(at, rows)| Some((rows.left()?, at))).min();
    if let Some((_, at)) = rarest {
        return Ok(all.into_iter().skip(at).take(1).collect());
    }
    Ok(all)
}

/// Where statements stand whose ids begin with these digits, in steps; nothing where there are too many.
fn named(reader: &Reader<'_>, prefix: &str, range: Range) -> Result<Option<Vec<u64>>, ReadError> {
    let bound = |fill: char| {
        let text: String = prefix.chars().chain(std::iter::repeat(fill)).take(64).collect();
        schemas::ids::StatementId::from_hex(&text)
    };
    let Some((first, last)) = bound('0').zip(bound('f')) else { return Ok(Some(Vec::new())) };
    let ids = reader.ids_between(first.as_bytes(), last.as_bytes(), IDS_MAX)?;
    if ids.len() >= IDS_MAX {
        return Ok(None);
    }
    let mut steps = Vec::new();
    for id in &ids {
        let index = reader.index_of(id)?.filter(|index| index.0 < range.size);
        steps.extend(index.map(|index| range.order.step(index, range.size)));
    }
    steps.sort_unstable();
    Ok(Some(steps))
}

/// What the rows of several conditions have in common.
enum Met {
    /// This step.
    At(u64),
    /// It cost too much to know; nothing before this step.
    Spent(u64),
    /// Nothing more.
    End,
}

/// The first step from `at` on that every condition has.
fn common(reader: &Reader<'_>, leads: &mut [Rows], at: u64, size: u64) -> Result<Met, ReadError> {
    let mut target = at;
    loop {
        let begun = target;
        for rows in leads.iter_mut() {
            match rows.seek(reader, target)? {
                Some(step) => target = step,
                None => return Ok(Met::End),
            }
        }
        if target >= size {
            return Ok(Met::End);
        }
        if target == begun {
            return Ok(Met::At(target));
        }
        if leads.iter().map(Rows::read).sum::<usize>() > ROWS_MAX {
            return Ok(Met::Spent(target));
        }
    }
}

/// A row that leads to a statement must be of a term that the statement gives rise to.
fn check_rows(reader: &Reader<'_>, leads: &[Rows], found: &Found) -> Result<(), ReadError> {
    let has = terms(&found.statement);
    let wrong = |term: &TermId| reader.wrong_term_row(term, found.entry.index);
    let stray = leads.iter().find_map(|rows| rows.stray(&has));
    stray.map_or(Ok(()), |term| Err(wrong(&term)))
}
