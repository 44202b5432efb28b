//! Telling somebody elsewhere: one JSON document, posted to an address of theirs.

use std::time::Duration;

use backon::{BlockingRetryable, ExponentialBuilder};
use thiserror::Error;
use ureq::Agent;
use ureq::http::Uri;

/// How long one try may take, from connecting to the answer.
const TRY_TIME_MAX: Duration = Duration::from_secs(5);

/// Tries after the first.
const RETRIES: usize = 3;

/// Pauses between tries double from the first to the second of these.
const PAUSE_MIN: Duration = Duration::from_millis(200);
const PAUSE_MAX: Duration = Duration::from_secs(2);

/// An address that documents are posted to.
#[derive(Clone, Debug)]
pub struct Webhook {
    agent: Agent,
    url: String,
}

/// Why a document was not taken.
#[derive(Debug, Error)]
pub enum WebhookError {
    /// The address cannot be used.
    #[error("`{url}` is no address to post to: it begins with http:// or https:// and names a host")]
    Address {
        /// What was given.
        url: String,
    },
    /// No connection, no answer in time, or one that says no.
    #[error("the webhook did not take it, {tries} tries: {detail}")]
    NotTaken {
        /// How often it was tried.
        tries: usize,
        /// What the last one came to. Never the address, which may hold a secret.
        detail: String,
    },
}

impl WebhookError {
    /// Stable name of the error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Address { .. } => "webhook-address",
            Self::NotTaken { .. } => "webhook",
        }
    }
}

impl Webhook {
    /// An address `http://…` or `https://…`. It may hold a path and a query.
    pub fn new(url: &str) -> Result<Self, WebhookError> {
        let wrong = || WebhookError::Address { url: url.into() };
        let uri: Uri = url.parse().map_err(|_| wrong())?;
        let is_usable = matches!(uri.scheme_str(), Some("http" | "https"))
            && uri.host().is_some_and(|host| !host.is_empty());
        if !is_usable {
            return Err(wrong());
        }
        let config = Agent::config_builder()
            .max_redirects(0)
            .max_redirects_will_error(false)
            .user_agent(concat!("writ/", env!("CARGO_PKG_VERSION")))
            .timeout_global(Some(TRY_TIME_MAX));
        Ok(Self { agent: config.build().new_agent(), url: url.into() })
    }

    /// Posts a JSON document until somebody takes it, four times at most. Whoever reads it must bear to get it twice.
    pub fn post(&self, json: &[u8]) -> Result<(), WebhookError> {
        let pauses = ExponentialBuilder::default()
            .with_min_delay(PAUSE_MIN)
            .with_max_delay(PAUSE_MAX)
            .with_max_times(RETRIES)
            .with_jitter();
        let taken = (|| self.try_once(json)).retry(pauses).call();
        taken.map_err(|detail| WebhookError::NotTaken { tries: RETRIES + 1, detail })
    }

    fn try_once(&self, json: &[u8]) -> Result<(), String> {
        let answer = self.agent.post(&self.url).header("content-type", "application/json").send(json);
        match answer {
            Ok(answer) if answer.status().is_success() => Ok(()),
            Ok(answer) => Err(format!("it answers {}", answer.status().as_u16())),
            Err(ureq::Error::StatusCode(status)) => Err(format!("it answers {status}")),
            Err(error) => Err(error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;
    use std::thread;

    use super::*;

    /// Takes a document only at the last of so many tries; what it took.
    fn taker(refusals: usize) -> (Webhook, thread::JoinHandle<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/hook?token=t", listener.local_addr().unwrap());
        let taker = thread::spawn(move || {
            for at in 0.. {
                let (mut stream, _) = listener.accept().unwrap();
                let (mut request, mut buffer) = (String::new(), [0; 4096]);
                while !request.ends_with("{}") {
                    let read = stream.read(&mut buffer).unwrap();
                    request.push_str(&String::from_utf8_lossy(&buffer[..read]));
                }
                let status = if at < refusals { "503 Busy" } else { "204 Taken" };
                write!(stream, "HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
                    .unwrap();
                if at == refusals {
                    return request;
                }
            }
            unreachable!()
        });
        (Webhook::new(&url).unwrap(), taker)
    }

    #[test]
    fn a_document_is_posted_until_it_is_taken() {
        for refusals in [0, 2] {
            let (webhook, taker) = taker(refusals);
            webhook.post(b"{}").unwrap();
            let request = taker.join().unwrap();
            assert!(request.starts_with("POST /hook?token=t HTTP/1.1\r\n"), "{request}");
            assert!(request.to_lowercase().contains("content-type: application/json"), "{request}");
        }
    }

    #[test]
    fn whoever_never_takes_it_is_given_up_and_the_address_is_not_told() {
        let closed = {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            format!("http://{}/hook?token=secret", listener.local_addr().unwrap())
        };
        let error = Webhook::new(&closed).unwrap().post(b"{}").unwrap_err();
        assert_eq!(error.code(), "webhook");
        assert!(!error.to_string().contains("secret"), "{error}");
    }

    #[test]
    fn an_address_is_that_of_a_web_server() {
        for url in ["", "hooks.example", "ftp://hooks.example/", "http://", "/hook"] {
            assert_eq!(Webhook::new(url).unwrap_err().code(), "webhook-address", "{url}");
        }
    }
}
