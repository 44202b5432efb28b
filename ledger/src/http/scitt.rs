//! SCITT's reference interface (draft-ietf-scitt-scrapi-11): registering statements, receipts, the keys that verify them.
//!
//! Registration is that of `/v1/statements`: the same checks of the same bytes. Nothing of HTTP but the body goes into it.

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use data_encoding::BASE64URL_NOPAD;
use schemas::canonical::{Writer, scan_prefix};
use schemas::ids::{KeyId, StatementId};
use schemas::limits::STATEMENT_BYTES_MAX;
use schemas::receipt::{cose_key, cose_key_set};
use schemas::time::Index;
use serving::body;

use super::App;
use super::problem::Problem;
use super::query::Params;
use crate::outcome::{Outcome, Refused};
use crate::read::Reader;
use crate::scitt::{ReceiptFailure, receipt, receipt_keys};
use crate::submit::submit;

const COSE: &str = "application/cose";
const CBOR: &str = "application/cbor";

/// Media type of every error here (RFC 9290).
pub(super) const CONCISE: &str = "application/concise-problem-details+cbor";

/// Title of what cannot be taken apart.
const MALFORMED: &str = "Malformed request";

/// Registers one statement and answers with its receipt. The same bytes again have the same place.
#[utoipa::path(
    post,
    path = "/entries",
    request_body(description = "one COSE_Sign1, at most 65,000 bytes", content((Vec<u8> = "application/cose"))),
    responses(
        (status = 201, description = "the receipt; Location is where to get a fresh one", body = Vec<u8>, content_type = "application/cose"),
        (status = 400, description = "not taken: the title says why", body = Vec<u8>, content_type = "application/concise-problem-details+cbor"),
        (status = 408, description = "the body came too slowly", body = Vec<u8>, content_type = "application/concise-problem-details+cbor"),
        (status = 413, description = "too large", body = Vec<u8>, content_type = "application/concise-problem-details+cbor"),
        (status = 415, description = "another media type", body = Vec<u8>, content_type = "application/concise-problem-details+cbor"),
        (status = 429, description = "too much is waiting, see Retry-After", body = Vec<u8>, content_type = "application/concise-problem-details+cbor"),
        (status = 503, description = "stopped, see Retry-After", body = Vec<u8>, content_type = "application/concise-problem-details+cbor"),
    )
)]
pub(super) async fn register(
    State(app): State<App>,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    Params::read(&uri, &[])?;
    if body::media_type(&headers) != Some(COSE) {
        let detail = format!("expected content type {COSE}");
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported-media-type", detail));
    }
    let limit = app.timeouts().body;
    let statement = body::read(&headers, body, STATEMENT_BYTES_MAX, "statement-too-large", limit).await?;
    let detached = has_no_payload(&statement);
    let answer = submit(app.log(), vec![statement]).await.map_err(|error| crowded(error.into()))?;
    let (id, index) = match answer.results.into_iter().next() {
        Some(Outcome::Appended { id, index, .. } | Outcome::Duplicate { id, index }) => (id, index),
        Some(Outcome::AlreadyImported { id, .. }) => {
            let detail = format!(
                "statement {id} tells of the same part of the same source event; its receipt is at /entries/{id}"
            );
            return Err(restated(
                "Rejected",
                Problem::new(StatusCode::BAD_REQUEST, "already-imported", detail),
            ));
        }
        Some(Outcome::Refused(refused)) => return Err(not_registered(refused, detached)),
        None => return Err(Problem::internal("the statement has no outcome")),
    };
    app.read(move |reader| answer_receipt(reader, StatusCode::CREATED, &id, index)).await.map_err(crowded)
}

