//! Rules about the decision, and the policy and context that it rests on.

use super::{DENIES, DENIES_OR_LEAVES_OPEN, LEAVES_OPEN, LEAVES_OPEN_OR_NOTES, NOTES, rule};
use crate::rules::{Check, Rule, context, decision, fineness, obligation, policy, reuse, rulings};

pub(super) const RULES: &[Rule] = &[
    rule(
        "decision-missing",
        "no decision covers the action",
        LEAVES_OPEN,
        Check::Case(decision::decision_missing),
    ),
    rule(
        "decision-deny",
        "the decision is not a permit",
        DENIES_OR_LEAVES_OPEN,
        Check::Case(rulings::decision_deny),
    ),
    rule(
        "decision-stale",
        "the decision was not fresh at the moment",
        DENIES,
        Check::Case(decision::decision_stale),
    ),
    rule(
        "decision-mismatch",
        "the decision is about another actor, action, resource or request",
        DENIES,
        Check::Case(decision::decision_mismatch),
    ),
    rule(
        "decision-reused",
        "the permit carried as many actions already as it may",
        DENIES_OR_LEAVES_OPEN,
        Check::Case(reuse::decision_reused),
    ),
    rule(
        "decision-reused",
        "an action is tried again under the first try's permit, and not shown to be the same request",
        DENIES_OR_LEAVES_OPEN,
        Check::Case(reuse::retry_differs),
    ),
    rule(
        "denied-but-executed",
        "the action was carried out against the decision",
        DENIES,
        Check::Case(rulings::denied_but_executed),
    ),
    rule(
        "decisions-conflict",
        "two deciders ruled differently on one request, and both rulings stand",
        LEAVES_OPEN,
        Check::Case(rulings::decisions_conflict),
    ),
    rule(
        "login-only",
        "what was permitted is a sign-in, not the action",
        DENIES,
        Check::Case(fineness::login_only),
    ),
    rule(
        "login-only",
        "nothing was decided on the action, and what there is is a sign-in or a grant",
        LEAVES_OPEN,
        Check::Case(fineness::nothing_but_login),
    ),
    rule(
        "decision-too-coarse",
        "the permit is not as fine as the profile asks of the action's class",
        DENIES_OR_LEAVES_OPEN,
        Check::Case(fineness::decision_too_coarse),
    ),
    rule("role-only", "the permit rests on a role alone", NOTES, Check::Case(fineness::role_only)),
    rule(
        "step-up-missing",
        "an action of a class that asks for it has neither an approval nor a second factor behind it",
        LEAVES_OPEN,
        Check::Support(fineness::step_up_missing),
    ),
    rule(
        "policy-unknown",
        "the permit does not name a known revision of a policy; where the profile raises it, one that the log states",
        LEAVES_OPEN_OR_NOTES,
        Check::Case(policy::policy_unknown),
    ),
    rule(
        "policy-superseded",
        "another revision of the policy was in force when the permit was ruled",
        DENIES,
        Check::Case(policy::policy_superseded),
    ),
    rule(
        "context-incomplete",
        "the permit was ruled without an input that the profile asks for",
        LEAVES_OPEN,
        Check::Case(context::context_incomplete),
    ),
    rule(
        "context-stale",
        "an input was older than the profile allows when the permit was ruled",
        DENIES,
        Check::Case(context::context_stale),
    ),
    rule(
        "changed-since-decision",
        "the task moved between ruling and moment",
        DENIES,
        Check::Case(context::task_changed),
    ),
    rule(
        "changed-since-decision",
        "the request was ruled on again under another risk or context, and the older permit was used",
        DENIES,
        Check::Case(context::risk_changed),
    ),
    rule(
        "changed-since-decision",
        "somebody on the way was suspended in between, or the decider did not know of a withdrawal",
        DENIES,
        Check::Support(context::standing_changed),
    ),
    rule(
        "not-enforced",
        "a hop is enforced nowhere, or at login alone",
        NOTES,
        Check::Hop(obligation::hop_not_enforced),
    ),
    rule(
        "not-enforced",
        "where the profile raises it: nothing stood between the actor and the action",
        NOTES,
        Check::Case(obligation::request_not_enforced),
    ),
    rule(
        "failed-open",
        "nobody could decide, and the enforcement point let the request pass",
        DENIES,
        Check::Case(obligation::failed_open),
    ),
    rule(
        "obligation-unmet",
        "what the permit obliges to was not done",
        DENIES_OR_LEAVES_OPEN,
        Check::Case(obligation::obligation_unmet),
    ),
    rule("self-decided", "the actor decided on its own request", DENIES, Check::Case(decision::self_decided)),
];
