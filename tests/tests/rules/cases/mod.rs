//! Every case, by the family of its rule.

mod chain;
mod decision;
mod integrity;
mod scope;
mod time;
mod withdrawal;

use crate::case::Case;

/// Every case.
pub(crate) fn all() -> Vec<Case> {
    [
        integrity::cases(),
        chain::cases(),
        scope::cases(),
        time::cases(),
        withdrawal::cases(),
        decision::cases(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