/// A fresh receipt for an entry, under the latest head.
#[utoipa::path(
    get,
    path = "/entries/{id}",
    params(("id" = String, Path, description = "entry id: the statement's id, 64 hex digits")),
    responses(
        (status = 200, description = "the receipt", body = Vec<u8>, content_type = "application/cose"),
        (status = 400, description = "not an id", body = Vec<u8>, content_type = "application/concise-problem-details+cbor"),
        (status = 404, description = "not in the log", body = Vec<u8>, content_type = "application/concise-problem-details+cbor"),
        (status = 429, description = "too many questions at once, see Retry-After", body = Vec<u8>, content_type = "application/concise-problem-details+cbor"),
    )
)]
pub(super) async fn entry(
    State(app): State<App>,
    Path(id): Path<String>,
    uri: Uri,
) -> Result<Response, Problem> {
    Params::read(&uri, &[])?;
    let bad = || {
        let detail = format!("`{id}` is not an entry id of 64 lower-case hex digits");
        restated("Invalid locator", Problem::new(StatusCode::BAD_REQUEST, "bad-locator", detail))
    };
    let id = StatementId::from_hex(&id).ok_or_else(bad)?;
    app.read(move |reader| {
        let missing = || Problem::not_found(format!("no entry {id} below size {}", reader.size()));
        let index = reader.index_of(&id)?.ok_or_else(missing)?;
        answer_receipt(reader, StatusCode::OK, &id, index)
    })
    .await
    .map_err(crowded)
}

/// The keys that verify this log's receipts, retired ones too.
#[utoipa::path(
    get,
    path = "/.well-known/scitt-keys",
    responses((status = 200, description = "a COSE_KeySet", body = Vec<u8>, content_type = "application/cbor"))
)]
pub(super) async fn keys(State(app): State<App>, uri: Uri) -> Result<Response, Problem> {
    Params::read(&uri, &[])?;
    Ok(cbor(cose_key_set(&receipt_keys(&app.log()))))
}

/// One key that verifies this log's receipts.
#[utoipa::path(
    get,
    path = "/.well-known/scitt-keys/{kid}",
    params(("kid" = String, Path, description = "the kid of a receipt: base64url without padding, or 64 hex digits")),
    responses(
        (status = 200, description = "a COSE_Key", body = Vec<u8>, content_type = "application/cbor"),
        (status = 404, description = "no such key", body = Vec<u8>, content_type = "application/concise-problem-details+cbor"),
    )
)]
pub(super) async fn key(
    State(app): State<App>,
    Path(text): Path<String>,
    uri: Uri,
) -> Result<Response, Problem> {
    Params::read(&uri, &[])?;
    let in_base64 = || KeyId::from_slice(&BASE64URL_NOPAD.decode(text.as_bytes()).ok()?);
    let kid = KeyId::from_hex(&text).or_else(in_base64);
    let found = receipt_keys(&app.log()).into_iter().find(|public| Some(KeyId::of(public)) == kid);
    let missing = || {
        restated(
            "No such key",
            Problem::not_found(format!("no receipt key of this log has the kid `{text}`")),
        )
    };
    Ok(cbor(cose_key(&found.ok_or_else(missing)?)))
}

fn cbor(bytes: Vec<u8>) -> Response {
    ([(header::CONTENT_TYPE, CBOR), (header::CACHE_CONTROL, "no-cache")], bytes).into_response()
}

fn answer_receipt(
    reader: &Reader<'_>,
    status: StatusCode,
    id: &StatementId,
    index: Index,
) -> Result<Response, Problem> {
    let receipt = receipt(reader, index)?;
    let location = format!("/entries/{id}");
    let headers = [(header::CONTENT_TYPE, COSE), (header::LOCATION, location.as_str())];
    Ok((status, headers, receipt.bytes().to_vec()).into_response())
}

impl From<ReceiptFailure> for Problem {
    fn from(failure: ReceiptFailure) -> Self {
        match failure {
            ReceiptFailure::NotSigning(why) => why.into(),
            ReceiptFailure::Read(error) => error.into(),
            ReceiptFailure::NoKey(none) => none.into(),
            ReceiptFailure::Receipt(error) => Self::internal(error.to_string()),
        }
    }
}

