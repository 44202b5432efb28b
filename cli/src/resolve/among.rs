//! The same question without a server: what an ID means among the entries of a mirror, by the rule that servers go by.

use std::convert::Infallible;

use gateway::client::NearName;
use schemas::envelope::Statement;
use schemas::ids::StatementId;
use schemas::term::Term;
use schemas::text::Line;
use schemas::time::Index;
use verifier::evidence::{Evidence, Record};
use verifier::naming::{self, Candidates, Named, Names, Near, Nearest, Sort};

use super::{ambiguous, empty, is_hex, place, row};
use crate::exit::Exit;
use crate::failure::Failure;

/// Most names that are said to be near one that means nothing.
const NEAR_MAX: usize = 5;

/// Evidence of every entry, as a place where names are looked up.
struct Among<'e>(&'e Evidence);

/// A statement of it.
struct Held {
    id: StatementId,
    index: Index,
    statement: Option<Statement>,
}

impl Held {
    fn of(record: &Record) -> Self {
        Self { id: record.id(), index: record.index, statement: record.statement() }
    }
}

impl Named for Held {
    fn index(&self) -> Index {
        self.index
    }

    fn statement(&self) -> Option<&Statement> {
        self.statement.as_ref()
    }
}

impl Names for Among<'_> {
    type Found = Held;
    type Error = Infallible;

    fn index_of(&self, id: &StatementId) -> Result<Option<Index>, Infallible> {
        Ok(self.0.get(id).map(|record| record.index))
    }

    fn at(&self, index: Index) -> Result<Option<Held>, Infallible> {
        Ok(self.0.at(index).map(Held::of))
    }

    fn by_value(&self, value: &Line, most: usize) -> Result<Vec<Index>, Infallible> {
        let found = self.0.find(&Term::Foreign(value)).records;
        Ok(found.into_iter().map(|record| record.index).take(most).collect())
    }

    fn ids_between(
        &self,
        first: &StatementId,
        last: &StatementId,
        most: usize,
    ) -> Result<Vec<StatementId>, Infallible> {
        let between = |id: &StatementId| (first..=last).contains(&id);
        let mut ids: Vec<StatementId> = self.0.records().map(Record::id).filter(between).collect();
        ids.sort_unstable();
        ids.truncate(most);
        Ok(ids)
    }
}

/// The statement among these, all of a log's, that `id` means.
pub(crate) fn resolve_among(evidence: &Evidence, id: &str) -> Result<StatementId, Failure> {
    resolve_among_beside(evidence, id, Sort::STATEMENTS)
}

/// The same where an id can also be of something else, which it may be near to.
pub(crate) fn resolve_among_beside(
    evidence: &Evidence,
    id: &str,
    sorts: &[Sort],
) -> Result<StatementId, Failure> {
    if id.is_empty() {
        return Err(empty());
    }
    if let Some(place) = place(id) {
        let record = evidence.at(Index(place)).ok_or_else(|| not_among(evidence, id, sorts))?;
        return Ok(record.id());
    }
    let look = |name: &str| naming::resolve(&Among(evidence), name).unwrap_or_else(|never| match never {});
    let found = look(id).or_else(|| naming::lower_hex(id).and_then(|lower| look(&lower)));
    let found = found.ok_or_else(|| not_among(evidence, id, sorts))?;
    match naming::meant(&found, id) {
        Some(one) => Ok(one.id),
        None => Err(several(&found, id)),
    }
}

fn several(found: &Candidates<Held>, id: &str) -> Failure {
    let known = found.found.iter().filter_map(|held| Some((held, held.statement.as_ref()?)));
    let rows: Vec<_> = known
        .map(|(held, statement)| row(held.id, held.index.0, statement))
        .take(super::CANDIDATES_MAX)
        .collect();
    let more = found.truncated || rows.len() < found.found.len();
    ambiguous(id, rows, more).next("the same with one of these ids")
}

fn not_among(evidence: &Evidence, id: &str, sorts: &[Sort]) -> Failure {
    let size = evidence.head().size;
    let what = format!("none of the mirror's {size} entries is called `{id}`");
    let failure = Failure::new("not-found", what).exit(Exit::NotFound);
    let failure = if id.len() < naming::PREFIX_DIGITS_MIN && is_hex(id) {
        failure.next(format!("at least {} digits of a statement id", naming::PREFIX_DIGITS_MIN))
    } else {
        failure.next("a statement id, its first 8 digits or more, a foreign id, also as TYPE:VALUE, or #N")
    };
    failure.near(near_among(evidence, id, sorts))
}

/// What is called nearly so among these.
pub(crate) fn near_among(evidence: &Evidence, id: &str, sorts: &[Sort]) -> Vec<NearName> {
    let mut nearest = Nearest::new(id, sorts, NEAR_MAX);
    for record in evidence.records() {
        if let Some(statement) = record.statement() {
            nearest.look(record.index, &statement);
        }
    }
    let near =
        |Near { name, sort, index }| NearName { name, sort: sort.as_str().into(), index: Some(index.0) };
    nearest.finish().into_iter().map(near).collect()
}
