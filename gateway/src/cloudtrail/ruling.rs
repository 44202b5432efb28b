//! What an event's error code says about AWS's ruling on the call.

use schemas::kinds::{Outcome, Ruling};

/// Throttled: turned away for the rate of requests, before any policy was looked at.
///
/// The codes that AWS SDKs retry as throttling, without the two that report a state or a quota of the service instead.
const THROTTLED: &[&str] = &[
    "BandwidthLimitExceeded",
    "EC2ThrottledException",
    "PriorRequestNotComplete",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestThrottledException",
    "SlowDown",
    "ThrottledException",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
];

/// Nobody was recognised: the key, token or signature did not hold.
const UNAUTHENTICATED: &[&str] = &[
    "AuthFailure",
    "ExpiredToken",
    "ExpiredTokenException",
    "IncompleteSignature",
    "IncompleteSignatureException",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "InvalidSecurity",
    "InvalidSignatureException",
    "InvalidToken",
    "InvalidTokenException",
    "MissingAuthenticationToken",
    "MissingAuthenticationTokenException",
    "MissingSecurityHeader",
    "OptInRequired",
    "RequestExpired",
    "RequestTimeTooSkewed",
    "SignatureDoesNotMatch",
    "TokenRefreshRequired",
    "UnrecognizedClientException",
];

/// Denials that are not spelled `AccessDenied…` or `…UnauthorizedOperation`.
const DENIED: &[&str] =
    &["AuthorizationError", "AuthorizationErrorException", "NotAuthorized", "VpceAccessDenied"];

/// EC2's way of saying that the call would have been carried out, had it not been a rehearsal.
const DRY_RUN: &str = "DryRunOperation";

/// How AWS ruled, by the call's error code: without one, and with any that is neither a denial nor a failure to get as far as
/// policy, the call was permitted, whatever came of it.
pub(super) fn ruling(error_code: Option<&str>) -> Ruling {
    let Some(code) = error_code.map(bare) else { return Ruling::Permit };
    if code.starts_with("AccessDenied") || code.ends_with("UnauthorizedOperation") || DENIED.contains(&code) {
        Ruling::Deny
    } else if THROTTLED.contains(&code) || UNAUTHENTICATED.contains(&code) {
        Ruling::Indeterminate
    } else {
        Ruling::Permit
    }
}

/// What came of a call that was not denied. One that AWS never evaluated was never carried out either.
pub(super) fn outcome(ruling: Ruling, error_code: Option<&str>) -> Outcome {
    match (ruling, error_code.map(bare)) {
        (Ruling::Deny, _) => Outcome::Denied,
        (Ruling::Indeterminate, _) | (Ruling::Permit, Some(DRY_RUN)) => Outcome::Suppressed,
        (Ruling::Permit, Some(_)) => Outcome::Failed,
        (Ruling::Permit, None) => Outcome::Completed,
    }
}

/// The code without the side at fault, which EC2 puts in front.
fn bare(code: &str) -> &str {
    code.strip_prefix("Client.").or_else(|| code.strip_prefix("Server.")).unwrap_or(code)
}
