//! The list of all rules.

use super::{
    Check, Rule, approval, chain, context, credential, decision, effect, fineness, integrity, obligation,
};
use super::{policy, reuse, rulings, scope, time, withdrawal};
use crate::verdict::Effect;

const DENIES: &[Effect] = &[Effect::NotAuthorized];
const LEAVES_OPEN: &[Effect] = &[Effect::Indeterminate];
const NOTES: &[Effect] = &[Effect::None];
const DENIES_OR_LEAVES_OPEN: &[Effect] = &[Effect::NotAuthorized, Effect::Indeterminate];
const LEAVES_OPEN_OR_NOTES: &[Effect] = &[Effect::Indeterminate, Effect::None];
const DENIES_OR_NOTES: &[Effect] = &[Effect::NotAuthorized, Effect::None];

/// Every rule, in the order in which they are documented.
pub const RULES: &[Rule] = &[
    rule(
        "signature-invalid",
        "a statement's signature does not stand",
        DENIES,
        Check::Record(integrity::signature_invalid),
    ),
    rule(
        "key-not-valid",
        "a statement's key was unknown or retired at its place",
        DENIES,
        Check::Record(integrity::key_not_valid),
    ),
    rule(
        "key-compromised",
        "a statement's key, or a registrar's behind it, was in other hands by then",
        DENIES,
        Check::Record(integrity::key_compromised),
    ),
    rule(
        "signer-not-entitled",
        "a statement's key has no role that covers it",
        DENIES,
        Check::Record(integrity::signer_not_entitled),
    ),
    rule(
        "unknown-statement",
        "a statement is of a form that this program does not know",
        LEAVES_OPEN,
        Check::Record(integrity::unknown_statement),
    ),
    rule(
        "unknown-statement",
        "all entries were read, and one is of a form that this program does not know",
        LEAVES_OPEN,
        Check::Case(integrity::unknown_anywhere),
    ),
    rule(
        "duplicate-conflict",
        "two statements claim one number of one emitter's sequence",
        DENIES,
        Check::Record(integrity::duplicate_conflict),
    ),
    rule(
        "root-unknown",
        "no registrar registered the root, or it is no principal that a chain begins with",
        DENIES_OR_NOTES,
        Check::Path(chain::root_unknown),
    ),
    rule(
        "root-changed",
        "a hop names another root than the one its chain begins with",
        DENIES,
        Check::Path(chain::root_changed),
    ),
    rule(
        "hop-missing",
        "a hop that is referred to is not in the evidence",
        LEAVES_OPEN,
        Check::Link(chain::hop_missing),
    ),
    rule(
        "ambiguous",
        "a reference to a hop fits several statements",
        LEAVES_OPEN,
        Check::Link(chain::ambiguous),
    ),
    rule(
        "ambiguous",
        "a reference to a decision, approval or attempt fits several statements",
        LEAVES_OPEN,
        Check::Case(chain::request_ambiguous),
    ),
    rule(
        "hop-discontinuous",
        "a hop's delegatee is not who relies on it",
        DENIES,
        Check::Edge(chain::hop_discontinuous),
    ),
    rule("cycle", "a hop rests on itself", DENIES, Check::Link(chain::cycle)),
    rule(
        "depth-exceeded",
        "more hops follow than a hop, or the format, allows",
        DENIES,
        Check::Path(chain::depth_exceeded),
    ),
    rule("scope-missing", "a hop hands on no authority", DENIES, Check::Hop(scope::scope_missing)),
    rule(
        "scope-escalated",
        "a hop hands on more than its parent has",
        DENIES,
        Check::Edge(scope::scope_escalated),
    ),
    rule(
        "scope-exceeded",
        "the action lies outside a hop's scope",
        DENIES_OR_LEAVES_OPEN,
        Check::Hop(scope::scope_exceeded),
    ),
    rule("hop-expired", "a hop had expired at the moment", DENIES, Check::Hop(time::hop_expired)),
    rule(
        "hop-not-yet-valid",
        "a hop was not yet valid at the moment",
        DENIES,
        Check::Hop(time::hop_not_yet_valid),
    ),
    rule("revoked", "a hop was withdrawn at the moment", DENIES, Check::Hop(withdrawal::hop_revoked)),
    rule(
        "revoked",
        "what the request presents was withdrawn at the moment",
        DENIES,
        Check::Case(withdrawal::request_revoked),
    ),
    rule(
        "revoker-not-entitled",
        "a withdrawal of a hop by somebody who may not withdraw it does not count",
        NOTES,
        Check::Hop(withdrawal::hop_revoker_not_entitled),
    ),
    rule(
        "revoker-not-entitled",
        "a withdrawal of what the request presents, by somebody who may not, does not count",
        NOTES,
        Check::Case(withdrawal::request_revoker_not_entitled),
    ),
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
    rule(
        "credential-unbound",
        "the credential is bound to no key of its holder",
        NOTES,
        Check::Case(credential::credential_unbound),
    ),
    rule(
        "credential-long-lived",
        "the credential lives longer than the profile lets one live, and no waiver says so",
        NOTES,
        Check::Case(credential::credential_long_lived),
    ),
    rule(
        "credential-out-of-context",
        "the credential is for another holder, time, task, session, resource or audience",
        DENIES,
        Check::Case(credential::credential_out_of_context),
    ),
    rule(
        "credential-shared",
        "the credential identifies several principals",
        NOTES,
        Check::Case(credential::credential_shared),
    ),
    rule(
        "human-session-used-by-machine",
        "a machine acted by the session of a human",
        DENIES,
        Check::Case(credential::human_session_used_by_machine),
    ),
    rule(
        "credential-used-after-revocation",
        "the credential had been withdrawn at the moment",
        DENIES,
        Check::Case(credential::credential_used_after_revocation),
    ),
    rule(
        "standing-access",
        "a hop is for no task, has no end and no limit",
        NOTES,
        Check::Hop(credential::standing_access),
    ),
    rule(
        "credential-outlives-decision",
        "a hop's credential lives on after its decision",
        NOTES,
        Check::Hop(credential::credential_outlives_decision),
    ),
    rule(
        "waiver-expired",
        "the exception that lets the credential live longer has ended, or is not there",
        DENIES_OR_LEAVES_OPEN,
        Check::Case(credential::waiver_expired),
    ),
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
    rule(
        "moment-unproved",
        "authority does not hold over all the time that the moment may be in",
        LEAVES_OPEN,
        Check::Hop(time::hop_moment_unproved),
    ),
    rule(
        "moment-unproved",
        "the request's moment needs a second entitled key, or its decision holds only at the claimed time",
        LEAVES_OPEN,
        Check::Case(time::request_moment_unproved),
    ),
    rule(
        "not-pinned",
        "no trust file pins the key that signed the log's head",
        LEAVES_OPEN,
        Check::Case(integrity::not_pinned),
    ),
    rule(
        "absence-unproved",
        "the evidence leaves open whether something else exists that bears on a statement",
        LEAVES_OPEN,
        Check::Record(integrity::absence_unproved),
    ),
    rule(
        "absence-unproved",
        "the profile does not take the log's word for what does not exist",
        LEAVES_OPEN,
        Check::Case(integrity::absence_asserted),
    ),
    rule(
        "absence-unproved",
        "an approval or attempt that is referred to is not in the evidence",
        LEAVES_OPEN,
        Check::Case(integrity::named_and_absent),
    ),
    rule(
        "self-reported-only",
        "nobody but the actor itself says anything about the action",
        LEAVES_OPEN,
        Check::Case(integrity::self_reported_only),
    ),
    rule(
        "sequence-gap",
        "an emitter involved gave out a number that no entry carries",
        NOTES,
        Check::Support(integrity::sequence_gap),
    ),
    // Last: what the rules before it cost counts.
    rule(
        "depth-exceeded",
        "the chain is too large to be followed to its end",
        LEAVES_OPEN,
        Check::Case(chain::effort_exceeded),
    ),
];

const fn rule(slug: &'static str, summary: &'static str, effects: &'static [Effect], check: Check) -> Rule {
    Rule { slug, summary, effects, check }
}
