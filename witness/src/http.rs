//! The witness over HTTP (C2SP tlog-witness): `POST /add-checkpoint` for logs, `GET /<hash>/checkpoint` for monitors.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use metrics::{describe_counter, describe_gauge};
use serving::body;
use serving::limits::Timeouts;
use serving::problem::Problem;
use tokio::sync::Semaphore;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::decide::Refusal;
use crate::request::BODY_BYTES_MAX;
use crate::service::{Answer, Witness};

/// Most requests at once; one more is told to come back.
const REQUESTS_MAX: usize = 256;

/// Seconds after which a client may try again when the witness was latched: it takes somebody to restart it.
const RETRY_LATCHED_SECONDS: u32 = 30;

/// The media type of the size that a submitter who is behind is told (C2SP tlog-witness).
const SIZE_TYPE: &str = "text/x.tlog.size";

/// The media type of notes and their lines.
const TEXT_TYPE: &str = "text/plain; charset=utf-8";

#[derive(Clone)]
struct App {
    witness: Arc<Witness>,
    requests: Arc<Semaphore>,
    timeouts: Timeouts,
    openapi: Arc<str>,
}

#[derive(OpenApi)]
#[openapi(info(
    title = "writ witness",
    description = "A witness (C2SP tlog-witness): cosigns checkpoints of logs that only grow"
))]
struct Api;

/// All routes of a witness.
pub fn router(witness: Arc<Witness>, timeouts: Timeouts) -> Router {
    let (routes, mut api) = routes().split_for_parts();
    serving::openapi::describe(&mut api);
    api.info.version = env!("CARGO_PKG_VERSION").to_owned();
    let openapi = api.to_json().unwrap_or_default().into();
    let app = App { witness, requests: Arc::new(Semaphore::new(REQUESTS_MAX)), timeouts, openapi };
    serving::around(routes.with_state(app), next_step)
}

fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(Api::openapi())
        .routes(routes!(add_checkpoint))
        .routes(routes!(checkpoint))
        .routes(routes!(livez))
        .routes(routes!(readyz))
        .routes(routes!(metrics))
        .routes(routes!(openapi))
}

/// Begins counting, once for the whole program.
pub fn install_metrics() {
    serving::metrics::install(|| {
        describe_counter!("writ_witness_cosigned_total", "Checkpoints cosigned");
        describe_counter!("writ_witness_refused_total", "Checkpoints not cosigned, by code");
        describe_gauge!("writ_witness_size", "Size of the latest cosigned checkpoint, by origin");
        describe_gauge!("writ_witness_logs", "Logs that are followed");
        describe_gauge!("writ_latched", "1 once the witness could not remember something: start it again");
    });
}

