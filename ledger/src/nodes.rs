//! The nodes of the tree that proofs are made of: the right edge from memory, what was used lately from memory too, the rest
//! from tiles.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use schemas::tree::TreeHash;
use verifier::merkle::{NodeSource, TileEdge, TileReadError, TiledTree};

use crate::store::StoreError;
use crate::store::rows::Rows;

/// Nodes remembered: about 4 MiB. A path in a log of a million entries has 20, and those near the top are in every path.
const NODES_MAX: usize = 65_536;

/// Nodes that were used lately. A complete node never changes, so what is here holds for every later head too.
#[derive(Debug, Default)]
pub(crate) struct NodeCache(RwLock<HashMap<(u8, u64), TreeHash>>);

impl NodeCache {
    fn get(&self, level: u8, index: u64) -> Option<TreeHash> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(&(level, index)).copied()
    }

    fn put(&self, level: u8, index: u64, node: TreeHash) {
        let mut nodes = self.0.write().unwrap_or_else(PoisonError::into_inner);
        // Beginning anew costs a few tiles; keeping order among the nodes would cost something at every use.
        if nodes.len() >= NODES_MAX {
            nodes.clear();
        }
        nodes.insert((level, index), node);
    }

    /// Forgets everything: what was read may have been wrong.
    pub(crate) fn clear(&self) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

/// The nodes under one head.
pub(crate) struct Nodes<'l> {
    edge: Arc<TileEdge>,
    cache: &'l NodeCache,
    tiles: TiledTree<Rows<'l>>,
}

impl<'l> Nodes<'l> {
    pub(crate) fn new(edge: Arc<TileEdge>, cache: &'l NodeCache, rows: Rows<'l>) -> Self {
        Self { edge, cache, tiles: TiledTree::new(rows) }
    }
}

impl NodeSource for Nodes<'_> {
    type Error = TileReadError<StoreError>;

    fn node(&self, level: u8, index: u64) -> Result<TreeHash, Self::Error> {
        let at_hand = self.edge.node(level, index).ok().or_else(|| self.cache.get(level, index));
        if let Some(node) = at_hand {
            return Ok(node);
        }
        let node = self.tiles.node(level, index)?;
        self.cache.put(level, index, node);
        Ok(node)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_keeps_what_was_used_lately_and_no_more_than_its_bound() {
        let cache = NodeCache::default();
        let hash = TreeHash::new([7; 32]);
        for index in 0..=NODES_MAX as u64 {
            cache.put(3, index, hash);
        }
        assert_eq!(cache.get(3, NODES_MAX as u64), Some(hash));
        assert_eq!(cache.get(3, 0), None);
        assert_eq!(cache.get(4, NODES_MAX as u64), None);
    }
}
