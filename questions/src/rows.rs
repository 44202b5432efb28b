//! Rows of the index, taken together.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use schemas::ids::TermId;
use schemas::payload::Kind;
use schemas::term::Term;
use schemas::time::Index;

use crate::kept::Placed;

/// Most entries of one row that are listed for one answer.
pub(crate) const LISTED_MAX: usize = 100_000;

/// The entries of a term that are of a kind, and whether these are all. Where there are very many of the kind, some of another may
/// be among them: reading tells.
pub(crate) fn of_kind<P: Placed>(term: TermId, kind: Kind, log: &P) -> Result<(Vec<Index>, bool), P::Error> {
    let mut rows = log.find(&[term, Term::Kind(kind).id()], LISTED_MAX)?.into_iter();
    let (found, of_kind) = (rows.next().unwrap_or_default(), rows.next().unwrap_or_default());
    let told_to = of_kind.last().copied().filter(|_| of_kind.len() >= LISTED_MAX);
    let of_kind: BTreeSet<Index> = of_kind.into_iter().collect();
    let all = found.len() < LISTED_MAX;
    let may_be = |index: &Index| of_kind.contains(index) || told_to.is_some_and(|last| last < *index);
    Ok((found.into_iter().filter(may_be).collect(), all))
}
