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
    let (mut count, mut groups) = (0_usize, GROUPS);
    while let [group, rest @ ..] = groups {
        count = count.saturating_add(group.len());
        groups = rest;
    }
    count
}

const fn joined() -> [Rule; count()] {
    let mut all = [rule("", "", REFUSES, Check::Evidence(&[])); count()];
    let mut places: &mut [Rule] = &mut all;
    let (mut rules, mut groups): (&[Rule], &[&[Rule]]) = (&[], GROUPS);
    while let [place, left @ ..] = places {
        while let ([], [group, later @ ..]) = (rules, groups) {
            (rules, groups) = (*group, later);
        }
        if let [rule, rest @ ..] = rules {
            *place = *rule;
            rules = rest;
        }
        places = left;
    }
    all
}

const fn rule(slug: &'static str, summary: &'static str, effects: &'static [Effect], check: Check) -> Rule {
    Rule { slug, summary, effects, check }
}
