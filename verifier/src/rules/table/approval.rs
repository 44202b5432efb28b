//! Rules about consent.

use super::{DENIES, DENIES_OR_LEAVES_OPEN, NOTES, rule};
use crate::rules::{Check, Rule, approval};

pub(super) const RULES: &[Rule] = &[
    rule(
        "approval-mismatch",
        "the approval is for another requester, action, resource, request or time",
        DENIES,
        Check::Case(approval::approval_mismatch),
    ),
    rule(
        "approval-exhausted",
        "the approval had ended, or carried as many actions already as it may",
        DENIES_OR_LEAVES_OPEN,
        Check::Case(approval::approval_exhausted),
    ),
    rule(
        "approver-not-eligible",
        "the approver is not what the profile asks for, or was not in good standing",
        DENIES_OR_LEAVES_OPEN,
        Check::Case(approval::approver_not_eligible),
    ),
    rule(
        "self-approved",
        "the approver is who acted or who asked",
        DENIES,
        Check::Case(approval::self_approved),
    ),
    rule(
        "approval-withdrawn",
        "the approval had been withdrawn or replaced by the moment",
        DENIES,
        Check::Case(approval::approval_withdrawn),
    ),
    rule(
        "approval-replayed",
        "the approval was given within another task",
        DENIES,
        Check::Case(approval::approval_replayed),
    ),
    rule(
        "autonomy-boundary-missing",
        "a machine acts alone from a hop on that nobody handed over by",
        NOTES,
        Check::Hop(approval::autonomy_begins),
    ),
    rule(
        "autonomy-boundary-missing",
        "a chain that says who steers does not say it at a hop, or hands over to a machine alone by nobody's word",
        NOTES,
        Check::Edge(approval::autonomy_boundary),
    ),
    rule(
        "break-glass-unreviewed",
        "an emergency was not reviewed by another in time",
        NOTES,
        Check::Case(approval::break_glass_unreviewed),
    ),
];
