//! OpenID AuthZEN Authorization API 1.0: `/access/v1/evaluation`, `/access/v1/evaluations` and where they are.
//!
//! The chain behind the request is judged as of now, the decision is logged, and then it is answered. docs/authzen.md says what
//! of a request becomes what of a decision.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use schemas::kinds::Ruling;
use schemas::limits::BATCH_BYTES_MAX;
use schemas::payload::Body as Said;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use serving::body;
use utoipa::ToSchema;
use verifier::verdict::Verdict;

mod request;

use request::{EvaluationRequest, EvaluationsRequest, Semantic, bad_request};

use super::App;
use super::json::AsOf;
use super::problem::Problem;
use super::query::Params;
use crate::clock::{Clock, SystemClock};
use crate::evaluate::{Decided, EvaluateError};
use crate::outcome::Outcome;
use crate::submit::submit;

const JSON: &str = "application/json";

/// Most evaluations in one request: each is judged by itself, in a millisecond or so.
const EVALUATIONS_MAX: usize = 64;

/// A decision, logged.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct EvaluationResponse {
    /// Whether it may be done.
    decision: bool,
    /// The logged decision and what it rests on; of an item that could not be judged, `error`.
    #[schema(value_type = Object)]
    context: Value,
}

/// Decisions, in the order of the items; fewer where the semantic stops early.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct EvaluationsResponse {
    evaluations: Vec<EvaluationResponse>,
}

