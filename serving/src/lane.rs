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
