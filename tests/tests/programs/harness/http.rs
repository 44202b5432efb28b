//! Plain HTTP/1.1 over a socket, so that a request can also be wrong.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::Value;

use super::SOON;

/// A server to talk to.
#[derive(Clone, Debug)]
pub(crate) struct Http {
    /// `127.0.0.1:port`.
    pub(crate) address: String,
}

/// What came back.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Http {
    pub(crate) fn get(&self, path: &str) -> Answer {
        self.request("GET", path, &[], &[]).unwrap_or_else(|e| panic!("GET {path}: {e}"))
    }

    /// Gets what must be there, as JSON.
    pub(crate) fn json(&self, path: &str) -> Value {
        let answer = self.get(path);
        assert_eq!(answer.status, 200, "GET {path}: {}", answer.text());
        answer.json()
    }

    /// Posts one statement.
    pub(crate) fn append(&self, statement: &[u8]) -> Answer {
        self.try_append(statement).unwrap_or_else(|e| panic!("POST /v1/statements: {e}"))
    }

    pub(crate) fn try_append(&self, statement: &[u8]) -> io::Result<Answer> {
        self.request("POST", "/v1/statements", &[("content-type", "application/cose")], statement)
    }

    /// Posts many.
    pub(crate) fn append_many(&self, statements: &[Vec<u8>]) -> Answer {
        self.try_append_many(statements).unwrap_or_else(|e| panic!("POST /v1/statements: {e}"))
    }

    pub(crate) fn try_append_many(&self, statements: &[Vec<u8>]) -> io::Result<Answer> {
        self.request(
            "POST",
            "/v1/statements",
            &[("content-type", "application/cbor-seq")],
            &statements.concat(),
        )
    }

    pub(crate) fn request(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> io::Result<Answer> {
        let mut head = format!("{method} {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n", self.address);
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        if !body.is_empty() || method == "POST" {
            head.push_str(&format!("content-length: {}\r\n", body.len()));
        }
        head.push_str("\r\n");
        let bytes = exchange(&self.address, &[head.as_bytes(), body].concat(), SOON)?;
        Answer::parse(&bytes).ok_or_else(|| io::Error::new(io::ErrorKind::UnexpectedEof, "no whole answer"))
    }

    /// Number of entries, as the log says.
    pub(crate) fn size(&self) -> u64 {
        self.json("/v1/log")["as_of"]["size"].as_u64().unwrap()
    }
}

/// Sends bytes and reads until the server closes.
pub(crate) fn exchange(address: &str, request: &[u8], patience: Duration) -> io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(patience))?;
    stream.set_write_timeout(Some(patience))?;
    // The server may answer and close before all is written.
    let sent = stream.write_all(request);
    let mut answer = Vec::new();
    match stream.read_to_end(&mut answer) {
        Ok(_) => {}
        Err(_) if !answer.is_empty() => {}
        Err(error) => return Err(error),
    }
    if answer.is_empty() {
        sent?;
    }
    Ok(answer)
}

impl Answer {
    /// Reads a whole answer; nothing where it was cut off.
    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
        let head = std::str::from_utf8(&bytes[..end]).ok()?;
        let mut lines = head.split("\r\n");
        let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
        let split = |line: &str| {
            line.split_once(':').map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()))
        };
        let headers: Vec<_> = lines.filter_map(split).collect();
        let answer = Self { status, headers, body: bytes[end + 4..].to_vec() };
        let announced = answer.header("content-length")?.parse::<usize>().ok()?;
        (announced == answer.body.len()).then_some(answer)
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|e| panic!("no JSON ({e}): {}", self.text()))
    }

    /// The stable name of a problem.
    pub(crate) fn code(&self) -> String {
        assert_eq!(
            self.header("content-type"),
            Some("application/problem+json"),
            "{}: {}",
            self.status,
            self.text()
        );
        let problem = self.json();
        assert_eq!(problem["status"], self.status);
        let code = problem["code"].as_str().unwrap();
        assert_eq!(problem["type"], format!("urn:writ:error:{code}"));
        assert!(problem["title"].is_string() && problem["detail"].is_string(), "{problem}");
        code.to_owned()
    }
}
