//! What error codes are taken to mean.

use schemas::kinds::{Outcome, Ruling};

use crate::cloudtrail::ruling::{outcome, ruling};

#[test]
fn denials_are_told_by_their_codes() {
    for code in [
        "AccessDenied",
        "AccessDeniedException",
        "Client.UnauthorizedOperation",
        "UnauthorizedOperation",
        "VpceAccessDenied",
        "AuthorizationErrorException",
    ] {
        assert_eq!(ruling(Some(code)), Ruling::Deny, "{code}");
        assert_eq!(outcome(ruling(Some(code)), Some(code)), Outcome::Denied, "{code}");
    }
}

#[test]
fn a_call_that_never_got_to_policy_is_neither_permitted_nor_carried_out() {
    for code in [
        "ThrottlingException",
        "Client.RequestLimitExceeded",
        "SlowDown",
        "InvalidClientTokenId",
        "Client.AuthFailure",
        "ExpiredToken",
        "SignatureDoesNotMatch",
    ] {
        assert_eq!(ruling(Some(code)), Ruling::Indeterminate, "{code}");
        assert_eq!(outcome(ruling(Some(code)), Some(code)), Outcome::Suppressed, "{code}");
    }
}

#[test]
fn every_other_failure_came_after_a_permit() {
    for code in
        ["NoSuchBucketPolicy", "Client.InvalidVpcID.NotFound", "InvalidAccessException", "InternalFailure"]
    {
        assert_eq!(ruling(Some(code)), Ruling::Permit, "{code}");
        assert_eq!(outcome(ruling(Some(code)), Some(code)), Outcome::Failed, "{code}");
    }
    assert_eq!(ruling(None), Ruling::Permit);
    assert_eq!(outcome(Ruling::Permit, None), Outcome::Completed);
    assert_eq!(outcome(Ruling::Permit, Some("Client.DryRunOperation")), Outcome::Suppressed);
}
