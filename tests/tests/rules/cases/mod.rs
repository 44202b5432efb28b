//! Every case, by the family of its rule.

mod approval;
mod chain;
mod context;
mod credential;
mod decision;
mod effect;
mod fineness;
mod hop;
mod integrity;
mod joint;
mod limit;
mod obligation;
mod policy;
mod refusal;
mod reuse;
mod scope;
mod task;
mod time;
mod vouching;
mod withdrawal;

use crate::case::Case;

/// Every case in which evidence is refused, or nearly so: nothing is asked of these but what their vectors say.
pub(crate) fn refusals() -> Vec<Case> {
    refusal::cases()
}

/// Every case.
pub(crate) fn all() -> Vec<Case> {
    [
        integrity::cases(),
        vouching::cases(),
        chain::cases(),
        hop::cases(),
        joint::cases(),
        scope::cases(),
        limit::cases(),
        task::cases(),
        time::cases(),
        withdrawal::cases(),
        decision::cases(),
        reuse::cases(),
        approval::cases(),
        credential::cases(),
        effect::cases(),
        policy::cases(),
        context::cases(),
        fineness::cases(),
        obligation::cases(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
