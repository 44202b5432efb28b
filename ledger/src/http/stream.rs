//! `GET /v1/stream`: statements as they are logged, as server-sent events (WHATWG HTML §9.2).

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream::unfold;
use schemas::query::Query;
use schemas::time::Index;
use serde_json::json;
use serving::Stopping;
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::time::sleep;

use super::App;
use super::json::StatementJson;
use super::limits::{STREAM_EVENTS, STREAM_HEARTBEAT};
use super::problem::Problem;
use super::query::Params;
use super::search::in_words;
use crate::clock::{Clock, SystemClock};
use crate::read::Found;
use crate::search::{Order, Range, search};

/// Header with which a reader goes on where it was.
const LAST_EVENT_ID: &str = "last-event-id";

/// Statements from an entry on, then each new one, until one side ends it.
///
/// Each event is named `statement`, has the entry's index as its id and the statement's JSON form as its data. Where nothing
/// fits, an id without data says how far the log was looked through. The last event is named `end` and says why and where to
/// go on; a reader that is too slow is ended so.
#[utoipa::path(
    get,
    path = "/v1/stream",
    params(
        ("q" = Option<String>, Query, description = "words and qualifiers, as in a search; everything where there is none"),
        ("from" = Option<u64>, Query, description = "index of the first entry; without it, only what is logged from now on"),
        ("last-event-id" = Option<u64>, Header, description = "index of the last entry that was seen; goes before `from`"),
    ),
    responses(
        (status = 200, description = "events", body = String, content_type = "text/event-stream"),
        (status = 400, description = "not a question, or a place that the log has not reached", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn stream(State(app): State<App>, request: Request) -> Result<Response, Problem> {
    let params = Params::read(request.uri(), &["q", "from"])?;
    let query = in_words(params.text("q").unwrap_or_default(), SystemClock::new().now())?;
    let size = app.log().published().head.size;
    let from = match last_seen(request.headers())? {
        Some(last) => Some(last.saturating_add(1)),
        None => params.number("from")?,
    };
    let next = from.unwrap_or(size);
    if next > size {
        return Err(Problem::bad_query(format!(
            "the stream is to begin at {next}; the log has {size} entries"
        )));
    }
    let busy = || Problem::unavailable("busy", "too many streams at once", 1);
    let permit = Arc::clone(&app.0.streams).try_acquire_owned().map_err(|_| busy())?;
    let feed = Feed {
        changes: app.log().shown().changes(),
        stopping: request.extensions().get::<Stopping>().cloned(),
        patience: app.timeouts().write / 2,
        app,
        query,
        next,
        said: next,
        waiting: VecDeque::new(),
        offered: None,
        ended: false,
        _permit: permit,
    };
    Ok(Sse::new(unfold(feed, Feed::step)).into_response())
}

fn last_seen(headers: &HeaderMap) -> Result<Option<u64>, Problem> {
    let Some(value) = headers.get(LAST_EVENT_ID) else { return Ok(None) };
    let number = value.to_str().ok().and_then(|text| text.parse().ok());
    number
        .map(Some)
        .ok_or_else(|| Problem::bad_query("the header Last-Event-ID is not the index of an entry"))
}

/// One reader's place in the log. It is asked for the next event when the reader has taken the one before.
struct Feed {
    app: App,
    query: Query,
    /// The first entry that was not looked at.
    next: u64,
    /// The first entry that the reader does not know to be looked at.
    said: u64,
    /// What fits of those before it, at most [`STREAM_EVENTS`].
    waiting: VecDeque<Found>,
    /// When the last event was handed over.
    offered: Option<Instant>,
    /// How long a reader may take for one event.
    patience: Duration,
    changes: watch::Receiver<u64>,
    stopping: Option<Stopping>,
    ended: bool,
    _permit: OwnedSemaphorePermit,
}

type Step = Option<(Result<Event, Infallible>, Feed)>;

impl Feed {
    async fn step(mut self) -> Step {
        if self.ended {
            return None;
        }
        if self.offered.take().is_some_and(|offered| offered.elapsed() > self.patience) {
            let seconds = self.patience.as_secs();
            return self.end("slow-reader", format!("an event was not taken within {seconds} s")).await;
        }
        loop {
            if let Some(found) = self.waiting.pop_front() {
                return self.offer(found);
            }
            if self.next < *self.changes.borrow_and_update() {
                if let Err(problem) = self.look().await {
                    let detail = problem.explanation();
                    return self.end(problem.code(), detail).await;
                }
                continue;
            }
            if self.said < self.next {
                return self.beat();
            }
            let stopping = self.stopping.clone();
            tokio::select! {
                changed = self.changes.changed() => if changed.is_err() {
                    return self.end("stopping", "the log is no longer served".into()).await;
                },
                () = told(stopping) => return self.end("stopping", "the server stops".into()).await,
                () = sleep(STREAM_HEARTBEAT) => return self.beat(),
            }
        }
    }

    /// Reads on to the head, or as far as one page of a search goes.
    async fn look(&mut self) -> Result<(), Problem> {
        let (query, from) = (self.query.clone(), self.next);
        let (page, size) = self
            .app
            .read(move |reader| {
                let range = Range { from: Some(Index(from)), size: reader.size(), order: Order::OldestFirst };
                Ok((search(reader, &query, range, STREAM_EVENTS)?, reader.size()))
            })
            .await?;
        self.next = page.next.map_or(size, |next| next.0);
        self.waiting = page.found.into();
        Ok(())
    }

    fn offer(mut self, found: Found) -> Step {
        let index = found.entry.index.0;
        self.said = index.saturating_add(1);
        let data = serde_json::to_string(&StatementJson::from(found)).unwrap_or_default();
        self.offered = Some(Instant::now());
        Some((Ok(Event::default().event("statement").id(index.to_string()).data(data)), self))
    }

    /// Says that the connection lives and how far the log was looked through.
    fn beat(mut self) -> Step {
        self.said = self.next;
        let event = Event::default().comment(format!("size {}", self.next));
        let event = match self.next.checked_sub(1) {
            Some(last) => event.id(last.to_string()),
            None => event,
        };
        Some((Ok(event), self))
    }

    async fn end(mut self, code: &str, detail: String) -> Step {
        self.ended = true;
        let next = self.waiting.front().map_or(self.next, |found| found.entry.index.0);
        let data = json!({"code": code, "detail": detail, "next": next}).to_string();
        Some((Ok(Event::default().event("end").data(data)), self))
    }
}

/// Ends when the server is told to stop; never where nobody can tell.
async fn told(stopping: Option<Stopping>) {
    match stopping {
        Some(mut stopping) => stopping.wait().await,
        None => std::future::pending().await,
    }
}
