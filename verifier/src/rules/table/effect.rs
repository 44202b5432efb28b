//! Rules about what came of it, and how that was recorded.

use super::{NOTES, rule};
use crate::rules::{Check, Rule, effect};

pub(super) const RULES: &[Rule] = &[
    rule(
        "action-unpaired",
        "no action is recorded under the permit",
        NOTES,
        Check::Case(effect::action_unpaired),
    ),
    rule(
        "outcome-missing",
        "nobody said what came of the attempt",
        NOTES,
        Check::Case(effect::outcome_missing),
    ),
    rule(
        "compensation-unlinked",
        "what undoes something does not name what, or touches nothing of it",
        NOTES,
        Check::Case(effect::compensation_unlinked),
    ),
    rule(
        "vantage-gap",
        "the chain is enforced at a gateway, and none saw the action",
        NOTES,
        Check::Case(effect::vantage_gap),
    ),
    rule("owner-missing", "nobody answers for the actor", NOTES, Check::Case(effect::owner_missing)),
    rule(
        "late-recorded",
        "a statement was logged later than the profile lets one be",
        NOTES,
        Check::Record(effect::late_recorded),
    ),
    rule(
        "recorded-after-effect",
        "what the action rests on was logged after it",
        NOTES,
        Check::Record(effect::recorded_after_effect),
    ),
    rule(
        "backdated",
        "a statement claims a time before that of a head which its emitter had seen",
        NOTES,
        Check::Record(effect::backdated),
    ),
];
