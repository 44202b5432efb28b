//! The log's errors as problem details, and what somebody who met one does next.

use axum::http::StatusCode;
pub(super) use serving::problem::{Meant, NearName, Problem};

use crate::in_force::NoKeyAtHand;
use crate::outcome::Refused;
use crate::read::ReadError;
use crate::submit::Unavailable;

/// Seconds after which a client may try again when the queue was full.
const RETRY_FULL_SECONDS: u32 = 1;

/// Seconds after which a client may try again when the log was latched: it takes somebody to restart it.
pub(super) const RETRY_LATCHED_SECONDS: u32 = 30;

/// Seconds after which a client may try again while witnesses are being asked.
pub(super) const RETRY_PENDING_SECONDS: u32 = 5;

/// Seconds after which a client may ask again for what stands under the next checkpoint.
pub(super) const RETRY_PUBLISHED_SECONDS: u32 = 1;

/// No head has met the publication policy.
pub(super) fn unpublished() -> Problem {
    let detail = "no head of this log has met its publication policy yet: its witnesses have not cosigned";
    Problem::unavailable("checkpoint-unpublished", detail, RETRY_PUBLISHED_SECONDS)
}

/// Seconds after which a client may try again while the index is made again: ten of them for a million entries, about.
const RETRY_REINDEXING_SECONDS: u32 = 10;

/// The index is damaged, and nothing can be told that rests on it.
pub(super) fn reindexing() -> Problem {
    let detail = "the index is damaged and is made again from the entries";
    Problem::unavailable("index-rebuilding", detail, RETRY_REINDEXING_SECONDS)
}

impl From<ReadError> for Problem {
    fn from(error: ReadError) -> Self {
        if error == ReadError::Reindexing {
            return reindexing();
        }
        // The log is latched now. The words are for the operator's log, not for whoever asked.
        tracing::error!(%error, "reading failed");
        Self::unavailable("log-latched", "the store failed; the log has stopped", RETRY_LATCHED_SECONDS)
    }
}

impl From<Unavailable> for Problem {
    fn from(error: Unavailable) -> Self {
        let seconds = match error {
            Unavailable::Reindexing | Unavailable::Read(ReadError::Reindexing) => return reindexing(),
            Unavailable::Full { .. } => RETRY_FULL_SECONDS,
            Unavailable::Pending { .. } => RETRY_PENDING_SECONDS,
            Unavailable::Latched { .. }
            | Unavailable::NotReconciled
            | Unavailable::Stopping
            | Unavailable::Read(_) => RETRY_LATCHED_SECONDS,
        };
        let detail = match &error {
            Unavailable::Latched { .. } | Unavailable::Read(_) => {
                "the log stopped at a failure and accepts nothing until it is started again".to_owned()
            }
            other => other.to_string(),
        };
        Self::unavailable(error.code(), detail, seconds)
    }
}

impl From<NoKeyAtHand> for Problem {
    fn from(none: NoKeyAtHand) -> Self {
        Self::unavailable("no-log-key", none.to_string(), RETRY_LATCHED_SECONDS)
    }
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        Self::new(status_of(refused.code), refused.code, refused.detail)
    }
}

/// The status for a refused statement: who may not, what is malformed, and what is well-formed and wrong.
fn status_of(code: &str) -> StatusCode {
    match code {
        "statement-too-large" => StatusCode::PAYLOAD_TOO_LARGE,
        "unknown-key" | "key-retired" | "key-compromised" | "issuer-mismatch" => StatusCode::FORBIDDEN,
        code if code.starts_with("role-") => StatusCode::FORBIDDEN,
        "not-cose-sign1" | "unprotected-header" | "algorithm" | "critical-header" | "protected-header"
        | "issuer" | "signature-length" | "unsigned" => StatusCode::BAD_REQUEST,
        code if code.starts_with("cbor-") => StatusCode::BAD_REQUEST,
        _ => StatusCode::UNPROCESSABLE_ENTITY,
    }
}

/// What somebody who met this code does next.
pub(super) fn next_step(code: &str) -> Option<&'static str> {
    Some(match code {
        "unknown-key" => {
            "register the key: writ keys register --registrar FILE --key PUBFILE --principal URI --role ROLE"
        }
        "key-retired" | "key-compromised" => {
            "sign with a key in use: writ keys generate --out FILE, then register it"
        }
        "role-kind" | "role-vantage" | "role-tenant" | "role-principal" => {
            "have a registrar give the key the role: writ keys register --registrar FILE --key PUBFILE --principal URI --role ROLE"
        }
        "issuer-mismatch" => "set `iss` to the principal that the key is registered to",
        "no-decision-point" => "start writd with --decision-key FILE (docs/authzen.md)",
        "pdp-not-registered" | "decision-refused" => {
            "have a registrar give the decision point's key the role: writ keys register --registrar FILE --key PUBFILE --principal URI --role pdp"
        }
        "not-an-evaluation" | "not-a-decision" => "see docs/authzen.md for what a request holds",
        "json-expected" => "post application/json",
        "wrong-log" => "set `log` to the id in GET /v1/log",
        "signature-invalid" => "sign the exact bytes again; nothing may be re-encoded after signing",
        "statement-too-large" | "body-too-large" => {
            "keep large inputs as attachments, or post smaller batches"
        }
        "unsupported-media-type" => "post application/cose (one statement) or application/cbor-seq (many)",
        "queue-full" | "busy" | "timeout" | "index-rebuilding" => {
            "wait for Retry-After, then send the same bytes again"
        }
        "not-reconciled" => "tell the operator: GET /readyz says what is missing; writd reconcile --help",
        "no-log-key" => {
            "tell the operator: writd keys list --data DIR names the key in force and its file; put it there and start writd again"
        }
        "log-latched" => "tell the operator: writd fsck --data DIR, then start writd again",
        "checkpoint-unpublished" | "checkpoint-behind" => {
            "wait for Retry-After and ask again; GET /readyz says how old the checkpoint is"
        }
        "witnesses-pending" => {
            "see that the log's witnesses run; the log signs by itself once they have answered"
        }
        "not-found" => "look for it: GET /v1/statements?ref=type:value",
        "ambiguous-id" => "ask again with one of the ids in `candidates`",
        "bad-query" | "no-such-route" | "method-not-allowed" => "see GET /openapi.json",
        "not-relied-on" => "ask about a delegation, approval, decision or credential",
        "not-ruled" => "ask about an action or a decision; GET /v1/statements/{id} shows the statement",
        "bundle-too-large" => "judge from the whole log: writ who ID --recompute",
        _ => return None,
    })
}
