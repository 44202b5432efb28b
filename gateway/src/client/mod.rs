//! The one HTTP client: bounded in time, size and tries, follows no redirects, keeps no cookies.
//!
//! Every request may be sent again without harm: what is posted is known by its bytes. Nothing in an answer is believed here.

use std::io::ErrorKind;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use backon::{BlockingRetryable, ExponentialBuilder};
use schemas::limits::BUNDLE_BYTES_MAX;
use ureq::http::{Response, Uri};
use ureq::{Agent, Body};

mod api;
mod error;
mod query;
mod stream;
mod wire;

pub use api::ENTRIES_PER_REQUEST;
pub use error::ClientError;
pub use query::{Query, encode};
pub use stream::{Ended, Stream, Streamed};
pub use wire::{
    AppendStatus, Appended, AsOf, Candidate, Candidates, ConsistencyAnswer, Found, FoundPage,
    InclusionAnswer, Instead, LogInfo, Matched, Meant, NearName, Placed,
};

/// Media type of most answers.
const JSON: &str = "application/json";

/// How long to wait for a server that does not answer, retries included.
pub const WAIT: Duration = Duration::from_secs(10);

/// How long to wait for a server where nothing listens, if somebody waits for the answer.
pub const WAIT_REFUSED: Duration = Duration::from_secs(1);

/// After how long it is said that the server is being waited for, where nothing listens and where nothing is said.
const NOTICE_REFUSED: Duration = Duration::from_millis(300);
const NOTICE_SILENT: Duration = Duration::from_secs(1);

/// How long the body of an answer may take once it has begun.
const BODY_TIME_MAX: Duration = Duration::from_secs(120);

/// Largest answer that is a list or a batch's receipts, in bytes.
const ANSWER_BYTES_MAX: u64 = 32 * 1024 * 1024;

/// Largest answer that is a problem, in bytes.
const PROBLEM_BYTES_MAX: u64 = 64 * 1024;

/// Talks to one log's server.
#[derive(Clone, Debug)]
pub struct Client {
    agent: Agent,
    base: String,
    wait: Duration,
    wait_refused: Duration,
    notice: Option<Notice>,
}

/// Says once that the server is being waited for.
#[derive(Clone, Debug)]
struct Notice {
    say: fn(&str),
    said: Arc<AtomicBool>,
}

/// What is asked of the server, short of where it is.
struct Request<'a> {
    method: &'static str,
    /// Path and query, with a leading slash.
    path: &'a str,
    accept: &'static str,
    content: Option<(&'static str, &'a [u8])>,
    max: u64,
}

impl Client {
    /// A client of the server at this address: `http://host:port` or `https://…`, with the log's prefix where it has one.
    pub fn new(server: &str, wait: Duration) -> Result<Self, ClientError> {
        let base = server.trim_end_matches('/').to_string();
        let wrong = |detail: &str| ClientError::Address { server: server.into(), detail: detail.into() };
        let uri: Uri = base.parse().map_err(|_| wrong("not a URL"))?;
        if !matches!(uri.scheme_str(), Some("http" | "https")) {
            return Err(wrong("it begins with http:// or https://"));
        }
        let host = uri.host().filter(|host| !host.is_empty()).ok_or_else(|| wrong("it names no host"))?;
        if uri.query().is_some() || base.contains(['#', '@']) {
            return Err(wrong("it has no query, fragment or user name"));
        }
        let mut config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .user_agent(concat!("writ/", env!("CARGO_PKG_VERSION")))
            .timeout_connect(Some(wait))
            .timeout_recv_body(Some(BODY_TIME_MAX));
        if is_loopback(host) {
            config = config.proxy(None);
        }
        Ok(Self { agent: config.build().new_agent(), base, wait, wait_refused: wait, notice: None })
    }

    /// The same, giving up sooner where nothing listens: somebody waits for the answer.
    pub fn impatient(self) -> Self {
        Self { wait_refused: self.wait.min(WAIT_REFUSED), ..self }
    }

    /// The same, waiting longer for an answer.
    pub fn waiting(self, wait: Duration) -> Self {
        Self { wait, ..self }
    }

    /// The same, saying the server's address once if it lets itself be waited for.
    pub fn with_notice(self, say: fn(&str)) -> Self {
        Self { notice: Some(Notice { say, said: Arc::default() }), ..self }
    }

    /// The server's address.
    pub fn server(&self) -> &str {
        &self.base
    }

    fn get(&self, path: &str, accept: &'static str, max: u64) -> Result<Vec<u8>, ClientError> {
        self.send(&Request { method: "GET", path, accept, content: None, max })
    }

