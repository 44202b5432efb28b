//! Rules about what was presented.

use super::{DENIES, DENIES_OR_LEAVES_OPEN, NOTES, rule};
use crate::rules::{Check, Rule, credential};

pub(super) const RULES: &[Rule] = &[
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
        "a hop's credential carries authority for no task, without an end or a limit",
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
];
