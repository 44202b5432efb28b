//! A client that says exactly what it is told to say, over a real socket.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use serving::limits::Timeouts;

use crate::harness::Lab;

/// An answer.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let prefix = format!("{name}: ");
        self.head.lines().find_map(|line| line.strip_prefix(&prefix))
    }

    /// The code of a problem, whose form is checked on the way.
    pub(crate) fn code(&self) -> String {
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{self:?}");
        let problem = self.json();
        assert_eq!(problem["status"], self.status);
        assert!(problem["title"].is_string() && problem["detail"].is_string(), "{problem}");
        let code = problem["code"].as_str().unwrap();
        assert_eq!(problem["type"], format!("urn:writ:error:{code}"));
        code.to_owned()
    }
}

/// Whether a path is of SCITT's reference interface, whose problems are of a form of their own (RFC 9290).
pub(crate) fn is_scitt(path: &str) -> bool {
    path.starts_with("/entries") || path.starts_with("/.well-known/scitt-keys")
}

/// The media type of the problems that a path answers with.
pub(crate) fn problem_type(path: &str) -> &'static str {
    if is_scitt(path) { "application/concise-problem-details+cbor" } else { "application/problem+json" }
}

/// Serves the lab's log on a free port until the lab ends.
pub(crate) fn serve(lab: &Lab) -> SocketAddr {
    serve_within(lab, Timeouts::default())
}

/// The same with other limits.
pub(crate) fn serve_within(lab: &Lab, timeouts: Timeouts) -> SocketAddr {
    let router = ledger::http::router(Arc::clone(lab.running().log()), timeouts, None);
    lab.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(serving::serve(listener, router, timeouts, std::future::pending()));
        address
    })
}

/// Sends raw bytes and reads one answer.
pub(crate) fn raw(address: SocketAddr, bytes: &[u8]) -> Reply {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    // The server may answer and close before it has read everything.
    let _ = stream.write_all(bytes);
    read(&mut stream)
}

pub(crate) fn read(stream: &mut TcpStream) -> Reply {
    let mut bytes = Vec::new();
    let head_end = loop {
        if let Some(at) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break at + 4;
        }
        let mut chunk = [0; 4096];
        let count = stream.read(&mut chunk).unwrap();
        assert!(count > 0, "closed without an answer: {:?}", String::from_utf8_lossy(&bytes));
        bytes.extend_from_slice(&chunk[..count]);
    };
    let head = String::from_utf8(bytes[..head_end].to_vec()).unwrap().replace("\r\n", "\n");
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    let mut reply = Reply { status, head, body: bytes[head_end..].to_vec() };
    let length: usize = reply.header("content-length").unwrap().parse().unwrap();
    while reply.body.len() < length {
        let mut chunk = [0; 65_536];
        let count = stream.read(&mut chunk).unwrap();
        assert!(count > 0, "the body was cut");
        reply.body.extend_from_slice(&chunk[..count]);
    }
    reply
}

pub(crate) fn get(address: SocketAddr, target: &str) -> Reply {
    get_as(address, target, "*/*")
}

pub(crate) fn get_as(address: SocketAddr, target: &str, accept: &str) -> Reply {
    let request =
        format!("GET {target} HTTP/1.1\r\nHost: log\r\nAccept: {accept}\r\nConnection: close\r\n\r\n");
    raw(address, request.as_bytes())
}

pub(crate) fn post(address: SocketAddr, media_type: &str, body: &[u8]) -> Reply {
    let length = body.len();
    let head = format!(
        "POST /v1/statements HTTP/1.1\r\nHost: log\r\nContent-Type: {media_type}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
    );
    raw(address, &[head.as_bytes(), body].concat())
}
