//! What people are shown.

pub(crate) mod statement;
pub(crate) mod submitted;
pub(crate) mod who;

use schemas::ids::StatementId;

/// Enough of an id to ask for it again.
pub(crate) fn short(id: &StatementId) -> String {
    id.to_hex().chars().take(12).collect()
}