    fn post(&self, path: &str, content: (&'static str, &[u8])) -> Result<Vec<u8>, ClientError> {
        self.send(&Request {
            method: "POST",
            path,
            accept: JSON,
            content: Some(content),
            max: ANSWER_BYTES_MAX,
        })
    }

    /// Sends until there is an answer or the time is up.
    fn send(&self, request: &Request<'_>) -> Result<Vec<u8>, ClientError> {
        let begun = Instant::now();
        let left = || (begun + self.wait).saturating_duration_since(Instant::now());
        let watch = self.notice.as_ref().and_then(|notice| notice.watch(&self.base));
        let tries = ExponentialBuilder::default()
            .with_min_delay(Duration::from_millis(100))
            .with_max_delay(Duration::from_secs(2))
            .without_max_times()
            .with_total_delay(Some(self.wait))
            .with_jitter();
        let answer = (|| self.try_once(request, left()))
            .retry(tries)
            .when(|error| {
                let pause = match error {
                    ClientError::Refused { retry_after, .. } => retry_after.unwrap_or_default(),
                    _ => Duration::ZERO,
                };
                let refused = matches!(error, ClientError::Unreachable { refused: true, .. });
                let given_up = refused && begun.elapsed() >= self.wait_refused;
                if let Some(notice) = self.notice.as_ref().filter(|_| begun.elapsed() >= NOTICE_REFUSED) {
                    notice.say(&self.base);
                }
                let again = error.is_passing() && pause < left() && !given_up;
                if again {
                    thread::sleep(pause);
                }
                again
            })
            .call();
        drop(watch);
        answer
    }

    fn try_once(&self, request: &Request<'_>, left: Duration) -> Result<Vec<u8>, ClientError> {
        if left.is_zero() {
            return Err(ClientError::TimedOut { server: self.base.clone(), limit: self.wait });
        }
        let url = format!("{}{}", self.base, request.path);
        let answered = match request.content {
            None => self
                .agent
                .get(&url)
                .header("accept", request.accept)
                .config()
                .timeout_recv_response(Some(left))
                .build()
                .call(),
            Some((media_type, body)) => {
                let post = self
                    .agent
                    .post(&url)
                    .header("accept", request.accept)
                    .config()
                    .timeout_recv_response(Some(left))
                    .build();
                post.content_type(media_type).send(body)
            }
        };
        let answer = answered.map_err(|e| self.failed(request, e))?;
        let status = answer.status().as_u16();
        if !(200..300).contains(&status) {
            return Err(self.refused(request, answer));
        }
        let mut body = answer.into_body();
        body.with_config().limit(request.max).read_to_vec().map_err(|e| self.failed(request, e))
    }

    fn failed(&self, request: &Request<'_>, error: ureq::Error) -> ClientError {
        let server = self.base.clone();
        match error {
            ureq::Error::Timeout(_) => ClientError::TimedOut { server, limit: self.wait },
            ureq::Error::BodyExceedsLimit(max) => {
                ClientError::TooLarge { server, request: request.name(), max }
            }
            ureq::Error::Protocol(_) | ureq::Error::Http(_) | ureq::Error::LargeResponseHeader(..) => {
                ClientError::Answer { server, request: request.name(), detail: error.to_string() }
            }
            ureq::Error::Io(error) if error.kind() == ErrorKind::ConnectionRefused => {
                ClientError::Unreachable { server, detail: "nothing listens there".into(), refused: true }
            }
            ureq::Error::Io(error) => {
                ClientError::Unreachable { server, detail: error.to_string(), refused: false }
            }
            other => ClientError::Unreachable { server, detail: other.to_string(), refused: false },
        }
    }

    fn refused(&self, request: &Request<'_>, answer: Response<Body>) -> ClientError {
        let status = answer.status().as_u16();
        let retry_after =
            answer.headers().get("retry-after").and_then(|value| value.to_str().ok()?.parse().ok());
        let body =
            answer.into_body().with_config().limit(PROBLEM_BYTES_MAX).read_to_vec().unwrap_or_default();
        let problem = wire::Problem::read(&body);
        ClientError::Refused {
            server: self.base.clone(),
            request: request.name().into(),
            status,
            code: problem.code.unwrap_or_else(|| format!("http-{status}")),
            detail: problem.detail.or(problem.title).unwrap_or_else(|| "no reason given".into()),
            retry_after: retry_after.map(Duration::from_secs),
            instead: Box::new(Instead { near: problem.near, candidates: problem.candidates }),
        }
    }
}

impl Notice {
    fn say(&self, server: &str) {
        if !self.said.swap(true, Ordering::Relaxed) {
            (self.say)(server);
        }
    }

    /// Speaks when a request takes long. Dropping what is handed back keeps it silent.
    fn watch(&self, server: &str) -> Option<mpsc::Sender<()>> {
        if self.said.load(Ordering::Relaxed) {
            return None;
        }
        let (ended, watched) = mpsc::channel();
        let (notice, server) = (self.clone(), server.to_owned());
        thread::spawn(move || {
            if watched.recv_timeout(NOTICE_SILENT) == Err(mpsc::RecvTimeoutError::Timeout) {
                notice.say(&server);
            }
        });
        Some(ended)
    }
}

impl Request<'_> {
    fn name(&self) -> String {
        let path = self.path.split('?').next().unwrap_or_default();
        format!("{} {path}", self.method)
    }
}

/// Whether a host is this machine, where no proxy can be of use.
fn is_loopback(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Largest bundle that is taken from a server, in bytes.
const fn bundle_bytes_max() -> u64 {
    BUNDLE_BYTES_MAX as u64
}

#[cfg(test)]
mod tests;