/// A refusal in the words of the interface: there is one status for all of them.
fn not_registered(refused: Refused, detached: bool) -> Problem {
    let problem = Problem::from(refused);
    let title = match (problem.code(), problem.status()) {
        _ if detached => "Payload Missing",
        ("algorithm", _) => "Bad Signature Algorithm",
        ("unsigned", _) => "Confirmation Missing",
        (_, StatusCode::BAD_REQUEST) => MALFORMED,
        (_, StatusCode::PAYLOAD_TOO_LARGE) => return problem,
        _ => "Rejected",
    };
    restated(title, problem.with_status(StatusCode::BAD_REQUEST))
}

fn restated(title: &str, problem: Problem) -> Problem {
    problem.with_title(title)
}

/// Says "too many" where the interface has a status of its own for it.
fn crowded(problem: Problem) -> Problem {
    match problem.code() {
        "queue-full" | "busy" => problem.with_status(StatusCode::TOO_MANY_REQUESTS),
        _ => problem,
    }
}

/// Whether the bytes are a COSE_Sign1 whose payload is `nil`: kept elsewhere. The scanner would only say that it is no value.
fn has_no_payload(statement: &[u8]) -> bool {
    let start = statement.strip_prefix(&[0xd2, 0x84]).map(|_| 2);
    let behind = |start| scan_prefix(statement, start).ok();
    let payload = start.and_then(behind).and_then(behind);
    payload.is_some_and(|at| statement.get(at) == Some(&0xf6))
}

/// Whether a path belongs to this interface, whatever there is at it.
pub(super) fn is_here(path: &str) -> bool {
    ["/entries", "/.well-known/scitt-keys"]
        .iter()
        .any(|own| path.strip_prefix(own).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')))
}

/// Gives every error at these paths the form that the interface asks for, those that no handler made too.
pub(super) fn around(router: Router) -> Router {
    router.layer(from_fn(concise))
}

async fn concise(request: Request, next: Next) -> Response {
    let here = is_here(request.uri().path());
    let response = next.run(request).await;
    let Some(problem) = response.extensions().get::<Problem>().filter(|_| here) else { return response };
    let body = concise_body(problem);
    let (mut parts, _) = response.into_parts();
    parts.headers.remove(header::CONTENT_LENGTH);
    parts.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(CONCISE));
    Response::from_parts(parts, Body::from(body))
}

/// `{-1: title, -2: detail}` (RFC 9290 §2).
fn concise_body(problem: &Problem) -> Vec<u8> {
    let title = match problem.title() {
        "Bad Request" => MALFORMED,
        title => title,
    };
    let detail = format!("{}: {}", problem.code(), problem.explanation());
    let mut body = Writer::default();
    body.map(2).nint(0).text(title).nint(1).text(&detail);
    body.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interface_is_where_its_paths_are_and_nowhere_else() {
        for path in
            ["/entries", "/entries/", "/entries/x/y", "/.well-known/scitt-keys", "/.well-known/scitt-keys/x"]
        {
            assert!(is_here(path), "{path}");
        }
        for path in ["/v1/entries", "/entriesx", "/.well-known", "/.well-known/scitt-keysx", "/"] {
            assert!(!is_here(path), "{path}");
        }
    }

    #[test]
    fn a_problem_is_a_map_of_title_and_detail() {
        let problem = Problem::new(StatusCode::BAD_REQUEST, "cbor-tag", "tag 19");
        let expected =
            [&[0xa2, 0x20, 0x71], MALFORMED.as_bytes(), &[0x21, 0x70], b"cbor-tag: tag 19"].concat();
        assert_eq!(concise_body(&problem), expected);
    }

    #[test]
    fn a_statement_whose_payload_is_elsewhere_is_known_by_its_nil() {
        assert!(has_no_payload(&[0xd2, 0x84, 0x40, 0xa0, 0xf6, 0x40]));
        assert!(!has_no_payload(&[0xd2, 0x84, 0x40, 0xa0, 0x40, 0x40]));
        assert!(!has_no_payload(&[0x84, 0x40, 0xa0, 0xf6, 0x40]) && !has_no_payload(&[]));
    }
}
