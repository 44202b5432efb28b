//! `assertion`: the log itself vouches for a query's answer. `index-root`: reserved.

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::shared::{BodyError, require};
use crate::ids::{ByteString, TermId};
use crate::limits::BUNDLE_TERMS_MAX;
use crate::time::Index;
use crate::tree::TreeHash;

/// For each term: these entries of the first `size`, and no others, give rise to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Assertion {
    /// How many entries were looked at: all with a smaller index.
    pub size: u64,
    /// The root at that size.
    pub root: TreeHash,
    /// The answer, terms in ascending order.
    pub rows: Vec<TermRow>,
}

/// All entries that give rise to one term.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "(TermId, Vec<Index>)", into = "(TermId, Vec<Index>)")]
pub struct TermRow {
    /// The term's short name.
    pub term: TermId,
    /// The entries, ascending.
    pub indexes: Vec<Index>,
}

impl From<(TermId, Vec<Index>)> for TermRow {
    fn from((term, indexes): (TermId, Vec<Index>)) -> Self {
        Self { term, indexes }
    }
}

impl From<TermRow> for (TermId, Vec<Index>) {
    fn from(row: TermRow) -> Self {
        (row.term, row.indexes)
    }
}

/// Reserved: the root of a map from terms to entries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IndexRoot {
    /// How many entries it covers.
    pub size: u64,
    /// The map's root.
    pub root: TreeHash,
    /// How the map is built.
    pub method: ByteString,
}

impl Assertion {
    pub(crate) fn check(&self) -> Result<(), BodyError> {
        require(
            self.rows.len() <= BUNDLE_TERMS_MAX,
            "body.rows",
            "has at most 65,536 terms",
            &self.rows.len(),
        )?;
        let ascending = self.rows.is_sorted_by(|a, b| a.term < b.term);
        require(ascending, "body.rows", "lists each term once, in ascending order", &self.rows.len())?;
        for row in &self.rows {
            let ascending = row.indexes.is_sorted_by(|a, b| a < b);
            let inside = row.indexes.last().is_none_or(|last| last.0 < self.size);
            require(ascending && inside, "body.rows", "lists indexes below size, ascending", &row.term)?;
        }
        Ok(())
    }
}
