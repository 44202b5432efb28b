//! The HTTP interface under `/v1`, tiles, and SCITT's. The only folder of this room that names axum.
//!
//! In scope: routes, strict reading of requests, what goes wrong in words.
//! Out of scope: the accept loop and its time limits, see [`serving`]; what is true of a log; handlers ask [`crate::submit`] and [`crate::read`].

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::Method;
use axum::response::IntoResponse as _;
use serving::limits::Timeouts;
use tokio::sync::Semaphore;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::evaluate::DecisionPoint;
use crate::log::Log;
use crate::read::Reader;

mod access;
mod bundles;
mod cursor;
mod json;
mod limits;
mod metrics;
mod problem;
mod proofs;
mod query;
mod questions;
mod receipt;
mod scitt;
mod search;
mod service;
mod shared;
mod statements;
mod stream;
mod tiles;

pub use metrics::install_metrics;
use problem::Problem;

/// What handlers share.
#[derive(Clone)]
pub struct App(Arc<Shared>);

struct Shared {
    log: Arc<Log>,
    /// One permit for each request that may read the store at once.
    reads: Arc<Semaphore>,
    /// One permit for each question about much of the log.
    sweeps: Arc<Semaphore>,
    /// One permit for each open stream.
    streams: Arc<Semaphore>,
    timeouts: Timeouts,
    decision_point: Option<Arc<DecisionPoint>>,
    openapi: String,
}

#[derive(OpenApi)]
#[openapi(info(title = "writ", description = "A delegation-chain audit log: who authorized this?"))]
struct Api;

/// All routes of a log, and of the decision point that speaks in it.
pub fn router(log: Arc<Log>, timeouts: Timeouts, decision_point: Option<DecisionPoint>) -> Router {
    let (routes, mut api) = routes().split_for_parts();
    shared::describe(&mut api);
    api.info.version = env!("CARGO_PKG_VERSION").to_owned();
    let app = App(Arc::new(Shared {
        log,
        reads: Arc::new(Semaphore::new(limits::READS_MAX)),
        sweeps: Arc::new(Semaphore::new(limits::SWEEPS_MAX)),
        streams: Arc::new(Semaphore::new(limits::STREAMS_MAX)),
        timeouts,
        decision_point: decision_point.map(Arc::new),
        openapi: api.to_json().unwrap_or_default(),
    }));
    let router = scitt::around(serving::around(routes.with_state(app.clone()), problem::next_step));
    let post = (Method::POST, "/v1/statements");
    serving::lane(router, problem::next_step, post, move |request| {
        let (parts, body) = request.into_parts();
        let answer = statements::post(State(app.clone()), parts.uri, parts.headers, body);
        async { answer.await.into_response() }
    })
}

fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(Api::openapi())
        .routes(routes!(statements::post, search::search))
        .routes(routes!(statements::get))
        .routes(routes!(stream::stream))
        .routes(routes!(bundles::bundles))
        .routes(routes!(bundles::resolve))
        .merge(questions::router())
        .routes(routes!(proofs::inclusion))
        .routes(routes!(proofs::consistency))
        .routes(routes!(proofs::entries))
        .routes(routes!(proofs::checkpoint))
        .routes(routes!(tiles::tile))
        .routes(routes!(scitt::register))
        .routes(routes!(scitt::entry))
        .routes(routes!(scitt::keys))
        .routes(routes!(scitt::key))
        .routes(routes!(access::evaluation))
        .routes(routes!(access::evaluations))
        .routes(routes!(access::configuration))
        .routes(routes!(service::log))
        .routes(routes!(service::livez))
        .routes(routes!(service::readyz))
        .routes(routes!(service::metrics))
        .routes(routes!(service::version))
        .routes(routes!(service::openapi))
}

impl App {
    fn log(&self) -> Arc<Log> {
        Arc::clone(&self.0.log)
    }

    fn timeouts(&self) -> &Timeouts {
        &self.0.timeouts
    }

    fn decision_point(&self) -> Option<Arc<DecisionPoint>> {
        self.0.decision_point.clone()
    }

    fn openapi(&self) -> String {
        self.0.openapi.clone()
    }

    /// Runs a question against the latest head, on a thread that may wait for the disk.
    async fn read<F, T>(&self, question: F) -> Result<T, Problem>
    where
        F: FnOnce(&Reader<'_>) -> Result<T, Problem> + Send + 'static,
        T: Send + 'static,
    {
        let busy = || Problem::unavailable("busy", "too many questions at once", 1);
        let permit = Arc::clone(&self.0.reads).try_acquire_owned().map_err(|_| busy())?;
        let log = self.log();
        let answer = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            question(&log.reader())
        });
        answer.await.map_err(|error| Problem::internal(format!("the question failed: {error}")))?
    }
    /// The same for a question about much of the log: few at once, so that they starve no other.
    async fn sweep<F, T>(&self, question: F) -> Result<T, Problem>
    where
        F: FnOnce(&Reader<'_>) -> Result<T, Problem> + Send + 'static,
        T: Send + 'static,
    {
        let busy = || Problem::unavailable("busy", "too many questions about much of the log at once", 1);
        let permit = Arc::clone(&self.0.sweeps).try_acquire_owned().map_err(|_| busy())?;
        self.read(move |reader| {
            let _permit = permit;
            question(reader)
        })
        .await
    }
}
