//! The log's stream: statements as they are logged (server-sent events, WHATWG HTML §9.2).

use std::io::{BufRead, BufReader, Read};
use std::time::Duration;

use serde::Deserialize;
use ureq::BodyReader;

use super::{Client, ClientError, Found, encode};

/// How long one connection lasts before the reader comes back: also what a connection that died unnoticed costs.
const STREAM_TIME_MAX: Duration = Duration::from_secs(60);

/// Longest line of a stream, in bytes: the JSON form of the largest statement, with room.
const LINE_BYTES_MAX: u64 = 1024 * 1024;

/// What a stream says.
#[derive(Clone, Debug)]
pub enum Streamed {
    /// A statement was logged.
    Statement(Box<Found>),
    /// The log was looked through up to this index.
    Seen(u64),
    /// The server ends the stream.
    End(Ended),
}

/// Why the server ended a stream.
#[derive(Clone, Debug, Deserialize)]
pub struct Ended {
    /// Stable name.
    pub code: String,
    /// In words.
    pub detail: String,
    /// Where to go on.
    pub next: u64,
}

/// An open stream: what comes, until it ends.
pub struct Stream {
    lines: BufReader<BodyReader<'static>>,
    client: Client,
}

impl Client {
    /// Statements that fit a query, from an entry on.
    pub fn stream(&self, query: &str, from: u64) -> Result<Stream, ClientError> {
        let path = format!("/v1/stream?q={}&from={from}", encode(query));
        let url = format!("{}{path}", self.base);
        let request = self.agent.get(&url).header("accept", "text/event-stream").config();
        let request = request.timeout_recv_response(Some(self.wait)).timeout_recv_body(Some(STREAM_TIME_MAX));
        let asked = super::Request { method: "GET", path: &path, accept: "", content: None, max: 0 };
        let answer = request.build().call().map_err(|error| self.failed(&asked, error))?;
        if !answer.status().is_success() {
            return Err(self.refused(&asked, answer));
        }
        let reader = answer.into_body().into_with_config().limit(u64::MAX).reader();
        Ok(Stream { lines: BufReader::new(reader), client: self.clone() })
    }
}

impl Iterator for Stream {
    type Item = Result<Streamed, ClientError>;

    fn next(&mut self) -> Option<Self::Item> {
        let (mut name, mut id, mut data) = (String::new(), None, String::new());
        loop {
            let mut line = Vec::new();
            // A connection that ends or is cut means the same to the reader: it comes back and goes on.
            let read =
                (&mut self.lines).take(LINE_BYTES_MAX).read_until(b'\n', &mut line).unwrap_or_default();
            if read as u64 == LINE_BYTES_MAX {
                return Some(Err(self.client.unexpected("GET /v1/stream", "a line that is too long")));
            }
            let line = line.strip_suffix(b"\n")?;
            let line = String::from_utf8_lossy(line.strip_suffix(b"\r").unwrap_or(line)).into_owned();
            let (field, value) = line.split_once(':').unwrap_or((&line, ""));
            let value = value.strip_prefix(' ').unwrap_or(value);
            match field {
                "event" => name = value.to_owned(),
                "id" => id = value.parse().ok(),
                "data" => data.push_str(value),
                _ if !line.is_empty() => {}
                _ => match event(&name, id, &data) {
                    Ok(None) => (name, id, data) = (String::new(), None, String::new()),
                    Ok(Some(event)) => return Some(Ok(event)),
                    Err(error) => {
                        return Some(Err(self.client.unexpected("GET /v1/stream", &error.to_string())));
                    }
                },
            }
        }
    }
}

/// What an event says; nothing where it is of a kind that this program does not know.
fn event(name: &str, id: Option<u64>, data: &str) -> Result<Option<Streamed>, serde_json::Error> {
    Ok(match name {
        "statement" => Some(Streamed::Statement(serde_json::from_str(data)?)),
        "end" => Some(Streamed::End(serde_json::from_str(data)?)),
        _ => id.map(Streamed::Seen),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_a_statement_an_end_a_place_or_nothing_known() {
        let id = "ab".repeat(32);
        let found = format!(
            r#"{{"id":"{id}","index":7,"time":1,"kid":"{id}","iss":"user:a","payload":{{}},"more":1}}"#
        );
        let statement = event("statement", Some(7), &found).unwrap();
        assert!(matches!(statement, Some(Streamed::Statement(found)) if found.index == 7));
        let end = event("end", None, r#"{"code":"slow-reader","detail":"d","next":9}"#).unwrap();
        assert!(matches!(end, Some(Streamed::End(end)) if end.next == 9));
        assert!(matches!(event("", Some(3), "").unwrap(), Some(Streamed::Seen(3))));
        assert!(event("", None, "").unwrap().is_none());
        assert!(event("statement", None, "{").is_err());
    }
}
