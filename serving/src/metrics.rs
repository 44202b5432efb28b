//! What is counted in one program, shown in the Prometheus text format.

use std::io;
use std::net::SocketAddr;
use std::sync::OnceLock;

use axum::Router;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use metrics::{describe_counter, describe_gauge, describe_histogram, gauge};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use tokio::net::TcpListener;

use crate::limits::Timeouts;

/// Upper bounds of durations, in seconds.
const SECONDS: [f64; 13] =
    [0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0];

/// Upper bounds of group sizes, in statements.
const STATEMENTS: [f64; 8] = [1.0, 4.0, 16.0, 64.0, 256.0, 1_024.0, 4_096.0, 8_192.0];

static METRICS: OnceLock<Option<PrometheusHandle>> = OnceLock::new();

/// Begins counting, once for the whole program. `describe` names what the program itself counts.
pub fn install(describe: impl FnOnce()) {
    METRICS.get_or_init(|| {
        let handle = builder().ok().and_then(|builder| builder.install_recorder().ok());
        describe_shared();
        describe();
        gauge!("writ_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
        handle
    });
}

/// The metrics as an answer; empty where nothing is counted.
pub fn answer() -> Response {
    let text = METRICS.get().and_then(Option::as_ref).map_or_else(String::new, |handle| {
        handle.run_upkeep();
        handle.render()
    });
    let headers = [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
    (StatusCode::OK, headers, text).into_response()
}

/// Serves what is counted at `/metrics` of this address, on a thread of its own until the program ends: for programs that serve nothing
/// else. The address that was bound, where port 0 asks for a free one.
pub fn serve_alone(address: SocketAddr) -> io::Result<SocketAddr> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let listener = runtime.block_on(TcpListener::bind(address))?;
    let bound = listener.local_addr()?;
    std::thread::Builder::new().name("metrics".into()).spawn(move || {
        let router = Router::new().route("/metrics", get(|| async { answer() }));
        runtime.block_on(crate::serve(listener, router, Timeouts::default(), std::future::pending()));
    })?;
    Ok(bound)
}

fn builder() -> Result<PrometheusBuilder, BuildError> {
    PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".into()), &SECONDS)?
        .set_buckets_for_metric(Matcher::Suffix("_statements".into()), &STATEMENTS)
}

fn describe_shared() {
    describe_gauge!("writ_build_info", "The program that runs: always 1, its version in the label");
    describe_counter!("writ_http_requests_total", "Requests, by route, method and status");
    describe_counter!("writ_http_problems_total", "Requests answered with a problem, by code");
    describe_histogram!("writ_http_request_seconds", "Seconds from a request's head to its answer, by route");
}
