//! The same over HTTP: status, media type and body of every answer.

use std::collections::BTreeSet;
use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use schemas::note::{Note, NoteSignature};
use schemas::tree::TreeHash;
use serde_json::Value;
use serving::limits::Timeouts;
use tempfile::{TempDir, tempdir};
use tokio::runtime::Runtime;
use verifier::note::verify_note;
use witness::request::BODY_BYTES_MAX;
use witness::state::origin_hash;

use crate::harness::{Log, ORIGIN, cosigner, make, open};

const POST: &str = "POST /add-checkpoint HTTP/1.1\r\nHost: w\r\nConnection: close\r\n";

struct Served {
    _runtime: Runtime,
    folder: TempDir,
    address: SocketAddr,
    log: Log,
}

struct Reply {
    status: u16,
    head: String,
    body: String,
}

impl Served {
    fn new() -> Self {
        let (folder, log) = (tempdir().unwrap(), Log::main());
        let witness = Arc::new(open(&make(&folder.path().join("w"), &[&log])));
        let runtime = Runtime::new().unwrap();
        let timeouts = Timeouts::default();
        let address = runtime.block_on(async {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            let router = witness::http::router(witness, timeouts);
            tokio::spawn(serving::serve(listener, router, timeouts, std::future::pending()));
            address
        });
        Self { _runtime: runtime, folder, address, log }
    }

    fn post(&self, body: &str) -> Reply {
        self.send(&format!("{POST}Content-Length: {}\r\n\r\n{body}", body.len()))
    }

    fn get(&self, path: &str) -> Reply {
        self.send(&format!("GET {path} HTTP/1.1\r\nHost: w\r\nConnection: close\r\n\r\n"))
    }

    fn send(&self, request: &str) -> Reply {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let _ = stream.write_all(request.as_bytes());
        let mut bytes = Vec::new();
        let _ = stream.read_to_end(&mut bytes);
        Reply::of(&String::from_utf8(bytes).unwrap())
    }
}

impl Reply {
    fn of(text: &str) -> Self {
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {text}"));
        let status = head[9..12].parse().unwrap();
        Self { status, head: head.to_lowercase(), body: body.to_owned() }
    }

    fn media_type(&self) -> &str {
        self.head.lines().find_map(|line| line.strip_prefix("content-type: ")).unwrap_or_default()
    }
}

#[test]
fn a_good_checkpoint_is_answered_with_lines_that_complete_the_note() {
    let served = Served::new();
    let reply = served.post(&served.log.request(0, 7).to_string());
    assert_eq!((reply.status, reply.media_type()), (200, "text/plain; charset=utf-8"));
    assert!(reply.body.starts_with("\u{2014} ") && reply.body.ends_with('\n'), "{}", reply.body);
    // As a client may do it: put behind the checkpoint, and check the whole.
    let note = Note::parse(format!("{}{}", served.log.note(7), reply.body).as_bytes()).unwrap();
    assert_eq!(verify_note(&note, &[served.log.key.clone(), cosigner().key().clone()]).unwrap().len(), 2);
    assert!(NoteSignature::parse(reply.body.trim_end()).is_some());
}

#[test]
fn who_is_behind_is_told_the_latest_size_in_its_own_media_type() {
    let served = Served::new();
    let behind = served.post(&served.log.request(3, 7).to_string());
    assert_eq!((behind.status, behind.media_type(), &*behind.body), (409, "text/x.tlog.size", "0\n"));
    assert_eq!(served.post(&served.log.request(0, 7).to_string()).status, 200);
    let behind = served.post(&served.log.request(0, 20).to_string());
    assert_eq!((behind.status, behind.media_type(), &*behind.body), (409, "text/x.tlog.size", "7\n"));
}

