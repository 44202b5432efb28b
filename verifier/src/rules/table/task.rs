//! Rules about the task that authority was given for.

use super::{DENIES, DENIES_OR_LEAVES_OPEN, NOTES, rule};
use crate::rules::{Check, Rule, combination, task};

pub(super) const RULES: &[Rule] = &[
    rule(
        "task-mismatch",
        "a hop is for another task than the request",
        DENIES,
        Check::Hop(task::hop_of_other_task),
    ),
    rule("task-mismatch", "two hops are for two tasks", DENIES, Check::Edge(task::hops_of_two_tasks)),
    rule(
        "task-mismatch",
        "the decision is on another task than the request",
        DENIES,
        Check::Case(task::decision_of_other_task),
    ),
    rule(
        "task-closed",
        "the request's task had ended, or was suspended, at the moment",
        DENIES,
        Check::Case(task::task_closed),
    ),
    rule(
        "outlives-task",
        "a hop could still be used after the task that it was given for",
        DENIES,
        Check::Hop(task::hop_outlives_task),
    ),
    rule(
        "outlives-task",
        "the credential could still be used after the task that it was given for",
        DENIES,
        Check::Case(task::credential_outlives_task),
    ),
    rule("off-plan", "the action is not in the plan of its task", DENIES, Check::Case(task::action_off_plan)),
    rule(
        "off-plan",
        "the action is not in the plan of the task that a hop is for, or a hop is for another stage of it",
        DENIES_OR_LEAVES_OPEN,
        Check::Hop(task::hop_off_plan),
    ),
    rule(
        "scope-broader-than-task",
        "a hop hands on more than the plan of its task has",
        NOTES,
        Check::Hop(task::scope_broader_than_task),
    ),
    rule(
        "forbidden-combination",
        "the action ends a combination that the profile forbids within one task",
        DENIES_OR_LEAVES_OPEN,
        Check::Case(combination::forbidden_combination),
    ),
];
