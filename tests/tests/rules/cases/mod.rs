//! Every case, by the family of its rule.

mod approval;
mod chain;
mod credential;
mod decision;
mod effect;
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
        approval::cases(),
        credential::cases(),
        effect::cases(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
