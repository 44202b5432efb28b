//! The latest rows of ids and terms, which a store keeps in memory alone for a while ([`Store::indexed`]): made again from their
//! entries when a log is opened.
//!
//! Each entry is held against its leaf first, so that nothing is found by what somebody wrote over it.

use rayon::prelude::*;
use schemas::tile::{TILE_WIDTH, TileCoord};
use schemas::time::Index;
use schemas::tree::TreeHash;
use verifier::merkle::{TileSource as _, leaf_hash};

use crate::reindex::{ReindexError, accepted, each_chunk};
use crate::store::rows::{Rows, index_bytes, term_key};
use crate::store::{Batch, Column, Store, StoreError};

/// Gives the store all rows of ids and terms up to the head that it does not have.
pub(crate) fn catch_up(store: &dyn Store) -> Result<(), ReindexError> {
    let rows = Rows(store);
    let size = rows.head()?.size;
    let (ids, terms) = (store.indexed(Column::Ids)?, store.indexed(Column::Terms)?);
    let from = ids.min(terms);
    if from >= size {
        return Ok(());
    }
    tracing::info!(from, size, "the latest part of the index is made from its entries");
    each_chunk(store, from, size, |chunk| {
        let leaves: Vec<TreeHash> = chunk.par_iter().map(|(_, bytes)| leaf_hash(bytes)).collect();
        let Some((first, _)) = chunk.first() else { return Ok(()) };
        hold(rows, *first, &leaves)?;
        let found: Vec<_> = chunk
            .par_iter()
            .map(|(index, bytes)| accepted(*index, bytes).map(|(_, accepted)| (*index, accepted)))
            .collect::<Result<_, _>>()?;
        let mut batch = Batch::default();
        for (index, accepted) in &found {
            if index.0 >= ids {
                batch.put(Column::Ids, accepted.statement.id().as_bytes(), &index_bytes(*index));
            }
            if index.0 >= terms {
                accepted.terms.iter().for_each(|term| batch.put(Column::Terms, &term_key(term, *index), &[]));
            }
        }
        Ok(store.fill(&batch)?)
    })
}

/// Columns with rows of entries that are not there: the store lost what was written last. New entries would stand in their places and be
/// taken for them.
pub(crate) fn ahead(store: &dyn Store) -> Result<Vec<Column>, StoreError> {
    let size = Rows(store).head()?.size;
    let mut ahead = Vec::new();
    for column in [Column::Ids, Column::Terms] {
        if store.indexed(column)? > size {
            ahead.push(column);
        }
    }
    Ok(ahead)
}

/// Holds leaves against those that the tiles have.
fn hold(rows: Rows<'_>, first: Index, leaves: &[TreeHash]) -> Result<(), ReindexError> {
    let width = u64::from(TILE_WIDTH);
    let mut left = leaves;
    let mut next = first.0;
    while let Some(leaf) = left.first() {
        let (tile, at) = (next / width, (next % width) as usize);
        let hashes = rows.tile(TileCoord { level: 0, index: tile })?;
        let kept = hashes.get(at..).filter(|kept| !kept.is_empty());
        let kept = kept.ok_or_else(|| differs(next, leaf, None))?;
        for (leaf, kept) in left.iter().zip(kept) {
            if leaf != kept {
                return Err(differs(next, leaf, Some(kept)));
            }
            next = next.saturating_add(1);
        }
        left = left.get(kept.len()..).unwrap_or_default();
    }
    Ok(())
}

fn differs(index: u64, leaf: &TreeHash, kept: Option<&TreeHash>) -> ReindexError {
    let kept = kept.map_or_else(|| String::from("none"), TreeHash::to_string);
    let detail = format!("entry {index} hashes to leaf {leaf}, the tree has {kept}");
    StoreError::Row { column: Column::Tiles, key: String::new(), detail }.into()
}
