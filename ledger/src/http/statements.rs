//! `/v1/statements`: posting and getting statements.

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use schemas::batch::{self, BatchError};
use schemas::ids::StatementId;
use schemas::limits::{BATCH_BYTES_MAX, STATEMENT_BYTES_MAX};
use serving::body;

use super::App;
use super::json::StatementJson;
use super::limits::NEVER_CHANGES;
use super::problem::Problem;
use super::query::Params;
use super::receipt::ReceiptJson;
use crate::outcome::Outcome;
use crate::submit::submit;

const COSE: &str = "application/cose";
const CBOR_SEQ: &str = "application/cbor-seq";

/// Appends one statement, or many as a CBOR sequence.
///
/// The bytes are stored as they are sent. Sending the same bytes again answers with the same place.
#[utoipa::path(
    post,
    path = "/v1/statements",
    request_body(
        description = "application/cose: one COSE_Sign1, at most 65,000 bytes; application/cbor-seq: at most 4,096 of them, at most 4 MiB",
        content((Vec<u8> = "application/cose"), (Vec<u8> = "application/cbor-seq"))
    ),
    responses(
        (status = 201, description = "one statement, appended", body = ReceiptJson),
        (status = 200, description = "one statement that was there, or one result for each of many", body = ReceiptJson),
        (status = 400, description = "malformed", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "the key may not say this", body = Problem, content_type = "application/problem+json"),
        (status = 408, description = "the body came too slowly", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "too large", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "another media type", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "well-formed and wrong", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "full or stopped, see Retry-After", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn post(
    State(app): State<App>,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    Params::read(&uri, &[])?;
    let limit = app.timeouts().body;
    match body::media_type(&headers) {
        Some(COSE) => {
            let statement =
                body::read(&headers, body, STATEMENT_BYTES_MAX, "statement-too-large", limit).await?;
            post_one(&app, statement).await
        }
        Some(CBOR_SEQ) => {
            let bytes = body::read(&headers, body, BATCH_BYTES_MAX, "batch-too-large", limit).await?;
            let answer = submit(app.log(), split(&bytes)?).await?;
            Ok(ReceiptJson::from(answer).into_response())
        }
        other => {
            let detail =
                format!("content type {}; expected {COSE} or {CBOR_SEQ}", other.unwrap_or("missing"));
            Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported-media-type", detail))
        }
    }
}

async fn post_one(app: &App, statement: Vec<u8>) -> Result<Response, Problem> {
    let answer = submit(app.log(), vec![statement]).await?;
    match answer.results.first() {
        Some(Outcome::Refused(refused)) => Err(refused.clone().into()),
        Some(Outcome::Appended { id, .. }) => {
            let location = HeaderValue::try_from(format!("/v1/statements/{id}"));
            let mut response = (StatusCode::CREATED, ReceiptJson::from(answer)).into_response();
            if let Ok(location) = location {
                response.headers_mut().insert(header::LOCATION, location);
            }
            Ok(response)
        }
        _ => Ok(ReceiptJson::from(answer).into_response()),
    }
}

/// The statements of a batch. Where one cannot be cut off, nothing of the batch is appended.
fn split(bytes: &[u8]) -> Result<Vec<Vec<u8>>, Problem> {
    let refused = |error: BatchError| {
        let status = match error {
            BatchError::TooMany => StatusCode::PAYLOAD_TOO_LARGE,
            BatchError::Empty | BatchError::Item { .. } => StatusCode::BAD_REQUEST,
        };
        Problem::new(status, error.code(), error.to_string())
    };
    Ok(batch::split(bytes).map_err(refused)?.into_iter().map(<[u8]>::to_vec).collect())
}

/// A statement by its id: its bytes as posted, or its JSON form with its place.
#[utoipa::path(
    get,
    path = "/v1/statements/{id}",
    params(("id" = String, Path, description = "statement id, 64 hex digits")),
    responses(
        (status = 200, description = "the statement",
            content((Vec<u8> = "application/cose"), (StatementJson = "application/json"))),
        (status = 400, description = "not an id", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "not in the log", body = Problem, content_type = "application/problem+json"),
        (status = 406, description = "neither form is accepted", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn get(
    State(app): State<App>,
    Path(id): Path<String>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    Params::read(&uri, &[])?;
    let parsed = StatementId::from_hex(&id);
    let bad = || Problem::bad_query(format!("`{id}` is not a statement id of 64 lower-case hex digits"));
    let id = parsed.ok_or_else(bad)?;
    let json = wants_json(&headers)?;
    app.read(move |reader| {
        let missing = || Problem::not_found(format!("no statement {id} below size {}", reader.size()));
        let index = reader.index_of(&id)?.ok_or_else(missing)?;
        let found = reader.found_proved(index)?;
        if found.statement.id() != id {
            return Err(reader.wrong_id_row(&id, index).into());
        }
        // Each form is bytes of its own.
        let etag = HeaderValue::try_from(if json { format!("\"{id}.json\"") } else { format!("\"{id}\"") });
        let mut response = if json {
            Json(StatementJson::from(found)).into_response()
        } else {
            ([(header::CONTENT_TYPE, COSE)], found.statement.envelope.bytes().to_vec()).into_response()
        };
        let headers = response.headers_mut();
        if let Ok(etag) = etag {
            headers.insert(header::ETAG, etag);
        }
        headers.insert(header::VARY, HeaderValue::from_static("accept"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(NEVER_CHANGES));
        Ok(response)
    })
    .await
}

/// Whether the JSON form is asked for. Without `Accept` the bytes are sent.
fn wants_json(headers: &HeaderMap) -> Result<bool, Problem> {
    let Some(accept) = headers.get(header::ACCEPT) else { return Ok(false) };
    let accept = accept.to_str().unwrap_or_default();
    for range in accept.split(',') {
        match range.split(';').next().unwrap_or(range).trim() {
            "application/json" => return Ok(true),
            COSE | "application/*" | "*/*" => return Ok(false),
            _ => {}
        }
    }
    let detail = format!("accept `{accept}`; offered: {COSE}, application/json");
    Err(Problem::new(StatusCode::NOT_ACCEPTABLE, "not-acceptable", detail))
}
