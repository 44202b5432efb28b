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
pub(crate) struct NodeCache(RwLock<Generations>);

/// Nodes by level and index, in two generations: what is used in the older one moves to the younger one, and the older one is forgotten as a
/// whole. So what is in every path stays, and no order has to be kept.
#[derive(Debug, Default)]
struct Generations {
    younger: HashMap<(u8, u64), TreeHash>,
    older: HashMap<(u8, u64), TreeHash>,
}

impl NodeCache {
    fn get(&self, level: u8, index: u64) -> Option<TreeHash> {
        let place = (level, index);
        let older = {
            let nodes = self.0.read().unwrap_or_else(PoisonError::into_inner);
            if let Some(node) = nodes.younger.get(&place) {
                return Some(*node);
            }
            nodes.older.get(&place).copied()
        };
        older.inspect(|node| self.put(level, index, *node))
    }

    fn put(&self, level: u8, index: u64, node: TreeHash) {
        let mut nodes = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if nodes.younger.len() >= NODES_MAX / 2 {
            nodes.older = std::mem::take(&mut nodes.younger);
        }
        nodes.younger.insert((level, index), node);
    }

    /// Forgets everything: what was read may have been wrong.
    pub(crate) fn clear(&self) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Generations::default();
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
    fn it_keeps_what_is_used_again_and_no_more_than_its_bound() {
        let cache = NodeCache::default();
        let hash = TreeHash::new([7; 32]);
        cache.put(20, 0, hash);
        for index in 0..3 * NODES_MAX as u64 {
            cache.put(3, index, hash);
            assert_eq!(cache.get(20, 0), Some(hash), "it is in every path");
        }
        assert_eq!(cache.get(3, 3 * NODES_MAX as u64 - 1), Some(hash));
        assert_eq!((cache.get(3, 0), cache.get(4, 1)), (None, None));
        let nodes = cache.0.into_inner().unwrap();
        assert!(nodes.younger.len() + nodes.older.len() <= NODES_MAX);
    }
}