#[test]
fn each_refusal_has_the_specifications_status_and_a_code() {
    let served = Served::new();
    let log = &served.log;
    assert_eq!(served.post(&log.request(0, 7).to_string()).status, 200);
    let stranger = Log::new("log.test/b", 1, 0, 64).request(0, 7).to_string();
    let impostor = Log::new(ORIGIN, 8, 0, 64).request(7, 7).to_string();
    let cases = [
        (400, "request-old-size", "hello\n\n".to_owned() + &log.note(7).to_string()),
        (400, "request-no-empty-line", String::new()),
        (400, "old-beyond-size", log.request_with(9, vec![], 8, log.root(8)).to_string()),
        (403, "not-signed-by-log", impostor),
        (404, "unknown-origin", stranger),
        (422, "inconsistent", log.request_with(7, vec![], 20, log.root(20)).to_string()),
        (422, "other-root", Log::forked().request(7, 7).to_string()),
        (
            422,
            "proof-not-empty",
            log.request_with(7, vec![TreeHash::new([0; 32])], 7, log.root(7)).to_string(),
        ),
    ];
    for (status, code, body) in cases {
        let reply = served.post(&body);
        assert_eq!(
            (reply.status, reply.media_type()),
            (status, "application/problem+json"),
            "{}",
            reply.body
        );
        assert!(reply.body.contains(&format!("\"code\":\"{code}\"")), "{}", reply.body);
    }
}

#[test]
fn monitors_find_the_latest_checkpoint_under_the_hash_of_the_origin() {
    let served = Served::new();
    let origin = served.log.request(0, 7).origin;
    let path = format!("/{}/checkpoint", origin_hash(&origin));
    // `printf log.test/a | sha256sum`
    assert_eq!(path, "/8d7d472ac95fb8053f84e568e86b07338c2f493556d1e8a77625a174701bdc23/checkpoint");
    assert_eq!(served.get(&path).status, 404);
    assert_eq!(served.post(&served.log.request(0, 7).to_string()).status, 200);
    let reply = served.get(&path);
    assert_eq!((reply.status, reply.media_type()), (200, "text/plain; charset=utf-8"));
    let note = Note::parse(reply.body.as_bytes()).unwrap();
    assert_eq!(verify_note(&note, &[served.log.key.clone(), cosigner().key().clone()]).unwrap().len(), 2);
    assert!(!reply.head.contains("immutable"), "it changes: {}", reply.head);
}

