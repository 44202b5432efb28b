//! What the log is, how it is, and what runs.

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use schemas::ids::KeyId;
use schemas::kinds::Use;
use schemas::note::{KeyName, SignatureType, VerifierKey};
use verifier::registry::Registry;

use super::App;
use super::json::{AsOf, CheckpointJson, HealthJson, LogJson, LogKeyJson, VersionJson};
use super::problem::{Problem, RETRY_LATCHED_SECONDS, RETRY_PENDING_SECONDS};
use super::query::Params;
use crate::clock::{Clock, SystemClock};
use crate::publish::NotSigning;
use crate::store::FORMAT_VERSION;

/// The log: its name, its keys, its head and its checkpoint.
#[utoipa::path(get, path = "/v1/log", responses((status = 200, description = "the log", body = LogJson)))]
pub(super) async fn log(State(app): State<App>, uri: Uri) -> Result<Response, Problem> {
    Params::read(&uri, &[])?;
    let log = app.log();
    let genesis = log.genesis();
    let reader = log.reader();
    let keys = keys_in_force(&log.registry(), log.origin().as_str(), reader.size());
    let answer = LogJson {
        origin: log.origin().to_string(),
        log: log.id().to_hex(),
        genesis: log.id().to_hex(),
        dev: genesis.parameters.dev,
        as_of: AsOf::head(&reader),
        checkpoint: CheckpointJson::of(&log, SystemClock::new().now()),
        not_reconciled: log.pending().reason_not_reconciled().map(str::to_owned),
        keys,
        registrars: genesis.registrars.iter().map(ToString::to_string).collect(),
        threshold: genesis.threshold,
    };
    Ok(Json(answer).into_response())
}

/// The log's own keys that may sign at a size, by use and in the order in which the log named them.
fn keys_in_force(registry: &Registry, origin: &str, size: u64) -> Vec<LogKeyJson> {
    let of_use = |usage: &Use| {
        registry.log_keys(*usage, size).into_iter().map(|key| (*usage, *key.key.public())).collect::<Vec<_>>()
    };
    let json = |(usage, public)| {
        let name = KeyName::new(origin).ok().filter(|_| usage == Use::Checkpoint);
        let vkey = name.map(|name| VerifierKey::new(name, SignatureType::Ed25519, public).to_string());
        LogKeyJson { usage, kid: KeyId::of(&public).to_hex(), public: public.to_hex(), vkey }
    };
    Use::ALL.iter().flat_map(of_use).map(json).collect()
}

/// Whether the program runs.
#[utoipa::path(get, path = "/livez", responses((status = 200, description = "it runs", body = String)))]
pub(super) async fn livez() -> &'static str {
    "ok\n"
}

/// Whether statements are accepted, how old the checkpoint is, and whether each use has a key.
#[utoipa::path(
    get,
    path = "/readyz",
    responses(
        (status = 200, description = "ready", body = HealthJson),
        (status = 503, description = "the log stopped at a failure, waits for its witnesses, makes its index again, or was restored and is not reconciled", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn readyz(State(app): State<App>) -> Result<Json<HealthJson>, Problem> {
    let log = app.log();
    match log.may_sign() {
        Err(NotSigning::Latched(reason)) => {
            return Err(Problem::unavailable("log-latched", reason, RETRY_LATCHED_SECONDS));
        }
        Err(NotSigning::Pending(reason)) => {
            return Err(Problem::unavailable("witnesses-pending", reason, RETRY_PENDING_SECONDS));
        }
        Err(NotSigning::NotReconciled(reason)) => {
            return Err(Problem::unavailable("not-reconciled", reason, RETRY_LATCHED_SECONDS));
        }
        Ok(()) => {}
    }
    if !log.index().is_whole() {
        return Err(super::problem::reindexing());
    }
    let size = log.published().head.size;
    let checkpoint = CheckpointJson::of(&log, SystemClock::new().now());
    let published = checkpoint.as_ref().is_some_and(|checkpoint| !checkpoint.is_overdue());
    let without_key: Vec<_> = log.uses_without_key().iter().map(|usage| usage.as_str()).collect();
    let status = match published {
        _ if !without_key.is_empty() => "no-log-key",
        true => "ok",
        false => "checkpoint-overdue",
    };
    Ok(Json(HealthJson { status, without_key, size, checkpoint, queue: log.queue().depth() }))
}

/// Metrics in the Prometheus text format.
#[utoipa::path(
    get,
    path = "/metrics",
    responses((status = 200, description = "metrics", body = String, content_type = "text/plain; version=0.0.4"))
)]
pub(super) async fn metrics(State(app): State<App>) -> Response {
    super::metrics::checkpoint(app.log().checkpoint().as_deref(), SystemClock::new().now());
    super::metrics::keys(&app.log().uses_without_key());
    serving::metrics::answer()
}

/// What is running.
#[utoipa::path(get, path = "/version", responses((status = 200, description = "the program", body = VersionJson)))]
pub(super) async fn version() -> Json<VersionJson> {
    Json(VersionJson { name: "writd", version: env!("CARGO_PKG_VERSION"), store_format: FORMAT_VERSION })
}

/// This interface's description.
#[utoipa::path(
    get,
    path = "/openapi.json",
    responses((status = 200, description = "OpenAPI 3.1", body = Object, content_type = "application/json"))
)]
pub(super) async fn openapi(State(app): State<App>) -> Response {
    (StatusCode::OK, [(header::CONTENT_TYPE, "application/json")], app.openapi()).into_response()
}