/// Whether a request would be authorized now, judged by the whole chain behind it. The decision is logged before it is answered.
#[utoipa::path(
    post,
    path = "/access/v1/evaluation",
    request_body = EvaluationRequest,
    responses(
        (status = 200, description = "the decision, permit or deny", body = EvaluationResponse),
        (status = 400, description = "not a request", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "this log serves no decision point", body = Problem, content_type = "application/problem+json"),
        (status = 408, description = "the body came too slowly", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "too large", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "another media type", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "well-formed and no decision", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "nothing can be decided or logged, see Retry-After", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn evaluation(
    State(app): State<App>,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let request: EvaluationRequest = read(&app, &uri, &headers, body).await?;
    Ok(Json(evaluate(&app, request).await?).into_response())
}

/// The same for several requests at once.
#[utoipa::path(
    post,
    path = "/access/v1/evaluations",
    request_body = EvaluationsRequest,
    responses(
        (status = 200, description = "the decisions, in order", body = EvaluationsResponse),
        (status = 400, description = "not a request", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "this log serves no decision point", body = Problem, content_type = "application/problem+json"),
        (status = 408, description = "the body came too slowly", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "too large", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "another media type", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "well-formed and no decision", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "nothing can be decided or logged, see Retry-After", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn evaluations(
    State(app): State<App>,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let EvaluationsRequest { around, evaluations, options } = read(&app, &uri, &headers, body).await?;
    if evaluations.is_empty() {
        return Ok(Json(evaluate(&app, around).await?).into_response());
    }
    if evaluations.len() > EVALUATIONS_MAX {
        let detail = format!("{} evaluations; at most {EVALUATIONS_MAX} at once", evaluations.len());
        return Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too-many-evaluations", detail));
    }
    let mut decided = Vec::with_capacity(evaluations.len());
    for item in evaluations {
        let answer = match evaluate(&app, item.within(&around)).await {
            Ok(answer) => answer,
            // What is wrong with one item says nothing of the others; what is wrong with the log does.
            Err(problem) if problem.status().is_client_error() => failed(&problem),
            Err(problem) => return Err(problem),
        };
        let stops = match options.evaluations_semantic {
            Semantic::ExecuteAll => false,
            Semantic::DenyOnFirstDeny => !answer.decision,
            Semantic::PermitOnFirstPermit => answer.decision,
        };
        decided.push(answer);
        if stops {
            break;
        }
    }
    Ok(Json(EvaluationsResponse { evaluations: decided }).into_response())
}

/// Where the decision point is (AuthZEN 1.0 §9).
#[utoipa::path(
    get,
    path = "/.well-known/authzen-configuration",
    responses(
        (status = 200, description = "the metadata", body = Object),
        (status = 404, description = "this log serves no decision point", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn configuration(
    State(app): State<App>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    Params::read(&uri, &[])?;
    app.decision_point().ok_or_else(none)?;
    let host = headers.get("host").and_then(|host| host.to_str().ok()).unwrap_or("localhost");
    // A proxy that encrypts says so; without one there is no encryption here.
    let proto = headers.get("x-forwarded-proto").and_then(|proto| proto.to_str().ok());
    let base = format!("{}://{host}", if proto == Some("https") { "https" } else { "http" });
    Ok(Json(json!({
        "policy_decision_point": base,
        "access_evaluation_endpoint": format!("{base}/access/v1/evaluation"),
        "access_evaluations_endpoint": format!("{base}/access/v1/evaluations"),
    }))
    .into_response())
}

async fn read<T: for<'de> Deserialize<'de>>(
    app: &App,
    uri: &Uri,
    headers: &HeaderMap,
    body: Body,
) -> Result<T, Problem> {
    Params::read(uri, &[])?;
    app.decision_point().ok_or_else(none)?;
    if body::media_type(headers) != Some(JSON) {
        let detail = format!("expected content type {JSON}");
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "json-expected", detail));
    }
    let bytes = body::read(headers, body, BATCH_BYTES_MAX, "body-too-large", app.timeouts().body).await?;
    serde_json::from_slice(&bytes).map_err(|error| bad_request(error.to_string()))
}

async fn evaluate(app: &App, request: EvaluationRequest) -> Result<EvaluationResponse, Problem> {
    let point = app.decision_point().ok_or_else(none)?;
    let now = SystemClock::new().now();
    let asked = request.permit(app.log().id(), point.profile(), now)?;
    let (decided, as_of) =
        app.read(move |reader| Ok((point.decide(reader, asked, now)?, AsOf::head(reader)))).await?;
    let Decided { statement, verdict } = decided;
    let bytes = statement.envelope.bytes().to_vec();
    let ruling = match &statement.payload.body {
        Said::Decision(decision) => decision.ruling,
        _ => Ruling::Indeterminate,
    };
    let answer = submit(app.log(), vec![bytes]).await?;
    let (id, index) = match answer.results.into_iter().next() {
        Some(Outcome::Appended { id, index, .. } | Outcome::Duplicate { id, index }) => (id, index),
        Some(Outcome::Refused(refused)) => {
            let detail =
                format!("the decision was not logged, so it is none: {} ({})", refused.detail, refused.code);
            return Err(Problem::unavailable("decision-refused", detail, RETRY_REGISTERED_SECONDS));
        }
        Some(Outcome::AlreadyImported { .. }) | None => {
            return Err(Problem::internal("the decision has no outcome"));
        }
    };
    let context = json!({
        "id": id,
        "index": index,
        "ruling": ruling,
        "outcome": verdict.outcome,
        "principal": verdict.principal,
        "profile": verdict.profile,
        "as_of": as_of,
        "findings": verdict.findings,
        "reason_admin": { "en": reason(&verdict, ruling) },
    });
    Ok(EvaluationResponse { decision: ruling == Ruling::Permit, context })
}

/// When to ask again after the decision point's key was registered, in seconds.
const RETRY_REGISTERED_SECONDS: u32 = 30;

fn reason(verdict: &Verdict, ruling: Ruling) -> String {
    match verdict.findings.first() {
        Some(finding) if ruling != Ruling::Permit => format!("{}: {}", finding.code, finding.detail),
        _ => format!("authority of {} by {} hops", verdict.principal, verdict.hops.len()),
    }
}

fn failed(problem: &Problem) -> EvaluationResponse {
    let error = json!({ "status": problem.status().as_u16(), "message": problem.explanation(), "code": problem.code() });
    EvaluationResponse { decision: false, context: json!({ "error": error }) }
}

impl From<EvaluateError> for Problem {
    fn from(error: EvaluateError) -> Self {
        match error {
            EvaluateError::NotRegistered { .. } => {
                Self::unavailable("pdp-not-registered", error.to_string(), RETRY_REGISTERED_SECONDS)
            }
            EvaluateError::Read(error) => error.into(),
            EvaluateError::Gather(verifier::gather::GatherError::Source(error)) => error.into(),
            EvaluateError::Payload(_) | EvaluateError::Statement(_) | EvaluateError::Gather(_) => {
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, "not-a-decision", error.to_string())
            }
            EvaluateError::Evidence(_) | EvaluateError::Judge(_) => Self::internal(error.to_string()),
        }
    }
}

fn none() -> Problem {
    let detail = "this log serves no decision point";
    Problem::new(StatusCode::NOT_FOUND, "no-decision-point", detail)
}
