//! The witness over HTTP (C2SP tlog-witness): `POST /add-checkpoint` for logs, `GET /<hash>/checkpoint` for monitors.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use metrics::{describe_counter, describe_gauge};
use serving::body;
use serving::limits::Timeouts;
use serving::problem::Problem;
use tokio::sync::Semaphore;

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
}

/// All routes of a witness.
pub fn router(witness: Arc<Witness>, timeouts: Timeouts) -> Router {
    let app = App { witness, requests: Arc::new(Semaphore::new(REQUESTS_MAX)), timeouts };
    let routes = Router::new()
        .route("/add-checkpoint", post(add_checkpoint))
        .route("/{hash}/checkpoint", get(checkpoint))
        .route("/livez", get(livez))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .with_state(app);
    serving::around(routes, next_step)
}

/// Begins counting, once for the whole program.
pub fn install_metrics() {
    serving::metrics::install(|| {
        describe_counter!("writ_witness_cosigned_total", "Checkpoints cosigned");
        describe_counter!("writ_witness_refused_total", "Checkpoints not cosigned, by code");
        describe_gauge!("writ_witness_size", "Size of the latest cosigned checkpoint, by origin");
        describe_gauge!("writ_latched", "1 once the witness could not remember something: start it again");
    });
}

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

async fn checkpoint(State(app): State<App>, Path(hash): Path<String>) -> Result<Response, Problem> {
    // A request about the same log may hold the state while it waits for the disk.
    let found = tokio::task::spawn_blocking(move || app.witness.checkpoint(&hash)).await;
    let found = found.map_err(|error| Problem::internal(format!("the request failed: {error}")))?;
    let missing = || Problem::not_found("no checkpoint was cosigned for a log whose origin has this SHA-256");
    Ok(text(TEXT_TYPE, StatusCode::OK, found.ok_or_else(missing)?))
}

async fn livez() -> &'static str {
    "ok\n"
}

async fn readyz(State(app): State<App>) -> Result<&'static str, Problem> {
    if app.witness.latched().is_some() { Err(latched()) } else { Ok("ok\n") }
}

async fn metrics() -> Response {
    serving::metrics::answer()
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
        "no-such-route" | "method-not-allowed" => "POST /add-checkpoint (C2SP tlog-witness)",
        _ => return None,
    })
}
