//! A lane for the one route that is asked far more often than all others: past the router, whose layers cost each request a copy of
//! themselves. What goes around every other request goes around these as well.

use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::Instant;

use axum::Router;
use axum::extract::Request;
use axum::http::Method;
use axum::response::{IntoResponse, Response};
use metrics::{Counter, Histogram};
use tower::Service;

use crate::layers::{NextStep, enclose, fault, of_problem, requests, seconds};

/// One more than the greatest status code there is (RFC 9110 §15).
const STATUS_CODES: usize = 600;

/// Answers requests of this method for exactly this path by `handler`, all others by the router, which has the route too.
pub fn lane<H, F>(
    router: Router,
    next_step: NextStep,
    (method, path): (Method, &'static str),
    handler: H,
) -> Router
where
    H: Fn(Request) -> F + Send + Sync + 'static,
    F: Future<Output = Response> + Send + 'static,
{
    let handler = move |request| -> Answering<Response> { Box::pin(handler(request)) };
    let counted = Counted { seconds: OnceLock::new(), requests: [const { OnceLock::new() }; STATUS_CODES] };
    let lane = Lane { method, path, next_step, handler: Box::new(handler), counted };
    Router::new().fallback_service(Front { router, lane: Arc::new(lane) })
}

type Answering<T> = Pin<Box<dyn Future<Output = T> + Send>>;

#[derive(Clone)]
struct Front {
    router: Router,
    lane: Arc<Lane>,
}

struct Lane {
    method: Method,
    path: &'static str,
    next_step: NextStep,
    handler: Box<dyn Fn(Request) -> Answering<Response> + Send + Sync>,
    counted: Counted,
}

/// The route's counters, looked up once each.
struct Counted {
    seconds: OnceLock<Histogram>,
    requests: [OnceLock<Counter>; STATUS_CODES],
}

impl Service<Request> for Front {
    type Response = Response;
    type Error = Infallible;
    type Future = Answering<Result<Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        // So is the router, always.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        if *request.method() == self.lane.method && request.uri().path() == self.lane.path {
            let lane = Arc::clone(&self.lane);
            return Box::pin(async move { Ok(lane.answer(request).await) });
        }
        Box::pin(self.router.call(request))
    }
}

impl Lane {
    async fn answer(&self, request: Request) -> Response {
        let begun = Instant::now();
        let handled = |request| caught((self.handler)(request));
        let count = |response: &Response| self.counted.count(self, begun, response);
        enclose(request, handled, count, self.next_step).await
    }
}

impl Counted {
    fn count(&self, lane: &Lane, begun: Instant, response: &Response) {
        of_problem(response);
        let status = response.status();
        let new = || requests(lane.path, lane.method.as_str(), status);
        if let Some(counter) = self.requests.get(usize::from(status.as_u16())) {
            counter.get_or_init(new).increment(1);
        } else {
            new().increment(1);
        }
        self.seconds.get_or_init(|| seconds(lane.path)).record(begun.elapsed().as_secs_f64());
    }
}

/// A panic becomes an answer, as it does in the router.
async fn caught(answering: impl Future<Output = Response>) -> Response {
    let mut answering = pin!(answering);
    poll_fn(|context| {
        let polled = catch_unwind(AssertUnwindSafe(|| answering.as_mut().poll(context)));
        polled.unwrap_or_else(|_| Poll::Ready(fault().into_response()))
    })
    .await
}

#[cfg(test)]
mod tests {
    use axum::body::{Body, Bytes, to_bytes};
    use axum::http::{HeaderMap, StatusCode};
    use axum::routing::post;
    use tower::ServiceExt as _;

    use super::*;
    use crate::problem::Problem;

    async fn handler(request: Request) -> Response {
        let word = request.headers().get("word").and_then(|word| word.to_str().ok());
        match word {
            Some("panic") => panic!("told to"),
            Some("refuse") => Problem::new(StatusCode::CONFLICT, "told-to", "it was told to").into_response(),
            _ => format!("done: {}", request.uri()).into_response(),
        }
    }

    fn next_step(code: &str) -> Option<&'static str> {
        (code == "told-to").then_some("tell it something else")
    }

    fn router() -> Router {
        crate::around(Router::new().route("/here", post(handler)), next_step)
    }

    fn with_lane() -> Router {
        lane(router(), next_step, (Method::POST, "/here"), handler)
    }

    type Headers<'h> = &'h [(&'h str, &'h str)];

    fn ask(
        router: Router,
        method: &Method,
        uri: &str,
        headers: Headers<'_>,
    ) -> (StatusCode, HeaderMap, Bytes) {
        let mut request = Request::builder().method(method).uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::from("body")).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let (mut parts, body) = router.oneshot(request).await.unwrap().into_parts();
            // Where nobody has said it, hyper takes it from the body.
            parts.headers.remove("content-length");
            (parts.status, parts.headers, to_bytes(body, usize::MAX).await.unwrap())
        })
    }

    #[test]
    fn whatever_is_asked_is_answered_as_by_the_router_alone() {
        let host = ("host", "here.test");
        let long = format!("/here?{}", "x".repeat(crate::limits::URI_BYTES_MAX));
        let asked: [(Method, &str, Headers<'_>, u16); 10] = [
            (Method::POST, "/here", &[host], 200),
            (Method::POST, "/here?a=b", &[host, ("x-request-id", "mine")], 200),
            (Method::POST, "/here", &[host, ("word", "refuse")], 409),
            (Method::POST, "/here", &[host, ("word", "panic")], 500),
            (Method::POST, "/here", &[host, host], 400),
            (Method::POST, "/here", &[], 400),
            (Method::POST, &long, &[host], 414),
            (Method::GET, "/here", &[host], 405),
            (Method::POST, "/here/", &[host], 404),
            (Method::POST, "/there", &[host], 404),
        ];
        for (method, uri, headers, status) in asked {
            let answer = ask(with_lane(), &method, uri, headers);
            assert_eq!(answer.0.as_u16(), status, "{method} {uri} {headers:?}");
            assert_eq!(answer, ask(router(), &method, uri, headers), "{method} {uri} {headers:?}");
        }
    }

    #[test]
    fn one_method_of_one_path_is_in_the_lane() {
        let elsewhere = |_| async { "in the lane".into_response() };
        let router = || lane(router(), next_step, (Method::POST, "/here"), elsewhere);
        let host = [("host", "here.test")];
        assert_eq!(ask(router(), &Method::POST, "/here?a=b", &host).2, "in the lane");
        assert_eq!(ask(router(), &Method::PUT, "/here", &host).0, StatusCode::METHOD_NOT_ALLOWED);
    }
}
