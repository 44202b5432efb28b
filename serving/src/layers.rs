//! What goes around every request: bounds of its head, headers of its answer, counters, and problems for what no route takes.

use std::future::Future;
use std::time::Instant;

use axum::Router;
use axum::body::Body;
use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderValue, Method, StatusCode, Version, header};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use metrics::{Counter, Histogram};
use tower_http::catch_panic::CatchPanicLayer;

use crate::limits::{HEADERS_BYTES_MAX, URI_BYTES_MAX};
use crate::problem::Problem;

/// The name by which a client finds its request again.
const REQUEST_ID: &str = "x-request-id";

/// What somebody who met an error of a code does next.
pub type NextStep = fn(&str) -> Option<&'static str>;

/// The router with everything around it.
pub fn around(router: Router, next_step: NextStep) -> Router {
    router
        .fallback(no_route)
        .method_not_allowed_fallback(no_method)
        // Outside of matching, so that answers to unmatched requests pass here too.
        .layer(CatchPanicLayer::custom(|_: Box<dyn std::any::Any + Send>| fault().into_response()))
        // One layer for all the rest: each costs every request a copy of what is below it.
        .layer(from_fn(move |request, next| around_route(request, next, next_step)))
}

async fn around_route(request: Request, next: Next, next_step: NextStep) -> Response {
    let begun = Instant::now();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let method = method_label(request.method());
    let count = |response: &Response| {
        of_problem(response);
        let route = route.as_ref().map_or("none", MatchedPath::as_str);
        requests(route, method, response.status()).increment(1);
        seconds(route).record(begun.elapsed().as_secs_f64());
    };
    enclose(request, |request| next.run(request), count, next_step).await
}

/// Bounds the head, counts, explains, and adds the headers of every answer.
pub(crate) async fn enclose<F: Future<Output = Response>>(
    request: Request,
    answer: impl FnOnce(Request) -> F,
    count: impl FnOnce(&Response),
    next_step: NextStep,
) -> Response {
    let id = request.headers().get(REQUEST_ID).cloned();
    let mut response = match check_head(&request) {
        Ok(()) => answer(request).await,
        Err(problem) => problem.into_response(),
    };
    count(&response);
    explain(&mut response, next_step);
    headers(id, &mut response);
    response
}

/// The answer in place of one that ended in a panic.
pub(crate) fn fault() -> Problem {
    Problem::internal("the request ended in a fault of the program")
}

async fn no_route(request: Request) -> Problem {
    Problem::new(
        StatusCode::NOT_FOUND,
        "no-such-route",
        format!("there is nothing at {}", request.uri().path()),
    )
}

async fn no_method(request: Request) -> Problem {
    let detail = format!("{} is not offered at {}", request.method(), request.uri().path());
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", detail)
}

/// Refuses heads that are too large or can be read in two ways.
fn check_head(request: &Request) -> Result<(), Problem> {
    let headers = request.headers();
    let uri = request.uri().path_and_query().map_or(0, |uri| uri.as_str().len());
    if uri > URI_BYTES_MAX {
        let detail = format!("path and query have {uri} bytes; at most {URI_BYTES_MAX} are accepted");
        return Err(Problem::new(StatusCode::URI_TOO_LONG, "uri-too-long", detail));
    }
    let bytes: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    if bytes > HEADERS_BYTES_MAX {
        let detail =
            format!("the header fields have {bytes} bytes; at most {HEADERS_BYTES_MAX} are accepted");
        return Err(Problem::new(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "headers-too-large", detail));
    }
    let hosts = headers.get_all(header::HOST).iter().count();
    if hosts > 1 || (hosts == 0 && request.version() == Version::HTTP_11) {
        let detail = format!("{hosts} Host fields; expected one (RFC 9112 §3.2)");
        return Err(Problem::new(StatusCode::BAD_REQUEST, "bad-host", detail));
    }
    if headers.contains_key(header::CONTENT_LENGTH) && headers.contains_key(header::TRANSFER_ENCODING) {
        let detail = "both Content-Length and Transfer-Encoding; expected one (RFC 9112 §6.1)";
        return Err(Problem::new(StatusCode::BAD_REQUEST, "two-lengths", detail));
    }
    Ok(())
}

/// Adds to a problem what to do next: the program knows who its users are, whoever found the problem does not.
fn explain(response: &mut Response, next_step: NextStep) {
    let problem = response.extensions().get::<Problem>().cloned();
    if let Some(problem) = problem
        && let Some(step) = next_step(problem.code())
    {
        let problem = problem.with_next(step);
        *response.body_mut() = Body::from(problem.to_bytes());
        response.extensions_mut().insert(problem);
    }
}

/// Headers that every answer carries.
fn headers(id: Option<HeaderValue>, response: &mut Response) {
    let headers = response.headers_mut();
    // AuthZEN 1.0 asks for it back, and whoever reads two logs is glad of it everywhere.
    if let Some(id) = id {
        headers.insert(REQUEST_ID, id);
    }
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"),
    );
    // What the log holds is confidential; routes that may be cached have said so themselves.
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
}

/// Counts refusals by code.
pub(crate) fn of_problem(response: &Response) {
    if let Some(problem) = response.extensions().get::<Problem>() {
        metrics::counter!("writ_http_problems_total", "code" => problem.code()).increment(1);
    }
}

/// How many requests of a route were answered so.
pub(crate) fn requests(route: &str, method: &str, status: StatusCode) -> Counter {
    let (route, method, status) = (route.to_owned(), method.to_owned(), status.as_str().to_owned());
    metrics::counter!("writ_http_requests_total", "route" => route, "method" => method, "status" => status)
}

/// How long requests of a route took.
pub(crate) fn seconds(route: &str) -> Histogram {
    metrics::histogram!("writ_http_request_seconds", "route" => route.to_owned())
}

/// A method as a label: foreign words must not make new time series.
fn method_label(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        _ => "other",
    }
}