/// A checkpoint to be cosigned, with the proof that it continues the one of the old size.
#[utoipa::path(
    post,
    path = "/add-checkpoint",
    request_body(content = String, content_type = "text/plain", description = "`old <size>`, the proof's hashes in base64 a line each, an empty line, and the checkpoint as the log signed it (C2SP tlog-witness)"),
    responses(
        (status = 200, description = "the cosignature: a signature line", body = String, content_type = "text/plain; charset=utf-8"),
        (status = 400, description = "malformed, or the old size is beyond the checkpoint's", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "not signed by a key of the log", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "a log that the witness does not follow", body = Problem, content_type = "application/problem+json"),
        (status = 408, description = "the body came too slowly", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "the old size is not the latest one cosigned, which is the answer", body = String, content_type = "text/x.tlog.size"),
        (status = 413, description = "longer than any such request", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "a compressed body", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "the proof does not hold, or the root is another than the one cosigned at that size", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "too many requests at once, or the witness stopped at a failure; see Retry-After", body = Problem, content_type = "application/problem+json"),
    )
)]
async fn add_checkpoint(State(app): State<App>, headers: HeaderMap, body: Body) -> Result<Response, Problem> {
    let busy = || Problem::unavailable("busy", "too many requests at once", 1);
    let permit = Arc::clone(&app.requests).try_acquire_owned().map_err(|_| busy())?;
    let bytes = body::read(&headers, body, BODY_BYTES_MAX, "request-too-large", app.timeouts.body).await?;
    // Not abandoned when the client goes away: what was begun is brought to its end.
    let answered = tokio::task::spawn_blocking(move || {
        let _permit = permit;
        app.witness.add_checkpoint(&bytes)
    });
    let answer = answered.await.map_err(|error| Problem::internal(format!("the request failed: {error}")))?;
    match answer {
        Answer::Cosigned(line) => Ok(text(TEXT_TYPE, StatusCode::OK, format!("{line}\n"))),
        Answer::Refused(Refusal::OtherSize { latest, .. }) => {
            Ok(text(SIZE_TYPE, StatusCode::CONFLICT, format!("{latest}\n")))
        }
        Answer::Refused(refusal) => {
            let status = StatusCode::from_u16(refusal.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            Err(Problem::new(status, refusal.code(), refusal.to_string()))
        }
        Answer::Latched => Err(latched()),
    }
}

/// The latest cosigned checkpoint of a log, under the log's signature and the witness's.
#[utoipa::path(
    get,
    path = "/{hash}/checkpoint",
    params(("hash" = String, Path, description = "SHA-256 of the log's origin, in hex")),
    responses(
        (status = 200, description = "the signed note", body = String, content_type = "text/plain; charset=utf-8"),
        (status = 404, description = "nothing was cosigned for such a log", body = Problem, content_type = "application/problem+json"),
    )
)]
async fn checkpoint(State(app): State<App>, Path(hash): Path<String>) -> Result<Response, Problem> {
    // A request about the same log may hold the state while it waits for the disk.
    let found = tokio::task::spawn_blocking(move || app.witness.checkpoint(&hash)).await;
    let found = found.map_err(|error| Problem::internal(format!("the request failed: {error}")))?;
    let missing = || Problem::not_found("no checkpoint was cosigned for a log whose origin has this SHA-256");
    Ok(text(TEXT_TYPE, StatusCode::OK, found.ok_or_else(missing)?))
}

/// Whether the program runs.
#[utoipa::path(get, path = "/livez", responses((status = 200, description = "it runs", body = String)))]
async fn livez() -> &'static str {
    "ok\n"
}

/// Whether checkpoints are cosigned.
#[utoipa::path(
    get,
    path = "/readyz",
    responses(
        (status = 200, description = "ready", body = String),
        (status = 503, description = "it could not remember something and signs nothing until it is started again", body = Problem, content_type = "application/problem+json"),
    )
)]
async fn readyz(State(app): State<App>) -> Result<&'static str, Problem> {
    if app.witness.latched().is_some() { Err(latched()) } else { Ok("ok\n") }
}

/// Metrics in the Prometheus text format.
#[utoipa::path(
    get,
    path = "/metrics",
    responses((status = 200, description = "metrics", body = String, content_type = "text/plain; version=0.0.4"))
)]
async fn metrics() -> Response {
    serving::metrics::answer()
}

/// This interface's description.
#[utoipa::path(
    get,
    path = "/openapi.json",
    responses((status = 200, description = "OpenAPI 3.1", body = Object, content_type = "application/json"))
)]
async fn openapi(State(app): State<App>) -> Response {
    (StatusCode::OK, [(header::CONTENT_TYPE, "application/json")], app.openapi.to_string()).into_response()
}

/// The words why are for the operator's log, not for whoever asked.
fn latched() -> Problem {
    let detail = "the witness could not remember what it signed, and signs nothing until it is started again";
    Problem::unavailable("witness-latched", detail, RETRY_LATCHED_SECONDS)
}

fn text(media_type: &'static str, status: StatusCode, text: String) -> Response {
    (status, [(header::CONTENT_TYPE, media_type)], text).into_response()
}

/// What somebody who met this code does next.
fn next_step(code: &str) -> Option<&'static str> {
    Some(match code {
        "unknown-origin" => "have the witness follow the log: writ witness add DIR VKEY",
        "not-signed-by-log" => {
            "sign with the key that the witness knows, or have it follow the new one: writ witness add DIR VKEY"
        }
        "inconsistent" => "make the proof from the old size to the checkpoint's size (RFC 6962 §2.1.2)",
        "other-root" | "empty-root" => "keep both checkpoints: the log has signed two histories",
        "proof-not-empty" => "leave out the proof",
        "busy" => "wait for Retry-After, then send the same bytes again",
        "witness-latched" => "tell the witness's operator to look at its disk and start it again",
        "no-such-route" | "method-not-allowed" => {
            "POST /add-checkpoint (C2SP tlog-witness); GET /openapi.json"
        }
        _ => return None,
    })
}
