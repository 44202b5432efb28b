//! How witnesses are reached: one request, bounded in time and in what comes back. The only file that names the HTTP client.

use std::net::IpAddr;
use std::time::Duration;

use ureq::Agent;
use ureq::http::Uri;

/// How long one request to a witness may take, its answer included.
pub(super) const ASK_TIMEOUT: Duration = Duration::from_secs(5);

/// Largest answer that is read, in bytes: a note, or its signature lines.
const ANSWER_BYTES_MAX: u64 = schemas::limits::NOTE_BYTES_MAX as u64;

/// Requests below one prefix.
#[derive(Clone, Debug)]
pub(super) struct Transport {
    agent: Agent,
    prefix: String,
}

/// What came back.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) body: Vec<u8>,
}

impl Transport {
    /// Requests below this address; nothing where it is none.
    pub(super) fn new(prefix: &str) -> Option<Self> {
        let prefix = prefix.trim_end_matches('/').to_owned();
        let uri: Uri = prefix.parse().ok()?;
        if !matches!(uri.scheme_str(), Some("http" | "https")) || uri.query().is_some() {
            return None;
        }
        let host = uri.host().filter(|host| !host.is_empty())?;
        let mut config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .user_agent(concat!("writd/", env!("CARGO_PKG_VERSION")))
            .timeout_global(Some(ASK_TIMEOUT));
        if is_loopback(host) {
            config = config.proxy(None);
        }
        Some(Self { agent: config.build().new_agent(), prefix })
    }

    pub(super) fn post(&self, path: &str, body: &str) -> Result<Reply, String> {
        let request = self.agent.post(self.url(path)).content_type("text/plain; charset=utf-8");
        read(request.send(body.as_bytes()))
    }

    pub(super) fn get(&self, path: &str) -> Result<Reply, String> {
        read(self.agent.get(self.url(path)).call())
    }

    fn url(&self, path: &str) -> String {
        format!("{}/{path}", self.prefix)
    }
}

fn read(answer: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> Result<Reply, String> {
    let answer = answer.map_err(|error| error.to_string())?;
    let status = answer.status().as_u16();
    let body = answer.into_body().with_config().limit(ANSWER_BYTES_MAX).read_to_vec();
    Ok(Reply { status, body: body.map_err(|error| error.to_string())? })
}

/// Whether a host is this machine, where no proxy can be of use.
fn is_loopback(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}
