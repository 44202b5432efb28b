//! The list of all rules, group by group.

mod approval;
mod chain;
mod credential;
mod decision;
mod effect;
mod integrity;
mod open;
mod task;

use super::{Check, Rule};
use crate::verdict::Effect;

const DENIES: &[Effect] = &[Effect::NotAuthorized];
const LEAVES_OPEN: &[Effect] = &[Effect::Indeterminate];
const NOTES: &[Effect] = &[Effect::None];
const DENIES_OR_LEAVES_OPEN: &[Effect] = &[Effect::NotAuthorized, Effect::Indeterminate];
const LEAVES_OPEN_OR_NOTES: &[Effect] = &[Effect::Indeterminate, Effect::None];
const DENIES_OR_NOTES: &[Effect] = &[Effect::NotAuthorized, Effect::None];

/// Evidence that is refused is not judged: no outcome comes of it.
const REFUSES: &[Effect] = &[];

/// The groups, in the order in which they are documented. Among findings of one effect that order says which is told first.
const GROUPS: &[&[Rule]] = &[
    integrity::RULES,
    chain::RULES,
    task::RULES,
    decision::RULES,
    approval::RULES,
    credential::RULES,
    effect::RULES,
    open::RULES,
];

/// Every rule, in the order in which they are documented.
pub const RULES: &[Rule] = &joined();

const fn count() -> usize {
    let (mut count, mut groups) = (0, GROUPS);
    while let [group, rest @ ..] = groups {
        count += group.len();
        groups = rest;
    }
    count
}

#[expect(clippy::indexing_slicing, reason = "evaluated when it is compiled")]
const fn joined() -> [Rule; count()] {
    let mut all = [rule("", "", REFUSES, Check::Evidence(&[])); count()];
    let (mut at, mut groups) = (0, GROUPS);
    while let [group, later @ ..] = groups {
        let mut rules = *group;
        while let [rule, rest @ ..] = rules {
            all[at] = *rule;
            at += 1;
            rules = rest;
        }
        groups = later;
    }
    all
}

const fn rule(slug: &'static str, summary: &'static str, effects: &'static [Effect], check: Check) -> Rule {
    Rule { slug, summary, effects, check }
}
