//! The Merkle tree over a log's entries (RFC 6962 §2.1, RFC 9162 §2.1): hashing, checking proofs, making them, appending.
//!
//! In scope: arithmetic over hashes. Out of scope: where tiles are kept (`ledger`), who signed a root
//! ([`crate::checkpoint`]).
//!
//! The tree has binary levels, 0 for the leaf hashes; node `index` at `level` covers the leaves from `index << level` to
//! `(index + 1) << level`. Stored are only the levels 0, 8, 16 …, in tiles ([`schemas::tile`]).

mod check;
mod edge;
mod hash;
mod prove;
mod tiled;
mod together;

pub use check::{
    ConsistencyClaim, InclusionClaim, MerkleError, VerifiedConsistency, VerifiedInclusion, root_of_path,
    verify_consistency, verify_inclusion,
};
pub use edge::{EdgeLoadError, EdgeUpdate, TileEdge, TreeTooLarge};
pub use hash::{TreeHasher, leaf_hash, node_hash};
pub use prove::{NodeSource, ProveError, prove_consistency, prove_inclusion, root_at};
pub use tiled::{MIDDLE_HEIGHT, NodeMissing, TileNodes, TileReadError, TileSource, TiledTree};
pub use together::{ProvedTogether, TogetherError};

#[cfg(test)]
mod tests;