#[test]
fn one_connection_serves_several_requests() {
    let served = Served::new();
    let mut stream = TcpStream::connect(served.address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    for (old, size) in [(0, 7), (7, 20), (20, 21)] {
        let body = served.log.request(old, size).to_string();
        let head =
            format!("POST /add-checkpoint HTTP/1.1\r\nHost: w\r\nContent-Length: {}\r\n\r\n", body.len());
        stream.write_all((head + &body).as_bytes()).unwrap();
        let mut bytes = [0; 4096];
        let read = stream.read(&mut bytes).unwrap();
        assert!(bytes[..read].starts_with(b"HTTP/1.1 200"), "{old} {size}");
    }
}

#[test]
fn another_method_or_a_body_beyond_the_bound_is_refused() {
    let served = Served::new();
    let got = served.get("/add-checkpoint");
    assert_eq!(got.status, 405);
    assert!(got.head.contains("allow: post"), "{}", got.head);
    let long = BODY_BYTES_MAX + 1;
    assert_eq!(served.send(&format!("{POST}Content-Length: {long}\r\n\r\n")).status, 413);
    let longest = "a".repeat(BODY_BYTES_MAX);
    assert_eq!(served.post(&longest).status, 400, "read whole, and then no request");
}

#[test]
fn a_latched_witness_says_so_and_is_not_ready() {
    let served = Served::new();
    assert_eq!([served.get("/livez").status, served.get("/readyz").status], [200, 200]);
    let hash = origin_hash(&served.log.request(0, 7).origin);
    fs::create_dir(served.folder.path().join("w/state").join(hash).with_extension("new")).unwrap();
    for _ in 0..2 {
        let reply = served.post(&served.log.request(0, 7).to_string());
        assert_eq!((reply.status, reply.body.contains("witness-latched")), (503, true), "{}", reply.body);
        assert!(reply.head.contains("retry-after: 30"), "{}", reply.head);
        assert!(!reply.body.contains("state"), "where it keeps things is nobody's business: {}", reply.body);
    }
    assert_eq!([served.get("/livez").status, served.get("/readyz").status], [200, 503]);
}

#[test]
fn every_route_is_described_and_every_answer_of_it() {
    let served = Served::new();
    let api: Value = serde_json::from_str(&served.get("/openapi.json").body).unwrap();
    let paths: Vec<&str> = api["paths"].as_object().unwrap().keys().map(String::as_str).collect();
    let all = ["/add-checkpoint", "/livez", "/metrics", "/openapi.json", "/readyz", "/{hash}/checkpoint"];
    assert_eq!(paths, all);
    let log = &served.log;
    let bodies = [
        String::new(),
        log.request(3, 7).to_string(),
        log.request(0, 7).to_string(),
        Log::forked().request(7, 7).to_string(),
        Log::new(ORIGIN, 8, 0, 64).request(7, 7).to_string(),
        Log::new("log.test/b", 1, 0, 64).request(0, 7).to_string(),
        "a".repeat(BODY_BYTES_MAX + 1),
    ];
    let hash = origin_hash(&log.request(0, 7).origin);
    let mut met = BTreeSet::new();
    for latched in [false, true] {
        if latched {
            fs::create_dir(served.folder.path().join("w/state").join(&hash).with_extension("new")).unwrap();
            assert_eq!(served.post(&log.request(7, 20).to_string()).status, 503);
        }
        for (path, item) in api["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                let (method, responses) =
                    (method.to_uppercase(), operation["responses"].as_object().unwrap());
                for target in [path.replace("{hash}", &hash), path.replace("{hash}", &"0".repeat(64))] {
                    for body in &bodies {
                        let length = format!("Connection: close\r\nContent-Length: {}\r\n", body.len());
                        let long = format!("{target}?{}", "x".repeat(9_000));
                        let requests = [
                            format!("{method} {target} HTTP/1.1\r\nHost: w\r\n{length}\r\n{body}"),
                            format!("{method} {target} HTTP/1.1\r\n{length}\r\n{body}"),
                            format!(
                                "{method} {target} HTTP/1.1\r\nHost: w\r\nContent-Encoding: gzip\r\n{length}\r\n{body}"
                            ),
                            format!(
                                "{method} {target} HTTP/1.1\r\nHost: w\r\nX: {}\r\n{length}\r\n{body}",
                                "x".repeat(20_000)
                            ),
                            format!("{method} {long} HTTP/1.1\r\nHost: w\r\n{length}\r\n{body}"),
                            format!("DELETE {target} HTTP/1.1\r\nHost: w\r\n{length}\r\n{body}"),
                        ];
                        for request in requests {
                            let reply = served.send(&request);
                            let described = responses.get(&reply.status.to_string());
                            let described = described.unwrap_or_else(|| {
                                panic!("{method} {path} answers {}: {request:.90}", reply.status)
                            });
                            let types = described["content"].as_object().unwrap();
                            let of_type =
                                types.keys().any(|kind| reply.media_type().starts_with(kind.as_str()));
                            assert!(
                                of_type,
                                "{method} {path} {}: {} of {types:?}",
                                reply.status,
                                reply.media_type()
                            );
                            met.insert((path.clone(), reply.status));
                        }
                    }
                }
            }
        }
    }
    for status in [200, 400, 403, 404, 405, 409, 413, 414, 415, 422, 431, 503] {
        assert!(met.contains(&("/add-checkpoint".to_owned(), status)), "{status}: {met:?}");
    }
    assert!(
        met.contains(&("/readyz".to_owned(), 503)) && met.contains(&("/{hash}/checkpoint".to_owned(), 404))
    );
}
